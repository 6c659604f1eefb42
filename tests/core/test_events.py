"""Every event class there is keeps the rules that let it cross threads."""

from __future__ import annotations

import dataclasses
import inspect
import time
from types import MappingProxyType

import pytest

from app.core import events
from app.core.events import Command, Event, Intent

EVENT_CLASSES = [
    value
    for _, value in inspect.getmembers(events, inspect.isclass)
    if issubclass(value, Event) and value.__module__ == events.__name__
]


def test_the_walk_finds_events() -> None:
    assert len(EVENT_CLASSES) > 30
    assert {Intent, Command} < set(EVENT_CLASSES)


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_frozen_slotted_and_keyword_only(kind: type[Event]) -> None:
    params = kind.__dataclass_params__  # type: ignore[attr-defined]
    assert params.frozen
    assert "__slots__" in vars(kind), "slots=True is missing"
    assert all(field.kw_only for field in dataclasses.fields(kind))
    assert kind.__dataclass_fields__.keys() >= {"turn_id", "at"}


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_belongs_to_no_turn_unless_told(kind: type[Event]) -> None:
    fields = {field.name: field for field in dataclasses.fields(kind)}
    assert fields["turn_id"].default == 0
    assert fields["at"].default_factory is time.perf_counter


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_has_a_docstring_of_its_own(kind: type[Event]) -> None:
    doc = vars(kind).get("__doc__") or ""
    # without one, dataclass writes the signature
    assert doc, f"{kind.__name__} has no docstring"
    assert not doc.startswith(f"{kind.__name__}("), f"{kind.__name__} has no docstring"


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_no_field_can_be_changed_by_who_receives_it(kind: type[Event]) -> None:
    for field in dataclasses.fields(kind):
        declared = str(field.type)
        assert not declared.startswith(("list", "dict", "set")), (
            f"{kind.__name__}.{field.name} is a {declared}"
        )


@pytest.mark.parametrize("kind", EVENT_CLASSES)
def test_named_by_its_hop(kind: type[Event]) -> None:
    if kind in (Intent, Command, Event):
        return
    assert not (issubclass(kind, Intent) and issubclass(kind, Command))
    past = ("ed", "Ready", "Missing", "Rang", "Set", "Saved", "Transcript", "Chunk", "Delta")
    if not issubclass(kind, Intent | Command):
        assert kind.__name__.endswith((*past, "Notice")), f"{kind.__name__} is not past tense"


def test_the_stamp_is_taken_at_birth() -> None:
    before = time.perf_counter()
    event = Event()
    assert before <= event.at <= time.perf_counter()
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.at = 0.0  # type: ignore[misc]


def test_events_with_the_same_words_are_equal() -> None:
    assert events.ReplyDelta(turn_id=1, at=2.0, text="a") == events.ReplyDelta(
        turn_id=1, at=2.0, text="a"
    )
    ended = events.TurnEnded(
        turn_id=1,
        outcome=events.Outcome.REPLIED,
        transcript="",
        reply="",
        heard="",
        language="en",
        spans=MappingProxyType({}),
        engines=MappingProxyType({}),
    )
    assert ended.spans == {}
