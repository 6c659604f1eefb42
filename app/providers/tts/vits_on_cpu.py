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
from typing import Any

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
            self._encoder, self._durations, self._flow, self._decoder = (
                _Network(network.build(shape, weights), threads)
                for network in (encoder, durations, flow, decoder)
            )

    @property
    def sample_rate(self) -> int:
        return self._shape.sampling_rate

    def speak(self, ids: NDArray[np.int64]) -> Iterator[Audio]:
        """The samples of one clause, given as token numbers, window by window.

        Raises:
            ProviderBroke: onnxruntime failed, out of memory for one.
        """
        hidden, means, log_variances = self._encoder(
            ids=ids, **encoder.neighbours(len(ids), self._shape)
        )
        prior = _Prior(means, log_variances, self._frames_per_token(hidden), self._draw)
        latents = _Latents(prior, self._flow, self._shape.flow_reach)
        yield from self._pace.windows(prior.frames, partial(self._decoded, latents))

    def _frames_per_token(self, hidden: NDArray[np.float32]) -> NDArray[np.int64]:
        given = {"hidden": hidden}
        if self._shape.use_stochastic_duration_prediction:
            noise = self._noise((len(hidden), 2))
            given["noise"] = noise * np.float32(self._shape.noise_scale_duration)
        (logarithms,) = self._durations(**given)
        frames: NDArray[np.int64] = np.ceil(
            np.exp(logarithms[:, 0]) * np.float32(1 / self._rate)
        ).astype(np.int64)
        return frames

    def _draw(self, frames: int) -> NDArray[np.float32]:
        """Noise for the latents of some more frames, (frames, channels)."""
        return self._noise((frames, self._shape.flow_size)) * np.float32(self._shape.noise_scale)

    def _decoded(self, latents: _Latents, start: int, stop: int) -> Audio:
        left = min(start, self._reach.frames)
        right = min(latents.frames - stop, self._reach.frames)
        window = latents.between(start - left, stop + right)
        cuts = np.asarray(self._reach.cuts(window.shape[3], left, right), np.int64)
        (samples,) = self._decoder(latents=window, cuts=cuts)
        heard: Audio = samples[0, 0, 0]
        return heard


class _Prior:
    """What the flow is given, drawn as far as it is needed: in the order of the clause."""

    def __init__(
        self,
        means: NDArray[np.float32],
        log_variances: NDArray[np.float32],
        frames_per_token: NDArray[np.int64],
        draw: Callable[[int], NDArray[np.float32]],
    ) -> None:
        self._means = means
        self._spreads = np.exp(log_variances)
        self._token_of_frame = np.repeat(np.arange(len(means)), frames_per_token)
        self._draw = draw
        self._drawn = np.zeros((0, means.shape[1]), np.float32)

    @property
    def frames(self) -> int:
        return len(self._token_of_frame)

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """(1, channels, 1, frames), from frame `start` to before `stop`."""
        known = len(self._drawn)
        if stop > known:
            tokens = self._token_of_frame[known:stop]
            more = self._means[tokens] + self._draw(stop - known) * self._spreads[tokens]
            self._drawn = np.concatenate([self._drawn, more])
        return np.ascontiguousarray(self._drawn[start:stop].T)[None, :, None]


class _Latents:
    """What the decoder is given: the flow run on as far as it is needed."""

    def __init__(self, prior: _Prior, flow: _Network, reach: int) -> None:
        self._prior = prior
        self._flow = flow
        self._reach = reach
        self._known = prior.between(0, 0)

    @property
    def frames(self) -> int:
        return self._prior.frames

    def between(self, start: int, stop: int) -> NDArray[np.float32]:
        """(1, channels, 1, frames), from frame `start` to before `stop`."""
        known = self._known.shape[3]
        if stop > known:
            left = min(known, self._reach)
            right = min(self.frames - stop, self._reach)
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
                "Choose another voice in the settings file; the details are in the log.",
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
