"""Language models in the Cerebras cloud, through its own client."""

from __future__ import annotations

from app.providers.llm.openai_style import Connection, OpenAiStyleLlm, Service


class CerebrasLlm(OpenAiStyleLlm):
    """A model at Cerebras. The words leave this computer."""

    service = Service("cerebras", "Cerebras", "https://api.cerebras.ai")

    def _open(self, key: str, address: str) -> Connection:
        from cerebras.cloud import sdk

        client = sdk.AsyncCerebras(
            api_key=key,
            base_url=address,
            # it would send requests from its constructor, and wait for them in our loop
            warm_tcp_connection=False,
            **self._http(sdk),
        )
        return Connection(client, sdk)
