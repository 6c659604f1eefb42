"""The keys' thread: keys go where they should and are seen nowhere."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from PySide6.QtCore import QObject, Qt, Signal, Slot

from app.commands.terminal import event_as_json
from app.core.events import (
    ChangeSetting,
    CheckProvider,
    ForgetKey,
    KeyChanged,
    LocalOnlyChanged,
    LookUpKeys,
    ProviderChecked,
    SaveKey,
    UseKey,
)
from app.core.ports import Engine, Stage
from app.core.secret import Secret
from app.providers.llm.check import check_by_name
from app.secrets import Secrets
from app.settings import BuiltinSettings, CloudSettings, LlmSettings, OllamaSettings
from app.workers.keys import KeysWorker, Service
from app.workers.threads import Threads
from tests.support.keyrings import BrokenKeyring, MemoryKeyring, WaitingKeyring
from tests.support.openai_server import OpenAiServer

KEY = "gsk-0123456789abcdef-secret"


class Desk(QObject):
    """Sends what the user wants; takes what goes past the conversation."""

    send = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.used: list[UseKey] = []
        self.changes: list[ChangeSetting] = []

    @Slot(object)
    def use(self, command: UseKey) -> None:
        self.used.append(command)

    @Slot(object)
    def change(self, change: ChangeSetting) -> None:
        self.changes.append(change)


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def server():
    with OpenAiServer(key=KEY) as running:
        yield running


def service(name, local=False):
    return Service(Engine(Stage.LLM, name, "m", "server", local=local), "https://example.invalid")


def start(stage, desk, backend, *, environ=(), address="", look_up=(), kept=(), local_only=False):
    settings = LlmSettings(groq=CloudSettings(model="local", base_url=address, timeout_s=30))

    async def check(name, key, local_only):
        verdict = await check_by_name(name, settings, key, local_only=local_only)
        return verdict.ok, verdict.line

    worker = KeysWorker(
        Secrets(dict(environ), backend),
        [service("groq"), service("cerebras")],
        check,
        look_up=look_up,
        kept=kept,
        local_only=local_only,
    )
    desk.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
    worker.key_found.connect(desk.use)
    worker.kept.connect(desk.change)
    stage.start(worker)
    return worker


def places(stage):
    return {event.engine.name: event.place for event in stage.recorder.all(KeyChanged)}


def test_a_saved_key_is_kept_used_at_once_and_remembered_for_the_next_start(stage, desk):
    backend = MemoryKeyring()
    start(stage, desk, backend)
    stage.recorder.wait_for(KeyChanged, 2)
    desk.send.emit(SaveKey(name="groq", key=Secret(KEY)))
    stage.recorder.wait_for(KeyChanged, 3)
    assert backend.kept == {("parley", "groq"): KEY}
    assert places(stage)["groq"] == "in the keyring"
    assert [(use.name, use.key) for use in desk.used] == [("groq", Secret(KEY))]
    assert [(change.name, change.value) for change in desk.changes] == [("llm.keyring", ("groq",))]


def test_a_forgotten_key_is_gone_everywhere(stage, desk):
    backend = MemoryKeyring()
    backend.kept["parley", "groq"] = KEY
    start(stage, desk, backend, look_up=["groq"], kept=["groq", "cerebras"])
    stage.recorder.wait_for(KeyChanged, 2)
    assert places(stage)["groq"] == "in the keyring"
    desk.send.emit(ForgetKey(name="groq"))
    stage.recorder.wait_for(KeyChanged, 3)
    assert backend.kept == {}
    assert places(stage)["groq"] == "not set"
    assert desk.used[-1].key is None
    assert desk.changes[-1].value == ("cerebras",)


def test_at_the_start_only_known_keys_are_looked_up(stage, desk):
    backend = MemoryKeyring()
    backend.kept["parley", "cerebras"] = KEY
    start(stage, desk, backend, look_up=["groq"], environ={"CEREBRAS_API_KEY": ""}.items())
    stage.recorder.wait_for(KeyChanged, 2)
    assert set(backend.asked) == {"groq"}
    assert places(stage) == {"groq": "not set", "cerebras": ""}
    desk.send.emit(LookUpKeys())
    stage.recorder.wait_for(KeyChanged, 4)
    assert places(stage)["cerebras"] == "in the keyring"
    assert desk.used[-1] == UseKey(name="cerebras", key=Secret(KEY), at=desk.used[-1].at)


def test_a_key_from_the_environment_is_told_without_opening_the_keyring(stage, desk):
    backend = MemoryKeyring()
    start(stage, desk, backend, environ={"GROQ_API_KEY": KEY}.items())
    stage.recorder.wait_for(KeyChanged, 2)
    assert places(stage)["groq"] == "from GROQ_API_KEY"
    assert backend.asked == []


def test_without_a_keyring_that_works_a_key_lasts_for_this_run_and_that_is_said(
    stage, desk, caplog
):
    with caplog.at_level(logging.DEBUG):
        start(stage, desk, BrokenKeyring())
        stage.recorder.wait_for(KeyChanged, 2)
        desk.send.emit(SaveKey(name="groq", key=Secret(KEY)))
        changed = stage.recorder.wait_for(KeyChanged, 3)
    assert changed.place == "until Parley quits"
    assert "until Parley quits" in changed.remark
    assert desk.used[-1].key == Secret(KEY), "it is used all the same"
    assert desk.changes == [], "there is nothing to look up at the next start"
    assert KEY not in caplog.text


def test_a_check_says_what_a_turn_would_meet(stage, desk, server):
    backend = MemoryKeyring()
    backend.kept["parley", "groq"] = KEY
    start(stage, desk, backend, address=server.url)
    desk.send.emit(CheckProvider(name="groq"))
    assert stage.recorder.wait_for(ProviderChecked).ok
    backend.kept["parley", "groq"] = "gsk-another-0123456789"
    desk.send.emit(CheckProvider(name="groq"))
    checked = stage.recorder.wait_for(ProviderChecked, 2)
    assert not checked.ok
    assert "does not accept the key (401)" in checked.line


@pytest.mark.parametrize(
    ("name", "said"), [("ollama", "Ollama is not "), ("builtin", "is not on this computer")]
)
def test_providers_without_a_key_are_tried_out_too(stage, desk, tmp_path, name, said):
    backend = WaitingKeyring()  # whoever asks it waits
    settings = LlmSettings(
        ollama=OllamaSettings(host="http://127.0.0.1:9"),
        builtin=BuiltinSettings(model=str(tmp_path / "none")),
    )

    async def check(name, key, local_only):
        verdict = await check_by_name(name, settings, key, local_only=local_only)
        return verdict.ok, verdict.line

    worker = KeysWorker(
        Secrets({}, backend),
        [service("groq")],
        check,
        look_up=(),
        kept=(),
        local_only=False,
        without_key=[Engine(Stage.LLM, name, "m")],
    )
    desk.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
    stage.start(worker)
    desk.send.emit(CheckProvider(name=name))
    found = stage.recorder.wait_for(ProviderChecked)
    assert (found.name, found.ok) == (name, False)
    assert said in found.line
    assert {event.engine.name for event in stage.recorder.all(KeyChanged)} == {"groq"}


def test_under_local_only_nothing_is_sent(stage, desk, server):
    start(stage, desk, MemoryKeyring(), environ={"GROQ_API_KEY": KEY}.items())
    desk.send.emit(LocalOnlyChanged(on=True))
    desk.send.emit(CheckProvider(name="groq"))
    checked = stage.recorder.wait_for(ProviderChecked)
    assert checked.line == "“Stay on this computer” is on, so nothing was sent to Groq."


def test_local_only_ends_a_check_that_runs(stage, desk, monkeypatch):
    """The server is here, and taken for one elsewhere: nothing can be heard of a real one."""
    monkeypatch.setattr("app.providers.llm.openai_style.on_this_computer", lambda url: False)
    with OpenAiServer(key=KEY, scenario="hang_first") as server:
        environ = {"GROQ_API_KEY": KEY}.items()
        start(stage, desk, MemoryKeyring(), address=server.url, environ=environ)
        desk.send.emit(CheckProvider(name="groq"))
        assert server.wait_until(lambda: len(server.chats) == 1)
        desk.send.emit(LocalOnlyChanged(on=True))
        checked = stage.recorder.wait_for(ProviderChecked)
        assert not checked.ok
        assert checked.line == "The check was stopped, because “Stay on this computer” is on."
        assert server.wait_until(lambda: server.chats[0].disconnected)
        desk.send.emit(CheckProvider(name="groq"))
        assert "nothing was sent to Groq" in stage.recorder.wait_for(ProviderChecked, 2).line
        desk.send.emit(LocalOnlyChanged(on=False))
        server.scenario("normal")
        desk.send.emit(CheckProvider(name="groq"))
        assert stage.recorder.wait_for(ProviderChecked, 3).ok


def test_a_check_that_hangs_holds_up_neither_a_save_nor_the_end(stage, desk, server):
    server.scenario("hang_first")
    start(stage, desk, MemoryKeyring(), address=server.url, environ={"GROQ_API_KEY": KEY}.items())
    desk.send.emit(CheckProvider(name="groq"))
    desk.send.emit(CheckProvider(name="groq"))
    assert server.wait_until(lambda: len(server.chats) == 1)
    desk.send.emit(SaveKey(name="cerebras", key=Secret(KEY)))
    stage.recorder.wait_for(KeyChanged, 3)
    started = time.monotonic()
    assert stage.threads.stop()
    assert time.monotonic() - started < 4, "the check has 15 s of patience"
    stage.threads = Threads()  # the fixture would stop the ended one again
    assert len(server.chats) == 1, "one check of a service at a time"
    assert server.wait_until(lambda: server.chats[0].disconnected)


def test_a_keyring_that_waits_for_its_user_waits_in_this_thread_alone(stage, desk, qtbot):
    backend = WaitingKeyring()
    start(stage, desk, backend, look_up=["groq"])
    desk.send.emit(SaveKey(name="groq", key=Secret(KEY)))
    ticked = []
    threading.Timer(0.2, backend.answer.set).start()
    qtbot.waitUntil(lambda: ticked.append(1) or backend.answer.is_set())
    assert len(ticked) > 3, "the main thread went on"
    stage.recorder.wait_for(KeyChanged, 3)
    assert places(stage)["groq"] == "in the keyring"


def test_what_breaks_in_a_check_is_a_verdict_and_a_traceback(stage, desk, caplog):
    async def check(*_):
        raise RuntimeError("no such thing")

    worker = KeysWorker(
        Secrets({}, MemoryKeyring()),
        [service("groq")],
        check,
        look_up=(),
        kept=(),
        local_only=False,
    )
    desk.send.connect(worker.handle, Qt.ConnectionType.DirectConnection)
    stage.start(worker)
    desk.send.emit(CheckProvider(name="groq"))
    checked = stage.recorder.wait_for(ProviderChecked)
    assert not checked.ok
    assert "Something inside Parley went wrong" in checked.line
    assert "no such thing" in caplog.text


def test_no_event_and_no_log_line_holds_the_key(stage, desk, server, caplog):
    with caplog.at_level(logging.DEBUG):
        start(stage, desk, MemoryKeyring(), address=server.url)
        desk.send.emit(SaveKey(name="groq", key=Secret(KEY)))
        desk.send.emit(CheckProvider(name="groq"))
        stage.recorder.wait_for(ProviderChecked)
        desk.send.emit(ForgetKey(name="groq"))
        stage.recorder.wait_for(KeyChanged, 4)
    for event in stage.recorder.events:
        assert KEY not in repr(event) + event_as_json(event, 0.0)
    assert desk.used
    assert KEY not in repr(desk.used)
    assert KEY not in caplog.text
