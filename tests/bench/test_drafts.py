"""What working ahead was worth."""

from __future__ import annotations

from app.bench.drafts import DraftTally
from app.core.events import DraftEnded, DraftStarted, Event, PrefillEnded, PrefillStarted
from app.core.ports import Engine, Stage

ENGINE = Engine(Stage.LLM, "ollama", "phi3:mini")


def after(*events: Event) -> DraftTally:
    tally = DraftTally()
    for event in events:
        tally.observe(event)
    return tally


def draft(number: int, *, kept: bool, tokens: int, gained_ms: float = 0.0) -> tuple[Event, Event]:
    return (
        DraftStarted(turn_id=1, draft=number, engine=ENGINE),
        DraftEnded(turn_id=1, draft=number, kept=kept, gained_ms=gained_ms, tokens=tokens),
    )


def test_only_what_was_dropped_is_wasted_and_only_what_was_kept_gained() -> None:
    tally = after(
        PrefillStarted(turn_id=1, engine=ENGINE),
        PrefillEnded(turn_id=1, engine=ENGINE, ms=80.0),
        *draft(1, kept=False, tokens=7),
        *draft(2, kept=True, tokens=5, gained_ms=120.0),
        *draft(3, kept=True, tokens=9, gained_ms=160.0),
        PrefillStarted(turn_id=2, engine=ENGINE),
    )
    assert tally.as_data() == {
        "started": 3,
        "kept": 2,
        "hit_rate": 2 / 3,
        "wasted_tokens": 7,
        "gained_ms": [120.0, 160.0],
        "prefills": 2,
        "prefills_ended": 1,
    }
    assert tally.in_words(2) == (
        "Read ahead 2 times in 2 turns; of 3 replies begun on trial 2 were kept, 140 ms gained "
        "each (median), 7 tokens wasted."
    )


def test_without_drafts_there_is_no_hit_rate() -> None:
    assert DraftTally().as_data()["hit_rate"] is None
    assert DraftTally().in_words(3) == "Nothing was done ahead."
    assert "no reply was begun" in after(PrefillStarted(turn_id=1, engine=ENGINE)).in_words(1)
