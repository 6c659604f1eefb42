"""Real recordings that live beside the project; tests that need them skip without them."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_data(name: str) -> Path:
    """The file of that name in the recordings, or skip the test that asked."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"recording {name} is not on this machine")
    return path
