"""Parts that stand side by side, or one under the other where there is no room for that."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from app.ui import theme as look


class Folding(QWidget):
    """Asks for no more width than its widest part needs, so that a narrow page need not be scrolled
    sideways. Lives in the GUI thread."""

    def __init__(self, beside: int, under: int) -> None:
        """
        Args:
            beside: pixels between two parts that stand side by side.
            under: pixels between two of which one stands under the other.
        """
        super().__init__()
        self._beside, self._under = beside, under
        self._least: dict[QWidget, int] = {}
        self._sides: dict[QWidget, Qt.AlignmentFlag] = {}
        """Where those stand in a line of their own that take no more width than they ask for."""
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(beside)

    def add(
        self,
        part: QWidget,
        *,
        stretch: int = 0,
        least: int = 0,
        side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        """
        Args:
            stretch: its share of the width that is left over.
            least: pixels without which it does not stand beside another; 0 for what it asks for.
            side: where it stands in a line of its own, unless it stretches.
        """
        self._least[part] = least
        if not stretch:
            self._sides[part] = side
        self._box.addWidget(part, stretch)

    @property
    def is_folded(self) -> bool:
        """Whether one stands under the other."""
        return self._box.direction() == QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:
        shown = [part for part in self._least if not part.isHidden()]
        width = max((_least_width(part) for part in shown), default=0)
        return QSize(width, super().minimumSizeHint().height())

    def fold(self) -> None:
        """Look again what fits: a part may want another width now."""
        shown = [part for part in self._least if not part.isHidden()]
        wanted = sum(self._least[part] or _wanted_width(part) for part in shown)
        fits = wanted + self._beside * (len(shown) - 1) <= self.width()
        if fits == self.is_folded:
            across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
            self._box.setDirection(across if fits else down)
            self._box.setSpacing(self._beside if fits else self._under)
            for part, side in self._sides.items():
                self._box.setAlignment(part, Qt.AlignmentFlag(0) if fits else side)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fold()


def in_a_line(*parts: QWidget, spacing: int = look.SPACE_S) -> QWidget:
    """One part of several that stay side by side."""
    together = QWidget()
    line = QHBoxLayout(together)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(spacing)
    for part in parts:
        line.addWidget(part)
    return together


def _least_width(part: QWidget) -> int:
    return max(part.minimumSizeHint().width(), part.minimumWidth())


def _wanted_width(part: QWidget) -> int:
    return max(part.sizeHint().width(), part.minimumWidth())
