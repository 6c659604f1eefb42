"""Several workers wired as in bootstrap: whatever breaks, the turn ends and the key works again."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt

from app.core.conversation import Conversation
from app.core.events import (
    AskText,
    AudioChunk,
    EngineReady,
    FinishListening,
    Outcome,
    StageFailed,
    StartListening,
    TurnEnded,
)
from app.core.prompt import Prompt
from app.settings import EndpointingSettings, TalkSettings
from app.workers.conversation import ConversationWorker
from app.workers.listener import ListenerWorker
from app.workers.llm import LlmWorker
from app.workers.player import PlayerWorker
from app.workers.relay import Model
from app.workers.stt import SttWorker
from app.workers.tts import TtsWorker
from tests.fakes import FakeInput, FakeLlm, FakeOutput, FakeStt, FakeSttSession, FakeTts, FakeVad
from tests.workers.conftest import Recorder


def conversation() -> ConversationWorker:
    prompt = Prompt(persona="", mode="fast", history_turns=1, context_tokens=1000)
    return ConversationWorker(Conversation(prompt=prompt, wall_clock=lambda: 0.0))


def test_when_no_engine_can_hear_the_microphone_is_closed(stage, sender, qtbot):
    class DyingSession(FakeSttSession):
        def feed(self, audio):
            raise RuntimeError("the decoder died")

    class Dying(FakeStt):
        def start(self, language):
            return DyingSession([], "en", False)

    conv = conversation()
    listener = ListenerWorker(FakeInput(), FakeVad(), TalkSettings(), EndpointingSettings())
    stt = SttWorker(Dying(stand_in=True), None)
    recorded, failures = Recorder(qtbot), Recorder(qtbot)
    sender.send.connect(conv.handle)
    conv.to_listener.connect(listener.handle)
    listener.speech.connect(stt.handle)
    listener.speech.connect(recorded.take)
    listener.happened.connect(conv.handle)
    stt.happened.connect(conv.handle)
    stt.happened.connect(failures.take)
    for worker in (listener, stt, conv):
        stage.start(worker)
    stage.recorder.wait_for(EngineReady, 2)

    sender.send.emit(StartListening())
    assert stage.recorder.wait_for(TurnEnded).outcome == Outcome.FAILED
    sender.send.emit(FinishListening())
    qtbot.wait(100)
    chunks = len(recorded.all(AudioChunk))
    qtbot.wait(400)
    assert len(recorded.all(AudioChunk)) == chunks
    assert len(failures.all(StageFailed)) == 1


def test_what_no_voice_could_say_was_not_heard(stage, sender):
    conv = conversation()
    output = FakeOutput()
    llm = LlmWorker(
        [Model(FakeLlm("It is noon."), "The model")], FakeLlm(stand_in=True), certain=None
    )
    tts = TtsWorker(FakeTts(stand_in=True, fails=True))
    player = PlayerWorker(output, np.ones(160, np.float32), 16_000)
    sender.send.connect(conv.handle)
    conv.to_llm.connect(llm.handle, Qt.ConnectionType.DirectConnection)
    conv.to_tts.connect(tts.handle)
    conv.to_player.connect(player.handle)
    tts.speech.connect(player.handle)
    for worker in (llm, tts, player):
        worker.happened.connect(conv.handle)
    for worker in (llm, tts, player, conv):
        stage.start(worker)
    stage.recorder.wait_for(EngineReady)
    sender.send.emit(AskText(text="what time is it"))
    ended = stage.recorder.wait_for(TurnEnded)
    assert (ended.outcome, ended.heard) == (Outcome.FAILED, "")
    assert output.played_s == 0
