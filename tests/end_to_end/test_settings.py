"""What is changed on the settings page acts at once, without a restart, and is in the file: the
real window, the real threads, models on real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from app.bootstrap import Assistant, Sound
from app.core.events import Event, Notice, SettingChanged, TurnEnded
from app.core.prompt import MODES, system_prompt
from app.paths import Paths
from app.secrets import Secrets
from app.settings import DEFAULT_PERSONA, Settings
from app.settings_file import load
from app.ui.main_window import MainWindow
from app.ui.settings.fields import ChoiceField, NumberField, SegmentsField, SwitchField, TextField
from app.ui.talk_key import TalkKey
from app.ui.theme import DARK
from tests.fakes import FakeInput, FakeOutput
from tests.support.keyrings import MemoryKeyring
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

FROM_OLLAMA = "This is Ollama."
FROM_VLLM = "This is the other server."
LONG = " ".join(f"word{number}" for number in range(300))


class Bench:
    """Parley as `parley` starts it, less the microphone: a window, its threads, two servers."""

    def __init__(self, qtbot: QtBot, settings: Settings, paths: Paths) -> None:
        self._qtbot = qtbot
        self.paths = paths
        self.events: list[Event] = []
        sound = Sound(FakeInput(), FakeOutput(instant=True))
        self.assistant = Assistant(settings, paths, Secrets({}, MemoryKeyring()), sound)
        self.window = MainWindow(settings.appearance, settings.talk)
        qtbot.addWidget(self.window)
        self.talk_key = TalkKey(settings.talk)
        self.window.intent.connect(self.assistant.ask_for)
        self.window.talk_mode_chosen.connect(self.talk_key.use_mode)
        self.window.covered.connect(self.talk_key.rest)
        self.assistant.happened.connect(self.window.handle)
        self.assistant.happened.connect(self.events.append)
        self.window.show()
        self.assistant.start()
        self.page = self.window.settings
        self.window.open_settings()
        known = self.page.fields.values()
        self.until(lambda: all(field.isEnabled() for field in known))
        self.until(lambda: len(self.page.order.rows) == 5)

    def until(self, condition) -> None:
        self._qtbot.waitUntil(condition, timeout=15_000)

    def ask(self, question: str) -> TurnEnded:
        before = len(self.all(TurnEnded))
        self.window.ask(question)
        self.until(lambda: len(self.all(TurnEnded)) > before)
        return self.all(TurnEnded)[-1]

    def all(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]

    def written(self, name: str, value: object) -> Settings:
        """The file, once this setting is in it."""
        self.until(
            lambda: any(
                (event.name, event.value) == (name, value) for event in self.all(SettingChanged)
            )
        )
        settings, problems = load(self.paths.settings_file)
        assert problems == []
        return settings

    def field(self, kind: type, name: str):
        field = self.page.fields[name]
        assert isinstance(field, kind)
        return field

    def choose(self, name: str, value: str) -> None:
        field = self.page.fields[name]
        assert isinstance(field, ChoiceField | SegmentsField)
        button = field.buttons[value]
        assert isinstance(button, QPushButton | QRadioButton)
        button.click()

    def row(self, name: str):
        return next(row for row in self.page.order.rows if row.name == name)


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer(text=FROM_OLLAMA) as server:
        yield server


@pytest.fixture
def vllm() -> Iterator[OpenAiServer]:
    with OpenAiServer(text=FROM_VLLM) as server:
        yield server


@pytest.fixture
def bench(
    qtbot: QtBot, tmp_path: Path, ollama: OllamaServer, vllm: OpenAiServer
) -> Iterator[Bench]:
    plain = Settings().model_dump()
    plain["llm"] |= {"order": ["ollama", "openai"]}
    plain["llm"]["ollama"] |= {"host": ollama.url, "start": False}
    plain["llm"]["openai"] |= {"base_url": f"{vllm.url}/v1"}
    plain["stt"]["provider"], plain["tts"]["provider"] = "pocketsphinx", "espeak"
    plain["endpointing"]["vad"] = "energy"
    paths = Paths.under(tmp_path)
    paths.create()
    paths.settings_file.write_text('# mine\n[llm]\norder = ["ollama", "openai"]\n')
    running = Bench(qtbot, Settings.model_validate(plain), paths)
    yield running
    assert running.assistant.stop()


def test_another_order_asks_the_other_server_at_the_next_question(
    bench: Bench, ollama: OllamaServer, vllm: OpenAiServer
) -> None:
    assert bench.ask("who is there").reply == FROM_OLLAMA
    bench.row("openai").up.click()
    settings = bench.written("llm.order", ("openai", "ollama"))
    assert settings.llm.order == ("openai", "ollama")
    assert "# mine" in bench.paths.settings_file.read_text()
    turn = bench.ask("who is there now")
    assert turn.reply == FROM_VLLM
    assert [engine.name for engine in turn.answered_by] == ["openai"]
    assert turn.why_not_first == ""
    assert len(ollama.chats) == 1
    bench.row("openai").switch.click()
    bench.written("llm.order", ("ollama",))
    assert bench.ask("and now").reply == FROM_OLLAMA
    assert len(vllm.chats) == 1


def test_with_every_model_off_the_skills_answer_and_a_model_can_come_back(bench: Bench) -> None:
    for name in ("ollama", "openai"):
        bench.row(name).switch.click()
    bench.written("llm.order", ())
    turn = bench.ask("who was napoleon")
    assert [engine.name for engine in turn.answered_by] == ["skills"]
    bench.row("ollama").switch.click()
    bench.written("llm.order", ("ollama",))
    assert bench.ask("who was napoleon").reply == FROM_OLLAMA


def test_the_state_of_each_model_is_shown(bench: Bench) -> None:
    bench.until(lambda: "ready" in bench.row("ollama").text)
    assert "no key" in bench.row("groq").text
    assert "cloud" in bench.row("groq").text
    assert "not downloaded" in bench.row("builtin").text
    bench.field(SwitchField, "llm.local_only").switch.click()
    bench.until(lambda: "not asked now" in bench.row("groq").text)
    assert bench.written("llm.local_only", True).llm.local_only


def test_another_mode_is_in_the_next_prompt_and_lets_replies_be_longer(
    bench: Bench, ollama: OllamaServer
) -> None:
    ollama.scenario("normal", text=LONG)
    assert bench.ask("tell me all").reply != LONG
    assert ollama.chats[-1].body["messages"][0]["content"] == system_prompt(DEFAULT_PERSONA, "fast")
    loads = ollama.loads
    bench.choose("llm.mode", "rich")
    assert bench.written("llm.mode", "rich").llm.mode == "rich"
    assert bench.ask("tell me all now").reply == LONG
    request = ollama.chats[-1].body
    assert request["messages"][0]["content"] == system_prompt(DEFAULT_PERSONA, "rich")
    assert request["options"]["num_predict"] == MODES["rich"].max_tokens
    assert ollama.loads == loads, "no option changed that would load the model again"


def test_another_persona_begins_the_next_prompt_and_the_conversation_stays(
    bench: Bench, ollama: OllamaServer
) -> None:
    bench.ask("who was napoleon")
    field = bench.field(TextField, "llm.persona")
    field.editor.setPlainText("You are Captain Flint.\nBe gruff.")
    bench.window.close_settings()
    persona = "You are Captain Flint.\nBe gruff."
    assert bench.written("llm.persona", persona).llm.persona == persona
    bench.ask("and now")
    messages = ollama.chats[-1].body["messages"]
    assert messages[0]["content"] == system_prompt(persona, "fast")
    assert [message["content"] for message in messages[1:]] == [
        "who was napoleon",
        FROM_OLLAMA,
        "and now",
    ]


def test_a_shorter_memory_acts_at_the_next_question_and_is_told(
    bench: Bench, ollama: OllamaServer
) -> None:
    for number in range(3):
        bench.ask(f"question number {number}")
    bench.field(NumberField, "llm.history_turns").number.setValue(0)
    assert bench.written("llm.history_turns", 0).llm.history_turns == 0
    bench.ask("the last question")
    assert [m["role"] for m in ollama.chats[-1].body["messages"]] == ["system", "user"]
    (notice,) = bench.all(Notice)
    assert notice.title == "The oldest 3 turns are no longer shown to the model."


def test_the_skills_can_be_asked_last(bench: Bench, ollama: OllamaServer) -> None:
    assert [e.name for e in bench.ask("what is 2 plus 2").answered_by] == ["skills"]
    bench.field(SwitchField, "llm.skills.first").switch.click()
    bench.written("llm.skills.first", False)
    assert bench.ask("what is 2 plus 2").reply == FROM_OLLAMA


def test_the_keepalives_interval_reaches_its_thread(bench: Bench, ollama: OllamaServer) -> None:
    def looks() -> int:
        return sum(request.path == "/api/ps" for request in ollama.requests)

    bench.until(lambda: bool(ollama.loaded))
    before = looks()
    bench.field(NumberField, "keepalive.interval_s").number.setValue(0.5)
    assert bench.written("keepalive.interval_s", 0.5).keepalive.interval_s == 0.5
    bench.until(lambda: looks() >= before + 4)  # at 30 s this would take two minutes


def test_the_theme_and_the_talk_key_change_at_once_and_stay(bench: Bench) -> None:
    bench.choose("appearance.theme", "dark")
    assert bench.window.theme.tokens is DARK
    bench.choose("talk.mode", "toggle")
    assert bench.written("appearance.theme", "dark").appearance.theme == "dark"
    assert bench.written("talk.mode", "toggle").talk.mode == "toggle"


def test_a_file_that_cannot_be_written_costs_the_keeping_and_not_the_change(
    bench: Bench, ollama: OllamaServer
) -> None:
    bench.paths.settings_file.write_text("version = 99\n")
    bench.choose("llm.mode", "rich")
    bench.until(lambda: bool(bench.page.cards.cards))
    assert "newer Parley" in bench.page.cards.cards[0].title
    assert bench.paths.settings_file.read_text() == "version = 99\n"
    bench.ask("tell me")
    assert ollama.chats[-1].body["messages"][0]["content"] == system_prompt(DEFAULT_PERSONA, "rich")


def test_a_model_that_fails_says_so_in_its_place(bench: Bench, ollama: OllamaServer) -> None:
    bench.until(lambda: bench.row("ollama").state_icon == "check-circle")
    ollama.stop()
    assert bench.ask("who is there").reply == FROM_VLLM
    bench.until(lambda: bench.row("ollama").state_icon == "alert")
    assert "ready" not in bench.row("ollama").text
    ollama.start()
