"""The picture of the turns: rows of bars on one time axis whose zero is key-up, as SVG.

One picture for both themes: the colours are light, and readers that know `prefers-color-scheme`
(browsers) get dark ones in a dark window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 960
MARGIN = 28
LABEL_PX = 236
TOTAL_PX = 96
TITLE_PX = 92
LEGEND_PX = 34
ROW_PX = 58
BAR_PX = 22
AXIS_PX = 40
CHARACTER_PX = 6.6
"""Of text of 12 px, on average and in a wide font: what fits into a bar."""
LINE_CHARACTERS = 118
"""What fits under the title."""

SHORTEST_MS = 1.0
"""A bar shorter than this is not drawn."""

AHEAD_AT_MOST = 0.35
"""Share of the axis left of key-up; what was done earlier than that is cut off there."""

PALETTE = {
    # kind: (light, dark)
    "stt": ("#1864ab", "#74c0fc"),
    "llm": ("#862e9c", "#e599f7"),
    "tts": ("#237a36", "#8ce99a"),
    "loudspeaker": ("#868e96", "#adb5bd"),
}
"""The stages, in the order of the legend. Each pair is told apart by lightness as well as by hue,
and the light colours carry white figures, the dark ones black."""

STAGES = {
    "stt": "Understanding",
    "llm": "Reply",
    "tts": "Voice",
    "loudspeaker": "Loudspeaker",
}

INKS = {
    # class: (property, light, dark)
    "card": ("fill", "#ffffff", "#16181d"),
    "text": ("fill", "#1b1d21", "#ecedef"),
    "muted": ("fill", "#5b616d", "#a3a9b5"),
    "line": ("stroke", "#e3e4e8", "#343944"),
    "zero": ("stroke", "#8b909b", "#8b909b"),
    "figure": ("fill", "#ffffff", "#0f1115"),
}


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of one row."""

    stage: str
    """Key of `STAGES`."""
    start_ms: float
    """From key-up."""
    length_ms: float
    ahead: bool = False
    """Done while the user still spoke: drawn hollow, nobody waited for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way to take the turn."""

    name: str
    detail: str
    bars: Sequence[Bar]
    total_ms: float
    """Key-up to the first sound."""


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    lines: Sequence[str]
    """Two of them under the title: what it was taken with."""
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Milliseconds to pixels."""

    first_ms: float
    last_ms: float

    @property
    def left_px(self) -> float:
        return MARGIN + LABEL_PX

    @property
    def width_px(self) -> float:
        return WIDTH - MARGIN - TOTAL_PX - self.left_px

    def x(self, at_ms: float) -> float:
        share = (at_ms - self.first_ms) / (self.last_ms - self.first_ms)
        return self.left_px + self.width_px * min(1.0, max(0.0, share))


def as_svg(chart: Chart) -> str:
    """The picture as an SVG document that needs nothing outside itself."""
    axis = _axis(chart.rows)
    top = TITLE_PX + LEGEND_PX
    bottom = top + ROW_PX * len(chart.rows)
    height = bottom + AXIS_PX
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" '
        'font-family="Inter, Segoe UI, Helvetica, Arial, sans-serif">',
        f"<title>{escape(chart.title)}</title>",
        f"<desc>{escape(_in_words(chart))}</desc>",
        _style(),
        f'<rect class="card" width="{WIDTH}" height="{height}" rx="10" {_ink("card")}/>',
        _text(MARGIN, 30, chart.title, size=17, weight=600),
        *(
            _text(MARGIN, 52 + 19 * number, _elided(line), ink="muted")
            for number, line in enumerate(chart.lines)
        ),
        *_legend(chart.rows),
        *_grid(axis, top, bottom),
    ]
    for number, row in enumerate(chart.rows):
        parts += _row(row, axis, top + number * ROW_PX)
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _in_words(chart: Chart) -> str:
    waits = (f"{row.name}, {row.detail}: {_duration(row.total_ms)}." for row in chart.rows)
    return " ".join(["Key-up to the first sound.", *waits])


def _axis(rows: Sequence[Row]) -> _Axis:
    last = max((row.total_ms for row in rows), default=1.0) or 1.0
    earliest = min((bar.start_ms for row in rows for bar in row.bars), default=0.0)
    widest_ahead = last * AHEAD_AT_MOST / (1 - AHEAD_AT_MOST)
    return _Axis(-min(widest_ahead, max(0.0, -earliest)), last)


def _style() -> str:
    dark = [f".{name} {{ {key}: {value} }}" for name, (key, _, value) in INKS.items()]
    dark += [f".{stage} {{ fill: {value} }}" for stage, (_, value) in PALETTE.items()]
    dark += [
        f".{stage}.ahead {{ fill: none; stroke: {value} }}" for stage, (_, value) in PALETTE.items()
    ]
    return f"<style>@media (prefers-color-scheme: dark) {{ {' '.join(dark)} }}</style>"


def _ink(name: str) -> str:
    """The attribute for the light colour; the style of a dark window overrides it."""
    key, light, _ = INKS[name]
    return f'{key}="{light}"'


def _text(
    x: float,
    y: float,
    words: str,
    *,
    ink: str = "text",
    size: int = 13,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text class="{ink}" x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
        f'font-weight="{weight}" text-anchor="{anchor}" {_ink(ink)}>{escape(words)}</text>'
    )


def _legend(rows: Sequence[Row]) -> list[str]:
    shown = {bar.stage for row in rows for bar in _drawn(row)}
    parts = []
    x, y = float(MARGIN + LABEL_PX), TITLE_PX + 12
    for stage, name in STAGES.items():
        if stage in shown:
            parts.append(_box(x, y - 10, 12, 12, Bar(stage, 0, 0)))
            parts.append(_text(x + 18, y, name, ink="muted", size=12))
            x += 18 + CHARACTER_PX * len(name) + 20
    ahead = next((bar for row in rows for bar in _drawn(row) if bar.ahead), None)
    if ahead:
        parts.append(_box(x, y - 10, 12, 12, ahead))
        parts.append(_text(x + 18, y, "while you still spoke", ink="muted", size=12))
    return parts


def _grid(axis: _Axis, top: float, bottom: float) -> list[str]:
    parts = []
    step = _step(axis.last_ms - axis.first_ms)
    at = step * int(axis.first_ms / step)
    while at <= axis.last_ms:
        x = axis.x(at)
        ink = "line" if at else "zero"
        parts.append(
            f'<line class="{ink}" x1="{x:.1f}" x2="{x:.1f}" y1="{top:.1f}" y2="{bottom:.1f}" '
            f"{_ink(ink)}/>"
        )
        name = _duration(at) if at else "key up"
        parts.append(_text(x, bottom + 18, name, ink="muted", size=12, anchor="middle"))
        at += step
    return parts


def _step(span_ms: float) -> int:
    """Between two lines of the grid: a round number, so that there are five to ten."""
    for step in (10, 20, 50, 100, 200, 500, 1000, 2000, 5000):
        if span_ms / step <= 9:
            return step
    return 10_000


def _row(row: Row, axis: _Axis, top: float) -> list[str]:
    middle = top + ROW_PX / 2
    parts = [
        _text(MARGIN, middle - 3, row.name, weight=600),
        _text(MARGIN, middle + 15, row.detail, ink="muted", size=12),
        _text(axis.x(row.total_ms) + 10, middle + 5, _duration(row.total_ms), size=14, weight=600),
    ]
    for bar in _drawn(row):
        if bar.start_ms + bar.length_ms <= axis.first_ms:
            continue
        left, right = axis.x(bar.start_ms), axis.x(bar.start_ms + bar.length_ms)
        width = max(right - left, 1.0)
        height = BAR_PX * 0.6 if bar.ahead else BAR_PX
        parts.append(_box(left, middle - height / 2, width, height, bar))
        figure = _duration(bar.length_ms)
        if not bar.ahead and len(figure) * CHARACTER_PX + 8 < width:
            parts.append(
                _text(left + width / 2, middle + 4, figure, ink="figure", size=12, anchor="middle")
            )
    return parts


def _drawn(row: Row) -> list[Bar]:
    return [bar for bar in row.bars if bar.length_ms >= SHORTEST_MS]


def _elided(line: str) -> str:
    return line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1].rstrip() + "…"


def _box(x: float, y: float, width: float, height: float, bar: Bar) -> str:
    light, _ = PALETTE[bar.stage]
    kind, paint = bar.stage, f'fill="{light}"'
    if bar.ahead:
        kind, paint = f"{bar.stage} ahead", f'fill="none" stroke="{light}" stroke-width="1.5"'
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" rx="2" {paint}/>'
    )


def _duration(ms: float) -> str:
    seconds = f"{ms / 1000:.2f}".rstrip("0").rstrip(".")
    words = f"{seconds} s" if abs(ms) >= 1000 else f"{ms:.0f} ms"
    return words.replace("-", "−")
