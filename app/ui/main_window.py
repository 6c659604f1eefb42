"""The window: draws what events say, sends what the user wants.

It is never on the path of a turn. Every event of the app arrives in `handle`, every wish of
the user leaves through `intent`; nothing in here waits, reads a file or talks to an engine.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QMargins,
    QSettings,
    QSize,
    Qt,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QCloseEvent,
    QDesktopServices,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShortcut,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.core.diagnosis_events import ModelPlaced, Placing
from app.core.events import (
    AskAgain,
    AskText,
    CancelFetch,
    ChangeSetting,
    DeviceChanged,
    DropListening,
    Event,
    FetchModel,
    FiguresChanged,
    LevelMeasured,
    LookUpFigures,
    MouthMoved,
    Notice,
    SayAgain,
    SettingChanged,
    SettingValue,
    StageFailed,
    StartOllama,
    State,
    StateChanged,
    StopReply,
    TimerRang,
    UtteranceStarted,
)
from app.core.history_events import ConversationBegun
from app.core.mouth import MouthShape
from app.core.ports import Stage
from app.core.update_events import UpdateFound
from app.settings import AppearanceSettings, TalkSettings, range_of
from app.ui import icons, motion, states, words
from app.ui import theme as look
from app.ui.cards import Card, CardStack
from app.ui.composer import LONGEST_QUESTION, Composer
from app.ui.conversation.model import ConversationModel
from app.ui.conversation.turn_entry import Remark
from app.ui.conversation.view import ConversationView
from app.ui.echoes import Echoes
from app.ui.empty_state import EmptyState
from app.ui.engines.diagnosis_page import DiagnosisPage
from app.ui.engines.figures_panel import FiguresLine, FiguresPanel
from app.ui.engines.next_step import EngineCard
from app.ui.engines.panel import EnginePanel, EnginePill
from app.ui.engines.status import EngineStatus
from app.ui.face import Face
from app.ui.floating_panels import FloatingPanels
from app.ui.header import Header
from app.ui.history.sidebar import HistorySidebar
from app.ui.leaving import Leaving
from app.ui.models.page import ModelsPage
from app.ui.page import Page
from app.ui.pages import Name, Pages
from app.ui.settings.page import SettingsPage
from app.ui.shown_state import ShownState
from app.ui.theme import Theme
from app.ui.timers.parts import TimerParts
from app.ui.translation import in_words

_GEOMETRY = "window/geometry"

FACE_PX = 64
"""Beside the talk button, which is larger: the button is what one looks for."""

TEXT_STEP = 0.1
"""By how much Ctrl+plus enlarges the words."""


def _edge() -> QFrame:
    edge = QFrame()
    edge.setObjectName("edge")
    return edge


def open_link(target: QUrl) -> None:
    """Hand a link the user clicked to the browser."""
    QDesktopServices.openUrl(target)


OPENING_SIZE = QSize(1080, 720)
SMALLEST = QSize(720, 520)
ROOM_FOR_FRAME = QMargins(0, 0, 0, 32)
"""What the window manager adds above the window, in logical pixels, roughly."""


class MainWindow(QMainWindow):
    """The only window. Lives in the GUI thread, as all of `app.ui`.

    Signals:
        intent: what the user wants (`app.core.events.Intent`).
        talk_pressed, talk_released: the talk button on the screen, for the talk key's machine.
        listening_dropped: the user dropped the utterance (a reason, str); the talk key's
            machine forgets it too.
        talk_mode_chosen: the talk key works in this way from now on (`TalkSettings.mode`).
        covered: a page covers the conversation (bool), so that nobody sees the talk button.
        data_folder_wanted: the user wants to see where Parley keeps things.
        stay_wanted: the user wanted to close Parley, and now wants it to stay, out of the way if
            something can bring it back.
    """

    intent = Signal(object)
    talk_pressed = Signal()
    talk_released = Signal()
    listening_dropped = Signal(str)
    talk_mode_chosen = Signal(str)
    covered = Signal(bool)
    data_folder_wanted = Signal()
    stay_wanted = Signal()

    def __init__(
        self,
        appearance: AppearanceSettings,
        talk: TalkSettings,
        *,
        geometry: QSettings | None = None,
        open_url: Callable[[QUrl], object] = open_link,
    ) -> None:
        """
        Args:
            geometry: where the window's place is remembered; None forgets it.
            open_url: opens a link the user clicked.
        """
        super().__init__()
        self._geometry = geometry
        self._open_url = open_url
        self._talk_mode: str = talk.mode
        self._talk_key = talk.key
        self._text_size = 1.0
        self._panel_led_here = False
        self._echoes = Echoes()
        self.theme = Theme(appearance.theme, self)
        self.conversation = ConversationModel(self)
        self.engines = EngineStatus(self)
        self._shown_state = ShownState(talk.release_grace_ms, self)

        self.setWindowTitle("Parley")
        self.setWindowIcon(icons.app_icon())
        self.view = ConversationView(self.conversation, self.theme, make_card=self._make_card)
        self.empty = EmptyState(talk.mode, talk.key, self.theme, geometry)
        self.cards = CardStack(self.theme)
        self.composer = Composer(self.theme, talk.mode, talk.key)
        self.pill = EnginePill(self.engines, self.theme)
        self.header = Header(self.theme, self.pill)
        self.timers = TimerParts(self.theme, self)
        self.header.add_timers(self.timers.chip)
        self.sidebar = HistorySidebar(self.theme, geometry)
        self.face = Face(self.theme)
        self.face.setFixedSize(FACE_PX, FACE_PX)
        self.composer.add_face(self.face)
        self.figures_line = FiguresLine()
        self.composer.add_to_foot(self.figures_line)
        self._lay_out()
        self.panel = EnginePanel(self.engines, self.theme, self._page)
        self.figures = FiguresPanel(self.theme, self._page)
        self.panels = FloatingPanels(
            self._page,
            self.composer,
            (self.pill, self.panel),
            (self.figures_line, self.figures),
        )
        self._connect()
        self._dress()
        self._engines_changed()
        self._restore_geometry()
        self.header.show_sidebar(self.sidebar.is_open)
        for name in ("motion", "face", "text_size"):
            self._apply(f"appearance.{name}", getattr(appearance, name))
        # Space talks from the first moment: the text box would take it as a letter.
        self.composer.talk.setFocus()

    # --- construction ---------------------------------------------------------------------

    def _lay_out(self) -> None:
        middle = QWidget()
        self._middle = QStackedLayout(middle)
        self._middle.addWidget(self.empty)
        self._middle.addWidget(self.view)

        foot = QVBoxLayout()
        foot.setSpacing(look.SPACE_M)
        foot.addWidget(self.cards)
        foot.addWidget(self.composer)
        lower = QWidget()
        lower.setMaximumWidth(look.COLUMN_PX)
        lower.setLayout(foot)
        foot.setContentsMargins(0, 0, 0, 0)
        centred = QHBoxLayout()
        centred.setContentsMargins(look.SPACE_XL, 0, look.SPACE_XL, look.SPACE_M)
        centred.addStretch(0)
        centred.addWidget(lower, 100)
        centred.addStretch(0)

        self._page = QWidget()
        self._page.setObjectName("page")
        page = QVBoxLayout(self._page)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addWidget(self.header)
        self._upper_edge, self._lower_edge = _edge(), _edge()
        page.addWidget(self._upper_edge)
        page.addWidget(middle, 1)
        page.addWidget(self._lower_edge)
        page.addLayout(centred)

        central = QWidget()
        columns = QHBoxLayout(central)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(self.sidebar)
        columns.addWidget(self._page, 1)
        self.pages = Pages(central)
        self.pages.offer(Name.SETTINGS, self._make_settings)
        self.pages.offer(Name.DIAGNOSIS, self._make_diagnosis)
        self.pages.offer(Name.MODELS, self._make_models)
        # Where the screen is smaller than what must be seen at once, at 300 %, one scrolls.
        around = QScrollArea()
        around.setObjectName("clear")
        around.setWidgetResizable(True)
        around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        around.setWidget(self.pages)
        # A viewport that fills itself would hide the window from its own painting, by which it is
        # known that it can be used.
        around.viewport().setAutoFillBackground(False)
        self.pages.setAutoFillBackground(False)
        self.setCentralWidget(around)
        self.setMenuWidget(self.timers.bar)  # above whatever page is shown
        self.timers.lie_over(self._page, self.composer)
        # A small screen at 200 % has fewer of these pixels than the window would like.
        room = self.screen().availableSize().shrunkBy(ROOM_FOR_FRAME)
        self.setMinimumSize(SMALLEST.boundedTo(room))
        self.resize(OPENING_SIZE.boundedTo(room))

    def _connect(self) -> None:
        self.composer.asked.connect(self.ask)
        self.composer.stop_wanted.connect(self._stop_reply)
        self.composer.engines_wanted.connect(lambda: self.pill.setChecked(True))
        self.composer.cut_short.connect(self._say_cut_short)
        self.composer.talk.pressed.connect(self.talk_pressed)
        self.composer.talk.released.connect(self.talk_released)
        self.empty.asked.connect(self._ask_example)
        if first := self.empty.first_minute:
            first.intent.connect(self._pass_on)
            first.models_wanted.connect(lambda: self.open_page(Name.MODELS))
            first.licence_wanted.connect(lambda address: self._open_url(QUrl(address)))
        self.view.link_clicked.connect(self._open_link)
        self.view.cut_off.connect(self._show_edges)
        self.panels.figures_wanted.connect(lambda: self.intent.emit(LookUpFigures()))
        self.panels.put_away.connect(self._back_to_talking)
        self.panel.fetch_wanted.connect(self._fetch)
        self.panel.cancel_wanted.connect(lambda stage: self.intent.emit(CancelFetch(stage=stage)))
        self.panel.settings_wanted.connect(self.open_settings)
        self.panel.start_wanted.connect(lambda: self.intent.emit(StartOllama()))
        self.panel.models_wanted.connect(lambda: self.open_page(Name.MODELS))
        self.panel.diagnosis_wanted.connect(self._check_everything)
        self.panel.intent.connect(self._pass_on)
        self.panel.keys.intent.connect(self.intent)
        self.panel.keys.changed.connect(self.panels.place)
        self.timers.intent.connect(self.intent)
        self.timers.told.connect(self._say)
        self.timers.mended.connect(self._take_back)
        self.timers.opened.connect(self.panels.close_one)
        self.timers.put_away.connect(self._back_to_talking)
        self.timers.bar.stay_wanted.connect(self.stay_wanted)
        self._leaving = Leaving(self.timers, ask=self._ask_to_stay)
        for opener in (self.pill, self.figures_line):
            opener.toggled.connect(self._one_panel_alone)
        self.engines.changed.connect(self._engines_changed)
        self.conversation.added.connect(self._conversation_changed)
        self.conversation.removed.connect(self._conversation_changed)
        self.conversation.reset.connect(self._conversation_changed)
        self.conversation.reply_finished.connect(self._announce_reply)
        self.theme.changed.connect(self._dress)
        self.header.settings_button.clicked.connect(self.open_settings)
        self.header.new_button.clicked.connect(lambda: self.sidebar.begin())
        self.header.sidebar_button.clicked.connect(self.sidebar.set_open)
        self.sidebar.toggled.connect(self.header.show_sidebar)
        self.sidebar.intent.connect(self._pass_on)
        self.sidebar.settings_wanted.connect(lambda: self.show_setting("history.enabled"))
        self.view.ask_again.connect(self._ask_again)
        self.view.say_again.connect(self._say_again)
        self.view.stop_wanted.connect(self._stop_reply)
        self._shown_state.changed.connect(self._show_state)
        self.pages.intent.connect(self._pass_on)
        self.pages.covered.connect(self._covered_or_not)
        for keys, act in (
            (QKeySequence(Qt.Key.Key_Escape), self._escape),
            (QKeySequence("Ctrl+,"), self.open_settings),
            (QKeySequence("Ctrl+F"), self._search_history),
            (QKeySequence("Ctrl+B"), self._toggle_sidebar),
            (QKeySequence("Ctrl+N"), self._begin_conversation),
            (QKeySequence("Ctrl+Shift+N"), self._begin_private),
            (QKeySequence("Ctrl++"), self._enlarge),
            (QKeySequence("Ctrl+="), self._enlarge),
            (QKeySequence("Ctrl+-"), self._shrink),
            (QKeySequence("Ctrl+0"), self._usual_size),
        ):
            QShortcut(keys, self).activated.connect(act)

    # --- events in ------------------------------------------------------------------------

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap; called in the GUI thread through a queued signal."""
        event = in_words(event)
        self.empty.handle(event)
        match event:
            case LevelMeasured():
                # By far the most frequent beside reply text, and for the ring alone.
                self.composer.talk.show_level(event.level)
                self.face.show_level(event.level)
                return
            case MouthMoved():
                self.face.show_mouth(MouthShape(event.open, event.wide))
                return
            case StateChanged():
                self._shown_state.take(event.state)
            case UtteranceStarted():
                self._shown_state.heard_first_samples()
            case Notice() if self.conversation.entry(event.turn_id) is None:
                self._say(event.title, event.hint, event.level)
            case StageFailed() if self.conversation.entry(event.turn_id) is None:
                self._say(event.title, event.hint, "warn" if event.recovered_by else "error")
            case TimerRang():
                # What it says becomes a turn of its own; here it only asks for a look.
                QApplication.alert(self)
            case DeviceChanged(kind="input"):
                self._take_microphone(event)
            case FiguresChanged():
                self.figures_line.show_figures(event.figures)
                self.figures.show_figures(event.figures)
                self.panels.place()
            case ConversationBegun():
                self.header.show_conversation(private=event.private)
                if event.session_id:
                    self._back_to_talking()  # who opened it wants to go on with it
            case ModelPlaced(placing=Placing.ON_GPU):
                self.cards.remove_about(event.model)
            case UpdateFound():
                self._tell_update(event)
            case SettingChanged() if not self._echoes.holds(event.name, event.value):
                self._apply(event.name, event.value)
        self.conversation.handle(event)
        self.engines.handle(event)
        self.panel.keys.handle(event)
        self.sidebar.handle(event)
        self.pages.handle(event)
        self.timers.handle(event)

    def _show_state(self, state: str) -> None:
        self.composer.show_state(state)
        self.face.show_state(state)
        self.setWindowTitle(
            "Parley" if state in (State.READY, states.OPENING) else f"Parley – {states.word(state)}"
        )

    def _take_microphone(self, event: DeviceChanged) -> None:
        title = self.tr("No microphone is connected.")
        if event.name:
            self._take_back(title)
        elif self.engines.has_microphone:
            self._say(
                title,
                self.tr("Plug one in, or type your question. I notice when it is back."),
                "warn",
            )

    def _say(self, title: str, hint: str, level: str) -> None:
        page = self.pages.shown
        cards = page.cards if page is not None else self.cards
        cards.add(title, hint, level)
        self._announce(f"{title} {hint}".strip())

    def _engines_changed(self) -> None:
        self.composer.show_engines(self.engines.line(), *self.engines.shorter_lines())
        self.composer.status.setVisible(bool(self.engines.line()))
        self.empty.show_microphone(self.engines.has_microphone)
        self._shown_state.know_microphone(self.engines.has_microphone)
        self.panels.place()

    def _conversation_changed(self) -> None:
        begun = len(self.conversation) > 0
        self._middle.setCurrentWidget(self.view if begun else self.empty)
        self.composer.show_begun(begun)

    @Slot()
    def come_to_front(self) -> None:
        """Somebody started Parley again."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # --- intents out ----------------------------------------------------------------------

    @Slot(str)
    def ask(self, text: str) -> None:
        """Ask a typed question."""
        self.conversation.asked(text)
        self.intent.emit(AskText(text=text))

    def _ask_example(self, text: str) -> None:
        # The chips are about to go; the keyboard should not end up in the text box.
        self.composer.talk.setFocus()
        self.ask(text)

    def _ask_again(self, turn_id: int, text: str) -> None:
        self.conversation.asked(text)
        self.intent.emit(AskAgain(turn_id=turn_id, text=text))

    def _say_again(self, turn_id: int) -> None:
        entry = self.conversation.entry(turn_id)
        if entry is not None:
            self.conversation.replaying(turn_id)
            self.intent.emit(SayAgain(turn_id=turn_id, text=entry.reply, language=entry.language))

    def _stop_reply(self) -> None:
        self.intent.emit(StopReply())

    def _back_to_talking(self) -> None:
        if not self.composer.box.hasFocus():
            self.composer.talk.setFocus()

    # --- conversations --------------------------------------------------------------------

    def _search_history(self) -> None:
        if not self.is_covered:
            self.sidebar.focus_search()

    def _toggle_sidebar(self) -> None:
        if not self.is_covered:
            self.sidebar.toggle()

    def _begin_conversation(self) -> None:
        self.pages.close_page()
        self.sidebar.begin()

    def _begin_private(self) -> None:
        self.pages.close_page()
        self.sidebar.begin(private=True)

    # --- the size of the words ------------------------------------------------------------

    def _enlarge(self) -> None:
        self._choose_text_size(self._text_size + TEXT_STEP)

    def _shrink(self) -> None:
        self._choose_text_size(self._text_size - TEXT_STEP)

    def _usual_size(self) -> None:
        self._choose_text_size(1.0)

    def _choose_text_size(self, factor: float) -> None:
        limits = range_of("appearance.text_size")
        assert limits.lowest is not None
        assert limits.highest is not None
        factor = round(min(max(factor, limits.lowest), limits.highest), 1)
        self._pass_on(ChangeSetting(name="appearance.text_size", value=factor))

    def _escape(self) -> None:
        """Drop what is being said, or be quiet, or put the panel away, or leave the text."""
        if self._shown_state.state == State.LISTENING:
            self.intent.emit(DropListening())
            self.listening_dropped.emit("dropped")
            return
        self._stop_reply()
        if self._shown_state.state != State.READY:
            return
        if self.timers.close_one():
            return
        if self.pages.shown is not None:
            self.pages.shown.escape()
        elif not (self.panels.close_one() or self.sidebar.escape()):
            self.composer.talk.setFocus()

    def _one_panel_alone(self, opened: bool) -> None:
        if opened:
            self.timers.close_list()

    def _fetch(self, stage: Stage) -> None:
        self.engines.asked_to_fetch(stage)
        self.intent.emit(FetchModel(stage=stage))

    def _tell_update(self, event: UpdateFound) -> None:
        self._say(
            self.tr("Parley %1 is there.").replace("%1", event.version),
            self.tr("Get it from %1").replace("%1", event.page),
            "info",
        )

    def _open_link(self, target: QUrl) -> None:
        self._open_url(target)

    def _say_cut_short(self) -> None:
        self._say(
            self.tr("Only the first %1 characters were pasted.").replace(
                "%1", words.number(LONGEST_QUESTION)
            ),
            self.tr("Ask about a shorter piece of the text."),
            "info",
        )

    # --- the pages ------------------------------------------------------------------------

    def _make_settings(self) -> Page:
        page = SettingsPage(self.theme)
        page.page_wanted.connect(self._open_from_settings)
        page.restart_wanted.connect(self.restart)
        return page

    def _make_diagnosis(self) -> Page:
        page = DiagnosisPage(self.theme, self.engines)
        page.fetch_wanted.connect(self._fetch)
        page.settings_wanted.connect(self.show_setting)
        page.models_wanted.connect(lambda: self.open_page(Name.MODELS))
        # once the page has gone
        page.closed.connect(self._left_diagnosis, Qt.ConnectionType.QueuedConnection)
        return page

    def _make_models(self) -> Page:
        page = ModelsPage(self.theme)
        page.licence_wanted.connect(lambda address: self._open_url(QUrl(address)))
        page.first_minute_wanted.connect(self._bring_back_first_minute)
        return page

    def _check_everything(self) -> None:
        """From the engines' panel, to which one comes back."""
        self.open_page(Name.DIAGNOSIS)
        self._panel_led_here = True

    def _left_diagnosis(self) -> None:
        if self._panel_led_here and not self.is_covered:
            self.pill.setChecked(True)
        self._panel_led_here = False

    def _make_card(self, remark: Remark, parent: QWidget) -> Card:
        """A remark on a turn; one about the model has the button that helps."""
        told = (self.theme, remark.title, remark.hint, remark.level)
        if remark.stage != Stage.LLM:
            return Card(*told, can_dismiss=False, parent=parent)
        card = EngineCard(
            *told, stage=Stage.LLM, status=self.engines, can_dismiss=False, parent=parent
        )
        card.step.fetch_wanted.connect(self._fetch)
        card.step.start_wanted.connect(lambda: self.intent.emit(StartOllama()))
        card.step.models_wanted.connect(lambda: self.open_page(Name.MODELS))
        return card

    def _bring_back_first_minute(self) -> None:
        if self.empty.first_minute:
            self.empty.first_minute.bring_back()
        self.pages.close_page()

    @property
    def settings(self) -> SettingsPage:
        """The page; built when it is wanted for the first time."""
        page = self.pages.page(Name.SETTINGS)
        assert isinstance(page, SettingsPage)
        return page

    @property
    def is_covered(self) -> bool:
        """Whether a page stands in the conversation's place."""
        return self.pages.shown is not None

    @Slot()
    def open_settings(self) -> None:
        """Show them in the conversation's place."""
        self.open_page(Name.SETTINGS)

    @Slot(str)
    def show_setting(self, name: str) -> None:
        """Show this setting, by its name in the file."""
        self.open_page(Name.SETTINGS)
        self.settings.show_setting(name)

    def open_page(self, name: Name) -> None:
        """Show this page in the conversation's place."""
        self.panels.close_one()
        self.timers.close_list()
        self._panel_led_here = False
        self.pages.open(name)

    def _open_from_settings(self, where: str) -> None:
        if where == "data":
            self.data_folder_wanted.emit()
        else:
            self.open_page(Name(where))

    @Slot()
    def close_settings(self) -> None:
        """Back to the conversation."""
        self.pages.close_page()

    def _covered_or_not(self, covered: bool) -> None:
        """What was told on a page and still stands goes with its reader."""
        if not covered:
            for cards in self.pages.cards_told():
                cards.move_to(self.cards)
            self.composer.talk.setFocus()
        self.covered.emit(covered)

    def _pass_on(self, intent: Event) -> None:
        """What is chosen acts here at once, before it is written: a disk may sleep."""
        if isinstance(intent, ChangeSetting):
            self._echoes.sent(intent.name, intent.value)
            self._apply(intent.name, intent.value)
        self.intent.emit(intent)

    def _apply(self, name: str, value: SettingValue) -> None:
        """Settings that are the window's own."""
        match name, value:
            case "appearance.theme", "system" | "light" | "dark":
                self.theme.choose(value)
            case "appearance.text_size", int() | float():
                self._text_size = float(value)
                self.view.set_text_size(self._text_size)
            case "appearance.motion", "system" | "full" | "reduced":
                motion.choose(value)
            case "appearance.face", bool():
                self.face.setVisible(value)
            case "talk.mode", str() if value != self._talk_mode:
                self._talk_mode = value
                self._show_talk_key()
                self.talk_mode_chosen.emit(value)
            case "talk.key", str() if value != self._talk_key:
                self._talk_key = value
                self._show_talk_key()

    def _show_talk_key(self) -> None:
        self.composer.show_talk_key(self._talk_mode, self._talk_key)
        self.empty.show_talk_key(self._talk_mode, self._talk_key)

    # --- the window itself ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.panels.place()
        self.timers.place()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter typed anywhere begins a question; Enter presses the button with the focus."""
        focused = QApplication.focusWidget()
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and isinstance(focused, QAbstractButton)
            and focused is not self.composer.talk  # a click is no hold
        ):
            focused.click()
            return
        if self.is_covered:
            super().keyPressEvent(event)
            return
        text = event.text()
        plain = not event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier
            | Qt.KeyboardModifier.AltModifier
            | Qt.KeyboardModifier.MetaModifier
        )
        if plain and text.isprintable() and text.strip():
            self.composer.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.composer.box.insertPlainText(text)
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving.holds(event):
            event.ignore()
            return
        if self._geometry is not None:
            self._geometry.setValue(_GEOMETRY, self.saveGeometry())
        super().closeEvent(event)

    @Slot()
    def quit(self) -> None:
        """End Parley, as its user wants."""
        self._leaving.quit()

    @Slot()
    def restart(self) -> None:
        """End Parley and start it again."""
        self._leaving.restart()

    @property
    def restarts(self) -> bool:
        """Whether Parley is to start again once it has ended."""
        return self._leaving.restarts

    def _take_back(self, title: str) -> None:
        """What this card told is no longer true."""
        for cards in (self.cards, *self.pages.cards_told()):
            cards.remove(title)

    def _ask_to_stay(self) -> None:
        """Have the question seen."""
        self.come_to_front()
        self._announce(self.timers.bar.text)

    def event(self, event: QEvent) -> bool:
        # Qt hands the application's palette to `event` only, not to `changeEvent`.
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self.theme.follow()
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.view.arrange()

    def _restore_geometry(self) -> None:
        if self._geometry is None:
            return
        saved = self._geometry.value(_GEOMETRY)
        if isinstance(saved, QByteArray):
            self.restoreGeometry(saved)

    def _dress(self) -> None:
        tokens = self.theme.tokens
        self.setPalette(look.palette(tokens))
        self.setStyleSheet(look.stylesheet(tokens))

    def _show_edges(self, above: bool, below: bool) -> None:
        """A hairline where the conversation goes on behind the edge."""
        for edge, shown in ((self._upper_edge, above), (self._lower_edge, below)):
            if edge.property("shown") != shown:
                edge.setProperty("shown", shown)
                edge.style().unpolish(edge)
                edge.style().polish(edge)

    # --- for who does not see -------------------------------------------------------------

    def _announce_reply(self, index: int) -> None:
        self._announce(self.conversation.entries[index].reply)

    def _announce(self, text: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))
