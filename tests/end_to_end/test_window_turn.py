"""The real window, a key held down, a voice at the microphone, an ear at the loudspeaker."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.support.ollama_server import OllamaServer
from tests.support.parley_process import saved_turns
from tests.support.reference_voice import reference_voice
from tests.support.sound_compare import last_sound_s, share_found
from tests.support.virtual_sound import RATE

ANSWER = "The capital of France is Paris. It lies on the river Seine."
LONG_ANSWER = " ".join(f"This is sentence number {n} of a long story." for n in range(30))


@pytest.fixture
def answer() -> str:
    return ANSWER


@pytest.fixture
def ollama(answer) -> Iterator[OllamaServer]:
    with OllamaServer(text=answer, words_per_second=30) as server:
        yield server


@pytest.fixture
def settings_text(ollama) -> str:
    # "rich", because the long answer is longer than the other modes let a reply be
    return f'[llm]\nmode = "rich"\n[llm.ollama]\nhost = "{ollama.url}"\n'


def talk(virtual_sound, virtual_screen, recording) -> None:
    """Hold the space bar while somebody speaks."""
    virtual_screen.xdotool("keydown", "space")
    virtual_sound.say(recording).wait()
    virtual_screen.xdotool("keyup", "space")


def test_a_question_is_heard_answered_and_saved(
    parley, ollama, virtual_sound, virtual_screen, spoken, tmp_path
):
    question = "what is the capital of france"
    with virtual_sound.record() as loudspeaker:
        talk(virtual_sound, virtual_screen, spoken(question))
        turn = parley.wait_for_turn(lambda row: row.outcome == "replied")
    assert turn.transcript == question
    assert turn.reply_generated == ANSWER
    assert turn.reply_heard == ANSWER
    assert turn.source == "voice"
    assert {stage: engine.name for stage, engine in turn.engines.items()} == {
        "stt": "pocketsphinx",
        "llm": "ollama",
        "tts": "espeak",
    }
    assert 0 < turn.spans["voice_to_voice"] < 10_000
    assert ollama.questions[-1].body["messages"][-1] == {"role": "user", "content": question}
    clauses, rate = reference_voice(ANSWER, tmp_path)
    assert len(clauses) == 2
    for voice in clauses:
        assert share_found(voice, rate, loudspeaker.samples, RATE) > 0.8


@pytest.mark.parametrize("answer", [LONG_ANSWER])
def test_the_key_silences_a_reply_and_history_holds_what_was_heard(
    parley, ollama, virtual_sound, virtual_screen, spoken
):
    with virtual_sound.record() as loudspeaker:
        talk(virtual_sound, virtual_screen, spoken("tell me a long story"))
        parley.wait_until(
            lambda: last_sound_s(loudspeaker.samples, RATE) > 0, "the voice to begin", 30
        )
        time.sleep(4.0)
        pressed_at = time.perf_counter()
        virtual_screen.xdotool("keydown", "space")
        time.sleep(0.6)
        virtual_screen.xdotool("keyup", "space")
        turn = parley.wait_for_turn(lambda row: row.outcome == "interrupted")
    spoken_on_s = last_sound_s(loudspeaker.samples, RATE) - loudspeaker.index_at(pressed_at) / RATE
    assert spoken_on_s < 0.5, f"still speaking {spoken_on_s:.2f} s after the key"
    assert LONG_ANSWER.startswith(turn.reply_heard)
    assert 20 < len(turn.reply_heard) < 0.5 * len(LONG_ANSWER)
    assert ollama.questions[-1].disconnected_at is not None


def test_a_crash_in_the_middle_of_a_turn_loses_nothing_that_was_saved(
    parley, virtual_sound, virtual_screen, spoken, tmp_path
):
    talk(virtual_sound, virtual_screen, spoken("what is the capital of france"))
    parley.wait_for_turn(lambda row: row.outcome == "replied")
    talk(virtual_sound, virtual_screen, spoken("how many kilometers is five miles"))
    parley.wait_until(lambda: len(saved_turns(tmp_path)) == 2, "the second transcript", 30)
    parley.kill()
    first, second = saved_turns(tmp_path)
    assert first.reply_heard == ANSWER
    assert second.transcript == "how many kilometers is five miles"


def test_another_voice_is_not_taken_for_the_reply(tmp_path):
    clauses, rate = reference_voice("It is twenty past four. Bananas grow in bunches.", tmp_path)
    assert share_found(clauses[1], rate, clauses[0], rate) < 0.5
    assert share_found(clauses[0], rate, clauses[0], rate) == 1.0
