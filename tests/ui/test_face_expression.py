"""What a face does over time, without a picture and without a clock."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest

from app.core.events import State
from app.core.mouth import CLOSED, MouthShape
from app.ui.face_expression import (
    BLINK_AFTER_S,
    BREATH_S,
    CALM_AFTER_S,
    CALMER,
    POSES,
    Expression,
    Pose,
)
from app.ui.states import FACES

FRAME_S = 1 / 60


def face(state: str = State.READY) -> Expression:
    expression = Expression(random.Random(7))
    expression.show_state(state)
    return expression


def run(expression: Expression, seconds: float) -> list[Pose]:
    """Every pose that was to be drawn."""
    return [expression.pose for _ in range(round(seconds / FRAME_S)) if expression.step(FRAME_S)]


def test_every_state_has_a_pose():
    assert set(POSES) == set(FACES)
    assert len(set(POSES.values())) == len(POSES), "and no two look the same"


@pytest.mark.parametrize("state", list(FACES))
def test_a_state_is_reached_without_a_jump(state):
    expression = face(State.SPEAKING if state == State.READY else State.READY)
    run(expression, 1.0)
    before = expression.pose
    expression.show_state(state)
    poses = [before, *run(expression, 0.6)]
    jump = max(abs(one.smile - other.smile) for one, other in pairwise(poses))
    assert jump < 0.25
    assert expression.pose.smile == pytest.approx(POSES[state].smile, abs=0.03)


def blinks(expression: Expression, seconds: float) -> list[float]:
    """From each to the next; a second one that follows at once is part of the first."""
    shut = []
    for frame in range(round(seconds / FRAME_S)):
        was_open = expression.pose.eyes > 0.3
        expression.step(FRAME_S)
        if was_open and expression.pose.eyes <= 0.3:
            shut.append(frame * FRAME_S)
    gaps = [later - earlier for earlier, later in pairwise(shut)]
    return [gap for gap in gaps if gap > 1.0]


def test_it_blinks_every_few_seconds_at_random_and_more_seldom_when_it_is_left_alone():
    expression = face()
    least, most = BLINK_AFTER_S
    lively = []
    for _ in range(8):
        lively += blinks(expression, CALM_AFTER_S)
        expression.show_state(State.FINISHING)
        expression.show_state(State.READY)
    calm = blinks(expression, 120.0)[5:]
    assert all(least <= gap <= most + 0.5 for gap in lively)
    assert len({round(gap, 1) for gap in lively}) > 3
    assert len(calm) > 3
    assert all(CALMER * least <= gap <= CALMER * most + 0.5 for gap in calm)


def test_eyes_open_wider_the_louder_somebody_speaks():
    quiet, loud = face(State.LISTENING), face(State.LISTENING)
    for _ in range(30):
        loud.show_level(0.9)
        quiet.step(FRAME_S)
        loud.step(FRAME_S)
    rest = face()
    run(rest, 0.5)
    assert rest.pose.eyes < quiet.pose.eyes < loud.pose.eyes - 0.05
    assert loud.pose.brows > quiet.pose.brows


def test_who_thinks_looks_up_and_aside_and_sometimes_to_the_other_side():
    expression = face(State.THINKING)
    poses = run(expression, 8.0)
    assert all(pose.gaze_y < -0.4 for pose in poses[30:])
    assert max(pose.gaze_x for pose in poses) > 0.4
    assert min(pose.gaze_x for pose in poses) < -0.4


def test_the_mouth_follows_the_voice_within_a_few_frames_and_opens_faster_than_it_closes():
    expression = face(State.SPEAKING)
    run(expression, 1.0)
    expression.show_mouth(MouthShape(open=1.0, wide=0.1))
    run(expression, 0.1)
    assert expression.pose.open > 0.9
    assert expression.pose.wide < 0.25
    expression.show_mouth(CLOSED)
    run(expression, 0.05)
    assert 0.1 < expression.pose.open < 0.8
    run(expression, 0.5)
    assert expression.pose.open == 0


def test_only_a_face_that_speaks_moves_its_mouth():
    expression = face(State.LISTENING)
    run(expression, 1.0)
    expression.show_mouth(MouthShape(open=1.0, wide=1.0))
    run(expression, 0.3)
    assert expression.pose.open == 0


def test_nothing_moves_between_two_glances():
    expression = face(State.FINISHING)
    run(expression, CALM_AFTER_S + BREATH_S)
    while expression.moving:
        expression.step(FRAME_S)
    before = expression.pose
    while expression.idle_s > 2 * FRAME_S:
        expression.step(FRAME_S)
        assert expression.pose.eyes == before.eyes
    run(expression, 0.1)
    assert expression.pose.eyes < before.eyes, "then it blinks"


def test_who_is_left_alone_stops_breathing_but_still_blinks():
    expression = face()
    assert {pose.breath for pose in run(expression, 10.0)} != {0.0}
    run(expression, CALM_AFTER_S)
    assert not expression.breathing
    calm = run(expression, 30.0)
    assert {pose.breath for pose in calm} <= {0.0, calm[0].breath}
    assert min(pose.eyes for pose in calm) < 0.3


@pytest.mark.parametrize("parts", [1, 2, 6])
def test_a_breath_is_a_wave_in_so_many_pictures(parts: int):
    """Told when the next one is due, nobody looks in between."""
    expression = face()
    expression.draw_breath_in(parts)
    at_s, heights = 0.0, []
    while at_s < 2 * BREATH_S:
        wait_s = expression.idle_s + 0.001
        expression.step(wait_s)
        at_s += wait_s
        wave = math.sin(2 * math.pi * at_s / BREATH_S)
        assert abs(expression.pose.breath - wave) <= 0.5 / parts + 0.05
        heights.append(round(expression.pose.breath, 3))
    changes = sum(one != other for one, other in pairwise(heights))
    assert 8 * parts - 2 <= changes <= 8 * parts
    assert {min(heights), max(heights)} == {-1.0, 1.0}


def test_after_a_long_sleep_it_moves_on_from_where_it_was():
    expression = face()
    run(expression, 1.0)
    expression.show_state(State.THINKING)
    expression.step(30.0)  # nobody painted it for so long
    assert abs(expression.pose.gaze_y - POSES[State.THINKING].gaze_y) > 0.1


def test_a_settled_face_is_as_its_state_wants_it():
    expression = face(State.THINKING)
    expression.step(FRAME_S)
    expression.settle()
    assert expression.pose == POSES[State.THINKING]
    assert not expression.moving
