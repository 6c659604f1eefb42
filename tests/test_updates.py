"""Newer versions: one question a day to a real server, and nothing that is not asked for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from app.core.turn import CancelToken
from app.updates import DAY_S, PAGES, Release, UpdateCheck

PAGE = f"{PAGES}parley/parley/releases/v9"


class Published(ThreadingHTTPServer):
    """A place where releases are published."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 200
        self.body = release("v9.1.0")
        self.asked: list[dict[str, str]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/latest"


class _Handler(BaseHTTPRequestHandler):
    server: Published

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()
        self.wfile.write(self.server.body.encode())

    def log_message(self, *_: object) -> None:
        return None


def release(version: str, page: str = PAGE) -> str:
    return json.dumps({"tag_name": version, "html_url": page})


@pytest.fixture
def server() -> Iterator[Published]:
    server = Published()
    yield server
    server.shutdown()
    server.server_close()


def check(server: Published, tmp_path: Path, **options) -> UpdateCheck:
    return UpdateCheck(tmp_path / "looked", address=server.address, version="1.2.0", **options)


def test_a_newer_version_is_found_with_its_page(server, tmp_path):
    assert check(server, tmp_path).look(CancelToken()) == Release("9.1.0", PAGE)


def test_nothing_about_the_user_is_in_the_question(server, tmp_path):
    check(server, tmp_path).look(CancelToken())
    (headers,) = server.asked
    assert headers["User-Agent"] == "Parley/1.2.0"
    assert not {"Cookie", "Authorization", "From", "Referer"} & set(headers)


@pytest.mark.parametrize("version", ["1.2.0", "v1.1.9", "0.9", "v2.0.0rc1", "v1.2.0.dev3"])
def test_what_is_not_newer_or_not_finished_is_no_news(server, tmp_path, version):
    server.body = release(version)
    assert check(server, tmp_path).look(CancelToken()) is None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, "{}"),
        (500, ""),
        (302, release("v9")),
        (200, ""),
        (200, "[]"),
        (200, "<html>"),
        (200, '{"tag_name": null}'),
        (200, release("latest and greatest")),
        (200, release("v9", "javascript:alert(1)")),
        (200, release("v9", "http://github.com/parley")),
        (200, release("v9", "https://github.com.example.org/parley")),
        (200, release("v9", "https://example.org/parley")),
    ],
)
def test_an_answer_of_another_kind_is_no_news(server, tmp_path, status, body):
    server.status, server.body = status, body
    assert check(server, tmp_path).look(CancelToken()) is None


def test_nobody_there_is_no_news(server, tmp_path):
    nobody = UpdateCheck(tmp_path / "looked", address="http://127.0.0.1:9/latest")
    assert nobody.look(CancelToken()) is None


def test_it_is_due_at_first_and_then_once_a_day(server, tmp_path):
    now = [0.0]
    looking = check(server, tmp_path, clock=lambda: now[0])
    assert looking.due_in_s == 0
    looking.look(CancelToken())
    now[0] = (tmp_path / "looked").stat().st_mtime + 60
    assert looking.due_in_s == pytest.approx(DAY_S - 60)
    now[0] += DAY_S
    assert looking.due_in_s == 0
    now[0] -= 10 * DAY_S  # a clock that was set back
    assert looking.due_in_s == 0


def test_a_place_that_cannot_be_written_does_not_matter(server, tmp_path):
    looking = UpdateCheck(tmp_path / "none" / "looked", address=server.address, version="1.2.0")
    assert looking.look(CancelToken()) is not None


def test_a_look_that_cannot_be_written_down_is_remembered(server, tmp_path):
    now = [1e9]
    looking = UpdateCheck(
        tmp_path / "none" / "looked", address=server.address, clock=lambda: now[0]
    )
    looking.look(CancelToken())
    assert looking.due_in_s == pytest.approx(DAY_S)
    now[0] += DAY_S
    assert looking.due_in_s == 0
