"""The one button for what a click can do about a stage's engine, wherever its trouble is told: in
the engines panel, and on the card of a question that had to do without it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.core.diagnosis_events import MoveToGpu
from app.core.ports import Stage
from app.ui.cards import Card
from app.ui.engines.status import EngineStatus
from app.ui.theme import Theme


class NextStep(QPushButton):
    """Says what it does now; whether it is to be seen is its owner's business.

    Signals:
        fetch_wanted: the user wants the chosen engine's model (the `Stage`).
        start_wanted: the user wants Ollama started.
        models_wanted: the user wants to see the models.
        intent: what else the user wants (`app.core.events.Intent`).
    """

    fetch_wanted = Signal(object)
    start_wanted = Signal()
    models_wanted = Signal()
    intent = Signal(object)

    def __init__(self, stage: Stage, status: EngineStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stage = stage
        self._status = status
        self.setProperty("role", "primary")
        self.clicked.connect(self._act)
        self.refresh()

    @property
    def action(self) -> str:
        """What a click does (`EngineStatus.action`)."""
        return self._status.action(self._stage)

    def refresh(self) -> None:
        """Say what it does now."""
        action, fetching = self.action, self._status.stages[self._stage].fetching
        wanted = self._status.wanted_label(self._stage)
        in_full = {
            "start": self.tr("Start Ollama"),
            "move": self.tr("Move the model to the GPU"),
            "models": self.tr("Show the models"),
            "resume": self.tr("Go on with the download of %1").replace("%1", wanted),
        }.get(action, self.tr("Download %1").replace("%1", wanted))
        short = in_full
        if action == "resume":
            short = self.tr("Resume")
        elif action == "fetch" and self._stage != Stage.LLM:
            short = self.tr("Downloading") if fetching else self.tr("Download")
        self.setText(short)
        self.setToolTip(in_full)
        self.setAccessibleName(in_full)
        self.setEnabled(not fetching)

    def _act(self) -> None:
        match self.action:
            case "start":
                self.start_wanted.emit()
            case "move":
                self.intent.emit(MoveToGpu())
            case "models":
                self.models_wanted.emit()
            case "fetch" | "resume":
                self.fetch_wanted.emit(self._stage)


class EngineCard(Card):
    """A card about an engine that could not serve. Its button is there as long as a click can still
    help: the model may be here by the time somebody reads this.

    Attributes:
        step: the button; the window connects its signals.
    """

    def __init__(
        self,
        theme: Theme,
        title: str,
        hint: str,
        level: str,
        *,
        stage: Stage,
        status: EngineStatus,
        can_dismiss: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(theme, title, hint, level, can_dismiss=can_dismiss, parent=parent)
        self._stage = stage
        self._status = status
        self.step = NextStep(stage, status)
        row = self.layout()
        assert isinstance(row, QHBoxLayout)
        row.insertWidget(2, self.step, 0, Qt.AlignmentFlag.AlignVCenter)
        status.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the button, or take it away."""
        self.step.refresh()
        fetching = self._status.stages[self._stage].fetching
        # of an engine that serves, and could be quicker, the panel tells
        may_help = self.step.action in ("fetch", "resume", "start", "models")
        self.step.setVisible(may_help and not fetching)
