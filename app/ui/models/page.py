"""The models, as one page: what can be had, what is here and which one is used. It takes the place
of the conversation in the window; downloads go on when it is closed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.catalogue import BUILTIN, VOICES, WHISPER, ModelId
from app.core.events import Event, FetchEnded, FetchProgressed, OllamaChanged, StartOllama
from app.core.model_cards import Card, Chosen, cards, ollama_cards
from app.core.model_events import LookUpModels, ModelsListed
from app.core.ollama import same_model
from app.core.ports import Stage
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.labels import plain_label, show_text
from app.ui.models.row import ModelRow
from app.ui.search_page import SearchPage
from app.ui.settings.search import found_by
from app.ui.theme import Theme
from app.ui.words import size

translate = QCoreApplication.translate

_TOLD = (ModelsListed, OllamaChanged, FetchProgressed, FetchEnded)


class ModelGroup(QWidget):
    """Models of one kind under a heading.

    Signals:
        rows_changed: it has other rows now.
        intent, licence_wanted: as a row's.
    """

    rows_changed = Signal()
    intent = Signal(object)
    licence_wanted = Signal(str)

    def __init__(self, theme: Theme, title: str, about: str) -> None:
        super().__init__()
        self._theme = theme
        self.title = title
        self.rows: dict[ModelId, ModelRow] = {}
        self._rules: dict[ModelId, QFrame] = {}
        self._why = ""
        heading = plain_label("strong", title)
        self._about = plain_label("small", about)
        self._note = plain_label("small")
        self.start = QPushButton(self.tr("Start Ollama"))
        self.start.setAccessibleName(self.start.text())
        self.start.clicked.connect(lambda: self.intent.emit(StartOllama()))
        self.start.hide()
        note = QHBoxLayout()
        note.setSpacing(look.SPACE_M)
        note.addWidget(self._note, 1)
        note.addWidget(self.start)
        card = QFrame()
        card.setObjectName("card")
        self._inside = QVBoxLayout(card)
        self._inside.setContentsMargins(0, 0, 0, 0)
        self._inside.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_XS)
        column.addWidget(heading)
        column.addWidget(self._about)
        column.addLayout(note)
        column.addSpacing(look.SPACE_XS)
        column.addWidget(card)
        show_text(self._note, "")

    @property
    def note(self) -> str:
        return self._note.text()

    def show_note(self, note: str, *, can_start: bool = False) -> None:
        """Why these models cannot be had now, and what to do."""
        show_text(self._note, note)
        self.start.setVisible(can_start)

    def show_cards(self, shown: Iterable[Card]) -> None:
        """Each model once, in this order; those that are no more go."""
        known = {card.id: card for card in shown}
        changed = list(known) != list(self.rows)
        for gone in [one for one in self.rows if one not in known]:
            row, rule = self.rows.pop(gone), self._rules.pop(gone)
            for part in (row, rule):
                self._inside.removeWidget(part)
                part.hide()
                part.deleteLater()
        for place, card in enumerate(known.values()):
            if card.id in self.rows:
                self.rows[card.id].show_card(card)
            else:
                self._add(card, place)
        self.rows = {one: self.rows[one] for one in known}
        if changed:
            self.rows_changed.emit()

    def _add(self, card: Card, place: int) -> None:
        row, rule = ModelRow(self._theme, card), QFrame()
        rule.setObjectName("rule")
        row.intent.connect(self.intent)
        row.licence_wanted.connect(self.licence_wanted)
        row.show_blocked(self._why)
        self.rows[card.id], self._rules[card.id] = row, rule
        self._inside.insertWidget(2 * place, rule)
        self._inside.insertWidget(2 * place + 1, row)

    def show_blocked(self, why: str) -> None:
        """Why nothing can be downloaded; empty when it can."""
        self._why = why
        for row in self.rows.values():
            row.show_blocked(why)

    def row_of(self, one: ModelId) -> ModelRow | None:
        """The row of a model; Ollama's have names with and without a tag."""
        if one in self.rows:
            return self.rows[one]
        for known, row in self.rows.items():
            if known.engine == one.engine == "ollama" and same_model(known.model, one.model):
                return row
        return None

    def search(self, query: str) -> int:
        """Show what is found by the query, or everything for an empty one; how many are shown."""
        shown = 0
        for one, row in self.rows.items():
            found = found_by(f"{self.title} {row.words}", query)
            row.setVisible(found)
            self._rules[one].setVisible(found and shown > 0)
            shown += found
        self.setVisible(shown > 0 or (not query and bool(self._note.text())))
        return shown

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        stops: list[QWidget] = [self.start]
        for row in self.rows.values():
            stops += row.controls()
        return stops


class ModelsPage(SearchPage):
    """The page. Its intents are `LookUpModels`, `FetchModel`, `CancelFetch`, `UseModel`,
    `DeleteModel` and `StartOllama`.

    Signals:
        licence_wanted: the user wants to read a licence (address, str).
        first_minute_wanted: the user wants the first minute's panel back.
    """

    licence_wanted = Signal(str)
    first_minute_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, self.tr("Models"), self.tr("Search models and languages"), parent)
        self._ollama: OllamaChanged | None = None
        self._chosen = Chosen()
        self._blocked = ""
        self._why_icon = Glyph("info", "", 18)
        self._why = plain_label("")
        self._where = plain_label("small")
        self.nothing = plain_label("small")
        self.again = QPushButton(self.tr("Show the first minute again"))
        self.speech = ModelGroup(
            theme,
            self.tr("Speech"),
            self.tr(
                "Turns what you say into words. Until one is here, PocketSphinx hears you: built "
                "in, for English."
            ),
        )
        self.voices = ModelGroup(
            theme,
            self.tr("Voices"),
            self.tr(
                "One voice for each language. Where there is none, eSpeak NG speaks: built in, for "
                "over 100 languages."
            ),
        )
        self.ollama = ModelGroup(
            theme,
            self.tr("Language models, in Ollama"),
            self.tr("Answers your questions. Ollama is a free program beside Parley."),
        )
        self.builtin = ModelGroup(
            theme,
            self.tr("Language model, inside Parley"),
            self.tr("For those who install nothing else."),
        )
        self.groups = (self.speech, self.voices, self.ollama, self.builtin)
        self._lay_out_page()
        for group in self.groups:
            group.intent.connect(self.intent)
            group.licence_wanted.connect(self.licence_wanted)
            group.rows_changed.connect(self._rows_changed)
        self.search.textChanged.connect(self._search)
        self.again.clicked.connect(lambda: self.first_minute_wanted.emit())
        theme.changed.connect(self._dress)
        self._dress()
        nothing_here = cards([], Chosen(), (*WHISPER, *VOICES, *BUILTIN))
        self._take_list(ModelsListed(cards=nothing_here, chosen=Chosen()))
        self._take_ollama(None)

    def _lay_out_page(self) -> None:
        self.again.setProperty("role", "quiet")
        self.again.setAccessibleName(self.again.text())
        show_text(self.nothing, "")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._why_card = QFrame()
        self._why_card.setObjectName("card")
        why = QHBoxLayout(self._why_card)
        why.setContentsMargins(look.SPACE_M, look.SPACE_M, look.SPACE_M, look.SPACE_M)
        why.setSpacing(look.SPACE_M)
        why.addWidget(self._why_icon, 0, Qt.AlignmentFlag.AlignTop)
        why.addWidget(self._why, 1)
        top = QVBoxLayout()
        top.setSpacing(look.SPACE_M)
        top.addWidget(self._why_card)
        top.addWidget(self._where)
        top.addWidget(self.nothing)
        self.column.addLayout(top)
        for group in self.groups:
            self.column.addWidget(group)
        self.column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeft)

    # --- events in ------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take an event about models and downloads; others are let through."""
        if not isinstance(event, _TOLD):
            return  # by far the most: every piece of a reply comes by here
        match event:
            case ModelsListed():
                self._take_list(event)
                self._take_ollama(self._ollama)
            case OllamaChanged():
                self._take_ollama(event)
            case FetchProgressed() if row := self.row_of(event.stage, event.engine, event.model):
                row.show_progress(event)
            case FetchEnded() if row := self.row_of(event.stage, event.engine, event.model):
                row.show_end(event)

    def row_of(self, stage: Stage, engine: str, model: str) -> ModelRow | None:
        """The row of this model, if it has one."""
        wanted = ModelId(stage, engine, model)
        rows = (group.row_of(wanted) for group in self.groups)
        return next((row for row in rows if row is not None), None)

    def _take_list(self, event: ModelsListed) -> None:
        self._chosen, self._blocked = event.chosen, event.blocked
        for group, stage in (
            (self.speech, Stage.STT),
            (self.voices, Stage.TTS),
            (self.builtin, Stage.LLM),
        ):
            mine = [card for card in event.cards if card.id.stage == stage]
            group.show_cards(mine)
            group.show_blocked(event.blocked)
        show_text(self._why, _what_now(event.blocked))
        self._why_card.setVisible(bool(event.blocked))
        self._why_card.setAccessibleName(self._why.text())
        places = []
        if event.free_bytes:
            words = self.tr("Room on the disk: %1.")
            places.append(words.replace("%1", size(event.free_bytes)))
        if event.mirror:
            words = self.tr("Downloads come from %1 (HF_ENDPOINT).")
            places.append(words.replace("%1", event.mirror))
        show_text(self._where, " ".join(places))

    def _take_ollama(self, event: OllamaChanged | None) -> None:
        self._ollama = event
        names, sizes = (event.models, event.sizes) if event is not None else ((), ())
        self.ollama.show_cards(ollama_cards(names, sizes, self._chosen))
        why, can_start = self._about_ollama()
        self.ollama.show_note(why, can_start=can_start)
        self.ollama.show_blocked(self._blocked_ollama() or why)

    def _blocked_ollama(self) -> str:
        """Switched off for all, not only for the hub that Ollama does not use."""
        return "" if "HF_HUB_OFFLINE" in self._blocked else self._blocked

    def _about_ollama(self) -> tuple[str, bool]:
        """What is in the way of Ollama, and whether a click can start it."""
        now = self._ollama
        if now is None or now.running:
            return "", False
        if not now.local:
            return self.tr("The Ollama server does not answer."), False
        if not now.found:
            words = self.tr(
                "Ollama is not installed. Install it from https://ollama.com/download. I notice by "
                "myself."
            )
            return words, False
        if not now.wanted:
            words = self.tr(
                "Ollama is not among those who answer. Put it into the order in the settings."
            )
            return words, False
        if now.starting:
            return self.tr("Ollama is starting."), False
        return self.tr("Ollama is not running. I can start it."), True

    # --- the search, and the keyboard -----------------------------------------------------------

    def open(self) -> None:
        """The page was brought up."""
        super().open()
        self.intent.emit(LookUpModels())

    def _search(self, query: str) -> None:
        shown = sum(group.search(query) for group in self.groups)
        words = self.tr("No model has “%1” in its words. Esc shows all of them.")
        show_text(self.nothing, "" if shown else words.replace("%1", query.strip()))
        self.again.setVisible(not query)
        self.scroll_to_top()

    def _rows_changed(self) -> None:
        for group in self.groups:
            group.search(self.search.text())
        stops = [self.back, self.search]
        for group in self.groups:
            stops += group.tab_stops()
        for one, next_one in pairwise([*stops, self.again]):
            QWidget.setTabOrder(one, next_one)

    def _dress(self) -> None:
        tokens = self.theme.tokens
        self._why_icon.show_icon("info", tokens.accent)


def _what_now(blocked: str) -> str:
    """Why nothing can be downloaded, with the next step."""
    if not blocked:
        return ""
    if "HF_HUB_OFFLINE" in blocked:
        step = translate("ModelsPage", "Unset it and start Parley again. What is here can be used.")
    else:
        step = translate(
            "ModelsPage", "Turn it off in the settings to download. What is here can be used."
        )
    return f"{blocked} {step}"
