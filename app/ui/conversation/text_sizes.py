"""How large the words of the conversation are; the rest of the window stays as it is."""

from __future__ import annotations

from dataclasses import dataclass

from app.ui import theme as look

SMALLEST, LARGEST = 0.8, 2.0
"""Of `appearance.text_size`."""


@dataclass(frozen=True, slots=True)
class TextSizes:
    """Sizes in pixels; `factor` is 1 for those of the rest of the window."""

    factor: float = 1.0

    @classmethod
    def of(cls, factor: float) -> TextSizes:
        """The sizes at a factor, which is brought within its limits."""
        return cls(min(max(factor, SMALLEST), LARGEST))

    def px(self, size: float) -> int:
        """What a size of the theme becomes."""
        return round(size * self.factor)

    @property
    def body(self) -> int:
        return self.px(look.BODY_PX)

    @property
    def small(self) -> int:
        return self.px(look.SMALL_PX)

    @property
    def title(self) -> int:
        return self.px(look.TITLE_PX)

    @property
    def line(self) -> float:
        """Height of a line of body text."""
        return look.LINE_HEIGHT_PX * self.factor

    @property
    def code_line(self) -> float:
        return look.CODE_LINE_HEIGHT_PX * self.factor
