"""The window: draws what events say, sends what the user wants.

It is never on the path of a turn. Every event of the app arrives in `handle`, every wish of
the user leaves through `intent`; nothing in here waits, reads a file or talks to an engine.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSettings, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDesktopServices, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QWidget

from app.core.events import (
    AskAgain,
    AskText,
    CancelFetch,
    DropListening,
    Event,
    FiguresChanged,
    LevelMeasured,
    LookUpFigures,
    MouthMoved,
    SayAgain,
    State,
    StateChanged,
    StopReply,
    TimerRang,
    UtteranceStarted,
)
from app.core.history_events import ConversationBegun
from app.core.mouth import MouthShape
from app.settings import AppearanceSettings, TalkSettings
from app.ui import icons, states
from app.ui import theme as look
from app.ui.cards import CardStack
from app.ui.composer import Composer
from app.ui.conversation.model import ConversationModel
from app.ui.conversation.view import ConversationView
from app.ui.device_chip import DeviceChip
from app.ui.empty_state import EmptyState
from app.ui.engines.figures_panel import FiguresLine, FiguresPanel
from app.ui.engines.panel import EnginePanel, EnginePill
from app.ui.engines.status import EngineStatus
from app.ui.engines.ways_out import WaysOut
from app.ui.face import Face
from app.ui.floating_panels import FloatingPanels
from app.ui.geometry import Geometry, scrolling
from app.ui.header import Header
from app.ui.history.sidebar import HistorySidebar
from app.ui.keyboard import Keyboard
from app.ui.layers import Layers
from app.ui.leaving import Leaving
from app.ui.notices import Notices
from app.ui.page_maker import PageMaker
from app.ui.pages import Name, Pages
from app.ui.settings.page import SettingsPage
from app.ui.shown_state import ShownState
from app.ui.talk_page import TalkPage
from app.ui.theme import Theme
from app.ui.timers.parts import TimerParts
from app.ui.translation import in_words
from app.ui.window_settings import WindowSettings

FACE_PX = 64
"""Beside the talk button, which is larger: the button is what one looks for."""


def open_link(target: QUrl) -> None:
    """Hand a link the user clicked to the browser."""
    QDesktopServices.openUrl(target)


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
        self._open_url = open_url
        self._geometry = Geometry(self, geometry)
        # What it knows.
        self.theme = Theme(appearance.theme, self)
        self.conversation = ConversationModel(self)
        self.engines = EngineStatus(self)
        self._shown_state = ShownState(talk.release_grace_ms, self)
        self._own_settings = WindowSettings(appearance, talk, self.theme, self)
        self._ways_out = WaysOut(self.theme, self.engines, self)
        # What one sees.
        remarks = self._ways_out.make_card
        self.view = ConversationView(self.conversation, self.theme, make_card=remarks)
        self.empty = EmptyState(talk.mode, talk.key, self.theme, geometry)
        self.cards = CardStack(self.theme)
        self.composer = Composer(self.theme, talk.mode, talk.key)
        self.pill = EnginePill(self.engines, self.theme)
        self.header = Header(self.theme, self.pill)
        self.devices = DeviceChip(self.engines, self.theme)
        self.timers = TimerParts(self.theme, self)
        self.sidebar = HistorySidebar(self.theme, geometry)
        self.face = Face(self.theme)
        self.figures_line = FiguresLine()
        self._lay_out()
        self._lay_over()
        # What it does.
        layers, own = self._layers, self._own_settings
        self._page_maker = PageMaker(self.pages, layers, self.theme, self.engines, self._ways_out)
        self._notices = Notices(self, self.cards, self.pages, self.conversation, self.engines)
        self._keyboard = Keyboard(self, self.composer, self.sidebar, layers, own)
        self._connect_talking()
        self._connect_around()
        self._connect_settings()
        self._leaving = Leaving(self.timers, ask=self._ask_to_stay)
        self._begin()

    # --- what goes where --------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.header.add_timers(self.timers.chip)
        self.header.add_devices(self.devices)
        self.face.setFixedSize(FACE_PX, FACE_PX)
        self.composer.add_face(self.face)
        self.composer.add_to_foot(self.figures_line)
        self._talk_page = TalkPage(self.header, self.empty, self.view, self.cards, self.composer)
        side_by_side = QWidget()
        columns = QHBoxLayout(side_by_side)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(self.sidebar)
        columns.addWidget(self._talk_page, 1)
        self.pages = Pages(side_by_side)
        self.setCentralWidget(scrolling(self.pages))
        self.setMenuWidget(self.timers.bar)  # above whatever page is shown

    def _lay_over(self) -> None:
        """What opens over the conversation, and what opens it."""
        self.panel = EnginePanel(self.engines, self.theme, self._talk_page)
        self.figures = FiguresPanel(self.theme, self._talk_page)
        self.panels = FloatingPanels(
            self._talk_page,
            self.composer,
            (self.pill, self.panel),
            (self.figures_line, self.figures),
        )
        self.timers.lie_over(self._talk_page, self.composer)
        openers = (self.pill, self.figures_line)
        self._layers = Layers(self.pages, self.panels, openers, self.timers, self.sidebar)

    def _begin(self) -> None:
        self.setWindowTitle("Parley")
        self.setWindowIcon(icons.app_icon())
        self._geometry.fit_screen()
        self._dress()
        self._engines_changed()
        self._geometry.restore()
        self.header.show_sidebar(self.sidebar.is_open)
        self._own_settings.begin()
        # Space talks from the first moment: the text box would take it as a letter.
        self.composer.talk.setFocus()

    # --- who hears whom ---------------------------------------------------------------------

    def _connect_talking(self) -> None:
        """The conversation, what stands before it, and the composer."""
        self.composer.asked.connect(self.ask)
        self.composer.stop_wanted.connect(self._stop_reply)
        self.composer.engines_wanted.connect(lambda: self.pill.setChecked(True))
        self.composer.cut_short.connect(self._notices.tell_cut_short)
        self.composer.talk.pressed.connect(self.talk_pressed)
        self.composer.talk.released.connect(self.talk_released)
        self.empty.asked.connect(self._ask_example)
        if first := self.empty.first_minute:
            first.intent.connect(self.intent)
            first.models_wanted.connect(self._show_models)
            first.licence_wanted.connect(self._open_link)
        self.view.link_clicked.connect(self._open_link)
        self.view.ask_again.connect(self._ask_again)
        self.view.say_again.connect(self._say_again)
        self.view.stop_wanted.connect(self._stop_reply)
        for news in (self.conversation.added, self.conversation.removed, self.conversation.reset):
            news.connect(self._conversation_changed)
        self._shown_state.changed.connect(self._show_state)
        self._keyboard.escaped.connect(self._escape)

    def _connect_around(self) -> None:
        """The header, the sidebar, and what lies over the conversation."""
        self.header.settings_button.clicked.connect(self.open_settings)
        self.header.new_button.clicked.connect(lambda: self.sidebar.begin())
        self.header.sidebar_button.clicked.connect(self.sidebar.set_open)
        self.devices.setting_wanted.connect(self.show_setting)
        self.devices.went.connect(self._back_to_talking)
        self.sidebar.toggled.connect(self.header.show_sidebar)
        self.sidebar.intent.connect(self.intent)
        self.sidebar.settings_wanted.connect(lambda: self.show_setting("history.enabled"))
        self.pages.intent.connect(self.intent)
        self.pages.covered.connect(self._covered_or_not)
        self._page_maker.setting_wanted.connect(self.show_setting)
        self._page_maker.link_wanted.connect(self._open_link)
        self._page_maker.first_minute_wanted.connect(self._bring_back_first_minute)
        self._page_maker.data_folder_wanted.connect(self.data_folder_wanted)
        self._page_maker.restart_wanted.connect(self.restart)
        self.panels.figures_wanted.connect(lambda: self.intent.emit(LookUpFigures()))
        self.panels.put_away.connect(self._back_to_talking)
        self._ways_out.connect_to(self.panel)
        self._ways_out.intent.connect(self.intent)
        self._ways_out.models_wanted.connect(self._show_models)
        self.panel.cancel_wanted.connect(lambda stage: self.intent.emit(CancelFetch(stage=stage)))
        self.panel.settings_wanted.connect(self.open_settings)
        self.panel.diagnosis_wanted.connect(self._layers.open_diagnosis_from_panel)
        self.panel.intent.connect(self.intent)
        self.panel.keys.intent.connect(self.intent)
        self.panel.keys.changed.connect(self.panels.place)
        self.engines.changed.connect(self._engines_changed)
        self.timers.intent.connect(self.intent)
        self.timers.told.connect(self._notices.tell)
        self.timers.mended.connect(self._notices.take_back)
        self.timers.put_away.connect(self._back_to_talking)
        self.timers.bar.stay_wanted.connect(self.stay_wanted)

    def _connect_settings(self) -> None:
        own = self._own_settings
        self.intent.connect(own.follow)
        own.intent.connect(self.intent)
        own.text_size_changed.connect(self.view.set_text_size)
        own.face_toggled.connect(self.face.setVisible)
        own.talk_key_changed.connect(self.composer.show_talk_key)
        own.talk_key_changed.connect(self.empty.show_talk_key)
        own.talk_mode_chosen.connect(self.talk_mode_chosen)
        self.theme.changed.connect(self._dress)

    # --- events in --------------------------------------------------------------------------

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
            case TimerRang():
                # What it says becomes a turn of its own; here it only asks for a look.
                QApplication.alert(self)
            case FiguresChanged():
                self.figures_line.show_figures(event.figures)
                self.figures.show_figures(event.figures)
                self.panels.place()
            case ConversationBegun():
                self.header.show_conversation(private=event.private)
                if event.session_id:
                    self._back_to_talking()  # who opened it wants to go on with it
        self._own_settings.handle(event)
        self._notices.handle(event)
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

    def _engines_changed(self) -> None:
        self.composer.show_engines(self.engines.line(), *self.engines.shorter_lines())
        self.composer.status.setVisible(bool(self.engines.line()))
        self.empty.show_microphone(self.engines.has_microphone)
        self._shown_state.know_microphone(self.engines.has_microphone)
        self.panels.place()

    def _conversation_changed(self) -> None:
        begun = len(self.conversation) > 0
        self._talk_page.show_conversation(begun)
        self.composer.show_begun(begun)

    def _covered_or_not(self, covered: bool) -> None:
        if not covered:
            self.composer.talk.setFocus()
        self.covered.emit(covered)

    # --- wishes out -------------------------------------------------------------------------

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

    def _escape(self) -> None:
        """Drop what is being said, or be quiet, or put the panel away, or leave the text."""
        if self._shown_state.state == State.LISTENING:
            self.intent.emit(DropListening())
            self.listening_dropped.emit("dropped")
            return
        self._stop_reply()
        if self._shown_state.state == State.READY and not self._layers.close_one():
            self.composer.talk.setFocus()

    def _back_to_talking(self) -> None:
        if not self.composer.box.hasFocus():
            self.composer.talk.setFocus()

    def _open_link(self, target: QUrl | str) -> None:
        self._open_url(QUrl(target))

    # --- the pages --------------------------------------------------------------------------

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
        return self._layers.is_covered

    def open_page(self, name: Name) -> None:
        """Show this page in the conversation's place."""
        self._layers.open(name)

    @Slot()
    def open_settings(self) -> None:
        """Show them in the conversation's place."""
        self.open_page(Name.SETTINGS)

    @Slot(str)
    def show_setting(self, name: str) -> None:
        """Show this setting, by its name in the file."""
        self.open_page(Name.SETTINGS)
        self.settings.show_setting(name)

    def _show_models(self) -> None:
        self.open_page(Name.MODELS)

    @Slot()
    def close_settings(self) -> None:
        """Back to the conversation."""
        self.pages.close_page()

    # --- the window itself ------------------------------------------------------------------

    @Slot()
    def come_to_front(self) -> None:
        """Somebody started Parley again."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

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

    def _ask_to_stay(self) -> None:
        """Have the question seen."""
        self.come_to_front()
        self._notices.announce(self.timers.bar.text)

    def _dress(self) -> None:
        tokens = self.theme.tokens
        self.setPalette(look.palette(tokens))
        self.setStyleSheet(look.stylesheet(tokens))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keyboard.press(event):
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._layers.place()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._leaving.holds(event):
            event.ignore()
            return
        self._geometry.keep()
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
