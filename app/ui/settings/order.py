"""The language models on the settings page: in which order they are asked, which are left out,
and how each of them stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import (
    Event,
    OllamaChanged,
    ProviderChecked,
    SettingChanged,
    Standing,
    StandingChanged,
)
from app.core.ports import Engine, Stage
from app.ui import icons, words
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.folding import Folding, in_a_line
from app.ui.labels import plain_label
from app.ui.settings.keys import LOCAL_ONLY
from app.ui.settings.verdict import Verdict
from app.ui.switch import Switch
from app.ui.theme import Theme

translate = QCoreApplication.translate

SKILLS = Engine(Stage.LLM, "skills", "", stand_in=True)
"""They come last, always."""

_LEAST_WORDS_PX = 220
"""Of a model; where they have less, its buttons stand under them."""


class ModelList:
    """Every model, in the order shown: those that are asked and those that are switched off.

    The file knows only who is asked, and in which order. A model that is switched off keeps its
    place here until the next start, so that a slip can be undone where it was made.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._on: set[str] = set()

    @property
    def order(self) -> tuple[str, ...]:
        """Who is asked, first choice first."""
        return tuple(name for name in self.names if name in self._on)

    def is_on(self, name: str) -> bool:
        return name in self._on

    def know(self, name: str) -> None:
        """There is such a model; it stands last until an order says otherwise."""
        if name not in self.names:
            self.names.append(name)

    def take(self, order: Sequence[str]) -> None:
        """The order of the settings; what is shown already in this order stays where it is."""
        for name in order:
            self.know(name)
        self._on = set(order)
        if self.order != tuple(order):
            self.names = [*order, *(name for name in self.names if name not in self._on)]

    def switch(self, name: str, on: bool) -> None:
        (self._on.add if on else self._on.discard)(name)

    def move(self, name: str, step: int) -> bool:
        """Up (-1) or down (1); False where it ends."""
        here = self.names.index(name)
        there = here + step
        if not 0 <= there < len(self.names):
            return False
        self.names[here], self.names[there] = self.names[there], self.names[here]
        return True


@dataclass(frozen=True, slots=True)
class Look:
    """How a model stands, to the eye."""

    icon: str
    colour: str
    """Name of a token."""
    text: str


def look_of(told: StandingChanged, ollama: OllamaChanged | None) -> Look:
    """How a model stands. About Ollama its own thread knows more than who asks it."""
    if told.engine.name == "ollama" and ollama is not None and ollama.local:
        more = _about_ollama(ollama)
        if more is not None:
            return more
    return {
        Standing.READY: Look("check-circle", "speaking", translate("Settings", "ready")),
        Standing.UNTRIED: Look("half-circle", "muted", translate("Settings", "not asked yet")),
        Standing.NO_KEY: Look("alert", "warn", translate("Settings", "no key")),
        Standing.ABSENT: Look("download", "muted", translate("Settings", "not downloaded")),
        Standing.BARRED: Look("half-circle", "muted", translate("Settings", "not asked now")),
        Standing.FAILING: Look("alert", "warn", told.why.rstrip(".")),
    }[told.standing]


def _about_ollama(ollama: OllamaChanged) -> Look | None:
    if not ollama.found and not ollama.running:
        return Look("alert", "warn", translate("Settings", "not installed"))
    if not ollama.wanted:
        return Look("half-circle", "muted", translate("Settings", "installed"))
    if ollama.starting:
        return Look("hourglass", "muted", translate("Settings", "starting"))
    if not ollama.running:
        return Look("alert", "warn", translate("Settings", "not running"))
    if not ollama.pulled:
        return Look("download", "warn", translate("Settings", "model not downloaded"))
    return None


class ModelRow(QWidget):
    """One place of the list; which model stands in it changes.

    Signals:
        switched: it was switched on or off (bool).
        move_wanted: up (-1) or down (1).
        key_wanted: its service needs a key.
        test_wanted: the user wants to know whether it would answer.
    """

    switched = Signal(bool)
    move_wanted = Signal(int)
    key_wanted = Signal()
    test_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.name = ""
        """Of the model that stands here."""
        self._place = plain_label("small", wraps=False)
        self._place.setFixedWidth(look.SPACE_L)
        self._where = Glyph("computer", "", 20)
        self._title = plain_label()
        self._state = Glyph("half-circle", "", 14)
        self._about = plain_label("small")
        self._verdict = Verdict(theme, 14)
        self.test = QPushButton(self.tr("Test"))
        self.test.clicked.connect(lambda: self.test_wanted.emit())
        self.key = QPushButton(self.tr("Add a key"))
        self.key.clicked.connect(lambda: self.key_wanted.emit())
        self.up, self.down = QToolButton(), QToolButton()
        for button, step in ((self.up, -1), (self.down, 1)):
            button.setProperty("role", "icon")
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(lambda _=False, step=step: self.move_wanted.emit(step))
        self.switch = Switch(theme)
        self.switch.clicked.connect(lambda on: self.switched.emit(on))
        self._lay_out()

    def _lay_out(self) -> None:
        standing = QHBoxLayout()
        standing.setSpacing(look.SPACE_XS)
        standing.addWidget(self._state)
        standing.addWidget(self._about, 1)
        text = QVBoxLayout()
        text.setSpacing(1)
        text.addWidget(self._title)
        text.addLayout(standing)
        text.addWidget(self._verdict)
        said = QWidget()
        left = QHBoxLayout(said)
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(look.SPACE_S)
        left.addWidget(self._place)
        left.addWidget(self._where)
        left.addSpacing(look.SPACE_XS)
        left.addLayout(text, 1)
        buttons = in_a_line(*self.controls())
        line = Folding(look.SPACE_S, look.SPACE_XS)
        line.add(said, stretch=1, least=_LEAST_WORDS_PX)
        line.add(buttons, side=Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, look.SPACE_XS, 0, look.SPACE_XS)
        column.addWidget(line)

    @property
    def text(self) -> str:
        """Everything the row says, for tests, the search and screen readers."""
        labels = (self._place, self._title, self._about)
        said = (*(label.text() for label in labels), self._verdict.text)
        return " · ".join(line for line in said if line)

    @property
    def state_icon(self) -> str:
        return self._state.name

    def show_model(
        self, told: StandingChanged, seen: Look, *, place: int | None, first: bool, last: bool
    ) -> None:
        """
        Args:
            place: in the order, from 1; None when it is switched off.
        """
        engine, tokens = told.engine, self._theme.tokens
        self.name = engine.name
        title = words.engine_name(engine)
        on = place is not None
        self._place.setText(str(place or ""))
        self._title.setText(title)
        self._title.setProperty("role", "strong" if on else "off")
        _restyle(self._title)
        pieces = [seen.text, words.model_name(engine), words.place(engine)]
        self._about.setText(" · ".join(piece for piece in pieces if piece))
        self._state.show_icon(seen.icon, getattr(tokens, seen.colour if on else "muted"))
        colour = tokens.muted if engine.local or not on else tokens.warn
        self._where.show_icon("computer" if engine.local else "cloud", colour)
        # without a key there is nothing to try out
        self.key.setVisible(told.standing == Standing.NO_KEY)
        self.test.setVisible(told.standing != Standing.NO_KEY)
        self.switch.setChecked(on)
        self.up.setEnabled(not first)
        self.down.setEnabled(not last)
        for button, icon in ((self.up, "arrow-up"), (self.down, "arrow-down")):
            button.setIcon(icons.icon(icon, tokens.text, tokens.line, size=16))
        self._name(title)

    def show_verdict(self, checked: ProviderChecked | None, *, checking: bool) -> None:
        """What a test of the model that stands here found, or that one goes on."""
        self._verdict.tell(checked, checking=checking)
        self.test.setEnabled(not checking)
        self.test.setAccessibleDescription(self._verdict.text)
        self.switch.setAccessibleDescription(self.text)
        self.setAccessibleName(self.text)

    def _name(self, title: str) -> None:
        for control, what in (
            (self.up, self.tr("Move %1 up (Alt+Up)")),
            (self.down, self.tr("Move %1 down (Alt+Down)")),
            (self.key, self.tr("Add a key for %1")),
            (self.test, self.tr("Test %1")),
            (self.switch, self.tr("Ask %1")),
        ):
            control.setAccessibleName(what.replace("%1", title))
            control.setToolTip(what.replace("%1", title))

    def controls(self) -> tuple[QWidget, ...]:
        return (self.key, self.test, self.up, self.down, self.switch)


class ModelOrder(QWidget):
    """The list, the skills last.

    Signals:
        chosen: another order (names, first choice first).
        key_wanted: a service (its name) needs a key.
        test_wanted: the user wants to know whether a model (its name) would answer.
        look_up_wanted: a service was switched on whose key nobody has looked for.
    """

    chosen = Signal(object)
    key_wanted = Signal(str)
    test_wanted = Signal(str)
    look_up_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._list = ModelList()
        self._told: dict[str, StandingChanged] = {}
        self._ollama: OllamaChanged | None = None
        self._checked: dict[str, ProviderChecked] = {}
        self._checking: set[str] = set()
        self.rows: list[ModelRow] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, look.SPACE_XS, 0, 0)
        self._column.setSpacing(0)
        self.skills = _SkillsRow(theme)
        self._column.addWidget(self.skills)
        # shortcuts, because a button takes arrow keys for itself whatever is held beside them
        for keys, step in (("Alt+Up", -1), ("Alt+Down", 1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(lambda step=step: self._move_focused(step))
        theme.changed.connect(self.refresh)

    @property
    def order(self) -> tuple[str, ...]:
        return self._list.order

    @property
    def words(self) -> str:
        """Everything it says now."""
        return " ".join(row.text for row in self.rows)

    def tab_stops(self) -> list[QWidget]:
        """What Tab reaches, from top to bottom."""
        return [control for row in self.rows for control in row.controls()]

    def show_order(self, order: Sequence[str]) -> None:
        """The order of the settings."""
        self._list.take(order)
        self.refresh()

    def handle(self, event: Event) -> None:
        """Take an event about the models; others are let through."""
        match event:
            case StandingChanged():
                self._told[event.engine.name] = event
                self._list.know(event.engine.name)
            case OllamaChanged():
                self._ollama = event
            case ProviderChecked():
                self._checking.discard(event.name)
                self._checked[event.name] = event
            case SettingChanged(name=name) if name == LOCAL_ONLY:
                self._checked.clear()  # what may be asked is another matter now
            case _:
                return
        self.refresh()

    def refresh(self) -> None:
        names = self._shown()
        while len(self.rows) < len(names):
            self._add_row()
        order = [name for name in self._list.order if name in names]
        for index, name in enumerate(names):
            told = self._told[name]
            self.rows[index].show_model(
                told,
                look_of(told, self._ollama),
                place=order.index(name) + 1 if self._list.is_on(name) else None,
                first=index == 0,
                last=index == len(names) - 1,
            )
            self.rows[index].show_verdict(self._checked.get(name), checking=name in self._checking)

    def _shown(self) -> list[str]:
        """A model that nobody has told of is not one of this Parley's."""
        return [name for name in self._list.names if name in self._told]

    def _add_row(self) -> None:
        row = ModelRow(self._theme)
        row.switched.connect(lambda on: self._switch(row.name, on))
        row.move_wanted.connect(lambda step: self._move(row, step))
        row.key_wanted.connect(lambda: self.key_wanted.emit(row.name))
        row.test_wanted.connect(lambda: self._test(row.name))
        self._column.insertWidget(self._column.count() - 1, row)
        self.rows.append(row)

    def _test(self, name: str) -> None:
        self._checking.add(name)
        self.refresh()
        self.test_wanted.emit(name)

    def _switch(self, name: str, on: bool) -> None:
        self._list.switch(name, on)
        self.refresh()
        self.chosen.emit(self._list.order)
        if on and self._told[name].standing == Standing.NO_KEY:
            self.look_up_wanted.emit()  # the keyring may have one

    def _move(self, row: ModelRow, step: int) -> None:
        """The keyboard goes with the model, on the same control of its new place."""
        before, here = self._list.order, self.rows.index(row)
        focus = next((index for index, each in enumerate(row.controls()) if each.hasFocus()), None)
        if not self._list.move(row.name, step):
            return
        there = self.rows[here + step]
        self.refresh()
        if focus is not None:
            control = there.controls()[focus]
            usable = control.isEnabled() and not control.isHidden()
            wanted = control if usable else there.down if step < 0 else there.up
            wanted.setFocus(Qt.FocusReason.OtherFocusReason)
        if self._list.order != before:
            self.chosen.emit(self._list.order)

    def _move_focused(self, step: int) -> None:
        """Move the model that has the keyboard."""
        for row in self.rows:
            if any(control.hasFocus() for control in row.controls()):
                self._move(row, step)
                return


class _SkillsRow(QFrame):
    """Who answers when no model can. Nothing about it can be changed."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._glyph = Glyph("computer", "", 20)
        title = QLabel(words.engine_name(SKILLS))
        title.setProperty("role", "strong")
        about = QLabel(self.tr("Always last: they answer when no model can, on this computer."))
        about.setProperty("role", "small")
        about.setWordWrap(True)
        self.setAccessibleName(f"{title.text()}. {about.text()}")
        text = QVBoxLayout()
        text.setSpacing(1)
        text.addWidget(title)
        text.addWidget(about)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, look.SPACE_S, 0, look.SPACE_XS)
        line.setSpacing(look.SPACE_S)
        line.addSpacing(look.SPACE_L + look.SPACE_S)  # where the others have their number
        line.addWidget(self._glyph)
        line.addSpacing(look.SPACE_XS)
        line.addLayout(text, 1)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        self._glyph.show_icon("computer", self._theme.tokens.muted)


def _restyle(widget: QWidget) -> None:
    """Have the stylesheet look at its properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
