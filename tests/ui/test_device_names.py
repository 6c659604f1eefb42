"""Devices by the names that people have for them, wherever one is shown."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import DeviceChanged
from app.ui.device_names import device_name
from app.ui.pages import Name
from tests.ui.demo import Demo


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("pulse", "input", "System’s microphone (PulseAudio)"),
        ("pulse", "output", "System’s loudspeaker (PulseAudio)"),
        ("pipewire", "input", "System’s microphone (PipeWire)"),
        ("default", "input", "System’s microphone"),
        ("System default", "output", "System’s loudspeaker"),
        ("USB Microphone", "input", "USB Microphone"),
        ("", "input", ""),
    ],
)
def test_the_sound_server_has_a_name_and_devices_keep_theirs(
    name: str, kind: str, words: str
) -> None:
    assert device_name(name, kind) == words


def test_the_panel_and_the_diagnosis_say_the_same_as_the_settings(qtbot: QtBot) -> None:
    demo = Demo()
    qtbot.addWidget(demo.window)
    demo.put(
        DeviceChanged(kind="input", name="System default"),
        DeviceChanged(kind="output", name="System default"),
    )
    assert demo.window.engines.microphone == "System’s microphone"
    assert demo.window.engines.loudspeaker == "System’s loudspeaker"
    demo.window.open_page(Name.DIAGNOSIS)
    demo.put(DeviceChanged(kind="input", name=""))
    assert demo.window.engines.microphone == "", "none is none"
