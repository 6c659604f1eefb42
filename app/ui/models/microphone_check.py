"""Whether Parley hears you: a level, and the words it made of what you said."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.events import (
    Event,
    LevelMeasured,
    PartialTranscript,
    State,
    StateChanged,
    TurnStarted,
    UtteranceStarted,
)
from app.core.model_events import BeginMicrophoneCheck, EndMicrophoneCheck, MicrophoneChecked
from app.ui import theme as look
from app.ui.cards import Glyph
from app.ui.labels import plain_label
from app.ui.settings.lists import LevelMeter
from app.ui.theme import Theme

LONGEST_MS = 6000
"""Enough for a sentence; nobody has to remember to end it."""


class MicrophoneCheck(QWidget):
    """A button that listens for a moment, and what was heard. Nobody answers, and nothing of it is
    kept. Lives in the GUI thread.

    Signals:
        intent: `BeginMicrophoneCheck`, `EndMicrophoneCheck`.
    """

    intent = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._checking = self._waiting = False
        self._mark = Glyph("microphone", "", 18)
        self._title = plain_label("", self.tr("Check the microphone"))
        self._line = plain_label("small")
        self.meter = LevelMeter(theme)
        self.meter.setAccessibleName(self.tr("Level of the microphone"))
        self.button = QPushButton()
        self.button.clicked.connect(self._clicked)
        self._longest = QTimer(self)
        self._longest.setSingleShot(True)
        self._longest.setInterval(LONGEST_MS)
        self._longest.timeout.connect(self._finish)
        text = QVBoxLayout()
        text.setSpacing(look.SPACE_XS)
        text.addWidget(self._title)
        text.addWidget(self._line)
        text.addWidget(self.meter)
        row = QHBoxLayout(self)
        row.setContentsMargins(look.SPACE_L, look.SPACE_S, look.SPACE_L, look.SPACE_S)
        row.setSpacing(look.SPACE_M)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(text, 1)
        row.addWidget(self.button)
        theme.changed.connect(self._dress)
        self._english_only = False
        self._invited = True
        self._invite()
        self._show()

    @property
    def text(self) -> str:
        """What it says now."""
        return self._line.text()

    @property
    def is_listening(self) -> bool:
        return self._checking

    def show_english_only(self, on: bool) -> None:
        """Whether words of another language would be made into English ones."""
        self._english_only = on
        if self._invited:
            self._invite()

    def _invite(self) -> None:
        words = self.tr("Say a few words, and see what I hear. Nobody answers.")
        if self._english_only:
            words = self.tr("Say a few words in English, and see what I hear. Nobody answers.")
        self._say(words)

    def handle(self, event: Event) -> None:
        """Take an event of the check; others are let through."""
        match event:
            case LevelMeasured() if self._checking:
                self.meter.show_level(event.level)
            case TurnStarted() if event.source != "check" and (self._checking or self._waiting):
                self._over()  # something else is going on
            case UtteranceStarted() if self._checking:
                self._say(self.tr("I am listening."))
            case PartialTranscript() if self._checking and event.text:
                self._say(event.text)
            case MicrophoneChecked() if self._checking or self._waiting:
                self._show_heard(event)
            case StateChanged(state=State.READY) if self._checking or self._waiting:
                self._over()  # dropped, or the microphone went away

    def _clicked(self) -> None:
        if self._checking:
            self._finish()
            return
        self._checking, self._invited = True, False
        self._longest.start()
        self._say(self.tr("One moment"))
        self._show()
        self.intent.emit(BeginMicrophoneCheck())

    def _finish(self) -> None:
        """Enough was said."""
        self._longest.stop()
        self._checking, self._waiting = False, True
        self._say(self.tr("Turning it into words"))
        self._show()
        self.intent.emit(EndMicrophoneCheck())

    def _show_heard(self, event: MicrophoneChecked) -> None:
        if event.text:
            self._say(self.tr("I heard: “%1”").replace("%1", event.text))
        else:
            self._say(self._why_not(event.why))
        self._over(heard=bool(event.text))

    def _why_not(self, why: str) -> str:
        if why == "no microphone":
            return self.tr("No microphone is connected. Plug one in and try again.")
        if why == "muted":
            return self.tr("The microphone is muted. Turn it on and try again.")
        return self.tr("I heard no words. Come closer, speak up, and try again.")

    def _over(self, *, heard: bool | None = None) -> None:
        self._longest.stop()
        if heard is None:
            self._say(self.tr("Stopped. Try again when you like."))
        self._checking = self._waiting = False
        tokens = self._theme.tokens
        signs = {
            True: ("check-circle", tokens.speaking),
            False: ("alert", tokens.warn),
            None: ("microphone", tokens.muted),
        }
        self._mark.show_icon(*signs[heard])
        self._show()

    def _say(self, line: str) -> None:
        self._line.setText(line)
        self.setAccessibleDescription(line)

    def _show(self) -> None:
        text = self.tr("Say something")
        if self._checking:
            text = self.tr("Done")
        self.button.setText(text)
        # As wide as it ever was: who clicked its edge clicks it again to end the check.
        self.button.setMinimumWidth(max(self.button.minimumWidth(), self.button.sizeHint().width()))
        self.button.setAccessibleName(self.tr("Check the microphone: %1").replace("%1", text))
        self.button.setAccessibleDescription(self._line.text())
        self.meter.setVisible(self._checking)
        if not self._checking:
            self.meter.show_level(0.0)
        if self._checking or self._mark.name == "microphone":
            self._dress()

    def _dress(self) -> None:
        tokens = self._theme.tokens
        colours = {"check-circle": tokens.speaking, "alert": tokens.warn}
        name = "microphone" if self._checking else self._mark.name
        colour = tokens.listening if self._checking else colours.get(name, tokens.muted)
        self._mark.show_icon(name, colour)
