"""`parley ask`, as a process: words or a recording in, a voice and a table out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import soundfile
import soxr

from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import ROOT, json_events, run_parley, saved_turns, write_settings

SAMPLE = ROOT / "resources" / "samples" / "what_time_is_it_in_paris.wav"


def says_the_time(text: str, zone: str) -> bool:
    """Whether the text names the time in that zone, give or take the minute it took."""
    now = datetime.now(ZoneInfo(zone))
    return any(
        (now + timedelta(minutes=offset)).strftime("%-I:%M %p") in text for offset in (-2, -1, 0, 1)
    )


@pytest.mark.parametrize(
    ("rate", "channels", "subtype"),
    [
        (8_000, 1, "PCM_16"),
        (16_000, 2, "PCM_24"),
        (44_100, 1, "PCM_32"),
        (44_100, 2, "PCM_16"),
        (48_000, 2, "PCM_24"),
    ],
)
def test_a_recording_of_any_kind_is_heard_and_answered(tmp_path, rate, channels, subtype):
    speech, original = soundfile.read(SAMPLE, dtype="float32")
    speech = soxr.resample(speech, original, rate)
    recording = tmp_path / "question.wav"
    soundfile.write(recording, np.stack([speech] * channels, axis=1), rate, subtype)
    reply = tmp_path / "reply.wav"
    done = run_parley("ask", "--wav", recording, "--fast", "--out", reply, profile=tmp_path / "p")
    assert done.returncode == 0, done.stderr
    assert "what time is it in paris" in done.stdout
    assert says_the_time(done.stdout, "Europe/Paris")
    voice, voice_rate = soundfile.read(reply)
    assert len(voice) / voice_rate > 1.0
    assert np.abs(voice).max() > 0.1


def test_the_events_are_lines_of_json_and_the_last_is_the_end(tmp_path):
    done = run_parley(
        "ask", "--wav", SAMPLE, "--json", "--out", tmp_path / "reply.wav", profile=tmp_path / "p"
    )
    assert done.returncode == 0, done.stderr
    events = json_events(done)
    kinds = [event["event"] for event in events]
    for kind in (
        "StartListening",
        "PartialTranscript",
        "FinalTranscript",
        "ReplyDelta",
        "SentenceReady",
        "PlaybackStarted",
        "PlaybackEnded",
    ):
        assert kind in kinds
    assert kinds.index("PartialTranscript") < kinds.index("FinishListening")
    ended = events[-1]
    assert ended["event"] == "TurnEnded"
    assert ended["turn"] == 1
    assert ended["outcome"] == "replied"
    assert ended["spans"]["voice_to_voice"] > 0
    assert {stage: engine["name"] for stage, engine in ended["engines"].items()} == {
        "stt": "pocketsphinx",
        "llm": "skills",
        "tts": "espeak",
    }
    stamps = [event["at_ms"] for event in events]
    assert all(isinstance(stamp, float) for stamp in stamps)


def test_a_typed_question_goes_to_the_model_and_into_history(tmp_path):
    profile = tmp_path / "p"
    with OllamaServer(text="The capital of France is Paris.") as server:
        write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley(
            "ask", "what is the capital of France", "--out", tmp_path / "r.wav", profile=profile
        )
    assert done.returncode == 0, done.stderr
    assert "The capital of France is Paris." in done.stdout
    turn = saved_turns(profile)[-1]
    assert (turn.transcript, turn.reply_heard) == (
        "what is the capital of France",
        "The capital of France is Paris.",
    )
    assert turn.outcome == "replied"
    listed = run_parley("history", "search", "capital", profile=profile)
    assert "France" in listed.stdout


@pytest.mark.parametrize(
    ("scenario", "outcome"),
    [
        ("dies", "failed"),
        ("no_done", "failed"),
        ("error_line", "failed"),
        ("404", "replied"),
        ("500", "replied"),
    ],
)
def test_a_server_that_fails_never_means_silence(tmp_path, scenario, outcome):
    profile = tmp_path / "p"
    with OllamaServer(text="one two three four five six seven") as server:
        server.scenario(scenario)
        write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley(
            "ask", "tell me about numbers", "--json", "--out", tmp_path / "r.wav", profile=profile
        )
    ended = json_events(done)[-1]
    assert ended["event"] == "TurnEnded"
    assert ended["outcome"] == outcome
    assert done.returncode == (0 if outcome == "replied" else 1)
    assert ended["heard"].strip()
    if outcome == "replied":
        assert ended["engines"]["llm"]["name"] == "skills"
        assert "language model" in ended["reply"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "no file"), (b"", "empty"), (b"this is no sound", "cannot")],
)
def test_a_file_that_cannot_be_heard_is_named(tmp_path, content, sentence):
    path = tmp_path / "question.wav"
    if content is not None:
        path.write_bytes(content)
    done = run_parley("ask", "--wav", path, profile=tmp_path / "p")
    assert done.returncode == 2
    assert "question.wav" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_no_question_is_said(tmp_path):
    done = run_parley("ask", profile=tmp_path / "p")
    assert done.returncode == 2
    assert "no question" in done.stderr


def test_silence_is_not_answered(tmp_path):
    path = tmp_path / "silence.wav"
    soundfile.write(path, np.zeros(16_000, np.float32), 16_000)
    done = run_parley("ask", "--wav", path, "--json", "--fast", profile=tmp_path / "p")
    assert done.returncode == 2
    events = json_events(done)
    assert events[-1]["outcome"] == "unheard"
    assert not any(event["event"] == "GenerateReply" for event in events)
    assert saved_turns(tmp_path / "p") == []


def test_two_profiles_never_meet(tmp_path):
    for name in ("a", "b"):
        run_parley(
            "ask",
            f"what is {len(name)} plus 1",
            "--out",
            tmp_path / "r.wav",
            profile=tmp_path / name,
        )
    assert len(saved_turns(tmp_path / "a")) == 1
    assert len(saved_turns(tmp_path / "b")) == 1


def test_a_broken_settings_file_costs_nothing_but_itself(tmp_path):
    profile = tmp_path / "p"
    write_settings(profile, "[talk]\nmode = 'sideways'\n[llm]\nprovider = 'skills'\n")
    done = run_parley("ask", "what is 2 plus 3", "--out", tmp_path / "r.wav", profile=profile)
    assert done.returncode == 0
    assert "talk.mode" in done.stderr
    assert re.search(r"\b5\b", done.stdout)
