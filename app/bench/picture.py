"""Writes a chart to a file: SVG as it is, PNG as Qt draws the SVG."""

from __future__ import annotations

from pathlib import Path

from app.audio.format import require_writable
from app.bench import offscreen
from app.bench.chart import Chart, as_svg
from app.errors import InputError

SUFFIXES = (".svg", ".png")

SHARPNESS = 2
"""Pixels of a PNG per unit of the drawing: text stays sharp on a dense screen."""


def require(path: Path) -> None:
    """Say before the bench, which takes minutes, when the picture cannot be written after it.

    Raises:
        InputError: another kind of file, or no file can be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(
            f"A plot is an .svg or a .png file, and {path.name} is neither.",
            f"Write --plot {path.with_suffix('.svg')}",
        )
    require_writable(path)


def write(chart: Chart, path: Path) -> None:
    """
    Raises:
        InputError: the file cannot be written.
        AssistantError: Qt cannot draw here (PNG only).
    """
    svg = as_svg(chart)
    try:
        if path.suffix.lower() == ".svg":
            path.write_text(svg, encoding="utf-8")
        else:
            path.write_bytes(_png(svg))
    except OSError as exc:
        raise InputError(
            f"{path.name} cannot be written: {exc.strerror or exc}.", "Choose another place."
        ) from exc


def _png(svg: str) -> bytes:
    offscreen.application()  # without one Qt has no fonts
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    drawing = QSvgRenderer(QByteArray(svg.encode()))
    size: QSize = drawing.defaultSize() * SHARPNESS
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    drawing.render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(content.data())
