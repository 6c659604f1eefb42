"""What flows about microphones and loudspeakers as things to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.events import Command, Event, Intent

Choice = tuple[str, str]
"""A device by its name and its host API; never its index, which changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListDevices(Intent):
    """Say what there is to choose from, now and whenever it changes, or no longer.
    Window → sound."""

    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchMicrophone(Intent):
    """Say how loud it is, or no longer. Window → listener, sound."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UseDevices(Command):
    """Use these from now on; None follows the system. Settings → sound."""

    microphone: Choice | None
    speaker: Choice | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DevicesListed(Event):
    """What there is, the one that the system would use first."""

    kind: str
    """ "input" or "output"."""
    devices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MicrophoneHeard(Event):
    """Loudness beside any turn, about 30 times a second while somebody watches."""

    level: float
    """Peak, 0 to 1."""
