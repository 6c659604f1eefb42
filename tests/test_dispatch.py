"""Each intent reaches whom it concerns, and a changed setting everyone who acts on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.diagnosis_events import RunChecks
from app.core.events import (
    AskText,
    CancelFetch,
    ChangePrompt,
    ChangeSetting,
    DeleteModel,
    Event,
    FetchModel,
    LocalOnlyChanged,
    UseEngine,
    UseModels,
)
from app.core.history_events import NewConversation, OpenConversation
from app.core.model_events import ModelsChosen, UseModel
from app.core.ports import Stage
from app.core.sound_events import WatchMicrophone
from app.core.timer_events import CancelTimer
from app.dispatch import Dispatch
from app.paths import Paths
from app.settings import Settings

TINY = "futo-org/acft-whisper-tiny"
BASE = "futo-org/acft-whisper-base"
RECEIVERS = (
    "conversation",
    "listener",
    "stt",
    "llm",
    "engines",
    "keepalive",
    "history",
    "sound",
    "timers",
    "ollama",
    "keys",
    "preferences",
    "diagnosis",
    "updates",
)


class Desk:
    """A `Dispatch`, and what each receiver got of it, in order."""

    def __init__(self, tmp_path: Path) -> None:
        self.dispatch = Dispatch(Settings(), Paths.under(tmp_path))
        self.sent: list[tuple[str, Event]] = []
        for name in RECEIVERS:
            signal = getattr(self.dispatch, f"to_{name}")
            signal.connect(lambda event, name=name: self.sent.append((name, event)))

    def take(self, intent: Event) -> list[tuple[str, Event]]:
        self.sent.clear()
        self.dispatch.take(intent)
        return list(self.sent)

    def kinds(self, intent: Event) -> list[tuple[str, type[Event]]]:
        return [(name, type(event)) for name, event in self.take(intent)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("intent", "receivers"),
    [
        (AskText(text="hello"), ["conversation"]),
        (NewConversation(), ["conversation"]),
        (OpenConversation(session_id=4), ["history"]),
        (WatchMicrophone(on=True), ["listener", "sound"]),
        (CancelTimer(number=1), ["timers"]),
        (RunChecks(), ["diagnosis", "ollama"]),
        (CancelFetch(stage=Stage.LLM), ["ollama", "engines"]),
        (FetchModel(stage=Stage.TTS), ["engines"]),
        (DeleteModel(model="phi3:mini"), ["ollama"]),
    ],
)
def test_an_intent_reaches_whom_it_concerns(
    desk: Desk, intent: Event, receivers: list[str]
) -> None:
    assert desk.take(intent) == [(name, intent) for name in receivers]


def test_a_language_model_is_fetched_by_whoever_has_it(desk: Desk) -> None:
    ((receiver, named),) = desk.take(FetchModel(stage=Stage.LLM, engine="builtin"))
    assert (receiver, named.engine) == ("engines", "builtin")
    ((receiver, first),) = desk.take(FetchModel(stage=Stage.LLM))
    assert (receiver, first.engine) == ("ollama", "ollama")
    desk.take(ChangeSetting(name="llm.order", value=("openai", "builtin", "ollama")))
    ((receiver, first),) = desk.take(FetchModel(stage=Stage.LLM))
    assert (receiver, first.engine) == ("engines", "builtin")


def test_a_model_that_hears_gives_way_before_it_is_deleted(desk: Desk) -> None:
    used = DeleteModel(stage=Stage.STT, engine="whisper", model=TINY)
    sent = desk.take(used)
    assert {name for name, _ in sent} == {"engines"}
    (_, away), (_, deletion), (_, back) = sent
    assert deletion == used
    assert isinstance(away, UseEngine)
    assert away.provider.engine.stand_in
    assert isinstance(back, UseEngine)
    assert back.provider.engine.name == "whisper"

    unused = DeleteModel(stage=Stage.STT, engine="whisper", model=BASE)
    assert desk.take(unused) == [("engines", unused)]


def test_a_setting_is_written_and_acts(desk: Desk) -> None:
    change = ChangeSetting(name="llm.mode", value="balanced")
    written, prompt, *models = desk.take(change)
    assert written == ("preferences", change)
    assert (prompt[0], type(prompt[1])) == ("conversation", ChangePrompt)
    assert [(name, type(event)) for name, event in models] == [
        ("llm", UseModels),
        ("ollama", UseModels),
    ]
    assert desk.dispatch.settings.llm.mode == "balanced"
    assert desk.take(change) == [("preferences", change)], "nothing is another"


def test_what_makes_no_sense_goes_to_the_one_who_says_so(desk: Desk) -> None:
    before = desk.dispatch.settings
    for change in (
        ChangeSetting(name="llm.patience_s", value="soon"),
        ChangeSetting(name="llm.nothing", value=1),
    ):
        assert desk.take(change) == [("preferences", change)]
    assert desk.dispatch.settings is before


def test_staying_on_this_computer_is_told_before_anything_is_written(desk: Desk) -> None:
    *told, written = desk.take(ChangeSetting(name="llm.local_only", value=True))
    assert written[0] == "preferences"
    assert {name for name, _ in told} == {"llm", "ollama", "keys", "updates", "engines"}
    assert all(isinstance(event, LocalOnlyChanged) and event.on for _, event in told)


def test_another_model_is_set_and_loaded(desk: Desk) -> None:
    use = UseModel(stage=Stage.STT, engine="whisper", model=BASE)
    assert desk.kinds(use) == [
        ("preferences", ChangeSetting),
        ("engines", UseEngine),
        ("engines", ModelsChosen),
    ]
    assert desk.kinds(use) == []


def test_every_command_of_a_changed_setting_has_a_receiver(desk: Desk) -> None:
    changes = {
        "llm.persona": "You are brief.",
        "llm.patience_s": 11.0,
        "keepalive.interval_s": 7.0,
        "audio.input": ("Headset", "ALSA"),
        "stt.language": "fr",
        "history.keep_days": 30,
        "updates.check": True,
        "stt.provider": "pocketsphinx",
        "llm.ollama.model": "llama3.2:1b",
        "llm.builtin.model": "Qwen/Qwen2.5-1.5B-Instruct",
    }
    reached = {
        name
        for setting, value in changes.items()
        for name, _ in desk.take(ChangeSetting(name=setting, value=value))
    }
    silent = {"listener", "timers", "keys", "diagnosis"}
    assert reached == set(RECEIVERS) - silent
