"""What every voice promises (`app.core.ports.TtsProvider`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.ports import Stage, TtsProvider
from app.providers.tts.espeak import EspeakTts
from app.providers.tts.vits import VitsTts
from app.settings import EspeakSettings, VitsSettings
from tests.support.tiny_vits import tiny_voice_settings

SENTENCE = "The quick brown fox jumps over the lazy dog, and then it sleeps."


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return tiny_voice_settings(tmp_path_factory.mktemp("voices"), "en", "fr")


@pytest.fixture(params=["espeak", "vits"])
def make(request: pytest.FixtureRequest, voices: dict[str, str]) -> Callable[[], TtsProvider]:
    if request.param == "espeak":
        return lambda: EspeakTts(EspeakSettings(), Path("nowhere"), 1.0)
    return lambda: VitsTts(VitsSettings(voices=voices, threads=1), Path("nowhere"), 1.0)


@pytest.fixture
def tts(make: Callable[[], TtsProvider]) -> TtsProvider:
    provider = make()
    provider.load()
    return provider


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_sentence_is_sound(tts: TtsProvider, language: str) -> None:
    assert tts.speaks(language)
    pieces = list(tts.synthesize(SENTENCE, language))
    for piece in pieces:
        assert piece.dtype == np.float32
        assert piece.ndim == 1
        assert len(piece) > 0
        assert np.isfinite(piece).all()
        assert np.abs(piece).max() <= 1
    audio = np.concatenate(pieces)
    assert tts.sample_rate > 0
    assert len(audio) > 0.5 * tts.sample_rate
    assert np.abs(audio).max() > 0.001


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_text_is_silence(tts: TtsProvider, text: str) -> None:
    assert list(tts.synthesize(text, "en")) == []


def test_stopping_early_does_not_disturb_the_next_clause(tts: TtsProvider) -> None:
    for _ in range(3):
        stream = tts.synthesize(SENTENCE, "en")
        assert len(next(stream)) > 0
        del stream
    assert sum(map(len, tts.synthesize("Hello.", "en"))) > 0


def test_it_can_be_closed_and_loaded_again(tts: TtsProvider) -> None:
    tts.close()
    tts.close()
    tts.load()
    assert sum(map(len, tts.synthesize("Hello.", "en"))) > 0


def test_it_closes_without_having_been_loaded(make: Callable[[], TtsProvider]) -> None:
    make().close()


def test_it_says_who_it_is(make: Callable[[], TtsProvider]) -> None:
    provider = make()
    assert provider.engine.stage is Stage.TTS
    assert provider.engine.name in ("vits", "espeak")
    assert provider.engine.local


def test_it_speaks_no_language_that_does_not_exist(tts: TtsProvider) -> None:
    assert not tts.speaks("qqq")
