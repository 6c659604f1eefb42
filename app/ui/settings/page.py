"""The settings, as one page that can be searched. It takes the place of the conversation in the
window; what is changed acts at once and is kept in the settings file."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from app.core.desktop_events import ShortcutChanged
from app.core.events import (
    ChangeSetting,
    CheckProvider,
    Event,
    KeyChanged,
    OllamaChanged,
    ProviderChecked,
    SettingChanged,
    SettingValue,
    StandingChanged,
)
from app.core.sound_events import DevicesListed, MicrophoneHeard
from app.ui import theme as look
from app.ui.echoes import Echoes
from app.ui.folding import Folding
from app.ui.search_page import SearchPage
from app.ui.settings.controls import field_for
from app.ui.settings.fields import LinkField, SettingField
from app.ui.settings.keys import ServiceKeys
from app.ui.settings.lists import DeviceField, LanguageField
from app.ui.settings.ollama import OllamaModelList
from app.ui.settings.order import ModelOrder
from app.ui.settings.rows import Group, Kind, Row, groups
from app.ui.settings.search import found_by
from app.ui.settings.shortcut import ShortcutSetting
from app.ui.theme import Theme

ORDER = "llm.order"

_LEAST_WORDS_PX = 160
"""Where a setting's words have less, its control stands under them."""

_CONCERNING = (
    SettingChanged,
    StandingChanged,
    OllamaChanged,
    KeyChanged,
    ProviderChecked,
    DevicesListed,
    MicrophoneHeard,
    ShortcutChanged,
)

Control = SettingField | ModelOrder | ServiceKeys | OllamaModelList | LinkField


class SettingRow(QWidget):
    """A setting: its words, and its control beside or under them."""

    def __init__(self, row: Row, control: Control, *, wide: bool) -> None:
        super().__init__()
        self.row = row
        self.control = control
        title, about = QLabel(row.title), QLabel(row.about)
        about.setProperty("role", "small")
        for label in (title, about):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        if not row.about:
            about.hide()
        self.rule = QFrame()
        self.rule.setObjectName("rule")
        said = QWidget()
        words = QVBoxLayout(said)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(2)
        words.addWidget(title)
        words.addWidget(about)
        body = QVBoxLayout()
        body.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_L, look.SPACE_M)
        body.setSpacing(look.SPACE_S)
        if wide:
            body.addWidget(said)
            body.addWidget(control)
        else:
            line = Folding(look.SPACE_XL, look.SPACE_S)
            line.add(said, stretch=1, least=_LEAST_WORDS_PX)
            line.add(control)
            body.addWidget(line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.rule)
        column.addLayout(body)

    @property
    def words(self) -> str:
        """Everything it is found by, what it says now included."""
        shown = "" if isinstance(self.control, SettingField) else self.control.words
        return f"{self.row.words} {shown}"


class SettingGroup(QWidget):
    """Settings under one heading."""

    def __init__(self, group: Group, rows: list[SettingRow]) -> None:
        super().__init__()
        self.title = group.title
        self.rows = rows
        heading = QLabel(group.title)
        heading.setProperty("role", "strong")
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        for row in rows:
            inside.addWidget(row)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addWidget(heading)
        column.addWidget(card)

    def search(self, query: str, *, by_title: bool) -> int:
        """Show what is found by the query, or everything for an empty one; how many are shown.

        Args:
            by_title: the heading stands for all that is under it.
        """
        shown = 0
        for row in self.rows:
            found = found_by(f"{self.title if by_title else ''} {row.words}", query)
            row.setVisible(found)
            row.rule.setVisible(shown > 0)
            shown += found
        self.setVisible(shown > 0)
        return shown


class SettingsPage(SearchPage):
    """The page. Its intents are `ChangeSetting`, and what concerns keys, models and devices.

    Signals:
        page_wanted: another page, or the folder, by its name in the table ("models").
        restart_wanted: Parley shall end and start again, in another language.
    """

    page_wanted = Signal(str)
    restart_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, self.tr("Settings"), self.tr("Search settings"), parent)
        self._echoes = Echoes()
        self._values: dict[str, SettingValue] = {}
        self.order = ModelOrder(theme)
        self.keys = ServiceKeys(theme)
        self.ollama = OllamaModelList(theme)
        self.devices: list[DeviceField] = []
        self.fields: dict[str, SettingField] = {}
        self.rows: dict[str, SettingRow] = {}
        self.groups = [self._group(group) for group in groups()]
        self._lay_out()
        self.order.chosen.connect(lambda order: self._choose(ORDER, order))
        self.order.key_wanted.connect(self._open_key)
        self.order.test_wanted.connect(lambda name: self.intent.emit(CheckProvider(name=name)))
        self.order.look_up_wanted.connect(self.keys.look_up)
        self.keys.intent.connect(self.intent)
        self.ollama.intent.connect(self.intent)
        self.search.textChanged.connect(self._search)
        self._search("")
        self._order_tabs()

    # --- construction ---------------------------------------------------------------------

    def _group(self, group: Group) -> SettingGroup:
        rows = []
        for row in group.rows:
            control, wide = self._control(row)
            self.rows[row.name] = SettingRow(row, control, wide=wide)
            rows.append(self.rows[row.name])
        return SettingGroup(group, rows)

    def _control(self, row: Row) -> tuple[Control, bool]:
        if row.kind == Kind.ORDER:
            return self.order, True
        if row.kind == Kind.KEYS:
            return self.keys, True
        if row.kind == Kind.OLLAMA:
            return self.ollama, True
        if row.kind == Kind.LINK:
            link = LinkField(row)
            link.wanted.connect(self.page_wanted)
            return link, False
        field = field_for(row, self.theme)
        field.setEnabled(False)  # until it is known how the setting stands
        field.chosen.connect(lambda value, name=row.name: self._choose(name, value))
        if isinstance(field, DeviceField):
            field.intent.connect(self.intent)
            self.devices.append(field)
        elif isinstance(field, LanguageField):
            field.restart_wanted.connect(self.restart_wanted)
        self.fields[row.name] = field
        return field, field.wide

    def _lay_out(self) -> None:
        self.nothing = QLabel()
        self.nothing.setProperty("role", "small")
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.column.addWidget(self.nothing)
        for group in self.groups:
            self.column.addWidget(group)

    # --- events in ------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take an event about settings, models or keys; others are let through."""
        if not isinstance(event, _CONCERNING):
            return  # by far the most: every piece of a reply comes by here
        if isinstance(event, DevicesListed | MicrophoneHeard):
            for device in self.devices:
                device.handle(event)
            return
        if isinstance(event, ShortcutChanged):
            for field in self.fields.values():
                if isinstance(field, ShortcutSetting):
                    field.show_standing(event)
            return
        if isinstance(event, SettingChanged):
            self._show(event.name, event.value)
        stops = len(self._tab_stops())
        self.order.handle(event)
        self.keys.handle(event)
        self.ollama.handle(event)
        if len(self._tab_stops()) != stops:
            self._order_tabs()

    def _show(self, name: str, value: SettingValue) -> None:
        """Show how a setting stands, unless it is the echo of what was chosen here: meanwhile
        the user may have chosen something else."""
        if self._echoes.holds(name, value):
            return
        self._take(name, value)
        if name == ORDER and isinstance(value, tuple):
            self.order.show_order(value)
        elif name in self.fields:
            self.fields[name].show_value(value)

    def _take(self, name: str, value: SettingValue) -> None:
        """Note a value; what has no meaning without it goes grey."""
        self._values[name] = value
        for row in self.rows.values():
            if row.row.name in self.fields and name in (row.row.name, row.row.needs):
                known = row.row.name in self._values
                needed = not row.row.needs or bool(self._values.get(row.row.needs))
                row.setEnabled(known and needed)
                self.fields[row.row.name].setEnabled(known and needed)

    # --- wishes out -----------------------------------------------------------------------

    def _choose(self, name: str, value: SettingValue) -> None:
        self._echoes.sent(name, value)
        self._take(name, value)
        self.intent.emit(ChangeSetting(name=name, value=value))

    def show_setting(self, name: str) -> None:
        """Bring this row into view, by its name in the table, with the keyboard in it."""
        self.search.clear()
        row = self.rows.get(name)
        if row is not None:
            stops = row.control.tab_stops()
            first = next((stop for stop in stops if not stop.isHidden()), stops[0])
            first.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, row, lambda: self.scroll_to(row))  # once it is laid out

    def _open_key(self, name: str) -> None:
        """A service in the list has no key: here is where it gets one."""
        self.search.clear()
        row = self.keys.open(name)
        if row is not None:
            QTimer.singleShot(0, row, lambda: self.scroll_to(row))  # once it is laid out

    # --- the search, and the keyboard -----------------------------------------------------

    def _search(self, query: str) -> None:
        # "language" is two settings and a word in a heading: who means the settings need not see
        # all that is under that heading
        named = any(found_by(row.row.names, query) for row in self.rows.values())
        shown = sum(group.search(query, by_title=not named) for group in self.groups)
        self.nothing.setVisible(not shown)
        self.nothing.setText(
            self.tr("No setting has “%1” in its words. Esc shows all of them.").replace(
                "%1", query.strip()
            )
        )
        self.scroll_to_top()

    def _tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        stops: list[QWidget] = [self.back, self.search]
        for row in self.rows.values():
            stops += row.control.tab_stops()
        return stops

    def _order_tabs(self) -> None:
        """Tab goes down the page; by itself it would go by the age of the controls, and the rows
        of models and services come when somebody tells of them."""
        for one, next_one in pairwise(self._tab_stops()):
            QWidget.setTabOrder(one, next_one)

    def hideEvent(self, event: QHideEvent) -> None:
        for field in self.fields.values():
            field.flush()
        super().hideEvent(event)
