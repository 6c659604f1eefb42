"""Everything the window has for timers, wired: the chip, its list, and the question before the
end."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QApplication, QWidget

from app.core.events import Event
from app.core.history_events import ConversationBegun
from app.core.timer_events import (
    CancelTimer,
    TimerCancelled,
    TimersChanged,
    TimersKept,
    TimersMissed,
    TimersNotKept,
)
from app.ui.theme import Theme
from app.ui.timers import words
from app.ui.timers.chip import TimersChip
from app.ui.timers.panel import TimersPanel
from app.ui.timers.quit_bar import QuitBar
from app.ui.timers.running import RunningTimers


class TimerParts(QObject):
    """Lives in the GUI thread.

    Attributes:
        chip: for the header.
        bar: for the top of the window.

    Signals:
        intent: what the user wants (`CancelTimer`, `RestoreTimer`).
        told: what the user should know: title, hint, level.
        mended: what was told under this title is no longer true.
        opened: the list is open; another panel gives way.
        put_away: the keyboard was on what is gone, and should go where talking is.
    """

    intent = Signal(object)
    told = Signal(str, str, str)
    mended = Signal(str)
    opened = Signal()
    put_away = Signal()

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.running = RunningTimers(parent=self)
        self.chip = TimersChip(self.running, theme)
        self.bar = QuitBar(self.running, theme)
        self._panel: TimersPanel | None = None
        self._page: QWidget | None = None
        self._floor: QWidget | None = None
        self._since_asked = QElapsedTimer()
        self.chip.toggled.connect(self._toggle)
        for part in (self.chip, self.bar):
            part.went.connect(self.put_away)

    def lie_over(self, page: QWidget, floor: QWidget) -> None:
        """Where the list lies.

        Args:
            page: holds the chip, and becomes the list's parent.
            floor: the part of the page that the list stays above.
        """
        self._page, self._floor = page, floor

    @property
    def panel(self) -> TimersPanel:
        """The list; built when it is wanted for the first time."""
        if self._panel is None:
            assert self._page is not None
            self._panel = TimersPanel(self.running, self._theme, self._page)
            self._panel.intent.connect(self._pass_on)
            self._panel.closed.connect(self._closed)
            self._panel.refreshed.connect(self._place_soon)
        return self._panel

    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap."""
        match event:
            case TimersChanged():
                self.running.show(event.timers, event.rung)
            case TimerCancelled():
                self.running.offer(event.timer, event.undo_s)
            case TimersMissed():
                title, hint = words.missed(event.timers, self.running.now())
                self.told.emit(title, hint, "warn")
            case TimersNotKept():
                self.bar.show_kept(False)
                hint = self.tr("They ring while Parley runs, and end with it. %1")
                self.told.emit(self._not_kept(), hint.replace("%1", event.why), "warn")
            case TimersKept():
                self.bar.show_kept(True)
                self.mended.emit(self._not_kept())
                self.told.emit(self.tr("Your timers are saved again."), "", "info")
            case ConversationBegun():
                self.chip.show_private(event.private)

    def _not_kept(self) -> str:
        return self.tr("Your timers cannot be saved.")

    # --- the list -------------------------------------------------------------------------------

    def close_one(self) -> bool:
        """Put the question away, or else the list; False when there is neither."""
        if self.bar.put_away():
            return True
        if self._panel is not None and self._panel.isVisible():
            self._panel.put_away()
            return True
        return False

    def close_list(self) -> None:
        """Give way to another panel, which has the keyboard."""
        if self._panel is not None:
            self._panel.hide()
        self.chip.setChecked(False)

    @Slot()
    def place(self) -> None:
        """Give the list its place; call it when the window, or what is in it, is another."""
        if self._panel is not None and self._panel.isVisible():
            assert self._page is not None
            assert self._floor is not None
            floor_y = self._floor.mapTo(self._page, self._floor.rect().topLeft()).y()
            self._panel.place(self.chip, floor_y)

    def _place_soon(self) -> None:
        QTimer.singleShot(0, self.place)  # once the new lines have appeared

    def _toggle(self, opened: bool) -> None:
        if not opened:
            if self._panel is not None and self._panel.isVisible():
                self._panel.put_away()
            return
        if self.running.rung:
            self._dismiss()
            return
        self.opened.emit()
        panel = self.panel
        # Shown first: heights are known once the stylesheet has dressed the labels.
        panel.show()
        self.place()
        panel.raise_()
        panel.close_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _dismiss(self) -> None:
        """What has rung was seen; the list opens with the next press."""
        self.chip.setChecked(False)
        for row in self.running.rung:
            self.intent.emit(CancelTimer(number=row.number))

    def _closed(self) -> None:
        self.chip.setChecked(False)
        self.put_away.emit()

    def _pass_on(self, intent: Event) -> None:
        self.intent.emit(intent)

    # --- the end --------------------------------------------------------------------------------

    def hold_back(self) -> bool:
        """Whether the end has to wait: timers run, and the user has not been asked yet. Whoever
        wants it a second time has read the question, or is in a hurry."""
        if not self.running.rows:
            return False
        again = self.bar.asks
        if again and self._since_asked.elapsed() >= QApplication.doubleClickInterval():
            return False
        if not again:
            self._since_asked.start()
            self.bar.ask()
        return True
