"""A server on this computer that sends the question on to another one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from app.core.ports import LlmProvider, Message
from app.errors import ProviderError
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.openai import OpenAiLlm
from app.settings import OllamaSettings, OpenAiSettings
from tests.providers.llm.replies import run


class Elsewhere(BaseHTTPRequestHandler):
    """Counts who comes."""

    visits: int

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).visits += 1
        self.send_response(500)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, type[Elsewhere]]]:
    """The address of a server that redirects, and where it redirects to."""

    class There(Elsewhere):
        visits = 0

    there = ThreadingHTTPServer(("127.0.0.1", 0), There)

    class Here(Elsewhere):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{there.server_port}{self.path}")
            self.end_headers()

    here = ThreadingHTTPServer(("127.0.0.1", 0), Here)
    for server in (here, there):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{here.server_port}", There
    for server in (here, there):
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("name", ["ollama", "openai"])
def test_a_redirect_is_not_followed(elsewhere: tuple[str, type[Elsewhere]], name: str) -> None:
    url, there = elsewhere
    provider: LlmProvider = (
        OllamaLlm(OllamaSettings(host=url))
        if name == "ollama"
        else OpenAiLlm(OpenAiSettings(base_url=f"{url}/v1"))
    )

    async def ask() -> None:
        with pytest.raises(ProviderError):
            async for _ in provider.reply([Message("user", "a secret")], "en"):
                pass

    run(provider, ask)
    assert there.visits == 0
