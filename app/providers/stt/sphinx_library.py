"""PocketSphinx's library called so that other threads run meanwhile.

The package's own `Decoder` keeps Python's interpreter lock through every call: measured on two
busy cores, 0.38 s at a stretch while somebody speaks, 0.2 s when the key comes up and 1.3 s while
the model loads. In that time no window is drawn, no key is seen and no sound callback runs. The
same functions called through `ctypes` let go of the lock. Where the package does not export
them (Windows), `open_decoder` falls back to its `Decoder`.

Functions and their meaning: pocketsphinx.h, PocketSphinx 5.
"""

from __future__ import annotations

import ctypes
import logging
import math
from ctypes import c_char_p, c_double, c_int, c_int32, c_long, c_size_t, c_void_p
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hearing:
    """What a decoder made of an utterance."""

    text: str
    score: float
    """Log-likelihood as PocketSphinx scales it; comparable between hearings of one utterance."""


NOTHING = Hearing("", -math.inf)


class Decoder(Protocol):
    """A loaded model. Used by one thread. Every method may raise RuntimeError."""

    def start(self) -> None:
        """Begin an utterance."""

    def process(self, pcm: bytes, *, whole: bool) -> None:
        """Hear more of it: 16-bit samples at 16 kHz. `whole` when this is all there is, so that
        the sound is normalised by its own mean."""

    def end(self) -> None:
        """The utterance is over."""

    def hearing(self) -> Hearing:
        """The words so far, or at the end."""

    def set_means(self, means: str) -> None:
        """The mean of the features to start from, as `means` gives it."""

    def means(self) -> str: ...

    def add_grammar(self, name: str, jsgf: str) -> None: ...

    def use(self, search: str) -> None:
        """Search with the grammar of that name, or "_default", the language model."""


def open_decoder(**config: str | float) -> Decoder:
    """Load a model.

    Args:
        config: PocketSphinx's own parameters.

    Raises:
        ImportError: the package is missing.
        RuntimeError: a file is missing or damaged.
    """
    from pocketsphinx import _pocketsphinx

    try:
        library = _Library(_pocketsphinx.__file__)
    except (OSError, AttributeError) as exc:
        log.info("PocketSphinx's functions are not exported (%s); using its Python class", exc)
        return _PackagedDecoder(config)
    return _LibraryDecoder(library, config)


class _Library:
    """The functions, with their types."""

    SIGNATURES: ClassVar[dict[str, tuple[Any, tuple[Any, ...]]]] = {
        "ps_config_init": (c_void_p, (c_void_p,)),
        "ps_config_free": (c_int, (c_void_p,)),
        "ps_config_set_str": (c_void_p, (c_void_p, c_char_p, c_char_p)),
        "ps_config_set_float": (c_void_p, (c_void_p, c_char_p, c_double)),
        "ps_config_set_int": (c_void_p, (c_void_p, c_char_p, c_long)),
        "ps_init": (c_void_p, (c_void_p,)),
        "ps_free": (c_int, (c_void_p,)),
        "ps_start_utt": (c_int, (c_void_p,)),
        "ps_process_raw": (c_int, (c_void_p, c_char_p, c_size_t, c_int, c_int)),
        "ps_end_utt": (c_int, (c_void_p,)),
        "ps_get_hyp": (c_char_p, (c_void_p, ctypes.POINTER(c_int32))),
        "ps_get_logmath": (c_void_p, (c_void_p,)),
        "logmath_log_to_ln": (c_double, (c_void_p, c_int)),
        "ps_set_cmn": (c_int, (c_void_p, c_char_p)),
        "ps_get_cmn": (c_char_p, (c_void_p, c_int)),
        "ps_add_jsgf_string": (c_int, (c_void_p, c_char_p, c_char_p)),
        "ps_activate_search": (c_int, (c_void_p, c_char_p)),
    }

    def __init__(self, path: str) -> None:
        # CDLL, unlike PyDLL, lets go of the interpreter lock during each call.
        self._library = ctypes.CDLL(path)
        for name, (result, arguments) in self.SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


class _LibraryDecoder:
    def __init__(self, library: _Library, config: dict[str, str | float]) -> None:
        self._library = library
        self._decoder: int | None = None
        settings = library.ps_config_init(None)
        try:
            for name, value in config.items():
                _set(library, settings, name, value)
            self._decoder = library.ps_init(settings)
        finally:
            library.ps_config_free(settings)  # the decoder holds a reference of its own
        if not self._decoder:
            raise RuntimeError("PocketSphinx cannot read its model")
        self._logmath = library.ps_get_logmath(self._decoder)

    def __del__(self) -> None:
        if self._decoder:
            self._library.ps_free(self._decoder)
            self._decoder = None

    def start(self) -> None:
        _check("ps_start_utt", self._library.ps_start_utt(self._decoder))

    def process(self, pcm: bytes, *, whole: bool) -> None:
        samples = len(pcm) // 2
        result = self._library.ps_process_raw(self._decoder, pcm, samples, 0, int(whole))
        _check("ps_process_raw", result)

    def end(self) -> None:
        _check("ps_end_utt", self._library.ps_end_utt(self._decoder))

    def hearing(self) -> Hearing:
        score = c_int32()
        text = self._library.ps_get_hyp(self._decoder, ctypes.byref(score))
        if text is None:
            return NOTHING
        likelihood = self._library.logmath_log_to_ln(self._logmath, score.value)
        return Hearing(text.decode(), likelihood)

    def set_means(self, means: str) -> None:
        _check("ps_set_cmn", self._library.ps_set_cmn(self._decoder, means.encode()))

    def means(self) -> str:
        found: bytes = self._library.ps_get_cmn(self._decoder, 0)
        return found.decode()

    def add_grammar(self, name: str, jsgf: str) -> None:
        result = self._library.ps_add_jsgf_string(self._decoder, name.encode(), jsgf.encode())
        _check("ps_add_jsgf_string", result)

    def use(self, search: str) -> None:
        result = self._library.ps_activate_search(self._decoder, search.encode())
        _check("ps_activate_search", result)


def _set(library: _Library, settings: int, name: str, value: str | float) -> None:
    if isinstance(value, str):
        library.ps_config_set_str(settings, name.encode(), value.encode())
    elif isinstance(value, int):
        library.ps_config_set_int(settings, name.encode(), value)
    else:
        library.ps_config_set_float(settings, name.encode(), value)


def _check(function: str, result: int) -> None:
    if result < 0:
        raise RuntimeError(f"{function} failed")


class _PackagedDecoder:
    """The package's own class behind the same methods."""

    def __init__(self, config: dict[str, str | float]) -> None:
        import pocketsphinx

        self._decoder: Any = pocketsphinx.Decoder(**config)

    def start(self) -> None:
        self._decoder.start_utt()

    def process(self, pcm: bytes, *, whole: bool) -> None:
        self._decoder.process_raw(pcm, False, whole)

    def end(self) -> None:
        self._decoder.end_utt()

    def hearing(self) -> Hearing:
        found = self._decoder.hyp()
        if found is None or found.score <= 0:
            return NOTHING
        return Hearing(found.hypstr, math.log(found.score))

    def set_means(self, means: str) -> None:
        self._decoder.set_cmn(means)

    def means(self) -> str:
        found: str = self._decoder.get_cmn(False)
        return found

    def add_grammar(self, name: str, jsgf: str) -> None:
        self._decoder.add_jsgf_string(name, jsgf)

    def use(self, search: str) -> None:
        self._decoder.activate_search(search)
