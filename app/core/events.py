"""Everything that flows in a turn; `history_events` and its neighbours hold what flows beside it.

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

from app.core.figures import RollingFigures
from app.core.ports import (
    Audio,
    Engine,
    Loadable,
    Message,
    Partial,
    Stage,
    Transcript,
    TurnRecord,
    Usage,
)
from app.core.secret import Secret
from app.core.turn import Turn

SettingValue = str | bool | int | float | tuple[str, ...] | Mapping[str, str] | None
"""What a setting can be changed to."""


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
class AskAgain(Intent):
    """Ask this once more, in other words or the same. When `turn_id` is the last turn, its answer
    is no longer shown to the model: the new one takes its place."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SayAgain(Intent):
    """Read this reply aloud again; nothing of it is kept."""

    text: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopReply(Intent):
    """Be quiet and stop thinking (Esc, the stop button)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchModel(Intent):
    """Download the model of this stage's chosen engine; the user said yes."""

    stage: Stage
    engine: str = ""
    """Registry name of a language model's engine; empty is the first in the order that has
    something to download."""
    model: str = ""
    """Another model of the same engine (Ollama's); empty is the chosen one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelFetch(Intent):
    """Stop a download, also one that waits its turn; what is here is kept for the next."""

    stage: Stage
    engine: str = ""
    """Of this engine alone; empty is every one of the stage."""
    model: str = ""
    """Of this model alone; empty is every one."""
    discard: bool = False
    """Throw away what is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOllama(Intent):
    """Start the Ollama server of this computer, however often it has failed before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteModel(Intent):
    """Remove a model from the disk: the Ollama server's, or this computer's."""

    model: str
    stage: Stage = Stage.LLM
    engine: str = "ollama"


# --- intents: window → keys, settings (never through the conversation) --------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpKeys(Intent):
    """Say where each key is. May make the desktop ask the user to unlock the keyring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveKey(Intent):
    """Keep this key and use it from now on."""

    name: str
    """Registry name of the provider."""
    key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetKey(Intent):
    """Drop the key of this provider."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckProvider(Intent):
    """Say in one line whether this provider would answer."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookUpFigures(Intent):
    """Say how long replies took to sound, by now. Window → history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSetting(Intent):
    """Write one setting to the settings file."""

    name: str
    """As in the file: "llm.local_only"."""
    value: SettingValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePrompt(Intent):
    """Show the model this from the next question on. Settings → conversation."""

    persona: str
    mode: str
    history_turns: int
    context_tokens: int
    language: str = ""
    """That is spoken, ISO 639-1, until somebody has spoken another; empty changes nothing."""


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
    draft: int = 0
    """The draft that answers exactly these messages, 0 when there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillPrompt(Command):
    """Read the beginning of a prompt, which the question's own will have too."""

    turn: Turn
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftReply(Command):
    """Begin to answer a question that may not be complete; nothing of it may be heard or kept
    before a `GenerateReply` names it."""

    turn: Turn
    """Has a token of its own, cancelled when the question turns out another."""
    draft: int
    """Its number, 1 and up."""
    messages: tuple[Message, ...]
    language: str


FETCHED = "its files are here"
"""The reason of the warm-up after a download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp(Command):
    """Make sure the model is loaded: the key went down, or the keepalive ticked."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseKey(Command):
    """This provider has another key from the next request on. Keys → llm."""

    name: str
    key: Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseModels(Command):
    """Ask the models like this from the next question on. Settings → llm, ollama."""

    order: tuple[str, ...]
    """Registry names, first choice first; a model that is not among them is not asked."""
    skills_first: bool
    """Let the skills answer what they know for certain before any model is asked."""
    reply_tokens: int
    """Where replies are cut; a model's own settings may cut them earlier."""
    patience_s: float
    """How long the models together may take for a first word."""
    deadlines_s: Mapping[str, float]
    """By name: how long a model that is in memory may take for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseEngine(Command):
    """Load this engine and let it serve the stage from the next turn on. Settings → engines."""

    stage: Stage
    provider: Loadable
    """Not loaded yet; belongs to the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseLanguage(Command):
    """Expect this language from the next utterance on. Settings → stt."""

    language: str | None
    """ISO 639-1 code; None detects it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseKeepalive(Command):
    """Look after the model's warmth at this interval from now on, or not. Settings → keepalive."""

    enabled: bool
    interval_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalOnlyChanged(Command):
    """From now on words may, or must not, leave this computer. Window → llm, keys."""

    on: bool


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
class PrepareClause(Command):
    """Make the beginning of a draft's first clause and hold it; say nothing."""

    turn: Turn
    """The draft's, with its token."""
    text: str
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
    """ "speech"; or why nothing is sent: "too short", "silence", "muted", "no microphone"."""


# --- events: stt --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialTranscript(Event):
    """Words so far; may change."""

    partial: Partial

    @property
    def text(self) -> str:
        return self.partial.text


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalTranscript(Event):
    """What was said; will not change. Empty text: nothing was understood."""

    transcript: Transcript


# --- events: llm --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyDelta(Event):
    """The next piece of the reply's text, as the engine sent it."""

    text: str
    takes_back: int = 0
    """Characters to take off the end of the reply first: the last words of an engine that broke
    off, which the next one wrote another way. They were shown and never spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineAnswered(Event):
    """The words that follow are this engine's. Sent again when another one goes on."""

    engine: Engine
    why: str = ""
    """Why it is not the first choice who writes, one sentence; empty when it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensCounted(Event):
    """What the model counted: sent before `ReplyEnded` when the engine tells."""

    usage: Usage


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
class LoadStarted(Event):
    """A language model is not in memory and is being loaded: a cold start."""

    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadEnded(Event):
    """What `LoadStarted` told of is over, whatever came of it; that is told next."""

    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWarmed(Event):
    """A language model is ready to answer."""

    was_warm: bool
    load_ms: float
    """How long a cold start took, 0 when it was none."""
    reason: str
    engine: Engine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDisplaced(Event):
    """A language model is not in memory as it is needed, and stays so until the next question:
    another program uses that memory. Sent once each time it comes to that."""

    engine: Engine
    why: str
    """One sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged(Event):
    """These language models are asked from the next question on, in this order."""

    order: tuple[str, ...]


class Standing(StrEnum):
    """How a language model stands, as far as is known; the words of `StandingChanged`."""

    READY = "ready"
    UNTRIED = "untried"
    """Nobody has looked yet whether it is there."""
    NO_KEY = "no key"
    ABSENT = "absent"
    """Its files are not on this computer."""
    BARRED = "barred"
    """It is elsewhere, and nothing may leave this computer."""
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChanged(Event):
    """How a language model stands now, in the order or not; each is told of at the start."""

    engine: Engine
    standing: Standing
    why: str = ""
    """What it failed with, one sentence; empty when it does not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSet(Event):
    """A timer runs; it rings in `seconds`."""

    label: str
    seconds: float
    private: bool = False
    """It was set in a private conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRang(Event):
    """A timer the user set is over."""

    label: str
    announcement: str
    """The sentence to say, in `language`."""
    language: str = "en"
    private: bool = False
    """It was set in a private conversation, whatever is talked about when it rings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillStarted(Event):
    """A model is reading the beginning of a prompt; the words go where `engine` is."""

    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefillEnded(Event):
    """It has read it; a prefill that is overtaken by the question itself has no end."""

    engine: Engine
    ms: float
    """How long it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftStarted(Event):
    """A model is answering on trial; the words go where `engine` is."""

    draft: int
    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class ClauseDrafted(Event):
    """The first clause of a draft."""

    draft: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftEnded(Event):
    """A draft became the reply, or was dropped."""

    draft: int
    kept: bool
    gained_ms: float
    """By how much earlier its words are there than if they were asked for now; 0 when dropped."""
    tokens: int
    """Pieces of the reply that had come."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MouthMoved(Event):
    """The mouth that makes the sound heard now, up to 50 times a second while it changes; closed
    at the end of the reply (`app.core.mouth.MouthShape`)."""

    open: float
    """0 closed, 1 wide open."""
    wide: float
    """0 rounded, 0.5 at rest, 1 spread."""


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
    """In words: how much, how fast, how long still."""
    done_bytes: int = 0
    total_bytes: int = 0
    """0 when nobody knows."""
    bytes_per_s: float = 0.0
    """0 while it is too early to say."""
    engine: str = ""
    model: str = ""
    """What is being fetched, as it was asked for."""
    waiting: bool = False
    """It has not begun: others are before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchEnded(Event):
    """A download is over; `complete` is False when it was stopped or failed."""

    stage: Stage
    complete: bool
    engine: str = ""
    model: str = ""
    """What was fetched, as it was asked for."""
    title: str = ""
    """Why it failed; empty when it is complete, or was stopped because the user wanted it so."""
    hint: str = ""
    """The next step, when it failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaChanged(Event):
    """What is known of the Ollama server; sent whenever something of it is different."""

    model: str
    """The model that was chosen."""
    local: bool
    """Its address is this computer, so that its program can be looked after."""
    found: bool
    """Its program is installed here."""
    running: bool
    """It answers."""
    starting: bool = False
    """We started it and it does not answer yet, or we are about to start it again."""
    started_by_us: bool = False
    """We started the one that runs, and end it when Parley ends."""
    version: str = ""
    models: tuple[str, ...] = ()
    """Names of the models that are pulled."""
    sizes: tuple[int, ...] = ()
    """Bytes of each of them on the server's disk, in the same order; 0 when not told."""
    pulled: bool = False
    """Whether the chosen model is among them."""
    loaded: bool = False
    """Whether the chosen model is in memory."""
    gpu_share: float | None = None
    """How much of it lies in GPU memory, 0 to 1; None while it is not loaded."""
    gpu: str = ""
    """Name of a GPU that works but is not used, or only in part; empty when all is well."""
    wanted: bool = True
    """False while no Ollama model is in the order: only `found` is known then."""

    @property
    def on_gpu(self) -> bool:
        return bool(self.gpu_share)


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


# --- events: keys, settings ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyChanged(Event):
    """Where a provider's key is now; never the key."""

    engine: Engine
    """The provider, its model, and whether words sent to it leave this computer."""
    address: str
    """Where it is asked."""
    place: str
    """ "in the keyring", "from GROQ_API_KEY", "until Parley quits", "not set"; empty while
    nobody has looked."""
    remark: str = ""
    """Why keys are not kept, when they are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChecked(Event):
    """What a check found, in one line."""

    name: str
    ok: bool
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChanged(Event):
    """The setting is in the file; also sent once at the start for those the window shows."""

    name: str
    value: SettingValue


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
    """ "voice", "text", "timer"; "again" when an old reply is read aloud once more,
    "check" when the microphone is tried."""
    replaces: int = 0
    """The turn whose place it takes, 0 for none."""


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
    answered_by: tuple[Engine, ...] = ()
    """Who wrote the reply, in order: several when one went on for another."""
    asked: tuple[Engine, ...] = ()
    """Every language model the question was sent to, answered or not."""
    why_not_first: str = ""
    """Why it was not the first choice alone who wrote it, one sentence; empty when it was."""
    starts: Mapping[str, float] = field(default_factory=dict)
    """Where each span begins: milliseconds from key-up, or from the request of a typed turn."""
    slow_because: str = ""
    """Why the first sound came late (`app.core.figures.Cause`); empty when it did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresChanged(Event):
    """How long replies took to sound, over the last hour and all time."""

    figures: RollingFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputerMeasured(Event):
    """How busy the computer was while Parley rested."""

    others_share: float
    """Share of all processors that other programs used, 0 to 1."""


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
