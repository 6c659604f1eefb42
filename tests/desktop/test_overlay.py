"""The overlay: there while a turn runs and Parley's window is not in front."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from app.core.events import (
    AskText,
    DeviceChanged,
    DropListening,
    FinalTranscript,
    LevelMeasured,
    MouthMoved,
    Notice,
    PartialTranscript,
    PlaybackEnded,
    PlaybackStarted,
    SentenceReady,
    SpeechSynthesized,
    StageFailed,
    State,
    StateChanged,
    StopReply,
    TimerRang,
    TurnStarted,
    UtteranceStarted,
)
from app.core.history_events import ConversationBegun
from app.core.ports import Transcript
from app.core.turn import Turn
from app.desktop import overlay as module
from app.desktop.overlay import STAYS_MS, STAYS_WITH_WORDS_MS, Overlay
from app.desktop.overlay_place import EDGE_PX
from app.ui.theme import DARK, Theme
from tests.fakes import so_far


class Bench:
    """An overlay and what it emitted."""

    def __init__(self, qtbot: QtBot, geometry: QSettings | None = None) -> None:
        self.theme = Theme("light")
        self.overlay = Overlay(self.theme, geometry)
        qtbot.addWidget(self.overlay)
        self.said: list[object] = []
        self.overlay.intent.connect(self.said.append)
        self.overlay.listening_dropped.connect(self.said.append)
        self.overlay.window_wanted.connect(lambda: self.said.append("window"))

    def put(self, *events: object) -> None:
        for event in events:
            self.overlay.handle(event)

    def listen(self) -> None:
        self.put(
            TurnStarted(turn_id=1, source="voice"),
            StateChanged(state=State.LISTENING),
            UtteranceStarted(turn_id=1, turn=Turn(1, "voice"), microphone="Built-in"),
        )

    def be(self, state: State) -> None:
        self.put(StateChanged(state=state))

    @property
    def word(self) -> str:
        return self.overlay.word


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


@pytest.fixture
def settings(tmp_path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


# --- when it is there ---------------------------------------------------------------------


def test_it_is_there_from_the_first_sound_to_a_moment_after_the_turn(bench, qtbot):
    assert not bench.overlay.isVisible()
    bench.listen()
    assert bench.overlay.isVisible()
    for state in (State.FINISHING, State.THINKING, State.SPEAKING):
        bench.be(state)
        assert bench.overlay.isVisible()
    bench.be(State.READY)
    assert bench.overlay.isVisible(), "the end is seen too"
    qtbot.waitUntil(lambda: not bench.overlay.isVisible(), timeout=STAYS_MS + 3000)


def test_a_question_that_follows_at_once_keeps_it(bench, qtbot, monkeypatch):
    monkeypatch.setattr(module, "STAYS_MS", 60)
    bench.listen()
    bench.be(State.READY)
    bench.listen()
    qtbot.wait(200)
    assert bench.overlay.isVisible()


def test_it_gives_way_to_the_window_and_comes_back(bench):
    bench.overlay.window_active = True
    bench.listen()
    assert not bench.overlay.isVisible()
    bench.overlay.window_active = False
    assert bench.overlay.isVisible(), "the turn still runs"
    bench.overlay.window_active = True
    assert not bench.overlay.isVisible()


def test_switched_off_it_stays_away(bench):
    bench.overlay.enabled = False
    bench.listen()
    bench.be(State.THINKING)
    assert not bench.overlay.isVisible()
    bench.overlay.enabled = True
    assert bench.overlay.isVisible()
    bench.overlay.enabled = False
    assert not bench.overlay.isVisible()


def test_a_reply_that_nobody_asked_for_aloud_is_shown_too(bench):
    bench.put(TurnStarted(turn_id=3, source="timer"))
    bench.be(State.SPEAKING)
    assert bench.overlay.isVisible()
    assert bench.word == "Speaking"


def test_it_says_listening_when_it_is_true(bench, qtbot):
    bench.put(TurnStarted(turn_id=1, source="voice"))
    bench.be(State.LISTENING)
    assert not bench.overlay.isVisible(), "most microphones need no other word"
    qtbot.waitUntil(lambda: bench.overlay.isVisible())
    assert bench.word == "One moment"
    bench.listen()
    assert bench.word == "Listening"


def test_a_key_that_only_bounced_changes_nothing(bench, qtbot):
    bench.listen()
    bench.be(State.FINISHING)
    bench.be(State.LISTENING)
    qtbot.wait(200)
    assert bench.word == "Listening"
    bench.be(State.FINISHING)
    qtbot.waitUntil(lambda: bench.word == "Finishing")


def test_a_slip_of_the_key_shows_nothing(bench, qtbot):
    bench.put(TurnStarted(turn_id=1, source="voice"))
    bench.be(State.LISTENING)
    bench.be(State.READY)
    qtbot.wait(250)
    assert not bench.overlay.isVisible()


def test_under_wayland_where_no_window_may_choose_its_place_it_stays_away(bench, monkeypatch):
    monkeypatch.setattr(QGuiApplication, "platformName", staticmethod(lambda: "wayland"))
    bench.listen()
    assert not bench.overlay.possible
    assert not bench.overlay.isVisible()


# --- what it shows ------------------------------------------------------------------------


def test_every_state_has_its_word_and_its_face(bench):
    bench.listen()
    seen = []
    for state in (State.LISTENING, State.THINKING, State.SPEAKING, State.READY):
        bench.be(state)
        seen.append((bench.word, bench.overlay.face.state))
        assert bench.word.lower() in bench.overlay.accessibleName()
    assert seen == [
        ("Listening", State.LISTENING),
        ("Thinking", State.THINKING),
        ("Speaking", State.SPEAKING),
        ("Ready", State.READY),
    ]


def test_the_last_words_are_seen_when_there_are_many(bench):
    bench.listen()
    assert bench.overlay.line == "…", "words are awaited"
    bench.put(PartialTranscript(turn_id=1, partial=so_far("what is the")))
    assert bench.overlay.line == "what is the"
    words = "what is the weather going to be like in Lisbon at the end of next week"
    bench.put(PartialTranscript(turn_id=1, partial=so_far(words)))
    assert bench.overlay.line.startswith("…")
    assert bench.overlay.line.endswith("next week")
    assert bench.overlay.accessibleDescription() == words
    bench.put(FinalTranscript(turn_id=1, transcript=Transcript("Short.\nAfter\nall.", "en")))
    assert bench.overlay.line == "Short. After all."


def test_the_words_of_the_turn_before_are_gone(bench):
    bench.listen()
    bench.put(PartialTranscript(turn_id=1, partial=so_far("how late is it")))
    bench.be(State.READY)
    bench.put(TurnStarted(turn_id=2, source="timer"))
    bench.be(State.SPEAKING)
    assert bench.overlay.line == ""


ANSWER = (
    "It will be **dry** in Lisbon until Thursday, with a light wind from the sea.",
    " Then it rains.",
)


def answer(bench: Bench, *clauses: str, at: float = 100.0) -> None:
    """The first sound of these clauses, of five seconds each."""
    for index, text in enumerate(clauses):
        bench.put(
            SentenceReady(turn_id=1, index=index, text=text),
            SpeechSynthesized(turn_id=1, index=index, duration_s=5.0, first_audio_at=at),
        )
    bench.put(PlaybackStarted(turn_id=1, audible_at=at, at=at))
    bench.be(State.SPEAKING)


def test_the_question_is_seen_until_the_answer_is_heard_and_then_the_answer(bench):
    bench.listen()
    bench.put(FinalTranscript(turn_id=1, transcript=Transcript("Will it rain in Lisbon?", "en")))
    bench.be(State.THINKING)
    assert bench.overlay.line == "Will it rain in Lisbon?"
    answer(bench, *ANSWER)
    whole = "It will be dry in Lisbon until Thursday, with a light wind from the sea."
    seen = []
    for tenth in range(50):
        bench.put(LevelMeasured(turn_id=1, level=0.3, at=100.0 + tenth / 10))
        assert bench.overlay.accessibleDescription() == whole
        if bench.overlay.line not in seen:
            seen.append(bench.overlay.line)
    assert " ".join(seen) == whole, "in lines, one after the other"
    bench.put(LevelMeasured(turn_id=1, level=0.3, at=106.0))
    assert bench.overlay.line == "Then it rains."
    bench.put(PlaybackEnded(turn_id=1, heard="".join(ANSWER), complete=True))
    bench.be(State.READY)
    assert bench.overlay.line == "Then it rains.", "the end is read too"
    bench.listen()
    assert bench.overlay.line == "…"


def test_the_end_of_an_answer_is_seen_when_the_voice_was_faster_than_told(bench):
    bench.listen()
    answer(bench, *ANSWER)
    bench.put(PlaybackEnded(turn_id=1, heard="".join(ANSWER), complete=True))
    assert bench.overlay.line == "Then it rains."


def test_what_went_wrong_is_not_spoken_over(bench):
    bench.listen()
    answer(bench, *ANSWER)
    bench.put(Notice(turn_id=1, title="The voice stumbled.", level="warn"))
    bench.put(LevelMeasured(turn_id=1, level=0.3, at=104.0))
    assert bench.overlay.line == "The voice stumbled."


def test_a_typed_question_is_seen_too(bench):
    """Typed in the window, which one has left since."""
    bench.put(AskText(text="Will it rain?"))
    bench.put(TurnStarted(turn_id=1, source="text"), StateChanged(state=State.THINKING))
    assert bench.overlay.line == "Will it rain?"
    bench.put(TurnStarted(turn_id=2, source="voice"))
    assert bench.overlay.line == "", "that was another question"


def test_a_private_answer_is_not_seen(bench):
    bench.put(ConversationBegun(conversation=1, private=True))
    bench.put(AskText(text="My secret?"))
    bench.put(TurnStarted(turn_id=1, source="text"), StateChanged(state=State.THINKING))
    assert bench.overlay.line == ""
    answer(bench, *ANSWER)
    bench.put(LevelMeasured(turn_id=1, level=0.3, at=101.0))
    assert (bench.word, bench.overlay.line) == ("Speaking", "")
    assert bench.overlay.accessibleDescription() == ""


@pytest.mark.parametrize("private", [True, False])
def test_a_timer_says_its_words_unless_it_was_set_in_private(bench, private):
    bench.put(TimerRang(label="eggs", announcement="Your eggs are ready.", private=private))
    bench.put(TurnStarted(turn_id=1, source="timer"))
    answer(bench, "Your eggs are ready.")
    bench.put(LevelMeasured(turn_id=1, level=0.3, at=101.0))
    assert bench.overlay.line == ("" if private else "Your eggs are ready.")


def test_in_private_its_state_is_seen_and_no_word(bench):
    bench.put(ConversationBegun(conversation=1, private=True))
    bench.listen()
    assert bench.overlay.line == "", "no words are to come"
    bench.put(PartialTranscript(turn_id=1, partial=so_far("my secret")))
    bench.put(FinalTranscript(turn_id=1, transcript=Transcript("My secret.", "en")))
    bench.be(State.THINKING)
    assert (bench.word, bench.overlay.line) == ("Thinking", "")
    assert bench.overlay.accessibleDescription() == ""
    bench.put(ConversationBegun(conversation=2))
    bench.listen()
    bench.put(PartialTranscript(turn_id=2, partial=so_far("what is the")))
    assert bench.overlay.line == "what is the"


def test_a_conversation_begins_without_the_words_of_the_one_before(bench):
    bench.listen()
    bench.put(PartialTranscript(turn_id=1, partial=so_far("how late is it")))
    bench.be(State.THINKING)
    bench.put(ConversationBegun(conversation=1, private=True))
    assert bench.overlay.line == ""
    assert bench.overlay.accessibleDescription() == ""


def test_nothing_moves_when_the_first_words_come(bench):
    bench.listen()
    word = next(
        label for label in bench.overlay.findChildren(QLabel) if label.text() == "Listening"
    )
    bench.overlay.grab()  # lays it out
    before = word.geometry()
    bench.put(PartialTranscript(turn_id=1, partial=so_far("what")))
    bench.overlay.grab()
    assert word.geometry() == before


def test_the_level_is_seen_while_somebody_speaks(bench):
    bench.listen()
    for _ in range(4):
        bench.put(LevelMeasured(turn_id=1, level=0.5))
    assert bench.overlay.levels[-1] > 0.5
    assert bench.overlay.levels[0] == 0
    bench.be(State.THINKING)
    assert bench.overlay.levels == []
    bench.be(State.SPEAKING)
    assert set(bench.overlay.levels) == {0.0}


def test_its_mouth_follows_the_voice(bench, qtbot):
    bench.listen()
    bench.be(State.SPEAKING)
    bench.put(MouthMoved(turn_id=1, open=1.0, wide=0.2))
    qtbot.waitUntil(lambda: bench.overlay.face.pose.open > 0.8)


def test_while_it_is_away_levels_and_mouths_cost_nothing(bench):
    bench.put(LevelMeasured(level=0.9), MouthMoved(open=1.0, wide=0.5))
    assert not bench.overlay.face.animating


def test_what_went_wrong_can_be_read(bench, qtbot, monkeypatch):
    monkeypatch.setattr(module, "STAYS_MS", 40)
    bench.listen()
    bench.put(Notice(turn_id=1, title="I did not hear anything.", level="info"))
    bench.be(State.READY)
    assert (bench.word, bench.overlay.line) == ("Ready", "I did not hear anything.")
    qtbot.wait(150)
    assert bench.overlay.isVisible()
    assert STAYS_WITH_WORDS_MS > STAYS_MS


def test_a_turn_that_failed_says_so(bench):
    bench.listen()
    bench.put(StageFailed(turn_id=1, stage="llm", title="Ollama is not running.", hint=""))
    bench.be(State.READY)
    assert (bench.word, bench.overlay.line) == ("Needs attention", "Ollama is not running.")
    bench.listen()
    bench.be(State.READY)
    assert bench.word == "Ready", "the next one did not"


def test_without_a_microphone_it_is_not_ready(bench):
    bench.put(DeviceChanged(kind="input", name=""))
    bench.listen()
    bench.put(Notice(turn_id=1, title="No microphone is connected."))
    bench.be(State.READY)
    assert (bench.word, bench.overlay.line) == ("Needs attention", "No microphone is connected.")
    bench.put(DeviceChanged(kind="input", name="Built-in"))
    bench.listen()
    bench.be(State.READY)
    assert bench.word == "Ready"


def test_what_a_stand_in_mended_and_what_belongs_to_no_turn_is_not_told_here(bench):
    bench.listen()
    bench.put(
        StageFailed(turn_id=1, stage="tts", title="No.", hint="", recovered_by="eSpeak NG"),
        Notice(title="A newer Parley is there."),
    )
    assert bench.overlay.line == "…"


def test_an_icon_stands_in_for_a_face_that_is_switched_off(bench):
    bench.listen()
    bench.overlay.show_face(False)
    assert not bench.overlay.face.isVisible()
    assert not bench.overlay.face.animating
    assert bench.overlay.icon == "microphone"
    bench.overlay.show_face(True)
    assert bench.overlay.face.isVisible()


def test_it_wears_the_colours_of_the_theme(bench):
    bench.listen()
    picture = bench.overlay.grab().toImage()
    bench.theme.choose("dark")
    dark = bench.overlay.grab().toImage()
    middle = QPoint(dark.width() // 2, 4)
    assert dark.pixelColor(middle).name().upper() == DARK.surface
    assert picture.pixelColor(middle) != dark.pixelColor(middle)
    assert dark.pixelColor(0, 0).alpha() == 0, "its corners are round"


# --- what can be done with it -------------------------------------------------------------


def test_its_button_drops_what_is_being_said_and_stops_what_follows(bench):
    bench.listen()
    bench.overlay.stop.click()
    assert isinstance(bench.said[0], DropListening)
    assert bench.said[1:] == ["dropped"]
    dropping = bench.overlay.stop.accessibleName()
    for state in (State.THINKING, State.SPEAKING):
        bench.said.clear()
        bench.be(state)
        bench.overlay.stop.click()
        assert [type(intent) for intent in bench.said] == [StopReply]
        assert bench.overlay.stop.accessibleName() not in ("", dropping)
    bench.be(State.READY)
    assert not bench.overlay.stop.isVisible()


def test_it_never_asks_for_the_keyboard(bench):
    flags = bench.overlay.windowFlags()
    assert flags & Qt.WindowType.WindowDoesNotAcceptFocus
    assert flags & Qt.WindowType.WindowStaysOnTopHint
    assert bench.overlay.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert not bench.overlay.testAttribute(Qt.WidgetAttribute.WA_QuitOnClose)


def mouse(overlay: Overlay, kind: QEvent.Type, where: QPoint) -> None:
    """The left button and the pointer, at a place on the screen."""
    local, place = QPointF(overlay.mapFromGlobal(where)), QPointF(where)
    button = Qt.MouseButton.LeftButton
    held = button if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, local, place, button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(overlay, event)


def drag(overlay: Overlay, by: QPoint) -> None:
    start = overlay.pos() + QPoint(120, 50)
    mouse(overlay, QEvent.Type.MouseButtonPress, start)
    for part in (0.1, 0.6, 1.0):
        mouse(overlay, QEvent.Type.MouseMove, start + by * part)
    mouse(overlay, QEvent.Type.MouseButtonRelease, start + by)


def test_it_opens_near_the_bottom_in_the_middle(bench):
    bench.listen()
    room = bench.overlay.screen().availableGeometry()
    frame = bench.overlay.geometry()
    assert abs(frame.center().x() - room.center().x()) <= 1
    assert room.bottom() - frame.bottom() == EDGE_PX


def test_a_click_asks_for_the_window(bench):
    bench.listen()
    QTest.mouseClick(bench.overlay, Qt.MouseButton.LeftButton, pos=QPoint(100, 50))
    assert bench.said == ["window"]


def test_it_can_be_put_somewhere_else_and_comes_back_there(bench, qtbot, settings):
    first = Bench(qtbot, settings)
    first.listen()
    before = first.overlay.pos()
    drag(first.overlay, QPoint(-150, -200))
    assert first.overlay.pos() == before + QPoint(-150, -200)
    assert first.said == [], "that was no click"
    second = Bench(qtbot, settings)
    second.listen()
    moved = second.overlay.pos() - first.overlay.pos()
    assert moved.manhattanLength() <= 2
    bench.listen()
    assert bench.overlay.pos() == before, "who has no settings has not moved it"


def test_it_cannot_be_lost_beside_the_screen(qtbot, settings):
    bench = Bench(qtbot, settings)
    bench.listen()
    drag(bench.overlay, QPoint(5000, 5000))
    room = bench.overlay.screen().availableGeometry()
    assert room.contains(bench.overlay.geometry())


def test_a_place_that_cannot_be_read_is_the_usual_one(bench, qtbot, settings):
    for broken in ("nowhere", ["1", "x"], ["0.5"], ["7", "-3"]):
        settings.setValue("overlay/place", broken)
        other = Bench(qtbot, settings)
        other.listen()
        bench.listen()
        assert other.overlay.pos() == bench.overlay.pos()
