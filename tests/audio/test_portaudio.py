from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from app.audio import portaudio
from app.audio.devices import Device
from app.audio.portaudio import OpenStream
from app.audio.quiet import quiet
from app.errors import AudioError
from tests.support.virtual_sound import VirtualSound

ROOT = Path(__file__).resolve().parents[2]

DEVICE = Device(0, "Yeti", "ALSA", inputs=1, outputs=0, rate=48_000)


class DeadStream:
    """A stream whose closing never returns, as PortAudio's does after some losses."""

    samplerate = 48_000.0
    latency = 0.04

    def __init__(self) -> None:
        self.released = threading.Event()

    def close(self, ignore_errors: bool) -> None:
        self.released.wait(30)


@pytest.mark.sound
def test_a_close_that_hangs_is_left_behind_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portaudio, "CLOSE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(portaudio, "_hangs", False)
    monkeypatch.setattr(portaudio, "silence_for_good", lambda: None)
    monkeypatch.setattr(portaudio, "put_loops_to_sleep", lambda: None)
    stream = DeadStream()
    try:
        OpenStream(stream, "input", DEVICE).close()
        with pytest.raises(AudioError, match="Start Parley again"):
            portaudio.list_devices()
    finally:
        stream.released.set()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="C output is kept on Linux only")
def test_c_output_is_kept_off_the_terminal_and_python_output_is_not(
    capfd: pytest.CaptureFixture[str],
) -> None:
    libc = ctypes.CDLL(None)

    def print_from_c(text: bytes) -> None:
        libc.fputs(text, ctypes.c_void_p.in_dll(libc, "stderr"))
        libc.fflush(None)

    with quiet():
        print_from_c(b"chatter\n")
        os.write(2, b"a traceback\n")
    print_from_c(b"after\n")
    assert capfd.readouterr().err == "a traceback\nafter\n"


ENDLESS = """
import ctypes, threading, time
from app.audio.quiet import put_loops_to_sleep, silence_for_good

libc = ctypes.CDLL(None)
stderr = ctypes.c_void_p.in_dll(libc, "stderr")
count = {"loop": 0, "other": 0}

def print_on(name, pause_s):
    while True:
        libc.fputs(b"chatter\\n", ctypes.c_void_p(stderr.value))
        count[name] += 1
        if pause_s:
            time.sleep(pause_s)

for name, pause_s in (("loop", 0), ("other", 0.01)):
    threading.Thread(target=print_on, args=(name, pause_s), daemon=True).start()
silence_for_good()
put_loops_to_sleep()
time.sleep(0.1)
before = dict(count)
time.sleep(0.5)
print(count["loop"] == before["loop"], count["other"] > before["other"])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ALSA's trouble")
def test_a_c_thread_that_prints_without_end_is_put_to_sleep_and_others_are_not() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr[-500:]


LOST_AND_FOUND = """
import threading, time
from app.audio import portaudio
from app.audio.system import SoundSystem
from app.settings import AudioSettings

portaudio.CLOSE_TIMEOUT_S = 0.1
never = threading.Event()
system = SoundSystem(AudioSettings())
system.open()

def works():
    deadline = time.monotonic() + 20
    microphone, speaker = system.microphone, system.speaker
    while not (microphone.arrived_until and microphone.alive and speaker.alive):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return system.microphone.name, system.speaker.name

print(*works(), sep=", ")
for lost in (system.microphone, system.speaker):
    stream = lost._stream._stream
    real, stream.close = stream.close, lambda *_: never.wait()
    lost.close()
    assert portaudio.hangs()
    reports = system.check(busy=False)
    assert not portaudio.hangs()
    print(*works(), sep=", ")
system.close()
print(system.devices("input")[0].name)
"""


@pytest.mark.sound
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ALSA's trouble")
def test_a_portaudio_that_is_lost_is_loaded_anew_and_the_devices_work_again(
    virtual_sound: VirtualSound,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOST_AND_FOUND],
        cwd=ROOT,
        env={**os.environ, **virtual_sound.env},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [*["System default, System default"] * 3, "pulse"]
    assert list(Path(tempfile.gettempdir()).glob("portaudio-*.so")) == [], "a copy stayed behind"
