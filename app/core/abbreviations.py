"""Dots that end no sentence.

A dot that is taken for an abbreviation by mistake costs a later cut; the other way round a voice
breaks off in the middle of a name. So in doubt a dot belongs to its word.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALWAYS = (
    _words("dr mr mrs ms prof st jr sr vs gen sen rep gov capt sgt col lt rev hon mt ft approx ave")
    | _words("mm mme mlle mgr cf env ex av bd boul")
    | _words("hr fr hrn nr bzw ca inkl exkl evtl vgl sog mio mrd abb kap str bspw ggf geb bzgl")
    | _words("sra srta dra ud uds ee prof profa sig dott ing avv ej avda dña aprox exmo exma")
    | _words("dhr mevr bijv bv nl drs incl excl jl")
    | _words("ул проф напр им см обл оз пр просп г гг гор тыс доц акад св изд ред")
)
"""Words whose dot ends no sentence, even before a capital: English, French, German, then
Spanish, Portuguese and Italian, then Dutch, then Russian."""

_BEFORE_NUMBERS = _words(
    "no nos nr vol fig art p pp pg ch sec jan feb mar apr jun jul aug sep sept oct nov dec"
    " op chap tel núm num pág págs pag blz стр рис кв табл гл"
)
""" "No. 5" goes on, "No. That is wrong." does not."""

AFTER_ORDINAL = _words(
    "januar jänner februar märz april mai juni juli august september oktober november dezember"
    " jahrhundert jahrtausend jahrhunderts stock klasse platz kapitel mal tag geburtstag etage"
    " weltkrieg weltkriegs liga auflage stelle teil akt satz"
)
"""German writes "am 3. Oktober": a short number before one of these is no sentence end."""

AFTER_HALF_OF_DAY = _words(
    "eastern pacific central mountain standard daylight gmt utc est edt pst pdt cst cdt mst mdt et"
    " pt ct bst cet cest monday tuesday wednesday thursday friday saturday sunday"
)
""" "5 p.m. Monday" goes on, "5 p.m. Then …" does not."""

_WORDS_OF_ONE_LETTER = _words("I a à y o e ô è é я и")
"""They end sentences ("so do I.", "il y en a."); other single letters are initials."""

_LAST_WORD = re.compile(r"[^\W\d_]+$")
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*(?:\d{1,3}|[a-zA-Z])$")
_CHAINED_LETTER = re.compile(r"\.\s?\w$")
_HALF_OF_DAY = re.compile(r"[ap]\.\s?m$", re.IGNORECASE)
_ERA = re.compile(r"(?:\d|[IVX])\s[ad]$")
""" "44 a. C." """


def is_abbreviated(before: str, character: str) -> bool:
    """Whether the dot after `before` belongs to it, when `character` comes next."""
    if _LIST_NUMBER.search(before):
        return True
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found.group()
    if len(word) == 1:
        # an initial ("J. Smith"), "U.S.", "z. B."; but "5 p.m. Then" is over
        if _CHAINED_LETTER.search(before):
            return not is_half_of_day(before)
        return word not in _WORDS_OF_ONE_LETTER or _ERA.search(before) is not None
    word = word.lower()
    return word in _ALWAYS or (word in _BEFORE_NUMBERS and character.isdecimal())


def is_half_of_day(before: str) -> bool:
    """Whether "a.m" or "p.m" ends here."""
    return _HALF_OF_DAY.search(before) is not None
