"""A button for a line that may be longer than there is room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QPushButton, QStyle, QStyleOptionButton, QStylePainter

_BESIDE_ICON_PX = 4
"""What the style leaves between a button's icon and its text."""

_LEAST_PX = 96


class ElidedButton(QPushButton):
    """Ends its text with dots where it does not fit; a plain button cuts it in a letter."""

    @property
    def shown(self) -> str:
        """As much of the text as there is room for."""
        return self._option().text

    def minimumSizeHint(self) -> QSize:
        """A few letters: the rest may go."""
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, self._option())

    def _option(self) -> QStyleOptionButton:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        contents = QStyle.SubElement.SE_PushButtonContents
        icon = 0 if option.icon.isNull() else option.iconSize.width() + _BESIDE_ICON_PX
        room = self.style().subElementRect(contents, option, self).width() - icon
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        return option
