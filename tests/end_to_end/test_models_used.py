"""A model is fetched, used, changed and deleted while Parley runs, and each acts at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant, Sound
from app.core.catalogue import ModelId
from app.core.events import (
    AskText,
    DeleteModel,
    EngineMissing,
    EngineReady,
    FetchEnded,
    FetchModel,
    OllamaChanged,
    TurnEnded,
)
from app.core.model_cards import OnDisk
from app.core.model_events import LookUpModels, ModelsListed, UseModel
from app.core.ports import Stage
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.fakes import FakeInput, FakeOutput
from tests.support.hub import Hub, serve_hub
from tests.support.keyrings import MemoryKeyring
from tests.support.ollama_server import OllamaServer
from tests.support.tiny_vits import make_tiny_vits
from tests.support.watcher import Watcher

VOICE = ModelId(Stage.TTS, "vits", "facebook/mms-tts-eng")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as hub:
        hub.models[VOICE.model] = make_tiny_vits(tmp_path / "published")
        yield hub


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer(models=["phi3:mini", "llama3.2:1b"]) as running:
        yield running


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    return paths


@pytest.fixture
def assistant(hub: Hub, server: OllamaServer, paths: Paths) -> Iterator[Assistant]:
    plain = Settings().model_dump()
    plain["llm"] |= {"order": ("ollama",)}
    plain["llm"]["ollama"] |= {"host": server.url}
    plain["stt"]["provider"] = "pocketsphinx"
    plain["endpointing"]["vad"] = "energy"
    assistant = Assistant(
        Settings.model_validate(plain),
        paths,
        Secrets({}, MemoryKeyring()),
        Sound(FakeInput(), FakeOutput(instant=True)),
    )
    assistant.start()
    yield assistant
    assert assistant.stop()


@pytest.fixture
def watcher(assistant: Assistant, qtbot: QtBot) -> Watcher:
    watcher = Watcher(qtbot)
    assistant.happened.connect(watcher.watch)
    return watcher


def on_disk(listed: ModelsListed, one: ModelId) -> OnDisk:
    return next(card.on_disk for card in listed.cards if card.id == one)


def test_a_voice_is_fetched_spoken_with_deleted_and_missed(
    assistant: Assistant, watcher: Watcher
) -> None:
    assistant.ask_for(LookUpModels())
    assert on_disk(watcher.wait_for(ModelsListed), VOICE) == OnDisk.ABSENT
    assistant.ask_for(FetchModel(stage=VOICE.stage, engine=VOICE.engine, model=VOICE.model))
    watcher.wait_for(EngineReady, lambda ready: ready.engine.name == "vits")
    assert watcher.wait_for(FetchEnded).complete
    watcher.wait_for(ModelsListed, lambda listed: on_disk(listed, VOICE) == OnDisk.HERE)
    watcher.events.clear()
    assistant.ask_for(DeleteModel(stage=VOICE.stage, engine=VOICE.engine, model=VOICE.model))
    watcher.wait_for(EngineReady, lambda ready: ready.engine.name == "espeak")
    assert watcher.wait_for(EngineMissing).fetchable
    watcher.wait_for(ModelsListed, lambda listed: on_disk(listed, VOICE) == OnDisk.ABSENT)


def test_another_language_model_answers_at_once_and_in_the_next_run(
    assistant: Assistant, watcher: Watcher, paths: Paths
) -> None:
    watcher.wait_for(EngineReady, lambda ready: ready.engine.model == "phi3:mini")
    assistant.ask_for(UseModel(stage=Stage.LLM, engine="ollama", model="llama3.2:1b"))
    watcher.wait_for(OllamaChanged, lambda now: now.model == "llama3.2:1b" and now.pulled)
    watcher.wait_for(EngineReady, lambda ready: ready.engine.model == "llama3.2:1b")
    listed = watcher.wait_for(ModelsListed)
    assert listed.chosen.llm[0].model == "llama3.2:1b"
    assistant.ask_for(AskText(text="what is the capital of france"))
    (answered,) = watcher.wait_for(TurnEnded).answered_by
    assert answered.model == "llama3.2:1b"
    assert "llama3.2:1b" in paths.settings_file.read_text()
