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
    QTimer,
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
    QLabel,
    QMainWindow,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import (
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
    Notice,
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
from app.core.ports import Stage
from app.settings import AppearanceSettings, TalkSettings
from app.ui import icons, states
from app.ui import theme as look
from app.ui.cards import CardStack, Glyph
from app.ui.composer import LONGEST_QUESTION, Composer
from app.ui.conversation_model import ConversationModel
from app.ui.conversation_view import ConversationView
from app.ui.diagnosis_page import DiagnosisPage
from app.ui.empty_state import EmptyState
from app.ui.engine_panel import EnginePanel, EnginePill
from app.ui.engine_status import EngineStatus
from app.ui.figures_panel import LEAST_HEIGHT_PX as FIGURES_LEAST_PX
from app.ui.figures_panel import FiguresLine, FiguresPanel
from app.ui.page import Page
from app.ui.pages import Name, Pages
from app.ui.settings_page import SettingsPage
from app.ui.side_panel import PANEL_WIDTH_PX
from app.ui.theme import Theme

OPENING_SHOWN_AFTER_MS = 150
"""The microphone usually delivers within this; saying "One moment" before would flicker."""

_GEOMETRY = "window/geometry"


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
    """

    intent = Signal(object)
    talk_pressed = Signal()
    talk_released = Signal()
    listening_dropped = Signal(str)
    talk_mode_chosen = Signal(str)
    covered = Signal(bool)
    data_folder_wanted = Signal()

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
        self._state: str = State.READY
        self._talk_mode: str = talk.mode
        self.theme = Theme(appearance.theme, self)
        self.conversation = ConversationModel(self)
        self.engines = EngineStatus(self)
        self._opening = QTimer(self)
        self._opening.setSingleShot(True)
        self._opening.setInterval(OPENING_SHOWN_AFTER_MS)
        self._opening.timeout.connect(lambda: self._show_state(states.OPENING))
        self._finishing = QTimer(self)
        self._finishing.setSingleShot(True)
        self._finishing.setInterval(round(talk.release_grace_ms))
        self._finishing.timeout.connect(lambda: self._show_state(State.FINISHING))

        self.setWindowTitle("Parley")
        self.setWindowIcon(icons.app_icon())
        self.view = ConversationView(self.conversation, self.theme)
        self.empty = EmptyState(talk.mode)
        self.cards = CardStack(self.theme)
        self.composer = Composer(self.theme, talk.mode)
        self.pill = EnginePill(self.engines, self.theme)
        self.figures_line = FiguresLine()
        self.composer.add_to_foot(self.figures_line)
        self._lay_out()
        self.panel = EnginePanel(self.engines, self.theme, self._page)
        self.figures = FiguresPanel(self.theme, self._page)
        self._connect()
        self._dress()
        self._engines_changed()
        self._restore_geometry()
        # Space talks from the first moment: the text box would take it as a letter.
        self.composer.talk.setFocus()

    # --- construction ---------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._mark = Glyph("circle", "", 22)
        name = QLabel("Parley")
        name.setProperty("role", "strong")
        header = QHBoxLayout()
        header.setContentsMargins(look.SPACE_XL, look.SPACE_M, look.SPACE_XL, look.SPACE_S)
        header.setSpacing(look.SPACE_S)
        header.addWidget(self._mark)
        header.addWidget(name)
        header.addStretch(1)
        header.addWidget(self.pill)
        self.settings_button = QToolButton()
        self.settings_button.setProperty("role", "icon")
        self.settings_button.setIconSize(QSize(20, 20))
        self.settings_button.setAccessibleName(self.tr("Settings"))
        self.settings_button.setToolTip(self.tr("Settings (Ctrl+,)"))
        header.addWidget(self.settings_button)

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
        centred.addStretch(1)
        centred.addWidget(lower, 100)
        centred.addStretch(1)

        self._page = QWidget()
        self._page.setObjectName("page")
        page = QVBoxLayout(self._page)
        page.setContentsMargins(0, 0, 0, 0)
        page.setSpacing(0)
        page.addLayout(header)
        self._upper_edge, self._lower_edge = _edge(), _edge()
        page.addWidget(self._upper_edge)
        page.addWidget(middle, 1)
        page.addWidget(self._lower_edge)
        page.addLayout(centred)

        # The conversations of other days will stand to the left of the page.
        central = QWidget()
        self._columns = QHBoxLayout(central)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(0)
        self._columns.addWidget(self._page, 1)
        self.pages = Pages(central)
        self.pages.offer(Name.SETTINGS, self._make_settings)
        self.pages.offer(Name.DIAGNOSIS, self._make_diagnosis)
        self.setCentralWidget(self.pages)
        # A small screen at 200 % has fewer of these pixels than the window would like.
        room = self.screen().availableSize().shrunkBy(ROOM_FOR_FRAME)
        self.setMinimumSize(SMALLEST.boundedTo(room))
        self.resize(OPENING_SIZE.boundedTo(room))

    def _connect(self) -> None:
        self.composer.asked.connect(self.ask)
        self.composer.stop_wanted.connect(self._stop_reply)
        self.composer.engines_wanted.connect(self._open_panel)
        self.composer.cut_short.connect(self._say_cut_short)
        self.composer.talk.pressed.connect(self.talk_pressed)
        self.composer.talk.released.connect(self.talk_released)
        self.empty.asked.connect(self._ask_example)
        self.view.link_clicked.connect(self._open_link)
        self.view.cut_off.connect(self._show_edges)
        self.pill.toggled.connect(self._toggle_panel)
        self.panel.closed.connect(self._panel_closed)
        self.panel.fetch_wanted.connect(self._fetch)
        self.panel.cancel_wanted.connect(lambda stage: self.intent.emit(CancelFetch(stage=stage)))
        self.panel.settings_wanted.connect(self.open_settings)
        self.panel.start_wanted.connect(lambda: self.intent.emit(StartOllama()))
        self.panel.keys.intent.connect(self.intent)
        self.panel.keys.changed.connect(self._place_panel)
        self.figures_line.toggled.connect(self._toggle_figures)
        self.figures.closed.connect(self._figures_closed)
        self.engines.changed.connect(self._engines_changed)
        self.conversation.added.connect(self._conversation_changed)
        self.conversation.removed.connect(self._conversation_changed)
        self.conversation.reply_finished.connect(self._announce_reply)
        self.theme.changed.connect(self._dress)
        self.settings_button.clicked.connect(self.open_settings)
        self.pages.intent.connect(self._pass_on)
        self.pages.covered.connect(self._covered_or_not)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        escape.activated.connect(self._escape)
        preferences = QShortcut(QKeySequence(self.tr("Ctrl+,")), self)
        preferences.activated.connect(self.open_settings)

    # --- events in ------------------------------------------------------------------------

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap; called in the GUI thread through a queued signal."""
        match event:
            case LevelMeasured():
                # By far the most frequent beside reply text, and for the ring alone.
                self.composer.talk.show_level(event.level)
                return
            case StateChanged():
                self._take_state(event.state)
            case UtteranceStarted():
                self._opening.stop()
                if self._state == State.LISTENING:
                    self._show_state(State.LISTENING)
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
                self._place_figures()
            case SettingChanged():
                self._apply(event.name, event.value)
        self.conversation.handle(event)
        self.engines.handle(event)
        self.panel.keys.handle(event)
        self.pages.handle(event)

    def _take_state(self, state: str) -> None:
        self._opening.stop()
        self._finishing.stop()
        self._state = state
        shown = self.composer.talk.state
        if state == State.LISTENING and shown not in (State.LISTENING, State.FINISHING):
            # "Listening" is a promise that words are heard; it waits for the first samples.
            self._opening.start()
        elif state == State.READY:
            self._show_ready()
        elif state == State.FINISHING:
            # X11 sends release and press in pairs while a key is held: wait until it is one.
            self._finishing.start()
        else:
            self._show_state(state)

    def _show_ready(self) -> None:
        self._show_state(State.READY if self.engines.has_microphone else states.ATTENTION)

    def _show_state(self, state: str) -> None:
        self.composer.show_state(state)
        self.setWindowTitle(
            "Parley" if state in (State.READY, states.OPENING) else f"Parley – {states.word(state)}"
        )

    def _take_microphone(self, event: DeviceChanged) -> None:
        title = self.tr("No microphone is connected.")
        if event.name:
            for cards in (self.cards, *self.pages.cards_told()):
                cards.remove(title)
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
        self.composer.show_engines(self.engines.line())
        self.composer.status.setVisible(bool(self.engines.line()))
        self.empty.show_microphone(self.engines.has_microphone)
        if self._state == State.READY:
            self._show_ready()
        self._place_panel()

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

    def _stop_reply(self) -> None:
        self.intent.emit(StopReply())

    def _escape(self) -> None:
        """Drop what is being said, or be quiet, or put the panel away, or leave the text."""
        if self._state == State.LISTENING:
            self.intent.emit(DropListening())
            self.listening_dropped.emit("dropped")
            return
        self._stop_reply()
        if self._state != State.READY:
            return
        if self.pages.shown is not None:
            self.pages.shown.escape()
        elif self.panel.isVisible():
            self.panel.put_away()
        elif self.figures.isVisible():
            self.figures.put_away()
        elif self.composer.box.hasFocus():
            self.composer.talk.setFocus()

    def _fetch(self, stage: Stage) -> None:
        self.engines.asked_to_fetch(stage)
        self.intent.emit(FetchModel(stage=stage))

    def _open_link(self, target: QUrl) -> None:
        self._open_url(target)

    def _say_cut_short(self) -> None:
        self._say(
            self.tr("Only the first %1 characters were pasted.").replace(
                "%1", f"{LONGEST_QUESTION:,}"
            ),
            self.tr("Ask about a shorter piece of the text."),
            "info",
        )

    # --- the panel ------------------------------------------------------------------------

    def _open_panel(self) -> None:
        self.pill.setChecked(True)

    def _toggle_panel(self, opened: bool) -> None:
        if opened:
            self.figures_line.setChecked(False)
            # Shown first: heights are known once the stylesheet has dressed the labels.
            self.panel.show()
            self._place_panel()
            self.panel.raise_()
            self.panel.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.panel.isVisible():
            self.panel.put_away()

    def _panel_closed(self) -> None:
        self.pill.setChecked(False)
        if not self.composer.box.hasFocus():
            self.composer.talk.setFocus()

    def _place_panel(self) -> None:
        page = self._page
        width = min(PANEL_WIDTH_PX, page.width() - 2 * look.SPACE_L)
        top = self.pill.geometry().bottom() + look.SPACE_S
        # Never over the talk button: talking goes on while the panel is open.
        floor = self.composer.mapTo(page, self.composer.rect().topLeft()).y()
        height = min(self.panel.wanted_height(), floor - top)
        left = page.width() - width - look.SPACE_XL
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left = look.SPACE_XL
        self.panel.setGeometry(left, top, width, height)

    def _toggle_figures(self, opened: bool) -> None:
        if opened:
            self.pill.setChecked(False)
            self.intent.emit(LookUpFigures())  # the last hour has moved on
            self.figures.show()
            self._place_figures()
            self.figures.raise_()
            self.figures.close_button.setFocus(Qt.FocusReason.OtherFocusReason)
        elif self.figures.isVisible():
            self.figures.put_away()

    def _figures_closed(self) -> None:
        self.figures_line.setChecked(False)
        if not self.composer.box.hasFocus():
            self.composer.talk.setFocus()

    def _place_figures(self) -> None:
        """Over the conversation, above the line that opens it; never over the talk button."""
        page = self._page
        width = min(PANEL_WIDTH_PX, page.width() - 2 * look.SPACE_L)
        top = self.pill.geometry().bottom() + look.SPACE_S
        floor = self.composer.mapTo(page, self.composer.rect().topLeft()).y()
        if floor - top < FIGURES_LEAST_PX:
            top = look.SPACE_S  # a small screen: over the header too
        height = min(self.figures.wanted_height(), floor - top)
        line = self.figures_line.mapTo(page, self.figures_line.rect().center()).x()
        left = max(look.SPACE_L, min(line - width // 2, page.width() - width - look.SPACE_L))
        self.figures.setGeometry(left, floor - height, width, height)

    # --- the pages ------------------------------------------------------------------------

    def _make_settings(self) -> Page:
        page = SettingsPage(self.theme)
        page.page_wanted.connect(self._open_from_settings)
        return page

    def _make_diagnosis(self) -> Page:
        page = DiagnosisPage(self.theme, self.engines)
        page.fetch_wanted.connect(self._fetch)
        page.settings_wanted.connect(self.show_setting)
        return page

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
        for panel in (self.panel, self.figures):
            if panel.isVisible():
                panel.put_away()
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
                for card in cards.cards:
                    cards.remove(card.title)
                    self.cards.add(card.title, card.hint, card.level)
            self.composer.talk.setFocus()
        self.covered.emit(covered)

    def _pass_on(self, intent: Event) -> None:
        """What is chosen acts here at once, before it is written: a disk may sleep."""
        if isinstance(intent, ChangeSetting):
            self._apply(intent.name, intent.value)
        self.intent.emit(intent)

    def _apply(self, name: str, value: SettingValue) -> None:
        """Settings that are the window's own."""
        match name, value:
            case "appearance.theme", "system" | "light" | "dark":
                self.theme.choose(value)
            case "talk.mode", str() if value != self._talk_mode:
                self._talk_mode = value
                self.composer.show_mode(value)
                self.empty.show_mode(value)
                self.talk_mode_chosen.emit(value)

    # --- the window itself ----------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_panel()
        self._place_figures()

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
        if self._geometry is not None:
            self._geometry.setValue(_GEOMETRY, self.saveGeometry())
        super().closeEvent(event)

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
        self._mark.show_icon("parley", tokens.accent)
        self.settings_button.setIcon(icons.icon("settings", tokens.muted, size=20))

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
