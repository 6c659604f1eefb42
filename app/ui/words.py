"""Words the window has for engines and numbers. All go through Qt's translation."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from app.core import downloads
from app.core.ports import Engine, Stage
from app.core.slow_turns import explanation

translate = QCoreApplication.translate

_ENGINES = {
    "whisper": "Whisper",
    "pocketsphinx": "PocketSphinx",
    "ollama": "Ollama",
    "groq": "Groq",
    "cerebras": "Cerebras",
    "espeak": "eSpeak NG",
    "silero": "Silero",
}
"""Proper names, the same in every language."""


def engine_name_of(name: str) -> str:
    """What the engine with this registry name is called."""
    if name == "skills":
        return translate("Words", "Built-in skills")
    if name == "builtin":
        return translate("Words", "Built-in model")
    if name == "openai":
        return translate("Words", "OpenAI-style server")
    if name == "vits":
        return translate("Words", "MMS voice")
    if name == "energy":
        return translate("Words", "Loudness")
    return _ENGINES.get(name, name)


def engine_name(engine: Engine) -> str:
    """What the engine is called, without its model."""
    return engine_name_of(engine.name)


def model_name(engine: Engine) -> str:
    """The model without the organisation or folder it comes from."""
    return engine.model.rstrip("/").rsplit("/", 1)[-1]


def engine_label(engine: Engine) -> str:
    """Name and model: "Ollama · phi3:mini"."""
    model = model_name(engine)
    return f"{engine_name(engine)} · {model}" if model else engine_name(engine)


def short_label(engine: Engine) -> str:
    """The one word that says most: a language model is known by its model."""
    if engine.stage == Stage.LLM and engine.model:
        return model_name(engine)
    return engine_name(engine)


def place(engine: Engine) -> str:
    """Where the words of this stage go."""
    return translate("Words", "this computer") if engine.local else translate("Words", "cloud")


def device_names(engine: Engine) -> list[str]:
    """What computes, if it is known: a server does not say."""
    names = {"cuda": translate("Words", "GPU"), "cpu": translate("Words", "CPU")}
    return [names[engine.device]] if engine.device in names else []


def stage_verb(stage: Stage) -> str:
    """What the stage does, as a word before the engine's name."""
    return {
        Stage.STT: translate("Words", "Hears"),
        Stage.LLM: translate("Words", "Answers"),
        Stage.TTS: translate("Words", "Speaks"),
        Stage.VAD: translate("Words", "Notices speech"),
    }[stage]


def pair(what: str, words: str) -> str:
    """What it is, and how it stands: "Hears: Whisper"."""
    return translate("Words", "%1: %2").replace("%1", what).replace("%2", words)


def number(value: float, decimals: int = 0) -> str:
    """As the language writes it: "1,348" and "0.42", in French "1 348" and "0,42"."""
    locale = QLocale()
    if locale.language() == QLocale.Language.C:  # nobody has chosen one
        locale = QLocale(QLocale.Language.English)
    return locale.toString(float(value), "f", decimals)


def percent(share: float) -> str:
    """A share of 0 to 1: "61 %"."""
    return translate("Words", "%1 %").replace("%1", number(100 * share))


def size(count: float) -> str:
    """Bytes in the unit people read: "145 MB"."""
    value, _, unit = downloads.size(count).partition(" ")
    _, _, decimals = value.partition(".")
    units = {
        "GB": translate("Words", "%1 GB"),
        "MB": translate("Words", "%1 MB"),
        "kB": translate("Words", "%1 kB"),
        "bytes": translate("Words", "%1 bytes"),
    }
    return units[unit].replace("%1", number(float(value), len(decimals)))


def duration(milliseconds: float) -> str:
    """Below a second in milliseconds, above it in seconds."""
    if milliseconds < 999.5:
        return translate("Words", "%1 ms").replace("%1", number(milliseconds))
    return seconds(milliseconds)


def seconds(milliseconds: float) -> str:
    """A wait as people think of it: "0.42 s"."""
    return translate("Words", "%1 s").replace("%1", number(milliseconds / 1000, 2))


def turns(count: int) -> str:
    """ "1 turn", "12 turns"."""
    if count == 1:
        return translate("Words", "1 turn")
    return translate("Words", "%1 turns").replace("%1", number(count))


def why_slow(cause: str) -> tuple[str, str]:
    """Why a turn was slow, and what to do, in the window's language."""
    said = explanation(cause)
    return translate("Causes", said.what), translate("Causes", said.next_step)


def span_label(label: str) -> str:
    """A span's label from `app.core.latency`, in the window's language."""
    return translate("Spans", label)
