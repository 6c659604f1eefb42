"""Which conversations are deleted and can still be taken back, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Deletions:
    """Of the history thread. Times are Unix seconds, as they stand in the file.

    Attributes:
        undo_s: how long a deletion can be taken back.
        mine: those deleted by this run. They end with it; another run's may be taken back there.
    """

    def __init__(self, undo_s: float) -> None:
        self.undo_s = undo_s
        self.mine: set[int] = set()
        self._since: dict[int, float] = {}

    def found(self, waiting: Mapping[int, float]) -> None:
        """These are the ones in the file, an earlier run's too."""
        self._since = dict(waiting)

    def add(self, session_id: int, now: float) -> None:
        """This run has deleted it."""
        self._since[session_id] = now
        self.mine.add(session_id)

    def settled(self, session_ids: Iterable[int]) -> None:
        """They are gone for good, or were taken back."""
        for session_id in list(session_ids):
            self._since.pop(session_id, None)
            self.mine.discard(session_id)

    def clear(self) -> None:
        """There is nothing left to take back."""
        self._since.clear()
        self.mine.clear()

    def due(self, now: float) -> list[int]:
        """Those that can no longer be taken back. A clock that was set back keeps none longer."""
        return [one for one, since in self._since.items() if not 0 <= now - since < self.undo_s]

    def wait_ms(self, now: float) -> int | None:
        """Until the next one is due; None when nothing waits."""
        if not self._since:
            return None
        left_s = min(self._since.values()) + self.undo_s - now
        return round(1000 * min(max(left_s, 0.0), self.undo_s)) + 1
