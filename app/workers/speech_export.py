"""The thread that reads the replies of an old conversation into a sound file.

Beside the turn in every way: voices of its own, loaded for one file and dropped after it, and a
thread that the system gives time to when nobody else wants it.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from PySide6.QtCore import QThread

from app.core.events import Event, Notice, Outcome
from app.core.gaps import Gaps
from app.core.history_events import ConversationsExported, ExportConversations
from app.core.ports import Audio, TtsProvider, TurnRecord
from app.core.sentences import ClauseSplitter
from app.core.spoken_text import SpokenText
from app.core.turn import CancelToken
from app.errors import AssistantError, InputError, ProviderError
from app.workers.worker import Worker

log = logging.getLogger(__name__)

BETWEEN_REPLIES_S = 0.6

NICENESS = 10
"""Of 19; the others have 0."""


class SoundFile(Protocol):
    """Collects what is played to it (`app.audio.files.WavOutput`)."""

    def play(self, audio: Audio, sample_rate: int) -> float: ...

    def save(self) -> None:
        """Write the file, whole or not at all.

        Raises:
            InputError: it cannot be written there.
        """


class SpeechExportWorker(Worker):
    """Makes one sound file at a time. Ended by `request_end` between two clauses; a file that
    was not finished is not written."""

    stage = "speech export"

    def __init__(
        self,
        voices: Callable[[], Sequence[TtsProvider]],
        read: Callable[[int], Sequence[TurnRecord]],
        sound_file: Callable[[Path], SoundFile],
    ) -> None:
        """
        Args:
            voices: makes them, not loaded, the best first; the last speaks every language.
            read: the turns of a conversation, by its number. Raises HistoryError.
            sound_file: begins a file. Raises InputError where none can be written.

        All three are called in this thread.
        """
        super().__init__()
        self._make_voices = voices
        self._read = read
        self._sound_file = sound_file
        self._token = CancelToken()

    def on_begin(self) -> None:
        self.thread().setPriority(QThread.Priority.LowestPriority)
        if sys.platform == "linux":  # where a priority means nothing, a thread can be nice
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)

    def request_end(self) -> None:
        self._token.cancel("Parley ends")
        super().request_end()

    def on(self, event: Event) -> None:
        if isinstance(event, ExportConversations) and event.format == "wav":
            try:
                self._export(event)
            except AssistantError as exc:
                self.happened.emit(Notice(title=exc.title, hint=exc.hint))

    def _export(self, command: ExportConversations) -> None:
        """
        Raises:
            AssistantError: no such conversation, nothing to read, no file, no voice.
            Cancelled: Parley ends.
        """
        if command.session_id is None:
            raise InputError(
                "A sound file holds one conversation.", "Choose one in the list and export that."
            )
        file = self._sound_file(Path(command.path))
        replies = [
            (text, record.language)
            for record in self._read(command.session_id)
            if (text := _as_heard(record))
        ]
        if not replies:
            raise InputError(
                "There is no reply in this conversation to listen to.",
                "Export it as Markdown to read it.",
            )
        voices = _Voices(self._make_voices(), self._token)
        try:
            for number, (text, language) in enumerate(replies):
                if number:
                    file.play(_silence(BETWEEN_REPLIES_S, voices.rate), voices.rate)
                self._say(text, language, voices, file)
        finally:
            voices.close()
        self._token.raise_if_cancelled()
        file.save()
        self.happened.emit(ConversationsExported(path=command.path, turns=len(replies)))

    def _say(self, text: str, language: str, voices: _Voices, file: SoundFile) -> None:
        """One reply, clause by clause, with the gaps it is played with."""
        splitter, gaps, for_the_ear = ClauseSplitter(), Gaps(), SpokenText(language)
        for clause in [*splitter.feed(text), *splitter.flush()]:
            self._token.raise_if_cancelled()
            gaps.begin(clause)
            words = for_the_ear.clause(clause)
            if not words:
                continue
            audio, rate = voices.speak(words, language)
            file.play(gaps.owed(rate), rate)
            file.play(gaps.feed(audio, rate), rate)


class _Voices:
    """Those that could be loaded."""

    def __init__(self, voices: Sequence[TtsProvider], token: CancelToken) -> None:
        self._token = token
        self._loaded: list[TtsProvider] = []
        refused: ProviderError | None = None
        for voice in voices:
            try:
                voice.load()
            except ProviderError as exc:
                log.info("a sound file is made without %s: %s", voice.engine.label, exc)
                refused = exc
                continue
            self._loaded.append(voice)
        if not self._loaded:
            raise refused or InputError("There is no voice on this computer.")

    @property
    def rate(self) -> int:
        return self._loaded[0].sample_rate

    def speak(self, words: str, language: str) -> tuple[Audio, int]:
        """One clause by the best voice that can; its sample rate.

        Raises:
            ProviderError: none can.
        """
        able = [voice for voice in self._loaded if voice.speaks(language)] or self._loaded[-1:]
        for voice in able[:-1]:
            try:
                return self._clause(voice, words, language), voice.sample_rate
            except ProviderError as exc:
                log.info("%s failed on a clause of a sound file: %s", voice.engine.label, exc)
        last = able[-1]
        return self._clause(last, words, language), last.sample_rate

    def _clause(self, voice: TtsProvider, words: str, language: str) -> Audio:
        pieces = [_silence(0, 1)]
        for piece in voice.synthesize(words, language):
            self._token.raise_if_cancelled()
            pieces.append(piece)
        return np.concatenate(pieces)

    def close(self) -> None:
        for voice in self._loaded:
            voice.close()


def _as_heard(record: TurnRecord) -> str:
    """What was heard of the reply; all of it where it was only shown."""
    if record.reply_heard or record.outcome == Outcome.INTERRUPTED:
        return record.reply_heard.strip()
    return record.reply_generated.strip()


def _silence(seconds: float, rate: int) -> Audio:
    return np.zeros(round(seconds * rate), dtype=np.float32)
