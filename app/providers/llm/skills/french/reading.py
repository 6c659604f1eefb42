"""How French is brought into one spelling."""

from __future__ import annotations

import re

from app.providers.llm.skills.french.numbers import WORDS
from app.providers.llm.skills.reading import Reading


def _respelled(*pairs: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern), spelling) for pattern, spelling in pairs)


_NAME = r"(?:parley|parlé|ordinateur|assistant)"
_ASKING = r"(?:peux tu|tu peux|pouvez vous|vous pouvez|pourrais tu|pourriez vous|est ce que)"

READING = Reading(
    numbers=WORDS,
    digit_groups=re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))"),
    decimal_comma=True,
    respelled=_respelled(
        (r"\bquatre vingts?\b", "quatrevingt"),
        (r"\bdix (sept|huit|neuf)\b", r"dix\1"),
        (r"\bd'(?=\w)", "de "),
        (r"\best ce qu'(?=il|on)", "est ce que "),
        (r"\baujourd'hui\b|\baujourdhui\b", "aujourd'hui"),
        (r"\bpour ?cents?\b", "pourcent"),
        (r"(?<=\d) ?h ?(?=\d\d\b)", " heures "),
        (r"\b1er\b", "premier"),
        (r"\bs'?il (?:te|vous) pla[iî]t\b|\bstp\b|\bsvp\b", "svp"),
    ),
    before=re.compile(
        rf"^(?:(?:dis|hé|hey|ok|salut|bonjour) {_NAME}|{_NAME}|svp|euh|alors|bon|ok|donc"
        r"|dis moi|dites moi|dis"
        rf"|{_ASKING}(?: (?:me|nous) (?:dire|donner))?|tu sais|sais tu|savez vous"
        r"|je (?:veux|voudrais|souhaite) (?:savoir|connaître)|donne moi)(?: |$)"
    ),
    after=re.compile(rf"(?:^| )(?:svp|merci|{_NAME}|pour moi|exactement|au juste)$"),
)
