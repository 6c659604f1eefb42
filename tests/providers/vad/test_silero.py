"""The Silero voice detector on real and synthetic sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.core.ports import SAMPLE_RATE, Audio, Stage
from app.errors import ProviderUnavailable
from app.providers.vad import silero
from app.providers.vad.silero import SileroVad
from tests.support.recordings import read, shared_clips
from tests.support.shared import shared_data
from tests.support.voices import say

THRESHOLD = 0.5
CLICK_MS = 150
"""A voice lasts longer than this; a clock tick does not."""


@pytest.fixture(scope="module")
def vad() -> SileroVad:
    detector = SileroVad()
    detector.load()
    return detector


def probabilities(vad: SileroVad, audio: Audio) -> list[float]:
    vad.reset()
    size = vad.frame_samples
    return [
        vad.probability(audio[start : start + size])
        for start in range(0, len(audio) - size + 1, size)
    ]


def longest_ms(vad: SileroVad, audio: Audio) -> float:
    """The longest stretch that counts as voice."""
    longest = run = 0
    for probability in probabilities(vad, audio):
        run = run + 1 if probability > THRESHOLD else 0
        longest = max(longest, run)
    return longest * vad.frame_samples / SAMPLE_RATE * 1000


def test_a_voice_is_heard_and_silence_is_not(vad: SileroVad) -> None:
    assert longest_ms(vad, say("aeiou", 120)) > 500
    assert longest_ms(vad, np.zeros(SAMPLE_RATE, dtype=np.float32)) == 0


def test_speech_is_heard_in_every_recording(vad: SileroVad) -> None:
    for folder in ("speech/en/", "speech/de/", "speech/fr/", "speech/es/", "speech/wakeword/"):
        for clip in shared_clips(folder):
            assert longest_ms(vad, clip.audio) > 2 * CLICK_MS, clip.name


def test_noise_is_not_speech(vad: SileroVad) -> None:
    noises = sorted(shared_data("noise").rglob("*.wav")) + sorted(
        shared_data("noise").rglob("*.ogg")
    )
    assert len(noises) >= 15
    heard = {path.parent.name: longest_ms(vad, read(path)) for path in noises}
    assert max(heard.values()) < CLICK_MS, heard


def test_frame_by_frame_equals_faster_whispers_own_run(vad: SileroVad) -> None:
    from faster_whisper.vad import get_vad_model

    audio = say("aeiouo", 140)
    audio = audio[: len(audio) // vad.frame_samples * vad.frame_samples]
    whole = np.asarray(get_vad_model()(audio.copy())).reshape(-1)
    # Its first frame has a context of silence, as ours; later ones that of their neighbour.
    assert np.allclose(probabilities(vad, audio), whole, atol=1e-3)


def test_reset_forgets_the_utterance_before(vad: SileroVad) -> None:
    voice = say("ae", 120)
    first = probabilities(vad, voice)
    probabilities(vad, say("uuuu", 200))
    assert probabilities(vad, voice) == first


def test_twins_do_not_disturb_each_other(vad: SileroVad) -> None:
    voice, size = say("aei", 120), vad.frame_samples
    alone = probabilities(vad, voice)
    one, other = vad.twin(), vad.twin()
    together = []
    for start in range(0, len(voice) - size + 1, size):
        together.append(one.probability(voice[start : start + size]))
        other.probability(np.zeros(size, dtype=np.float32))
    assert together == alone


def test_says_who_it_is(vad: SileroVad) -> None:
    assert vad.engine.stage is Stage.VAD
    assert vad.engine.model.startswith("silero_vad")
    assert not vad.engine.stand_in


def test_a_damaged_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "silero_vad_v6.onnx"
    broken.write_bytes(b"not a network")
    monkeypatch.setattr(silero, "model_path", lambda: broken)
    with pytest.raises(ProviderUnavailable, match=r"silero_vad_v6\.onnx"):
        SileroVad().load()


def test_closed_and_loaded_again() -> None:
    detector = SileroVad()
    detector.close()
    detector.load()
    detector.close()
    detector.load()
    assert longest_ms(detector, say("aeiou", 120)) > 500
