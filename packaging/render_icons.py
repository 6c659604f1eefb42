"""Renders the app icon to the sizes that desktops ask for.

Run from the repository after changing `resources/app_icon/parley.svg`:
`QT_QPA_PLATFORM=offscreen python packaging/render_icons.py`. The results are committed, so
that nobody needs Qt to build a package.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

from PySide6.QtCore import QRectF
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 256)
ICNS_KINDS = {
    b"icp4": 16,
    b"icp5": 32,
    b"ic07": 128,
    b"ic08": 256,
    b"ic09": 512,
    b"ic11": 32,  # 16 points on a screen with two pixels to the point
    b"ic12": 64,
    b"ic13": 256,
    b"ic14": 512,
}
"""Apple's names for a PNG of a size in pixels (macOS 10.7 and later)."""
FOLDER = Path(__file__).resolve().parents[1] / "resources" / "app_icon"


def rendered(drawing: QSvgRenderer, size: int) -> QImage:
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    drawing.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image


def ico(pngs: list[Path]) -> bytes:
    """A Windows icon file that holds the PNGs as they are (Windows Vista and later).

    Qt's own writer stores a single uncompressed size, which Windows then scales badly.
    """
    head = struct.pack("<HHH", 0, 1, len(pngs))
    entries, images = b"", b""
    offset = len(head) + 16 * len(pngs)
    for path in pngs:
        image = path.read_bytes()
        width, height = struct.unpack(">II", image[16:24])  # the IHDR chunk
        # a byte each, in which 0 stands for 256; no palette; one plane of 32 bits
        entries += struct.pack(
            "<BBBBHHII", width % 256, height % 256, 0, 0, 1, 32, len(image), offset + len(images)
        )
        images += image
    return head + entries + images


def icns(pngs: dict[bytes, bytes]) -> bytes:
    """A macOS icon file that holds the PNGs as they are."""
    entries = b"".join(
        kind + struct.pack(">I", 8 + len(image)) + image for kind, image in pngs.items()
    )
    return b"icns" + struct.pack(">I", 8 + len(entries)) + entries


def main() -> int:
    _app = QGuiApplication(sys.argv)
    drawing = QSvgRenderer(str(FOLDER / "parley.svg"))
    if not drawing.isValid():
        sys.stderr.write("parley.svg cannot be read.\n")
        return 1
    for size in SIZES:
        if not rendered(drawing, size).save(str(FOLDER / f"parley-{size}.png"), "PNG", 0):
            sys.stderr.write(f"The {size} px icon cannot be written.\n")
            return 1
    (FOLDER / "parley.ico").write_bytes(ico([FOLDER / f"parley-{s}.png" for s in ICO_SIZES]))
    images = {kind: (FOLDER / f"parley-{s}.png").read_bytes() for kind, s in ICNS_KINDS.items()}
    (FOLDER / "parley.icns").write_bytes(icns(images))
    return 0


if __name__ == "__main__":
    sys.exit(main())
