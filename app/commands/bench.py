"""`bench`: what every stage takes on this computer, and whether it keeps its budget."""

from __future__ import annotations

import argparse
import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from app.bench.plan import Plan
from app.bench.report import Section, Table, as_text, budget_table, not_measured_table
from app.commands.quit_signals import Interrupted
from app.commands.terminal import remark, say
from app.errors import InputError
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings

if TYPE_CHECKING:
    from app.bench.subjects import Models

PARTS = ("window", "history", "llm", "tts", "stt", "turns", "barge_in")
"""In this order: the window is measured before this process has loaded any model."""

DEVICES = ("cpu", "cuda")

LONGEST_HOLD_MS = 5000


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
    parser.add_argument(
        "--key-up",
        type=_milliseconds,
        action="append",
        metavar="MS",
        help="let go of the key so long after the last word; may be repeated (0 and 250)",
    )
    parser.add_argument(
        "--device", choices=DEVICES, help="compute speech and voice here, whatever the settings say"
    )
    parser.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="draw the turns beside the baselines, as .svg or .png",
    )


def _milliseconds(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_HOLD_MS:
        raise argparse.ArgumentTypeError(f"{text!r} is not 0 to {LONGEST_HOLD_MS}")
    return int(text)


def run(args: argparse.Namespace, settings: Settings, paths: Paths, secrets: Secrets) -> int:
    """Returns 0 when everything asked for was measured or said why not, whatever it took.

    Raises:
        InputError: no recordings where they should be, or one that cannot be read; no GPU where
            one was asked for; no place for the plot.
        Interrupted: SIGTERM.
    """
    from app.bench import machine, offscreen, picture
    from app.bench.devices import on_device
    from app.bench.subjects import Models

    plan = Plan.make(runs=args.runs, quick=args.quick, recordings=args.recordings)
    if args.key_up:
        plan = replace(plan, releases_ms=args.key_up)
    if args.plot:
        picture.require(args.plot)
        if args.only and "turns" not in args.only:
            raise InputError("The plot shows the turns.", "Add --only turns, or leave --only out.")
    settings = on_device(settings, args.device)
    offscreen.event_loop()
    computer = machine.describe()
    if not args.json:
        say(machine.in_one_line(computer))
    if machine.busy(computer):
        remark("Other programs keep this computer busy: the figures are worse than they need be.")
    sections: list[Section] = []
    with _ended_by_sigterm(), Models(settings, paths, remark) as models:
        for part in PARTS:
            if args.only and part not in args.only:
                continue
            section = _measure(part, models, secrets, plan)
            sections.append(section)
            if not args.json:
                _show(section.tables)
    if args.plot:
        _plot(sections, args.plot)
    budgets = [budget for section in sections for budget in section.budgets]
    missing = [each for section in sections for each in section.not_measured]
    if args.json:
        document: Mapping[str, object] = {
            "machine": computer,
            "plan": {
                "runs": plan.runs,
                "pairs": plan.pairs,
                "recordings": [path.name for path in plan.recordings],
                "device": args.device or "as the settings say",
            },
            **{section.name: section.data for section in sections},
            "budgets": [budget.as_data() for budget in budgets],
            "not_measured": [{"span": each.span, "reason": each.reason} for each in missing],
        }
        say(json.dumps(_rounded(document), indent=2, ensure_ascii=False))
        return 0
    if budgets:
        _show([budget_table(budgets)])
    if missing:
        _show([not_measured_table(missing)])
    return 0


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does, so that no window, recorder or temporary file is left."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Interrupted(number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _plot(sections: Sequence[Section], path: Path) -> None:
    from app.bench import picture

    chart = next((section.chart for section in sections if section.chart), None)
    if chart is None:
        remark(f"No turn was measured, so {path.name} was not drawn.")
        return
    picture.write(chart, path)
    remark(f"Drawn: {path}")


def _measure(part: str, models: Models, secrets: Secrets, plan: Plan) -> Section:
    """One part. Its libraries are imported for it alone."""
    settings = models.settings
    match part:
        case "window":
            from app.bench import window

            return window.measure(plan, remark)
        case "history":
            from app.bench import history

            return history.measure(plan, remark)
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
        case "barge_in":
            from app.bench import barge_in

            return barge_in.measure(models, secrets, plan, remark)
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
