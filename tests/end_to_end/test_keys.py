"""A key saved in the window answers the next question, and nobody who watches sees it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant, Sound
from app.commands.terminal import event_as_json
from app.core.events import (
    AskText,
    ChangeSetting,
    CheckProvider,
    KeyChanged,
    ProviderChecked,
    ReplyEnded,
    SaveKey,
    SettingChanged,
    TurnEnded,
)
from app.core.secret import Secret
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from app.settings_file import load
from tests.fakes import FakeInput, FakeOutput
from tests.support.http_server import DEFAULT_TEXT
from tests.support.keyrings import MemoryKeyring
from tests.support.openai_server import OpenAiServer
from tests.support.watcher import Watcher

KEY = "gsk-0123456789abcdef-secret"
QUESTION = "what is the capital of france"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer(key=KEY) as running:
        yield running


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path)
    paths.create()
    return paths


@pytest.fixture
def assistant(server: OpenAiServer, paths: Paths) -> Iterator[Assistant]:
    plain = Settings().model_dump()
    plain["llm"] |= {"order": ["groq"]}
    plain["llm"]["groq"] |= {"base_url": server.url}
    plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
    plain["endpointing"]["vad"] = "energy"
    settings = Settings.model_validate(plain)
    sound = Sound(FakeInput(), FakeOutput(instant=True))
    running = Assistant(settings, paths, Secrets({}, MemoryKeyring()), sound)
    yield running
    assert running.stop()


def test_from_the_paste_to_the_answer(
    assistant: Assistant,
    server: OpenAiServer,
    paths: Paths,
    qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    watcher = Watcher(qtbot)
    assistant.happened.connect(watcher.watch)
    with caplog.at_level(logging.DEBUG):
        assistant.start()
        watcher.wait_for(KeyChanged)

        assistant.ask_for(CheckProvider(name="groq"))
        assert not watcher.wait_for(ProviderChecked).ok

        assistant.ask_for(SaveKey(name="groq", key=Secret(KEY)))
        watcher.wait_for(KeyChanged, lambda changed: changed.place == "in the keyring")
        assistant.ask_for(AskText(text=QUESTION))
        ended = watcher.wait_for(ReplyEnded)
        watcher.wait_for(TurnEnded)
    assert ended.text == DEFAULT_TEXT
    assert server.chats[-1].headers["authorization"] == f"Bearer {KEY}"

    for event in watcher.events:
        assert KEY not in repr(event) + event_as_json(event, 0.0)
    assert KEY not in caplog.text
    settings, problems = load(paths.settings_file)
    assert problems == []
    assert settings.llm.keyring == ("groq",), "the next start looks it up"
    assert KEY not in paths.settings_file.read_text()


def test_the_local_only_switch_is_in_the_file(
    assistant: Assistant, paths: Paths, qtbot: QtBot
) -> None:
    def told(value: bool) -> Callable[[SettingChanged], bool]:
        return lambda changed: (changed.name, changed.value) == ("llm.local_only", value)

    watcher = Watcher(qtbot)
    assistant.happened.connect(watcher.watch)
    assistant.start()
    watcher.wait_for(SettingChanged, told(False))
    assistant.ask_for(ChangeSetting(name="llm.local_only", value=True))
    watcher.wait_for(SettingChanged, told(True))
    assert load(paths.settings_file)[0].llm.local_only


@pytest.mark.parametrize("keeps_timers", [True, False])
def test_who_uses_no_service_is_never_asked_to_unlock_a_keyring(
    paths: Paths, qtbot: QtBot, keeps_timers: bool
) -> None:
    plain = Settings().model_dump()
    plain["llm"]["ollama"] |= {"host": "http://127.0.0.1:9", "start": False}
    plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
    plain["endpointing"]["vad"] = "energy"
    backend = MemoryKeyring()
    assistant = Assistant(
        Settings.model_validate(plain),
        paths,
        Secrets({}, backend),
        Sound(FakeInput(), FakeOutput(instant=True)),
        keeps_timers=keeps_timers,
    )
    watcher = Watcher(qtbot)
    assistant.happened.connect(watcher.watch)
    assistant.start()
    assistant.ask_for(AskText(text=QUESTION))
    watcher.wait_for(TurnEnded)
    assert assistant.stop()
    assert backend.asked == []
