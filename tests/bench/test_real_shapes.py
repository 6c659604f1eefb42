"""Made-up weights: the real libraries take them for the real models, and they end."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.audio.format import read_speech
from app.bench import real_shapes
from app.bench.plan import Plan
from app.providers.stt import whisper_models
from app.providers.stt.whisper import WhisperStt
from app.providers.tts.vits import VitsTts
from app.settings import VitsSettings, WhisperSettings


def test_the_whisper_is_multilingual_hears_one_question_and_is_sure(
    whisper: Path, tmp_path: Path
) -> None:
    stt = WhisperStt(WhisperSettings(model=str(whisper)), tmp_path)
    stt.load()
    recording = Plan.make(runs=None, quick=True, recordings=None).recordings[0]
    session = stt.start(None)
    session.feed(read_speech(recording))
    heard = session.finish()
    assert heard.text == "".join(real_shapes.HEARD).strip()
    assert heard.language == "en"
    assert heard.language_probability > 0.99
    assert whisper_models.short_windows(whisper, str(whisper))


def test_plain_faster_whisper_hears_the_same_in_one_try(whisper: Path) -> None:
    from faster_whisper import WhisperModel

    model = WhisperModel(str(whisper), device="cpu", compute_type="int8", local_files_only=True)
    assert model.model.is_multilingual
    recording = Plan.make(runs=None, quick=True, recordings=None).recordings[0]
    (segment,), info = model.transcribe(read_speech(recording), beam_size=1, language="en")
    assert segment.text == "".join(real_shapes.HEARD)
    assert segment.temperature == 0.0  # no fall-back: the guard was content
    assert segment.no_speech_prob < 0.01
    assert info.language == "en"


def test_the_voice_takes_the_same_time_for_every_letter(tmp_path: Path, one_thread: None) -> None:
    folder = real_shapes.make_voice(tmp_path / "voice")
    tts = VitsTts(VitsSettings(voices={"en": str(folder)}, threads=1), tmp_path, 1.0)
    tts.load()
    text = "it is ten"
    pieces = [piece for piece in tts.synthesize(text, "en") if piece.any()]
    tokens = 2 * len(text) + 1  # a blank before, between and after
    samples = tokens * real_shapes.FRAMES_PER_TOKEN * 256
    assert len(np.concatenate(pieces)) == samples
