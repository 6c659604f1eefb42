"""A button for a line that may be longer than there is room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QStylePainter, QWidget

_BESIDE_ICON_PX = 4
"""What the style leaves between a button's icon and its text."""

_LEAST_PX = 96


class ElidedButton(QPushButton):
    """Ends its text with dots where it does not fit; a plain button cuts it in a letter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: tuple[str, ...] = ()
        """What it may say, the longest first; empty when that is its text alone."""

    @property
    def shown(self) -> str:
        """As much of the text as there is room for."""
        return self._option().text

    def say(self, text: str, *shorter: str) -> None:
        """Show the first of these for which there is room, the end of the last one left out where
        there is none for it either."""
        self._texts = (text, *shorter)
        self.updateGeometry()
        self._fit()

    def sizeHint(self) -> QSize:
        hint = super().sizeHint()
        if not self._texts:
            return hint
        here, whole = map(self.fontMetrics().horizontalAdvance, (self.text(), self._texts[0]))
        return QSize(hint.width() - here + whole, hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._texts:
            whole = (each for each in self._texts if self._room_for(each))
            self.setText(next(whole, self._texts[-1]))

    def _room_for(self, text: str) -> bool:
        return self.fontMetrics().horizontalAdvance(text) <= self._room_px(self._style_option())

    def minimumSizeHint(self) -> QSize:
        """A few letters: the rest may go."""
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, self._option())

    def _option(self) -> QStyleOptionButton:
        option = self._style_option()
        room = self._room_px(option)
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        return option

    def _style_option(self) -> QStyleOptionButton:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        return option

    def _room_px(self, option: QStyleOptionButton) -> int:
        contents = QStyle.SubElement.SE_PushButtonContents
        icon = 0 if option.icon.isNull() else option.iconSize.width() + _BESIDE_ICON_PX
        return self.style().subElementRect(contents, option, self).width() - icon
