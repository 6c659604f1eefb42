"""The arithmetic of whole turns, and the baseline beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.audio.format import read_speech
from app.bench.plan import Plan
from app.bench.sequential import Sequential, Steps
from app.bench.turns import Turns
from app.core.ports import Engine, Stage
from app.paths import Paths
from app.settings import Settings

STAND_INS = {
    "stt": Engine(Stage.STT, "pocketsphinx", "en-us", stand_in=True),
    "llm": Engine(Stage.LLM, "skills", "", stand_in=True),
    "tts": Engine(Stage.TTS, "espeak", "", stand_in=True),
}


def turns() -> Turns:
    return Turns("test", Settings(), {"stt": ("whisper-tiny", True)}, aloud=False)


def test_the_loudspeakers_share_is_added_to_the_baseline() -> None:
    measured = turns()
    measured.spans = [
        {"voice_to_voice": 300.0, "first_audible": 40.0},
        {"voice_to_voice": 500.0, "first_audible": 60.0},
        {"voice_to_voice": 380.0, "first_audible": 50.0},
    ]
    measured.steps = [Steps(100.0, 200.0, 400.0), Steps(100.0, 250.0, 360.0)]
    assert measured.middle("voice_to_voice") == 380.0
    assert measured.sequential_ms == pytest.approx(705.0 + 50.0)
    assert measured.ratio == pytest.approx(380.0 / 755.0)


def test_without_turns_there_is_no_ratio() -> None:
    measured = turns()
    assert measured.ratio is None
    measured.steps = [Steps(1.0, 1.0, 1.0)]
    assert measured.ratio is None


def test_figures_from_random_weights_say_so_and_stand_ins_stay_stand_ins() -> None:
    measured = turns()
    whisper = Engine(Stage.STT, "whisper", "/tmp/made/whisper", "cpu")
    measured.engines = STAND_INS | {"stt": whisper}
    stt, llm, tts = measured.subjects()
    assert stt.label == "whisper · whisper-tiny, cpu (real shape, random weights: timing only)"
    assert llm.label == "skills, cpu (stand-in)"
    assert tts.label == "espeak, cpu (stand-in)"
    measured.engines = STAND_INS
    assert not any(subject.random_weights for subject in measured.subjects())


def test_the_baseline_really_hears_answers_and_speaks(tmp_path: Path) -> None:
    recording = Plan.make(runs=None, quick=True, recordings=None).recordings[0]
    with Sequential(Settings(), Paths.under(tmp_path), None, STAND_INS) as baseline:
        steps = baseline.turn(read_speech(recording))
    assert steps.stt_ms > 0
    assert steps.tts_ms > 0
    assert steps.total_ms == pytest.approx(steps.stt_ms + steps.llm_ms + steps.tts_ms)
