"""A key on its way: nothing that shows objects shows it."""

from __future__ import annotations

import dataclasses
import json
import pickle

import pytest

from app.commands.terminal import event_as_json
from app.core.events import SaveKey, UseKey
from app.core.secret import Secret

KEY = "gsk-0123456789abcdef"


def test_whoever_asks_for_it_gets_it() -> None:
    assert Secret(KEY).reveal() == KEY
    assert Secret(KEY) == Secret(KEY)
    assert Secret(KEY) != Secret("another")


@pytest.mark.parametrize("event", [SaveKey(name="groq", key=Secret(KEY)), Secret(KEY)])
def test_nothing_that_prints_shows_it(event: object) -> None:
    assert KEY not in f"{event} {event!r} {event!s}" + "%s %r" % (event, event)  # noqa: UP031


@pytest.mark.parametrize("dumps", [json.dumps, pickle.dumps])
def test_it_cannot_be_written_down(dumps) -> None:
    with pytest.raises(TypeError) as caught:
        dumps(Secret(KEY))
    assert KEY not in str(caught.value)


def test_an_event_that_carries_it_cannot_become_data() -> None:
    event = UseKey(name="groq", key=Secret(KEY))
    with pytest.raises(TypeError):
        dataclasses.asdict(event)
    with pytest.raises(TypeError):
        event_as_json(event, 0.0)
