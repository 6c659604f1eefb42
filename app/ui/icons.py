"""Icons: our SVG family in `resources/icons`, tinted to a token's colour."""

from __future__ import annotations

import logging
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)

RESOURCES = Path(__file__).resolve().parents[2] / "resources"
"""Beside the package, in a checkout and in a built application alike."""

ICON_PX = 18
"""The usual size of an icon in the window."""

_SCALES = (1.0, 1.25, 1.5, 2.0, 3.0)
"""Device pixel ratios an icon is drawn for; Qt scales between them."""


def onward(widget: QWidget) -> str:
    """The chevron that points the way the widget is read."""
    right_to_left = widget.layoutDirection() == Qt.LayoutDirection.RightToLeft
    return "chevron-left" if right_to_left else "chevron-right"


@lru_cache(maxsize=128)
def renderer(name: str, colour: str) -> QSvgRenderer:
    """The icon in one colour, for painting at any size. GUI thread."""
    path = RESOURCES / "icons" / f"{name}.svg"
    try:
        drawing = path.read_text(encoding="utf-8")
    except OSError as exc:
        # A window without a glyph still works: every icon has a word beside it or a name.
        log.warning("Icon %s cannot be read: %s", name, exc)
        return QSvgRenderer()
    return QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))


def paint(painter: QPainter, name: str, colour: str, where: QRectF) -> None:
    """Draw the icon into a rectangle."""
    drawing = renderer(name, colour)
    if drawing.isValid():
        drawing.render(painter, where)


def pixmap(name: str, colour: str, size: int = ICON_PX, scale: float = 1.0) -> QPixmap:
    """The icon as a square of `size` logical pixels at a device pixel ratio."""
    result = QPixmap(round(size * scale), round(size * scale))
    result.setDevicePixelRatio(scale)
    result.fill(Qt.GlobalColor.transparent)
    painter = QPainter(result)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter, name, colour, QRectF(0, 0, size, size))
    painter.end()
    return result


@lru_cache(maxsize=128)
def icon(name: str, colour: str, disabled: str | None = None, size: int = ICON_PX) -> QIcon:
    """The icon for a button, sharp at every screen scale."""
    result = QIcon()
    for scale in _SCALES:
        result.addPixmap(pixmap(name, colour, size, scale))
        if disabled is not None:
            result.addPixmap(pixmap(name, disabled, size, scale), QIcon.Mode.Disabled)
    return result


def app_icon() -> QIcon:
    """The application's icon, for windows and the task bar."""
    result = QIcon()
    for path in sorted((RESOURCES / "app_icon").glob("parley-*.png")):
        result.addFile(str(path))
    return result


def tray_icon(colour: str, *, listening: bool) -> QIcon:
    """The mark in one colour; with its dot while listening."""
    path = RESOURCES / "app_icon" / ("tray_listening.svg" if listening else "tray.svg")
    result = QIcon()
    try:
        drawing = path.read_text(encoding="utf-8")
    except OSError as exc:
        log.warning("Tray icon cannot be read: %s", exc)
        return result
    mark = QSvgRenderer(QByteArray(drawing.replace("currentColor", colour).encode()))
    for size in (16, 22, 24, 32, 48, 64):
        square = QPixmap(size, size)
        square.fill(Qt.GlobalColor.transparent)
        painter = QPainter(square)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        mark.render(painter, QRectF(0, 0, size, size))
        painter.end()
        result.addPixmap(square)
    return result
