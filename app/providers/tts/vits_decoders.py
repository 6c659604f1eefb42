"""The decoder of a voice on torch: in single or half precision, call by call or recorded.

A window on a GPU is some 250 small operations, each asked for by the processor. Recorded once as a
CUDA graph, they are asked for all at once; a recording holds for one shape of window only.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from app.providers.tts.vits_shape import DecoderReach, VitsShape

if TYPE_CHECKING:
    from torch import Tensor, dtype

WARM_UPS = 3
"""Runs before a recording: cuDNN chooses its algorithms and every workspace is allocated, neither
of which may happen while it is made."""

Record = Callable[[Callable[[], "Tensor"]], tuple[Callable[[], None], "Tensor"]]
"""Records what a function asks of the GPU. Gives what plays it back, and where its result lies
afterwards. Raises RuntimeError."""

_recording = threading.Lock()
"""torch cannot make two recordings at a time, whichever threads they are made in."""


class Decoder(Protocol):
    """Used by one thread, in torch's inference mode."""

    @property
    def words(self) -> str:
        """For people: "half precision, CUDA graphs"."""

    def __call__(self, latents: Tensor, left: int, right: int) -> Tensor:
        """Samples in single precision, (1, 1, samples), of latents (1, channels, frames), of which
        so many to the `left` and `right` are surroundings."""


class CalledDecoder:
    """Runs the library's modules, and drops on the way what no later layer will look at."""

    def __init__(self, modules: Any, shape: VitsShape, precision: dtype) -> None:
        """
        Args:
            modules: of the library, in single precision; a copy is made for another.
        """
        import torch
        from torch.nn.functional import leaky_relu

        single = precision == torch.float32
        self.words = "single precision" if single else "half precision"
        self._modules = modules if single else copy.deepcopy(modules).to(precision)
        # a sample next to 1 has 11 bits in half precision, so the last layer stays as it was
        self._last = modules.conv_post
        self._precision = precision
        self._shape = shape
        self._reach = DecoderReach(shape)
        self._leaky_relu, self._tanh = leaky_relu, torch.tanh

    def __call__(self, latents: Tensor, left: int, right: int) -> Tensor:
        modules, slope = self._modules, self._shape.leaky_relu_slope
        cuts = iter(self._reach.cuts(latents.shape[-1], left, right))

        def cut(hidden: Tensor) -> Tensor:
            start, stop = next(cuts)
            return hidden[..., start:stop]

        hidden = cut(modules.conv_pre(latents.to(self._precision)))
        for stage in range(len(self._shape.upsample_rates)):
            hidden = cut(modules.upsampler[stage](self._leaky_relu(hidden, slope)))
            first = stage * modules.num_kernels
            blocks = modules.resblocks[first : first + modules.num_kernels]
            hidden = cut(sum(block(hidden) for block in blocks) / modules.num_kernels)
        return cut(self._tanh(self._last(self._leaky_relu(hidden.float()))))


class Window(NamedTuple):
    """The shape of one, in latent frames."""

    frames: int
    """With its surroundings."""
    left: int
    right: int


def windows_of(sizes: Sequence[int], reach: int) -> list[Window]:
    """The shapes that windows of these sizes have in a clause that begins with the first of them:
    that beginning, and each size in the middle. What comes so close to the end that it has less
    to its right is none of them: its layers must see where the clause ends."""
    beginning = Window(sizes[0] + reach, 0, reach)
    return [beginning, *(Window(reach + size + reach, reach, reach) for size in sizes)]


class RecordedDecoder:
    """Plays back recordings of another decoder, and calls it for windows of other shapes."""

    def __init__(self, decoder: Decoder, windows: Sequence[Window], record: Record, like: Tensor):
        """
        Args:
            like: some latents; what is decoded has their channels, kind and device.

        Raises:
            RuntimeError: it cannot be recorded.
        """
        self.words = f"{decoder.words}, CUDA graphs"
        self._decoder = decoder
        self._recordings: dict[Window, tuple[Tensor, Callable[[], None], Tensor]] = {}
        for window in windows:
            # a recording reads and writes where it did when it was made
            given = like.new_zeros((*like.shape[:-1], window.frames))
            play, result = record(partial(decoder, given, window.left, window.right))
            self._recordings[window] = given, play, result

    def __call__(self, latents: Tensor, left: int, right: int) -> Tensor:
        recording = self._recordings.get(Window(latents.shape[-1], left, right))
        if recording is None:
            return self._decoder(latents, left, right)
        given, play, result = recording
        given.copy_(latents)
        play()
        return result.clone()  # the next recording that is played writes there too


class GraphRecorder:
    """Records CUDA graphs, which share their memory: no two may run at once, and a result is gone
    when another runs. Used by one thread at a time."""

    def __init__(self) -> None:
        import torch

        self._cuda = torch.cuda
        self._stream = torch.cuda.Stream()
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        with _recording:
            return self._recorded(run)

    def _recorded(self, run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        cuda, stream, graph = self._cuda, self._stream, self._cuda.CUDAGraph()
        # nothing can be recorded on the stream that everything runs on
        current = cuda.current_stream()
        stream.wait_stream(current)
        # after a recording that failed torch would stay on its stream; this takes it back
        with cuda.stream(stream):
            for _ in range(WARM_UPS):
                run()
            # By default whoever allocates memory meanwhile, in whatever thread, fails and spoils
            # the recording: Whisper may be at work on the same GPU.
            with cuda.graph(
                graph, pool=self._pool, stream=stream, capture_error_mode="thread_local"
            ):
                result = run()
        current.wait_stream(stream)
        return graph.replay, result
