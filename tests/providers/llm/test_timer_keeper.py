"""Timers from one run of Parley to the next, on a real file and in real loops."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import stat
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from app.core.events import Event, TimerRang
from app.core.timer_events import (
    TimerRetold,
    TimersChanged,
    TimersKept,
    TimersMissed,
    TimersNotKept,
)
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_file import VERSION, what_hinders
from app.providers.llm.skills.timer_keeper import LOOK_S, TimerKeeper
from tests.support.skills import say, skills_at
from tests.support.timer_runs import TEA, Clocks, Run, kept, nothing, run_of, written


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "timers.json"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missed is said at once."""
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.SETTLE_S", 0.0)


# --- from one run to the next ---------------------------------------------------------------


def test_timers_go_on_in_the_next_run_where_they_were(file: Path) -> None:
    async def first(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        await run.ask("remind me in an hour to call Mum")

    before = run_of(file, first).all(TimersChanged)[-1].timers
    assert [row.name for row in before] == ["tea", "call Mum"]

    async def second(run: Run) -> None:
        assert await run.ask("how long is left on the tea timer") == (
            "Your tea timer has 10 minutes left."
        )
        assert await run.ask("cancel the tea timer") == "Your tea timer is cancelled."

    after = run_of(file, second)
    first_news = after.all(TimersChanged)[0].timers
    assert [(row.name, row.seconds, row.is_reminder) for row in first_news] == [
        ("tea", 600, False),
        ("call Mum", 3600, True),
    ]
    for was, now in zip(before, first_news, strict=True):
        assert now.due_at == pytest.approx(was.due_at, abs=0.01)
    assert after.all(TimersMissed) == []
    assert kept(file) == ["call Mum"], "and what was cancelled is gone for good"


def test_one_set_in_the_run_before_rings_in_its_own_words_and_language(file: Path) -> None:
    async def first(run: Run) -> None:
        await say(run.skills, "mets un minuteur de deux secondes pour le thé", language="fr")

    run_of(file, first)

    async def second(run: Run) -> None:
        await run.until(lambda: bool(run.all(TimerRang)))
        run.keeper.announced_soon()
        await asyncio.sleep(0)

    (rang,) = run_of(file, second).all(TimerRang)
    assert (rang.label, rang.announcement, rang.language, rang.private) == (
        "minuteur thé",
        "Le minuteur thé est terminé.",
        "fr",
        False,
    )
    assert not file.exists(), "without a timer there is no file"


def test_those_that_came_due_meanwhile_are_told_and_said_once(file: Path) -> None:
    now = time.time()
    written(
        file,
        TEA | {"name": "eggs", "label": "eggs timer", "due_at": now - 60},
        TEA | {"due_at": now - 3600},
        TEA | {"name": "bread", "due_at": now + 1800},
    )
    run = run_of(file, nothing)
    (missed,) = run.all(TimersMissed)
    assert [row.name for row in missed.timers] == ["tea", "eggs"], "the first first"
    assert missed.timers[0].due_at == pytest.approx(now - 3600, abs=0.01)
    assert run.said == ["You missed 2 timers: tea timer and eggs timer."]
    assert len(run.all(TimerRetold)) == 1, "the window was told already"
    assert run.rung == []
    assert kept(file) == ["bread"]
    after = run_of(file, nothing)
    assert after.all(TimersMissed) == []
    assert after.said == []


def test_what_is_said_of_those_that_were_missed_waits_its_turn_among_the_rings(
    file: Path,
) -> None:
    written(file, TEA | {"due_at": time.time() - 60})

    async def talk(run: Run) -> None:
        await run.ring("egg")
        run.keeper.announced_soon()  # the one about the tea
        await asyncio.sleep(0.1)
        assert kept(file) == ["egg"]
        run.keeper.announced_soon()
        await asyncio.sleep(0.1)
        assert kept(file) == []

    run_of(file, talk)


def test_one_that_rang_and_was_not_announced_is_told_the_next_time_and_rings_once(
    file: Path,
) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 1 second")
        await run.ask("set a tea timer for 1 second")
        await run.ask("set a bread timer for 10 minutes")
        await run.until(lambda: len(run.all(TimerRang)) == 2)
        run.keeper.announced_soon()  # somebody speaks, so that the second one waits
        await asyncio.sleep(0)
        assert run.names == ["bread"]

    assert [event.label for event in run_of(file, talk).all(TimerRang)] == [
        "egg timer",
        "tea timer",
    ]
    assert kept(file) == ["tea", "bread"]
    assert [row["rang"] for row in json.loads(file.read_text())["timers"]] == [True, False]
    after = run_of(file, nothing)
    (missed,) = after.all(TimersMissed)
    assert [(row.name, row.rang) for row in missed.timers] == [("tea", True)], "Parley ran then"
    assert [type(event) for event in after.all(TimerRang)] == [TimerRetold]
    assert kept(file) == ["bread"]


def test_a_file_of_an_older_parley_does_not_tell_whether_it_ran_then(file: Path) -> None:
    assert "rang" not in TEA
    written(file, TEA | {"due_at": time.time() - 60})
    (missed,) = run_of(file, nothing).all(TimersMissed)
    assert not missed.timers[0].rang


def test_one_that_rang_is_not_set_anew_by_a_clock_that_was_set_back(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() + 300, "rang": True})
    run = run_of(file, nothing)
    assert [row.name for row in run.all(TimersMissed)[0].timers] == ["tea"]
    assert run.names == []


def test_a_crash_loses_no_timer(file: Path) -> None:
    async def crash() -> None:
        run = Run(file)
        await run.skills.ensure_warm()
        await run.ask("set a tea timer for 10 minutes")
        async with asyncio.timeout(10):
            while not file.exists():
                await asyncio.sleep(0.005)

    asyncio.run(crash())  # nobody closed anything
    assert run_of(file, nothing).names == ["tea"]


def test_a_timer_never_has_more_time_left_than_it_was_set_for(file: Path) -> None:
    """The clock was a day ahead when the file was written."""
    written(file, TEA | {"due_at": time.time() + 86_400})
    (row,) = run_of(file, nothing).all(TimersChanged)[0].timers
    assert row.due_at == pytest.approx(time.time() + 600, abs=5)


def test_one_that_is_set_before_the_file_was_read_joins_the_others(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() + 300})

    async def talk() -> None:
        run = Run(file)
        await run.ask("set an egg timer for 5 minutes")
        await asyncio.sleep(0.1)
        assert kept(file) == ["tea"], "what is there is not lost"
        await run.skills.ensure_warm()
        assert run.names == ["tea", "egg"]
        await run.skills.close()

    asyncio.run(talk())
    assert sorted(kept(file)) == ["egg", "tea"]


def test_the_file_is_its_user_s_alone(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")

    run_of(file, talk)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]


# --- the beginning --------------------------------------------------------------------------


def test_a_beginning_that_is_cancelled_goes_on_for_the_next(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() + 300})

    async def talk() -> None:
        run = Run(file)
        first, second = (asyncio.create_task(run.skills.ensure_warm()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        assert first.cancelled()
        assert not (await second).was_warm
        assert run.names == ["tea"]
        assert (await run.skills.ensure_warm()).was_warm
        await run.skills.close()

    asyncio.run(talk())
    assert kept(file) == ["tea"]


def test_who_comes_while_it_begins_waits_for_it_and_it_begins_once(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() - 60})

    async def talk() -> None:
        run = Run(file)
        await asyncio.gather(run.skills.ensure_warm(), run.skills.ensure_warm())
        assert len(run.all(TimersMissed)) == 1
        assert len(run.said) == 1
        await run.skills.close()

    asyncio.run(talk())


def test_an_end_in_the_middle_of_the_beginning_tells_nothing(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() - 60})

    async def talk() -> None:
        run = Run(file)
        beginning = asyncio.create_task(run.skills.ensure_warm())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await run.skills.close()
        await beginning
        assert run.told == []

    asyncio.run(talk())
    assert kept(file) == ["tea"], "the next run tells it"


# --- a file that is none --------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    ["", "{", "[1]", '{"timers": 3}', '{"version": 1, "timers": [1, {}, {"name": "x"}]}',
     "[" * 20_000, "\xff", '{"timers": [{"due_at": 1e999, "seconds": true}]}'],
)  # fmt: skip
def test_a_broken_file_is_set_aside_and_named_in_the_log(
    file: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    file.write_bytes(content.encode("latin-1"))

    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")

    run_of(file, talk)
    (aside,) = file.parent.glob("timers.json.broken-*")
    assert aside.read_bytes() == content.encode("latin-1")
    assert "timers.json is not a file of timers" in caplog.text
    assert aside.name in caplog.text
    assert kept(file) == ["tea"]


@pytest.mark.parametrize(
    "fault",
    [
        {"due_at": float("nan")},
        {"due_at": 10**400},
        {"due_at": True},
        {"due_at": "soon"},
        {"seconds": 0},
        {"seconds": 10**9},
        {"seconds": 1.5},
        {"label": None},
        {"is_reminder": "no"},
    ],
)
def test_what_can_be_understood_of_a_broken_file_goes_on(
    file: Path, fault: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    due_at = time.time() + 300
    written(file, TEA | {"due_at": due_at, "name": "secret"} | fault, TEA | {"due_at": due_at})
    assert run_of(file, nothing).names == ["tea"]
    assert len(list(file.parent.glob("timers.json.broken-*"))) == 1
    assert "secret" not in caplog.text
    assert kept(file) == ["tea"]


def test_a_file_of_a_newer_parley_is_left_alone_and_that_is_told(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() + 300}, version=VERSION + 1)
    before = file.read_bytes()

    async def talk(run: Run) -> None:
        assert await run.ask("set an egg timer for 1 second") == "Egg timer set for 1 second."
        await run.until(lambda: bool(run.all(TimerRang)))

    assert len(run_of(file, talk).all(TimersNotKept)) == 1
    assert file.read_bytes() == before
    assert [each.name for each in file.parent.iterdir()] == [file.name]


def test_a_file_that_cannot_be_read_is_not_written_over(file: Path) -> None:
    file.mkdir()

    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 10 minutes")

    assert len(run_of(file, talk).all(TimersNotKept)) == 1
    assert file.is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_takes_nothing_is_told_once_and_timers_ring(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o500)

    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 1 second")
        await run.ask("set a tea timer for 10 minutes")
        await run.until(lambda: bool(run.all(TimerRang)))

    try:
        assert len(run_of(folder / "timers.json", talk).all(TimersNotKept)) == 1
    finally:
        folder.chmod(0o700)


def test_a_folder_that_is_none_is_told_once_and_timers_ring(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")

    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 1 second")
        await run.until(lambda: bool(run.all(TimerRang)))

    assert len(run_of(tmp_path / "data" / "timers.json", talk).all(TimersNotKept)) == 1


def test_a_disk_that_takes_them_again_is_found_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.LOOK_S", 0.02)
    folder = tmp_path / "data"

    async def talk(run: Run) -> None:
        for times in (1, 2):
            folder.write_text("in the way")
            await run.ask("set a tea timer for 10 minutes")
            await run.until(lambda times=times: len(run.all(TimersNotKept)) == times)
            await asyncio.sleep(0.1)
            assert len(run.all(TimersNotKept)) == times, "told once, and not with every try"
            folder.unlink()
            await run.until(lambda times=times: len(run.all(TimersKept)) == times)
            assert kept(folder / "timers.json") == ["tea"] * times
            folder.rename(tmp_path / f"aside {times}")

    run_of(folder / "timers.json", talk)
    assert not folder.exists(), "nothing has changed since"


def test_what_was_cancelled_leaves_the_file_too_once_it_can(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No timer runs then, that would bring a look."""
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.LOOK_S", 0.02)

    async def talk(run: Run) -> None:
        file.mkdir()  # in its place, and no file can be put there
        await run.ask("set a tea timer for 10 minutes")
        await run.ask("cancel the tea timer")
        await run.until(lambda: bool(run.all(TimersNotKept)))
        file.rmdir()
        await run.until(lambda: bool(run.all(TimersKept)))

    run_of(file, talk)
    assert not file.exists()


def test_the_end_tries_once_more(tmp_path: Path) -> None:
    folder = tmp_path / "data"

    async def talk(run: Run) -> None:
        folder.write_text("in the way")
        await run.ask("set a tea timer for 10 minutes")
        await run.until(lambda: bool(run.all(TimersNotKept)))
        folder.unlink()

    run_of(folder / "timers.json", talk)
    assert kept(folder / "timers.json") == ["tea"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "The disk is full."),
        (errno.EACCES, "Parley has no permission for it."),
        (errno.EROFS, "The disk can only be read."),
        (errno.EIO, f"The system says: {os.strerror(errno.EIO)}."),
    ],
)
def test_what_hinders_is_said_in_a_sentence(number: int, said: str) -> None:
    assert what_hinders(OSError(number, os.strerror(number))) == said


# --- from other threads ---------------------------------------------------------------------


def test_the_window_s_thread_cancels_by_number(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        await run.ask("set an egg timer for 5 minutes")
        tea = next(row.number for row in run.all(TimersChanged)[-1].timers if row.name == "tea")
        for number in (tea, tea, 99):  # pressed twice; rung meanwhile
            window = threading.Thread(target=run.keeper.cancel_soon, args=(number,))
            window.start()
            window.join()
        await run.until(lambda: run.names == ["egg"])
        assert await run.ask("what timers do i have") == "Your egg timer has 5 minutes left."

    run = run_of(file, talk)
    assert len(run.all(TimersChanged)) == 3
    assert kept(file) == ["egg"]


def test_what_comes_after_the_end_changes_nothing(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set a tea timer for 10 minutes")
        await run.skills.close()
        run.keeper.cancel_soon(1)
        await run.ask("set an egg timer for 10 minutes")
        await asyncio.sleep(0.1)

    run = run_of(file, talk)
    run.keeper.cancel_soon(1)
    run.keeper.private_from_now(True)
    assert kept(file) == ["tea"]


def test_after_the_end_the_file_is_as_it_was_wanted_and_another_parley_s(file: Path) -> None:
    async def talk(run: Run) -> None:
        await run.ask("set an egg timer for 1 second")
        await run.ask("set a tea timer for 10 minutes")
        await run.ask("set a bread timer for 10 minutes")
        bread = next(row for row in run.all(TimersChanged)[-1].timers if row.name == "bread")

        def end() -> list[str]:
            run.keeper.cancel_soon(bread.number)
            run.keeper.end()
            return kept(file)

        assert await asyncio.to_thread(end) == ["egg", "tea"]
        written(file, TEA | {"name": "of the next", "due_at": time.time() + 600})
        await run.ask("set a rice timer for 1 second")
        await run.until(lambda: bool(run.all(TimerRang)))
        run.keeper.announced_soon()
        await asyncio.sleep(0.1)

    run_of(file, talk)
    assert kept(file) == ["of the next"]


def test_an_end_before_the_beginning_leaves_the_file_alone(file: Path) -> None:
    written(file, TEA | {"due_at": time.time() - 60})
    run = Run(file)
    run.keeper.end()

    async def begin_and_end(run: Run) -> None:
        await run.skills.ensure_warm()
        await run.skills.close()

    asyncio.run(begin_and_end(run))
    assert kept(file) == ["tea"]


# --- clocks ---------------------------------------------------------------------------------


def with_clocks(talk: Callable[[SkillsLlm, Clocks, list[Event]], Awaitable[None]]) -> list[Event]:
    async def run() -> list[Event]:
        clocks, told = Clocks(), list[Event]()
        keeper = TimerKeeper(told.append, wall=clocks.wall, ticks=clocks.ticks)
        skills = skills_at(timers=keeper)
        await talk(skills, clocks, told)
        await skills.close()
        return told

    return asyncio.run(run())


@pytest.mark.parametrize("set_by", [7200.0, -7200.0])
def test_a_clock_that_is_set_neither_rings_nor_delays_a_timer(set_by: float) -> None:
    async def talk(skills: SkillsLlm, clocks: Clocks, told: list[Event]) -> None:
        await say(skills, "set an egg timer for 2 seconds")
        clocks.set_by = set_by
        await say(skills, "set a tea timer for 10 minutes")  # looks at the clock
        assert await say(skills, "how long is left on the tea timer") == (
            "Your tea timer has 10 minutes left."
        )
        egg = await say(skills, "how long is left on the egg timer")
        assert egg in {f"Your egg timer has {left} left." for left in ("2 seconds", "1 second")}
        async with asyncio.timeout(10):
            while not any(isinstance(event, TimerRang) for event in told):
                await asyncio.sleep(0.05)

    rang = [event.label for event in with_clocks(talk) if isinstance(event, TimerRang)]
    assert rang == ["egg timer"]


def test_one_that_came_due_while_the_computer_slept_rings_soon_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The loop's own clock has stood still; a look finds out."""
    monkeypatch.setattr("app.providers.llm.skills.timer_keeper.LOOK_S", 0.05)
    assert LOOK_S <= 5.0

    async def talk(skills: SkillsLlm, clocks: Clocks, told: list[Event]) -> None:
        await say(skills, "set a tea timer for 10 minutes")
        clocks.slept = 900.0
        async with asyncio.timeout(10):
            while not any(isinstance(event, TimerRang) for event in told):
                await asyncio.sleep(0.02)

    with_clocks(talk)


def test_a_clock_that_was_set_while_nothing_ran_is_the_clock() -> None:
    async def talk(skills: SkillsLlm, clocks: Clocks, told: list[Event]) -> None:
        clocks.set_by = -7200.0
        await say(skills, "set a tea timer for 10 minutes")
        (row,) = next(event for event in told if isinstance(event, TimersChanged)).timers
        assert row.due_at == pytest.approx(clocks.wall() + 600, abs=5)

    with_clocks(talk)
