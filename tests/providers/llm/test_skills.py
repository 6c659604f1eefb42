"""The skills as a language model: who they are, what they leave to others, what they say then."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.events import Event
from app.core.ports import Message, Stage
from app.providers.llm.skills import SkillsLlm
from app.providers.llm.skills.timer_keeper import TimerKeeper
from app.settings import SkillsSettings
from tests.support.skills import ask, ringing_skills, say, skills_at

NOT_FOR_SKILLS = [
    "what time is it in Cinderella when the clock strikes",
    "write a poem about time",
    "what is the time complexity of quicksort",
    "what time does the train to London leave",
    "what time is dinner",
    "what is the best time to visit Japan",
    "what time is it in java",
    "what is dinner time",
    "time flies like an arrow",
    "what is a date in a calendar",
    "tell me about the day the earth stood still",
    "what time was it when Caesar died",
    "what's the time signature of this song",
    "is it a good day in Paris",
    "who set the timer in the film",
    "how do i set a timer on my oven",
    "what is a timer",
    "explain the egg timer problem",
    "remind me what the capital of France is",
    "what is twelve angry men about",
    "what time is it there",
    "what time is it in two hours",
    "what is 9/11",
    "9/11",
    "24/7",
    "2026-03-05",
    "555-1234",
    "+33 1 23 45 67 89",
    "what is one",
    "five",
    "minus five",
    "50 percent",
    "route 66",
    "the one and only",
    "what is twelve times seven and who is the president",
    "why is 2 + 2 equal to 4",
    "prove that 1 + 1 = 2 in Peano arithmetic",
    "how many legs does a spider have",
    "how many people are in france",
    "how many days in a month",
    "how many days in a leap year",
    "how many calories in a banana",
    "how many miles in a kilogram",
    "10 pounds in dollars",
    "convert euros to dollars",
    "convert this poem to prose",
    "what is love in french",
    "help me write a letter",
    "what can you do about global warming",
    "who are you voting for",
    "repeat after me",
    "and in Tokyo",
    "what about London",
    "hello",
    "thank you",
    "tell me a joke",
    "what is the weather in Paris",
    "",
    "   ",
    "?!",
    "🙂",
    "raconte-moi une histoire",
    "quel temps fait-il",
    "la moitié du chemin",
]


@pytest.mark.parametrize("text", NOT_FOR_SKILLS)
def test_a_model_is_asked_what_skills_do_not_know_for_certain(text: str) -> None:
    skills = ringing_skills()
    assert not skills.answers(text, "en")
    assert not skills.answers(text, "fr")


@pytest.mark.parametrize("text", NOT_FOR_SKILLS)
def test_there_is_an_answer_all_the_same(text: str) -> None:
    assert ask(text).endswith((".", "?"))


def test_the_engine_says_that_it_stands_in() -> None:
    engine = SkillsLlm(SkillsSettings(), None).engine
    assert (engine.stage, engine.name, engine.model) == (Stage.LLM, "skills", "")
    assert engine.stand_in
    assert engine.local


def test_warming_up_twice_finds_it_warm() -> None:
    async def warm() -> list[bool]:
        skills = skills_at()
        return [(await skills.ensure_warm()).was_warm, (await skills.ensure_warm()).was_warm]

    assert asyncio.run(warm()) == [False, True]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "I need a language model for that. Start Ollama"),
        ("fr", "il me faut un modèle de langage"),
        ("de", "brauche ich ein Sprachmodell"),
        ("es", "necesito un modelo de lenguaje"),
        ("nl", "I need a language model for that. Start Ollama"),
    ],
)
def test_the_need_of_a_model_is_told_in_the_language_of_the_question(
    language: str, words: str
) -> None:
    assert words in ask("blorb the frumious question", language=language)


@pytest.mark.parametrize(
    ("text", "language", "words"),
    [
        ("Qui a écrit Hamlet ?", "en", "il me faut un modèle de langage"),
        ("Who wrote Hamlet?", "fr", "I need a language model"),
        ("Was kostet die Welt", "de", "brauche ich ein Sprachmodell"),
        ("Was kostet die Welt", "en", "brauche ich ein Sprachmodell"),
        ("Hamlet", "fr", "il me faut un modèle de langage"),
    ],
)
def test_a_typed_question_tells_its_language_itself(text: str, language: str, words: str) -> None:
    assert words in ask(text, language=language)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("what's the weather like tomorrow", "cannot check the weather"),
        ("will it rain on friday", "cannot check the weather"),
        ("what's the news", "cannot check that"),
        ("play some music", "cannot play music"),
        ("turn on the kitchen light", "cannot switch"),
        ("call my mother", "cannot make calls"),
        ("pause the timer", "cannot pause a timer"),
        ("who painted purple rain", "need a language model"),
    ],
)
def test_what_parley_cannot_do_is_said_plainly(text: str, words: str) -> None:
    assert words in ask(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What can you do?", "tell the time"),
        ("help", "tell the time"),
        ("can you help me", "tell the time"),
        ("who are you", "Parley"),
        ("hey computer what's your name", "Parley"),
    ],
)
def test_parley_knows_itself(text: str, words: str) -> None:
    assert ringing_skills().answers(text, "en")
    assert words in ask(text)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("hello", "Hello. What can I do for you?"),
        ("good morning parley", "Hello. What can I do for you?"),
        ("thank you", "You are welcome."),
        ("thanks a lot", "You are welcome."),
        ("goodbye", "Goodbye."),
    ],
)
def test_courtesies_are_returned_briefly(text: str, reply: str) -> None:
    assert ask(text) == reply


@pytest.mark.parametrize(
    "text", ["say that again", "can you repeat that please", "repeat", "what did you say", "pardon"]
)
def test_the_last_reply_is_said_again(text: str) -> None:
    assert ask("what time is it in rome", text) == "It is 3:42 PM in Rome."


def test_there_may_be_nothing_to_repeat() -> None:
    assert ask("say that again") == "I have not said anything yet."


@pytest.mark.parametrize("follow_up", ["And in Tokyo?", "what about tokyo", "how about in Tokyo"])
def test_a_follow_up_counts_only_after_its_question(follow_up: str) -> None:
    skills = ringing_skills()
    earlier = [Message("user", "what time is it in Rome"), Message("assistant", "It is late.")]
    assert skills.answers(follow_up, "en", earlier)
    assert not skills.answers(follow_up, "en", [Message("user", "who painted the Mona Lisa")])
    assert not skills.answers(follow_up, "en")


def test_the_wording_around_a_question_does_not_matter() -> None:
    plain = ask("what time is it in paris")
    for text in (
        "Hey Parley, could you please tell me what time it is in Paris right now?",
        "PLEASE TELL ME THE TIME IN PARIS",
        "um what's the time in paris please",
        "do you know what time it is in Paris",
        "ok computer whats the time in paris thanks",
        "can you tell me the current time in Paris?",
        "  what   time is it in\tparis \n",
        "What time is it in Paris…",
        "what’s the time in paris",
    ):
        assert ask(text) == plain, text


def test_the_same_question_gets_the_same_words() -> None:
    for text in ("what time is it", "12 * 7", "hello", "who was Ada Lovelace"):
        assert ask(text) == ask(text)


def test_a_long_text_is_nobodys_sum() -> None:
    text = "1 + " * 100_000 + "1"
    assert not ringing_skills().answers(text, "en")
    assert "language model" in ask(text)


def test_a_conversation_without_a_question_is_survived() -> None:
    async def talk(messages: Sequence[Message]) -> str:
        return "".join([delta async for delta in skills_at().reply(messages, "en")])

    assert "language model" in asyncio.run(talk([]))
    assert "language model" in asyncio.run(talk([Message("system", "Be brief.")]))


def test_an_unknown_home_zone_falls_back_to_the_computers() -> None:
    skills = skills_at(home="Mars/Olympus_Mons")
    assert asyncio.run(say(skills, "what time is it")) == "It is 3:42 PM."


# --- any text at all ----------------------------------------------------------------------

WORDS = (
    "what time is it in paris how many days until set a timer for ten minutes cancel all timers "
    "plus minus times divided by zero square root of percent half and a third point hundred "
    "thousand feet miles to kilometers degrees celsius remind me at 5:30 pm ( ) + - * / ^ % ! = "
    "1/2 3.5 1,000 999999999999 5' 10\" ° ² et demi quatre vingt dix sept minuteur de heure à "
    "combien font fois february 30 9999 0000 next easter and or"
)
FRAGMENTS = st.sampled_from(WORDS.split())
TEXTS = st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=12).map(" ".join))


@given(text=TEXTS, language=st.sampled_from(["en", "fr", "de", "", "EN-us"]))
@settings(max_examples=400, deadline=None)
def test_any_text_gets_one_reply_and_none_breaks(text: str, language: str) -> None:
    async def talk() -> list[str]:
        skills = ringing_skills()
        try:
            messages = [Message("user", "what time is it in Rome"), Message("user", text)]
            skills.answers(text, language, messages[:1])
            return [delta async for delta in skills.reply(messages, language)]
        finally:
            await skills.close()

    [reply] = asyncio.run(talk())
    assert reply.strip()


@given(text=TEXTS)
@settings(max_examples=150, deadline=None)
def test_asking_whether_skills_know_changes_nothing(text: str) -> None:
    changes: list[Event] = []
    skills = skills_at(timers=TimerKeeper(changes.append))
    # Outside of any event loop: a timer could not even be started here.
    for asked in (text, f"set a {text} timer for 5 minutes", "set a timer for 5 minutes"):
        skills.answers(asked, "en")
    assert changes == []
    assert asyncio.run(say(skills, "how long is left")) == "No timer is running."
