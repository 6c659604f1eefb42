"""The controls of the settings page: one class for each kind of setting.

What a control may be set to is read from the settings tree. A change leaves through `chosen` as
soon as it is one: a switch at the click, a number with Enter or an arrow, a text when its writer
pauses or goes elsewhere.
"""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QTextCursor, QWheelEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import range_of
from app.ui import icons
from app.ui import theme as look
from app.ui.composer import cleaned
from app.ui.settings.rows import Option, Row
from app.ui.switch import Switch
from app.ui.theme import Theme
from app.ui.words import number, pair

WRITER_PAUSES_MS = 900
"""After this long without a letter a text is taken: each change of the persona costs a server one
reading of the whole prompt, so not every letter is one."""

_NUMBER_WIDTH_PX = 88
_TEXT_HEIGHT_PX = 104
_RADIO_INDENT_PX = 26
"""The width of the dot of a radio button and its gap, so that sentences stand under the words."""


class SettingField(QWidget):
    """The control of one setting. Lives in the GUI thread.

    Signals:
        chosen: the user wants this value.
    """

    chosen = Signal(object)

    def __init__(self, row: Row, theme: Theme) -> None:  # noqa: ARG002 - what all of them take
        super().__init__()

    wide = False
    """Whether it stands under its words, not beside them."""

    def show_value(self, value: object) -> None:
        """Show this value; nobody chose it here."""
        raise NotImplementedError

    def flush(self) -> None:
        """Let out what was entered and not taken yet."""

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, in this order."""
        raise NotImplementedError


class SwitchField(SettingField):
    """On or off."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self.switch = Switch(theme)
        self.switch.setAccessibleName(row.title)
        self.switch.setAccessibleDescription(row.about)
        self.switch.clicked.connect(lambda on: self.chosen.emit(on))
        _alone(self, self.switch)

    def show_value(self, value: object) -> None:
        self.switch.setChecked(bool(value))

    def tab_stops(self) -> list[QWidget]:
        return [self.switch]


class _Choice(SettingField):
    """One of a few values: buttons of which one is down. Arrow keys go from one to the next."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        known = range_of(row.name).choices
        assert {option.value for option in row.options} <= set(known), row.name
        self.buttons: dict[object, QPushButton | QRadioButton] = {}
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._choose)

    def _add(self, option: Option, button: QPushButton | QRadioButton, row: Row) -> None:
        button.setAccessibleName(pair(row.title, option.title))
        button.setAccessibleDescription(option.about)
        self.buttons[option.value] = button
        self._group.addButton(button)

    def _choose(self, button: QPushButton | QRadioButton) -> None:
        self.chosen.emit(next(value for value, each in self.buttons.items() if each is button))

    def show_value(self, value: object) -> None:
        if isinstance(value, str) and value in self.buttons:
            self.buttons[value].setChecked(True)

    def tab_stops(self) -> list[QWidget]:
        return list(self.buttons.values())


class ChoiceField(_Choice):
    """One under the other, each with its sentence."""

    wide = True

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_XS, 0, 0)
        column.setSpacing(look.SPACE_S)
        for option in row.options:
            button = QRadioButton(option.title)
            self._add(option, button, row)
            part = QVBoxLayout()
            part.setSpacing(0)
            part.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
            if option.about:
                sentence = _Sentence(option.about, button)
                sentence.setContentsMargins(_RADIO_INDENT_PX, 0, 0, 0)
                part.addWidget(sentence)
            column.addLayout(part)


class _Sentence(QLabel):
    """What a choice means; a click on it is one on the choice."""

    def __init__(self, text: str, button: QRadioButton) -> None:
        super().__init__(text)
        self.setProperty("role", "small")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._button = button

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self._button.click()


class SegmentsField(_Choice):
    """Side by side."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(look.SPACE_XS)
        for option in row.options:
            button = QPushButton(option.title)
            button.setProperty("role", "segment")
            button.setCheckable(True)
            self._add(option, button, row)
            line.addWidget(button)


class _Number(QDoubleSpinBox):
    """A number as one writes it, which the wheel does not change while the page is scrolled."""

    def textFromValue(self, value: float) -> str:
        return self.locale().toString(value, "f", 0 if value == round(value) else self.decimals())

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class NumberField(SettingField):
    """A number with its unit; arrow keys, or the two buttons, change it."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self._theme = theme
        limits = range_of(row.name)
        self._whole = isinstance(limits.default, int)
        assert limits.lowest is not None, row.name
        assert limits.highest is not None, row.name
        self.number = _Number()
        self.number.setRange(limits.lowest, limits.highest)
        self.number.setDecimals(0 if self._whole else 1)
        self.number.setSingleStep(row.step)
        self.number.setSuffix(row.unit)
        self.number.setKeyboardTracking(False)
        self.number.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.number.setFixedWidth(_NUMBER_WIDTH_PX)
        self.number.setAccessibleName(row.title)
        self.number.setAccessibleDescription(row.about)
        self.number.valueChanged.connect(self._changed)
        self.less, self.more = QToolButton(), QToolButton()
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(look.SPACE_XS)
        for button, step, words in (
            (self.less, self.number.stepDown, self.tr("Less: %1")),
            (self.more, self.number.stepUp, self.tr("More: %1")),
        ):
            button.setProperty("role", "icon")
            button.setAutoRepeat(True)
            button.setIconSize(QSize(16, 16))
            button.setAccessibleName(words.replace("%1", row.title))
            button.setToolTip(words.replace("%1", row.title))
            # the number takes arrow keys: two more stops for the keyboard would help nobody
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(step)
        line.addWidget(self.less)
        line.addWidget(self.number)
        line.addWidget(self.more)
        theme.changed.connect(self._dress)
        self._dress()

    def show_value(self, value: object) -> None:
        if isinstance(value, int | float):
            with QSignalBlocker(self.number):
                self.number.setValue(value)

    def flush(self) -> None:
        self.number.interpretText()

    def tab_stops(self) -> list[QWidget]:
        return [self.number]

    def _changed(self, value: float) -> None:
        self.chosen.emit(round(value) if self._whole else round(value, 1))

    def _dress(self) -> None:
        tokens = self._theme.tokens
        self.less.setIcon(icons.icon("minus", tokens.text, tokens.muted, size=16))
        self.more.setIcon(icons.icon("plus", tokens.text, tokens.muted, size=16))


class _Editor(QPlainTextEdit):
    """Plain text of a longest length; Tab goes on to the next control.

    Signals:
        left: the keyboard went elsewhere.
    """

    left = Signal()

    def __init__(self, longest: int) -> None:
        super().__init__()
        self._longest = longest
        self.setObjectName("editor")
        self.setTabChangesFocus(True)
        self.setFixedHeight(_TEXT_HEIGHT_PX)
        self.textChanged.connect(self._keep_to_longest)

    def insertFromMimeData(self, source: QMimeData) -> None:
        self.insertPlainText(cleaned(source.text())[: self._longest])

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def _keep_to_longest(self) -> None:
        over = len(self.toPlainText()) - self._longest
        if over <= 0:
            return
        cursor = self.textCursor()  # behind what was entered last: that is too much
        with QSignalBlocker(self):
            for _ in range(over):
                cursor.deletePreviousChar()


class TextField(SettingField):
    """A text of several lines, with its length and a way back to the default."""

    wide = True

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        limits = range_of(row.name)
        assert limits.longest is not None, row.name
        self._default = str(limits.default)
        self._longest = limits.longest
        self._taken: str | None = None
        """The value as it is set."""
        self.editor = _Editor(self._longest)
        self.editor.setAccessibleName(row.title)
        self.editor.setAccessibleDescription(row.about)
        self.length = QLabel()
        self.length.setProperty("role", "small")
        self.restore = QPushButton(self.tr("Restore default"))
        self.restore.setAccessibleName(self.tr("Restore the default: %1").replace("%1", row.title))
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(WRITER_PAUSES_MS)
        self._pause.timeout.connect(self.flush)
        self.editor.textChanged.connect(self._edited)
        self.editor.left.connect(self.flush)
        self.restore.clicked.connect(self._restore)
        foot = QHBoxLayout()
        foot.addWidget(self.length, 1)
        foot.addWidget(self.restore)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_XS, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addWidget(self.editor)
        column.addLayout(foot)
        self._tell_length()

    def show_value(self, value: object) -> None:
        if not isinstance(value, str) or self._pause.isActive():
            return  # what is being written here is newer
        self._taken = value
        if value != self.editor.toPlainText():
            with QSignalBlocker(self.editor):
                self.editor.setPlainText(value)
        self._tell_length()

    def tab_stops(self) -> list[QWidget]:
        return [self.editor, self.restore]

    def flush(self) -> None:
        self._pause.stop()
        text = self.editor.toPlainText().strip()
        if self._taken is not None and text != self._taken:
            self._taken = text
            self.chosen.emit(text)

    def _edited(self) -> None:
        self._pause.start()
        self._tell_length()

    def _restore(self) -> None:
        cursor = self.editor.textCursor()  # so that it can be undone, as all typing can
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(self._default)
        self.flush()

    def _tell_length(self) -> None:
        text = self.editor.toPlainText()
        self.length.setText(
            self.tr("%1 of %2 characters")
            .replace("%1", number(len(text)))
            .replace("%2", number(self._longest))
        )
        # a button that goes grey under the keyboard would hand the focus on
        self.restore.setEnabled(text.strip() != self._default or self.restore.hasFocus())


class LinkField(QWidget):
    """A button that leads elsewhere.

    Signals:
        wanted: where to (the option's value).
    """

    wanted = Signal(str)

    words = ""

    def __init__(self, row: Row) -> None:
        super().__init__()
        (option,) = row.options
        self.button = QPushButton(option.title)
        self.button.setAccessibleName(pair(row.title, option.title))
        self.button.setAccessibleDescription(row.about)
        self.button.clicked.connect(lambda: self.wanted.emit(str(option.value)))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.button)

    def tab_stops(self) -> list[QWidget]:
        return [self.button]


def _alone(field: SettingField, control: QWidget) -> None:
    line = QHBoxLayout(field)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(control)
