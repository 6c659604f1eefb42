"""Which decoder is chosen, and why not the others: with the real decoder of a small voice."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.providers.tts.vits_choice import Choice, choose, median_of_runs
from app.providers.tts.vits_decoders import CalledDecoder, Decoder, Record, windows_of
from app.providers.tts.vits_shape import VitsShape
from tests.providers.tts.test_vits_decoders import Again
from tests.support.tiny_vits import make_tiny_vits

if TYPE_CHECKING:
    from torch import Tensor

SINGLE, HALF = "single precision", "half precision"
GRAPHS = ", CUDA graphs"


@pytest.fixture(autouse=True)
def inference() -> Iterator[None]:
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("voice"))


class Voice:
    """Its decoder in any precision, and something for it to say."""

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import VitsModel

        self.shape = VitsShape.read(folder)
        self.modules: Any = VitsModel.from_pretrained(folder).eval().decoder
        # fewer than a window has
        self.latents = torch.randn(1, self.shape.flow_size, 20, generator=torch.manual_seed(0))

    def decoder(self, precision: str) -> Decoder:
        import torch

        return CalledDecoder(self.modules, self.shape, getattr(torch, precision))

    def choose(
        self,
        seconds: list[float],
        record: Record | None = None,
        half: Callable[[], Decoder] | None = None,
    ) -> Choice:
        """`seconds` that the decoders take which can be used, in the order of their trial."""
        spent = iter(seconds)

        def stopwatch(run: Callable[[], object]) -> float:
            run()
            return next(spent)

        choice = choose(
            self.decoder("float32"),
            half or (lambda: self.decoder("float16")),
            windows_of([13, 26], 13),
            self.latents,
            record,
            stopwatch,
        )
        assert next(spent, None) is None, "fewer could be used than expected"
        return choice


@pytest.fixture
def voice(folder: Path) -> Voice:
    return Voice(folder)


@pytest.mark.parametrize(
    ("seconds", "fastest"),
    [
        ([1, 2, 3, 4], SINGLE),
        ([2, 1, 3, 4], HALF),
        ([4, 3, 1, 2], SINGLE + GRAPHS),
        ([4, 3, 2, 1], HALF + GRAPHS),
    ],
)
def test_the_fastest_is_chosen(voice: Voice, seconds: list[float], fastest: str) -> None:
    choice = voice.choose(seconds, Again())
    assert choice.decoder.words == fastest
    assert not choice.refused
    assert choice.words.startswith(f"{fastest} (first window 1000.0 ms; ")
    assert choice.first_window_ms[SINGLE] == seconds[0] * 1000


def test_without_a_recorder_there_is_nothing_to_record(voice: Voice) -> None:
    choice = voice.choose([2, 1])
    assert choice.words == f"{HALF} (first window 1000.0 ms; {SINGLE} 2000.0 ms)"


def test_a_precision_that_can_be_heard_is_refused_in_every_form(voice: Voice) -> None:
    choice = voice.choose([2, 1], Again(), half=lambda: voice.decoder("bfloat16"))
    assert choice.decoder.words == SINGLE + GRAPHS
    (why,) = choice.refused
    assert why.startswith(f"{HALF} refused: its error is only ")
    assert why in choice.words


def test_numbers_too_large_for_half_precision_are_noticed(voice: Voice) -> None:
    voice.modules = copy.deepcopy(voice.modules)
    voice.modules.conv_pre.weight.mul_(1e5)
    voice.modules.conv_post.weight.mul_(1e-5)
    choice = voice.choose([1])
    assert choice.decoder.words == SINGLE
    assert "numbers that are none" in choice.words


def test_a_gpu_without_room_for_the_other_precision_keeps_the_one(voice: Voice) -> None:
    def no_room() -> Decoder:
        import torch

        raise torch.OutOfMemoryError("CUDA out of memory.\nTried to allocate 20 MiB")

    choice = voice.choose([2, 1], Again(), half=no_room)
    assert choice.decoder.words == SINGLE + GRAPHS
    assert choice.refused == [f"{HALF} failed: CUDA out of memory."]


def test_what_cannot_be_recorded_is_called_and_why_is_said(voice: Voice) -> None:
    def record(run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        run()
        raise RuntimeError("operation not permitted when stream is capturing\nCUDA kernel errors")

    choice = voice.choose([2, 1], record)
    assert choice.decoder.words == HALF
    assert choice.refused == [
        f"{way}{GRAPHS} failed: operation not permitted when stream is capturing"
        for way in (SINGLE, HALF)
    ]


@pytest.mark.parametrize("good", [0, 1])
def test_a_recording_that_repeats_itself_is_refused(voice: Voice, good: int) -> None:
    def record(run: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        play, result = Again()(run)
        plays = iter([play] * good)
        return (lambda: next(plays, lambda: None)()), result

    choice = voice.choose([2, 1], record)
    assert choice.decoder.words == HALF
    assert [why.partition(" refused:")[0] for why in choice.refused] == [
        SINGLE + GRAPHS,
        HALF + GRAPHS,
    ]


def test_one_that_does_not_work_at_all_is_an_error(voice: Voice) -> None:
    voice.modules = copy.deepcopy(voice.modules)
    voice.modules.conv_pre = voice.modules.conv_post
    with pytest.raises(RuntimeError):
        voice.choose([])


def test_a_run_is_timed_as_often_as_a_median_needs() -> None:
    runs: list[None] = []
    assert median_of_runs(lambda: runs.append(None)) >= 0
    assert len(runs) >= 5
