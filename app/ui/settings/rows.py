"""What the settings page shows, as a table: a setting, how it is shown, and its words.

A row is one entry here and nothing else: its limits, its choices and its default are read from
the settings tree, and whether it acts at once is the business of whoever the change reaches. Only
settings that do act at once are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication

from app.ui.settings.search_words import search_words

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
    LIST = auto()
    """From a list that folds out, for more than a handful."""
    DEVICE = auto()
    """A microphone or a loudspeaker."""
    SHORTCUT = auto()
    """Keys that are pressed to be recorded."""
    LINK = auto()
    """A button that leads elsewhere; no setting of the file."""
    LANGUAGE = auto()
    """Of the window: from a list, with a way to have it at once."""
    OLLAMA = auto()
    """The models on the Ollama server; no setting of the file."""


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values of a choice."""

    value: str | int | None
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

    @property
    def names(self) -> str:
        """What people call it."""
        return f"{self.title} {search_words(self.name)}"

    @property
    def words(self) -> str:
        """Everything it is found by."""
        options = (f"{option.title} {option.about}" for option in self.options)
        return " ".join((self.names, self.about, self.name, *options))


@dataclass(frozen=True, slots=True)
class Group:
    """Settings under one heading."""

    title: str
    rows: tuple[Row, ...] = field(default_factory=tuple)


def groups() -> tuple[Group, ...]:
    """The page from top to bottom, in the language of the window."""
    return (
        Group(translate("Settings", "Sound"), _sound()),
        Group(translate("Settings", "Talking"), _talking()),
        Group(translate("Settings", "Speech and voice"), _speech()),
        Group(translate("Settings", "Language models"), _models()),
        Group(translate("Settings", "Answers"), _answers()),
        Group(translate("Settings", "Always ready"), _readiness()),
        Group(translate("Settings", "History"), _history()),
        Group(translate("Settings", "On the desktop"), _desktop()),
        Group(translate("Settings", "Appearance"), _appearance()),
        Group(translate("Settings", "About Parley"), _about()),
    )


def _sound() -> tuple[Row, ...]:
    return (
        Row(
            "audio.input",
            Kind.DEVICE,
            translate("Settings", "Microphone"),
        ),
        Row(
            "audio.output",
            Kind.DEVICE,
            translate("Settings", "Loudspeaker"),
        ),
    )


def _speech() -> tuple[Row, ...]:
    return (
        Row(
            "stt.language",
            Kind.LIST,
            translate("Settings", "You speak"),
            translate("Settings", "Parley hears better when it need not guess the language."),
            options=(
                Option(None, translate("Settings", "Any language")),
                Option("en", "English"),
                Option("fr", "Français"),
                Option("de", "Deutsch"),
                Option("es", "Español"),
                Option("pt", "Português"),
                Option("nl", "Nederlands"),
                Option("ru", "Русский"),
            ),
        ),
        Row(
            "stt.provider",
            Kind.CHOICE,
            translate("Settings", "Speech to text"),
            options=(
                Option(
                    "whisper",
                    "Whisper",
                    translate("Settings", "Understands many languages. Needs a download."),
                ),
                Option(
                    "pocketsphinx",
                    "PocketSphinx",
                    translate("Settings", "Built in, English only, for short questions."),
                ),
            ),
        ),
        Row(
            "tts.provider",
            Kind.CHOICE,
            translate("Settings", "Voice"),
            options=(
                Option(
                    "vits",
                    translate("Settings", "MMS voices"),
                    translate("Settings", "Sound natural. One download for each language."),
                ),
                Option(
                    "espeak",
                    "eSpeak NG",
                    translate("Settings", "Built in, many languages, sounds like a machine."),
                ),
            ),
        ),
        Row(
            "tts.speed",
            Kind.NUMBER,
            translate("Settings", "Pace"),
            translate("Settings", "1 is the voice’s own; 2 is twice as fast."),
            unit=" ×",
            step=0.1,
        ),
        Row(
            "link.models",
            Kind.LINK,
            translate("Settings", "Models"),
            translate("Settings", "Download, change and delete speech models and voices."),
            options=(Option("models", translate("Settings", "Show the models")),),
        ),
    )


def _history() -> tuple[Row, ...]:
    return (
        Row(
            "history.enabled",
            Kind.SWITCH,
            translate("Settings", "Keep conversations"),
            translate("Settings", "In one file on this computer, which nobody else reads."),
        ),
        Row(
            "history.keep_days",
            Kind.LIST,
            translate("Settings", "Delete after"),
            translate(
                "Settings", "Older conversations go at the start, and once a day. Pinned ones stay."
            ),
            options=(
                Option(0, translate("Settings", "Never")),
                Option(7, translate("Settings", "A week")),
                Option(30, translate("Settings", "A month")),
                Option(90, translate("Settings", "Three months")),
                Option(365, translate("Settings", "A year")),
            ),
            needs="history.enabled",
        ),
    )


def _desktop() -> tuple[Row, ...]:
    return (
        Row(
            "desktop.shortcut",
            Kind.SHORTCUT,
            translate("Settings", "Talk from any window"),
            translate("Settings", "These keys work while another program is in front."),
        ),
        Row(
            "desktop.overlay",
            Kind.SWITCH,
            translate("Settings", "Small panel over other windows"),
            translate(
                "Settings", "Shows what Parley hears and does while another window is in front."
            ),
        ),
        Row(
            "desktop.notifications",
            Kind.SWITCH,
            translate("Settings", "Notifications"),
            translate(
                "Settings", "When a timer rings or a long answer is ready behind other windows."
            ),
        ),
        Row(
            "desktop.tray",
            Kind.SWITCH,
            translate("Settings", "Icon in the panel"),
            translate(
                "Settings", "Shows whether Parley listens, where the desktop has a place for it."
            ),
        ),
        Row(
            "desktop.close_to_tray",
            Kind.SWITCH,
            translate("Settings", "Keep running when the window is closed"),
            translate("Settings", "The icon in the panel brings it back."),
            needs="desktop.tray",
        ),
        Row(
            "desktop.start_at_login",
            Kind.SWITCH,
            translate("Settings", "Start at login"),
            translate("Settings", "Parley is ready when you are."),
        ),
    )


def _about() -> tuple[Row, ...]:
    return (
        Row(
            "link.diagnosis",
            Kind.LINK,
            translate("Settings", "Diagnosis"),
            translate("Settings", "What works, what does not, and what helps."),
            options=(Option("diagnosis", translate("Settings", "Check everything")),),
        ),
        Row(
            "link.data",
            Kind.LINK,
            translate("Settings", "Your data"),
            translate("Settings", "History, settings and models are in folders of yours."),
            options=(Option("data", translate("Settings", "Open the folder")),),
        ),
        Row(
            "updates.check",
            Kind.SWITCH,
            translate("Settings", "Look for updates"),
            translate("Settings", "Asks once a day. Nothing is downloaded by itself."),
        ),
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
        ),
        Row(
            "llm.local_only",
            Kind.SWITCH,
            translate("Settings", "Stay on this computer"),
            translate("Settings", "When this is on, nothing you say is sent to a cloud service."),
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
        ),
        Row(
            "llm.patience_s",
            Kind.NUMBER,
            translate("Settings", "Longest wait"),
            translate("Settings", "When no model has begun to answer by then, Parley says so."),
            unit=translate("Settings", " s"),
        ),
        Row(
            "llm.keys",
            Kind.KEYS,
            translate("Settings", "Services and keys"),
            translate("Settings", "A cloud service answers only when it has a key from you."),
        ),
        Row(
            "llm.ollama.models",
            Kind.OLLAMA,
            translate("Settings", "Ollama’s models"),
            translate(
                "Settings",
                "What its server has on the disk. Which one answers is chosen under Models.",
            ),
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
        ),
        Row(
            "llm.persona",
            Kind.TEXT,
            translate("Settings", "Persona"),
            translate(
                "Settings", "Who answers, and how. The model reads it before every question."
            ),
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
        ),
        Row(
            "keepalive.interval_s",
            Kind.NUMBER,
            translate("Settings", "Look every"),
            translate("Settings", "A model that was unloaded is noticed this soon."),
            unit=translate("Settings", " s"),
            needs="keepalive.enabled",
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
        ),
        Row(
            "talk.key",
            Kind.SHORTCUT,
            translate("Settings", "Which key"),
            translate("Settings", "In this window. In the text box a letter stays a letter."),
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
        ),
        Row(
            "appearance.text_size",
            Kind.NUMBER,
            translate("Settings", "Text size"),
            translate("Settings", "Of the conversation. Ctrl+plus and Ctrl+minus change it too."),
            unit=" ×",
            step=0.1,
        ),
        Row(
            "appearance.language",
            Kind.LANGUAGE,
            translate("Settings", "Language of the window"),
            translate("Settings", "Acts from the next start on."),
            options=(
                Option("system", translate("Settings", "As the system")),
                Option("en", "English"),
                Option("fr", "Français"),
            ),
        ),
        Row(
            "appearance.motion",
            Kind.SEGMENTS,
            translate("Settings", "Motion"),
            options=(
                Option("system", translate("Settings", "System")),
                Option("full", translate("Settings", "Full")),
                Option("reduced", translate("Settings", "Reduced")),
            ),
        ),
        Row(
            "appearance.face",
            Kind.SWITCH,
            translate("Settings", "Face"),
            translate("Settings", "A calm figure that speaks with the voice."),
        ),
    )
