"""A model hub on a local socket that speaks what the hub's client asks for."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Folders served as models, by name.

    Attributes:
        models: folder by model name.
        cut_after: bytes of a file after which the connection breaks once, or None.
        requests: "METHOD path" and the Range header of each request for a file.
    """

    def __init__(self) -> None:
        self.models: dict[str, Path] = {}
        self.cut_after: int | None = None
        self.requests: list[tuple[str, str]] = []


@contextmanager
def serve_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve a hub and point the hub's client of this process at it."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import reset_sessions

    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="hub", daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    reset_sessions()  # they keep what the constant was when they were made
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        file_download,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        monkeypatch.undo()
        reset_sessions()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, *args: object) -> None:
            """Nothing on the terminal."""

        def _answer(self, *, body: bool) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            if path.startswith("api/models/"):
                name = path.removeprefix("api/models/").split("/revision/")[0]
                folder = hub.models.get(name)
                if folder is None:
                    self._missing("RepoNotFound")
                    return
                files = [
                    {"rfilename": file.name, "size": file.stat().st_size}
                    for file in sorted(folder.iterdir())
                ]
                answer = {"id": name, "sha": COMMIT, "siblings": files}
                self._send(json.dumps(answer).encode(), {}, body=body)
                return
            name, _, rest = path.partition("/resolve/")
            file = hub.models.get(name, Path("/nowhere")) / rest.partition("/")[2]
            hub.requests.append((f"{self.command} {path}", self.headers.get("Range", "")))
            if not file.is_file():
                self._missing("EntryNotFound")
                return
            headers = {"ETag": f'"{file.stat().st_size}-{file.name}"', "X-Repo-Commit": COMMIT}
            self._send(file.read_bytes(), headers, body=body)

        def _send(self, data: bytes, headers: dict[str, str], *, body: bool) -> None:
            start = 0
            wanted = self.headers.get("Range", "")
            if body and wanted.startswith("bytes="):
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            else:
                self.send_response(200)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if not body:
                return
            if hub.cut_after is not None and len(data) > hub.cut_after:
                self.wfile.write(data[start : hub.cut_after])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_WR)
                return
            self.wfile.write(data[start:])

        def _missing(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler
