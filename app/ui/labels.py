"""Labels that show what they are told as it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def plain_label(role: str = "", text: str = "", *, wraps: bool = True) -> QLabel:
    """A label that takes no markup: engines, files and services write some of the words.

    Args:
        role: in the stylesheet ("small", "strong", "title"); plain body text without one.
    """
    label = QLabel(text)
    if role:
        label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    return label


def show_text(label: QLabel, text: str) -> None:
    """Have it say this; without words it takes no room."""
    label.setText(text)
    label.setVisible(bool(text))
