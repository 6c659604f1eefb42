"""PocketSphinx's two decoders: one that knows all words, one that knows commands.

An utterance is heard as a whole, because PocketSphinx normalises the sound by its mean: with the
mean of the whole utterance it makes a third fewer mistakes than with a running one (14 words of
94 wrong instead of 21, on short recordings). Both decoders hear it and the likelier sentence
wins. What is shown while somebody speaks comes from a third, live pass; it shares its decoder with
the hearing that knows all words (another one would take 90 MB), so that one ends it.

Both decoders belong to one thread, which lends the commands' to another one while it waits for what
the live pass or the other decoder makes of it: two cores hear in two thirds of the time.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from app.core.ports import Audio
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.stt import command_model
from app.providers.stt.sphinx_library import NOTHING, Decoder, Hearing, open_decoder

WORD_INSERTION = 0.9
"""PocketSphinx's own value, 0.65, swallows short words: of 94, two more were wrong."""

MOST_STATES = 5000
"""Active states per frame, 30,000 by default: a sixth less time, no other words. With 2,000 long
sentences suffer (35 words of 134 wrong instead of 26)."""

COMMAND_ADVANTAGE = 0.1
"""By how much (in the decoder's scaled log-likelihood) a command must be likelier than free
speech: the command model knows so few words that each costs it less. On the recordings commands
lead by 0.11 to 0.6; of 40 other sentences one leads by more than 0.09."""

SURE_COMMAND = 0.26
"""Lead over the live pass from which the whole utterance is not heard again with all words. The
live pass scores lower than a whole one, so this asks for more: two thirds of the commands reach
it, of the other sentences the nearest leads by 0.24."""

MEANS = "means"
"""Name of a search for one single word: it runs the front end and costs next to nothing,
about 1 % of the sound's length."""


class Decoders:
    """The loaded models. One thread."""

    def __init__(self, general: Decoder, commands: Decoder) -> None:
        self._general = general
        self._commands = commands
        self._live: LiveHearing | None = None
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="commands")

    @classmethod
    def load(cls, acoustic_model: Path | None) -> Decoders:
        """Read the models and build the command model; about a second.

        Raises:
            ProviderUnavailable: the package or a model file is missing or damaged.
        """
        try:
            import pocketsphinx
        except ImportError as exc:
            raise ProviderUnavailable("PocketSphinx is missing.", "Install Parley again.") from exc
        packaged = Path(pocketsphinx.get_model_path("en-us"))
        common: dict[str, str | float] = {
            "hmm": str(acoustic_model or packaged / "en-us"),
            "wip": WORD_INSERTION,
            "maxhmmpf": MOST_STATES,
            "loglevel": "FATAL",
        }
        dictionary = packaged / "cmudict-en-us.dict"
        try:
            general = open_decoder(
                lm=str(packaged / "en-us.lm.bin"), dict=str(dictionary), **common
            )
            with tempfile.TemporaryDirectory(prefix="parley-commands-") as folder:
                arpa, words = Path(folder, "commands.arpa"), Path(folder, "commands.dict")
                command_model.write_dictionary(words, dictionary, command_model.write_arpa(arpa))
                commands = open_decoder(lm=str(arpa), dict=str(words), **common)
        except (RuntimeError, ValueError, OSError) as exc:
            raise ProviderUnavailable(
                f"The speech model in {common['hmm']} cannot be read.",
                "Install Parley again, or choose Whisper in Parley's settings, under Speech and "
                "voice.",
            ) from exc
        commands.add_grammar(MEANS, "#JSGF V1.0; grammar means; public <word> = yes;")
        decoders = cls(general, commands)
        decoders.hear(np.zeros(8000, dtype=np.float32), None).text()
        return decoders

    def live(self, audio: Audio) -> LiveHearing:
        """Begin a live pass with the start of an utterance; ends the one before."""
        self.end_live()
        self._live = LiveHearing(self._general, self.means(audio))
        self._live.feed(audio)
        return self._live

    def hear(self, audio: Audio, live: LiveHearing | None, *, again: bool = True) -> WholeHearing:
        """Begin to hear a whole utterance; nothing is computed yet.

        `live` is its live pass. Without `again` that pass has the last word on free speech.
        """
        return WholeHearing(self, audio, live if live is self._live else None, again=again)

    def command(self, audio: Audio) -> Hearing:
        """What it is if it is a command; takes about a twentieth of the sound's length."""
        return _whole(self._commands, audio)

    def command_beside(self, audio: Audio) -> Future[Hearing]:
        """The same in another thread; wait for it before anything else is asked of commands."""
        return self._beside.submit(self.command, audio)

    def anything(self, audio: Audio) -> Hearing:
        """What it is with all words; takes about a tenth of the sound's length. Ends the live
        pass."""
        self.end_live()
        return _whole(self._general, audio)

    def end_live(self) -> Hearing:
        """What the live pass made of its utterance; nothing when there is none."""
        live, self._live = self._live, None
        return live.end() if live is not None else NOTHING

    def means(self, audio: Audio) -> str:
        """Mean of the sound's features, as `LiveHearing` takes it."""
        self._commands.use(MEANS)
        _whole(self._commands, audio)
        means = self._commands.means()
        self._commands.use("_default")
        return means


class WholeHearing:
    """A whole utterance being heard, in two steps: a key that comes up finishes what is left,
    and a speaker who goes on need not wait for the second one."""

    def __init__(
        self, decoders: Decoders, audio: Audio, live: LiveHearing | None, *, again: bool
    ) -> None:
        self._decoders = decoders
        self._audio = audio
        self._live = live
        self._again = again
        self._command: Hearing | None = None
        self._text: str | None = None

    @property
    def done(self) -> bool:
        return self._text is not None

    def text(self) -> str:
        """The words, once all steps are taken.

        Raises:
            ProviderBroke: the library failed.
        """
        if self._command is None and not self._again and self._has_live:
            self._take_both_steps()
        while self._text is None:
            self.step()
        return self._text

    def step(self) -> None:
        """Take the next step.

        Raises:
            ProviderBroke: the library failed.
        """
        with _translated():
            if self._command is None:
                self._command = self._decoders.command(self._audio)
                # Where two hearings agree in every word, a third one is not needed.
                words = self._command.text
                if words and self._live is not None and self._live.text == words:
                    self._text = words
            else:
                self._text = self._choose(self._command, self._end_live())

    def _take_both_steps(self) -> None:
        """Side by side: what is a command is heard while the live pass comes to its end."""
        with _translated():
            beside = self._decoders.command_beside(self._audio)
            try:
                free = self._end_live()
            finally:
                self._command = beside.result()
            self._text = self._choose(self._command, free)

    @property
    def _has_live(self) -> bool:
        return self._live is not None and not self._live.over

    def _end_live(self) -> Hearing:
        """What its live pass makes of it in the end; nothing when there is none."""
        return self._decoders.end_live() if self._has_live else NOTHING

    def _choose(self, command: Hearing, free: Hearing) -> str:
        is_sure = command.score > free.score + SURE_COMMAND
        if free is NOTHING or (self._again and not is_sure):
            free = self._decoders.anything(self._audio)
        return command.text if command.score > free.score + COMMAND_ADVANTAGE else free.text


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except RuntimeError as exc:
        raise ProviderBroke("PocketSphinx failed on this recording.", "Try again.") from exc


class LiveHearing:
    """A pass over an utterance that still grows, until another one needs its decoder."""

    def __init__(self, decoder: Decoder, means: str) -> None:
        self._decoder: Decoder | None = decoder
        decoder.set_means(means)
        decoder.start()

    @property
    def over(self) -> bool:
        """Whether another pass has begun."""
        return self._decoder is None

    @property
    def text(self) -> str:
        """The words so far; empty once another pass has begun."""
        return self._decoder.hearing().text if self._decoder is not None else ""

    def feed(self, audio: Audio) -> None:
        if self._decoder is not None:
            self._decoder.process(_pcm16(audio), whole=False)

    def adjust(self, means: str) -> None:
        """Go on with other means, from more of the utterance."""
        if self._decoder is not None:
            self._decoder.set_means(means)

    def end(self) -> Hearing:
        if self._decoder is None:
            return NOTHING
        decoder, self._decoder = self._decoder, None
        decoder.end()
        return decoder.hearing()


def _whole(decoder: Decoder, audio: Audio) -> Hearing:
    decoder.start()
    decoder.process(_pcm16(audio), whole=True)
    decoder.end()
    return decoder.hearing()


def _pcm16(audio: Audio) -> bytes:
    return (np.clip(audio, -1.0, 1.0) * 32767).astype("<i2").tobytes()
