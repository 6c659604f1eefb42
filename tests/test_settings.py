"""The tree by the names in the file: what a page of settings reads it for."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from app.settings import (
    DEFAULT_PERSONA,
    LONGEST_PERSONA,
    LlmSettings,
    Settings,
    leaves,
    range_of,
    value_of,
)


def test_every_leaf_has_its_name_in_the_file_and_its_value() -> None:
    settings = Settings.model_validate({"llm": {"mode": "rich"}})
    found = leaves(settings)
    assert found["llm.mode"] == "rich"
    assert found["keepalive.interval_s"] == 30.0
    assert found["llm.order"] == ("ollama", "cerebras", "groq")
    assert all(found[name] == value_of(settings, name) for name in found)
    assert not any(name in ("llm", "keepalive", "llm.ollama") for name in found)


def test_the_limits_of_a_setting_are_those_the_tree_refuses_by() -> None:
    interval = range_of("keepalive.interval_s")
    assert (interval.default, interval.lowest, interval.highest) == (30.0, 0.5, 300)
    assert range_of("llm.mode").choices == ("fast", "balanced", "rich")
    assert range_of("llm.local_only").choices == ()
    persona = range_of("llm.persona")
    assert (persona.default, persona.longest) == (DEFAULT_PERSONA, LONGEST_PERSONA)
    assert range_of("llm.groq.model").default == "llama-3.1-8b-instant"


def test_a_persona_has_a_longest_length() -> None:
    LlmSettings(persona="x" * LONGEST_PERSONA)
    with pytest.raises(ValidationError):
        LlmSettings(persona="x" * (LONGEST_PERSONA + 1))


@pytest.mark.parametrize("name", ["llm.nothing", "nothing.mode"])
def test_a_name_of_no_setting_is_refused(name: str) -> None:
    with pytest.raises((KeyError, AttributeError)):
        range_of(name)
