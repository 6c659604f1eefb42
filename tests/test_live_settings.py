"""A changed setting is carried by the commands that hold it, and by no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import live_settings, settings_file
from app.core.events import (
    ChangePrompt,
    Event,
    UseEngine,
    UseKeepalive,
    UseLanguage,
    UseModels,
)
from app.core.history_events import UseHistory
from app.core.model_events import ModelsChosen, UseOllamaModel, UseProvider
from app.core.ports import Stage
from app.core.sound_events import UseDevices
from app.core.update_events import UseUpdates
from app.load_times import LoadTimes
from app.paths import Paths
from app.settings import Settings

BASE = "futo-org/acft-whisper-base"


def commands(paths: Paths, name: str, value: object, before: Settings | None = None) -> list[Event]:
    before = before or Settings()
    return list(live_settings.commands(before, settings_file.changed(before, name, value), paths))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path)


@pytest.mark.parametrize(
    ("name", "value", "kinds"),
    [
        ("llm.persona", "You are brief.", [ChangePrompt]),
        ("llm.history_turns", 3, [ChangePrompt]),
        ("llm.mode", "balanced", [ChangePrompt, UseModels]),
        ("llm.patience_s", 11.0, [UseModels]),
        ("llm.skills.first", False, [UseModels]),
        ("keepalive.interval_s", 7.0, [UseKeepalive]),
        ("audio.input", ("Headset", "ALSA"), [UseDevices]),
        ("stt.language", "fr", [ChangePrompt, UseLanguage]),
        ("history.keep_days", 30, [UseHistory]),
        ("updates.check", True, [UseUpdates]),
        ("stt.provider", "pocketsphinx", [UseEngine, ModelsChosen]),
        ("stt.whisper.model", BASE, [UseEngine, ModelsChosen]),
        ("tts.speed", 1.2, [UseEngine]),
        ("tts.vits.voices", {"en": "facebook/mms-tts-eng"}, [UseEngine, ModelsChosen]),
        ("llm.ollama.model", "llama3.2:1b", [UseOllamaModel, UseProvider, ModelsChosen]),
        ("llm.builtin.model", "Qwen/Qwen2.5-1.5B-Instruct", [UseProvider, ModelsChosen]),
        ("appearance.theme", "light", []),
        ("llm.local_only", True, []),
    ],
)
def test_each_setting_has_its_commands(
    paths: Paths, name: str, value: object, kinds: list[type[Event]]
) -> None:
    assert [type(command) for command in commands(paths, name, value)] == kinds


def test_the_same_value_again_says_nothing(paths: Paths) -> None:
    assert commands(paths, "tts.speed", Settings().tts.speed) == []


def test_the_command_holds_the_new_value(paths: Paths) -> None:
    (devices,) = commands(paths, "audio.output", ("Speakers", "PulseAudio"))
    assert isinstance(devices, UseDevices)
    assert (devices.microphone, devices.speaker) == (None, ("Speakers", "PulseAudio"))

    engine, _ = commands(paths, "stt.provider", "pocketsphinx")
    assert isinstance(engine, UseEngine)
    assert engine.stage == Stage.STT
    assert engine.provider.engine.name == "pocketsphinx"


def test_another_model_has_the_deadline_that_it_had_in_an_earlier_run(paths: Paths) -> None:
    paths.create()
    _, provider, _ = commands(paths, "llm.ollama.model", "llama3.2:1b")
    assert isinstance(provider, UseProvider)
    assert provider.load_s is None
    LoadTimes(paths.load_times_file).note(provider.provider.engine, 4.5)
    _, provider, _ = commands(paths, "llm.ollama.model", "llama3.2:1b")
    assert isinstance(provider, UseProvider)
    assert provider.load_s == 4.5
    assert provider.stays

    going = settings_file.changed(Settings(), "llm.ollama.keep_alive", "10m")
    _, provider, _ = commands(paths, "llm.ollama.model", "llama3.2:1b", going)
    assert isinstance(provider, UseProvider)
    assert not provider.stays
