"""`parley fetch`: download a model, as the window's buttons do: the speech model, the voice, or a
language model. Without a stage it says what there is."""

from __future__ import annotations

import argparse
import asyncio
import math
import time
from collections.abc import Collection
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.commands.own_ollama import running_ollama
from app.commands.terminal import remark, say
from app.core.ports import Fetchable, LlmProvider, Loadable, MayBeAbsent
from app.errors import InputError, downloads_are_off
from app.paths import Paths
from app.providers import registry
from app.settings import OllamaSettings, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.core.downloads import Download

LINE_INTERVAL_S = 1.0
"""Between two lines about the same step; a log file is read by people too."""

STAGES = ("stt", "tts", "llm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage",
        nargs="?",
        choices=STAGES,
        help="stt: the speech model; tts: the voice; llm: a language model; nothing: list them",
    )
    parser.add_argument(
        "engine", nargs="?", default="", help="whose model; the chosen engine's when left out"
    )


def run(args: argparse.Namespace, settings: Settings, paths: Paths) -> int:
    """Returns 0 when the model is here; of the speech model and the voice, that it loads too.

    Raises:
        InputError: there is no such engine, or it has nothing to download.
        ProviderError: no network, no such model, no room on the disk, no server.
    """
    if args.stage is None:
        _list(settings, paths)
        return 0
    if settings.llm.local_only:
        raise downloads_are_off()
    if args.stage == "llm":
        _fetch_language_model(args.engine, settings, paths)
        return 0
    provider = _build(args.stage, args.engine, settings, paths)
    if not isinstance(provider, Fetchable):
        raise _nothing(provider.engine.name, _fetchable(args.stage, settings, paths))
    provider.fetch(_Lines())
    provider.load()
    say(f"Ready: {provider.engine.label}")
    provider.close()
    return 0


def _list(settings: Settings, paths: Paths) -> None:
    """Every model that can be had, by the command that gets it."""
    for stage in STAGES:
        for name in _fetchable(stage, settings, paths):
            provider = _any(stage, name, settings, paths)
            here = ", is here" if isinstance(provider, MayBeAbsent) and provider.is_here() else ""
            say(f"parley fetch {stage} {name:<8}  {provider.engine.model}{here}")


def _any(stage: str, name: str, settings: Settings, paths: Paths) -> Loadable | LlmProvider:
    if stage == "llm":
        return registry.build_llm(name, settings.llm, None, paths.models_dir)
    return _build(stage, name, settings, paths)


def _build(stage: str, name: str, settings: Settings, paths: Paths) -> Loadable:
    """An engine of speech to text or of the voice; the chosen one without a name.

    Raises:
        InputError: there is none of that name.
    """
    names = registry.STT if stage == "stt" else registry.TTS
    if name and name not in names:
        raise _nothing(name, _fetchable(stage, settings, paths))
    if stage == "stt":
        return registry.build_stt(name or settings.stt.provider, settings.stt, paths.models_dir)
    return registry.build_tts(name or settings.tts.provider, settings.tts, paths.models_dir)


def _fetchable(stage: str, settings: Settings, paths: Paths) -> list[str]:
    """The engines of a stage that have something to download."""
    if stage == "llm":
        return list(registry.LLM_FETCHABLE)
    names = registry.STT if stage == "stt" else registry.TTS
    return [name for name in names if isinstance(_build(stage, name, settings, paths), Fetchable)]


def _nothing(engine: str, others: Collection[str]) -> InputError:
    return InputError(
        f"{engine} has nothing to download.", f"These have: {', '.join(sorted(others))}."
    )


def _fetch_language_model(name: str, settings: Settings, paths: Paths) -> None:
    """The one of this name; without a name, the first in the order that can be downloaded."""
    order = settings.llm.order
    if not name:
        in_order = (one for one in order if one in registry.LLM_FETCHABLE)
        name = next(in_order, settings.llm.first_choice)
    if name not in registry.LLM_FETCHABLE:
        raise _nothing(name, registry.LLM_FETCHABLE)
    if name == "ollama":
        with running_ollama(settings, paths):
            asyncio.run(_pull(settings.llm.ollama))
    else:
        provider = registry.build_llm(name, settings.llm, None, paths.models_dir)
        assert isinstance(provider, Fetchable)
        provider.fetch(_Lines())
        say(f"Ready: {provider.engine.label}")
    if name not in order:
        remark(f"It is not asked yet: add {name} to the order of the language models.")


async def _pull(options: OllamaSettings) -> None:
    """Have the Ollama server download its model. Ctrl-C stops it; the next time it goes on."""
    from app.providers.llm.ollama_models import OllamaModels

    models = OllamaModels(options)
    lines = _Lines()
    try:
        steps = cast("AsyncGenerator[Download, None]", models.pull(options.model))
        async with aclosing(steps):
            async for step in steps:
                lines(step.line, step.doing)
    finally:
        await models.close()
    say(f"Ready: ollama · {options.model}")


class _Lines:
    """Prints how far a download is, a line per step and one now and then in the middle."""

    def __init__(self) -> None:
        self._said_at = -math.inf
        self._doing = ""

    def __call__(self, line: str, doing: str = "") -> None:
        """
        Args:
            doing: which step it is; without it, what comes before the colon of the line.
        """
        doing = doing or line.partition(":")[0]
        now_s = time.monotonic()
        if doing != self._doing or now_s - self._said_at >= LINE_INTERVAL_S:
            self._said_at, self._doing = now_s, doing
            say(line)
