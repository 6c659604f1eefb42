"""The settings that the window follows by itself."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.core.events import ChangeSetting, SettingChanged
from app.settings import AppearanceSettings, TalkSettings, range_of
from app.ui.theme import Theme
from app.ui.window_settings import WindowSettings


class Followed:
    """The settings of a window, and what they told it."""

    def __init__(self) -> None:
        self.theme = Theme("light")
        appearance = AppearanceSettings(theme="light", text_size=1.3, face=False)
        self.settings = WindowSettings(appearance, TalkSettings(mode="hold"), self.theme)
        self.told: list[tuple[object, ...]] = []
        self.settings.text_size_changed.connect(lambda size: self.told.append(("size", size)))
        self.settings.face_toggled.connect(lambda shown: self.told.append(("face", shown)))
        self.settings.talk_key_changed.connect(lambda *how: self.told.append(("key", *how)))
        self.settings.talk_mode_chosen.connect(lambda mode: self.told.append(("mode", mode)))
        # as the window does: what is wanted comes back as something that was wanted
        self.settings.intent.connect(self.settings.follow)

    def hear(self, name: str, value: object) -> None:
        self.settings.handle(SettingChanged(name=name, value=value))  # type: ignore[arg-type]


@pytest.fixture
def followed(qtbot: QtBot) -> Followed:
    return Followed()


def test_the_window_begins_as_it_was_set(followed: Followed) -> None:
    followed.settings.begin()
    assert sorted(followed.told) == [("face", False), ("size", 1.3)]


def test_the_words_are_no_larger_and_no_smaller_than_may_be(followed: Followed) -> None:
    limits = range_of("appearance.text_size")
    for _ in range(40):
        followed.settings.enlarge_text()
    assert followed.told[-1] == ("size", limits.highest)
    for _ in range(40):
        followed.settings.shrink_text()
    assert followed.told[-1] == ("size", limits.lowest)
    followed.settings.reset_text_size()
    assert followed.told[-1] == ("size", 1.0)


def test_a_choice_acts_at_once_and_its_echo_not_again(followed: Followed) -> None:
    followed.settings.follow(ChangeSetting(name="appearance.face", value=True))
    assert followed.told == [("face", True)]
    followed.hear("appearance.face", True)
    assert followed.told == [("face", True)]
    followed.hear("appearance.face", False)
    assert followed.told[-1] == ("face", False), "somebody else changed it"


def test_another_way_to_talk_is_told_once(followed: Followed) -> None:
    followed.hear("talk.mode", "hold")
    assert followed.told == [], "it is so already"
    followed.hear("talk.mode", "toggle")
    followed.hear("talk.mode", "toggle")
    key = TalkSettings().key
    assert followed.told == [("key", "toggle", key), ("mode", "toggle")]


def test_what_the_file_holds_and_no_window_knows_changes_nothing(followed: Followed) -> None:
    tokens = followed.theme.tokens
    followed.hear("appearance.theme", "sepia")
    followed.hear("appearance.text_size", "large")
    followed.hear("llm.local_only", False)
    assert followed.told == []
    assert followed.theme.tokens == tokens
