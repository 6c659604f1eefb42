"""The conversation's thread: what it does beside running the turn."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.core.conversation import Conversation
from app.core.events import ComputerMeasured, StartListening, TurnStarted
from app.core.prompt import Prompt
from app.workers import conversation, cpu
from app.workers.conversation import ConversationWorker
from tests.workers.conftest import Sender, Stage


def test_other_programs_are_measured_while_parley_rests(
    stage: Stage, sender: Sender, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "MEASURE_MS", 20)
    monkeypatch.setattr(cpu, "SHORTEST_S", 0.01)
    worker = ConversationWorker(Conversation(prompt=Prompt(), wall_clock=lambda: 0.0))
    sender.send.connect(worker.handle)
    stage.start(worker)
    measured = stage.recorder.wait_for(ComputerMeasured)
    assert 0.0 <= measured.others_share <= 1.0
    sender.send.emit(StartListening())
    stage.recorder.wait_for(TurnStarted)
    count = len(stage.recorder.all(ComputerMeasured))
    qtbot.wait(150)
    assert len(stage.recorder.all(ComputerMeasured)) == count, "in a turn it would be our own work"
