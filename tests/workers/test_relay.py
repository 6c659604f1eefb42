"""A continuation that does not join: somebody else is asked, or the reply is marked."""

from __future__ import annotations

import asyncio
import gc

import pytest

from app.core.continuation import REQUEST
from app.core.events import EngineAnswered, ReplyDelta, ReplyEnded, SentenceReady, StageFailed
from app.core.ports import Message
from app.errors import ProviderBroke
from app.providers.llm.ollama import OllamaLlm
from app.settings import OllamaSettings
from app.workers.relay import Model
from tests.fakes import FakeLlm
from tests.support.ollama_server import OllamaServer
from tests.workers.test_llm import ask, start

BROKE = ProviderBroke("Ollama stopped.", "Ask again.")
QUESTION = Message("user", "what is the capital of france")


def shown(stage) -> str:
    text = ""
    for delta in stage.recorder.all(ReplyDelta):
        text = text[: len(text) - delta.takes_back] + delta.text
    return text


def spoken(stage) -> str:
    return "".join(clause.text for clause in stage.recorder.all(SentenceReady))


def writers(stage) -> list[str]:
    return [event.engine.name for event in stage.recorder.all(EngineAnswered)]


@pytest.mark.parametrize("again", ["The capital is", "capital is", "is", "The capital", "..."])
def test_who_only_says_again_what_is_there_has_failed(stage, sender, again):
    first = FakeLlm("The capital is Par", name="a", breaks=BROKE)
    third = FakeLlm("Paris.", name="c")
    start(stage, sender, first, FakeLlm(again, name="b"), third)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("The capital is Paris.", True)
    assert shown(stage) == spoken(stage) == ended.text
    assert writers(stage) == ["a", "c"]
    failed = stage.recorder.all(StageFailed)
    assert [(f.title, f.recovered_by) for f in failed] == [
        ("Ollama stopped.", "b"),
        ("B could not go on where the reply broke off.", "c"),
    ]
    assert third.requests == [
        (QUESTION, Message("assistant", "The capital is"), Message("user", REQUEST))
    ]


def test_when_nobody_is_left_the_reply_is_marked(stage, sender):
    first = FakeLlm("The capital is Par", name="a", breaks=BROKE)
    start(stage, sender, first, FakeLlm("The capital is", name="b"))
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("The capital is Par", False)
    assert shown(stage) == spoken(stage) == ended.text
    assert stage.recorder.all(StageFailed)[-1].recovered_by == ""


def test_behind_a_whole_sentence_nothing_more_is_needed(stage, sender):
    first = FakeLlm("It is Paris. It lies north.", name="a", breaks=BROKE)
    start(stage, sender, first, FakeLlm("It lies north.", name="b"))
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("It is Paris. It lies north.", True)


def test_what_cannot_be_decided_is_not_joined(stage, sender):
    first = FakeLlm("He had ", "nev", name="a", breaks=BROKE)
    third = FakeLlm("never had enough.", name="c")
    start(stage, sender, first, FakeLlm("had enough.", name="b"), third)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert (ended.text, ended.complete) == ("He had never had enough.", True)
    assert writers(stage) == ["a", "c"]


def test_a_word_that_is_meant_twice_is_heard_twice(stage, sender):
    first = FakeLlm("Call 555 ", name="a", breaks=BROKE)
    second = FakeLlm("555 555 0199.", name="b")
    start(stage, sender, first, second)
    ask(sender)
    ended = stage.recorder.wait_for(ReplyEnded)
    assert ended.text == spoken(stage) == shown(stage) == "Call 555 555 0199."
    assert second.requests[0][1] == Message("assistant", "Call"), "it writes the 555 itself"


class SlowToClose(FakeLlm):
    """Its connection takes a moment to close."""

    async def reply(self, messages, language):
        try:
            async for delta in super().reply(messages, language):
                yield delta
        finally:
            await asyncio.sleep(0.5)


def test_nothing_is_left_running_by_a_quit_while_connections_close(stage, sender, caplog):
    slow = SlowToClose(name="a", hangs_after=0)
    start(stage, sender, Model(slow, "Ollama", deadline_s=0.05, warm=True), FakeLlm(name="b"))
    ask(sender)
    stage.recorder.wait_for(ReplyEnded)
    assert stage.threads.stop()
    gc.collect()
    assert "destroyed" not in caplog.text


def test_a_conversation_that_is_too_long_is_told_in_plain_words(stage, sender):
    """A real server's refusal is a text that contains JSON."""
    with OllamaServer() as server:
        llm = OllamaLlm(OllamaSettings(host=server.url, num_ctx=512))
        start(stage, sender, Model(llm, "Ollama"), FakeLlm("Yes.", name="b"))
        ask(sender, "word " * 600)
        assert stage.recorder.wait_for(ReplyEnded).text == "Yes."
        (failed,) = stage.recorder.all(StageFailed)
        (answered,) = stage.recorder.all(EngineAnswered)
    assert failed.title == "The conversation is too long for phi3:mini."
    assert failed.hint == "Ask a shorter question, or raise num_ctx in the settings file."
    assert failed.recovered_by == "b"
    assert answered.why == failed.title
