"""The status when another program took the memory that the language model needs."""

from __future__ import annotations

from app.core.events import (
    EngineReady,
    LoadEnded,
    LoadStarted,
    ModelDisplaced,
    ModelWarmed,
)
from app.core.ports import Stage
from app.ui.engines.status import EngineStatus
from tests.ui.demo import GROQ, OLLAMA


def test_a_model_that_was_left_cold_is_not_called_warm() -> None:
    status = EngineStatus()
    warmed = ModelWarmed(was_warm=True, load_ms=0, reason="start", engine=OLLAMA)
    for event in (EngineReady(engine=OLLAMA), warmed):
        status.handle(event)
    assert status.summary().text.endswith("warm")
    status.handle(ModelDisplaced(engine=OLLAMA, why="phi3:mini is loaded for another program."))
    assert not status.summary().text.endswith("warm")
    status.handle(LoadStarted(engine=OLLAMA))
    status.handle(warmed)
    assert status.summary().text.endswith("warm")


def test_a_load_that_came_to_nothing_is_over() -> None:
    status = EngineStatus()
    for event in (EngineReady(engine=OLLAMA), LoadStarted(engine=OLLAMA)):
        status.handle(event)
    assert status.summary().text.endswith("loading")
    status.handle(LoadEnded(engine=GROQ))
    assert status.summary().text.endswith("loading"), "that was another model"
    status.handle(LoadEnded(engine=OLLAMA))
    assert "loading" not in status.summary().text + status.standing(Stage.LLM)
