from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.audio.format import LONGEST_FILE_S, StreamResampler, read_speech, read_wav, write_wav
from app.core.ports import SAMPLE_RATE
from app.errors import InputError
from tests.audio.signals import babble, find, likeness
from tests.support.shared import shared_data


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT"])
def test_every_usual_recording_is_heard_the_same(
    rate: int, channels: int, subtype: str, tmp_path: Path
) -> None:
    spoken = babble(1.0, rate)
    path = tmp_path / "question.wav"
    soundfile.write(path, np.column_stack([spoken] * channels), rate, subtype=subtype)
    heard = read_speech(path)
    assert heard.dtype == np.float32
    assert heard.ndim == 1
    assert abs(len(heard) - SAMPLE_RATE) <= 1
    back = StreamResampler(SAMPLE_RATE, rate)
    again = np.concatenate([back.feed(heard), back.drain()])
    assert find(spoken, np.concatenate([np.zeros(100, np.float32), again])) == 100
    assert likeness(spoken, again) > 0.995


def test_eight_bit_and_flac_are_read_too(tmp_path: Path) -> None:
    spoken = babble(0.5, 16_000)
    soundfile.write(tmp_path / "a.wav", spoken, 16_000, subtype="PCM_U8")
    soundfile.write(tmp_path / "a.flac", spoken, 16_000)
    assert likeness(read_speech(tmp_path / "a.wav"), spoken) > 0.99
    assert likeness(read_speech(tmp_path / "a.flac"), spoken) > 0.9999


def test_channels_are_averaged(tmp_path: Path) -> None:
    left, right = babble(0.2, 16_000, seed=1), babble(0.2, 16_000, seed=2)
    soundfile.write(tmp_path / "a.wav", np.column_stack([left, right]), 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav")[0], (left + right) / 2, atol=1e-6)


@pytest.mark.parametrize(
    "name", ["uberi_24bit_44100.wav", "uberi_stereo_32bit_44100.wav", "jfk.wav"]
)
def test_real_recordings_are_read(name: str) -> None:
    path = shared_data(f"speech/en/{name}")
    heard = read_speech(path)
    assert len(heard) / SAMPLE_RATE == pytest.approx(soundfile.info(path).duration, abs=0.001)
    assert np.abs(heard).max() > 0.05


def test_a_float_file_with_nonsense_in_it_becomes_usable(tmp_path: Path) -> None:
    nonsense = np.array([0.1, np.nan, np.inf, -np.inf, 7.0], dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", nonsense, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav")[0], [0.1, 0, 1, -1, 1], atol=1e-6)


def unusable(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / "question.wav"
    match kind:
        case "folder":
            path.mkdir()
        case "empty":
            path.touch()
        case "text":
            path.write_text("what time is it\n" * 100)
        case "no samples":
            soundfile.write(path, np.zeros(0, np.float32), 16_000)
        case "header only":
            soundfile.write(path, babble(0.1, 16_000), 16_000)
            path.write_bytes(path.read_bytes()[:20])
        case "too long":
            soundfile.write(path, np.zeros(round((LONGEST_FILE_S + 1) * 100), np.int16), 100)
    return path


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        ("missing", "There is no file question.wav."),
        ("folder", "question.wav is a folder."),
        ("empty", "The file question.wav is empty."),
        ("text", "question.wav is not a sound file Parley can read."),
        ("header only", "question.wav is not a sound file Parley can read."),
        ("no samples", "There is no sound in question.wav."),
        ("too long", "The recording question.wav is too long."),
    ],
)
def test_what_cannot_be_heard_is_said_with_the_next_step(
    kind: str, title: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        read_wav(unusable(tmp_path, kind))
    assert caught.value.title == title
    assert caught.value.hint


def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    soundfile.write(path, babble(0.1, 16_000), 16_000)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match="cannot be read"):
        read_wav(path)


def test_a_recording_cut_short_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    soundfile.write(path, babble(1.0, 16_000), 16_000)
    path.write_bytes(path.read_bytes()[:-16_000])
    assert 0.4 < len(read_speech(path)) / SAMPLE_RATE < 0.6


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "reply.wav"
    spoken = babble(0.5, 22_050)
    write_wav(path, spoken, 22_050)
    write_wav(path, spoken, 22_050)  # replaces
    again, rate = read_wav(path)
    assert rate == 22_050
    np.testing.assert_allclose(again, spoken, atol=2 / 32768)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reply.wav"]


def test_too_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.array([1.5, -1.5], np.float32), 16_000)
    np.testing.assert_allclose(read_wav(tmp_path / "a.wav")[0], [1, -1], atol=1e-4)


def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        write_wav(tmp_path / "nowhere" / "reply.wav", babble(0.1, 16_000), 16_000)
    (tmp_path / "reply.wav").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        write_wav(tmp_path / "reply.wav", babble(0.1, 16_000), 16_000)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reply.wav"]


@pytest.mark.skipif(os.name != "posix", reason="named pipes are of Unix")
def test_what_is_no_ordinary_file_is_written_to_and_stays_what_it_is(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    arrived: list[bytes] = []
    reader = threading.Thread(target=lambda: arrived.append(pipe.read_bytes()))
    reader.start()
    write_wav(pipe, babble(0.1, 16_000), 16_000)
    reader.join(10)
    assert pipe.is_fifo()
    assert arrived[0].startswith(b"RIFF")
    assert len(arrived[0]) == 44 + 2 * 1600
