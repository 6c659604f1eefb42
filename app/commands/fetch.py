"""`parley fetch`: download the speech model or the voice, as the window's button does."""

from __future__ import annotations

import argparse

from app.commands.terminal import say
from app.core.ports import Fetchable, Loadable
from app.errors import InputError
from app.paths import Paths
from app.providers import registry
from app.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "stage", choices=("stt", "tts"), help="stt: the speech model; tts: the voice"
    )


def run(args: argparse.Namespace, settings: Settings, paths: Paths) -> int:
    """Returns 0 when the model is here and loads.

    Raises:
        InputError: the chosen engine has nothing to download.
        ProviderUnavailable: no network, no such model, no room on the disk.
    """
    provider: Loadable
    if args.stage == "stt":
        provider = registry.build_stt(settings.stt.provider, settings.stt, paths.models_dir)
    else:
        provider = registry.build_tts(settings.tts.provider, settings.tts, paths.models_dir)
    if not isinstance(provider, Fetchable):
        raise InputError(
            f"{provider.engine.name} has nothing to download.",
            f"Choose another {args.stage} provider in the settings file first.",
        )
    provider.fetch(say)
    provider.load()
    say(f"Ready: {provider.engine.label}")
    provider.close()
    return 0
