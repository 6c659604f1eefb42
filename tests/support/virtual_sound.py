"""A sound server of our own: a virtual microphone and a virtual loudspeaker.

A private PulseAudio with two null sinks. What is played into `micpipe` is what the source `mic`
hears; what goes to the sink `speaker` can be recorded. Nothing of the user's own sound is
touched: the server has its own runtime folder and socket, and ALSA's default (which PortAudio
opens) is routed to it by a configuration file named in `env`.

Use the fixture `virtual_sound`; give `.env` to a process under test, or wrap code that opens
streams in this process in `with virtual_sound.attached():`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

RATE = 48_000
"""Samples per second of both virtual devices and of every recording."""

NEEDED = ("pulseaudio", "pactl", "paplay", "parec")

ALSA_ROUTE = """\
</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.!pulse { type pulse }
"""


class Recording:
    """What came out of the virtual loudspeaker, mono, at `RATE`.

    Attributes:
        samples: everything recorded; complete once the `record` block is left.
        arrivals: (number of samples so far, perf_counter when they were there), per piece.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._pieces: list[NDArray[np.float32]] = []
        self.arrivals: list[tuple[int, float]] = []
        self._count = 0
        self._first = threading.Event()
        self._thread = threading.Thread(target=self._collect, name="loudspeaker", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        rest = b""
        while data := os.read(stream.fileno(), 65536):
            now = time.perf_counter()
            data = rest + data
            whole = len(data) // 4 * 4
            rest = data[whole:]
            piece = np.frombuffer(data[:whole], dtype=np.float32)
            self._pieces.append(piece)
            self._count += len(piece)
            self.arrivals.append((self._count, now))
            self._first.set()

    def wait_started(self, timeout_s: float = 10.0) -> None:
        if not self._first.wait(timeout_s):
            raise TimeoutError("the virtual loudspeaker gave no sound")

    def stop(self) -> None:
        self._process.terminate()
        self._thread.join(5.0)
        self._process.wait(5.0)
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def samples(self) -> NDArray[np.float32]:
        pieces = list(self._pieces)
        return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)

    def time_of(self, index: int) -> float:
        """When sample `index` was there (perf_counter), counted back within its piece."""
        for count, at in self.arrivals:
            if index < count:
                return at - (count - 1 - index) / RATE
        raise IndexError(index)

    def index_at(self, at: float) -> int:
        """How many samples were there at `at` (perf_counter)."""
        newest = 0
        for count, arrived in self.arrivals:
            if arrived > at:
                return max(newest, count - round((arrived - at) * RATE))
            newest = count
        return newest

    def save(self, path: Path) -> None:
        soundfile.write(path, self.samples, RATE)


class VirtualSound:
    """The running server.

    Attributes:
        env: the variables that make a process use it, on top of the present environment.
    """

    # Without `norewinds` a null sink that nobody listens to works two seconds ahead, and the
    # next stream waits that long for its first block.
    MODULES: ClassVar = {
        "speaker": "module-null-sink sink_name=speaker rate=48000 channels=2 norewinds=1 "
        "sink_properties=device.description=speaker",
        "micpipe": "module-null-sink sink_name=micpipe rate=48000 channels=1 norewinds=1 "
        "sink_properties=device.description=micpipe",
        "mic": "module-remap-source source_name=mic master=micpipe.monitor channels=1 "
        "source_properties=device.description=mic",
    }

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o700)
        socket = folder / "native"
        alsa = folder / "asound.conf"
        alsa.write_text(ALSA_ROUTE)
        self.env: dict[str, str] = {
            "XDG_RUNTIME_DIR": str(folder),
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_SERVER": f"unix:{socket}",
            "ALSA_CONFIG_PATH": str(alsa),
        }
        self._server: subprocess.Popen[bytes] | None = None
        self._module_of: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Start the server and plug everything in."""
        socket = self.folder / "native"
        with (self.folder / "pulseaudio.log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    "pulseaudio",
                    "-n",
                    "--daemonize=no",
                    "--exit-idle-time=-1",
                    "--use-pid-file=no",
                    "--disallow-exit=yes",
                    "-L",
                    f"module-native-protocol-unix auth-anonymous=1 socket={socket}",
                ],
                env=self._full_env(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,
            )
        try:
            self._wait_until_it_answers(self._server, 20.0)
            for kind in self.MODULES:
                self.plug(kind)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server, as a crash of the sound system would."""
        server, self._server = self._server, None
        self._module_of.clear()
        if server is None:
            return
        server.terminate()
        try:
            server.wait(5.0)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(5.0)

    def _full_env(self) -> dict[str, str]:
        return {**os.environ, **self.env}

    def _wait_until_it_answers(self, server: subprocess.Popen[bytes], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.pactl("info")
            except subprocess.CalledProcessError:
                if server.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "pulseaudio.log").read_text(errors="replace")
                    raise RuntimeError(f"pulseaudio did not start:\n{log}") from None
                time.sleep(0.05)
            else:
                return

    def pactl(self, *args: str) -> str:
        """Run pactl against this server; its output."""
        return subprocess.run(
            ["pactl", *args],
            env=self._full_env(),
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout

    def unplug(self, kind: str) -> None:
        """Take away "mic", "micpipe" or "speaker", as pulling its plug would.

        PulseAudio moves open streams to another device of that direction while there is one:
        a stream is lost only when all are gone.
        """
        self.pactl("unload-module", self._module_of.pop(kind))

    def plug(self, kind: str) -> None:
        """Bring one of them back and make it the default; nothing happens when it is there."""
        if kind in self._module_of:
            return
        module = self.pactl("load-module", *self.MODULES[kind].split())
        self._module_of[kind] = module.strip()
        if kind == "speaker":
            self.pactl("set-default-sink", kind)
        if kind == "mic":
            self.pactl("set-default-source", kind)

    def say(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a WAV file into the microphone. `.wait()` returns when all of it was heard."""
        return subprocess.Popen(
            ["paplay", "--device=micpipe", "--latency-msec=200", str(path)],
            env=self._full_env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @contextmanager
    def record(self, path: Path | None = None) -> Iterator[Recording]:
        """Record the loudspeaker while the block runs; on `path` as a WAV file when given."""
        process = subprocess.Popen(
            [
                "parec",
                "--device=speaker.monitor",
                "--format=float32le",
                f"--rate={RATE}",
                "--channels=1",
                "--latency-msec=5",
                "--raw",
            ],
            env=self._full_env(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        recording = Recording(process)
        try:
            recording.wait_started()
            yield recording
            time.sleep(0.1)  # what was played last is still on its way through the monitor
        finally:
            recording.stop()
        if path is not None:
            recording.save(path)

    @contextmanager
    def attached(self, **more: str) -> Iterator[None]:
        """This process uses the virtual devices inside the block (and `more` variables).

        No stream may be open at either end: PortAudio reads its devices when it starts, so
        it is started anew.
        """
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.env, **more}.items():
                patch.setenv(name, value)
            _restart_portaudio()
            yield
        _restart_portaudio()


def die_with_parent() -> None:
    """In a new process: end it when the test run is killed, so that nothing is left behind."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _restart_portaudio() -> None:
    sounddevice = sys.modules.get("sounddevice")
    if sounddevice is not None:
        sounddevice._terminate()
        sounddevice._initialize()


@pytest.fixture(scope="session")
def virtual_sound() -> Iterator[VirtualSound]:
    """A virtual microphone and loudspeaker for this test run; skips without PulseAudio."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: no virtual sound")
    # A socket's path is limited to 107 bytes, so not under pytest's long folder names.
    with tempfile.TemporaryDirectory(prefix="parley-sound-") as folder:
        sound = VirtualSound(Path(folder))
        try:
            yield sound
        finally:
            sound.stop()
