"""What a measurement hands back, and how it looks in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.bench.budgets import Budget
from app.bench.chart import Chart

Cell = str | int | float | None
"""A figure is shown with as many digits as it deserves; None as a dash."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title that names the engine they were measured with."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    notes: Sequence[str] = ()
    """Sentences under the table."""


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """A budget that has no figure in this run."""

    span: str
    """Name of the budget (`budgets.LIMITS`)."""
    reason: str
    """One sentence for people."""


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the bench: for people as tables, for programs as data."""

    name: str
    """Key in the JSON, such as "stt"."""
    tables: Sequence[Table] = ()
    data: Mapping[str, object] = field(default_factory=dict)
    budgets: Sequence[Budget] = ()
    not_measured: Sequence[NotMeasured] = ()
    chart: Chart | None = None


def as_text(table: Table) -> str:
    """The table, aligned; figures to the right, words to the left."""
    cells = [[_shown(cell) for cell in row] for row in table.rows]
    widths = [
        max(len(column), *(len(row[at]) for row in cells)) if cells else len(column)
        for at, column in enumerate(table.columns)
    ]
    numeric = [
        any(isinstance(row[at], float | int) for row in table.rows)
        for at in range(len(table.columns))
    ]

    def line(texts: Sequence[str]) -> str:
        padded = (
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(texts, widths, numeric, strict=True)
        )
        return "  " + "  ".join(padded).rstrip()

    lines = [table.title]
    if table.columns:
        lines += [line(table.columns), line(["─" * width for width in widths])]
    lines += [line(row) for row in cells]
    lines += [f"  {note}" for note in table.notes]
    return "\n".join(lines)


def budget_table(budgets: Iterable[Budget]) -> Table:
    """Every budget that was measured in this run."""
    rows = [
        (
            budget.span,
            budget.value,
            budget.limit.value,
            "" if budget.limit.unit == "ratio" else budget.limit.unit,
            "met" if budget.met else "missed",
            budget.limit.meaning,
        )
        for budget in budgets
    ]
    bases = dict.fromkeys(f"{budget.span}: {budget.basis}" for budget in budgets)
    columns = ("span", "value", "budget", "", "", "what it is")
    return Table("Budgets", columns, rows, list(bases))


def not_measured_table(missing: Iterable[NotMeasured]) -> Table:
    """Every budget without a figure, and why."""
    rows = [(each.span, each.reason) for each in missing]
    return Table("Not measured", ("span", "why"), rows)


def _shown(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, str | int):
        return str(cell)
    if cell == 0 or abs(cell) >= 100:
        return f"{cell:.0f}"
    return f"{cell:.1f}" if abs(cell) >= 10 else f"{cell:.2f}"
