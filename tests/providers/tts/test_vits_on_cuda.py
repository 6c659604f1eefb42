"""The voice on torch beside a whole call of the library's own model: on a GPU where there is one,
and on torch's "cpu" device everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts import vits_on_cuda
from app.providers.tts.vits_on_cuda import CudaVits
from tests.support.tiny_vits import LETTERS, make_tiny_vits

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not vits_on_cuda.is_here(), reason="needs an NVIDIA GPU")
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("voice"))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("tokens", [1, 9, 60])
def test_the_windows_joined_are_the_whole_call(folder: Path, device: str, tokens: int) -> None:
    import torch
    from transformers import VitsModel

    torch.set_num_threads(1)
    ids = np.random.default_rng(tokens).integers(0, len(LETTERS), tokens)
    voice = CudaVits(folder, 1.0, device)
    torch.manual_seed(tokens)
    windows = list(voice.speak(ids))
    whole: Any = VitsModel.from_pretrained(folder).to(device).eval()
    torch.manual_seed(tokens)
    with torch.inference_mode():
        expected = whole(torch.from_numpy(ids)[None].to(device)).waveform[0].cpu().numpy()
    got = np.concatenate(windows)
    assert float(np.sqrt(np.mean(expected**2))) > 0.01, "too quiet to compare"
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= 1e-4


def test_inference_mode_does_not_leak_between_windows(folder: Path) -> None:
    import torch

    stream = CudaVits(folder, 1.0, "cpu").speak(np.arange(20))
    next(stream)
    assert not torch.is_inference_mode_enabled()
    stream.close()


def test_what_torch_refuses_is_said_in_our_words(folder: Path) -> None:
    import torch

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    voice: Any = CudaVits(folder, 1.0, "cpu")
    stream = voice.speak(np.arange(20))
    next(stream)
    voice._sound = full
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
