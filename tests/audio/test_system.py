from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.audio.system import DeviceReport, SoundSystem
from app.settings import AudioSettings, DeviceChoice
from tests.audio.test_speaker import wait_until
from tests.support.virtual_sound import VirtualSound

ROOT = Path(__file__).resolve().parents[2]

OPEN_AND_CHECK = """
import logging, time
logging.disable()
from app.audio.system import SoundSystem
from app.settings import AudioSettings
system = SoundSystem(AudioSettings())
for report in [*system.open(), *system.check(busy=False)]:
    print(report.kind, repr(report.name), report.detail)
print(system.devices("input"), system.microphone.alive, system.speaker.alive)
system.speaker.play(__import__("numpy").zeros(1600, "float32"), 16000)
system.speaker.end()
while system.speaker.queued_s:
    time.sleep(0.01)
system.close()
"""


def run_apart(code: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gone(reports: list[DeviceReport]) -> set[str]:
    return {report.kind for report in reports if not report.name}


def there(reports: list[DeviceReport]) -> set[str]:
    return {report.kind for report in reports if report.name}


def check_until(system: SoundSystem, kinds: set[str], *, lost: bool, busy: bool) -> None:
    seen: set[str] = set()
    deadline = time.monotonic() + 15
    while seen != kinds:
        assert time.monotonic() < deadline, f"only {seen} was reported"
        reports = system.check(busy=busy)
        seen |= gone(reports) if lost else there(reports)
        time.sleep(0.1)


BOTH = {"input", "output"}


@pytest.mark.sound
def test_both_devices_open_and_nothing_more_is_reported(system: SoundSystem) -> None:
    assert there(system.open()) == BOTH
    wait_until(lambda: system.microphone.arrived_until > 0)
    assert system.check(busy=False) == []
    assert system.microphone.alive
    assert system.speaker.alive
    assert system.devices("input")[0] == DeviceChoice(name="pulse", host_api="ALSA")


@pytest.mark.sound
def test_devices_that_go_are_reported_and_taken_back(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    """In the middle of a turn: without restarting PortAudio."""
    microphone, speaker = system.microphone, system.speaker
    system.open()
    wait_until(lambda: microphone.arrived_until > 0)
    try:
        for kind in ("mic", "micpipe", "speaker"):
            virtual_sound.unplug(kind)
        check_until(system, BOTH, lost=True, busy=True)
        assert not microphone.alive
        assert not speaker.alive
        assert system.check(busy=True) == [], "said once"
    finally:
        for kind in virtual_sound.MODULES:
            virtual_sound.plug(kind)
    check_until(system, BOTH, lost=False, busy=True)
    assert microphone.alive
    assert speaker.alive
    assert (system.microphone, system.speaker) == (microphone, speaker)


@pytest.mark.sound
def test_a_sound_server_that_dies_and_returns_is_used_again(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    system.open()
    wait_until(lambda: system.microphone.arrived_until > 0)
    try:
        virtual_sound.stop()
        check_until(system, BOTH, lost=True, busy=False)
    finally:
        virtual_sound.start()
    check_until(system, BOTH, lost=False, busy=False)
    assert system.microphone.alive


@pytest.mark.sound
def test_a_chosen_device_that_is_not_there_is_named_and_another_serves(
    virtual_sound: VirtualSound,
) -> None:
    chosen = DeviceChoice(name="Yeti", host_api="ALSA")
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings(input=chosen), speaks=False)
        try:
            (report,) = system.open()
            assert report.kind == "input"
            assert report.name
            assert "Yeti is not there" in report.detail
            wait_until(lambda: system.microphone.arrived_until > 0)
            (report,) = system.use(AudioSettings())
            assert report.detail == ""
            assert not system.speaker.alive
        finally:
            system.close()


@pytest.mark.sound
def test_devices_are_opened_and_closed_over_and_over(
    system: SoundSystem, virtual_sound: VirtualSound
) -> None:
    for _ in range(20):
        system.open()
        system.close()
        system.check(busy=True)
    assert system.microphone.alive


def test_no_sound_at_all_is_a_state_and_prints_nothing(tmp_path: Path) -> None:
    done = run_apart(
        OPEN_AND_CHECK,
        {"PULSE_SERVER": f"unix:{tmp_path}/nobody", "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    if "False False" not in done.stdout:
        pytest.skip("this machine has real sound devices")
    assert "input '' No microphone is there." in done.stdout
    assert "output '' No loudspeaker is there." in done.stdout


@pytest.mark.sound
def test_a_server_without_devices_is_a_state_and_prints_nothing(
    virtual_sound: VirtualSound,
) -> None:
    try:
        for kind in ("mic", "micpipe", "speaker"):
            virtual_sound.unplug(kind)
        done = run_apart(OPEN_AND_CHECK, virtual_sound.env)
    finally:
        for kind in virtual_sound.MODULES:
            virtual_sound.plug(kind)
    assert done.returncode == 0, done.stderr
    assert "input '' System default cannot be opened. Check that a microphone" in done.stdout
    assert "False False" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("OSError('PortAudio library not found')", "The sound library PortAudio is not installed."),
        ("RuntimeError('host error')", "The sound system does not start."),
    ],
)
def test_a_missing_or_broken_portaudio_is_no_device_with_a_hint(
    error: str, title: str, tmp_path: Path
) -> None:
    (tmp_path / "sounddevice.py").write_text(f"raise {error}\n")
    done = run_apart(OPEN_AND_CHECK, {"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert f"input '' {title}" in done.stdout
    assert f"output '' {title}" in done.stdout
