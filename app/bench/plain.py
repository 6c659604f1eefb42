"""The other baseline of the turns: the libraries as one would use them without Parley.

`faster-whisper`'s `transcribe()` of the whole utterance, the whole reply read by httpx, one call
of `VitsModel` for all of it; one after the other, with the same weights, precision and threads
as Parley's engines have.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from app.bench.bare_read import BareReader, can_be_read, catch
from app.bench.sequential import Steps
from app.core.ports import Audio, Engine, LlmProvider, Message, Stage
from app.core.prompt import Prompt
from app.core.spoken_text import SpokenText
from app.errors import ProviderBroke
from app.paths import Paths
from app.providers import registry
from app.settings import Settings, WhisperSettings


class Transcribe(Protocol):
    """A transcription of a whole recording at once."""

    def __call__(self, audio: Audio, language: str) -> str: ...


def whisper(folder: Path, options: WhisperSettings, device: str) -> Transcribe:
    """faster-whisper by itself.

    It is told the language, so that it need not detect it.

    Args:
        folder: a model in CTranslate2's format.
    """
    from faster_whisper import WhisperModel

    compute_type = options.compute_type
    if compute_type == "auto":
        compute_type = "float16" if device == "cuda" else "int8"
    model: Any = WhisperModel(
        str(folder),
        device=device,
        compute_type=compute_type,
        cpu_threads=options.threads,
        local_files_only=True,
    )

    def transcribe(audio: Audio, language: str) -> str:
        segments, _ = model.transcribe(audio, beam_size=options.beam_size, language=language)
        return " ".join(segment.text.strip() for segment in segments)

    return transcribe


def has_voice() -> bool:
    """Whether what `voice` needs is installed; Parley's packages are made without it."""
    return all(find_spec(library) is not None for library in ("torch", "transformers"))


def voice(folder: Path, speed: float, device: str) -> Callable[[str], None]:
    """`VitsModel` by itself: speaks a text in one call and hands back when the samples are here.

    On a GPU in the precision that torch takes unless told otherwise: float32, with convolutions
    rounded to TF32 where the GPU can.
    """
    import torch
    from transformers import VitsModel, VitsTokenizer

    tokenizer: Any = VitsTokenizer.from_pretrained(folder, local_files_only=True)
    model: Any = VitsModel.from_pretrained(folder, local_files_only=True)
    model = model.to(device).eval()
    model.speaking_rate *= speed

    def speak(text: str) -> None:
        tokens = tokenizer(text, return_tensors="pt").input_ids.to(device)
        with torch.inference_mode():
            model(tokens).waveform.float().cpu()

    return speak


class PlainLibraries:
    """Turns of them. A context manager; one thread."""

    def __init__(
        self, settings: Settings, paths: Paths, key: str | None, engines: Mapping[str, Engine]
    ) -> None:
        """
        Args:
            settings: name the folders of Whisper and of the English voice.
            key: of the language model, None when it needs none.
            engines: by stage name, those of the turn to compare with.
        """
        self._settings = settings
        self._key = key
        self._language = settings.stt.language or "en"
        self._prompt = partial(
            Prompt,
            persona=settings.llm.persona,
            mode=settings.llm.mode,
            language=self._language,
        )
        self._engines = engines
        llm = engines[Stage.LLM].name
        self._llm: LlmProvider = registry.build_llm(llm, settings.llm, key, paths.models_dir)
        self._is_first_choice = llm == settings.llm.first_choice
        self._readers: dict[str, BareReader] = {}
        self._loop = asyncio.Runner()

    @property
    def reads_bare(self) -> bool:
        """Whether the reply is read by httpx alone; otherwise the provider fetches it."""
        return self._is_first_choice and can_be_read(self._llm)

    def __enter__(self) -> PlainLibraries:
        """
        Raises:
            ProviderError: the language model is not there.
        """
        hears, tts = self._settings.stt.whisper, self._settings.tts
        devices = {stage: engine.device for stage, engine in self._engines.items()}
        self._transcribe = whisper(Path(hears.model), hears, devices[Stage.STT])
        self._speak = voice(Path(tts.vits.voices["en"]), tts.speed, devices[Stage.TTS])
        self._loop.run(self._llm.ensure_warm())
        return self

    def __exit__(self, *_: object) -> None:
        for reader in self._readers.values():
            self._loop.run(reader.close())
        self._loop.run(self._llm.close())
        self._loop.close()

    def turn(self, audio: Audio) -> Steps:
        """
        Raises:
            ProviderError: an engine failed, or nothing was understood.
        """
        started = time.perf_counter()
        heard = self._transcribe(audio, self._language)
        transcribed = time.perf_counter()
        if not heard:
            raise ProviderBroke("Nothing was understood.", "Give another recording.")
        prompt = self._prompt()
        messages = prompt.ask(prompt.question(heard, self._language)).messages
        if self.reads_bare and heard not in self._readers:
            self._loop.run(self._open_reader(heard, messages))
        asked = time.perf_counter()
        reply = self._loop.run(self._reply(heard, messages))
        answered = time.perf_counter()
        spoken = SpokenText(self._language).clause(reply)
        speaks = time.perf_counter()
        self._speak(spoken)
        ended = time.perf_counter()
        return Steps(
            stt_ms=(transcribed - started) * 1000,
            llm_ms=(answered - asked) * 1000,
            tts_ms=(ended - speaks) * 1000,
        )

    async def _open_reader(self, heard: str, messages: Sequence[Message]) -> None:
        """Make the request for this question, and open a connection to send it over."""
        request = await catch(self._settings.llm, self._key, messages)
        reader = BareReader(request)
        await reader.first_token_ms()
        self._readers[heard] = reader

    async def _reply(self, heard: str, messages: Sequence[Message]) -> str:
        if self.reads_bare:
            return await self._readers[heard].whole_reply()
        return "".join([delta async for delta in self._llm.reply(messages, self._language)])
