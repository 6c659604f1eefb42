"""The line under a reply, and what folds out of it: who answered, and where the time went."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.core.events import Outcome
from app.core.ports import Stage
from app.ui import theme as look
from app.ui import words
from app.ui.conversation.text_sizes import TextSizes
from app.ui.conversation.turn_entry import TurnEntry, who_answered
from app.ui.conversation.waterfall import Waterfall
from app.ui.labels import plain_label, show_text
from app.ui.theme import Theme
from app.ui.translation import said

translate = QCoreApplication.translate


class Details(QFrame):
    """What folds out under a reply: the waterfall and the engine of each stage."""

    def __init__(
        self, theme: Theme, parent: QWidget | None = None, *, sizes: TextSizes | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self._waterfall = Waterfall(theme, sizes=sizes)
        self._slow = plain_label()
        self._engines = plain_label("small")
        column = QVBoxLayout(self)
        column.setContentsMargins(look.SPACE_L, look.SPACE_M, look.SPACE_L, look.SPACE_M)
        column.setSpacing(look.SPACE_S)
        column.addWidget(self._waterfall)
        column.addWidget(self._slow)
        column.addWidget(self._engines)

    @property
    def waterfall(self) -> Waterfall:
        return self._waterfall

    @property
    def slow_text(self) -> str:
        return self._slow.text()

    @property
    def engines_text(self) -> str:
        return self._engines.text()

    @property
    def text(self) -> str:
        """Everything it says, for who does not see it."""
        pieces = (self._waterfall.accessibleDescription(), self.slow_text, self.engines_text)
        return "\n".join(piece for piece in pieces if piece)

    def show_entry(self, entry: TurnEntry) -> None:
        self._waterfall.show_spans(entry.spans, entry.starts)
        slow = " ".join(words.why_slow(entry.slow_because)) if entry.slow_because else ""
        show_text(self._slow, slow)
        self._waterfall.setVisible(bool(entry.spans))
        lines = []
        for stage in (Stage.STT, Stage.LLM, Stage.TTS):
            engine = entry.engines.get(stage)
            if engine is not None:
                stand_in = [self.tr("stand-in")] if engine.stand_in else []
                where = [words.place(engine), *words.device_names(engine), *stand_in]
                who = f"{words.engine_label(engine)} ({', '.join(where)})"
                lines.append(words.pair(words.stage_verb(stage), who))
        lines += self._about_the_reply(entry)
        self._engines.setText("\n".join(lines))

    def _about_the_reply(self, entry: TurnEntry) -> list[str]:
        """Who else had a part in it, and why it was not the first choice."""
        lines = []
        if len(entry.answered_by) > 1:
            names = ", ".join(words.engine_label(engine) for engine in entry.answered_by)
            lines.append(self.tr("Written one after another by: %1").replace("%1", names))
        in_vain = [engine for engine in entry.asked if engine not in entry.answered_by]
        if entry.answered_by and in_vain:
            names = ", ".join(
                f"{words.engine_label(engine)} ({words.place(engine)})" for engine in in_vain
            )
            lines.append(self.tr("Also asked: %1").replace("%1", names))
        if entry.why_not_first:
            lines.append(self.tr("Why: %1").replace("%1", said(entry.why_not_first)))
        return lines

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        assert layout is not None
        return layout.heightForWidth(width) if layout.hasHeightForWidth() else 0


def meta_line(entry: TurnEntry) -> str:
    """Who answered, where, how long until the first sound, and whether it is saved."""
    pieces = []
    writers = list(dict.fromkeys(who_answered(entry)))
    if writers:
        pieces.append(", ".join(words.engine_label(engine) for engine in writers))
        if all(engine.stand_in for engine in writers):
            pieces.append(translate("TurnDetails", "stand-in"))
        if entry.stayed_here and all(engine.local for engine in writers):
            pieces.append(translate("Words", "this computer"))
        else:
            # also when the cloud was asked in vain, or wrote a part only: the words went there
            pieces.append(translate("Words", "cloud"))
    if entry.first_sound_ms is not None:
        pieces.append(
            translate("TurnDetails", "%1 to the first sound").replace(
                "%1", words.seconds(entry.first_sound_ms)
            )
        )
    if entry.outcome == Outcome.INTERRUPTED:
        pieces.append(translate("TurnDetails", "stopped"))
    elif entry.outcome == Outcome.FAILED:
        pieces.append(translate("TurnDetails", "incomplete"))
    if entry.saved:
        pieces.append(translate("TurnDetails", "saved"))
    return " · ".join(pieces)
