"""VITS on the processor, through onnxruntime: encoder, durations, flow, windows of sound.

Why not through torch there: torch prepares its convolutions anew for every length it has not
seen, 90 ms for the decoder, and lengths hardly ever repeat; and its threads wait by spinning,
which with another busy program on the computer makes a call 5 to 40 times slower. onnxruntime
does neither, and with one thread it takes 0.7 of the time (measured: 2 cores, MMS shape).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.vits_networks import decoder, durations, encoder, flow
from app.providers.tts.vits_shape import DecoderReach, VitsShape
from app.providers.tts.vits_weights import VitsWeights
from app.providers.tts.vits_windows import Pace

Noise = Callable[[tuple[int, ...]], NDArray[np.float32]]
"""Normally distributed numbers in the shape asked for."""


class CpuVits:
    """A loaded voice. Used by one thread."""

    device = "cpu"
    decoding = ""

    def __init__(
        self, folder: Path, speed: float, threads: int, noise: Noise | None = None
    ) -> None:
        """`threads` 0 leaves the number to onnxruntime; `noise` is drawn afresh by default.

        Raises:
            ProviderUnavailable: a file lacks something, or onnxruntime does not take it.
        """
        shape = self._shape = VitsShape.read(folder)
        self._reach = DecoderReach(shape)
        self._pace = Pace(shape.frames_per_s)
        self._rate = shape.speaking_rate * speed
        self._noise = noise or _fresh_noise()
        with VitsWeights(folder / vits_files.WEIGHTS) as weights:
            self._encoder, self._last_layer, self._durations, self._flow, self._decoder = (
                _Network(build(shape, weights), threads)
                for build in (
                    encoder.build,
                    encoder.build_last,
                    durations.build,
                    flow.build,
                    decoder.build,
                )
            )

    @property
    def sample_rate(self) -> int:
        return self._shape.sampling_rate

    def prepare(self, ids: NDArray[np.int64]) -> None:
        """Speak a text that nobody hears, so that the first that is heard finds everything
        allocated and the windows know how fast this computer is.

        Raises:
            ProviderBroke: as `speak`.
        """
        for _ in self.speak(ids):
            pass

    def speak(self, ids: NDArray[np.int64]) -> Iterator[Audio]:
        """The samples of one clause, given as token numbers, window by window.

        Raises:
            ProviderBroke: onnxruntime failed, out of memory for one.
        """
        tokens, shape = len(ids), self._shape
        (hidden,) = self._encoder(ids=ids, **encoder.neighbours(0, tokens, tokens, shape))
        noise = None
        if shape.use_stochastic_duration_prediction:
            noise = self._noise((tokens, 2)) * np.float32(shape.noise_scale_duration)
        prior = _Prior(self._readings(hidden, noise), self._rate, self._draw, shape.flow_size)
        latents = _Latents(prior, self._flow, shape.flow_reach)
        yield from self._pace.windows(prior.until, partial(self._decoded, latents))

    def _readings(
        self, hidden: NDArray[np.float32], noise: NDArray[np.float32] | None
    ) -> Iterator[_Reading]:
        """The tokens to their end, stretch by stretch.

        A token lasts a frame at least, so the first window needs no more of them than it and what
        is looked at around it have frames. A remainder is not left for later where most of it
        would be computed twice, as what lies around a stretch is.
        """
        tokens, start = len(hidden), 0
        stretch = self._pace.first + self._reach.frames + self._shape.flow_reach
        around = 2 * (self._shape.durations_reach + self._shape.feed_forward_reach)
        while start < tokens:
            stop = start + stretch if start + stretch + around < tokens else tokens
            yield self._read(hidden, noise, start, stop)
            start = stop

    def _read(
        self, hidden: NDArray[np.float32], noise: NDArray[np.float32] | None, start: int, stop: int
    ) -> _Reading:
        """The tokens from `start` to before `stop`, of what the encoder says of all."""
        tokens, reach = len(hidden), self._shape.durations_reach
        first, last = max(start - reach, 0), min(stop + reach, tokens)
        reach = self._shape.feed_forward_reach
        begin, end = max(first - reach, 0), min(last + reach, tokens)
        states, means, log_variances = self._last_layer(
            everywhere=hidden,
            here=hidden[begin:end],
            **encoder.neighbours(begin, end, tokens, self._shape),
        )
        given = {"hidden": states[first - begin : last - begin]}
        if noise is not None:
            given["noise"] = noise[first:last]
        (logarithms,) = self._durations(**given)
        here = slice(start - begin, stop - begin)
        return _Reading(
            means[here], log_variances[here], logarithms[start - first : stop - first, 0]
        )

    def _draw(self, frames: int) -> NDArray[np.float32]:
        """Noise for the latents of some more frames, (frames, channels)."""
        return self._noise((frames, self._shape.flow_size)) * np.float32(self._shape.noise_scale)

    def _decoded(self, latents: _Latents, start: int, stop: int) -> Audio:
        left = min(start, self._reach.frames)
        right = latents.until(stop + self._reach.frames) - stop
        window = latents.between(start - left, stop + right)
        cuts = np.asarray(self._reach.cuts(window.shape[3], left, right), np.int64)
        (samples,) = self._decoder(latents=window, cuts=cuts)
        heard: Audio = samples[0, 0, 0]
        return heard


class _Reading(NamedTuple):
    """What the encoder and the durations say of some tokens."""

    means: NDArray[np.float32]
    """(tokens, channels), as the next."""
    log_variances: NDArray[np.float32]
    log_frames: NDArray[np.float32]
    """(tokens), at the voice's own pace."""


class _Prior:
    """What the flow is given: read and drawn as far as it is needed, in the order of the clause."""

    def __init__(
        self,
        readings: Iterator[_Reading],
        rate: float,
        draw: Callable[[int], NDArray[np.float32]],
        channels: int,
    ) -> None:
        """`rate` is how much faster than its own pace the voice speaks."""
        self._readings = readings
        self._rate = rate
        self._draw = draw
        self._means = self._spreads = self._drawn = np.zeros((0, channels), np.float32)
        """Of each frame that is known, (frames, channels)."""

    def until(self, frame: int) -> int:
        """`frame`, or where the clause ends before it."""
        while len(self._means) < frame:
            reading = next(self._readings, None)
            if reading is None:
                return len(self._means)
            self._append(reading)
        return frame

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """(1, channels, 1, frames), from frame `start` to before `stop`; `until` knows both."""
        known = len(self._drawn)
        if stop > known:
            drawn = self._draw(stop - known)
            more = self._means[known:stop] + drawn * self._spreads[known:stop]
            self._drawn = np.concatenate([self._drawn, more])
        return np.ascontiguousarray(self._drawn[start:stop].T)[None, :, None]

    def _append(self, reading: _Reading) -> None:
        frames = np.ceil(np.exp(reading.log_frames) * np.float32(1 / self._rate)).astype(np.int64)
        means = np.repeat(reading.means, frames, axis=0)
        spreads = np.repeat(np.exp(reading.log_variances), frames, axis=0)
        self._means = np.concatenate([self._means, means])
        self._spreads = np.concatenate([self._spreads, spreads])


class _Latents:
    """What the decoder is given: the flow run on as far as it is needed."""

    def __init__(self, prior: _Prior, flow: _Network, reach: int) -> None:
        self._prior = prior
        self._flow = flow
        self._reach = reach
        self._known = prior.between(0, 0)

    def until(self, frame: int) -> int:
        """`frame`, or where the clause ends before it."""
        return self._prior.until(frame)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """(1, channels, 1, frames), from frame `start` to before `stop`."""
        known = self._known.shape[3]
        if stop > known:
            left = min(known, self._reach)
            right = self._prior.until(stop + self._reach) - stop
            (more,) = self._flow(prior=self._prior.between(known - left, stop + right))
            more = more[..., left : left + stop - known]
            self._known = np.concatenate([self._known, more], axis=3)
        return np.ascontiguousarray(self._known[..., start:stop])


class _Network:
    """One of the four, ready to run."""

    def __init__(self, model: bytes, threads: int) -> None:
        """
        Raises:
            ProviderUnavailable: onnxruntime is not here, or does not take the model.
        """
        try:
            import onnxruntime
        except ImportError as exc:
            raise ProviderUnavailable(
                "The library that speaks (onnxruntime) is not installed.", "Install Parley again."
            ) from exc
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # waiting for work without a pause takes the cores from those who have some
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            # it keeps what it was made from, 115 MB in all, for a change of providers
            self._session._model_bytes = None
        # onnxruntime's own errors share no base class but Exception; this is the border.
        except Exception as exc:
            raise ProviderUnavailable(
                "The voice cannot be prepared for this processor.",
                "Choose another voice in Parley's settings, under Models. The log has the details.",
            ) from exc

    def __call__(self, **given: NDArray[Any]) -> Sequence[NDArray[np.float32]]:
        """
        Raises:
            ProviderBroke: it failed.
        """
        try:
            results: Sequence[NDArray[np.float32]] = self._session.run(None, given)
        except Exception as exc:  # as above
            raise ProviderBroke("The voice stopped in the middle.", "Ask again.") from exc
        return results


def _fresh_noise() -> Noise:
    generator = np.random.default_rng()
    return lambda size: generator.standard_normal(size, np.float32)
