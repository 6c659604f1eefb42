"""A question with pauses, through real speech to text, a real server and a real voice."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest
import soundfile
import soxr

from app.core.ports import SAMPLE_RATE, Audio
from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import json_events, run_parley, saved_turns, write_settings

FRANCE = "what is the capital of france"
SPAIN = "and what is the capital of spain"
REPLY = "The capital of France is Paris. It is a big city with many people in it."

LONG_PAUSE_S = 2.5
"""On a busy computer too, everything said before it is understood by its end."""


@pytest.fixture
def ask(tmp_path):
    """Speak a question into `ask --wav`; its events, and what the server was asked."""
    if shutil.which("flite") is None:
        pytest.skip("needs flite to speak")

    def ask(*pieces: Audio):
        recording, profile = tmp_path / "question.wav", tmp_path / "p"
        soundfile.write(recording, np.concatenate(pieces), SAMPLE_RATE)
        with OllamaServer(text=REPLY) as server:
            write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
            done = run_parley(
                "ask", "--wav", recording, "--json", "--out", tmp_path / "r.wav", profile=profile
            )
            assert done.returncode == 0, done.stderr
            asked = [chat.body["messages"][-1]["content"] for chat in server.questions]
        return json_events(done), asked, saved_turns(profile)

    return ask


def spoken(text: str, path) -> Audio:
    subprocess.run(["flite", "-voice", "slt", "-t", text, "-o", path], check=True)
    audio, rate = soundfile.read(path, dtype="float32")
    return soxr.resample(audio, rate, SAMPLE_RATE).astype(np.float32)


def pause(seconds: float) -> Audio:
    noise = np.random.default_rng(1).normal(0, 1e-4, int(seconds * SAMPLE_RATE))
    return noise.astype(np.float32)


def kinds(events):
    return [event["event"] for event in events]


def test_the_reply_is_begun_in_the_pause_before_the_key_comes_up(ask, tmp_path):
    events, asked, turns = ask(pause(0.4), spoken(FRANCE, tmp_path / "f.wav"), pause(LONG_PAUSE_S))
    order = kinds(events)
    assert order.index("DraftStarted") < order.index("FinishListening")
    assert order.index("ClauseDrafted") < order.index("FinishListening")
    assert order.index("FinishListening") < order.index("ReplyDelta"), "nothing before the key-up"
    (ended,) = [event for event in events if event["event"] == "DraftEnded"]
    assert ended["kept"]
    assert asked == [FRANCE], "the server was asked once"
    assert events[-1]["reply"] == REPLY
    (turn,) = turns
    assert (turn.transcript, turn.reply_heard) == (FRANCE, REPLY)


def test_a_question_that_goes_on_after_a_pause_leaves_no_trace_of_the_draft(ask, tmp_path):
    events, asked, turns = ask(
        pause(0.4),
        spoken(FRANCE, tmp_path / "f.wav"),
        pause(LONG_PAUSE_S),
        spoken(SPAIN, tmp_path / "s.wav"),
        pause(0.1),
    )
    whole = events[-1]["transcript"]
    assert whole.startswith(FRANCE)
    assert whole != FRANCE
    assert asked[0] == FRANCE
    assert asked[-1] == whole
    drafts = [event for event in events if event["event"] == "DraftEnded"]
    assert drafts
    assert not drafts[0]["kept"]
    assert kinds(events).index("FinishListening") < kinds(events).index("ReplyDelta")
    (turn,) = turns
    assert (turn.transcript, turn.reply_heard) == (whole, REPLY)
