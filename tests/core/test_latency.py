"""Spans from events with known stamps."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from app.core.events import (
    Event,
    FinalTranscript,
    LevelMeasured,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    SpeechSynthesized,
    StageStarted,
    StartListening,
    TurnStarted,
    UtteranceEnded,
)
from app.core.latency import KEPT_TURNS, SPANS, LatencyObserver, Mark
from app.core.ports import Engine, Stage, Transcript
from app.core.turn import Turn
from tests.fakes import so_far

WAIT = {
    "stt_tail": 120.0,
    "llm_queue": 2.0,
    "ttft": 75.0,
    "first_clause": 40.0,
    "ttfa": 55.0,
    "first_audible": 18.0,
}
"""The parts of `voice_turn`, in milliseconds."""


def stage(turn_id: int, at: float, kind: Stage = Stage.LLM) -> StageStarted:
    return StageStarted(turn_id=turn_id, at=at, stage=kind, engine=Engine(kind, "x", "y"))


def answer(turn_id: int, asked_at: float) -> list[Event]:
    """What follows a transcript or a request at `asked_at`: the last five parts of `WAIT`."""
    return [
        stage(turn_id, asked_at + 0.002),
        ReplyDelta(turn_id=turn_id, at=asked_at + 0.077, text="It"),
        ReplyDelta(turn_id=turn_id, at=asked_at + 0.090, text=" is five."),
        SentenceReady(turn_id=turn_id, at=asked_at + 0.117, index=0, text="It is five."),
        stage(turn_id, asked_at + 0.118, Stage.TTS),
        SpeechSynthesized(
            turn_id=turn_id,
            at=asked_at + 0.300,
            index=0,
            duration_s=0.8,
            first_audio_at=asked_at + 0.172,
        ),
        SentenceReady(turn_id=turn_id, at=asked_at + 0.180, index=1, text=" Good day."),
        PlaybackStarted(turn_id=turn_id, at=asked_at + 0.173, audible_at=asked_at + 0.190),
        ReplyEnded(turn_id=turn_id, at=asked_at + 0.182, text="It is five. Good day.", clauses=2),
        SpeechSynthesized(
            turn_id=turn_id,
            at=asked_at + 0.500,
            index=1,
            duration_s=0.5,
            first_audio_at=asked_at + 0.400,
        ),
    ]


def voice_turn(turn_id: int, key_up: float) -> list[Event]:
    turn = Turn(turn_id, "voice")
    return [
        TurnStarted(turn_id=turn_id, at=key_up - 2.5, source="voice"),
        LevelMeasured(turn_id=turn_id, at=key_up - 2.0, level=0.3),
        PartialTranscript(turn_id=turn_id, at=key_up - 1.0, partial=so_far("what")),
        UtteranceEnded(
            turn_id=turn_id,
            at=key_up + 0.065,
            turn=turn,
            released_at=key_up,
            speech_ended_at=key_up - 0.2,
            duration_s=2.8,
            verdict="speech",
        ),
        stage(turn_id, key_up + 0.066, Stage.STT),
        FinalTranscript(
            turn_id=turn_id, at=key_up + 0.120, transcript=Transcript("what time is it", "en")
        ),
        *answer(turn_id, key_up + 0.120),
        PlaybackEnded(turn_id=turn_id, at=key_up + 2.0, heard="It is five.", complete=True),
    ]


def text_turn(turn_id: int, request: float) -> list[Event]:
    return [
        TurnStarted(turn_id=turn_id, at=request, source="text"),
        *answer(turn_id, request),
    ]


def observed(*events: Event) -> LatencyObserver:
    observer = LatencyObserver()
    for event in events:
        observer.observe(event)
    return observer


def test_every_span_of_a_voice_turn() -> None:
    spans = observed(*voice_turn(1, 50.0)).spans(1)
    assert spans == pytest.approx(
        {
            "capture": 2500.0,
            "endpoint": 65.0,
            **WAIT,
            "reply": 180.0,
            "voice_to_voice": 310.0,
        }
    )
    assert list(spans) == [kind.name for kind in SPANS if kind.name in spans], "in table order"


def test_every_span_of_a_typed_turn() -> None:
    spans = observed(*text_turn(1, 50.0)).spans(1)
    parts = {name: ms for name, ms in WAIT.items() if name != "stt_tail"}
    assert spans == pytest.approx({**parts, "reply": 180.0, "request_to_voice": 190.0})


def test_the_parts_are_the_whole_wait() -> None:
    parts = {kind.name for kind in SPANS if kind.part}
    for events, total in (
        (voice_turn(1, 7.0), "voice_to_voice"),
        (text_turn(1, 7.0), "request_to_voice"),
    ):
        spans = observed(*events).spans(1)
        assert sum(ms for name, ms in spans.items() if name in parts) == pytest.approx(spans[total])


def test_waterfall_has_no_gap_and_begins_at_key_up() -> None:
    bars = observed(*voice_turn(1, 7.0)).waterfall(1)
    assert [bar.name for bar in bars] == list(WAIT)
    assert bars[0].start_ms == 0
    for bar, following in pairwise(bars):
        assert bar.start_ms + bar.duration_ms == pytest.approx(following.start_ms)
    assert bars[-1].start_ms + bars[-1].duration_ms == pytest.approx(310.0)


def test_waterfall_of_a_typed_turn_begins_at_the_request() -> None:
    bars = observed(*text_turn(1, 7.0)).waterfall(1)
    assert bars[0] == ("llm_queue", 0.0, pytest.approx(2.0))
    assert bars[-1].start_ms + bars[-1].duration_ms == pytest.approx(190.0)


def test_a_turn_that_was_not_heard_has_no_reply_spans() -> None:
    spans = observed(*voice_turn(1, 7.0)[:4]).spans(1)
    assert set(spans) == {"capture", "endpoint"}


def test_a_missing_event_leaves_out_its_spans_only() -> None:
    events = [event for event in voice_turn(1, 7.0) if not isinstance(event, SentenceReady)]
    observer = observed(*events)
    spans = observer.spans(1)
    assert "first_clause" not in spans
    assert "ttfa" not in spans
    assert spans["ttft"] == pytest.approx(75.0)
    assert spans["voice_to_voice"] == pytest.approx(310.0)
    assert [bar.name for bar in observer.waterfall(1)] == [
        "stt_tail",
        "llm_queue",
        "ttft",
        "first_audible",
    ]


def test_an_engine_that_failed_before_another_answered_is_part_of_the_wait() -> None:
    observer = observed(
        *text_turn(1, 10.0)[:1],
        stage(1, 10.001),
        stage(1, 12.0),
        ReplyDelta(turn_id=1, at=12.1, text="a"),
    )
    assert observer.spans(1)["ttft"] == pytest.approx(2099.0)


def test_a_turn_parley_began_by_itself_has_no_wait() -> None:
    timer = [
        TurnStarted(turn_id=1, at=7.0, source="timer"),
        SentenceReady(turn_id=1, at=7.001, index=0, text="Tea is ready."),
        PlaybackStarted(turn_id=1, at=7.1, audible_at=7.1),
    ]
    observer = observed(*timer)
    assert observer.spans(1) == {}
    assert observer.waterfall(1) == []


def test_unknown_turn_has_nothing() -> None:
    observer = observed(*voice_turn(1, 7.0))
    assert observer.spans(2) == {}
    assert observer.waterfall(2) == []


def test_events_of_no_turn_are_let_through() -> None:
    observer = observed(StartListening(at=1.0), stage(0, 1.5), ReplyDelta(at=2.0, text="a"))
    assert observer.spans(0) == {}


@pytest.mark.parametrize("seed", range(20))
def test_turns_do_not_mix_and_order_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    turns = {
        number: (voice_turn if chance.random() < 0.6 else text_turn)(
            number, chance.uniform(0, 1000)
        )
        for number in range(1, 9)
    }
    alone = {number: observed(*events).spans(number) for number, events in turns.items()}
    shuffled = [event for events in turns.values() for event in events]
    chance.shuffle(shuffled)
    together = observed(*shuffled)
    for number, spans in alone.items():
        assert together.spans(number) == spans


def test_forget() -> None:
    observer = observed(*voice_turn(1, 7.0), *voice_turn(2, 9.0))
    observer.forget(1)
    observer.forget(1)
    assert observer.spans(1) == {}
    assert "voice_to_voice" in observer.spans(2)


def test_turns_nobody_forgets_do_not_pile_up() -> None:
    observer = LatencyObserver()
    for number in range(1, KEPT_TURNS + 11):
        observer.observe(TurnStarted(turn_id=number, at=1.0 * number, source="text"))
        observer.observe(stage(number, number + 0.5))
    assert observer.spans(10) == {}
    assert observer.spans(11) == {"llm_queue": 500.0}
    assert observer.spans(KEPT_TURNS + 10) == {"llm_queue": 500.0}


def test_the_table_is_one_chain_with_unique_names_and_labels() -> None:
    assert len({kind.name for kind in SPANS}) == len(SPANS)
    assert len({kind.label for kind in SPANS}) == len(SPANS)
    chain = [kind for kind in SPANS if kind.part]
    for kind, following in pairwise(chain):
        assert kind.end in following.starts, f"{following.name} does not follow {kind.name}"
    assert chain[0].starts == (Mark.KEY_UP,)
    assert chain[-1].end == Mark.AUDIBLE
