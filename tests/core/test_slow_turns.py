"""Why a turn was slow."""

from __future__ import annotations

import pytest

from app.core.events import (
    ComputerMeasured,
    EngineAnswered,
    EngineMissing,
    Event,
    GenerateReply,
    LoadStarted,
    ModelWarmed,
    PlaybackEnded,
    ReplyDelta,
    SpeakClause,
    StageFailed,
    StageStarted,
    TurnStarted,
)
from app.core.figures import Cause
from app.core.latency import KEPT_TURNS
from app.core.ports import Engine, Stage
from app.core.slow_turns import (
    BUSY_SHARE,
    EXPLANATIONS,
    MEASURED_RECENTLY_S,
    SlowTurns,
    explanation,
)
from app.core.turn import Turn

WHISPER = Engine(Stage.STT, "whisper", "tiny")
OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", device="server")
GROQ = Engine(Stage.LLM, "groq", "llama", device="server", local=False)
VOICE = Engine(Stage.TTS, "vits", "eng")

QUICK = {
    "stt_tail": 90.0,
    "llm_queue": 2.0,
    "ttft": 80.0,
    "first_clause": 40.0,
    "ttfa": 70.0,
    "first_audible": 20.0,
}


def spans(**slow: float) -> dict[str, float]:
    parts = QUICK | slow
    return parts | {"voice_to_voice": sum(parts.values())}


def turn(
    number: int = 2,
    at: float = 100.0,
    *,
    model: Engine = OLLAMA,
    before_reply: tuple[Event, ...] = (),
    voice_waits_s: float = 0.0,
    underruns: int = 0,
) -> list[Event]:
    """A spoken turn, and what happens while its question waits for the model."""
    speaker = Turn(number, "voice")
    return [
        TurnStarted(turn_id=number, at=at, source="voice"),
        StageStarted(turn_id=number, at=at + 0.1, stage=Stage.STT, engine=WHISPER),
        GenerateReply(turn_id=number, at=at + 2.0, turn=speaker, messages=(), language="en"),
        StageStarted(turn_id=number, at=at + 2.0, stage=Stage.LLM, engine=model),
        *before_reply,
        ReplyDelta(turn_id=number, at=at + 3.0, text="Yes."),
        SpeakClause(turn_id=number, at=at + 3.0, turn=speaker, index=0, text="Yes.", language="en"),
        StageStarted(turn_id=number, at=at + 3.0 + voice_waits_s, stage=Stage.TTS, engine=VOICE),
        SpeakClause(turn_id=number, at=at + 3.1, turn=speaker, index=1, text="So.", language="en"),
        PlaybackEnded(
            turn_id=number, at=at + 5.0, heard="Yes.", complete=True, underruns=underruns
        ),
    ]


def watching(*events: Event, used_before: bool = True) -> SlowTurns:
    watch = SlowTurns()
    earlier = turn(1, 10.0) + turn(1, 20.0, model=GROQ) if used_before else []
    for event in (*earlier, *events):
        watch.observe(event)
    return watch


def test_a_turn_that_was_not_slow_has_no_cause() -> None:
    busy = ComputerMeasured(at=99.0, others_share=1.0)
    watch = watching(busy, *turn())
    assert watch.cause(2, spans()) == ""
    assert watch.cause(2, {"capture": 9000.0}) == "", "nothing was heard"
    assert watch.cause(2, {"voice_to_voice": 400.0}) == ""


@pytest.mark.parametrize(
    ("slow", "cause"),
    [
        ({"stt_tail": 900.0}, Cause.TRANSCRIPTION),
        ({"ttft": 900.0}, Cause.MODEL),
        ({"first_clause": 900.0}, Cause.MODEL),
        ({"ttfa": 900.0}, Cause.VOICE),
        ({"first_audible": 900.0}, Cause.LOUDSPEAKER),
        ({"llm_queue": 900.0}, Cause.QUEUE),
        ({"stt_tail": 300.0, "ttft": 170.0, "first_clause": 170.0}, Cause.MODEL),
    ],
)
def test_the_stage_that_took_the_longest(slow: dict[str, float], cause: Cause) -> None:
    assert watching(*turn()).cause(2, spans(**slow)) == cause


def test_a_typed_turn_is_judged_by_its_own_wait() -> None:
    typed = {"ttft": 900.0, "ttfa": 70.0, "request_to_voice": 970.0}
    assert watching(*turn()).cause(2, typed) == Cause.MODEL


def test_a_model_that_is_being_loaded_when_the_question_comes() -> None:
    loading = LoadStarted(at=101.0, engine=OLLAMA)
    assert watching(loading, *turn()).cause(2, spans(ttft=2000.0)) == Cause.COLD
    done = ModelWarmed(at=101.9, was_warm=False, load_ms=900.0, reason="key", engine=OLLAMA)
    in_time = watching(loading, done, *turn())
    assert in_time.cause(2, spans(ttft=2000.0)) == Cause.MODEL, "it was ready before the question"


def test_a_load_that_is_only_noticed_while_the_question_waits() -> None:
    warmed = ModelWarmed(at=102.9, was_warm=False, load_ms=900.0, reason="key", engine=OLLAMA)
    assert watching(*turn(before_reply=(warmed,))).cause(2, spans(ttft=900.0)) == Cause.COLD
    still_warm = ModelWarmed(at=102.9, was_warm=True, load_ms=0.0, reason="keepalive")
    watch = watching(*turn(before_reply=(still_warm,)))
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL


def test_a_load_that_failed_is_over() -> None:
    failed = EngineMissing(at=50.0, engine=OLLAMA, title="Ollama is not running.", hint="")
    watch = watching(LoadStarted(at=40.0, engine=OLLAMA), failed, *turn())
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL


def test_a_cold_model_is_no_excuse_for_a_slow_voice() -> None:
    watch = watching(LoadStarted(at=101.0, engine=OLLAMA), *turn())
    assert watch.cause(2, spans(ttfa=2000.0)) == Cause.VOICE


@pytest.mark.parametrize("slow", ["stt_tail", "ttft", "ttfa"])
def test_the_first_use_of_an_engine_is_cold(slow: str) -> None:
    watch = watching(*turn(), used_before=False)
    assert watch.cause(2, spans(**{slow: 900.0})) == Cause.COLD
    busy = ComputerMeasured(at=98.0, others_share=1.0)
    watch = watching(busy, *turn(), used_before=False)
    assert watch.cause(2, spans(**{slow: 900.0})) == Cause.BUSY, "that is known"


def test_a_stand_in_is_never_cold() -> None:
    skills = Engine(Stage.LLM, "skills", "", stand_in=True)
    watch = watching(*turn(model=skills), used_before=False)
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL


def test_another_engine_that_had_to_step_in() -> None:
    answered = EngineAnswered(turn_id=2, at=102.5, engine=GROQ, why="Ollama is not running.")
    watch = watching(*turn(before_reply=(answered,)))
    assert watch.cause(2, spans(ttft=900.0)) == Cause.FALL_BACK
    assert watch.cause(2, spans(stt_tail=900.0)) == Cause.TRANSCRIPTION
    broke = StageFailed(turn_id=2, stage="tts", title="", hint="", recovered_by="espeak")
    assert watching(*turn(), broke).cause(2, spans(ttfa=900.0)) == Cause.FALL_BACK
    lost = StageFailed(turn_id=2, stage="tts", title="", hint="")
    assert watching(*turn(), lost).cause(2, spans(ttfa=900.0)) == Cause.VOICE


def test_an_engine_that_was_busy_with_something_else() -> None:
    assert watching(*turn(voice_waits_s=0.6)).cause(2, spans(ttfa=900.0)) == Cause.QUEUE
    assert watching(*turn(voice_waits_s=0.2)).cause(2, spans(ttfa=900.0)) == Cause.VOICE


def test_other_programs_that_use_the_processors() -> None:
    busy = ComputerMeasured(at=98.0, others_share=BUSY_SHARE)
    watch = watching(busy, *turn())
    assert watch.cause(2, spans(stt_tail=900.0)) == Cause.BUSY
    assert watch.cause(2, spans(first_audible=900.0)) == Cause.LOUDSPEAKER
    calm = ComputerMeasured(at=98.0, others_share=BUSY_SHARE - 0.01)
    assert watching(calm, *turn()).cause(2, spans(stt_tail=900.0)) == Cause.TRANSCRIPTION
    old = ComputerMeasured(at=100.0 - MEASURED_RECENTLY_S - 1.0, others_share=1.0)
    assert watching(old, *turn()).cause(2, spans(stt_tail=900.0)) == Cause.TRANSCRIPTION


def test_a_busy_computer_does_not_slow_down_another_one() -> None:
    busy = ComputerMeasured(at=98.0, others_share=1.0)
    watch = watching(busy, *turn(model=GROQ))
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL


def test_a_loudspeaker_that_ran_dry() -> None:
    watch = watching(*turn(underruns=2))
    assert watch.cause(2, spans(ttfa=900.0)) == Cause.UNDERRUN
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL, "that was not the voice"


def test_a_turn_that_is_forgotten_keeps_nothing_and_many_do_not_pile_up() -> None:
    watch = watching(LoadStarted(at=101.0, engine=OLLAMA), *turn())
    watch.forget(2)
    assert watch.cause(2, spans(ttft=900.0)) == Cause.MODEL
    for number in range(10, 10 + 2 * KEPT_TURNS):
        watch.observe(TurnStarted(turn_id=number, source="voice"))
    assert len(watch._turns) == KEPT_TURNS


def test_every_cause_is_explained_with_a_next_step() -> None:
    assert set(EXPLANATIONS) == set(Cause)
    for said in EXPLANATIONS.values():
        assert said.what.endswith(".")
        assert said.next_step.endswith(".")
    assert explanation("something new").what
    assert explanation("").next_step == ""
