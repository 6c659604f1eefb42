"""A word from the desktop: a timer rings, or a reply is ready that nobody is looking at."""

from __future__ import annotations

import html
import logging
import os
import re
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from app.core.abbreviations import is_abbreviated
from app.core.events import (
    Event,
    ReplyEnded,
    TimerRang,
    TurnEnded,
    TurnStarted,
    UtteranceEnded,
)
from app.core.history_events import ConversationBegun
from app.core.spoken_markup import without_markup
from app.core.timer_events import TimerRetold, TimersMissed
from app.desktop.bus import Answer, Bus, BusSignal, has_bus
from app.ui import icons
from app.ui.timers.words import missed

log = logging.getLogger(__name__)

LONG_S = 10.0
"""A reply that took longer is waited for elsewhere by then."""

LONGEST_TEXT = 120
"""Characters."""

SERVICE = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
SHOW = "show"
CLICKED = "default"
"""The action of a click on the notification itself."""
ACTIVATION = "XDG_ACTIVATION_TOKEN"

_SENTENCE_END = ".!?…。！？"

_EMPHASIS = re.compile(r"`+|(?<!\w)[*_]+(?=\S)|(?<=\S)[*_]+(?!\w)")
_PARAGRAPH_END = re.compile(r"\n\s*\n")

Fallback = Callable[[str, str], None]


class Notifications(QObject):
    """Follows the conversation and says what would be missed. Lives in the GUI thread.

    Of a private conversation nothing is ever shown but that there is something.

    Signals:
        show_wanted: a notification was clicked.
    """

    show_wanted = Signal()

    def __init__(
        self,
        is_seen: Callable[[], bool],
        is_hidden: Callable[[], bool],
        fallback: Fallback,
        parent: QObject | None = None,
    ) -> None:
        """
        Args:
            is_seen: whether the window has the keyboard; then nothing is said.
            is_hidden: whether the window cannot be seen at all.
            fallback: says a title and a text where the desktop has no notifications of its own.
        """
        super().__init__(parent)
        self._is_seen, self._is_hidden, self._fallback = is_seen, is_hidden, fallback
        self._enabled = True
        self._bus: Bus | None = None
        self._looked = False
        """Whether a bus was looked for."""
        self._ids: dict[str, int] = {}
        """The notification of each kind, which the next one takes the place of."""
        self._is_private = False
        self._asked_at: dict[int, float] = {}
        """When each turn that runs was asked (perf_counter)."""
        self._silent: set[int] = set()
        """Turns that were not asked by anybody: a timer's, an old reply's."""

    def enable(self, on: bool) -> None:
        """The setting `desktop.notifications`."""
        self._enabled = on

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap."""
        match event:
            case ConversationBegun(private=private):
                self._is_private = private
            case TimerRetold():
                pass  # its notification is there
            case TimerRang(announcement=announcement, private=private):
                is_private = private or self._is_private
                self._say("timer", self.tr("A timer rings"), "" if is_private else announcement)
            case TimersMissed(timers=timers):
                self._say("timer", *missed(timers, time.time()))
            case TurnStarted(turn_id=turn, source=source, at=at):
                self._asked_at[turn] = at
                if source in ("timer", "again"):
                    self._silent.add(turn)
            case UtteranceEnded(turn_id=turn, released_at=at):
                self._asked_at[turn] = at
            case ReplyEnded():
                self._reply_ended(event)
            case TurnEnded(turn_id=turn):
                self._asked_at.pop(turn, None)
                self._silent.discard(turn)

    def _reply_ended(self, event: ReplyEnded) -> None:
        took_s = event.at - self._asked_at.get(event.turn_id, event.at)
        if event.turn_id in self._silent or not event.text.strip():
            return
        if took_s > LONG_S or self._is_hidden():
            text = "" if self._is_private else event.text
            self._say("reply", self.tr("Parley has an answer"), text)

    def _say(self, kind: str, title: str, text: str) -> None:
        if not self._enabled or self._is_seen():
            return
        text = first_sentence(text)
        bus = self._session_bus()
        if bus is None:
            self._fallback(title, text)
            return

        def capable(answer: Answer) -> None:
            if answer.error:
                log.info("no notifications on this desktop: %s", answer.error)
                self._fallback(title, text)
                return
            reads_markup = "body-markup" in answer.body[0]
            self._notify(kind, title, html.escape(text, quote=False) if reads_markup else text)

        bus.call(SERVICE, PATH, SERVICE, "GetCapabilities", then=capable)

    def _notify(self, kind: str, title: str, body: str) -> None:
        if self._bus is None:
            return
        hints = {
            "desktop-entry": ("s", "parley"),
            "suppress-sound": ("b", True),  # Parley rings and speaks itself
        }
        arguments = (
            "Parley",
            self._ids.get(kind, 0),
            _icon(),
            title,
            body,
            [CLICKED, self.tr("Show"), SHOW, self.tr("Show")],
            hints,
            -1,
        )

        def shown(answer: Answer) -> None:
            if answer.error:
                log.info("the desktop shows no notification: %s", answer.error)
            elif answer.body:
                self._ids[kind] = int(answer.body[0])

        self._bus.call(SERVICE, PATH, SERVICE, "Notify", "susssasa{sv}i", arguments, then=shown)

    def _session_bus(self) -> Bus | None:
        if not self._looked:
            self._looked = True
            try:
                self._bus = Bus(self) if has_bus(os.environ) else None
            except OSError as exc:
                log.info("%s", exc)
            if self._bus is not None:
                self._bus.heard.connect(self._on_signal)
                self._bus.lost.connect(self._on_lost)
                self._bus.listen(SERVICE, path=PATH)
        return self._bus

    @Slot(object)
    def _on_signal(self, signal: BusSignal) -> None:
        match signal.member, signal.body:
            case "ActivationToken", (int(number), str(token)) if number in self._ids.values():
                os.environ[ACTIVATION] = token  # comes before the click, and lets the window rise
            case "ActionInvoked", (int(number), str()) if number in self._ids.values():
                self.show_wanted.emit()

    @Slot()
    def _on_lost(self) -> None:
        self._bus = None


def first_sentence(text: str) -> str:
    """The first sentence as plain words, at most `LONGEST_TEXT` characters."""
    paragraph = _PARAGRAPH_END.split(without_markup(text).strip(), maxsplit=1)[0]
    plain = " ".join(_EMPHASIS.sub("", paragraph).split())
    for at, character in enumerate(plain):
        following = plain[at + 1 : at + 2]
        ends = character in _SENTENCE_END and (not following or following == " ")
        if ends and not (
            character == "." and following and is_abbreviated(plain[:at], plain[at + 2 : at + 3])
        ):
            plain = plain[: at + 1]
            break
    if len(plain) <= LONGEST_TEXT:
        return plain
    cut = plain[: LONGEST_TEXT - 1]
    at_word = cut.rpartition(" ")[0] or cut
    return f"{at_word.rstrip(' ,;:–-')}…"


def _icon() -> str:
    """A file: the desktop knows the name only where Parley is installed."""
    files = sorted((icons.RESOURCES / "app_icon").glob("parley-*.png"))
    best = next((file for file in files if "128" in file.name), None)
    return str(best or (files[-1] if files else "parley"))
