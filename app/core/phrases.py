"""Where a voice may breathe in a sentence that has no comma yet.

The first words of a reply are what the user waits for, and many replies begin with twenty words
without a mark of punctuation. A reader aloud breathes there before a word that opens a clause
("… | because it is late") or a phrase ("… | in the afternoon"), and never after one that leans
on the next ("the", "of", "is"). Which words do that depends on the language; which language it
is, the words tell themselves, since a reply need not be in the language of the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

CLAUSE_AT = 4
"""Words before a new clause: shorter beginnings ("I know | that it …") are not worth a breath."""

PHRASE_AT = 7
"""Words before a phrase, about 2.5 s of speech: with fewer, what it belongs to is unfinished
more often than not ("It depends on what you mean | by fast")."""

JOINED_AT = 9
"""Words before "and" when no clause follows it: "the difference between a virus | and …" is no
place for a breath, and after nine words the verb has mostly been said."""

LATE = 12
"""Words after which any small word that begins something is good enough, about 4 s."""

LATEST = 20
"""Words after which a breath is taken between any two that do not belong together."""

_WRAPPING = "\"'”’»›)]}*_~“‘«‹([{¿¡.,;:!?…"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Grammar:
    """The small words of one language, lower case."""

    leaning: frozenset[str]
    """Articles, prepositions, conjunctions, forms of "be" and "have": nothing ends with them."""
    opening: frozenset[str]
    """Begin a clause."""
    joining: frozenset[str]
    """Begin a clause when a subject follows, else the second part of whatever came before."""
    subjects: frozenset[str]
    """After a joining word, these make it a clause."""
    phrase: frozenset[str]
    """Begin a phrase of place, time or manner."""

    @cached_property
    def all(self) -> frozenset[str]:
        return self.leaning | self.opening | self.joining | self.subjects | self.phrase


GRAMMARS: dict[str, Grammar] = {
    "en": Grammar(
        leaning=_words(
            "a an the this these those my your his her its our their of to in on at by for with"
            " from into onto about as and or but nor so than that if because when while where who"
            " which whose whether although though unless is are was were be been am being has have"
            " had do does did will would can could should may might must not very more most such"
            " each every some any no few many much other another both either neither between among"
            " during without within through over under until since per via like even only just"
            " what how why"
        ),
        opening=_words(
            "because but although though while whereas unless until which who when whenever where"
            " if"
        ),
        joining=_words("and or so"),
        subjects=_words(
            "i you he she it we they there this these that it's you'll you're you'd they're we're"
            " i'm i'll i'd that's there's he's she's then"
        ),
        phrase=_words(
            "with without in on at from for by during after before through between among into"
            " about around since until near under over against across along that"
        ),
    ),
    "fr": Grammar(
        leaning=_words(
            "le la les un une des du de au aux à en dans sur sous avec pour par sans chez vers"
            " entre et ou mais donc car ni que qui dont où si ce cet cette ces mon ma mes ton ta"
            " tes son sa ses notre nos votre vos leur leurs est sont était étaient a ont être avoir"
            " plus très moins aussi ne se me te lorsque quand comme puisque parce afin peut peuvent"
            " faut doit quel quelle"
        ),
        opening=_words("parce mais car lorsque quand tandis puisque où dont qui afin"),
        joining=_words("et ou donc"),
        subjects=_words("il elle ils elles on vous nous je tu c'est ce cela ça qui que se l'on"),
        phrase=_words(
            "avec dans sur pour sans chez vers entre pendant depuis après avant jusqu'à à en"
            " que sous contre selon parmi"
        ),
    ),
    "de": Grammar(
        leaning=_words(
            "der die das den dem des ein eine einen einem einer eines kein keine keinen und oder"
            " aber denn sondern weil dass wenn ob als wie in im ins an am auf aus bei beim mit nach"
            " von vom zu zum zur über unter vor für durch gegen ohne um bis seit ist sind war waren"
            " hat haben wird werden kann können soll sollen muss müssen sehr nicht mein dein sein"
            " unser ihre ihren ihrem seine seinen diese dieser dieses diesen jeder jede jedes jeden"
            " etwa sich zwischen wegen"
        ),
        opening=_words("weil aber sondern obwohl denn"),
        joining=_words("und oder"),
        subjects=_words("es er sie ich du wir ihr man das dies dann"),
        phrase=_words(
            "mit ohne in im ins am an auf aus bei beim nach von vom für durch gegen seit über unter"
            " vor zwischen wegen zur zum"
        ),
    ),
    "es": Grammar(
        leaning=_words(
            "el la los las un una unos unas lo de del a al en con por para sin sobre entre desde"
            " hasta y e o u pero sino porque que si cuando donde como es son era fue está están ser"
            " ha han hay tiene se me te le les nos su sus mi mis tu tus muy más menos no este esta"
            " estos estas ese esa esos esas cada puede pueden aunque mientras"
        ),
        opening=_words("porque pero sino cuando donde aunque mientras"),
        joining=_words("y e o u"),
        subjects=_words(
            "es son está están tiene tienen se no también luego después puede pueden puedes te le"
            " yo tú él ella ellos usted eso esto así hay"
        ),
        phrase=_words("con sin en para desde hasta entre sobre durante que"),
    ),
    "pt": Grammar(
        leaning=_words(
            "o a os as um uma uns umas de do da dos das em no na nos nas com por pelo pela para sem"
            " sobre entre até e ou mas que se porque quando onde como é são foi era está estão ser"
            " tem há me te lhe seu sua seus suas meu minha muito mais menos não este esta esse essa"
            " cada ao à aos às num numa cerca pode podem embora enquanto pois"
        ),
        opening=_words("porque mas quando onde embora enquanto pois"),
        joining=_words("e ou"),
        subjects=_words(
            "é são está estão tem têm se não também depois pode podem você ele ela eles elas isso"
            " eu nós"
        ),
        phrase=_words("com sem em no na nos nas pelo pela para desde até entre sobre durante"),
    ),
    "it": Grammar(
        leaning=_words(
            "il lo la i gli le un uno una di del della dei delle degli a al alla ai in nel nella"
            " con su sul sulla per tra fra da dal dalla e ed o ma che se perché quando dove come è"
            " sono era ha hanno non più molto si mi ti ci questo questa ogni suo sua circa può"
        ),
        opening=_words("perché ma quando dove mentre"),
        joining=_words("e ed o"),
        subjects=_words("è sono si ha hanno può non lui lei loro poi anche"),
        phrase=_words("con senza in nel nella per tra fra da dal dalla su sul durante che"),
    ),
    "nl": Grammar(
        leaning=_words(
            "de het een van in op aan met voor door bij naar uit om te tot over onder tussen zonder"
            " en of maar want omdat dat die als wanneer waar is zijn was waren heeft hebben wordt"
            " worden kan kunnen zal moet moeten zeer heel meer dit deze mijn je jouw uw haar ons"
            " onze hun elke elk geen er hoewel terwijl zodat"
        ),
        opening=_words("omdat maar terwijl zodat wanneer hoewel waar want"),
        joining=_words("en of"),
        subjects=_words("het je jij u ik hij zij ze we wij dat dit er dan"),
        phrase=_words(
            "met zonder in op aan voor door bij naar uit over onder tussen tijdens sinds om"
        ),
    ),
    "ru": Grammar(
        leaning=_words(
            "и или а но в во на с со к ко о об от до из у за по под над при для без через между"
            " что чтобы если когда где как который которая которое которые не ни очень более самый"
            " это его её их мой твой свой этот эта эти тот та те потому хотя после перед около"
        ),
        opening=_words("потому но хотя когда где если чтобы"),
        joining=_words("и или а"),
        subjects=_words("он она оно они это вы мы я ты там затем потом можно"),
        phrase=_words("в во на с со к из от до за по под над при для без через между после около"),
    ),
}


def words_of_first_breath(words: Sequence[str]) -> int:
    """How many of these words can be spoken before the rest is known; 0 when none can yet.

    `words` are what stands between white space, from the beginning of a sentence; the last one
    is complete. Called at the end of every word: only breaths that this word decides are found.
    """
    last = len(words) - 1
    if last < CLAUSE_AT:
        return 0
    bare = [_bare(word) for word in words]
    grammar = _grammar_of(bare)
    if grammar is None:
        return 0
    if last > CLAUSE_AT and _joins_clause(words[last - 2 :], grammar):
        return last - 1  # what was joined is known one word later
    if not _may_end(words[last - 1], grammar):
        return 0
    word = words[last].lower()
    if word in grammar.opening:
        at = CLAUSE_AT
    elif word in grammar.phrase:
        at = PHRASE_AT
    elif word in grammar.joining:
        at = JOINED_AT
    elif _belong_together(words[last - 1], words[last], grammar):
        return 0
    else:
        at = LATE if word in grammar.leaning else LATEST
    return last if last >= at else 0


def leans(word: str) -> bool:
    """Whether in some language nothing ends with this word."""
    return any(_bare(word) in grammar.leaning for grammar in GRAMMARS.values())


def _bare(word: str) -> str:
    return word.strip(_WRAPPING).replace("’", "'").lower()


def _grammar_of(bare: Sequence[str]) -> Grammar | None:
    """The language with most of its small words among these; None when it is not clear."""
    found = sorted(
        ((sum(word in grammar.all for word in bare), name) for name, grammar in GRAMMARS.items()),
        reverse=True,
    )
    (best, name), (second, _) = found[0], found[1]
    return GRAMMARS[name] if best > second else None


def _may_end(word: str, grammar: Grammar) -> bool:
    return _bare(word) not in grammar.leaning and word[-1] not in "-–—'’([{«“/&+"


def _joins_clause(words: Sequence[str], grammar: Grammar) -> bool:
    """Whether the last of three words makes a clause of what the one before it joins."""
    before, joining, subject = words
    return (
        joining.lower() in grammar.joining
        and _bare(subject) in grammar.subjects
        and _may_end(before, grammar)
    )


def _belong_together(word: str, following: str, grammar: Grammar) -> bool:
    """A subject and its verb, a number and what it counts, a name."""
    return (
        _bare(word) in grammar.subjects
        or any(map(str.isdecimal, word + following))
        or (word[:1].isupper() and following[:1].isupper())
        or not (word[-1:].isalpha() and following[:1].isalpha())
    )
