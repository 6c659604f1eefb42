"""What a face does from moment to moment: eyes, brows and mouth as numbers, without a picture.

Pure: time is what `step` is told has passed, chance is the generator it is given.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass, replace

from app.core.events import State
from app.core.mouth import CLOSED, MouthShape
from app.ui.states import ATTENTION, OPENING

BLINK_AFTER_S = (3.0, 7.0)
"""Between two blinks, at random."""
CLOSING_S, OPENING_S = 0.07, 0.12
"""The lids come down faster than they go up."""
BLINKS_TWICE = 0.12
"""How many blinks are followed by another at once."""

BREATH_S = 4.4
"""In and out, at rest."""
CALM_AFTER_S = 10.0
"""Of doing nothing; then the face does not breathe either, and the processor rests."""
CALMER = 2.0
"""By how much more seldom a calm face blinks and looks about."""

_TIME_CONSTANTS_S = (0.07, 0.05, 0.05, 0.14, 0.14, 0.14, 0.14, 0.055, 0.06, 0.14)
"""Of the approach to what is wanted, field by field of a pose: eyes jump and stay, they do not
wander; the posture takes its time."""
_JAW_OPENS_S = 0.03
"""Faster than it closes."""
_LEVEL_RISES_S, _LEVEL_FALLS_S = 0.05, 0.22

LONGEST_MOVE_S = 0.05
"""A face that was still for longer moves on from where it was, and does not jump."""

_STEP = 1 / 250
"""Poses this close look the same: a quarter of a pixel of the largest face."""
USUAL_BREATH_PARTS = 2
"""Pictures from no breath to a whole one: it moves a face of 64 px by less than half a pixel."""


@dataclass(frozen=True, slots=True)
class Pose:
    """What there is to draw. Directions as on the screen: down and right are positive."""

    eyes: float = 1.0
    """How far they are open: 0 is shut, 1 is usual."""
    gaze_x: float = 0.0
    gaze_y: float = 0.0
    """-1 to 1."""
    brows: float = 0.0
    """Raised, 0 to 1; below 0 they are lowered."""
    doubt: float = 0.0
    """The right brow higher than the left, 0 to 1."""
    worry: float = 0.0
    """The inner ends of the brows up, 0 to 1."""
    smile: float = 0.0
    """Corners of the mouth up, -1 to 1."""
    open: float = 0.0
    wide: float = 0.5
    """As `MouthShape`."""
    tilt: float = 0.0
    """Of the head, in tens of degrees to the right."""
    breath: float = 0.0
    """Up and down, -1 to 1."""

    @property
    def still(self) -> tuple[float, ...]:
        """All but the mouth."""
        return (
            self.eyes,
            self.gaze_x,
            self.gaze_y,
            self.brows,
            self.doubt,
            self.worry,
            self.tilt,
            self.breath,
        )


REST = Pose(smile=0.6)

POSES = {
    State.READY: REST,
    OPENING: Pose(eyes=1.05, smile=0.4),
    State.LISTENING: Pose(eyes=1.12, brows=0.16, smile=0.5, tilt=0.35),
    State.FINISHING: Pose(eyes=1.06, smile=0.4, tilt=0.2),
    State.THINKING: Pose(
        eyes=0.95, gaze_x=0.7, gaze_y=-0.8, brows=0.3, doubt=0.7, smile=0.15, wide=0.2, tilt=-0.25
    ),
    State.SPEAKING: Pose(smile=0.5),
    ATTENTION: Pose(eyes=0.95, worry=0.9, smile=-0.45),
}
"""How each state looks when nothing moves; under reduced motion it is all there is."""

_GLANCES: dict[str, tuple[float, float, tuple[float, float]]] = {
    State.READY: (0.35, 0.15, (2.5, 6.0)),
    State.SPEAKING: (0.18, 0.10, (1.8, 4.0)),
    State.THINKING: (0.25, 0.15, (1.4, 2.6)),
}
"""By state: how far the eyes stray sideways and up or down, and seconds between two glances.
In the others they stay on whom they look at."""

_EYES, _GAZE_X, _BROWS, _SMILE, _OPEN, _WIDE = 0, 1, 3, 6, 7, 8
"""Places of the fields of a pose."""


class Expression:
    """Moves a face. Used by the GUI thread.

    Attributes:
        pose: as it is now.
    """

    def __init__(self, chance: random.Random) -> None:
        self.pose = REST
        self.draw_breath_in(USUAL_BREATH_PARTS)
        self._state: str = State.READY
        self._chance = chance
        self._wanted = _numbers(REST)
        self._now = list(self._wanted)
        self._shown = (*self._wanted, 0.0)
        """What the pose was made of."""
        self._mouth = CLOSED
        self._unsettled = False
        """Something had not reached where it belongs when the last step began."""
        self._level = 0.0
        self._felt = 0.0
        """The level as the eyes follow it."""
        self._breath_s = 0.0
        self._still_s = 0.0
        """Since something was said or shown."""
        self._blink_s: float | None = None
        """Since the lids began to close; None while they are open."""
        self._blink_in_s = self._pause(BLINK_AFTER_S)
        self._glance_in_s = math.inf
        self._plan_glance()

    # --- what is wanted -------------------------------------------------------------------

    def show_state(self, state: str) -> None:
        if state == self._state:
            return
        self._state = state
        self._wanted = _numbers(POSES[state])
        self._mouth = CLOSED
        self._level = 0.0
        self._still_s = 0.0
        self._unsettled = True
        self._plan_glance()
        if state == State.THINKING:
            self._blink()  # as one does when the eyes go somewhere else

    def show_level(self, level: float) -> None:
        """How loud the microphone is, 0 to 1 as a meter shows it."""
        if self._state == State.LISTENING:
            self._level = max(self._level, level)
            self._still_s = 0.0

    def show_mouth(self, shape: MouthShape) -> None:
        if self._state == State.SPEAKING and shape != self._mouth:
            self._mouth = shape
            self._still_s = 0.0
            self._unsettled = True

    def draw_breath_in(self, parts: int) -> None:
        """How many pictures a breath has on its way in; more than can be told apart are for
        nothing."""
        self._breath_until, self._breath_heights = _breaths(parts)

    def settle(self) -> None:
        """Be as the state wants it, at once and without motion."""
        self.pose = POSES[self._state]
        self._wanted = _numbers(self.pose)
        self._now, self._shown = list(self._wanted), (*self._wanted, 0.0)
        self._mouth = CLOSED
        self._level = self._felt = 0.0
        self._blink_s = None
        self._unsettled = False

    # --- time -----------------------------------------------------------------------------

    @property
    def moving(self) -> bool:
        """Whether the next picture may differ from this one, breath left aside."""
        return self._blink_s is not None or self._level > _STEP or self._unsettled

    @property
    def breathing(self) -> bool:
        return self._still_s < CALM_AFTER_S or self._shown[-1] != 0

    @property
    def idle_s(self) -> float:
        """When something happens by itself: a blink, a glance, the next part of a breath."""
        soonest = min(self._blink_in_s, self._glance_in_s)
        if self.breathing:
            soonest = min(soonest, self._breath_until[self._breath_part] - self._breath_s)
        return max(0.0, soonest)

    def step(self, seconds: float) -> bool:
        """Let time pass; whether there is something new to draw."""
        self._still_s += seconds
        self._breathe(seconds)
        self._glance(seconds)
        self._blink_in_s -= seconds
        seconds = min(seconds, LONGEST_MOVE_S)
        lids = self._lids(seconds)
        self._level *= math.exp(-seconds / _LEVEL_FALLS_S)
        self._felt = _towards(self._felt, self._level, _LEVEL_RISES_S, seconds)
        self._approach(self._target(), seconds)
        now = self._now
        eyes = now[_EYES] * lids
        shown = (eyes if lids < 1 else now[_EYES], *now[1:], self._breath())
        if shown == self._shown:
            return False
        self._shown = shown
        before, self.pose = self.pose, Pose(*(round(number / _STEP) * _STEP for number in shown))
        return self.pose != before

    def _approach(self, target: list[float], seconds: float) -> None:
        """Sixty times a second: what is where it belongs is left alone."""
        self._unsettled = self._felt > _STEP
        now = self._now
        for index, wanted in enumerate(target):
            value = now[index]
            if value == wanted:
                continue
            self._unsettled = True
            if abs(wanted - value) <= _STEP:
                now[index] = wanted
                continue
            time_constant_s = _TIME_CONSTANTS_S[index]
            if index == _OPEN and wanted > value:
                time_constant_s = _JAW_OPENS_S
            now[index] = wanted + (value - wanted) * math.exp(-seconds / time_constant_s)

    def _target(self) -> list[float]:
        target, mouth, felt = list(self._wanted), self._mouth, self._felt
        target[_EYES] += 0.14 * felt
        target[_BROWS] += 0.5 * felt
        if self._state == State.SPEAKING:
            # Neither an open mouth smiles much nor a rounded one.
            target[_SMILE] *= (1 - 0.6 * mouth.open) * min(1.0, 0.2 + 1.6 * mouth.wide)
            target[_OPEN], target[_WIDE] = mouth.open, mouth.wide
        return target

    def _breathe(self, seconds: float) -> None:
        if self.breathing:
            self._breath_s = (self._breath_s + seconds) % BREATH_S

    @property
    def _breath_part(self) -> int:
        return min(bisect_right(self._breath_until, self._breath_s), len(self._breath_heights) - 1)

    def _breath(self) -> float:
        return self._breath_heights[self._breath_part]

    def _glance(self, seconds: float) -> None:
        self._glance_in_s -= seconds
        if self._glance_in_s > 0:
            return
        far_x, far_y, _ = _GLANCES[self._state]
        pose = POSES[self._state]
        side = -1 if self._state == State.THINKING and self._wanted[_GAZE_X] > 0 else 1
        self._wanted = _numbers(
            replace(
                pose,
                gaze_x=side * pose.gaze_x + self._chance.uniform(-far_x, far_x),
                gaze_y=pose.gaze_y + self._chance.uniform(-far_y, far_y),
                doubt=side * pose.doubt,
                tilt=side * pose.tilt,
            )
        )
        self._unsettled = True
        self._plan_glance()

    def _plan_glance(self) -> None:
        glances = _GLANCES.get(self._state)
        self._glance_in_s = self._pause(glances[2]) if glances else math.inf

    def _blink(self) -> None:
        if self._blink_s is None:
            self._blink_s = 0.0
        twice = self._chance.random() < BLINKS_TWICE
        self._blink_in_s = CLOSING_S + OPENING_S + (0.08 if twice else self._pause(BLINK_AFTER_S))

    def _lids(self, seconds: float) -> float:
        """How far the lids are up, 0 to 1."""
        if self._blink_s is not None:
            self._blink_s += seconds
        elif self._blink_in_s <= 0:
            self._blink()
        if self._blink_s is None:
            return 1.0
        if self._blink_s >= CLOSING_S + OPENING_S:
            self._blink_s = None
            return 1.0
        if self._blink_s < CLOSING_S:
            return 1 - _eased(self._blink_s / CLOSING_S)
        return _eased((self._blink_s - CLOSING_S) / OPENING_S)

    def _pause(self, limits: tuple[float, float]) -> float:
        """Seconds of stillness."""
        return self._chance.uniform(*limits) * (CALMER if self._still_s >= CALM_AFTER_S else 1.0)


def _towards(value: float, target: float, time_constant_s: float, seconds: float) -> float:
    if abs(target - value) <= _STEP:
        return target
    return target + (value - target) * math.exp(-seconds / time_constant_s)


def _breaths(parts: int) -> tuple[list[float], list[float]]:
    """The heights of a breath, -1 to 1 in so many parts of each sign, and until when each lasts:
    as long as it is the nearest to a sine."""
    rises = [math.asin((part + 0.5) / parts) for part in range(parts)]
    falls = [math.pi - angle for angle in reversed(rises)]
    half = [*rises, *falls]
    angles = [*half, *(math.pi + angle for angle in half), 2 * math.pi]
    heights = [*range(parts), *range(parts, -parts, -1), *range(-parts, 1)]
    until_s = [angle * BREATH_S / (2 * math.pi) for angle in angles]
    return until_s, [height / parts for height in heights]


def _eased(part: float) -> float:
    return part * part * (3 - 2 * part)


def _numbers(pose: Pose) -> tuple[float, ...]:
    """All but the breath, in the order of the fields."""
    return (
        pose.eyes,
        pose.gaze_x,
        pose.gaze_y,
        pose.brows,
        pose.doubt,
        pose.worry,
        pose.smile,
        pose.open,
        pose.wide,
        pose.tilt,
    )
