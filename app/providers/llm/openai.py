"""Language models behind OpenAI's API: OpenAI itself, or any server that speaks it.

vLLM, the llama.cpp server and LM Studio do, on this computer or on another.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.providers.llm.addresses import host_of
from app.providers.llm.openai_style import Connection, OpenAiStyleLlm, Service
from app.settings import OPENAI_PRESETS, CloudSettings, OpenAiSettings


class OpenAiLlm(OpenAiStyleLlm):
    """A model at OpenAI, or at the server that `base_url` names."""

    service = Service("openai", "OpenAI", OPENAI_PRESETS["openai"])

    def __init__(self, options: CloudSettings, api_key: str | None = None) -> None:
        if isinstance(options, OpenAiSettings):
            options = options.model_copy(update={"base_url": options.address})
        super().__init__(options, api_key)

    @property
    def title(self) -> str:
        if self._is_openai:
            return self.service.title
        return f"The server at {self.address.partition('://')[2].partition('/')[0]}"

    @property
    def _is_openai(self) -> bool:
        return host_of(self._address) == host_of(self.service.address)

    def _open(self, key: str, address: str) -> Connection:
        import openai

        client = openai.AsyncOpenAI(api_key=key, base_url=address, **self._http(openai))
        return Connection(client, openai)

    def _length_limit(self) -> Mapping[str, int]:
        if self._is_openai:
            return super()._length_limit()
        # OpenAI's newer models insist on the new name, other servers know the old one
        return {"max_tokens": self._options.max_tokens}
