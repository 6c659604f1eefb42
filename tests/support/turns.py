"""Turns as history gets them."""

from __future__ import annotations

from typing import Any

from app.core.ports import Engine, Stage, TurnRecord


def turn(number: int = 1, transcript: str = "what time is it", **changes: Any) -> TurnRecord:
    """A finished turn with everything in it, but for what is changed."""
    values: dict[str, Any] = {
        "turn_id": number,
        "started_at": 1_700_000_000.25 + 60 * number,
        "source": "voice",
        "transcript": transcript,
        "language": "en",
        "reply_generated": "It is noon. And sunny.",
        "reply_heard": "It is noon.",
        "outcome": "interrupted",
        "engines": {
            "stt": Engine(Stage.STT, "whisper", "tiny", "cuda"),
            "llm": Engine(Stage.LLM, "groq", "llama", "server", local=False),
            "tts": Engine(Stage.TTS, "espeak", "", stand_in=True),
        },
        "answered_by": (
            Engine(Stage.LLM, "ollama", "phi3:mini", "server"),
            Engine(Stage.LLM, "groq", "llama", "server", local=False),
        ),
        "asked": (
            Engine(Stage.LLM, "ollama", "phi3:mini", "server"),
            Engine(Stage.LLM, "groq", "llama", "server", local=False),
        ),
        "why_not_first": "Ollama stopped in the middle of the reply.",
        "spans": {"stt": 41.5, "ttft": 72.0},
    }
    return TurnRecord(**(values | changes))
