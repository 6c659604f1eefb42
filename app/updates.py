"""Whether there is a newer Parley: one question to the place where it is published.

Asked only when the user turned it on, at most once a day, with nothing about the user in the
question; nothing is ever downloaded. When it was asked last is kept in the cache folder.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import __version__

log = logging.getLogger(__name__)

RELEASES = "https://api.github.com/repos/parley-assistant/parley/releases/latest"
"""The latest release as GitHub's API describes it."""

DAY_S = 86_400.0
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Release:
    """A Parley that was published."""

    version: str
    page: str
    """Where it is described and can be had."""


class UpdateCheck:
    """Looks once a day. One thread; blocks for at most a few seconds."""

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

    @property
    def due_in_s(self) -> float:
        """Seconds until it is time to look again; 0 when it is."""
        try:
            looked_at = self._stamp.stat().st_mtime
        except OSError:
            return 0.0
        since = self._clock() - looked_at
        return DAY_S - since if 0 <= since < DAY_S else 0.0

    def look(self) -> Release | None:
        """The newer release, or None; also when nobody could be asked: it matters to nobody
        enough to be told."""
        import httpx

        self._note()
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
        if not is_newer or not release.page.startswith("https://"):
            return None
        return release

    def _note(self) -> None:
        """Somebody looks now: whatever comes of it, the next look is in a day."""
        try:
            self._stamp.touch()
        except OSError as exc:
            log.info("when updates were looked for is not kept: %s", exc)


def _is_newer(version: str, than: str) -> bool:
    """Raises ValueError (`InvalidVersion`) for what is no version."""
    from packaging.version import Version

    candidate = Version(version)
    return not candidate.is_prerelease and candidate > Version(than)
