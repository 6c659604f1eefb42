"""Asking where an export goes."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QDir, QObject, QStandardPaths, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.core.history_events import ExportConversations, ExportFormat

translate = QCoreApplication.translate

ENDINGS: dict[ExportFormat, str] = {"markdown": "md", "json": "json", "wav": "wav"}

LONGEST_NAME = 60
"""Characters of a suggested file name."""


def file_name(title: str) -> str:
    """A name every file system takes, made from a title; without its ending."""
    plain = re.sub(r"[^\w\- ]+", " ", title)
    return " ".join(plain.split())[:LONGEST_NAME].strip() or "Parley"


class ExportDialog(QObject):
    """Opens the system's dialog without waiting for it.

    Signals:
        wanted: `ExportConversations`, with the place that was chosen.
    """

    wanted = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: QFileDialog | None = None

    def ask(self, format: ExportFormat, title: str, session_id: int | None) -> None:
        """Where this conversation goes, or all of them without a number."""
        ending = ENDINGS[format]
        kinds = {
            "markdown": translate("HistoryExport", "Markdown (*.md)"),
            "json": translate("HistoryExport", "JSON (*.json)"),
            "wav": translate("HistoryExport", "Sound (*.wav)"),
        }
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = QStandardPaths.writableLocation(documents) or QDir.homePath()
        dialog = self.dialog = QFileDialog(
            self._window, translate("HistoryExport", "Export conversation"), folder
        )
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(kinds[format])
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(f"{file_name(title)}.{ending}")
        dialog.fileSelected.connect(
            lambda path: self.wanted.emit(
                ExportConversations(path=path, format=format, session_id=session_id)
            )
        )
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
