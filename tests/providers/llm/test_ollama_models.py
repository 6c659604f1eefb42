"""Models on a server: downloaded with progress, stopped, resumed, deleted."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from typing import Any, cast

import pytest

from app.core.downloads import Download
from app.core.ports import Message
from app.errors import ProviderBroke, ProviderUnavailable
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_models import OllamaModels, _pull_refused
from app.settings import OllamaSettings
from tests.support.fake_ollama import free_port
from tests.support.ollama_server import PULL_BYTES, OllamaProcess, OllamaServer


def make(url: str, **options: Any) -> OllamaModels:
    return OllamaModels(OllamaSettings(host=url, **options))


async def pull_all(models: OllamaModels, model: str) -> list[Download]:
    try:
        return [step async for step in models.pull(model)]
    finally:
        await models.close()


def test_a_download_tells_how_far_it_is_and_the_model_is_there() -> None:
    with OllamaServer(models=[]) as server:
        steps = asyncio.run(pull_all(make(server.url), "phi3:mini"))
        assert server.models == ["phi3:mini"]
    bytes_steps = [step for step in steps if 0 < step.done_bytes < step.total_bytes]
    done = [step.done_bytes for step in bytes_steps]
    assert done == sorted(done)
    assert len(done) > 10
    assert {step.total_bytes for step in bytes_steps} == {PULL_BYTES}
    assert steps[0].line == "Asking for the model"
    assert "MB of 2.0 MB" in bytes_steps[-1].line
    assert [step.line for step in steps[-3:]] == [
        "Checking the download",
        "Almost done",
        "Downloaded",
    ]


def test_a_cancelled_download_stops_at_once_and_goes_on_where_it_stopped() -> None:
    async def cancel_in_the_middle(models: OllamaModels) -> tuple[int, float]:
        reached = asyncio.Event()
        done = 0

        async def follow() -> None:
            nonlocal done
            async with aclosing(cast(Any, models.pull("phi3:mini"))) as steps:
                async for step in steps:
                    done = step.done_bytes
                    if done >= PULL_BYTES / 4:
                        reached.set()

        task = asyncio.create_task(follow())
        await reached.wait()
        started = time.perf_counter()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took_s = time.perf_counter() - started
        await models.close()
        return done, took_s

    with OllamaServer(models=[], pull_piece_s=0.05) as server:
        models = make(server.url)
        done, took_s = asyncio.run(cancel_in_the_middle(models))
        assert took_s < 1
        (request,) = server.requests
        assert server.wait_until(lambda: request.disconnected)
        server.pull_piece_s = 0.0
        steps = asyncio.run(pull_all(models, "phi3:mini"))
        assert server.models == ["phi3:mini"]
    first = next(step.done_bytes for step in steps if step.done_bytes)
    assert first > done


def test_a_model_nobody_has() -> None:
    with OllamaServer(models=[]) as server, pytest.raises(ProviderUnavailable) as failed:
        asyncio.run(pull_all(make(server.url), "nope"))
    assert "nope" in failed.value.title
    assert "ollama.com/library" in failed.value.hint


def test_a_download_from_a_server_that_is_not_there() -> None:
    with pytest.raises(ProviderUnavailable, match="not running"):
        asyncio.run(pull_all(make(f"http://127.0.0.1:{free_port()}"), "phi3:mini"))


def test_a_server_killed_during_the_download_says_that_it_can_go_on() -> None:
    async def pull_and_kill(models: OllamaModels, process: OllamaProcess) -> None:
        async for step in models.pull("other:1b"):
            if step.done_bytes:
                process.kill()

    with OllamaProcess() as process, pytest.raises(ProviderBroke) as failed:
        asyncio.run(pull_and_kill(make(process.url), process))
    assert "where it stopped" in failed.value.hint


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("write /x/blobs/sha256-partial: no space left on device", "The disk is full."),
        ("Head: dial tcp: lookup registry.ollama.ai: no such host", "cannot reach its library"),
        ("pull model manifest: 412: this model requires a newer version of Ollama", "newer Ollama"),
        ("max retries exceeded: EOF", "max retries exceeded"),
    ],
)
def test_what_an_error_line_means(message: str, said: str) -> None:
    failed = _pull_refused("phi3:mini", message)
    assert said in failed.title
    assert failed.hint


def test_deleting_a_model_and_one_that_is_not_there() -> None:
    async def delete_twice(models: OllamaModels) -> None:
        await models.delete("phi3:mini")
        state = await models.describe()
        assert state.models == ("other:1b",)
        assert not state.pulled
        try:
            await models.delete("phi3:mini")
        finally:
            await models.close()

    with (
        OllamaServer(models=["phi3:mini", "other:1b"]) as server,
        pytest.raises(ProviderUnavailable, match="does not have phi3:mini"),
    ):
        asyncio.run(delete_twice(make(server.url)))


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_how_much_of_a_loaded_model_is_on_the_gpu(share: float) -> None:
    from app.providers.llm.ollama import OllamaLlm

    async def load_and_look(url: str) -> float | None:
        llm, models = OllamaLlm(OllamaSettings(host=url)), make(url)
        assert (await models.describe()).gpu_share is None
        await llm.ensure_warm()
        found = (await models.describe()).gpu_share
        await llm.close()
        await models.close()
        return found

    with OllamaServer(vram=share) as server:
        assert asyncio.run(load_and_look(server.url)) == pytest.approx(share)


# --- memory -----------------------------------------------------------------------------------


def test_a_model_that_is_loaded_here_is_as_a_question_wants_it() -> None:
    """With other options the server would load it once more for the first question."""
    options = {"num_ctx": 2048, "num_thread": 3, "keep_alive": "-1"}
    with OllamaServer() as server:
        models = make(server.url, **options)
        llm = OllamaLlm(OllamaSettings.model_validate({"host": server.url, **options}))

        async def load_and_ask() -> None:
            await models.load()
            await models.close()
            assert [word async for word in llm.reply([Message("user", "Hi")], "en")]
            await llm.close()

        asyncio.run(load_and_ask())
        assert server.loads == 1


def test_who_unloads_it_waits_until_it_is_gone() -> None:
    with OllamaServer() as server:
        server.other_program(num_ctx=8192)
        models = make(server.url)

        async def unload() -> None:
            await models.unload()
            assert server.loaded is None
            await models.unload()  # it may be gone already
            await models.close()

        asyncio.run(unload())


def test_a_model_that_does_not_go_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.providers.llm.ollama_models.GONE_WITHIN_S", 0.1)
    with OllamaServer() as server:
        server.other_program()
        server.create_again()  # an old copy stays in memory under its name
        models = make(server.url)

        async def unload() -> None:
            try:
                await models.unload()
            finally:
                await models.close()

        with pytest.raises(ProviderBroke, match="does not let go of phi3:mini"):
            asyncio.run(unload())
