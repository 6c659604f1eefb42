"""What each state of Parley looks like: always a colour, a word and a shape together."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QKeySequence

from app.core.events import State

translate = QCoreApplication.translate

OPENING = "opening"
"""Listening was asked for, and no sound has arrived from the microphone yet."""

ATTENTION = "attention"
"""Ready, but something needs the user first (no microphone)."""


@dataclass(frozen=True, slots=True)
class Face:
    """The picture of a state."""

    colour: str
    """Name of a token."""
    icon: str
    """Name of an icon, beside the word."""
    ring: str
    """Shape of the talk button's ring: "still", "meter", "closing", "pulse", "voice"."""


FACES = {
    State.READY: Face("accent", "circle", "still"),
    OPENING: Face("listening", "hourglass", "still"),
    State.LISTENING: Face("listening", "microphone", "meter"),
    State.FINISHING: Face("listening", "hourglass", "closing"),
    State.THINKING: Face("accent", "thinking", "pulse"),
    State.SPEAKING: Face("speaking", "speaking", "voice"),
    ATTENTION: Face("warn", "alert", "still"),
}


def word(state: str) -> str:
    """The state in a word."""
    return {
        State.READY: translate("States", "Ready"),
        OPENING: translate("States", "One moment"),
        State.LISTENING: translate("States", "Listening"),
        State.FINISHING: translate("States", "Finishing"),
        State.THINKING: translate("States", "Thinking"),
        State.SPEAKING: translate("States", "Speaking"),
        ATTENTION: translate("States", "Needs attention"),
    }[state]


def hint(state: str, mode: str, key: str, *, typing: bool, begun: bool) -> str:
    """What the user can do now, in a few words.

    Args:
        state: of Parley.
        mode: "hold", "toggle" or "hybrid" (`TalkSettings.mode`).
        key: what the talk key is called (`key_name`).
        begun: something was said already; before, the empty page tells of the key.
        typing: the text box has the keyboard, so the space bar types.
    """
    if state == ATTENTION:
        return translate("States", "You can still type")
    if state == State.READY:
        if typing:
            return translate("States", "Enter sends, Esc leaves the text")
        if not begun:
            return (
                translate("States", "or press this button")
                if mode == "toggle"
                else translate("States", "or hold this button")
            )
        return how_to_begin(mode, key)
    if state in (State.LISTENING, OPENING):
        if mode == "toggle":
            return translate("States", "Press %1 to send, Esc drops it").replace("%1", key)
        return translate("States", "Let go to send, Esc drops it")
    return ""


def how_to_begin(mode: str, key: str) -> str:
    """What to do to talk."""
    begin = translate("States", "Hold %1 and talk")
    if mode == "toggle":
        begin = translate("States", "Press %1 and talk")
    return begin.replace("%1", key)


def key_name(key: str) -> str:
    """What a key is called that is written as `TalkSettings.key` is."""
    if key == "Space":
        return translate("States", "space")
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
