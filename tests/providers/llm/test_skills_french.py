"""The skills in French, the app's second language."""

from __future__ import annotations

import pytest

from app.providers.llm.skills.french.clock import _FRENCH_NAMES
from app.providers.llm.skills.places import find_place
from tests.support.skills import ask, ringing_skills


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Quelle heure est-il ?", "Il est 15 heures 42."),
        ("il est quelle heure", "Il est 15 heures 42."),
        ("dis-moi l'heure s'il te plaît", "Il est 15 heures 42."),
        ("quelle heure est-il à Tokyo", "Il est 23 heures 42 à Tokyo."),
        ("quelle heure est-il à New York", "Il est 9 heures 42 à New York."),
        ("quelle heure est il au japon", "Il est 23 heures 42 au Japon."),
        ("quelle heure est-il aux États-Unis", "Il est 9 heures 42 à Washington."),
        ("il est quelle heure en Chine", "Il est 22 heures 42 en Chine."),
        ("quelle heure est-il à Sydney", "Il est 1 heure 42 à Sydney, vendredi."),
        ("quelle heure est-il à Londres", "Il est 14 heures 42 à Londres."),
        ("quel jour sommes-nous", "Nous sommes le jeudi 5 mars 2026."),
        ("on est quel jour", "Nous sommes le jeudi 5 mars 2026."),
        ("quelle est la date d'aujourd'hui", "Nous sommes le jeudi 5 mars 2026."),
        ("on est quel jour demain", "Demain, ce sera le vendredi 6 mars 2026."),
        ("en quelle année sommes-nous", "Nous sommes en 2026."),
        (
            "quel est le décalage horaire entre Paris et Tokyo",
            "Paris a 8 heures de retard sur Tokyo.",
        ),
        ("quel est le décalage avec Londres", "Londres a 1 heure de retard sur vous."),
        ("combien de jours avant Noël", "Noël, c'est dans 295 jours."),
        ("quel jour est le 14 juillet", "Le 14 juillet 2026 est un mardi."),
        ("quand est Pâques", "Pâques est le dimanche 5 avril 2026."),
        ("mets un minuteur de dix minutes", "Le minuteur sonnera dans 10 minutes."),
        ("minuteur trois minutes", "Le minuteur sonnera dans 3 minutes."),
        ("mets un minuteur d'une demi-heure", "Le minuteur sonnera dans 30 minutes."),
        (
            "lance un minuteur d'une heure et demie pour le gâteau",
            "Le minuteur gâteau sonnera dans 1 heure et 30 minutes.",
        ),
        (
            "rappelle-moi d'appeler Maman dans un quart d'heure",
            "Dans 15 minutes, je vous rappellerai : appeler Maman.",
        ),
        (
            "réveille-moi à sept heures et demie",
            "Je sonnerai à 7 heures 30, dans 15 heures et 48 minutes.",
        ),
        ("combien de temps reste-t-il", "Aucun minuteur n'est en cours."),
        ("combien font douze fois sept", "12 fois 7 égale 84."),
        (
            "combien font quatre-vingt-dix-sept plus soixante et onze",
            "97 plus 71 égale 168.",
        ),
        ("15 pour cent de 80", "15 pour cent de 80 égale 12."),
        ("quelle est la racine carrée de 144", "La racine carrée de 144 égale 12."),
        ("deux virgule cinq fois quatre", "2,5 fois 4 égale 10."),
        ("2,5 + 1,5", "2,5 plus 1,5 égale 4."),
        ("1 000 moins 1", "1000 moins 1 égale 999."),
        ("dix divisé par trois", "10 divisé par 3 égale environ 3,3333."),
        ("10 divisé par zéro", "On ne peut pas diviser par zéro."),
        ("la moitié de 90", "La moitié de 90 égale 45."),
        ("combien de kilomètres font cinq miles", "5 miles, c'est environ 8,05 kilomètres."),
        (
            "convertis 70 fahrenheit en celsius",
            "70 degrés Fahrenheit, c'est environ 21,1 degrés Celsius.",
        ),
        ("combien de secondes dans une heure", "1 heure, c'est 3600 secondes."),
        ("qui es-tu", "Je suis Parley, votre assistant vocal. Je fonctionne sur votre ordinateur."),
    ],
)
def test_questions_in_french(text: str, reply: str) -> None:
    assert ringing_skills().answers(text, "fr")
    assert ask(text, language="fr") == reply


def test_follow_ups_in_french() -> None:
    assert ask("quelle heure est-il à Tokyo", "et au Mexique ?", language="fr") == (
        "Il est 8 heures 42 à Mexico."
    )


def test_timers_are_cancelled_in_french() -> None:
    set_timer = "mets un minuteur de dix minutes"
    assert ask(set_timer, "annule le minuteur", language="fr") == "Le minuteur est annulé."
    assert ask(set_timer, "annule tous les minuteurs", language="fr") == "Le minuteur est annulé."


def test_a_wrongly_guessed_language_does_not_matter() -> None:
    assert ask("quelle heure est-il à Lyon", language="en") == "Il est 15 heures 42 à Lyon."
    assert ask("what time is it in Lyon", language="fr") == "It is 3:42 PM in Lyon."


def test_every_french_name_is_a_place() -> None:
    for name in _FRENCH_NAMES.values():
        assert find_place(name) is not None, name
