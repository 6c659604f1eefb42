"""`parley ask`, as a process: words or a recording in, a voice and a table out."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
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
    assert kinds[0] == "EngineReady", "before the turn already"
    assert kinds.count("TurnEnded") == 1
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
    profile = tmp_path / "p"
    with OllamaServer(text="Thank you for watching.") as server:
        write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley("ask", "--wav", path, "--json", "--fast", profile=profile)
        sent = [message for chat in server.chats for message in chat.body["messages"]]
        assert all(message["role"] == "system" for message in sent), "at most a prefill"
    assert done.returncode == 2
    events = json_events(done)
    assert events[-1]["outcome"] == "unheard"
    kinds = {event["event"] for event in events}
    assert not kinds & {"ReplyDelta", "SentenceReady", "ReplyEnded", "PlaybackStarted"}
    started = {event["stage"] for event in events if event["event"] == "StageStarted"}
    assert not started & {"llm", "tts"}
    assert saved_turns(profile) == []


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
    write_settings(profile, "[talk]\nmode = 'sideways'\n[llm]\norder = []\n")
    done = run_parley("ask", "what is 2 plus 3", "--out", tmp_path / "r.wav", profile=profile)
    assert done.returncode == 0
    assert "talk.mode" in done.stderr
    assert re.search(r"\b5\b", done.stdout)


def test_a_model_that_is_still_loading_holds_up_no_question_for_the_skills(tmp_path):
    profile = tmp_path / "p"
    with OllamaServer(load_s=60.0) as server:
        write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley(
            "ask", "what is 2 plus 3", "--out", tmp_path / "r.wav", profile=profile, timeout_s=40
        )
    assert done.returncode == 0
    assert re.search(r"\b5\b", done.stdout)


def test_the_load_of_a_cold_model_is_part_of_the_turn(tmp_path):
    profile = tmp_path / "p"
    with OllamaServer(text="The capital of France is Paris.", load_s=4.0) as server:
        write_settings(profile, f'[llm.ollama]\nhost = "{server.url}"\n')
        done = run_parley(
            "ask", "what is the capital of France", "--out", tmp_path / "r.wav", profile=profile
        )
    assert "The capital of France is Paris." in done.stdout
    assert done.returncode == 0


def test_a_speech_engine_that_cannot_load_is_said_and_nothing_hangs(tmp_path):
    profile = tmp_path / "p"
    write_settings(profile, '[stt.pocketsphinx]\nmodel = "/nonexistent"\n[llm]\norder = []\n')
    reply = tmp_path / "r.wav"
    typed = run_parley("ask", "what is 2 plus 3", "--out", reply, profile=profile, timeout_s=40)
    assert typed.returncode == 0, typed.stderr
    assert re.search(r"\b5\b", typed.stdout)
    spoken = run_parley("ask", "--wav", SAMPLE, "--out", reply, profile=profile, timeout_s=40)
    assert spoken.returncode == 1
    assert "/nonexistent" in spoken.stderr


def test_a_reader_that_goes_away_is_no_crash(tmp_path):
    process = ask_process(tmp_path, "what is 2 plus 3", "--json")
    with process:
        assert json.loads(process.stdout.readline())["event"] == "EngineReady"
        process.stdout.close()
        assert process.wait(40) == 128 + 13
        assert process.stderr.read() == ""


def test_bytes_that_are_no_text_are_shown_as_such(tmp_path):
    question = os.fsdecode(b"what is \xff")
    done = run_parley(
        "ask", question, "--json", "--out", tmp_path / "r.wav", profile=tmp_path / "p"
    )
    assert "Traceback" not in done.stderr
    assert json_events(done)[-1]["transcript"] == "what is \ufffd"
    path = os.fsdecode(b"\xff.wav")
    missing = run_parley("ask", "--wav", path, profile=tmp_path / "p")
    assert missing.returncode == 2
    assert "\\udcff.wav" in missing.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_turn_ends_at_once_and_is_kept(tmp_path, number):
    with OllamaServer(text="one two three", first_token_s=60.0) as server:
        write_settings(tmp_path / "p", f'[llm.ollama]\nhost = "{server.url}"\n')
        with ask_process(tmp_path, "tell me about numbers", "--json") as process:
            while json.loads(process.stdout.readline())["event"] != "StageStarted":
                pass
            process.send_signal(number)
            assert process.wait(10) == 128 + number
            assert process.stderr.read() == ""
    assert saved_turns(tmp_path / "p")[-1].outcome == "interrupted"


def test_a_reply_that_cannot_be_written_is_refused_before_the_turn(tmp_path):
    done = run_parley(
        "ask", "what is 2 plus 3", "--out", tmp_path / "no" / "r.wav", profile=tmp_path / "p"
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert "r.wav cannot be written" in done.stderr
    assert saved_turns(tmp_path / "p") == []


def test_a_recording_that_is_too_long_is_said_to_be_cut(tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(5 * 8_000, np.float32), 8_000)
    profile = tmp_path / "p"
    write_settings(profile, "[talk]\nmax_utterance_s = 2\n[llm]\norder = []\n")
    done = run_parley("ask", "--wav", path, "--fast", profile=profile)
    assert "Only the first 2 seconds of long.wav" in done.stderr
    assert done.returncode == 2


STUCK = """
import sys, time
from app.commandline import main
from app.providers import registry
from app.workers import threads

class Stuck(registry.STT["pocketsphinx"]):
    def load(self):
        time.sleep(600)  # as a library that never returns

registry.STT["pocketsphinx"] = Stuck
threads.LONGEST_STOP_S = 0.5
sys.exit(main(sys.argv[1:]))
"""


def test_a_thread_stuck_in_a_library_ends_with_the_process(tmp_path):
    write_settings(tmp_path / "p", "[llm]\norder = []\n")
    command = ["ask", "what is 2 plus 3", "--out", str(tmp_path / "r.wav")]
    done = subprocess.run(
        [sys.executable, "-c", STUCK, "--profile", str(tmp_path / "p"), *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\b5\b", done.stdout)
    assert (tmp_path / "r.wav").stat().st_size > 10_000
    assert "QThread" not in done.stderr


def ask_process(folder, *words):
    """`parley ask` while it runs, with pipes to read; started as from a terminal."""
    command = ["--profile", str(folder / "p"), "ask", *words, "--out", str(folder / "r.wav")]
    return subprocess.Popen(
        [sys.executable, "main.py", *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_nothing_is_left_or_sent_outside_the_profile(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    done = run_parley(
        "ask",
        "--wav",
        SAMPLE,
        "--fast",
        "--out",
        tmp_path / "r.wav",
        profile=tmp_path / "p",
        env={
            "HOME": str(home),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "ORT_DISABLE_TELEMETRY": "",
        },
    )
    assert done.returncode == 0, done.stderr
    assert [str(path) for path in home.rglob("*") if path.is_file()] == []
