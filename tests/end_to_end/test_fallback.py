"""Models that die, refuse and hang, on real sockets: one whole reply, or an honest end."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal

from app.core.continuation import REQUEST
from app.core.events import (
    EngineAnswered,
    Event,
    GenerateReply,
    ModelWarmed,
    ReplyEnded,
    StageFailed,
    UseKey,
    WarmUp,
)
from app.core.ports import LlmProvider, Message
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
from tests.support.http_server import Exchange, Scenario
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer
from tests.support.parley_process import ROOT, json_events, run_parley, saved_turns, write_settings
from tests.support.replies import ReplyEvents

TEXT = (
    "Paris is the capital of France, and by far its largest city. It lies on the Seine, in the "
    "north of the country. About 2.1 million people live in the city itself; more than twelve "
    "million live in and around it. Its best-known buildings are the Eiffel Tower, which was "
    "finished in 1889, and Notre-Dame. What else would you like to know?"
)
WORDS = re.findall(r"\s*\S+", TEXT)
OLLAMA_DEATHS = (
    *("dies", "resets", "error_line", "no_done", "garbage", "not_an_object", "invalid_utf8"),
)
CLOUD_DEATHS = ("dies", "resets", "cut", "no_finish", "garbage", "error_event", "invalid_utf8")
RUNS = 200
KEY = "sk-0123456789abcdef"


class Continuer(OpenAiServer):
    """Goes on with `TEXT` when it is asked to, after saying some of it again, as models do."""

    repeats = 0
    """How many of the last words it says again; all of them when there are fewer."""

    async def _complete(self, exchange: Exchange, scenario: Scenario) -> None:
        text, messages = TEXT, exchange.request.body["messages"]
        if messages[-1]["content"] == REQUEST:
            so_far = messages[-2]["content"]
            assert TEXT.startswith(so_far), so_far
            begin = max(0, len(so_far.split()) - self.repeats)
            text = " ".join(TEXT.split()[begin:])
        await super()._complete(exchange, replace(scenario, text=text, words_per_second=0))


class Sender(QObject):
    send = Signal(object)


class Stage(ReplyEvents, QObject):
    """A language-model thread, and everything it says. Lives in the main thread."""

    def __init__(self, models: list[Model], **options) -> None:
        super().__init__()
        self.events: list[Event] = []
        self.turn_id = 0
        self._sender = Sender()
        self._threads = Threads()
        skills = FakeLlm("I need a language model for that.", stand_in=True)
        worker = LlmWorker(models, skills, certain=None, **options)
        self._sender.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
        worker.happened.connect(self.take)
        self._threads.add(worker)
        self._threads.start()

    def take(self, event: Event) -> None:
        self.events.append(event)

    def tell(self, event: Event) -> None:
        self._sender.send.emit(event)

    def wait(self, condition, timeout_s: float = 10.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            QCoreApplication.processEvents()
            assert time.monotonic() < deadline, self.events[-10:]
            time.sleep(0.0005)

    def load_again(self) -> None:
        """Until a cold start is reported; a check that runs already may be in the way of one."""

        def is_loaded() -> bool:
            self.tell(WarmUp(reason="key"))
            return any(not warmed.was_warm for warmed in self.all(ModelWarmed))

        self.events.clear()
        self.wait(is_loaded)

    def ask(self) -> ReplyEnded:
        self.events.clear()
        self.turn_id += 1
        request = GenerateReply(
            turn_id=self.turn_id,
            turn=Turn(self.turn_id, "voice"),
            messages=(Message("user", "Tell me about Paris."),),
            language="en",
        )
        self.tell(request)
        self.wait(lambda: self.all(ReplyEnded))
        return self.all(ReplyEnded)[0]

    def stop(self) -> None:
        assert self._threads.stop()


def cloud(kind: type, server: OpenAiServer, **options) -> LlmProvider:
    return kind(CloudSettings(model="local", base_url=server.url, **options), KEY)


@pytest.fixture
def servers(qapp) -> Iterator[tuple[OllamaServer, Continuer, Continuer]]:
    ollama = OllamaServer(text=TEXT, words_per_second=0)
    with ollama, Continuer() as second, Continuer() as third:
        yield ollama, second, third


def test_200_deaths_at_random_words_double_and_lose_none(servers):
    """The first model dies at a random word and comes back cold, as after a `kill -9`; then the
    second dies in every third run, and in every ninth the third, which leaves nobody."""
    ollama, second, third = servers
    chance = random.Random(20)
    stage = Stage(
        [
            Model(OllamaLlm(OllamaSettings(host=ollama.url)), "Ollama"),
            Model(cloud(GroqLlm, second), "Groq"),
            Model(cloud(CerebrasLlm, third), "Cerebras"),
        ]
    )
    try:
        stage.wait(lambda: len(stage.all(ModelWarmed)) >= 3)
        whole = 0
        for run in range(RUNS):
            ollama.unload()
            for name in ("groq", "cerebras"):
                for key in (None, Secret(KEY)):  # another key forgets earlier failures
                    stage.tell(UseKey(name=name, key=key))
            stage.load_again()
            ollama.once(
                chance.choice(OLLAMA_DEATHS),
                text=TEXT,
                words_per_second=0,
                after_words=chance.randrange(len(WORDS)),
            )
            second.repeats, third.repeats = chance.choice([0, 0, 1, 3, 99]), chance.choice([0, 2])
            dying = [server for server, every in ((second, 3), (third, 9)) if run % every == 0]
            for server in dying:
                server.once(chance.choice(CLOUD_DEATHS), after_words=chance.randrange(12))
            ended = stage.ask()
            told = f"run {run}: {[e.title for e in stage.all(StageFailed)]} {ended.text!r}"
            assert stage.streamed == ended.text, told
            assert stage.spoken == ended.text, told
            if stage.writers == ["fake-skills"]:
                assert len(dying) == 2, told  # and all before their first word
            elif ended.complete:
                assert ended.text == TEXT, told
                whole += 1
            else:
                assert len(dying) == 2, told
                assert ended.text, told
                assert TEXT.startswith(ended.text), told
                assert stage.all(StageFailed)[-1].recovered_by == "", told
            for server in (ollama, second, third):
                server._queued.clear()
        assert whole >= RUNS * 8 // 9
    finally:
        stage.stop()


@pytest.mark.parametrize(
    ("scenario", "why"),
    [
        ("401", "does not accept the key"),
        ("429", "no more questions for 30 s"),
        ("500", "failure of its own"),
        ("503", "failure of its own"),
        ("html", "not an answer"),
        ("garbage", "not an answer"),
        ("dies_first", "broke off"),
        ("hang_first", "had not begun to answer after 0."),
    ],
)
def test_a_service_that_fails_costs_one_question_and_rests(qapp, scenario, why):
    options = {"retry_after": "30"} if scenario == "429" else {}
    with OpenAiServer() as bad, Continuer() as good:
        bad.scenario(scenario, after_words=0, **options)
        stage = two_services(bad, good)
        try:
            assert stage.ask().text == TEXT
            assert stage.writers == ["cerebras"]
            assert why in stage.all(EngineAnswered)[0].why
            assert [failed.recovered_by for failed in stage.all(StageFailed)] == ["cerebras"]
            assert stage.ask().text == TEXT
            assert len(bad.chats) == 1, "it rests"
            assert why in stage.all(EngineAnswered)[0].why
            assert not stage.all(StageFailed), "no news"
            if scenario == "hang_first":
                assert bad.wait_until(lambda: bad.chats[0].disconnected)
        finally:
            stage.stop()


def test_a_service_that_recovered_takes_its_place_and_retry_after_is_honoured(qapp):
    with OpenAiServer() as bad, Continuer() as good:
        stage = two_services(bad, good)
        try:
            bad.scenario("500")
            stage.ask()
            bad.scenario("normal", text=TEXT, words_per_second=0)
            stage.wait(lambda: stage.ask() and stage.writers == ["groq"])
            assert stage.all(EngineAnswered)[0].why == ""
            bad.scenario("429", retry_after="30")
            stage.ask()
            asked = len(bad.chats)
            time.sleep(2.1)  # longer than the first back-off
            stage.ask()
            assert stage.writers == ["cerebras"]
            assert len(bad.chats) == asked
        finally:
            stage.stop()


def two_services(first: OpenAiServer, second: OpenAiServer) -> Stage:
    stage = Stage(
        [
            Model(cloud(GroqLlm, first), "Groq", deadline_s=0.3, warm=True),
            Model(cloud(CerebrasLlm, second), "Cerebras"),
        ]
    )
    stage.wait(lambda: len(stage.all(ModelWarmed)) >= 2)
    return stage


def test_when_nothing_answers_the_skills_say_so_in_time(qapp):
    with OllamaServer(scenario="hang_first") as server:
        model = Model(OllamaLlm(OllamaSettings(host=server.url)), "Ollama", deadline_s=0.2)
        stage = Stage([model], patience_s=0.5)
        try:
            stage.wait(lambda: stage.all(ModelWarmed))
            assert "language model" in stage.ask().text
            assert stage.writers == ["fake-skills"]
            assert server.wait_until(lambda: server.chats[0].disconnected)
        finally:
            stage.stop()


def test_a_load_given_up_for_another_answer_is_begun_again(qapp):
    with OllamaServer(load_s=0.6) as server, Continuer() as second:
        ollama = Model(OllamaLlm(OllamaSettings(host=server.url)), "Ollama", deadline_s=0.2)
        stage = Stage([ollama, Model(cloud(GroqLlm, second), "Groq")])
        try:
            stage.wait(lambda: ollama.warm)
            server.unload()  # nobody has noticed when the question comes
            assert stage.ask().text == TEXT
            assert stage.writers == ["groq"]
            stage.wait(lambda: server.loaded is not None)
            assert server.aborted_loads == 1
            stage.wait(lambda: stage.all(ModelWarmed))
            assert stage.all(ModelWarmed)[-1].load_ms >= 500
            assert ollama.load_s == pytest.approx(0.6, abs=0.3)
        finally:
            stage.stop()


# --- the whole app ------------------------------------------------------------------------


def settings(*order: str, ollama: OllamaServer, openai: OpenAiServer, **llm: str) -> str:
    names = ", ".join(f'"{name}"' for name in order)
    more = "".join(f"{name} = {value}\n" for name, value in llm.items())
    return (
        f"[llm]\norder = [{names}]\n{more}"
        f'[llm.ollama]\nhost = "{ollama.url}"\n[llm.openai]\nbase_url = "{openai.url}"\n'
    )


def test_a_reply_tells_who_wrote_it_and_history_keeps_it(tmp_path):
    profile = tmp_path / "p"
    with OllamaServer(text=TEXT) as ollama, Continuer() as second:
        ollama.scenario("dies", text=TEXT, after_words=9)
        write_settings(profile, settings("ollama", "openai", ollama=ollama, openai=second))
        done = run_parley(
            *("ask", "tell me about Paris", "--json", "--out", tmp_path / "r.wav"), profile=profile
        )
    assert done.returncode == 0, done.stderr
    ended = json_events(done)[-1]
    assert ended["outcome"] == "replied"
    assert ended["reply"] == TEXT
    assert [engine["name"] for engine in ended["answered_by"]] == ["ollama", "openai"]
    assert [engine["name"] for engine in ended["asked"]] == ["ollama", "openai"]
    assert "Ollama" in ended["why_not_first"]
    turn = saved_turns(profile)[-1]
    assert [engine.name for engine in turn.answered_by] == ["ollama", "openai"]
    assert turn.why_not_first == ended["why_not_first"]


@pytest.mark.parametrize("local_only", [True, False])
def test_under_local_only_nobody_elsewhere_is_even_looked_up(tmp_path, local_only):
    """With keys, and the cloud first. Without the switch the same guard is set off."""
    profile, log = tmp_path / "p", tmp_path / "left.txt"
    environment = {"GROQ_API_KEY": KEY, "CEREBRAS_API_KEY": KEY, "OLLAMA_HOST": ""}
    with OllamaServer(text=TEXT) as ollama, Continuer() as second:
        order = ("groq", "cerebras", "ollama")
        switch = "true" if local_only else "false"
        write_settings(profile, settings(*order, ollama=ollama, openai=second, local_only=switch))
        done = guarded_parley(profile, log, environment, tmp_path / "r.wav")
    left = log.read_text() if log.exists() else ""
    assert done.returncode == 0, done.stderr
    ended = json_events(done)[-1]
    assert [engine["name"] for engine in ended["answered_by"]] == ["ollama"]
    if local_only:
        assert left == ""
        assert all(engine["local"] for engine in ended["asked"])
        assert "“Stay on this computer” is on" in ended["why_not_first"]
    else:
        assert "api.groq.com" in left
        assert "api.cerebras.ai" in left


def guarded_parley(
    profile: Path, log: Path, environment: dict[str, str], wav: Path
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.network_guard", str(log)]
    question = ["ask", "tell me about Paris", "--json", "--out", str(wav)]
    return subprocess.run(
        [*command, "--profile", str(profile), *question],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
