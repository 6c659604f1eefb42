"""Endpointing on made-up tracks of speech probability, one digit per 32 ms frame."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.endpointing import Endpointing, SpeechState, Transition

QUIET, STARTING, SPEAKING, STOPPING = SpeechState
FRAME_MS = 32.0
FRAME_S = FRAME_MS / 1000


def endpointing(*, start_frames: int = 2, silence_frames: int = 3) -> Endpointing:
    return Endpointing(
        threshold=0.5,
        start_ms=start_frames * FRAME_MS,
        silence_ms=silence_frames * FRAME_MS,
        frame_ms=FRAME_MS,
    )


def feed(ends: Endpointing, track: str) -> list[Transition]:
    """Feed "0299": one frame each with probabilities 0.0, 0.2, 0.9, 0.9."""
    return [step for digit in track for step in ends.feed(int(digit) / 10)]


def states(steps: Iterable[Transition]) -> list[SpeechState]:
    return [step.after for step in steps]


def test_silence_is_no_speech() -> None:
    ends = endpointing()
    assert feed(ends, "0010430") == []
    assert ends.state == QUIET
    assert not ends.heard_speech
    assert ends.speech_began_s is None
    assert ends.speech_ended_s is None
    assert ends.voiced_ms == 0


def test_a_word_goes_through_all_four_states() -> None:
    ends = endpointing()
    steps = feed(ends, "0099990000")
    assert states(steps) == [STARTING, SPEAKING, STOPPING, QUIET]
    assert [step.before for step in steps] == [QUIET, STARTING, SPEAKING, STOPPING]
    assert ends.heard_speech


def test_beginning_and_end_are_those_of_the_voice_not_of_the_decision() -> None:
    ends = endpointing()
    steps = feed(ends, "009999000")
    assert ends.speech_began_s == pytest.approx(2 * FRAME_S)
    assert ends.speech_ended_s == pytest.approx(6 * FRAME_S)
    assert ends.voiced_ms == pytest.approx(4 * FRAME_MS)
    spoke, fell_silent = steps[1], steps[3]
    assert spoke.at_s == pytest.approx(2 * FRAME_S)
    assert fell_silent.at_s == pytest.approx(6 * FRAME_S)


def test_a_click_is_not_speech_and_two_clicks_do_not_add_up() -> None:
    ends = endpointing()
    assert states(feed(ends, "0900900")) == [STARTING, QUIET, STARTING, QUIET]
    assert not ends.heard_speech
    assert ends.voiced_ms == 0


def test_a_breath_does_not_end_speech() -> None:
    ends = endpointing(silence_frames=3)
    steps = feed(ends, "99990099")
    assert states(steps) == [STARTING, SPEAKING, STOPPING, SPEAKING]
    assert ends.state == SPEAKING
    assert ends.speech_ended_s == pytest.approx(8 * FRAME_S)
    assert ends.voiced_ms == pytest.approx(6 * FRAME_MS)


def test_a_soft_syllable_does_not_end_speech_but_would_not_begin_it() -> None:
    ends = endpointing()
    assert feed(ends, "444") == []
    feed(ends, "99")
    assert feed(ends, "444") == []
    assert ends.state == SPEAKING
    assert states(feed(ends, "3")) == [STOPPING]


def test_key_up_in_the_middle_of_a_word() -> None:
    ends = endpointing()
    feed(ends, "0999")
    assert ends.state == SPEAKING
    assert ends.speech_ended_s == pytest.approx(4 * FRAME_S)


def test_key_up_in_the_pause_after_the_last_word() -> None:
    ends = endpointing()
    feed(ends, "099900")
    assert ends.state == STOPPING
    assert ends.speech_ended_s == pytest.approx(4 * FRAME_S)


def test_several_stretches_of_speech_keep_the_first_beginning_and_the_last_end() -> None:
    ends = endpointing()
    feed(ends, "0990000999000")
    assert ends.speech_began_s == pytest.approx(1 * FRAME_S)
    assert ends.speech_ended_s == pytest.approx(10 * FRAME_S)
    assert ends.voiced_ms == pytest.approx(5 * FRAME_MS)


def test_times_shorter_than_a_frame_mean_one_frame() -> None:
    ends = Endpointing(threshold=0.5, start_ms=1, silence_ms=1, frame_ms=FRAME_MS)
    assert states(feed(ends, "9")) == [STARTING, SPEAKING]
    assert states(feed(ends, "0")) == [STOPPING, QUIET]


def test_times_are_rounded_up_to_whole_frames() -> None:
    ends = Endpointing(threshold=0.5, start_ms=65, silence_ms=300, frame_ms=FRAME_MS)
    feed(ends, "99")
    assert not ends.heard_speech
    feed(ends, "9")
    assert ends.heard_speech
    feed(ends, "0" * 9)
    assert ends.state == STOPPING
    feed(ends, "0")
    assert ends.state == QUIET


def test_reset_forgets_the_utterance_before() -> None:
    ends = endpointing()
    feed(ends, "99999")
    ends.reset()
    assert ends.state == QUIET
    assert not ends.heard_speech
    assert ends.voiced_ms == 0
    feed(ends, "099")
    assert ends.speech_began_s == pytest.approx(1 * FRAME_S)


@given(
    track=st.lists(st.floats(0, 1), max_size=60),
    start_frames=st.integers(1, 4),
    silence_frames=st.integers(1, 5),
)
def test_any_track_makes_sense(track: list[float], start_frames: int, silence_frames: int) -> None:
    ends = endpointing(start_frames=start_frames, silence_frames=silence_frames)
    state = QUIET
    for count, probability in enumerate(track, start=1):
        for step in ends.feed(probability):
            assert step.before == state, "transitions follow one another"
            assert step.before != step.after
            assert 0 <= step.at_s <= count * FRAME_S
            state = step.after
        assert ends.state == state
    assert ends.voiced_ms <= len(track) * FRAME_MS + 1e-6
    assert ends.heard_speech == (ends.speech_began_s is not None)
    if ends.speech_began_s is not None and ends.speech_ended_s is not None:
        length_s = ends.speech_ended_s - ends.speech_began_s
        assert start_frames * FRAME_S - 1e-9 <= length_s <= len(track) * FRAME_S + 1e-9
        assert ends.voiced_ms / 1000 <= length_s + 1e-9
    longest = run = 0
    for probability in track:
        run = run + 1 if probability >= 0.5 else 0
        longest = max(longest, run)
    assert ends.heard_speech == (longest >= start_frames)
