"""The talk key and the talk button: Qt's events in, the user's intents out.

What a hold, a tap and a bounce mean is decided in `app.core.push_to_talk`; here is decided
which key events are meant for Parley at all, and what takes the key away from it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
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
    Event,
    FinishListening,
    ResumeListening,
    StartListening,
    State,
    StateChanged,
    UtteranceEnded,
)
from app.core.push_to_talk import Action, Finish, Mode, PushToTalk, Resume, Start
from app.settings import TalkSettings

KEY = "key"
BUTTON = "button"

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
    matched by `Qt.Key` and without modifiers; from then on the physical key counts, so its
    release is recognised when the layout or a modifier changed meanwhile.

    Who gets the key when both could use it:

    * a widget that edits text always keeps it. A hold that began elsewhere goes on, though,
      and types nothing when the focus moves into a text;
    * a button, list or the like keeps it while the user moves about by keyboard (Tab, arrows,
      Alt and a letter), for whom it is the way to press the button. After a mouse click the
      focus merely stayed behind, and the key talks. Qt's focus reasons do not tell the two
      apart: a focused button that is disabled hands its focus on with the reason "Tab";
    * with a dialog or a menu open, they keep it.

    A window that is left, closed or blocked by a dialog ends what is being recorded: the
    release may never reach us.

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
        key: Qt.Key = Qt.Key.Key_Space,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """
        Args:
            key: the talk key.
            clock: what stamps the intents; replaced by tests that run faster than time.
        """
        super().__init__(parent)
        self._key = key
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

    @Slot()
    def button_pressed(self) -> None:
        """The talk button on the screen went down."""
        self._act(self._machine.press(self._clock(), source=BUTTON))

    @Slot()
    def button_released(self) -> None:
        """The talk button on the screen came up."""
        self._act(self._machine.release(self._clock(), source=BUTTON))

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

    @Slot(bool)
    def rest(self, resting: bool) -> None:
        """Leave the key to the window while nobody could see that Parley listens."""
        self._resting = resting
        if resting:
            self.interrupt("covered")

    @Slot(object)
    def on_event(self, event: Event) -> None:
        """Follow the conversation: an utterance may end without us (the microphone is gone).

        Without this, the next press in toggle mode would end what has ended already.
        """
        if isinstance(event, StateChanged):
            self._follow_state(event.state)
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
            self.interrupt("application left")
        elif isinstance(watched, QWidget):
            self._window_changed(watched, kind)
        return False

    def _window_changed(self, widget: QWidget, kind: QEvent.Type) -> None:
        match widget.windowType(), kind:
            case Qt.WindowType.Popup, QEvent.Type.Show:
                self.interrupt("menu opened")
            case Qt.WindowType.Window | Qt.WindowType.Dialog, QEvent.Type.WindowDeactivate:
                self.interrupt("window left")
            case Qt.WindowType.Window | Qt.WindowType.Dialog, QEvent.Type.WindowBlocked:
                self.interrupt("dialog opened")
            case (
                Qt.WindowType.Window | Qt.WindowType.Dialog,
                QEvent.Type.Close | QEvent.Type.Hide,
            ):
                self.interrupt("window closed")

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
        if event.key() != self._key or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        if QApplication.activeModalWidget() or QApplication.activePopupWidget():
            return False
        focus = QApplication.focusWidget()
        if focus is None:
            return True
        if _edits_text(focus):
            return False
        return not (self._by_keyboard and _uses_space(focus))

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
        case QKeySequenceEdit():
            return True
    # any other widget that takes text says so, or no input method would work in it
    return widget.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


def _uses_space(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton | QAbstractItemView | QComboBox)
