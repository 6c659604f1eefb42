"""Local-only and the local mark, when the server on this computer passes questions on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from app.core.events import (
    EngineAnswered,
    EngineMissing,
    EngineReady,
    GenerateReply,
    LocalOnlyChanged,
    PrefillPrompt,
    ReplyDelta,
    ReplyEnded,
    StageStarted,
    WarmUp,
)
from app.core.ports import Message
from app.core.turn import Turn
from app.providers.llm.ollama import OllamaLlm
from app.settings import OllamaSettings
from app.workers.llm import LlmWorker
from app.workers.relay import Model
from tests.fakes import FakeLlm
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer
from tests.workers.conftest import Sender, Stage

PASSES_ON = "Ollama passes questions for phi3:mini on to ollama.com."
NOT_ASKED = f"{PASSES_ON} It was not asked, because “Stay on this computer” is on."
QUESTION = Message("user", "what is the capital of france")


@pytest.fixture
def alias() -> Iterator[OllamaServer]:
    """A server whose phi3:mini stands for a model of Ollama's cloud."""
    with OllamaServer(aliases={"phi3:mini": "https://ollama.com:443"}) as server:
        yield server


def start(stage: Stage, sender: Sender, server: OllamaServer, *, local_only: bool) -> None:
    model = Model(OllamaLlm(OllamaSettings(host=server.url)), "Ollama")
    stand_in = FakeLlm("I need a language model for that.", stand_in=True)
    worker = LlmWorker([model], stand_in, certain=None, local_only=local_only)
    sender.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
    stage.start(worker)


def ask(sender: Sender, turn_id: int = 1) -> None:
    turn = Turn(turn_id, "voice")
    sender.send.emit(GenerateReply(turn_id=turn_id, turn=turn, messages=(QUESTION,), language="en"))


@pytest.mark.parametrize("warmed_first", [False, True])
def test_under_local_only_no_word_reaches_it(
    stage: Stage, sender: Sender, alias: OllamaServer, warmed_first: bool
) -> None:
    start(stage, sender, alias, local_only=True)
    if warmed_first:
        missing = stage.recorder.wait_for(EngineMissing)
        assert missing.title == NOT_ASKED
    ask(sender)
    assert "language model" in stage.recorder.wait_for(ReplyEnded).text
    # on a computer that is too busy to tell in time, the model itself refuses it
    why = stage.recorder.wait_for(EngineAnswered).why
    assert why == NOT_ASKED or (why == PASSES_ON and not warmed_first)
    turn = Turn(2, "voice")
    sender.send.emit(PrefillPrompt(turn_id=2, turn=turn, messages=(QUESTION,)))
    sender.send.emit(WarmUp(reason="key"))
    ask(sender, 3)
    stage.recorder.wait_for(ReplyEnded, 2)
    assert not alias.chats
    assert {request.path for request in alias.requests} == {"/api/ps", "/api/show"}


def test_otherwise_it_answers_and_is_marked_from_the_first_question_on(
    stage: Stage, sender: Sender, alias: OllamaServer
) -> None:
    start(stage, sender, alias, local_only=False)
    ask(sender)  # before anybody could look
    assert stage.recorder.wait_for(ReplyEnded).text == DEFAULT_TEXT
    assert not stage.recorder.wait_for(StageStarted).engine.local
    assert not stage.recorder.wait_for(EngineAnswered).engine.local
    assert not stage.recorder.wait_for(EngineReady, 2).engine.local


def test_switching_local_only_on_stops_its_reply(
    stage: Stage, sender: Sender, alias: OllamaServer
) -> None:
    alias.scenario("slow")
    start(stage, sender, alias, local_only=False)
    ask(sender)
    stage.recorder.wait_for(ReplyDelta, 2)
    sender.send.emit(LocalOnlyChanged(on=True))
    ended = stage.recorder.wait_for(ReplyEnded)
    assert not ended.complete
    assert alias.wait_until(lambda: alias.chats[0].disconnected)
    ask(sender, 2)
    stage.recorder.wait_for(ReplyEnded, 2)
    assert len(alias.chats) == 1


def test_a_server_that_does_not_say_is_not_asked(
    stage: Stage, sender: Sender, alias: OllamaServer
) -> None:
    alias.show_fails = (500, "no such file")
    start(stage, sender, alias, local_only=False)
    missing = stage.recorder.wait_for(EngineMissing)
    assert "does not say where phi3:mini is computed" in missing.title
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    assert not alias.chats
