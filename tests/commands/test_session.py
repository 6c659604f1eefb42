"""A session waits for what it needs, for so long, and no trouble keeps it waiting."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant
from app.commands.quit_signals import Interrupted
from app.commands.session import Session
from app.core.events import (
    EngineMissing,
    EngineReady,
    Event,
    Outcome,
    StageFailed,
    TurnEnded,
)
from app.core.ports import Engine, Stage


class Scripted(QObject):
    """An assistant without threads: what happens at its start and in its turn is written down."""

    happened = Signal(object)

    def __init__(self, at_start: Sequence[Event], in_turn: Sequence[Event] = ()) -> None:
        super().__init__()
        self.expected = {Stage.STT, Stage.TTS, Stage.VAD, Stage.LLM}
        self.stopped = 0
        self._at_start = at_start
        self._in_turn = in_turn

    def start(self) -> None:
        self._happen(self._at_start)

    def ask_for(self, intent: Event) -> None:
        self._happen(self._in_turn)

    def stop(self) -> bool:
        self.stopped += 1
        return True

    def _happen(self, events: Sequence[Event]) -> None:
        for event in events:
            QTimer.singleShot(0, self, lambda event=event: self.happened.emit(event))


@contextmanager
def session(scripted: Scripted, watch: Callable[[Event], None] | None = None) -> Iterator[Session]:
    with Session(cast(Assistant, scripted), watch or (lambda _: None)) as running:
        yield running


def stand_in(stage: Stage) -> EngineReady:
    return EngineReady(engine=Engine(stage, "small", "", stand_in=True))


def chosen(stage: Stage) -> EngineReady:
    return EngineReady(engine=Engine(stage, "big", ""))


def missing(stage: Stage) -> EngineMissing:
    return EngineMissing(engine=Engine(stage, "big", ""), title="It is not here.", hint="")


def failed(stage: str, **more: Any) -> StageFailed:
    return StageFailed(stage=stage, title="It broke.", hint="", **more)


ENDED = TurnEnded(
    turn_id=1,
    outcome=Outcome.REPLIED,
    transcript="",
    reply="",
    heard="",
    language="en",
    spans={},
    engines={},
)
STAND_INS = [stand_in(stage) for stage in Stage]


@pytest.mark.parametrize(
    "news",
    [
        [*STAND_INS, *map(chosen, Stage)],
        [*STAND_INS, *map(missing, Stage)],
        # The stand-in of a stage does not load: nobody serves it, and nobody will.
        [*STAND_INS[1:], *map(missing, Stage), failed("stt")],
        [*STAND_INS[:3], *map(missing, Stage), failed("listener")],
        # The engines' thread gives up as a whole.
        [*STAND_INS, missing(Stage.LLM), failed("engines")],
    ],
)
def test_engines_that_came_or_never_will_are_not_waited_for(
    qtbot: QtBot, news: list[Event]
) -> None:
    with session(Scripted(news)) as running:
        assert running.wait_for_engines(longest_s=10) == set()


def test_a_stage_that_may_still_come_is_waited_for_so_long(qtbot: QtBot) -> None:
    news = [*STAND_INS, missing(Stage.VAD), chosen(Stage.TTS), chosen(Stage.LLM)]
    # a stand-in that took over in a turn is no end of loading
    news.append(failed("stt", recovered_by="small"))
    started_at = time.monotonic()
    with session(Scripted(news)) as running:
        assert running.wait_for_engines(longest_s=0.3) == {Stage.STT}
        assert 0.25 < time.monotonic() - started_at < 5
        assert running.wait_for_engines([Stage.TTS, Stage.VAD], longest_s=10) == set()


def test_a_turn_ends_with_its_event(qtbot: QtBot) -> None:
    seen: list[Event] = []
    with session(Scripted(STAND_INS, [ENDED]), seen.append) as running:
        assert running.ask_text("hello") is ENDED
        assert running.ask_text("hello") is ENDED
    assert seen.count(ENDED) == 2


def test_a_watcher_that_breaks_ends_the_session(qtbot: QtBot) -> None:
    def watch(event: Event) -> None:
        raise BrokenPipeError("nobody reads this")

    scripted = Scripted([*STAND_INS, *map(chosen, Stage)])
    with pytest.raises(BrokenPipeError), session(scripted, watch) as running:
        running.wait_for_engines(longest_s=10)
    assert scripted.stopped == 1


def test_a_watcher_that_breaks_at_the_last_event_does_not_lose_it(qtbot: QtBot) -> None:
    def watch(event: Event) -> None:
        if isinstance(event, TurnEnded):
            raise ValueError

    with pytest.raises(ValueError), session(Scripted(STAND_INS, [ENDED]), watch) as running:
        running.ask_text("hello")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_ends_the_session(qtbot: QtBot, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    scripted = Scripted(STAND_INS)
    QTimer.singleShot(100, lambda: os.kill(os.getpid(), number))
    with pytest.raises(Interrupted) as caught, session(scripted) as running:
        running.ask_text("hello")
    assert caught.value.number == number
    assert scripted.stopped == 1
    assert signal.getsignal(number) == before


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_before_the_wait_is_not_lost(qtbot: QtBot) -> None:
    with session(Scripted([])) as running:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Interrupted):
            running.wait_for_engines(longest_s=10)
