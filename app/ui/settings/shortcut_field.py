"""A control that takes keys: click, press them, done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QKeyCombination, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import range_of
from app.ui import icons
from app.ui import theme as look
from app.ui.theme import Theme
from app.ui.words import pair

RECORDS_KEYS = "recordsKeys"
"""A property: the talk key leaves every key to a widget that has it set."""

_WIDTH_PX = 168
_ICON_PX = 16

_MODIFIER_KEYS = {
    Qt.Key.Key_Control: Qt.KeyboardModifier.ControlModifier,
    Qt.Key.Key_Alt: Qt.KeyboardModifier.AltModifier,
    Qt.Key.Key_AltGr: Qt.KeyboardModifier.NoModifier,
    Qt.Key.Key_Shift: Qt.KeyboardModifier.ShiftModifier,
    Qt.Key.Key_Meta: Qt.KeyboardModifier.MetaModifier,
    Qt.Key.Key_Super_L: Qt.KeyboardModifier.MetaModifier,
    Qt.Key.Key_Super_R: Qt.KeyboardModifier.MetaModifier,
    Qt.Key.Key_CapsLock: Qt.KeyboardModifier.NoModifier,
    Qt.Key.Key_NumLock: Qt.KeyboardModifier.NoModifier,
}
"""Keys that are held with others, and what they add."""

_COMMANDING = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)

_MODIFIERS = _COMMANDING | Qt.KeyboardModifier.ShiftModifier

_FREE = frozenset(
    {
        *(Qt.Key(Qt.Key.Key_F1 + number) for number in range(35)),
        Qt.Key.Key_Pause,
        Qt.Key.Key_ScrollLock,
        Qt.Key.Key_Menu,
        Qt.Key.Key_Print,
    }
)
"""Keys that may be taken from all programs without another one held with them."""


class ShortcutField(QWidget):
    """Shows a shortcut; a click or Enter lets the user press another one.

    Meanwhile Esc leaves it as it is, and Backspace takes it away (where one is needed, back to
    the usual one), as the button beside it does. Keys that cannot be taken are refused with a
    sentence. Lives in the GUI thread.

    Attributes:
        clear: the button that takes the shortcut away; there while there is something to take.

    Signals:
        chosen: the user wants this shortcut, as Qt writes keys; empty for none.
    """

    chosen = Signal(str)

    def __init__(self, theme: Theme, *, allow_plain: bool) -> None:
        """
        Args:
            allow_plain: a key of its own will do, since only Parley's window listens. False for
                a shortcut of the whole desktop, which no other program would get any more.
        """
        super().__init__()
        self._theme = theme
        self._allow_plain = allow_plain
        self._usual = str(range_of("talk.key").default) if allow_plain else ""
        """What stands here when nothing was chosen."""
        self._shortcut = ""
        self._title = self.tr("Shortcut")
        self.keys = _Keys(self)
        self.keys.setFixedWidth(_WIDTH_PX)
        self.keys.clicked.connect(self.keys.begin)
        self.keys.pressed_keys.connect(self._take)
        self.keys.changed.connect(self._dress)
        self.clear = QToolButton()
        self.clear.setProperty("role", "icon")
        self.clear.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.clear.clicked.connect(self._clear)
        self.remark = QLabel()
        self.remark.setProperty("role", "small")
        self.remark.setWordWrap(True)
        self.remark.hide()
        line = QHBoxLayout()
        line.setSpacing(look.SPACE_XS)
        for part in self.tab_stops():
            line.addWidget(part)
        if not allow_plain:
            line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_XS)
        column.addLayout(line)
        column.addWidget(self.remark)
        theme.changed.connect(self._dress)
        self._dress()

    @property
    def shortcut(self) -> str:
        """As Qt writes keys."""
        return self._shortcut

    def set_title(self, title: str) -> None:
        """What it is called for who does not see it."""
        self._title = title
        self._dress()

    def show_value(self, value: object) -> None:
        """Show this shortcut; nobody chose it here."""
        self._shortcut = str(value or "")
        self._dress()

    def flush(self) -> None:
        """Nothing waits to be let out."""

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from left to right. The keys keep their place at the edge of the page
        whether there is something to clear or not."""
        return [self.clear, self.keys] if self._allow_plain else [self.keys, self.clear]

    def _take(self, combination: QKeyCombination) -> None:
        key, modifiers = combination.key(), combination.keyboardModifiers()
        plain = modifiers == Qt.KeyboardModifier.NoModifier
        if plain and key == Qt.Key.Key_Escape:
            self.keys.end()
        elif plain and key == Qt.Key.Key_Backspace:
            self._clear()
        elif why := self._refusal(combination):
            self.remark.setText(why)
            self.remark.show()
            self._announce(why)
        else:
            self._choose(QKeySequence(combination).toString(_PORTABLE))

    def _choose(self, shortcut: str) -> None:
        self._shortcut = shortcut
        self.keys.end()
        self._announce(self.keys.text())
        self.chosen.emit(shortcut)

    def _clear(self) -> None:
        if self.clear.hasFocus():  # the button is about to go
            self.keys.setFocus(Qt.FocusReason.OtherFocusReason)
        self._choose(self._usual)

    def _refusal(self, combination: QKeyCombination) -> str:
        """Why these keys cannot be taken; empty when they can."""
        written = QKeySequence(combination).toString(QKeySequence.SequenceFormat.NativeText)
        if combination.key() == Qt.Key.Key_unknown or not written.isprintable():
            return self.tr("Qt has no name for this key. Choose another one.")
        if self._allow_plain or combination.key() in _FREE:
            return ""
        if not combination.keyboardModifiers() & _COMMANDING:
            return self.tr(
                "Hold Ctrl, Alt or Meta with it: other programs would never get “%1” again."
            ).replace("%1", written)
        return ""

    def _dress(self) -> None:
        if self.keys.is_recording:
            held = _written(self.keys.held)
            text = f"{held}…" if held else self.tr("Press keys…")
        elif self._shortcut:
            sequence = QKeySequence(self._shortcut, _PORTABLE)
            text = sequence.toString(QKeySequence.SequenceFormat.NativeText)
        else:
            text = self.tr("None")
            self.remark.hide()
        if not self.keys.is_recording:
            self.remark.hide()
        tokens = self._theme.tokens
        muted = not self._shortcut and not self.keys.is_recording
        self.keys.setText(text)
        self.keys.setStyleSheet(f"color: {tokens.muted};" if muted else "")
        self.keys.setAccessibleName(pair(self._title, text))
        self.keys.setAccessibleDescription(
            self.tr("Press the keys. Esc leaves it as it is, Backspace takes it away.")
            if self.keys.is_recording
            else self.tr("Enter lets you press other keys.")
        )
        self.keys.setToolTip(self.keys.accessibleDescription())
        self._dress_clear()

    def _dress_clear(self) -> None:
        words, icon = self.tr("Take the shortcut away"), "close"
        if self._usual:
            words, icon = self.tr("Back to the usual key"), "again"
        tokens = self._theme.tokens
        self.clear.setIcon(icons.icon(icon, tokens.muted, size=_ICON_PX))
        self.clear.setToolTip(words)
        self.clear.setAccessibleName(pair(self._title, words))
        self.clear.setVisible(self._shortcut != self._usual)

    def _announce(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))


class _Keys(QPushButton):
    """The button; while it records, every key is its own.

    Signals:
        pressed_keys: a key went down, with these modifiers (`QKeyCombination`).
        changed: it records or not, or other modifiers are held.
    """

    pressed_keys = Signal(object)
    changed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.is_recording = False
        self.held = Qt.KeyboardModifier.NoModifier
        self.setAutoDefault(False)

    def begin(self) -> None:
        """Take the next keys."""
        self._record(True)
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def end(self) -> None:
        """Be a button again."""
        self._record(False)

    def _record(self, on: bool) -> None:
        self.is_recording = on
        self.held = Qt.KeyboardModifier.NoModifier
        self.setProperty(RECORDS_KEYS, on)
        self.changed.emit()

    def event(self, event: QEvent) -> bool:
        """No shortcut of the window acts while keys are recorded, and Tab is a key."""
        if self.is_recording and isinstance(event, QKeyEvent):
            match event.type():
                case QEvent.Type.ShortcutOverride:
                    event.accept()
                    return True
                case QEvent.Type.KeyPress:
                    self._key_pressed(event)
                    return True
                case QEvent.Type.KeyRelease:
                    self._key_released(event)
                    return True
        return super().event(event)

    def _key_pressed(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        key, held = Qt.Key(event.key()), event.modifiers() & _MODIFIERS
        if key in _MODIFIER_KEYS:
            # Counted here: on X11 an event tells what was held before it, elsewhere after it.
            self.held |= _MODIFIER_KEYS[key]
            self.changed.emit()
            return
        if key == Qt.Key.Key_Backtab:
            key, held = Qt.Key.Key_Tab, held | Qt.KeyboardModifier.ShiftModifier
        self.pressed_keys.emit(QKeyCombination(held, key))

    def _key_released(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if not event.isAutoRepeat() and key in _MODIFIER_KEYS:
            self.held &= ~_MODIFIER_KEYS[key]
            self.changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        if self.is_recording:
            self.end()
        super().focusOutEvent(event)


_PORTABLE = QKeySequence.SequenceFormat.PortableText


def _written(modifiers: Qt.KeyboardModifier) -> str:
    """ "Ctrl+Alt+", as the system writes it."""
    with_key = QKeySequence(QKeyCombination(modifiers, Qt.Key.Key_A))
    return with_key.toString(QKeySequence.SequenceFormat.NativeText).removesuffix("A")
