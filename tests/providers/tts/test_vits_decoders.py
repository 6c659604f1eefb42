"""The decoder on torch in both precisions, and recordings of it: on the processor played back by
doing it again, on a GPU as CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from app.providers.tts import vits_on_cuda
from app.providers.tts.vits_choice import LEAST_SNR_DB
from app.providers.tts.vits_decoders import (
    CalledDecoder,
    GraphRecorder,
    RecordedDecoder,
    Window,
    windows_of,
)
from app.providers.tts.vits_shape import DecoderReach, VitsShape
from tests.support.tiny_vits import make_tiny_vits

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = 90
START, STOP = 20, 33


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def shape(tmp_path_factory: pytest.TempPathFactory) -> tuple[VitsShape, Any]:
    """Of a voice, with the library's decoder."""
    from transformers import VitsModel

    folder = make_tiny_vits(tmp_path_factory.mktemp("voice"))
    return VitsShape.read(folder), VitsModel.from_pretrained(folder).eval().decoder


@pytest.fixture
def latents(shape: tuple[VitsShape, Any]) -> Tensor:
    import torch

    return torch.randn(1, shape[0].flow_size, FRAMES, generator=torch.manual_seed(0))


class Again:
    """Records a function by keeping it: playing it back is doing it again, to where the result
    of the first time lies."""

    def __init__(self) -> None:
        self.plays = 0

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        result = run().clone()

        def play() -> None:
            self.plays += 1
            result.copy_(run())

        return play, result


def window(decoder: Any, latents: Tensor, start: int, stop: int, reach: int) -> Tensor:
    left, right = min(start, reach), min(latents.shape[-1] - stop, reach)
    made: Tensor = decoder(latents[..., start - left : stop + right], left, right)
    return made


def snr_db(samples: Tensor, expected: Tensor) -> float:
    ratio = expected.square().mean() / (samples - expected).square().mean()
    return float(10 * ratio.log10())


def test_half_precision_cannot_be_heard(shape: tuple[VitsShape, Any], latents: Tensor) -> None:
    import torch

    half = CalledDecoder(shape[1], shape[0], torch.float16)
    made = half(latents, 0, 0)
    assert made.dtype == torch.float32
    assert half.words == "half precision"
    assert LEAST_SNR_DB < snr_db(made, shape[1](latents)) < 80, "it was not half precision"


@pytest.mark.parametrize("precision", ["float32", "float16"])
@pytest.mark.parametrize(("start", "stop"), [(0, 13), (START, STOP), (FRAMES - 9, FRAMES)])
def test_a_window_is_a_part_of_the_whole_in_the_same_precision(
    shape: tuple[VitsShape, Any], latents: Tensor, precision: str, start: int, stop: int
) -> None:
    import torch

    decoder = CalledDecoder(shape[1], shape[0], getattr(torch, precision))
    hop = shape[0].samples_per_frame
    made = window(decoder, latents, start, stop, DecoderReach(shape[0]).frames)
    whole = decoder(latents, 0, 0)[..., start * hop : stop * hop]
    assert made.shape == whole.shape
    assert (made - whole).abs().max() <= 1e-4


def test_half_precision_leaves_the_single_one_as_it_was(
    shape: tuple[VitsShape, Any], latents: Tensor
) -> None:
    import torch

    before = shape[1](latents)
    CalledDecoder(shape[1], shape[0], torch.float16)(latents, 0, 0)
    assert torch.equal(shape[1](latents), before)


def test_a_clause_begins_once_and_goes_on_in_each_size() -> None:
    assert windows_of([16, 32], reach=13) == [(29, 0, 13), (42, 13, 13), (58, 13, 13)]


def test_what_was_recorded_is_played_back_and_other_windows_are_called(
    shape: tuple[VitsShape, Any], latents: Tensor
) -> None:
    import torch

    reach, record = DecoderReach(shape[0]).frames, Again()
    called = CalledDecoder(shape[1], shape[0], torch.float32)
    recorded = RecordedDecoder(called, windows_of([13], reach), record, latents)
    assert recorded.words == "single precision, CUDA graphs"
    made = []
    for start, stop, plays in ((0, 13, 1), (START, STOP, 2), (START, STOP + 1, 2), (80, 90, 2)):
        made.append(window(recorded, latents, start, stop, reach))
        assert torch.equal(made[-1], window(called, latents, start, stop, reach))
        assert record.plays == plays
    first = made[1].clone()
    window(recorded, latents.flip(-1), START, STOP, reach)
    assert torch.equal(made[1], first), "a window that was handed out was written over"


@pytest.mark.skipif(not vits_on_cuda.is_here(), reason="no CUDA here")
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_cuda_graph_makes_what_it_recorded(
    shape: tuple[VitsShape, Any], latents: Tensor, precision: str
) -> None:
    import copy

    import torch

    latents = latents.cuda()
    called = CalledDecoder(copy.deepcopy(shape[1]).cuda(), shape[0], getattr(torch, precision))
    stream = torch.cuda.current_stream()
    recorded = RecordedDecoder(called, [Window(39, 13, 13)], GraphRecorder(), latents)
    assert torch.cuda.current_stream() == stream
    for start in (START, START + 7):
        made, expected = (
            window(each, latents, start, start + 13, 13) for each in (recorded, called)
        )
        assert (made - expected).abs().max() <= (1e-4 if precision == "float32" else 2e-2)


@pytest.mark.skipif(not vits_on_cuda.is_here(), reason="no CUDA here")
def test_a_recording_that_fails_leaves_the_gpu_usable() -> None:
    import torch

    stream = torch.cuda.current_stream()
    with pytest.raises(RuntimeError):  # a value that the processor waits for
        GraphRecorder()(lambda: torch.ones(1, device="cuda") * torch.ones(1, device="cuda").item())
    assert torch.cuda.current_stream() == stream
    assert torch.ones(2, device="cuda").sum().item() == 2
