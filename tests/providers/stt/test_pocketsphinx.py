"""What the stand-in hears, in recordings and in synthetic speech."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio
from app.errors import ProviderUnavailable
from app.providers.stt.pocketsphinx import LONGEST_AGAIN_S, PocketSphinxStt
from app.providers.stt.pocketsphinx_decoding import Decoders
from app.settings import PocketSphinxSettings
from tests.support.recordings import feed, partials, read, shared_clips, word_errors, words

MOST_WORD_ERRORS = 0.15
"""Share of wrong words over the short clips that the stand-in may reach."""


def hear(stt: PocketSphinxStt, path: Path) -> str:
    session = stt.start(None)
    feed(session, read(path))
    return session.finish().text


def speak(text: str, voice: str, path: Path) -> Path:
    """Let flite speak to a file, or skip the test."""
    flite = shutil.which("flite")
    if flite is None:
        pytest.skip("flite is not installed")
    subprocess.run([flite, "-voice", voice, "-t", text, "-o", path], check=True, timeout=60)
    return path


def test_short_clips_are_heard_with_few_wrong_words(pocketsphinx: PocketSphinxStt) -> None:
    wrong, total, lines = 0, 0, []
    for clip in shared_clips("speech/en/"):
        if clip.seconds >= 5:
            continue
        session = pocketsphinx.start(None)
        feed(session, clip.audio)
        transcript = session.finish()
        assert transcript.language == "en"
        wanted = words(clip.transcript)
        errors = word_errors(wanted, words(transcript.text))
        wrong, total = wrong + errors, total + len(wanted)
        lines.append(f"{errors} of {len(wanted)}: {clip.name}: {transcript.text}")
    print("\n".join(lines))
    assert total > 90
    assert wrong / total <= MOST_WORD_ERRORS, "\n".join(lines)


@pytest.mark.parametrize("voice", ["kal", "slt", "rms", "awb"])
def test_what_time_is_it_in_paris(
    pocketsphinx: PocketSphinxStt, tmp_path: Path, voice: str
) -> None:
    spoken = speak("what time is it in Paris", voice, tmp_path / "question.wav")
    assert hear(pocketsphinx, spoken) == "what time is it in paris"


@pytest.mark.parametrize(
    ("voice", "question"),
    [
        ("slt", "set a timer for ten minutes"),
        ("rms", "what is twelve times seven"),
        ("awb", "how many kilometers is five miles"),
        ("kal", "what day is it today"),
        ("slt", "what can you do"),
        ("kal", "what time is it in tokyo"),
        ("rms", "tell me a joke"),
    ],
)
def test_questions_for_the_skills(
    pocketsphinx: PocketSphinxStt, tmp_path: Path, voice: str, question: str
) -> None:
    assert hear(pocketsphinx, speak(question, voice, tmp_path / "question.wav")) == question


@pytest.mark.parametrize(
    "sentence", ["my brother bought a new car last week", "what should i wear tomorrow"]
)
def test_other_sentences_are_not_bent_into_commands(
    pocketsphinx: PocketSphinxStt, tmp_path: Path, sentence: str
) -> None:
    assert hear(pocketsphinx, speak(sentence, "slt", tmp_path / "sentence.wav")) == sentence


def test_words_come_while_somebody_speaks(pocketsphinx: PocketSphinxStt, tmp_path: Path) -> None:
    spoken = speak("what time is it in Paris", "slt", tmp_path / "question.wav")
    session = pocketsphinx.start(None)
    texts = feed(session, read(spoken))
    assert texts
    assert texts[-1].startswith("what time")
    assert texts == list(dict.fromkeys(texts)), "nothing is said twice"
    assert session.partial() is None


def test_a_command_that_two_hearings_agree_on_is_not_heard_a_third_time(
    pocketsphinx: PocketSphinxStt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def third(decoders: Decoders, audio: Audio) -> None:
        raise AssertionError("all words are listened for")

    spoken = read(speak("turn off the kitchen lights", "slt", tmp_path / "command.wav"))
    monkeypatch.setattr(Decoders, "anything", third)
    session = pocketsphinx.start(None)
    partials(session, spoken)
    assert session.finish().text == "turn off the kitchen lights"


@pytest.mark.parametrize("pause_s", [0.15, 0.5, 2.0])
def test_who_goes_on_after_a_pause_is_heard_whole(
    pocketsphinx: PocketSphinxStt, tmp_path: Path, pause_s: float
) -> None:
    sentences = ("give me a recipe for apple pie", "do you think it will snow this winter")
    first, second = (read(speak(one, "awb", tmp_path / f"{one}.wav")) for one in sentences)
    pause = np.zeros(round(pause_s * SAMPLE_RATE), dtype=np.float32)
    session = pocketsphinx.start(None)
    said = partials(session, np.concatenate([first, pause, second]))
    assert word_errors(words(" ".join(sentences)), words(session.finish().text)) <= 2
    assert any("recipe" in one.text and "snow" in one.text for one in said), "partials go on"


def test_the_pause_before_speaking_does_not_matter(
    pocketsphinx: PocketSphinxStt, tmp_path: Path
) -> None:
    spoken = read(speak("what time is it in Paris", "rms", tmp_path / "question.wav"))
    pause = np.zeros(2 * SAMPLE_RATE, dtype=np.float32)
    session = pocketsphinx.start(None)
    feed(session, np.concatenate([pause, spoken, pause]))
    assert session.finish().text == "what time is it in paris"


def test_long_speech_is_heard_to_its_end(pocketsphinx: PocketSphinxStt, tmp_path: Path) -> None:
    sentence = "the meeting is on monday and my brother bought a new car last week"
    spoken = read(speak(f"{sentence}. {sentence}. {sentence}.", "slt", tmp_path / "long.wav"))
    assert len(spoken) > LONGEST_AGAIN_S * SAMPLE_RATE
    session = pocketsphinx.start(None)
    feed(session, spoken)
    heard = words(session.finish().text)
    assert heard[-2:] == ["last", "week"]
    assert word_errors(words(sentence) * 3, heard) <= 10


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    stt = PocketSphinxStt(PocketSphinxSettings(model=str(tmp_path)), tmp_path)
    with pytest.raises(ProviderUnavailable) as caught:
        stt.load()
    assert str(tmp_path) in caught.value.title
    assert caught.value.hint


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "mdef").write_bytes(b"not a model")
    stt = PocketSphinxStt(PocketSphinxSettings(model=str(tmp_path)), tmp_path)
    with pytest.raises(ProviderUnavailable) as caught:
        stt.load()
    assert str(tmp_path / "mdef") in caught.value.title


def test_a_copy_of_the_model_is_used_from_its_folder(tmp_path: Path) -> None:
    import pocketsphinx

    copy = tmp_path / "own"
    shutil.copytree(pocketsphinx.get_model_path("en-us/en-us"), copy)
    stt = PocketSphinxStt(PocketSphinxSettings(model=str(copy)), tmp_path)
    stt.load()
    assert stt.engine.model == "own"
    stt.close()


def test_it_is_a_stand_in(tmp_path: Path) -> None:
    engine = PocketSphinxStt(PocketSphinxSettings(), tmp_path).engine
    assert engine.stand_in
    assert engine.model == "en-us"
