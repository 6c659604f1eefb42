"""Downloading a voice, from a small hub on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.vits import VitsTts
from app.settings import VitsSettings
from tests.support.fake_ollama import free_port
from tests.support.hub import Hub, serve_hub
from tests.support.tiny_vits import make_tiny_vits

VOICE = "somebody/a-voice"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    folder = make_tiny_vits(tmp_path / "published")
    (folder / "pytorch_model.bin").write_bytes(b"the same weights again")
    with serve_hub(monkeypatch) as hub:
        hub.models[VOICE] = folder
        yield hub


def asked_for(hub: Hub) -> list[str]:
    """The files that were sent, by name."""
    return [request.rpartition("/")[2] for request, _ in hub.requests]


def test_a_voice_is_downloaded_found_and_spoken(hub: Hub, tmp_path: Path) -> None:
    models = tmp_path / "models"
    tts = VitsTts(VitsSettings(voices={"en": VOICE}, threads=1), models, 1.0)
    assert not tts.speaks("en")
    lines: list[str] = []
    tts.fetch(lines.append)
    assert "CC-BY-NC 4.0" in lines[0]
    assert "pytorch_model.bin" not in asked_for(hub)
    assert tts.speaks("en")
    tts.load()
    assert sum(map(len, tts.synthesize("hello", "en"))) > 0


def test_a_download_that_came_damaged_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    weights = hub.models[VOICE] / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ProviderUnavailable, match=r"model\.safetensors"):
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert vits_files.find(VOICE, tmp_path / "models") is None


def test_an_interrupted_download_goes_on(hub: Hub, tmp_path: Path) -> None:
    hub.cut_after = 70_000
    with pytest.raises(ProviderUnavailable):
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    hub.cut_after = None
    hub.requests.clear()
    vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert hub.requests[0] == (f"GET {VOICE}/resolve/main/model.safetensors", "bytes=65536-")
    assert "vocab.json" not in asked_for(hub)


def test_a_voice_that_does_not_exist_is_said_so(hub: Hub, tmp_path: Path) -> None:
    for name in ("nobody/nothing", "not a name"):
        with pytest.raises(ProviderUnavailable, match="no voice named"):
            vits_files.fetch(name, tmp_path / "models", lambda line: None)


def test_without_a_network_the_next_step_is_named(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ProviderUnavailable, match="cannot be downloaded") as caught:
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert "network" in caught.value.hint
