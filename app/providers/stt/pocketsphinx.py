"""Speech to text without a download: PocketSphinx, whose English model is in its package.

The stand-in. It hears short questions and commands well, dictation badly, and English only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.ports import SAMPLE_RATE, Audio, Engine, Partial, Stage, SttSession, Transcript
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.stt.pocketsphinx_decoding import Decoders, LiveHearing
from app.providers.stt.voice_track import VoiceTrack
from app.providers.vad.silero import SileroVad
from app.settings import PocketSphinxSettings

LANGUAGE = "en"

FILES = {
    "mdef": (b"0.3", b"BMDF", b"FDMB"),
    "means": (b"s3",),
    "variances": (b"s3",),
    "transition_matrices": (b"s3",),
}
"""What every acoustic model consists of, and how these files begin."""

PAD_S = 0.3
"""Kept around the voice. More silence would shift the mean the sound is normalised by."""

LIVE_BLOCK = SAMPLE_RATE // 10
"""Samples (0.1 s) that the live pass takes at a time."""

BLOCKS_PER_MEAN = 8
"""Blocks before the first words can be shown, because the mean of less than 0.8 s says little,
and between two adjustments of that mean."""

LONGEST_AGAIN_S = 10.0
"""A longer utterance is not heard a second time when the key comes up: hearing takes about a
fifth of its length, and the live pass has had time to find the right mean."""


class PocketSphinxStt:
    """The loaded decoders. Used by one thread."""

    def __init__(self, options: PocketSphinxSettings, models_dir: Path) -> None:  # noqa: ARG002
        self._options = options
        self._decoders: Decoders | None = None
        self._vad = SileroVad()

    @property
    def engine(self) -> Engine:
        model = Path(self._options.model).name if self._options.model else "en-us"
        return Engine(Stage.STT, "pocketsphinx", model, stand_in=True)

    def load(self) -> None:
        """Read the models from the package.

        Raises:
            ProviderUnavailable: the package or its model is missing or damaged.
        """
        model = Path(self._options.model).expanduser() if self._options.model else None
        if model is not None:
            _check(model)
        self._vad.load()
        self._decoders = Decoders.load(model)

    def close(self) -> None:
        self._decoders = None
        self._vad.close()

    def start(self, language: str | None) -> SttSession:  # noqa: ARG002
        """A new utterance, in English whatever `language` says: there is no other model."""
        if self._decoders is None:
            raise ProviderBroke("PocketSphinx is not loaded.", "Start Parley again.")
        return PocketSphinxSession(self._decoders, VoiceTrack(self._vad.twin()))


class PocketSphinxSession:
    """One utterance. Used by one thread."""

    def __init__(self, decoders: Decoders, voice: VoiceTrack) -> None:
        self._decoders = decoders
        self._voice = voice
        self._audio = np.zeros(0, dtype=np.float32)
        self._live: LiveHearing | None = None
        self._live_start = 0
        self._live_blocks = 0
        self._said = ""

    def feed(self, audio: Audio) -> None:
        """Take more audio and hear it: about a fifth of its length on one core."""
        if not audio.size:
            return
        self._audio = np.concatenate([self._audio, audio])
        self._voice.feed(audio)
        if self._voice.heard:
            self._follow()

    def partial(self) -> Partial | None:
        text = self._live.text if self._live is not None else ""
        if not text or text == self._said:
            return None
        self._said = text
        return Partial(Transcript(text, LANGUAGE))

    def finish(self) -> Transcript:
        if not self._voice.heard:
            return Transcript("", LANGUAGE)
        audio = self._audio[self._voice.start(PAD_S) : self._voice.end(PAD_S)]
        again = len(audio) <= LONGEST_AGAIN_S * SAMPLE_RATE
        return Transcript(self._decoders.hear(audio, self._live, again=again), LANGUAGE)

    def _follow(self) -> None:
        """Bring the live pass up to the last whole block.

        Whole blocks, counted from the voice's start, so that the words do not depend on the
        sizes in which the audio came.
        """
        if self._live is None:
            start = self._voice.start(PAD_S)
            head = self._audio[start : start + BLOCKS_PER_MEAN * LIVE_BLOCK]
            if len(head) < BLOCKS_PER_MEAN * LIVE_BLOCK:
                return
            self._live = self._decoders.live(head)
            self._live_start, self._live_blocks = start, BLOCKS_PER_MEAN
        while True:
            done = self._live_start + self._live_blocks * LIVE_BLOCK
            block = self._audio[done : done + LIVE_BLOCK]
            if len(block) < LIVE_BLOCK:
                return
            if self._live_blocks % BLOCKS_PER_MEAN == 0:
                self._live.adjust(self._decoders.means(self._audio[self._live_start : done]))
            self._live.feed(block)
            self._live_blocks += 1


def _check(model: Path) -> None:
    """Look at an acoustic model before PocketSphinx does, which ends the process on a bad one.

    Raises:
        ProviderUnavailable: a file is missing or begins otherwise than it should.
    """
    for file, starts in FILES.items():
        path = model / file
        try:
            with path.open("rb") as opened:
                begins = opened.read(4)
        except OSError as exc:
            raise ProviderUnavailable(
                f"The folder {model} holds no PocketSphinx model: {file} cannot be read.",
                "Choose another folder in the settings file, or leave it empty.",
            ) from exc
        if not begins.startswith(starts):
            raise ProviderUnavailable(
                f"The file {path} is no part of a PocketSphinx model.",
                "Choose another folder in the settings file, or leave it empty.",
            )
