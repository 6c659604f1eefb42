"""`bench`: what every stage takes on this computer, and whether it keeps its budget."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.bench.plan import Plan
from app.bench.report import Section, Table, as_text, budget_table
from app.commands.terminal import remark, say
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings

if TYPE_CHECKING:
    from app.bench.subjects import Models

PARTS = ("llm", "tts", "stt", "turns")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe `bench` to the command line."""
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--quick", action="store_true", help="fewer runs: rough figures soon")
    parser.add_argument(
        "--only", choices=PARTS, action="append", help="measure this part; may be repeated"
    )
    parser.add_argument(
        "--recordings", type=Path, metavar="DIR", help="speak these .wav files, not the sample"
    )
    parser.add_argument("--runs", type=int, metavar="N", help="repeats of each run, and turns")


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Returns 0 when everything asked for was measured or said why not, whatever it took.

    Raises:
        InputError: no recordings where they should be, or one that cannot be read.
    """
    from app.bench import machine
    from app.bench.subjects import Models

    plan = Plan.make(runs=args.runs, quick=args.quick, recordings=args.recordings)
    computer = machine.describe()
    if not args.json:
        say(machine.in_one_line(computer))
    if machine.busy(computer):
        remark("Other programs keep this computer busy: the figures are worse than they need be.")
    sections: list[Section] = []
    with Models(settings, paths, remark) as models:
        for part in PARTS:
            if args.only and part not in args.only:
                continue
            section = _measure(part, models, secrets, plan)
            sections.append(section)
            if not args.json:
                _show(section.tables)
    budgets = [budget for section in sections for budget in section.budgets]
    if args.json:
        document: Mapping[str, object] = {
            "machine": computer,
            "plan": {
                "runs": plan.runs,
                "pairs": plan.pairs,
                "recordings": [path.name for path in plan.recordings],
            },
            **{section.name: section.data for section in sections},
            "budgets": [budget.as_data() for budget in budgets],
        }
        say(json.dumps(_rounded(document), indent=2, ensure_ascii=False))
    elif budgets:
        _show([budget_table(budgets)])
    return 0


def _measure(part: str, models: Models, secrets: Secrets, plan: Plan) -> Section:
    """One part. Its libraries are imported for it alone."""
    settings = models.settings
    match part:
        case "llm":
            from app.bench import llm

            key = secrets.get(settings.llm.first_choice)
            return llm.measure(settings.llm, key, plan, remark)
        case "tts":
            from app.bench import tts

            return tts.measure(models, plan, remark)
        case "stt":
            from app.bench import stt

            return stt.measure(models, plan, remark)
        case "turns":
            from app.bench import turns

            return turns.measure(models, secrets, plan, remark)
    raise AssertionError(part)


def _show(tables: Sequence[Table]) -> None:
    for table in tables:
        say("\n" + as_text(table))


def _rounded(value: object) -> object:
    """Milliseconds to a thousandth: more digits say nothing."""
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
