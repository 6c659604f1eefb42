"""A screen of our own: Xvfb with a window manager, a keyboard and a camera.

Openbox is there because without a window manager no window ever gets the focus, and keys go
nowhere.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.virtual_sound import die_with_parent

NEEDED = ("Xvfb", "openbox", "xdotool", "import")


class VirtualScreen:
    """The running screen.

    Attributes:
        display: its name, such as ":7".
        env: the variables that make a process use it, on top of the present environment.
    """

    def __init__(self, width: int = 1280, height: int = 900) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="parley-screen-")
        self._processes: list[subprocess.Popen[bytes]] = []
        read_end, write_end = os.pipe()
        try:
            self._start(
                "Xvfb",
                "-displayfd",
                str(write_end),
                "-screen",
                "0",
                f"{width}x{height}x24",
                "-nolisten",
                "tcp",
                "-noreset",
                pass_fds=(write_end,),
            )
            os.close(write_end)
            number = self._read_line(read_end)
        finally:
            os.close(read_end)
        if not number:
            self.close()
            raise RuntimeError("Xvfb did not start")
        self.display = f":{number}"
        self.env: dict[str, str] = {
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            # or Qt and GTK find the user's own desktop
            "WAYLAND_DISPLAY": "",
            "XAUTHORITY": str(Path(self._home.name) / "no-authority"),
        }
        try:
            self._start("openbox", "--sm-disable", env=self.env)
            self._wait_for_window_manager(20.0)
        except BaseException:
            self.close()
            raise

    def _start(
        self, *command: str, env: dict[str, str] | None = None, pass_fds: tuple[int, ...] = ()
    ) -> None:
        self._processes.append(
            subprocess.Popen(
                list(command),
                env={**os.environ, "HOME": self._home.name, **(env or {})},
                pass_fds=pass_fds,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
            )
        )

    @staticmethod
    def _read_line(fd: int) -> str:
        """The display number Xvfb writes when it is ready; empty when it died instead."""
        text = b""
        while not text.endswith(b"\n"):
            data = os.read(fd, 64)
            if not data:
                return ""
            text += data
        return text.decode().strip()

    def _wait_for_window_manager(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            # fails until a window manager has told the screen that it is there
            if self._run("xdotool", "get_num_desktops").returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("openbox did not start")

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(command),
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def xdotool(self, *args: str) -> str:
        """Run xdotool on this screen; what it printed."""
        done = self._run("xdotool", *args)
        if done.returncode != 0:
            raise RuntimeError(f"xdotool {' '.join(args)}: {done.stderr or done.stdout}")
        return done.stdout.strip()

    def has_window(self, name: str = "^Parley") -> bool:
        """Whether a window with such a name (a regular expression) is on the screen."""
        return self._run("xdotool", "search", "--onlyvisible", "--name", name).returncode == 0

    def screenshot(self, path: Path) -> Path:
        """Write a picture of the whole screen."""
        done = self._run("import", "-window", "root", str(path))
        if done.returncode != 0:
            raise RuntimeError(f"import: {done.stderr}")
        return path

    def close(self) -> None:
        for process in reversed(self._processes):
            if process.poll() is None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(5.0)
            if process.poll() is None:
                process.kill()
                process.wait(5.0)
        self._home.cleanup()


@pytest.fixture(scope="session")
def virtual_screen() -> Iterator[VirtualScreen]:
    """A screen for this test run; skips without Xvfb and what goes with it."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: no virtual screen")
    screen = VirtualScreen()
    try:
        yield screen
    finally:
        screen.close()
