"""Keeps an Ollama server from shortening a conversation in silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx


async def never_truncate(request: httpx.Request) -> None:
    """A request hook for `httpx`: an over-long prompt is to be refused, not cut (status 200).

    Ollama takes `truncate` in a chat, its client has no argument for it.
    """
    import httpx

    if not request.url.path.endswith("/api/chat"):
        return
    body = json.dumps({**json.loads(request.content), "truncate": False}).encode()
    request.headers["Content-Length"] = str(len(body))
    request.stream = httpx.ByteStream(body)
