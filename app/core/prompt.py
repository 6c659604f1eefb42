"""What the language model is shown: the system prompt, the conversation so far, the question.

Servers keep what they have read of a prompt and read only what differs from the last one, from
the first difference on. A 330-token prompt took 1.7 s to its first token unread and 0.2 s with
its beginning known (a 349 M model on two cores). So a prompt here is always the last prompt, the
reply to it, and one question more:

* nothing in the system prompt changes by itself, only with the settings; there is no clock in it;
* a question is remembered as it was sent, its note included;
* turns that no longer fit go from the oldest, several at once, so that the beginning then stays
  the same for many turns, and go here, where the user can be told, never in the server.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.language_names import LANGUAGE_NAMES
from app.core.ports import Message
from app.core.token_estimate import estimate_tokens, longest_prefix


@dataclass(frozen=True, slots=True)
class Mode:
    """How much of an answer is wanted."""

    style: str
    """Added to the persona."""
    max_tokens: int
    """Where a reply is cut. `style` sets the usual length; this only stops a model that does not
    heed it, and leaves room for the languages whose words cost more tokens."""


MODES: Mapping[str, Mode] = {
    # 25 words are 30 tokens in English, 48 in French, 63 in Russian, 80 in Finnish, with the
    # costliest of the tokenizers in `token_estimate`
    "fast": Mode("Answer in one or two short sentences, 25 words at most.", 96),
    "balanced": Mode("Answer in two to four sentences.", 256),
    "rich": Mode("Answer fully, in a few short paragraphs, with reasons and examples.", 768),
}
"""By the name in the settings. Only the reply's length differs in what a server is asked: no mode
changes an option that would make it load the model again."""

PER_MESSAGE = 8
"""Tokens around each message: 4 to 6 in the chat templates of Llama 3, Qwen 2.5 and Phi-3."""
PER_PROMPT = 40
"""Tokens around the whole: Llama 3.1's template adds its dates, about 25."""
QUESTION_ROOM = 160
"""Tokens kept free for the next question: a minute of speech in English."""
KEPT_SHARE = 0.5
"""Of what there is room for, when turns must go."""
SMALLEST_PROMPT = 256
"""Tokens; a context that leaves less than this beside the reply is wrong in the settings."""

LOWEST_RATIO = 0.7
MARGIN = 1.1
SAMPLES = 8
LEARNT_FROM_SHARE = 0.25


def system_prompt(persona: str, mode: str) -> str:
    """The persona with the mode's style; the style alone when there is no persona."""
    return f"{persona} {MODES[mode].style}".strip()


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent for one question."""

    messages: tuple[Message, ...]
    left_out: int
    """Turns that the model was shown until now and is not any more, for want of room."""
    over_limit: int = 0
    """Turns that went because they were more than `history_turns`: told the first time, and again
    when that setting was changed, because it is the user's own limit."""


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A past turn as the model is told of it."""

    messages: tuple[Message, ...]
    cost: float
    """Estimated tokens."""


class Prompt:
    """The model's memory of the conversation. Owned by the conversation thread.

    Tokens are estimated high (`token_estimate`) and corrected by what the model counts: up at
    once, down only when the last `SAMPLES` replies agree, and never below `LOWEST_RATIO`, since
    the next question may be in another script.
    """

    def __init__(
        self,
        *,
        persona: str = "",
        mode: str = "fast",
        history_turns: int = 12,
        context_tokens: int = 4096,
        language: str = "en",
    ) -> None:
        """
        Args:
            persona: who answers, and how.
            mode: a name in `MODES`.
            history_turns: how many past exchanges the model is shown at most.
            context_tokens: what the model takes, prompt and reply together.
            language: of the interface; a question spoken in another one carries a note.
        """
        self._language = language
        self._past: deque[_Exchange] = deque()
        self._left_out = 0
        self._over_limit = 0
        self._ratios = deque([1.0], maxlen=SAMPLES)
        self._sent = 0.0
        self._history_turns = -1
        self._tells_limit = True
        self.change(
            persona=persona, mode=mode, history_turns=history_turns, context_tokens=context_tokens
        )

    @property
    def history_turns(self) -> int:
        return self._history_turns

    def change(self, *, persona: str, mode: str, history_turns: int, context_tokens: int) -> None:
        """Other settings, from the next question on; the arguments are the constructor's.

        The conversation is kept. A server reads it anew once, since the beginning is another.
        """
        text = system_prompt(persona, mode)
        self._system = (Message("system", text),) if text else ()
        self._room = max(context_tokens - MODES[mode].max_tokens, SMALLEST_PROMPT)
        if history_turns != self._history_turns:
            self._history_turns = history_turns
            self._tells_limit = True
            self._keep_to_limit()

    def question(self, text: str, spoken_in: str | None = None) -> Message:
        """The user's words as they will be sent: cut when they alone would not fit.

        Args:
            spoken_in: the language that was heard (ISO 639-1); None when it is not known.
        """
        name = LANGUAGE_NAMES.get(spoken_in or "", "")
        note = f"(Answer in {name}.)" if name and spoken_in != self._language else ""
        room = self._room / self._ratio - self._fixed - _cost(Message("user", "", note))
        return Message("user", longest_prefix(text, max(room, QUESTION_ROOM)), note)

    def ask(self, question: Message) -> Request:
        """Everything for the model, the question last."""
        self._make_room(_cost(question))
        messages = [*self._system]
        for exchange in self._past:
            messages.extend(exchange.messages)
        messages.append(question)
        self._sent = self._fixed + self._past_cost + _cost(question)
        left_out, self._left_out = self._left_out, 0
        over_limit, self._over_limit = self._over_limit, 0
        if not self._tells_limit:
            over_limit = 0
        elif over_limit:
            self._tells_limit = False
        return Request(tuple(messages), left_out, over_limit)

    def preview(self, question: Message | None = None) -> tuple[Message, ...] | None:
        """What `ask` would return now, or the beginning of it alone; changes nothing.

        None when turns would have to go first.
        """
        wanted = QUESTION_ROOM if question is None else _cost(question)
        if self._past and self._past_cost > self._room / self._ratio - self._fixed - wanted:
            return None
        past = [message for exchange in self._past for message in exchange.messages]
        return (*self._system, *past, *([question] if question else []))

    def remember(self, question: Message, answer: str) -> None:
        """A turn is over; `answer` is what was heard of the reply, perhaps nothing."""
        messages = (question, Message("assistant", answer)) if answer else (question,)
        self._past.append(_Exchange(messages, sum(map(_cost, messages))))
        self._keep_to_limit()
        self._make_room(QUESTION_ROOM)

    def forget_last(self) -> None:
        """The last turn is asked anew: it is not shown any more."""
        if self._past:
            self._past.pop()

    def forget_all(self) -> None:
        """Another conversation begins."""
        self._past.clear()
        self._left_out = self._over_limit = 0
        self._tells_limit = True

    def learn(self, prompt_tokens: int) -> None:
        """The model counted what `ask` returned last."""
        # a short prompt tells more about the template around it than about the text in it
        if self._sent > self._room * LEARNT_FROM_SHARE:
            self._ratios.append(prompt_tokens / self._sent * MARGIN)

    def _keep_to_limit(self) -> None:
        """Let the older half go when there are more turns than the settings allow."""
        if len(self._past) <= self._history_turns:
            return
        while len(self._past) > (self._history_turns + 1) // 2:
            self._past.popleft()
            self._over_limit += 1

    def _make_room(self, wanted: float) -> None:
        """Let the oldest turns go when `wanted` tokens would not fit beside them all."""
        room = self._room / self._ratio - self._fixed - wanted
        if self._past_cost <= room:
            return
        while self._past and self._past_cost > room * KEPT_SHARE:
            self._past.popleft()
            self._left_out += 1

    @property
    def _fixed(self) -> float:
        return PER_PROMPT + sum(map(_cost, self._system))

    @property
    def _past_cost(self) -> float:
        return sum(exchange.cost for exchange in self._past)

    @property
    def _ratio(self) -> float:
        """The model's tokens for one estimated token."""
        return max(LOWEST_RATIO, *self._ratios)


def _cost(message: Message) -> float:
    return PER_MESSAGE + estimate_tokens(message.for_model)
