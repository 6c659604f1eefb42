"""Timers in the real window: the chip, its list, what has rung, what was missed, and the question
before the end."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QLocale, QObject, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.events import FiguresChanged
from app.core.history_events import ConversationBegun
from app.core.timer_events import (
    CancelTimer,
    RestoreTimer,
    TimerCancelled,
    TimerRow,
    TimersChanged,
    TimersKept,
    TimersMissed,
    TimersNotKept,
)
from app.providers.llm.skills.timer_file import what_hinders
from app.ui import translation
from app.ui.main_window import MainWindow
from tests.ui.demo import Demo, settle, some_figures
from tests.ui.walk import (
    OwnWindows,
    controls,
    cut_off,
    is_reached,
    name_of,
    overlapping,
    stops,
    told,
)

CUT_SHORT_S = 0.4
"""Between two whole seconds, so that what is shown is the same for a while."""


def timer(name: str, left_s: float, number: int, **more: object) -> TimerRow:
    due_at = time.time() + left_s - CUT_SHORT_S
    return TimerRow(**({"name": name, "seconds": 600, "due_at": due_at, "number": number} | more))


def three() -> tuple[TimerRow, ...]:
    return (
        timer("tea", 272, 1),
        timer("", 600, 2, private=True),
        timer("call Mum about the weekend in Lyon, and the train", 3900, 3, is_reminder=True),
    )


class Bench:
    """A window with a conversation, and what it wants."""

    def __init__(self, qtbot: QtBot, look: str = "light") -> None:
        self.demo = Demo(look)
        self.window: MainWindow = self.demo.window
        self.timers = self.window.timers
        self.chip = self.timers.chip
        qtbot.addWidget(self.window)
        self.intents: list[object] = []
        self.window.intent.connect(self.intents.append)
        self.window.resize(900, 600)
        with qtbot.waitActive(self.window):
            self.window.show()
            self.window.activateWindow()
        self.demo.engines()
        self.demo.talk_a_little()
        settle(50)

    def run(self, *rows: TimerRow, rung: tuple[TimerRow, ...] = ()) -> None:
        self.demo.put(TimersChanged(timers=rows, rung=rung))

    def cancel(self, row: TimerRow, *rest: TimerRow, undo_s: float = 30.0) -> None:
        """As the keeper answers to it."""
        self.demo.put(TimerCancelled(timer=row, undo_s=undo_s))
        self.run(*rest)

    def open_list(self) -> None:
        self.chip.click()
        settle(20)

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.window.windowHandle(), key)


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


# --- the chip -------------------------------------------------------------------------------


def test_without_a_timer_there_is_no_chip_and_no_second_hand(bench: Bench) -> None:
    assert not bench.chip.isVisible()
    assert not bench.timers.running.ticks
    bench.run(timer("tea", 272, 1))
    assert bench.chip.isVisible()
    bench.run()
    assert not bench.chip.isVisible()
    assert not bench.timers.running.ticks


def test_the_chip_says_what_runs_and_how_long_still(bench: Bench) -> None:
    bench.run(timer("tea", 272, 1))
    assert bench.chip.line == "Tea · 4:32"
    bench.run(timer("", 272, 1))
    assert bench.chip.line == "10 min timer · 4:32"
    bench.run(timer("tea", 272, 1), timer("eggs", 400, 2))
    assert bench.chip.line == "2 timers · next 4:32"


def test_it_counts_down_and_nothing_beside_it_moves(bench: Bench, qtbot: QtBot) -> None:
    bench.run(timer("tea", 272, 1))
    settle(20)
    places = (bench.chip.geometry(), bench.window.pill.geometry())
    widest = bench.chip.text()  # digits are of different widths in some fonts
    for shown in ("Tea · 4:31", "Tea · 4:30"):
        qtbot.waitUntil(lambda shown=shown: bench.chip.line == shown, timeout=10_000)
        settle(20)
        assert (bench.chip.geometry(), bench.window.pill.geometry()) == places
        assert bench.chip.text() == widest


class Painted(QObject):
    """Counts how often anything in a window is painted."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.count = 0
        self._window = window
        QApplication.instance().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.UpdateRequest and watched is self._window:
            self.count += 1
        return False


def test_a_second_repaints_once_and_without_a_timer_nothing_is_repainted(
    bench: Bench, qtbot: QtBot
) -> None:
    bench.window.face.hide()  # it blinks
    bench.run(timer("tea", 272, 1))
    settle(200)
    painted = Painted(bench.window)
    with qtbot.waitSignal(bench.timers.running.ticked, timeout=10_000):
        pass
    settle(200)
    assert painted.count == 1
    bench.run()
    settle(200)
    painted.count = 0
    settle(1500)
    assert painted.count == 0


@pytest.mark.parametrize("how", ["minimised", "hidden", "covered"])
def test_the_second_hand_stands_still_while_nobody_can_see_it(bench: Bench, how: str) -> None:
    bench.run(timer("tea", 272, 1))
    running, window = bench.timers.running, bench.window
    assert running.ticks
    match how:
        case "minimised":
            window.showMinimized()
        case "hidden":
            window.hide()
        case "covered":
            window.open_settings()
    settle(50)
    assert not running.ticks
    settle(1200)  # a second is missed
    match how:
        case "minimised":
            window.showNormal()
        case "hidden":
            window.show()
        case "covered":
            window.close_settings()
    settle(50)
    assert running.ticks
    assert bench.chip.line in ("Tea · 4:31", "Tea · 4:30"), "and it shows the time it is now"


def test_a_screen_reader_is_told_what_runs_and_not_every_second(bench: Bench) -> None:
    bench.run(timer("tea", 272, 1))
    assert name_of(bench.chip) == "A timer is running: Tea"
    bench.run(timer("tea", 272, 1), timer("eggs", 400, 2))
    assert name_of(bench.chip) == "2 timers are running"


def test_a_private_name_is_for_the_private_conversation_and_the_list(bench: Bench) -> None:
    bench.demo.put(ConversationBegun(conversation=1, private=True))
    bench.run(timer("lawyer", 272, 1, private=True))
    assert bench.chip.line == "Lawyer · 4:32"
    bench.demo.put(ConversationBegun(conversation=2))
    assert bench.chip.line == "Private timer · 4:32"
    assert "lawyer" not in name_of(bench.chip).lower()


def test_a_narrow_window_keeps_the_time(bench: Bench) -> None:
    bench.run(timer("a name that is rather long for a chip", 272, 1))
    bench.window.resize(720, 520)
    bench.window.sidebar.set_open(True)
    bench.demo.put(ConversationBegun(conversation=1, private=True))
    settle(50)
    assert bench.chip.shown.endswith("4:32")
    assert list(cut_off(bench.window.header)) == []


# --- the list -------------------------------------------------------------------------------


def test_the_list_shows_each_and_cancels_it(bench: Bench) -> None:
    bench.run(*three())
    bench.open_list()
    lines = bench.timers.panel.lines
    assert [line.time_left for line in lines] == ["4:32", "10:00", "1:05:00"]
    assert [name_of(line.cancel) for line in lines][:2] == ["Cancel “Tea”", "Cancel “10 min timer”"]
    lines[1].cancel.click()
    (intent,) = bench.intents
    assert isinstance(intent, CancelTimer)
    assert intent.number == 2


def test_the_keyboard_stays_in_the_list_until_it_is_empty(bench: Bench) -> None:
    tea, ten, mum = three()
    bench.run(tea, ten, mum)
    bench.open_list()
    panel = bench.timers.panel
    assert panel.close_button.hasFocus()
    panel.lines[1].cancel.setFocus()
    bench.run(ten, mum)  # another one has rung
    assert panel.lines[0].cancel.hasFocus(), "the keyboard is where it was"
    bench.run(mum)
    assert panel.lines[0].cancel.hasFocus()
    bench.run()
    assert not panel.isVisible()
    assert not bench.chip.isChecked()
    assert bench.window.composer.talk.hasFocus()


def test_a_chip_that_goes_leaves_the_keyboard_to_talking(bench: Bench) -> None:
    bench.run(timer("tea", 272, 1))
    bench.chip.setFocus()
    bench.run()
    assert bench.window.composer.talk.hasFocus()


def test_the_list_counts_down(bench: Bench, qtbot: QtBot) -> None:
    bench.run(*three())
    bench.open_list()
    (tea, *_) = bench.timers.panel.lines
    qtbot.waitUntil(lambda: tea.time_left == "4:30", timeout=10_000)


def test_one_panel_at_a_time(bench: Bench) -> None:
    bench.demo.put(FiguresChanged(figures=some_figures()))
    window, panel = bench.window, bench.timers.panel
    bench.run(*three())
    for opener, other in ((window.pill, window.panel), (window.figures_line, window.figures)):
        opener.click()
        assert other.isVisible()
        bench.chip.click()
        assert panel.isVisible()
        assert panel.close_button.hasFocus()
        assert not other.isVisible()
        opener.click()
        assert other.isVisible()
        assert other.close_button.hasFocus()
        assert not panel.isVisible()
        assert not bench.chip.isChecked()
        opener.click()
        assert not other.isVisible()


def test_the_list_grows_with_what_is_in_it(bench: Bench) -> None:
    rows = three()
    bench.run(rows[0])
    bench.open_list()
    bench.run(*rows)  # set by voice, while it is open
    settle(50)
    last = bench.timers.panel.lines[-1]
    assert not last.visibleRegion().isEmpty()
    assert last.visibleRegion().boundingRect() == last.rect()


def test_escape_and_the_chip_put_the_list_away(bench: Bench) -> None:
    bench.run(*three())
    for put_away in (lambda: bench.key(Qt.Key.Key_Escape), bench.chip.click):
        bench.open_list()
        assert bench.timers.panel.isVisible()
        put_away()
        assert not bench.timers.panel.isVisible()
        assert not bench.chip.isChecked()


def test_the_list_lies_in_the_page_at_any_size(bench: Bench) -> None:
    bench.run(*(timer(f"timer {number}", 60 * number, number) for number in range(1, 30)))
    bench.open_list()
    page, panel = bench.timers.panel.parentWidget(), bench.timers.panel
    for size in ((1080, 720), (720, 520), (900, 600)):
        bench.window.resize(*size)
        settle(20)
        assert page.rect().contains(panel.geometry())
        composer = bench.window.composer
        assert panel.geometry().bottom() < composer.mapTo(page, composer.rect().topLeft()).y()


# --- what has rung --------------------------------------------------------------------------


def eggs(number: int = 9, **more: object) -> TimerRow:
    return timer("eggs", -40, number, **({"rang": True} | more))


def test_what_has_rung_comes_first_and_stays_until_it_is_dismissed(bench: Bench) -> None:
    bench.run(timer("tea", 272, 1), rung=(eggs(),))
    assert bench.chip.line == "Eggs · done"
    assert name_of(bench.chip) == "Eggs · done"
    assert bench.chip.toolTip() == "Dismiss"
    bench.chip.click()
    (intent,) = bench.intents
    assert isinstance(intent, CancelTimer)
    assert intent.number == 9
    assert not bench.timers.panel.isVisible()
    assert not bench.chip.isChecked()
    bench.run(timer("tea", 272, 1))
    assert bench.chip.line == "Tea · 4:32"
    assert bench.chip.toolTip() == "Show the timers"
    bench.open_list()
    assert bench.timers.panel.isVisible()


def test_several_that_have_rung_are_dismissed_together(bench: Bench) -> None:
    bench.run(rung=(eggs(), eggs(10)))
    assert bench.chip.isVisible()
    assert bench.chip.line == "2 timers · done"
    bench.chip.click()
    assert [intent.number for intent in bench.intents] == [9, 10]
    bench.run()
    assert not bench.chip.isVisible()


def test_a_reminder_is_due_and_a_private_one_has_no_name(bench: Bench) -> None:
    bench.run(rung=(timer("call Mum", -40, 1, is_reminder=True, rang=True),))
    assert bench.chip.line == "Call Mum · due"
    bench.run(rung=(eggs(private=True),))
    assert bench.chip.line == "Private timer · done"
    assert "eggs" not in name_of(bench.chip).lower()


def test_what_has_rung_is_in_the_list_that_is_open_and_dismissed_there(bench: Bench) -> None:
    tea = timer("tea", 272, 1)
    bench.run(tea)
    bench.open_list()
    bench.run(tea, rung=(eggs(),))
    line, other = bench.timers.panel.lines
    assert line.time_left == "done"
    assert name_of(line.cancel) == "Dismiss “Eggs”"
    assert other.time_left == "4:32"
    line.cancel.click()
    assert [intent.number for intent in bench.intents] == [9]
    bench.run(rung=(eggs(),))
    assert bench.timers.panel.isVisible()
    bench.run()
    assert not bench.timers.panel.isVisible()


def test_what_has_rung_needs_no_second_hand_and_no_question_before_the_end(
    bench: Bench, ends_with_its_window: None
) -> None:
    bench.run(rung=(eggs(),))
    assert not bench.timers.running.ticks
    assert closes(bench.window)


# --- taken back -----------------------------------------------------------------------------


def test_what_was_cancelled_is_offered_back(bench: Bench) -> None:
    tea, ten, _ = three()
    bench.run(tea, ten)
    bench.open_list()
    panel = bench.timers.panel
    panel.lines[0].cancel.click()
    bench.cancel(tea, ten)
    settle(20)
    assert panel.undo_note.isVisible()
    assert panel.undo_note.words == "“Tea” is cancelled."
    assert panel.undo_note.button.text() == "Undo"
    assert list(cut_off(bench.window)) == []
    panel.undo_note.button.click()
    assert isinstance(bench.intents[-1], RestoreTimer)
    assert bench.intents[-1].number == 1
    bench.run(tea, ten)
    assert not panel.undo_note.isVisible(), "once"
    assert [line.row for line in panel.lines] == [tea, ten]


def test_the_last_one_can_be_taken_back_too_with_the_keyboard(bench: Bench) -> None:
    tea = timer("tea", 272, 1)
    bench.run(tea)
    bench.open_list()
    panel = bench.timers.panel
    panel.lines[0].cancel.setFocus()
    bench.cancel(tea)
    settle(20)
    assert panel.isVisible()
    assert panel.undo_note.button.hasFocus()
    assert bench.chip.line == "Timer cancelled"
    assert list(cut_off(panel)) == []
    QTest.keySequence(bench.window.windowHandle(), QKeySequence.StandardKey.Undo)
    assert [type(intent) for intent in bench.intents] == [RestoreTimer]
    bench.run(tea)
    assert panel.isVisible()
    assert panel.close_button.hasFocus()
    assert not panel.undo_note.isVisible()
    assert bench.chip.line == "Tea · 4:32"


def test_a_list_that_was_put_away_still_has_it(bench: Bench) -> None:
    tea = timer("tea", 272, 1)
    bench.run(tea)
    bench.open_list()
    bench.cancel(tea)
    bench.key(Qt.Key.Key_Escape)
    assert not bench.timers.panel.isVisible()
    bench.open_list()
    assert bench.timers.panel.undo_note.button.isVisible()


def test_it_is_offered_for_a_while(bench: Bench, qtbot: QtBot) -> None:
    tea = timer("tea", 272, 1)
    bench.run(tea)
    bench.open_list()
    bench.cancel(tea, undo_s=0.1)
    assert bench.timers.panel.isVisible()
    qtbot.waitUntil(lambda: not bench.timers.panel.isVisible(), timeout=10_000)
    assert not bench.chip.isVisible()
    assert bench.window.composer.talk.hasFocus()


def test_a_long_name_leaves_the_button_its_room(bench: Bench) -> None:
    long = timer("a name that is " + "rather " * 10 + "long", 272, 1)
    bench.run(long)
    bench.open_list()
    bench.cancel(long)
    settle(50)
    assert bench.timers.panel.undo_note.words.endswith("…” is cancelled.")
    assert list(cut_off(bench.timers.panel)) == []


# --- for everybody --------------------------------------------------------------------------


@pytest.fixture
def right_to_left(qapp: QApplication) -> Iterator[None]:
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    QGuiApplication.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_all_of_it_has_names_and_is_reached_by_tab(bench: Bench) -> None:
    bench.run(*three())
    bench.open_list()
    bench.window.quit()
    settle(50)
    window = bench.window
    wanted = controls(window)
    assert {bench.chip, window.timers.bar.stay, window.timers.bar.quit} <= set(wanted)
    assert [told(part) for part in wanted if not name_of(part)] == []
    reached = [*stops(window), *stops(window, Qt.Key.Key_Backtab)]
    assert [told(part) for part in wanted if not is_reached(part, reached)] == []


def test_every_word_has_its_room_from_both_sides(bench: Bench) -> None:
    bench.run(*three())
    bench.open_list()
    bench.window.quit()
    settle(50)
    assert list(cut_off(bench.window)) == []
    assert not any("Timer" in one + other for one, other in overlapping(bench.window.header))


def test_nothing_overlaps_from_right_to_left(qtbot: QtBot, right_to_left: None) -> None:
    bench = Bench(qtbot)
    bench.run(*three())
    bench.open_list()
    settle(50)
    assert list(cut_off(bench.window)) == []
    assert overlapping(bench.window.header) == set()
    panel = bench.timers.panel
    left = bench.chip.mapTo(panel.parentWidget(), bench.chip.rect().topLeft()).x()
    assert panel.geometry().left() == left


def test_nothing_appears_as_a_window_of_its_own(qtbot: QtBot, qapp: QApplication) -> None:
    watch = OwnWindows(qapp)
    bench = Bench(qtbot)
    bench.run(*three())
    bench.open_list()
    bench.window.quit()
    settle(50)
    qapp.removeEventFilter(watch)
    assert watch.found == []


# --- what was missed ------------------------------------------------------------------------


def test_what_was_missed_is_told_and_stays_until_it_is_read(bench: Bench) -> None:
    bench.demo.put(TimersMissed(timers=(timer("tea", -60, 0),)))
    (card,) = bench.window.cards.cards
    assert card.title.startswith("Your tea timer ended at ")
    assert card.title.endswith(", while Parley was closed.")
    assert card.level == "warn", "an info leaves by itself"


def test_a_disk_that_takes_nothing_is_told_and_changes_what_is_said_at_the_end(
    bench: Bench,
) -> None:
    bench.demo.put(TimersNotKept(why="The disk is full."))
    (card,) = bench.window.cards.cards
    assert card.title == "Your timers cannot be saved."
    assert card.hint == "They ring while Parley runs, and end with it. The disk is full."
    bench.run(timer("tea", 272, 1))
    bench.window.quit()
    assert bench.timers.bar.text.endswith("It ends with Parley.")


def test_a_disk_that_takes_them_again_is_told_and_changes_it_back(
    bench: Bench, qtbot: QtBot
) -> None:
    bench.demo.put(TimersNotKept(why="The disk is full."))
    bench.run(timer("tea", 272, 1))
    bench.window.quit()
    with qtbot.waitSignal(bench.timers.mended) as mended:
        bench.demo.put(TimersKept())
    assert mended.args == ["Your timers cannot be saved."]
    assert bench.window.cards.cards[-1].title == "Your timers are saved again."
    assert "Open Parley again, and it goes on" in bench.timers.bar.text


@pytest.fixture
def french(qapp: QApplication) -> Iterator[None]:
    before = QLocale()
    translation.install("fr")
    yield
    translation.install("en")
    QLocale.setDefault(before)


@pytest.mark.parametrize(
    ("why", "in_french"),
    [
        (what_hinders(OSError(errno.ENOSPC, "No space left on device")), "Le disque est plein."),
        (
            f"timers.json cannot be read. {what_hinders(OSError(errno.EACCES, 'no'))}",
            "timers.json est illisible. Parley n’en a pas l’autorisation.",
        ),
        (
            what_hinders(OSError(errno.EIO, "Input/output error")),
            "Le système répond\u202f: Input/output error.",
        ),
    ],
)
def test_what_hinders_the_disk_is_said_in_french_too(
    french: None, qtbot: QtBot, why: str, in_french: str
) -> None:
    bench = Bench(qtbot)
    with qtbot.waitSignal(bench.timers.told) as news:  # a screen reader is told the same
        bench.demo.put(TimersNotKept(why=why))
    assert news.args[1].endswith(f"s’arrêtent avec lui. {in_french}")
    (card,) = bench.window.cards.cards
    assert card.hint == news.args[1]


# --- the end --------------------------------------------------------------------------------


class FromTheCross(QCloseEvent):
    """As the window system sends it when somebody closes the window."""

    def spontaneous(self) -> bool:
        return True


def closes(window: MainWindow) -> bool:
    event = FromTheCross()
    window.closeEvent(event)
    return event.isAccepted()


@pytest.fixture
def ends_with_its_window(qapp: QApplication) -> Iterator[None]:
    before, interval = QApplication.quitOnLastWindowClosed(), QApplication.doubleClickInterval()
    QApplication.setQuitOnLastWindowClosed(True)
    yield
    QApplication.setQuitOnLastWindowClosed(before)
    QApplication.setDoubleClickInterval(interval)


def test_without_a_timer_the_window_closes(bench: Bench, ends_with_its_window: None) -> None:
    assert closes(bench.window)


def test_closing_asks_once_in_place_and_the_second_time_closes(
    bench: Bench, ends_with_its_window: None
) -> None:
    bench.run(timer("tea", 272, 1))
    bar = bench.timers.bar
    QApplication.setDoubleClickInterval(60_000)
    assert not closes(bench.window)
    assert bar.isVisible()
    assert bar.text.startswith(
        "Your tea timer has 4 min left and cannot ring while Parley is closed."
    )
    assert bar.stay.hasFocus()
    assert QApplication.activeModalWidget() is None
    assert not closes(bench.window), "a click too many is no answer"
    QApplication.setDoubleClickInterval(0)
    assert closes(bench.window)


def test_it_is_seen_over_any_page(bench: Bench, ends_with_its_window: None) -> None:
    bench.run(timer("tea", 272, 1))
    bench.window.open_settings()
    assert not closes(bench.window)
    assert bench.timers.bar.isVisible()
    assert bench.window.is_covered, "the page stays"


def test_a_window_that_closes_to_the_tray_asks_nothing(
    bench: Bench, ends_with_its_window: None
) -> None:
    QApplication.setQuitOnLastWindowClosed(False)
    bench.run(timer("tea", 272, 1))
    assert closes(bench.window)


def test_who_ends_the_application_is_not_kept_waiting(
    bench: Bench, qapp: QApplication, ends_with_its_window: None
) -> None:
    """A signal, the end of the session."""
    bench.run(timer("tea", 272, 1))
    assert ends(qapp, qapp.quit)
    assert not bench.window.isVisible()
    assert not bench.timers.bar.asks


def test_keeping_it_open_says_so_and_a_later_end_asks_again(
    bench: Bench, qtbot: QtBot, ends_with_its_window: None
) -> None:
    bench.run(timer("tea", 272, 1))
    closes(bench.window)
    with qtbot.waitSignal(bench.window.stay_wanted):
        bench.key(Qt.Key.Key_Return)
    assert not bench.timers.bar.isVisible()
    assert bench.window.isVisible()
    assert bench.window.composer.talk.hasFocus()
    QApplication.setDoubleClickInterval(0)
    assert not closes(bench.window)


def test_escape_keeps_it_open_where_it_is(
    bench: Bench, qtbot: QtBot, ends_with_its_window: None
) -> None:
    bench.run(timer("tea", 272, 1))
    closes(bench.window)
    with qtbot.assertNotEmitted(bench.window.stay_wanted):
        bench.key(Qt.Key.Key_Escape)
    assert not bench.timers.bar.isVisible()


STILL_RUNS = 7


def ends(app: QApplication, act: Callable[[], object]) -> bool:
    """Whether the application ends by this."""
    limit = QTimer()
    limit.timeout.connect(lambda: app.exit(STILL_RUNS))
    limit.start(1000)
    QTimer.singleShot(0, act)
    return app.exec() != STILL_RUNS


def test_a_question_goes_with_its_window_and_the_next_end_asks_anew(
    bench: Bench, qapp: QApplication, ends_with_its_window: None
) -> None:
    QApplication.setDoubleClickInterval(0)
    QApplication.setQuitOnLastWindowClosed(False)  # a tray can bring it back
    bench.run(timer("tea", 272, 1))
    assert not ends(qapp, bench.window.quit)
    bench.window.close()
    assert not bench.timers.bar.asks
    bench.window.show()
    settle(20)
    assert not bench.timers.bar.isVisible(), "nobody has asked to end it now"
    bench.window.hide()
    assert not ends(qapp, bench.window.quit)
    assert bench.timers.bar.isVisible()
    assert ends(qapp, bench.window.quit)


def test_a_question_goes_when_another_timer_is_set(
    bench: Bench, qapp: QApplication, ends_with_its_window: None
) -> None:
    QApplication.setDoubleClickInterval(0)
    tea, lawyer = timer("tea", 272, 1), timer("lawyer", 36_000, 2, private=True)
    bench.run(tea, timer("eggs", 600, 3))
    assert not ends(qapp, bench.window.quit)
    bench.run(tea)  # one fewer is the same question
    assert bench.timers.bar.isVisible()
    bench.run(tea, lawyer)
    assert not bench.timers.bar.isVisible()
    assert bench.window.composer.talk.hasFocus()
    assert not ends(qapp, bench.window.quit), "that Parley is to end is not said of this one"


def test_quit_anyway_ends_it(bench: Bench, qapp: QApplication, ends_with_its_window: None) -> None:
    bench.run(timer("tea", 272, 1))
    closes(bench.window)
    assert ends(qapp, bench.timers.bar.quit.click)
    assert not bench.window.isVisible()


def test_a_question_that_has_become_needless_goes(bench: Bench, ends_with_its_window: None) -> None:
    bench.run(timer("tea", 272, 1))
    closes(bench.window)
    bench.run()  # it rang, or was cancelled by voice
    assert not bench.timers.bar.isVisible()
    assert bench.window.composer.talk.hasFocus()
    assert bench.window.isVisible()


def test_quitting_from_outside_the_window_shows_it_and_asks(
    bench: Bench, qapp: QApplication, ends_with_its_window: None
) -> None:
    """The tray's menu, while the window is hidden in it."""
    QApplication.setDoubleClickInterval(0)
    QApplication.setQuitOnLastWindowClosed(False)
    bench.run(timer("tea", 272, 1))
    bench.window.hide()
    assert not ends(qapp, bench.window.quit)
    assert bench.window.isVisible()
    assert bench.timers.bar.isVisible()
    assert "4 min" in bench.timers.bar.text
    assert ends(qapp, bench.window.quit)
