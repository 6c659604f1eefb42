"""The diagnosis, as a page: what works, what does not, and a button where one can help."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QGuiApplication,
    QHideEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSystemTrayIcon,
    QVBoxLayout,
    QWidget,
)

from app.core.desktop_events import ShortcutChanged
from app.core.diagnosis_events import (
    Check,
    ChecksEnded,
    ModelPlaced,
    MoveToGpu,
    Placing,
    RunChecks,
)
from app.core.events import ChangeSetting, Event, FetchModel, SettingChanged, StartOllama
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.engines.desktop_report import desktop_lines
from app.ui.engines.findings import Finding, Fix, findings, fix_label, report, summary
from app.ui.engines.status import EngineStatus
from app.ui.labels import plain_label, show_text
from app.ui.page import Page
from app.ui.theme import Theme
from app.ui.translation import said
from app.ui.words import pair

_MARKS = {"ok": ("check-circle", "speaking"), "warn": ("info", "warn"), "fail": ("alert", "error")}
"""Icon and the token of its colour, by status; the words say it too."""

COPIED_SHOWN_MS = 3_000


class FindingRow(QWidget):
    """One part.

    Signals:
        fix_wanted: the user clicked a button (the `Fix`, the `Finding`).
    """

    fix_wanted = Signal(object, object)

    def __init__(self, theme: Theme, *, ruled: bool) -> None:
        """
        Args:
            ruled: a line parts it from the row above.
        """
        super().__init__()
        self._theme = theme
        self._finding: Finding | None = None
        self._mark = Glyph("check-circle", theme.tokens.muted, 20)
        self._name = plain_label("strong")
        self._text = plain_label()
        self._hint = plain_label("small")
        self.buttons: dict[Fix, QPushButton] = {}
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(look.SPACE_S)
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self._name, self._text, self._hint):
            words.addWidget(label)
        row = QHBoxLayout()
        row.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_L, look.SPACE_M)
        row.setSpacing(look.SPACE_M)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addLayout(self._buttons)
        rule = QFrame()
        rule.setObjectName("rule")
        if not ruled:
            rule.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(rule)
        column.addLayout(row)

    @property
    def text(self) -> str:
        """Everything the row says now."""
        return f"{self._name.text()}: {self._text.text()} {self._hint.text()}".strip()

    def show_finding(self, finding: Finding) -> None:
        icon, colour = _MARKS[finding.status]
        self._mark.show_icon(icon, getattr(self._theme.tokens, colour))
        if finding == self._finding:
            return
        before, self._finding = self._finding, finding
        self._name.setText(finding.name)
        self._text.setText(finding.text)
        show_text(self._hint, finding.hint)
        if before is None or before.fixes != finding.fixes:
            self._show_buttons(finding)

    def _show_buttons(self, finding: Finding) -> None:
        for button in self.buttons.values():
            button.deleteLater()
        self.buttons.clear()
        for fix in finding.fixes:
            button = QPushButton(fix_label(fix))
            button.setAccessibleName(pair(finding.name, fix_label(fix)))
            if finding.status != "ok":
                button.setProperty("role", "primary")
            button.clicked.connect(lambda _, fix=fix: self._fix(fix))
            self._buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
            self.buttons[fix] = button

    def _fix(self, fix: Fix) -> None:
        if self._finding is not None:
            self.fix_wanted.emit(fix, self._finding)


class DiagnosisPage(Page):
    """The page. What the threads tell is always as it is now; files and disk are looked at when
    it is brought up.

    Signals:
        fetch_wanted: get the chosen engine's model (the `Stage`).
        settings_wanted: show this setting, by its name in the file.
        models_wanted: show the models.
    """

    fetch_wanted = Signal(object)
    settings_wanted = Signal(str)
    models_wanted = Signal()

    def __init__(self, theme: Theme, engines: EngineStatus, parent: QWidget | None = None) -> None:
        super().__init__(theme, QCoreApplication.translate("DiagnosisPage", "Diagnosis"), parent)
        self._engines = engines
        self._checks: tuple[Check, ...] = ()
        self._shortcut: ShortcutChanged | None = None
        self._tray_wanted = True
        self.found: list[Finding] = []
        self.rows: list[FindingRow] = []
        self.again = QPushButton(self.tr("Check again"))
        self.again.clicked.connect(self._look)
        self.copy = QPushButton(self.tr("Copy report"))
        self.copy.setAccessibleDescription(
            self.tr("Versions, devices and what was found. Nothing you said is in it.")
        )
        self.copy.clicked.connect(self._copy)
        self.head.addWidget(self.again)
        self.head.addWidget(self.copy)
        self._summary = plain_label("strong")
        self._card = QFrame()
        self._card.setObjectName("card")
        self._inside = QVBoxLayout(self._card)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        self.column.addWidget(self._summary)
        self.column.addWidget(self._card)
        self._told = QTimer(self)
        self._told.setSingleShot(True)
        self._told.setInterval(COPIED_SHOWN_MS)
        self._told.timeout.connect(lambda: self.copy.setText(self.tr("Copy report")))
        engines.changed.connect(self._refresh_if_seen)
        theme.changed.connect(self._refresh)
        self._refresh()

    def handle(self, event: Event) -> None:
        """Take what was found, and what the report tells; everything else is let through."""
        match event:
            case ChecksEnded():
                self._checks = event.checks
                self.again.setEnabled(True)
                self._refresh()
            case ModelPlaced():
                if event.placing == Placing.ON_GPU:
                    self.cards.remove_about(event.model)
                self._announce(f"{event.title} {event.hint}".strip())
            case ShortcutChanged():
                self._shortcut = event
            case SettingChanged(name="desktop.tray", value=bool(wanted)):
                self._tray_wanted = wanted
            case SettingChanged() if self._is_waited_for(event) and self.isVisible():
                self._look()  # it is written now, so the next look finds it

    def _is_waited_for(self, event: SettingChanged) -> bool:
        return any(check.change == (event.name, event.value) for check in self._checks)

    def _announce(self, text: str) -> None:
        """For who does not see: a load may take a while."""
        if self.isVisible() and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said(text)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        self.again.setEnabled(True)
        super().hideEvent(event)

    def _look(self) -> None:
        self.again.setEnabled(False)
        self.intent.emit(RunChecks())

    def _refresh_if_seen(self) -> None:
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        self.found = findings(self._engines, self._checks)
        self._summary.setText(summary(self.found))
        while len(self.rows) < len(self.found):
            self._add_row()
        for row, finding in zip(self.rows, self.found, strict=False):
            row.show_finding(finding)
        for spare in self.rows[len(self.found) :]:
            spare.deleteLater()
        del self.rows[len(self.found) :]

    def _add_row(self) -> None:
        row = FindingRow(self.theme, ruled=bool(self.rows))
        row.fix_wanted.connect(self._fix)
        self._inside.addWidget(row)
        self.rows.append(row)

    def _fix(self, fix: Fix, finding: Finding) -> None:
        match fix:
            case Fix.START_OLLAMA:
                self.intent.emit(StartOllama())
            case Fix.RESUME if finding.model is not None:
                one = finding.model
                self._engines.asked_to_fetch(one.stage, one)
                self.intent.emit(FetchModel(stage=one.stage, engine=one.engine, model=one.model))
            case Fix.FETCH | Fix.RESUME if finding.stage is not None:
                self.fetch_wanted.emit(finding.stage)
            case Fix.MOVE_TO_GPU:
                self.intent.emit(MoveToGpu())
            case Fix.USE_GPU if finding.change is not None:
                name, value = finding.change
                self.intent.emit(ChangeSetting(name=name, value=value))
            case Fix.CHOOSE_MICROPHONE:
                self.settings_wanted.emit("audio.input")
            case Fix.CHOOSE_SPEAKER:
                self.settings_wanted.emit("audio.output")
            case Fix.ADD_KEY:
                self.settings_wanted.emit("llm.keys")
            case Fix.MANAGE_MODELS:
                self.models_wanted.emit()

    def _copy(self) -> None:
        desktop = desktop_lines(
            os.environ,
            platform=QGuiApplication.platformName(),
            has_tray=QSystemTrayIcon.isSystemTrayAvailable(),
            tray_wanted=self._tray_wanted,
            shortcut=self._shortcut,
        )
        text = report(self.found, desktop).replace(str(Path.home()), "~")
        QGuiApplication.clipboard().setText(text)
        self.copy.setText(self.tr("Copied"))
        self._told.start()
