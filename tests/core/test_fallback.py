"""Whom to ask: order, keys, local-only, and who rests after a failure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.fallback import (
    LONGEST_BACK_OFF_S,
    LONGEST_RETRY_AFTER_S,
    Breaker,
    Entrant,
    Failure,
    Fallback,
    Skip,
)

OLLAMA = Entrant("ollama", "Ollama")
CEREBRAS = Entrant("cerebras", "Cerebras", local=False, set_up=False)
GROQ = Entrant("groq", "Groq", local=False)


def fail(fallback: Fallback, name: str, now: float, **options) -> None:
    fallback.failed(name, f"{name} failed.", now, **{"kind": Failure.REPLY, **options})


def test_all_who_are_set_up_are_asked_in_order() -> None:
    plan = Fallback([OLLAMA, CEREBRAS, GROQ]).plan(0.0)
    assert plan.candidates == ("ollama", "groq")
    assert plan.first_choice == "ollama"
    assert [(skipped.name, skipped.kind) for skipped in plan.skipped] == [
        ("cerebras", Skip.NOT_SET_UP)
    ]
    assert plan.why_not("cerebras") == "Cerebras has no key."
    assert plan.why_not("ollama") == ""


def test_what_was_never_set_up_is_nobodys_first_choice() -> None:
    fallback = Fallback([CEREBRAS, OLLAMA])
    assert fallback.plan(0.0).first_choice == "ollama"
    fallback.set_up("cerebras", True)
    assert fallback.plan(0.0).candidates == ("cerebras", "ollama")
    assert fallback.plan(0.0).first_choice == "cerebras"


def test_local_only_leaves_out_the_cloud_and_says_so() -> None:
    fallback = Fallback([GROQ, OLLAMA], local_only=True)
    plan = fallback.plan(0.0)
    assert plan.candidates == fallback.permitted() == ("ollama",)
    assert plan.first_choice == "groq"
    assert plan.why_not("groq") == "Groq was not asked, because “Stay on this computer” is on."
    fallback.local_only = False
    assert fallback.plan(0.0).candidates == ("groq", "ollama")


def test_a_failure_opens_the_breaker_and_time_half_opens_it() -> None:
    fallback = Fallback([OLLAMA, GROQ])
    fail(fallback, "ollama", 100.0)
    plan = fallback.plan(101.9)
    assert (plan.candidates, plan.first_choice) == (("groq",), "ollama")
    assert plan.why_not("ollama") == "ollama failed."
    assert fallback.breaker("ollama", 101.9) == Breaker.OPEN
    assert fallback.breaker("ollama", 102.0) == Breaker.HALF_OPEN
    assert fallback.plan(102.0).candidates == ("ollama", "groq"), "in its old place"


def test_the_back_off_doubles_to_its_limit_and_success_ends_it() -> None:
    fallback = Fallback([OLLAMA])
    now, waits = 0.0, []
    for _ in range(12):
        fail(fallback, "ollama", now)
        start = now
        while fallback.breaker("ollama", now) == Breaker.OPEN:
            now += 0.5
        waits.append(now - start)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, *[LONGEST_BACK_OFF_S] * 4]
    fallback.answered("ollama")
    assert fallback.breaker("ollama", now) == Breaker.CLOSED
    fail(fallback, "ollama", now)
    assert fallback.breaker("ollama", now + 2.0) == Breaker.HALF_OPEN


def test_a_run_of_weeks_does_not_overflow() -> None:
    fallback = Fallback([OLLAMA])
    for turn in range(5000):
        fail(fallback, "ollama", turn * 1000.0)
    assert fallback.breaker("ollama", 5_000_000.0) == Breaker.HALF_OPEN


@pytest.mark.parametrize(
    ("asked_for", "waits"),
    [(7.0, 7.0), (0.0, 2.0), (1.0, 2.0), (None, 2.0), (1e9, LONGEST_RETRY_AFTER_S)],
)
def test_retry_after_is_honoured_within_reason(asked_for: float | None, waits: float) -> None:
    fallback = Fallback([GROQ])
    fail(fallback, "groq", 10.0, retry_after_s=asked_for)
    assert fallback.breaker("groq", 10.0 + waits - 0.1) == Breaker.OPEN
    assert fallback.breaker("groq", 10.0 + waits) == Breaker.HALF_OPEN


def test_checks_that_fail_while_it_rests_do_not_prolong_the_rest() -> None:
    fallback = Fallback([OLLAMA])
    for now in (0.0, 0.5, 1.0, 1.5):
        fail(fallback, "ollama", now, kind=Failure.WARM_UP)
    assert fallback.breaker("ollama", 2.0) == Breaker.HALF_OPEN
    fail(fallback, "ollama", 2.0)
    assert fallback.breaker("ollama", 5.9) == Breaker.OPEN


@pytest.mark.parametrize(
    ("kind", "loaded", "recovers"),
    [
        (Failure.WARM_UP, False, True),
        (Failure.WARM_UP, True, True),
        (Failure.REPLY, True, True),
        (Failure.REPLY, False, False),
    ],
)
def test_what_counts_as_recovery_depends_on_what_failed(
    kind: Failure, loaded: bool, recovers: bool
) -> None:
    fallback = Fallback([OLLAMA])
    fail(fallback, "ollama", 0.0, kind=kind)
    fallback.warmed("ollama", loaded=loaded)
    assert (fallback.breaker("ollama", 0.1) == Breaker.CLOSED) is recovers


def test_one_slip_is_forgiven_and_two_are_not() -> None:
    fallback = Fallback([OLLAMA])
    assert fallback.trusted("ollama", 0.0)
    fail(fallback, "ollama", 0.0)
    assert fallback.trusted("ollama", 0.1)
    fail(fallback, "ollama", 10.0)
    assert not fallback.trusted("ollama", 10.1)
    assert not fallback.trusted("ollama", 1000.0), "half-open is tried, not trusted"


def test_a_model_that_is_not_there_is_not_trusted() -> None:
    fallback = Fallback([OLLAMA])
    fail(fallback, "ollama", 0.0, kind=Failure.WARM_UP)
    assert not fallback.trusted("ollama", 0.1)
    assert fallback.why("ollama") == "ollama failed."


def test_with_another_key_it_begins_anew() -> None:
    fallback = Fallback([GROQ])
    fail(fallback, "groq", 0.0, retry_after_s=3000.0)
    fallback.set_up("groq", True)
    assert fallback.plan(0.1).candidates == ("groq",)


def test_a_new_order_acts_at_the_next_plan_and_may_leave_models_out() -> None:
    fallback = Fallback([OLLAMA, CEREBRAS, GROQ], order=["ollama", "nobody"])
    assert fallback.order == fallback.plan(0.0).candidates == ("ollama",)
    fallback.reorder(["groq", "ollama", "groq"])
    assert fallback.order == fallback.plan(0.0).candidates == ("groq", "ollama")
    assert fallback.plan(0.0).first_choice == "groq"
    assert fallback.permitted() == ("groq", "ollama")
    fallback.reorder([])
    assert fallback.plan(0.0).candidates == ()


def test_who_rests_goes_on_resting_in_another_place_and_out_of_the_order() -> None:
    fallback = Fallback([OLLAMA, GROQ])
    fail(fallback, "groq", 0.0, retry_after_s=60.0)
    fallback.reorder(["groq", "ollama"])
    assert fallback.plan(59.0).candidates == ("ollama",)
    assert fallback.plan(59.0).why_not("groq") == "groq failed."
    fallback.reorder(["ollama"])
    assert fallback.skipped("groq", 59.0) is not None
    fallback.reorder(["groq", "ollama"])
    assert fallback.plan(59.0).candidates == ("ollama",)
    assert fallback.plan(61.0).candidates == ("groq", "ollama")


def test_each_model_says_why_it_would_not_be_asked() -> None:
    fallback = Fallback([OLLAMA, CEREBRAS, GROQ], order=["ollama"], local_only=True)
    kinds = [fallback.skipped(name, 0.0) for name in ("ollama", "cerebras", "groq")]
    assert [skipped and skipped.kind for skipped in kinds] == [
        None,
        Skip.LOCAL_ONLY,
        Skip.LOCAL_ONLY,
    ]
    fallback.local_only = False
    skipped = fallback.skipped("cerebras", 0.0)
    assert skipped is not None
    assert skipped.kind == Skip.NOT_SET_UP


def test_with_nobody_there_is_no_first_choice() -> None:
    assert Fallback([]).plan(0.0).first_choice is None
    assert Fallback([CEREBRAS]).plan(0.0).first_choice is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["fail", "answer", "warm", "wait"]), st.sampled_from("abc")),
        max_size=40,
    )
)
def test_the_order_is_kept_and_everyone_comes_back(steps: list[tuple[str, str]]) -> None:
    fallback = Fallback([Entrant(name, name) for name in "abc"])
    now = 0.0
    for step, name in steps:
        now += 1.0 if step != "wait" else 100.0
        if step == "fail":
            fail(fallback, name, now)
        elif step == "answer":
            fallback.answered(name)
        elif step == "warm":
            fallback.warmed(name, loaded=False)
        plan = fallback.plan(now)
        assert list(plan.candidates) == sorted(plan.candidates)
        assert {*plan.candidates, *(skipped.name for skipped in plan.skipped)} == set("abc")
        assert all(skipped.why for skipped in plan.skipped)
        assert plan.first_choice == "a"
    assert fallback.plan(now + LONGEST_BACK_OFF_S).candidates == ("a", "b", "c")
