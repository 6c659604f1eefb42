"""A small window above all others that shows a turn while Parley's own is not in front.

It never takes the keyboard from whoever has it, so nothing in it is needed to use Parley: what
its button does, the talk key and the window do too.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import (
    QPoint,
    QSettings,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QCursor,
    QGuiApplication,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.events import (
    DeviceChanged,
    DropListening,
    Event,
    LevelMeasured,
    MouthMoved,
    State,
    StateChanged,
    StopReply,
    UtteranceStarted,
)
from app.core.mouth import MouthShape
from app.desktop.captions import line_at, lines_of
from app.desktop.overlay_parts import ElidedLine, LevelTrace
from app.desktop.overlay_place import as_share, kept_on, place, share_of
from app.desktop.overlay_words import OverlayWords
from app.ui import icons, states
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.face import SMALLEST_PX, Face
from app.ui.talk_button import shown_level
from app.ui.theme import Theme

SIZE = QSize(336, 64)
_CORNER_PX = 16
_ICON_PX = 24

STAYS_MS = 1_500
"""After the turn."""
STAYS_WITH_WORDS_MS = 4_000
"""After a turn that ended with something to read."""

OPENING_SHOWN_AFTER_MS = 150
"""The microphone usually delivers within this; saying "One moment" before would flicker."""
FINISHING_SHOWN_AFTER_MS = 90
"""The longest grace after which a released key counts (`TalkSettings.release_grace_ms`)."""

_PLACE = "overlay/place"


class Overlay(QWidget):
    """Shows what Parley is doing while a turn runs. Lives in the GUI thread.

    Signals:
        intent: what the user wants (`app.core.events.Intent`).
        listening_dropped: the user dropped the utterance (a reason, str); the talk key's machine
            forgets it too.
        window_wanted: it was clicked.
    """

    intent = Signal(object)
    listening_dropped = Signal(str)
    window_wanted = Signal()

    def __init__(self, theme: Theme, geometry: QSettings | None = None) -> None:
        """
        Args:
            geometry: where its place is remembered; None forgets it.
        """
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus
            | Qt.WindowType.NoDropShadowWindowHint,
        )
        self._theme = theme
        self._geometry = geometry
        self._enabled = True
        self._window_active = False
        self._state: str = State.READY
        self._shown: str = State.READY
        self._soon: str = State.READY
        """What is shown next, unless something else happens first."""
        self._running = False
        """A turn is being shown, or was a moment ago."""
        self._has_microphone = True
        self._words = OverlayWords()
        self._caption = ""
        self._caption_lines: list[str] = []
        """Of the caption."""
        self._dragged = False
        self._pressed_at: QPoint | None = None
        """Where the pointer went down, on the screen; None while it is up."""
        self._place_then = QPoint()
        for attribute in (
            Qt.WidgetAttribute.WA_ShowWithoutActivating,
            Qt.WidgetAttribute.WA_TranslucentBackground,
            Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow,
        ):
            self.setAttribute(attribute)
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setWindowTitle(self.tr("Parley – what it is doing"))
        self.setFixedSize(SIZE)
        self._later = _timer(self, OPENING_SHOWN_AFTER_MS, self._show_later)
        self._leaving = _timer(self, STAYS_MS, self._leave)
        self.face = Face(theme)
        self.face.setFixedSize(SMALLEST_PX, SMALLEST_PX)
        self._glyph = Glyph("circle", "", 28)
        self._word = QLabel()
        self._word.setProperty("role", "state")
        self._trace = LevelTrace(theme)
        self._line = ElidedLine()
        self._line.setProperty("role", "small")
        self.stop = QToolButton()
        self.stop.setProperty("role", "icon")
        self.stop.setIconSize(QSize(_ICON_PX, _ICON_PX))
        self.stop.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # as its window
        self.stop.clicked.connect(self._stop)
        self._lay_out()
        theme.changed.connect(self._dress)
        self._dress()

    def _lay_out(self) -> None:
        self._figure = QStackedLayout()
        self._figure.addWidget(self.face)
        framed = QWidget()
        centred = QHBoxLayout(framed)
        centred.setContentsMargins(0, 0, 0, 0)
        centred.addWidget(self._glyph, 0, Qt.AlignmentFlag.AlignCenter)
        self._figure.addWidget(framed)
        figure = QWidget()
        figure.setFixedSize(SMALLEST_PX, SMALLEST_PX)
        figure.setLayout(self._figure)
        state = QHBoxLayout()
        state.setSpacing(look.SPACE_S)
        state.addWidget(self._word)
        state.addWidget(self._trace)
        state.addStretch(1)
        self._column = words = QVBoxLayout()
        words.setSpacing(0)
        words.addStretch(1)
        words.addLayout(state)
        words.addWidget(self._line)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(look.SPACE_S, look.SPACE_S, look.SPACE_M, look.SPACE_S)
        row.setSpacing(look.SPACE_M)
        row.addWidget(figure)
        row.addLayout(words, 1)
        row.addWidget(self.stop)

    # --- what is to be seen -----------------------------------------------------------------

    @property
    def word(self) -> str:
        return self._word.text()

    @property
    def line(self) -> str:
        """The words as far as they fit."""
        return self._line.text()

    @property
    def icon(self) -> str:
        return self._glyph.name

    @property
    def levels(self) -> list[float]:
        """What the bars show, 0 to 1, oldest first; none while nobody speaks."""
        return [] if self._trace.isHidden() else self._trace.levels

    # --- whether it is there --------------------------------------------------------------

    @property
    def possible(self) -> bool:
        """Whether this desktop lets a window choose its place and stay without the keyboard:
        under Wayland none may."""
        return not QGuiApplication.platformName().startswith("wayland")

    @property
    def enabled(self) -> bool:
        return self._enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        """The setting `desktop.overlay`."""
        self._enabled = on
        self._come_or_go()

    @property
    def window_active(self) -> bool:
        return self._window_active

    @window_active.setter
    def window_active(self, active: bool) -> None:
        """Parley's own window has the keyboard, and shows all of this better."""
        self._window_active = active
        self._come_or_go()

    def show_face(self, wanted: bool) -> None:
        """The setting `appearance.face`; an icon stands in its place."""
        self._figure.setCurrentIndex(0 if wanted else 1)

    def _come_or_go(self) -> None:
        wanted = self._running and self._enabled and not self._window_active and self.possible
        if wanted and not self.isVisible():
            self.move(self._place())
            self.show()
            self.raise_()
        elif not wanted and self.isVisible():
            self.hide()

    @Slot()
    def _leave(self) -> None:
        self._running = False
        self._come_or_go()

    # --- events in ------------------------------------------------------------------------

    @Slot(object)
    def handle(self, event: Event) -> None:
        """Take any event of the app. Cheap; called in the GUI thread through a queued signal."""
        match event:
            case LevelMeasured():
                if self.isVisible():
                    self.face.show_level(event.level)
                    self._trace.add(shown_level(event.level))
                    self._take_words(event)
            case MouthMoved():
                if self.isVisible():
                    self.face.show_mouth(MouthShape(event.open, event.wide))
            case StateChanged():
                self._take_state(event.state)
            case DeviceChanged(kind="input"):
                self._has_microphone = bool(event.name)
            case UtteranceStarted() if self._state == State.LISTENING:
                self._later.stop()
                self._show_state(State.LISTENING)
            case _:
                self._take_words(event)

    def _take_words(self, event: Event) -> None:
        had_remark = self._words.is_remark
        if self._words.take(event):
            self._show_words()
        if self._words.is_remark and not had_remark and self._state == State.READY:
            self._show_end()  # it waits until that is read

    def _show_words(self) -> None:
        """Dots keep the place of words that are still to come, so that nothing moves then."""
        words = self._words
        line = words.text
        if words.heard is not None:
            if self._caption != line:
                room_px = self._column.geometry().width() or SIZE.width() // 2  # not yet laid out
                self._caption = line
                self._caption_lines = lines_of(line, self._line.font(), room_px)
            line = line_at(self._caption_lines, words.heard)
        hears = self._shown in (states.OPENING, State.LISTENING, State.FINISHING)
        self._line.show_text(line or ("…" if hears and not words.private else ""))
        if self.accessibleDescription() != words.text:
            self.setAccessibleDescription(words.text)

    def _take_state(self, state: State) -> None:
        self._later.stop()
        self._leaving.stop()
        self._state = state
        if state == State.LISTENING and self._shown not in (State.LISTENING, State.FINISHING):
            # "Listening" is a promise that words are heard; it waits for the first samples.
            self._show_soon(states.OPENING, OPENING_SHOWN_AFTER_MS)
        elif state == State.FINISHING:
            # X11 sends release and press in pairs while a key is held: wait until it is one.
            self._show_soon(state, FINISHING_SHOWN_AFTER_MS)
        elif state == State.READY:
            self._show_end()
        else:
            self._show_state(state)

    def _show_soon(self, state: str, after_ms: int) -> None:
        self._soon = state
        self._later.start(after_ms)

    @Slot()
    def _show_later(self) -> None:
        self._show_state(self._soon)

    def _show_end(self) -> None:
        has_remark = self._words.is_remark
        if not (self._running or has_remark):
            return  # a turn of which nothing was shown
        is_well = self._has_microphone and not self._words.failed
        self._show_state(State.READY if is_well else states.ATTENTION)
        self._leaving.start(STAYS_WITH_WORDS_MS if has_remark else STAYS_MS)

    def _show_state(self, state: str) -> None:
        self._shown = state
        self._running = True
        face = states.FACES[state]
        word = states.word(state)
        self.face.show_state(state)
        self._word.setText(word)
        self._trace.show_colour(face.colour if face.ring in ("meter", "voice") else "")
        self._show_words()
        self._show_button()
        self._dress_state()
        self.setAccessibleName(self.tr("Parley: %1").replace("%1", word.lower()))
        self._come_or_go()

    def _show_button(self) -> None:
        busy = self._shown not in (State.READY, states.ATTENTION)
        drops = self._shown in (states.OPENING, State.LISTENING)
        name = self.tr("Forget what I said") if drops else self.tr("Stop the reply")
        self.stop.setVisible(busy)
        self.stop.setAccessibleName(name)
        self.stop.setToolTip(name)

    # --- intents out ----------------------------------------------------------------------

    @Slot()
    def _stop(self) -> None:
        if self._state == State.LISTENING:
            self.intent.emit(DropListening())
            self.listening_dropped.emit("dropped")
        else:
            self.intent.emit(StopReply())

    # --- its place ------------------------------------------------------------------------

    def _place(self) -> QPoint:
        """On the screen with the pointer, where the user has put it."""
        screen = QGuiApplication.screenAt(QCursor.pos()) or QGuiApplication.primaryScreen()
        saved = self._geometry.value(_PLACE) if self._geometry is not None else None
        return place(screen.availableGeometry(), SIZE, as_share(saved))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.globalPosition().toPoint()
            self._place_then = self.pos()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed_at is None:
            return
        pointer = event.globalPosition().toPoint()
        moved = pointer - self._pressed_at
        if self._dragged or moved.manhattanLength() >= QApplication.startDragDistance():
            self._dragged = True
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            screen = QGuiApplication.screenAt(pointer) or self.screen()
            self.move(kept_on(screen.availableGeometry(), SIZE, self._place_then + moved))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed_at is None:
            return
        dragged, self._dragged, self._pressed_at = self._dragged, False, None
        self.unsetCursor()
        if not dragged:
            self.window_wanted.emit()
        elif self._geometry is not None:
            screen = QGuiApplication.screenAt(self.geometry().center()) or self.screen()
            share = share_of(screen.availableGeometry(), SIZE, self.pos())
            self._geometry.setValue(_PLACE, [f"{share.x():.4f}", f"{share.y():.4f}"])

    # --- picture --------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Where nobody composes windows, what is transparent would be black. A little more than
        # the outline: where somebody does, its soft edge is seen.
        outline = QPainterPath()
        outline.addRoundedRect(self.rect().toRectF(), _CORNER_PX - 2, _CORNER_PX - 2)
        self.setMask(QRegion(outline.toFillPolygon().toPolygon()))

    def paintEvent(self, _event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(tokens.line), 1))
        painter.setBrush(QColor(tokens.surface))
        outline = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(outline, _CORNER_PX - 0.5, _CORNER_PX - 0.5)
        painter.end()

    @Slot()
    def _dress(self) -> None:
        tokens = self._theme.tokens
        self.setPalette(look.palette(tokens))
        self.setStyleSheet(look.stylesheet(tokens))
        self.stop.setIcon(icons.icon("stop", tokens.text, size=_ICON_PX))
        self._dress_state()

    def _dress_state(self) -> None:
        face = states.FACES[self._shown]
        self._glyph.show_icon(face.icon, getattr(self._theme.tokens, face.colour))


def _timer(owner: Overlay, interval_ms: int, then: Callable[[], None]) -> QTimer:
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(interval_ms)
    timer.timeout.connect(then)
    return timer
