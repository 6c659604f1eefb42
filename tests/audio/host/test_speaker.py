"""The device's side in this process; the rest is tested through the process it lives in."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import numpy as np
import pytest

from app.audio.host.system import SoundSystem, Wanted
from app.audio.shared import SharedSound
from tests.audio.signals import tone
from tests.audio.test_speaker import wait_until
from tests.support.virtual_sound import RATE, VirtualSound, virtual_sound

__all__ = ["virtual_sound"]

VOICE_RATE = 16_000


@pytest.fixture
def host(virtual_sound: VirtualSound) -> Iterator[SoundSystem]:
    with virtual_sound.attached():
        shared = SharedSound(multiprocessing.get_context("spawn"))
        host = SoundSystem(Wanted(listens=False), shared)
        try:
            yield host
        finally:
            host.close()


@pytest.mark.sound
def test_a_loudspeaker_that_comes_back_at_another_rate_goes_on_with_the_reply(
    host: SoundSystem, virtual_sound: VirtualSound, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.open()
    speaker = host.speaker
    speaker.play(tone(4.0, VOICE_RATE), VOICE_RATE, 0)
    speaker.end()
    wait_until(lambda: speaker.progress().played_s > 0.2)
    speaker.close()
    monkeypatch.setattr("app.audio.host.portaudio.SERVER_RATE", 44_100)
    with virtual_sound.record() as heard:
        host.check(busy=True)
        wait_until(lambda: speaker.progress().queued_s == 0)
    assert speaker.progress().played_s == pytest.approx(4.0, abs=0.03)
    sound = heard.samples[np.abs(heard.samples) > 0.05]
    assert len(sound) > RATE, "it plays again"
    pitch = np.count_nonzero(np.diff(np.signbit(sound))) / 2 / (len(sound) / RATE)
    assert pitch == pytest.approx(440, rel=0.1)
