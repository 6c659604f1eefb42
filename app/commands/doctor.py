"""`doctor`: checks every part and names the next step."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import NamedTuple

from app.commands import checks, engine_checks
from app.commands.checks import Check, examine
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings

OK, STOPPED = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `doctor` to the command line."""
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Check everything; 0 unless something keeps Parley from answering at all."""
    found: list[Check] = []
    for part in parts(settings, paths, secrets):
        for result in examine(part.name, part.check, essential=part.essential):
            found.append(result)
            if not args.json:  # at once: loading models takes a while
                sys.stdout.write(line(result) + "\n")
                sys.stdout.flush()
    stopped = any(result.stops for result in found)
    if args.json:
        document = {"answers": not stopped, "checks": [asdict(result) for result in found]}
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return STOPPED if stopped else OK


class Part(NamedTuple):
    """Something to check."""

    name: str
    check: Callable[[], Iterable[Check]]
    essential: bool = False
    """Whether Parley cannot answer without it."""


def parts(settings: Settings, paths: Paths, secrets: Secrets) -> Sequence[Part]:
    """Everything there is to check, the quick ones first."""
    return (
        Part("settings", partial(checks.settings_file, paths)),
        Part("history", partial(checks.history, paths)),
        Part("disk", partial(checks.disk, paths)),
        Part("keys", partial(checks.keys, secrets, settings.llm.first_choice)),
        Part("sound", partial(checks.sound, settings.audio)),
        Part("language model", partial(engine_checks.language_model, settings, secrets), True),
        Part("voice detector", partial(engine_checks.voice_detector, settings), True),
        Part("speech to text", partial(engine_checks.speech_to_text, settings, paths), True),
        Part("voice", partial(engine_checks.voice, settings, paths), True),
        Part("GPU", checks.gpu),
    )


def line(check: Check) -> str:
    """ "warn  history: sentence. Next step." """
    return f"{check.status:<4}  {check.name}: {check.text} {check.hint}".rstrip()
