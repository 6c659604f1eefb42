"""Responses that fail on invalid UTF-8, where httpx by itself would put a "�" in its place.

Imports httpx, so it is imported where a client is made.
"""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterator

import httpx


class StrictUtf8Stream(httpx.AsyncByteStream):
    """Passes bytes on as they come; raises UnicodeDecodeError at the first that is none."""

    def __init__(self, source: httpx.AsyncByteStream) -> None:
        self._source = source

    async def __aiter__(self) -> AsyncIterator[bytes]:
        decoder = codecs.getincrementaldecoder("utf-8")()
        async for piece in self._source:
            decoder.decode(piece)
            yield piece
        decoder.decode(b"", final=True)

    async def aclose(self) -> None:
        await self._source.aclose()


async def require_utf8(response: httpx.Response) -> None:
    """An httpx response hook. Compressed bodies are left alone."""
    if isinstance(response.stream, httpx.AsyncByteStream) and (
        "content-encoding" not in response.headers
    ):
        response.stream = StrictUtf8Stream(response.stream)
