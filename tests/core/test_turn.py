"""One token cancels a whole turn, once, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.core.turn import Cancelled, CancelToken, Turn


def test_a_new_token_is_live() -> None:
    token = CancelToken()
    assert not token.cancelled
    assert token.reason is None
    token.raise_if_cancelled()


def test_cancel_is_seen_with_its_reason() -> None:
    token = CancelToken()
    token.cancel("barge-in")
    assert token.cancelled
    assert token.reason == "barge-in"
    with pytest.raises(Cancelled, match="barge-in"):
        token.raise_if_cancelled()


def test_the_first_reason_stands_and_callbacks_run_once() -> None:
    token = CancelToken()
    calls: list[str] = []
    token.on_cancel(lambda: calls.append("called"))
    token.cancel("stop")
    token.cancel("shutdown")
    assert token.reason == "stop"
    assert calls == ["called"]


def test_callbacks_run_in_the_order_they_came() -> None:
    token = CancelToken()
    calls: list[int] = []
    for number in range(5):
        token.on_cancel(lambda number=number: calls.append(number))
    token.cancel("stop")
    assert calls == [0, 1, 2, 3, 4]


def test_a_callback_that_comes_late_runs_at_once() -> None:
    token = CancelToken()
    token.cancel("stop")
    calls: list[str] = []
    forget = token.on_cancel(lambda: calls.append("late"))
    assert calls == ["late"]
    forget()


def test_a_callback_can_be_taken_back_more_than_once() -> None:
    token = CancelToken()
    calls: list[str] = []
    forget = token.on_cancel(lambda: calls.append("taken back"))
    token.on_cancel(lambda: calls.append("stays"))
    forget()
    forget()
    token.cancel("stop")
    assert calls == ["stays"]


def test_the_reason_is_known_inside_a_callback() -> None:
    token = CancelToken()
    seen: list[str | None] = []
    token.on_cancel(lambda: seen.append(token.reason))
    token.cancel("stop")
    assert seen == ["stop"]


def test_a_callback_may_use_the_token_without_a_deadlock() -> None:
    token = CancelToken()
    calls: list[str] = []

    def callback() -> None:
        token.cancel("again")
        token.on_cancel(lambda: calls.append("nested"))
        forget()

    forget = token.on_cancel(callback)
    done = threading.Thread(target=token.cancel, args=("stop",), daemon=True)
    done.start()
    done.join(5)
    assert not done.is_alive(), "deadlock"
    assert calls == ["nested"]
    assert token.reason == "stop"


def test_a_callback_that_takes_itself_back_does_not_hide_the_next() -> None:
    token = CancelToken()
    calls: list[str] = []

    def callback() -> None:
        forget()
        calls.append("first")

    forget = token.on_cancel(callback)
    token.on_cancel(lambda: calls.append("second"))
    token.cancel("stop")
    assert calls == ["first", "second"]


def test_one_broken_callback_does_not_keep_the_others_from_running() -> None:
    token = CancelToken()
    calls: list[str] = []

    def broken() -> None:
        raise RuntimeError("loop is closed")

    token.on_cancel(broken)
    token.on_cancel(lambda: calls.append("speaker flushed"))
    token.cancel("stop")
    assert calls == ["speaker flushed"]


def in_threads(*tasks: Callable[[], None]) -> None:
    """Run all tasks at the same moment, each in its thread."""
    barrier = threading.Barrier(len(tasks))

    def start(task: Callable[[], None]) -> None:
        barrier.wait()
        task()

    threads = [threading.Thread(target=start, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()


def test_many_threads_cancel_once() -> None:
    for _ in range(50):
        token = CancelToken()
        calls: list[str | None] = []
        token.on_cancel(lambda token=token, calls=calls: calls.append(token.reason))
        in_threads(*(lambda name=f"t{n}", token=token: token.cancel(name) for n in range(4)))
        assert calls == [token.reason]


def test_a_callback_that_races_with_the_cancel_runs_exactly_once() -> None:
    for _ in range(200):
        token = CancelToken()
        calls: list[int] = []
        in_threads(
            lambda token=token: token.cancel("stop"),
            lambda token=token, calls=calls: (token.on_cancel(lambda: calls.append(1)), None)[1],
            lambda token=token, calls=calls: (token.on_cancel(lambda: calls.append(2)), None)[1],
        )
        assert sorted(calls) == [1, 2]


def test_turns_are_equal_by_what_they_are_not_by_their_token() -> None:
    assert Turn(1, "voice") == Turn(1, "voice")
    assert Turn(1, "voice").token is not Turn(1, "voice").token
    assert Turn(1, "voice") != Turn(2, "voice")
