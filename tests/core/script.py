"""A conversation under test: events in, and everything that came out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from app.core.conversation import Conversation
from app.core.events import (
    Event,
    FinalTranscript,
    FinishListening,
    GenerateReply,
    OpenUtterance,
    PlaybackEnded,
    PlaybackStarted,
    ReplyDelta,
    ReplyEnded,
    SentenceReady,
    StageStarted,
    StartListening,
    UtteranceEnded,
)
from app.core.ports import Engine, Stage, Transcript
from app.core.prompt import Prompt

E = TypeVar("E", bound=Event)

OLLAMA = Engine(Stage.LLM, "ollama", "phi3:mini", device="server")
GROQ = Engine(Stage.LLM, "groq", "llama", device="server", local=False)


class Script:
    """A conversation and everything that came out of it."""

    def __init__(self, *, history_turns: int = 4, context_tokens: int = 4096) -> None:
        prompt = Prompt(
            persona="Be brief.", history_turns=history_turns, context_tokens=context_tokens
        )
        self.conversation = Conversation(prompt=prompt, wall_clock=lambda: 1000.0)
        self.out: list[Event] = []

    def play(self, *events: Event) -> Sequence[Event]:
        """Feed events; return what came out of these."""
        out = [result for event in events for result in self.conversation.handle(event)]
        self.out += out
        return out

    def last(self, kind: type[E]) -> E:
        found = [event for event in self.out if isinstance(event, kind)]
        assert found, f"no {kind.__name__} came out"
        return found[-1]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.out if isinstance(event, kind)]

    @property
    def state(self) -> str:
        return self.conversation.state

    def speak(self, text: str, at: float = 0.0) -> int:
        """Hold the key, say something, let go; returns the turn's id."""
        self.play(StartListening(at=at), FinishListening(at=at + 1))
        turn = self.last(OpenUtterance).turn
        self.play(
            utterance_ended(turn, at=at + 1.05),
            FinalTranscript(turn_id=turn.id, transcript=Transcript(text, "en"), at=at + 1.1),
        )
        return turn.id

    def answer(self, *clauses: str) -> None:
        """The model replies, and the first clause is heard to begin."""
        turn_id = self.last(GenerateReply).turn_id
        self.play(StageStarted(turn_id=turn_id, stage=Stage.LLM, engine=OLLAMA))
        for index, clause in enumerate(clauses):
            self.play(
                ReplyDelta(turn_id=turn_id, text=clause),
                SentenceReady(turn_id=turn_id, index=index, text=clause),
            )
        self.play(
            ReplyEnded(turn_id=turn_id, text="".join(clauses), clauses=len(clauses)),
            PlaybackStarted(turn_id=turn_id, audible_at=2.0),
        )

    def heard(self, text: str, *, complete: bool = True, turn_id: int = 0) -> None:
        turn_id = turn_id or self.last(GenerateReply).turn_id
        self.play(PlaybackEnded(turn_id=turn_id, heard=text, complete=complete))


def utterance_ended(turn, verdict: str = "speech", at: float = 1.05) -> UtteranceEnded:
    return UtteranceEnded(
        turn_id=turn.id,
        turn=turn,
        released_at=1.0,
        speech_ended_at=0.9,
        duration_s=1.3,
        verdict=verdict,
        at=at,
    )
