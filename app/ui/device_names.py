"""What people call a device. ALSA names the sound server as if it were one: "pulse", "default"."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

translate = QCoreApplication.translate

_SERVERS = {
    "pulse": "PulseAudio",
    "pipewire": "PipeWire",
    "default": "",
    "System default": "",
}
"""ALSA's names, and what the log and the command line make of them: whose choice of a device is
meant, or nobody knows."""


def is_system_choice(name: str) -> bool:
    """Whether this is no device, but the sound server's choice of one."""
    return name in _SERVERS


def device_name(name: str, kind: str) -> str:
    """The same in the settings, in the engines' panel and in the diagnosis.

    Args:
        name: as a list of devices or `DeviceChanged` has it.
        kind: "input" or "output".
    """
    server = _SERVERS.get(name)
    if server is None:
        return name
    if kind == "input":
        system = translate("Devices", "System’s microphone")
    else:
        system = translate("Devices", "System’s loudspeaker")
    return f"{system} ({server})" if server else system
