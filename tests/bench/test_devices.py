"""`--device`."""

from __future__ import annotations

import pytest

from app.bench.devices import on_device
from app.errors import InputError
from app.settings import Settings


def test_speech_and_voice_go_to_the_device_and_nothing_else_changes() -> None:
    settings = Settings()
    moved = on_device(settings, "cpu")
    assert moved.stt.whisper.device == moved.tts.vits.device == "cpu"
    assert moved.llm is settings.llm
    assert on_device(settings, None) is settings


def test_without_a_gpu_cuda_is_refused_in_words() -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    with pytest.raises(InputError, match="There is no CUDA here"):
        on_device(Settings(), "cuda")
