"""Parley as its packages are: neither torch nor transformers is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from app.core.ports import SAMPLE_RATE
from app.paths import Paths
from tests.support import tiny_whisper
from tests.support.parley_process import ROOT, json_events, run_parley, write_settings
from tests.support.tiny_chat_model import make_tiny_chat_model
from tests.support.tiny_vits import make_tiny_vits
from tests.support.tiny_whisper import QUESTION

ENVIRONMENT = {"PYTHONPATH": str(ROOT / "tests" / "support" / "without_torch")}

BUILT_IN = "The small built-in language model needs PyTorch, which this copy of Parley does not"


def run(*arguments: str | Path, profile: Path) -> subprocess.CompletedProcess[str]:
    """One command, which must not end with a traceback, on the screen or in the log."""
    done = run_parley(*arguments, profile=profile, env=ENVIRONMENT)
    log = Paths.under(profile).log_file
    written = log.read_text("utf-8") if log.exists() else ""
    for text in (done.stdout, done.stderr, written):
        assert "Traceback" not in text, text
    return done


@pytest.mark.parametrize("library", ["torch", "transformers"])
def test_the_libraries_are_not_there(library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {library}"], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert f"No module named '{library}'" in done.stderr


def test_doctor_finds_every_other_part(tmp_path: Path) -> None:
    done = run("doctor", profile=tmp_path)
    assert "language model (stand-in): skills" in done.stdout
    assert "speech to text (stand-in): pocketsphinx" in done.stdout
    assert "voice (stand-in): espeak" in done.stdout
    assert "could not be checked" not in done.stdout


def test_a_question_is_answered(tmp_path: Path) -> None:
    done = run("ask", "what time is it", "--out", tmp_path / "r.wav", profile=tmp_path / "p")
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "r.wav").duration > 0.5


def test_whisper_is_converted_and_hears_and_a_voice_speaks(tmp_path: Path) -> None:
    checkpoint = tiny_whisper.make_checkpoint(tmp_path / "acft-whisper-tiny")
    voice = make_tiny_vits(tmp_path / "voice")
    profile = tmp_path / "p"
    write_settings(
        profile,
        f"""
        [llm]
        order = []
        [stt.whisper]
        model = '{checkpoint}'
        [tts.vits]
        voices = {{ en = '{voice}' }}
        """,
    )
    fetched = run("fetch", "stt", profile=profile)
    assert fetched.returncode == 0, fetched.stderr
    assert "Ready: whisper" in fetched.stdout

    question = tmp_path / "question.wav"
    soundfile.write(question, QUESTION.audio, SAMPLE_RATE)
    reply = tmp_path / "reply.wav"
    done = run("ask", "--wav", question, "--fast", "--json", "--out", reply, profile=profile)
    assert done.returncode == 0, done.stderr
    events = json_events(done)
    (heard,) = [each for each in events if each["event"] == "FinalTranscript"]
    assert heard["transcript"]["text"] == QUESTION.text
    assert soundfile.info(reply).samplerate == 16_000, "the voice's, not the stand-in's"


@pytest.fixture(scope="module")
def with_a_chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A profile whose only language model is the built-in one, and is there."""
    root = tmp_path_factory.mktemp("built-in")
    model = make_tiny_chat_model(root / "model", trained=False)
    write_settings(root / "p", f"[llm]\norder = ['builtin']\n[llm.builtin]\nmodel = '{model}'\n")
    return root / "p"


def test_the_built_in_model_says_what_is_missing(with_a_chat_model: Path, tmp_path: Path) -> None:
    reply = str(tmp_path / "reply.wav")
    for done in (
        run("doctor", profile=with_a_chat_model),
        run("fetch", "llm", "builtin", profile=with_a_chat_model),
        run("ask", "who was Ada Lovelace", "--out", reply, profile=with_a_chat_model),
    ):
        assert BUILT_IN in done.stdout + done.stderr


def test_a_voice_on_the_gpu_says_what_is_missing(tmp_path: Path) -> None:
    voice = make_tiny_vits(tmp_path / "voice")
    write_settings(tmp_path / "p", f"[tts.vits]\ndevice = 'cuda'\nvoices = {{ en = '{voice}' }}\n")
    done = run("doctor", profile=tmp_path / "p")
    assert "A voice on the GPU needs PyTorch" in done.stdout
