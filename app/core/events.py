"""Everything that flows.

Three groups, by the hop they cross:

* intents  — window or command line → conversation: what the user wants (imperative);
* commands — conversation → one worker: what to do (imperative, each names its worker);
* events   — workers → conversation, and on to everyone who watches: what happened (past).

All are frozen. `at` is `time.perf_counter()` at birth, so spans can be taken between threads.
Audio does not flow through here except as `AudioChunk` (listener → stt) and `SpeechChunk`
(tts → player), which go straight from one worker to the next.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.ports import Audio, Engine, Message, Stage, Transcript, TurnRecord
from app.core.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened (or is wanted), stamped at birth."""

    turn_id: int = 0
    """The turn it belongs to; 0 for none."""
    at: float = field(default_factory=time.perf_counter)


# --- intents: window, keys, command line → conversation ---------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Event):
    """What the user wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartListening(Intent):
    """The talk key went down. Silences a reply that is being spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishListening(Intent):
    """The talk key came up; may be taken back within the release grace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeListening(Intent):
    """The release was not one (X11 sends release/press pairs while a key is held)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropListening(Intent):
    """Forget what is being said (Esc while listening)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskText(Intent):
    """A typed question."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReply(Intent):
    """Be quiet and stop thinking (Esc, the stop button)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchModel(Intent):
    """Download the model of this stage's chosen engine; the user said yes."""

    stage: Stage


# --- commands: conversation → listener ----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Event):
    """What a worker is asked to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenUtterance(Command):
    """Record from `at` less the pre-roll."""

    turn: Turn
    over_speech: bool = False
    """Parley was speaking until now: what came before the key is its own voice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUtterance(Command):
    """Record until `released_at` plus the post-roll, then end the utterance."""

    released_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReopenUtterance(Command):
    """Take the close back."""


# --- commands: conversation → llm ---------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateReply(Command):
    """Answer the last message."""

    turn: Turn
    messages: tuple[Message, ...]
    """The whole conversation: system, history, the question last."""
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp(Command):
    """Make sure the model is loaded: the key went down, or the keepalive ticked."""

    reason: str


# --- commands: conversation → tts, player -------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeakClause(Command):
    """Say this clause after the ones before it."""

    turn: Turn
    index: int
    text: str
    """The clause as shown; the voice cleans it for the ear."""
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishSpeech(Command):
    """All clauses of this turn have been sent."""

    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundChime(Command):
    """Ring: a timer is over. What is spoken in this turn follows the chime."""

    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class StopSpeech(Command):
    """The turn was cancelled: say what was heard of it."""


# --- commands: conversation → history -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveTurn(Command):
    """Write the turn as it is now; the same turn may be saved again with more in it."""

    record: TurnRecord


# --- data: worker → worker ----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AudioChunk(Event):
    """Samples of the utterance, 16 kHz. Listener → stt."""

    audio: Audio


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpeechChunk(Event):
    """Samples of a spoken clause. Tts → player."""

    turn: Turn
    index: int
    audio: Audio
    sample_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseStarted(Event):
    """The chunks that follow speak this clause; `text` is the clause as shown. Tts → player."""

    turn: Turn
    index: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseFailed(Event):
    """No voice could say the clause that was started last; nobody hears it. Tts → player."""

    turn: Turn
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechEnded(Event):
    """No clause follows in this turn. Tts → player."""

    turn: Turn


# --- events: listener ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceStarted(Event):
    """The first real samples are there. Listener → stt and everyone."""

    turn: Turn
    microphone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Event):
    """The voice detector heard speech begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMeasured(Event):
    """Loudness for the meter, about 30 times a second while listening or speaking."""

    level: float
    """Peak, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceEnded(Event):
    """The last samples were handed to the stt."""

    turn: Turn
    released_at: float
    """When the key came up (perf_counter)."""
    speech_ended_at: float
    """When the voice fell silent, or the release when it did not."""
    duration_s: float
    """Length of what was recorded, pre-roll included."""
    verdict: str
    """ "speech"; or why nothing is sent: "too short", "silence", "no microphone"."""


# --- events: stt --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialTranscript(Event):
    """Words so far; may change."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalTranscript(Event):
    """What was said; will not change. Empty text: nothing was understood."""

    transcript: Transcript


# --- events: llm --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDelta(Event):
    """The next piece of the reply's text, as the engine sent it."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceReady(Event):
    """A speakable clause of the reply. The clauses joined are the reply."""

    index: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyEnded(Event):
    """The text is complete, or as complete as it gets."""

    text: str
    clauses: int
    complete: bool = True
    """False when the engine failed in the middle and nobody could go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWarmed(Event):
    """The language model is ready to answer."""

    was_warm: bool
    load_ms: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet(Event):
    """A timer runs; it rings in `seconds`."""

    label: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRang(Event):
    """A timer the user set is over."""

    label: str
    announcement: str
    """The sentence to say, in `language`."""
    language: str = "en"


# --- events: tts, player ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSynthesized(Event):
    """A clause is spoken, in samples."""

    index: int
    duration_s: float
    """Length of the audio."""
    first_audio_at: float
    """When its first samples were handed over (perf_counter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackStarted(Event):
    """The first sample of the reply is audible at `audible_at` (perf_counter)."""

    audible_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded(Event):
    """The reply was played to its end, or was cut short."""

    heard: str
    """The text that was played, up to the word where it stopped."""
    complete: bool
    underruns: int = 0


# --- events: any stage --------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted(Event):
    """A worker took this turn up, with this engine; queueing ends and computing begins."""

    stage: Stage
    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFailed(Event):
    """A stage failed; `recovered_by` names the stand-in that went on, empty when none did."""

    stage: str
    title: str
    hint: str
    recovered_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReady(Event):
    """From the next turn on this engine serves the stage."""

    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineMissing(Event):
    """The chosen engine cannot serve yet; a stand-in does. `fetchable`: one click gets it."""

    engine: Engine
    title: str
    hint: str
    fetchable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchProgressed(Event):
    """A download moved on."""

    stage: Stage
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceChanged(Event):
    """The microphone or loudspeaker in use changed, came back or went away."""

    kind: str
    """ "input" or "output"."""
    name: str
    """Empty when there is none now."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Event):
    """Something the user should know; no turn is lost by it."""

    title: str
    hint: str = ""
    level: str = "warn"
    """ "info", "warn" or "error"."""


# --- events: conversation, history --------------------------------------------------------


class State(StrEnum):
    """What Parley is doing now; the words of `StateChanged.state`."""

    READY = "ready"
    LISTENING = "listening"
    FINISHING = "finishing"
    THINKING = "thinking"
    SPEAKING = "speaking"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChanged(Event):
    """Parley does something else now: one of `State`'s words."""

    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted(Event):
    """A question begins; `at` is its key-down or, typed, its request."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """The turn is over: replied, interrupted, unheard or failed."""

    outcome: Outcome
    transcript: str
    reply: str
    heard: str
    language: str
    spans: Mapping[str, float]
    """Milliseconds by span name (see `app.core.latency`)."""
    engines: Mapping[str, Engine]
    """By stage name, the stages that served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSaved(Event):
    """The turn is on disk; a crash no longer loses it. Its turn may be long over."""

    row_id: int
    complete: bool
    """False for the early save made when the transcript was known."""


class Outcome(StrEnum):
    """How a turn ended; the words of `TurnEnded.outcome`."""

    REPLIED = "replied"
    INTERRUPTED = "interrupted"
    UNHEARD = "unheard"
    FAILED = "failed"
