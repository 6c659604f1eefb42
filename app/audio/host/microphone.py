"""The microphone's device: an open stream that fills a ring."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import numpy as np

from app.audio.format import EMPTY
from app.audio.host.devices import Choice, Device
from app.audio.host.portaudio import OpenStream, open_stream
from app.audio.host.seam import find_seam
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory
from app.core.ports import Audio
from app.errors import AudioError

log = logging.getLogger(__name__)

KEPT_S = 10.0
"""How far back the listener can read, and how long it may stall without losing a word."""

PLAUSIBLE_LATENCY_S = 0.5
"""Hosts that report more than this, or a negative latency, have no clock worth using."""

RESTING_LATE_S = 0.12
"""What the end of a question may come later while the microphone rests: blocks are that much
longer."""

LONGEST_SEAM_S = 0.5
"""To wait for two streams to hear the same. The slower one delivers every 0.16 s."""

SEAM_EVERY_S = 0.01


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
        self._unshared: set[Choice] = set()
        """Devices that refused a second stream."""

    def open(self, device: Device) -> None:
        """Record from this device, closing the one before.

        Raises:
            AudioError: it cannot be opened; there is no microphone now.
        """
        self.close()
        state, number = self._state, int(self._state.rings) + 1
        # The ring before this one stays as it is, for a reader who is not done with it.
        ring = SampleRing.begun(KEPT_S, device.rate, self._rings[number % len(self._rings)])
        capture = _Capture(state, ring, threading.Lock(), rests=self._has_paces(device))
        stream = open_stream("input", device, capture.on_block, rests=capture.rests)
        capture.write_from(0)
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
        """Somebody listens from now on. Takes up to 0.2 s, in which what is said comes late.

        Raises:
            AudioError: the device has gone meanwhile; there is no microphone now.
        """
        self._change_pace(rests=False)

    def rest(self) -> None:
        """Nobody listens for now.

        Raises:
            AudioError: as above.
        """
        self._change_pace(rests=True)

    def _has_paces(self, device: Device) -> bool:
        return device.is_shared and device.choice not in self._unshared

    def _change_pace(self, *, rests: bool) -> None:
        stream, capture = self._stream, self._capture
        if stream is None or capture is None or capture.rests is rests:
            return
        device = stream.device
        if not self._has_paces(device):
            return
        following = _Capture(self._state, capture.ring, capture.lock, rests=rests)
        try:
            second = open_stream("input", device, following.on_block, rests=rests)
            second.start()
        except AudioError as exc:
            log.info("%s", exc)
        else:
            if following.follow(capture):
                self._stream, self._capture = second, following
                stream.close()
                return
            second.close()
        log.info("%s has one stream only", device.name)
        self._unshared.add(device.choice)
        if not rests:
            self.open(device)

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
        self._next = 0
        """Number in the ring of its next sample."""
        self._began: tuple[float, int] | None = None
        """When its first block arrived, and how many samples that had."""
        self._is_over = False
        self._is_measured = False

    def on_block(self, block: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio's callback: copy, stamp, return."""
        now = time.perf_counter()
        with self.lock:
            if self._is_over:
                return
            # The first channel: adding the channels of a microphone array can cancel the voice.
            samples = block[:, 0]
            if self._kept is not None:
                self._began = self._began or (now, frames)
                self._kept.append(samples.copy())
                return
            self._write(samples, now)
        self._tell(frames, timing, status, now)

    def _write(self, samples: Audio, now: float) -> None:
        """Append what the ring does not have yet."""
        fresh = samples[max(0, self.ring.written - self._next) :]
        self._next += len(samples)
        if len(fresh):
            self.ring.write(fresh, now)

    def _tell(self, frames: int, timing: Any, status: Any, now: float) -> None:
        state = self._state
        if status.input_overflow:
            state.overflows += 1
        # The ring dates the block's first sample back by the block's length; what is left of
        # its age is the device's delay. Smoothed over some 20 blocks, as hosts jitter.
        age_s = timing.currentTime - timing.inputBufferAdcTime
        if timing.inputBufferAdcTime > 0 and 0 <= age_s <= PLAUSIBLE_LATENCY_S:
            delay_s = max(0.0, age_s - frames / self.ring.rate)
            delay_s += RESTING_LATE_S if self.rests else 0.0
            state.latency_s += (delay_s - state.latency_s) / (20 if self._is_measured else 1)
            self._is_measured = True
        state.arrived_at = now

    # --- the thread that calls PortAudio ----------------------------------------------------

    def write_from(self, number: int) -> None:
        """Its first sample is that one of the ring; from now on they go there."""
        kept, self._kept = self._kept or [], None
        self._next = number
        if kept:
            self._write(np.concatenate(kept), time.perf_counter())

    def follow(self, before: _Capture) -> bool:
        """Go on in the ring where another one, still writing, hears the same; that one is over.

        Returns:
            False when nothing came; the other one goes on.
        """
        until = time.perf_counter() + LONGEST_SEAM_S
        while (number := self._seam()) is None and time.perf_counter() < until:
            time.sleep(SEAM_EVERY_S)
        with self.lock:
            if number is None:
                if self._began is None:
                    self._is_over = True
                    return False
                # silence, or sounds that are not alike: the clock says where, a few ms wrong
                number = min(self._by_clock(self._began), self.ring.written)
            before._is_over = True
            self.write_from(number)
        return True

    def _seam(self) -> int | None:
        """Number in the ring of its first sample, by ear."""
        with self.lock:
            began, stop = self._began, self.ring.written
            if began is None:
                return None
            new = np.concatenate(self._kept or [EMPTY])
            about = self._by_clock(began)
        first, old = self.ring.read(max(self.ring.oldest, about - self.ring.rate // 2), stop)
        place = find_seam(old, new, about - first, self.ring.rate)
        return None if place is None else first + place

    def _by_clock(self, began: tuple[float, int]) -> int:
        """Number in the ring of its first sample, where its first block's arrival puts it."""
        arrived_at, frames = began
        ahead_s = arrived_at - self.ring.arrived_until
        if ahead_s > 0:  # the other stream has not come so far
            return self.ring.written + round(ahead_s * self.ring.rate) - frames
        return self.ring.index_at(arrived_at) - frames
