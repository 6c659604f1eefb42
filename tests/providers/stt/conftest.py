"""Engines that several tests of speech to text share: loading them takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.providers.stt.pocketsphinx import PocketSphinxStt
from app.providers.stt.whisper import WhisperStt
from app.settings import PocketSphinxSettings, WhisperSettings
from tests.support import tiny_whisper


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A models folder with the small Whisper in it, under the name `tests/acft-whisper-tiny`."""
    folder = tmp_path_factory.mktemp("models")
    tiny_whisper.make_model(folder)
    return folder


@pytest.fixture(scope="session")
def whisper(models_dir: Path) -> Iterator[WhisperStt]:
    stt = WhisperStt(WhisperSettings(model="tests/acft-whisper-tiny", threads=1), models_dir)
    stt.load()
    yield stt
    stt.close()


@pytest.fixture(scope="session")
def pocketsphinx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PocketSphinxStt]:
    stt = PocketSphinxStt(PocketSphinxSettings(), tmp_path_factory.mktemp("unused"))
    stt.load()
    yield stt
    stt.close()
