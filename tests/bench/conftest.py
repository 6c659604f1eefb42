"""What several tests of the bench use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.bench import real_shapes
from tests.support.virtual_sound import virtual_sound

__all__ = ["virtual_sound"]


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Whisper of the real shape; it takes 10 s to make."""
    return real_shapes.make_whisper(tmp_path_factory.mktemp("shapes"))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Two threads that wait for each other on a busy computer take many times as long."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
