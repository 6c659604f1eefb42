"""A language model is downloaded at a click, by its name or as the first that can be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant, Sound
from app.core.events import EngineMissing, EngineReady, FetchEnded, FetchModel
from app.core.ports import Stage
from app.paths import Paths
from app.providers.llm import builtin_files
from app.secrets import Secrets
from app.settings import Settings
from tests.fakes import FakeInput, FakeOutput
from tests.support.hub import Hub, serve_hub
from tests.support.keyrings import MemoryKeyring
from tests.support.ollama_server import OllamaServer
from tests.support.tiny_chat_model import make_tiny_chat_model
from tests.support.watcher import Watcher

NAME = "somebody/a-tiny-chat-model"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as hub:
        hub.models[NAME] = make_tiny_chat_model(tmp_path / "published", trained=False)
        yield hub


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=[]) as running:
        yield running


@pytest.mark.parametrize(
    ("order", "engine", "here"),
    [
        (("builtin", "ollama"), "", "builtin"),
        (("ollama", "builtin"), "builtin", "builtin"),
        (("ollama", "builtin"), "", "ollama"),
        (("builtin", "ollama"), "ollama", "ollama"),
    ],
)
def test_each_can_be_had_beside_the_other(
    hub: Hub,
    server: OllamaServer,
    tmp_path: Path,
    qtbot: QtBot,
    order: tuple[str, str],
    engine: str,
    here: str,
) -> None:
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    plain = Settings().model_dump()
    plain["llm"] |= {"order": order}
    plain["llm"]["builtin"] |= {"model": NAME, "context_tokens": 512, "max_tokens": 5}
    plain["llm"]["ollama"] |= {"host": server.url}
    plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
    plain["endpointing"]["vad"] = "energy"
    assistant = Assistant(
        Settings.model_validate(plain),
        paths,
        Secrets({}, MemoryKeyring()),
        Sound(FakeInput(), FakeOutput(instant=True)),
    )
    watcher = Watcher(qtbot)
    assistant.happened.connect(watcher.watch)
    assistant.start()
    try:
        missing = watcher.wait_for(EngineMissing)
        assert (missing.engine.name, missing.fetchable) == (order[0], order[0] == "builtin")
        assistant.ask_for(FetchModel(stage=Stage.LLM, engine=engine))
        assert watcher.wait_for(FetchEnded).complete
        watcher.wait_for(EngineReady, lambda ready: ready.engine.name == here)
    finally:
        assert assistant.stop()
    assert bool(server.models) == (here == "ollama")
    assert (builtin_files.find(NAME, paths.models_dir) is not None) == (here == "builtin")
