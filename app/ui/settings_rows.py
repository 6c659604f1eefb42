"""What the settings page shows, as a table: a setting, how it is shown, and its words.

A row is one entry here and nothing else: its limits, its choices and its default are read from
the settings tree, and whether it acts at once is the business of whoever the change reaches. Only
settings that do act at once are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate


class Kind(Enum):
    """How a setting is shown."""

    SWITCH = auto()
    CHOICE = auto()
    """One under the other, each with its sentence."""
    SEGMENTS = auto()
    """Side by side, for choices that a word explains."""
    NUMBER = auto()
    TEXT = auto()
    """Several lines."""
    ORDER = auto()
    """The language models, in the order in which they are asked."""
    KEYS = auto()
    """The services' keys; no setting of the file."""
    OLLAMA = auto()
    """The models on the Ollama server; no setting of the file."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a choice."""

    value: str
    title: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting."""

    name: str
    """As in the file: "llm.mode"."""
    kind: Kind
    title: str
    about: str = ""
    """What it means, in a sentence."""
    options: tuple[Option, ...] = ()
    """Of a choice, in the order shown."""
    unit: str = ""
    """Of a number, as it follows it."""
    step: float = 1
    needs: str = ""
    """Name of a switch without which it means nothing."""
    also: str = ""
    """More words by which it is found."""

    @property
    def words(self) -> str:
        """Everything it is found by."""
        options = (f"{option.title} {option.about}" for option in self.options)
        return " ".join((self.title, self.about, self.also, self.name, *options))


@dataclass(frozen=True, slots=True)
class Group:
    """Settings under one heading."""

    title: str
    rows: tuple[Row, ...] = field(default_factory=tuple)


def groups() -> tuple[Group, ...]:
    """The page from top to bottom, in the language of the window."""
    return (
        Group(translate("Settings", "Language models"), _models()),
        Group(translate("Settings", "Answers"), _answers()),
        Group(translate("Settings", "Always ready"), _readiness()),
        Group(translate("Settings", "Talking"), _talking()),
        Group(translate("Settings", "Appearance"), _appearance()),
    )


def _models() -> tuple[Row, ...]:
    return (
        Row(
            "llm.order",
            Kind.ORDER,
            translate("Settings", "Who answers"),
            translate(
                "Settings",
                "The first one that can answers; the next goes on when it cannot. "
                "Alt+Up and Alt+Down move a model.",
            ),
            also=translate("Settings", "order first fallback provider engine skills"),
        ),
        Row(
            "llm.local_only",
            Kind.SWITCH,
            translate("Settings", "Stay on this computer"),
            translate("Settings", "When this is on, nothing you say is sent to a cloud service."),
            also=translate("Settings", "private privacy offline local cloud"),
        ),
        Row(
            "llm.skills.first",
            Kind.SWITCH,
            translate("Settings", "Ask the skills first"),
            translate(
                "Settings",
                "Time, timers, sums and units are answered at once, without a model. "
                "A model cannot look at the clock.",
            ),
            also=translate("Settings", "built-in"),
        ),
        Row(
            "llm.patience_s",
            Kind.NUMBER,
            translate("Settings", "Longest wait"),
            translate("Settings", "When no model has begun to answer by then, Parley says so."),
            unit=translate("Settings", " s"),
            also=translate("Settings", "patience deadline timeout slow seconds"),
        ),
        Row(
            "llm.keys",
            Kind.KEYS,
            translate("Settings", "Services and keys"),
            translate("Settings", "A cloud service answers only when it has a key from you."),
            also=translate("Settings", "api password account groq cerebras openai vllm"),
        ),
        Row(
            "llm.ollama.models",
            Kind.OLLAMA,
            translate("Settings", "Ollama’s models"),
            translate(
                "Settings",
                "What its server has on the disk. Which one answers is llm.ollama.model in the "
                "settings file.",
            ),
            also=translate("Settings", "delete remove disk space pulled downloaded size"),
        ),
    )


def _answers() -> tuple[Row, ...]:
    return (
        Row(
            "llm.mode",
            Kind.CHOICE,
            translate("Settings", "Length"),
            options=(
                Option(
                    "fast",
                    translate("Settings", "Fast"),
                    translate("Settings", "One or two short sentences. The quickest to hear."),
                ),
                Option(
                    "balanced",
                    translate("Settings", "Balanced"),
                    translate("Settings", "Two to four sentences."),
                ),
                Option(
                    "rich",
                    translate("Settings", "Rich"),
                    translate("Settings", "A full explanation, with reasons and examples."),
                ),
            ),
            also=translate("Settings", "quality mode short long"),
        ),
        Row(
            "llm.persona",
            Kind.TEXT,
            translate("Settings", "Persona"),
            translate(
                "Settings", "Who answers, and how. The model reads it before every question."
            ),
            also=translate("Settings", "character style instructions system prompt"),
        ),
        Row(
            "llm.history_turns",
            Kind.NUMBER,
            translate("Settings", "Memory"),
            translate(
                "Settings",
                "How many of your earlier questions and their answers the model is shown at most. "
                "With 0 it sees each question alone.",
            ),
            also=translate("Settings", "history turns context conversation remember forget"),
        ),
    )


def _readiness() -> tuple[Row, ...]:
    return (
        Row(
            "keepalive.enabled",
            Kind.SWITCH,
            translate("Settings", "Keep the model ready"),
            translate(
                "Settings",
                "Parley looks whether the model is in memory, and loads it when it is not. "
                "Looking costs nothing.",
            ),
            also=translate("Settings", "keepalive warm cold load"),
        ),
        Row(
            "keepalive.interval_s",
            Kind.NUMBER,
            translate("Settings", "Look every"),
            translate("Settings", "A model that was unloaded is noticed this soon."),
            unit=translate("Settings", " s"),
            needs="keepalive.enabled",
            also=translate("Settings", "keepalive interval seconds"),
        ),
    )


def _talking() -> tuple[Row, ...]:
    return (
        Row(
            "talk.mode",
            Kind.CHOICE,
            translate("Settings", "The talk key"),
            options=(
                Option(
                    "hold",
                    translate("Settings", "Hold"),
                    translate("Settings", "Parley listens while the key is down."),
                ),
                Option(
                    "toggle",
                    translate("Settings", "Press"),
                    translate("Settings", "One press starts to listen, the next one ends it."),
                ),
                Option(
                    "hybrid",
                    translate("Settings", "Both"),
                    translate("Settings", "A short press is a press, a long one is held."),
                ),
            ),
            also=translate("Settings", "push to talk toggle space button microphone hands-free"),
        ),
    )


def _appearance() -> tuple[Row, ...]:
    return (
        Row(
            "appearance.theme",
            Kind.SEGMENTS,
            translate("Settings", "Theme"),
            options=(
                Option("system", translate("Settings", "System")),
                Option("light", translate("Settings", "Light")),
                Option("dark", translate("Settings", "Dark")),
            ),
            also=translate("Settings", "colours night mode look"),
        ),
    )
