"""What a new user may want to do first, in one quiet panel under an empty conversation: better
engines with one button each, and a look whether the microphone works. Nothing waits for it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QLocale, QSettings, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.catalogue import BUILTIN, OLLAMA, VOICES, WHISPER, ModelId, Offer, offer_of
from app.core.events import Event, FetchEnded, FetchProgressed, OllamaChanged
from app.core.model_cards import Card, Chosen, OnDisk, cards, ollama_cards
from app.core.model_events import LookUpModels, ModelsListed, UseModel
from app.core.ports import Stage
from app.ui import theme as look
from app.ui.folding import Folding
from app.ui.labels import plain_label, show_text
from app.ui.models.microphone_check import MicrophoneCheck
from app.ui.models.row import ModelRow
from app.ui.theme import Theme

SKIPPED = "first_minute/skipped"
EXPECTED = "first_minute/expected"
"""Whether something was missing when it was last known what there is."""

WIDTH_PX = look.COLUMN_PX
"""As the conversation that comes after it."""

_LEAST_TITLE_PX = 160
"""Where the title has less, its buttons stand under it."""

_PARTS = (Stage.STT, Stage.TTS, Stage.LLM)


class FirstMinute(QFrame):
    """The panel. Shown once it is told (`ModelsListed`) that something is missing; until then its
    rows are those of the catalogue, so that whoever keeps its place free knows how high it will be.
    Lives in the GUI thread.

    Signals:
        intent: what the user wants (`FetchModel`, `UseModel`, `BeginMicrophoneCheck` …).
        shown: it came, or has other rows.
        models_wanted: the user wants to see all models.
        licence_wanted: the user wants to read a licence (address, str).
        closed: it was put away.
    """

    intent = Signal(object)
    shown = Signal()
    models_wanted = Signal()
    licence_wanted = Signal(str)
    closed = Signal()

    def __init__(self, theme: Theme, remembered: QSettings | None, *, language: str = "") -> None:
        """
        Args:
            remembered: where it is kept that the panel was skipped; None forgets it.
            language: of the voice that is offered, ISO 639-1; empty is the window's.
        """
        super().__init__()
        self._theme = theme
        self._remembered = remembered
        self._language = language or QLocale().name().partition("_")[0]
        nothing_here = cards([], Chosen(), (*WHISPER, *VOICES, *BUILTIN))
        self._listed = ModelsListed(cards=nothing_here, chosen=Chosen())
        self._is_known = False
        self._ollama: OllamaChanged | None = None
        self._put_away = False
        self._english_only = False
        self.rows: dict[Stage, ModelRow] = {}
        self.setObjectName("card")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMaximumWidth(WIDTH_PX)
        self.setAccessibleName(self.tr("The first minute"))
        self._title = plain_label("strong", self.tr("You can start now"))
        self._about = plain_label("small")
        self._why = plain_label("small")
        self.microphone = MicrophoneCheck(theme)
        self.microphone.intent.connect(self.intent)
        self.all_models = self._quiet(self.tr("All models"))
        self.later = self._quiet(self.tr("Later"))
        self.later.setToolTip(self.tr("Show it again at the next start"))
        self.skip = self._quiet(self.tr("Do not show again"))
        self.skip.setToolTip(self.tr("The models page can bring it back"))
        self._lay_out()
        self.all_models.clicked.connect(lambda: self.models_wanted.emit())
        self.later.clicked.connect(self._close)
        self.skip.clicked.connect(self._skip)
        self.hide()
        self._say_what_for()
        if self.is_awaited:
            self._refresh()

    def _quiet(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("role", "quiet")
        button.setAccessibleName(text)
        return button

    def _lay_out(self) -> None:
        buttons = QWidget()
        beside = QHBoxLayout(buttons)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(look.SPACE_XS)
        for button in (self.all_models, self.later, self.skip):
            beside.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        title = Folding(look.SPACE_XS, 0)
        title.add(self._title, stretch=1, least=_LEAST_TITLE_PX)
        title.add(buttons, side=Qt.AlignmentFlag.AlignRight)
        head = QVBoxLayout()
        head.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_S, look.SPACE_XS)
        head.setSpacing(0)
        head.addWidget(title)
        head.addWidget(self._about)
        head.addWidget(self._why)
        show_text(self._why, "")
        self._models = QVBoxLayout()
        self._models.setSpacing(0)
        rule = QFrame()
        rule.setObjectName("rule")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, look.SPACE_XS)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(self._models)
        column.addWidget(rule)
        column.addWidget(self.microphone)

    # --- whether it is there ------------------------------------------------------------------

    @property
    def is_skipped(self) -> bool:
        """Whether the user wants to see it no more."""
        kept = self._remembered
        return kept is not None and kept.value(SKIPPED, False, bool) is True

    @property
    def is_awaited(self) -> bool:
        """Whether it will most likely come, as soon as it is known what there is."""
        if self._is_known or self._put_away or self.is_skipped:
            return False
        kept = self._remembered
        return kept is None or kept.value(EXPECTED, True, bool) is True

    def bring_back(self) -> None:
        """The user wants to see it again."""
        self._put_away = False
        if self._remembered is not None:
            self._remembered.remove(SKIPPED)
        self._refresh(asked_for=True)
        self.intent.emit(LookUpModels())

    def _skip(self) -> None:
        if self._remembered is not None:
            self._remembered.setValue(SKIPPED, True)
        self._close()

    def _close(self) -> None:
        self._put_away = True
        self.hide()
        self.closed.emit()

    # --- events in ----------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take an event about models, or about the microphone's check; others are let through."""
        match event:
            case ModelsListed():
                self._listed, self._is_known = event, True
                self._refresh()
            case OllamaChanged():
                self._ollama = event
                self._refresh()
            case FetchProgressed() if row := self._row_of(event.stage, event.engine, event.model):
                row.show_progress(event)
            case FetchEnded() if row := self._row_of(event.stage, event.engine, event.model):
                row.show_end(event)
                if event.complete and not row.card.in_use:
                    self._use(row.card)  # one click was enough to say so
            case _:
                self.microphone.handle(event)

    def show_english_only(self, on: bool) -> None:
        """Whether the user speaks a language that nobody understands before the speech model is
        here."""
        if on != self._english_only:
            self._english_only = on
            self.microphone.show_english_only(on)
            self._say_what_for()

    def _say_what_for(self) -> None:
        words = self.tr("Built-in engines serve you until better ones are here: one click each.")
        if self._english_only:
            words = self.tr(
                "When you speak, I understand English only, until the first of these is here."
            )
        self._about.setText(words)
        if Stage.STT in self.rows:
            self.rows[Stage.STT].show_heading(self._speech_heading())

    def _speech_heading(self) -> str:
        if self._english_only:
            return self.tr("Understand your language")
        return self.tr("Understand you better")

    def _row_of(self, stage: Stage, engine: str, model: str) -> ModelRow | None:
        row = self.rows.get(stage)
        return row if row is not None and row.card.id == ModelId(stage, engine, model) else None

    def _use(self, card: Card) -> None:
        one = card.id
        self.intent.emit(
            UseModel(
                stage=one.stage,
                engine=one.engine,
                model=one.model,
                language=card.offer.language,
            )
        )

    # --- what it offers -----------------------------------------------------------------------

    def _refresh(self, *, asked_for: bool = False) -> None:
        """Show what is offered; come, when there is something, and nobody has put it away."""
        if not (self._is_known or self.is_awaited):
            return
        offered = self._offered()
        for place, (stage, card) in enumerate(offered.items()):
            row = self.rows.get(stage)
            if row is not None and row.card.id != card.id:
                self._models.removeWidget(row)
                row.hide()
                row.deleteLater()
                row = None
            if row is None:
                self.rows[stage] = row = self._make_row(stage, card)
                self._models.insertWidget(place, row)
                self._order_tabs()
            row.show_card(card)
            row.show_blocked(self._why_blocked(card))
        show_text(self._why, self._listed.blocked)
        if not self._is_known:
            return
        missing = any(card.on_disk != OnDisk.HERE for card in offered.values())
        if self._remembered is not None:
            self._remembered.setValue(EXPECTED, missing)
        may_come = not self.is_skipped and not self._put_away
        if asked_for or (may_come and missing):
            self.show()
        self.shown.emit()

    def _make_row(self, stage: Stage, card: Card) -> ModelRow:
        heading, icon = {
            Stage.STT: (self._speech_heading(), "ear"),
            Stage.TTS: (self.tr("Speak with a natural voice"), "voice"),
            Stage.LLM: (self.tr("Answer any question"), "chat"),
        }[stage]
        row = ModelRow(self._theme, card, heading=heading, icon=icon)
        row.intent.connect(self.intent)
        row.licence_wanted.connect(self.licence_wanted)
        return row

    def _why_blocked(self, card: Card) -> str:
        if card.id.engine == "ollama" and self._ollama and not self._ollama.running:
            return self.tr("Ollama is not running.")
        return self._listed.blocked

    def _offered(self) -> dict[Stage, Card]:
        """One card for each part."""
        chosen = self._listed.chosen
        known = {card.id: card for card in self._listed.cards}
        found: dict[Stage, Card] = {}
        for stage, offer in zip(_PARTS, (_speech(chosen), self._voice(), self._llm()), strict=True):
            if offer.id.engine == "ollama" and self._ollama is not None:
                pulled = ollama_cards(self._ollama.models, self._ollama.sizes, chosen)
                known |= {card.id: card for card in pulled}
            found[stage] = known.get(offer.id) or cards([], chosen, [offer])[0]
        return found

    def _voice(self) -> Offer:
        """In the user's language, or English."""
        mine = (offer for offer in VOICES if offer.language == self._language)
        return next(mine, VOICES[0])

    def _llm(self) -> Offer:
        """Ollama's, where it is installed; else the one that needs nothing besides."""
        if self._ollama is not None and (self._ollama.found or self._ollama.running):
            return offer_of(ModelId(Stage.LLM, "ollama", self._ollama.model or OLLAMA[0].id.model))
        return BUILTIN[0]

    def _order_tabs(self) -> None:
        """Tab goes down the panel; by itself it would go by the age of the rows."""
        for one, next_one in pairwise(self.tab_stops()):
            QWidget.setTabOrder(one, next_one)

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        stops: list[QWidget] = [self.all_models, self.later, self.skip]
        for stage in _PARTS:
            if stage in self.rows:
                stops += self.rows[stage].controls()
        return [*stops, self.microphone.button]


def _speech(chosen: Chosen) -> Offer:
    """The one that the settings name, or the quickest."""
    return offer_of(chosen.stt) if chosen.stt is not None else WHISPER[0]
