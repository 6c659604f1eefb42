"""Spans from events with known stamps."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from app.core.events import (
    ClauseDrafted,
    DraftEnded,
    DraftStarted,
    Event,
    FinalTranscript,
    LevelMeasured,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    PrefillEnded,
    PrefillStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    SpeechSynthesized,
    StageStarted,
    StartListening,
    TurnStarted,
    UtteranceEnded,
)
from app.core.latency import KEPT_TURNS, SPANS, LatencyObserver, Mark, Span, timeline
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


def parts_of(observer: LatencyObserver) -> list[Span]:
    parts = {kind.name for kind in SPANS if kind.part}
    spans = timeline(observer.spans(1), observer.starts(1))
    return [span for span in spans if span.name in parts]


def test_the_parts_follow_one_another_from_key_up_to_the_first_sound() -> None:
    parts = parts_of(observed(*voice_turn(1, 7.0)))
    assert [part.name for part in parts] == list(WAIT)
    assert parts[0].start_ms == 0
    for part, following in pairwise(parts):
        assert part.end_ms == pytest.approx(following.start_ms)
    assert parts[-1].end_ms == pytest.approx(310.0)


def test_in_a_typed_turn_they_begin_at_the_request() -> None:
    parts = parts_of(observed(*text_turn(1, 7.0)))
    assert parts[0] == Span("llm_queue", 0.0, pytest.approx(2.0))
    assert parts[-1].end_ms == pytest.approx(190.0)


def test_what_came_before_key_up_lies_before_zero() -> None:
    starts = observed(*voice_turn(1, 7.0)).starts(1)
    assert starts["capture"] == pytest.approx(-2500.0)
    assert starts["endpoint"] == starts["stt_tail"] == starts["voice_to_voice"] == 0.0
    assert starts["reply"] == pytest.approx(122.0)


@pytest.mark.parametrize("make", [voice_turn, text_turn])
def test_a_turn_that_was_kept_without_places_gets_them_back(
    make: Callable[[int, float], list[Event]],
) -> None:
    observer = observed(*make(1, 7.0))
    kept = timeline(observer.spans(1), observer.starts(1))
    found = timeline(observer.spans(1), {})
    assert [span.name for span in found] == [span.name for span in kept]
    for one, other in zip(found, kept, strict=True):
        assert one.start_ms == pytest.approx(other.start_ms, abs=1e-6)


# --- what was done ahead --------------------------------------------------------------------

MODEL = Engine(Stage.LLM, "x", "y")


def ahead(turn_id: int, key_up: float) -> list[Event]:
    """Two prefills, a draft that was dropped and one that is kept at the transcript."""
    return [
        PrefillStarted(turn_id=turn_id, at=key_up - 2.4, engine=MODEL),
        PrefillEnded(turn_id=turn_id, at=key_up - 2.2, engine=MODEL, ms=200.0),
        PrefillStarted(turn_id=turn_id, at=key_up - 1.5, engine=MODEL),
        PrefillEnded(turn_id=turn_id, at=key_up - 1.4, engine=MODEL, ms=100.0),
        DraftStarted(turn_id=turn_id, at=key_up - 1.2, draft=1, engine=MODEL),
        ClauseDrafted(turn_id=turn_id, at=key_up - 1.0, draft=1, text="No."),
        DraftEnded(turn_id=turn_id, at=key_up - 0.9, draft=1, kept=False, gained_ms=0.0, tokens=3),
        DraftStarted(turn_id=turn_id, at=key_up - 0.3, draft=2, engine=MODEL),
        ClauseDrafted(turn_id=turn_id, at=key_up - 0.1, draft=2, text="Yes."),
        DraftEnded(
            turn_id=turn_id, at=key_up + 0.121, draft=2, kept=True, gained_ms=200.0, tokens=9
        ),
    ]


def test_a_kept_draft_and_the_prefills_are_drawn_where_they_happened() -> None:
    observer = observed(*voice_turn(1, 7.0), *ahead(1, 7.0))
    spans = {span.name: span for span in timeline(observer.spans(1), observer.starts(1))}
    assert spans["prefill"].start_ms == pytest.approx(-2400.0)
    assert spans["prefill"].end_ms == pytest.approx(-1400.0)
    assert spans["draft"].start_ms == pytest.approx(-300.0)
    assert spans["draft"].end_ms == pytest.approx(-100.0)


def test_a_draft_that_was_kept_unfinished_ends_there() -> None:
    unfinished = [event for event in ahead(1, 7.0) if not isinstance(event, ClauseDrafted)]
    observer = observed(*voice_turn(1, 7.0), *unfinished)
    assert observer.starts(1)["draft"] + observer.spans(1)["draft"] == pytest.approx(121.0)


def turn_with_work_ahead(turn_id: int, key_up: float) -> list[Event]:
    return [*voice_turn(turn_id, key_up), *ahead(turn_id, key_up)]


def test_dropped_drafts_leave_no_trace() -> None:
    observer = observed(*voice_turn(1, 7.0), *ahead(1, 7.0)[4:7])
    assert "draft" not in observer.spans(1)


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
    assert [part.name for part in parts_of(observer)] == [
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
    assert observer.starts(1) == {}


def test_unknown_turn_has_nothing() -> None:
    observer = observed(*voice_turn(1, 7.0))
    assert observer.spans(2) == {}
    assert observer.starts(2) == {}


def test_events_of_no_turn_are_let_through() -> None:
    observer = observed(StartListening(at=1.0), stage(0, 1.5), ReplyDelta(at=2.0, text="a"))
    assert observer.spans(0) == {}


@pytest.mark.parametrize("seed", range(20))
def test_turns_do_not_mix_and_order_does_not_matter(seed: int) -> None:
    chance = random.Random(seed)
    turns = {
        number: chance.choice((voice_turn, text_turn, turn_with_work_ahead))(
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
