"""Lists on the settings page, and the devices: what is there, what is chosen, what is heard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.core.events import ChangeSetting, SayAgain, SettingChanged
from app.core.sound_events import DevicesListed, ListDevices, MicrophoneHeard, WatchMicrophone
from app.ui import translation
from app.ui.settings.lists import DeviceField, LanguageField, LevelMeter, ListField
from app.ui.theme import Theme
from tests.ui.settings.test_page import Bench

DESK, HEADSET = ("Desk", "ALSA"), ("Headset", "ALSA")


@pytest.fixture
def bench(qtbot) -> Bench:
    return Bench(qtbot)


def device(bench: Bench, name: str) -> DeviceField:
    field = bench.page.fields[name]
    assert isinstance(field, DeviceField)
    return field


def items(field: DeviceField | ListField) -> list[str]:
    return [field.list.itemText(index) for index in range(field.list.count())]


def pick(field: DeviceField | ListField, text: str) -> None:
    """As a click in the open list does."""
    field.list.setCurrentIndex(items(field).index(text))
    field.list.activated.emit(field.list.currentIndex())


# --- lists ----------------------------------------------------------------------------------


def test_a_language_and_none_can_be_chosen_from_the_list(bench: Bench) -> None:
    field = bench.page.fields["stt.language"]
    assert isinstance(field, ListField)
    assert field.list.currentText() == "Any language"
    pick(field, "Français")
    pick(field, "Any language")
    assert bench.changes[-2:] == [("stt.language", "fr"), ("stt.language", None)]


def test_an_open_list_is_as_high_as_its_rows(bench: Bench) -> None:
    field = bench.page.fields["stt.language"]
    assert isinstance(field, ListField)
    field.list.showPopup()
    view = field.list.view()
    shown = min(field.list.count(), field.list.maxVisibleItems())
    assert view.viewport().height() >= shown * view.sizeHintForRow(0)
    assert view.sizeHintForRow(0) >= 24, "high enough to be hit"
    field.list.hidePopup()


def test_numbers_stay_numbers(bench: Bench) -> None:
    bench.page.handle(SettingChanged(name="history.keep_days", value=30))
    field = bench.page.fields["history.keep_days"]
    assert isinstance(field, ListField)
    assert field.list.currentText() == "A month"
    pick(field, "A week")
    assert bench.changes[-1] == ("history.keep_days", 7)


def test_a_value_that_is_not_offered_is_shown_as_none_of_them(bench: Bench) -> None:
    bench.page.handle(SettingChanged(name="history.keep_days", value=31))
    field = bench.page.fields["history.keep_days"]
    assert isinstance(field, ListField)
    assert field.list.currentIndex() == -1
    assert not bench.changes


def test_the_arrow_keys_choose(bench: Bench) -> None:
    field = bench.page.fields["stt.language"]
    assert isinstance(field, ListField)
    field.list.setFocus()
    QTest.keyClick(field.list, Qt.Key.Key_Down)
    assert bench.changes[-1] == ("stt.language", "en")


# --- the language of the window -------------------------------------------------------------


@pytest.fixture
def english(qapp: QApplication) -> Iterator[None]:
    translation.install("en")
    yield
    translation.install("en")


def test_another_language_of_the_window_comes_with_a_way_to_have_it_now(
    english: None, bench: Bench, qtbot
) -> None:
    field = bench.page.fields["appearance.language"]
    assert isinstance(field, LanguageField)
    bench.page.handle(SettingChanged(name="appearance.language", value="en"))
    assert not field.restart.isVisible(), "it would change nothing"
    pick(field, "Français")
    assert bench.changes[-1] == ("appearance.language", "fr")
    assert field.restart.isVisible()
    bench.page.scroll_to(field)
    with qtbot.waitSignal(bench.page.restart_wanted):
        QTest.mouseClick(field.restart, Qt.MouseButton.LeftButton)
    pick(field, "English")
    assert not field.restart.isVisible()


def test_the_system_s_language_needs_no_start_where_it_is_the_window_s(
    english: None, bench: Bench
) -> None:
    field = bench.page.fields["appearance.language"]
    assert isinstance(field, LanguageField)
    pick(field, "As the system")
    same = translation.language_of("system") == "en"
    assert field.restart.isVisible() != same


# --- devices --------------------------------------------------------------------------------


def test_devices_are_asked_for_and_the_microphone_is_watched_while_the_page_is_seen(
    bench: Bench,
) -> None:
    asked = [type(each) for each in bench.intents]
    assert ListDevices in asked
    watched = [each.on for each in bench.intents if isinstance(each, WatchMicrophone)]
    assert watched == [True]
    bench.window.close_settings()
    watched = [each.on for each in bench.intents if isinstance(each, WatchMicrophone)]
    assert watched == [True, False]


def test_the_system_s_choice_stands_there_once(bench: Bench) -> None:
    servers = (("pulse", "ALSA"), ("pipewire", "ALSA"), ("default", "ALSA"))
    for kind in ("input", "output"):
        bench.page.handle(DevicesListed(kind=kind, devices=(*servers, DESK)))
        assert items(device(bench, f"audio.{kind}")) == ["As the system chooses", "Desk"]


def test_a_sound_server_that_was_chosen_is_called_what_people_call_it(bench: Bench) -> None:
    field, pulse = device(bench, "audio.input"), ("pulse", "ALSA")
    bench.page.handle(DevicesListed(kind="input", devices=(pulse, ("default", "ALSA"), DESK)))
    bench.page.handle(SettingChanged(name="audio.input", value=pulse))
    assert field.list.currentText() == "System’s microphone (PulseAudio)"
    assert items(field)[2:] == ["Desk"]
    bench.page.handle(DevicesListed(kind="input", devices=(DESK,)))
    assert field.list.currentText() == "System’s microphone (PulseAudio) (not connected)"
    pick(field, "As the system chooses")
    assert bench.changes[-1] == ("audio.input", None)


def test_the_system_is_followed_until_a_device_is_chosen(bench: Bench) -> None:
    field = device(bench, "audio.input")
    bench.page.handle(DevicesListed(kind="input", devices=(DESK, HEADSET)))
    bench.page.handle(DevicesListed(kind="output", devices=(("Speakers", "ALSA"),)))
    assert items(field) == ["As the system chooses", "Desk", "Headset"]
    assert field.list.currentText() == "As the system chooses"
    pick(field, "Headset")
    assert bench.changes[-1] == ("audio.input", HEADSET)
    pick(field, "As the system chooses")
    assert bench.changes[-1] == ("audio.input", None)


def test_a_chosen_device_that_went_away_is_still_shown_as_the_choice(bench: Bench) -> None:
    field = device(bench, "audio.input")
    bench.page.handle(SettingChanged(name="audio.input", value=HEADSET))
    bench.page.handle(DevicesListed(kind="input", devices=(DESK,)))
    assert field.list.currentText() == "Headset (not connected)"
    bench.page.handle(DevicesListed(kind="input", devices=(DESK, HEADSET)))
    assert field.list.currentText() == "Headset"


def test_two_devices_of_one_name_are_told_apart(bench: Bench) -> None:
    field = device(bench, "audio.input")
    bench.page.handle(DevicesListed(kind="input", devices=(DESK, ("Desk", "JACK"))))
    assert items(field)[1:] == ["Desk (ALSA)", "Desk (JACK)"]


def test_the_bar_follows_the_microphone_and_falls_slowly(bench: Bench) -> None:
    meter = device(bench, "audio.input").meter
    assert meter is not None
    bench.page.handle(MicrophoneHeard(level=0.5))
    loud = meter.share
    assert 0.85 < loud < 0.95  # -6 of 60 decibels
    bench.page.handle(MicrophoneHeard(level=0.0))
    assert 0 < meter.share < loud
    for _ in range(40):
        bench.page.handle(MicrophoneHeard(level=0.0))
    assert meter.share == 0


def test_silence_and_clipping_stay_within_the_bar(qtbot) -> None:
    meter = LevelMeter(Theme("light"))
    qtbot.addWidget(meter)
    meter.show_level(4.0)
    assert meter.share == 1
    meter.show_level(0.0001)
    assert 0 <= meter.share < 1


def test_a_loudspeaker_says_a_sentence(bench: Bench) -> None:
    device(bench, "audio.output").test.click()
    said = [each for each in bench.intents if isinstance(each, SayAgain)]
    assert [each.text for each in said] == ["This is how I sound."]


def test_a_device_can_be_written_and_read_back(bench: Bench, tmp_path) -> None:
    from app import settings_file

    bench.page.handle(DevicesListed(kind="input", devices=(DESK,)))
    pick(device(bench, "audio.input"), "Desk")
    (change,) = [each for each in bench.intents if isinstance(each, ChangeSetting)]
    path = tmp_path / "settings.toml"
    settings_file.change(path, change.name, change.value)
    settings, problems = settings_file.load(path)
    assert problems == []
    assert settings.audio.input is not None
    assert (settings.audio.input.name, settings.audio.input.host_api) == DESK


def test_links_lead_to_other_pages(bench: Bench, qtbot) -> None:
    for name, where in (("link.models", "models"), ("link.diagnosis", "diagnosis")):
        (button,) = bench.page.rows[name].control.tab_stops()
        with qtbot.waitSignal(bench.page.page_wanted) as wanted:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert wanted.args == [where]


def test_a_setting_is_shown_by_its_name(bench: Bench, qtbot) -> None:
    bench.page.search.setText("theme")
    bench.page.show_setting("audio.output")
    assert bench.page.search.text() == ""
    assert device(bench, "audio.output").list.hasFocus()
