"""The microphone's device: an open stream that fills a ring."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import Any

import numpy as np

from app.audio.host import seam
from app.audio.host.devices import Device
from app.audio.host.portaudio import OpenStream, open_stream
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory
from app.core.ports import Audio
from app.errors import AudioError

log = logging.getLogger(__name__)

KEPT_S = 10.0
"""How far back the listener can read, and how long it may stall without losing a word."""

PLAUSIBLE_LATENCY_S = 0.5
"""Hosts that report more than this, or a negative latency, have no clock worth using."""

BLOCK_S = 0.04
"""Of a question's samples. The end of one that falls into longer blocks comes so much later."""

LONGEST_SEAM_S = 0.5
"""To wait for two streams to hear the same. The slower one delivers every 0.16 s."""

SEAM_EVERY_S = 0.01

COMPARED_S = 0.5
"""How much of the ring is searched."""


class MicrophoneDevice:
    """Always open, so that no first word is lost; at two paces, since each block wakes the
    processor, also when nobody speaks for hours. Where a sound server lets two streams record at
    once, the next one is opened beside the one before, and the ring goes on with it where both
    hear the same: no sample is lost or doubled.

    Threads: all of it belongs to the one that calls PortAudio, whose own touch the ring.
    """

    def __init__(self, state: InputState, rings: tuple[RingMemory, ...]) -> None:
        self._state = state
        self._rings = rings
        self._stream: OpenStream | None = None
        self._capture: _Capture | None = None
        self._keeps_pace = False
        """Whether no second stream could be had since somebody listened last."""

    def open(self, device: Device) -> None:
        """Record from this device, closing the one before.

        Raises:
            AudioError: it cannot be opened; there is no microphone now.
        """
        self.close()
        state, number = self._state, int(self._state.rings) + 1
        # The ring before this one stays as it is, for a reader who is not done with it.
        ring = SampleRing.begun(KEPT_S, device.rate, self._rings[number % len(self._rings)])
        capture = _Capture(state, ring, threading.Lock(), rests=False)
        stream = open_stream("input", device, capture.on_block)
        capture.begin()
        state.arrived_at = state.overflows = 0
        state.latency_s = stream.latency_s
        state.opened_at = time.perf_counter()
        stream.start()
        state.rings = number
        state.is_open = 1
        self._stream, self._capture = stream, capture

    def close(self) -> None:
        """Let the device go. What was recorded can still be read."""
        stream, self._stream = self._stream, None
        self._capture = None
        self._state.is_open = 0
        if stream is not None:
            stream.close()

    # --- pace -------------------------------------------------------------------------------

    def attend(self) -> None:
        """Somebody listens from now on. For the time this takes, 0.1 to 0.3 s and at most 0.5 s and
        the opening of a stream, what is said comes late.

        Raises:
            AudioError: the device has gone meanwhile; there is no microphone now.
        """
        self._keeps_pace = False
        stream, capture = self._stream, self._capture
        if stream is None or capture is None or not capture.rests:
            return
        if not self._go_on(stream, capture, rests=False):
            self.open(stream.device)  # what it hears meanwhile is lost

    def rest(self) -> None:
        """Nobody listens for now."""
        stream, capture = self._stream, self._capture
        if stream is None or capture is None or capture.rests:
            return
        if stream.device.is_shared and not self._keeps_pace and not self.unproven:
            self._keeps_pace = not self._go_on(stream, capture, rests=True)

    def _go_on(self, stream: OpenStream, capture: _Capture, *, rests: bool) -> bool:
        """With a second stream at the other pace; False when there is none, the first goes on."""
        following = _Capture(self._state, capture.ring, capture.lock, rests=rests)
        try:
            second = open_stream("input", stream.device, following.on_block, rests=rests)
            second.start()
        except AudioError as exc:
            log.info("no second stream: %s", exc)
            return False
        if not following.follow(capture, second.latency_s):
            log.info("no second stream: %s stays silent in it", stream.device.name)
            second.close()
            return False
        self._stream, self._capture = second, following
        stream.close()
        return True

    @property
    def running(self) -> bool:
        """Whether the device is there and delivers; asks PortAudio."""
        stream = self._stream
        return stream is not None and stream.running and self._state.delivers

    @property
    def unproven(self) -> bool:
        """Whether the device is open and has not gone on delivering so far."""
        return self._stream is not None and not self._state.is_proven

    @property
    def label(self) -> str:
        """What the user calls it; empty when there is none."""
        return self._stream.device.label if self._stream is not None else ""


class _Capture:
    """What one open stream delivers; to the ring, or kept until the ring can go on with it.

    Threads: `on_block` runs in PortAudio's, of which each stream has one. The lock, held for
    microseconds and shared by the captures of one ring, makes them one writer.
    """

    def __init__(
        self, state: InputState, ring: SampleRing, lock: threading.Lock, *, rests: bool
    ) -> None:
        self.ring = ring
        self.lock = lock
        self.rests = rests
        self._state = state
        self._kept: list[Audio] | None = []
        """None once its samples go to the ring."""
        self._kept_until = 0.0
        """When the newest of them arrived (perf_counter)."""
        self._began_at = math.inf
        """When its first sample arrived, were all to arrive one by one; some blocks are late."""
        self._next = 0
        """Number of its next sample: in the stream, then in the ring."""
        self._is_over = False
        self._late_s = 0.0
        """How much later than a question's its blocks come."""
        self._is_measured = False

    def on_block(self, block: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio's callback: copy, stamp, return."""
        now = time.perf_counter()
        with self.lock:
            if self._is_over:
                return
            # The first channel: adding the channels of a microphone array can cancel the voice.
            samples = block[:, 0]
            if self._kept is None:
                self._write(samples, now)
                self._tell(frames, timing, status, now)
                return
            self._kept.append(samples.copy())
            self._kept_until = now
            self._next += frames
            self._began_at = min(self._began_at, now - self._next / self.ring.rate)

    def _write(self, samples: Audio, arrived_at: float) -> None:
        """Append what the ring does not have yet."""
        fresh = samples[max(0, self.ring.written - self._next) :]
        self._next += len(samples)
        if len(fresh):
            self.ring.write(fresh, max(arrived_at, self.ring.arrived_until))

    def _tell(self, frames: int, timing: Any, status: Any, now: float) -> None:
        state = self._state
        if status.input_overflow:
            state.overflows += 1
        # The ring dates the block's first sample back by the block's length; what is left of
        # its age is the device's delay. Smoothed over some 20 blocks, as hosts jitter.
        age_s = timing.currentTime - timing.inputBufferAdcTime
        if timing.inputBufferAdcTime > 0 and 0 <= age_s <= PLAUSIBLE_LATENCY_S:
            block_s = frames / self.ring.rate
            self._late_s = max(self._late_s, block_s - BLOCK_S) if self.rests else 0.0
            delay_s = max(0.0, age_s - block_s) + self._late_s
            state.latency_s += (delay_s - state.latency_s) / (20 if self._is_measured else 1)
            self._is_measured = True
        state.arrived_at = now

    # --- the thread that calls PortAudio ----------------------------------------------------

    def begin(self) -> None:
        """The ring is empty, and all that comes goes there."""
        self._kept = None

    def follow(self, before: _Capture, latency_s: float) -> bool:
        """Go on in the ring where another one, still writing, hears the same; that one is over.

        Args:
            latency_s: what the host says of this one.

        Returns:
            False when nothing came; the other one goes on.
        """
        until = time.perf_counter() + LONGEST_SEAM_S
        while not self._can_be_compared() and time.perf_counter() < until:
            time.sleep(SEAM_EVERY_S)
        by_ear = self._by_ear()
        with self.lock:
            if not self._kept:
                self._is_over = True
                return False
            before._is_over = True
            longest_s = max(map(len, self._kept)) / self.ring.rate
            kept, self._kept = np.concatenate(self._kept), None
            # silence, or sounds that are not alike: the clock says where, some ms wrong
            number = self._by_clock() if by_ear is None else by_ear
            self._next = min(number, self.ring.written)
            self._write(kept, self._kept_until)
            if self.rests:
                self._late_s = longest_s - BLOCK_S
                latency_s = self._state.latency_s + self._late_s
            self._state.latency_s = latency_s  # until it is measured
        return True

    def _can_be_compared(self) -> bool:
        """Whether the ring has come so far that both hear the same for long enough, wherever
        the seam is."""
        with self.lock:
            if not self._kept:
                return False
            rate = self.ring.rate
            enough = (seam.WITHIN_S + seam.LEAST_S) * rate
            return self._next >= seam.LEAST_S * rate and (
                self.ring.written >= self._by_clock() + enough
            )

    def _by_ear(self) -> int | None:
        """Number in the ring of its first sample, where both hear the same."""
        with self.lock:
            if not self._kept:
                return None
            new, about, stop = np.concatenate(self._kept), self._by_clock(), self.ring.written
        since = max(self.ring.oldest, about - round(COMPARED_S * self.ring.rate))
        first, old = self.ring.read(min(since, stop), stop)
        place = seam.find_seam(old, new, about - first, self.ring.rate)
        return None if place is None else first + place

    def _by_clock(self) -> int:
        """Number in the ring of its first sample, where the times of arrival put it."""
        ahead_s = self._began_at - self.ring.arrived_until
        if ahead_s > 0:  # the other stream has not come so far
            return self.ring.written + round(ahead_s * self.ring.rate)
        return self.ring.index_at(self._began_at)
