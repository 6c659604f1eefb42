"""Rings that nobody heard are told again, and what was cancelled is taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.events import Event, TimerRang, TimerSet
from app.core.timer_events import TimerCancelled, TimerRetold, TimersChanged
from app.providers.llm.skills.timer_keeper import UNDO_S, TimerKeeper
from tests.support.skills import say, skills_at
from tests.support.timer_runs import Clocks, Run, announced, kept, run_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "timers.json"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told again after moments."""
    monkeypatch.setattr("app.providers.llm.skills.timer_ringing.AGAIN_AFTER_S", (0.05, 0.1))


LATER_S = 0.4
"""Long after another announcement would have been due."""


def test_a_ring_is_told_again_twice_and_stays_to_be_seen(file: Path, soon: None) -> None:
    async def talk(run: Run) -> None:
        await run.ring("egg")
        for times in (1, 2):
            await announced(run)
            await run.until(lambda times=times: len(run.all(TimerRetold)) == times)
        await announced(run)
        await asyncio.sleep(LATER_S)

    run = run_of(file, talk)
    assert run.said == ["Your egg timer is done."] * 3
    assert run.rung == ["egg"]
    assert run.names == []


def test_a_ring_that_waits_for_its_turn_is_not_told_twice_at_once(file: Path, soon: None) -> None:
    async def talk(run: Run) -> None:
        await run.ring("egg")
        await asyncio.sleep(LATER_S)
        assert len(run.said) == 1, "somebody speaks"
        await announced(run)
        await run.until(lambda: len(run.said) == 2)
        await asyncio.sleep(LATER_S)
        assert len(run.said) == 2, "somebody speaks again"

    run_of(file, talk)


def test_who_is_there_has_heard_what_was_announced_and_nothing_else(file: Path, soon: None) -> None:
    async def talk(run: Run) -> None:
        await run.ring("egg")
        await run.ring("oat")
        await announced(run)  # the eggs; and somebody asks something
        run.keeper.heard_soon()
        await asyncio.sleep(0)
        assert run.rung == ["oat"]
        told = len(run.said)
        await asyncio.sleep(LATER_S)
        assert len(run.said) == told
        await announced(run)
        await run.until(lambda: len(run.said) > told)
        assert run.said[-1] == "Your oat timer is done."

    run_of(file, talk)


def test_one_that_was_seen_is_put_away(file: Path, soon: None) -> None:
    async def talk(run: Run) -> None:
        await run.ring("egg")
        await announced(run)
        run.keeper.cancel_soon(run.number("egg"))
        await asyncio.sleep(LATER_S)

    run = run_of(file, talk)
    assert run.said == ["Your egg timer is done."]
    assert run.rung == []
    assert run.all(TimerCancelled) == [], "there is nothing to take back"


def test_one_that_was_put_away_before_it_was_announced_leaves_the_others_their_turn(
    file: Path, soon: None
) -> None:
    async def talk(run: Run) -> None:
        await run.ring("egg")
        await run.ring("oat")
        run.keeper.cancel_soon(run.number("egg"))
        await announced(run)  # the eggs are said all the same
        await asyncio.sleep(0.1)
        assert kept(file) == ["oat"]
        await announced(run)
        await asyncio.sleep(LATER_S)
        assert kept(file) == []

    run = run_of(file, talk)
    assert [event.announcement for event in run.all(TimerRetold)] == ["Your oat timer is done."]


# --- taken back -----------------------------------------------------------------------------


def test_one_that_was_cancelled_in_the_window_can_be_taken_back(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        was = run.all(TimersChanged)[-1].timers
        run.keeper.cancel_soon(was[0].number)
        await run.until(lambda: run.names == [])
        assert await run.ask("what timers do i have") == "No timer is running."
        assert run.all(TimerCancelled)[0].timer == was[0]
        assert run.all(TimerCancelled)[0].undo_s == UNDO_S
        for _ in range(2):  # pressed twice
            run.keeper.restore_soon(was[0].number)
        await run.until(lambda: run.names == ["tea"])
        await asyncio.sleep(0)
        assert run.all(TimersChanged)[-1].timers == was, "with the time it had"

    run_of(file, talk)
    assert kept(file) == ["tea"]


def test_one_that_would_have_rung_meanwhile_rings_when_it_is_taken_back(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 1 second")
        run.keeper.cancel_soon(run.number("egg"))
        await asyncio.sleep(1.2)
        assert run.said == []
        run.keeper.restore_soon(run.number("egg"))
        await run.until(lambda: run.said == ["Your egg timer is done."])

    run_of(file, talk)


def test_after_a_while_nothing_can_be_taken_back(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.UNDO_S", 0.05)

    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        run.keeper.cancel_soon(run.number("tea"))
        await asyncio.sleep(0.3)
        run.keeper.restore_soon(run.number("tea"))
        await asyncio.sleep(0.1)
        assert run.names == []

    run_of(file, talk)
    assert kept(file) == []


# --- private ones ---------------------------------------------------------------------------


def test_a_private_timer_runs_and_rings_and_is_in_no_file(file: Path, soon: None) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        run.keeper.private_from_now(True)
        await asyncio.sleep(0)
        await run.ask("remind me in 1 second to call the lawyer")
        run.keeper.private_from_now(False)
        await run.until(lambda: bool(run.all(TimerRang)))
        assert "lawyer" not in file.read_text()
        await announced(run)
        await run.until(lambda: bool(run.all(TimerRetold)))
        assert "lawyer" not in file.read_text()

    run = run_of(file, talk)
    assert [event.private for event in run.all(TimerSet)] == [False, True]
    assert [event.private for event in run.all(TimerRang)] == [True, True]
    seen = {row.name: row.private for event in run.all(TimersChanged) for row in event.timers}
    assert seen == {"tea": False, "call the lawyer": True}
    assert kept(file) == ["tea"]


# --- clocks ---------------------------------------------------------------------------------


def test_a_clock_that_is_set_back_does_not_delay_that_a_ring_is_told_again(
    monkeypatch: pytest.MonkeyPatch, soon: None
) -> None:
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.LOOK_S", 0.05)

    async def talk() -> None:
        clocks, told = Clocks(), list[Event]()
        keeper = TimerKeeper(told.append, wall=clocks.wall, ticks=clocks.ticks)
        skills = skills_at(timers=keeper)

        async def count(kind: type[Event], at_least: int) -> None:
            async with asyncio.timeout(10):
                while sum(type(event) is kind for event in told) < at_least:
                    await asyncio.sleep(0.02)

        await say(skills, "set an egg timer for 1 second")
        await count(TimerRang, 1)
        keeper.announced_soon()
        await asyncio.sleep(0)
        clocks.set_by = -7200.0
        await count(TimerRetold, 1)
        await skills.close()

    asyncio.run(talk())
