"""Which models the settings name, and how another one comes to be named."""

from __future__ import annotations

from app import settings_file
from app.core.catalogue import ModelId
from app.core.model_events import UseModel
from app.core.ports import Stage
from app.model_settings import changes, chosen
from app.settings import Settings

BASE = ModelId(Stage.STT, "whisper", "futo-org/acft-whisper-base")


def using(settings: Settings, one: ModelId, language: str = "") -> Settings:
    """The settings after the user wanted this model."""
    wanted = UseModel(stage=one.stage, engine=one.engine, model=one.model, language=language)
    for change in changes(settings, wanted):
        settings = settings_file.changed(settings, change.name, change.value)
    assert changes(settings, wanted) == []
    return settings


def test_the_defaults_name_their_models() -> None:
    now = chosen(Settings())
    assert now.stt == ModelId(Stage.STT, "whisper", "futo-org/acft-whisper-tiny")
    assert now.voices["fr"] == "facebook/mms-tts-fra"
    assert now.llm == (
        ModelId(Stage.LLM, "ollama", "phi3:mini"),
        ModelId(Stage.LLM, "builtin", "Qwen/Qwen2.5-0.5B-Instruct"),
    )
    assert [now.rank(one) for one in now.llm] == [1, 0]


def test_engines_without_models_name_none() -> None:
    settings = settings_file.changed(Settings(), "stt.provider", "pocketsphinx")
    settings = settings_file.changed(settings, "tts.provider", "espeak")
    now = chosen(settings)
    assert (now.stt, dict(now.voices)) == (None, {})


def test_a_speech_model_is_used() -> None:
    settings = settings_file.changed(Settings(), "stt.provider", "pocketsphinx")
    assert chosen(using(settings, BASE)).stt == BASE


def test_a_voice_is_used_for_its_language_beside_the_others() -> None:
    korean = ModelId(Stage.TTS, "vits", "facebook/mms-tts-kor")
    settings = settings_file.changed(Settings(), "tts.provider", "espeak")
    now = chosen(using(settings, korean, "ko"))
    assert now.voices["ko"] == korean.model
    assert now.voices["en"] == "facebook/mms-tts-eng"


def test_a_language_model_becomes_the_first_choice() -> None:
    inside = ModelId(Stage.LLM, "builtin", "somebody/small")
    settings = using(Settings(), inside)
    assert settings.llm.order == ("builtin", "ollama", "cerebras", "groq")
    assert chosen(settings).rank(inside) == 1
    llama = ModelId(Stage.LLM, "ollama", "llama3.2:1b")
    settings = using(settings, llama)
    assert settings.llm.order[:2] == ("ollama", "builtin")
    assert settings.llm.ollama.model == "llama3.2:1b"


def test_what_nobody_knows_changes_nothing() -> None:
    unknown = UseModel(stage=Stage.VAD, engine="silero", model="")
    assert changes(Settings(), unknown) == []


def test_the_voices_survive_the_settings_file(tmp_path) -> None:
    path = tmp_path / "settings.toml"
    korean = UseModel(stage=Stage.TTS, engine="vits", model="facebook/mms-tts-kor", language="ko")
    for change in changes(Settings(), korean):
        settings_file.change(path, change.name, change.value)
    settings, problems = settings_file.load(path)
    assert not problems
    assert settings.tts.vits.voices["ko"] == "facebook/mms-tts-kor"
