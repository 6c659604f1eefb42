"""The microphone: an open stream, a ring behind it, and a reader of the ring."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from app.audio.devices import Device
from app.audio.format import EMPTY
from app.audio.portaudio import OpenStream, open_stream
from app.audio.reader import RingReader
from app.audio.ring import SampleRing
from app.core.ports import Audio

USUAL_RATE = 48_000
"""The rate of the empty ring before the first device is open."""

KEPT_S = 10.0
"""How far back the listener can read, and how long it may stall without losing a word."""

LOST_AFTER_S = 1.0
"""A device that has not called back for this long is gone."""

START_GRACE_S = 3.0
"""How long a device may take to its first block; Bluetooth and suspended devices take a while."""

PROVEN_AFTER_S = 0.5
"""A device that still delivers after this long works."""

LEVEL_HALF_LIFE_S = 0.04
"""How fast the meter falls after a peak; it is looked at 30 times a second."""

MUTED_AFTER_S = 2.0
"""Zeros for this long are no pause of a live microphone, whose converter always has noise."""

SILENT_PEAK = 2.0**-15
"""One step of a 16-bit converter: a live microphone's own noise is above it."""

PLAUSIBLE_LATENCY_S = 0.5
"""Hosts that report more than this, or a negative latency, have no clock worth using."""


class Microphone:
    """An `AudioInput` on a sound device. The object stays the same when the device changes.

    Threads: `open`, `close` and `running` belong to the sound thread; `seek`, `read` and `drain`
    to the listener's; the rest may be read by any. PortAudio's thread touches the ring only.
    """

    def __init__(self) -> None:
        self._stream: OpenStream | None = None
        self._capture = _Capture(USUAL_RATE)
        self._reader = RingReader(self._capture.ring, 0)

    # --- sound thread -----------------------------------------------------------------------

    def open(self, device: Device) -> None:
        """Record from this device, closing the one before.

        Raises:
            AudioError: it cannot be opened; there is no microphone now.
        """
        self.close()
        capture = _Capture(device.rate)
        stream = open_stream("input", device, capture.on_block)
        capture.latency_s = stream.latency_s
        self._capture = capture
        stream.start()
        self._stream = stream

    def close(self) -> None:
        """Let the device go. What was recorded can still be read."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    @property
    def running(self) -> bool:
        """Whether the device is there and delivers; asks PortAudio."""
        stream = self._stream
        return stream is not None and stream.running and self.alive

    @property
    def unproven(self) -> bool:
        """Whether the device is open and has not gone on delivering so far."""
        return self._stream is not None and not self._capture.is_proven

    # --- any thread -------------------------------------------------------------------------

    @property
    def name(self) -> str:
        stream = self._stream
        return stream.device.label if stream is not None else ""

    @property
    def alive(self) -> bool:
        return self._stream is not None and self._capture.delivers

    @property
    def latency_s(self) -> float:
        return self._capture.latency_s

    @property
    def level(self) -> float:
        return self._capture.level if self.alive else 0.0

    @property
    def silent_for_s(self) -> float:
        """For how long every sample has been zero: a muted microphone, or no permission."""
        capture = self._capture
        return capture.silent_samples / capture.ring.rate if self.alive else 0.0

    @property
    def muted(self) -> bool:
        """Whether it delivers, and nothing but zeros for `MUTED_AFTER_S`."""
        return self.silent_for_s >= MUTED_AFTER_S

    @property
    def arrived_until(self) -> float:
        return self._capture.ring.arrived_until

    @property
    def overflows(self) -> int:
        """How often the host reported that it had to drop samples, since the device opened."""
        return self._capture.overflows

    # --- listener ---------------------------------------------------------------------------

    def seek(self, since: float) -> None:
        ring = self._capture.ring
        self._reader = RingReader(ring, max(ring.oldest, ring.index_at(since)))

    def read(self, until: float | None = None) -> Audio:
        ring = self._capture.ring
        if self._reader.ring is ring:
            return self._read_up_to(until)
        # The device changed in the middle: the old one's rest, then the new one's beginning.
        rest = [self._read_up_to(until), self._reader.drain()]
        self._reader = RingReader(ring, 0)
        return np.concatenate([*rest, self._read_up_to(until)])

    def drain(self) -> Audio:
        return self._reader.drain()

    def _read_up_to(self, until: float | None) -> Audio:
        reader = self._reader
        stop = reader.ring.written if until is None else reader.ring.index_at(until)
        return reader.read(stop) if stop > reader.position else EMPTY


class _Capture:
    """What one open stream delivers. Written by PortAudio's thread, read by others.

    Attributes:
        level: peak of the newest samples, falling with `LEVEL_HALF_LIFE_S`.
        silent_samples: how many samples in a row, up to the newest, were zero.
        latency_s: from the air to this process: as the host reports it until it is measured.
        overflows: how often the host dropped samples.
    """

    def __init__(self, rate: int) -> None:
        self.ring = SampleRing(KEPT_S, rate)
        self.level = 0.0
        self.silent_samples = 0
        self.latency_s = 0.0
        self.overflows = 0
        self._is_measured = False
        self._opened_at = time.perf_counter()

    def on_block(self, block: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio's callback: copy, stamp, measure, return."""
        now = time.perf_counter()
        # The first channel: adding the channels of a microphone array can cancel the voice.
        samples = block[:, 0]
        self.ring.write(samples, now)
        peak = max(float(samples.max()), -float(samples.min()))
        self.level = max(peak, self.level * 0.5 ** (frames / self.ring.rate / LEVEL_HALF_LIFE_S))
        self.silent_samples = self.silent_samples + frames if peak < SILENT_PEAK else 0
        self.overflows += bool(status.input_overflow)
        # The ring dates the block's first sample back by the block's length; what is left of
        # its age is the device's delay. Smoothed over some 20 blocks, as hosts jitter.
        age_s = timing.currentTime - timing.inputBufferAdcTime
        if timing.inputBufferAdcTime > 0 and 0 <= age_s <= PLAUSIBLE_LATENCY_S:
            delay_s = max(0.0, age_s - frames / self.ring.rate)
            self.latency_s += (delay_s - self.latency_s) / (20 if self._is_measured else 1)
            self._is_measured = True

    @property
    def is_proven(self) -> bool:
        return self.ring.arrived_until - self._opened_at > PROVEN_AFTER_S

    @property
    def delivers(self) -> bool:
        newest = self.ring.arrived_until
        if not newest:
            return time.perf_counter() - self._opened_at < START_GRACE_S
        return time.perf_counter() - newest < LOST_AFTER_S
