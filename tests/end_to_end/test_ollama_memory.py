"""What of Ollama's models outlasts Parley: how long they took to load, and not the memory they
took; and a model that is deleted in the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import ModelWarmed, ProviderChecked
from app.core.ports import Engine, Stage
from app.load_times import LoadTimes
from app.paths import Paths
from app.settings import Settings
from tests.end_to_end.test_settings import Bench
from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import run_parley, write_settings

PHI = Engine(Stage.LLM, "ollama", "phi3:mini", "server")


class MemoryBench(Bench):
    """A window that may be quitted in the middle of a test."""

    quitted = False


Open = Callable[..., MemoryBench]


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(load_s=0.6, text="Yes.") as running:
        yield running


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path, server: OllamaServer) -> Iterator[Open]:
    benches: list[MemoryBench] = []

    def open_window(**ollama: object) -> MemoryBench:
        plain = Settings().model_dump()
        plain["llm"] |= {"order": ["ollama"]}
        plain["llm"]["ollama"] |= {"host": server.url, "start": False, **ollama}
        plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
        plain["endpointing"]["vad"] = "energy"
        paths = Paths.under(tmp_path)
        paths.create()
        benches.append(MemoryBench(qtbot, Settings.model_validate(plain), paths))
        benches[-1].until(lambda: bool(benches[-1].all(ModelWarmed)))
        return benches[-1]

    yield open_window
    for bench in benches:
        if not bench.quitted:
            quit_parley(bench)


def quit_parley(bench: MemoryBench) -> None:
    bench.quitted = True
    assert bench.assistant.stop()


def test_quitting_gives_the_memory_back_and_keeps_how_long_the_load_took(
    opened: Open, server: OllamaServer
) -> None:
    bench = opened()
    assert server.loaded == "phi3:mini"
    file = bench.paths.load_times_file
    bench.until(file.exists)
    began = time.perf_counter()
    quit_parley(bench)
    assert time.perf_counter() - began < 3
    assert server.loaded is None
    measured = LoadTimes(file).of(PHI)
    assert measured is not None
    assert 0.6 <= measured < 10


def test_the_memory_is_kept_when_the_user_wants_it(opened: Open, server: OllamaServer) -> None:
    quit_parley(opened(unload_at_quit=False))
    assert server.loaded == "phi3:mini"


def test_switched_off_in_the_order_it_gives_the_memory_back(
    opened: Open, server: OllamaServer
) -> None:
    bench = opened()
    bench.row("ollama").switch.click()
    bench.until(lambda: server.loaded is None)


def test_a_question_in_the_terminal_leaves_the_model_for_the_next(
    tmp_path: Path, server: OllamaServer
) -> None:
    profile = tmp_path / "p"
    write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
    done = run_parley("ask", "are you there", "--out", tmp_path / "r.wav", profile=profile)
    assert done.returncode == 0, done.stderr
    assert server.loaded == "phi3:mini"


def test_a_model_is_deleted_and_ollama_tried_out_in_the_window(
    opened: Open, server: OllamaServer
) -> None:
    server.models.append("other:1b")
    bench = opened()
    bench.until(lambda: len(bench.page.ollama.rows) == 2)
    row = bench.page.ollama.rows[1]
    assert row.text == "other:1b · 2.2 GB"
    row.delete.click()
    row.confirm.click()
    bench.until(lambda: server.models == ["phi3:mini"])
    bench.until(lambda: bench.page.ollama.rows[1].isHidden())
    bench.row("ollama").test.click()
    bench.until(lambda: bool(bench.all(ProviderChecked)))
    assert "phi3:mini, loaded on the GPU" in bench.row("ollama").text
