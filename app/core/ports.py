"""What the core needs from engines, devices and storage: protocols, no implementation.

Audio inside Parley is mono float32 in [-1, 1]. Speech to text and voice activity work at
`SAMPLE_RATE`; a voice speaks at its own rate and says so.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from app.core.figures import RollingFigures

if TYPE_CHECKING:
    from app.core.history_events import ConversationRow, FoundTurn

SAMPLE_RATE = 16_000
"""Samples per second of all audio that is listened to."""

Audio = NDArray[np.float32]
"""Mono samples, shape (n,), float32 in [-1, 1]."""


class Stage(StrEnum):
    """The stages of a turn that an engine serves."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    VAD = "vad"


@dataclass(frozen=True, slots=True)
class Engine:
    """Who serves a stage: shown in the window, in `doctor`, and kept with each turn."""

    stage: Stage
    name: str
    """Registry name: "whisper", "pocketsphinx", "ollama", "skills", ..."""
    model: str
    """The model or voice, empty when the engine has none."""
    device: str = "cpu"
    """ "cpu", "cuda", or "server" when another process computes."""
    stand_in: bool = False
    """True for a built-in engine that serves until a better one is ready."""
    local: bool = True
    """False when the words leave this computer."""

    @property
    def label(self) -> str:
        return f"{self.name} · {self.model}" if self.model else self.name


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said."""

    text: str
    language: str
    """ISO 639-1 code, as detected or as the engine's only language."""
    language_probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Partial:
    """The words so far; they may change."""

    transcript: Transcript
    stable: str = ""
    """The beginning of its text that is not expected to change any more; whole words."""
    settled: bool = False
    """The speaker has paused and these are all the words up to there: unless more is said,
    `SttSession.finish` would now say exactly this, and at once."""

    @property
    def text(self) -> str:
        return self.transcript.text


class SttSession(Protocol):
    """One utterance being transcribed. Used by one thread."""

    def feed(self, audio: Audio) -> None:
        """Take more audio (16 kHz). Cheap enough to be called every 20 ms of speech."""

    def partial(self) -> Partial | None:
        """The words so far, or None when nothing new can be said yet. May compute.

        Called after every piece of audio, and during a pause too.
        """

    def finish(self) -> Transcript:
        """The final transcript. The session is over after it.

        Raises:
            ProviderBroke: the engine failed; the caller still has the audio.
        """


@runtime_checkable
class Loadable(Protocol):
    """An engine that must be loaded before use, off the turn's path."""

    @property
    def engine(self) -> Engine:
        """Who this is. `device` and `model` are exact once loaded."""

    def load(self) -> None:
        """Import the libraries, read the weights, run once to warm up. May take seconds.

        Uses only what is on this computer already.

        Raises:
            ProviderUnavailable: the library or the model is not here, or cannot be read.
        """

    def close(self) -> None:
        """Drop the model. Called in the thread that uses it; safe when not loaded."""


@runtime_checkable
class Fetchable(Protocol):
    """An engine whose model can be downloaded when the user asks for it."""

    def fetch(self, progress: Callable[[str], None]) -> None:
        """Download (and convert) the model. `progress` gets short lines for the user, a few
        times a second, in the caller's thread; what it raises ends the download, and the next
        one goes on where it stopped.

        Raises:
            ProviderUnavailable: no network, no such model, no room on the disk.
        """


class SttProvider(Loadable, Protocol):
    """Speech to text: a loaded model that opens one session per utterance."""

    def start(self, language: str | None) -> SttSession:
        """A new utterance. `language` is an ISO 639-1 code, or None to detect it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation, as models take it."""

    role: Literal["system", "user", "assistant"]
    text: str
    note: str = ""
    """Words of Parley's own behind the user's, which models read and the skills do not."""

    @property
    def for_model(self) -> str:
        """The text as a language model is given it."""
        return f"{self.text}\n\n{self.note}" if self.note else self.text


@dataclass(frozen=True, slots=True)
class Warmth:
    """What `ensure_warm` found and did."""

    was_warm: bool
    load_ms: float = 0.0
    """How long the model took to load, 0 when it was warm."""
    left_cold: str = ""
    """Why it was not loaded although it is not in memory as needed, one sentence; the next
    question loads it. Empty when it is there."""


class LlmProvider(Protocol):
    """A language model (or the skills). Lives in one asyncio loop, in one thread."""

    @property
    def engine(self) -> Engine: ...

    async def ensure_warm(self) -> Warmth:
        """Make the next `reply` start at once; cheap when it would already.

        Raises:
            ProviderUnavailable: nobody answers, no model, no key.
            ProviderRefused: it answered with an error.
        """

    def reply(self, messages: Sequence[Message], language: str) -> AsyncIterator[str]:
        """Stream the reply as text deltas. Cancelling the task closes the connection.

        Raises (from the iterator):
            ProviderUnavailable: nobody answers.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the stream ended before the reply did.
        """

    async def close(self) -> None:
        """Close connections. Called in the loop it lived in."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a reply cost, as the model itself counted it."""

    prompt_tokens: int
    """The whole prompt, what a cache held of it included."""
    reply_tokens: int


@runtime_checkable
class ReportsUsage(Protocol):
    """A language model that counts its tokens."""

    @property
    def usage(self) -> Usage | None:
        """Of the reply that was read to its end last; None when that one told nothing."""


@runtime_checkable
class Prefills(Protocol):
    """A language model that can read the beginning of a prompt before the rest of it is there."""

    async def prefill(self, messages: Sequence[Message], language: str) -> bool:
        """Evaluate this prompt, so that a later `reply` to one that begins the same starts sooner.

        Never keeps a reply, and its tokens never count as a reply's (`ReportsUsage`). Loads
        nothing, and sends nothing to another computer: where there is nothing to gain, or the
        words would leave, it returns without having asked. Cancel it when the real request
        comes: the connection closes at once.

        Returns whether the prompt was read.

        Raises:
            ProviderUnavailable: nobody answers.
            ProviderRefused: an error instead of an answer.
            ProviderBroke: the connection ended too early.
        """


@runtime_checkable
class LimitsReplies(Protocol):
    """A language model whose replies are cut at a length that can be changed."""

    def limit_replies(self, tokens: int) -> None:
        """From the next request on; what the model's own settings allow is never exceeded.

        Called before it is used, and in the loop it lives in. Needs no new load.
        """


@runtime_checkable
class MayBeAbsent(Protocol):
    """A language model whose files may not be on this computer."""

    def is_here(self) -> bool:
        """Whether they are, as far as a look at the folder tells. Blocks; any thread."""


@runtime_checkable
class SharesMemory(Protocol):
    """A language model in memory that other programs use too."""

    async def look(self) -> Warmth:
        """`ensure_warm` for idle times: loads only what takes nobody's place
        (`Warmth.left_cold`).

        Raises:
            ProviderError: as `ensure_warm`.
        """


@runtime_checkable
class Unloads(Protocol):
    """A language model in the memory of a server that goes on without Parley."""

    async def unload(self) -> None:
        """Have the server drop the model, if it was loaded for Parley and nobody else has used
        it since. The next `ensure_warm` loads it again.

        Raises:
            ProviderError: the server is gone, or will not.
        """


@runtime_checkable
class FindsPlace(Protocol):
    """A language model that must ask its server whether it answers itself, or passes on."""

    @property
    def elsewhere(self) -> str:
        """Where it passes questions on to, one sentence; empty when nowhere, as far as known."""

    async def find_place(self) -> None:
        """Make `engine.local` certain. Costs nothing when it is.

        Raises:
            ProviderError: it cannot be found out now; `reply` sends nothing before it is.
        """


@runtime_checkable
class TakesKey(Protocol):
    """A language model behind a service that wants an API key."""

    @property
    def address(self) -> str:
        """Where it is asked."""

    def use_key(self, key: str | None) -> None:
        """Take another key, from the next request on. Called in the loop it lives in."""


class TtsProvider(Loadable, Protocol):
    """A voice. Used by one thread."""

    @property
    def sample_rate(self) -> int:
        """Samples per second of what `synthesize` yields, known once loaded."""

    def speaks(self, language: str) -> bool:
        """Whether there is a voice for this ISO 639-1 language, loaded or loadable."""

    def synthesize(self, text: str, language: str) -> Iterator[Audio]:
        """Speak one clause: PCM at `sample_rate`, in pieces as they are ready.

        The caller may stop iterating at any time. `text` is a clause for the ear as
        `app.core.spoken_text` leaves it.

        Raises:
            ProviderBroke: the engine failed on this text.
        """


class VadProvider(Loadable, Protocol):
    """Voice activity: how likely each frame is speech. Used by one thread."""

    @property
    def frame_samples(self) -> int:
        """Samples (at 16 kHz) that `probability` takes at a time."""

    def probability(self, frame: Audio) -> float:
        """Speech probability of the next frame of the utterance, 0 to 1."""

    def reset(self) -> None:
        """A new utterance begins."""


class AudioInput(Protocol):
    """A source of speech with a memory: a microphone, or a file that plays like one.

    Filled by its own thread or callback; read by the listener's thread alone. Times are
    `time.perf_counter()` seconds at which samples arrived in this process.
    """

    @property
    def name(self) -> str:
        """What the user calls it; empty when there is none."""

    @property
    def latency_s(self) -> float:
        """How long a sample takes from the air to this process."""

    @property
    def alive(self) -> bool:
        """False when there is no device or it stopped delivering."""

    def seek(self, since: float) -> None:
        """Read from the samples that arrived at `since` on, or the oldest still kept."""

    def read(self, until: float | None = None) -> Audio:
        """What arrived after the last read, 16 kHz mono, none of it later than `until`.

        Never blocks; empty when nothing new is there.
        """

    def drain(self) -> Audio:
        """What the last `read` holds back inside its resampler; reading ends with it."""

    @property
    def arrived_until(self) -> float:
        """Arrival time of the newest sample kept."""

    @property
    def muted(self) -> bool:
        """It delivers, but nothing except zeros, and has for seconds."""

    @property
    def level(self) -> float:
        """Peak of the newest samples, 0 to 1, for the meter. Any thread."""


class AudioOutput(Protocol):
    """A loudspeaker, or a file in its place.

    `play` and `position` belong to the player's thread; `flush` may come from any thread.
    """

    @property
    def name(self) -> str:
        """What the user calls it; empty when there is none."""

    @property
    def latency_s(self) -> float:
        """From a sample leaving this process to the air, as far as the device tells."""

    @property
    def alive(self) -> bool: ...

    def play(self, audio: Audio, sample_rate: int) -> float:
        """Queue audio behind what is queued; resampled here. Returns its length in seconds."""

    def end(self) -> None:
        """No more audio follows for now: let out what a resampler still holds."""

    def flush(self) -> None:
        """Silence now: fade the running buffer, drop the rest. Any thread, returns at once."""

    @property
    def played_s(self) -> float:
        """Seconds of queued audio that have left this process since it was opened.

        What `flush` dropped does not count.
        """

    @property
    def queued_s(self) -> float:
        """Seconds of audio still waiting."""

    @property
    def first_sample_at(self) -> float | None:
        """When (perf_counter, device latency included) the first sample queued after the
        last silence became, or becomes, audible; None before that."""

    @property
    def underruns(self) -> int:
        """How often the device asked for audio in the middle of a reply and had none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """A turn as history keeps it. Wall clock only here."""

    turn_id: int
    """Number of the turn within this run of Parley."""
    started_at: float
    """Unix time, seconds."""
    source: str
    """ "voice", "text" or "timer"."""
    transcript: str
    language: str
    reply_generated: str = ""
    reply_heard: str = ""
    outcome: str = ""
    """How it ended (`events.Outcome`); empty while the turn runs."""
    engines: Mapping[str, Engine] = field(default_factory=dict)
    """By stage name."""
    answered_by: tuple[Engine, ...] = ()
    """Who wrote the reply, in order: several when one went on for another."""
    asked: tuple[Engine, ...] = ()
    """Every language model the question was sent to, answered or not."""
    why_not_first: str = ""
    """Why it was not the first choice alone who wrote it, one sentence; empty when it was."""
    spans: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by span name."""
    starts: Mapping[str, float] = field(default_factory=dict)
    """Where each span begins: milliseconds from key-up, or from the request of a typed turn."""
    slow_because: str = ""
    """Why the first sound came late (`figures.Cause`); empty when it did not."""
    conversation: int = 0
    """The conversation it belongs to, by its number within this run."""
    private: bool = False
    """Nothing of it is to be kept."""


class HistoryStore(Protocol):
    """Where turns are kept. Opened, used and closed by the history thread alone.

    Every method but `exists`, `begin` and `close` opens the file by itself, and raises
    `HistoryError` when it is locked, damaged or a newer Parley's, or the disk is full; nothing
    was changed then.
    """

    @property
    def exists(self) -> bool:
        """Whether anything was kept yet; the other methods make a file where there is none."""

    def open(self) -> None:
        """Open or create the file; a damaged one is set aside."""

    def begin(self, conversation: int, session_id: int) -> None:
        """The turns of this conversation (`TurnRecord.conversation`) go on with that old one."""

    def save(self, record: TurnRecord) -> int:
        """Write the turn, replacing what was saved of it in this run; its row id, or 0 when it
        was deleted meanwhile. On return it is on disk."""

    def session_of(self, conversation: int) -> int:
        """The number of the conversation's row; 0 while it has none."""

    def conversations(self, limit: int) -> tuple[list[ConversationRow], int]:
        """The first ones of the list, and how many there are in all."""

    def find(self, text: str, limit: int) -> list[FoundTurn]:
        """Turns that hold these words, the newest first."""

    def title(self, session_id: int) -> str | None:
        """Of this conversation; None when it is not there."""

    def records(self, session_id: int) -> list[TurnRecord]:
        """Its turns, oldest first, with the negative of their row's number as `turn_id`."""

    def rename(self, session_id: int, title: str) -> bool:
        """Empty goes back to its first words. False when it is not there, as for the next four."""

    def pin(self, session_id: int, pinned: bool) -> bool: ...

    def forget_turn(self, conversation: int, turn_id: int) -> None:
        """Delete one turn of this run, or (a negative number) of an old conversation."""

    def put_away(self, session_id: int, at: float) -> bool:
        """Out of sight since this Unix time."""

    def take_back(self, session_id: int) -> bool:
        """In sight again."""

    def waiting(self) -> dict[int, float]:
        """What was put away and can still be taken back: since when, by number."""

    def purge(self, session_ids: Collection[int]) -> None:
        """Off the disk, for those that are put away."""

    def expire(self, before: float, *, keep: int = 0) -> int:
        """Off the disk: whose last turn is older than this Unix time, but for pinned ones and
        `keep`; how many."""

    def delete_all(self) -> object:
        """Off the disk: everything."""

    def export_file(
        self, path: Path, format: Literal["markdown", "json"], *, session_id: int | None = None
    ) -> int:
        """Write a conversation, or all, to a file; how many turns.

        Raises:
            InputError: it cannot be written there, or the conversation is not there.
        """

    def figures(self, now: float) -> RollingFigures:
        """How long replies took to sound, over the hour before `now` (Unix time) and all time."""

    def close(self) -> None: ...
