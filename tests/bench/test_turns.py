"""Whole turns: the arithmetic, and a few real ones with the stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.audio.format import read_speech
from app.bench import turns as bench_turns
from app.bench.plan import Plan
from app.bench.report import as_text
from app.bench.sequential import Sequential, Steps
from app.bench.series import Series, Turns
from app.bench.subjects import Models
from app.bench.turn_report import chart, tables
from app.core.ports import Engine, Stage
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.support.ollama_server import OllamaServer
from tests.support.virtual_sound import VirtualSound

STAND_INS = {
    "stt": Engine(Stage.STT, "pocketsphinx", "en-us", stand_in=True),
    "llm": Engine(Stage.LLM, "skills", "", stand_in=True),
    "tts": Engine(Stage.TTS, "espeak", "", stand_in=True),
}


def turns(*series: Series) -> Turns:
    return Turns("test", Settings(), {"stt": ("whisper-tiny", True)}, aloud=False, series=series)


def series(after_ms: int, *voice_ms: float, audible_ms: float = 50.0) -> Series:
    return Series(
        after_ms,
        spans=[
            {"stt_tail": 100.0, "voice_to_voice": ms, "first_audible": audible_ms}
            for ms in voice_ms
        ],
        starts=[{}] * len(voice_ms),
    )


def test_the_loudspeakers_share_is_added_to_the_baselines() -> None:
    at_once = series(0, 300.0, 500.0, 380.0)
    measured = turns(at_once, series(250, 200.0, audible_ms=60.0))
    measured.steps = [Steps(100.0, 200.0, 400.0), Steps(100.0, 250.0, 360.0)]
    measured.plain = [Steps(500.0, 200.0, 400.0)]
    assert at_once.middle("voice_to_voice") == 380.0
    assert measured.loudspeaker_ms == 50.0
    assert measured.sequential_ms == pytest.approx(705.0 + 50.0)
    assert measured.plain_ms == pytest.approx(1100.0 + 50.0)
    assert measured.ratio(at_once) == pytest.approx(380.0 / 755.0)


def test_the_worse_moment_of_key_up_is_held_to_the_budget() -> None:
    measured = turns(series(0, 400.0, 600.0), series(250, 200.0))
    measured.steps = [Steps(350.0, 300.0, 300.0)]
    assert measured.worst_ratio == pytest.approx(500.0 / 1000.0)
    assert measured.worst_p95_ms == pytest.approx(590.0)


def test_without_turns_there_is_no_ratio() -> None:
    measured = turns(Series(0))
    assert measured.worst_ratio is None
    measured.steps = [Steps(1.0, 1.0, 1.0)]
    assert measured.worst_ratio is None
    assert measured.worst_p95_ms is None
    assert "No turn was measured." in as_text(tables(measured)[0])


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


@pytest.mark.parametrize(("stt", "tts", "gpu"), [("cuda", "cuda", True), ("cuda", "cpu", False)])
def test_the_budget_in_milliseconds_is_for_turns_on_a_gpu_alone(
    stt: str, tts: str, gpu: bool
) -> None:
    measured = turns(series(0, 150.0))
    measured.steps = [Steps(100.0, 200.0, 200.0)]
    measured.engines = {
        "stt": Engine(Stage.STT, "whisper", "tiny", stt),
        "llm": Engine(Stage.LLM, "ollama", "phi3:mini", "server"),
        "tts": Engine(Stage.TTS, "vits", "eng", tts),
    }
    budgets, missing = bench_turns._budgets([measured])
    spans = ["voice_to_voice", "voice_to_voice_gpu"]
    assert [budget.span for budget in budgets] == (spans if gpu else spans[:1])
    assert [each.span for each in missing] == ([] if gpu else spans[1:])


def test_the_chart_has_a_row_for_each_key_up_and_each_baseline() -> None:
    ours = Series(
        0,
        spans=[
            {
                **{"stt_tail": 40.0, "llm_queue": 1.0, "ttft": 9.0, "first_clause": 10.0},
                **{"ttfa": 30.0, "first_audible": 20.0, "draft": 300.0, "voice_to_voice": 110.0},
            }
        ],
        starts=[{"draft": -200.0}],
    )
    measured = turns(ours, Series(250))
    measured.engines = STAND_INS
    measured.steps = [Steps(100.0, 200.0, 400.0)]
    measured.plain = [Steps(500.0, 200.0, 400.0)]
    parley, sequential, plain = chart(measured).rows
    assert (parley.total_ms, sequential.total_ms, plain.total_ms) == (110.0, 720.0, 1120.0)
    draft, *waited = parley.bars
    # 300 ms long, of which 200 before key-up: the rest is in what was waited for
    assert (draft.start_ms, draft.length_ms, draft.ahead) == (-200.0, 200.0, True)
    assert [(bar.stage, bar.start_ms, bar.length_ms) for bar in waited] == [
        ("stt", 0.0, 40.0),
        ("llm", 40.0, 20.0),
        ("tts", 60.0, 30.0),
        ("loudspeaker", 90.0, 20.0),
    ]


def test_what_was_done_ahead_in_a_few_turns_or_after_key_up_is_not_drawn() -> None:
    ours = series(0, 300.0, 300.0, 300.0)
    ours.spans[0] = {**ours.spans[0], "draft": 100.0}
    ours.starts = [{"draft": -50.0}, {}, {}]
    late = series(250, 300.0)
    late.spans = [{**late.spans[0], "draft": 100.0}]
    late.starts = [{"draft": 20.0}]
    for row in chart(turns(ours, late)).rows:
        assert not any(bar.ahead for bar in row.bars)


def test_the_baseline_really_hears_answers_and_speaks(tmp_path: Path) -> None:
    recording = Plan.make(runs=None, quick=True, recordings=None).recordings[0]
    with Sequential(Settings(), Paths.under(tmp_path), None, STAND_INS) as baseline:
        steps = baseline.turn(read_speech(recording))
    assert steps.stt_ms > 0
    assert steps.tts_ms > 0
    assert steps.total_ms == pytest.approx(steps.stt_ms + steps.llm_ms + steps.tts_ms)


@pytest.mark.sound
def test_real_turns_are_taken_with_both_key_ups_and_heard_at_the_loudspeaker(
    tmp_path: Path, virtual_sound: VirtualSound, qapp: object
) -> None:
    paths = Paths.under(tmp_path)
    paths.create()
    question = Plan.make(runs=None, quick=True, recordings=None).recordings[-1]
    plan = Plan(runs=1, pairs=1, recordings=[question], releases_ms=(0, 900))
    with OllamaServer(text="It is noon in Paris.", words_per_second=0) as server:
        settings = Settings.model_validate(
            {
                "stt": {"provider": "pocketsphinx"},
                "tts": {"provider": "espeak"},
                "llm": {"ollama": {"host": server.url}},
            }
        )
        with virtual_sound.attached(), Models(settings, paths, lambda line: None) as models:
            section = bench_turns.measure(models, Secrets({}), plan, lambda line: None)
    data: dict[str, Any] = dict(section.data)
    (taken,) = data["sets"]
    assert [engine["name"] for engine in taken["engines"]] == ["pocketsphinx", "ollama", "espeak"]
    assert taken["notes"] == []
    assert taken["recorded"] is True
    at_once, later = taken["series"]
    for each, after_ms in ((at_once, 0), (later, 900)):
        assert each["key_up_after_last_word_ms"] == after_ms
        assert len(each["turns"]) == 1
        stamped = each["voice_to_voice_ms"]["p50"]
        assert each["recorded_ms"]["p50"] == pytest.approx(stamped, abs=150)
    # 900 ms are long enough to begin the reply on trial, no time at all is not
    assert at_once["drafts"]["started"] == 0
    assert later["drafts"]["started"] == later["drafts"]["kept"] == 1
    assert later["drafts"]["hit_rate"] == 1.0
    assert len(taken["sequential"]) == 1
    assert taken["plain_libraries"] == []  # neither Whisper nor VITS had a part in it
    assert {budget.span for budget in section.budgets} == {"voice_to_voice"}
    assert section.chart is not None
    assert len(section.chart.rows) == 3
