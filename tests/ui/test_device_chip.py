"""What the header tells of devices that were chosen and are not there."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.core.events import DeviceChanged
from app.ui import theme as look
from app.ui.device_chip import DeviceChip
from app.ui.engines.panel import EnginePill
from app.ui.engines.status import EngineStatus
from app.ui.header import Header
from app.ui.theme import Theme
from tests.ui.demo import settle

AWAY = "USB Headset is not there. Parley uses Desk until it returns."
SILENT = "No loudspeaker is there. Plug one in, or choose one in the settings."


class Bench:
    """A header as the window has it."""

    def __init__(self, qtbot: QtBot) -> None:
        self.window = QWidget()
        qtbot.addWidget(self.window)
        theme = Theme("light", self.window)
        self.window.setStyleSheet(look.stylesheet(theme.tokens))
        self.engines = EngineStatus(self.window)
        self.header = Header(theme, EnginePill(self.engines, theme))
        self.chip = DeviceChip(self.engines, theme)
        self.header.add_devices(self.chip)
        QVBoxLayout(self.window).addWidget(self.header)
        self.window.resize(900, 80)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.put("input", "Desk")
        self.put("output", "Speakers")

    def put(self, kind: str, name: str, detail: str = "") -> None:
        self.engines.handle(DeviceChanged(kind=kind, name=name, detail=detail))
        settle(10)


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)


def test_it_stands_there_for_as_long_as_another_device_serves(bench: Bench) -> None:
    assert not bench.chip.isVisible()
    bench.put("input", "Desk", AWAY)
    assert bench.chip.isVisible()
    assert bench.chip.text().strip() == "Another microphone"
    assert bench.chip.toolTip() == bench.chip.accessibleName() == AWAY
    assert bench.chip.x() < bench.header.pill.x()
    bench.put("output", "HDMI", AWAY)
    assert bench.chip.text().strip() == "Devices missing"
    bench.put("input", "USB Headset")
    assert bench.chip.text().strip() == "Another loudspeaker"
    bench.put("output", "USB Headset")
    assert not bench.chip.isVisible()


@pytest.mark.parametrize(
    ("kind", "name", "detail", "words", "setting"),
    [
        ("input", "Desk", AWAY, "Another microphone", "audio.input"),
        ("output", "Speakers", AWAY, "Another loudspeaker", "audio.output"),
        ("output", "", SILENT, "No loudspeaker", "audio.output"),
    ],
)
def test_a_click_leads_to_the_choice(
    bench: Bench, kind: str, name: str, detail: str, words: str, setting: str
) -> None:
    wanted: list[str] = []
    bench.chip.setting_wanted.connect(wanted.append)
    bench.put(kind, name, detail)
    assert bench.chip.text().strip() == words
    bench.chip.click()
    assert wanted == [setting]


def test_no_microphone_at_all_is_told_elsewhere(bench: Bench) -> None:
    bench.put("input", "", "No microphone is there. Plug one in.")
    assert not bench.chip.isVisible()


def test_the_keyboard_is_handed_on_when_it_goes(bench: Bench, qtbot: QtBot) -> None:
    bench.put("input", "Desk", AWAY)
    bench.window.activateWindow()
    bench.chip.setFocus()
    qtbot.waitUntil(bench.chip.hasFocus)
    with qtbot.waitSignal(bench.chip.went):
        bench.put("input", "USB Headset")


def test_where_there_is_no_room_the_icon_is_left(bench: Bench) -> None:
    bench.put("input", "Desk", AWAY)
    assert bench.chip.shown.strip() == "Another microphone"
    bench.window.resize(bench.window.minimumSizeHint())
    settle(50)
    assert bench.chip.shown == ""
    assert bench.chip.width() >= bench.chip.iconSize().width() + look.SPACE_XL
