"""The window comes, comes again when it is asked for, and goes whatever it is doing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import ROOT, ParleyProcess, saved_turns
from tests.support.sound_compare import last_sound_s
from tests.support.virtual_sound import RATE

LONG_ANSWER = " ".join(f"This is sentence number {n} of a long story." for n in range(30))
QUIT_S = 5.0


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(text=LONG_ANSWER, words_per_second=10, first_token_s=2.0) as server:
        yield server


@pytest.mark.parametrize("doing", ["listening", "thinking", "speaking"])
@pytest.mark.parametrize("way", ["SIGTERM", "close"])
def test_a_quit_in_the_middle_is_quick_and_clean(
    parley, virtual_sound, virtual_screen, spoken, tmp_path, doing, way
):
    question = spoken("what is the capital of france")
    try:
        virtual_screen.xdotool("keydown", "space")
        saying = virtual_sound.say(question)
        if doing == "listening":
            time.sleep(0.7)
        else:
            saying.wait()
            virtual_screen.xdotool("keyup", "space")
            parley.wait_until(lambda: saved_turns(tmp_path), "the question", 30)
        if doing == "speaking":
            with virtual_sound.record() as loudspeaker:
                parley.wait_until(
                    lambda: last_sound_s(loudspeaker.samples, RATE) > 0, "the voice", 30
                )
        started_at = time.monotonic()
        if way == "close":
            virtual_screen.xdotool("key", "alt+F4")
            parley.wait_to_end(10)
        code = parley.quit()
    finally:
        virtual_screen.xdotool("keyup", "space")
    assert code == 0
    assert time.monotonic() - started_at < QUIT_S
    assert parley.output() == ""
    assert " ERROR " not in parley.log
    if doing == "listening":
        assert saved_turns(tmp_path) == []
    else:
        (turn,) = saved_turns(tmp_path)
        assert turn.transcript == "what is the capital of france"
        assert turn.outcome == "interrupted"
        assert LONG_ANSWER.startswith(turn.reply_heard)


def test_a_second_start_shows_the_first_window_and_ends(
    parley, virtual_sound, virtual_screen, tmp_path
):
    (window,) = virtual_screen.xdotool("search", "--onlyvisible", "--name", "^Parley").split()
    virtual_screen.xdotool("windowminimize", window)
    parley.wait_until(lambda: not virtual_screen.has_window(), "the window to go", 10)
    second = ParleyProcess(tmp_path, {**virtual_sound.env, **virtual_screen.env})
    try:
        assert second.wait_to_end(20) == 0
    finally:
        second.kill()
    parley.wait_until(virtual_screen.has_window, "the window to come back", 10)
    assert parley.quit() == 0


EARLY = """
import os, signal, sys
from app.commandline import main
from app.commands import window

class Early(window.QuitSignals):
    def __init__(self, wish):
        super().__init__(wish)
        os.kill(os.getpid(), signal.SIGTERM)

window.QuitSignals = Early
sys.exit(main(["--profile", sys.argv[1]]))
"""


def test_a_signal_before_the_window_is_ready_is_not_lost(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", EARLY, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.DEVNULL,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
