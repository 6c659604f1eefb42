"""Shortcuts on the settings page: keys that are pressed to be recorded, and what they can do."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.desktop_events import ShortcutChanged
from app.ui import theme as look
from app.ui.labels import plain_label, show_text
from app.ui.settings.fields import SettingField
from app.ui.settings.rows import Row
from app.ui.settings.shortcut_field import ShortcutField
from app.ui.theme import Theme


class ShortcutSetting(SettingField):
    """The talk key, in the window or of the whole desktop; under that one stands whether the
    desktop gives it to Parley."""

    def __init__(self, row: Row, theme: Theme) -> None:
        super().__init__(row, theme)
        self.wide = self._is_global = row.name == "desktop.shortcut"
        self.field = ShortcutField(theme, allow_plain=not self._is_global)
        self.field.set_title(row.title)
        self.field.chosen.connect(lambda keys: self.chosen.emit(keys))
        self.remark = plain_label("small")
        show_text(self.remark, "")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_XS)
        column.addWidget(self.field)
        column.addWidget(self.remark)

    def show_value(self, value: object) -> None:
        self.field.show_value(value)

    def show_standing(self, event: ShortcutChanged) -> None:
        """What the desktop says about it."""
        if not self._is_global:
            return
        text = event.why
        if event.works and not event.can_hold:
            pressed = self.tr("Here it starts and ends talking; it cannot be held.")
            text = f"{pressed} {text}".strip()
        show_text(self.remark, text)

    def flush(self) -> None:
        self.field.flush()

    def tab_stops(self) -> list[QWidget]:
        return self.field.tab_stops()
