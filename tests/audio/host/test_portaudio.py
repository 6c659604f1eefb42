from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.audio.host import portaudio
from app.audio.host.devices import Device

ROOT = Path(__file__).resolve().parents[3]

NEVER_CLOSES = """
import logging, threading
from app.audio.host import portaudio
from app.audio.host.devices import Device

logging.basicConfig(format="%(message)s")
portaudio.CLOSE_TIMEOUT_S = 0.1

class DeadStream:
    samplerate, latency = 48_000.0, 0.04
    def close(self, ignore_errors):
        threading.Event().wait()

print("closing", flush=True)
device = Device(0, "Yeti", "ALSA", inputs=1, outputs=0, rate=48_000)
portaudio.OpenStream(DeadStream(), "input", device).close()
print("closed")
"""


def run_apart(code: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_call_that_does_not_return_ends_the_process_and_is_named() -> None:
    done = run_apart(NEVER_CLOSES)
    assert (done.returncode, done.stdout) == (portaudio.HUNG, "closing\n")
    assert done.stderr == "closing Yeti does not return\n"


LOAD = """
from app.audio.host import portaudio
from app.errors import AudioError
try:
    portaudio.list_devices()
except AudioError as exc:
    print(exc.title)
"""


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("OSError('PortAudio library not found')", "The sound library PortAudio is not installed."),
        ("RuntimeError('host error')", "The sound system does not start."),
    ],
)
def test_a_missing_or_broken_portaudio_is_told(error: str, title: str, tmp_path: Path) -> None:
    (tmp_path / "sounddevice.py").write_text(f"raise {error}\n")
    done = run_apart(LOAD, {"PYTHONPATH": str(tmp_path)})
    assert done.stdout == f"{title}\n", done.stderr


@pytest.mark.parametrize(
    ("host_api", "attending_s", "resting_s"),
    [
        ("ALSA", portaudio.ALSA_INPUT_LATENCY_S, portaudio.RESTING_LATENCY_S),
        # through ALSA's plug-in
        ("PulseAudio", portaudio.ALSA_INPUT_LATENCY_S, portaudio.RESTING_LATENCY_S),
        ("Core Audio", portaudio.LATENCY_S, portaudio.LATENCY_S),
    ],
)
def test_a_microphone_that_is_always_open_wakes_the_processor_seldom(
    host_api: str, attending_s: float, resting_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def open_input(**wanted: Any) -> SimpleNamespace:
        asked.append(wanted["latency"])
        return SimpleNamespace(samplerate=48_000.0, latency=wanted["latency"])

    library = SimpleNamespace(InputStream=open_input, OutputStream=None, PortAudioError=OSError)
    monkeypatch.setattr(portaudio, "load", lambda: library)
    yeti = Device(0, "Yeti", host_api, inputs=1, outputs=0, rate=48_000, server_name="yeti")
    portaudio.open_stream("input", yeti, lambda *_: None)
    portaudio.open_stream("input", yeti, lambda *_: None, rests=True)
    assert asked == [attending_s, resting_s]
