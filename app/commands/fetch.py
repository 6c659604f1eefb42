"""`parley fetch`: download a model, as the window's buttons do: the speech model, the voice, or
the language model on the Ollama server."""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from app.commands.terminal import say
from app.core.ports import Fetchable, Loadable
from app.errors import InputError, downloads_are_off
from app.paths import Paths
from app.providers import registry
from app.settings import OllamaSettings, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from app.core.downloads import Download

LINE_INTERVAL_S = 1.0
"""Between two lines about the same step; a log file is read by people too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage",
        choices=("stt", "tts", "llm"),
        help="stt: the speech model; tts: the voice; llm: the language model (Ollama's)",
    )


def run(args: argparse.Namespace, settings: Settings, paths: Paths) -> int:
    """Returns 0 when the model is here; of the speech model and the voice, that it loads too.

    Raises:
        InputError: the chosen engine has nothing to download.
        ProviderError: no network, no such model, no room on the disk, no server.
    """
    if settings.llm.local_only:
        raise downloads_are_off()
    if args.stage == "llm":
        asyncio.run(_fetch_language_model(settings, paths))
        return 0
    provider: Loadable
    if args.stage == "stt":
        provider = registry.build_stt(settings.stt.provider, settings.stt, paths.models_dir)
    else:
        provider = registry.build_tts(settings.tts.provider, settings.tts, paths.models_dir)
    if not isinstance(provider, Fetchable):
        raise _nothing(provider.engine.name, args.stage)
    provider.fetch(say)
    provider.load()
    say(f"Ready: {provider.engine.label}")
    provider.close()
    return 0


def _nothing(engine: str, stage: str) -> InputError:
    return InputError(
        f"{engine} has nothing to download.",
        f"Choose another {stage} provider in the settings file first.",
    )


async def _fetch_language_model(settings: Settings, paths: Paths) -> None:
    """Of the models in their order, the first that can be downloaded."""
    for name in settings.llm.order:
        if name == "ollama":
            await _pull(settings.llm.ollama)
            return
        provider = registry.build_llm(name, settings.llm, None, paths.models_dir)
        try:
            if isinstance(provider, Fetchable):
                provider.fetch(say)
                say(f"Ready: {provider.engine.label}")
                return
        finally:
            await provider.close()
    raise _nothing(settings.llm.first_choice, "llm")


async def _pull(options: OllamaSettings) -> None:
    """Have the Ollama server download its model. Ctrl-C stops it; the next time it goes on."""
    from app.providers.llm.ollama_models import OllamaModels

    models = OllamaModels(options)
    said_at, doing = 0.0, ""
    try:
        steps = cast("AsyncGenerator[Download, None]", models.pull(options.model))
        async with aclosing(steps):
            async for step in steps:
                now_s = time.monotonic()
                if step.doing != doing or now_s - said_at >= LINE_INTERVAL_S:
                    say(step.line)
                    said_at, doing = now_s, step.doing
    finally:
        await models.close()
    say(f"Ready: ollama · {options.model}")
