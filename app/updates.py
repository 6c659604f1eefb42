"""Whether there is a newer Parley: one question to the place where it is published.

Asked only when the user turned it on, at most once a day, with nothing about the user in the
question; nothing is ever downloaded. When it was asked last is kept in the cache folder.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

from app import __version__
from app.core.turn import CancelToken

log = logging.getLogger(__name__)

RELEASES = "https://api.github.com/repos/parley-assistant/parley/releases/latest"
"""The latest release as GitHub's API describes it. Before Parley ships, this must be an address
that belongs to the project: whoever has it says what the newest Parley is and where to get it."""

PAGES = "https://github.com/"
"""Where the page of a release is; any other is not shown."""

DAY_S = 86_400.0
TIMEOUT_S = 10.0
"""For the whole answer."""


@dataclass(frozen=True, slots=True)
class Release:
    """A Parley that was published."""

    version: str
    page: str
    """Where it is described and can be had."""


class UpdateCheck:
    """Looks once a day. One thread; blocks for at most `TIMEOUT_S`."""

    def __init__(
        self,
        stamp: Path,
        *,
        address: str = RELEASES,
        version: str = __version__,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        Args:
            stamp: a file whose time says when somebody looked last.
            clock: Unix time in seconds.
        """
        self._stamp = stamp
        self._address = address
        self._version = version
        self._clock = clock
        self._looked_at: float | None = None
        """Unix time, seconds: the stamp may be somewhere that cannot be written."""

    @property
    def due_in_s(self) -> float:
        """Seconds until it is time to look again; 0 when it is."""
        looks = [] if self._looked_at is None else [self._looked_at]
        with suppress(OSError):  # nobody has looked yet, as far as is known
            looks.append(self._stamp.stat().st_mtime)
        now = self._clock()
        return max((DAY_S - (now - at) for at in looks if 0 <= now - at < DAY_S), default=0.0)

    def look(self, token: CancelToken) -> Release | None:
        """The newer release, or None; also when nobody could be asked: it matters to nobody
        enough to be told.

        Raises:
            Cancelled: at once, from whatever thread; the question is left behind.
        """
        self._note()
        news: SimpleQueue[tuple[Release | None, Exception | None]] = SimpleQueue()

        def ask() -> None:
            try:
                news.put((self._ask(), None))
            except Exception as exc:  # noqa: BLE001 - raised again in the thread that waits
                news.put((None, exc))

        threading.Thread(target=ask, name="update", daemon=True).start()
        forget = token.on_cancel(lambda: news.put((None, None)))
        try:
            release, failure = news.get(timeout=TIMEOUT_S)
        except Empty:
            log.info("no news of newer versions: no answer in time")
            return None
        finally:
            forget()
        token.raise_if_cancelled()
        if failure is not None:
            raise failure
        return release

    def _ask(self) -> Release | None:
        import httpx

        try:
            answer = httpx.get(
                self._address,
                headers={"User-Agent": f"Parley/{self._version}", "Accept": "application/json"},
                timeout=TIMEOUT_S,
                follow_redirects=False,
            )
            answer.raise_for_status()
            found = answer.json()
            release = Release(str(found["tag_name"]).removeprefix("v"), str(found["html_url"]))
            is_newer = _is_newer(release.version, self._version)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as exc:
            log.info("no news of newer versions: %s", type(exc).__name__)
            return None
        if not is_newer or not release.page.startswith(PAGES):
            return None
        return release

    def _note(self) -> None:
        """Somebody looks now: whatever comes of it, the next look is in a day."""
        self._looked_at = self._clock()
        try:
            self._stamp.touch()
        except OSError as exc:
            log.info("when updates were looked for is not kept: %s", exc)


def _is_newer(version: str, than: str) -> bool:
    """Raises ValueError (`InvalidVersion`) for what is no version."""
    from packaging.version import Version

    candidate = Version(version)
    return not candidate.is_prerelease and candidate > Version(than)
