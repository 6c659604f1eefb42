"""Timers in French."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from app.providers.llm.skills.numbers import NUMBER
from app.providers.llm.skills.timer import Timer
from app.providers.llm.skills.timers import MOST_LISTED, TimerPhrases


def _patterns(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


# "un minuteur" is read as "1 minuteur"
_TIMER = r"(?:minuteur|minuterie|timer|compte à rebours|chrono)"
_SET = (
    r"(?:(?:mets|met|mettez|mettre|règle|régler|réglez|lance|lancer|lancez|démarre|démarrer"
    r"|programme|programmer|crée|créer|fais|commence|ajoute)(?: moi| en route)? )?"
)
_A = r"(?:(?:1|le|la|mon|ma|1 autre|1 nouveau|1 nouvelle) )?"
_UNIT = r"(?:secondes?|sec|s|minutes?|min|m|heures?|h|jours?)"
_DURATION = rf"(?P<duration>{NUMBER} (?:de )?{_UNIT}(?:(?: et)? {NUMBER}(?: {_UNIT})?)*)"
_CALLED = r"(?: (?:pour|appelée?|nommée?) (?:le |la |les |l')?(?P<name>[^\d ].*?))?"
_MY = r"(?: (?:le|la|mon|ma|ce|cette))?"
_NAMED = r"(?: (?:de |du |de la |pour |pour le |pour la |pour les |des )?(?P<name>\w.*?))?"

PHRASES = TimerPhrases(
    set=_patterns(
        rf"{_SET}{_A}{_TIMER} (?:de |pour |sur |à |dans )?{_DURATION}{_CALLED}",
        rf"{_SET}{_A}{_TIMER}{_CALLED} (?:de|pour|dans|sur) {_DURATION}",
        rf"{_SET}{_A}{_TIMER} (?P<name>[^\W\d]+(?: [^\W\d]+)?) (?:de )?{_DURATION}",
        rf"{_SET}{_DURATION} (?:de|au) {_TIMER}",
        rf"(?:réveille|préviens|rappelle|avertis|sonne) moi (?:dans|après) {_DURATION}",
    ),
    remind=_patterns(
        rf"rappelle[rz]? (?:moi )?dans {_DURATION} (?:de|que je dois) (?P<what>.+)",
        rf"rappelle[rz]? (?:moi )?(?:de|que je dois) (?P<what>.+?) dans {_DURATION}",
        rf"dans {_DURATION} rappelle moi (?:de|que je dois) (?P<what>.+)",
    ),
    alarm=_patterns(
        r"(?:mets|règle|programme)(?: moi)? (?:1 |le |mon )?(?:réveil|alarme|rappel)"
        r" (?:à|pour) (?P<clock>.+)",
        r"réveille moi à (?P<clock>.+)",
        r"rappelle moi à (?P<clock>.+?) (?:de) (?P<what>.+)",
        r"rappelle moi de (?P<what>.+) à (?P<clock>.+?)",
    ),
    set_bare=_patterns(rf"{_SET}{_A}{_TIMER}"),
    remind_bare=_patterns(
        r"rappelle moi (?:de|demain|ce soir|lundi|à) .+",
        r"réveille moi (?:à|demain|lundi)(?: .+)?",
    ),
    left=_patterns(
        rf"combien de temps(?: (?:reste t il|il reste|il me reste|me reste t il|reste))?"
        rf" (?:sur|à|au|pour){_MY} {_TIMER}{_NAMED}",
        r"(?:il (?:me )?reste )?combien de temps(?: (?:reste t il|il reste|il me reste"
        r"|me reste t il))?(?: encore)?",
        rf"(?:quels|combien de) {_TIMER}s?(?: (?:ai je|j'ai|sont en cours|tournent|y a t il))?",
        rf"(?:quand|dans combien de temps) (?:sonne|finit|se termine){_MY} {_TIMER}{_NAMED}",
    ),
    cancel=_patterns(
        rf"(?:annule|annuler|annulez|arrête|arrêter|arrêtez|supprime|supprimer|coupe|enlève){_MY}"
        rf" (?:{_TIMER}|rappel|alarme|réveil){_NAMED}",
    ),
    cancel_all=_patterns(
        r"(?:annule|annuler|annulez|arrête|arrêter|arrêtez|supprime|supprimer|coupe|enlève)"
        r" (?:tou(?:s|tes) )?(?:les|mes) (?:minuteurs|minuteries|timers|rappels|alarmes)",
    ),
    units={
        **dict.fromkeys(("seconde", "secondes", "sec", "s"), 1),
        **dict.fromkeys(("minute", "minutes", "min", "m"), 60),
        **dict.fromkeys(("heure", "heures", "h"), 3600),
        **dict.fromkeys(("jour", "jours"), 86400),
    },
    joiner="et",
    articles=frozenset(),
    share_of=re.compile(r" de "),
    nameless=frozenset({"le", "la", "les", "mon", "ma", "1", "nouveau", "nouvelle", "autre", "de"}),
)

_CLOCK = re.compile(
    r"(?P<hour>\d{1,2})(?::(?P<typed>\d\d)"
    r"| heures?(?: (?P<minute>\d{1,2}))?(?: et (?P<part>0\.5|quart))?)"
    r"(?: (?P<half>du matin|de l'après midi|du soir|ce soir))?"
)


class FrenchTimers:
    """Answers about timers."""

    language = "fr"

    def label(self, name: str, seconds: int) -> str:
        return f"minuteur {name or f'de {say_duration(seconds)}'}"

    def set(self, name: str, seconds: int) -> str:
        what = f"Le minuteur {name}" if name else "Le minuteur"
        return f"{what} sonnera dans {say_duration(seconds)}."

    def reminder(self, what: str, seconds: int) -> str:
        return f"Dans {say_duration(seconds)}, je vous rappellerai : {what}."

    def alarm(self, what: str, at: datetime, seconds: int) -> str:
        clock = _say_clock(at)
        reminding = f" pour vous rappeler : {what}" if what else ""
        near = seconds - seconds % 60 if seconds >= 3600 else seconds
        return f"Je sonnerai à {clock}{reminding}, dans {say_duration(near)}."

    def rang(self, label: str) -> str:
        return f"Le {label} est terminé."

    def reminds(self, what: str) -> str:
        return f"Voici votre rappel : {what}."

    def missed(self, timers: Sequence[Timer], at: datetime, days: int) -> str:
        if len(timers) > 1:
            labels = [timer.label for timer in timers[-MOST_LISTED:]]
            rest = ". Les derniers" if len(timers) > len(labels) else ""
            begin = f"Vous avez manqué {len(timers)} minuteurs{rest} :"
            return f"{begin} {', '.join(labels[:-1])} et {labels[-1]}."
        (timer,) = timers
        day = {0: "", 1: "hier"}.get(days, f"il y a {days} jours")
        if timer.is_reminder:
            when = f"{day}, {_say_clock(at)}" if day else f"à {_say_clock(at)}"
            return f"Vous avez manqué un rappel, {when} : {timer.name}."
        when = f"{day} à {_say_clock(at)}".strip()
        return f"Vous avez manqué le {timer.label}. Il s'est terminé {when}."

    def left(self, timers: Sequence[Timer]) -> str:
        if not timers:
            return "Aucun minuteur n'est en cours."
        each = [
            f"{say_duration(timer.left_s)} pour le {timer.label}"
            if not timer.is_reminder
            else f"{say_duration(timer.left_s)} pour le rappel {timer.name}"
            for timer in timers[:MOST_LISTED]
        ]
        more = len(timers) - len(each)
        if more:
            each.append(f"plus longtemps pour {more} de plus")
        listed = f"{', '.join(each[:-1])} et {each[-1]}" if len(each) > 1 else each[0]
        return f"Il reste {listed}."

    def cancelled(self, timers: Sequence[Timer]) -> str:
        if len(timers) == 1:
            what = "rappel" if timers[0].is_reminder else "minuteur"
            return f"Le {what} {timers[0].name} est annulé.".replace("  ", " ")
        return f"{len(timers)} minuteurs sont annulés."

    def which(self, timers: Sequence[Timer]) -> str:
        names = [timer.name or say_duration(timer.seconds) for timer in timers]
        listed = f"{', '.join(names[:-1])} et {names[-1]}"
        return f"{len(timers)} minuteurs sont en cours : {listed}. Dites lequel, ou tous."

    def unknown(self, name: str) -> str:
        return f"Aucun minuteur {name} n'est en cours."

    def how_long(self) -> str:
        return "Pour combien de temps ? Dites par exemple dix minutes."

    def only_durations(self) -> str:
        return (
            "Je ne peux faire un rappel que dans la journée, tant que je reste ouvert. "
            "Dites par exemple : rappelle-moi dans 20 minutes de téléphoner."
        )

    def too_long(self) -> str:
        return "Mes minuteurs durent un jour au plus."

    def too_short(self) -> str:
        return "Un minuteur dure au moins une seconde."

    def too_many(self) -> str:
        return "Trop de minuteurs sont en cours. Annulez-en d'abord."

    def needs_window(self) -> str:
        return (
            "Un minuteur ne peut sonner que depuis ma fenêtre. Ouvrez-la et demandez-le-moi là-bas."
        )

    def in_window(self) -> str:
        return "Mes minuteurs tournent dans ma fenêtre. Demandez-le-moi là-bas."

    def read_clock(self, text: str, now: datetime) -> datetime | None:
        text = {"midi": "12:00", "minuit": "0:00"}.get(text, text)
        found = _CLOCK.fullmatch(text)
        if found is None:
            return None
        part = {"0.5": 30, "quart": 15}.get(found["part"] or "", 0)
        hour = int(found["hour"])
        minute = int(found["typed"] or found["minute"] or part)
        if found["half"] and found["half"] != "du matin" and hour < 12:
            hour += 12
        if hour > 23 or minute > 59:
            return None
        at = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return at if at > now else at + timedelta(days=1)


def say_duration(seconds: int) -> str:
    """ "1 heure, 20 minutes et 5 secondes"."""
    parts = []
    for unit, size in (("jour", 86400), ("heure", 3600), ("minute", 60), ("seconde", 1)):
        amount, seconds = divmod(seconds, size)
        if amount:
            parts.append(f"{amount} {unit}{'' if amount == 1 else 's'}")
    if len(parts) < 2:
        return "".join(parts) or "0 seconde"
    return f"{', '.join(parts[:-1])} et {parts[-1]}"


def _say_clock(at: datetime) -> str:
    """ "14 heures 5"; one o'clock is not in the plural."""
    hours = f"{at.hour} heure{'s' if at.hour > 1 else ''}"
    return f"{hours} {at.minute}" if at.minute else hours
