"""The models on the Ollama server, as a part of the settings page: how large each is, which one
answers, and a way to be rid of the others."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.events import DeleteModel, Event, OllamaChanged, SettingChanged
from app.core.ollama import same_model
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.folding import Folding, in_a_line
from app.ui.labels import plain_label
from app.ui.settings.keys import LOCAL_ONLY
from app.ui.theme import Theme
from app.ui.words import size

PATIENCE_MS = 6000
"""A server that has not deleted a model by then has refused; why is said elsewhere."""

_LEAST_WORDS_PX = 180
"""Of a model; where they have less, the buttons stand under them."""


class OllamaModelRow(QWidget):
    """One place of the list; which model stands in it changes.

    A click on Delete only asks. The answer that deletes is not where that click was, so that a
    double click keeps the model.

    Signals:
        delete_wanted: the user wants this model gone, and has said so twice (its name).
    """

    delete_wanted = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.name = ""
        """Of the model that stands here."""
        self._bytes = 0
        self._in_use = False
        self._enabled = True
        self._asking = False
        self._deleting = False
        self._mark = Glyph("check-circle", "", 16)
        room = self._mark.sizePolicy()
        room.setRetainSizeWhenHidden(True)  # the names stand one under the other
        self._mark.setSizePolicy(room)
        self._title, self._about = plain_label(), plain_label("small")
        self.confirm, self.keep, self.delete = QPushButton(), QPushButton(), QPushButton()
        self.delete.setText(self.tr("Delete"))
        self.keep.setText(self.tr("Keep"))
        self.delete.clicked.connect(lambda: self._ask(True))
        self.keep.clicked.connect(lambda: self._ask(False))
        self.confirm.clicked.connect(self._confirmed)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(PATIENCE_MS)
        self._patience.timeout.connect(self._not_deleted)
        self._lay_out()

    def _lay_out(self) -> None:
        text = QVBoxLayout()
        text.setSpacing(1)
        text.addWidget(self._title)
        text.addWidget(self._about)
        said = QWidget()
        left = QHBoxLayout(said)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(look.SPACE_S)
        left.addWidget(self._mark)
        left.addSpacing(look.SPACE_XS)
        left.addLayout(text, 1)
        buttons = in_a_line(self.confirm, self.keep, self.delete)
        self._line = Folding(look.SPACE_S, look.SPACE_XS)
        self._line.add(said, stretch=1, least=_LEAST_WORDS_PX)
        # at the right in both, so that no click on Delete is one on what deletes
        self._line.add(buttons, side=Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_XS, 0, look.SPACE_XS)
        column.addWidget(self._line)

    @property
    def text(self) -> str:
        """Everything the row says, for tests, the search and screen readers."""
        return f"{self._title.text()} · {self._about.text()}"

    def show_model(self, name: str, count: int, *, in_use: bool, can_delete: bool) -> None:
        """
        Args:
            count: bytes on the disk; 0 when not told.
            in_use: whether it is the one that answers.
        """
        if name != self.name:
            self._asking = self._deleting = False
            self._patience.stop()
        self.name, self._bytes, self._in_use, self._enabled = name, count, in_use, can_delete
        self._asking = self._asking and can_delete
        self.refresh()

    def refresh(self) -> None:
        self._mark.show_icon("check-circle", self._theme.tokens.speaking)
        self._mark.setVisible(self._in_use)
        self._title.setText(self.name)
        self._about.setText(self._words())
        how_much = size(self._bytes) if self._bytes else ""
        self.confirm.setText(self.tr("Delete %1").replace("%1", how_much).rstrip())
        self.confirm.setVisible(self._asking)
        self.keep.setVisible(self._asking)
        self.delete.setVisible(not self._asking)
        self.delete.setEnabled(self._enabled and not self._deleting)
        for button, what in (
            (self.delete, self.tr("Delete %1")),
            (self.confirm, self.tr("Really delete %1")),
            (self.keep, self.tr("Keep %1")),
        ):
            button.setAccessibleName(what.replace("%1", self.name))
            button.setAccessibleDescription(self._about.text())
            button.setToolTip(what.replace("%1", self.name))
        self.setAccessibleName(self.text)
        self._line.fold()

    def _words(self) -> str:
        if self._deleting:
            return self.tr("Being deleted")
        if self._asking and self._in_use:
            return self.tr(
                "This one answers. When it is gone, the next in the order answers, until it is "
                "downloaded again."
            )
        if self._asking:
            return self.tr("To have it again, it must be downloaded again.")
        pieces = [size(self._bytes) if self._bytes else ""]
        pieces.append(self.tr("answers your questions") if self._in_use else "")
        return " · ".join(piece for piece in pieces if piece)

    def _ask(self, asking: bool) -> None:
        """Ask whether the model is to go, or leave it; the keyboard is on what deletes nothing."""
        self._asking = asking
        # Before the other is hidden: the focus of what is hidden goes on to the next, and the
        # page scrolls there.
        focused = self.keep if asking else self.delete
        focused.show()
        focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()

    def _confirmed(self) -> None:
        self._deleting = True
        self._patience.start()
        self._ask(False)
        self.delete_wanted.emit(self.name)

    def _not_deleted(self) -> None:
        self._deleting = False
        self.refresh()

    def controls(self) -> tuple[QWidget, ...]:
        return (self.confirm, self.keep, self.delete)

    def hideEvent(self, event: QHideEvent) -> None:
        # a question nobody answered does not wait behind a closed page
        self._asking = False
        self.refresh()
        super().hideEvent(event)


class OllamaModelList(QWidget):
    """The list, or a sentence in its place.

    Signals:
        intent: `DeleteModel`.
    """

    intent = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._ollama: OllamaChanged | None = None
        self._local_only = False
        self.rows: list[OllamaModelRow] = []
        """Places; those beyond the last model are hidden."""
        self._nothing = plain_label("small")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, look.SPACE_XS, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._nothing)
        theme.changed.connect(self.refresh)
        self.refresh()

    @property
    def words(self) -> str:
        """Everything it says now."""
        shown = [row.text for row in self.rows if not row.isHidden()]
        return " ".join((*shown, self._nothing.text()))

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        return [control for row in self.rows for control in row.controls()]

    def handle(self, event: Event) -> None:
        """Take an event about Ollama, or the switch that bars a server elsewhere."""
        match event:
            case OllamaChanged():
                self._ollama = event
            case SettingChanged(name=name) if name == LOCAL_ONLY:
                self._local_only = bool(event.value)
            case _:
                return
        self.refresh()

    def refresh(self) -> None:
        ollama = self._ollama
        models = ollama.models if ollama is not None else ()
        sizes = ollama.sizes if ollama is not None and ollama.sizes else (0,) * len(models)
        while len(self.rows) < len(models):
            row = OllamaModelRow(self._theme)
            row.delete_wanted.connect(lambda name: self.intent.emit(DeleteModel(model=name)))
            self._column.insertWidget(self._column.count() - 1, row)
            self.rows.append(row)
        for row in self.rows[len(models) :]:
            row.hide()
        for row, (name, count) in zip(self.rows, zip(models, sizes, strict=True), strict=False):
            assert ollama is not None
            row.show_model(
                name,
                count,
                in_use=same_model(name, ollama.model),
                can_delete=ollama.local or not self._local_only,
            )
            row.show()
        self._nothing.setText(self._why_empty())
        self._nothing.setVisible(not models)

    def _why_empty(self) -> str:
        ollama = self._ollama
        if ollama is None or ollama.starting:
            return self.tr("The list comes as soon as Ollama answers.")
        if not ollama.wanted:
            return self.tr("Ollama is switched off in the list above.")
        if not ollama.running:
            return self.tr("Ollama is not running.")
        return self.tr("There are no models yet.") if not ollama.models else ""
