"""Words by which people look for a setting and that its row does not say: what other programs call
it, and the short names. Each language has its own; they need not be translations."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QCoreApplication

from app.ui import translation

translate = QCoreApplication.translate


def search_words(name: str) -> str:
    """More words for the setting of this name (`Row.name`)."""
    return _table(translation.language()).get(name, "")


@lru_cache(maxsize=2)
def _table(_language: str) -> dict[str, str]:
    return {
        "audio.input": translate(
            "SearchWords", "sound audio mic input device level meter volume recording headset"
        ),
        "audio.output": translate(
            "SearchWords", "sound audio output device test tone volume headphones headset speakers"
        ),
        "talk.mode": translate(
            "SearchWords", "push to talk toggle space button microphone hands-free"
        ),
        "talk.key": translate("SearchWords", "hotkey keyboard shortcut space bar rebind"),
        "stt.language": translate(
            "SearchWords",
            "spoken language speech recognition dictation accent english french german spanish",
        ),
        "stt.provider": translate("SearchWords", "engine recognition transcription dictation stt"),
        "tts.provider": translate("SearchWords", "engine speech text to speech tts accent"),
        "tts.speed": translate("SearchWords", "voice speed rate slow slower fast faster"),
        "link.models": translate("SearchWords", "download install whisper mms ollama size licence"),
        "llm.order": translate(
            "SearchWords", "model ai llm order first fallback provider engine skills"
        ),
        "llm.local_only": translate(
            "SearchWords", "private privacy offline local cloud internet network"
        ),
        "llm.skills.first": translate("SearchWords", "built-in clock timer calculator"),
        "llm.patience_s": translate("SearchWords", "patience deadline timeout slow seconds"),
        "llm.keys": translate(
            "SearchWords", "api key token password account login groq cerebras openai vllm"
        ),
        "llm.ollama.models": translate(
            "SearchWords", "delete remove disk space storage pulled downloaded size"
        ),
        "llm.mode": translate("SearchWords", "quality mode short brief long detailed"),
        "llm.persona": translate(
            "SearchWords", "character personality style instructions system prompt"
        ),
        "llm.history_turns": translate(
            "SearchWords", "history turns context conversation remember forget"
        ),
        "keepalive.enabled": translate("SearchWords", "keepalive warm cold load"),
        "keepalive.interval_s": translate("SearchWords", "keepalive interval seconds"),
        "history.enabled": translate("SearchWords", "history save private record transcript"),
        "history.keep_days": translate("SearchWords", "retention keep days clear history"),
        "desktop.shortcut": translate(
            "SearchWords", "global hotkey keyboard shortcut push to talk"
        ),
        "desktop.overlay": translate("SearchWords", "overlay floating always on top mini widget"),
        "desktop.notifications": translate("SearchWords", "alert message pop-up banner"),
        "desktop.tray": translate("SearchWords", "tray indicator status system"),
        "desktop.close_to_tray": translate("SearchWords", "background quit minimise exit"),
        "desktop.start_at_login": translate("SearchWords", "autostart startup boot launch"),
        "link.diagnosis": translate(
            "SearchWords", "doctor problem error help report troubleshooting log"
        ),
        "link.data": translate("SearchWords", "data folder files backup location"),
        "updates.check": translate("SearchWords", "version new release upgrade"),
        "appearance.theme": translate("SearchWords", "dark mode night light colours colors look"),
        "appearance.text_size": translate("SearchWords", "font size zoom larger bigger smaller"),
        "appearance.language": translate(
            "SearchWords", "language interface display translation french english"
        ),
        "appearance.motion": translate("SearchWords", "animation animations accessibility"),
        "appearance.face": translate("SearchWords", "avatar mouth animation"),
    }
