"""Settings chosen from a list that folds out: languages, devices, how long something is kept."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QShowEvent, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QPushButton,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from app.core.events import Event, SayAgain
from app.core.sound_events import (
    Choice,
    DevicesListed,
    ListDevices,
    MicrophoneHeard,
    WatchMicrophone,
)
from app.ui import icons, translation
from app.ui import theme as look
from app.ui.device_names import device_name, is_system_choice
from app.ui.labels import plain_label
from app.ui.settings.fields import SettingField
from app.ui.settings.rows import Row
from app.ui.theme import Theme

_LIST_WIDTH_PX = 220
_METER_HEIGHT_PX = 8
_ARROW_PX = 14
_QUIET_DB = -60.0
"""What the meter shows as nothing: a quiet room's noise."""


class _List(QComboBox):
    """One which the wheel does not change while the page is scrolled, with our arrow."""

    def __init__(self, title: str, about: str, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        theme.changed.connect(self.update)
        self.setAccessibleName(title)
        self.setAccessibleDescription(about)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.setItemDelegate(QStyledItemDelegate(self))  # which takes rows from the stylesheet

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        tokens = self._theme.tokens
        right_to_left = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = look.SPACE_S if right_to_left else self.width() - look.SPACE_S - _ARROW_PX
        where = QRectF(left, (self.height() - _ARROW_PX) / 2, _ARROW_PX, _ARROW_PX)
        painter = QPainter(self)
        icons.paint(
            painter, "chevron-down", tokens.text if self.isEnabled() else tokens.muted, where
        )
        painter.end()


class ListField(SettingField):
    """One of several values, of which some are none or numbers."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self._values = [option.value for option in row.options]
        self.list = _List(row.title, row.about, theme)
        self.list.addItems([option.title for option in row.options])
        self.list.setFixedWidth(_LIST_WIDTH_PX)
        self.list.activated.connect(lambda index: self.chosen.emit(self._values[index]))
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.SPACE_S)
        self._column.addWidget(self.list)

    def show_value(self, value: object) -> None:
        # A value that the file has and the list has not leaves the list without one.
        index = self._values.index(value) if value in self._values else -1
        self.list.setCurrentIndex(index)

    def tab_stops(self) -> list[QWidget]:
        return [self.list]


class LanguageField(ListField):
    """The language of the window. Its words are chosen once, at the start; so another language
    comes with a button that starts Parley again.

    Signals:
        restart_wanted: the user wants to see the language at once.
    """

    restart_wanted = Signal()

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self.restart = QPushButton(self.tr("Restart Parley"))
        self.restart.setAccessibleName(self.restart.text())
        self.restart.setAccessibleDescription(row.about)
        self.restart.clicked.connect(lambda: self.restart_wanted.emit())
        self.restart.hide()
        self._column.addWidget(self.restart, 0, Qt.AlignmentFlag.AlignRight)
        self.list.activated.connect(self._offer)

    def show_value(self, value: object) -> None:
        super().show_value(value)
        self._offer()

    def tab_stops(self) -> list[QWidget]:
        return [self.list, self.restart]

    def _offer(self) -> None:
        """Only where it would change something."""
        choice = self._values[self.list.currentIndex()] if self.list.currentIndex() >= 0 else None
        wanted = translation.language_of(choice) if isinstance(choice, str) else ""
        if self.restart.hasFocus():
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self.restart.setVisible(wanted not in ("", translation.language()))


class LevelMeter(QWidget):
    """A bar as long as the sound is loud, on a scale of decibels."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._share = 0.0
        self.setFixedHeight(_METER_HEIGHT_PX)
        theme.changed.connect(self.update)

    @property
    def share(self) -> float:
        """How much of the bar is filled, 0 to 1."""
        return self._share

    def show_level(self, level: float) -> None:
        """`level`: peak, 0 to 1. Falls slowly, so that the eye can follow."""
        share = _on_scale(level)
        share = max(share, self._share - 0.06)
        if abs(share - self._share) > 0.004:
            self._share = share
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        box = self.rect().toRectF()
        radius = box.height() / 2
        painter.setBrush(QColor(tokens.sunk))
        painter.drawRoundedRect(box, radius, radius)
        if self._share > 0:
            filled = box.adjusted(0, 0, -box.width() * (1 - self._share), 0)
            if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
                filled.moveRight(box.right())
            painter.setBrush(QColor(tokens.listening))
            painter.drawRoundedRect(filled, radius, radius)
        painter.end()


def _on_scale(level: float) -> float:
    """A peak of 0 to 1 as a share of the scale from `_QUIET_DB` to full."""
    if level <= 0:
        return 0.0
    return min(1.0, max(0.0, 1 - 20 * math.log10(level) / _QUIET_DB))


class DeviceField(SettingField):
    """A microphone with its level, or a loudspeaker with something to hear.

    Signals:
        intent: what the field wants to know or hear, while it is on the screen.
    """

    intent = Signal(object)

    wide = True

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self._kind = "input" if row.name == "audio.input" else "output"
        self._devices: Sequence[Choice] = ()
        self._value: Choice | None = None
        self.list = _List(row.title, row.about, theme)
        self.list.activated.connect(self._choose)
        self.meter = LevelMeter(theme) if self._kind == "input" else None
        self.test = QPushButton(self.tr("Say something"))
        self.test.setAccessibleName(self.tr("Loudspeaker: say something"))
        self.test.setAccessibleDescription(self.tr("Parley says a sentence on this loudspeaker."))
        self.test.clicked.connect(self._speak)
        if self._kind != "output":
            self.test.hide()
        line = QHBoxLayout()
        line.setSpacing(look.SPACE_S)
        line.addWidget(self.list, 1)
        line.addWidget(self.test)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_XS, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addLayout(line)
        if self.meter is not None:
            self.meter.setAccessibleName(self.tr("Level of the microphone"))
            column.addWidget(self.meter)
            column.addWidget(plain_label("small", self.tr("Say something: the bar moves.")))
        self._fill()

    def handle(self, event: Event) -> None:
        """Take what concerns devices; others are let through."""
        if isinstance(event, DevicesListed) and event.kind == self._kind:
            self._devices = event.devices
            self._fill()
        elif isinstance(event, MicrophoneHeard) and self.meter is not None:
            self.meter.show_level(event.level)

    def show_value(self, value: object) -> None:
        self._value = (str(value[0]), str(value[1])) if isinstance(value, tuple) else None
        self._fill()

    def tab_stops(self) -> list[QWidget]:
        return [self.list] if self._kind == "input" else [self.list, self.test]

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.intent.emit(ListDevices())
        if self.meter is not None:
            self.intent.emit(WatchMicrophone(on=True))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.intent.emit(ListDevices(on=False))
        if self.meter is not None:
            self.intent.emit(WatchMicrophone(on=False))

    def _fill(self) -> None:
        """The system's choice, what there is, and what was chosen and is not there. The sound
        server's own choice is the system's, and stands there once, unless it was chosen."""
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItem(self.tr("As the system chooses"), None)
            for device in self._devices:
                if is_system_choice(device[0]) and device != self._value:
                    continue
                self.list.addItem(self._label(device), device)
            if self._value is not None and self._value not in self._devices:
                name = device_name(self._value[0], self._kind)
                gone = self.tr("%1 (not connected)").replace("%1", name)
                self.list.addItem(gone, self._value)
            values = [self.list.itemData(index) for index in range(self.list.count())]
            self.list.setCurrentIndex(values.index(self._value))

    def _label(self, device: Choice) -> str:
        """The name; with its host API where two have the same."""
        name = device_name(device[0], self._kind)
        alike = sum(other[0] == device[0] for other in self._devices)
        return name if alike == 1 else f"{name} ({device[1]})"

    def _choose(self, index: int) -> None:
        self._value = self.list.itemData(index)
        self.chosen.emit(self._value)

    def _speak(self) -> None:
        self.intent.emit(SayAgain(text=self.tr("This is how I sound."), language="en"))
