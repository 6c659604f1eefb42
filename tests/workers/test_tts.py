from __future__ import annotations

import numpy as np
import pytest

from app.core.events import (
    ClauseStarted,
    EngineReady,
    FinishSpeech,
    PrepareClause,
    SpeakClause,
    SpeechChunk,
    SpeechEnded,
    SpeechSynthesized,
    StageFailed,
    StageStarted,
)
from app.core.turn import Turn
from app.workers.tts import PREPARED_S, TtsWorker
from tests.fakes import FakeTts


def start(stage, sender, speech, stand_in=None):
    worker = TtsWorker(stand_in or FakeTts(stand_in=True))
    sender.send.connect(worker.handle)
    worker.speech.connect(speech.take)
    stage.start(worker)
    stage.recorder.wait_for(EngineReady)
    return worker


def say(sender, turn, *clauses, language="en"):
    for index, text in enumerate(clauses):
        sender.send.emit(
            SpeakClause(turn_id=turn.id, turn=turn, index=index, text=text, language=language)
        )
    sender.send.emit(FinishSpeech(turn_id=turn.id, turn=turn))


def test_clauses_become_samples_in_order(stage, sender, speech):
    start(stage, sender, speech)
    say(sender, Turn(1, "voice"), "It is noon.", " Have lunch.")
    speech.wait_for(SpeechEnded)
    kinds = [type(event) for event in speech.events]
    assert kinds[0] is ClauseStarted
    assert kinds[-1] is SpeechEnded
    assert [c.text for c in speech.all(ClauseStarted)] == ["It is noon.", " Have lunch."]
    made = stage.recorder.wait_for(SpeechSynthesized, 2)
    chunks = [c for c in speech.all(SpeechChunk) if c.index == made.index]
    seconds = sum(len(c.audio) for c in chunks) / chunks[0].sample_rate
    assert seconds == pytest.approx(made.duration_s)
    assert len(stage.recorder.all(StageStarted)) == 1


def test_what_is_shown_is_not_what_is_said(stage, sender, speech):
    voice = FakeTts(stand_in=True)
    start(stage, sender, speech, voice)
    say(sender, Turn(1, "voice"), "It costs **5** euros.")
    speech.wait_for(SpeechEnded)
    assert voice.spoken == ["It costs five euros."]
    assert speech.all(ClauseStarted)[0].text == "It costs **5** euros."


def test_a_clause_with_nothing_to_say_makes_no_sound(stage, sender, speech):
    start(stage, sender, speech)
    say(sender, Turn(1, "voice"), "***")
    speech.wait_for(SpeechEnded)
    assert not speech.all(SpeechChunk)


def test_a_language_the_voice_lacks_is_spoken_by_the_stand_in(stage, sender, speech):
    stand_in = FakeTts(stand_in=True, languages=("en", "fr"))
    worker = start(stage, sender, speech, stand_in)
    voice = FakeTts(languages=("en",))
    worker.adopt(voice)
    say(sender, Turn(1, "voice"), "Il est midi.", language="fr")
    speech.wait_for(SpeechEnded)
    assert stand_in.spoken
    assert not voice.spoken


def test_a_voice_that_fails_is_replaced_and_the_words_are_said(stage, sender, speech):
    stand_in = FakeTts(stand_in=True)
    worker = start(stage, sender, speech, stand_in)
    worker.adopt(FakeTts(fails=True))
    say(sender, Turn(1, "voice"), "It is noon.", " Have lunch.")
    speech.wait_for(SpeechEnded)
    assert stand_in.spoken == ["It is noon.", "Have lunch."]
    assert len(stage.recorder.all(StageFailed)) == 1
    assert stage.recorder.all(StageStarted)[-1].engine.stand_in


def test_cancelled_turns_are_not_spoken(stage, sender, speech):
    voice = FakeTts(stand_in=True)
    start(stage, sender, speech, voice)
    turn = Turn(1, "voice")
    turn.token.cancel("stop")
    say(sender, turn, "Never.")
    speech.wait_for(SpeechEnded)
    assert not voice.spoken


def test_cancelling_stops_in_the_middle_of_a_clause(stage, sender, speech):
    class Endless(FakeTts):
        def synthesize(self, text, language):
            while True:
                turn.token.cancel("barge-in")
                yield np.zeros(800, np.float32)

    turn = Turn(1, "voice")
    start(stage, sender, speech, Endless(stand_in=True))
    say(sender, turn, "Never ending.")
    speech.wait_for(SpeechEnded)
    assert not speech.all(SpeechChunk)
    assert not stage.recorder.all(StageFailed)


def test_a_better_voice_waits_for_the_next_reply(stage, sender, speech):
    first = FakeTts(stand_in=True)
    worker = start(stage, sender, speech, first)
    turn = Turn(1, "voice")
    sender.send.emit(SpeakClause(turn_id=1, turn=turn, index=0, text="One.", language="en"))
    stage.recorder.wait_for(SpeechSynthesized)
    better = FakeTts()
    worker.adopt(better)
    say(sender, turn, "Two.")
    speech.wait_for(SpeechEnded)
    assert not better.spoken
    say(sender, Turn(2, "voice"), "Three.")
    speech.wait_for(SpeechEnded, 2)
    assert better.spoken == ["Three."]


def test_a_voice_that_dies_in_the_middle_of_a_clause_does_not_say_it_twice(stage, sender, speech):
    class Half(FakeTts):
        def synthesize(self, text, language):
            pieces = super().synthesize(text, language)
            yield next(pieces)
            raise RuntimeError("out of memory")

    stand_in = FakeTts(stand_in=True)
    worker = start(stage, sender, speech, stand_in)
    worker.adopt(Half())
    say(sender, Turn(1, "voice"), "It is noon and time to eat.", " Have lunch.")
    speech.wait_for(SpeechEnded)
    assert stand_in.spoken == ["Have lunch."]


# --- a clause of a draft ------------------------------------------------------------------

LONG = "It is noon in Paris and in the whole of France, as it is in Spain and in Italy."


class CountingTts(FakeTts):
    """Counts the pieces it has made, and whether it was let go of."""

    def __init__(self, **options):
        super().__init__(**options)
        self.pieces = 0
        self.let_go = 0

    def synthesize(self, text, language):
        try:
            for audio in super().synthesize(text, language):
                self.pieces += 1
                yield audio
        finally:
            self.let_go += 1


def prepare(sender, turn, text):
    sender.send.emit(PrepareClause(turn_id=turn.id, turn=turn, text=text, language="en"))


def test_a_prepared_clause_makes_no_sound_until_it_is_spoken_and_is_made_once(
    stage, sender, speech, qtbot
):
    voice = CountingTts(stand_in=True)
    start(stage, sender, speech, voice)
    turn = Turn(1, "voice")
    prepare(sender, turn.branch(), LONG)
    qtbot.waitUntil(lambda: voice.pieces * voice.PIECE_S >= PREPARED_S)
    qtbot.wait(50)
    assert voice.pieces * voice.PIECE_S < PREPARED_S + voice.PIECE_S, "only its beginning is made"
    assert not speech.events
    assert not stage.recorder.all(StageStarted)
    say(sender, turn, LONG)
    speech.wait_for(SpeechEnded)
    assert voice.spoken == [LONG]
    told = np.concatenate([chunk.audio for chunk in speech.all(SpeechChunk)])
    assert np.array_equal(told, np.concatenate(list(FakeTts().synthesize(LONG, "en"))))


@pytest.mark.parametrize("turn_id", [1, 2])
def test_a_clause_that_was_prepared_in_vain_is_never_heard(stage, sender, speech, qtbot, turn_id):
    voice = CountingTts(stand_in=True)
    start(stage, sender, speech, voice)
    prepare(sender, Turn(1, "voice").branch(), LONG)
    qtbot.waitUntil(lambda: voice.pieces > 0)
    other = "It is one."
    say(sender, Turn(turn_id, "voice"), other)
    speech.wait_for(SpeechEnded)
    told = np.concatenate([chunk.audio for chunk in speech.all(SpeechChunk)])
    assert np.array_equal(told, np.concatenate(list(FakeTts().synthesize(other, "en"))))
    assert voice.let_go == 2, "the voice is free again"


def test_a_draft_that_was_given_up_is_not_prepared(stage, sender, speech):
    voice = CountingTts(stand_in=True)
    start(stage, sender, speech, voice)
    branch = Turn(1, "voice").branch()
    branch.token.cancel("more was said")
    prepare(sender, branch, LONG)
    say(sender, Turn(2, "voice"), "It is one.")
    speech.wait_for(SpeechEnded)
    assert voice.spoken == ["It is one."]


def test_a_voice_that_fails_on_a_draft_is_reported_when_it_matters(stage, sender, speech):
    stand_in = FakeTts(stand_in=True)
    worker = start(stage, sender, speech, stand_in)
    worker.adopt(FakeTts(fails=True))
    turn = Turn(1, "voice")
    prepare(sender, turn.branch(), LONG)
    say(sender, turn, LONG)
    speech.wait_for(SpeechEnded)
    assert stand_in.spoken == [LONG]
    assert len(stage.recorder.all(StageFailed)) == 1


def test_a_clause_that_is_wanted_now_waits_for_one_piece_at_most(stage, sender, speech):
    voice = CountingTts(stand_in=True)
    start(stage, sender, speech, voice)
    turn = Turn(1, "voice")
    # Both wait in the queue when the first is taken.
    prepare(sender, turn.branch(), LONG)
    say(sender, turn, LONG)
    speech.wait_for(SpeechEnded)
    assert voice.spoken == [LONG]
    told = np.concatenate([chunk.audio for chunk in speech.all(SpeechChunk)])
    assert np.array_equal(told, np.concatenate(list(FakeTts().synthesize(LONG, "en"))))


def test_what_was_prepared_in_another_language_is_not_said(stage, sender, speech, qtbot):
    voice = CountingTts(stand_in=True, languages=("en", "de"))
    start(stage, sender, speech, voice)
    turn = Turn(1, "voice")
    prepare(sender, turn.branch(), "Paris.")
    qtbot.waitUntil(lambda: voice.pieces > 0)
    say(sender, turn, "Paris.", language="de")
    speech.wait_for(SpeechEnded)
    assert voice.spoken == ["Paris.", "Paris."]
