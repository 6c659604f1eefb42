"""Where Parley keeps its files."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.errors import AssistantError


@dataclass(frozen=True, slots=True)
class Paths:
    """The three places of one profile. Two profiles never meet."""

    config: Path
    """The settings file."""
    data: Path
    """What cannot be had again: history; and what costs a download: models; and the log."""
    cache: Path
    """What can be thrown away at any time."""

    @classmethod
    def default(cls) -> Paths:
        """The platform's own places for this user."""
        from platformdirs import PlatformDirs

        places = PlatformDirs("parley", appauthor=False)
        return cls(places.user_config_path, places.user_data_path, places.user_cache_path)

    @classmethod
    def under(cls, folder: Path | str) -> Paths:
        """Everything under one folder (`--profile`)."""
        root = Path(folder).expanduser().absolute()
        return cls(root / "config", root / "data", root / "cache")

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def history_file(self) -> Path:
        return self.data / "history.sqlite"

    @property
    def models_dir(self) -> Path:
        return self.data / "models"

    @property
    def log_file(self) -> Path:
        return self.data / "log" / "parley.log"

    @property
    def ollama_log_file(self) -> Path:
        """What an Ollama server that Parley started prints."""
        return self.data / "log" / "ollama.log"

    @property
    def load_times_file(self) -> Path:
        """How long each language model took to load."""
        return self.cache / "load_times.json"

    @property
    def update_stamp(self) -> Path:
        """Its time says when newer versions were looked for last."""
        return self.cache / "looked_for_updates"

    @property
    def fault_log(self) -> Path:
        """Where a crash inside a library leaves the stacks of all threads."""
        return self.data / "log" / "fault.log"

    def create(self) -> None:
        """Make the folders that are missing, for this user alone.

        Raises:
            AssistantError: one cannot be made or written to.
        """
        for folder in (
            self.config,
            self.data,
            self.cache,
            self.models_dir,
            self.log_file.parent,
        ):
            try:
                _make_private(folder)
                # Really write: permission bits do not tell of a read-only or a full disk.
                with tempfile.TemporaryFile(dir=folder) as probe:
                    probe.write(b"?")
            except OSError as exc:
                raise AssistantError(
                    f"Parley cannot write to {folder} ({exc.strerror or type(exc).__name__}).",
                    "Check that folder, or start Parley with --profile and a folder of yours.",
                ) from exc


def _make_private(folder: Path) -> None:
    """mkdir -p with mode 700 for every folder made on the way (`parents=True` leaves them 755)."""
    if not folder.is_dir():
        if not folder.parent.is_dir():
            _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
