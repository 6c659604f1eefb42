"""eSpeak NG: the voice that is always there, in more than a hundred languages.

A clause takes it milliseconds, so each comes whole. The library keeps one voice, one rate and
one callback per process: everything that touches it holds one lock.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.core.ports import Audio, Engine, Stage
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.tts.pauses import pause_after
from app.settings import EspeakSettings

# from espeak-ng/speak_lib.h
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_RATE, _PITCH = 1, 3
_SLOWEST, _FASTEST = 80, 450  # words per minute

_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class _VoiceRow(ctypes.Structure):
    """espeak_VOICE."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class _Library:
    """The process's one eSpeak NG. Thread-safe.

    Raises:
        OSError, RuntimeError: it cannot be loaded or finds no data.
    """

    def __init__(self) -> None:
        import espeakng_loader

        library = ctypes.CDLL(espeakng_loader.get_library_path())
        data = os.fsencode(espeakng_loader.get_data_path())
        self.sample_rate: int = library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, 0, data, _INITIALIZE_DONT_EXIT
        )
        if self.sample_rate <= 0:
            raise RuntimeError(f"espeak_Initialize returned {self.sample_rate}")
        library.espeak_Synth.argtypes = (
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRow))
        self._library = library
        self._lock = threading.Lock()
        self._pcm: list[bytes] = []
        self._callback = _CALLBACK(self._take)  # kept: the library only holds its address
        library.espeak_SetSynthCallback(self._callback)
        self.voices = self._best_voices()

    def synthesize(self, text: str, voice: str, words_per_minute: int, pitch: int) -> bytes:
        """16-bit mono samples.

        Raises:
            RuntimeError: the library refused the voice or the text.
        """
        encoded = text.encode("utf-8", "ignore") + b"\0"
        with self._lock:
            self._pcm = []
            self._check("espeak_SetVoiceByName", voice.encode())
            self._check("espeak_SetParameter", _RATE, words_per_minute, 0)
            self._check("espeak_SetParameter", _PITCH, pitch, 0)
            self._check(
                "espeak_Synth", encoded, len(encoded), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None
            )
            return b"".join(self._pcm)

    def _check(self, function: str, *arguments: object) -> None:
        error = getattr(self._library, function)(*arguments)
        if error != 0:
            raise RuntimeError(f"{function} returned {error}")

    def _take(self, samples: object, count: int, _events: object) -> int:
        """Called by the library within espeak_Synth, in the same thread."""
        if samples and count > 0:
            self._pcm.append(ctypes.string_at(samples, count * 2))  # type: ignore[arg-type]
        return 0

    def _best_voices(self) -> dict[str, str]:
        """Voice identifier by language tag: of several the one that claims it strongest."""
        best: dict[str, tuple[int, str]] = {}
        rows = self._library.espeak_ListVoices(None)
        index = 0
        while rows[index]:
            row = rows[index].contents
            for priority, tag in _languages(row.languages):
                if tag not in best or priority < best[tag][0]:
                    best[tag] = (priority, row.identifier.decode())
            index += 1
        return {tag: identifier for tag, (_, identifier) in best.items()}


def _languages(address: int) -> Iterator[tuple[int, str]]:
    """Pairs of a priority byte (low is better) and a terminated tag, ended by a zero byte."""
    while priority := ctypes.c_ubyte.from_address(address).value:
        tag = ctypes.string_at(address + 1)
        yield priority, tag.decode()
        address += len(tag) + 2


_shared: _Library | None = None
_shared_lock = threading.Lock()


def _shared_library() -> _Library:
    """Loaded once and kept: eSpeak cannot be started a second time while a voice uses it."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = _Library()
        return _shared


class EspeakTts:
    """The built-in voice."""

    def __init__(
        self,
        options: EspeakSettings,
        models_dir: Path,  # noqa: ARG002  its voices come inside its package
        speed: float,
    ) -> None:
        pace = round(options.words_per_minute * speed)
        self._words_per_minute = min(max(pace, _SLOWEST), _FASTEST)
        self._pitch = options.pitch
        self._library: _Library | None = None

    @property
    def engine(self) -> Engine:
        return Engine(Stage.TTS, "espeak", "", stand_in=True)

    @property
    def sample_rate(self) -> int:
        return self._library.sample_rate if self._library else 0

    def load(self) -> None:
        try:
            self._library = _shared_library()
        except (ImportError, OSError, RuntimeError) as exc:
            raise ProviderUnavailable(
                "The built-in voice cannot be loaded.", "Install Parley again."
            ) from exc

    def close(self) -> None:
        self._library = None

    def speaks(self, language: str) -> bool:
        """Answers before `load()` too; the library loads in milliseconds."""
        if self._library is None:
            self.load()
        return self._voice(language) is not None

    def synthesize(self, text: str, language: str) -> Iterator[Audio]:
        library = self._library
        if library is None:
            raise ProviderBroke("The built-in voice is not loaded.")
        voice = self._voice(language)
        if voice is None:
            raise ProviderBroke(f"The built-in voice does not speak “{language}”.")
        if not text.strip():
            return
        try:
            pcm = library.synthesize(text, voice, self._words_per_minute, self._pitch)
        except RuntimeError as exc:
            raise ProviderBroke("The built-in voice stopped.") from exc
        if pcm:
            yield np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
            yield pause_after(text, library.sample_rate)

    def _voice(self, language: str) -> str | None:
        tag = language.lower().replace("_", "-")
        voices = self._library.voices if self._library else {}
        return voices.get(tag) or voices.get(tag.partition("-")[0])
