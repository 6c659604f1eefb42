"""Labels that show what they are told as it is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStyle


def plain_label(role: str = "", text: str = "", *, wraps: bool = True) -> QLabel:
    """A label that takes no markup: engines, files and services write some of the words.

    Args:
        role: in the stylesheet ("small", "strong", "title"); plain body text without one.
    """
    label = QLabel(text)
    _dress(label, role, wraps=wraps)
    return label


class ElidedLabel(QLabel):
    """One line that ends with dots where it does not fit. A screen reader reads all of it."""

    def __init__(self, role: str = "", text: str = "") -> None:
        super().__init__(text)
        _dress(self, role, wraps=False)

    @property
    def shown(self) -> str:
        """As much of the text as there is room for."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())

    def minimumSizeHint(self) -> QSize:
        """A few letters: the rest may go."""
        letters = self.fontMetrics().horizontalAdvance("mmm…")
        fitting = super().minimumSizeHint()
        return QSize(min(letters, fitting.width()), fitting.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = QStyle.visualAlignment(self.layoutDirection(), self.alignment())
        self.style().drawItemText(
            painter,
            self.rect(),
            side,
            self.palette(),
            self.isEnabled(),
            self.shown,
            self.foregroundRole(),
        )
        painter.end()


def _dress(label: QLabel, role: str, *, wraps: bool) -> None:
    if role:
        label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)


def show_text(label: QLabel, text: str) -> None:
    """Have it say this; without words it takes no room."""
    label.setText(text)
    # A new label appears with what it stands in. Told to, it would appear at once: as a window of
    # its own while it stands nowhere, which takes the focus.
    if not text or label.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide):
        label.setVisible(bool(text))
