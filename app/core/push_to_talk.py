"""The talk key: presses and releases in, recordings out.

A pure state machine without a clock of its own: every input carries its time
(`time.perf_counter` seconds, never going backwards), so a test can drive years of it.

X11 sends pairs of plain release and press events while a key is held, up to 3 ms apart and
without the auto-repeat mark; a window that is busy between the two sees them up to 24 ms
apart (measured under Xvfb). So a release is only believed when no press follows within
`release_grace_ms`. Waiting for that would delay every answer; instead `Finish` goes
out at the first release and `Resume` takes it back when the press returns. The guard costs
nothing because an utterance is not closed at the release anyway: the listener records on for
its post-roll and for what the microphone still holds, 40 to 100 ms in all.

A `Resume` can still come too late, when the window stalls at the wrong moment or the post-roll
is shorter than the grace. Then the recording is taken up anew from where it began, as far back
as the microphone remembers (`Conversation`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

Mode = Literal["hold", "toggle", "hybrid"]


@dataclass(frozen=True, slots=True)
class Start:
    """A recording begins."""

    recording: int
    """Its number, counted from 1 and never used again."""
    at: float
    """When the key went down."""


@dataclass(frozen=True, slots=True)
class Finish:
    """The recording ends, unless a `Resume` of the same recording follows."""

    recording: int
    at: float
    """When the key came up, or what else ended it happened."""
    reason: str
    """ "released", "pressed again", "too long", or what `interrupt` was told."""


@dataclass(frozen=True, slots=True)
class Resume:
    """The last `Finish` was none: the key is still down."""

    recording: int
    at: float


Action = Start | Finish | Resume


@dataclass(slots=True)
class _Recording:
    id: int
    owner: str
    started_at: float
    latched: bool
    """True when it goes on without the key: the next press ends it."""
    finished_at: float | None = None
    """Set while its `Finish` may still be taken back."""


class PushToTalk:
    """Turns a key, a button and what gets in their way into recordings, one at a time.

    Sources ("key", "button", "outside") share the machine, and a recording belongs to the source
    that began it: another one pressed meanwhile does nothing, and nor does its release. Only a
    latched recording (toggle, hybrid) may be ended by any source, as one would expect of a
    button that shows "listening".

    Used by one thread.
    """

    def __init__(
        self, *, mode: Mode, max_utterance_s: float, release_grace_ms: float, hybrid_hold_ms: float
    ) -> None:
        self._mode = mode
        self._max_s = max_utterance_s
        self._grace_s = release_grace_ms / 1000
        self._hold_s = hybrid_hold_ms / 1000
        self._recording: _Recording | None = None
        self._last_id = 0
        # Releases are kept for every source, expected or not: while a key is held that went
        # down in another window, its release/press pairs arrive here, and their presses must
        # not start anything.
        self._released_at: defaultdict[str, float] = defaultdict(lambda: -math.inf)

    def use_mode(self, mode: Mode) -> None:
        """From the next recording on; end one that runs first (`interrupt`)."""
        self._mode = mode

    @property
    def recording(self) -> int | None:
        """Number of the recording that runs now, or None."""
        live = self._live()
        return live.id if live else None

    @property
    def deadline(self) -> float | None:
        """When `tick` is next needed; None when only the user can change anything."""
        if self._recording is None:
            return None
        if self._recording.finished_at is not None:
            return self._recording.finished_at + self._grace_s
        return self._recording.started_at + self._max_s

    def continues(self, at: float, source: str = "key") -> bool:
        """Whether a press now would be part of a press that is there already.

        Then it begins nothing, and belongs to whoever got the first one.
        """
        if at < self._released_at[source] + self._grace_s:
            return True
        live = self._live()
        return live is not None and live.owner == source and not live.latched

    def press(self, at: float, auto_repeat: bool = False, source: str = "key") -> list[Action]:
        """The key went down, or X11 says so."""
        if auto_repeat:
            return []
        actions = self._settle(at)
        if self.continues(at, source):
            return actions + self._take_release_back(at, source)
        live = self._live()
        if live is None:
            return [*actions, self._start(at, source)]
        if live.latched:
            return [*actions, self._end(live, at, "pressed again")]
        return actions

    def release(self, at: float, auto_repeat: bool = False, source: str = "key") -> list[Action]:
        """The key came up, or X11 says so."""
        if auto_repeat:
            return []
        actions = self._settle(at)
        self._released_at[source] = at
        live = self._live()
        if live is None or live.owner != source or live.latched:
            return actions
        if self._mode == "hybrid" and at - live.started_at < self._hold_s:
            live.latched = True
            return actions
        live.finished_at = at
        return [*actions, Finish(live.id, at, "released")]

    def toggle(self, at: float, source: str = "key") -> list[Action]:
        """One of those inputs that only come and never go (a command, some desktops' shortcuts):
        begin, or end what runs, whatever the mode."""
        actions = self._settle(at)
        live = self._live()
        if live is not None:
            return [*actions, self._end(live, at, "pressed again")]
        start = self._start(at, source)
        assert self._recording is not None
        self._recording.latched = True
        return [*actions, start]

    def interrupt(
        self, at: float, reason: str, sources: Container[str] | None = None
    ) -> list[Action]:
        """Keys no longer reach us, or may not (another window, a dialog, a locked screen).

        Ends the recording for good. The key may well be down still; it has to come up and go
        down again to start another.

        Args:
            sources: leave alone what another source began; None ends any recording.
        """
        actions = self._settle(at)
        if self._recording is None or (
            sources is not None and self._recording.owner not in sources
        ):
            return actions
        live = self._live()
        if live is not None:
            actions.append(self._end(live, at, reason))
        self._recording = None
        return actions

    def tick(self, at: float) -> list[Action]:
        """Time has passed; call at `deadline` or later. Harmless at any other time."""
        return self._settle(at)

    def _live(self) -> _Recording | None:
        recording = self._recording
        return recording if recording is not None and recording.finished_at is None else None

    def _settle(self, at: float) -> list[Action]:
        """Do what the time that has passed since the last input asks for."""
        recording = self._recording
        if recording is None:
            return []
        longest = recording.started_at + self._max_s
        if recording.finished_at is None:
            return [self._end(recording, longest, "too long")] if at >= longest else []
        if at >= min(longest, recording.finished_at + self._grace_s):
            self._recording = None
        return []

    def _start(self, at: float, source: str) -> Start:
        self._last_id += 1
        self._recording = _Recording(self._last_id, source, at, latched=self._mode == "toggle")
        return Start(self._last_id, at)

    def _end(self, recording: _Recording, at: float, reason: str) -> Finish:
        self._recording = None
        return Finish(recording.id, at, reason)

    def _take_release_back(self, at: float, source: str) -> list[Action]:
        recording = self._recording
        if recording is None or recording.owner != source:
            return []
        if recording.finished_at is not None:
            recording.finished_at = None
            return [Resume(recording.id, at)]
        if self._mode == "hybrid":
            # the release that looked like a tap was none
            recording.latched = False
        return []
