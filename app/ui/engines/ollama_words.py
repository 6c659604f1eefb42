"""Ollama in words: what is in its way, where it computes, and what a move to the GPU came to."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.core.diagnosis_events import ModelPlaced, Placing
from app.core.events import OllamaChanged
from app.core.ollama import same_model

translate = QCoreApplication.translate


def where_it_computes(ollama: OllamaChanged) -> list[str]:
    """A loaded model is on the GPU, on the processor, or on both."""
    if not ollama.local or ollama.gpu_share is None:
        return []
    if ollama.gpu_share in (0, 1):
        return [translate("Words", "GPU") if ollama.gpu_share else translate("Words", "CPU")]
    return [translate("EngineStatus", "GPU and CPU")]


def in_the_way(ollama: OllamaChanged) -> tuple[str, str]:
    """What is in the way of Ollama, and the next step."""
    if not ollama.running:
        return _about_stopped(ollama)
    if not ollama.pulled:
        title = translate("EngineStatus", "Ollama does not have the model %1.")
        hint = translate("EngineStatus", "Download it here. You can go on talking meanwhile.")
        return title.replace("%1", ollama.model), hint
    return "", ""


def still_so(move: ModelPlaced, ollama: OllamaChanged) -> bool:
    """Whether what a move came to is still how the server is."""
    if not same_model(move.model, ollama.model):
        return False
    if move.placing == Placing.UNDER_WAY:
        return True  # the model is out of memory for a moment
    if not ollama.wanted or not ollama.running:
        return False
    return ollama.gpu_share == 1 if move.placing == Placing.ON_GPU else bool(ollama.gpu)


def about_the_gpu(ollama: OllamaChanged) -> tuple[str, str]:
    """Why replies are slow although there is a GPU."""
    if ollama.gpu and not ollama.gpu_share:
        title = translate("EngineStatus", "It runs on the processor: the %1 is not used.")
    elif ollama.gpu:
        title = translate("EngineStatus", "It runs in part on the processor: the %1 is full.")
    else:
        return "", ""
    hint = translate(
        "EngineStatus", "Close what else uses the GPU and move the model, or use a smaller one."
    )
    return title.replace("%1", ollama.gpu), hint


def _about_stopped(ollama: OllamaChanged) -> tuple[str, str]:
    if not ollama.local:
        return "", ""  # the language model's own words say where it was looked for
    if ollama.starting:
        return translate("EngineStatus", "Ollama is starting."), ""
    if ollama.found:
        title = translate("EngineStatus", "Ollama is not running.")
        return title, translate("EngineStatus", "I can start it.")
    title = translate("EngineStatus", "Ollama is not installed.")
    hint = translate(
        "EngineStatus", "Install it from https://ollama.com/download. I notice by myself."
    )
    return title, hint
