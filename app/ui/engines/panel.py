"""The pill that sums up the engines, and the panel it opens: who serves each stage, why the
chosen engine does not yet, and the next step."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.events import FetchModel
from app.core.ports import Stage
from app.ui import icons, words
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.elided_button import ElidedButton
from app.ui.engines.downloads import PausedDownload
from app.ui.engines.next_step import NextStep
from app.ui.engines.provider_keys import ProviderKeys
from app.ui.engines.status import STAGES, EngineStatus
from app.ui.labels import plain_label, show_text
from app.ui.side_panel import SidePanel
from app.ui.theme import Theme

_STAGE_ICONS = {Stage.STT: "ear", Stage.LLM: "chat", Stage.TTS: "voice"}


class EnginePill(ElidedButton):
    """One line about all engines; opens the panel."""

    def __init__(self, status: EngineStatus, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status = status
        self._theme = theme
        self.setProperty("role", "pill")
        self.setCheckable(True)
        self.setIconSize(QSize(16, 16))
        self.setToolTip(self.tr("Show the engines"))
        status.changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        summary = self._status.summary()
        colour = getattr(self._theme.tokens, summary.colour)
        self.setIcon(icons.icon(summary.icon, colour, size=16))
        self.setText(" " + summary.text)
        self.setAccessibleName(self.tr("Engines: %1").replace("%1", summary.text))


class StageRow(QWidget):
    """One stage in the panel.

    Signals:
        fetch_wanted: the user wants the chosen engine's model (the `Stage`).
        cancel_wanted: the user wants the download stopped (the `Stage`).
        start_wanted: the user wants Ollama started.
        models_wanted: the user wants to see the models.
        intent: what else the user wants (`app.core.events.Intent`).
    """

    fetch_wanted = Signal(object)
    cancel_wanted = Signal(object)
    start_wanted = Signal()
    models_wanted = Signal()
    intent = Signal(object)

    def __init__(
        self, stage: Stage, status: EngineStatus, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._stage = stage
        self._status = status
        self._theme = theme
        self._glyph = Glyph(_STAGE_ICONS[stage], theme.tokens.muted, 22)
        self._name = plain_label("strong")
        self._standing = plain_label("small")
        self._reason = plain_label()
        self._next = plain_label("small")
        self._progress = plain_label("small")
        self._fetch = NextStep(stage, status)
        self._fetch.fetch_wanted.connect(self.fetch_wanted)
        self._fetch.start_wanted.connect(self.start_wanted)
        self._fetch.models_wanted.connect(self.models_wanted)
        self._fetch.intent.connect(self.intent)
        self._paused: PausedDownload | None = None
        self._left = plain_label("small")
        self._resume = QPushButton(self.tr("Resume"))
        self._resume.clicked.connect(self._go_on)
        self._cancel = QPushButton(self.tr("Cancel"))
        self._cancel.setAccessibleName(self.tr("Cancel the download"))
        self._cancel.clicked.connect(lambda: self.cancel_wanted.emit(self._stage))
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addWidget(self._name)
        text.addWidget(self._standing)
        text.addSpacing(look.SPACE_XS)
        text.addWidget(self._reason)
        text.addWidget(self._next)
        text.addWidget(self._progress)
        text.addSpacing(look.SPACE_XS)
        text.addWidget(self._fetch, 0, Qt.AlignmentFlag.AlignLeft)
        text.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignLeft)
        text.addSpacing(look.SPACE_XS)
        text.addWidget(self._left)
        text.addWidget(self._resume, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.SPACE_M)
        row.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        status.changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.refresh()

    @property
    def fetch_button(self) -> QPushButton:
        """Download, start Ollama, move its model: the one thing a click can do."""
        return self._fetch

    @property
    def cancel_button(self) -> QPushButton:
        return self._cancel

    @property
    def resume_button(self) -> QPushButton:
        """Goes on with the download of another model of the stage."""
        return self._resume

    @property
    def text(self) -> str:
        """Everything the row says now, for tests and screen readers."""
        shown = (
            *(self._name, self._standing, self._reason, self._next, self._progress),
            self._left,
        )
        return "\n".join(label.text() for label in shown if not label.isHidden())

    def refresh(self) -> None:
        status = self._status.stages[self._stage]
        engine = status.serving
        self._glyph.show_icon(_STAGE_ICONS[self._stage], self._theme.tokens.muted)
        name = words.engine_label(engine) if engine else self.tr("Getting ready")
        self._name.setText(words.pair(words.stage_verb(self._stage), name))
        self._standing.setText(self._status.standing(self._stage))
        title, hint = self._status.reason(self._stage)
        show_text(self._reason, title or self._status.news(self._stage))
        show_text(self._next, hint)
        progress = status.progress
        if status.fetching and not progress:
            progress = self.tr("Starting the download")
        show_text(self._progress, progress)
        self._show_action(fetching=status.fetching)
        self._show_paused(fetching=status.fetching)
        self.setAccessibleName(words.stage_verb(self._stage))
        sentences = (f"{line.rstrip('.')}." for line in self.text.splitlines())
        self.setAccessibleDescription(" ".join(sentences))

    def _show_action(self, *, fetching: bool) -> None:
        """The button for the next step, if a click can do it."""
        action = self._status.action(self._stage)
        # Only Ollama's downloads can be stopped; it keeps what came.
        can_cancel = fetching and self._stage == Stage.LLM
        self._cancel.setVisible(can_cancel)
        self._fetch.refresh()
        self._fetch.setVisible(bool(action) and not can_cancel)

    def _show_paused(self, *, fetching: bool) -> None:
        """A download of another model of the stage that was stopped; the wanted one's is in the
        next step."""
        wanted = self._status.paused_wanted(self._stage)
        others = (each for each in self._status.paused(self._stage) if each != wanted)
        self._paused = None if fetching else next(others, None)
        show_text(self._left, self._paused.line if self._paused else "")
        self._resume.setVisible(self._paused is not None)
        if self._paused is not None:
            spoken = self.tr("Go on with the download of %1").replace("%1", self._paused.name)
            self._resume.setAccessibleName(spoken)
            self._resume.setToolTip(spoken)

    def _go_on(self) -> None:
        if self._paused is not None:
            one = self._paused.id
            self._status.asked_to_fetch(one.stage, one)
            self.intent.emit(FetchModel(stage=one.stage, engine=one.engine, model=one.model))


class EnginePanel(SidePanel):
    """The engines in full.

    Signals:
        fetch_wanted: the user wants a model (the `Stage`).
        cancel_wanted: the user wants its download stopped (the `Stage`).
        start_wanted: the user wants Ollama started.
        settings_wanted: the user wants to change who answers, or how.
        models_wanted: the user wants to see the models.
        diagnosis_wanted: the user wants everything checked.
        intent: what else the user wants (`app.core.events.Intent`).
    """

    fetch_wanted = Signal(object)
    cancel_wanted = Signal(object)
    start_wanted = Signal()
    settings_wanted = Signal()
    models_wanted = Signal()
    diagnosis_wanted = Signal()
    intent = Signal(object)

    def __init__(self, status: EngineStatus, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self._status = status
        self.setAccessibleName(self.tr("Engines"))
        self.title.setText(self.tr("Engines"))
        self.close_button.setAccessibleName(self.tr("Close the engines panel"))
        self.rows = {stage: StageRow(stage, status, theme) for stage in STAGES}
        self._devices = plain_label("small")
        self._column.setSpacing(look.SPACE_L)
        for row in self.rows.values():
            row.fetch_wanted.connect(self.fetch_wanted)
            row.cancel_wanted.connect(self.cancel_wanted)
            row.start_wanted.connect(self.start_wanted)
            row.models_wanted.connect(self.models_wanted)
            row.intent.connect(self.intent)
            self._column.addWidget(row)
            rule = QFrame()
            rule.setObjectName("rule")
            self._column.addWidget(rule)
        self.keys = ProviderKeys(theme)
        self.keys.unfolded.connect(self.reveal)
        self._column.addWidget(self.keys)
        self._column.addWidget(self._devices)
        self.diagnosis_button = QPushButton(self.tr("Check everything"))
        self.diagnosis_button.setProperty("role", "quiet")
        self.diagnosis_button.setAccessibleName(self.tr("Check everything: open the diagnosis"))
        self.diagnosis_button.setToolTip(self.tr("Open the diagnosis"))
        self.diagnosis_button.clicked.connect(lambda: self.diagnosis_wanted.emit())
        self.settings_button = QPushButton(self.tr("Who answers, and how"))
        self.settings_button.setProperty("role", "quiet")
        self.settings_button.setAccessibleName(self.tr("Who answers, and how: open the settings"))
        self.settings_button.setToolTip(self.tr("Open the settings (Ctrl+,)"))
        self.settings_button.clicked.connect(lambda: self.settings_wanted.emit())
        elsewhere = QHBoxLayout()
        elsewhere.setSpacing(look.SPACE_S)
        elsewhere.addWidget(self.settings_button)
        elsewhere.addWidget(self.diagnosis_button)
        elsewhere.addStretch(1)
        self._column.addLayout(elsewhere)
        status.changed.connect(self.refresh)
        theme.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        for button, icon in ((self.settings_button, "settings"), (self.diagnosis_button, "info")):
            button.setIcon(icons.icon(icon, self._theme.tokens.muted, size=16))
        none = self.tr("none")
        lines = []
        if self._status.microphone is not None:
            lines.append(self.tr("Microphone: %1").replace("%1", self._status.microphone or none))
        if self._status.loudspeaker is not None:
            lines.append(self.tr("Loudspeaker: %1").replace("%1", self._status.loudspeaker or none))
        missing = (self._status.microphone_detail, self._status.loudspeaker_detail)
        lines += [detail for detail in missing if detail]
        show_text(self._devices, "\n".join(lines))
