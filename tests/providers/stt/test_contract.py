"""What every speech-to-text engine does, whoever it is."""

from __future__ import annotations

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio, Partial, Stage, SttProvider
from app.errors import ProviderBroke
from app.providers.stt.pocketsphinx_decoding import Decoders
from app.providers.stt.whisper_decoding import Transcriber
from tests.support.recordings import feed, partials
from tests.support.tiny_whisper import GREETING, QUESTION

SILENCE = np.zeros(SAMPLE_RATE, dtype=np.float32)


@pytest.fixture(params=["whisper", "pocketsphinx"])
def stt(request: pytest.FixtureRequest) -> SttProvider:
    engine: SttProvider = request.getfixturevalue(request.param)
    return engine


@pytest.fixture(scope="module")
def speech() -> Audio:
    return QUESTION.audio


def heard(stt: SttProvider, audio: Audio, chunk_ms: float = 20.0) -> str:
    session = stt.start("en")
    feed(session, audio, chunk_ms)
    return session.finish().text


def test_nothing_fed_is_nothing_said(stt: SttProvider) -> None:
    session = stt.start(None)
    assert session.partial() is None
    assert session.finish().text == ""


def test_empty_audio_is_nothing_said(stt: SttProvider) -> None:
    session = stt.start(None)
    session.feed(np.zeros(0, dtype=np.float32))
    assert session.finish().text == ""


def test_silence_is_nothing_said(stt: SttProvider) -> None:
    session = stt.start(None)
    assert feed(session, np.tile(SILENCE, 3)) == []
    assert session.finish().text == ""


def test_hiss_is_nothing_said(stt: SttProvider) -> None:
    hiss = np.random.default_rng(1).normal(0, 0.01, 2 * SAMPLE_RATE).astype(np.float32)
    assert heard(stt, hiss) == ""


def test_a_voice_gives_words_in_a_language(stt: SttProvider, speech: Audio) -> None:
    session = stt.start(None)
    feed(session, speech)
    transcript = session.finish()
    assert transcript.text
    assert len(transcript.language) == 2
    assert 0 < transcript.language_probability <= 1


def test_the_sizes_in_which_audio_comes_do_not_change_the_words(
    stt: SttProvider, speech: Audio
) -> None:
    whole = stt.start("en")
    whole.feed(speech)
    wanted = whole.finish().text
    assert wanted
    assert heard(stt, speech, chunk_ms=13.0) == wanted
    assert heard(stt, speech, chunk_ms=333.0) == wanted


def test_an_utterance_leaves_nothing_for_the_next(stt: SttProvider, speech: Audio) -> None:
    first = heard(stt, speech)
    heard(stt, GREETING.audio)
    assert heard(stt, speech) == first


def test_an_abandoned_utterance_does_not_disturb_the_next(stt: SttProvider, speech: Audio) -> None:
    wanted = heard(stt, speech)
    abandoned = stt.start("en")
    feed(abandoned, GREETING.audio)
    assert heard(stt, speech) == wanted


def test_two_utterances_side_by_side_keep_apart(stt: SttProvider, speech: Audio) -> None:
    wanted = heard(stt, speech), heard(stt, GREETING.audio)
    one, other = stt.start("en"), stt.start("en")
    for start in range(0, max(len(speech), len(GREETING.audio)), 1600):
        one.feed(speech[start : start + 1600])
        other.feed(GREETING.audio[start : start + 1600])
    assert (one.finish().text, other.finish().text) == wanted


def test_the_caller_may_reuse_its_buffer(stt: SttProvider, speech: Audio) -> None:
    wanted = heard(stt, speech)
    session = stt.start("en")
    buffer = np.empty(1600, dtype=np.float32)
    for start in range(0, len(speech) - 1600, 1600):
        buffer[:] = speech[start : start + 1600]
        session.feed(buffer)
    session.feed(speech[(len(speech) - 1) // 1600 * 1600 :])
    assert session.finish().text == wanted


def test_closed_and_loaded_again(stt: SttProvider, speech: Audio) -> None:
    wanted = heard(stt, speech)
    stt.close()
    stt.close()
    with pytest.raises(ProviderBroke):
        stt.start(None)
    stt.load()
    assert heard(stt, speech) == wanted


def test_says_who_it_is(stt: SttProvider) -> None:
    assert stt.engine.stage is Stage.STT
    assert stt.engine.model
    assert stt.engine.local


def forbid_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*args: object, **options: object) -> None:
        raise AssertionError("something is decoded")

    monkeypatch.setattr(Transcriber, "decode", decode)
    monkeypatch.setattr(Transcriber, "decode_again", decode)
    monkeypatch.setattr(Decoders, "command", decode)
    monkeypatch.setattr(Decoders, "anything", decode)


def test_a_pause_settles_the_words_and_the_key_finds_nothing_left_to_do(
    stt: SttProvider, speech: Audio, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = heard(stt, speech)
    session = stt.start("en")
    heard_on_the_way = partials(session, np.concatenate([speech, SILENCE]))
    settled = heard_on_the_way[-1]
    assert settled.settled
    assert settled.text == wanted
    forbid_decoding(monkeypatch)
    assert partials(session, SILENCE) == [], "nothing new is said in silence"
    assert session.finish() == settled.transcript


def test_speech_after_a_pause_unsettles_the_words(stt: SttProvider, speech: Audio) -> None:
    session = stt.start("en")
    assert partials(session, np.concatenate([speech, SILENCE]))[-1].settled
    more = partials(session, np.concatenate([GREETING.audio, SILENCE]))
    assert [partial.settled for partial in more].count(True) >= 1
    assert more[-1].settled
    assert session.finish() == more[-1].transcript


def test_the_key_may_come_up_at_any_moment_of_the_pause(stt: SttProvider, speech: Audio) -> None:
    wanted = heard(stt, np.concatenate([speech, SILENCE]))
    for after_s in (0.1, 0.15, 0.2, 0.25, 0.4):
        session = stt.start("en")
        partials(session, np.concatenate([speech, SILENCE[: round(after_s * SAMPLE_RATE)]]))
        assert session.finish().text == wanted, f"{after_s} s after the last word"


def test_stable_words_are_whole_words_of_the_partial(stt: SttProvider, speech: Audio) -> None:
    def closes(partial: Partial) -> bool:
        following = partial.text[len(partial.stable) :][:1]
        whole_words = not partial.stable or not following.isalnum()
        return partial.text.startswith(partial.stable) and whole_words

    said = partials(stt.start("en"), np.concatenate([speech, SILENCE, speech, SILENCE]))
    assert all(closes(partial) for partial in said)
    assert any(partial.stable for partial in said)
