"""A model hub on a local socket that speaks what the hub's client asks for, its bad days included.

In a test::

    with serve_hub(monkeypatch) as hub:
        hub.models["somebody/a-model"] = folder
        hub.cut_after = 1_000_000
"""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE_BYTES = 1 << 16
SMALL_BYTES = 100_000
"""Larger files are stored outside git, and their checksum is another one."""


class Hub:
    """Folders served as models, by name.

    Attributes:
        address: where it listens.
        models: folder by model name.
        cut_after: bytes of a file after which the connection breaks, or None.
        cuts: how often it does; negative is always.
        hang_after: bytes of a file after which nothing more comes, or None.
        hangs: how often; negative is always.
        silent: nothing at all is answered, the API included.
        bytes_per_s: how fast a file comes; 0 is as fast as can be.
        ignores_range: a whole file is sent whatever part was asked for.
        wrong_range: the part that is sent begins this many bytes after the one asked for.
        more_bytes: by how much a file is larger in the API's words than it is.
        wrong_hash: the API's checksums are those of other files.
        tells_hashes: False leaves them out, as some mirrors do.
        requests: "METHOD path" and the Range header of each request for a file.
    """

    def __init__(self) -> None:
        self.address = ""
        self.models: dict[str, Path] = {}
        self.cut_after: int | None = None
        self.cuts = -1
        self.hang_after: int | None = None
        self.hangs = -1
        self.silent = False
        self.bytes_per_s = 0.0
        self.ignores_range = False
        self.wrong_range = 0
        self.more_bytes = 0
        self.wrong_hash = False
        self.tells_hashes = True
        self.requests: list[tuple[str, str]] = []
        self.closing = threading.Event()

    def asked_for(self, file: str) -> list[str]:
        """The Range header of each GET of this file, in order."""
        return [
            wanted
            for request, wanted in self.requests
            if request.startswith("GET") and request.endswith(f"/{file}")
        ]

    def sibling(self, file: Path) -> dict[str, object]:
        """What the API says of a file."""
        data = file.read_bytes()
        told: dict[str, object] = {"rfilename": file.name, "size": len(data) + self.more_bytes}
        if not self.tells_hashes:
            return told
        if self.wrong_hash:
            data += b"!"
        told["blobId"] = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
        if len(data) > SMALL_BYTES:
            sha256 = hashlib.sha256(data).hexdigest()
            told["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
        return told


@contextmanager
def serve_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Serve a hub and point the hub's client of this process at it."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import reset_sessions

    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="hub", daemon=True)
    thread.start()
    address = hub.address = f"http://127.0.0.1:{server.server_port}"
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
        hub.closing.set()
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
            if hub.silent:
                self._hang()
                return
            path = unquote(urlsplit(self.path).path).strip("/")
            if path.startswith("api/models/"):
                name = path.removeprefix("api/models/").split("/revision/")[0]
                folder = hub.models.get(name)
                if folder is None:
                    self._missing("RepoNotFound")
                    return
                files = [hub.sibling(file) for file in sorted(folder.iterdir())]
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
            if body and wanted.startswith("bytes=") and not hub.ignores_range:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                if start >= len(data):
                    self.send_response(416)
                    self.send_header("Content-Range", f"bytes */{len(data)}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                start = min(start + hub.wrong_range, len(data))
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
            if hub.cuts and hub.cut_after is not None and len(data) > hub.cut_after:
                hub.cuts -= 1
                self._write(data[start : hub.cut_after])
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_WR)
                return
            if hub.hangs and hub.hang_after is not None and len(data) > hub.hang_after:
                hub.hangs -= 1
                self._write(data[start : hub.hang_after])
                self._hang()
                return
            self._write(data[start:])

        def _write(self, data: bytes) -> None:
            try:
                if not hub.bytes_per_s:
                    self.wfile.write(data)
                    self.wfile.flush()
                    return
                for at in range(0, len(data), PIECE_BYTES):
                    piece = data[at : at + PIECE_BYTES]
                    self.wfile.write(piece)
                    self.wfile.flush()
                    time.sleep(len(piece) / hub.bytes_per_s)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True  # the client has left, as it may

        def _hang(self) -> None:
            hub.closing.wait()
            self.close_connection = True

        def _missing(self, code: str) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler
