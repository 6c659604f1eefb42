"""The page with all turns, of which only those near the eye exist as widgets.

A conversation can have ten thousand turns. The view keeps a height per turn (measured once it
has been on the screen, estimated before) and makes `TurnView`s for the visible range and half
a screen around it. When an estimate turns out wrong, what is being read stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QToolButton, QWidget

from app.ui import icons
from app.ui import theme as look
from app.ui.conversation.heights import Heights, estimates
from app.ui.conversation.model import ConversationModel
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_actions import copy_text
from app.ui.conversation.turn_entry import Part, TurnEntry
from app.ui.conversation.turn_view import MakeCard, TurnView
from app.ui.theme import Theme

SETTLE_ROUNDS = 8
"""Measuring can bring further turns into sight; after this many rounds the rest waits for the
next layout."""

_SHEET = """
QWidget { font-size: %dpx; }
QPushButton, QLabel[role="small"] { font-size: %dpx; }
"""
"""What the words around the text are set in when they are larger or smaller than the window's."""


_BY_KEYBOARD = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.OtherFocusReason,
)


class ConversationView(QAbstractScrollArea):
    """Draws a `ConversationModel`. Lives in the GUI thread.

    Signals:
        link_clicked: an http(s) link was clicked (QUrl).
        ask_again: a question is to be asked again (`turn_id`, int), in these words (str).
        say_again: a reply is to be read aloud again (`turn_id`, int).
        stop_wanted: what runs, or is read aloud, is to stop.
        cut_off: whether the page goes on above and below what is in sight.
    """

    link_clicked = Signal(object)
    ask_again = Signal(int, str)
    say_again = Signal(int)
    stop_wanted = Signal()
    cut_off = Signal(bool, bool)

    def __init__(
        self,
        model: ConversationModel,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        make_card: MakeCard | None = None,
    ) -> None:
        """
        Args:
            make_card: shows what is remarked on a turn; None shows its words alone.
        """
        super().__init__(parent)
        self._make_card = make_card
        self._model = model
        self._theme = theme
        self._sizes = TextSizes()
        self._paper = self._new_paper()
        self._heights = Heights()
        self._views: dict[int, TurnView] = {}
        """The turns that exist as widgets, by turn id."""
        self._following = True
        """The newest text is kept in sight, until the user scrolls up."""
        self._arranging = False
        self._goal: tuple[int, float] | None = None
        """Turn, and share of it above the edge, that the next layout puts at the top."""
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
        model.reset.connect(self._reset)
        model.added.connect(self._added)
        model.removed.connect(self._removed)
        model.changed.connect(self._changed)
        theme.changed.connect(self._dress)
        self._dress()
        self._reset(0)

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

    def set_text_size(self, factor: float) -> None:
        """Show the words larger or smaller (`appearance.text_size`); what is read stays."""
        sizes = TextSizes.of(factor)
        if sizes == self._sizes:
            return
        if len(self._heights) and not self._following:
            top = self.verticalScrollBar().value()
            first = self._heights.at(top)
            share = (top - self._heights.top(first)) / max(1, self._heights[first])
            self._goal = (first, share)
        # More words to the width as well as lower lines: measured anew as they come into sight.
        self._heights.scale((sizes.factor / self._sizes.factor) ** 1.5)
        self._sizes = sizes
        self._drop_all()
        self._paper.hide()
        self._paper.deleteLater()
        self._paper = self._new_paper()
        self._paper.show()
        self._to_latest.raise_()
        self.arrange()

    def _new_paper(self) -> QWidget:
        """What the turns stand on. Dressing it anew would dress all of them, one by one."""
        paper = QWidget(self.viewport())
        paper.setFocusProxy(self)
        if self._sizes != TextSizes():
            paper.setStyleSheet(_SHEET % (self._sizes.body, self._sizes.small))
        paper.setGeometry(self.viewport().rect())
        return paper

    def _realised_entries(self) -> list[tuple[int, TurnEntry]]:
        found = []
        for turn_id in self._views:
            index = self._model.index_of(turn_id)
            if index is not None:
                found.append((index, self._model.entries[index]))
        return sorted(found, key=lambda pair: pair[0])

    # --- the model ------------------------------------------------------------------------

    def _reset(self, shown: int) -> None:
        """Another conversation is in the model."""
        self._drop_all()
        self._heights.replace(self._estimates(self._model.entries))
        index = self._model.index_of(shown)
        self._following = index is None
        self._goal = None if index is None else (index, 0.0)
        self._later.start()

    def _drop_all(self) -> None:
        for turn_id in list(self._views):
            self._drop(turn_id)
        self._chained = []

    def _added(self, index: int) -> None:
        self._heights.append(*self._estimates([self._model.entries[index]]))
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
        goal, self._goal = self._goal, None
        anchor = self._heights.at(bar.value())
        offset = bar.value() - self._heights.top(anchor) if len(self._heights) else 0
        if goal is not None:
            anchor = goal[0]
        value, wanted, hurried = bar.value(), range(0), False
        for _round in range(SETTLE_ROUNDS):
            most = max(0, self._heights.total - height)
            if self._following or not len(self._heights):
                value = most
            else:
                if goal is not None:
                    offset = round(goal[1] * self._heights[anchor])
                value = min(self._heights.top(anchor) + offset, most)
            # Many at once would be felt: first what is in sight, then what is near it.
            wanted = self._range(value, height, 0)
            near = self._range(value, height, height // 2)
            ready = all(self._model.entries[index].turn_id in self._views for index in wanted)
            if ready and not hurried:
                wanted = near
            hurried = wanted != near
            if not self._measure(wanted, width):
                break
        self._keep_only(wanted)
        bar.setPageStep(height)
        bar.setRange(0, max(0, self._heights.total - height))
        bar.setValue(value)
        self._place()
        if hurried:
            self._later.start()

    def _range(self, value: int, height: int, margin: int) -> range:
        if not len(self._heights):
            return range(0)
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
        number = entry.turn_id
        view = TurnView(
            self._theme, entry, self._paper, sizes=self._sizes, make_card=self._make_card
        )
        view.resized.connect(self.arrange)
        view.link_clicked.connect(self.link_clicked)
        view.ask_again.connect(lambda text: self.ask_again.emit(number, text))
        view.say_again.connect(lambda: self.say_again.emit(number))
        view.stop_wanted.connect(self.stop_wanted)
        view.selected.connect(self._selected)
        self._views[entry.turn_id] = view
        return view

    def _keep_only(self, wanted: range) -> None:
        keep = {self._model.entries[index].turn_id for index in wanted}
        for turn_id, view in list(self._views.items()):
            has_keyboard = view.isAncestorOf(QApplication.focusWidget() or self)
            if turn_id not in keep and not has_keyboard and view.editor is None:
                self._drop(turn_id)

    def _drop(self, turn_id: int) -> None:
        view = self._views.pop(turn_id)
        if view.isAncestorOf(QApplication.focusWidget() or self):
            self.setFocus(Qt.FocusReason.OtherFocusReason)
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
        for stop in set(stops).difference(self._chained):
            stop.installEventFilter(self)
        self._chained = stops
        before: QWidget = self
        for stop in stops:
            QWidget.setTabOrder(before, stop)
            before = stop

    def _column_width(self) -> int:
        return max(200, min(look.COLUMN_PX, self.width() - 2 * look.SPACE_XL))

    def _estimates(self, entries: Sequence[TurnEntry]) -> list[int]:
        return estimates(entries, self._column_width(), self._sizes)

    # --- scrolling ------------------------------------------------------------------------

    def _scrolled(self, value: int) -> None:
        if self._arranging:
            return
        self._following = value >= self.verticalScrollBar().maximum() - 2
        self.arrange()
        if self.viewport().underMouse():
            for view in self._views.values():
                view.look_for_pointer()

    def _place_latest_button(self) -> None:
        bar = self.verticalScrollBar()
        away = not self._following and bar.value() < bar.maximum()
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
        self._paper.setGeometry(self.viewport().rect())
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
        elif event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """From the page itself, Tab goes to what is in sight and not to what is above it."""
        if forward and self.hasFocus():
            for view in self.realised:
                for stop in view.tab_stops():
                    top = stop.mapTo(self.viewport(), stop.rect().topLeft()).y()
                    if top >= 0 and stop.isVisible():
                        stop.setFocus(Qt.FocusReason.TabFocusReason)
                        return True
        return super().focusNextPrevChild(forward)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Bring what was reached by keyboard into sight, and show what can be done there."""
        if isinstance(event, QFocusEvent) and isinstance(watched, QWidget):
            turn = self._turn_of(watched)
            by_key = event.gotFocus() and event.reason() in _BY_KEYBOARD
            if turn is not None:
                turn.keep_keyboard(by_key)
            if by_key:
                QTimer.singleShot(0, watched, lambda: self._reveal(watched))
        return super().eventFilter(watched, event)

    def _turn_of(self, widget: QWidget | None) -> TurnView | None:
        """The turn that a widget is in."""
        if widget is None:
            return None
        return next((view for view in self._views.values() if view.isAncestorOf(widget)), None)

    # --- copying --------------------------------------------------------------------------

    def _selected(self) -> None:
        """One text at a time is selected."""
        chosen = self.sender()
        for view in self._views.values():
            if view is not chosen:
                view.clear_selection()

    def _copy(self) -> None:
        """What is selected, or else the reply of the turn that has the keyboard."""
        selected = next((text for view in self.realised if (text := view.selected_text())), "")
        turn = self._turn_of(QApplication.focusWidget())
        if selected:
            copy_text(selected)
        elif turn is not None:
            turn.copy_reply()

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
