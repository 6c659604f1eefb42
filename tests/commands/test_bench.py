"""`bench`, as a program reads it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from app.commands import bench
from app.errors import InputError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.support.ollama_server import OllamaServer


def run(chosen: Settings, profile: Path, *words: str) -> int:
    paths = Paths.under(profile)
    paths.create()
    parser = argparse.ArgumentParser()
    bench.add_arguments(parser)
    return bench.run(parser.parse_args(words), chosen, paths, Secrets({}))


def with_ollama(url: str) -> Settings:
    return Settings.model_validate({"llm": {"ollama": {"host": url}}})


def test_the_json_names_the_machine_the_engine_and_every_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OllamaServer(words_per_second=0) as server:
        chosen = with_ollama(server.url)
        words = ("--quick", "--only", "llm", "--json", "--device", "cpu")
        assert run(chosen, tmp_path, *words) == 0
    streams = capsys.readouterr()
    document: dict[str, Any] = json.loads(streams.out)
    assert set(document) == {"machine", "plan", "llm", "budgets", "not_measured"}
    assert document["machine"]["cores"] >= 1
    assert isinstance(document["machine"]["gpus"], list)
    assert document["plan"]["device"] == "cpu"
    assert document["llm"]["engine"] == {
        "stage": "llm",
        "name": "ollama",
        "model": "phi3:mini",
        "device": "server",
        "stand_in": False,
        "local": True,
        "weights": "real",
    }
    assert len(document["llm"]["replies"]) == 10
    assert {"runs", "average", "p50", "p95", "share_under_200_ms"} == set(
        document["llm"]["ttft_ms"]
    )
    budget, after_pause = document["budgets"]
    assert budget["span"] == "llm_overhead"
    assert after_pause["span"] == "ttft_after_pause"
    assert document["not_measured"] == []
    assert budget["budget"] == 5.0
    assert budget["value"] == document["llm"]["overhead"]["added_ms"]
    assert budget["met"] == (budget["value"] <= 5.0)
    assert "message 10 of 10" in streams.err


def test_the_tables_are_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with OllamaServer(words_per_second=0) as server:
        assert run(with_ollama(server.url), tmp_path, "--quick", "--only", "llm") == 0
    shown = capsys.readouterr().out
    for words in ("ollama · phi3:mini, server", "p95", "under 200 ms", "cold start", "Budgets"):
        assert words in shown


def test_what_was_not_measured_is_no_budget_that_is_met(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen = with_ollama("127.0.0.1:9")
    assert run(chosen, tmp_path, "--quick", "--only", "llm", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["budgets"] == []
    assert document["llm"]["engine"]["stand_in"] is True
    assert {each["span"] for each in document["not_measured"]} == {
        "llm_overhead",
        "ttft_after_pause",
    }


def test_what_was_not_measured_is_listed_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(with_ollama("127.0.0.1:9"), tmp_path, "--quick", "--only", "llm") == 0
    shown = capsys.readouterr().out
    assert "Not measured" in shown
    assert "llm_overhead" in shown
    assert "Ollama is not " in shown  # running, or installed


@pytest.mark.parametrize("held", ["soon", "-1", "6000"])
def test_a_key_up_that_makes_no_sense_is_refused(tmp_path: Path, held: str) -> None:
    with pytest.raises(SystemExit) as left:
        run(Settings(), tmp_path, "--key-up", held)
    assert left.value.code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--recordings", "nowhere"),
        ("--runs", "0"),
        ("--plot", "picture.pdf"),
        ("--plot", "nowhere/picture.svg"),
        ("--plot", "picture.svg", "--only", "llm"),
    ],
)
def test_a_bench_that_cannot_be_made_says_why(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        run(Settings(), tmp_path, *words)
