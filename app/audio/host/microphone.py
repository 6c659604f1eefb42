"""The microphone's device: an open stream that fills a ring."""

from __future__ import annotations

import time
from typing import Any

from app.audio.host.devices import Device
from app.audio.host.portaudio import OpenStream, open_stream
from app.audio.ring import SampleRing
from app.audio.shared import InputState, RingMemory

KEPT_S = 10.0
"""How far back the listener can read, and how long it may stall without losing a word."""

PLAUSIBLE_LATENCY_S = 0.5
"""Hosts that report more than this, or a negative latency, have no clock worth using."""


class MicrophoneDevice:
    """Threads: all of it belongs to the one that calls PortAudio, whose own touches the ring."""

    def __init__(self, state: InputState, rings: tuple[RingMemory, ...]) -> None:
        self._state = state
        self._rings = rings
        self._stream: OpenStream | None = None

    def open(self, device: Device) -> None:
        """Record from this device, closing the one before.

        Raises:
            AudioError: it cannot be opened; there is no microphone now.
        """
        self.close()
        state, number = self._state, int(self._state.rings) + 1
        # The ring before this one stays as it is, for a reader who is not done with it.
        capture = _Capture(state, device.rate, self._rings[number % len(self._rings)])
        stream = open_stream("input", device, capture.on_block)
        state.arrived_at = state.overflows = 0
        state.latency_s = stream.latency_s
        state.opened_at = time.perf_counter()
        stream.start()
        state.rings = number
        state.is_open = 1
        self._stream = stream

    def close(self) -> None:
        """Let the device go. What was recorded can still be read."""
        stream, self._stream = self._stream, None
        self._state.is_open = 0
        if stream is not None:
            stream.close()

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
    """What one open stream delivers. Runs in PortAudio's thread."""

    def __init__(self, state: InputState, rate: int, memory: RingMemory) -> None:
        self._state = state
        self._ring = SampleRing.begun(KEPT_S, rate, memory)
        self._is_measured = False

    def on_block(self, block: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio's callback: copy, stamp, return."""
        now = time.perf_counter()
        state, rate = self._state, self._ring.rate
        # The first channel: adding the channels of a microphone array can cancel the voice.
        self._ring.write(block[:, 0], now)
        if status.input_overflow:
            state.overflows += 1
        # The ring dates the block's first sample back by the block's length; what is left of
        # its age is the device's delay. Smoothed over some 20 blocks, as hosts jitter.
        age_s = timing.currentTime - timing.inputBufferAdcTime
        if timing.inputBufferAdcTime > 0 and 0 <= age_s <= PLAUSIBLE_LATENCY_S:
            delay_s = max(0.0, age_s - frames / rate)
            state.latency_s += (delay_s - state.latency_s) / (20 if self._is_measured else 1)
            self._is_measured = True
        state.arrived_at = now
