"""What `parley ask` prints for people: the reply, and nothing that they did not ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.commandline import main
from app.commands import doctor
from app.commands.ask import _Printer
from app.core.events import EngineMissing, Outcome, ReplyDelta, TurnEnded
from app.core.ports import Engine, Stage
from app.diagnosis import parts
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.support.parley_process import ROOT, run_parley, write_settings

SAMPLE = ROOT / "resources" / "samples" / "what_time_is_it_in_paris.wav"


def test_a_typed_question_is_answered_and_that_is_all(tmp_path: Path) -> None:
    done = run_parley("ask", "what is 2 plus 3", "--out", tmp_path / "r.wav", profile=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Parley: ")
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == "", "better engines are missing, and nobody asked"


def test_a_spoken_question_is_shown_with_what_was_heard(tmp_path: Path) -> None:
    done = run_parley(
        "ask", "--wav", SAMPLE, "--fast", "--out", tmp_path / "r.wav", profile=tmp_path
    )
    assert done.returncode == 0
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == ["You", "Parley"]
    assert done.stderr == ""


def test_the_details_are_who_served_and_where_the_time_went(tmp_path: Path) -> None:
    done = run_parley(
        "ask", "--details", "what is 2 plus 3", "--out", tmp_path / "r.wav", profile=tmp_path
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Parley: ")
    assert any(line.endswith(" ms") for line in lines)
    assert any(line.split()[:2] == ["llm", "skills"] for line in lines)
    assert "parley fetch tts" in done.stderr


def test_a_reply_is_never_written_under_a_name_of_another_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "reply.mp3"
    command = ["ask", "what is 2 plus 3", "--out", str(out)]
    assert main(["--profile", str(tmp_path / "p"), *command]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert f"--out {tmp_path / 'reply.wav'}" in streams.err
    assert not out.exists()


GROQ = Engine(Stage.LLM, "groq", "llama", "server", local=False)
OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", "server")


def ended(*, asked: tuple[Engine, ...], why: str = "") -> TurnEnded:
    return TurnEnded(
        outcome=Outcome.REPLIED,
        transcript="hello",
        reply="Hello.",
        heard="Hello.",
        language="en",
        spans={"voice_to_voice": 1000.0},
        engines={},
        asked=asked,
        why_not_first=why,
    )


def test_a_question_that_left_this_computer_is_said_to_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    printer = _Printer(details=False)
    printer.watch(
        EngineMissing(engine=OLLAMA, title="Ollama is not installed.", hint="Install it.")
    )
    printer.watch(ReplyDelta(text="Hello."))
    assert capsys.readouterr().err == "", "it may not matter"
    printer.watch(ended(asked=(OLLAMA, GROQ), why="Ollama is not installed."))
    streams = capsys.readouterr()
    assert streams.err.splitlines() == [
        "Ollama is not installed. Install it.",
        "The question went to Groq, outside this computer.",
    ]
    assert streams.out == "\n", "the end of the reply's line"


def test_one_that_stayed_is_nothing_to_speak_of(capsys: pytest.CaptureFixture[str]) -> None:
    _Printer(details=False).watch(ended(asked=(OLLAMA,)))
    assert "".join(capsys.readouterr()) == ""


def test_doctor_says_what_is_wrong_with_the_settings_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:

    def quick(settings: Settings, paths: Paths, secrets: Secrets) -> list[parts.Part]:
        every_part = parts.of_everything(settings, paths, secrets)
        return [part for part in every_part if part.name == "settings"]

    monkeypatch.setattr(doctor, "of_everything", quick)
    write_settings(tmp_path, "[talk]\nmode = 'sideways'\n")
    assert main(["--profile", str(tmp_path), "doctor"]) == 0
    assert "".join(capsys.readouterr()).count("talk.mode") == 1
