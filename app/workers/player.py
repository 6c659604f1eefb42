"""The player's thread: samples to the loudspeaker, and the account of what was heard."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from PySide6.QtCore import QTimer, Slot

from app.core.events import (
    ClauseFailed,
    ClauseStarted,
    Event,
    LevelMeasured,
    MouthMoved,
    PlaybackEnded,
    PlaybackStarted,
    SoundChime,
    SpeechChunk,
    SpeechEnded,
    StopSpeech,
)
from app.core.gaps import Gaps
from app.core.mouth import CLOSED, MouthReader, MouthShape
from app.core.ports import Audio, AudioOutput
from app.core.turn import Turn
from app.workers.worker import Worker

WATCH_MS = 20
"""How often the loudspeaker's progress is looked at while a reply plays."""

LEVEL_WINDOW_S = 0.03

MOUTH_LEAD_S = 0.04
"""A mouth is shown this much before its sound: two threads and a frame of the screen lie between,
and a mouth that is early looks right where one that is late does not (ITU-R BT.1359-1: noticed
from 125 ms early, from 45 ms late)."""

MOUTH_STEP = 0.02
"""A smaller change of the mouth is not told; nobody would see it."""

USUAL_SECONDS_PER_CHARACTER = 1 / 15
"""Length of speech when a clause is cut while it is still being made: English read aloud at
about 180 words a minute is 15 characters a second."""


@dataclass
class _Clause:
    text: str
    duration_s: float = 0.0
    whole: bool = False
    """All of its samples are here."""


@dataclass
class _Playback:
    """One reply on its way out."""

    turn: Turn
    starts_at_s: float
    """Where on the loudspeaker's `played_s` axis its first sample lies."""
    underruns_before: int
    gaps: Gaps = field(default_factory=Gaps)
    clauses: list[_Clause] = field(default_factory=list)
    envelope: list[tuple[float, float]] = field(default_factory=list)
    """(seconds from the start, peak) of each slice of audio, for the ring."""
    reader: MouthReader | None = None
    mouths: deque[tuple[float, MouthShape]] = field(default_factory=deque)
    """(seconds from the start, shape), those that are over left out."""
    mouth: MouthShape = CLOSED
    """As it was told last."""
    lead_s: float = 0.0
    """Sound before the first clause: the chime."""
    duration_s: float = 0.0
    has_begun: bool = False
    is_complete: bool = False
    """No more samples will come."""


class PlayerWorker(Worker):
    """Feeds the loudspeaker. `AudioOutput.flush` alone is called from other threads, by the
    turn's token, so that silence does not wait for this thread.
    """

    stage = "player"

    def __init__(self, output: AudioOutput, chime: Audio, chime_rate: int) -> None:
        super().__init__()
        self._output = output
        self._chime = chime
        self._chime_rate = chime_rate
        self._playback: _Playback | None = None
        self._forget_flush = _nothing
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH_MS)
        self._timer.timeout.connect(self._on_tick)

    def on_end(self) -> None:
        self._timer.stop()
        self._output.flush()

    def on(self, event: Event) -> None:
        match event:
            case SoundChime() if not event.turn.token.cancelled:
                playback = self._playback_of(event.turn)
                playback.lead_s = self._play(playback, self._chime, self._chime_rate)
            case ClauseStarted() if not event.turn.token.cancelled:
                self._start_clause(event)
            case ClauseFailed() if self._playback and self._playback.clauses:
                self._playback.clauses.pop()
            case SpeechChunk() if not event.turn.token.cancelled:
                self._play_speech(self._playback_of(event.turn), event)
            case SpeechEnded() if not event.turn.token.cancelled:
                self._expect_end(event)
            case StopSpeech():
                self._stop(event.turn_id)

    def _playback_of(self, turn: Turn) -> _Playback:
        if self._playback is None or self._playback.turn.id != turn.id:
            self._playback = _Playback(
                turn,
                starts_at_s=self._output.played_s + self._output.queued_s,
                underruns_before=self._output.underruns,
            )
            self._forget_flush = turn.token.on_cancel(self._output.flush)
            self._timer.start()
        return self._playback

    def _start_clause(self, event: ClauseStarted) -> None:
        playback = self._playback_of(event.turn)
        if playback.clauses:
            playback.clauses[-1].whole = True
        playback.clauses.append(_Clause(event.text))
        playback.gaps.begin(event.text)

    def _play_speech(self, playback: _Playback, chunk: SpeechChunk) -> None:
        gap = playback.gaps.owed(chunk.sample_rate)
        if len(gap):  # never before the first clause
            duration_s = self._say(playback, gap, chunk.sample_rate)
            playback.clauses[-2].duration_s += duration_s
        audio = playback.gaps.feed(chunk.audio, chunk.sample_rate)
        if len(audio):
            playback.clauses[-1].duration_s += self._say(playback, audio, chunk.sample_rate)

    def _say(self, playback: _Playback, audio: Audio, sample_rate: int) -> float:
        """As `_play`, with a mouth; read after the sound is on its way, which it must not delay."""
        starts_at_s = playback.duration_s
        duration_s = self._play(playback, audio, sample_rate)
        reader = playback.reader
        if reader is None or reader.sample_rate != sample_rate:
            playback.reader = reader = MouthReader(sample_rate, starts_at_s)
        playback.mouths.extend(reader.feed(audio))
        return duration_s

    def _play(self, playback: _Playback, audio: Audio, sample_rate: int) -> float:
        duration_s = self._output.play(audio, sample_rate)
        if playback.turn.token.cancelled:
            # Cancelled in between: the flush may have come before what was just queued.
            self._output.flush()
        step = max(1, int(LEVEL_WINDOW_S * sample_rate))
        for start in range(0, len(audio), step):
            window = audio[start : start + step]
            peak = float(max(window.max(), -window.min()))
            playback.envelope.append((playback.duration_s + start / sample_rate, peak))
        playback.duration_s += duration_s
        return duration_s

    def _expect_end(self, event: SpeechEnded) -> None:
        playback = self._playback_of(event.turn)
        if playback.clauses:
            playback.clauses[-1].whole = True
        playback.is_complete = True
        self._output.end()
        self._watch()

    @Slot()
    def _on_tick(self) -> None:
        self.guard(self._watch)

    def _watch(self) -> None:
        playback = self._playback
        if playback is None or playback.turn.token.cancelled:
            return
        turn_id = playback.turn.id
        first_sample_at = self._output.first_sample_at
        if not playback.has_begun and playback.duration_s and first_sample_at is not None:
            playback.has_begun = True
            self.happened.emit(PlaybackStarted(turn_id=turn_id, audible_at=first_sample_at))
        played_s = self._played_s(playback)
        if playback.has_begun:
            self.happened.emit(LevelMeasured(turn_id=turn_id, level=_level(playback, played_s)))
            self._move_mouth(playback, _mouth(playback, played_s - self._output.latency_s))
        if playback.is_complete and self._output.queued_s <= 0:
            heard = "".join(clause.text for clause in playback.clauses)
            self._end(playback, heard=heard, complete=True)

    def _move_mouth(self, playback: _Playback, shape: MouthShape) -> None:
        if self._output.queued_s <= 0:
            shape = CLOSED  # nothing more is there to be said: the end, or a voice that is late
        before = playback.mouth
        step = max(abs(shape.open - before.open), abs(shape.wide - before.wide))
        if step >= MOUTH_STEP or (shape == CLOSED and before != CLOSED):
            playback.mouth = shape
            self.happened.emit(
                MouthMoved(turn_id=playback.turn.id, open=shape.open, wide=shape.wide)
            )

    def _stop(self, turn_id: int) -> None:
        """The turn's token has silenced the loudspeaker already; say what was heard."""
        playback = self._playback
        if playback is None or playback.turn.id != turn_id:
            self.happened.emit(PlaybackEnded(turn_id=turn_id, heard="", complete=False))
            return
        self._output.flush()
        heard_s = self._played_s(playback) - playback.lead_s - self._output.latency_s
        self._end(playback, heard=heard_text(playback.clauses, heard_s), complete=False)

    def _end(self, playback: _Playback, *, heard: str, complete: bool) -> None:
        self._timer.stop()
        self._forget_flush()
        self._move_mouth(playback, CLOSED)
        self._playback = None
        self.happened.emit(
            PlaybackEnded(
                turn_id=playback.turn.id,
                heard=heard,
                complete=complete,
                underruns=self._output.underruns - playback.underruns_before,
            )
        )

    def _played_s(self, playback: _Playback) -> float:
        return self._output.played_s - playback.starts_at_s


def heard_text(clauses: list[_Clause], heard_s: float) -> str:
    """The clauses' text up to the last whole word that was played after `heard_s` seconds."""
    heard = ""
    for clause in clauses:
        duration_s = clause.duration_s
        if not clause.whole:
            duration_s = max(duration_s, len(clause.text) * USUAL_SECONDS_PER_CHARACTER)
        if heard_s >= duration_s:
            heard += clause.text
            heard_s -= duration_s
            continue
        if heard_s > 0:
            cut = int(len(clause.text) * heard_s / duration_s)
            heard += clause.text[: _last_word_end(clause.text, cut)]
        break
    return heard.rstrip()


def _last_word_end(text: str, cut: int) -> int:
    """Where the last word that ends at or before `cut` ends."""
    while 0 < cut < len(text) and not text[cut].isspace():
        cut -= 1
    return cut


def _level(playback: _Playback, played_s: float) -> float:
    while len(playback.envelope) > 1 and playback.envelope[1][0] <= played_s:
        playback.envelope.pop(0)
    return playback.envelope[0][1] if playback.envelope else 0.0


def _mouth(playback: _Playback, heard_s: float) -> MouthShape:
    """The shape that belongs to what is heard after `heard_s` seconds, or soon."""
    mouths, due_s = playback.mouths, heard_s + MOUTH_LEAD_S
    while len(mouths) > 1 and mouths[1][0] <= due_s:
        mouths.popleft()
    return mouths[0][1] if mouths and mouths[0][0] <= due_s else CLOSED


def _nothing() -> None:
    """No flush to forget."""
