"""The models on the disk: found whole and in part, fetched, and deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.core.catalogue import ModelId
from app.core.model_cards import Stock
from app.core.ports import Stage
from app.core.turn import Cancelled
from app.errors import ProviderUnavailable
from app.providers.shelf import ModelShelf
from tests.support.hub import Hub, serve_hub

WHISPER = ModelId(Stage.STT, "whisper", "Systran/faster-whisper-medium")
VOICE = ModelId(Stage.TTS, "vits", "facebook/mms-tts-fra")
CHAT = ModelId(Stage.LLM, "builtin", "Qwen/Qwen2.5-0.5B-Instruct")


def publish(folder: Path, *files: str) -> Path:
    """Files of a model; weights of the kind that is checked hold a real tensor."""
    folder.mkdir(parents=True)
    for file in files:
        if file.endswith(".safetensors"):
            save_file({"some": np.zeros(200_000, np.float32)}, folder / file)
        elif file.endswith(".json"):
            (folder / file).write_text(json.dumps({"model_type": "any"}))
        else:
            (folder / file).write_bytes(b"weights" * 100_000)
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    with serve_hub(monkeypatch) as hub:
        hub.models[WHISPER.model] = publish(
            tmp_path / "whisper", "model.bin", "config.json", "tokenizer.json"
        )
        hub.models[VOICE.model] = publish(
            tmp_path / "voice", "config.json", "vocab.json", "tokenizer_config.json",
            "model.safetensors",
        )  # fmt: skip
        yield hub


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "models"


def quietly(line: str) -> None:
    """Nobody watches."""


def stop_after(size: int) -> object:
    def progress(line: str) -> None:
        here = getattr(line, "download", None)
        if here is not None and here.done_bytes > size:
            raise Cancelled("stop")

    return progress


def looked(shelf: ModelShelf) -> dict[ModelId, Stock]:
    return {stock.id: stock for stock in shelf.look()}


@pytest.mark.parametrize("wanted", [WHISPER, VOICE])
def test_a_model_is_fetched_found_and_deleted(hub: Hub, models_dir: Path, wanted: ModelId) -> None:
    shelf = ModelShelf(models_dir)
    assert shelf.look() == ()
    shelf.fetch(wanted, quietly)
    (stock,) = shelf.look()
    size = sum(file.stat().st_size for file in hub.models[wanted.model].iterdir())
    assert (stock.id, stock.whole, stock.ours) == (wanted, True, True)
    assert stock.size_bytes == pytest.approx(size, abs=200)  # and the note of where it is from
    shelf.delete(wanted, part_only=True)
    assert looked(shelf)[wanted].whole
    shelf.delete(wanted)
    assert shelf.look() == ()
    assert not any(path.is_file() for path in models_dir.rglob("*"))
    shelf.delete(wanted)


@pytest.mark.parametrize("wanted", [WHISPER, VOICE])
def test_a_part_is_found_by_another_run_gone_on_with_or_thrown_away(
    hub: Hub, models_dir: Path, wanted: ModelId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.providers.hub.TICK_S", 0.0)
    with pytest.raises(Cancelled):
        ModelShelf(models_dir).fetch(wanted, stop_after(100_000))
    shelf = ModelShelf(models_dir)
    (stock,) = shelf.look()
    assert (stock.id, stock.whole) == (wanted, False)
    assert stock.size_bytes > 100_000
    hub.requests.clear()
    shelf.fetch(wanted, quietly)
    assert any(asked for _, asked in hub.requests)
    assert looked(shelf)[wanted].whole
    shelf.delete(wanted)
    with pytest.raises(Cancelled):
        shelf.fetch(wanted, stop_after(100_000))
    shelf.delete(wanted, part_only=True)
    assert shelf.look() == ()


def test_a_model_nobody_offers_is_found_too(hub: Hub, models_dir: Path) -> None:
    hub.models["somebody/their-voice"] = hub.models[VOICE.model]
    shelf = ModelShelf(models_dir)
    other = ModelId(Stage.TTS, "vits", "somebody/their-voice")
    shelf.fetch(other, quietly)
    assert list(looked(shelf)) == [other]


def test_a_model_that_other_programs_use_is_found_and_not_deleted(
    hub: Hub, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached = hub.models[VOICE.model]
    monkeypatch.setattr("app.providers.hub.in_cache", lambda name, file: (
        cached if name == VOICE.model else None
    ))  # fmt: skip
    shelf = ModelShelf(models_dir)
    assert not looked(shelf)[VOICE].ours
    with pytest.raises(ProviderUnavailable, match="other programs use"):
        shelf.delete(VOICE)
    assert (cached / "model.safetensors").is_file()


def test_the_built_in_model_is_whole_only_when_its_weights_are(hub: Hub, models_dir: Path) -> None:
    folder = publish(models_dir / "llm" / CHAT.model.replace("/", "--"), "config.json")
    shelf = ModelShelf(models_dir)
    assert CHAT not in looked(shelf)
    save_file({"some": np.zeros(8, np.float32)}, folder / "model.safetensors")
    assert looked(shelf)[CHAT].whole


def test_an_engine_without_models_is_named(models_dir: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="espeak has no models"):
        ModelShelf(models_dir).fetch(ModelId(Stage.TTS, "espeak", ""), quietly)
