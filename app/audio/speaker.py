"""The loudspeaker as the player has it: audio goes to the process of the devices."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import replace
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import NamedTuple, Protocol

import numpy as np

from app.audio.host.serve import AUDIO
from app.audio.host.speaker import SpeakerDevice
from app.audio.shared import NOTHING_PLAYED, Flushes, OutputState, Progress
from app.core.ports import Audio

log = logging.getLogger(__name__)

PIPE_BYTES = 32_768
"""So much fits into a pipe everywhere, the shortest first sound of a reply several times over."""


class _Sink(Protocol):
    """Where audio goes."""

    def play(self, audio: Audio, sample_rate: int, generation: int) -> None: ...
    def end(self) -> None: ...
    def progress(self) -> Progress: ...
    def close(self) -> None: ...


class Speaker:
    """An `AudioOutput` on a sound device. The object stays the same whatever happens to the device
    and to the process that owns it.

    While there is no such process, audio is discarded at the pace it would have been heard
    (`SpeakerDevice` without a device); the next one goes on from there.

    Threads: `connect` and `disconnect` belong to the sound thread; `flush`, `name`, `alive` and
    `latency_s` to any; the rest to the player's.
    """

    def __init__(self, state: OutputState | None = None, flushes: Flushes | None = None) -> None:
        """
        Args:
            state, flushes: shared with the process of the devices; without one, the clock plays.
        """
        self._state = state or OutputState()
        self._flushes = flushes or Flushes()
        self._sink: _Sink = SpeakerDevice(flushes=self._flushes)
        self._kept: deque[tuple[Audio, int]] = deque()
        """What was given last, at least what is not heard yet; (samples, their rate)."""
        self._kept_in = 0
        self._ended = True
        self._before = (0.0, 0)
        """Seconds played and underruns of the sinks before this one."""
        # Keeps the player from the sink while the sound thread changes it.
        self._changing = threading.Lock()
        self.name = ""
        """What the user calls it, empty when there is none. Set by the sound thread."""

    # --- sound thread -----------------------------------------------------------------------

    def connect(self, audio: Connection) -> None:
        """From now on a new process plays."""
        self._change(_Far(audio, self._state, self._flushes))

    def disconnect(self) -> None:
        """The process is gone; the clock stands in for it."""
        self._change(SpeakerDevice(flushes=self._flushes))

    def _change(self, sink: _Sink) -> None:
        with self._changing:
            progress = self._sink.progress()
            self._before = (
                self._before[0] + progress.played_s,
                self._before[1] + progress.underruns,
            )
            waiting = self._newest(progress.queued_s)
            before, self._sink = self._sink, sink
            before.close()
            for samples, rate in waiting:
                sink.play(samples, rate, self._kept_in)
            if waiting and self._ended:
                sink.end()

    def _newest(self, seconds: float) -> list[tuple[Audio, int]]:
        """The end of what was given, so long."""
        found: list[tuple[Audio, int]] = []
        for samples, rate in reversed(self._kept):
            if seconds <= 0:
                break
            found.append((samples[-max(1, round(seconds * rate)) :], rate))
            seconds -= len(samples) / rate
        return found[::-1]

    # --- any thread -------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        state = self._state
        return bool(state.has_device) and (not state.is_open or state.asks)

    @property
    def latency_s(self) -> float:
        return self._state.latency_s if self._state.has_device else 0.0

    def flush(self) -> None:
        self._flushes.add()

    # --- player -----------------------------------------------------------------------------

    def play(self, audio: Audio, sample_rate: int) -> float:
        samples = np.ascontiguousarray(audio, dtype=np.float32)
        with self._changing:
            generation = self._flushes.count
            if generation != self._kept_in:
                self._kept.clear()
                self._kept_in = generation
            self._sink.play(samples, sample_rate, generation)
            self._ended = False
            self._kept.append((samples, sample_rate))
            self._forget_heard()
        return len(samples) / sample_rate

    def _forget_heard(self) -> None:
        waiting_s = self._sink.progress().queued_s
        kept_s = sum(len(samples) / rate for samples, rate in self._kept)
        while self._kept:
            samples, rate = self._kept[0]
            kept_s -= len(samples) / rate
            if kept_s < waiting_s:
                break
            self._kept.popleft()

    def end(self) -> None:
        with self._changing:
            self._sink.end()
            self._ended = True

    @property
    def _progress(self) -> Progress:
        """Of this sink and those before it."""
        with self._changing:
            now = self._sink.progress()
            played_s, underruns = self._before
            return replace(
                now, played_s=played_s + now.played_s, underruns=underruns + now.underruns
            )

    @property
    def played_s(self) -> float:
        return self._progress.played_s

    @property
    def queued_s(self) -> float:
        return self._progress.queued_s

    @property
    def first_sample_at(self) -> float | None:
        return self._progress.first_sample_at

    @property
    def underruns(self) -> int:
        return self._progress.underruns


class _Far:
    """Another process plays. Used under the lock of `Speaker`, and never waits for that process."""

    def __init__(self, audio: Connection, state: OutputState, flushes: Flushes) -> None:
        self._audio = audio
        self._state = state
        self._flushes = flushes
        self._sent = 0
        self._under_way: deque[_Message] = deque()
        """What may not have been taken in."""
        self._known = NOTHING_PLAYED
        self._sent_later = 0
        """The number of the last message that was left to the thread."""
        self._later: SimpleQueue[bytes | None] = SimpleQueue()
        threading.Thread(target=self._send_later, name="audio out", daemon=True).start()

    def play(self, audio: Audio, sample_rate: int, generation: int) -> None:
        if len(audio):
            self._send(audio.tobytes(), generation, sample_rate, len(audio) / sample_rate)

    def end(self) -> None:
        self._send(b"", self._flushes.count, 0, 0.0)

    def close(self) -> None:
        """Send nothing more."""
        self._later.put(None)

    def _send(self, samples: bytes, flushes: int, rate: int, seconds: float) -> None:
        """At once where that cannot block, as for the first sound of a reply; the rest from a
        thread, which waits for a process that is slow or stopped."""
        self._sent += 1
        message = AUDIO.pack(self._sent, flushes, rate) + samples
        self._forget_taken(self._state.progress())
        self._under_way.append(_Message(self._sent, flushes, seconds, len(message)))
        fits = sum(each.size for each in self._under_way) <= PIPE_BYTES
        if fits and self._sent_later <= self._known.done:  # or it would overtake those
            self._write(message)
        else:
            self._sent_later = self._sent
            self._later.put(message)

    def _send_later(self) -> None:
        while (message := self._later.get()) is not None:
            if not self._write(message):
                return

    def _write(self, message: bytes) -> bool:
        """Whether somebody may read it."""
        try:
            self._audio.send_bytes(message)
        except OSError as exc:
            # The process has died; the sound thread will see it, and what waits is kept.
            log.info("the sound process takes no more audio: %s", exc)
            return False
        return True

    def _forget_taken(self, there: Progress | None) -> None:
        if there is not None:
            self._known = there
        while self._under_way and self._under_way[0].number <= self._known.done:
            self._under_way.popleft()

    def progress(self) -> Progress:
        self._forget_taken(self._state.progress())
        there, flushes = self._known, self._flushes.count
        coming_s = sum(each.seconds for each in self._under_way if each.flushes == flushes)
        queued_s = there.queued_s if there.flushes == flushes else 0.0
        return Progress(
            done=there.done,
            flushes=flushes,
            played_s=there.played_s,
            queued_s=queued_s + coming_s,
            # of what came before, while something is under way
            first_sample_at=None if self._under_way else there.first_sample_at,
            underruns=there.underruns,
        )


class _Message(NamedTuple):
    """Audio on its way to the other process."""

    number: int
    flushes: int
    """So many flushes came before it."""
    seconds: float
    size: int
    """Bytes."""
