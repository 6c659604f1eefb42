"""Sample rates and sound files."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from pathlib import Path

import numpy as np
import soxr

from app.core.ports import SAMPLE_RATE, Audio
from app.errors import InputError

LONGEST_FILE_S = 600.0
"""The longest utterance the settings allow; a longer file is no question."""

QUALITY = "HQ"
"""soxr's 20 bit recipe: 0.5 ms of one core per second of sound, measured."""

EMPTY: Audio = np.zeros(0, dtype=np.float32)


class StreamResampler:
    """Changes the sample rate of a stream that comes in pieces. Used by one thread.

    However the stream is cut, the samples that come out are the same.
    """

    def __init__(self, in_rate: int, out_rate: int) -> None:
        self.in_rate = in_rate
        self.out_rate = out_rate
        self._stream = _stream(in_rate, out_rate)
        self._is_fed = False

    def feed(self, audio: Audio) -> Audio:
        """What is ready after these samples; less than went in, the rest follows."""
        if self._stream is None or not len(audio):
            return audio
        self._is_fed = True
        return np.asarray(self._stream.resample_chunk(audio), dtype=np.float32)

    def drain(self) -> Audio:
        """What is still held; the stream ends, and the next `feed` begins another."""
        if self._stream is None or not self._is_fed:
            return EMPTY
        rest = self._stream.resample_chunk(EMPTY, last=True)
        self._stream = _stream(self.in_rate, self.out_rate)
        self._is_fed = False
        return np.asarray(rest, dtype=np.float32)


def _stream(in_rate: int, out_rate: int) -> soxr.ResampleStream | None:
    if in_rate == out_rate:
        return None
    return soxr.ResampleStream(in_rate, out_rate, 1, dtype="float32", quality=QUALITY)


def resample(audio: Audio, in_rate: int, out_rate: int) -> Audio:
    """Change the sample rate of a whole recording."""
    if in_rate == out_rate or not len(audio):
        return audio
    return np.asarray(soxr.resample(audio, in_rate, out_rate, quality=QUALITY), dtype=np.float32)


def read_wav(path: Path) -> tuple[Audio, int]:
    """A sound file as mono samples in [-1, 1], and its sample rate.

    Any rate, any number of channels (averaged), 8 to 32 bit integers, floats; besides WAV what
    else libsndfile reads.

    Raises:
        InputError: missing, not a file, not readable, not sound, no sound in it, too long.
    """
    import soundfile

    try:
        if path.is_dir():
            raise InputError(f"{path.name} is a folder.", "Give the sound file inside it.")
        if path.stat().st_size == 0:
            raise InputError(f"The file {path.name} is empty.", "Record it again.")
        with path.open("rb") as file, soundfile.SoundFile(file) as sound:
            rate = int(sound.samplerate)
            if sound.frames > LONGEST_FILE_S * rate:
                raise InputError(
                    f"The recording {path.name} is too long.",
                    f"Give one of at most {LONGEST_FILE_S / 60:.0f} minutes.",
                )
            samples = sound.read(dtype="float32", always_2d=True)
    except FileNotFoundError as exc:
        raise InputError(
            f"There is no file {path.name}.", f"Check the path: {path.absolute()}."
        ) from exc
    except OSError as exc:
        raise InputError(
            f"The file {path.name} cannot be read: {exc.strerror or exc}.",
            "Check that you may read it.",
        ) from exc
    except soundfile.LibsndfileError as exc:
        raise InputError(
            f"{path.name} is not a sound file Parley can read.", "Give a WAV file."
        ) from exc
    if not len(samples):
        raise InputError(f"There is no sound in {path.name}.", "Record it again.")
    # Float files may hold anything; engines may not be given it.
    mono = np.nan_to_num(samples.mean(axis=1), posinf=1.0, neginf=-1.0)
    return np.clip(mono, -1.0, 1.0).astype(np.float32), rate


def read_speech(path: Path) -> Audio:
    """A sound file as the listener hears it: mono, 16 kHz.

    Raises:
        InputError: as `read_wav`.
    """
    audio, rate = read_wav(path)
    return resample(audio, rate, SAMPLE_RATE)


def write_wav(path: Path, audio: Audio, rate: int) -> None:
    """Write 16-bit mono; the file appears whole or not at all, replacing one of that name. What
    is no ordinary file (a pipe, /dev/null) is written to and stays what it is.

    Raises:
        InputError: there is no such folder, no permission, or no room.
    """
    import soundfile

    try:
        memory = io.BytesIO()
        whole = np.clip(audio, -1.0, 1.0)
        soundfile.write(memory, whole, rate, subtype="PCM_16", format="WAV")
        if path.exists() and not path.is_file():
            with path.open("wb") as out:
                out.write(memory.getbuffer())
        else:
            _replace(path, memory.getbuffer())
    except (OSError, soundfile.LibsndfileError) as exc:
        raise _cannot_write(path, exc) from exc


def _replace(path: Path, data: memoryview) -> None:
    """Put a file with this data there, at once. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files for their owner alone; a recording is an ordinary file
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def require_writable(path: Path) -> None:
    """
    Raises:
        InputError: `write_wav` could not write there: no such folder, no permission, no room, or
            a folder of that name.
    """
    if path.is_dir():
        raise InputError(f"{path.name or path} is a folder.", "Give a file inside it.")
    try:
        with tempfile.TemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as exc:
        raise _cannot_write(path, exc) from exc


def _cannot_write(path: Path, exc: Exception) -> InputError:
    reason = getattr(exc, "strerror", None) or str(exc)
    return InputError(
        f"The file {path.name} cannot be written: {reason}.",
        f"Choose another place than {path.parent.absolute()}.",
    )
