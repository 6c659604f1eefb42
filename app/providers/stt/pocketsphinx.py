"""Speech to text without a download: PocketSphinx, whose English model is in its package.

The stand-in. It hears short questions and commands well, dictation badly, and English only.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from app.core.agreement import Agreement
from app.core.ports import SAMPLE_RATE, Audio, Engine, Partial, Stage, SttSession, Transcript
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.stt.pocketsphinx_decoding import Decoders, LiveHearing, WholeHearing
from app.providers.stt.voice_track import TRAIL_S, VoiceTrack
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

LEAD_S = 0.3
"""Kept in front of the voice. More silence, there or behind `TRAIL_S` at the end, would shift the
mean the sound is normalised by."""

LIVE_BLOCK = SAMPLE_RATE // 10
"""Samples (0.1 s) that the live pass takes at a time."""

BLOCKS_PER_MEAN = 8
"""Blocks before the first words can be shown, because the mean of less than 0.8 s says little,
and between two adjustments of that mean."""

CATCH_UP_BLOCKS = 4
"""Blocks (0.05 s of work) that the live pass takes at most before the key is looked at again.
It falls behind when a whole hearing has needed its decoder and the speaker goes on."""

AGREEING_BLOCKS = 5
"""Blocks after which the live pass must still begin with the same words before they are stable."""

LONGEST_AGAIN_S = 3.0
"""A longer utterance is not heard a second time: the live pass has had time to find the right mean.
Measured on 43 recordings of 2 to 11 s, at 10 and 3 s: 52 and 53 words of 498 wrong; to the
transcript, 4 to 11 s long, 860 and 270 ms (median)."""

LONGEST_IN_PAUSE_S = 10.0
"""A longer utterance is not heard out while the key is down: a speaker who goes on would have the
live pass begin anew, which takes a fifth of the length."""


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
    """One utterance. Used by one thread.

    It is heard as a whole as soon as the speaker falls silent, step by step between the pieces of
    audio, so that little or nothing is left when the key comes up; when more is said, all of it is
    heard again at the next silence.
    """

    def __init__(self, decoders: Decoders, voice: VoiceTrack) -> None:
        self._decoders = decoders
        self._voice = voice
        self._audio = np.zeros(0, dtype=np.float32)
        self._live: LiveHearing | None = None
        self._live_blocks = 0
        self._whole: WholeHearing | None = None
        self._whole_end = 0
        """Sample up to which that one hears."""
        self._agreement = Agreement(AGREEING_BLOCKS)
        self._agreed: tuple[str, int] = ("", 0)
        """Text and live blocks of the newest hearing that the agreement knows of."""
        self._stable = ""
        self._said: Partial | None = None

    def feed(self, audio: Audio) -> None:
        if audio.size:
            self._audio = np.concatenate([self._audio, audio])
            self._voice.feed(audio)

    def partial(self) -> Partial | None:
        """The words so far, from the live pass, and of the whole once the speaker is silent.

        The live pass takes a fifth of the sound's length; the whole is heard one step at a time,
        0.1 to 0.3 s for a question.
        """
        voice = self._voice
        if not voice.heard:
            return None
        if voice.trailed_off and self._is_within(LONGEST_IN_PAUSE_S):
            whole = self._hear_whole()
            if not whole.done:
                whole.step()
            if whole.done:
                return self._partial(whole.text(), settled=voice.paused)
        elif not self._is_heard_out:
            self._follow(CATCH_UP_BLOCKS)
        return self._partial(self._live.text if self._live is not None else "")

    def finish(self) -> Transcript:
        if not self._voice.heard:
            return Transcript("", LANGUAGE)
        return Transcript(self._hear_whole().text(), LANGUAGE)

    @property
    def _start(self) -> int:
        return self._voice.start(LEAD_S)

    @property
    def _end(self) -> int:
        return min(len(self._audio), self._voice.end(TRAIL_S))

    def _is_within(self, seconds: float) -> bool:
        return self._end - self._start <= seconds * SAMPLE_RATE

    @property
    def _is_heard_out(self) -> bool:
        """Whether the whole was heard, or is being heard, and nothing was said since."""
        return self._whole is not None and self._whole_end == self._end

    def _hear_whole(self) -> WholeHearing:
        """The hearing of all that was said so far."""
        if self._whole is None or not self._is_heard_out:
            behind = (self._end - self._live_end) // LIVE_BLOCK
            # The live pass has its say when it is there, or nearly; in a long utterance it must
            # come to the end, being its only hearing.
            has_live = behind <= CATCH_UP_BLOCKS or not self._is_within(LONGEST_IN_PAUSE_S)
            if has_live:
                self._follow(behind)
            self._whole_end = self._end
            self._whole = self._decoders.hear(
                self._audio[self._start : self._end],
                self._live if has_live else None,
                again=self._is_within(LONGEST_AGAIN_S),
            )
        return self._whole

    @property
    def _live_end(self) -> int:
        """Sample up to which the live pass has come."""
        is_on = self._live is not None and not self._live.over
        return self._start + (self._live_blocks * LIVE_BLOCK if is_on else 0)

    def _follow(self, most: int) -> None:
        """Bring the live pass up to the last whole block, in at most so many blocks.

        Whole blocks, counted from the voice's start, so that the words do not depend on the
        sizes in which the audio came.
        """
        if self._live is None or self._live.over:
            head = self._audio[self._start : self._end][: BLOCKS_PER_MEAN * LIVE_BLOCK]
            if len(head) < BLOCKS_PER_MEAN * LIVE_BLOCK:
                return
            self._live = self._decoders.live(head)
            self._live_blocks = BLOCKS_PER_MEAN
        for _ in range(most):
            done = self._live_end
            block = self._audio[done : min(done + LIVE_BLOCK, self._end)]
            if len(block) < LIVE_BLOCK:
                return
            if self._live_blocks % BLOCKS_PER_MEAN == 0:
                self._live.adjust(self._decoders.means(self._audio[self._start : done]))
            self._live.feed(block)
            self._live_blocks += 1

    def _partial(self, text: str, *, settled: bool = False) -> Partial | None:
        if not text:
            return None
        hearing = (text, self._live_blocks)
        if hearing != self._agreed:
            self._agreed = hearing
            self._stable = self._agreement.add(text)
        partial = Partial(Transcript(text, LANGUAGE), self._stable, settled)
        if partial == self._said:
            return None
        self._said = partial
        return partial


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
