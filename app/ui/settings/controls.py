"""Which control shows which kind of setting."""

from __future__ import annotations

from app.ui.settings.fields import (
    ChoiceField,
    NumberField,
    SegmentsField,
    SettingField,
    SwitchField,
    TextField,
)
from app.ui.settings.lists import DeviceField, LanguageField, ListField
from app.ui.settings.rows import Kind, Row
from app.ui.settings.shortcut import ShortcutSetting
from app.ui.theme import Theme


def field_for(row: Row, theme: Theme) -> SettingField:
    """The control of a row that is a plain setting."""
    kinds: dict[Kind, type[SettingField]] = {
        Kind.SWITCH: SwitchField,
        Kind.CHOICE: ChoiceField,
        Kind.SEGMENTS: SegmentsField,
        Kind.NUMBER: NumberField,
        Kind.TEXT: TextField,
        Kind.LIST: ListField,
        Kind.LANGUAGE: LanguageField,
        Kind.DEVICE: DeviceField,
        Kind.SHORTCUT: ShortcutSetting,
    }
    return kinds[row.kind](row, theme)
