"""The loudspeaker's device: an open stream that empties a queue, and the way into the queue."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np

from app.audio.format import StreamResampler
from app.audio.host.devices import Device
from app.audio.host.playback import PlaybackQueue
from app.audio.host.portaudio import OpenStream, open_stream
from app.audio.shared import Flushes, OutputState, Progress
from app.core.ports import Audio
from app.errors import AudioError

USUAL_RATE = 48_000
"""The queue's rate while no device has been open yet."""

PLAUSIBLE_LATENCY_S = 2.0
"""Hosts that report more than this, or nothing, have no clock worth using."""

SILENT_STEP_FRAMES = 4_800
"""How much is discarded at a time while there is no device."""


class SpeakerDevice:
    """What is played on a sound device. The object stays the same when the device changes.

    Without a device, audio is discarded at the pace it would have been heard, so that a turn
    ends when it would have; a device that comes back in the middle goes on from there. After a
    device that opened and did not play (a suspended one asks for one buffer and no more), the
    next one gets no audio before it has proved itself: discarding goes on until `admit`.

    Threads: `open` to `label` belong to the one that calls PortAudio, the rest to the one that
    brings audio. PortAudio's own touches the queue only.
    """

    def __init__(self, state: OutputState | None = None, flushes: Flushes | None = None) -> None:
        """
        Args:
            state: where others see how it is.
            flushes: where they count what they flush.
        """
        self._state = state or OutputState()
        self._device: Device | None = None
        self._stream: OpenStream | None = None
        """None while there is no device, and while it rests."""
        self._queue = PlaybackQueue(USUAL_RATE, flushes)
        self._output = _Output(self._queue, self._state)
        self._resampler: StreamResampler | None = None
        self._generation = 0
        # Keeps the player from the queue while the sound thread changes who empties it. Never
        # taken by PortAudio's thread or by `flush`, and never held while a device is opened.
        self._changing = threading.Lock()
        self._discarded_until: float | None = time.perf_counter()
        """perf_counter up to which audio was discarded; None while a device plays."""
        self._distrusts = False
        """Whether the last device opened and did not play."""

    # --- the thread that calls PortAudio ----------------------------------------------------

    def open(self, device: Device) -> None:
        """Play on this device, closing the one before.

        Raises:
            AudioError: it cannot be opened; there is no loudspeaker now.
        """
        self.close()
        output = _Output(self._queue, self._state)
        stream = open_stream("output", device, output.on_request)
        self._state.latency_s = stream.latency_s
        self._state.asked_at = 0
        self._state.opened_at = time.perf_counter()
        self._output = output
        self._device = device
        self._state.has_device = 1
        if not self._distrusts:
            self._hand_over(stream, output)
        try:
            stream.start()
        except AudioError:
            self.close()
            raise
        self._stream = stream
        self._state.is_open = 1

    def admit(self) -> None:
        """Give the audio to a device that was not trusted with it and has proved itself."""
        stream, output = self._stream, self._output
        if stream is not None and self._state.is_proven and not output.is_admitted:
            self._distrusts = False
            self._hand_over(stream, output)

    def _hand_over(self, stream: OpenStream, output: _Output) -> None:
        """From now on `output` empties the queue, not the clock."""
        with self._changing:
            self._discard()
            self._queue.change_rate(stream.rate)
            self._discarded_until = None
        output.is_admitted = True

    def rest(self) -> None:
        """Let go of the device while there is nothing to say, without giving it up: an open
        stream wakes the processor 100 times a second, 3 % of a core, to play silence."""
        if self._stream is not None:
            self._close_stream()

    def wake(self) -> None:
        """Play again after `rest`; takes about 10 ms.

        Raises:
            AudioError: the device has gone meanwhile; there is no loudspeaker now.
        """
        if self._device is not None and self._stream is None:
            self.open(self._device)

    @property
    def wanted(self) -> bool:
        """Whether something waits to be heard."""
        return self._queue.queued_frames > 0

    def close(self) -> None:
        """Let the device go. What waits is discarded in its time, or goes to the next device."""
        self._device = None
        self._state.has_device = 0
        if self._stream is not None:
            self._distrusts = self.unproven and not self._state.asks
        self._close_stream()
        with self._changing:
            if self._discarded_until is None:
                self._discarded_until = time.perf_counter()

    def _close_stream(self) -> None:
        stream, self._stream = self._stream, None
        self._state.is_open = 0
        if stream is not None:
            stream.close()

    @property
    def running(self) -> bool:
        """Whether the device is there and plays, or rests; asks PortAudio."""
        stream = self._stream
        if stream is None:
            return self._device is not None
        return stream.running and self._state.asks

    @property
    def unproven(self) -> bool:
        """Whether the device is open and has not gone on asking for audio so far."""
        return self._stream is not None and not self._state.is_proven

    @property
    def label(self) -> str:
        """What the user calls it; empty when there is none."""
        return self._device.label if self._device is not None else ""

    # --- the thread that brings audio -------------------------------------------------------

    def play(self, audio: Audio, sample_rate: int, generation: int) -> None:
        """Queue audio behind what is queued.

        Args:
            generation: the number of flushes that came before; what a later one overtook is
                dropped.
        """
        with self._changing:
            if generation != self._generation:
                # what the resampler still held belongs to what was flushed
                self._generation, self._resampler = generation, None
            self._discard()
            resampler = self._resampler
            wanted = (sample_rate, self._queue.rate)
            if resampler is None or (resampler.in_rate, resampler.out_rate) != wanted:
                self._let_out_rest()
                self._resampler = resampler = StreamResampler(*wanted)
            samples = resampler.feed(np.asarray(audio, dtype=np.float32))
            self._queue.push(samples, generation)

    def end(self) -> None:
        """No more audio follows for now: let out what the resampler still holds."""
        with self._changing:
            self._let_out_rest()
            self._queue.end()

    def _let_out_rest(self) -> None:
        resampler, self._resampler = self._resampler, None
        if resampler is None or self._generation != self._queue.generation:
            return
        rest = resampler.drain()
        if resampler.out_rate == self._queue.rate:
            self._queue.push(rest, self._generation)
        # else: the device changed; 20 ms at the seam are lost with it

    def progress(self, done: int = 0) -> Progress:
        """How far it is.

        Args:
            done: passed on.
        """
        with self._changing:
            self._discard()
            queue = self._queue
            # First what waits: what is played between two lines is then told as played, and as
            # waiting once more, never the other way round.
            flushes, queued_s = queue.generation, queue.queued_s
            return Progress(
                done=done,
                flushes=flushes,
                played_s=queue.played_s,
                queued_s=queued_s,
                first_sample_at=queue.first_sample_at,
                underruns=queue.underruns + int(self._state.underflows),
            )

    def _discard(self) -> None:
        """While there is no device: drop what would have been heard by now. Lock held."""
        since = self._discarded_until
        if since is None:
            return
        now = time.perf_counter()
        rate = self._queue.rate
        due = int((now - since) * rate)
        if not self._queue.queued_frames:
            # one look for the first frame of whatever comes next, not hours of silence
            due = min(due, 1)
            self._discarded_until = now
        else:
            self._discarded_until = since + due / rate
        while due > 0:
            step = np.empty(min(due, SILENT_STEP_FRAMES), dtype=np.float32)
            self._queue.fill(step, now - due / rate)
            due -= len(step)


class _Output:
    """What one open stream asks for. Runs in PortAudio's thread.

    Attributes:
        is_admitted: whether it gets what waits in the queue; silence until then.
    """

    def __init__(self, queue: PlaybackQueue, state: OutputState) -> None:
        self.is_admitted = False
        self._queue = queue
        self._state = state

    def on_request(self, out: Any, _frames: int, timing: Any, status: Any) -> None:
        """PortAudio's callback: copy, date, return."""
        now = time.perf_counter()
        state = self._state
        state.asked_at = now
        if not self.is_admitted:  # the clock empties the queue
            out[:] = 0.0
            return
        ahead_s = timing.outputBufferDacTime - timing.currentTime
        if not (timing.outputBufferDacTime > 0 and 0 < ahead_s <= PLAUSIBLE_LATENCY_S):
            ahead_s = state.latency_s
        # smoothed over some 20 blocks, as hosts jitter
        state.latency_s += (ahead_s - state.latency_s) / 20
        state.underflows += bool(status.output_underflow) and self._queue.queued_frames > 0
        self._queue.fill(out[:, 0], now + ahead_s)
        out[:, 1:] = out[:, :1]
