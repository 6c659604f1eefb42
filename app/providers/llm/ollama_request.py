"""The options of every request to an Ollama server: made here and nowhere else.

A request with other load options (`num_ctx`, `num_thread`, ...) than the last one reloads the
model, so whoever asks, prefills or loads takes them from here.
"""

from __future__ import annotations

from typing import TypedDict

from app.settings import OllamaSettings


class OllamaRequest(TypedDict):
    """What chat, preload and prefill have in common, so that none undoes another's load."""

    model: str
    options: dict[str, int | float]
    keep_alive: float | str


def ollama_request(settings: OllamaSettings, num_predict: int | None = None) -> OllamaRequest:
    """
    Args:
        num_predict: tokens at most, where it is not to be the setting's; no load option.
    """
    options: dict[str, int | float] = {
        "num_ctx": settings.num_ctx,
        "num_predict": settings.num_predict if num_predict is None else num_predict,
        "temperature": settings.temperature,
        "mirostat": 0,  # whatever the model's own file says: it costs time for every token
    }
    if settings.num_thread:
        options["num_thread"] = settings.num_thread
    return {
        "model": settings.model,
        "options": options,
        "keep_alive": _keep_alive(settings.keep_alive),
    }


def _keep_alive(value: int | str) -> int | str:
    """A number written as text becomes one: the server answers "-1" in quotes with a 400."""
    try:
        return int(value)
    except ValueError:
        return value
