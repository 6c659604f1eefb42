"""Which microphone and which loudspeaker: names, never numbers, since numbers change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

SOUND_SERVERS = ("pulse", "pipewire", "default")
"""ALSA's names for the sound server, in the order to try them. They share the device with
other programs and follow the desktop's choice; a `hw:` device does neither."""

SERVER_API = "PulseAudio"
"""In the place of a host API: a device that the sound server names (`sound_server`)."""

HOST_APIS = ("Windows WASAPI", "Core Audio", "ALSA")
"""The host APIs with the lowest latency on their system; others only when these have nothing,
because they list the same devices again."""

HEADSETS = ("bluetooth", "hands-free", "handsfree", "headset", "airpods", "earbuds", "hfp", "hsp")
"""Words in the names of microphones that drop a Bluetooth headset to telephone quality."""

USB_WORD = "usb"
"""A headset on a cable is a good microphone."""

NOT_MICROPHONES = ("monitor of", ".monitor", "stereo mix", "loopback", "blackhole", "what u hear")
"""Inputs that record what the computer plays."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A device as it is remembered."""

    name: str
    host_api: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device as PortAudio lists it."""

    index: int
    """PortAudio's number for it, void after the next restart: use at once, never keep."""
    name: str
    host_api: str
    inputs: int
    """Channels it records; 0 for a loudspeaker."""
    outputs: int
    rate: int
    """Its native sample rate."""
    default_input: bool = False
    """Whether it is its host API's default."""
    default_output: bool = False
    server_name: str = ""
    """What the sound server itself calls it, when it is one of its devices."""

    @property
    def label(self) -> str:
        """What the user calls it."""
        return "System default" if self.name in SOUND_SERVERS else self.name

    @property
    def is_shared(self) -> bool:
        """Whether several streams may use it at once, because a sound server stands between."""
        return self.host_api == SERVER_API or self.name in SOUND_SERVERS

    @property
    def choice(self) -> Choice:
        """How it is remembered."""
        return Choice(self.name, self.host_api)


def ranked(
    devices: Sequence[Device], kind: Literal["input", "output"], choice: Choice | None
) -> list[Device]:
    """The devices that can serve, best first.

    The user's choice leads, then the same name under another host API; then what the system
    would use. Microphones that are better not used by themselves come last. A device that the
    sound server names serves only by choice: without one, the server knows best.
    """
    usable = [
        device
        for device in _of_kind(devices, kind)
        if device.host_api != SERVER_API or device.choice == choice
    ]

    def rank(device: Device) -> tuple[bool, bool, bool, int, int, bool]:
        is_default = device.default_input if kind == "input" else device.default_output
        return (
            device.choice != choice,
            choice is None or device.name != choice.name,
            kind == "input" and is_second_rate_microphone(device),
            HOST_APIS.index(device.host_api) if device.host_api in HOST_APIS else len(HOST_APIS),
            SOUND_SERVERS.index(device.name)
            if device.name in SOUND_SERVERS
            else len(SOUND_SERVERS),
            not is_default,
        )

    return sorted(usable, key=rank)


def to_choose_from(devices: Sequence[Device], kind: Literal["input", "output"]) -> list[Choice]:
    """What the user may choose, what the system would use first.

    Where the sound server names its devices, ALSA's names for the same ones are left out; they
    would not open while the server keeps them.
    """
    usable = ranked(devices, kind, None)
    named = [device for device in _of_kind(devices, kind) if device.host_api == SERVER_API]
    if named:
        usable = [device for device in usable if device.name in SOUND_SERVERS][:1] + named
    return [device.choice for device in usable]


def _of_kind(devices: Sequence[Device], kind: Literal["input", "output"]) -> list[Device]:
    return [d for d in devices if (d.inputs if kind == "input" else d.outputs) > 0]


def is_second_rate_microphone(device: Device) -> bool:
    """Whether the name tells that this is a Bluetooth headset, or no microphone at all."""
    name = device.name.lower()
    if any(word in name for word in NOT_MICROPHONES):
        return True
    return USB_WORD not in name and any(word in name for word in HEADSETS)
