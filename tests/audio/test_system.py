from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest

from app.audio.host.system import DeviceReport
from app.audio.system import SoundSystem
from app.settings import AudioSettings, DeviceChoice
from tests.audio.host.test_portaudio import run_apart
from tests.audio.signals import babble, find, likeness
from tests.audio.test_speaker import wait_until
from tests.support.virtual_sound import RATE, VirtualSound

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


def sound_process() -> int:
    """The number of the one process of devices there is."""
    (process,) = [each for each in active_children() if each.name == "parley sound"]
    assert process.pid is not None
    return process.pid


@pytest.mark.sound
@pytest.mark.parametrize("how", [signal.SIGSEGV, signal.SIGKILL])
def test_a_process_of_the_devices_that_dies_is_replaced(
    system: SoundSystem,
    virtual_sound: VirtualSound,
    how: signal.Signals,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """As when a sound library crashes: in the middle of a reply, and nobody hears the end twice."""
    microphone, speaker = system.microphone, system.speaker
    system.open()
    wait_until(lambda: microphone.arrived_until > 0)
    reply = babble(2.0, RATE)
    with virtual_sound.record() as heard:
        speaker.play(reply, RATE)
        speaker.end()
        wait_until(lambda: speaker.played_s > 0.2)
        first = sound_process()
        os.kill(first, how)
        assert system.check(busy=True) == [], "the same devices: no news"
        wait_until(lambda: speaker.queued_s == 0)
        time.sleep(0.3)
    end = reply[-RATE // 2 :]
    at = find(end, heard.samples)
    assert likeness(heard.samples[at : at + len(end)], end) > 0.9
    assert not np.any(np.abs(heard.samples[at + len(end) + RATE // 50 :]) > 0.02), "not twice"
    assert f"has ended ({-how})" in caplog.text
    assert sound_process() != first
    microphone.seek(time.perf_counter())
    wait_until(lambda: microphone.alive and speaker.alive)
    wait_until(lambda: len(microphone.read()) > 0)
    assert speaker.played_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.sound
def test_a_process_that_does_not_answer_is_replaced(
    system: SoundSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    system.open()
    monkeypatch.setattr("app.audio.system.ANSWER_S", 0.2)
    first = sound_process()
    os.kill(first, signal.SIGSTOP)
    system.check(busy=False)
    assert sound_process() != first
    assert not is_running(first)
    wait_until(lambda: system.microphone.alive)


@pytest.mark.sound
@pytest.mark.timeout(30)
def test_who_quits_does_not_wait_for_a_process_that_does_not_answer(system: SoundSystem) -> None:
    """Longer than the user's patience with a window that closes: it is killed anyway."""
    system.open()
    first = sound_process()
    os.kill(first, signal.SIGSTOP)
    system.close()
    assert not is_running(first)


def test_a_process_that_ends_again_and_again_is_a_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ends it as soon as it begins: here the sound library it loads."""
    (tmp_path / "sounddevice.py").write_text("import os; os._exit(9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    system = SoundSystem(AudioSettings())
    reports = system.open()
    assert [report.name for report in reports] == ["", ""]
    assert "ends again and again" in reports[0].detail
    before = active_children()
    assert system.check(busy=True) == [], "said once, and not tried once a second"
    assert active_children() == before
    assert system.devices("input") == []
    speaker = system.speaker
    speaker.play(np.zeros(1_600, np.float32), 16_000)
    speaker.end()
    wait_until(lambda: speaker.queued_s == 0)
    system.close()


def test_nothing_is_left_when_it_is_closed() -> None:
    system = SoundSystem(AudioSettings())
    system.open()
    first = sound_process()
    system.close()
    assert not is_running(first)
    assert first not in [each.pid for each in active_children()]
    assert system.check(busy=False) is not None, "and another one when it is asked again"
    system.close()
    system.close()


ORPHAN = """
import time
from multiprocessing import active_children
from app.audio.system import SoundSystem
from app.settings import AudioSettings
system = SoundSystem(AudioSettings())
system.open()
print(*(each.pid for each in active_children()), flush=True)
time.sleep(60)
"""


def test_it_ends_with_a_parley_that_is_killed() -> None:
    parley = subprocess.Popen(
        [sys.executable, "-c", ORPHAN], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parley.stdout is not None
    pid = int(parley.stdout.readline())
    parley.kill()
    parley.communicate()
    wait_until(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_process_that_fails_in_a_way_nobody_expects_is_replaced_and_leaves_one_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "sounddevice.py").write_text(
        "class PortAudioError(Exception): pass\n"
        "def query_hostapis(): raise LookupError('nobody expects this')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    system = SoundSystem(AudioSettings(), speaks=False)
    (report,) = system.open()
    assert report.name == ""
    assert "ends again and again" in report.detail
    assert "nobody expects this" in caplog.text
    assert "the sound process failed; starting another" in caplog.text
    system.close()
