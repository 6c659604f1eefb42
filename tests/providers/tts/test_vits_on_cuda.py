"""The voice on torch beside a whole call of the library's own model: on a GPU where there is one,
and on torch's "cpu" device everywhere."""

from __future__ import annotations

import itertools
import logging
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_on_cuda
from app.providers.tts.vits_choice import LEAST_SNR_DB, choose
from app.providers.tts.vits_on_cuda import CudaVits
from tests.providers.tts.test_vits_decoders import Again, snr_db
from tests.support.tiny_vits import LETTERS, make_tiny_vits

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not vits_on_cuda.is_here(), reason="no CUDA here")
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("voice"))


@pytest.fixture(autouse=True)
def one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def some_ids(tokens: int) -> NDArray[np.int64]:
    return np.random.default_rng(tokens).integers(0, len(LETTERS), tokens)


def assert_same(voice: Any, folder: Path, ids: NDArray[np.int64]) -> None:
    import torch
    from transformers import VitsModel

    torch.manual_seed(1)
    got = np.concatenate(list(voice.speak(ids)))
    whole: Any = VitsModel.from_pretrained(folder).to(voice.device).eval()
    torch.manual_seed(1)
    with voice._exactly():
        given = torch.from_numpy(ids)[None].to(voice.device)
        expected = whole(given).waveform[0].cpu().numpy()
    assert float(np.sqrt(np.mean(expected**2))) > 0.01, "too quiet to compare"
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-4


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tokens", [1, 9, 60])
def test_the_windows_joined_are_the_whole_call(folder: Path, device: str, tokens: int) -> None:
    assert_same(CudaVits(folder, 1.0, device), folder, some_ids(tokens))


def prepare(
    voice: CudaVits, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, way: int
) -> None:
    """Let the first, second... decoder that is tried be the fastest."""
    seconds = (float(each != way) for each in itertools.count())
    scripted = partial(choose, stopwatch=lambda run: next(seconds))
    monkeypatch.setattr(vits_on_cuda, "choose", scripted)
    with caplog.at_level(logging.INFO):
        voice.prepare(some_ids(40))
    assert voice.decoding in caplog.text


def test_a_recorded_voice_says_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    voice = CudaVits(folder, 1.0, "cpu")
    voice._record = record = Again()
    prepare(voice, monkeypatch, caplog, way=2)
    assert voice.decoding.startswith("single precision, CUDA graphs (first window 0.0 ms; ")
    for tokens in (1, 9, 60, 300):
        ids = some_ids(tokens)
        assert_same(voice, folder, ids)
        record.plays = 0
        windows = len(list(voice.speak(ids)))
        # what is too near the end to be a recorded window is called
        assert record.plays >= windows - 3
    assert record.plays > 5


def test_a_voice_in_half_precision_says_it_as_well(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import torch

    single, half = (CudaVits(folder, 1.0, "cpu") for _ in range(2))
    prepare(half, monkeypatch, caplog, way=1)
    assert half.decoding.startswith("half precision (")
    said = []
    for voice in (single, half):
        torch.manual_seed(1)
        said.append(torch.from_numpy(np.concatenate(list(voice.speak(some_ids(60))))))
    assert LEAST_SNR_DB < snr_db(said[1], said[0]) < 80


@pytest.mark.skipif(not vits_on_cuda.is_here(), reason="no CUDA here")
def test_a_gpu_chooses_by_itself_and_can_speak(folder: Path) -> None:
    voice = CudaVits(folder, 1.0, "cuda")
    voice.prepare(some_ids(40))
    for tokens in (1, 60, 300):
        assert sum(map(len, voice.speak(some_ids(tokens)))) > 0


def test_convolutions_are_exact_for_the_voice_alone(folder: Path) -> None:
    import torch

    convolutions: Any = torch.backends.cudnn.conv
    before = convolutions.fp32_precision
    voice: Any = CudaVits(folder, 1.0, "cpu")
    seen = []
    model = voice._model

    def watched(given: Any) -> Any:
        seen.append(convolutions.fp32_precision)
        return model(given)

    voice._model = watched
    stream = voice.speak(np.arange(20))
    next(stream)
    assert seen == ["ieee"]
    assert convolutions.fp32_precision == before


def test_convolutions_stay_exact_until_the_last_voice_is_done() -> None:
    import torch

    convolutions: Any = torch.backends.cudnn.conv
    before = convolutions.fp32_precision
    first, second = ExitStack(), ExitStack()
    for voice in (first, second):
        voice.enter_context(vits_on_cuda._exact_convolutions())
    first.close()
    assert convolutions.fp32_precision == "ieee"
    second.close()
    assert convolutions.fp32_precision == before


def test_inference_mode_does_not_leak_between_windows(folder: Path) -> None:
    import torch

    stream = CudaVits(folder, 1.0, "cpu").speak(np.arange(20))
    next(stream)
    assert not torch.is_inference_mode_enabled()


def test_what_torch_refuses_is_said_in_our_words(folder: Path) -> None:
    import torch

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    voice: Any = CudaVits(folder, 1.0, "cpu")
    stream = voice.speak(np.arange(20))
    next(stream)
    voice._decoder = full
    with pytest.raises(ProviderBroke):
        list(stream)


@pytest.mark.skipif(vits_on_cuda.is_here(), reason="there is a GPU here")
def test_without_a_gpu_it_is_unavailable_and_says_what_to_set(folder: Path) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        CudaVits(folder, 1.0, "cuda")
    assert "cpu" in caught.value.hint


def test_weights_that_lack_a_layer_are_refused(folder: Path, tmp_path: Path) -> None:
    import shutil

    from safetensors.torch import load_file, save_file

    shutil.copytree(folder, tmp_path / "voice")
    file = tmp_path / "voice" / "model.safetensors"
    weights = load_file(file)
    del weights["decoder.conv_pre.weight"]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ProviderUnavailable, match=r"lacks decoder\.conv_pre\.weight"):
        CudaVits(tmp_path / "voice", 1.0, "cpu")
