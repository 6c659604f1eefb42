"""Language models in Groq's cloud, through its own client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.providers.llm.openai_style import Connection, OpenAiStyleLlm, Service


class GroqLlm(OpenAiStyleLlm):
    """A model at Groq. The words leave this computer."""

    service = Service("groq", "Groq", "https://api.groq.com")

    def _usage_wish(self) -> Mapping[str, Any]:
        return {}  # told without being asked

    def _open(self, key: str, address: str) -> Connection:
        import groq

        client = groq.AsyncGroq(api_key=key, base_url=address, **self._http(groq))
        return Connection(client, groq)
