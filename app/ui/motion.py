"""Whether things may move, as far as the platform tells."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QStyle


def reduced_motion() -> bool:
    """True when the desktop asks for no animation.

    Qt passes the desktop's wish on through two style hints; a platform that says nothing has
    its style's defaults, which allow motion.
    """
    style = QApplication.style()
    return (
        style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) <= 0
        or style.styleHint(QStyle.StyleHint.SH_Widget_Animate) == 0
    )
