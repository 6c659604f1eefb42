"""The look of the window: colours, type and spacing in one place, and the stylesheet from them.

Nothing else in `app.ui` names a colour or a font size. Painted widgets read `Theme.tokens`
and repaint on `Theme.changed`; all others are dressed by `stylesheet`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontDatabase, QGuiApplication, QPalette

SMALL_PX = 13
BODY_PX = 15
TITLE_PX = 20
LINE_HEIGHT_PX = 22.5
"""Of body text: 1.5 times its size."""
CODE_LINE_HEIGHT_PX = 20.0
ABOVE_CAPITALS_PX = 1
"""Room over the first line of a label: the accents of "À" and "É" reach out of the line in some
fonts (DejaVu Sans at 15 px), and a label paints nothing outside itself."""

SPACE_XS = 4
SPACE_S = 8
SPACE_M = 12
SPACE_L = 16
SPACE_XL = 24
RADIUS = 10

COLUMN_PX = 720
"""The widest a line of text gets."""

SETTLE_MS = 160
"""Length of a transition (none under reduced motion)."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme, as #RRGGBB."""

    dark: bool
    bg: str
    surface: str
    sunk: str
    """Behind code, and under the pointer."""
    text: str
    muted: str
    line: str
    edge: str
    """The outline of a control; 3:1 on `bg` and `surface`, as a control needs."""
    accent: str
    accent_ink: str
    """Text and icons on `accent`, `listening`, `speaking`, `warn`."""
    listening: str
    speaking: str
    warn: str
    error: str


LIGHT = Tokens(
    dark=False,
    bg="#FAFAF8",
    surface="#FFFFFF",
    sunk="#F1F2F4",
    text="#1B1D21",
    muted="#5B616D",
    line="#E3E4E8",
    edge="#8B909B",
    accent="#3B5BDB",
    accent_ink="#FFFFFF",
    listening="#C2255C",
    speaking="#22763A",
    warn="#945200",
    error="#C92A2A",
)

DARK = Tokens(
    dark=True,
    bg="#14161A",
    surface="#1C1F25",
    sunk="#252932",
    text="#ECEDEF",
    muted="#A3A9B5",
    line="#2C3038",
    edge="#6B7280",
    accent="#8AA4FF",
    accent_ink="#0F1115",
    listening="#FF8FAB",
    speaking="#69DB7C",
    warn="#FFC078",
    error="#FF8787",
)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""

    def luminance(colour: str) -> float:
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def faded(colour: str, opacity: float) -> QColor:
    """The colour at an opacity of 0 to 1."""
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


_LAST_RESORT = {"DejaVu Sans", "Bitstream Vera Sans", "Sans Serif", "Sans"}
_PREFERRED = ("Inter", "Cantarell", "Noto Sans", "Open Sans", "Ubuntu", "Roboto")
_PREFERRED_FIXED = ("JetBrains Mono", "Cascadia Mono", "Noto Sans Mono", "DejaVu Sans Mono")


def text_families() -> list[str]:
    """The system's own font; where fontconfig has only its last resort, the best of the rest."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
    if system not in _LAST_RESORT:
        return [system]
    installed = set(QFontDatabase.families())
    return [family for family in _PREFERRED if family in installed] + [system]


def fixed_families() -> list[str]:
    """For code."""
    system = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family()
    if system.lower() != "monospace":
        return [system]
    installed = set(QFontDatabase.families())
    return [family for family in _PREFERRED_FIXED if family in installed] + [system]


class Theme(QObject):
    """Which tokens are in force. Lives in the GUI thread.

    Signals:
        changed: the tokens are others now (the system or the setting switched).
    """

    changed = Signal()

    def __init__(
        self, choice: Literal["system", "light", "dark"] = "system", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._choice = choice
        self._tokens = self._wanted()
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self.follow)

    @property
    def tokens(self) -> Tokens:
        return self._tokens

    def choose(self, choice: Literal["system", "light", "dark"]) -> None:
        """Follow the system, or stay light or dark."""
        self._choice = choice
        self.follow()

    @Slot()
    def follow(self) -> None:
        """Look again at what the system wants; a palette may change without a scheme."""
        tokens = self._wanted()
        if tokens is not self._tokens:
            self._tokens = tokens
            self.changed.emit()

    def _wanted(self) -> Tokens:
        if self._choice != "system":
            return DARK if self._choice == "dark" else LIGHT
        scheme = QGuiApplication.styleHints().colorScheme()
        if scheme == Qt.ColorScheme.Unknown:
            # A desktop that names no scheme still hands out a palette.
            ground = QGuiApplication.palette().color(QPalette.ColorRole.Window)
            return DARK if ground.lightness() < 128 else LIGHT
        return DARK if scheme == Qt.ColorScheme.Dark else LIGHT


def palette(tokens: Tokens) -> QPalette:
    """What a stylesheet cannot say: selections, links, placeholders, and Fusion's own parts."""
    result = QPalette()
    role = QPalette.ColorRole
    for target, colour in (
        (role.Window, tokens.bg),
        (role.Base, tokens.surface),
        (role.AlternateBase, tokens.sunk),
        (role.Button, tokens.surface),
        (role.WindowText, tokens.text),
        (role.Text, tokens.text),
        (role.ButtonText, tokens.text),
        (role.PlaceholderText, tokens.muted),
        (role.Highlight, tokens.accent),
        (role.HighlightedText, tokens.accent_ink),
        (role.Link, tokens.accent),
        (role.LinkVisited, tokens.accent),
        (role.ToolTipBase, tokens.surface),
        (role.ToolTipText, tokens.text),
    ):
        result.setColor(target, QColor(colour))
    return result


_SHEET = """
QWidget { font-family: @families; font-size: @bodypx; color: @text; }
QMainWindow, #page { background: @bg; }
QToolTip {
    background: @surface; color: @text; border: 1px solid @line; padding: 4px 8px;
    font-size: @smallpx;
}

QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar::handle:vertical { background: @line; border-radius: 3px; min-height: 32px; }
QScrollBar::handle:vertical:hover { background: @edge; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle:horizontal { background: @line; border-radius: 3px; min-width: 32px; }
QScrollBar::handle:horizontal:hover { background: @edge; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; width: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QLabel { background: transparent; padding-top: @accents; qproperty-indent: 0; }
QLabel[role="title"] { font-size: @titlepx; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="off"] { color: @muted; }
QLabel:disabled { color: @muted; }
QLabel[role="small"] { font-size: @smallpx; color: @muted; }
QLabel[role="state"] { font-weight: 600; }

QPushButton, QToolButton {
    background: @surface; border: 1px solid @line; border-radius: @radius; padding: 6px 12px;
    font-size: @smallpx; color: @text;
}
QPushButton:hover, QToolButton:hover { background: @sunk; border-color: @edge; }
QPushButton:pressed, QToolButton:pressed { background: @line; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; padding: 5px 11px; }
QPushButton:focus, QToolButton:focus, QRadioButton:focus { outline: none; }
QPushButton:disabled, QToolButton:disabled { color: @muted; background: @bg; }

QPushButton[role="chip"] { border-radius: 17px; padding: 7px 16px; min-height: 18px; }
QPushButton[role="chip"]:focus { padding: 6px 15px; }
QPushButton[role="pill"] {
    border-radius: 16px; padding: 6px 12px; min-height: 18px; background: @surface;
}
QPushButton[role="pill"]:focus { padding: 5px 11px; }
QPushButton[role="primary"] {
    background: @accent; border-color: @accent; color: @accent_ink; font-weight: 600;
}
QPushButton[role="primary"]:hover { border-color: @text; }
QPushButton[role="primary"]:focus { border: 2px solid @text; }
QPushButton[role="primary"]:disabled { background: @sunk; border-color: @line; color: @muted; }
QPushButton[role="segment"] { border-color: @edge; border-radius: 8px; padding: 5px 14px; }
QPushButton[role="segment"]:checked {
    background: @accent; border-color: @accent; color: @accent_ink;
}
QPushButton[role="segment"]:focus { border: 2px solid @accent; padding: 4px 13px; }
QPushButton[role="segment"]:checked:focus { border-color: @text; }
QPushButton[role="quiet"] {
    background: transparent; border: 1px solid transparent; border-radius: 6px; color: @muted;
    padding: 2px 6px; text-align: left;
}
QPushButton[role="quiet"]:hover { background: @sunk; color: @text; }
QPushButton[role="quiet"]:focus { border: 2px solid @accent; padding: 1px 5px; }
QToolButton[role="icon"] {
    background: transparent; border: 1px solid transparent; border-radius: 8px; padding: 4px;
}
QToolButton[role="icon"]:hover { background: @sunk; }
QToolButton[role="icon"]:focus { border: 2px solid @accent; padding: 3px; }
QToolButton[role="send"] {
    background: @accent; border: 2px solid @accent; border-radius: 8px; padding: 4px;
}
QToolButton[role="send"]:hover { border-color: @text; }
QToolButton[role="send"]:focus { border-color: @text; }
QToolButton[role="send"]:disabled { background: @sunk; border-color: @sunk; }

QLineEdit {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 5px 10px;
    font-size: @smallpx; placeholder-text-color: @muted;
    selection-background-color: @accent; selection-color: @accent_ink;
}
QLineEdit:focus { border: 2px solid @accent; padding: 4px 9px; }
QLineEdit#search { padding: 5px 4px; }
QLineEdit#search:focus { padding: 4px 3px; }

QDoubleSpinBox {
    background: @surface; border: 1px solid @edge; border-radius: 8px; padding: 5px 10px;
    font-size: @smallpx; selection-background-color: @accent; selection-color: @accent_ink;
}
QDoubleSpinBox:focus { border: 2px solid @accent; padding: 4px 9px; }
QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; height: 0; border: none; }
QDoubleSpinBox QLineEdit, QDoubleSpinBox QLineEdit:focus {
    border: none; padding: 0 10px; background: transparent;
}
QDoubleSpinBox:disabled { border-color: @line; }
QDoubleSpinBox QLineEdit:disabled { color: @muted; }

QComboBox {
    background: @surface; border: 1px solid @edge; border-radius: 8px; padding: 5px 10px;
    font-size: @smallpx;
}
QComboBox:focus { border: 2px solid @accent; padding: 4px 9px; }
QComboBox:disabled { border-color: @line; color: @muted; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: none; }
QComboBox { combobox-popup: 0; } /* below the field, and as high as its rows */
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 8px; }
QComboBox QAbstractItemView::item:selected { background: @accent; color: @accent_ink; }
QComboBox QAbstractItemView {
    background: @surface; border: 1px solid @line; font-size: @smallpx;
    selection-background-color: @accent; selection-color: @accent_ink; outline: none;
}

QRadioButton { spacing: 8px; border: 2px solid transparent; border-radius: 6px; padding: 1px; }
QRadioButton:focus { border-color: @accent; }
QRadioButton::indicator {
    width: 14px; height: 14px; border: 1px solid @edge; border-radius: 8px; background: @surface;
}
QRadioButton::indicator:checked {
    width: 6px; height: 6px; border: 5px solid @accent; background: @accent_ink;
}

QPlainTextEdit#editor {
    background: @surface; border: 1px solid @edge; border-radius: @radius; padding: 6px 8px;
    font-size: @smallpx; selection-background-color: @accent; selection-color: @accent_ink;
}
QPlainTextEdit#editor:focus { border: 2px solid @accent; padding: 5px 7px; }

QTextBrowser { background: transparent; border: none; padding: 0; }

#said { background: @surface; border: 1px solid @line; border-radius: @radius; }

#field { background: @surface; border: 1px solid @edge; border-radius: @radius; }
#field[focused="true"] { border: 1px solid @accent; }
#field QPlainTextEdit {
    placeholder-text-color: @muted;
    background: transparent; border: none; padding: 0;
    selection-background-color: @accent; selection-color: @accent_ink;
}

#card { background: @surface; border: 1px solid @line; border-radius: @radius; }
#panel { background: @surface; border: 1px solid @line; border-radius: @radius; }
#panel QScrollArea, #panelBody, QScrollArea#clear { background: transparent; border: none; }
#panel QScrollArea:focus { border: 2px solid @accent; border-radius: 8px; }
#rule { background: @line; border: none; max-height: 1px; min-height: 1px; }
#edge { background: transparent; border: none; max-height: 1px; min-height: 1px; }
#edge[shown="true"] { background: @line; }
"""


def stylesheet(tokens: Tokens) -> str:
    """The one stylesheet of the window."""
    values = {
        name: str(getattr(tokens, name)) for name in Tokens.__dataclass_fields__ if name != "dark"
    } | {
        "families": ", ".join(f'"{family}"' for family in text_families()),
        "smallpx": f"{SMALL_PX}px",
        "bodypx": f"{BODY_PX}px",
        "titlepx": f"{TITLE_PX}px",
        "radius": f"{RADIUS}px",
        "accents": f"{ABOVE_CAPITALS_PX}px",
    }
    return re.sub(r"@(\w+)", lambda match: values[match.group(1)], _SHEET)
