"""Presses and releases that overtake one another."""

from __future__ import annotations

from itertools import permutations

import pytest

from app.core.push_to_talk import Finish, Mode, PushToTalk, Start
from app.core.talk_order import TalkOrder, Word

PRESS: Word = "press"
RELEASE: Word = "release"


def taken(*words: tuple[Word, float]) -> list[Word]:
    order = TalkOrder()
    return [each for word, began_at in words for each in order.take(word, began_at)]


def test_what_comes_in_order_is_passed_on():
    assert taken((PRESS, 1), (RELEASE, 2), (PRESS, 3), (RELEASE, 4)) == [PRESS, RELEASE] * 2


def test_a_release_that_came_first_ends_its_press_at_once():
    assert taken((RELEASE, 2), (PRESS, 1)) == [PRESS, RELEASE]


def test_a_release_without_a_press_ends_no_later_one():
    """Its press came while no window was there."""
    assert taken((RELEASE, 2), (PRESS, 3)) == [PRESS]
    assert taken((RELEASE, 2), (PRESS, 3), (RELEASE, 4)) == [PRESS, RELEASE]


def test_a_release_does_not_end_a_press_that_came_after_it():
    assert taken((PRESS, 1), (PRESS, 3), (RELEASE, 2)) == [PRESS, PRESS]
    assert taken((PRESS, 3), (PRESS, 1), (RELEASE, 2), (RELEASE, 4)) == [PRESS, RELEASE]


@pytest.mark.parametrize("mode", ["hold", "hybrid"])
def test_however_two_taps_arrive_nothing_is_left_on(mode: Mode):
    taps: list[tuple[Word, float]] = [(PRESS, 1.0), (RELEASE, 2.0), (PRESS, 3.0), (RELEASE, 4.0)]
    for arrival in permutations(taps):
        order = TalkOrder()
        machine = PushToTalk(
            mode=mode, max_utterance_s=60, release_grace_ms=40, hybrid_hold_ms=0.001
        )
        at, begun = 10.0, 0
        for word, began_at in arrival:
            at += 0.5
            for each in order.take(word, began_at):
                at += 0.001
                actions = machine.press(at) if each == PRESS else machine.release(at)
                begun += sum(isinstance(action, Start) for action in actions)
        machine.tick(at + 1)
        assert begun >= 1, arrival
        assert machine.recording is None, arrival


def test_a_tap_whose_end_came_first_still_begins_and_ends_where_each_press_does_that():
    """Mode "toggle": nothing may be lost, and nothing counted twice."""
    order = TalkOrder()
    machine = PushToTalk(mode="toggle", max_utterance_s=60, release_grace_ms=40, hybrid_hold_ms=300)
    done = []
    for at, word, began_at in (
        (10.0, RELEASE, 2.0),
        (10.01, PRESS, 1.0),
        (12.0, PRESS, 3.0),
        (12.3, RELEASE, 4.0),
    ):
        for each in order.take(word, began_at):
            done += machine.press(at) if each == PRESS else machine.release(at)
    assert [type(action) for action in done] == [Start, Finish]


def test_a_tick_that_a_release_shares_with_the_next_press_ends_no_recording() -> None:
    """The clock of a process's start has ticks of 10 ms: a bouncing key is quicker."""
    order = TalkOrder()
    assert order.take("press", 1.0) == ("press",)
    assert order.take("release", 2.0) == ("release",)
    assert order.take("press", 2.0) == ("press",)
    assert order.take("release", 4.0) == ("release",)


def test_a_press_of_the_same_tick_that_its_release_overtook_is_void() -> None:
    order = TalkOrder()
    assert order.take("release", 2.0) == ()
    assert order.take("press", 2.0) == ("press", "release")
