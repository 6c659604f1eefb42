"""Fetching, converting and finding Whisper models, against a hub on a local socket."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ProviderUnavailable
from app.providers.hub_stream import PIECE_BYTES
from app.providers.stt import whisper_models
from app.providers.stt.whisper import WhisperStt
from app.settings import WhisperSettings
from tests.support import tiny_whisper
from tests.support.hub import Hub, serve_hub
from tests.support.recordings import feed
from tests.support.tiny_whisper import QUESTION

ACFT = "futo-org/acft-whisper-tiny"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as hub:
        yield hub


@pytest.fixture
def checkpoint(models_dir: Path) -> Path:
    """A whole Hugging Face checkpoint: what the shared small model was converted from."""
    return models_dir / "checkpoints" / "tests--acft-whisper-tiny"


def copy_only(source: Path, destination: Path, keep: set[str]) -> Path:
    destination.mkdir(parents=True)
    for file in source.iterdir():
        if file.name in keep:
            shutil.copy(file, destination)
    return destination


def test_a_checkpoint_without_processor_borrows_that_of_its_base(
    hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    weights = {"config.json", "model.safetensors"}
    others = {file.name for file in checkpoint.iterdir()} - weights
    hub.models[ACFT] = copy_only(checkpoint, tmp_path / "acft", weights)
    hub.models["openai/whisper-tiny"] = copy_only(checkpoint, tmp_path / "base", others)
    models_dir = tmp_path / "models"
    stt = WhisperStt(WhisperSettings(model=ACFT, threads=1), models_dir)
    with pytest.raises(ProviderUnavailable):
        stt.load()

    said: list[str] = []
    stt.fetch(said.append)

    assert any(line.startswith("Downloading acft-whisper-tiny") for line in said)
    assert "Converting acft-whisper-tiny" in said
    stt.load()
    session = stt.start(None)
    feed(session, QUESTION.audio)
    assert session.finish().text == QUESTION.text
    assert [path.name for path in (models_dir / "whisper").iterdir()] == [
        "futo-org--acft-whisper-tiny"
    ], "nothing half-made is left behind"
    stt.close()


def test_a_converted_model_is_used_as_it_is(hub: Hub, models_dir: Path, tmp_path: Path) -> None:
    name = "Systran/faster-whisper-tiny"
    hub.models[name] = whisper_models.home("tests/acft-whisper-tiny", models_dir)
    folder = whisper_models.fetch(name, tmp_path, lambda line: None)
    assert folder == whisper_models.locate(name, tmp_path)
    assert not whisper_models.short_windows(folder, name)
    assert not (folder / ".cache").exists()


def test_an_interrupted_download_goes_on_where_it_stopped(
    hub: Hub, models_dir: Path, tmp_path: Path
) -> None:
    name = "Systran/faster-whisper-tiny"
    hub.models[name] = whisper_models.home("tests/acft-whisper-tiny", models_dir)
    hub.cut_after = 3_000_000
    with pytest.raises(ProviderUnavailable) as caught:
        whisper_models.fetch(name, tmp_path, lambda line: None)
    assert "network" in caught.value.hint
    with pytest.raises(ProviderUnavailable, match="not on this computer"):
        whisper_models.locate(name, tmp_path)

    hub.cut_after = None
    hub.requests.clear()
    whisper_models.fetch(name, tmp_path, lambda line: None)
    whisper_models.locate(name, tmp_path)
    fetched = [ranges for request, ranges in hub.requests if request.startswith("GET")]
    assert f"bytes={3_000_000 // PIECE_BYTES * PIECE_BYTES}-" in fetched


def test_a_name_nobody_has(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="no speech model named nobody/whisper-none"):
        whisper_models.fetch("nobody/whisper-none", tmp_path, lambda line: None)


def test_a_name_that_cannot_be_one(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="no speech model"):
        whisper_models.fetch("one/two/three", tmp_path, lambda line: None)
    with pytest.raises(ProviderUnavailable, match="not on this computer"):
        whisper_models.locate("one/two/three", tmp_path)


def test_no_network(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ProviderUnavailable, match="cannot be downloaded"):
        whisper_models.fetch(ACFT, tmp_path, lambda line: None)


def test_a_repository_without_a_whisper(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "README.md").write_text("nothing here")
    hub.models["somebody/other"] = tmp_path / "other"
    with pytest.raises(ProviderUnavailable, match="holds no Whisper model"):
        whisper_models.fetch("somebody/other", tmp_path / "models", lambda line: None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_full_disk_is_named(hub: Hub, tmp_path: Path) -> None:
    home = whisper_models.home("somebody/converted", tmp_path / "models")
    part = home.with_name(f"{home.name}.download") / "model.bin.part"
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    hub.models["somebody/converted"] = tmp_path / "source"
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "model.bin").write_bytes(b"weights")
    with pytest.raises(ProviderUnavailable, match="no room on the disk"):
        whisper_models.fetch("somebody/converted", tmp_path / "models", lambda line: None)


def test_a_checkpoint_in_a_folder_is_converted(checkpoint: Path, tmp_path: Path) -> None:
    name = str(checkpoint)
    with pytest.raises(ProviderUnavailable, match="not converted yet"):
        whisper_models.locate(name, tmp_path)
    folder = whisper_models.fetch(name, tmp_path, lambda line: None)
    assert folder == whisper_models.locate(name, tmp_path)
    assert whisper_models.short_windows(folder, name)


def test_a_damaged_checkpoint_leaves_the_model_that_was_there(
    checkpoint: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "acft-whisper-broken"
    shutil.copytree(checkpoint, broken)
    data = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(data[: len(data) // 2])
    home = tmp_path / "models" / "whisper" / "kept"
    home.mkdir(parents=True)
    (home / "model.bin").write_bytes(b"the old one")
    with pytest.raises(ProviderUnavailable, match="damaged"):
        whisper_models.convert(broken, home, "tests/broken", lambda line: None)
    assert (home / "model.bin").read_bytes() == b"the old one"


class Enough(Exception):
    """Somebody wanted it to end."""


@pytest.mark.parametrize("after", [0, 1, 5, -1])
def test_a_conversion_that_is_stopped_leaves_nothing(
    checkpoint: Path, tmp_path: Path, after: int
) -> None:
    """Whenever it is: `after` counts what was said before, from the end when it is negative."""
    home = whisper_models.home("tests/acft-whisper-tiny", tmp_path)
    said: list[str] = []
    whisper_models.convert(checkpoint, home, "tests/acft-whisper-tiny", said.append)
    times = len(said) + after if after < 0 else after
    shutil.rmtree(home)
    said.clear()

    def stop(line: str) -> None:
        said.append(line)
        if len(said) > times:
            raise Enough

    with pytest.raises(Enough):
        whisper_models.convert(checkpoint, home, "tests/acft-whisper-tiny", stop)
    assert list(home.parent.iterdir()) == []
    with pytest.raises(ProviderUnavailable, match="not on this computer"):
        whisper_models.locate("tests/acft-whisper-tiny", tmp_path)


def test_a_conversion_that_was_killed_is_done_anew(checkpoint: Path, tmp_path: Path) -> None:
    name = "tests/acft-whisper-tiny"
    home = whisper_models.home(name, tmp_path)
    left = home.with_name(f"{home.name}.converting")
    left.mkdir(parents=True)
    (left / "model.bin").write_bytes(b"half of it")
    with pytest.raises(ProviderUnavailable):
        whisper_models.locate(name, tmp_path)
    whisper_models.convert(checkpoint, home, name, lambda line: None)
    assert whisper_models.locate(name, tmp_path) == home
    assert not left.exists()


def as_pickle(checkpoint: Path, folder: Path, **how: bool) -> Path:
    """The checkpoint with its weights as `torch.save` writes them."""
    import torch
    from safetensors.torch import load_file

    shutil.copytree(checkpoint, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    torch.save(load_file(checkpoint / "model.safetensors"), folder / "pytorch_model.bin", **how)
    return folder


def test_a_checkpoint_that_is_a_pickle_is_fetched_and_hears(
    hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    hub.models[ACFT] = as_pickle(checkpoint, tmp_path / "published")
    stt = WhisperStt(WhisperSettings(model=ACFT, threads=1), tmp_path / "models")
    stt.fetch(lambda line: None)
    stt.load()
    session = stt.start(None)
    feed(session, QUESTION.audio)
    assert session.finish().text == QUESTION.text
    stt.close()


def test_a_pickle_of_an_old_torch_is_named(checkpoint: Path, tmp_path: Path) -> None:
    old = as_pickle(checkpoint, tmp_path / "old", _use_new_zipfile_serialization=False)
    with pytest.raises(ProviderUnavailable, match="before 2020") as caught:
        whisper_models.fetch(str(old), tmp_path / "models", lambda line: None)
    assert "another model" in caught.value.hint


def test_a_checkpoint_that_came_damaged_is_downloaded_anew(
    hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    published = Path(shutil.copytree(checkpoint, tmp_path / "published"))
    weights = published / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:8] + b"?" + whole[9:])  # of the right length
    hub.models[ACFT] = published
    with pytest.raises(ProviderUnavailable, match="damaged"):
        whisper_models.fetch(ACFT, tmp_path / "models", lambda line: None)
    weights.write_bytes(whole)
    whisper_models.fetch(ACFT, tmp_path / "models", lambda line: None)
    assert whisper_models.locate(ACFT, tmp_path / "models")


def test_a_stopped_conversion_keeps_what_was_downloaded(
    hub: Hub, checkpoint: Path, tmp_path: Path
) -> None:
    hub.models[ACFT] = checkpoint

    def stop(line: str) -> None:
        if line.startswith("Converting"):
            raise Enough

    with pytest.raises(Enough):
        whisper_models.fetch(ACFT, tmp_path, stop)
    hub.requests.clear()
    whisper_models.fetch(ACFT, tmp_path, lambda line: None)
    assert hub.requests == []
    assert whisper_models.locate(ACFT, tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is full")
def test_a_disk_that_is_full_while_converting_is_named(checkpoint: Path, tmp_path: Path) -> None:
    home = whisper_models.home("tests/acft-whisper-tiny", tmp_path)
    work = home.with_name(f"{home.name}.converting")
    said: list[str] = []

    def fill_the_disk(line: str) -> None:
        said.append(line)
        if len(said) == 2:  # after the folder was made anew
            (work / "model.bin").symlink_to("/dev/full")

    with pytest.raises(ProviderUnavailable, match="no room on the disk"):
        whisper_models.convert(checkpoint, home, "tests/acft-whisper-tiny", fill_the_disk)
    assert list(home.parent.iterdir()) == []


def test_an_empty_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ProviderUnavailable, match="holds no Whisper model"):
        whisper_models.fetch(str(tmp_path), tmp_path, lambda line: None)


def test_two_folders_of_one_name_have_two_homes(tmp_path: Path) -> None:
    for parent in ("one", "two"):
        (tmp_path / parent / "whisper").mkdir(parents=True)
    homes = {whisper_models.home(str(tmp_path / p / "whisper"), tmp_path) for p in ("one", "two")}
    assert len(homes) == 2


def test_a_model_in_the_hub_cache_is_found(
    models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    snapshots = tmp_path / "cache" / "models--Systran--faster-whisper-tiny"
    (snapshots / "refs").mkdir(parents=True)
    (snapshots / "refs" / "main").write_text("abc")
    shutil.copytree(
        whisper_models.home("tests/acft-whisper-tiny", models_dir), snapshots / "snapshots" / "abc"
    )
    found = whisper_models.locate("Systran/faster-whisper-tiny", tmp_path / "models")
    assert found == snapshots / "snapshots" / "abc"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("futo-org/acft-whisper-tiny.en", "openai/whisper-tiny.en"),
        ("MahmoudAshraf/acft-whisper-large-v3-turbo", "openai/whisper-large-v3-turbo"),
        ("openai/whisper-tiny", "openai/whisper-tiny"),
    ],
)
def test_where_a_tokenizer_comes_from(name: str, source: str) -> None:
    assert whisper_models.processor_source(name) == source


def test_the_small_model_is_laid_out_like_the_real_one() -> None:
    tokenizer = tiny_whisper.make_tokenizer()
    ids = tokenizer.convert_tokens_to_ids(["<|startoftranscript|>", "<|en|>", "<|notimestamps|>"])
    assert ids == [50258, 50259, 50363]


@pytest.mark.parametrize(
    ("name", "windows"),
    [
        ("futo-org/acft-whisper-tiny", whisper_models.FUTO_WINDOWS),
        ("futo-org/acft-whisper-small.en", whisper_models.FUTO_WINDOWS),
        ("MahmoudAshraf/acft-whisper-large-v3-turbo", whisper_models.CAREFUL_WINDOWS),
        ("openai/whisper-tiny", None),
        ("Systran/faster-whisper-large-v3", None),
    ],
)
def test_each_model_hears_as_little_as_it_was_made_for(
    name: str, windows: whisper_models.ShortWindows | None, tmp_path: Path
) -> None:
    assert whisper_models.short_windows(tmp_path / "model", name) == windows
