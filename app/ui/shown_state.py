"""The state as it is shown: what the conversation says, without what would only flicker."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.events import State
from app.ui import states

OPENING_SHOWN_AFTER_MS = 150
"""The microphone usually delivers within this; saying "One moment" before would flicker."""


class ShownState(QObject):
    """Lives in the GUI thread.

    Signals:
        changed: what to show now, one of `app.ui.states`.

    Attributes:
        state: what Parley does, as the conversation said it last.
    """

    changed = Signal(str)

    def __init__(self, release_grace_ms: float, parent: QObject | None = None) -> None:
        """
        Args:
            release_grace_ms: how long a release of the talk key may turn out to be none.
        """
        super().__init__(parent)
        self.state: str = State.READY
        self._shown: str = State.READY
        self._has_microphone = True
        self._opening = self._later(OPENING_SHOWN_AFTER_MS, states.OPENING)
        self._finishing = self._later(round(release_grace_ms), State.FINISHING)

    def take(self, state: str) -> None:
        """The conversation is in another state."""
        self._opening.stop()
        self._finishing.stop()
        self.state = state
        if state == State.LISTENING and self._shown not in (State.LISTENING, State.FINISHING):
            # "Listening" is a promise that words are heard; it waits for the first samples.
            self._opening.start()
        elif state == State.FINISHING:
            # X11 sends release and press in pairs while a key is held: wait until it is one.
            self._finishing.start()
        else:
            self._show(state)

    def heard_first_samples(self) -> None:
        """The microphone delivers."""
        self._opening.stop()
        if self.state == State.LISTENING:
            self._show(State.LISTENING)

    def know_microphone(self, there: bool) -> None:
        """Without one, being ready needs attention."""
        self._has_microphone = there
        if self.state == State.READY:
            self._show(State.READY)

    def _later(self, after_ms: int, state: str) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(lambda: self._show(state))
        return timer

    def _show(self, state: str) -> None:
        if state == State.READY and not self._has_microphone:
            state = states.ATTENTION
        self._shown = state
        self.changed.emit(state)
