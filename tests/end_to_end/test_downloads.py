"""Downloads through everything Parley has: a hub on a real socket, real files, real threads.

What ends badly for others: a stall, a server that knows no ranges, a damaged file, a full disk, a
process that is killed. A model that is not whole is never loaded and never offered as here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from pytestqt.qtbot import QtBot

from app.core.catalogue import ModelId
from app.core.events import (
    CancelFetch,
    DeleteModel,
    EngineMissing,
    Event,
    FetchEnded,
    FetchModel,
    FetchProgressed,
    UseEngine,
)
from app.core.model_cards import Card, Chosen, OnDisk
from app.core.model_events import LookUpModels, ModelsListed
from app.core.ports import Stage as TurnStage
from app.paths import Paths
from app.providers import hub as hubs
from app.providers.shelf import ModelShelf
from app.providers.tts.vits import VitsTts
from app.settings import VitsSettings
from app.workers.engines import EnginesWorker
from app.workers.threads import Threads
from tests.support.hub import Hub, serve_hub
from tests.support.parley_process import ROOT, write_settings
from tests.support.tiny_vits import make_tiny_vits
from tests.support.watcher import Watcher

VOICE = ModelId(TurnStage.TTS, "vits", "facebook/mms-tts-eng")
SPEECH = ModelId(TurnStage.STT, "whisper", "Systran/faster-whisper-medium")
BIG = 3_000_000
LONG_BEFORE_A_STALL_MS = 8_000
"""A cancel that waited for the network would take `hubs.STALL_S`."""


class Sender(QObject):
    send = Signal(object)


class Downloader:
    """The engines' thread with a real shelf, and what it told."""

    def __init__(self, qtbot: QtBot, models_dir: Path) -> None:
        self.qtbot = qtbot
        self.shelf = ModelShelf(models_dir)
        self.models_dir = models_dir
        self.told, self.voices = Watcher(qtbot), Watcher(qtbot)
        self.options = VitsSettings(voices={"en": VOICE.model}, device="cpu")
        worker = EnginesWorker(
            {TurnStage.TTS: self.voice()},
            shelf=self.shelf,
            models=Chosen(stt=SPEECH, voices={"en": VOICE.model}),
            surroundings=lambda: (hubs.why_offline(), hubs.mirror(), hubs.free_bytes(models_dir)),
        )
        self._sender = Sender()
        self._sender.send.connect(worker.interrupt, Qt.ConnectionType.DirectConnection)
        self._sender.send.connect(worker.handle)
        worker.happened.connect(self.told.watch)
        worker.tts_ready.connect(self.voices.watch)
        self._worker = worker
        self.threads = Threads()
        self.threads.add(worker)
        self.threads.start()

    def voice(self) -> VitsTts:
        return VitsTts(self.options, self.models_dir, 1.0)

    def send(self, event: Event) -> None:
        self._sender.send.emit(event)

    def fetch(self, one: ModelId) -> None:
        self.send(FetchModel(stage=one.stage, engine=one.engine, model=one.model))

    def stop(self, one: ModelId, *, discard: bool = False) -> None:
        self.send(CancelFetch(stage=one.stage, engine=one.engine, model=one.model, discard=discard))

    def ended(self, one: ModelId, *, timeout_ms: int = 20_000) -> FetchEnded:
        """The end of the download that is next to end."""
        before = len(self.all_ended(one))
        self.qtbot.waitUntil(lambda: len(self.all_ended(one)) > before, timeout=timeout_ms)
        return self.all_ended(one)[before]

    def all_ended(self, one: ModelId) -> list[FetchEnded]:
        ended = [event for event in self.told.events if isinstance(event, FetchEnded)]
        return [event for event in ended if event.model == one.model]

    def card(self, one: ModelId) -> Card:
        """How the model stands, looked up now."""
        before = sum(isinstance(event, ModelsListed) for event in self.told.events)
        self.send(LookUpModels())

        def lists() -> list[ModelsListed]:
            return [event for event in self.told.events if isinstance(event, ModelsListed)]

        self.qtbot.waitUntil(lambda: len(lists()) > before)
        return next(card for card in lists()[-1].cards if card.id == one)

    def arrived(self, one: ModelId, size: int) -> None:
        """Wait until so many bytes have come."""

        def enough() -> bool:
            return any(
                isinstance(event, FetchProgressed)
                and event.model == one.model
                and event.done_bytes >= size
                for event in self.told.events
            )

        self.qtbot.waitUntil(enough, timeout=10_000)


@pytest.fixture(scope="module")
def published_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("published") / "voice", sample_rate=16_000)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, published_voice: Path) -> Iterator[Hub]:
    speech = tmp_path / "speech"
    speech.mkdir()
    (speech / "model.bin").write_bytes(os.urandom(BIG))
    for name in ("config.json", "tokenizer.json"):
        (speech / name).write_text("{}")
    with serve_hub(monkeypatch) as hub:
        hub.models |= {VOICE.model: published_voice, SPEECH.model: speech}
        yield hub


@pytest.fixture
def downloader(qtbot: QtBot, hub: Hub, tmp_path: Path) -> Iterator[Downloader]:
    downloader = Downloader(qtbot, tmp_path / "models")
    yield downloader
    assert downloader.threads.stop()


def test_a_voice_comes_is_checked_loaded_and_handed_over_and_can_go_again(
    downloader: Downloader,
) -> None:
    missing = downloader.told.wait_for(EngineMissing)
    assert missing.fetchable
    downloader.fetch(VOICE)
    assert downloader.ended(VOICE).complete
    loaded = downloader.voices.events[0]
    assert isinstance(loaded, VitsTts)
    assert sum(len(piece) for piece in loaded.synthesize("hello there", "en")) > 1000
    assert downloader.card(VOICE).on_disk == OnDisk.HERE
    # what is deleted is missed at once by whoever is chosen next
    downloader.send(DeleteModel(stage=VOICE.stage, engine=VOICE.engine, model=VOICE.model))
    downloader.send(UseEngine(stage=TurnStage.TTS, provider=downloader.voice()))
    downloader.qtbot.waitUntil(
        lambda: sum(isinstance(event, EngineMissing) for event in downloader.told.events) == 2
    )
    assert downloader.card(VOICE).on_disk == OnDisk.ABSENT
    assert sum(len(piece) for piece in loaded.synthesize("still here", "en")) > 1000
    loaded.close()


def test_a_damaged_voice_is_neither_loaded_nor_offered(downloader: Downloader, hub: Hub) -> None:
    downloader.told.wait_for(EngineMissing)
    hub.wrong_hash = True
    downloader.fetch(VOICE)
    ended = downloader.ended(VOICE)
    assert not ended.complete
    assert "arrived damaged: the checksum of" in ended.title
    assert "thrown away" in ended.hint
    assert downloader.voices.events == []
    assert downloader.card(VOICE).on_disk == OnDisk.ABSENT
    hub.wrong_hash = False
    downloader.fetch(VOICE)
    assert downloader.ended(VOICE).complete
    downloader.qtbot.waitUntil(lambda: len(downloader.voices.events) == 1)


@pytest.mark.parametrize("trouble", ["stalls", "is connecting", "is slow"])
def test_a_download_is_cancelled_at_once_whatever_it_does(
    downloader: Downloader, hub: Hub, trouble: str
) -> None:
    if trouble == "stalls":
        hub.hang_after = 1_000_000
    elif trouble == "is connecting":
        hub.silent = True
    else:
        hub.bytes_per_s = 500_000
    downloader.fetch(SPEECH)
    downloader.told.wait_for(FetchProgressed)
    if trouble == "stalls":
        downloader.arrived(SPEECH, 900_000)
    downloader.stop(SPEECH, discard=True)
    assert not downloader.ended(SPEECH, timeout_ms=LONG_BEFORE_A_STALL_MS).complete
    assert downloader.card(SPEECH).on_disk == OnDisk.ABSENT
    # and the next one is not held up by it
    hub.silent, hub.hang_after, hub.bytes_per_s = False, None, 0.0
    downloader.fetch(SPEECH)
    assert downloader.ended(SPEECH).complete


def test_a_stall_ends_with_words_and_is_gone_on_with(
    downloader: Downloader, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "STALL_S", 0.8)
    hub.hang_after = 1_000_000
    downloader.fetch(SPEECH)
    ended = downloader.ended(SPEECH)
    assert "nothing came for 1 s" in ended.title
    assert "goes on where it stopped" in ended.hint
    card = downloader.card(SPEECH)
    assert card.on_disk == OnDisk.PAUSED
    assert 900_000 < card.here_bytes <= 1_000_100
    hub.hang_after = None
    downloader.fetch(SPEECH)
    assert downloader.ended(SPEECH).complete
    assert hub.asked_for("model.bin")[-1].startswith("bytes=9")


def test_paused_by_one_run_and_gone_on_with_by_the_next_without_ranges(
    downloader: Downloader, hub: Hub
) -> None:
    hub.bytes_per_s = 1_500_000
    downloader.fetch(SPEECH)
    downloader.fetch(VOICE)
    downloader.arrived(SPEECH, 400_000)
    downloader.stop(SPEECH)
    assert not downloader.ended(SPEECH).complete
    hub.bytes_per_s = 0.0
    assert downloader.ended(VOICE).complete, "the one behind it goes on"
    assert downloader.threads.stop()
    next_run = Downloader(downloader.qtbot, downloader.models_dir)
    try:
        card = next_run.card(SPEECH)
        assert (card.on_disk, card.here_bytes >= 400_000) == (OnDisk.PAUSED, True)
        hub.ignores_range = True
        next_run.fetch(SPEECH)
        assert next_run.ended(SPEECH).complete
        assert next_run.card(SPEECH).on_disk == OnDisk.HERE
    finally:
        assert next_run.threads.stop()


def test_a_disk_without_room_is_told_before_the_first_byte(
    downloader: Downloader, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "free_bytes", lambda folder: 1_000_000)
    downloader.fetch(SPEECH)
    ended = downloader.ended(SPEECH)
    assert "3.0 MB are still to come, and 1.0 MB are free" in ended.title
    assert hub.asked_for("model.bin") == []


def test_a_process_that_is_killed_leaves_a_part_that_is_gone_on_with(
    downloader: Downloader, hub: Hub, tmp_path: Path
) -> None:
    """kill -9 in the middle, at no particular moment."""
    profile = tmp_path / "profile"
    write_settings(profile, f'[stt.whisper]\nmodel = "{SPEECH.model}"\n')
    hub.bytes_per_s = 600_000
    process = subprocess.Popen(
        [sys.executable, "main.py", "--profile", str(profile), "fetch", "stt"],
        cwd=ROOT,
        env={**os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    models_dir = Paths.under(profile).models_dir
    shelf = ModelShelf(models_dir)

    def has_come() -> bool:
        return any(stock.id == SPEECH and stock.size_bytes > 300_000 for stock in shelf.look())

    try:
        downloader.qtbot.waitUntil(has_come, timeout=40_000)
    finally:
        process.kill()
        process.wait()
    (stock,) = shelf.look()
    assert not stock.whole
    hub.bytes_per_s = 0.0
    hub.requests.clear()
    shelf.fetch(SPEECH, lambda line: None)
    (asked,) = hub.asked_for("model.bin")
    assert int(asked.removeprefix("bytes=").removesuffix("-")) > 200_000
    (stock,) = shelf.look()
    assert stock.whole
    here = next(models_dir.rglob("model.bin")).read_bytes()
    assert here == (hub.models[SPEECH.model] / "model.bin").read_bytes()
