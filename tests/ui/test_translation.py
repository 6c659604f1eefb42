"""The window speaks the user's language: its own words, and those that come from below it."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.diagnosis_events import Check, ChecksEnded
from app.core.events import Notice, PartialTranscript, ProviderChecked, StageFailed
from app.errors import downloads_are_off
from app.ui import translation, words
from app.ui.cards import CardStack
from app.ui.theme import Theme
from app.ui.translation import FOLDER, TEMPLATES, in_words, language_for, said
from tests.fakes import so_far

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "packaging" / "translations.py"
NARROW = "\u202f"


def the_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Message(NamedTuple):
    context: str
    source: str
    words: str
    is_finished: bool


def messages() -> list[Message]:
    found = []
    for context in ElementTree.parse(FOLDER / "parley_fr.ts").getroot().iter("context"):
        name = context.findtext("name") or ""
        for message in context.iter("message"):
            target = message.find("translation")
            assert target is not None
            found.append(
                Message(
                    name,
                    message.findtext("source") or "",
                    target.text or "",
                    target.get("type") is None,
                )
            )
    return found


@pytest.fixture
def french(qapp: QCoreApplication) -> Iterator[None]:
    """The window's language for this test."""
    before = QLocale()
    translation.install("fr")
    yield
    translation.install("en")
    QLocale.setDefault(before)


# --- which language -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "wanted", "language"),
    [
        ("system", ["fr-FR", "en"], "fr"),
        ("system", ["fr_CA"], "fr"),
        ("system", ["de-DE", "fr", "en"], "fr"),
        ("system", ["de-DE"], "en"),
        ("system", [], "en"),
        ("en", ["fr-FR"], "en"),
        ("fr", ["en-GB"], "fr"),
    ],
)
def test_the_language_is_the_first_that_the_user_reads(
    choice: translation.Choice, wanted: list[str], language: str
) -> None:
    assert language_for(choice, wanted) == language


def test_french_words_numbers_and_qt_s_own_buttons(french: None) -> None:
    assert words.seconds(1234.0) == f"1,23{NARROW}s"
    assert words.turns(1348) == f"1{NARROW}348 échanges"
    assert words.size(1_500_000_000) == f"1,5{NARROW}Go"
    assert QCoreApplication.translate("QPlatformTheme", "Cancel") == "Annuler"


def test_english_numbers_without_any_choice(qapp: QCoreApplication) -> None:
    assert words.seconds(420.0) == "0.42 s"
    assert words.turns(1348) == "1,348 turns"
    assert words.size(145_000_000) == "145 MB"


# --- words from below -----------------------------------------------------------------------


def test_english_stays_as_it_is(qapp: QCoreApplication) -> None:
    event = Notice(title="Ollama is not running.", hint="Start the server.")
    assert in_words(event) is event
    assert said("Ollama is not running.") == "Ollama is not running."


@pytest.mark.parametrize(
    ("english", "in_french"),
    [
        ("Ollama is not running.", "Ollama n’est pas lancé."),
        (
            "Ollama 0.5.1 runs but does not have the model phi3:mini.",
            "Ollama 0.5.1 est lancé mais n’a pas le modèle phi3:mini.",
        ),
        # something known stands in the place
        (
            "Groq was not asked, because “Stay on this computer” is on.",
            f"Groq n’a pas été sollicité, car «{NARROW}Rester sur cet ordinateur{NARROW}» "
            "est activé.",
        ),
        # a phrase of two words in the first place, any name in the second
        (
            "The speech model tiny cannot be downloaded.",
            f"Téléchargement impossible{NARROW}: modèle de reconnaissance tiny.",
        ),
        (
            "Check the network and the mirror https://hf.co and try again: "
            "the download goes on where it stopped.",
            "Vérifiez le réseau et le miroir https://hf.co et réessayez"
            f"{NARROW}: le téléchargement reprend où il s’est arrêté.",
        ),
        # two sentences of two places each
        (
            "Ollama is not running. Start the server.",
            "Ollama n’est pas lancé. Démarrez le serveur.",
        ),
        # a number as the language writes it
        ("12.5 GB free in /data.", f"12,5{NARROW}Go libres dans /data."),
        (
            "Downloading tiny: 61 MB of 145 MB, 8.2 MB/s, about 10 s left",
            f"Téléchargement de tiny{NARROW}: 61{NARROW}Mo sur 145{NARROW}Mo, "
            f"8,2{NARROW}Mo/s, encore 10 s environ",
        ),
        (
            "settings.toml, line 3: llm.modee is not a setting and is left out; did you mean mode?",
            f"settings.toml, ligne 3{NARROW}: llm.modee n’est pas un réglage et est ignoré"
            f"{NARROW}; vouliez-vous dire mode{NARROW}?",
        ),
        # nobody knows these
        ("Out of memory at 0x7f", "Out of memory at 0x7f"),
        ("", ""),
    ],
)
def test_words_from_below(french: None, english: str, in_french: str) -> None:
    assert said(english) == in_french
    assert said(in_french) == in_french, "what is translated stays so"


def test_an_error_of_the_core(french: None) -> None:
    error = downloads_are_off()
    assert said(error.title).startswith("Rien n’est téléchargé tant que «")


def test_events_are_translated_where_they_speak_to_people(french: None) -> None:
    failed = in_words(
        StageFailed(turn_id=3, stage="llm", title="Ollama is busy.", hint="Ask again in a moment.")
    )
    assert isinstance(failed, StageFailed)
    assert (failed.turn_id, failed.title) == (3, "Ollama est occupé.")
    assert failed.hint == "Posez la question à nouveau dans un instant."
    checked = in_words(ProviderChecked(name="groq", ok=False, line="Groq needs a key."))
    assert isinstance(checked, ProviderChecked)
    assert checked.line == "Groq a besoin d’une clé."
    ended = in_words(ChecksEnded(checks=(Check("disk", "ok", "3.0 GB free in /data."),)))
    assert isinstance(ended, ChecksEnded)
    assert ended.checks[0].text == f"3,0{NARROW}Go libres dans /data."
    assert ended.checks[0].name == "disk", "the window looks for it by this name"


def test_what_the_user_says_is_never_translated(french: None) -> None:
    event = PartialTranscript(turn_id=1, partial=so_far("Ollama is not running."))
    assert in_words(event) is event


def test_a_card_is_found_by_the_words_it_was_told_in(french: None, qtbot: QtBot) -> None:
    cards = CardStack(Theme("light"))
    qtbot.addWidget(cards)
    cards.add("Ollama is not running.", "Start the server.", "warn")
    assert cards.cards[0].title == "Ollama n’est pas lancé."
    shown = {label.text() for label in cards.findChildren(QLabel)}
    assert "Démarrez le serveur." in shown
    cards.remove("Ollama is not running.")
    assert cards.cards == []


# --- the files ------------------------------------------------------------------------------


def test_everything_in_the_code_is_in_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    """Runs Qt's own tools: what they find, and the compiled file they make, is what is here."""
    assert the_script().main(["--check"]) == 0, capsys.readouterr().err


def test_every_sentence_from_below_is_translated() -> None:
    sources = the_script().sentences()
    known = {each.source: each for each in messages() if each.context == "Said"}
    assert len(sources) > 300
    assert set(sources) == set(known)
    assert [each for each in known.values() if not each.is_finished] == []
    listed = json.loads(TEMPLATES.read_text(encoding="utf-8"))
    assert set(listed["sentences"]) == {text for text in sources if "%1" in text}


def test_nothing_is_left_to_translate() -> None:
    assert [each for each in messages() if not each.is_finished or not each.words] == []


def test_what_stands_in_a_sentence_stands_in_its_translation() -> None:
    def places(text: str) -> list[str]:
        return sorted(set(re.findall(r"%\d|%n", text.replace("%L", "%"))))

    more_than_the_english = [
        each for each in messages() if not set(places(each.words)) <= set(places(each.source))
    ]
    assert more_than_the_english == []
    lost = {each.source for each in messages() if places(each.words) != places(each.source)}
    # the singular and the plural of a word that French needs only once
    assert lost == {"at most %1 earlier %2", "no earlier %1"}


SAME_IN_FRENCH = re.compile(
    r"(?:[\W\d]|%L?\d|Parley|Ollama|Whisper|Markdown|JSON|GPU|NVIDIA|MMS|Pause|Code|Conversations?"
    r"|Question|Microphone|Notifications|question|microphone|conversations?|Ctrl|[dMy]+|s|ms|md|json"
    r"|wav)*"
)


def test_no_english_is_left() -> None:
    same = {
        each.source
        for each in messages()
        if each.words == each.source and each.context != "Languages"
    }
    assert {text for text in same if not SAME_IN_FRENCH.fullmatch(text)} == set()
    english = re.compile(
        r"\b(?:the|is|are|and|your|you|with|cannot|settings|download|key|keyring|speech|engine"
        r"|history|reply|answer|voice|loudspeaker|cloud|stand-in|click)\b",
        re.IGNORECASE,
    )
    commands = re.compile(r"`[^`]*`|parley \w+(?: \w+)*|https?:\S+")
    left = [
        (each.source, each.words)
        for each in messages()
        if english.search(commands.sub("", each.words))
    ]
    assert left == []


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("a space that does not break stands before : ; ? and »", r"[^\u202f][;?»]|\w:(?!\w)"),
        ("and after «", "«(?!\u202f)"),
        ("the apostrophe is round", r"\w'\w"),
        ("no exclamation marks", "!"),
        ("nobody is addressed as tu", r"\b(?:tu|ton|tes|toi)\b"),
        ("three dots are one sign", r"\.\.\."),
        ("no two spaces", "  "),
    ],
)
def test_typography(rule: str, wrong: str) -> None:
    def of_people(each: Message) -> str:
        return re.sub(r"`[^`]*`|https?:\S+", "…", each.words)

    assert [each.words for each in messages() if re.search(wrong, of_people(each))] == [], rule


TERMS = {
    "talk key": "touche de parole",
    "loudspeaker": "haut-parleur",
    "language model": "modèles? de langue",
    "speech model": "modèles?",
    "history": "historique",
    "settings": "réglages?",
    "keyring": "trousseau",
    "private": "privée?",
}


@pytest.mark.parametrize(("term", "in_french"), TERMS.items())
def test_one_thing_has_one_name(term: str, in_french: str) -> None:
    at_odds = [
        (each.source, each.words)
        for each in messages()
        if re.search(rf"\b{term}\b", each.source, re.IGNORECASE)
        and not re.search(in_french, each.words, re.IGNORECASE)
    ]
    assert at_odds == []


# --- the code -------------------------------------------------------------------------------


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for room in ("app/ui", "app/desktop"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                name = ast.unparse(node.func).rpartition(".")[2]
                of_qt = ast.unparse(node.func) in ("translate", "QCoreApplication.translate")
                if name == "tr" or of_qt:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


LOOKED_UP = {"Spans", "Causes", "Languages"}
"""Contexts whose words are tables of the core; `packaging/translations.py` knows them."""


def test_what_is_translated_stands_in_the_code_as_it_is() -> None:
    """Qt's tool reads the code without running it."""
    unreadable = []
    for where, call in _calls():
        given = call.args if ast.unparse(call.func).endswith("tr") else call.args[1:]
        context = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
        catalogue = ast.unparse(call.args[0]) == "CONTEXT"
        if not isinstance(given[0], ast.Constant) and context not in LOOKED_UP and not catalogue:
            unreadable.append(where)
    assert unreadable == []
