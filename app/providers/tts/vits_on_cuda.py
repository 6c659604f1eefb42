"""VITS on an NVIDIA GPU, through transformers and torch: the same steps as on the processor.

In single precision, window by window. What half precision or CUDA graphs would gain has not been
measured. Runs on torch's "cpu" device too, which is how the tests compare it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from app.core.ports import Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.vits_shape import DecoderReach, VitsShape
from app.providers.tts.vits_windows import Pace

if TYPE_CHECKING:
    from torch import Tensor

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
            from torch.nn.functional import leaky_relu
        except ImportError as exc:
            raise ProviderUnavailable(
                "A voice on the GPU needs PyTorch, which this copy of Parley does not have.",
                "Set its device to “auto” or “cpu” in the settings file.",
            ) from exc
        self._torch = torch
        self._leaky_relu = leaky_relu
        self.device = device
        shape = self._shape = VitsShape.read(folder)
        self._reach = DecoderReach(shape)
        self._pace = Pace(shape.frames_per_s)
        self._model = _load(transformers.VitsModel, folder, device)
        self._model.speaking_rate *= speed
        self._flow, self._decoder = self._model.flow, self._model.decoder
        # forward() then ends with what the flow would have been given, and the random
        # numbers are drawn in the order of a whole call
        del self._model.flow, self._model.decoder
        self._model.flow = lambda prior, *_, **__: prior
        self._model.decoder = lambda prior, *_, **__: prior

    @property
    def sample_rate(self) -> int:
        return self._shape.sampling_rate

    def speak(self, ids: NDArray[np.int64]) -> Iterator[Audio]:
        """The samples of one clause, given as token numbers, window by window.

        Inference mode is entered per window: it belongs to the thread and must not leak to the
        caller between two windows.

        Raises:
            ProviderBroke: torch failed: out of memory, a device that went away.
        """
        try:
            with self._torch.inference_mode():
                given = self._torch.from_numpy(ids)[None].to(self.device)
                prior = self._model(given).spectrogram
            latents = _Latents(prior, self._flow, self._shape.flow_reach)
            yield from self._pace.windows(prior.shape[-1], partial(self._decoded, latents))
        except RuntimeError as exc:
            raise ProviderBroke("The voice stopped in the middle.", "Ask again.") from exc

    def _decoded(self, latents: _Latents, start: int, stop: int) -> Audio:
        left = min(start, self._reach.frames)
        right = min(latents.frames - stop, self._reach.frames)
        with self._torch.inference_mode():
            samples = self._sound(latents.between(start - left, stop + right), left, right)
        heard: Audio = samples[0, 0].float().cpu().numpy()
        return heard

    def _sound(self, hidden: Tensor, left: int, right: int) -> Tensor:
        """The decoder, which drops on the way what no later layer will look at."""
        decoder, slope = self._decoder, self._shape.leaky_relu_slope
        cuts = iter(self._reach.cuts(hidden.shape[-1], left, right))

        def cut(hidden: Tensor) -> Tensor:
            start, stop = next(cuts)
            return hidden[..., start:stop]

        hidden = cut(decoder.conv_pre(hidden))
        for stage in range(len(self._shape.upsample_rates)):
            hidden = cut(decoder.upsampler[stage](self._leaky_relu(hidden, slope)))
            first = stage * decoder.num_kernels
            blocks = decoder.resblocks[first : first + decoder.num_kernels]
            hidden = cut(sum(block(hidden) for block in blocks) / decoder.num_kernels)
        return cut(self._torch.tanh(decoder.conv_post(self._leaky_relu(hidden))))


class _Latents:
    """What the decoder is given: the flow run on as far as it is needed."""

    def __init__(self, prior: Tensor, flow: Any, reach: int) -> None:
        self._prior = prior
        self._flow = flow
        self._reach = reach
        self._known = prior[..., :0]

    @property
    def frames(self) -> int:
        return int(self._prior.shape[-1])

    def between(self, start: int, stop: int) -> Tensor:
        """(1, channels, frames), from frame `start` to before `stop`."""
        import torch

        known = self._known.shape[-1]
        if stop > known:
            left = min(known, self._reach)
            right = min(self.frames - stop, self._reach)
            window = self._prior[..., known - left : stop + right]
            flowed = self._flow(window, torch.ones_like(window[:, :1]), None, reverse=True)
            flowed = flowed[..., left : left + stop - known]
            self._known = torch.cat([self._known, flowed], dim=-1)
        return self._known[..., start:stop]


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
            "Download it again, or choose another voice in the settings file.",
        )
    del model.posterior_encoder
    for module in model.flow.modules():
        # weight norm is for training too; left in, every window computes the weights anew
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")
    return model
