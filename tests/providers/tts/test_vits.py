"""VITS through the real transformers and torch, with small voices of the real architecture."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import ProviderUnavailable
from app.providers.tts.vits import VitsTts
from app.settings import VitsSettings
from tests.support.tiny_vits import LETTERS, make_tiny_vits, tiny_voice_settings

SENTENCE = "the quick brown fox jumps over the lazy dog"


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return tiny_voice_settings(tmp_path_factory.mktemp("voices"), "en", "fr")


def make(voices: dict[str, str], speed: float = 1.0, models_dir: Path = Path("nowhere")) -> VitsTts:
    return VitsTts(VitsSettings(voices=voices, threads=1), models_dir, speed)


@pytest.fixture
def tts(voices: dict[str, str]) -> VitsTts:
    provider = make(voices)
    provider.load()
    return provider


def whole(folder: str, text: str, seed: int, speed: float = 1.0) -> NDArray[np.float32]:
    """What one call of the library's own model gives."""
    import torch
    from transformers import VitsModel, VitsTokenizer

    model = VitsModel.from_pretrained(folder).eval()
    model.speaking_rate *= speed
    ids = VitsTokenizer.from_pretrained(folder)(text, return_tensors="pt").input_ids
    torch.manual_seed(seed)
    with torch.inference_mode():
        return np.asarray(model(ids).waveform[0].numpy())


def speak(
    tts: VitsTts, text: str, language: str = "en", seed: int = 7
) -> list[NDArray[np.float32]]:
    import torch

    torch.manual_seed(seed)
    return list(tts.synthesize(text, language))


def without_pause(pieces: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    assert not pieces[-1].any()
    return np.concatenate(pieces[:-1])


@pytest.mark.parametrize("text", ["a", "hello there", SENTENCE, SENTENCE * 4])
def test_the_windows_joined_are_the_whole_call(
    tts: VitsTts, voices: dict[str, str], text: str
) -> None:
    expected = whole(voices["en"], text, seed=7)
    streamed = without_pause(speak(tts, text))
    assert float(np.sqrt(np.mean(expected**2))) > 0.01, "too quiet to compare"
    assert streamed.shape == expected.shape
    assert np.abs(streamed - expected).max() <= 1e-4


def test_the_first_window_is_short_however_long_the_clause(tts: VitsTts) -> None:
    short, long = speak(tts, SENTENCE), speak(tts, SENTENCE * 4)
    assert len(short[0]) == len(long[0])
    assert len(short[0]) == pytest.approx(tts.sample_rate / 4, rel=0.05)
    assert len(short) > 2
    assert max(map(len, long)) <= 1.6 * tts.sample_rate


def test_a_window_is_out_before_the_next_is_computed(tts: VitsTts) -> None:
    import torch

    torch.manual_seed(7)
    stream = tts.synthesize(SENTENCE, "en")
    decoded: list[int] = []
    decoder = tts._voices["en"]._model._decoder._decoder
    hook = decoder.conv_post.register_forward_hook(lambda *_: decoded.append(1))
    try:
        next(stream)
        assert len(decoded) == 1
    finally:
        hook.remove()


def test_stopping_early_leaves_the_voice_as_it_was(tts: VitsTts) -> None:
    before = without_pause(speak(tts, SENTENCE))
    stream = tts.synthesize(SENTENCE * 4, "en")
    next(stream)
    del stream
    np.testing.assert_allclose(without_pause(speak(tts, SENTENCE)), before, atol=1e-6)


def test_inference_mode_does_not_leak_between_windows(tts: VitsTts) -> None:
    import torch

    stream = tts.synthesize(SENTENCE, "en")
    next(stream)
    assert not torch.is_inference_mode_enabled()


def test_speed_shortens_the_clause(voices: dict[str, str]) -> None:
    fast = make(voices, speed=2.0)
    fast.load()
    expected = whole(voices["en"], SENTENCE, seed=7, speed=2.0)
    assert without_pause(speak(fast, SENTENCE)).shape == expected.shape


def test_text_is_fitted_to_the_letters_of_the_voice(tts: VitsTts) -> None:
    plain = speak(tts, "naive uber cafe don't stop")
    fancy = speak(tts, "  Naïve, ÜBER café — don’t… STOP ♥")
    assert [len(piece) for piece in fancy[:-1]] == [len(piece) for piece in plain[:-1]]


@pytest.mark.parametrize("text", ["", "   ", "♥ 1234 …", "你好", "'-' -", "\ud800\x00"])
def test_text_of_unknown_characters_alone_yields_nothing(tts: VitsTts, text: str) -> None:
    assert speak(tts, text) == []


def test_a_romanised_voice_speaks_other_scripts(tmp_path: Path) -> None:
    folder = make_tiny_vits(tmp_path / "rom", romanised=True)
    tts = make({"ko": str(folder)})
    tts.load()
    latin, korean = speak(tts, "annyeong", "ko"), speak(tts, "안녕", "ko")
    assert [len(piece) for piece in korean] == [len(piece) for piece in latin]


def test_voices_load_when_their_language_is_first_spoken(tts: VitsTts) -> None:
    assert set(tts._voices) == {"en"}
    assert speak(tts, "où est-ce", "fr-CA")
    assert set(tts._voices) == {"en", "fr"}


def test_the_first_voice_that_is_here_is_loaded(voices: dict[str, str]) -> None:
    tts = make({"en": "nobody/has-this", "fr": voices["fr"]})
    tts.load()
    assert tts.engine.model == voices["fr"]
    assert not tts.speaks("en")
    assert tts.speaks("fr")


def test_without_any_voice_it_is_unavailable_and_says_how_to_get_one(tmp_path: Path) -> None:
    tts = make({"en": "nobody/has-this"}, models_dir=tmp_path)
    with pytest.raises(ProviderUnavailable, match="No voice is downloaded") as caught:
        tts.load()
    assert "CC-BY-NC" in caught.value.hint


def test_a_language_without_a_voice_is_refused(tts: VitsTts) -> None:
    assert not tts.speaks("eo")
    with pytest.raises(ProviderUnavailable, match="eo"):
        list(tts.synthesize("saluton", "eo"))


@pytest.mark.parametrize(
    "name", ["model.safetensors", "config.json", "vocab.json", "tokenizer_config.json"]
)
def test_a_file_cut_short_is_named(voices: dict[str, str], tmp_path: Path, name: str) -> None:
    folder = tmp_path / "voice"
    shutil.copytree(voices["en"], folder)
    path = folder / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(ProviderUnavailable) as caught:
        make({"en": str(folder)}).load()
    assert name in caught.value.title


def test_weights_that_lack_a_layer_are_refused(voices: dict[str, str], tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "voice"
    shutil.copytree(voices["en"], folder)
    weights = load_file(folder / "model.safetensors")
    del weights["decoder.conv_pre.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ProviderUnavailable, match="lacks 1 weight"):
        make({"en": str(folder)}).load()


def test_weights_with_the_old_names_of_weight_norm_load(
    voices: dict[str, str], tmp_path: Path
) -> None:
    folder = make_tiny_vits(tmp_path / "voice", weight_norm_names="old")
    tts = make({"en": str(folder)})
    tts.load()
    expected = whole(voices["en"], SENTENCE, seed=7)
    np.testing.assert_allclose(without_pause(speak(tts, SENTENCE)), expected, atol=1e-4)


def test_a_downloaded_voice_is_found_by_its_name(tmp_path: Path) -> None:
    make_tiny_vits(tmp_path / "tts" / "somebody--a-voice")
    tts = make({"en": "somebody/a-voice"}, models_dir=tmp_path)
    assert tts.speaks("en")
    tts.load()
    assert tts.engine.model == "somebody/a-voice"
    assert tts.engine.device in ("cpu", "cuda")


def test_voices_of_different_rates_are_not_mixed(voices: dict[str, str], tmp_path: Path) -> None:
    other = make_tiny_vits(tmp_path / "other", LETTERS, sample_rate=22_050)
    tts = make({"en": voices["en"], "nl": str(other)})
    tts.load()
    with pytest.raises(ProviderUnavailable, match="sample rate"):
        list(tts.synthesize("hallo", "nl"))
