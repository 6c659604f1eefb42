"""What counts as met."""

from __future__ import annotations

import pytest

from app.bench.budgets import LIMITS, Budget, flatness, worst
from app.bench.report import as_text, budget_table


@pytest.mark.parametrize("span", LIMITS)
def test_a_budget_is_met_up_to_its_limit_and_not_beyond(span: str) -> None:
    limit = LIMITS[span].value
    assert Budget(span, limit, "x").met
    assert not Budget(span, limit * 1.01, "x").met


def test_the_limits_are_those_of_the_specification() -> None:
    assert {span: limit.value for span, limit in LIMITS.items()} == {
        "stt_tail": 0.30,
        "llm_overhead": 5.0,
        "ttft_after_pause": 1.10,
        "tts_first_audio": 0.30,
        "tts_flatness": 0.25,
        "voice_to_voice": 0.50,
        "voice_to_voice_gpu": 200.0,
        "barge_in": 120.0,
        "window_longest": 50.0,
        "window_p99": 16.0,
        "start": 1500.0,
        "idle": 1.0,
        "history_search": 50.0,
    }


def test_our_first_token_may_even_come_before_the_bare_one() -> None:
    assert Budget("llm_overhead", -0.4, "noise").met


def test_a_budget_as_data_says_what_it_was_taken_with() -> None:
    data = Budget("voice_to_voice", 0.3125, "whisper; ollama; vits").as_data()
    assert data == {
        "span": "voice_to_voice",
        "value": 0.3125,
        "budget": 0.5,
        "met": True,
        "unit": "ratio",
        "basis": "whisper; ollama; vits",
    }


def test_flatness_is_the_largest_distance_from_the_mean() -> None:
    assert flatness([100.0, 100.0, 100.0]) == 0.0
    assert flatness([80.0, 100.0, 120.0]) == pytest.approx(0.2)
    assert flatness([70.0, 70.0, 160.0]) == pytest.approx(0.6)


def test_one_bad_case_is_not_hidden_by_good_ones() -> None:
    assert worst([0.1, 0.45, 0.2]) == 0.45


def test_the_table_for_people_says_which_are_missed_and_with_what_they_were_taken() -> None:
    text = as_text(
        budget_table([Budget("stt_tail", 0.2, "tiny"), Budget("voice_to_voice", 0.7, "vits")])
    )
    met, missed = (line for line in text.splitlines() if " / " in line)
    assert "stt_tail" in met
    assert " met " in met
    assert " missed " in missed
    assert "stt_tail: tiny" in text
