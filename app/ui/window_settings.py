"""The settings that the window follows by itself: its looks, the words' size, the talk key it
names."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from app.core.events import ChangeSetting, Event, SettingChanged, SettingValue
from app.settings import AppearanceSettings, TalkSettings, range_of
from app.ui import motion
from app.ui.echoes import Echoes
from app.ui.theme import Theme

TEXT_STEP = 0.1
"""By how much Ctrl+plus enlarges the words."""


class WindowSettings(QObject):
    """What is chosen in the window acts here at once, before it is written: a disk may sleep.
    Lives in the GUI thread.

    Signals:
        intent: the user wants another size of the words (`ChangeSetting`).
        text_size_changed: the words are this much larger than usual (a factor, float).
        face_toggled: the face is shown from now on, or not (bool).
        talk_key_changed: talking works by this mode and key (str, str) from now on.
        talk_mode_chosen: it works in this way (`TalkSettings.mode`), and did in another.
    """

    intent = Signal(object)
    text_size_changed = Signal(float)
    face_toggled = Signal(bool)
    talk_key_changed = Signal(str, str)
    talk_mode_chosen = Signal(str)

    def __init__(
        self,
        appearance: AppearanceSettings,
        talk: TalkSettings,
        theme: Theme,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._at_start = appearance
        self._theme = theme
        self._talk_mode: str = talk.mode
        self._talk_key = talk.key
        self._text_size = 1.0
        self._echoes = Echoes()

    def begin(self) -> None:
        """Act on those that nobody was built with."""
        for name in ("motion", "face", "text_size"):
            self._apply(f"appearance.{name}", getattr(self._at_start, name))

    @Slot(object)
    def follow(self, intent: Event) -> None:
        """Take anything the user wants; only choices of settings matter here."""
        if isinstance(intent, ChangeSetting):
            self._echoes.sent(intent.name, intent.value)
            self._apply(intent.name, intent.value)

    def handle(self, event: Event) -> None:
        """Take any event of the app; others than the news of settings are let through."""
        if isinstance(event, SettingChanged) and not self._echoes.holds(event.name, event.value):
            self._apply(event.name, event.value)

    @Slot()
    def enlarge_text(self) -> None:
        self._choose_text_size(self._text_size + TEXT_STEP)

    @Slot()
    def shrink_text(self) -> None:
        self._choose_text_size(self._text_size - TEXT_STEP)

    @Slot()
    def reset_text_size(self) -> None:
        self._choose_text_size(1.0)

    def _choose_text_size(self, factor: float) -> None:
        limits = range_of("appearance.text_size")
        assert limits.lowest is not None
        assert limits.highest is not None
        factor = round(min(max(factor, limits.lowest), limits.highest), 1)
        self.intent.emit(ChangeSetting(name="appearance.text_size", value=factor))

    def _apply(self, name: str, value: SettingValue) -> None:
        match name, value:
            case "appearance.theme", "system" | "light" | "dark":
                self._theme.choose(value)
            case "appearance.text_size", int() | float():
                self._text_size = float(value)
                self.text_size_changed.emit(self._text_size)
            case "appearance.motion", "system" | "full" | "reduced":
                motion.choose(value)
            case "appearance.face", bool():
                self.face_toggled.emit(value)
            case "talk.mode", str() if value != self._talk_mode:
                self._talk_mode = value
                self.talk_key_changed.emit(self._talk_mode, self._talk_key)
                self.talk_mode_chosen.emit(value)
            case "talk.key", str() if value != self._talk_key:
                self._talk_key = value
                self.talk_key_changed.emit(self._talk_mode, self._talk_key)
