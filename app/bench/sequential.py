"""The baseline of the turns: the same engines, strictly one after another.

Nothing overlaps and nothing is done while the user still speaks: after the key came up the
whole utterance is transcribed, then the whole reply is awaited, then all of it is synthesised,
and only then could it be heard.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial

from app.core.ports import Audio, Engine, LlmProvider, Message, Stage, SttProvider, TtsProvider
from app.core.prompt import Prompt
from app.core.spoken_text import SpokenText
from app.errors import ProviderBroke
from app.paths import Paths
from app.providers import registry
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Steps:
    """One turn of it, in milliseconds."""

    stt_ms: float
    llm_ms: float
    tts_ms: float

    @property
    def total_ms(self) -> float:
        """From key-up until the samples are ready; without the way to the loudspeaker."""
        return self.stt_ms + self.llm_ms + self.tts_ms

    def as_data(self) -> Mapping[str, float]:
        return asdict(self) | {"total_ms": self.total_ms}


class Sequential:
    """Engines of its own, like those that served a turn. A context manager; one thread."""

    def __init__(
        self, settings: Settings, paths: Paths, key: str | None, engines: Mapping[str, Engine]
    ) -> None:
        """
        Args:
            key: of the chosen language model, None when it needs none.
            engines: by stage name, those of the turn to compare with.
        """
        self._prompt = partial(
            Prompt,
            persona=settings.llm.persona,
            mode=settings.llm.mode,
            language=settings.stt.language or "en",
        )
        self._language = settings.stt.language
        stt, llm, tts = (engines[stage].name for stage in (Stage.STT, Stage.LLM, Stage.TTS))
        self._stt: SttProvider = registry.build_stt(stt, settings.stt, paths.models_dir)
        self._llm: LlmProvider = registry.build_llm(llm, settings.llm, key, paths.models_dir)
        self._tts: TtsProvider = registry.build_tts(tts, settings.tts, paths.models_dir)
        self._loop = asyncio.Runner()

    def __enter__(self) -> Sequential:
        """
        Raises:
            ProviderError: an engine cannot be loaded.
        """
        self._stt.load()
        self._tts.load()
        self._loop.run(self._llm.ensure_warm())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run(self._llm.close())
        self._loop.close()
        self._tts.close()
        self._stt.close()

    def turn(self, audio: Audio) -> Steps:
        """
        Raises:
            ProviderError: an engine failed, or nothing was understood.
        """
        started = time.perf_counter()
        session = self._stt.start(self._language)
        session.feed(audio)
        heard = session.finish()
        if not heard.text:
            raise ProviderBroke("Nothing was understood.", "Give another recording.")
        transcribed = time.perf_counter()
        prompt = self._prompt()
        messages = prompt.ask(prompt.question(heard.text, heard.language)).messages
        reply = self._loop.run(self._whole_reply(messages, heard.language))
        answered = time.perf_counter()
        spoken = SpokenText(heard.language).clause(reply)
        for _ in self._tts.synthesize(spoken, heard.language):
            pass
        ended = time.perf_counter()
        return Steps(
            stt_ms=(transcribed - started) * 1000,
            llm_ms=(answered - transcribed) * 1000,
            tts_ms=(ended - answered) * 1000,
        )

    async def _whole_reply(self, messages: Sequence[Message], language: str) -> str:
        return "".join([delta async for delta in self._llm.reply(messages, language)])
