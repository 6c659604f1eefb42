"""VITS on an NVIDIA GPU, through transformers and torch: the same steps as on the processor.

Encoder, durations and flow run in single precision. For the decoder, which is most of the work,
`vits_choice` tries half precision and CUDA graphs when the voice is loaded. Runs on torch's "cpu"
device too, which is how the tests compare it.
"""

from __future__ import annotations

import ctypes
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.vits_choice import choose
from app.providers.tts.vits_decoders import (
    CalledDecoder,
    Decoder,
    GraphRecorder,
    Record,
    RecordedDecoder,
    windows_of,
)
from app.providers.tts.vits_shape import DecoderReach, VitsShape
from app.providers.tts.vits_windows import Pace, doubling

if TYPE_CHECKING:
    from torch import Tensor

log = logging.getLogger(__name__)

_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"


def is_here() -> bool:
    """Whether torch can use a GPU. Imports it, which takes seconds, only where there may be one."""
    try:
        ctypes.CDLL(_DRIVER)
        import torch
    except (OSError, ImportError):
        return False
    return bool(torch.cuda.is_available())


class CudaVits:
    """A loaded voice. Used by one thread."""

    def __init__(self, folder: Path, speed: float, device: str = "cuda") -> None:
        """
        Raises:
            ProviderUnavailable: a library, the GPU or a weight is missing.
        """
        try:
            import torch
            import transformers
        except ImportError as exc:
            raise ProviderUnavailable(
                "A voice on the GPU needs PyTorch, which this copy of Parley does not have.",
                "Set its device to “auto” or “cpu” in the settings file.",
            ) from exc
        self._torch = torch
        self.device = device
        shape = self._shape = VitsShape.read(folder)
        self._reach = DecoderReach(shape)
        self._pace = Pace(shape.frames_per_s)
        self._model = _load(transformers.VitsModel, folder, device)
        self._model.speaking_rate *= speed
        self._flow, self._modules = self._model.flow, self._model.decoder
        self._decoder: Decoder = CalledDecoder(self._modules, shape, torch.float32)
        self._record: Record | None = GraphRecorder() if device == "cuda" else None
        self.decoding = self._decoder.words
        """How the decoder runs, for people."""
        # forward() then ends with what the flow would have been given, and the random
        # numbers are drawn in the order of a whole call
        del self._model.flow, self._model.decoder
        self._model.flow = lambda prior, *_, **__: prior
        self._model.decoder = lambda prior, *_, **__: prior

    @property
    def sample_rate(self) -> int:
        return self._shape.sampling_rate

    def prepare(self, ids: NDArray[np.int64]) -> None:
        """Choose how to decode, with a text that nobody hears, and speak it.

        Raises:
            ProviderBroke: as `speak`.
        """
        shape = self._shape
        sizes = doubling(self._reach.frames, shape.frames_per_s)
        try:
            with self._exactly():
                latents = self._latents(ids)
                choice = choose(
                    self._decoder,
                    partial(CalledDecoder, self._modules, shape, self._torch.float16),
                    windows_of(sizes, self._reach.frames),
                    latents.between(0, latents.until(2 * sizes[-1])),
                    self._record,
                )
        except RuntimeError as exc:
            raise _broke() from exc
        self._decoder, self.decoding = choice.decoder, choice.words
        if isinstance(self._decoder, RecordedDecoder):
            self._pace = Pace(shape.frames_per_s, sizes=sizes)
        log.info("the voice decodes on %s in %s", self.device, choice.words)
        for _ in self.speak(ids):
            pass

    def speak(self, ids: NDArray[np.int64]) -> Iterator[Audio]:
        """The samples of one clause, given as token numbers, window by window.

        Inference mode is entered per window: it belongs to the thread and must not leak to the
        caller between two windows. In single precision the windows joined are the samples of a
        whole call; in half precision each is rounded by itself.

        Raises:
            ProviderBroke: torch failed: out of memory, a device that went away.
        """
        try:
            with self._exactly():
                latents = self._latents(ids)
            yield from self._pace.windows(latents.until, partial(self._decoded, latents))
        except RuntimeError as exc:
            raise _broke() from exc

    @contextmanager
    def _exactly(self) -> Iterator[None]:
        """Inference in single precision."""
        with _exact_convolutions(), self._torch.inference_mode():
            yield

    def _latents(self, ids: NDArray[np.int64]) -> _Latents:
        given = self._torch.from_numpy(ids)[None].to(self.device)
        prior = self._model(given).spectrogram
        return _Latents(prior, self._flow, self._shape.flow_reach)

    def _decoded(self, latents: _Latents, start: int, stop: int) -> Audio:
        left = min(start, self._reach.frames)
        right = latents.until(stop + self._reach.frames) - stop
        with self._exactly():
            samples = self._decoder(latents.between(start - left, stop + right), left, right)
            heard: Audio = samples[0, 0].cpu().numpy()
        return heard


class _Latents:
    """What the decoder is given: the flow run on as far as it is needed."""

    def __init__(self, prior: Tensor, flow: Any, reach: int) -> None:
        self._prior = prior
        self._flow = flow
        self._reach = reach
        self._known = prior[..., :0]

    def until(self, frame: int) -> int:
        """`frame`, or where the clause ends before it."""
        return min(frame, int(self._prior.shape[-1]))

    def between(self, start: int, stop: int) -> Tensor:
        """(1, channels, frames), from frame `start` to before `stop`."""
        import torch

        known = self._known.shape[-1]
        if stop > known:
            left = min(known, self._reach)
            right = self.until(stop + self._reach) - stop
            window = self._prior[..., known - left : stop + right]
            flowed = self._flow(window, torch.ones_like(window[:, :1]), None, reverse=True)
            flowed = flowed[..., left : left + stop - known]
            self._known = torch.cat([self._known, flowed], dim=-1)
        return self._known[..., start:stop]


class _ExactConvolutions:
    """Makes float32 what it says: torch rounds it to 11 bits in convolutions, unless it is told
    not to. That holds for the whole process, so it is put back when nobody needs it any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before = ""

    @contextmanager
    def __call__(self) -> Iterator[None]:
        import torch

        convolutions: Any = torch.backends.cudnn.conv
        with self._lock:
            if not self._users:
                self._before = convolutions.fp32_precision
                convolutions.fp32_precision = "ieee"
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    convolutions.fp32_precision = self._before


_exact_convolutions = _ExactConvolutions()


def _broke() -> ProviderBroke:
    return ProviderBroke("The voice stopped in the middle.", "Ask again.")


def _load(kind: Any, folder: Path, device: str) -> Any:
    """The library's model, on its device, without what only training needs."""
    from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

    try:
        model, found = kind.from_pretrained(folder, local_files_only=True, output_loading_info=True)
        model = model.to(device).eval()
    except (OSError, RuntimeError, ValueError, KeyError, TypeError, AssertionError) as exc:
        # torch without CUDA refuses the device with an AssertionError
        raise ProviderUnavailable(
            f"The voice in {folder} cannot be loaded on {device}.",
            "Set its device to “cpu” in the settings file, or download the voice again.",
        ) from exc
    # transformers fills missing weights with noise and only warns
    missing = [name for name in found["missing_keys"] if "posterior_encoder" not in name]
    if missing:
        raise ProviderUnavailable(
            f"The voice file {folder / vits_files.WEIGHTS} lacks {missing[0]}.",
            "Download it again, or choose another voice in Parley's settings, under Models.",
        )
    del model.posterior_encoder
    for module in model.flow.modules():
        # weight norm is for training too; left in, every window computes the weights anew
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")
    return model
