"""Your words again, to be changed and sent, in the place where they stood."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui import theme as look
from app.ui.composer import LONGEST_QUESTION, QuestionBox, cleaned


class _EditBox(QuestionBox):
    """A question box that Esc leaves.

    Signals:
        left: Esc was pressed.
    """

    left = Signal()

    def event(self, event: QEvent) -> bool:
        # Esc is the window's; while something is edited here, it is ours first.
        asked = event.type() == QEvent.Type.ShortcutOverride
        if asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other lines; the document tells of other text only."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()


class QuestionEditor(QFrame):
    """Lives in the GUI thread.

    Signals:
        sent: the words as they are now, without blank ends (str).
        cancelled: nothing is to be changed.
        resized: it is higher or lower now.
    """

    sent = Signal(str)
    cancelled = Signal()
    resized = Signal()

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("field")
        self.setProperty("focused", True)
        self.box = _EditBox()
        self.box.setPlaceholderText("")
        self.box.setAccessibleName(self.tr("Your words"))
        self.box.setPlainText(text[:LONGEST_QUESTION])
        self.box.moveCursor(QTextCursor.MoveOperation.End)
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.setToolTip(self.tr("Leave it as it was (Esc)"))
        self.send = QPushButton(self.tr("Send"))
        self.send.setProperty("role", "primary")
        self.send.setToolTip(self.tr("Ask this instead (Enter)"))
        self.box.sent.connect(self._send)
        self.box.left.connect(self.cancelled)
        self.box.textChanged.connect(self._text_changed)
        self.box.document().documentLayout().documentSizeChanged.connect(self.resized)
        self.cancel.clicked.connect(self.cancelled)
        self.send.clicked.connect(self._send)
        buttons = QHBoxLayout()
        buttons.setSpacing(look.SPACE_S)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_S, look.SPACE_S)
        column.setSpacing(look.SPACE_S)
        column.addWidget(self.box)
        column.addLayout(buttons)
        self._text_changed()

    @property
    def stops(self) -> list[QWidget]:
        """What the keyboard visits, in reading order."""
        return [self.box, self.cancel, self.send]

    def height_for(self, width: int) -> int:
        """Height in pixels when it is `width` wide."""
        self.resize(width, self.height())
        layout = self.layout()
        assert layout is not None
        layout.activate()
        return layout.sizeHint().height()

    def _text_changed(self) -> None:
        self.send.setEnabled(bool(self.box.toPlainText().strip()))

    def _send(self) -> None:
        text = cleaned(self.box.toPlainText()).strip()
        if text:
            self.sent.emit(text)
