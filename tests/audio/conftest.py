"""A virtual microphone and loudspeaker that this process uses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.audio.system import SoundSystem
from app.settings import AudioSettings
from tests.support.virtual_sound import VirtualSound, virtual_sound

__all__ = ["virtual_sound"]


@pytest.fixture
def system(virtual_sound: VirtualSound) -> Iterator[SoundSystem]:
    """Both devices open on the virtual sound server."""
    with virtual_sound.attached():
        system = SoundSystem(AudioSettings())
        try:
            yield system
        finally:
            system.close()
