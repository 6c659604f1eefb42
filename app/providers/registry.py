"""Every engine there is: one row each.

A row's class takes its settings branch and what its stage needs besides:

* stt: `cls(options, models_dir)`
* tts: `cls(options, models_dir, speed)`
* llm: `cls(options, api_key)`; one that runs inside Parley: `cls(options, models_dir)`
* vad: `cls()`

The branch carries the row's name: `settings.stt.whisper` belongs to `STT["whisper"]`.
Importing this module imports no heavy library; those wait for `load()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from app.core.ports import (
    LimitsReplies,
    LlmProvider,
    Stage,
    SttProvider,
    TtsProvider,
    VadProvider,
)
from app.core.prompt import MODES
from app.providers.llm.builtin import BuiltinLlm
from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.groq import GroqLlm
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.openai import OpenAiLlm
from app.providers.llm.skills import SkillsLlm
from app.providers.stt.pocketsphinx import PocketSphinxStt
from app.providers.stt.whisper import WhisperStt
from app.providers.tts.espeak import EspeakTts
from app.providers.tts.vits import VitsTts
from app.providers.vad.energy import EnergyVad
from app.providers.vad.silero import SileroVad
from app.settings import LlmSettings, ModelName, SttSettings, TtsSettings

STT: dict[str, Callable[[Any, Path], SttProvider]] = {
    "whisper": WhisperStt,
    "pocketsphinx": PocketSphinxStt,
}
LLM: dict[str, Callable[[Any, str | None], LlmProvider]] = {
    "ollama": OllamaLlm,
    "cerebras": CerebrasLlm,
    "groq": GroqLlm,
    "openai": OpenAiLlm,
    "skills": SkillsLlm,
}
LLM_INSIDE: dict[str, Callable[[Any, Path | None], LlmProvider]] = {
    "builtin": BuiltinLlm,
}
TTS: dict[str, Callable[[Any, Path, float], TtsProvider]] = {
    "vits": VitsTts,
    "espeak": EspeakTts,
}
VAD: dict[str, Callable[[], VadProvider]] = {
    "silero": SileroVad,
    "energy": EnergyVad,
}

LLM_MODELS = frozenset([*LLM, *LLM_INSIDE]) - {"skills"}
"""The names that stand for a language model, with a context and a longest reply."""

LLM_FETCHABLE = ("ollama", *LLM_INSIDE)
"""Those whose model can be downloaded: by the Ollama server, or by Parley (`Fetchable`)."""

LLM_TITLES: dict[ModelName, str] = {
    "ollama": "Ollama",
    "cerebras": "Cerebras",
    "groq": "Groq",
    "openai": "The OpenAI-style server",
    "builtin": "The built-in model",
}
"""What people call a language model's engine, as it begins a sentence."""

STAND_INS = {
    Stage.STT: "pocketsphinx",
    Stage.LLM: "skills",
    Stage.TTS: "espeak",
    Stage.VAD: "energy",
}
"""The engine of each stage that needs nothing but what Parley is installed with."""


def build_stt(name: str, settings: SttSettings, models_dir: Path) -> SttProvider:
    return STT[name](getattr(settings, name), models_dir)


def build_llm(
    name: str, settings: LlmSettings, api_key: str | None, models_dir: Path | None = None
) -> LlmProvider:
    """A language model whose replies are as long as the mode wants them.

    Args:
        models_dir: where downloaded models are; None looks in the Hugging Face cache alone.
    """
    options = getattr(settings, name)
    provider = (
        LLM_INSIDE[name](options, models_dir) if name in LLM_INSIDE else LLM[name](options, api_key)
    )
    if isinstance(provider, LimitsReplies):
        provider.limit_replies(MODES[settings.mode].max_tokens)
    return provider


def context_tokens(settings: LlmSettings, names: Iterable[str]) -> int:
    """What each of these engines can read, prompt and reply together, in tokens.

    One prompt serves them all, so that whoever takes over a reply has the same conversation.
    """
    sizes = [getattr(settings, name).context_tokens for name in names if name in LLM_MODELS]
    return min(sizes, default=settings.builtin.context_tokens)


def build_tts(name: str, settings: TtsSettings, models_dir: Path) -> TtsProvider:
    return TTS[name](getattr(settings, name), models_dir, settings.speed)


def build_vad(name: str) -> VadProvider:
    return VAD[name]()
