"""A service that takes a key: keep the key, drop it, try it.

A key is in its field from the paste to the click on Save, and nowhere else in the window.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.core.events import CheckProvider, ForgetKey, KeyChanged, ProviderChecked, SaveKey
from app.core.secret import Secret
from app.ui import theme as look
from app.ui import words
from app.ui.cards import Glyph
from app.ui.labels import plain_label
from app.ui.settings.verdict import Verdict
from app.ui.theme import Theme

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
        self._name = plain_label("strong")
        self._meta = plain_label("small")
        self._verdict = Verdict(theme, 16)
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

        text = QVBoxLayout()
        text.setSpacing(2)
        text.addLayout(head)
        text.addWidget(self._meta)
        text.addWidget(self._verdict)
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
        said = (self._name.text(), self._meta.text(), self._verdict.text)
        return "\n".join(line for line in said if line)

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
        self._verdict.tell(self._checked, checking=self._checking)
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
