from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from app.audio.files import NullOutput, WavInput, WavOutput
from app.audio.format import read_wav
from app.core.ports import SAMPLE_RATE, AudioInput, AudioOutput
from app.errors import InputError
from tests.audio.signals import babble, likeness, tone


@pytest.fixture
def question(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    soundfile.write(path, babble(0.5, SAMPLE_RATE), SAMPLE_RATE, subtype="FLOAT")
    return path


def test_a_recording_arrives_at_the_pace_of_a_microphone(question: Path) -> None:
    source = WavInput(question)
    port: AudioInput = source
    port.seek(time.perf_counter())
    assert port.read().size == 0, "not before it starts"
    assert not source.started
    started_at = source.start()
    port.seek(started_at - 0.3)
    pieces = []
    while not source.ended:
        time.sleep(0.02)
        now = time.perf_counter()
        pieces.append(port.read())
        heard_s = sum(map(len, pieces)) / SAMPLE_RATE
        assert heard_s <= time.perf_counter() - started_at + 1e-4
        assert heard_s >= min(source.duration_s, now - started_at) - 1e-4
    pieces.append(port.read(source.ends_at))
    np.testing.assert_array_equal(
        np.concatenate(pieces)[: SAMPLE_RATE // 2], babble(0.5, SAMPLE_RATE)
    )


def test_silence_follows_so_that_a_listener_never_waits_in_vain(question: Path) -> None:
    source = WavInput(question)
    source.start()
    source.seek(source.ends_at)
    while source.arrived_until < source.ends_at + 0.05:
        time.sleep(0.01)
    tail = source.read(source.ends_at + 0.04)
    assert len(tail) == pytest.approx(0.04 * SAMPLE_RATE, abs=1)
    assert not tail.any()
    assert source.drain().size == 0
    assert source.alive


def test_at_once_it_has_all_been_spoken_by_the_time_it_starts(question: Path) -> None:
    source = WavInput(question, realtime=False)
    started_at = source.start()
    assert source.ended
    assert time.perf_counter() - started_at >= 0.5
    source.seek(started_at - 0.3)
    np.testing.assert_array_equal(source.read(source.ends_at), babble(0.5, SAMPLE_RATE))


def test_the_meter_shows_what_arrives(question: Path) -> None:
    source = WavInput(question)
    assert source.level == 0
    source.start()
    time.sleep(0.1)
    assert source.level > 0.1


def test_a_recording_that_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        WavInput(tmp_path / "nothing.wav")


def test_a_reply_is_written_without_gaps(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "reply.wav")
    port: AudioOutput = output
    reply = babble(1.0, 22_050)
    assert port.first_sample_at is None
    length_s = sum(port.play(piece, 22_050) for piece in np.array_split(reply, 7))
    port.end()
    assert length_s == pytest.approx(1.0)
    assert port.played_s == pytest.approx(1.0)
    assert port.queued_s == 0
    assert port.first_sample_at is not None
    output.save()
    written, rate = read_wav(tmp_path / "reply.wav")
    assert rate == 22_050
    np.testing.assert_allclose(written, reply, atol=2 / 32768)


def test_voices_of_two_rates_go_into_one_file(tmp_path: Path) -> None:
    output = WavOutput(tmp_path / "reply.wav")
    output.play(tone(0.5, 48_000), 48_000)
    for piece in np.array_split(babble(0.5, 16_000), 9):
        output.play(piece, 16_000)
    output.play(tone(0.5, 48_000), 48_000)
    output.end()
    output.save()
    written, rate = read_wav(tmp_path / "reply.wav")
    assert rate == 48_000
    assert len(written) == pytest.approx(72_000, abs=2)
    assert likeness(written[24_000:48_000], babble(0.5, 48_000)) > 0.99
    assert likeness(written[48_000:], tone(0.5, 48_000)) > 0.99


def test_a_reply_without_sound_gives_a_file_without_sound(tmp_path: Path) -> None:
    WavOutput(tmp_path / "reply.wav").save()
    assert soundfile.info(tmp_path / "reply.wav").frames == 0


def test_what_nobody_hears_is_played_the_moment_it_comes() -> None:
    output: AudioOutput = NullOutput()
    before = time.perf_counter()
    assert output.play(tone(10.0, 16_000), 16_000) == 10.0
    assert output.played_s == 10.0
    assert output.queued_s == 0
    assert output.first_sample_at is not None
    first = output.first_sample_at
    assert first >= before
    output.play(tone(1.0, 16_000), 16_000)
    assert output.first_sample_at == first
    output.end()
    output.flush()
    output.play(tone(1.0, 16_000), 16_000)
    assert output.first_sample_at > first
    assert output.underruns == 0


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_played(
    tmp_path: Path,
) -> None:
    for path in (tmp_path / "nowhere" / "reply.wav", tmp_path):
        with pytest.raises(InputError):
            WavOutput(path)
    kept = tmp_path / "reply.wav"
    kept.write_bytes(b"the one before")
    WavOutput(kept)
    assert kept.read_bytes() == b"the one before"
    assert [path.name for path in tmp_path.iterdir()] == ["reply.wav"]
