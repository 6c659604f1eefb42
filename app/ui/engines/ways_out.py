"""What helps an engine that does not serve, wherever its button stands."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from app.core.events import FetchModel, StartOllama
from app.core.ports import Stage
from app.ui.cards import Card
from app.ui.conversation.turn_entry import Remark
from app.ui.engines.next_step import EngineCard, NextStep
from app.ui.engines.panel import EnginePanel
from app.ui.engines.status import EngineStatus
from app.ui.theme import Theme


class WaysOut(QObject):
    """Lives in the GUI thread.

    Signals:
        intent: the user wants a model fetched, or Ollama started.
        models_wanted: the user wants to see the models.
    """

    intent = Signal(object)
    models_wanted = Signal()

    def __init__(self, theme: Theme, status: EngineStatus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._status = status

    def connect_to(self, source: EnginePanel | NextStep) -> None:
        """Do what is wanted there."""
        source.fetch_wanted.connect(self.fetch)
        source.start_wanted.connect(self._start_ollama)
        source.models_wanted.connect(self.models_wanted)

    def make_card(self, remark: Remark, parent: QWidget) -> Card:
        """A remark on a turn; one about the model has the button that helps."""
        told = (self._theme, remark.title, remark.hint, remark.level)
        if remark.stage != Stage.LLM:
            return Card(*told, can_dismiss=False, parent=parent)
        card = EngineCard(
            *told, stage=Stage.LLM, status=self._status, can_dismiss=False, parent=parent
        )
        self.connect_to(card.step)
        return card

    @Slot(object)
    def fetch(self, stage: Stage) -> None:
        """Get the chosen engine's model."""
        self._status.asked_to_fetch(stage)
        self.intent.emit(FetchModel(stage=stage))

    @Slot()
    def _start_ollama(self) -> None:
        self.intent.emit(StartOllama())
