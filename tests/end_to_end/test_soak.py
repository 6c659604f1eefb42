"""Many turns in a row, broken off at random moments, leave nothing behind.

`PARLEY_SOAK_TURNS=300` takes as many turns as that, `PARLEY_SOAK_SEED=7` other moments, and
`PARLEY_SOAK_EAR=pocketsphinx` hears with the built-in engine, which takes seconds a turn.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.exceptions import TimeoutError as WaitedTooLongError
from pytestqt.qtbot import QtBot

from app.audio.files import WavInput
from app.audio.speaker import Speaker
from app.bootstrap import Assistant, Sound
from app.core.events import (
    AskText,
    DropListening,
    Event,
    FinishListening,
    Intent,
    LevelMeasured,
    MouthMoved,
    Outcome,
    ReplyDelta,
    StartListening,
    State,
    StateChanged,
    StopReply,
    TurnEnded,
    TurnSaved,
    TurnStarted,
)
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings
from tests.fakes import FakeStt
from tests.support.keyrings import MemoryKeyring
from tests.support.leaks import Footprint, allocations_traced, resident_bytes, slope
from tests.support.openai_server import OpenAiServer
from tests.support.parley_process import saved_turns

TURNS = int(os.environ.get("PARLEY_SOAK_TURNS", "60"))
SEED = int(os.environ.get("PARLEY_SOAK_SEED", "1"))
EAR = os.environ.get("PARLEY_SOAK_EAR", "")

SETTLED_AT = 20
"""By then everything that is loaded once has been loaded."""

KEPT_OBJECTS = 60
"""Parley keeps the last turns of the conversation."""

KEPT_ON_PURPOSE = frozenset({"app.core.figures.Wait"})
"""How long each turn of the last hour took: three numbers a turn."""

BYTES_PER_TURN = 50_000
"""A leak of one reply's samples would be 100,000 and more. Caches that fill up to a limit (pages of
the history's file, the conversation, spans) took up to 20,000 a turn in the first hundred."""

FULL_AT, BYTES_PER_TURN_THEN = 100, 8_000
"""From there on they are full: measured, 500 to 3,000 a turn over the next 200."""

LONGEST_DELAY_S = 0.15
"""From the moment at which a state is seen to the barge-in."""

FINISHING_S = 0.03
"""How long a recording is being closed, nearly."""

SAMPLE_EVERY = 10
"""Turns between two looks at the memory."""

REPLIES = (
    "Yes.",
    "It is Paris. Ask me more.",
    "It is Paris, and it lies on the Seine, as you may know.",
    "Sure! Here:\n\n1. First.\n2. `Then` that.",
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc"),
    pytest.mark.timeout(60 + 6 * TURNS),
]


class Watcher(QObject):
    """What the window sees, as far as it is needed."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State.READY
        self.turn_id = 0
        self.outcomes: dict[int, Outcome] = {}
        self.questions: dict[int, str] = {}
        self.whole_saves: Counter[int] = Counter()
        self.recent: deque[str] = deque(maxlen=40)

    @Slot(object)
    def watch(self, event: Event) -> None:
        if not isinstance(event, LevelMeasured | MouthMoved | ReplyDelta):
            self.recent.append(f"{event.at:.3f} turn {event.turn_id} {type(event).__name__}")
        match event:
            case StateChanged():
                self.state = event.state
            case TurnStarted():
                self.turn_id = event.turn_id
            case TurnEnded():
                assert event.turn_id not in self.outcomes, "a turn ended twice"
                self.outcomes[event.turn_id] = event.outcome
                if event.transcript:
                    self.questions[event.turn_id] = event.transcript
            case TurnSaved(complete=True):
                self.whole_saves[event.turn_id] += 1


class Talker:
    """Asks and breaks off, at moments that the seed decides."""

    def __init__(
        self, assistant: Assistant, watcher: Watcher, voice: WavInput, server: OpenAiServer
    ) -> None:
        self.watcher = watcher
        self.taken = 0
        self._assistant = assistant
        self._voice = voice
        self._server = server
        self._random = random.Random(SEED)
        self.interrupted_in: Counter[str] = Counter()

    def take(self, turns: int, qtbot: QtBot) -> None:
        """So many turns, the last one to its end, and all written down."""
        for _ in range(turns):
            self._turn(qtbot)
        self._until(qtbot, self._is_quiet)
        self._server.requests.clear()  # the test's own memory must not grow either

    def _is_quiet(self) -> bool:
        watcher = self.watcher
        return (
            watcher.state == State.READY
            and len(watcher.outcomes) == watcher.turn_id
            and set(watcher.questions) <= set(watcher.whole_saves)
        )

    def _turn(self, qtbot: QtBot) -> None:
        """One turn; it breaks off the one before when that still goes on."""
        choose = self._random.choice
        self._server.scenario(
            "normal",
            text=choose(REPLIES),
            first_token_s=choose((0.0, 0.02, 0.2)),
            words_per_second=choose((30.0, 200.0)),
        )
        watcher, before = self.watcher, self.watcher.turn_id
        was_over = before in watcher.outcomes
        break_off = choose(
            [State.LISTENING, State.FINISHING, State.THINKING, State.SPEAKING, State.SPEAKING, None]
        )
        typed = break_off != State.LISTENING and self._random.random() < 0.3
        if typed:
            self._ask(AskText(text=f"Question {self.taken}: what is the capital of France?"))
        else:
            self._ask(StartListening(at=self._voice.start()))
        self.taken += 1
        # Right after a release it counts as a slip of the finger: the turn there is goes on.
        self._until(
            qtbot,
            lambda: (
                watcher.turn_id > before
                or watcher.state == State.LISTENING
                or (before in watcher.outcomes and not was_over)
            ),
        )
        if break_off == State.LISTENING:
            self._pause(qtbot, LONGEST_DELAY_S)
            self.interrupted_in["listening"] += 1
            self._ask(choose([DropListening(), StopReply(), AskText(text="Never mind.")]))
            return
        if not typed:
            self._ask(FinishListening(at=self._voice.ends_at))
        turn = self.watcher.turn_id
        self._until(qtbot, lambda: self.watcher.state == break_off or turn in self.watcher.outcomes)
        if turn not in self.watcher.outcomes:
            self._pause(qtbot, FINISHING_S if break_off == State.FINISHING else LONGEST_DELAY_S)
            self.interrupted_in[str(self.watcher.state)] += 1
            if self._random.random() < 0.25:
                self._ask(StopReply())

    def _ask(self, intent: Intent) -> None:
        self._assistant.ask_for(intent)

    def _pause(self, qtbot: QtBot, longest_s: float) -> None:
        qtbot.wait(round(1000 * self._random.random() ** 2 * longest_s))

    def _until(self, qtbot: QtBot, condition: Callable[[], bool]) -> None:
        try:
            qtbot.waitUntil(condition, timeout=20_000)
        except WaitedTooLongError:
            pytest.fail(f"stuck while {self.watcher.state}:\n" + "\n".join(self.watcher.recent))


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths.under(tmp_path / "profile")
    paths.create()
    return paths


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this process puts temporary files."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def talker(
    paths: Paths,
    spoken: Callable[[str], Path],
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Talker]:
    """Parley with its built-in voice, an ear that is quick, and a loudspeaker that is a clock."""
    if not EAR:
        monkeypatch.setattr(
            "app.providers.registry.build_stt",
            lambda *_: FakeStt("what is the capital of france please", stand_in=True),
        )
    with OpenAiServer() as server:
        plain = Settings().model_dump()
        plain["llm"] |= {"order": ["openai"]}
        plain["llm"]["openai"] |= {"base_url": f"{server.url}/v1"}
        plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
        plain["tts"]["speed"] = 2.0
        plain["endpointing"]["vad"] = "energy"
        voice = WavInput(spoken("what is the capital"), realtime=False)
        assistant = Assistant(
            Settings.model_validate(plain),
            paths,
            Secrets({}, MemoryKeyring()),
            Sound(voice, Speaker()),
        )
        watcher = Watcher()
        assistant.happened.connect(watcher.watch)
        assistant.start()
        yield Talker(assistant, watcher, voice, server)
        assert assistant.stop()


def test_turns_in_a_row_leave_nothing_behind(
    talker: Talker, temporary: Path, paths: Paths, qtbot: QtBot
) -> None:
    started_at = time.monotonic()
    talker.take(SETTLED_AT, qtbot)
    before = Footprint.take(temporary)
    memory = [float(resident_bytes())]
    while talker.taken < TURNS:
        talker.take(min(SAMPLE_EVERY, TURNS - talker.taken), qtbot)
        memory.append(float(resident_bytes()))
    after = Footprint.take(temporary)
    allowed = BYTES_PER_TURN
    if TURNS >= 2 * FULL_AT:
        allowed, memory = BYTES_PER_TURN_THEN, memory[(FULL_AT - SETTLED_AT) // SAMPLE_EVERY :]
    per_turn = slope(memory) / SAMPLE_EVERY
    print(
        f"{talker.taken} turns in {time.monotonic() - started_at:.0f} s; "
        f"memory {memory[0] / 1e6:.1f} MB, then {(memory[-1] - memory[0]) / 1e6:+.1f} MB "
        f"({per_turn / 1000:+.1f} kB a turn); broken off in {dict(talker.interrupted_in)}; "
        f"outcomes {dict(Counter(map(str, talker.watcher.outcomes.values())))}"
    )
    print("MB:", [round(m / 1e6, 1) for m in memory])
    assert after.grown_since(before, objects=KEPT_OBJECTS, but_for=KEPT_ON_PURPOSE) == []
    if per_turn > allowed:
        where: list[str] = []
        with allocations_traced(where):
            talker.take(10, qtbot)
        pytest.fail(f"{per_turn:.0f} bytes a turn stay behind:\n" + "\n".join(where))

    watcher = talker.watcher
    rows = saved_turns(paths.data.parent)
    assert Counter(row.turn_id for row in rows) == Counter(watcher.questions.keys())
    assert {row.turn_id: row.outcome for row in rows} == {
        turn_id: watcher.outcomes[turn_id] for turn_id in watcher.questions
    }
    assert {"listening", "finishing", "thinking", "speaking"} <= set(talker.interrupted_in)
