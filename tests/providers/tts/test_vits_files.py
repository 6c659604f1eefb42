"""Downloading a voice, from a small hub on a real socket."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.errors import ProviderUnavailable
from app.providers.tts import vits_files
from app.providers.tts.vits import VitsTts
from app.settings import VitsSettings
from tests.support.tiny_vits import make_tiny_vits

VOICE = "somebody/a-voice"
REVISION = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Serves one repository as Hugging Face does; keeps what was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.downloaded: list[str] = []
        self.withheld: set[str] = set()
        """Listed, but refused when asked for."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self._answer(body=False)

            def do_GET(self) -> None:
                self._answer(body=True)

            def _answer(self, body: bool) -> None:
                name = self.path.removeprefix(f"/{VOICE}/resolve/{REVISION}/")
                api = f"/api/models/{VOICE}/revision/main"
                if self.path.partition("?")[0] == api:
                    siblings = [{"rfilename": path.name} for path in hub.folder.iterdir()]
                    content = json.dumps(
                        {"id": VOICE, "sha": REVISION, "siblings": siblings}
                    ).encode()
                elif name in {path.name for path in hub.folder.iterdir()} - hub.withheld:
                    content = (hub.folder / name).read_bytes()
                    if body:
                        hub.downloaded.append(name)
                else:
                    self.send_response(404)
                    known = name in hub.withheld
                    self.send_header("X-Error-Code", "EntryNotFound" if known else "RepoNotFound")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("X-Repo-Commit", REVISION)
                self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants
    from huggingface_hub.utils import reset_sessions

    folder = make_tiny_vits(tmp_path / "published")
    (folder / "pytorch_model.bin").write_bytes(b"the same weights again")
    hub = Hub(folder)
    thread = threading.Thread(target=hub.server.serve_forever)
    thread.start()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    reset_sessions()
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    monkeypatch.setattr(
        "huggingface_hub.file_download.HUGGINGFACE_CO_URL_TEMPLATE",
        hub.address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    yield hub
    hub.server.shutdown()
    thread.join()
    hub.server.server_close()
    reset_sessions()


def test_a_voice_is_downloaded_found_and_spoken(hub: Hub, tmp_path: Path) -> None:
    models = tmp_path / "models"
    tts = VitsTts(VitsSettings(voices={"en": VOICE}, threads=1), models, 1.0)
    assert not tts.speaks("en")
    lines: list[str] = []
    tts.fetch(lines.append)
    assert "CC-BY-NC 4.0" in lines[0]
    assert "pytorch_model.bin" not in hub.downloaded
    assert tts.speaks("en")
    tts.load()
    assert sum(map(len, tts.synthesize("hello", "en"))) > 0


def test_a_download_that_came_damaged_is_not_taken(hub: Hub, tmp_path: Path) -> None:
    weights = hub.folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ProviderUnavailable, match=r"model\.safetensors"):
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert vits_files.find(VOICE, tmp_path / "models") is None


def test_an_interrupted_download_goes_on(hub: Hub, tmp_path: Path) -> None:
    hub.withheld.add("vocab.json")
    with pytest.raises(ProviderUnavailable):
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    hub.withheld.clear()
    hub.downloaded.clear()
    vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert hub.downloaded == ["vocab.json"]


def test_a_voice_that_does_not_exist_is_said_so(hub: Hub, tmp_path: Path) -> None:
    for name in ("nobody/nothing", "not a name"):
        with pytest.raises(ProviderUnavailable, match="no voice called"):
            vits_files.fetch(name, tmp_path / "models", lambda line: None)


def test_without_a_network_the_next_step_is_named(hub: Hub, tmp_path: Path) -> None:
    hub.server.socket.close()
    with pytest.raises(ProviderUnavailable, match="could not be downloaded") as caught:
        vits_files.fetch(VOICE, tmp_path / "models", lambda line: None)
    assert "internet" in caught.value.hint
