"""Replies read into a sound file, by the real built-in voice."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.audio.files import WavOutput
from app.audio.format import read_wav
from app.core.events import Notice, StageFailed
from app.core.history_events import ConversationsExported, ExportConversations
from app.core.ports import Audio, TtsProvider, TurnRecord
from app.errors import HistoryError, ProviderBroke, ProviderUnavailable
from app.history.store import SqliteHistory
from app.providers.tts.espeak import EspeakTts
from app.settings import EspeakSettings
from app.workers.speech_export import BETWEEN_REPLIES_S, SpeechExportWorker
from tests.fakes import FakeTts
from tests.support.turns import turn
from tests.workers.conftest import Sender, Stage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A history with one conversation: two replies, one that nobody heard, one cut short."""
    store = SqliteHistory(tmp_path / "history.sqlite")
    store.save(turn(1, reply_heard="It is noon.", outcome="replied"))
    store.save(turn(2, reply_heard="", outcome="interrupted"))
    store.save(turn(3, reply_generated="Shown, not spoken.", reply_heard="", outcome="replied"))
    store.save(turn(4, "nothing", conversation=1, reply_generated="", reply_heard=""))
    store.close()
    return tmp_path / "history.sqlite"


def espeak() -> EspeakTts:
    return EspeakTts(EspeakSettings(), Path(), 1.0)


def start(stage: Stage, sender: Sender, path: Path, *voices: TtsProvider) -> None:
    def read(session_id: int) -> Sequence[TurnRecord]:
        store = SqliteHistory(path)
        try:
            return store.records(session_id)
        finally:
            store.close()

    worker = SpeechExportWorker(lambda: voices, read, WavOutput)
    sender.send.connect(worker.handle)
    stage.start(worker)


def quiet_s(audio: Audio, rate: int) -> float:
    """The longest silence between two sounds."""
    loud = np.flatnonzero(np.abs(audio) > 0.004)
    return float(np.diff(loud).max()) / rate


def test_the_replies_sound_one_after_another(
    stage: Stage, sender: Sender, path: Path, tmp_path: Path
) -> None:
    start(stage, sender, path, espeak())
    out = tmp_path / "out.wav"
    sender.send.emit(ExportConversations(path=str(out), format="wav", session_id=1))
    done = stage.recorder.wait_for(ConversationsExported, timeout_ms=20_000)
    assert (done.path, done.turns) == (str(out), 2)
    audio, rate = read_wav(out)
    assert 1.0 < len(audio) / rate < 6.0
    assert BETWEEN_REPLIES_S <= quiet_s(audio, rate) < BETWEEN_REPLIES_S + 0.5


def test_a_voice_that_is_not_here_or_fails_is_replaced(
    stage: Stage, sender: Sender, path: Path, tmp_path: Path
) -> None:
    class Absent(FakeTts):
        def load(self) -> None:
            raise ProviderUnavailable("There is no such voice.")

    class Breaking(FakeTts):
        def synthesize(self, text: str, language: str) -> Iterator[Audio]:
            raise ProviderBroke("The voice broke.")
            yield

    breaking, last = Breaking(), FakeTts(stand_in=True)
    start(stage, sender, path, Absent(), breaking, last)
    out = tmp_path / "out.wav"
    sender.send.emit(ExportConversations(path=str(out), format="wav", session_id=1))
    stage.recorder.wait_for(ConversationsExported)
    assert last.spoken == ["It is noon.", "Shown, not spoken."]
    assert breaking.closed
    assert last.closed


@pytest.mark.parametrize(
    ("session_id", "name"), [(2, "out.wav"), (99, "out.wav"), (None, "out.wav"), (1, "no/x.wav")]
)
def test_what_cannot_be_made_is_said(
    stage: Stage, sender: Sender, path: Path, tmp_path: Path, session_id: int | None, name: str
) -> None:
    start(stage, sender, path, FakeTts())
    out = tmp_path / name
    sender.send.emit(ExportConversations(path=str(out), format="wav", session_id=session_id))
    assert stage.recorder.wait_for(Notice).hint
    assert stage.recorder.all(StageFailed) == []
    assert not out.exists()


def test_other_formats_and_trouble_with_the_history(
    stage: Stage, sender: Sender, tmp_path: Path
) -> None:
    def read(session_id: int) -> Sequence[TurnRecord]:
        raise HistoryError("Another program is using the history.", "Try again in a moment.")

    worker = SpeechExportWorker(lambda: [FakeTts()], read, WavOutput)
    sender.send.connect(worker.handle)
    stage.start(worker)
    sender.send.emit(ExportConversations(path=str(tmp_path / "x.md"), format="markdown"))
    out = tmp_path / "out.wav"
    sender.send.emit(ExportConversations(path=str(out), format="wav", session_id=1))
    assert "Another program" in stage.recorder.wait_for(Notice).title
    assert list(tmp_path.iterdir()) == []


def test_it_ends_with_parley_and_leaves_no_half_file(
    qtbot: QtBot, sender: Sender, path: Path, tmp_path: Path
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(FakeTts):
        def synthesize(self, text: str, language: str) -> Iterator[Audio]:
            begun.set()
            go_on.wait(10)
            yield from super().synthesize(text, language)

    stage, voice = Stage(qtbot), Slow()
    start(stage, sender, path, voice)
    out = tmp_path / "out.wav"
    sender.send.emit(ExportConversations(path=str(out), format="wav", session_id=1))
    assert begun.wait(10)
    threading.Timer(0.1, go_on.set).start()
    assert stage.threads.stop()
    assert voice.spoken == ["It is noon."]
    assert voice.closed
    assert not out.exists()
