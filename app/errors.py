"""Everything that can go wrong and reach the user.

AssistantError                 has a title, a meaning and the user's next step
├── InputError                 what the user gave cannot be used (missing file, empty text)
├── SettingsError              settings that cannot be read or do not make sense
├── AudioError                 microphone or loudspeaker missing, busy or lost
├── HistoryError               the history file cannot be used (locked, corrupt, newer)
└── ProviderError              an engine failed
    ├── ProviderUnavailable    not installed, not running, no model, no key, no network
    ├── ProviderRefused        it answered and said no (401, 404, 429, 5xx, bad request)
    └── ProviderBroke          it began and did not finish (died, hung, cut stream)

A provider raises these at its border, `raise ... from exc`, and lets everything else
through: an exception that is not an AssistantError is a bug, and the worker that meets it
writes the traceback to the log.
"""

from __future__ import annotations


class AssistantError(Exception):
    """An error a user can read.

    Attributes:
        title: what happened, one short sentence.
        hint: what to do next, one short sentence; empty when there is nothing to do.
    """

    def __init__(self, title: str, hint: str = "") -> None:
        super().__init__(f"{title} {hint}".strip())
        self.title = title
        self.hint = hint


class InputError(AssistantError):
    """What the user gave cannot be used."""


class SettingsError(AssistantError):
    """A settings file or value cannot be used."""


class AudioError(AssistantError):
    """A microphone or loudspeaker is missing, busy or lost."""


class HistoryError(AssistantError):
    """The history file cannot be used as it is."""


class ProviderError(AssistantError):
    """An engine failed."""


class ProviderUnavailable(ProviderError):
    """The engine is not there: not installed, not running, no model, no key, no network."""


STAY = "“Stay on this computer”"
"""What people know the setting `llm.local_only` as: the window's switch, in every message."""


def downloads_are_off() -> ProviderUnavailable:
    """The error of a download that was asked for under local-only."""
    return ProviderUnavailable(
        f"Nothing is downloaded while {STAY} is on.",
        "Turn it off in the engines panel, and try again.",
    )


class ProviderRefused(ProviderError):
    """The engine answered and said no.

    Attributes:
        retry_after_s: how long the engine asks us to wait, in seconds, when it said so.
        status: the HTTP status it answered with, where there was one.
    """

    def __init__(
        self,
        title: str,
        hint: str = "",
        *,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(title, hint)
        self.retry_after_s = retry_after_s
        self.status = status


class ProviderBroke(ProviderError):
    """The engine began to answer and did not finish."""
