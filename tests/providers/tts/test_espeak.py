"""eSpeak NG through its real library."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import ProviderBroke
from app.providers.tts.espeak import EspeakTts
from app.settings import EspeakSettings


def make(speed: float = 1.0, options: EspeakSettings | None = None) -> EspeakTts:
    tts = EspeakTts(options or EspeakSettings(), Path("nowhere"), speed)
    tts.load()
    return tts


def say(tts: EspeakTts, text: str, language: str = "en") -> NDArray[np.float32]:
    return np.concatenate([*tts.synthesize(text, language), np.zeros(0, np.float32)])


def test_it_is_a_stand_in() -> None:
    assert make().engine.stand_in


@pytest.mark.parametrize("language", ["en", "en-US", "pt_BR", "fr", "de", "zh", "hi", "ar", "nb"])
def test_it_speaks_many_languages(language: str) -> None:
    assert make().speaks(language)


def test_it_knows_its_languages_before_it_is_loaded() -> None:
    assert EspeakTts(EspeakSettings(), Path("nowhere"), 1.0).speaks("de")


def test_the_language_changes_the_sound() -> None:
    tts = make()
    assert len(say(tts, "original", "en")) != len(say(tts, "original", "fr"))


def test_speed_and_pitch_are_heard() -> None:
    text = "This is a sentence with quite a few words in it."
    normal, fast = say(make(), text), say(make(speed=2.0), text)
    assert len(fast) < 0.75 * len(normal)
    high = say(make(options=EspeakSettings(pitch=99)), text)
    assert len(high) != len(normal) or not np.allclose(high, normal)


def test_a_sentence_is_followed_by_a_longer_breath_than_a_phrase() -> None:
    tts = make()
    sentence = list(tts.synthesize("It is so.", "en"))[-1]
    phrase = list(tts.synthesize("It is so,", "en"))[-1]
    assert not sentence.any()
    assert len(sentence) > len(phrase) > 0


def test_odd_text_is_survived() -> None:
    tts = make()
    for text in ["\ud800 hi", "a\x00b", "<speak>[[h@l'oU]]</speak>", "word " * 200, "👋"]:
        assert np.abs(say(tts, text)).max(initial=0) <= 1


def test_a_language_without_a_voice_is_refused() -> None:
    with pytest.raises(ProviderBroke, match="qqq"):
        say(make(), "hello", "qqq")


def test_two_threads_do_not_mix_their_words() -> None:
    texts = {"en": "Hello there, how are you today?", "de": "Guten Tag. " * 5}
    alone = {language: len(say(make(), text, language)) for language, text in texts.items()}
    assert abs(alone["de"] - alone["en"]) > 0.5 * alone["en"]
    wrong: list[str] = []

    def speak(language: str) -> None:
        tts = make()
        for _ in range(20):
            # the library's own lengths differ by a few samples from call to call
            length = len(say(tts, texts[language], language))
            if abs(length - alone[language]) > 0.05 * alone[language]:
                wrong.append(language)

    threads = [threading.Thread(target=speak, args=(language,)) for language in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
