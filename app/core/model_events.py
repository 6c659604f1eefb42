"""What flows about models on the disk: what is offered, what is here, which one is used.

Downloads themselves are in `events` (`FetchModel`, `CancelFetch`, `FetchProgressed`,
`FetchEnded`), as is `DeleteModel`: the window's panels and the command line have them too.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Command, Event, Intent
from app.core.model_cards import Card, Chosen
from app.core.ollama import ModelKeeper
from app.core.ports import LlmProvider, Stage

# --- intents: window → engines, settings --------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpModels(Intent):
    """Look at the disk and say which models are there. Window → engines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseModel(Intent):
    """Let this model hear, speak or answer from the next turn on. Window → settings."""

    stage: Stage
    engine: str
    model: str
    language: str = ""
    """Of a voice: for which language, ISO 639-1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginMicrophoneCheck(Intent):
    """Listen and say what was heard; nobody answers, and nothing of it is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMicrophoneCheck(Intent):
    """The user has said something; the transcript is next."""


# --- commands: settings → engines, llm, ollama --------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsChosen(Command):
    """The settings name these models from now on. Settings → engines."""

    chosen: Chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class UseProvider(Command):
    """Ask this provider in the place of the one with the same name, from the next question on.
    A reply that streams is read to its end. Settings → llm."""

    provider: LlmProvider
    """Not used yet; belongs to the receiver."""
    load_s: float | None = None
    """How long its model took to load last, in an earlier run too; None when not known."""
    stays: bool = True
    """Whether it stays in memory until it is told to go (`Model.stays`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseOllamaModel(Command):
    """Look after this model of the Ollama server from now on. Settings → ollama."""

    model: str
    keeper: ModelKeeper
    """Knows which model is meant when it describes the server; belongs to the receiver."""


# --- events: engines → window ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsListed(Event):
    """The models that Parley itself can fetch, and how each stands now; Ollama's are in
    `OllamaChanged`."""

    cards: tuple[Card, ...]
    chosen: Chosen
    blocked: str = ""
    """Why nothing can be downloaded now, one sentence; empty when it can."""
    mirror: str = ""
    """Where downloads come from when it is not huggingface.co."""
    free_bytes: int = 0
    """Room on the disk where the models go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneChecked(Event):
    """What was heard in a check; empty text when nothing was."""

    text: str
    language: str = ""
    why: str = ""
    """Why nothing was heard ("silence", "muted", "no microphone", "too short")."""
