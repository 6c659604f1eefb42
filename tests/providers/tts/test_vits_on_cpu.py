"""The voice on onnxruntime beside the library's own model, sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import ProviderBroke
from app.providers.tts.vits_on_cpu import CpuVits
from tests.support.tiny_vits import LETTERS, make_tiny_vits
from tests.support.vits_reference import seeded_noise, whole_call

EXACT = 1e-4
"""Largest difference of a sample."""

SHAPES: dict[str, dict[str, object]] = {
    "tiny": {},
    "lengths not drawn": {"use_stochastic_duration_prediction": False},
    "no relative positions": {"window_size": None},
    "odd number of flows": {"prior_encoder_num_flows": 3},
    "dilated flow": {"wavenet_dilation_rate": 2},
    "even kernels": {"ffn_kernel_size": 4},
    "other decoder": {
        "upsample_rates": [4, 4, 2],
        "upsample_kernel_sizes": [8, 6, 4],
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 2], [1, 4, 2]],
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("voice"))


class Reading:
    """The reader of tokens, which keeps how long it said that they last."""

    def __init__(self, read: Any) -> None:
        self._read = read
        self.log_frames = np.zeros(0, np.float32)
        self.calls = 0

    def __call__(self, *given: Any) -> Any:
        self.calls += 1
        reading = self._read(*given)
        self.log_frames = np.concatenate([self.log_frames, reading.log_frames])
        return reading


class Remembering:
    """A network that keeps what it said last."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self.said: Sequence[NDArray[np.float32]] = ()
        self.calls = 0

    def __call__(self, **given: NDArray[Any]) -> Sequence[NDArray[np.float32]]:
        self.calls += 1
        self.said = self._network(**given)
        return self.said


def assert_same(folder: Path, ids: NDArray[np.int64], seed: int, speed: float = 1.0) -> int:
    """In how many stretches the tokens were read."""
    voice: Any = CpuVits(folder, speed, 1, seeded_noise(seed))
    voice._read = reading = Reading(voice._read)
    windows = list(voice.speak(ids))
    expected = whole_call(
        folder, ids, seeded_noise(seed), speed=speed, log_durations=reading.log_frames[:, None]
    )
    got = np.concatenate(windows)
    assert float(np.sqrt(np.mean(expected**2))) > 0.01, "too quiet to compare"
    assert got.shape == expected.shape
    assert np.abs(got - expected).max() <= EXACT
    return reading.calls


def some_ids(tokens: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, len(LETTERS), tokens)


@pytest.mark.parametrize("seed", range(6))
def test_the_windows_joined_are_the_whole_call(folder: Path, seed: int) -> None:
    tokens = int(np.random.default_rng(seed).integers(1, 120))
    assert_same(folder, some_ids(tokens, seed), seed)


@pytest.mark.parametrize("tokens", [1, 2, 4, 5, 6])
def test_clauses_shorter_than_the_attention_looks(folder: Path, tokens: int) -> None:
    assert_same(folder, some_ids(tokens, 0), seed=tokens)


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_a_configuration_may_ask_for(name: str, tmp_path: Path) -> None:
    folder = make_tiny_vits(tmp_path, **SHAPES[name])
    assert_same(folder, some_ids(30, 1), seed=1)
    assert assert_same(folder, some_ids(300, 1), seed=1) > 1, "it was not read in stretches"


@pytest.mark.parametrize("speed", [0.5, 1.7])
def test_faster_and_slower_speech(folder: Path, speed: float) -> None:
    assert_same(folder, some_ids(30, 2), seed=2, speed=speed)


def test_the_shape_of_the_real_voices(tmp_path: Path) -> None:
    """Its overlaps are other than the small ones'. Narrower, which changes no overlap."""
    voice = make_tiny_vits(
        tmp_path,
        prior_encoder_num_wavenet_layers=4,
        num_hidden_layers=6,
        upsample_initial_channel=64,
        hidden_size=64,
    )
    assert_same(voice, some_ids(61, 3), seed=3)


def test_the_first_window_is_short_however_long_the_clause(folder: Path) -> None:
    lengths = []
    for tokens in (21, 161, 401):
        voice = CpuVits(folder, 1.0, 1, seeded_noise(0))
        lengths.append(len(next(iter(voice.speak(some_ids(tokens, 0))))))
    assert lengths == [lengths[0]] * 3
    assert lengths[0] == pytest.approx(0.16 * 16_000, rel=0.05)


def test_only_what_the_first_window_needs_is_computed_before_it(folder: Path) -> None:
    voice: Any = CpuVits(folder, 1.0, 1, seeded_noise(0))
    names = ("_last_layer", "_durations", "_flow", "_decoder")
    for name in names:
        setattr(voice, name, Remembering(getattr(voice, name)))
    stream = voice.speak(some_ids(401, 0))
    next(stream)
    assert [getattr(voice, name).calls for name in names] == [1, 1, 1, 1]
    assert len(voice._last_layer.said[0]) < 110
    assert len(voice._durations.said[0]) < 110
    assert voice._flow.said[0].shape[-1] < 60
    stream.close()
    assert voice._decoder.calls == 1


def test_what_onnxruntime_refuses_is_said_in_our_words(folder: Path) -> None:
    voice = CpuVits(folder, 1.0, 1)
    with pytest.raises(ProviderBroke):
        list(voice.speak(np.array([len(LETTERS) + 100], np.int64)))
