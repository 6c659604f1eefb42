"""Measures how long the GUI thread is busy in one piece while a reply streams fast.

`python -m tests.ui.stall_meter [TURNS] [SECONDS]` fills a conversation, streams 500 deltas a
second into it through a queued signal as the app does, and prints the gaps between the passes
of an idle 1 ms timer. A report, not a test: a shared machine would fail it at random.
"""

from __future__ import annotations

import sys
import threading
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.core.events import LevelMeasured, ReplyDelta
from tests.ui.demo import OLLAMA, Demo, settle

DELTAS_PER_SECOND = 500


class Source(QObject):
    """Sends events from another thread, queued into the GUI's."""

    event = Signal(object)


def measure(turns: int, seconds: float) -> dict[str, float]:
    """Longest, 99th percentile and mean gap in milliseconds."""
    demo = Demo("light")
    demo.window.resize(1080, 720)
    demo.window.show()
    demo.engines()
    for number in range(turns):
        demo.exchange(f"Question {number}, a little longer than most?", f"Answer {number}. " * 8)
    settle(300)
    number = demo.begin("text", "Tell me a long story")
    source = Source()
    source.event.connect(demo.window.handle, Qt.ConnectionType.QueuedConnection)
    gaps: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        gaps.append((now - last) * 1000)
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(1)
    words: list[str] = []

    def stream() -> None:
        begin = time.perf_counter()
        count = int(DELTAS_PER_SECOND * seconds)
        for index in range(count):
            word = f"word{index} " if index % 60 else "\n\n**Next** part: "
            words.append(word)
            source.event.emit(ReplyDelta(turn_id=number, text=word))
            if index % 16 == 0:
                source.event.emit(LevelMeasured(level=0.3))
            ahead = begin + (index + 1) / DELTAS_PER_SECOND - time.perf_counter()
            if ahead > 0:
                time.sleep(ahead)

    sender = threading.Thread(target=stream)
    sender.start()
    while sender.is_alive():
        settle(20)
    settle(150)
    demo.end(number, "Tell me a long story", "".join(words), engine=OLLAMA, spoken=False)
    settle(300)
    timer.stop()
    shown = demo.window.conversation.entries[-1].reply
    assert shown == "".join(words)
    gaps.sort()
    return {
        "longest_ms": gaps[-1],
        "p99_ms": gaps[int(len(gaps) * 0.99)],
        "mean_ms": sum(gaps) / len(gaps),
        "passes": float(len(gaps)),
    }


def main(arguments: list[str]) -> int:
    _app = QApplication.instance() or QApplication(sys.argv[:1])
    turns = int(arguments[0]) if arguments else 1_000
    seconds = float(arguments[1]) if len(arguments) > 1 else 5.0
    begun = time.perf_counter()
    for name, value in measure(turns, seconds).items():
        print(f"{name}: {value:.1f}")
    print(f"whole run: {time.perf_counter() - begun:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
