"""Devices that are pulled out, plugged in and swapped while somebody listens and speaks.

Twelve times by default, which takes seconds; PARLEY_DEVICE_CHANGES=500 is the whole measure.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from tests.support.virtual_sound import (
    ALSA_ROUTE,
    NEEDED,
    RATE,
    VirtualSound,
    die_with_parent,
)

pytestmark = [pytest.mark.sound, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]

USER = "from tests.support.sound_user import main; main()"
"""Not as a module: the process of the devices would load it and Qt as well."""

CHANGES = int(os.environ.get("PARLEY_DEVICE_CHANGES", "12"))

PREFERRED = """\
pcm.headset_mic { type pulse device mic }
pcm.headset { type pulse device speaker }
"""
"""Names of ALSA's own for the two devices that the user prefers; “pulse” is whatever the sound
server has."""

SPARE = {
    "spare_speaker": "module-null-sink sink_name=spare_speaker rate=44100 channels=2 norewinds=1 "
    "sink_properties=device.description=Spare",
    "spare_mic": "module-null-sink sink_name=spare_mic rate=44100 channels=1 norewinds=1 "
    "sink_properties=device.description=Other",
}


class Room(VirtualSound):
    """A sound server with the preferred devices, and others that come and go as well."""

    MODULES: ClassVar = {**VirtualSound.MODULES, **SPARE}

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "asound.conf").write_text(ALSA_ROUTE + PREFERRED)

    def plugged(self) -> list[str]:
        return sorted(self._module_of)

    def change(self, chance: random.Random) -> str:
        """One thing that hands and cables do; in words."""
        here = self.plugged()
        gone = sorted(set(self.MODULES) - set(here))
        roll = chance.random()
        if roll < 0.05:
            for kind in here:
                if kind in self.plugged():
                    self.pull(kind)
            return "all gone"
        if roll < 0.25 and "speaker" in here and "spare_speaker" in here:
            self.pactl("set-default-sink", chance.choice(["speaker", "spare_speaker"]))
            return "default loudspeaker changed"
        if roll < 0.35 and "mic" in here and "spare_mic" in here:
            self.pactl("set-default-source", chance.choice(["mic", "spare_mic.monitor"]))
            return "default microphone changed"
        if (roll < 0.7 and here) or not gone:
            self.pull(chance.choice(here))
            return "pulled out"
        kind = chance.choice(gone)
        if kind == "mic":
            self.plug("micpipe")
        self.plug(kind)
        return "plugged in"

    def pull(self, kind: str) -> None:
        """Whoever pulls the cable of the microphone's other end takes the microphone along."""
        if kind == "micpipe" and "mic" in self.plugged():
            self.unplug("mic")
        self.unplug(kind)

    def plug_everything(self) -> None:
        for kind in self.MODULES:
            self.plug(kind)
        self.pactl("set-default-sink", "speaker")
        self.pactl("set-default-source", "mic")


class SoundUser:
    """The process that listens and speaks (`tests.support.sound_user`)."""

    def __init__(self, room: Room) -> None:
        self._log = room.folder / "user.log"
        self._process = subprocess.Popen(
            [sys.executable, "-c", USER, "headset_mic", "headset"],
            cwd=ROOT,
            env={**os.environ, **room.env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log.open("w"),
            text=True,
            preexec_fn=die_with_parent,
        )

    def say(self, word: str = "how are you") -> dict[str, object]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{word}\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        assert line, f"it died ({self._process.wait(10)}):\n{self.log}"
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer

    @property
    def log(self) -> str:
        """The end of what it logged."""
        return "\n".join(self._log.read_text().splitlines()[-80:])

    def stacks(self) -> str:
        """The log, with where each of its threads is."""
        self._process.send_signal(signal.SIGUSR1)
        time.sleep(0.5)
        return self.log

    def quit(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.write("quit\n")
        self._process.stdin.flush()
        return self._process.wait(20.0)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def until_on(self, microphone: str, loudspeaker: str, timeout_s: float) -> float:
        """Wait until it uses these, empty for none, and they work; how many seconds that took."""
        started_at = time.monotonic()
        while True:
            answer = self.say()
            names = (answer["input"], answer["output"])
            if names == (microphone, loudspeaker) and answer["alive"] == [*map(bool, names)]:
                return time.monotonic() - started_at
            assert time.monotonic() - started_at < timeout_s, f"{answer}\n{self.stacks()}"
            time.sleep(0.05)


@pytest.fixture
def room() -> Iterator[Room]:
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: no virtual sound")
    with tempfile.TemporaryDirectory(prefix="parley-sound-") as folder:
        room = Room(Path(folder))
        try:
            room.plug_everything()
            yield room
        finally:
            room.stop()


@pytest.fixture
def user(room: Room) -> Iterator[SoundUser]:
    user = SoundUser(room)
    try:
        yield user
    finally:
        user.kill()


def voice(folder: Path) -> Path:
    """Two seconds that a microphone can hear."""
    at = np.arange(2 * RATE) / RATE
    path = folder / "voice.wav"
    soundfile.write(path, (0.5 * np.sin(2 * np.pi * 300 * at)).astype(np.float32), RATE)
    return path


def test_no_change_of_devices_ends_parley_and_it_comes_back_to_the_preferred_ones(
    room: Room, user: SoundUser, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    user.until_on("headset_mic", "headset", 20.0)
    chance = random.Random(5)
    done: Counter[str] = Counter()
    waits: list[float] = []
    for number in range(1, CHANGES + 1):
        done[room.change(chance)] += 1
        # Hands are slow and cables bounce: some changes come at once, some a while after.
        time.sleep(chance.choice((0.0, 0.02, 0.05, 0.2)))
        if number % 10 == 0:
            user.say("busy" if chance.random() < 0.5 else "idle")
        if number % 20 == 0 or number == CHANGES:
            user.say("idle")
            room.plug_everything()
            waits.append(user.until_on("headset_mic", "headset", 30.0))
    assert sum(done.values()) == CHANGES
    with capsys.disabled():
        print(f"\n{CHANGES} changes: {dict(done)}; back after {max(waits):.1f} s at most")

    # It is really heard, and really hears.
    user.say()
    with room.record() as loudspeaker:
        room.say(voice(tmp_path)).wait(timeout=30)
    assert np.abs(loudspeaker.samples).max() > 0.1, "nothing was heard"
    answer = user.say()
    heard = answer["heard"]
    assert isinstance(heard, float)
    assert heard > 0.1, f"it heard nothing: {answer}\n{user.log}"
    assert user.quit() == 0


def test_the_preferred_devices_are_used_again_when_they_are_back(
    room: Room, user: SoundUser
) -> None:
    """First there is nothing, then others, then the preferred ones beside the others."""
    user.until_on("headset_mic", "headset", 20.0)
    for kind in ("mic", "micpipe", "speaker", *SPARE):
        room.pull(kind) if kind in room.plugged() else None
    user.until_on("", "", 30.0)
    for kind in SPARE:
        room.plug(kind)
    user.until_on("System default", "System default", 30.0)
    room.plug_everything()
    user.until_on("headset_mic", "headset", 30.0)
    assert user.quit() == 0
