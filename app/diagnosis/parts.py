"""Everything there is to check: for `doctor` all of it, for the window what its own threads do
not already tell (they own the devices and have loaded the engines)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from app.core.diagnosis_events import Check
from app.diagnosis import checks, engines
from app.paths import Paths
from app.secrets import Secrets
from app.settings import Settings


class Part(NamedTuple):
    """Something to check."""

    name: str
    check: Callable[[], Iterable[Check]]
    essential: bool = False
    """Whether Parley cannot answer without it."""


def of_everything(settings: Settings, paths: Paths, secrets: Secrets) -> Sequence[Part]:
    """The quick ones first. Opens devices and loads models: for a process of its own."""
    return (
        *_of_files(paths),
        Part("keys", partial(checks.keys, secrets, settings.llm.first_choice)),
        Part("sound", partial(checks.sound, settings.audio)),
        Part("language model", partial(engines.language_model, settings, secrets), True),
        Part("voice detector", partial(engines.voice_detector, settings), True),
        Part("speech to text", partial(engines.speech_to_text, settings, paths), True),
        Part("voice", partial(engines.voice, settings, paths), True),
        Part("GPU", partial(checks.gpu, lambda: settings)),
    )


def beside_the_window(paths: Paths) -> Sequence[Part]:
    """What can be looked at while Parley runs, without disturbing it."""
    return (*_of_files(paths), Part("GPU", partial(checks.gpu, partial(_in_the_file, paths))))


def _in_the_file(paths: Paths) -> Settings:
    """As they are written: what was changed in the window is there a moment later."""
    from app.settings_file import load

    return load(paths.settings_file)[0]


def _of_files(paths: Paths) -> Sequence[Part]:
    return (
        Part("settings", partial(checks.settings_file, paths)),
        Part("history", partial(checks.history, paths)),
        Part("disk", partial(checks.disk, paths)),
    )
