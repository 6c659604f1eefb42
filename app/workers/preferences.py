"""The settings' thread: writes what the user changed in the window to the settings file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.core.events import ChangeSetting, Event, SettingChanged, SettingValue
from app.workers.worker import Worker


class PreferencesWorker(Worker):
    """Changes one setting at a time. A thread of its own: a disk may sleep, and a keyring may
    wait for its user, but a switch must not wait for either."""

    stage = "settings"

    def __init__(
        self, change: Callable[[str, SettingValue], object], shown: Mapping[str, SettingValue]
    ) -> None:
        """
        Args:
            change: writes one setting, by its name in the file; raises `SettingsError`.
            shown: settings the window shows, as they are at the start.
        """
        super().__init__()
        self._change = change
        self._shown = dict(shown)

    def on_begin(self) -> None:
        for name, value in self._shown.items():
            self.happened.emit(SettingChanged(name=name, value=value))

    def on(self, event: Event) -> None:
        match event:
            case ChangeSetting():
                self._change(event.name, event.value)
                self.happened.emit(SettingChanged(name=event.name, value=event.value))
