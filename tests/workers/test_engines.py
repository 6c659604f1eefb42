from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QObject, Qt, Signal

from app.core.catalogue import ModelId
from app.core.events import (
    FETCHED,
    CancelFetch,
    DeleteModel,
    EngineMissing,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    LocalOnlyChanged,
    StageFailed,
    UseEngine,
    WarmUp,
)
from app.core.model_cards import Chosen, OnDisk, Stock
from app.core.model_events import LookUpModels, ModelsChosen, ModelsListed
from app.core.ports import Stage as TurnStage
from app.errors import ProviderUnavailable
from app.workers import downloads
from app.workers.engines import EnginesWorker
from tests.fakes import FakeStt, FakeTts
from tests.workers.conftest import Recorder


class Downloadable(FakeStt):
    """Loads only after it was fetched."""

    def __init__(self, fetch_error: Exception | None = None) -> None:
        super().__init__()
        self.fetched = False
        self.fetch_error = fetch_error

    def load(self) -> None:
        if not self.fetched:
            raise ProviderUnavailable("The speech model is not here.", "Download it.")
        super().load()

    def fetch(self, progress) -> None:
        progress("half")
        if self.fetch_error:
            raise self.fetch_error
        self.fetched = True


class Sender(QObject):
    send = Signal(object)
    recheck = Signal()


@pytest.fixture
def sender() -> Sender:
    return Sender()


@pytest.fixture
def handed_over(qtbot) -> Recorder:
    return Recorder(qtbot)


def start(stage, sender, handed_over, provider, **options):
    worker = EnginesWorker({TurnStage.STT: provider}, **options)
    sender.send.connect(worker.interrupt, Qt.ConnectionType.DirectConnection)
    sender.send.connect(worker.handle)
    sender.recheck.connect(worker.recheck)
    worker.stt_ready.connect(handed_over.take)
    stage.start(worker)


def test_an_engine_that_is_here_is_loaded_and_handed_over(stage, sender, handed_over):
    provider = FakeStt()
    start(stage, sender, handed_over, provider)
    assert handed_over.wait_for(FakeStt) is provider
    assert provider.loaded


def test_a_missing_model_is_told_once_and_found_when_it_appears(stage, sender, handed_over, qtbot):
    provider = Downloadable()
    start(stage, sender, handed_over, provider)
    missing = stage.recorder.wait_for(EngineMissing)
    assert missing.fetchable
    sender.recheck.emit()
    qtbot.wait(50)
    assert len(stage.recorder.all(EngineMissing)) == 1
    provider.fetched = True
    sender.recheck.emit()
    handed_over.wait_for(Downloadable)


def test_a_download_is_made_when_asked_for_and_then_used(stage, sender, handed_over):
    start(stage, sender, handed_over, Downloadable())
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert stage.recorder.wait_for(FetchEnded).complete
    handed_over.wait_for(Downloadable)
    assert stage.recorder.all(FetchProgressed)[0].line == "half"


def test_a_download_that_fails_says_why_and_can_be_tried_again(stage, sender, handed_over):
    provider = Downloadable(ProviderUnavailable("The download stopped.", "Try again."))
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert stage.recorder.wait_for(StageFailed).title == "The download stopped."
    assert not stage.recorder.wait_for(FetchEnded).complete
    provider.fetch_error = None
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    handed_over.wait_for(Downloadable)


def test_an_engine_with_a_bug_does_not_keep_the_others_from_loading(stage):
    class Broken(FakeStt):
        def load(self):
            raise RuntimeError("bad protobuf")

    good = FakeTts()
    stage.start(EnginesWorker({TurnStage.STT: Broken(), TurnStage.TTS: good}))
    assert "cannot be loaded" in stage.recorder.wait_for(EngineMissing).title
    assert stage.threads.stop()
    assert good.loaded


def test_under_local_only_nothing_is_downloaded(stage, sender, handed_over):
    provider = Downloadable()
    start(stage, sender, handed_over, provider)
    sender.send.emit(LocalOnlyChanged(on=True))
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert "Stay on this computer" in stage.recorder.wait_for(StageFailed).title
    assert not provider.fetched
    sender.send.emit(LocalOnlyChanged(on=False))
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    handed_over.wait_for(Downloadable)


class Endless(Downloadable):
    """Its download goes on until somebody ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = threading.Event()

    def fetch(self, progress) -> None:
        try:
            while True:
                progress("more")
                time.sleep(0.005)
        finally:
            self.ended.set()


def test_local_only_ends_a_download_that_runs_and_those_that_wait(stage, sender, handed_over):
    provider, waiting = Endless(), Endless()
    start(stage, sender, handed_over, provider, language_models={"builtin": waiting})
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="builtin"))
    sender.send.emit(LocalOnlyChanged(on=True))
    assert "Stay on this computer" in stage.recorder.wait_for(StageFailed, 2).title
    assert provider.ended.is_set()
    assert not waiting.ended.is_set(), "it was never begun"
    ended = stage.recorder.all(FetchEnded)
    assert sorted(each.stage for each in ended) == ["llm", "stt"]
    assert not any(each.complete for each in ended)
    assert all("Stay on this computer" in each.title for each in ended)


def test_a_download_is_cancelled_in_words_of_its_stage_alone(stage, sender, handed_over, qtbot):
    provider = Endless()
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(CancelFetch(stage=TurnStage.LLM))
    qtbot.wait(50)
    assert not provider.ended.is_set()
    sender.send.emit(CancelFetch(stage=TurnStage.STT))
    assert not stage.recorder.wait_for(FetchEnded).complete
    assert not stage.recorder.all(StageFailed), "the user wanted it so"


def test_quitting_does_not_wait_for_a_download(stage, sender, handed_over):
    provider = Endless()
    start(stage, sender, handed_over, provider)
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    assert stage.threads.stop()
    assert provider.ended.is_set()


def test_a_language_model_is_fetched_by_its_name_and_warmed_up(stage, sender, handed_over):
    model = Downloadable()
    worker = EnginesWorker({}, language_models={"builtin": model})
    sender.send.connect(worker.handle)
    worker.warm_up.connect(handed_over.take)
    stage.start(worker)
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="nobody"))
    sender.send.emit(FetchModel(stage=TurnStage.LLM, engine="builtin"))
    assert handed_over.wait_for(WarmUp).reason == FETCHED
    assert model.fetched
    assert not model.loaded, "the language models' thread loads its own"
    ended = stage.recorder.wait_for(FetchEnded)
    assert (ended.stage, ended.complete) == ("llm", True)


# --- engines changed while Parley runs --------------------------------------------------------


def test_another_engine_is_loaded_and_handed_over_at_any_time(stage, sender, handed_over):
    first, second, third = FakeStt(), FakeStt(), FakeStt()
    start(stage, sender, handed_over, first)
    handed_over.wait_for(FakeStt)
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=second))
    handed_over.wait_for(FakeStt, 2)
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=third))
    handed_over.wait_for(FakeStt, 3)
    assert handed_over.all(FakeStt) == [first, second, third]
    assert third.loaded
    assert not first.closed, "its stage closes it, between turns"


def test_of_many_that_are_wanted_meanwhile_only_the_newest_is_loaded(stage, sender, handed_over):
    """A button that is held down wants another one every few milliseconds."""

    class Slow(FakeStt):
        def load(self):
            goes_on.wait(10)
            super().load()

    goes_on = threading.Event()
    first, many = Slow(), [FakeStt() for _ in range(5)]
    start(stage, sender, handed_over, first)
    for each in many:
        sender.send.emit(UseEngine(stage=TurnStage.STT, provider=each))
    goes_on.set()
    handed_over.wait_for(FakeStt, 2)
    assert handed_over.all(FakeStt) == [first, many[-1]]
    assert stage.threads.stop()
    assert [each.loaded for each in many] == [False, False, False, False, True]
    assert all(each.closed for each in many[:-1])


def test_one_that_is_not_here_leaves_the_old_one_serving_and_can_be_fetched(
    stage, sender, handed_over
):
    start(stage, sender, handed_over, FakeStt())
    handed_over.wait_for(FakeStt)
    wanted, other = Downloadable(), Downloadable()
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=other))
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=wanted))
    assert stage.recorder.wait_for(EngineMissing, 2).fetchable, "told again of another one"
    assert other.closed
    assert handed_over.all(Downloadable) == []
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    assert handed_over.wait_for(Downloadable) is wanted


def test_an_engine_is_changed_while_a_download_runs(stage, sender, handed_over):
    start(stage, sender, handed_over, Endless())
    sender.send.emit(FetchModel(stage=TurnStage.STT))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=FakeStt()))
    handed_over.wait_for(FakeStt)
    assert not stage.recorder.all(FetchEnded)


# --- models by name ---------------------------------------------------------------------------

TINY = ModelId(TurnStage.STT, "whisper", "somebody/tiny")
BASE = ModelId(TurnStage.STT, "whisper", "somebody/base")
VOICE = ModelId(TurnStage.TTS, "vits", "somebody/voice")


class FakeShelf:
    """Models that come when they are let in."""

    def __init__(self, *here: ModelId) -> None:
        self.here = list(here)
        self.parts: list[ModelId] = []
        self.begun: list[ModelId] = []
        self.ended: list[ModelId] = []
        self.deleted: list[ModelId] = []
        self.let_in: set[ModelId] = set()
        self.deaf = False
        """A download is inside a library that listens to nobody."""
        self.goes_on = threading.Event()

    def look(self) -> tuple[Stock, ...]:
        whole = [Stock(one, True, 10, 10) for one in self.here]
        parts = [Stock(one, False, 4) for one in self.parts if one not in self.here]
        return (*whole, *parts)

    def fetch(self, wanted: ModelId, progress) -> None:
        self.begun.append(wanted)
        self.parts.append(wanted)
        progress("begun")
        try:
            if self.deaf:
                self.goes_on.wait(10)
            while wanted not in self.let_in:
                progress("more")
                time.sleep(0.005)
            self.here.append(wanted)
        finally:
            self.ended.append(wanted)

    def delete(self, unwanted: ModelId, *, part_only: bool = False) -> None:
        self.deleted.append(unwanted)
        if not part_only and unwanted in self.here:
            self.here.remove(unwanted)
        if unwanted in self.parts:
            self.parts.remove(unwanted)


def shelve(stage, sender, shelf, chosen=None, handed_over=None):
    worker = EnginesWorker(chosen or {}, shelf=shelf, models=Chosen(stt=TINY))
    sender.send.connect(worker.interrupt, Qt.ConnectionType.DirectConnection)
    sender.send.connect(worker.handle)
    if handed_over:
        worker.stt_ready.connect(handed_over.take)
    stage.start(worker)


def fetch_of(one: ModelId) -> FetchModel:
    return FetchModel(stage=one.stage, engine=one.engine, model=one.model)


def stop_of(one: ModelId, *, discard: bool = False) -> CancelFetch:
    return CancelFetch(stage=one.stage, engine=one.engine, model=one.model, discard=discard)


def standings(recorder) -> dict[ModelId, OnDisk]:
    """Of the models that are here, as told last."""
    told = recorder.all(ModelsListed)
    shown = told[-1].cards if told else ()
    return {card.id: card.on_disk for card in shown if card.on_disk != OnDisk.ABSENT}


def test_the_models_are_listed_and_listed_again_when_others_are_chosen(stage, sender):
    shelf = FakeShelf(TINY)
    shelf.parts.append(VOICE)
    shelve(stage, sender, shelf)
    sender.send.emit(LookUpModels())
    listed = stage.recorder.wait_for(ModelsListed)
    assert standings(stage.recorder) == {TINY: OnDisk.HERE, VOICE: OnDisk.PAUSED}
    assert [card.id for card in listed.cards if card.in_use] == [TINY]
    sender.send.emit(ModelsChosen(chosen=Chosen(stt=BASE, voices={"en": VOICE.model})))
    listed = stage.recorder.wait_for(ModelsListed, 2)
    assert [card.id for card in listed.cards if card.in_use] == [VOICE, BASE]


def test_several_are_fetched_one_after_another(stage, sender, qtbot):
    shelf = FakeShelf()
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    sender.send.emit(fetch_of(VOICE))
    sender.send.emit(fetch_of(VOICE))
    waiting = stage.recorder
    qtbot.waitUntil(lambda: any(e.waiting for e in waiting.all(FetchProgressed)))
    assert shelf.begun == [TINY]
    shelf.let_in = {TINY, VOICE}
    first, second = waiting.wait_for(FetchEnded), waiting.wait_for(FetchEnded, 2)
    assert (first.model, first.complete) == (TINY.model, True)
    assert (second.model, second.engine, second.complete) == (VOICE.model, "vits", True)
    assert shelf.begun == [TINY, VOICE], "the same one is not fetched twice"
    qtbot.waitUntil(lambda: set(standings(waiting)) == {TINY, VOICE})


def test_one_is_paused_and_the_next_goes_on(stage, sender, qtbot):
    shelf = FakeShelf()
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    sender.send.emit(fetch_of(BASE))
    sender.send.emit(fetch_of(VOICE))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(stop_of(TINY))
    sender.send.emit(stop_of(BASE))
    shelf.let_in = {VOICE}
    ended = [stage.recorder.wait_for(FetchEnded, count) for count in (1, 2, 3)]
    assert [(each.model, each.complete) for each in ended] == [
        (TINY.model, False),
        (BASE.model, False),
        (VOICE.model, True),
    ]
    assert not any(each.title for each in ended), "the user wanted it so"
    assert BASE not in shelf.begun
    qtbot.waitUntil(lambda: standings(stage.recorder) == {TINY: OnDisk.PAUSED, VOICE: OnDisk.HERE})
    shelf.let_in.add(TINY)
    sender.send.emit(fetch_of(TINY))
    assert stage.recorder.wait_for(FetchEnded, 4).complete


def test_cancelled_is_thrown_away(stage, sender):
    shelf = FakeShelf()
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(stop_of(TINY, discard=True))
    stage.recorder.wait_for(FetchEnded)
    stage.recorder.wait_for(ModelsListed)
    assert shelf.parts == []


def test_a_library_that_listens_to_nobody_is_left_behind(stage, sender, qtbot):
    shelf = FakeShelf()
    shelf.deaf = True
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(stop_of(TINY, discard=True))
    stage.recorder.wait_for(FetchEnded)  # within 5 s; the library would take 10
    assert shelf.ended == []
    # the next of the same model waits for it, since both would write the same files
    sender.send.emit(fetch_of(TINY))
    qtbot.wait(100)
    assert shelf.begun == [TINY]
    shelf.let_in = {TINY}
    shelf.goes_on.set()
    qtbot.waitUntil(lambda: shelf.begun == [TINY, TINY])
    assert stage.recorder.wait_for(FetchEnded, 2).complete


@pytest.mark.parametrize("is_left", [False, True])
def test_one_that_is_cancelled_in_its_last_step_is_thrown_away(
    stage, sender, handed_over, qtbot, monkeypatch, is_left
):
    monkeypatch.setattr(downloads, "WIND_DOWN_S", 0.1 if is_left else 10.0)
    shelf, waits = FakeShelf(), Downloadable()
    shelf.deaf = True
    shelf.let_in = {TINY}  # it comes without asking any more
    shelve(stage, sender, shelf, {TurnStage.STT: waits}, handed_over)
    stage.recorder.wait_for(EngineMissing)
    waits.fetched = True  # it would load now
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(stop_of(TINY, discard=True))
    if is_left:
        stage.recorder.wait_for(FetchEnded)
    shelf.goes_on.set()
    qtbot.waitUntil(lambda: shelf.ended == [TINY])
    ended = stage.recorder.wait_for(FetchEnded)
    assert (ended.complete, ended.title) == (False, "")
    qtbot.waitUntil(lambda: (shelf.here, shelf.parts) == ([], []))
    assert handed_over.all(Downloadable) == []


def test_a_paused_one_that_is_whole_by_then_is_kept(stage, sender, monkeypatch):
    monkeypatch.setattr(downloads, "WIND_DOWN_S", 10.0)
    shelf = FakeShelf()
    shelf.deaf = True
    shelf.let_in = {TINY}
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(stop_of(TINY))
    shelf.goes_on.set()
    assert stage.recorder.wait_for(FetchEnded).complete
    assert shelf.here == [TINY]


def test_a_download_asked_for_and_cancelled_at_once_does_not_run(stage, sender):
    shelf = FakeShelf()
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    sender.send.emit(stop_of(TINY))
    assert not stage.recorder.wait_for(FetchEnded).complete
    assert shelf.here == []


def test_a_failed_one_says_why_with_its_name(stage, sender):
    class Failing(FakeShelf):
        def fetch(self, wanted, progress):
            raise ProviderUnavailable("It stopped.", "Try again.")

    shelve(stage, sender, Failing())
    sender.send.emit(fetch_of(BASE))
    ended = stage.recorder.wait_for(FetchEnded)
    assert (ended.model, ended.title, ended.hint) == (BASE.model, "It stopped.", "Try again.")


def test_a_fetched_model_is_loaded_when_its_stage_waits_for_it(stage, sender, handed_over):
    class ByShelf(FakeStt):
        def load(self):
            if TINY not in shelf.here:
                raise ProviderUnavailable("The speech model is not here.", "Download it.")
            super().load()

    shelf = FakeShelf()
    shelf.let_in = {TINY}
    shelve(stage, sender, shelf, {TurnStage.STT: ByShelf()}, handed_over)
    stage.recorder.wait_for(EngineMissing)
    sender.send.emit(fetch_of(TINY))
    handed_over.wait_for(ByShelf)
    assert stage.recorder.wait_for(FetchEnded).complete


def test_a_model_is_deleted_with_its_download(stage, sender, qtbot):
    shelf = FakeShelf(BASE)
    shelve(stage, sender, shelf)
    sender.send.emit(DeleteModel(stage=BASE.stage, engine=BASE.engine, model=BASE.model))
    stage.recorder.wait_for(ModelsListed)
    assert standings(stage.recorder) == {}
    sender.send.emit(DeleteModel(model="phi3:mini"))  # Ollama's, and nobody's here
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(DeleteModel(stage=TINY.stage, engine=TINY.engine, model=TINY.model))
    assert not stage.recorder.wait_for(FetchEnded).complete
    qtbot.waitUntil(lambda: TINY not in shelf.parts)


def test_nothing_is_deleted_while_it_is_written(stage, sender, qtbot):
    shelf = FakeShelf(BASE)
    shelf.deaf = True
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(DeleteModel(stage=TINY.stage, engine=TINY.engine, model=TINY.model))
    sender.send.emit(DeleteModel(stage=BASE.stage, engine=BASE.engine, model=BASE.model))
    stage.recorder.wait_for(FetchEnded)  # it was left behind
    qtbot.waitUntil(lambda: shelf.here == [])
    assert shelf.deleted == [BASE], "nobody writes that one"
    shelf.let_in = {TINY}
    shelf.goes_on.set()
    qtbot.waitUntil(lambda: TINY in shelf.deleted)
    assert shelf.ended == [TINY]
    qtbot.waitUntil(lambda: (shelf.here, shelf.parts) == ([], []))


def test_one_that_is_wanted_again_is_not_deleted(stage, sender, qtbot):
    shelf = FakeShelf()
    shelf.deaf = True
    shelve(stage, sender, shelf)
    sender.send.emit(fetch_of(TINY))
    stage.recorder.wait_for(FetchProgressed)
    sender.send.emit(DeleteModel(stage=TINY.stage, engine=TINY.engine, model=TINY.model))
    stage.recorder.wait_for(FetchEnded)
    sender.send.emit(fetch_of(TINY))
    shelf.let_in = {TINY}
    shelf.goes_on.set()
    assert stage.recorder.wait_for(FetchEnded, 2).complete
    sender.send.emit(fetch_of(BASE))
    sender.send.emit(stop_of(BASE, discard=True))
    stage.recorder.wait_for(FetchEnded, 3)
    told = len(stage.recorder.all(ModelsListed))
    sender.send.emit(LookUpModels())
    stage.recorder.wait_for(ModelsListed, told + 1)
    sender.send.emit(LookUpModels())
    stage.recorder.wait_for(ModelsListed, told + 2)
    assert standings(stage.recorder) == {TINY: OnDisk.HERE}


def test_the_one_in_use_gives_way_to_the_stand_in_at_once(stage, sender, handed_over):
    """As dispatch asks for it: a stand-in first, then the deletion, then the chosen one again."""
    chosen, stand_in = FakeStt(), FakeStt(stand_in=True)
    shelf = FakeShelf(TINY)
    shelve(stage, sender, shelf, {TurnStage.STT: chosen}, handed_over)
    handed_over.wait_for(FakeStt)
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=stand_in))
    sender.send.emit(DeleteModel(stage=TINY.stage, engine=TINY.engine, model=TINY.model))
    sender.send.emit(UseEngine(stage=TurnStage.STT, provider=Downloadable()))
    assert stage.recorder.wait_for(EngineMissing).fetchable
    assert handed_over.all(FakeStt) == [chosen, stand_in]
    assert shelf.here == []


def test_under_local_only_the_list_says_why_nothing_can_be_had(stage, sender):
    shelve(stage, sender, FakeShelf())
    sender.send.emit(LocalOnlyChanged(on=True))
    sender.send.emit(LookUpModels())
    assert "Stay on this computer" in stage.recorder.wait_for(ModelsListed).blocked


def test_the_list_is_told_again_when_local_only_changes(stage, sender):
    shelve(stage, sender, FakeShelf())
    sender.send.emit(LocalOnlyChanged(on=True))
    assert "Stay on this computer" in stage.recorder.wait_for(ModelsListed).blocked
    sender.send.emit(LocalOnlyChanged(on=False))
    assert stage.recorder.wait_for(ModelsListed, 2).blocked == ""
