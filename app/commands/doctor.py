"""`doctor`: checks every part and names the next step."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from app.core.diagnosis_events import Check
from app.diagnosis.checks import examine
from app.diagnosis.parts import of_everything
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
    for part in of_everything(settings, paths, secrets):
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


def line(check: Check) -> str:
    """ "warn  history: sentence. Next step." """
    return f"{check.status:<4}  {check.name}: {check.text} {check.hint}".rstrip()
