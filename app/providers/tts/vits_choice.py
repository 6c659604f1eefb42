"""Which decoder a GPU gets: the fastest of those that nobody can tell from single precision.

Decided when a voice is loaded, by trying: what half precision and CUDA graphs gain, and whether
they work at all, depends on the GPU, its driver and the voice's own weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from app.providers.tts.vits_decoders import Decoder, Record, RecordedDecoder, Window

if TYPE_CHECKING:
    from torch import Tensor

LEAST_SNR_DB = 45.0
"""How far below the speech that which another precision adds must stay. The telephone's coding
(ITU-T G.711) adds its noise about 38 dB below and is taken for good speech. Measured on random
weights: float16 51 dB in the MMS shape and 48 to 61 in others, bfloat16 31 to 43."""

EXACT = 1e-4
"""Largest difference between a sample of a recording and of what was recorded, in single
precision. In half precision another algorithm may round otherwise, and the bound above holds."""

TINY = 1e-20
"""The square of a sample that is nothing."""

RUNS = 9
"""Of the first window, whose median is how fast a decoder is."""

Stopwatch = Callable[[Callable[[], object]], float]
"""Seconds that a run takes."""


@dataclass(frozen=True)
class Choice:
    """The decoder to use, and why."""

    decoder: Decoder
    first_window_ms: Mapping[str, float]
    """By the decoders' words, of all that could be used."""
    refused: Sequence[str]
    """Why the others could not, in words."""

    @property
    def words(self) -> str:
        """ "half precision, CUDA graphs (first window 1.1 ms; single precision 4.0 ms)"."""
        mine = self.decoder.words
        figures = dict(self.first_window_ms)
        notes = [f"first window {figures.pop(mine):.1f} ms"]
        notes += [f"{name} {spent_ms:.1f} ms" for name, spent_ms in figures.items()]
        return f"{mine} ({'; '.join([*notes, *self.refused])})"


def median_of_runs(run: Callable[[], object]) -> float:
    """Seconds until the samples are in the computer's memory."""
    spent = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        spent.append(time.perf_counter() - began)
    return median(spent)


def choose(
    single: Decoder,
    make_half: Callable[[], Decoder],
    windows: Sequence[Window],
    latents: Tensor,
    record: Record | None,
    stopwatch: Stopwatch = median_of_runs,
) -> Choice:
    """In inference mode, on the voice's device.

    Args:
        single: the decoder that the others are compared with.
        make_half: the same in half precision. May raise RuntimeError.
        windows: those to be recorded; the first is the one that is waited for.
        latents: of some text, (1, channels, frames).
        record: None where nothing can be recorded.

    Raises:
        RuntimeError: not even `single` works.
    """
    trials = _Trials(single, windows, latents)
    half = trials.admit("half precision", make_half, _audible)
    if record is not None:
        for decoder, told_apart in ((single, _inexact), (half, _audible)):
            if decoder is not None:
                recording = partial(RecordedDecoder, decoder, windows, record, latents)
                trials.admit(f"{decoder.words}, CUDA graphs", recording, told_apart)
    spent = [stopwatch(partial(trials.first, decoder)) for decoder in trials.admitted]
    fastest = trials.admitted[spent.index(min(spent))]
    words = [decoder.words for decoder in trials.admitted]
    figures = {word: seconds * 1000 for word, seconds in zip(words, spent, strict=True)}
    return Choice(fastest, figures, trials.refused)


class _Trials:
    """Windows that every decoder has to make as the one in single precision does."""

    def __init__(self, single: Decoder, windows: Sequence[Window], latents: Tensor) -> None:
        self.admitted = [single]
        self.refused: list[str] = []
        # each shape twice with other latents: a recording must not remember the first
        self._given = [
            (_stretch(latents, begin, window.frames), window.left, window.right)
            for begin in (0, 1)
            for window in windows
        ]
        self._expected = [single(*given).cpu() for given in self._given]

    def first(self, decoder: Decoder) -> Tensor:
        """The samples of the first window, in the computer's memory."""
        return decoder(*self._given[0]).cpu()

    def admit(
        self, name: str, make: Callable[[], Decoder], told_apart: Callable[[Tensor, Tensor], str]
    ) -> Decoder | None:
        """The decoder, or None when it does not work or can be told apart."""
        try:
            decoder = make()
            made = [decoder(*given).cpu() for given in self._given]
        except RuntimeError as exc:
            self.refused.append(f"{name} failed: {str(exc).partition(chr(10))[0]}")
            return None
        for samples, expected in zip(made, self._expected, strict=True):
            if difference := told_apart(samples, expected):
                self.refused.append(f"{name} refused: {difference}")
                return None
        self.admitted.append(decoder)
        return decoder


def _stretch(latents: Tensor, begin: int, frames: int) -> Tensor:
    """So many frames, over and over again where there are fewer."""
    times = -(-(begin + frames) // latents.shape[-1])
    return latents.repeat(1, 1, times)[..., begin : begin + frames]


def _audible(samples: Tensor, expected: Tensor) -> str:
    """What could be heard, in words; empty when it could not."""
    error, speech = (samples - expected).square().mean().item(), expected.square().mean().item()
    if not math.isfinite(error):
        return "it makes numbers that are none"
    snr_db = 10 * math.log10(max(speech, TINY) / max(error, TINY))
    return "" if snr_db >= LEAST_SNR_DB else f"its error is only {snr_db:.0f} dB below the speech"


def _inexact(samples: Tensor, expected: Tensor) -> str:
    """How it differs, in words; empty when it does not."""
    difference = (samples - expected).abs().max().item()
    return "" if difference <= EXACT else f"a sample differs by {difference:.1g}"
