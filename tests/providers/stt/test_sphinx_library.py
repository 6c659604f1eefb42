"""Both ways of calling PocketSphinx give the same words, and one lets other threads run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.providers.stt import sphinx_library
from app.providers.stt.sphinx_library import NOTHING, Decoder, open_decoder
from tests.support.tiny_whisper import QUESTION

SOUND = (QUESTION.audio * 32767).astype("<i2").tobytes()


def config() -> dict[str, str | float]:
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path("en-us"))
    return {
        "hmm": str(model / "en-us"),
        "lm": str(model / "en-us.lm.bin"),
        "dict": str(model / "cmudict-en-us.dict"),
        "loglevel": "FATAL",
    }


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return open_decoder(**config())


def hear(decoder: Decoder, pcm: bytes) -> sphinx_library.Hearing:
    decoder.start()
    decoder.process(pcm, whole=True)
    decoder.end()
    return decoder.hearing()


def test_the_packages_own_class_hears_the_same(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_exported(path: str) -> None:
        raise AttributeError("ps_init")

    wanted = hear(decoder, SOUND)
    wanted_means = decoder.means()
    monkeypatch.setattr(sphinx_library, "_Library", not_exported)
    packaged = open_decoder(**config())
    assert type(packaged) is not type(decoder)
    heard = hear(packaged, SOUND)
    assert wanted.text
    assert heard.text == wanted.text
    assert heard.score == pytest.approx(wanted.score)
    assert packaged.means() == wanted_means


def test_other_threads_run_while_it_hears(decoder: Decoder) -> None:
    counted, hearing = 0, threading.Event()

    def count() -> None:
        nonlocal counted
        while hearing.is_set():
            time.sleep(0.001)
            counted += 1

    hearing.set()
    counter = threading.Thread(target=count)
    counter.start()
    hear(decoder, SOUND * 2)
    hearing.clear()
    counter.join()
    assert counted > 5, "the interpreter was held while the library worked"


def test_a_missing_model_is_an_error() -> None:
    with pytest.raises(RuntimeError):
        open_decoder(hmm="/nowhere", loglevel="FATAL")


def test_nothing_on_the_terminal(decoder: Decoder, capfd: pytest.CaptureFixture[str]) -> None:
    decoder.add_grammar("one", "#JSGF V1.0; grammar one; public <word> = yes;")
    decoder.use("one")
    hear(decoder, np.zeros(8000, dtype="<i2").tobytes())
    hear(decoder, SOUND)
    decoder.use("_default")
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_no_words_before_any_sound(decoder: Decoder) -> None:
    decoder.start()
    assert decoder.hearing() is NOTHING
    decoder.end()
