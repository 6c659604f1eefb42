"""How English is brought into one spelling."""

from __future__ import annotations

import re

from app.providers.llm.skills.english.numbers import WORDS
from app.providers.llm.skills.reading import Reading


def _respelled(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), spelling) for pattern, spelling in pairs)


_NAME = r"(?:parley|parlay|parlee|parly|computer|assistant)"
_ASKING = r"(?:can|could|would|will) you(?: (?:please|kindly|maybe|just|quickly))*"

READING = Reading(
    numbers=WORDS,
    digit_groups=re.compile(r"(?<=\d),(?=\d{3}(?!\d))"),
    decimal_comma=False,
    respelled=_respelled(
        # 5'10" before apostrophes become letters' business
        (r"(\d)\s*'\s*(\d+)\s*(?:\"|''|”)?(?!\w)", r"\1 feet \2 inches"),
        (r"(\d)\s*'(?!\w)", r"\1 feet "),
        (r"(\d)\s*\"", r"\1 inches "),
        (r"\b(what|who|how|when|where|that|it|there|here)'s\b", r"\1 is"),
        (r"\b(what|who|how|when|where)s\b", r"\1 is"),
        (r"\b(what|who|how|when)'re\b", r"\1 are"),
        (r"\b(i|we|you)'d\b", r"\1 would"),
        (r"\bi'm\b|\bim\b", "i am"),
        (r"\blet's\b|\blets\b", "let us"),
        (r"\b(did|could|do|can)n't\b", r"\1 not"),
        (r"\bwhat time's\b", "what time is"),
        (r"\btodays\b", "today's"),
        (r"\btomorrows\b", "tomorrow's"),
        (r"\b(?:a |the )?couple(?: of)?\b(?= (?:seconds|minutes|hours|days|weeks))", "2"),
        (r"\bo' ?clock\b|\bo clock\b", "o'clock"),
        (r"\b([ap])\. ?m\b\.?", r"\1m"),
        (r"\bthankyou\b", "thank you"),
        (r"\bper ?cents?\b", "percent"),
    ),
    before=re.compile(
        rf"^(?:(?:hey|hi|hello|ok|okay|yo|oh) {_NAME}|{_NAME}|please|um|uh|uhm|er|erm|hmm|so|well"
        rf"|ok|okay|alright|all right|now|hey|excuse me"
        rf"|{_ASKING}(?: (?:tell|show|give|say|let) me)?"
        r"|do you (?:happen to )?know|i (?:would like|want|need|wanted) to (?:know|ask(?: you)?)"
        r"|i was wondering|i wonder|tell me|let me know|quick question|actually|just|and now"
        r"|give me"
        r"|may i ask|can i ask(?: you)?)(?: |$)"
    ),
    after=re.compile(
        rf"(?:^| )(?:please|for me|thanks|thank you|thank you very much|{_NAME}|mate|buddy"
        r"|if you (?:can|could|would|please|do not mind)|would you|will you|can you|could you"
        r"|do you know|exactly|again please)$"
    ),
)
