"""The talk key, the talk button and what talks from outside: presses in, the user's intents out.

What a hold, a tap and a bounce mean is decided in `app.core.push_to_talk`; here is decided
which key events are meant for Parley at all, and what takes the key away from it.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

from PySide6.QtCore import QEvent, QKeyCombination, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QKeySequenceEdit,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from app.core.events import (
    ChangeSetting,
    Event,
    FinishListening,
    ResumeListening,
    SettingChanged,
    StartListening,
    State,
    StateChanged,
    UtteranceEnded,
)
from app.core.push_to_talk import Action, Finish, Mode, PushToTalk, Resume, Start
from app.settings import TalkSettings
from app.ui.settings.shortcut_field import RECORDS_KEYS

log = logging.getLogger(__name__)

KEY = "key"
BUTTON = "button"
OUTSIDE = "outside"
"""The shortcut of the whole desktop, and `parley press`."""

TALK_KEY = "talk.key"

_OF_THE_WINDOW = frozenset({KEY, BUTTON})

_COMMANDING = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)

_MODIFIERS = _COMMANDING | Qt.KeyboardModifier.ShiftModifier
"""Without the mark of the number pad, whose keys are keys like others."""

_FIRST_UNPRINTABLE = 0x01000000
"""Keys of `Qt.Key` below are characters."""

_MOVES_FOCUS = frozenset(
    {
        Qt.Key.Key_Tab,
        Qt.Key.Key_Backtab,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
    }
)

_EDITS = _MOVES_FOCUS | frozenset(
    {
        Qt.Key.Key_Escape,
        Qt.Key.Key_Backspace,
        Qt.Key.Key_Delete,
        Qt.Key.Key_Insert,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
        Qt.Key.Key_Home,
        Qt.Key.Key_End,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
    }
)
"""What a text does with keys that are no characters."""

_WATCHED = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.KeyRelease,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.ApplicationDeactivate,
        QEvent.Type.WindowDeactivate,
        QEvent.Type.WindowBlocked,
        QEvent.Type.Close,
        QEvent.Type.Hide,
        QEvent.Type.Show,
    }
)


class TalkKey(QObject):
    """Watches the application's events; lives in the GUI thread.

    An event filter: `QApplication.installEventFilter` puts it to work.

    Keys are judged once, when they arrive at a window and before any widget has them; a test
    sends them there too (`QTest.keyPress(widget.windowHandle(), ...)`). The first press is
    matched by `Qt.Key` and its modifiers; from then on the physical key counts, so its
    release is recognised when the layout or a modifier changed meanwhile.

    Who gets the key when both could use it (a key that neither types nor edits, such as F9 or
    Ctrl+Space, is Parley's anywhere):

    * a widget that records keys keeps any key;
    * a widget that edits text always keeps it. A hold that began elsewhere goes on, though,
      and types nothing when the focus moves into a text;
    * a button, list or the like keeps it while the user moves about by keyboard (Tab, arrows,
      Alt and a letter), for whom it is the way to press the button. After a mouse click the
      focus merely stayed behind, and the key talks. Qt's focus reasons do not tell the two
      apart: a focused button that is disabled hands its focus on with the reason "Tab";
    * with a dialog or a menu open, they keep it.

    A window that is left, closed or blocked by a dialog ends what its key or button began: the
    release may never reach us. What began outside the window goes on without it.

    Signals:
        intent: `StartListening`, `FinishListening` or `ResumeListening`, stamped with the time
            of the key.
    """

    intent = Signal(object)

    def __init__(
        self,
        settings: TalkSettings,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            clock: what stamps the intents; replaced by tests that run faster than time.
        """
        super().__init__(parent)
        self._key = Qt.Key.Key_Space
        self._modifiers = Qt.KeyboardModifier.NoModifier
        self._clock = clock
        self._machine = PushToTalk(
            mode=settings.mode,
            max_utterance_s=settings.max_utterance_s,
            release_grace_ms=settings.release_grace_ms,
            hybrid_hold_ms=settings.hybrid_hold_ms,
        )
        self._started_at = math.inf
        """When the recording that runs now began."""
        self._is_listening = False
        """Whether the conversation has said that it listens to this recording."""
        self._scan_code = 0
        """The physical key of the last press; 0 where the platform does not tell (macOS)."""
        self._ours = False
        """Whether the last press was taken from the widgets; its repeats and release are too."""
        self._resting = False
        self._by_keyboard = False
        """Whether the user last moved about by keyboard, not by mouse."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_deadline)
        self.use_key(settings.key)

    @Slot()
    def button_pressed(self) -> None:
        """The talk button on the screen went down."""
        self._act(self._machine.press(self._clock(), source=BUTTON))

    @Slot()
    def button_released(self) -> None:
        """The talk button on the screen came up."""
        self._act(self._machine.release(self._clock(), source=BUTTON))

    @Slot()
    def outside_pressed(self) -> None:
        """The shortcut of the desktop went down, or a compositor's binding says so."""
        self._act(self._machine.press(self._clock(), source=OUTSIDE))

    @Slot()
    def outside_released(self) -> None:
        """The shortcut of the desktop came up, or a compositor's binding says so."""
        self._act(self._machine.release(self._clock(), source=OUTSIDE))

    @Slot()
    def outside_toggled(self) -> None:
        """Begin to talk, or end it, whatever the mode: nobody will tell when the key comes up."""
        self._act(self._machine.toggle(self._clock(), source=OUTSIDE))

    @Slot()
    @Slot(str)
    def interrupt(self, reason: str = "dropped") -> None:
        """End what is being recorded, for a reason of the caller's (Esc, a locked screen).

        A key that is still down stays without effect until it is pressed anew.
        """
        self._act(self._machine.interrupt(self._clock(), reason))

    @Slot(str)
    def use_mode(self, mode: Mode) -> None:
        """Talk like this from the next press on."""
        self.interrupt("settings")
        self._machine.use_mode(mode)

    @Slot(str)
    def use_key(self, key: str) -> None:
        """Talk with this key from the next press on.

        Args:
            key: as Qt writes keys ("F9", "Ctrl+Space"). One that Qt does not know changes nothing.
        """
        wanted = QKeySequence(key, QKeySequence.SequenceFormat.PortableText)
        combination: QKeyCombination | None = None
        if wanted.count() == 1:
            combination = cast(Any, wanted)[0]  # which PySide's stubs do not know
        if combination is None or combination.key() == Qt.Key.Key_unknown:
            log.warning("there is no key %s to talk with", key)
            return
        if (combination.key(), combination.keyboardModifiers()) == (self._key, self._modifiers):
            return
        self._leave("settings")
        self._ours = False
        self._key = combination.key()
        self._modifiers = combination.keyboardModifiers() & _MODIFIERS

    @Slot(bool)
    def rest(self, resting: bool) -> None:
        """Leave the key to the window while nobody could see that Parley listens."""
        self._resting = resting
        if resting:
            self._leave("covered")

    def _leave(self, reason: str) -> None:
        """End what the window's key or button began; what began outside needs no window."""
        self._act(self._machine.interrupt(self._clock(), reason, sources=_OF_THE_WINDOW))

    @Slot(object)
    def on_event(self, event: Event) -> None:
        """Follow the conversation: an utterance may end without us (the microphone is gone).

        Without this, the next press in toggle mode would end what has ended already. Another key
        acts at once, when it is chosen and when it is written.
        """
        if isinstance(event, StateChanged):
            self._follow_state(event.state)
        elif isinstance(event, ChangeSetting | SettingChanged):
            if event.name == TALK_KEY and isinstance(event.value, str):
                self.use_key(event.value)
        elif (
            isinstance(event, UtteranceEnded)
            and self._machine.recording is not None
            and event.released_at >= self._started_at
        ):
            self.interrupt("ended")

    def _follow_state(self, state: State) -> None:
        """A typed question ends the recording too.

        Only once the conversation was seen listening: a state of the turn before may arrive
        after the key went down.
        """
        if self._machine.recording is None:
            self._is_listening = False
        elif state == State.LISTENING:
            self._is_listening = True
        elif state != State.FINISHING and self._is_listening:
            self._is_listening = False
            self.interrupt("ended")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """True for a key event that is ours: no widget shall see it."""
        kind = event.type()
        if kind not in _WATCHED:
            # by far the most: this runs for every event there is
            return False
        if watched.isWindowType():
            match kind:
                case QEvent.Type.KeyPress if isinstance(event, QKeyEvent):
                    return self._key_pressed(event)
                case QEvent.Type.KeyRelease if isinstance(event, QKeyEvent):
                    return self._key_released(event)
                case QEvent.Type.MouseButtonPress:
                    self._by_keyboard = False
        elif kind == QEvent.Type.ApplicationDeactivate:
            self._leave("application left")
        elif isinstance(watched, QWidget):
            self._window_changed(watched, kind)
        return False

    def _window_changed(self, widget: QWidget, kind: QEvent.Type) -> None:
        match widget.windowType(), kind:
            case Qt.WindowType.Popup, QEvent.Type.Show:
                self._leave("menu opened")
            case Qt.WindowType.Window | Qt.WindowType.Dialog, QEvent.Type.WindowDeactivate:
                self._leave("window left")
            case Qt.WindowType.Window | Qt.WindowType.Dialog, QEvent.Type.WindowBlocked:
                self._leave("dialog opened")
            case (
                Qt.WindowType.Window | Qt.WindowType.Dialog,
                QEvent.Type.Close | QEvent.Type.Hide,
            ):
                self._leave("window closed")

    def _key_pressed(self, event: QKeyEvent) -> bool:
        if not self._is_talk_key(event):
            if _moves_focus(event):
                self._by_keyboard = True
            return False
        if event.isAutoRepeat():
            return self._ours
        at = self._clock()
        if not self._machine.continues(at, KEY):
            self._ours = self._may_begin(event)
        if self._ours:
            self._scan_code = event.nativeScanCode()
            self._act(self._machine.press(at, source=KEY))
        return self._ours

    def _key_released(self, event: QKeyEvent) -> bool:
        if not self._is_talk_key(event):
            return False
        if not event.isAutoRepeat():
            self._act(self._machine.release(self._clock(), source=KEY))
        return self._ours

    def _is_talk_key(self, event: QKeyEvent) -> bool:
        if event.key() == self._key:
            return True
        scan_code = event.nativeScanCode()
        return self._ours and scan_code != 0 and scan_code == self._scan_code

    def _may_begin(self, event: QKeyEvent) -> bool:
        """Whether a press that belongs to no earlier one is for Parley."""
        if self._resting:
            return False
        if event.key() != self._key or event.modifiers() & _MODIFIERS != self._modifiers:
            return False
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return False
        focus = QApplication.focusWidget()
        if focus is None:
            return True
        if isinstance(focus, QKeySequenceEdit) or focus.property(RECORDS_KEYS):
            return False
        if not self._types:
            return True
        if _edits_text(focus):
            return False
        return not (self._by_keyboard and _uses_space(focus))

    @property
    def _types(self) -> bool:
        """Whether a text, a button or a list would make something of the key."""
        if self._modifiers & _COMMANDING:
            return False
        return self._key < _FIRST_UNPRINTABLE or self._key in _EDITS

    @Slot()
    def _on_deadline(self) -> None:
        self._act(self._machine.tick(self._clock()))

    def _act(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Start(at=at):
                    self._started_at = at
                    self.intent.emit(StartListening(at=at))
                case Finish(at=at):
                    self.intent.emit(FinishListening(at=at))
                case Resume(at=at):
                    self.intent.emit(ResumeListening(at=at))
        deadline = self._machine.deadline
        if deadline is None:
            self._timer.stop()
        else:
            self._timer.start(max(0, math.ceil((deadline - self._clock()) * 1000)))


def _moves_focus(event: QKeyEvent) -> bool:
    if event.key() in _MOVES_FOCUS:
        return True
    # Alt and a letter, not Alt on the way to another window
    with_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
    return with_alt and event.key() != Qt.Key.Key_Alt


def _edits_text(widget: QWidget) -> bool:
    match widget:
        case QLineEdit() | QTextEdit() | QPlainTextEdit() | QAbstractSpinBox():
            return not widget.isReadOnly()
        case QComboBox():
            return widget.isEditable()
    # any other widget that takes text says so, or no input method would work in it
    return widget.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


def _uses_space(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton | QAbstractItemView | QComboBox)
