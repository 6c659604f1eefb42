"""The loudspeaker's own signal."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from app.audio.format import write_wav
from app.bench import barge_in
from app.bench.loopback import (
    RATE,
    NothingRecorded,
    Recording,
    find_monitor,
    first_sound,
    last_sound,
)
from app.bench.plan import Plan
from app.bench.subjects import Models
from app.core.ports import Audio
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.support.virtual_sound import VirtualSound

pytestmark = pytest.mark.sound


def signal(*stretches: tuple[float, float]) -> Audio:
    """Constant levels, each for so many seconds."""
    return np.concatenate(
        [np.full(round(s * RATE), level, dtype=np.float32) for s, level in stretches]
    )


def test_sound_begins_and_ends_where_it_rises_from_and_falls_to_silence() -> None:
    samples = signal((0.5, 0.0), (0.1, 0.4), (0.1, 0.0), (0.2, 0.1), (0.3, 0.001))
    assert first_sound(samples, 0) == RATE // 2
    assert last_sound(samples) == pytest.approx(0.9 * RATE, abs=1)


def test_a_quiet_volume_is_no_silence_and_silence_is_no_sound() -> None:
    assert first_sound(signal((0.1, 0.0), (0.1, 0.002)), 0) == round(0.1 * RATE)
    with pytest.raises(NothingRecorded, match="Nothing was heard"):
        first_sound(signal((0.2, 0.00005)), 0)
    with pytest.raises(NothingRecorded, match="Nothing was heard"):
        last_sound(signal((0.2, 0.0)))


def test_music_that_plays_already_is_not_taken_for_the_reply() -> None:
    samples = signal((0.5, 0.3), (0.5, 0.4))
    with pytest.raises(NothingRecorded, match="Something else"):
        first_sound(samples, RATE // 2)


def test_without_the_tools_it_says_which_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NothingRecorded, match="no pactl and no parec"):
        find_monitor()


def test_without_a_sound_server_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, virtual_sound: VirtualSound
) -> None:
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path}/nobody")
    with pytest.raises(NothingRecorded, match="does not answer"):
        find_monitor()


def test_what_is_played_is_recorded_and_dated(
    tmp_path: Path, virtual_sound: VirtualSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in virtual_sound.env.items():
        monkeypatch.setenv(name, value)
    sound = tmp_path / "sound.wav"
    write_wav(sound, signal((0.3, 0.5)), RATE)
    monitor = find_monitor()
    assert monitor == "speaker.monitor"
    with Recording(monitor) as recording:
        began = time.perf_counter()
        subprocess.run(["paplay", "--latency-msec=20", str(sound)], check=True, timeout=20)
        time.sleep(0.3)
        ended = time.perf_counter()
    first = first_sound(recording.samples, recording.index_at(began))
    last = last_sound(recording.samples)
    assert (last - first) / RATE == pytest.approx(0.3, abs=0.05)
    assert began < recording.time_of(first) < recording.time_of(last) < ended
    # a busy computer hands over several pieces at once
    again = recording.index_at(recording.time_of(first))
    assert again == pytest.approx(first, abs=0.1 * RATE)


def test_parley_is_interrupted_in_the_middle_of_a_word(
    tmp_path: Path, virtual_sound: VirtualSound, qapp: object
) -> None:
    paths = Paths.under(tmp_path)
    paths.create()
    plan = Plan.make(runs=1, quick=True, recordings=None)
    settings = Settings.model_validate({"tts": {"provider": "espeak"}})
    with virtual_sound.attached(), Models(settings, paths, lambda line: None) as models:
        section = barge_in.measure(models, Secrets({}), plan, lambda line: None)
    assert section.not_measured == ()
    (budget,) = section.budgets
    silences: object = section.data["silence_ms"]
    assert isinstance(silences, list)
    assert len(silences) == plan.barge_ins
    # it stopped because of the key: the whole answer takes several seconds
    assert all(-30 <= each < 600 for each in silences)
    assert min(silences) <= budget.value <= max(silences)


def test_barge_in_without_a_loudspeaker_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qapp: object
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    paths = Paths.under(tmp_path)
    plan = Plan.make(runs=1, quick=True, recordings=None)
    with Models(Settings(), paths, lambda line: None) as models:
        section = barge_in.measure(models, Secrets({}), plan, lambda line: None)
    assert section.budgets == []
    (missing,) = section.not_measured
    assert missing.span == "barge_in"
    assert "cannot be recorded" in missing.reason
