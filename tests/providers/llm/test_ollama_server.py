"""The test server answers as a real Ollama was seen to, asked by bare HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.ollama_server import FOREVER_S, OllamaProcess, OllamaServer, keep_alive_seconds

CHAT = {"model": "phi3:mini", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def server() -> Iterator[OllamaServer]:
    with OllamaServer() as running:
        yield running


@pytest.fixture
def http(server: OllamaServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        yield client


def test_chat_streams_lines_and_ends_with_durations(http: httpx.Client) -> None:
    with http.stream("POST", "/api/chat", json=CHAT) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines = [json.loads(line) for line in answer.iter_lines()]
    assert lines[0]["message"] == {"role": "assistant", "content": "The"}
    assert [line["done"] for line in lines] == [False] * (len(lines) - 1) + [True]
    last = lines[-1]
    assert last["done_reason"] == "stop"
    assert last["eval_count"] == len(lines) - 1
    assert last["total_duration"] >= last["eval_duration"] > 0


def test_preload_and_unload(http: httpx.Client, server: OllamaServer) -> None:
    loaded = http.post("/api/generate", json={"model": "phi3:mini", "keep_alive": -1}).json()
    assert (loaded["response"], loaded["done"], loaded["done_reason"]) == ("", True, "load")
    assert http.get("/api/ps").json()["models"][0]["context_length"] == 4096
    unloaded = http.post("/api/generate", json={"model": "phi3:mini", "keep_alive": 0}).json()
    assert unloaded["done_reason"] == "unload"
    assert http.get("/api/ps").json()["models"] == []


@pytest.mark.parametrize(
    ("option", "value", "loads"),
    [("num_ctx", 1024, 2), ("num_thread", 1, 2), ("use_mmap", False, 2), ("temperature", 0.1, 1)],
)
def test_load_options_reload_and_others_do_not(
    http: httpx.Client, server: OllamaServer, option: str, value: float, loads: int
) -> None:
    http.post("/api/chat", json=CHAT)
    http.post("/api/chat", json={**CHAT, "options": {option: value}})
    assert server.loads == loads


def test_refusals(http: httpx.Client) -> None:
    assert http.post("/api/chat", json={**CHAT, "model": "nope"}).json() == {
        "error": "model 'nope' not found"
    }
    assert http.post("/api/chat", json={**CHAT, "keep_alive": "-1"}).status_code == 400
    assert http.post("/api/chat", json={**CHAT, "keep_alive": "soon"}).status_code == 400
    wrong = {**CHAT, "options": {"num_ctx": "4096"}}
    assert http.post("/api/chat", json=wrong).status_code == 500
    stranger = http.get("/api/tags", headers={"Host": "evil.example"})
    assert (stranger.status_code, stranger.content) == (403, b"")
    assert http.get("/nowhere").status_code == 404


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(-1, FOREVER_S), (0, 0), (30, 30), ("5m", 300), ("1h30m", 5400), ("-1s", FOREVER_S)],
)
def test_keep_alive_values(value: object, seconds: float) -> None:
    assert keep_alive_seconds(value) == seconds


def test_an_idle_model_expires_by_its_clock() -> None:
    now = 0.0
    with OllamaServer(clock=lambda: now) as server, httpx.Client(trust_env=False) as http:
        http.post(f"{server.url}/api/generate", json={"model": "phi3:mini", "keep_alive": "5m"})
        now = 299.0
        assert server.loaded
        now = 301.0
        assert not server.loaded


def test_ps_is_empty_while_the_model_loads(http: httpx.Client, server: OllamaServer) -> None:
    server.load_s = 0.4
    loading = threading.Thread(
        target=httpx.post,
        args=(f"{server.url}/api/generate",),
        kwargs={"json": {"model": "phi3:mini"}, "trust_env": False},
    )
    loading.start()
    assert server.wait_until(lambda: bool(server.requests))
    assert http.get("/api/ps").json()["models"] == []
    loading.join()
    assert http.get("/api/ps").json()["models"] != []


def test_a_known_prefix_is_cheaper(http: httpx.Client, server: OllamaServer) -> None:
    server.prompt_s_per_word = 0.005

    def evaluated_ms(text: str) -> float:
        chat = {**CHAT, "messages": [{"role": "user", "content": text}], "stream": True}
        last = json.loads(http.post("/api/chat", json=chat).text.splitlines()[-1])
        return float(last["prompt_eval_duration"]) / 1e6

    story = "word " * 40
    assert evaluated_ms(story) > 150
    assert evaluated_ms(story + "and then") < 50
    evaluated_ms("hi")
    assert evaluated_ms(story) > 150, "the unrelated question took the one cache slot"


def test_one_reply_at_a_time(server: OllamaServer) -> None:
    server.scenario("normal", first_token_s=0.2)
    ended: list[float] = []

    def chat() -> None:
        httpx.post(f"{server.url}/api/chat", json=CHAT, trust_env=False)
        ended.append(time.perf_counter())

    threads = [threading.Thread(target=chat) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended[1] - ended[0] > 0.15


def test_a_pull_goes_on_where_it_stopped(http: httpx.Client, server: OllamaServer) -> None:
    def pull(limit: int) -> list[dict[str, object]]:
        lines: list[dict[str, object]] = []
        with http.stream("POST", "/api/pull", json={"model": "llama3.2:3b"}) as answer:
            for line in answer.iter_lines():
                lines.append(json.loads(line))
                if len(lines) == limit:
                    break
        return lines

    first = pull(5)
    assert first[0] == {"status": "pulling manifest"}
    assert server.wait_until(lambda: server.requests[-1].disconnected)
    second = pull(10_000)
    assert second[1]["completed"] > first[-1]["completed"]  # type: ignore[operator]
    assert second[-1] == {"status": "success"}
    assert "llama3.2:3b" in server.models


def test_a_process_tells_its_log_and_takes_scenarios() -> None:
    with OllamaProcess("--model", "tiny:latest") as process:
        httpx.post(
            f"{process.url}/debug/scenario",
            json={"name": "normal", "text": "Bonjour", "once": True},
            trust_env=False,
        )
        chat = {**CHAT, "model": "tiny", "stream": False}
        said = httpx.post(f"{process.url}/api/chat", json=chat, trust_env=False).json()
        assert said["message"]["content"] == "Bonjour"
        log = process.log()
    assert log["loads"] == 1
    assert log["requests"][0]["path"] == "/api/chat"
