"""A desk for a packaged Parley: a screen, a keyboard, a microphone and a loudspeaker that are not
there. Standard library only, for `test_packages.py`."""

from __future__ import annotations

import array
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ALSA_ROUTE = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.!pulse { type pulse }
"""

DEVICES = (
    "module-null-sink sink_name=speaker rate=48000 channels=2 norewinds=1",
    "module-null-sink sink_name=micpipe rate=48000 channels=1 norewinds=1",
    "module-remap-source source_name=mic master=micpipe.monitor channels=1",
)
"""What is played into `micpipe` is what the microphone hears."""


class Desk:
    """Running until `close`.

    Attributes:
        env: what makes a program use it. The folder it names is the same inside and outside of
            the system under test.
    """

    def __init__(self, folder: Path) -> None:
        self._programs: list[subprocess.Popen[bytes]] = []
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        alsa = folder / "asound.conf"
        alsa.write_text(ALSA_ROUTE)
        alsa.chmod(0o644)
        try:
            display = self._start_screen()
            self.env: dict[str, str] = {
                "DISPLAY": display,
                "PULSE_SERVER": f"unix:{folder / 'native'}",
                "ALSA_CONFIG_PATH": str(alsa),
            }
            self._start_sound()
        except BaseException:
            self.close()
            raise

    def _start_screen(self) -> str:
        read_end, write_end = os.pipe()
        self._start(
            [
                *("Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x900x24"),
                *("-nolisten", "tcp", "-noreset", "-ac"),
            ],
            {},
            pass_fds=(write_end,),
        )
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()
        if not number:
            raise RuntimeError("Xvfb did not start")
        env = {"DISPLAY": f":{number}"}
        self._start(["openbox", "--sm-disable"], env)
        # fails until a window manager has told the screen that it is there
        until(lambda: run(["xdotool", "get_num_desktops"], env).returncode == 0, "openbox", 20)
        return env["DISPLAY"]

    def _start_sound(self) -> None:
        socket = self._folder / "native"
        # The server closes its own folder to all others; the socket and the route must be seen.
        private = self._folder / "server"
        private.mkdir(mode=0o700)
        own = {name: str(private) for name in ("XDG_RUNTIME_DIR", "PULSE_STATE_PATH")}
        self._start(
            [
                *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"),
                *("--use-pid-file=no", "-L"),
                f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
            ],
            own,
        )
        until(lambda: self._pactl("info").returncode == 0, "pulseaudio", 20)
        for device in DEVICES:
            self._pactl("load-module", *device.split()).check_returncode()
        self._pactl("set-default-sink", "speaker").check_returncode()
        self._pactl("set-default-source", "mic").check_returncode()
        socket.chmod(0o777)

    def _pactl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run(["pactl", *arguments], self.env)

    def _start(
        self, command: Sequence[str], env: Mapping[str, str], pass_fds: Sequence[int] = ()
    ) -> subprocess.Popen[bytes]:
        program = subprocess.Popen(
            command,
            env={**os.environ, **env},
            pass_fds=pass_fds,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._programs.append(program)
        return program

    def xdotool(self, *arguments: str) -> str:
        done = run(["xdotool", *arguments], self.env)
        if done.returncode:
            raise RuntimeError(f"xdotool {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def window(self) -> str:
        """The number of Parley's visible window; empty when there is none."""
        done = run(["xdotool", "search", "--onlyvisible", "--name", "^Parley"], self.env)
        return done.stdout.split()[0] if done.returncode == 0 else ""

    def property_of_window(self, name: str) -> str:
        return run(["xprop", "-id", self.window(), name], self.env).stdout

    def picture(self, place: Path) -> None:
        run(["import", "-window", "root", str(place)], self.env).check_returncode()

    def say(self, recording: Path) -> subprocess.Popen[bytes]:
        """Speak into the microphone."""
        return self._start(["paplay", "--device=micpipe", str(recording)], self.env)

    def listen(self) -> Loudspeaker:
        return Loudspeaker(self.env)

    def close(self) -> None:
        for program in reversed(self._programs):
            if program.poll() is None:
                program.terminate()
                try:
                    program.wait(5)
                except subprocess.TimeoutExpired:
                    program.kill()
                    program.wait(5)


class Loudspeaker:
    """What sounds between its making and `loudest`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._heard = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `loudest`
        self._recorder = subprocess.Popen(
            [
                *("parec", "--device=speaker.monitor", "--format=s16le", "--rate=16000"),
                *("--channels=1", "--latency-msec=50", "--raw"),
            ],
            env={**os.environ, **env},
            stdout=self._heard,
            stderr=subprocess.DEVNULL,
        )

    def loudest(self) -> int:
        """The largest sample, of 32767; ends the recording."""
        self._recorder.send_signal(signal.SIGTERM)
        self._recorder.wait(10)
        with self._heard as file:
            file.seek(0)
            data = file.read()
        samples = array.array("h", data[: len(data) // 2 * 2])
        return max((abs(sample) for sample in samples), default=0)


def run(
    command: Sequence[str], env: Mapping[str, str], timeout_s: float = 120.0
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env={**os.environ, **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )


def until(condition: Callable[[], object], what: str, timeout_s: float) -> None:
    """Wait for it.

    Raises:
        TimeoutError: it did not come.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s:.0f} s for {what}")
        time.sleep(0.05)
