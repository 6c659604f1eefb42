"""Whether things may move: as the user chose, else as far as the platform tells."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QStyle

Choice = Literal["system", "full", "reduced"]
"""`AppearanceSettings.motion`."""

_EFFECTS = (
    Qt.UIEffect.UI_AnimateMenu,
    Qt.UIEffect.UI_FadeMenu,
    Qt.UIEffect.UI_AnimateCombo,
    Qt.UIEffect.UI_AnimateTooltip,
    Qt.UIEffect.UI_FadeTooltip,
)
"""What Qt itself lets slide and fade."""

_chosen: Choice = "system"
_desktop_reduces = False


def choose(choice: Choice) -> None:
    """From now on. What moves asks before each of its frames or transitions. GUI thread."""
    global _chosen
    _chosen = choice
    _still_qt()


def follow_desktop(*, reduced: bool) -> None:
    """What the desktop's own switch says, which Qt does not pass on everywhere. GUI thread."""
    global _desktop_reduces
    _desktop_reduces = reduced
    _still_qt()


_moved_before: dict[Qt.UIEffect, bool] = {}
"""What Qt did of itself, while it is kept from it."""


def _still_qt() -> None:
    if reduced_motion():
        for effect in _EFFECTS:
            _moved_before.setdefault(effect, QApplication.isEffectEnabled(effect))
            QApplication.setEffectEnabled(effect, False)
        return
    while _moved_before:
        QApplication.setEffectEnabled(*_moved_before.popitem())


def reduced_motion() -> bool:
    """True when nothing may move that need not.

    Qt passes some desktops' wish on through two style hints, others are asked
    (`follow_desktop`); a platform that says nothing has its style's defaults, which allow motion.
    """
    if _chosen != "system":
        return _chosen == "reduced"
    if _desktop_reduces:
        return True
    style = QApplication.style()
    return (
        style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) <= 0
        or style.styleHint(QStyle.StyleHint.SH_Widget_Animate) == 0
    )
