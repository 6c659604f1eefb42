"""The window: how soon it can be used, what it costs idle, and whether it stalls."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from app.bench import own_window, stalls
from app.bench.budgets import Budget
from app.bench.own_window import OwnWindow
from app.bench.plan import Plan, Progress
from app.bench.report import Cell, NotMeasured, Section, Table
from app.bench.stalls import DELTAS_PER_S, EARLIER_TURNS, Stalls
from app.bench.statistics import median
from app.errors import AssistantError

log = logging.getLogger(__name__)

LEAST_STARTS = 3


def measure(plan: Plan, progress: Progress) -> Section:
    """Starts in a process of its own, then a stream of text in this one."""
    tables: list[Table] = []
    data: dict[str, object] = {}
    budgets: list[Budget] = []
    missing: list[NotMeasured] = []
    try:
        starts_ms, idle_share = _starts(plan, progress)
    except AssistantError as exc:
        log.info("the start is not measured", exc_info=exc)
        missing += [NotMeasured("start", str(exc)), NotMeasured("idle", str(exc))]
    else:
        tables.append(_start_table(starts_ms, idle_share, plan))
        data |= {"start_ms": starts_ms, "idle_share": idle_share}
        budgets.append(
            Budget("start", median(starts_ms), f"{len(starts_ms)} starts, {_where()}, no models")
        )
        if idle_share is None:
            reason = "This system does not tell what a running process uses."
            missing.append(NotMeasured("idle", reason))
        else:
            over = f"over {plan.idle_s:g} s, {_where()}, with the stand-ins loaded"
            budgets.append(Budget("idle", 100 * idle_share, over))
    progress(f"Window: a reply of {DELTAS_PER_S} words a second for {plan.stream_s:g} s")
    try:
        stalled = stalls.measure(plan.stream_s)
    except AssistantError as exc:
        log.info("stalls are not measured", exc_info=exc)
        missing += [NotMeasured("window_longest", str(exc)), NotMeasured("window_p99", str(exc))]
    else:
        tables.append(_stall_table(stalled))
        data["stalls"] = stalled.as_data()
        basis = f"{stalled.deltas} words at {DELTAS_PER_S} a second, drawn off the screen"
        budgets.append(Budget("window_longest", stalled.longest, basis))
        budgets.append(Budget("window_p99", stalled.p99, basis))
    return Section("window", tables, data, budgets, missing)


def _starts(plan: Plan, progress: Progress) -> tuple[list[float], float | None]:
    """Milliseconds of each start but the first, which reads the disk; and the idle share.

    Raises:
        AssistantError: no window came.
    """
    starts_ms = []
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        window = OwnWindow(Path(folder))
        progress("Window: one start that fills the disk's cache")
        with window:
            window.settle()
        starts = max(plan.runs, LEAST_STARTS)
        for number in range(1, starts + 1):
            progress(f"Window: start {number} of {starts}")
            with window:
                starts_ms.append(window.usable_ms)
                if number < starts:
                    continue
                progress(f"Window: idle for {plan.idle_s:g} s, once its engines have loaded")
                window.settle()
                return starts_ms, window.busy_share(plan.idle_s)
    raise AssertionError("the last start returns")


def _where() -> str:
    return "on the screen" if own_window.on_screen() else "off the screen"


def _start_table(starts_ms: list[float], idle_share: float | None, plan: Plan) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("start to a usable window, median ms", median(starts_ms)),
        ("slowest start, ms", max(starts_ms)),
        ("idle, % of one core", None if idle_share is None else 100 * idle_share),
    ]
    notes = [
        f"{len(starts_ms)} start(s) {_where()}, with an empty profile and the disk's cache warm.",
        f"Idle over {plan.idle_s:g} s, after the engines had loaded.",
    ]
    return Table("Window, as a process of its own", ("what", "figure"), rows, notes)


def _stall_table(found: Stalls) -> Table:
    rows: list[tuple[Cell, ...]] = [("longest stall, ms", found.longest), ("p99, ms", found.p99)]
    notes = [
        f"{found.deltas} words at {DELTAS_PER_S} a second into a conversation of "
        f"{EARLIER_TURNS:,} turns; {found.passes} passes of the event loop.",
    ]
    return Table("Window, while a reply streams", ("what", "figure"), rows, notes)
