"""The language model's part, against a server that behaves like Ollama."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.bench import llm
from app.bench.plan import MESSAGES, Plan
from app.bench.report import Section, as_text
from app.settings import LlmSettings, OllamaSettings
from tests.support.ollama_server import OllamaServer

PLAN = Plan(runs=1, pairs=3, recordings=[Path("unused.wav")], pause_s=0.05)


def measure(settings: LlmSettings) -> Section:
    return llm.measure(settings, None, PLAN, lambda line: None)


def against(server: OllamaServer) -> Section:
    return measure(LlmSettings(ollama=OllamaSettings(host=server.url)))


def data(section: Section) -> dict[str, Any]:
    return dict(section.data)


def test_every_message_is_asked_once_and_the_model_is_loaded_for_the_cold_start_alone() -> None:
    with OllamaServer(words_per_second=0) as server:
        section = against(server)
        asked = [request.body["messages"][-1]["content"] for request in server.chats]
        assert server.loads == 2  # at the start, and after the bench unloaded it
    assert [question for question in asked if question in MESSAGES[1:]] == list(MESSAGES[1:])
    measured = data(section)
    assert [reply["message"] for reply in measured["replies"]] == list(MESSAGES)
    assert measured["engine"]["name"] == "ollama"
    assert measured["engine"]["stand_in"] is False
    assert len(measured["overhead"]["ours_ms"]) == len(measured["overhead"]["bare_ms"]) == 3
    assert measured["notes"] == []


def test_a_cold_start_takes_the_load_and_the_next_reply_does_not() -> None:
    with OllamaServer(load_s=0.3, words_per_second=0) as server:
        cold = data(against(server))["cold_start"]
    assert cold["load_ms"] >= 300
    assert cold["recovered_in_ms"] >= cold["load_ms"]
    assert cold["ttft_after_ms"] < cold["load_ms"]


def test_the_same_question_is_asked_after_a_pause_and_again_at_once() -> None:
    with OllamaServer(words_per_second=0) as server:
        section = against(server)
        asked = [request.body["messages"][-1]["content"] for request in server.chats]
    pauses = data(section)["pauses"]
    assert len(pauses["after_pause_ms"]) == len(pauses["at_once_ms"]) == llm.PAUSES
    assert asked[-2 * llm.PAUSES - 1 : -1] == [llm.OVERHEAD_QUESTION] * 2 * llm.PAUSES
    (budget,) = (budget for budget in section.budgets if budget.span == "ttft_after_pause")
    assert budget.value == pauses["ratio"]
    assert section.not_measured == []


def test_without_a_model_the_skills_stand_in_and_it_says_so() -> None:
    section = measure(LlmSettings(ollama=OllamaSettings(host="127.0.0.1:9")))
    measured = data(section)
    assert measured["engine"]["name"] == "skills"
    assert measured["engine"]["stand_in"] is True
    assert len(measured["replies"]) == len(MESSAGES)
    assert measured["overhead"] is measured["cold_start"] is None
    assert section.budgets == []
    assert {each.span for each in section.not_measured} == {"llm_overhead", "ttft_after_pause"}
    assert all("Ollama is not " in each.reason for each in section.not_measured)
    text = as_text(section.tables[0])
    assert "skills, cpu (stand-in)" in text
    assert "Ollama is not " in text  # running, or installed


def test_a_reply_that_fails_is_left_out_and_named() -> None:
    with OllamaServer(words_per_second=0) as server:
        for _ in range(3):  # the warming one, the first message, and the second
            server.once("normal")
        server.once("no_done")
        measured = data(against(server))
    assert [reply["message"] for reply in measured["replies"]] == [*MESSAGES[:2], *MESSAGES[3:]]
    (note,) = measured["notes"]
    assert MESSAGES[2] in note
    assert "stopped in the middle" in note
