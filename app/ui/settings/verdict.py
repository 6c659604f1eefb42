"""What trying out a service or a model found."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.core.events import ProviderChecked
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.labels import plain_label
from app.ui.theme import Theme


class Verdict(QWidget):
    """A mark and a sentence; nothing at all before the first try."""

    def __init__(self, theme: Theme, mark_px: int) -> None:
        super().__init__()
        self._theme = theme
        self._mark = Glyph("check", "", mark_px)
        self._line = plain_label("small")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.SPACE_XS)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._line, 1)
        self.hide()

    @property
    def text(self) -> str:
        return self._line.text()

    def tell(self, checked: ProviderChecked | None, *, checking: bool) -> None:
        """Show what was found, or that the try goes on; in the colours of now."""
        tokens = self._theme.tokens
        if checking:
            self._mark.show_icon("hourglass", tokens.muted)
        elif checked is not None and checked.ok:
            self._mark.show_icon("check", tokens.speaking)
        elif checked is not None:
            self._mark.show_icon("alert", tokens.warn)
        found = checked.line if checked is not None else ""
        self._line.setText(self.tr("Testing") if checking else found)
        self.setVisible(checking or checked is not None)
