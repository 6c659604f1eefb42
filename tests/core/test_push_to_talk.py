"""The talk key's state machine, by example and against a fuzzed world with a known truth."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from app.core.push_to_talk import Action, Finish, Mode, PushToTalk, Resume, Start

GRACE_S = 0.05
HOLD_S = 0.5
LONGEST_S = 120.0


def machine(mode: Mode = "hold") -> PushToTalk:
    return PushToTalk(
        mode=mode,
        max_utterance_s=LONGEST_S,
        release_grace_ms=GRACE_S * 1000,
        hybrid_hold_ms=HOLD_S * 1000,
    )


# --- hold -----------------------------------------------------------------------------------


def test_hold_records_from_press_to_release() -> None:
    talk = machine()
    assert talk.press(1.0) == [Start(1, 1.0)]
    assert talk.recording == 1
    assert talk.release(2.0) == [Finish(1, 2.0, "released")]
    assert talk.recording is None


def test_release_costs_no_time_and_is_taken_back_by_a_press_within_the_grace() -> None:
    talk = machine()
    talk.press(1.0)
    assert talk.release(1.5) == [Finish(1, 1.5, "released")]
    assert talk.press(1.503) == [Resume(1, 1.503)]
    assert talk.recording == 1
    assert talk.release(2.0) == [Finish(1, 2.0, "released")]


def test_press_after_the_grace_is_a_new_recording_even_without_a_tick() -> None:
    talk = machine()
    talk.press(1.0)
    talk.release(1.5)
    assert talk.press(1.5 + GRACE_S + 0.001) == [Start(2, 1.5 + GRACE_S + 0.001)]


def test_marked_repeats_are_ignored() -> None:
    talk = machine()
    assert talk.press(1.0, auto_repeat=True) == []
    talk.press(1.0)
    assert talk.release(1.6, auto_repeat=True) == []
    assert talk.press(1.6, auto_repeat=True) == []
    assert talk.recording == 1


def test_second_source_does_nothing_while_the_first_holds() -> None:
    talk = machine()
    talk.press(1.0, source="key")
    assert talk.press(1.2, source="button") == []
    assert talk.release(1.4, source="button") == []
    assert talk.recording == 1
    assert talk.release(2.0, source="key") == [Finish(1, 2.0, "released")]


def test_other_source_within_the_grace_starts_its_own() -> None:
    talk = machine()
    talk.press(1.0, source="key")
    talk.release(2.0, source="key")
    assert talk.press(2.02, source="button") == [Start(2, 2.02)]
    assert talk.press(2.03, source="key") == []
    assert talk.release(3.0, source="button") == [Finish(2, 3.0, "released")]


def test_lost_release_is_made_up_by_the_next_one() -> None:
    talk = machine()
    talk.press(1.0)
    assert talk.press(4.0) == []
    assert talk.release(5.0) == [Finish(1, 5.0, "released")]


# --- interruptions and the cap ---------------------------------------------------------------


def test_interrupt_ends_the_recording_and_the_held_key_starts_no_other() -> None:
    talk = machine()
    talk.press(1.0)
    assert talk.interrupt(2.0, "window left") == [Finish(1, 2.0, "window left")]
    assert talk.release(2.033) == []
    assert talk.press(2.034) == [], "a release/press pair of the key that is still held"
    assert talk.release(3.0) == []
    assert talk.press(3.5) == [Start(2, 3.5)]


def test_interrupt_between_release_and_press_makes_the_release_final() -> None:
    talk = machine()
    talk.press(1.0)
    talk.release(2.0)
    assert talk.interrupt(2.001, "dialog opened") == []
    assert talk.press(2.002) == []
    assert talk.recording is None


def test_release_lost_to_another_window_does_not_swallow_the_next_press() -> None:
    talk = machine()
    talk.press(1.0)
    talk.interrupt(2.0, "window left")
    assert talk.press(9.0) == [Start(2, 9.0)]


def test_interrupt_while_idle_does_nothing() -> None:
    assert machine().interrupt(1.0, "window left") == []


def test_cap_ends_at_the_cap_however_late_the_tick() -> None:
    talk = machine()
    talk.press(1.0)
    assert talk.tick(1.0 + LONGEST_S - 0.001) == []
    assert talk.tick(1.0 + LONGEST_S + 3.0) == [Finish(1, 1.0 + LONGEST_S, "too long")]
    assert talk.tick(1.0 + LONGEST_S + 4.0) == []
    assert talk.release(300.0) == []


def test_cap_counts_from_the_press_and_not_from_a_resume() -> None:
    talk = machine()
    talk.press(0.0)
    talk.release(100.0)
    talk.press(100.001)
    assert talk.deadline == LONGEST_S
    assert talk.release(LONGEST_S - 0.001) == [Finish(1, LONGEST_S - 0.001, "released")]
    assert talk.press(LONGEST_S + 0.001) == [], "nothing is taken back beyond the cap"


def test_deadline_is_the_cap_then_the_end_of_the_grace_then_nothing() -> None:
    talk = machine()
    assert talk.deadline is None
    talk.press(1.0)
    assert talk.deadline == 1.0 + LONGEST_S
    talk.release(2.0)
    assert talk.deadline == 2.0 + GRACE_S
    talk.tick(2.0 + GRACE_S)
    assert talk.deadline is None


def test_key_held_since_another_window_starts_nothing() -> None:
    talk = machine()
    assert talk.release(1.0) == []
    assert talk.press(1.0005) == []
    assert talk.recording is None


# --- continues -------------------------------------------------------------------------------


def test_continues_tells_a_new_press_from_more_of_the_same() -> None:
    talk = machine()
    assert not talk.continues(0.5)
    talk.press(1.0)
    assert talk.continues(1.5)
    assert not talk.continues(1.5, "button")
    talk.release(2.0)
    assert talk.continues(2.01)
    assert not talk.continues(2.1)


# --- toggle and hybrid -----------------------------------------------------------------------


def test_toggle_starts_and_ends_on_presses() -> None:
    talk = machine("toggle")
    assert talk.press(1.0) == [Start(1, 1.0)]
    assert talk.release(1.1) == []
    assert talk.press(3.0) == [Finish(1, 3.0, "pressed again")]
    assert talk.release(3.1) == []
    assert talk.press(4.0) == [Start(2, 4.0)]


def test_toggle_is_not_ended_by_the_pairs_of_a_held_key() -> None:
    talk = machine("toggle")
    talk.press(1.0)
    assert talk.release(1.66) == []
    assert talk.press(1.663) == []
    assert talk.recording == 1


def test_toggle_started_by_key_is_ended_by_button() -> None:
    talk = machine("toggle")
    talk.press(1.0, source="key")
    talk.release(1.1, source="key")
    assert talk.press(2.0, source="button") == [Finish(1, 2.0, "pressed again")]


def test_toggle_ends_at_an_interrupt() -> None:
    talk = machine("toggle")
    talk.press(1.0)
    talk.release(1.1)
    assert talk.interrupt(2.0, "window left") == [Finish(1, 2.0, "window left")]
    assert talk.press(3.0) == [Start(2, 3.0)]


@pytest.mark.parametrize("mode", ["hold", "toggle", "hybrid"])
def test_an_input_that_only_comes_begins_and_ends_in_every_mode(mode: Mode) -> None:
    talk = machine(mode)
    assert talk.toggle(1.0, "outside") == [Start(1, 1.0)]
    assert talk.release(1.1, source="outside") == [], "nobody holds it"
    assert talk.toggle(3.0, "outside") == [Finish(1, 3.0, "pressed again")]
    assert talk.toggle(3.01, "outside") == [Start(2, 3.01)]


def test_such_an_input_ends_what_a_key_holds_and_a_press_ends_what_it_began() -> None:
    talk = machine()
    talk.press(1.0)
    assert talk.toggle(2.0, "outside") == [Finish(1, 2.0, "pressed again")]
    assert talk.release(3.0) == []
    talk.toggle(4.0, "outside")
    assert talk.press(5.0) == [Finish(2, 5.0, "pressed again")]


def test_such_an_input_is_capped_too() -> None:
    talk = machine()
    talk.toggle(1.0, "outside")
    assert talk.tick(1.0 + LONGEST_S) == [Finish(1, 1.0 + LONGEST_S, "too long")]


def test_an_interrupt_may_leave_what_others_began_alone() -> None:
    talk = machine()
    talk.press(1.0, source="outside")
    assert talk.interrupt(2.0, "window left", {"key", "button"}) == []
    assert talk.recording == 1
    assert talk.release(3.0, source="outside") == [Finish(1, 3.0, "released")]
    assert talk.interrupt(3.01, "window left", {"key"}) == []
    assert talk.press(3.02, source="outside") == [Resume(1, 3.02)], "it was not made final"
    assert talk.interrupt(4.0, "dropped") == [Finish(1, 4.0, "dropped")]


def test_hybrid_long_press_is_hold() -> None:
    talk = machine("hybrid")
    talk.press(1.0)
    assert talk.release(1.0 + HOLD_S) == [Finish(1, 1.0 + HOLD_S, "released")]


def test_hybrid_short_press_is_toggle() -> None:
    talk = machine("hybrid")
    talk.press(1.0)
    assert talk.release(1.2) == []
    assert talk.recording == 1
    assert talk.press(5.0) == [Finish(1, 5.0, "pressed again")]
    assert talk.release(5.1) == []


def test_hybrid_pair_before_the_hold_time_does_not_make_it_a_tap() -> None:
    talk = machine("hybrid")
    talk.press(1.0)
    assert talk.release(1.4) == []
    assert talk.press(1.402) == []
    assert talk.release(3.0) == [Finish(1, 3.0, "released")]


# --- fuzz ------------------------------------------------------------------------------------

SEQUENCES = 10_000
SHORTEST_PAIR_S, LONGEST_PAIR_S = 0.0003, 0.003
POST_ROLL_S = 0.04
LONGEST_INPUT_LATENCY_S = 0.06


@dataclass
class World:
    """Keys that are truly pressed, what the window system makes of them, and the truth.

    `truth` holds (began, ended) of every recording there should be, worked out from the true
    presses alone, as if no noise existed. `seen` is what the machine said.
    """

    mode: Mode
    random: random.Random
    now: float = 10.0
    held: set[str] = field(default_factory=set)
    truth: list[tuple[float, float]] = field(default_factory=list)
    seen: list[Action] = field(default_factory=list)
    expected: tuple[str, float, bool] | None = None
    """Owner, beginning and whether it is latched, of the recording that should run now."""

    def __post_init__(self) -> None:
        self.talk = machine(self.mode)

    # what truly happens

    def true_press(self, source: str) -> None:
        self.held.add(source)
        if self.expected is None:
            self.expected = (source, self.now, self.mode == "toggle")
        elif self.expected[2]:
            self._truly_over(self.now)
        self.seen += self.talk.press(self.now, source=source)

    def true_release(self, source: str, *, arrives: bool) -> None:
        self.held.discard(source)
        if arrives and self.expected and self.expected[0] == source and not self.expected[2]:
            if self.mode == "hybrid" and self.now - self.expected[1] < HOLD_S:
                self.expected = (source, self.expected[1], True)
            else:
                self._truly_over(self.now)
        if arrives:
            self.seen += self.talk.release(self.now, source=source)

    def interrupt(self) -> None:
        self._truly_over(self.now)
        self.seen += self.talk.interrupt(self.now, "window left")

    def _truly_over(self, at: float) -> None:
        if self.expected:
            self.truth.append((self.expected[1], at))
            self.expected = None

    # what the window system adds

    def pass_time(self, seconds: float) -> None:
        """Time goes by, with the ticks the machine asks for, now and then late."""
        target = self.now + seconds
        while (deadline := self.talk.deadline) is not None and deadline <= target:
            self.now = min(target, deadline + self.random.choice((0.0, 0.004)))
            self._cap(self.now)
            self.seen += self.talk.tick(self.now)
            assert self.talk.deadline != deadline, "a tick at the deadline must settle it"
        self.now = target
        self._cap(target)

    def _cap(self, at: float) -> None:
        if self.expected and at >= self.expected[1] + LONGEST_S:
            self._truly_over(self.expected[1] + LONGEST_S)

    def noise_pair(self) -> None:
        """X11 says a held key came up and went down again."""
        if not self.held:
            return
        source = self.random.choice(sorted(self.held))
        if self.random.random() < 0.3:
            self.seen += self.talk.release(self.now, True, source)
            self.seen += self.talk.press(self.now, True, source)
            return
        self.seen += self.talk.release(self.now, source=source)
        gap = self.random.uniform(SHORTEST_PAIR_S, LONGEST_PAIR_S)
        if self.random.random() < 0.1:
            self.pass_time(gap / 2)
            self.interrupt()
            gap /= 2
        self.pass_time(gap)
        self.seen += self.talk.press(self.now, source=source)


def live_sequence(seed: int) -> World:
    """A few seconds to minutes at a desk."""
    chance = random.Random(seed)
    modes: tuple[Mode, ...] = ("hold", "hold", "toggle", "hybrid")
    world = World(chance.choice(modes), chance)
    for _ in range(chance.randrange(4, 28)):
        # nobody presses the same key twice within the grace
        world.pass_time(chance.uniform(GRACE_S + 0.005, 0.7))
        roll = chance.random()
        source = chance.choice(("key", "key", "button"))
        if roll < 0.45:
            world.noise_pair()
        elif roll < 0.85:
            if source in world.held:
                world.true_release(source, arrives=chance.random() > 0.06)
            else:
                world.true_press(source)
        elif roll < 0.97:
            world.interrupt()
        else:
            world.pass_time(chance.uniform(30, 130))
    world.pass_time(GRACE_S + 0.01)
    world.interrupt()
    return world


def recordings(actions: Sequence[Action]) -> list[tuple[float, float]]:
    """(began, ended) of each recording; fails unless they are one at a time and each ends."""
    done: list[tuple[float, float]] = []
    open_id: int | None = None
    began = ended = 0.0
    last_id = 0
    for action in actions:
        match action:
            case Start(recording, at):
                assert open_id is None, "two recordings at once"
                if last_id:
                    done.append((began, ended))
                assert recording == last_id + 1
                open_id, last_id, began = recording, recording, at
            case Finish(recording, at):
                assert recording == open_id, "finished what does not run"
                open_id, ended = None, at
            case Resume(recording, at):
                assert open_id is None, "resumed what runs"
                assert recording == last_id, "resumed another recording"
                assert at < ended + POST_ROLL_S, "the fastest listener has closed by then"
                open_id = recording
    assert open_id is None, "a recording that never ends"
    if last_id:
        done.append((began, ended))
    return done


@pytest.mark.parametrize("block", range(10))
def test_fuzz_recordings_are_those_of_the_true_presses(block: int) -> None:
    seen = 0
    for seed in range(block * SEQUENCES // 10, (block + 1) * SEQUENCES // 10):
        world = live_sequence(seed)
        got = recordings(world.seen)
        where = f"seed {seed}, {world.mode}: {got} for {world.truth}"
        assert len(got) == len(world.truth), where
        for (began, ended), (true_began, true_ended) in zip(got, world.truth, strict=True):
            assert began == true_began, where
            # a window left in the middle of a pair: the release of the pair stands
            assert true_ended - LONGEST_PAIR_S <= ended <= true_ended, where
            closed = ended + POST_ROLL_S + LONGEST_INPUT_LATENCY_S
            assert closed <= true_ended + 0.1 + 1e-9, where
        assert all(a[1] <= b[0] for a, b in pairwise(got)), where
        seen += len(got)
    assert seen > SEQUENCES / 10, "the sequences record too little to mean anything"


def test_fuzz_a_held_key_is_one_recording_whatever_x11_says() -> None:
    for seed in range(500):
        world = World("hold", random.Random(seed))
        world.true_press("key")
        pairs = world.random.randrange(1, 60)
        for _ in range(pairs):
            world.pass_time(world.random.uniform(0.02, 0.04))
            world.seen += world.talk.release(world.now)
            world.pass_time(world.random.uniform(SHORTEST_PAIR_S, LONGEST_PAIR_S))
            world.seen += world.talk.press(world.now)
        world.pass_time(0.1)
        world.true_release("key", arrives=True)
        assert recordings(world.seen) == world.truth
        assert len(world.truth) == 1
        assert sum(isinstance(action, Resume) for action in world.seen) == pairs
