"""The keys that belong to the whole window: shortcuts, and what is typed where nothing takes it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from app.ui.composer import Composer
from app.ui.history.sidebar import HistorySidebar
from app.ui.layers import Layers
from app.ui.pages import Name
from app.ui.window_settings import WindowSettings

_COMMANDS = (
    Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
"""With one of these a letter is no text."""


class Keyboard(QObject):
    """The talk key is none of these (`app.ui.talk_key`). Lives in the GUI thread.

    Signals:
        escaped: Esc was pressed.
    """

    escaped = Signal()

    def __init__(
        self,
        window: QWidget,
        composer: Composer,
        sidebar: HistorySidebar,
        layers: Layers,
        settings: WindowSettings,
    ) -> None:
        """
        Args:
            window: where the shortcuts act.
        """
        super().__init__(window)
        self._composer = composer
        self._sidebar = sidebar
        self._layers = layers
        for keys, act in (
            (QKeySequence(Qt.Key.Key_Escape), self.escaped.emit),
            (QKeySequence("Ctrl+,"), lambda: layers.open(Name.SETTINGS)),
            (QKeySequence("Ctrl+F"), self._search_history),
            (QKeySequence("Ctrl+B"), self._toggle_sidebar),
            (QKeySequence("Ctrl+N"), lambda: self._begin(private=False)),
            (QKeySequence("Ctrl+Shift+N"), lambda: self._begin(private=True)),
            (QKeySequence("Ctrl++"), settings.enlarge_text),
            (QKeySequence("Ctrl+="), settings.enlarge_text),
            (QKeySequence("Ctrl+-"), settings.shrink_text),
            (QKeySequence("Ctrl+0"), settings.reset_text_size),
        ):
            QShortcut(keys, window).activated.connect(act)

    def press(self, event: QKeyEvent) -> bool:
        """A letter typed anywhere begins a question; Enter presses the button with the focus.
        False when the key means nothing here."""
        focused = QApplication.focusWidget()
        if (
            event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            and isinstance(focused, QAbstractButton)
            and focused is not self._composer.talk  # a click is no hold
        ):
            focused.click()
            return True
        text = event.text()
        is_text = text.isprintable() and text.strip() and not event.modifiers() & _COMMANDS
        if self._layers.is_covered or not is_text:
            return False
        self._composer.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._composer.box.insertPlainText(text)
        return True

    def _search_history(self) -> None:
        if not self._layers.is_covered:
            self._sidebar.focus_search()

    def _toggle_sidebar(self) -> None:
        if not self._layers.is_covered:
            self._sidebar.toggle()

    def _begin(self, *, private: bool) -> None:
        self._layers.close_pages()
        self._sidebar.begin(private=private)
