"""Every page in both themes, both languages, at 100 and 200 %: the documentation's pictures.

python -m tests.ui.pictures FOLDER      takes them all (or only those named after it)

The window is opened on a virtual screen with a window manager, and the screen is photographed.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tests.support.virtual_screen import VirtualScreen

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "screenshots" / "pages"
PAGES = ("empty", "finished", "history", "settings", "models", "diagnosis")
SIZE = "1080x720"
SCALED_SIZE = "640x400"
"""Of the window at 200 %, so that it fits a screen of 1280x800."""


class Picture(NamedTuple):
    """One of the pictures."""

    page: str
    theme: str
    language: str
    scale: int

    @property
    def file(self) -> str:
        return f"{self.page}-{self.theme}-{self.language}-{self.scale}.png"


def pictures() -> list[Picture]:
    return [
        Picture(*each) for each in itertools.product(PAGES, ("light", "dark"), ("en", "fr"), (1, 2))
    ]


def take(wanted: Iterable[Picture], folder: Path, screen: VirtualScreen) -> None:
    """Take them, a process for each kind: a process has one language and one scale."""
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[tuple[str, str, int], list[str]] = {}
    for picture in wanted:
        groups.setdefault(picture[1:], []).append(picture.page)
    for (theme, language, scale), pages in groups.items():
        code = (
            "import sys\n"
            "from PySide6.QtWidgets import QApplication\n"
            "app = QApplication([])\n"
            "from app.ui import translation\n"
            f"translation.install({language!r})\n"
            "from tests.ui.demo import main\n"
            "sys.exit(main(sys.argv[1:]))\n"
        )
        target = folder / f"{{scene}}-{theme}-{language}-{scale}.png"
        size = SIZE if scale == 1 else SCALED_SIZE
        subprocess.run(
            [sys.executable, "-c", code, str(target), ",".join(pages), theme, size],
            cwd=ROOT,
            check=True,
            env={
                **os.environ,
                **screen.env,
                "QT_SCALE_FACTOR": str(scale),
                "TZ": "UTC",
                "LC_ALL": "C.UTF-8",
            },
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    only = set(sys.argv[2:])
    screen = VirtualScreen()
    try:
        wanted = [each for each in pictures() if not only or each.page in only]
        take(wanted, Path(sys.argv[1]), screen)
    finally:
        screen.close()
