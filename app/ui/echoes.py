"""Which news of a setting are only the echo of what was chosen in this window."""

from __future__ import annotations

from collections import defaultdict

from app.core.events import SettingValue


class Echoes:
    """A choice acts at once and is written later; when its echo comes, the user may have chosen
    something else."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, list[SettingValue]] = defaultdict(list)

    def sent(self, name: str, value: SettingValue) -> None:
        """The user chose this."""
        self._sent[name].append(value)

    def holds(self, name: str, value: SettingValue) -> bool:
        """Whether this news is such an echo; older ones never come any more."""
        sent = self._sent[name]
        if value not in sent:
            return False
        del sent[: sent.index(value) + 1]
        return True
