"""The language of the window: which one it is, and the words of those who know none.

Whatever is written in `app.ui` and `app.desktop` goes through Qt's translation. What comes from
below them (errors, notices, checks) is English and must stay so: the log and the command line say
the same. `said` puts it into the window's language where the window shows it.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Literal

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QGuiApplication

from app.core.diagnosis_events import Check, ChecksEnded
from app.core.events import (
    DeviceChanged,
    EngineAnswered,
    EngineMissing,
    Event,
    FetchEnded,
    KeyChanged,
    ModelDisplaced,
    Notice,
    ProviderChecked,
    StageFailed,
    StandingChanged,
    TurnEnded,
)
from app.core.model_events import ModelsListed
from app.core.timer_events import TimersNotKept
from app.ui.device_names import device_name
from app.ui.icons import RESOURCES

log = logging.getLogger(__name__)

Choice = Literal["system", "en", "fr"]
"""`AppearanceSettings.language`."""

LANGUAGES = ("en", "fr")
"""The first is what the code is written in, and what whoever speaks neither gets."""

FOLDER = RESOURCES / "translations"
TEMPLATES = FOLDER / "templates.json"
"""The sentences from below with something in them, as `packaging/translations.py` found them."""

CONTEXT = "Said"
"""Under which Qt looks up the words from below."""

_PLACE = re.compile(r"%(L?)(\d)")
"""As Qt writes them. With an L a number stands there, to be written as the language does."""

_SHOWN: Mapping[type[Event], tuple[str, ...]] = {
    Notice: ("title", "hint"),
    StageFailed: ("title", "hint"),
    EngineMissing: ("title", "hint"),
    FetchEnded: ("title", "hint"),
    DeviceChanged: ("detail",),
    KeyChanged: ("remark",),
    ProviderChecked: ("line",),
    EngineAnswered: ("why",),
    StandingChanged: ("why",),
    ModelDisplaced: ("why",),
    TurnEnded: ("why_not_first",),
    ModelsListed: ("blocked",),
    TimersNotKept: ("why",),
}
"""Which words of an event are sentences for people. Others are names, or what somebody said."""

_language = LANGUAGES[0]
_translators: list[QTranslator] = []


def language_for(choice: Choice, wanted: Sequence[str]) -> str:
    """The language of the window.

    Args:
        wanted: what the system's user reads, best first ("fr-CH", "en").
    """
    if choice != "system":
        return choice
    known = (name.replace("_", "-").partition("-")[0].lower() for name in wanted)
    return next((name for name in known if name in LANGUAGES), LANGUAGES[0])


def language() -> str:
    """The language of the window now, as `install` chose it: ISO 639-1 code."""
    return _language


def language_of(choice: str) -> str:
    """The language that `install` would choose on this system for a setting's value."""
    return choice if choice != "system" else language_for("system", QLocale.system().uiLanguages())


def install(choice: Choice) -> str:
    """Choose the language of everything that is built from now on, how it writes numbers and
    dates, and from which side it reads. Call it once, before the first widget.

    Returns:
        ISO 639-1 code.
    """
    global _language
    system = QLocale.system()
    _language = language_for(choice, system.uiLanguages())
    # the country's own habits, where it is a country of this language
    locale = system if system.name()[:2] == _language else QLocale(_language)
    QLocale.setDefault(locale)
    QGuiApplication.setLayoutDirection(locale.textDirection())
    while _translators:
        QCoreApplication.removeTranslator(_translators.pop())
    if _language != LANGUAGES[0]:
        # Qt's own words first: where both know a text, the last one installed is asked before
        qt_folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        _load(f"qtbase_{_language}", qt_folder)
        _load(f"parley_{_language}", str(FOLDER))
    _translated.cache_clear()
    return _language


def _load(name: str, folder: str) -> None:
    translator = QTranslator(QCoreApplication.instance())
    if translator.load(name, folder):
        QCoreApplication.installTranslator(translator)
        _translators.append(translator)
    else:
        # English is understood; nothing else depends on the file
        log.warning("The words in %s/%s.qm cannot be read.", folder, name)


# --- words from below -----------------------------------------------------------------------


def in_words(event: Event) -> Event:
    """The event with its sentences in the language of the window."""
    if isinstance(event, DeviceChanged):
        event = replace(event, name=device_name(event.name, event.kind))
    if _language == LANGUAGES[0]:
        return event
    if isinstance(event, ChecksEnded):
        return replace(event, checks=tuple(_check(check) for check in event.checks))
    fields = _SHOWN.get(type(event), ())
    changed: dict[str, Any] = {name: said(getattr(event, name)) for name in fields}
    return replace(event, **changed) if changed else event


def _check(check: Check) -> Check:
    return replace(check, text=said(check.text), hint=said(check.hint))


def said(text: str) -> str:
    """A text from below in the language of the window; what is not known stays as it is.

    First as a whole, then as a sentence with something in it (which may be known words too), then
    sentence by sentence.
    """
    if _language == LANGUAGES[0] or not text.strip():
        return text
    return _translated(text)


@lru_cache(maxsize=256)
def _translated(text: str) -> str:
    whole = _known(text) or _filled(text)
    if whole:
        return whole
    sentences = _SENTENCE_END.split(text)
    if len(sentences) > 1:
        return " ".join(_known(each) or _filled(each) or each for each in sentences)
    return text


def _known(text: str) -> str:
    """The translation of exactly this; empty when there is none."""
    found = QCoreApplication.translate(CONTEXT, text)
    return found if found != text else ""


def _filled(text: str) -> str:
    """The translation of a template that fits, with what stood in its places."""
    for template in _templates():
        found = template.match(text)
        if found is None:
            continue
        words = _known(template.source)
        if words and _fits(words, found):
            return _put(words, found)
    return ""


def _fits(words: str, found: Sequence[str]) -> bool:
    """Whether a number stands wherever one is needed."""
    numbers = (found[int(place) - 1] for sort, place in _PLACE.findall(words) if sort)
    return all(text[:1].isdigit() for text in numbers)


def _put(words: str, found: Sequence[str]) -> str:
    """The words with what stands in their places, in the language of the window too."""

    def one(place: re.Match[str]) -> str:
        text = _translated(found[int(place[2]) - 1])
        return _DECIMAL_POINT.sub(QLocale().decimalPoint(), text) if place[1] else text

    return _PLACE.sub(one, words)


_DECIMAL_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_SENTENCE_END = re.compile(r"(?<=[.?!…]) (?=[A-Z“])")


class _Template:
    """A sentence with places in it: "There is no room for %1."."""

    def __init__(self, source: str, phrases: Sequence[str]) -> None:
        """
        Args:
            phrases: what is known to stand in places.
        """
        self.source = source
        self._phrases = phrases
        self._pieces = _PLACE.split(source)[::3]
        self._pattern: re.Pattern[str] | None = None

    @property
    def fixed(self) -> int:
        """How many letters of it stand still: the more, the better does it fit."""
        return sum(len(piece) for piece in self._pieces)

    def match(self, text: str) -> list[str] | None:
        """What stands in the places %1, %2…; None when the text is another."""
        if not self._may_fit(text):
            return None
        if self._pattern is None:
            self._pattern = re.compile(self._written(), re.DOTALL)
        found = self._pattern.fullmatch(text)
        return list(found.groups()) if found else None

    def _may_fit(self, text: str) -> bool:
        """A look that spares most templates their pattern."""
        if not (text.startswith(self._pieces[0]) and text.endswith(self._pieces[-1])):
            return False
        at = 0
        for piece in self._pieces:
            at = text.find(piece, at) + len(piece)
            if at < len(piece):
                return False
        return True

    def _written(self) -> str:
        # A place never reaches into the next sentence, or one template would eat two.
        anything = r"((?:(?![.?!…] [A-Z“]).)+?)"
        # "The speech model tiny …" is of a "speech model", not of a "speech".
        known = "|".join(map(re.escape, sorted(self._phrases, key=len, reverse=True)))
        pattern = re.escape(self._pieces[0])
        for piece in self._pieces[1:]:
            place = anything if piece != " " else f"({known}|{anything[1:]}"
            pattern += place + re.escape(piece)
        return pattern


@lru_cache(maxsize=1)
def _templates() -> tuple[_Template, ...]:
    """The most exact first."""
    try:
        listed = json.loads(TEMPLATES.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        log.warning("The sentences in %s cannot be read: %s", TEMPLATES, exc)
        return ()
    templates = [_Template(source, listed["phrases"]) for source in listed["sentences"]]
    return tuple(sorted(templates, key=lambda template: -template.fixed))
