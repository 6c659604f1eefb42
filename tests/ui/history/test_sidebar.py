"""The sidebar in a real window, with the real history thread and a file behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QObject, QPoint, QSettings, Qt, Signal, Slot
from PySide6.QtGui import QColor, QContextMenuEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.conversation import Conversation
from app.core.events import Event, Intent, SaveTurn, SettingChanged, TurnStarted
from app.core.history_events import (
    ConversationBegun,
    ConversationRow,
    ConversationsExported,
    ConversationsFound,
    ConversationsListed,
    FoundTurn,
    ListConversations,
    NewConversation,
)
from app.core.prompt import Prompt
from app.history.store import SqliteHistory
from app.ui import theme as look
from app.ui.history import panel
from app.ui.history.list import HistoryView
from app.ui.history.model import Heading
from app.ui.history.panel import PAGE
from app.ui.history.sidebar import NARROW_PX, HistorySidebar
from app.ui.theme import Theme
from app.workers import history
from app.workers.conversation import ConversationWorker
from app.workers.history import HistoryWorker
from app.workers.threads import Threads
from tests.support.turns import turn

E = TypeVar("E", bound=Event)
DAY_S = 86_400.0


class Window(QObject):
    """A page with the sidebar beside it, and the two threads that answer."""

    to_history = Signal(object)
    to_conversation = Signal(object)

    def __init__(self, qtbot: QtBot, path: Path, remembered: QSettings | None = None) -> None:
        super().__init__()
        self.qtbot = qtbot
        self.events: list[Event] = []
        self.intents: list[Intent] = []
        self.widget = QWidget()
        self.page = QPushButton("page")
        self.sidebar = HistorySidebar(Theme("light", self.widget), remembered)
        self.panel = self.sidebar.panel
        columns = QHBoxLayout(self.widget)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(0)
        columns.addWidget(self.sidebar)
        columns.addWidget(self.page, 1)
        self.sidebar.intent.connect(self.ask)
        prompt = Prompt()
        conversation = ConversationWorker(Conversation(prompt=prompt, wall_clock=time.time))
        keeper = HistoryWorker(SqliteHistory(path))
        self.to_history.connect(keeper.handle)
        self.to_conversation.connect(conversation.handle)
        conversation.to_history.connect(keeper.handle)
        keeper.happened.connect(conversation.handle)
        conversation.happened.connect(self.take)
        self.threads = Threads()
        self.threads.add(conversation)
        self.threads.add(keeper)
        self.threads.start()
        qtbot.addWidget(self.widget)

    @Slot(object)
    def ask(self, intent: Intent) -> None:
        self.intents.append(intent)
        own = isinstance(intent, NewConversation)
        (self.to_conversation if own else self.to_history).emit(intent)

    @Slot(object)
    def take(self, event: Event) -> None:
        self.events.append(event)
        self.sidebar.handle(event)

    def show(self, width: int = 1000, height: int = 640) -> None:
        self.widget.resize(width, height)
        self.widget.show()
        self.widget.activateWindow()
        handle = self.widget.windowHandle()
        self.qtbot.waitUntil(lambda: QGuiApplication.focusWindow() is handle)
        self.qtbot.waitUntil(lambda: bool(self.all(ConversationsListed)) or not self.is_asking)

    @property
    def is_asking(self) -> bool:
        return any(isinstance(intent, ListConversations) for intent in self.intents)

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def shown(self) -> list[str]:
        """The list as it stands there: headings in capitals."""
        texts = []
        for item in self.panel.list.history.items:
            match item:
                case Heading(text):
                    texts.append(text.upper())
                case ConversationRow() | FoundTurn():
                    texts.append(item.title)
        return texts

    def wait_for(self, *titles: str) -> None:
        """Until these conversations stand there, in this order."""

        def there() -> bool:
            return [text for text in self.shown() if not text.isupper()] == list(titles)

        self.qtbot.waitUntil(there)

    def row(self, title: str) -> ConversationRow:
        rows = self.panel.list.history.items
        return next(r for r in rows if isinstance(r, ConversationRow) and r.title == title)

    def click(self, title: str, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        view = self.panel.list
        index = view.history.place_of(self.row(title))
        view.scrollTo(index)
        place = view.visualRect(index).center()
        QTest.mouseClick(view.viewport(), button, pos=place)

    def menu(self) -> QMenu:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        return menu

    def pick(self, *words: str) -> None:
        """Go through the menu that is open."""
        menu = self.menu()
        for word in words[:-1]:
            action = next(each for each in menu.actions() if each.text().startswith(word))
            inner = action.menu()
            assert isinstance(inner, QMenu)
            menu = inner
        action = next(each for each in menu.actions() if each.text().startswith(words[-1]))
        self.menu().close()  # as a click does before its action
        action.trigger()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


@pytest.fixture
def made() -> Iterator[list[Window]]:
    windows: list[Window] = []
    yield windows
    for window in windows:
        assert window.threads.stop()


@pytest.fixture
def window(qtbot: QtBot, path: Path, made: list[Window]) -> Window:
    """Three conversations: today's, yesterday's about a walrus, and one of long ago."""
    store = SqliteHistory(path)
    for age, words in ((400, "old news"), (1, "tell me about the walrus"), (0, "a timer for tea")):
        store.open()
        said_at = time.time() - age * DAY_S
        store.save(turn(1, words, started_at=said_at, reply_generated=f"About {words}: yes."))
        store.close()
    result = Window(qtbot, path)
    made.append(result)
    result.show()
    result.wait_for("a timer for tea", "tell me about the walrus", "old news")
    return result


def test_conversations_stand_under_their_days(window: Window) -> None:
    texts = window.shown()
    assert texts[0::2][:2] == ["TODAY", "YESTERDAY"]
    assert any(character.isdigit() for character in texts[4])  # a month of another year


def test_yesterdays_conversation_is_found_by_a_word_and_goes_on(window: Window) -> None:
    window.sidebar.focus_search()
    assert window.panel.search.hasFocus()
    QTest.keyClicks(window.panel.search, "walr")
    window.wait_for("tell me about the walrus")
    (found,) = window.panel.list.history.items
    assert isinstance(found, FoundTurn)
    assert ("walrus", True) in found.pieces
    QTest.keyClick(window.panel.search, Qt.Key.Key_Down)
    assert window.panel.list.hasFocus()
    QTest.keyClick(window.panel.list, Qt.Key.Key_Return)
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationBegun)))
    (begun,) = window.all(ConversationBegun)
    assert [each.transcript for each in begun.turns] == ["tell me about the walrus"]
    assert begun.shown == begun.turns[0].turn_id
    record = turn(1, "and the seal", started_at=time.time(), conversation=begun.conversation)
    window.to_history.emit(SaveTurn(turn_id=1, record=record))
    assert window.sidebar.escape()  # back to the list
    window.wait_for("tell me about the walrus", "a timer for tea", "old news")
    assert window.row("tell me about the walrus").turns == 2
    assert window.panel.list.current == window.row("tell me about the walrus").session_id


def bars(view: HistoryView) -> list[int]:
    """The rows in sight that have the mark of what is open."""
    image = view.viewport().grab().toImage()
    return [
        row
        for row in range(view.history.rowCount())
        if view.viewport().rect().contains(view.visualRect(view.history.index(row)))
        and image.pixelColor(
            look.SPACE_S + 1, view.visualRect(view.history.index(row)).center().y()
        )
        == QColor(look.LIGHT.accent)
    ]


@pytest.fixture
def long_ago(
    qtbot: QtBot, path: Path, made: list[Window], monkeypatch: pytest.MonkeyPatch
) -> Window:
    """A day each, for 60 days, of which the list asks for ten at a time; two turns are about a
    walrus, in the conversation of 35 days ago."""
    monkeypatch.setattr(panel, "PAGE", 10)
    store = SqliteHistory(path)
    for age in range(60, 0, -1):
        store.open()
        said_at = time.time() - age * DAY_S
        store.save(turn(1, f"day {age}", started_at=said_at))
        if age == 35:
            for number in (2, 3):
                words = f"walrus {number}"
                store.save(turn(number, words, started_at=said_at + number, conversation=0))
        store.close()
    window = Window(qtbot, path)
    made.append(window)
    window.show()
    window.wait_for(*(f"day {age}" for age in range(1, 11)))
    return window


def test_what_was_found_and_opened_is_marked_and_the_search_stays(long_ago: Window) -> None:
    view, search = long_ago.panel.list, long_ago.panel.search
    QTest.keyClicks(search, "walrus")
    long_ago.wait_for("day 35", "day 35")
    assert bars(view) == []
    second = view.visualRect(view.history.index(1)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=second)
    long_ago.qtbot.waitUntil(lambda: bool(long_ago.all(ConversationBegun)))
    assert bars(view) == [0, 1], "both were said in it"
    image = view.viewport().grab().toImage()
    grounds = [
        image.pixelColor(view.viewport().width() // 2, view.visualRect(index).top() + 3)
        for index in (view.history.index(0), view.history.index(1))
    ]
    assert grounds[0] != grounds[1], "this one was asked for"
    assert search.text() == "walrus"
    role = Qt.ItemDataRole.AccessibleTextRole
    assert str(view.history.data(view.history.index(1), role)).startswith("day 35, open, ")


@pytest.mark.parametrize("way", ["Esc", "Esc elsewhere", "clear"])
def test_who_leaves_the_search_sees_the_open_conversation_in_the_list(
    long_ago: Window, way: str
) -> None:
    view, search = long_ago.panel.list, long_ago.panel.search
    QTest.keyClicks(search, "walrus")
    long_ago.wait_for("day 35", "day 35")
    QTest.keyClick(search, Qt.Key.Key_Return)
    long_ago.qtbot.waitUntil(lambda: bool(long_ago.all(ConversationBegun)))
    if way == "clear":
        search.clear()
    else:
        (search if way == "Esc" else long_ago.page).setFocus()
        assert long_ago.sidebar.escape() == (way == "Esc")
    # it is further down than what had been asked for
    long_ago.qtbot.waitUntil(lambda: "day 35" in long_ago.shown() and bool(bars(view)))
    (marked,) = bars(view)
    assert view.history.item(view.history.index(marked)) == long_ago.row("day 35")
    place = view.visualRect(view.history.index(marked)).center().y()
    assert abs(place - view.viewport().height() / 2) < view.viewport().height() / 4
    assert not long_ago.sidebar.escape()
    long_ago.sidebar.handle(long_ago.all(ConversationsListed)[-1])
    assert bars(view) == [marked], "and it stays where it is"
    view.scrollToTop()
    long_ago.sidebar.handle(long_ago.all(ConversationsListed)[-1])
    assert view.verticalScrollBar().value() == 0, "nobody is taken back there"


def test_who_leaves_a_search_without_opening_anything_is_at_the_top(long_ago: Window) -> None:
    view, search = long_ago.panel.list, long_ago.panel.search
    view.scrollToBottom()
    QTest.keyClicks(search, "walrus")
    long_ago.wait_for("day 35", "day 35")
    asked = len(long_ago.intents)
    search.clear()
    assert view.verticalScrollBar().value() == 0
    assert long_ago.intents[asked:] == []


def test_enter_opens_what_was_found_first(window: Window) -> None:
    search = window.panel.search
    window.sidebar.focus_search()
    QTest.keyClicks(search, "walr")
    window.wait_for("tell me about the walrus")
    QTest.keyClick(search, Qt.Key.Key_Return)
    window.qtbot.waitUntil(lambda: len(window.all(ConversationBegun)) == 1)
    search.clear()
    QTest.keyClicks(search, "news")
    QTest.keyClick(search, Qt.Key.Key_Return)  # before anything is found
    window.qtbot.waitUntil(lambda: len(window.all(ConversationBegun)) == 2)
    told = [each.turns[0].transcript for each in window.all(ConversationBegun)]
    assert told == ["tell me about the walrus", "old news"]


def test_enter_opens_nothing_where_nothing_is_found_and_no_more_once_other_words_stand_there(
    window: Window,
) -> None:
    search = window.panel.search
    QTest.keyClicks(search, "zeppelin")
    QTest.keyClick(search, Qt.Key.Key_Return)
    window.qtbot.waitUntil(window.panel.empty.isVisible)
    search.setText("wal")
    QTest.keyClick(search, Qt.Key.Key_Return)
    search.setText("walr")
    window.wait_for("tell me about the walrus")
    assert window.all(ConversationBegun) == []
    search.clear()
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert window.panel.list.hasFocus(), "without words it goes into the list"
    assert window.all(ConversationBegun) == []


def test_what_is_found_is_as_high_as_its_words(window: Window) -> None:
    now = time.time()
    words = "the walrus is a large marine mammal with tusks and a moustache that lives far north"
    found = tuple(
        FoundTurn(1, number, "Walrus", now, pieces)
        for number, pieces in enumerate(
            ((), (("a walrus", True),), ((words, False),), ((words * 3, False),))
        )
    )
    search = window.panel.search
    search.setText("walr")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationsFound)))
    window.sidebar.handle(ConversationsFound(text="walr", turns=found))
    view = window.panel.list
    heights = [view.visualRect(view.history.index(row)).height() for row in range(4)]
    assert heights[0] < heights[1] < heights[2] == heights[3]
    window.panel.handle_bar.moved.emit(400)
    wide = tuple(FoundTurn(1, 1, "Walrus", now, ((words[:50], False),)) for _ in range(1))
    window.sidebar.handle(ConversationsFound(text="walr", turns=wide))
    window.qtbot.waitUntil(lambda: view.visualRect(view.history.index(0)).height() == heights[1])
    window.panel.handle_bar.moved.emit(220)
    window.qtbot.waitUntil(lambda: view.visualRect(view.history.index(0)).height() == heights[2])


def test_a_title_that_was_found_is_not_said_twice(window: Window) -> None:
    now = time.time()
    pieces = (("tell me about the ", False), ("walrus", True))
    found = (
        FoundTurn(1, 1, "tell me about the walrus", now, pieces),
        FoundTurn(1, 2, "Sea animals", now, pieces),
    )
    window.panel.search.setText("walr")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationsFound)))
    window.sidebar.handle(ConversationsFound(text="walr", turns=found))
    view = window.panel.list
    rows = [view.history.index(row) for row in range(2)]
    assert view.visualRect(rows[0]).height() < view.visualRect(rows[1]).height()
    spoken = [str(view.history.data(row, Qt.ItemDataRole.AccessibleTextRole)) for row in rows]
    assert [each.count("walrus") for each in spoken] == [1, 1]
    assert spoken[1].startswith("Sea animals, ")


def test_what_is_not_found_is_said(window: Window) -> None:
    window.panel.search.setText("zeppelin")
    window.qtbot.waitUntil(lambda: window.panel.empty.isVisible())
    assert "zeppelin" in window.panel.empty.text()
    window.panel.search.clear()
    assert window.panel.list.isVisible()
    assert len(window.shown()) == 6


def test_a_conversation_is_opened_with_a_click_and_the_open_one_is_not_opened_again(
    window: Window,
) -> None:
    window.click("old news")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationBegun)))
    assert window.panel.list.current == window.row("old news").session_id
    before = len(window.intents)
    window.click("old news")
    assert window.intents[before:] == []


def test_the_keyboard_goes_through_the_list_and_back_to_the_search(window: Window) -> None:
    view = window.panel.list
    window.panel.search.setFocus()
    QTest.keyClick(window.panel.search, Qt.Key.Key_Down)
    seen = []
    for _ in range(3):
        item = view.chosen_item()
        assert isinstance(item, ConversationRow)  # never a heading
        seen.append(item.title)
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert seen == ["a timer for tea", "tell me about the walrus", "old news"]
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Up)
    assert window.panel.search.hasFocus()


def test_a_name_is_written_into_the_list(window: Window) -> None:
    view = window.panel.list
    view.go_to_first()
    QTest.keyClick(view, Qt.Key.Key_F2)
    editor = view.viewport().findChild(QLineEdit, "rename")
    assert isinstance(editor, QLineEdit)
    assert editor.text() == "a timer for tea"
    assert editor.accessibleName()
    record = turn(9, "meanwhile", started_at=time.time())
    window.to_history.emit(SaveTurn(turn_id=9, record=record))  # the list is another
    window.qtbot.waitUntil(lambda: len(window.all(ConversationsListed)) > 1)
    assert view.is_renaming
    assert "meanwhile" not in window.shown()  # nothing moves under the pen
    QTest.keyClicks(editor, "No")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    window.wait_for("meanwhile", "a timer for tea", "tell me about the walrus", "old news")
    assert view.hasFocus()
    QTest.keyClick(view, Qt.Key.Key_F2)
    editor = view.viewport().findChildren(QLineEdit, "rename")[-1]
    QTest.keyClicks(editor, "Breakfast")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    window.wait_for("meanwhile", "Breakfast", "tell me about the walrus", "old news")


def test_a_conversation_is_pinned_by_its_menu(window: Window) -> None:
    view = window.panel.list
    QTest.mouseClick(
        view.viewport(),
        Qt.MouseButton.LeftButton,
        pos=view.more_rect(view.visualRect(view.history.place_of(window.row("old news")))).center(),
    )
    window.pick("Pin")
    window.wait_for("old news", "a timer for tea", "tell me about the walrus")
    assert window.shown()[0] == "PINNED"
    view.go_to_first()
    key = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(0, 0), QPoint(0, 0))
    QApplication.sendEvent(view, key)
    assert "Unpin" in [action.text() for action in window.menu().actions()]
    window.menu().close()


def test_a_deletion_is_taken_back_with_the_button(window: Window) -> None:
    window.click("tell me about the walrus")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationBegun)))
    window.panel.list.setFocus()
    QTest.keyClick(window.panel.list, Qt.Key.Key_Delete)
    window.wait_for("a timer for tea", "old news")
    note = window.panel.deleting.undo_note
    window.qtbot.waitUntil(note.isVisible)
    assert "tell me about the walrus" in note.words
    window.qtbot.waitUntil(lambda: len(window.all(ConversationBegun)) == 2)
    assert window.all(ConversationBegun)[-1].turns == ()  # the page no longer shows it
    QTest.mouseClick(note.button, Qt.MouseButton.LeftButton)
    window.wait_for("a timer for tea", "tell me about the walrus", "old news")
    assert not note.isVisible()
    window.qtbot.waitUntil(lambda: len(window.all(ConversationBegun)) == 3)
    assert len(window.all(ConversationBegun)[-1].turns) == 1


def test_undo_leaves_the_page_alone_once_somebody_talks_there(window: Window) -> None:
    window.click("tell me about the walrus")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationBegun)))
    window.panel.list.setFocus()
    QTest.keyClick(window.panel.list, Qt.Key.Key_Delete)
    window.wait_for("a timer for tea", "old news")
    note = window.panel.deleting.undo_note
    window.qtbot.waitUntil(note.isVisible)
    window.qtbot.waitUntil(lambda: len(window.all(ConversationBegun)) == 2)
    window.sidebar.handle(TurnStarted(turn_id=9, source="voice"))  # in private, say
    QTest.mouseClick(note.button, Qt.MouseButton.LeftButton)
    window.wait_for("a timer for tea", "tell me about the walrus", "old news")
    assert len(window.all(ConversationBegun)) == 2


def test_the_list_takes_the_next_one_when_one_is_deleted(window: Window) -> None:
    view = window.panel.list
    view.go_to_first()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    window.wait_for("tell me about the walrus", "old news")
    item = view.chosen_item()
    assert isinstance(item, ConversationRow)
    assert item.title == "tell me about the walrus"
    QTest.keySequence(view, "Ctrl+Z")
    window.wait_for("a timer for tea", "tell me about the walrus", "old news")
    item = view.chosen_item()
    assert isinstance(item, ConversationRow)
    assert item.title == "a timer for tea", "and the one that is back"


def test_the_keyboard_is_on_the_one_that_came_back_by_the_button(window: Window) -> None:
    view = window.panel.list
    window.click("old news")
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    window.wait_for("a timer for tea", "tell me about the walrus")
    note = window.panel.deleting.undo_note
    window.qtbot.waitUntil(note.isVisible)
    note.button.setFocus()
    QTest.keyClick(note.button, Qt.Key.Key_Space)
    window.wait_for("a timer for tea", "tell me about the walrus", "old news")
    item = view.chosen_item()
    assert isinstance(item, ConversationRow)
    assert item.title == "old news"
    assert view.hasFocus()


def test_undo_is_offered_for_its_time_only(
    qtbot: QtBot, path: Path, made: list[Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "UNDO_S", 0.3)
    store = SqliteHistory(path)
    store.save(turn(1, "walrus"))
    store.close()
    window = Window(qtbot, path)
    made.append(window)
    window.show()
    window.wait_for("walrus")
    window.panel.list.go_to_first()
    QTest.keyClick(window.panel.list, Qt.Key.Key_Delete)
    note = window.panel.deleting.undo_note
    qtbot.waitUntil(note.isVisible)
    qtbot.waitUntil(lambda: not note.isVisible())
    qtbot.waitUntil(lambda: b"walrus" not in path.read_bytes())


def test_everything_goes_after_a_question(window: Window, path: Path) -> None:
    panel = window.panel
    QTest.mouseClick(panel.more_button, Qt.MouseButton.LeftButton)
    window.pick("Delete all")
    confirm = panel.deleting.confirm_note
    assert "3 conversations" in confirm.words
    assert confirm.other.hasFocus()  # Enter does no harm
    QTest.keyClick(confirm.other, Qt.Key.Key_Space)
    assert not confirm.isVisible()
    assert len(window.shown()) == 6
    QTest.mouseClick(panel.more_button, Qt.MouseButton.LeftButton)
    window.pick("Delete all")
    QTest.mouseClick(confirm.button, Qt.MouseButton.LeftButton)
    window.wait_for()
    assert panel.empty.isVisible()
    assert panel.empty.text() == "Your conversations will stand here."
    assert not panel.foot.isVisible()


def test_an_export_is_written_where_the_dialog_says_and_comes_back(
    window: Window, tmp_path: Path
) -> None:
    QTest.mouseClick(window.panel.more_button, Qt.MouseButton.LeftButton)
    window.pick("Export all", "JSON")
    dialog = window.panel.exports.dialog
    assert dialog is not None
    assert dialog.isVisible()
    out = tmp_path / "all.json"
    dialog.selectFile(str(out))
    dialog.accept()
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationsExported)))
    assert "all.json" in window.panel.export_note.words
    assert len(json.loads(out.read_text())["sessions"]) == 3
    other = SqliteHistory(tmp_path / "other.sqlite")
    with out.open() as source:
        assert other.import_json(source).turns == 3
    assert len(other.search("walrus")) == 1
    other.close()


def test_one_conversation_is_exported_under_its_name(window: Window, tmp_path: Path) -> None:
    window.panel.list.menu_wanted.emit(window.row("old news"), QPoint(0, 0))
    window.pick("Export", "Markdown")
    dialog = window.panel.exports.dialog
    assert dialog is not None
    assert Path(dialog.selectedFiles()[0]).name == "old news.md"
    dialog.selectFile(str(tmp_path / "one"))
    dialog.accept()
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationsExported)))
    text = (tmp_path / "one.md").read_text()
    assert "old news" in text
    assert "walrus" not in text


def test_private_and_switched_off_are_said(window: Window) -> None:
    panel = window.panel
    assert not panel.note.isVisible()
    QTest.mouseClick(panel.private_button, Qt.MouseButton.LeftButton)
    window.qtbot.waitUntil(panel.note.isVisible)
    assert panel.note.words == "This conversation is private: nothing of it is kept."
    assert not panel.note.button.isVisible()
    QTest.mouseClick(panel.new_button, Qt.MouseButton.LeftButton)
    window.qtbot.waitUntil(lambda: not panel.note.isVisible())
    window.sidebar.handle(SettingChanged(name="history.enabled", value=False))
    assert "off" in panel.note.words
    with window.qtbot.waitSignal(window.sidebar.settings_wanted, timeout=1000):
        QTest.mouseClick(panel.note.button, Qt.MouseButton.LeftButton)
    window.sidebar.handle(SettingChanged(name="history.enabled", value=True))
    assert not panel.note.isVisible()


# --- room -----------------------------------------------------------------------------------


def test_beside_the_page_it_takes_room_and_over_it_none(window: Window) -> None:
    widget, sidebar = window.widget, window.sidebar
    assert sidebar.width() == window.panel.width() == 260
    sidebar.toggle()
    assert not window.panel.isVisible()
    window.qtbot.waitUntil(lambda: window.page.width() == widget.width())
    sidebar.toggle()
    widget.resize(NARROW_PX - 100, 520)
    window.qtbot.waitUntil(lambda: window.page.width() == widget.width())
    assert not window.panel.isVisible()
    sidebar.focus_search()
    assert window.panel.isVisible()
    assert window.page.width() == widget.width()
    window.click("old news")  # what was chosen must be seen
    assert not window.panel.isVisible()
    sidebar.toggle()
    assert sidebar.escape()
    assert not window.panel.isVisible()
    assert not sidebar.escape()
    widget.resize(1000, 600)
    window.qtbot.waitUntil(window.panel.isVisible)


def test_width_and_state_are_remembered(
    qtbot: QtBot, path: Path, made: list[Window], tmp_path: Path
) -> None:
    ini = str(tmp_path / "window.ini")
    settings = QSettings(ini, QSettings.Format.IniFormat)
    first = Window(qtbot, path, settings)
    made.append(first)
    first.show()
    bar = first.panel.handle_bar
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(3, 50))
    bar.moved.emit(330)
    first.sidebar.toggle()
    settings.sync()
    again = Window(qtbot, path, QSettings(ini, QSettings.Format.IniFormat))
    made.append(again)
    again.show()
    assert not again.sidebar.is_open
    again.sidebar.toggle()
    assert again.panel.width() == 330
    settings.setValue("sidebar/width", "wide")
    settings.setValue("sidebar/open", "true")
    third = HistorySidebar(Theme("light"), settings)
    qtbot.addWidget(third)
    assert third.is_open


def test_more_is_asked_for_when_the_end_comes_into_sight(window: Window) -> None:
    now = time.time()
    rows = tuple(
        ConversationRow(
            session_id=100 + n, title=f"number {n}", started_at=now, last_at=now - n * 3600, turns=1
        )
        for n in range(PAGE)
    )
    window.sidebar.handle(ConversationsListed(rows=rows, total=1000))
    before = len(window.intents)
    bar = window.panel.list.verticalScrollBar()
    bar.setValue(bar.maximum() // 3)
    assert window.intents[before:] == []
    bar.setValue(bar.maximum())
    (more,) = window.intents[before:]
    assert isinstance(more, ListConversations)
    assert more.limit == 2 * PAGE


def test_another_list_leaves_what_is_looked_at_where_it_is(window: Window) -> None:
    now = time.time()
    rows = [
        ConversationRow(session_id=n, title=f"number {n}", started_at=now, last_at=now - n, turns=1)
        for n in range(1, 150)
    ]
    window.sidebar.handle(ConversationsListed(rows=tuple(rows), total=149))
    view: HistoryView = window.panel.list
    view.setCurrentIndex(view.history.index(80))
    bar = view.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    chosen, value = view.chosen_item(), bar.value()
    window.sidebar.handle(ConversationsListed(rows=tuple(rows[:-1]), total=148))
    assert view.chosen_item() == chosen
    assert bar.value() == value


# --- for who does not see -------------------------------------------------------------------


def test_every_control_has_a_name_and_is_reached_by_tab(window: Window) -> None:
    panel = window.panel
    panel.deleting.ask_for_all()
    controls = [panel.new_button, panel.private_button, panel.search, panel.list, panel.more_button]
    for control in (*controls, panel.deleting.confirm_note.button):
        assert control.accessibleName(), control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control


def test_rows_are_read_with_what_is_drawn(window: Window) -> None:
    model = window.panel.list.history
    role = Qt.ItemDataRole.AccessibleTextRole
    said = str(model.data(model.place_of(window.row("old news")), role))
    assert said.startswith("old news, ")
    assert said.endswith("1 turn")
    window.click("old news")
    window.qtbot.waitUntil(lambda: bool(window.all(ConversationBegun)))
    said = str(model.data(model.place_of(window.row("old news")), role))
    assert said.startswith("old news, open, ")
