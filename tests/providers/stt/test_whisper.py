"""Whisper through the real libraries, with a small model taught two sentences."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio, Engine, Stage
from app.errors import ProviderUnavailable
from app.providers.stt import whisper_models
from app.providers.stt.whisper import WhisperSession, WhisperStt
from app.providers.stt.whisper_decoding import Transcriber
from app.providers.vad.silero import SileroVad
from app.settings import WhisperSettings
from tests.support import tiny_whisper
from tests.support.recordings import feed, partials, read
from tests.support.shared import shared_data
from tests.support.tiny_whisper import FOLLOW_UP, GREETING, QUESTION, Sentence

NAME = "tests/acft-whisper-tiny"


def silence(seconds: float) -> Audio:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a converted Whisper that only knows full windows, without a marker."""
    models_dir = tmp_path_factory.mktemp("plain")
    name = tiny_whisper.make_model(models_dir, "tests/whisper-tiny", plain=True)
    folder = whisper_models.home(name, models_dir)
    (folder / whisper_models.MARKER).unlink()
    return folder


@pytest.mark.parametrize("sentence", [QUESTION, GREETING], ids=lambda one: one.language)
def test_a_sentence_is_heard_in_its_language(whisper: WhisperStt, sentence: Sentence) -> None:
    session = whisper.start(None)
    feed(session, sentence.audio)
    transcript = session.finish()
    assert transcript.text == sentence.text
    assert transcript.language == sentence.language
    assert 0.5 < transcript.language_probability <= 1


def test_a_language_that_is_set_is_kept(whisper: WhisperStt) -> None:
    session = whisper.start("de")
    feed(session, GREETING.audio)
    transcript = session.finish()
    assert (transcript.language, transcript.language_probability) == ("de", 1.0)


def test_a_language_whisper_does_not_know_is_detected(whisper: WhisperStt) -> None:
    session = whisper.start("xx")
    feed(session, QUESTION.audio)
    assert session.finish().language == "en"


def likely_to_take(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every machine as fast or slow as the test needs."""
    monkeypatch.setattr(Transcriber, "expected_s", lambda transcriber, samples: seconds)


def test_words_come_while_somebody_speaks_and_settle_in_a_pause(
    whisper: WhisperStt, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely_to_take(0.05, monkeypatch)
    session = whisper.start(None)
    said = partials(session, np.concatenate([QUESTION.audio, silence(0.5)]))
    assert list(dict.fromkeys(one.text for one in said)) == ["What time", QUESTION.text]
    assert [one.settled for one in said].index(True) == len(said) - 1
    assert said[0].stable == ""
    assert "What time" in [one.stable for one in said]
    assert said[-1].stable == QUESTION.text
    assert session.partial() is None, "nothing new was said"


def test_a_decode_that_would_keep_the_key_waiting_waits_for_a_pause(
    whisper: WhisperStt, monkeypatch: pytest.MonkeyPatch
) -> None:
    likely_to_take(0.5, monkeypatch)
    session = whisper.start(None)
    voiced = QUESTION.audio[: round(0.85 * len(QUESTION.audio))]
    (said,) = partials(session, np.concatenate([voiced, silence(0.5)]))
    assert said.settled
    assert said.text == QUESTION.text


def test_how_long_a_decode_takes_is_measured(whisper: WhisperStt) -> None:
    session = whisper.start("en")
    feed(session, np.concatenate([QUESTION.audio, silence(0.5)]))
    transcriber = session._transcriber
    assert 0 < transcriber.expected_s(SAMPLE_RATE) < transcriber.expected_s(5 * SAMPLE_RATE)


def test_partials_wait_for_enough_new_voice(models_dir: Path) -> None:
    options = WhisperSettings(model=NAME, threads=1, partial_interval_ms=5000)
    stt = WhisperStt(options, models_dir)
    stt.load()
    session = stt.start(None)
    voiced = QUESTION.audio[: round(0.85 * len(QUESTION.audio))]
    assert feed(session, voiced) == []
    assert feed(session, silence(0.5)) != [], "a pause is no time to wait"
    stt.close()


def test_silence_around_the_voice_is_left_out(whisper: WhisperStt) -> None:
    session = whisper.start(None)
    feed(session, np.concatenate([silence(2), QUESTION.audio, silence(40)]))
    assert session.finish().text == QUESTION.text


def test_a_long_pause_closes_what_was_said_and_gives_its_words_to_the_next(
    whisper: WhisperStt,
) -> None:
    session = whisper.start("en")
    feed(session, np.concatenate([QUESTION.audio, silence(6), QUESTION.audio]))
    assert session.finish().text == f"{QUESTION.text} {FOLLOW_UP}"


def test_a_click_after_a_long_pause_has_no_words(whisper: WhisperStt) -> None:
    class Loudness(SileroVad):
        """Takes every sound for a voice."""

        def probability(self, frame: Audio) -> float:
            return float(frame.any())

    transcriber = whisper._transcriber
    assert transcriber is not None
    session = WhisperSession(transcriber, Loudness(), "en", partial_interval_ms=300)
    click = np.full(640, 0.5, dtype=np.float32)
    feed(session, np.concatenate([QUESTION.audio, silence(6), click, silence(1)]))
    assert session.finish().text == QUESTION.text


def test_speech_longer_than_a_window_is_heard_in_pieces(whisper: WhisperStt) -> None:
    question = QUESTION.audio[: round(0.85 * len(QUESTION.audio))]
    session = whisper.start("en")
    session.feed(np.tile(question, 24))  # 45 s without a pause, and nobody asks on the way
    text = session.finish().text
    # The model writes a sentence for each piece it is given, whatever is in it.
    assert len(re.findall(r"What|And", text)) >= 2


@pytest.mark.parametrize("name", ["silence/leopard_empty.wav", "room/speechbrain_noise2.wav"])
def test_a_recording_without_speech_has_no_words(whisper: WhisperStt, name: str) -> None:
    session = whisper.start(None)
    assert feed(session, read(shared_data(f"noise/{name}"))) == []
    assert session.finish().text == ""


def test_a_plain_model_hears_full_windows(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stt = WhisperStt(WhisperSettings(model=str(plain), threads=1), tmp_path)
    stt.load()
    caplog.set_level(logging.INFO)
    session = stt.start(None)
    feed(session, QUESTION.audio)
    assert session.finish().text == QUESTION.text
    assert "guard" not in caplog.text
    stt.close()


def test_the_guard_hears_again_what_a_short_window_spoils(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "acft-whisper-spoilt"
    shutil.copytree(plain, folder)
    stt = WhisperStt(WhisperSettings(model=str(folder), threads=1), tmp_path)
    stt.load()
    caplog.set_level(logging.INFO)
    session = stt.start(None)
    said = feed(session, QUESTION.audio)
    assert "Paris Paris Paris Paris" not in " ".join(said), "an untrusted partial is not shown"
    assert "guard" not in caplog.text, "nobody waits for a second try who may go on speaking"
    said = feed(session, silence(0.5))
    assert said == [QUESTION.text]
    assert session.finish().text == QUESTION.text
    assert "guard" in caplog.text
    stt.close()


def test_an_english_model_speaks_english(tmp_path: Path) -> None:
    name = tiny_whisper.make_model(
        tmp_path, "tests/acft-whisper-tiny.en", english_only=True, taught=False
    )
    stt = WhisperStt(WhisperSettings(model=name, threads=1), tmp_path)
    stt.load()
    session = stt.start("de")
    feed(session, GREETING.audio)
    transcript = session.finish()
    assert (transcript.language, transcript.language_probability) == ("en", 1.0)
    stt.close()


def test_says_which_model_and_device(whisper: WhisperStt) -> None:
    assert whisper.engine == Engine(Stage.STT, "whisper", "acft-whisper-tiny", "cpu")


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    stt = WhisperStt(WhisperSettings(model="nobody/whisper-none"), tmp_path)
    with pytest.raises(ProviderUnavailable, match="whisper-none is not on this computer"):
        stt.load()


@pytest.mark.parametrize("file", ["model.bin", "tokenizer.json"])
def test_a_file_cut_short_is_an_error_that_names_the_model(
    models_dir: Path, tmp_path: Path, file: str
) -> None:
    folder = tmp_path / "acft-whisper-cut"
    shutil.copytree(whisper_models.home(NAME, models_dir), folder)
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[: len(data) // 2])
    stt = WhisperStt(WhisperSettings(model=str(folder), threads=1), tmp_path)
    with pytest.raises(ProviderUnavailable) as caught:
        stt.load()
    assert str(folder) in caught.value.title
    assert caught.value.hint


def test_a_model_without_its_tokenizer_is_incomplete(models_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "acft-whisper-half"
    shutil.copytree(whisper_models.home(NAME, models_dir), folder)
    (folder / "tokenizer.json").unlink()
    stt = WhisperStt(WhisperSettings(model=str(folder)), tmp_path)
    with pytest.raises(ProviderUnavailable, match=r"tokenizer\.json is missing"):
        stt.load()


def test_a_gpu_that_is_not_there_is_named(models_dir: Path) -> None:
    import ctranslate2

    if ctranslate2.get_cuda_device_count():
        pytest.skip("this machine has a GPU")
    stt = WhisperStt(WhisperSettings(model=NAME, device="cuda"), models_dir)
    with pytest.raises(ProviderUnavailable, match="GPU"):
        stt.load()


def test_a_compute_type_nobody_knows_is_an_error(models_dir: Path) -> None:
    stt = WhisperStt(WhisperSettings(model=NAME, compute_type="int3"), models_dir)
    with pytest.raises(ProviderUnavailable, match="int3"):
        stt.load()
