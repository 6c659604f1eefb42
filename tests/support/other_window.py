"""A window of another program that has the keyboard, and tells what was typed into it.

python -m tests.support.other_window
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.virtual_screen import VirtualScreen
from tests.support.virtual_sound import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
TITLE = "Another program"


class OtherWindow:
    def __init__(self, screen: VirtualScreen) -> None:
        self._screen = screen
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.other_window"],
            cwd=ROOT,
            env={**os.environ, **screen.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )
        self.focus()

    def focus(self) -> None:
        window = self._screen.xdotool("search", "--sync", "--name", TITLE).split()[-1]
        self._screen.xdotool("windowactivate", "--sync", window)
        self._screen.xdotool("windowfocus", "--sync", window)

    def typed(self) -> str:
        """What stands in it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().removesuffix("\n")

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextmanager
def other_window(screen: VirtualScreen) -> Iterator[OtherWindow]:
    """The window, in front and with the keyboard."""
    window = OtherWindow(screen)
    try:
        yield window
    finally:
        window.close()


def main() -> None:
    from PySide6.QtCore import QSocketNotifier
    from PySide6.QtWidgets import QApplication, QLineEdit

    app = QApplication([])
    line = QLineEdit()
    line.setWindowTitle(TITLE)
    line.resize(400, 60)
    asked = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)

    def tell() -> None:
        if not sys.stdin.readline():
            app.quit()
        print(line.text(), flush=True)

    asked.activated.connect(tell)
    line.show()
    app.exec()


if __name__ == "__main__":
    main()
