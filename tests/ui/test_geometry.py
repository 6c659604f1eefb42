"""How large the window opens, and where."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from app.settings import AppearanceSettings, TalkSettings
from app.ui.main_window import MainWindow
from tests.ui.bench import Bench


def test_the_window_opens_no_larger_than_the_screen(bench: Bench) -> None:
    room = bench.window.screen().availableSize()
    assert bench.window.width() <= min(room.width(), 1080)
    assert bench.window.height() <= min(room.height(), 720)


def test_geometry_is_remembered_where_it_is_told_and_nowhere_else(
    qtbot: QtBot, tmp_path: Path
) -> None:
    def window(profile: str) -> MainWindow:
        place = QSettings(str(tmp_path / f"{profile}.ini"), QSettings.Format.IniFormat)
        result = MainWindow(AppearanceSettings(theme="light"), TalkSettings(), geometry=place)
        qtbot.addWidget(result)
        return result

    first = window("one")
    opening = first.size()
    first.show()
    first.resize(760, 540)
    first.close()
    assert window("one").size() == first.size()
    assert window("two").size() == opening != first.size()


def test_it_fits_nine_hundred_by_six_hundred(bench: Bench, qtbot: QtBot) -> None:
    bench.demo.stand_ins()
    bench.window.resize(900, 600)
    qtbot.wait(1)
    assert (bench.window.width(), bench.window.height()) == (900, 600)
    composer = bench.window.composer
    for widget in (composer.talk, composer.box, composer.status, bench.window.pill):
        corner = widget.mapTo(bench.window, widget.rect().bottomRight())
        assert bench.window.rect().contains(corner)
