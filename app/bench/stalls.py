"""How long the window is busy in one piece while a reply streams in fast.

The real window, off the screen, with a conversation in it. Its events come through a queued
signal from another thread, as in the app. The gaps between the passes of a 1 ms timer are how
long a key press would have waited.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal

from app.bench import offscreen
from app.bench.statistics import percentile
from app.core.events import (
    Event,
    FinalTranscript,
    LevelMeasured,
    Outcome,
    PlaybackStarted,
    ReplyDelta,
    ReplyEnded,
    State,
    StateChanged,
    TurnEnded,
    TurnStarted,
)
from app.core.history_events import ConversationBegun
from app.core.ports import Engine, Stage, Transcript, TurnRecord
from app.settings import AppearanceSettings, TalkSettings
from app.ui.main_window import MainWindow

DELTAS_PER_S = 500

LEVELS_EVERY = 16
"""Deltas between two levels of the voice's meter: about 30 a second."""

EARLIER_TURNS = 10_000

SIZE_PX = (1080, 720)

SETTLES_MS = 300

ENGINES = {
    Stage.STT.value: Engine(Stage.STT, "whisper", "acft-whisper-tiny"),
    Stage.LLM.value: Engine(Stage.LLM, "ollama", "phi3:mini", "server"),
    Stage.TTS.value: Engine(Stage.TTS, "vits", "mms-tts-eng"),
}


@dataclass(frozen=True, slots=True)
class Stalls:
    """Gaps between the passes of the event loop, milliseconds."""

    longest: float
    p99: float
    passes: int
    deltas: int

    def as_data(self) -> Mapping[str, float]:
        return {
            "longest_ms": self.longest,
            "p99_ms": self.p99,
            "passes": self.passes,
            "deltas": self.deltas,
        }


class _Source(QObject):
    """Sends events from another thread, queued into the GUI's."""

    told = Signal(object)


def measure(stream_s: float) -> Stalls:
    """Stream a reply for so long.

    Raises:
        AssistantError: no window can be made in this process.
    """
    offscreen.application()
    window = MainWindow(AppearanceSettings(), TalkSettings())
    window.resize(*SIZE_PX)
    window.show()
    try:
        window.handle(ConversationBegun(conversation=1, turns=_earlier_turns()))
        _tell(window, 1, "One question more?")
        _tell_end(window, 1, "An answer of some length, as they are. " * 5)
        while len(window.conversation) <= EARLIER_TURNS:
            _run_events(SETTLES_MS)
        return _stream(window, 2, stream_s)
    finally:
        window.close()
        window.deleteLater()


def _earlier_turns() -> tuple[TurnRecord, ...]:
    """An old conversation, which is long."""
    return tuple(
        TurnRecord(
            turn_id=-number,
            started_at=float(number),
            source="voice",
            transcript=f"Question {number}, a little longer than most?",
            language="en",
            reply_generated="An answer of some length, as they are. " * 5,
            outcome=Outcome.REPLIED,
            engines=ENGINES,
        )
        for number in range(1, EARLIER_TURNS + 1)
    )


def _stream(window: MainWindow, turn_id: int, stream_s: float) -> Stalls:
    _tell(window, turn_id, "Tell me a long story.")
    source = _Source()
    source.told.connect(window.handle, Qt.ConnectionType.QueuedConnection)
    gaps: list[float] = []
    last = time.perf_counter()

    def on_pass() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now - last) * 1000)
        last = now

    words: list[str] = []
    sender = threading.Thread(
        target=_send, args=(source, turn_id, stream_s, words), name="bench-stream"
    )
    loop = QEventLoop()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(on_pass)
    finished = QTimer()
    finished.setInterval(20)
    finished.timeout.connect(lambda: None if sender.is_alive() else loop.quit())
    last = time.perf_counter()
    timer.start(1)
    finished.start()
    sender.start()
    loop.exec()
    _run_events(SETTLES_MS)  # what is still queued is drawn, and its stalls count
    _tell_end(window, turn_id, "".join(words))
    _run_events(SETTLES_MS)
    timer.stop()
    return Stalls(max(gaps), percentile(gaps, 99), len(gaps), len(words))


def _send(source: _Source, turn_id: int, stream_s: float, words: list[str]) -> None:
    """In its own thread: text, with headings now and then, at its pace."""
    began = time.perf_counter()
    for index in range(round(DELTAS_PER_S * stream_s)):
        word = f"word{index} " if index % 60 else "\n\n**Next** part: "
        words.append(word)
        source.told.emit(ReplyDelta(turn_id=turn_id, text=word))
        if index % LEVELS_EVERY == 0:
            source.told.emit(LevelMeasured(turn_id=turn_id, level=0.3))
        ahead = began + (index + 1) / DELTAS_PER_S - time.perf_counter()
        if ahead > 0:
            time.sleep(ahead)


def _tell(window: MainWindow, turn_id: int, question: str) -> None:
    """A turn up to the moment in which its reply begins."""
    events: tuple[Event, ...] = (
        TurnStarted(turn_id=turn_id, source="voice"),
        FinalTranscript(turn_id=turn_id, transcript=Transcript(question, "en")),
        StateChanged(state=State.THINKING),
        StateChanged(state=State.SPEAKING),
        PlaybackStarted(turn_id=turn_id, audible_at=0.0),
    )
    for event in events:
        window.handle(event)


def _tell_end(window: MainWindow, turn_id: int, reply: str) -> None:
    window.handle(ReplyEnded(turn_id=turn_id, text=reply, clauses=1))
    window.handle(
        TurnEnded(
            turn_id=turn_id,
            outcome=Outcome.REPLIED,
            transcript="Tell me a long story.",
            reply=reply,
            heard=reply,
            language="en",
            spans={"stt_tail": 40.0, "ttft": 80.0, "ttfa": 90.0, "voice_to_voice": 210.0},
            engines=ENGINES,
        )
    )
    window.handle(StateChanged(state=State.READY))


def _run_events(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()
