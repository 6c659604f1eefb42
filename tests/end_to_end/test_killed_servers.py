"""Servers killed with SIGKILL at any byte of a reply: no word twice, none lost, none made up."""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QObject, Qt, Slot

from app.core.events import (
    Event,
    GenerateReply,
    ModelWarmed,
    ReplyEnded,
    StageFailed,
    UseKey,
    WarmUp,
)
from app.core.ports import Message
from app.core.secret import Secret
from app.core.turn import Turn
from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.groq import GroqLlm
from app.providers.llm.ollama import OllamaLlm
from app.settings import CloudSettings, OllamaSettings
from app.workers.llm import LlmWorker
from app.workers.relay import Model
from app.workers.threads import Threads
from tests.fakes import FakeLlm
from tests.support.mortal_servers import TEXTS, WAYS, MortalServers, Plan
from tests.support.replies import ReplyEvents

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="servers are forked")

RUNS = 200
CLOUDS = ("groq", "cerebras")
KEY = "sk-0123456789abcdef"
AT_A_TIME = 4
PATIENCE_S = 60.0
"""For one turn, which takes a fraction of a second, on a machine with a hundred other jobs."""
SEED = int(os.environ.get("PARLEY_TEST_SEED", "20"))
"""Of all that is random here, but for when a kill from outside arrives."""
WEIGHTS = (30, 10, 30, 20, 10)
"""How often a model goes on in each of the `WAYS`, in percent."""
LONGEST_REPLY_S = 0.1
"""About how long a reply takes here; a kill from outside comes within it."""


@pytest.fixture(scope="module")
def servers() -> Iterator[MortalServers]:
    with MortalServers() as running:
        yield running


def plan_of(run: int) -> Plan:
    """The first server always dies, the second often, the third sometimes."""
    chance = random.Random(f"{SEED} {run}")
    ways = {name: chance.choices(WAYS, WEIGHTS)[0] for name in CLOUDS}
    dies = {"ollama": chance.random()}
    if run % 3 == 0:
        dies["groq"] = chance.random()
    if run % 9 == 0:
        dies["cerebras"] = chance.random()
    if run % 2:
        del dies["ollama"]  # it is killed from outside
    return Plan(chance.randrange(1 << 30), chance.randrange(len(TEXTS)), ways, dies)


class Lane(ReplyEvents, QObject):
    """A language-model thread and its servers, for one turn after another. In the main thread."""

    def __init__(self, servers: MortalServers) -> None:
        super().__init__()
        self.plan = Plan(0)
        self.events: list[Event] = []
        self._servers = servers
        self._running = {name: servers.start(name) for name in ("ollama", *CLOUDS)}
        self._turn_id = 0
        self._kill_at: float | None = None
        self._give_up_at = 0.0
        models = [
            Model(OllamaLlm(OllamaSettings(host=self._running["ollama"].url)), "Ollama"),
            Model(GroqLlm(self._cloud("groq"), KEY), "Groq"),
            Model(CerebrasLlm(self._cloud("cerebras"), KEY), "Cerebras"),
        ]
        skills = FakeLlm("I need a language model for that.", stand_in=True)
        self._worker = LlmWorker(models, skills, certain=None)
        self._worker.happened.connect(self.take, Qt.ConnectionType.DirectConnection)
        self._threads = Threads()
        self._threads.add(self._worker)
        self._threads.start()

    def _cloud(self, name: str) -> CloudSettings:
        return CloudSettings(model="local", base_url=self._running[name].url)

    @Slot(object)
    def take(self, event: Event) -> None:
        """In the worker's thread."""
        self.events.append(event)

    # --- one turn -------------------------------------------------------------------------

    def begin(self, run: int) -> None:
        """Bring the dead back, and have their failures forgotten."""
        self.events.clear()  # before anybody can load the new model
        for name in {"ollama", *self.plan.dies}:
            self._running[name] = self._servers.start(name, self._running[name])
        self.plan = plan_of(run)
        self._turn_id += 1
        self._kill_at = None
        self._asked = False
        self._give_up_at = time.monotonic() + PATIENCE_S
        for name in CLOUDS:
            for key in (None, Secret(KEY)):  # another key forgets earlier failures
                self._worker.handle(UseKey(name=name, key=key))

    def step(self) -> bool:
        """Do what is due; whether the turn is over."""
        now = time.monotonic()
        assert now < self._give_up_at, str(self)
        if not self._asked:
            if self._is_ready():
                self._ask(now)
        elif self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            self._running["ollama"].kill()
        return bool(self.all(ReplyEnded))

    def _is_ready(self) -> bool:
        """Whether the first model was loaded anew, and the others' keys were taken."""
        warmed = self.all(ModelWarmed)
        if not any(not each.was_warm for each in warmed):
            self._worker.handle(WarmUp(reason="key"))
            return False
        return {each.engine.name for each in warmed} >= {"ollama", *CLOUDS}

    def _ask(self, now: float) -> None:
        self._asked = True
        if "ollama" not in self.plan.dies:
            chance = random.Random(f"{self.plan.seed} kill")
            self._kill_at = now + chance.random() * LONGEST_REPLY_S
        request = GenerateReply(
            turn_id=self._turn_id,
            turn=Turn(self._turn_id, "text"),
            messages=(Message("user", self.plan.question),),
            language="en",
        )
        self._worker.handle(request)

    def stop(self) -> None:
        assert self._threads.stop()

    # --- what came of it ------------------------------------------------------------------

    def __str__(self) -> str:
        told = [failed.title for failed in self.all(StageFailed)]
        return f"PARLEY_TEST_SEED={SEED} {self.plan}\n{told}\n{self.writers}\n{self.streamed!r}"


@dataclass(frozen=True)
class Outcome:
    """What became of a turn."""

    broke_off: bool
    """The first server died with a part of the reply on the screen."""
    whole: bool
    undecided: int
    """How many continuations were not joined."""


def check(turn: Lane) -> Outcome:
    """Of one turn: streamed, spoken and final text are the same, and none but the text."""
    (ended,) = turn.all(ReplyEnded)
    text, plan, told = TEXTS[turn.plan.text], turn.plan, str(turn)
    assert turn.streamed == ended.text, told
    assert turn.spoken == ended.text, told
    failures = turn.all(StageFailed)
    undecided = sum("could not go on" in failed.title for failed in failures)
    if turn.writers == ["fake-skills"]:
        assert len(plan.dies) >= 2, told  # and all of them before their first word
    elif ended.complete:
        assert ended.text == text, told
    else:
        assert "cerebras" in plan.dies or undecided, told
        assert ended.text, told
        assert text.startswith(ended.text), told
        assert failures[-1].recovered_by == "", told
    broke_off = bool(failures) and turn.writers[0] == "ollama"
    return Outcome(broke_off, ended.text == text, undecided)


def test_200_kills_double_and_lose_none(
    qapp, servers: MortalServers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # hundreds of tracebacks that are meant
    runs = iter(range(RUNS))
    outcomes: list[Outcome] = []
    lanes = [Lane(servers) for _ in range(AT_A_TIME)]
    try:
        for lane in lanes:
            lane.begin(next(runs))
        while len(outcomes) < RUNS:
            for lane in [lane for lane in lanes if lane.step()]:
                outcomes.append(check(lane))
                if (run := next(runs, None)) is None:
                    lanes.remove(lane)
                    lane.stop()
                else:
                    lane.begin(run)
            time.sleep(0.004)
    finally:
        for lane in lanes:
            lane.stop()
    assert sum(outcome.broke_off for outcome in outcomes) > RUNS / 2
    assert sum(outcome.whole for outcome in outcomes) > RUNS * 0.8
    assert sum(outcome.undecided for outcome in outcomes) <= RUNS * 0.02
