"""What the model is shown, turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import get_args

import pytest

from app.core.ports import Message
from app.core.prompt import MODES, Prompt, Request, system_prompt
from app.core.token_estimate import estimate_tokens
from app.settings import LlmSettings

QUESTION = "and what would you say about the weather in Lisbon in the spring"
ANSWER = "It is mild and often sunny, with a little rain now and then in March and April."


def talk(prompt: Prompt, turns: int, counted: float | None = None) -> list[Request]:
    """So many turns alike; the model counts `counted` tokens for each one estimated."""
    requests = []
    for _ in range(turns):
        question = prompt.question(QUESTION)
        requests.append(prompt.ask(question))
        if counted is not None:
            prompt.learn(int(size(requests[-1].messages) * counted))
        prompt.remember(question, ANSWER)
    return requests


def earlier_turns(request: Request) -> int:
    """Beside the system prompt and the question, two messages each."""
    return (len(request.messages) - 2) // 2


def size(messages: Sequence[Message]) -> float:
    return sum(estimate_tokens(message.for_model) for message in messages)


def new_beginnings(requests: Sequence[Request]) -> int:
    """How often a request did not begin with the whole of the one before it."""
    return sum(
        later.messages[: len(earlier.messages)] != earlier.messages
        for earlier, later in pairwise(requests)
    )


def test_every_prompt_begins_with_the_one_before_it() -> None:
    requests = talk(Prompt(persona="Be kind.", history_turns=50), 30)
    assert new_beginnings(requests) == 0


def test_an_unheard_reply_keeps_the_beginning_too() -> None:
    prompt = Prompt(persona="Be kind.")
    first = prompt.question("tell me a story")
    before = prompt.ask(first).messages
    prompt.remember(first, "")
    after = prompt.ask(prompt.question("a short one")).messages
    assert after == (*before, Message("user", "a short one"))


def test_turns_beyond_the_limit_go_by_halves_so_the_beginning_seldom_changes() -> None:
    requests = talk(Prompt(history_turns=12), 60)
    shown = [earlier_turns(request) for request in requests]
    assert max(shown) == 12
    assert min(shown[13:]) == 6
    assert new_beginnings(requests) == (60 - 12) // 7 + 1
    assert sum(request.left_out for request in requests) == 0, "that is the user's own limit"


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_small_limits_are_kept(limit: int) -> None:
    requests = talk(Prompt(history_turns=limit), 9)
    shown = [earlier_turns(request) for request in requests]
    assert max(shown) == limit
    assert min(shown[3:]) >= min(limit, 1)


def test_a_long_conversation_never_outgrows_the_context_and_says_what_it_left_out() -> None:
    requests = talk(Prompt(persona="Be kind.", history_turns=1000, context_tokens=1000), 100)
    assert max(size(request.messages) for request in requests) < 1000 - MODES["fast"].max_tokens
    cuts = [request.left_out for request in requests if request.left_out]
    assert 2 < len(cuts) < 20
    assert min(cuts) > 1, "several at once"
    # a cut is told with the first question that is sent without those turns
    assert new_beginnings(requests) == len(cuts)


def test_what_was_left_out_is_the_oldest() -> None:
    prompt = Prompt(history_turns=1000, context_tokens=700)
    asked = 0
    while True:
        question = prompt.question(f"{asked}: {QUESTION}")
        request = prompt.ask(question)
        if request.left_out:
            break
        prompt.remember(question, ANSWER)
        asked += 1
    shown = [m.text.partition(":")[0] for m in request.messages if m.role == "user"]
    assert shown == [str(number) for number in range(request.left_out, asked + 1)]


def test_a_question_longer_than_the_context_is_cut_and_sent_alone() -> None:
    prompt = Prompt(persona="Be kind.", context_tokens=1000)
    talk(prompt, 3)
    question = prompt.question("word " * 5000)
    request = prompt.ask(question)
    assert question.text.startswith("word word")
    assert request.left_out == 3
    assert [message.role for message in request.messages] == ["system", "user"]
    assert size(request.messages) < 1000 - MODES["fast"].max_tokens
    assert size(request.messages) > 0.8 * (1000 - MODES["fast"].max_tokens)


def test_a_persona_that_fills_the_context_leaves_the_question() -> None:
    prompt = Prompt(persona="Be kind. " * 1000, context_tokens=1000)
    assert prompt.question("what time is it").text == "what time is it"


def test_a_model_that_counts_less_is_shown_more() -> None:
    def most(counted: float | None) -> int:
        prompt = Prompt(history_turns=1000, context_tokens=1500)
        return max(len(request.messages) for request in talk(prompt, 120, counted))

    assert most(0.5) > 1.2 * most(None)
    assert most(1.5) < 0.8 * most(None)


def test_one_costly_reply_counts_at_once_and_for_a_while() -> None:
    prompt = Prompt(history_turns=1000, context_tokens=1500)
    talk(prompt, 6, 1.0)
    longest_before = len(prompt.question("word " * 2000).text)
    talk(prompt, 1, 2.0)
    assert len(prompt.question("word " * 2000).text) < 0.6 * longest_before
    talk(prompt, 3, 1.0)
    assert len(prompt.question("word " * 2000).text) < 0.6 * longest_before


def test_short_prompts_teach_nothing() -> None:
    prompt = Prompt(context_tokens=4000)
    before = prompt.question("word " * 5000).text
    talk(prompt, 1, 9.0)
    assert prompt.question("word " * 5000).text == before


@pytest.mark.parametrize(
    ("spoken_in", "note"),
    [("en", ""), ("fr", "(Answer in French.)"), ("ja", "(Answer in Japanese.)"), (None, ""),
     ("xx", "")],
)  # fmt: skip
def test_only_another_language_than_the_interfaces_is_named(
    spoken_in: str | None, note: str
) -> None:
    assert Prompt(language="en").question("oui", spoken_in) == Message("user", "oui", note)


def test_a_note_stays_where_it_was_sent() -> None:
    prompt = Prompt()
    question = prompt.question("quelle heure est-il", "fr")
    before = prompt.ask(question).messages
    prompt.remember(question, "Il est midi.")
    after = prompt.ask(prompt.question("thank you", "en")).messages
    assert after[: len(before)] == before
    assert before[-1].for_model == "quelle heure est-il\n\n(Answer in French.)"


def test_each_mode_of_the_settings_has_its_words_and_its_length() -> None:
    names = get_args(LlmSettings.model_fields["mode"].annotation)
    assert set(names) == set(MODES)
    lengths = [MODES[name].max_tokens for name in ("fast", "balanced", "rich")]
    assert lengths == sorted(set(lengths))
    for name in names:
        assert system_prompt("I am the persona.", name) == f"I am the persona. {MODES[name].style}"


def test_without_a_persona_the_mode_still_speaks() -> None:
    assert Prompt(persona="").ask(Message("user", "hi")).messages[0].text == MODES["fast"].style


# --- settings that change while Parley runs -------------------------------------------------


def change(prompt: Prompt, **options: object) -> None:
    plain = {"persona": "Be kind.", "mode": "fast", "history_turns": 12, "context_tokens": 4096}
    prompt.change(**{**plain, **options})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changed", [{"persona": "Be stern."}, {"mode": "rich"}, {"history_turns": 6}]
)
def test_a_change_costs_one_new_beginning(changed: dict[str, object]) -> None:
    prompt = Prompt(persona="Be kind.", history_turns=12)
    before = talk(prompt, 8)
    change(prompt, **changed)
    after = talk(prompt, 3)
    assert new_beginnings([before[-1], after[0]]) == 1
    assert new_beginnings(after) == 0


def test_a_change_of_nothing_keeps_the_beginning() -> None:
    prompt = Prompt(persona="Be kind.", history_turns=12)
    before = talk(prompt, 8)
    change(prompt)
    assert new_beginnings([before[-1], *talk(prompt, 3)]) == 0


def test_a_longer_reply_leaves_less_room_for_the_conversation() -> None:
    prompt = Prompt(persona="Be kind.", history_turns=1000, context_tokens=1000)
    talk(prompt, 30)
    change(prompt, mode="balanced", history_turns=1000, context_tokens=1000)
    request = talk(prompt, 1)[0]
    assert size(request.messages) < 1000 - MODES["balanced"].max_tokens


def test_a_smaller_context_is_kept_to_at_once_and_told() -> None:
    prompt = Prompt(persona="Be kind.", history_turns=12)
    talk(prompt, 10)
    change(prompt, context_tokens=500)
    request = talk(prompt, 1)[0]
    assert request.left_out > 0
    assert size(request.messages) < 500 - MODES["fast"].max_tokens


def test_turns_over_the_limit_are_told_once_and_again_after_a_change() -> None:
    prompt = Prompt(history_turns=4)
    told = [request.over_limit for request in talk(prompt, 20)]
    assert [count for count in told if count] == [3]
    change(prompt, history_turns=2)
    told = [request.over_limit for request in talk(prompt, 20)]
    assert [bool(count) for count in told] == [True, *[False] * 19]
    change(prompt, history_turns=2, mode="rich")
    assert not any(request.over_limit for request in talk(prompt, 20)), "the limit is the same"


def test_a_raised_limit_keeps_what_is_there() -> None:
    prompt = Prompt(history_turns=4)
    talk(prompt, 3)
    change(prompt, history_turns=50)
    assert earlier_turns(talk(prompt, 20)[-1]) == 22
