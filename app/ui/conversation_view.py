"""The page with all turns, of which only those near the eye exist as widgets.

A conversation can have ten thousand turns. The view keeps a height per turn (measured once it
has been on the screen, estimated before) and makes `TurnView`s for the visible range and half
a screen around it. When an estimate turns out wrong, what is being read stays where it is.
"""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QToolButton, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.conversation_model import ConversationModel, Part, TurnEntry
from app.ui.theme import Theme
from app.ui.turn_view import SAID_FROM, TurnView

SETTLE_ROUNDS = 8
"""Measuring can bring further turns into sight; after this many rounds the rest waits for the
next layout."""

_CHAR_PX = 7.5
"""Average width of a character of body text, for estimates."""


class Heights:
    """Heights of all turns, and where each begins."""

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._tops: list[int] = [0]
        self._valid = 0
        """Tops up to this index are right."""

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def append(self, height: int) -> None:
        self._heights.append(height)
        self._tops.append(0)

    def remove(self, index: int) -> None:
        del self._heights[index]
        self._tops.pop()
        self._valid = min(self._valid, index)

    def set(self, index: int, height: int) -> None:
        if self._heights[index] != height:
            self._heights[index] = height
            self._valid = min(self._valid, index)

    def top(self, index: int) -> int:
        """Where the turn begins; of the index behind the last, the height of the page."""
        while self._valid < index:
            self._tops[self._valid + 1] = self._tops[self._valid] + self._heights[self._valid]
            self._valid += 1
        return self._tops[index]

    @property
    def total(self) -> int:
        return self.top(len(self._heights))

    def at(self, y: int) -> int:
        """The turn at this height of the page, the nearest one outside of it."""
        if not self._heights:
            return 0
        self.top(len(self._heights))
        return max(0, min(bisect_right(self._tops, y) - 1, len(self._heights) - 1))


class ConversationView(QAbstractScrollArea):
    """Draws a `ConversationModel`. Lives in the GUI thread.

    Signals:
        link_clicked: an http(s) link was clicked (QUrl).
        cut_off: whether the page goes on above and below what is in sight.
    """

    link_clicked = Signal(object)
    cut_off = Signal(bool, bool)

    def __init__(
        self, model: ConversationModel, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model = model
        self._theme = theme
        self._heights = Heights()
        self._views: dict[int, TurnView] = {}
        """The turns that exist as widgets, by turn id."""
        self._following = True
        """The newest text is kept in sight, until the user scrolls up."""
        self._arranging = False
        self._chained: list[QWidget] = []
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Conversation"))
        self.viewport().setAutoFillBackground(False)
        self.verticalScrollBar().setSingleStep(40)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._to_latest = QToolButton(self)
        self._to_latest.setAccessibleName(self.tr("Go to the latest words"))
        self._to_latest.setToolTip(self.tr("Go to the latest words"))
        self._to_latest.clicked.connect(self.follow)
        self._to_latest.hide()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(0)
        self._later.timeout.connect(self.arrange)
        model.added.connect(self._added)
        model.removed.connect(self._removed)
        model.changed.connect(self._changed)
        theme.changed.connect(self._dress)
        self._dress()
        for entry in model.entries:
            self._heights.append(self._estimate(entry))

    # --- what others ask ------------------------------------------------------------------

    @property
    def realised(self) -> list[TurnView]:
        """The turns that exist as widgets, in order."""
        return [self._views[entry.turn_id] for _, entry in self._realised_entries()]

    def turn_view(self, turn_id: int) -> TurnView | None:
        """The widget of this turn, if it is near enough to the eye to have one."""
        return self._views.get(turn_id)

    @property
    def following(self) -> bool:
        return self._following

    def follow(self) -> None:
        """Go to the newest words and stay with them."""
        self._following = True
        self.arrange()

    def _realised_entries(self) -> list[tuple[int, TurnEntry]]:
        found = []
        for turn_id in self._views:
            index = self._model.index_of(turn_id)
            if index is not None:
                found.append((index, self._model.entries[index]))
        return sorted(found, key=lambda pair: pair[0])

    # --- the model ------------------------------------------------------------------------

    def _added(self, index: int) -> None:
        self._heights.append(self._estimate(self._model.entries[index]))
        # A new turn is what the user is doing now, wherever they had scrolled to.
        self._following = True
        self._later.start()

    def _removed(self, index: int) -> None:
        self._heights.remove(index)
        alive = {entry.turn_id for entry in self._model.entries}
        for turn_id in [turn_id for turn_id in self._views if turn_id not in alive]:
            self._drop(turn_id)
        self._later.start()

    def _changed(self, index: int, parts: Part) -> None:
        view = self._views.get(self._model.entries[index].turn_id)
        if view is not None:
            view.refresh(parts)
        self._later.start()

    # --- layout ---------------------------------------------------------------------------

    def arrange(self) -> None:
        """Make the turns in sight exist, measure them, and put them in their places."""
        if self._arranging:
            return
        self._arranging = True
        self._later.stop()
        try:
            self._arrange()
        finally:
            self._arranging = False

    def _arrange(self) -> None:
        width = self._column_width()
        height = self.viewport().height()
        bar = self.verticalScrollBar()
        anchor = self._heights.at(bar.value())
        offset = bar.value() - self._heights.top(anchor) if len(self._heights) else 0
        value, wanted = bar.value(), range(0)
        for _round in range(SETTLE_ROUNDS):
            most = max(0, self._heights.total - height)
            if self._following or not len(self._heights):
                value = most
            else:
                value = min(self._heights.top(anchor) + offset, most)
            wanted = self._range(value, height)
            if not self._measure(wanted, width):
                break
        self._keep_only(wanted)
        bar.setPageStep(height)
        bar.setRange(0, max(0, self._heights.total - height))
        bar.setValue(value)
        self._place()

    def _range(self, value: int, height: int) -> range:
        if not len(self._heights):
            return range(0)
        margin = height // 2
        return range(
            self._heights.at(value - margin), self._heights.at(value + height + margin) + 1
        )

    def _measure(self, wanted: range, width: int) -> bool:
        """Realise and measure; True when a height was not what had been thought."""
        surprised = False
        for index in wanted:
            entry = self._model.entries[index]
            view = self._views.get(entry.turn_id)
            if view is None:
                view = self._realise(entry)
            height = view.arrange(width)
            if height != self._heights[index]:
                self._heights.set(index, height)
                surprised = True
        return surprised

    def _realise(self, entry: TurnEntry) -> TurnView:
        view = TurnView(self._theme, entry, self.viewport())
        view.resized.connect(self.arrange)
        view.link_clicked.connect(self.link_clicked)
        for stop in view.tab_stops():
            stop.installEventFilter(self)
        self._views[entry.turn_id] = view
        return view

    def _keep_only(self, wanted: range) -> None:
        keep = {self._model.entries[index].turn_id for index in wanted}
        for turn_id, view in list(self._views.items()):
            if turn_id not in keep and not view.isAncestorOf(QApplication.focusWidget() or self):
                self._drop(turn_id)

    def _drop(self, turn_id: int) -> None:
        view = self._views.pop(turn_id)
        view.hide()
        view.deleteLater()

    def _place(self) -> None:
        """Move the realised turns to where the scroll bar says."""
        value = self.verticalScrollBar().value()
        width = self._column_width()
        # In the middle of the whole view: a scroll bar that comes or goes moves nothing.
        left = (self.width() - width) // 2
        stops: list[QWidget] = []
        for index, entry in self._realised_entries():
            view = self._views[entry.turn_id]
            view.place(left, self._heights.top(index) - value, width, self._heights[index])
            view.show()
            stops += view.tab_stops()
        self._chain(stops)
        most = self.verticalScrollBar().maximum()
        self.cut_off.emit(value > look.SPACE_M, value < most - look.SPACE_M)
        self._place_latest_button()

    def _chain(self, stops: list[QWidget]) -> None:
        """Let Tab follow the reading order, whatever order the widgets were made in."""
        if stops == self._chained:
            return
        self._chained = stops
        before: QWidget = self
        for stop in stops:
            QWidget.setTabOrder(before, stop)
            before = stop

    def _column_width(self) -> int:
        return max(200, min(look.COLUMN_PX, self.width() - 2 * look.SPACE_XL))

    def _estimate(self, entry: TurnEntry) -> int:
        width = self._column_width()

        def lines(text: str, room: float) -> int:
            per_line = max(10, int(room / _CHAR_PX))
            return sum(1 + len(line) // per_line for line in text.split("\n"))

        said = lines(entry.transcript, width * (1 - SAID_FROM)) * look.LINE_HEIGHT_PX + 44
        reply = lines(entry.reply, width) * look.LINE_HEIGHT_PX + 60 if entry.reply else 30
        return round(said + reply)

    # --- scrolling ------------------------------------------------------------------------

    def _scrolled(self, value: int) -> None:
        if self._arranging:
            return
        self._following = value >= self.verticalScrollBar().maximum() - 2
        self.arrange()

    def _place_latest_button(self) -> None:
        away = not self._following and bool(self._model.entries)
        self._to_latest.setVisible(away)
        if away:
            size = self._to_latest.sizeHint()
            self._to_latest.setGeometry(
                (self.width() - size.width()) // 2,
                self.viewport().height() - size.height() - look.SPACE_S,
                size.width(),
                size.height(),
            )
            self._to_latest.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The turns are moved by `_place`, not by shifting pixels."""

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            return True
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        if event.key() == Qt.Key.Key_Home:
            bar.setValue(0)
        elif event.key() == Qt.Key.Key_End:
            self.follow()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bring a text that was reached by keyboard into sight."""
        if event.type() == QEvent.Type.FocusIn and isinstance(watched, QWidget):
            QTimer.singleShot(0, watched, lambda: self._reveal(watched))
        return super().eventFilter(watched, event)

    def _reveal(self, widget: QWidget) -> None:
        if not widget.hasFocus() or not self.viewport().isAncestorOf(widget):
            return
        top = widget.mapTo(self.viewport(), widget.rect().topLeft()).y()
        bottom = top + widget.height()
        bar = self.verticalScrollBar()
        if top < 0:
            bar.setValue(bar.value() + top - look.SPACE_M)
        elif bottom > self.viewport().height() and widget.height() < self.viewport().height():
            bar.setValue(bar.value() + bottom - self.viewport().height() + look.SPACE_M)

    def _dress(self) -> None:
        self._to_latest.setIcon(icons.icon("arrow-down", self._theme.tokens.text))
