"""What an empty conversation shows: how to begin, and a few things to ask."""

from __future__ import annotations

from PySide6.QtCore import QSettings, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from app.core.events import EngineReady, Event, SettingChanged
from app.core.ports import Stage
from app.ui import states, translation
from app.ui import theme as look
from app.ui.models.first_minute import FirstMinute
from app.ui.theme import Theme

_EXAMPLES_PX = 150
"""What the words and the examples above the panel take, with the room around them."""

_A_LINE_PX = 40
"""More than the line under the text box takes, which comes with the first engine."""


class EmptyState(QScrollArea):
    """Signals:
    asked: an example was clicked (str).

    Attributes:
        first_minute: the panel for new users; None without a theme.
        get_speech: brings the panel back while the user's language is not understood.
    """

    asked = Signal(str)

    def __init__(
        self,
        mode: str,
        key: str = "Space",
        theme: Theme | None = None,
        remembered: QSettings | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            mode: "hold", "toggle" or "hybrid" (`TalkSettings.mode`).
            key: the talk key (`TalkSettings.key`).
            theme: of the panel for new users; None leaves it out.
            remembered: where it is kept that they skipped it.
        """
        super().__init__(parent)
        self._mode, self._key = mode, states.key_name(key)
        self._heard_by = self._spoken = ""
        """Who hears the user, and in which language (empty: the window's)."""
        self._english_only = False
        self._placed_in = QSize()
        self.first_minute = FirstMinute(theme, remembered) if theme is not None else None
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._title.setWordWrap(True)
        self._title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._sub = QLabel()
        self._sub.setProperty("role", "small")
        self._sub.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.chips = [
            QPushButton(text)
            for text in (
                self.tr("What time is it in Tokyo?"),
                self.tr("Set a timer for ten minutes"),
                self.tr("What is 18 percent of 240?"),
            )
        ]
        self._examples = QWidget()
        row = QHBoxLayout(self._examples)
        row.setContentsMargins(0, look.SPACE_L, 0, 0)
        row.setSpacing(look.SPACE_S)
        row.addStretch(1)
        for chip in self.chips:
            chip.setProperty("role", "chip")
            chip.setAccessibleName(self.tr("Ask: %1").replace("%1", chip.text()))
            chip.setToolTip(self.tr("Ask this"))
            chip.clicked.connect(self._ask)
            row.addWidget(chip)
        row.addStretch(1)
        self.get_speech = QPushButton(self.tr("Get it"))
        self.get_speech.setProperty("role", "quiet")
        self.get_speech.setAccessibleName(self.tr("Get the speech model"))
        self.get_speech.clicked.connect(self._offer_speech)
        self._lay_out()
        self.show_microphone(True)

    def _lay_out(self) -> None:
        self._about = QWidget()
        about = QHBoxLayout(self._about)
        about.setContentsMargins(0, 0, 0, 0)
        about.setSpacing(look.SPACE_XS)
        about.addStretch(1)
        about.addWidget(self._sub)
        about.addWidget(self.get_speech)
        about.addStretch(1)
        # as high as the button, so that nothing moves when it comes
        self._about.setMinimumHeight(self.get_speech.sizeHint().height())
        inside = QWidget()
        inside.setObjectName("panelBody")
        self._above = QSpacerItem(0, 0, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(look.SPACE_XL, look.SPACE_S, look.SPACE_XL, 0)
        self._column.setSpacing(look.SPACE_S)
        self._column.addSpacerItem(self._above)
        self._column.addWidget(self._title)
        self._column.addWidget(self._about)
        self._column.addWidget(self._examples)
        self._beside_panel = QHBoxLayout()
        if self.first_minute is not None:
            self.first_minute.shown.connect(self._panel_came)
            self.first_minute.closed.connect(self._place)
            self._beside_panel.addStretch(1)
            self._beside_panel.addWidget(self.first_minute, 100)
            self._beside_panel.addStretch(1)
            self._column.addLayout(self._beside_panel)
        self._column.addStretch(1)
        self.setObjectName("clear")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(inside)

    @property
    def title(self) -> str:
        return self._title.text()

    def show_talk_key(self, mode: str, key: str) -> None:
        """Another `TalkSettings.mode`, or `key`, was chosen."""
        self._mode, self._key = mode, states.key_name(key)
        self._say_how()

    def show_microphone(self, there: bool) -> None:
        """How to begin depends on whether there is a microphone."""
        self._there = there
        self._say_how()

    def _say_how(self) -> None:
        title = states.how_to_begin(self._mode, self._key)
        about = self.tr("Or try one of these")
        if not self._there:
            title = self.tr("Type a question")
            about = self.tr("No microphone is connected. I notice when one is.")
        elif self._english_only:
            title = self.tr("Hold %1 and speak English")
            if self._mode == "toggle":
                title = self.tr("Press %1 and speak English")
            title = title.replace("%1", self._key)
            about = self.tr("Other languages need the speech model.")
        self._title.setText(title)
        self._sub.setText(about)
        panel = self.first_minute
        is_offered = panel is None or not panel.isHidden() or panel.is_awaited
        self.get_speech.setVisible(self._there and self._english_only and not is_offered)

    # --- events in ----------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take an event of the app; most are let through to the panel, or to nobody."""
        match event:
            case EngineReady(engine=engine) if engine.stage == Stage.STT:
                self._heard_by = engine.name
                self._look_who_hears()
            case SettingChanged(name="stt.language", value=language):
                self._spoken = str(language or "")
                self._look_who_hears()
        if self.first_minute is not None:
            self.first_minute.handle(event)

    def _look_who_hears(self) -> None:
        """The built-in recogniser makes English words of whatever it hears."""
        spoken = self._spoken or translation.language()
        self._english_only = self._heard_by == "pocketsphinx" and spoken != "en"
        if self.first_minute is not None:
            self.first_minute.show_english_only(self._english_only)
        self._say_how()

    def _offer_speech(self) -> None:
        if self.first_minute is not None:
            self.first_minute.bring_back()
            self._place()

    # --- where things stand -------------------------------------------------------------------

    def _place(self) -> None:
        """Put everything in the middle, the panel that will most likely come included. Not when it
        comes, or has other rows: somebody may be aiming at an example."""
        panel = self.first_minute
        takes_room = panel is not None and (not panel.isHidden() or panel.is_awaited)
        needed = panel.sizeHint().height() + _EXAMPLES_PX if panel and takes_room else 0
        roomy = needed <= self.viewport().height()
        self._keep_free(takes_room)
        self._show_examples(roomy)
        gap = look.SPACE_L if roomy else look.SPACE_S
        self._beside_panel.setContentsMargins(0, gap if panel is not None else 0, 0, 0)
        self._put_down(self._room() // 2)
        self._placed_in = self.size()
        self._say_how()

    def _room(self) -> int:
        """What is left of the height; less than 0 where all of it is not to be seen at once."""
        self._column.invalidate()
        wanted = self._column.totalHeightForWidth(self.viewport().width())
        return self.viewport().height() - wanted + self._above.sizeHint().height()

    def _put_down(self, above: int) -> None:
        """Begin this far below the upper edge."""
        fixed = QSizePolicy.Policy.Fixed
        self._above.changeSize(0, max(above, 0), QSizePolicy.Policy.Minimum, fixed)
        self._column.invalidate()

    def _panel_came(self) -> None:
        """It is known now whether the panel is needed; nothing that is there moves."""
        panel = self.first_minute
        if panel is not None and panel.isHidden():
            self._keep_free(False)
            self._show_examples(True)
        self._say_how()

    def _keep_free(self, on: bool) -> None:
        """Keep the panel's place free while it is not there."""
        if self.first_minute is not None:
            policy = self.first_minute.sizePolicy()
            policy.setRetainSizeWhenHidden(on)
            self.first_minute.setSizePolicy(policy)

    def _show_examples(self, roomy: bool) -> None:
        """Where there is little room, the panel takes that of the examples."""
        for part in (self._about, self._examples):
            part.setVisible(roomy)
        across = self.viewport().width() - 2 * look.SPACE_L
        for chip in self.chips:
            # As many as stand side by side; the first one always.
            across -= chip.sizeHint().width() + look.SPACE_S
            chip.setVisible(across >= 0 or chip is self.chips[0])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        taller = abs(self.height() - self._placed_in.height())
        if self.width() != self._placed_in.width() or taller > _A_LINE_PX:
            self._place()
        elif self.height() < self._placed_in.height():
            # a line came below: nothing moves that need not, the margin below may go
            self._put_down(min(self._above.sizeHint().height(), self._room() + look.SPACE_S))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()

    def _ask(self) -> None:
        chip = self.sender()
        if isinstance(chip, QPushButton):
            self.asked.emit(chip.text())
