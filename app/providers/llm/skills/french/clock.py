"""Time and date in French."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from app.providers.llm.skills.clock import ClockPhrases
from app.providers.llm.skills.dates import (
    NamedDate,
    OnYear,
    calendar_date,
    days_after_easter,
    fixed,
    next_on,
    next_weekday,
)
from app.providers.llm.skills.places import Place, find_place
from app.providers.llm.skills.reading import folded

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août"),
    *("septembre", "octobre", "novembre", "décembre"),
)

_NOW = r"(?: (?:maintenant|actuellement|en ce moment|là|ici|aujourd'hui))?"
_IN = r" (?P<place>(?:à|a|au|aux|en|dans|chez) .+?)"
_DAYS = {"aujourd'hui": 0, "demain": 1, "hier": -1, "après demain": 2}
_DAY = r"(?P<day>aujourd'hui|demain|hier|après demain)"
_IS_IT = r"(?:est il|il est|est ce|est ce que il est|on est|sommes nous|nous sommes|est on)"
_TIME = (
    rf"(?:quelle heure {_IS_IT}|quelle heure|il est quelle heure|l'heure(?: qu'il est)?"
    r"|quelle est l'heure|c'est quoi l'heure|tu as l'heure|as tu l'heure|avez vous l'heure|heure)"
)
_DATE = (
    rf"(?:quel jour(?: de la semaine)? {_IS_IT}|quelle est la date|quelle date {_IS_IT}"
    r"|on est quel jour|nous sommes quel jour|la date|c'est quoi la date|la date de aujourd'hui"
    r"|quelle est la date de aujourd'hui|on est le combien|quel jour on est)"
)


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


PHRASES = ClockPhrases(
    time=_patterns(rf"{_TIME}{_NOW}(?:{_IN})?{_NOW}"),
    day=_patterns(
        rf"{_DATE}{_NOW}(?:{_IN})?{_NOW}",
        rf"(?:on est|on sera|nous serons|ce sera|c'est) quel jour {_DAY}",
        rf"(?:quel jour|quelle date) (?:est ce|serons nous|on sera|sommes nous|étions nous) {_DAY}",
        rf"(?:quel jour|quelle date) (?:sera|était|est) {_DAY}",
        rf"{_DAY} (?:on est|c'est|ce sera) quel jour",
    ),
    month=_patterns(rf"(?:en |dans )?quel mois {_IS_IT}", r"on est en quel mois"),
    year=_patterns(rf"(?:en )?quelle année {_IS_IT}", r"on est en quelle année"),
    week=_patterns(
        rf"(?:quelle semaine|quel numéro de semaine) {_IS_IT}",
        r"(?:on est en quelle semaine|en quelle semaine sommes nous)",
    ),
    difference=_patterns(
        r"(?:quel est |quelle est |c'est quoi )?(?:le |la )?(?:décalage|différence)"
        r"(?: horaire| de heure| de heures)? (?:entre (?P<pair>.+)|avec (?P<place>.+))",
        r"combien de heures de (?:décalage|différence)"
        r"(?: y a t il| il y a)? (?:entre (?P<pair>.+)|avec (?P<place>.+))",
    ),
    until=_patterns(
        r"combien de (?P<unit>jours|semaines)(?: (?:reste t il|il reste|y a t il|il y a|restent))*"
        r" (?:avant|jusqu'à|jusqu'au|de ici) (?P<date>.+)",
        r"dans combien de (?P<unit>jours|semaines) (?:est|sera|c'est|arrive) (?P<date>.+)",
        r"(?:dans )?combien de temps(?: (?:reste t il|il reste|y a t il))* (?:avant|jusqu'à)"
        r" (?P<date>.+)",
    ),
    when=_patterns(
        r"(?:quand est|quand tombe|c'est quand|quand est ce que tombe) (?P<date>.+?)"
        r"(?: cette année)?",
        r"quel jour (?:est|sera|tombe|était) (?P<date>.+?)(?: cette année)?",
        r"(?P<date>.+) (?:est|sera|tombe|tombera) quel jour",
    ),
    again=_patterns(r"et (?:pour )?(?P<place>.+)", r"(?P<place>(?:à|au|aux|en) .+)"),
    days=_DAYS,
    units={"jours": 1, "semaines": 7},
    pair=" et ",
    here=frozenset({"ici", "chez moi", "chez nous", "moi"}),
)

_HOLIDAYS: Mapping[str, tuple[str, OnYear]] = {
    "noel": ("Noël", fixed(12, 25)),
    "reveillon de noel": ("le réveillon de Noël", fixed(12, 24)),
    "nouvel an": ("le nouvel an", fixed(1, 1)),
    "jour de lan": ("le jour de l'an", fixed(1, 1)),
    "saint sylvestre": ("la Saint-Sylvestre", fixed(12, 31)),
    "paques": ("Pâques", days_after_easter(0)),
    "lundi de paques": ("le lundi de Pâques", days_after_easter(1)),
    "ascension": ("l'Ascension", days_after_easter(39)),
    "pentecote": ("la Pentecôte", days_after_easter(49)),
    "fete nationale": ("la fête nationale", fixed(7, 14)),
    "toussaint": ("la Toussaint", fixed(11, 1)),
    "armistice": ("l'armistice", fixed(11, 11)),
    "saint valentin": ("la Saint-Valentin", fixed(2, 14)),
    "halloween": ("Halloween", fixed(10, 31)),
    "fete du travail": ("la fête du travail", fixed(5, 1)),
}
_MONTH_NUMBERS = {folded(month): number for number, month in enumerate(MONTHS, 1)}
_DATE_TEXT = re.compile(
    rf"(?:le )?(?:(?:{'|'.join(WEEKDAYS)}) )?(?P<day>\d{{1,2}}|premier)"
    rf" (?P<month>{'|'.join(_MONTH_NUMBERS)})(?: (?P<year>\d{{4}}))?"
)
_ARTICLE = re.compile(r"^(?:le |la |les |l')")

_PREPOSITION = re.compile(r"^(?P<preposition>à la|à|a|au|aux|en|dans le|dans la|dans les|dans) ")
_FRENCH_NAMES = {
    **{"londres": "London", "edimbourg": "Edinburgh", "royaume uni": "United Kingdom"},
    **{"angleterre": "England", "ecosse": "Scotland", "irlande": "Ireland", "lisbonne": "Lisbon"},
    **{
        "allemagne": "Germany",
        "cologne": "Cologne",
        "francfort": "Frankfurt",
        "hambourg": "Hamburg",
    },
    **{"suisse": "Switzerland", "geneve": "Geneva", "berne": "Bern", "bale": "Basel"},
    **{"autriche": "Austria", "vienne": "Vienna", "italie": "Italy", "venise": "Venice"},
    **{"espagne": "Spain", "barcelone": "Barcelona", "seville": "Seville", "grece": "Greece"},
    **{
        "athenes": "Athens",
        "pays bas": "Netherlands",
        "hollande": "Holland",
        "la haye": "The Hague",
    },
    **{"belgique": "Belgium", "bruxelles": "Brussels", "anvers": "Antwerp", "danemark": "Denmark"},
    **{"copenhague": "Copenhagen", "suede": "Sweden", "norvege": "Norway", "finlande": "Finland"},
    **{"islande": "Iceland", "pologne": "Poland", "varsovie": "Warsaw", "cracovie": "Krakow"},
    **{"republique tcheque": "Czech Republic", "hongrie": "Hungary", "roumanie": "Romania"},
    **{"bucarest": "Bucharest", "bulgarie": "Bulgaria", "croatie": "Croatia", "serbie": "Serbia"},
    **{
        "turquie": "Turkey",
        "russie": "Russia",
        "moscou": "Moscow",
        "saint petersbourg": "Saint Petersburg",
    },
    **{"chine": "China", "pekin": "Beijing", "shanghaï": "Shanghai", "japon": "Japan"},
    **{"coree": "South Korea", "coree du sud": "South Korea", "seoul": "Seoul", "inde": "India"},
    **{
        "singapour": "Singapore",
        "thailande": "Thailand",
        "viet nam": "Vietnam",
        "liban": "Lebanon",
    },
    **{"philippines": "Philippines", "indonesie": "Indonesia", "malaisie": "Malaysia"},
    **{"dubai": "Dubai", "dubaï": "Dubai", "emirats arabes unis": "United Arab Emirates"},
    **{"arabie saoudite": "Saudi Arabia", "iran": "Iran", "irak": "Iraq", "israel": "Israel"},
    **{"egypte": "Egypt", "le caire": "Cairo", "caire": "Cairo", "maroc": "Morocco"},
    **{"algerie": "Algeria", "alger": "Algiers", "tunisie": "Tunisia", "senegal": "Senegal"},
    **{"cote de ivoire": "Ivory Coast", "cameroun": "Cameroon", "afrique du sud": "South Africa"},
    **{"le cap": "Cape Town", "ethiopie": "Ethiopia", "ile maurice": "Mauritius"},
    **{"etats unis": "United States", "amerique": "America", "californie": "California"},
    **{"floride": "Florida", "nouvelle orleans": "New Orleans", "philadelphie": "Philadelphia"},
    **{"mexique": "Mexico", "mexico": "Mexico City", "bresil": "Brazil", "argentine": "Argentina"},
    **{"chili": "Chile", "perou": "Peru", "colombie": "Colombia", "la havane": "Havana"},
    **{"australie": "Australia", "nouvelle zelande": "New Zealand", "la reunion": "Reunion"},
    **{"nouvelle caledonie": "New Caledonia", "guyane": "French Guiana", "haiti": "Haiti"},
    **{"polynesie": "French Polynesia", "tahiti": "Tahiti", "bali": "Bali", "ukraine": "Ukraine"},
}
"""French names, without accents, of places that English calls something else."""
_CAPITALS = {"Washington": "Washington", "Moscow": "Moscou", "Mexico City": "Mexico"} | {
    "Lisbon": "Lisbonne",
}
_SMALL_WORDS = frozenset(
    {"de", "du", "des", "le", "la", "les", "en", "sur", "et", "à", "au", "aux"}
)


class FrenchClock:
    """Says times and dates."""

    def time(self, at: datetime, place: str, *, other_day: bool) -> str:
        hours = "heure" if at.hour < 2 else "heures"
        clock = f"{at.hour} {hours} {at.minute}" if at.minute else f"{at.hour} {hours}"
        where = f" {place}" if place else ""
        day = f", {WEEKDAYS[at.weekday()]}" if other_day else ""
        return f"Il est {clock}{where}{day}."

    def day(self, on: date, place: str, days_from_now: int) -> str:
        where = f"{_capital(place)}, " if place else ""
        full = _weekday_date(on)
        begin = {-1: "hier, c'était le", 0: "nous sommes le", 1: "demain, ce sera le"}.get(
            days_from_now, "après-demain, ce sera le"
        )
        return f"{_capital(where + begin)} {full}."

    def month(self, on: date) -> str:
        return f"Nous sommes en {MONTHS[on.month - 1]}."

    def year(self, on: date) -> str:
        return f"Nous sommes en {on.year}."

    def week(self, number: int) -> str:
        return f"Nous sommes en semaine {number}."

    def difference(self, place: str, other: str, ahead: timedelta) -> str:
        if not ahead:
            return f"Il n'y a pas de décalage avec {other or place}."
        hours, minutes = divmod(abs(ahead) // timedelta(minutes=1), 60)
        parts = [_count(hours, "heure")] if hours else []
        if minutes:
            parts.append(_count(minutes, "minute"))
        which = "d'avance" if ahead > timedelta() else "de retard"
        return f"{_capital(place)} a {' et '.join(parts)} {which} sur {other or 'vous'}."

    def until(self, what: NamedDate, days: int, unit_days: int) -> str:
        name = what.name or f"le {_day_month(what.day)}"
        if days < 2:
            return f"{_capital(name)}, c'est {'demain' if days else 'aujourd’hui'}."
        weeks, rest = divmod(days, unit_days) if unit_days > 1 else (0, days)
        parts = [_count(weeks, "semaine")] if weeks else []
        if rest:
            parts.append(_count(rest, "jour"))
        return f"{_capital(name)}, c'est dans {' et '.join(parts)}."

    def when(self, what: NamedDate, today: date) -> str:
        verb = "est" if what.day >= today else "était"
        if what.name:
            return f"{_capital(what.name)} {verb} le {_weekday_date(what.day)}."
        full = f"{_day_month(what.day)} {what.day.year}"
        return f"Le {full} {verb} un {WEEKDAYS[what.day.weekday()]}."

    def unknown_place(self, place: str) -> str:
        bare = _PREPOSITION.sub("", place)
        return (
            f"Je ne connais pas l'heure de cet endroit : {bare}. Essayez une grande ville proche."
        )

    def find_place(self, said: str) -> Place | None:
        key = folded(_PREPOSITION.sub("", said))
        for name in (key, _ARTICLE.sub("", key)):
            if name in _FRENCH_NAMES:
                return find_place(_FRENCH_NAMES[name])
            place = find_place(name)
            if place is not None:
                return place
        return None

    def place(self, place: Place, said: str) -> str:
        preposition = _PREPOSITION.match(said)
        if place.stands_for:
            capital = _CAPITALS.get(place.name, place.name)
            return f"à {capital}" if preposition else capital
        start = preposition.end() if preposition else 0
        words = [word if word in _SMALL_WORDS else _capital(word) for word in said[start:].split()]
        before = preposition["preposition"] if preposition else ""
        return f"{'à' if before == 'a' else before} {' '.join(words)}".strip()

    def read_date(self, text: str, today: date) -> NamedDate | None:
        found = _DATE_TEXT.fullmatch(folded(text))
        if found is not None:
            number = 1 if found["day"] == "premier" else int(found["day"])
            year = int(found["year"]) if found["year"] and int(found["year"]) else None
            on = calendar_date(number, _MONTH_NUMBERS[found["month"]], year, today)
            return NamedDate(on) if on is not None else None
        bare = _ARTICLE.sub("", text)
        if bare in WEEKDAYS:
            return NamedDate(next_weekday(WEEKDAYS.index(bare), today), bare)
        if bare in _DAYS:
            return NamedDate(today + timedelta(days=_DAYS[bare]), bare)
        if folded(bare) in _HOLIDAYS:
            said, holiday = _HOLIDAYS[folded(bare)]
            return NamedDate(next_on(holiday, today), said)
        return None


def _weekday_date(on: date) -> str:
    return f"{WEEKDAYS[on.weekday()]} {_day_month(on)} {on.year}"


def _day_month(on: date) -> str:
    return f"{'1er' if on.day == 1 else on.day} {MONTHS[on.month - 1]}"


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number < 2 else f"{number} {unit}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
