"""What the desktop is asked to say: a real bus, and a notification service of its own process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import (
    Event,
    ReplyEnded,
    TimerRang,
    TurnEnded,
    TurnStarted,
    UtteranceEnded,
)
from app.core.history_events import ConversationBegun
from app.core.turn import Turn
from app.desktop.notifications import LONGEST_TEXT, Notifications, first_sentence
from tests.support.private_bus import PrivateBus, Service

RANG = TimerRang(label="eggs", announcement="Your eggs are ready.")


class Desk:
    """A window that is in front or not, and what is said of it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.in_front = False
        self.hidden = False
        self.beside_icon: list[tuple[str, str]] = []
        self.shown: list[str] = []
        self.notifications = Notifications(
            is_seen=lambda: self.in_front,
            is_hidden=lambda: self.hidden,
            fallback=lambda title, text: self.beside_icon.append((title, text)),
        )
        self.notifications.show_wanted.connect(lambda: self.shown.append("show"))

    def tell(self, *events: Event) -> None:
        for event in events:
            self.notifications.handle(event)

    def said(self, service: Service, count: int = 1) -> list[tuple[str, str]]:
        """Title and text of the notifications, when there are so many."""
        self.qtbot.waitUntil(lambda: len(service.named("Notify")) >= count, timeout=15_000)
        return [(call[3], call[4]) for call in service.named("Notify")]


@pytest.fixture
def desk(qtbot: QtBot, private_bus: PrivateBus) -> Iterator[Desk]:
    desk = Desk(qtbot)
    yield desk
    desk.notifications.close()


@pytest.fixture
def service(private_bus: PrivateBus) -> Service:
    return private_bus.serve("notifications")


def reply(text: str, took_s: float, *, source: str = "text", turn: int = 1) -> list[Event]:
    return [
        TurnStarted(turn_id=turn, source=source, at=100.0),
        ReplyEnded(turn_id=turn, text=text, clauses=1, at=100.0 + took_s),
    ]


def test_a_timer_that_rings_behind_other_windows_is_told(desk: Desk, service: Service) -> None:
    desk.tell(RANG)
    assert desk.said(service) == [("A timer rings", "Your eggs are ready.")]
    ((name, replaces, icon, _, _, actions, hints, _),) = service.named("Notify")
    assert name == "Parley"
    assert replaces == 0
    assert Path(icon).exists()
    assert actions == ["default", "Show", "show", "Show"]
    assert hints["desktop-entry"] == ["s", "parley"]
    assert hints["suppress-sound"] == ["b", True]


def test_who_looks_at_the_window_needs_no_notification(desk: Desk, service: Service) -> None:
    desk.in_front = True
    desk.tell(RANG, *reply("Done.", 60.0))
    desk.in_front = False
    desk.tell(TimerRang(label="tea", announcement="Tea."))
    assert desk.said(service) == [("A timer rings", "Tea.")]


def test_the_setting_switches_them_off_and_on(desk: Desk, service: Service) -> None:
    desk.notifications.enable(False)
    desk.tell(RANG)
    desk.notifications.enable(True)
    desk.tell(TimerRang(label="tea", announcement="Tea."))
    assert desk.said(service) == [("A timer rings", "Tea.")]


def test_a_reply_is_told_when_it_took_long_or_nobody_can_see_it(
    desk: Desk, service: Service
) -> None:
    desk.tell(*reply("Quick.", 9.0, turn=1))
    desk.tell(*reply("Slow. And more.", 11.0, turn=2))
    desk.hidden = True
    desk.tell(*reply("Unseen.", 1.0, turn=3))
    assert desk.said(service, 2) == [
        ("Parley has an answer", "Slow."),
        ("Parley has an answer", "Unseen."),
    ]


def test_a_spoken_question_is_asked_when_its_key_comes_up(desk: Desk, service: Service) -> None:
    def spoken(turn: int, released_at: float) -> list[Event]:
        return [
            TurnStarted(turn_id=turn, source="voice", at=100.0),
            UtteranceEnded(
                turn_id=turn,
                turn=Turn(turn, "voice"),
                released_at=released_at,
                speech_ended_at=released_at,
                duration_s=30.0,
                verdict="speech",
            ),
            ReplyEnded(turn_id=turn, text=f"Reply {turn}.", clauses=1, at=132.0),
        ]

    desk.tell(*spoken(1, released_at=130.0), *spoken(2, released_at=115.0))
    assert desk.said(service) == [("Parley has an answer", "Reply 2.")]


@pytest.mark.parametrize("source", ["timer", "again"])
def test_what_nobody_asked_now_is_told_by_its_timer_alone(
    source: str, desk: Desk, service: Service
) -> None:
    desk.hidden = True
    desk.tell(*reply("Your eggs are ready.", 20.0, source=source), RANG)
    assert desk.said(service) == [("A timer rings", "Your eggs are ready.")]


def test_nothing_that_was_said_in_private_is_shown(desk: Desk, service: Service) -> None:
    desk.hidden = True
    secret = "The secret is forty-two."
    desk.tell(
        ConversationBegun(conversation=1, private=True),
        *reply(secret, 20.0),
        TimerRang(label="other", announcement=secret),
        ConversationBegun(conversation=2),
        TimerRang(label="secret pills", announcement=secret, private=True),
    )
    said = desk.said(service, 3)
    assert [text for _, text in said] == ["", "", ""]
    assert not any("secret" in word for word in str(service.calls).split())
    desk.tell(TimerRang(label="secret pills", announcement="Another one."))
    assert desk.said(service, 4)[-1] == ("A timer rings", "Another one.")


def test_a_later_one_takes_the_place_of_its_kind(desk: Desk, service: Service) -> None:
    desk.tell(RANG)
    desk.said(service)
    desk.qtbot.waitUntil(lambda: bool(desk.notifications._ids), timeout=10_000)
    desk.tell(RANG, *reply("Slow.", 20.0))
    desk.said(service, 3)
    assert [call[1] for call in service.named("Notify")] == [0, 1, 0]


@pytest.mark.parametrize("action", ["show", "default"])
def test_a_click_brings_the_window(desk: Desk, service: Service, action: str) -> None:
    desk.tell(RANG)
    desk.said(service)
    desk.qtbot.waitUntil(lambda: bool(desk.notifications._ids), timeout=10_000)
    service.do("click", "99", action)
    service.do("click", "1", action)
    desk.qtbot.waitUntil(lambda: bool(desk.shown), timeout=10_000)
    assert desk.shown == ["show"], "another program's notification is none of ours"


def test_markup_is_shown_as_the_text_it_is(desk: Desk, private_bus: PrivateBus) -> None:
    service = private_bus.serve("notifications", "markup")
    desk.tell(TimerRang(label="", announcement="1 < 2 & 3 > 2 stays."))
    assert desk.said(service)[0][1] == "1 &lt; 2 &amp; 3 &gt; 2 stays."


def test_without_markup_nothing_is_escaped(desk: Desk, service: Service) -> None:
    desk.tell(TimerRang(label="", announcement="1 < 2 & so on."))
    assert desk.said(service)[0][1] == "1 < 2 & so on."


def test_a_desktop_without_notifications_shows_them_beside_the_icon(desk: Desk) -> None:
    desk.tell(RANG)
    desk.qtbot.waitUntil(lambda: bool(desk.beside_icon), timeout=15_000)
    assert desk.beside_icon == [("A timer rings", "Your eggs are ready.")]


def test_no_bus_shows_them_beside_the_icon(desk: Desk, private_bus: PrivateBus) -> None:
    private_bus.die()
    desk.tell(RANG)
    desk.qtbot.waitUntil(lambda: bool(desk.beside_icon), timeout=15_000)
    assert desk.beside_icon == [("A timer rings", "Your eggs are ready.")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hello there. And more.", "Hello there."),
        ("Dr. Smith lives at No. 5. He is well.", "Dr. Smith lives at No. 5."),
        ("It is 3.5 km. Walk.", "It is 3.5 km."),
        ("**Bold** words,\nand a line\n\nand more", "Bold words, and a line"),
        ("2 * 3 is six, in `snake_case`.", "2 * 3 is six, in snake_case."),
        ("", ""),
        ("你好。再见。", "你好。再见。"),
        ("Really? Yes.", "Really?"),
    ],
)
def test_the_first_sentence(text: str, shown: str) -> None:
    assert first_sentence(text) == shown


def test_a_long_sentence_is_cut_at_a_word() -> None:
    cut = first_sentence("word " * 100)
    assert len(cut) <= LONGEST_TEXT
    assert cut.endswith("word…")
    assert len(first_sentence("x" * 500)) == LONGEST_TEXT


def test_turns_that_are_over_are_forgotten(desk: Desk) -> None:
    desk.tell(
        *reply("Done.", 1.0, source="again"),
        TurnEnded(
            turn_id=1,
            outcome="replied",
            transcript="",
            reply="Done.",
            heard="Done.",
            language="en",
            spans={},
            engines={},
        ),
    )
    assert not desk.notifications._asked_at
    assert not desk.notifications._silent
