"""The part of the engines panel about services that take a key: keep it, drop it, try it, and the
switch that keeps every word on this computer.

A key is in its field from the paste to the click on Save, and nowhere else in the window.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import (
    ChangeSetting,
    CheckProvider,
    Event,
    ForgetKey,
    KeyChanged,
    LookUpKeys,
    ProviderChecked,
    SaveKey,
    SettingChanged,
)
from app.core.secret import Secret
from app.ui import icons, words
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.switch import Switch
from app.ui.theme import Theme

LOCAL_ONLY = "llm.local_only"

LONGEST_KEY = 1000
"""Characters; keys have about 60. What is longer was pasted by mistake."""

_FORGETTABLE = ("in the keyring", "until Parley quits")
"""Places (`KeyChanged.place`) that are ours to empty; the environment is not."""


class ProviderRow(QWidget):
    """One service.

    Signals:
        intent: `SaveKey`, `ForgetKey` or `CheckProvider`.
    """

    intent = Signal(object)

    def __init__(self, changed: KeyChanged, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._key = changed
        self._checked: ProviderChecked | None = None
        self._checking = False
        self._local_only = False
        self._glyph = Glyph("cloud", "", 22)
        self._name = _label("strong")
        self._meta = _label("small")
        self._verdict_glyph = Glyph("check", "", 16)
        self._verdict = _label("small")
        self.test = QPushButton(self.tr("Test"))
        self.test.clicked.connect(self._test)
        self.edit = QPushButton(self.tr("Key"))
        self.edit.setCheckable(True)
        self.edit.toggled.connect(self._unfold)
        self._lay_out()
        theme.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(look.SPACE_S)
        head.addWidget(self._name, 1)
        head.addWidget(self.edit)
        head.addWidget(self.test)

        self.field = QLineEdit()
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setMaxLength(LONGEST_KEY)
        self.field.textChanged.connect(self._field_changed)
        self.field.returnPressed.connect(self._save)
        self.save = QPushButton(self.tr("Save"))
        self.save.setProperty("role", "primary")
        self.save.clicked.connect(self._save)
        self.forget = QPushButton(self.tr("Forget"))
        self.forget.clicked.connect(self._forget)
        self._editor = QWidget()
        editor = QHBoxLayout(self._editor)
        editor.setContentsMargins(0, look.SPACE_XS, 0, 0)
        editor.setSpacing(look.SPACE_S)
        editor.addWidget(self.field, 1)
        editor.addWidget(self.save)
        editor.addWidget(self.forget)
        self._editor.hide()

        verdict = QHBoxLayout()
        verdict.setSpacing(look.SPACE_XS)
        verdict.addWidget(self._verdict_glyph, 0, Qt.AlignmentFlag.AlignTop)
        verdict.addWidget(self._verdict, 1)
        text = QVBoxLayout()
        text.setSpacing(2)
        text.addLayout(head)
        text.addWidget(self._meta)
        text.addLayout(verdict)
        text.addWidget(self._editor)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(look.SPACE_M)
        beside = QVBoxLayout()
        beside.setContentsMargins(0, look.SPACE_XS, 0, 0)  # level with the name, not the buttons
        beside.addWidget(self._glyph)
        beside.addStretch(1)
        row.addLayout(beside)
        row.addLayout(text, 1)

    @property
    def text(self) -> str:
        """Everything the row says now, for tests and screen readers."""
        shown = (self._name, self._meta, self._verdict)
        return "\n".join(label.text() for label in shown if not label.isHidden())

    def show_key(self, changed: KeyChanged) -> None:
        if changed.place != self._key.place:
            # what was found out with another key is no longer true
            self._checked = None
        self._key = changed
        self.refresh()

    def show_local_only(self, on: bool) -> None:
        if on != self._local_only:
            self._local_only = on
            self._checked = None
            self.refresh()

    def show_verdict(self, checked: ProviderChecked) -> None:
        self._checking = False
        self._checked = checked
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        engine, tokens = self._key.engine, self._theme.tokens
        name = words.engine_name(engine)
        self._glyph.show_icon(
            "computer" if engine.local else "cloud", tokens.muted if engine.local else tokens.warn
        )
        self._name.setText(name)
        where = urlsplit(self._key.address).netloc.rpartition("@")[2]
        about = [words.place(engine), where if engine.local else engine.model, self._standing()]
        if self._local_only and not engine.local:
            about.append(self.tr("not asked now"))
        self._meta.setText(" · ".join(piece for piece in about if piece))
        self._show_verdict()
        self.test.setEnabled(not self._checking)
        self.forget.setVisible(self._key.place in _FORGETTABLE)
        self.save.setEnabled(bool(self.field.text().strip()))
        self.field.setPlaceholderText(self.tr("Paste the key"))
        for button, what in (
            (self.test, self.tr("Test %1")),
            (self.edit, self.tr("Key for %1")),
            (self.save, self.tr("Save the key for %1")),
            (self.forget, self.tr("Forget the key for %1")),
        ):
            button.setToolTip(what.replace("%1", name))
            button.setAccessibleName(what.replace("%1", name))
        self.field.setAccessibleName(self.tr("Key for %1").replace("%1", name))
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.text.replace("\n", ". "))

    def _standing(self) -> str:
        """Where the key is, in the window's language."""
        place = self._key.place
        if place == "not set" and self._key.engine.local:
            return self.tr("needs no key")
        if place.startswith("from "):
            return self.tr("key from %1").replace("%1", place.removeprefix("from "))
        return {
            "in the keyring": self.tr("key in the keyring"),
            "until Parley quits": self.tr("key kept until Parley quits"),
            "not set": self.tr("no key"),
        }.get(place, place)

    def _show_verdict(self) -> None:
        tokens, checked = self._theme.tokens, self._checked
        if self._checking:
            self._verdict_glyph.show_icon("hourglass", tokens.muted)
            self._verdict.setText(self.tr("Testing"))
        elif checked is not None and checked.ok:
            self._verdict_glyph.show_icon("check", tokens.speaking)
            self._verdict.setText(checked.line)
        elif checked is not None:
            self._verdict_glyph.show_icon("alert", tokens.warn)
            self._verdict.setText(checked.line)
        shown = self._checking or checked is not None
        self._verdict_glyph.setVisible(shown)
        self._verdict.setVisible(shown)

    def _test(self) -> None:
        self._checking = True
        self.refresh()
        self.intent.emit(CheckProvider(name=self._key.engine.name))

    def _unfold(self, unfolded: bool) -> None:
        self._editor.setVisible(unfolded)
        if unfolded:
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.field.clear()

    @Slot()
    def _field_changed(self) -> None:
        self.save.setEnabled(bool(self.field.text().strip()))

    @Slot()
    def _save(self) -> None:
        key = self.field.text().strip()
        self.field.clear()
        if not key:
            return
        self._checked = None
        self.edit.setChecked(False)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.refresh()
        self.intent.emit(SaveKey(name=self._key.engine.name, key=Secret(key)))

    @Slot()
    def _forget(self) -> None:
        self.edit.setChecked(False)
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.intent.emit(ForgetKey(name=self._key.engine.name))

    def hideEvent(self, event: QHideEvent) -> None:
        # a half-pasted key does not wait behind a closed panel
        self.edit.setChecked(False)
        super().hideEvent(event)


class ProviderKeys(QWidget):
    """The local-only switch, and a row for each service, folded away until wanted.

    Signals:
        intent: what the user wants, for who keeps keys and settings.
        changed: it needs another height now.
        unfolded: this widget of it has grown and wants to be seen.
    """

    intent = Signal(object)
    changed = Signal()
    unfolded = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.rows: dict[str, ProviderRow] = {}
        self._looked_up = False
        self._glyph = Glyph("computer", "", 22)
        title = _label("strong")
        title.setText(self.tr("Stay on this computer"))
        self.local_only = Switch(theme)
        self.local_only.setAccessibleName(title.text())
        self.local_only.setToolTip(self.tr("Send nothing to a cloud service"))
        self.local_only.clicked.connect(self._switch)
        self._meaning = _label("small")
        self.unfold = QPushButton()
        self.unfold.setProperty("role", "quiet")
        self.unfold.setCheckable(True)
        self.unfold.setText(self.tr("Services and keys"))
        self.unfold.toggled.connect(self._fold)
        self._remark = _label("small")
        self._list = QWidget()
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(look.SPACE_M)
        self._column.addWidget(self._remark)
        words_beside = QVBoxLayout()
        words_beside.setSpacing(2)
        words_beside.addWidget(title)
        words_beside.addWidget(self._meaning)
        words_beside.addWidget(self.unfold, 0, Qt.AlignmentFlag.AlignLeft)
        head = QHBoxLayout()
        head.setSpacing(look.SPACE_M)
        head.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words_beside, 1)
        head.addWidget(self.local_only, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(look.SPACE_S)
        column.addLayout(head)
        column.addWidget(self._list)
        self._list.hide()
        self.setVisible(False)  # until somebody tells of a service
        theme.changed.connect(self._dress)
        self._dress()
        self._say_remark("")

    def handle(self, event: Event) -> None:
        """Take an event about keys or settings; others are let through."""
        match event:
            case KeyChanged():
                self._show_key(event)
            case ProviderChecked() if event.name in self.rows:
                self.rows[event.name].show_verdict(event)
            case SettingChanged(name=name) if name == LOCAL_ONLY:
                self._show_local_only(bool(event.value))
            case _:
                return
        self.changed.emit()

    def _show_key(self, event: KeyChanged) -> None:
        name = event.engine.name
        if name in self.rows:
            self.rows[name].show_key(event)
        else:
            row = self.rows[name] = ProviderRow(event, self._theme)
            row.show_local_only(self.local_only.isChecked())
            row.intent.connect(self.intent)
            row.edit.toggled.connect(self._row_unfolded)
            row.test.clicked.connect(self.changed)
            self._column.insertWidget(self._column.count() - 1, row)
            self.setVisible(True)
        self._say_remark(event.remark)

    def _say_remark(self, text: str) -> None:
        self._remark.setText(text)
        self._remark.setVisible(bool(text))

    def _show_local_only(self, on: bool) -> None:
        self.local_only.setChecked(on)
        for row in self.rows.values():
            row.show_local_only(on)
        self._meaning.setText(
            self.tr("Nothing is sent to a cloud service.")
            if on
            else self.tr("A cloud service may answer when no model here can, if it has a key.")
        )

    def _switch(self, on: bool) -> None:
        self._show_local_only(on)
        self.intent.emit(ChangeSetting(name=LOCAL_ONLY, value=on))
        self.changed.emit()

    def _fold(self, unfolded: bool) -> None:
        self._list.setVisible(unfolded)
        self._dress()
        if unfolded and not self._looked_up:
            self._looked_up = True
            self.intent.emit(LookUpKeys())
        self.changed.emit()
        if unfolded:
            self.unfolded.emit(self)

    @Slot(bool)
    def _row_unfolded(self, unfolded: bool) -> None:
        self.changed.emit()
        button = self.sender()
        if unfolded and isinstance(button, QWidget):
            self.unfolded.emit(button.parentWidget())

    @Slot()
    def _dress(self) -> None:
        self._glyph.show_icon("computer", self._theme.tokens.muted)
        chevron = "chevron-down" if self.unfold.isChecked() else "chevron-right"
        self.unfold.setIcon(icons.icon(chevron, self._theme.tokens.muted, size=16))
        self._show_local_only(self.local_only.isChecked())


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label
