"""Ollama: warmth, options, the ways its streams end, and what it says about itself."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.core.ports import Message, Warmth
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers.llm import builtin_files
from app.providers.llm.ollama import OllamaLlm, OllamaState, is_cloud_model, server_url
from app.providers.llm.ollama_program import find_program
from app.settings import OllamaSettings
from tests.providers.llm.replies import ask, collect, run
from tests.support.fake_ollama import FakeOllama
from tests.support.ollama_server import OllamaProcess, OllamaServer
from tests.support.openai_server import OpenAiServer


def make(server: OllamaServer, **options: Any) -> OllamaLlm:
    return OllamaLlm(OllamaSettings(host=server.url, **options))


def paths(server: OllamaServer) -> list[str]:
    return [request.path for request in server.requests]


# --- warmth -------------------------------------------------------------------------------


def test_a_cold_model_is_loaded_and_timed(ollama_server: OllamaServer) -> None:
    ollama_server.load_s = 0.3
    llm = make(ollama_server)
    warmth = run(llm, llm.ensure_warm)
    assert not warmth.was_warm
    assert warmth.load_ms >= 300
    assert ollama_server.loaded == "phi3:mini"


def test_a_warm_model_costs_one_look_and_no_generation(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def twice() -> bool:
        await llm.ensure_warm()
        ollama_server.requests.clear()
        return (await llm.ensure_warm()).was_warm

    assert run(llm, twice)
    assert paths(ollama_server) == ["/api/ps"]


def test_warming_and_asking_load_once(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, num_thread=1, num_ctx=2048)

    async def use() -> None:
        await llm.ensure_warm()
        await collect(llm)
        await llm.ensure_warm()
        await collect(llm)

    run(llm, use)
    assert ollama_server.loads == 1


def test_preload_and_chat_send_the_same_options(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, num_thread=3, num_ctx=2048, keep_alive="10m")

    async def use() -> None:
        await llm.ensure_warm()
        await collect(llm)

    run(llm, use)
    preload, chat = (
        next(r.body for r in ollama_server.requests if r.path == path)
        for path in ("/api/generate", "/api/chat")
    )
    common = ("model", "options", "keep_alive")
    assert {name: preload[name] for name in common} == {name: chat[name] for name in common}
    assert chat["options"] == {
        "num_ctx": 2048,
        "num_predict": 1024,
        "mirostat": 0,
        "temperature": 0.6,
        "num_thread": 3,
    }
    assert not preload.get("prompt")


def test_the_thread_count_is_left_to_the_server_unless_set(ollama_server: OllamaServer) -> None:
    ask(make(ollama_server))
    assert "num_thread" not in ollama_server.chats[-1].body["options"]


@pytest.mark.parametrize(("setting", "sent"), [(-1, -1), ("-1", -1), ("600", 600), ("10m", "10m")])
def test_keep_alive_is_sent_as_the_server_takes_it(
    ollama_server: OllamaServer, setting: int | str, sent: int | str
) -> None:
    assert ask(make(ollama_server, keep_alive=setting)).error is None
    assert ollama_server.chats[-1].body["keep_alive"] == sent


def test_a_keep_alive_that_is_none_is_refused(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, keep_alive="soon")
    with pytest.raises(ProviderRefused, match="invalid duration"):
        run(llm, llm.ensure_warm)


def test_a_model_loaded_with_another_context_is_loaded_anew(ollama_server: OllamaServer) -> None:
    other = make(ollama_server, num_ctx=8192)
    run(other, other.ensure_warm)
    llm = make(ollama_server, num_ctx=4096)
    assert not run(llm, llm.ensure_warm).was_warm
    assert run(llm, llm.ensure_warm).was_warm


def test_a_context_cut_by_the_server_is_not_loaded_again_and_again(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.trained_context = 2048
    llm = make(ollama_server, num_ctx=8192)

    async def thrice() -> list[bool]:
        return [(await llm.ensure_warm()).was_warm for _ in range(3)]

    assert run(llm, thrice) == [False, True, True]


def test_concurrent_warm_ups_load_once(ollama_server: OllamaServer) -> None:
    ollama_server.load_s = 0.2
    llm = make(ollama_server)

    async def together() -> list[bool]:
        return [w.was_warm for w in await asyncio.gather(*(llm.ensure_warm() for _ in range(4)))]

    assert sorted(run(llm, together)) == [False, True, True, True]
    assert paths(ollama_server).count("/api/generate") == 1


def test_a_load_longer_than_the_connect_time_out_is_waited_for(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.load_s = 0.6
    reply = ask(make(ollama_server, connect_timeout_s=0.2))
    assert reply.error is None
    assert ollama_server.loads == 1


def test_cancelling_a_warm_up_goes_away_from_the_load(ollama_server: OllamaServer) -> None:
    ollama_server.load_s = 30
    llm = make(ollama_server)

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(llm.ensure_warm(), 0.3)
        assert await asyncio.to_thread(
            ollama_server.wait_until, lambda: ollama_server.aborted_loads == 1, 0.9
        )

    run(llm, give_up)


def test_a_model_the_server_dropped_is_noticed(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def dropped() -> bool:
        await llm.ensure_warm()
        ollama_server.unload()
        return (await llm.ensure_warm()).was_warm

    assert not run(llm, dropped)
    assert ollama_server.loads == 2


def test_a_look_loads_what_takes_nobodys_place(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def look() -> list[bool]:
        return [(await llm.look()).was_warm for _ in range(2)]

    assert run(llm, look) == [False, True]
    assert ollama_server.loads == 1


@pytest.mark.parametrize(
    ("other", "options", "said"),
    [
        ("phi3:mini", {"num_ctx": 8192}, "phi3:mini is loaded for another program"),
        ("llama3.2:3b", {"num_ctx": 4096}, "another program uses llama3.2:3b"),
    ],
)
def test_a_look_leaves_another_programs_model_alone(
    ollama_server: OllamaServer, other: str, options: dict[str, int], said: str
) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        await llm.ensure_warm()
        ollama_server.other_program(other, **options)
        left = await llm.look()
        assert not left.was_warm
        assert left.load_ms == 0
        assert said in left.left_cold
        assert ollama_server.loads == 2
        assert (await llm.ensure_warm()).load_ms > 0, "for a question it is put right"
        assert await llm.look() == Warmth(was_warm=True)
        assert ollama_server.loads == 3

    run(llm, use)


def test_a_look_knows_a_context_the_server_cut(ollama_server: OllamaServer) -> None:
    ollama_server.trained_context = 2048
    ollama_server.other_program(num_ctx=8192)
    llm = make(ollama_server, num_ctx=8192)
    assert run(llm, llm.look).was_warm


# --- models that think ----------------------------------------------------------------------


def test_a_model_that_thinks_is_asked_to_answer_at_once(ollama_server: OllamaServer) -> None:
    ollama_server.thinks = True
    llm = make(ollama_server)
    text = run(llm, lambda: collect(llm))
    assert text, "a real one would think first, aloud for nobody"
    assert [chat.body["think"] for chat in ollama_server.chats] == [False]


def test_a_prefill_is_read_as_the_question_will_be(ollama_server: OllamaServer) -> None:
    ollama_server.thinks = True
    llm = make(ollama_server)

    async def use() -> None:
        await llm.ensure_warm()
        await llm.prefill([Message("system", "Be brief.")], "en")
        await collect(llm)

    run(llm, use)
    assert [chat.body["think"] for chat in ollama_server.chats] == [False, False]


def test_a_model_that_does_not_think_is_told_nothing_about_it(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)
    run(llm, lambda: collect(llm))
    assert "think" not in ollama_server.chats[0].body


# --- leaving ------------------------------------------------------------------------------


def test_what_was_loaded_here_is_unloaded_once(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)
    in_memory: list[str | None] = []

    async def use() -> None:
        await llm.ensure_warm()
        await collect(llm)
        in_memory.append(ollama_server.loaded)
        await llm.unload()
        in_memory.append(ollama_server.loaded)
        ollama_server.requests.clear()
        await llm.unload()

    run(llm, use)
    assert in_memory == ["phi3:mini", None]
    assert paths(ollama_server) == []


def test_what_somebody_else_loaded_stays(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)
    ollama_server.other_program(num_ctx=4096)

    async def use() -> None:
        assert (await llm.ensure_warm()).was_warm
        await llm.unload()

    run(llm, use)
    assert ollama_server.loaded


@pytest.mark.parametrize(
    "theirs", [{"options": {"num_ctx": 8192}, "keep_alive": -1}, {"options": {"num_ctx": 4096}}]
)
def test_what_somebody_else_took_over_stays(
    ollama_server: OllamaServer, theirs: dict[str, Any]
) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        await llm.ensure_warm()
        async with httpx.AsyncClient(base_url=ollama_server.url) as other:
            await other.post("/api/generate", json={"model": "phi3:mini", **theirs})
        await llm.unload()

    run(llm, use)
    assert ollama_server.loaded


def test_a_model_that_goes_by_itself_is_left_to_go(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, keep_alive="10m")

    async def use() -> None:
        await llm.ensure_warm()
        await llm.unload()

    run(llm, use)
    assert ollama_server.loaded


def test_a_name_without_a_tag_means_latest() -> None:
    with OllamaServer(models=["tiny:latest"]) as server:
        llm = make(server, model="tiny")

        async def twice() -> bool:
            await llm.ensure_warm()
            return (await llm.ensure_warm()).was_warm

        assert run(llm, twice)


@pytest.mark.parametrize("installed", [True, False])
def test_warming_without_a_server(
    installed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    if installed:
        FakeOllama(tmp_path).install()
    elif find_program(os.environ) is not None:
        pytest.skip("Ollama is installed in a usual place here")
    with OllamaServer() as server:
        llm = make(server)
    words = "Ollama is not running." if installed else "Ollama is not installed. Install it from"
    with pytest.raises(ProviderUnavailable, match=re.escape(words)):
        run(llm, llm.ensure_warm)


@pytest.mark.parametrize("can_run", [True, False])
def test_without_ollama_the_model_inside_parley_is_named_where_it_can_run(
    can_run: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(builtin_files, "LIBRARIES", ("json",) if can_run else ("no_such_library",))
    if find_program(os.environ) is not None:
        pytest.skip("Ollama is installed in a usual place here")
    with OllamaServer() as server:
        llm = make(server)
    with pytest.raises(ProviderUnavailable) as failed:
        run(llm, llm.ensure_warm)
    assert failed.value.hint.startswith("Install it from https://ollama.com/download")
    assert ("inside Parley" in failed.value.hint) == can_run


def test_a_server_that_was_there_is_stopped_wherever_its_program_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with OllamaServer() as server:
        llm = make(server)

        async def twice() -> None:
            await llm.ensure_warm()
            await asyncio.to_thread(server.stop)
            await llm.ensure_warm()

        with pytest.raises(ProviderUnavailable, match=r"Ollama is not running\."):
            run(llm, twice)


def test_warming_a_model_that_is_not_pulled(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, model="llama3.2:3b")
    with pytest.raises(ProviderUnavailable) as caught:
        run(llm, llm.ensure_warm)
    assert caught.value.title == "Ollama does not have the model llama3.2:3b."
    assert "ollama pull llama3.2:3b" in caught.value.hint


# --- replies ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        ("error_line", ProviderBroke),
        ("no_done", ProviderBroke),
        ("dies", ProviderBroke),
        ("garbage", ProviderBroke),
        ("invalid_utf8", ProviderBroke),
    ],
)
def test_streams_that_end_badly_keep_their_words(
    ollama_server: OllamaServer, scenario: str, kind: type[Exception]
) -> None:
    ollama_server.scenario(scenario, after_words=5)
    reply = ask(make(ollama_server))
    assert type(reply.error) is kind
    assert reply.text == "The capital of France is"


def test_the_words_of_an_error_line_are_passed_on(ollama_server: OllamaServer) -> None:
    ollama_server.scenario("error_line")
    error = ask(make(ollama_server)).error
    assert error is not None
    assert "unexpected EOF" in error.title


def test_a_stream_without_done_is_a_failure_even_when_all_words_came(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.scenario("no_done", after_words=999)
    reply = ask(make(ollama_server))
    assert type(reply.error) is ProviderBroke
    assert reply.text == "The capital of France is Paris. It lies on the Seine."


def test_a_reply_cut_at_its_longest_ends_normally_and_shows_it(
    ollama_server: OllamaServer,
) -> None:
    reply = ask(make(ollama_server, num_predict=3))
    assert reply.error is None
    assert reply.text == "The capital of…"


def test_a_reply_cut_behind_a_sentence_is_whole(ollama_server: OllamaServer) -> None:
    assert ask(make(ollama_server, num_predict=6)).text == "The capital of France is Paris."


def test_no_mode_makes_the_server_load_again(ollama_server: OllamaServer) -> None:
    from app.core.prompt import MODES
    from app.providers import registry
    from app.settings import LlmSettings

    branch = OllamaSettings(host=ollama_server.url)
    lengths = []
    for mode in MODES:
        settings = LlmSettings.model_validate({"mode": mode, "ollama": branch})
        ask(registry.build_llm("ollama", settings, None))
        lengths.append(ollama_server.chats[-1].body["options"]["num_predict"])
    assert ollama_server.loads == 1
    assert lengths == [mode.max_tokens for mode in MODES.values()]


def test_a_prompt_beyond_the_context_is_refused_and_not_shortened(
    ollama_server: OllamaServer,
) -> None:
    long = (Message("user", "word " * 600),)
    error = ask(make(ollama_server, num_ctx=512), long).error
    assert type(error) is ProviderRefused
    assert "too long" in error.title
    assert "num_ctx" in error.hint
    assert ollama_server.chats[-1].words_sent == 0


def test_a_finished_reply_does_not_wait_for_the_stream_to_end(
    ollama_server: OllamaServer,
) -> None:
    ollama_server.scenario("hang_end")
    llm = make(ollama_server, read_timeout_s=60)

    async def impatient() -> str:
        return (await asyncio.wait_for(collect(llm), 20)).text

    assert run(llm, impatient) == "The capital of France is Paris. It lies on the Seine."


def test_the_connection_serves_the_next_question_too(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server)

    async def use() -> None:
        await llm.ensure_warm()
        await collect(llm)
        await collect(llm)

    run(llm, use)
    assert ollama_server.connections_made == 1


def test_a_missing_model_names_the_command_that_gets_it(ollama_server: OllamaServer) -> None:
    error = ask(make(ollama_server, model="nope")).error
    assert type(error) is ProviderUnavailable
    assert "ollama pull nope" in error.hint


def test_a_wrong_option_is_the_servers_no(ollama_server: OllamaServer) -> None:
    ollama_server.scenario("400", message="think value is not supported for this model")
    error = ask(make(ollama_server)).error
    assert type(error) is ProviderRefused
    assert "think value" in error.title


@pytest.mark.parametrize("scenario", ["hang_first", "hang_mid"])
def test_silence_ends_after_the_read_time_out(ollama_server: OllamaServer, scenario: str) -> None:
    ollama_server.scenario(scenario)
    error = ask(make(ollama_server, read_timeout_s=0.3)).error
    assert type(error) is ProviderBroke
    assert error.title == "Ollama went silent."
    assert ollama_server.wait_until(lambda: ollama_server.chats[-1].disconnected, 0.9)


def test_a_second_question_waits_for_the_first(ollama_server: OllamaServer) -> None:
    ollama_server.once("normal", first_token_s=0.2)
    llm = make(ollama_server)

    async def both() -> list[str]:
        return [reply.text for reply in await asyncio.gather(collect(llm), collect(llm))]

    assert len(set(run(llm, both))) == 1


def test_another_server_at_the_address_is_told_apart() -> None:
    with OpenAiServer() as server:
        error = ask(OllamaLlm(OllamaSettings(host=server.url))).error
    assert type(error) is ProviderUnavailable
    assert "There is no Ollama at" in error.title


@pytest.mark.parametrize("host", ["ftp://127.0.0.1:1", "http://[", "127.0.0.1:99999"])
def test_an_address_that_is_none(host: str) -> None:
    error = ask(OllamaLlm(OllamaSettings(host=host))).error
    assert type(error) is ProviderUnavailable
    assert host in error.title


def test_a_killed_server_process_and_its_return() -> None:
    with OllamaProcess("--words-per-second", "20") as process:
        llm = OllamaLlm(OllamaSettings(host=process.url))

        async def through_the_kill() -> tuple[list[str], str]:
            heard: list[str] = []

            async def kill_after_three_words() -> None:
                async for delta in llm.reply((Message("user", "hi"),), "en"):
                    heard.append(delta)
                    if len(heard) == 3:
                        process.kill()

            with pytest.raises(ProviderBroke):
                await kill_after_three_words()
            with pytest.raises(ProviderUnavailable):
                await llm.ensure_warm()
            await asyncio.to_thread(process.start)
            assert not (await llm.ensure_warm()).was_warm
            return heard, (await collect(llm)).text

        heard, whole = run(llm, through_the_kill)
        assert whole.startswith("".join(heard))
        assert len(heard) >= 3
        assert process.log()["loads"] == 1


# --- what it says about itself --------------------------------------------------------------


def test_describing_a_server_that_is_not_there() -> None:
    with OllamaServer() as server:
        llm = make(server)
    assert run(llm, llm.describe) == OllamaState(running=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_comes_at_last_is_described(host: str) -> None:
    with OllamaServer() as server:
        port = int(server.url.rpartition(":")[2])
    llm = OllamaLlm(OllamaSettings(host=f"http://{host}:{port}"))

    async def over_time() -> list[bool]:
        looks = [(await llm.describe()).running for _ in range(3)]
        with OllamaServer(port=port):
            looks.append((await llm.describe()).running)
        looks += [(await llm.describe()).running for _ in range(2)]
        with OllamaServer(port=port):
            looks.append((await llm.describe()).running)
        await llm.close()
        return looks

    assert run(llm, over_time) == [False] * 3 + [True] + [False] * 2 + [True]


def test_describing_before_and_after_the_load() -> None:
    with OllamaServer(models=["phi3:mini", "llama3.2:3b"]) as server:
        llm = make(server, num_ctx=2048)

        async def around() -> tuple[OllamaState, OllamaState]:
            before = await llm.describe()
            await llm.ensure_warm()
            return before, await llm.describe()

        before, after = run(llm, around)
    assert before.running
    assert before.version == "0.33.0"
    assert before.models == ("phi3:mini", "llama3.2:3b")
    assert before.pulled
    assert not before.loaded
    assert before.vram_bytes is None
    assert after.loaded
    assert after.vram_bytes == 2_000_000_000
    assert after.context_length == 2048


def test_describing_a_model_on_the_cpu() -> None:
    with OllamaServer(vram=False) as server:
        llm = make(server)

        async def loaded() -> OllamaState:
            await llm.ensure_warm()
            return await llm.describe()

        assert run(llm, loaded).vram_bytes == 0


def test_describing_a_model_that_is_not_pulled(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, model="nope")
    assert not run(llm, llm.describe).pulled


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("example.com:8080", "http://example.com:8080"),
        ("https://example.com/", "https://example.com"),
        ("[::1]", "http://[::1]:11434"),
    ],
)
def test_addresses_are_read_as_ollama_reads_them(host: str, url: str) -> None:
    assert server_url(host) == url


@pytest.mark.parametrize(
    ("host", "model", "local"),
    [
        ("localhost", "phi3:mini", True),
        ("http://[::1]:11434", "phi3:mini", True),
        ("0.0.0.0", "phi3:mini", True),
        ("https://ollama.com", "phi3:mini", False),
        ("192.0.2.1", "phi3:mini", False),
        ("localhost.example.com", "phi3:mini", False),
        ("127.0.0.1", "gpt-oss:120b-cloud", False),
        ("127.0.0.1", "glm-4.6:cloud", False),
    ],
)
def test_the_engine_says_when_words_leave_this_computer(host: str, model: str, local: bool) -> None:
    assert OllamaLlm(OllamaSettings(host=host, model=model)).engine.local is local


def test_a_cloud_model_is_not_loaded_here(ollama_server: OllamaServer) -> None:
    llm = make(ollama_server, model="gpt-oss:120b-cloud")
    assert run(llm, llm.ensure_warm).was_warm
    assert paths(ollama_server) == ["/api/ps"]


def test_a_model_named_after_clouds_is_no_cloud_model() -> None:
    assert not is_cloud_model("cloudy:7b")
