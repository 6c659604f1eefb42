"""A server that speaks Ollama's HTTP API, its bad days included.

It behaves as a real Ollama does where that matters for latency and for failures: a model is
loaded before the first token and reloaded when a load option changes, a client that goes away
during a load aborts it, one request is served at a time, a prompt with a known prefix is
cheaper, and streams end badly in all the ways that were seen.

In the test process::

    with OllamaServer() as server:
        server.once("dies", after_words=3)
        ...
        assert server.loads == 1

As a process of its own (prints `listening on URL`)::

    python -m tests.support.ollama_server --port 11434 --scenario slow

which also answers `GET /debug/log` and `POST /debug/scenario {"name": ..., "once": true}`.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.request import Request, urlopen

import pytest

from tests.support.http_server import Exchange, Scenario, ScenarioServer

VERSION = "0.33.0"
DEFAULT_MODEL = "phi3:mini"
FOREVER_S = 10 * 365 * 86_400.0
LOAD_OPTIONS = ("num_ctx", "num_batch", "num_gpu", "main_gpu", "use_mmap", "num_thread")
"""A change of one of these between two requests reloads the model."""
NUMBER_OPTIONS = (
    *("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "num_predict"),
    *("mirostat", "seed", "temperature", "top_p", "top_k"),
)
DEFAULT_CONTEXT = 4096
PULL_BYTES = 2_000_000
PULL_PIECE = 100_000
LOADED_BYTES = 2_000_000_000
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}

SCENARIOS: Mapping[str, Mapping[str, Any]] = {
    "normal": {},
    "slow": {"first_token_s": 0.5, "words_per_second": 8.0},
    "dies": {},
    "resets": {},
    "error_line": {"message": "an error was encountered while running the model: unexpected EOF"},
    "no_done": {},
    "garbage": {},
    "not_an_object": {},
    "invalid_utf8": {},
    "hang_first": {},
    "hang_mid": {},
    "dies_first": {},
    "400": {"message": "invalid request"},
    "404": {},
    "500": {"message": "llama runner process has terminated: exit status 2"},
    "hang_end": {},
    "503": {"message": "server busy, please try again.  maximum pending requests exceeded"},
    "html": {},
}


def keep_alive_seconds(value: object) -> float | None:
    """As Ollama reads it: a number of seconds or a Go duration; negative is for ever.

    Raises:
        ValueError: what a real server answers with 400, the string "-1" among it.
    """
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if value >= 0 else FOREVER_S
    text = str(value)
    digits = text.removeprefix("-")
    if digits == "" or _GO_DURATION.sub("", digits) != "":
        raise ValueError(f'time: invalid duration "{text}"')
    seconds = sum(float(n) * _SECONDS[unit] for n, unit in _GO_DURATION.findall(digits))
    return FOREVER_S if text.startswith("-") else seconds


@dataclass
class Loaded:
    """The model in memory."""

    model: str
    options: tuple[object, ...]
    context: int
    expires_at: float
    cached: Sequence[str] = ()
    """The words of the last prompt: the one prompt cache slot."""
    crashed: bool = False
    """Its runner is gone. It is listed all the same, and loaded anew at the next request."""


class RefusedError(Exception):
    """An answer other than 200."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class OllamaServer(ScenarioServer):
    """Ollama on a real socket.

    Args:
        models: what is pulled.
        load_s: how long a cold load takes.
        prompt_s_per_word: how long each word of the prompt takes that is not in the cache.
        batch_s: how long the evaluation of a prompt goes on after its client went away.
        vram: how much of a loaded model sits on a GPU, 0 to 1.
        pull_piece_s: how long each piece of a download takes; a model has 20.
        trained_context: the longest context of the model; more is cut to it, as Ollama does.
        clock: seconds; tests that simulate hours pass their own.
        aliases: names of models that stand for one of a cloud, and the cloud's address.
        login: "name:password" that everybody must give; empty lets everybody in.
    """

    scenarios = SCENARIOS

    def __init__(
        self,
        port: int = 0,
        scenario: str = "normal",
        *,
        models: Sequence[str] = (DEFAULT_MODEL,),
        load_s: float = 0.0,
        prompt_s_per_word: float = 0.0,
        batch_s: float = 0.0,
        vram: float = 1.0,
        pull_piece_s: float = 0.005,
        trained_context: int = 131_072,
        clock: Callable[[], float] = time.monotonic,
        aliases: Mapping[str, str] | None = None,
        login: str = "",
        **overrides: Any,
    ) -> None:
        super().__init__(port, scenario, **overrides)
        self.models = list(models)
        self.load_s = load_s
        self.prompt_s_per_word = prompt_s_per_word
        self.batch_s = batch_s
        self.vram = vram
        self.pull_piece_s = pull_piece_s
        self.trained_context = trained_context
        self.clock = clock
        self.aliases = dict(aliases or {})
        self.login = login
        self.thinks = False
        """Whether its models think before they answer, unless they are asked not to; the words of
        that are no part of the answer."""
        self.show_fails: tuple[int, str] | None = None
        """Status and words of `/api/show`, when it is to fail."""
        self.loads = 0
        """How often a model was loaded."""
        self.aborted_loads = 0
        """How often a load was given up because the client went away."""
        self.words_read: list[int] = []
        """How many words of each prompt were not in the cache."""
        self._loaded: Loaded | None = None
        self._left_over: list[Loaded] = []
        self._unload_next = False
        self._pulled: dict[str, int] = {}
        self._turnstile: asyncio.Lock | None = None

    # --- what tests look at -------------------------------------------------------------

    @property
    def chats(self) -> list[Any]:
        """The chat requests so far, in the order they came."""
        return [request for request in list(self.requests) if request.path == "/api/chat"]

    @property
    def questions(self) -> list[Any]:
        """The chat requests that want an answer: no prefills."""
        return [chat for chat in self.chats if chat.body["options"]["num_predict"] != 1]

    @property
    def loaded(self) -> str | None:
        """The model in memory, if it has not expired."""
        if self._loaded is not None and self.clock() >= self._loaded.expires_at:
            self._loaded = None
        return self._loaded.model if self._loaded else None

    def create_again(self) -> None:
        """The loaded model is made anew under its name, as `ollama create` does: what was loaded
        stays in memory, is listed, and answers nobody."""
        if self.loaded is not None and self._loaded is not None:
            self._left_over.append(self._loaded)
            self._loaded = None

    def unload(self) -> None:
        """Forget the loaded model, as after a server restart or an eviction."""
        self._loaded = None

    def start(self) -> None:
        self._loaded = None
        self._left_over = []
        self._turnstile = None
        super().start()

    def other_program(self, model: str = DEFAULT_MODEL, **options: int) -> None:
        """Another program asks for this model, with load options of its own, and keeps it."""
        if model not in self.models:
            self.models.append(model)
        body = {"model": model, "options": options, "keep_alive": -1}
        request = Request(
            f"{self.url}/api/generate",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urlopen(request) as answer:
            answer.read()

    # --- requests -------------------------------------------------------------------------

    async def handle(self, exchange: Exchange) -> None:
        request = exchange.request
        host = request.headers.get("host", "").rpartition(":")[0]
        if host not in ("127.0.0.1", "localhost", "[::1]"):
            exchange.answer(403, b"", "")
            return
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if self.login and base64.b64decode(given).decode() != self.login:
            exchange.answer(401, b"Authorization Required", "text/html")
            return
        routes = {
            ("GET", "/"): self._root,
            ("GET", "/api/version"): self._version,
            ("GET", "/api/tags"): self._tags,
            ("GET", "/api/ps"): self._ps,
            ("POST", "/api/show"): self._show,
            ("POST", "/api/chat"): self._chat,
            ("POST", "/api/generate"): self._generate,
            ("POST", "/api/pull"): self._pull,
            ("DELETE", "/api/delete"): self._delete,
            ("GET", "/debug/log"): self._debug_log,
            ("POST", "/debug/scenario"): self._debug_scenario,
        }
        route = routes.get((request.method, request.path))
        if route is None:
            exchange.answer(404, b"404 page not found")
            return
        try:
            await route(exchange)
        except RefusedError as exc:
            exchange.json(exc.status, {"error": exc.message})

    async def _root(self, exchange: Exchange) -> None:
        exchange.answer(200, b"Ollama is running")

    async def _version(self, exchange: Exchange) -> None:
        exchange.json(200, {"version": VERSION})

    async def _tags(self, exchange: Exchange) -> None:
        exchange.json(200, {"models": [self._description(name) for name in self.models]})

    async def _ps(self, exchange: Exchange) -> None:
        loaded = list(self._left_over)
        if self.loaded is not None and self._loaded is not None:
            loaded.append(self._loaded)
        models = [
            {
                **self._description(each.model),
                "expires_at": _timestamp(time.time() + each.expires_at - self.clock()),
                "size": LOADED_BYTES,
                "size_vram": int(LOADED_BYTES * self.vram),
                "context_length": each.context,
            }
            for each in loaded
        ]
        exchange.json(200, {"models": models})

    async def _show(self, exchange: Exchange) -> None:
        if self.show_fails:
            raise RefusedError(*self.show_fails)
        name = self._known(exchange.request.body)
        remote = {}
        if name in self.aliases:
            remote = {"remote_model": "gpt-oss:120b", "remote_host": self.aliases[name]}
        exchange.json(
            200,
            {
                **remote,
                "modelfile": f"FROM {name}",
                "parameters": "",
                "template": "{{ .Prompt }}",
                "details": self._description(name)["details"],
                "model_info": {
                    "general.architecture": "phi3",
                    "phi3.context_length": self.trained_context,
                },
                "capabilities": ["completion", *(["thinking"] if self.thinks else [])],
            },
        )

    async def _delete(self, exchange: Exchange) -> None:
        name = self._known(exchange.request.body)
        self.models.remove(name)
        exchange.answer(200, b"", "")

    async def _debug_log(self, exchange: Exchange) -> None:
        exchange.json(
            200,
            {
                "loads": self.loads,
                "aborted_loads": self.aborted_loads,
                "loaded": self.loaded,
                "requests": [request.as_json() for request in self.requests],
            },
        )

    async def _debug_scenario(self, exchange: Exchange) -> None:
        wanted = dict(exchange.request.body)
        choose = self.once if wanted.pop("once", False) else self.scenario
        choose(wanted.pop("name"), **wanted)
        exchange.json(200, {})

    async def _generate(self, exchange: Exchange) -> None:
        """Load, unload, or a plain completion."""
        body = exchange.request.body
        if body.get("prompt"):
            await self._speak(exchange, [body["prompt"]], _generate_line)
            return
        name = self._known(body)
        self._check_options(body)
        keep_s = _keep_alive(body)
        if keep_s == 0:
            if self.loaded == name and self._turnstile and self._turnstile.locked():
                self._unload_next = True  # the reply that runs is finished first
            elif self.loaded == name:
                self._loaded = None
            reason = "unload"
        else:
            # loading takes no turn at the model: it answers beside a running reply
            await self._load(name, body, keep_s)
            reason = "load"
        line = {**_stamp(name), "response": "", "done": True, "done_reason": reason}
        exchange.json(200, line)

    async def _chat(self, exchange: Exchange) -> None:
        body = exchange.request.body
        messages = body.get("messages") or []
        if not messages:
            name = self._known(body)
            self._check_options(body)
            await self._load(name, body, _keep_alive(body))
            line = _chat_line(name, "") | {"done": True, "done_reason": "load"}
            exchange.json(200, line)
            return
        prompts = [f"{message['role']}: {message.get('content', '')}" for message in messages]
        await self._speak(exchange, prompts, _chat_line)

    async def _speak(
        self,
        exchange: Exchange,
        prompts: Sequence[str],
        line_of: Callable[[str, str], dict[str, Any]],
    ) -> None:
        """Generate a reply, the way the scenario says."""
        scenario = self.next_scenario()
        body = exchange.request.body
        if scenario.name == "404":
            raise RefusedError(404, f"model '{body.get('model')}' not found")
        name = self._known(body)
        self._check_options(body)
        if scenario.name.isdigit():
            raise RefusedError(int(scenario.name), scenario.message)
        if scenario.name == "html":
            exchange.answer(200, b"<html><body>Welcome</body></html>", "text/html")
            return
        keep_s = _keep_alive(body)
        async with self._one_at_a_time():
            started = time.perf_counter()
            load_s = await self._load(name, body, keep_s)
            prompt_words = " ".join(prompts).split()
            self._fit_context(prompt_words, truncate=body.get("truncate", True))
            prompt_s = await self._read_prompt(prompt_words)
            await asyncio.sleep(scenario.first_token_s)
            if scenario.name == "dies_first":
                exchange.break_off()
            if scenario.name == "hang_first":
                await asyncio.Event().wait()
            words = re.findall(r"\s*\S+", scenario.text)
            limit = body.get("options", {}).get("num_predict", -1)
            reason = "length" if 0 <= limit < len(words) else "stop"
            words = words[:limit] if reason == "length" else words
            if self.thinks and body.get("think") is not False:
                words = []  # it thinks until the limit is reached
            if body.get("stream", True) is False:
                exchange.json(200, line_of(name, "".join(words)) | _done(reason, started))
                return
            exchange.start_stream("application/x-ndjson")
            eval_started = time.perf_counter()
            async for word in _breaking(words, scenario, exchange):
                _send(exchange, line_of(name, word))
                exchange.request.words_sent += 1
            if scenario.name == "error_line" and self._loaded is not None:
                self._loaded.crashed = True
            if scenario.name not in ("no_done", "error_line"):
                _send(
                    exchange,
                    line_of(name, "")
                    | _done(reason, started)
                    | {
                        "load_duration": int(load_s * 1e9),
                        "prompt_eval_count": len(prompt_words),
                        "prompt_eval_duration": int(prompt_s * 1e9),
                        "eval_count": len(words),
                        "eval_duration": int((time.perf_counter() - eval_started) * 1e9),
                    },
                )
            if scenario.name == "hang_end":
                await asyncio.Event().wait()
            exchange.end_stream()

    async def _pull(self, exchange: Exchange) -> None:
        """Download; what was fetched is kept when the client goes away, as Ollama does."""
        body = exchange.request.body
        name = body.get("model") or body.get("name")
        exchange.start_stream("application/x-ndjson")
        _send(exchange, {"status": "pulling manifest"})
        if name == "nope":
            _send(exchange, {"error": "pull model manifest: file does not exist"})
            exchange.end_stream()
            return
        digest = f"sha256:{_digest(name)}"
        while (fetched := self._pulled.get(name, 0)) < PULL_BYTES:
            self._pulled[name] = fetched + PULL_PIECE
            _send(
                exchange,
                {
                    "status": f"pulling {digest[7:19]}",
                    "digest": digest,
                    "total": PULL_BYTES,
                    "completed": self._pulled[name],
                },
            )
            await asyncio.sleep(self.pull_piece_s)
        for status in ("verifying sha256 digest", "writing manifest", "success"):
            _send(exchange, {"status": status})
        if name not in self.models:
            self.models.append(name)
        exchange.end_stream()

    # --- the model ------------------------------------------------------------------------

    @asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        self._turnstile = self._turnstile or asyncio.Lock()
        async with self._turnstile:
            try:
                yield
            finally:
                if self._unload_next:
                    self._unload_next, self._loaded = False, None

    async def _load(self, name: str, body: Mapping[str, Any], keep_s: float) -> float:
        """Have the model in memory with these options; seconds it took."""
        options = body.get("options") or {}
        wanted = tuple(options.get(option) for option in LOAD_OPTIONS)
        loaded = self._loaded if self.loaded == name else None
        if loaded is None or loaded.options != wanted or loaded.crashed:
            self._loaded = None
            started = time.perf_counter()
            try:
                await asyncio.sleep(self.load_s)
            except asyncio.CancelledError:
                self.aborted_loads += 1
                raise
            context = min(options.get("num_ctx") or DEFAULT_CONTEXT, self.trained_context)
            self._loaded = Loaded(name, wanted, context, 0.0)
            self.loads += 1
            took_s = time.perf_counter() - started
        else:
            took_s = 0.0
        assert self._loaded is not None
        self._loaded.expires_at = self.clock() + keep_s
        return took_s

    async def _read_prompt(self, words: Sequence[str]) -> float:
        """Evaluate what is not in the cache; seconds it took."""
        assert self._loaded is not None
        common = 0
        for ours, theirs in zip(words, self._loaded.cached, strict=False):
            if ours != theirs:
                break
            common += 1
        self._loaded.cached = words
        self.words_read.append(len(words) - common)
        seconds = self.words_read[-1] * self.prompt_s_per_word
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            await asyncio.sleep(min(seconds, self.batch_s))
            raise
        return seconds

    def _fit_context(self, words: list[str], *, truncate: bool) -> None:
        """A word is a token here."""
        assert self._loaded is not None
        limit = self._loaded.context
        if len(words) > limit and not truncate:
            message = "the request exceeds the available context size, try increasing it"
            error = {"code": 400, "message": message, "type": "exceed_context_size_error"}
            raise RefusedError(400, json.dumps({"error": error}))
        del words[: max(len(words) - limit, 0)]

    def _known(self, body: Mapping[str, Any]) -> str:
        name = str(body.get("model") or body.get("name") or "")
        full = name if ":" in name else f"{name}:latest"
        if full not in self.models:
            raise RefusedError(404, f"model '{name}' not found")
        return full

    def _check_options(self, body: Mapping[str, Any]) -> None:
        for option, value in (body.get("options") or {}).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if option in NUMBER_OPTIONS and not number:
                raise RefusedError(500, f'option "{option}" must be of type integer')
            if option == "use_mmap" and not isinstance(value, bool):
                raise RefusedError(500, f'option "{option}" must be of type boolean')

    def _description(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "model": name,
            "modified_at": _timestamp(time.time()),
            "size": 2_200_000_000,
            "digest": _digest(name),
            "details": {
                "parent_model": "",
                "format": "gguf",
                "family": "phi3",
                "families": ["phi3"],
                "parameter_size": "3.8B",
                "quantization_level": "Q4_0",
            },
        }


async def _breaking(
    words: Sequence[str], scenario: Scenario, exchange: Exchange
) -> AsyncIterator[str]:
    """The words at their pace, until the scenario goes wrong."""
    for index, word in enumerate(words):
        if index == scenario.after_words:
            match scenario.name:
                case "dies" | "resets":
                    exchange.break_off(reset=scenario.name == "resets")
                case "hang_mid":
                    await asyncio.Event().wait()
                case "no_done":
                    return
                case "garbage":
                    exchange.chunk(b'{"model":"phi3:mini","mess\n')
                case "not_an_object":
                    exchange.chunk(b"42\n")
                case "invalid_utf8":
                    exchange.chunk(b'{"message":{"role":"assistant","content":" \xff\xfe"}}\n')
                case "error_line":
                    _send(exchange, {"error": scenario.message})
                    return
        yield word
        pause_s = 1 / scenario.words_per_second if scenario.words_per_second else 0
        await asyncio.sleep(pause_s)


def _send(exchange: Exchange, line: Mapping[str, Any]) -> None:
    exchange.chunk(json.dumps(line).encode() + b"\n")


def _stamp(name: str) -> dict[str, Any]:
    return {"model": name, "created_at": _timestamp(time.time())}


def _chat_line(name: str, text: str) -> dict[str, Any]:
    return {**_stamp(name), "message": {"role": "assistant", "content": text}, "done": False}


def _generate_line(name: str, text: str) -> dict[str, Any]:
    return {**_stamp(name), "response": text, "done": False}


def _done(reason: str, started: float) -> dict[str, Any]:
    took_ns = int((time.perf_counter() - started) * 1e9)
    return {"done": True, "done_reason": reason, "total_duration": took_ns}


def _keep_alive(body: Mapping[str, Any]) -> float:
    try:
        seconds = keep_alive_seconds(body.get("keep_alive"))
    except ValueError as exc:
        raise RefusedError(400, str(exc)) from exc
    return 300.0 if seconds is None else seconds


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _timestamp(unix_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(unix_s))


class OllamaProcess:
    """The server in a process of its own, for tests that kill it. A context manager."""

    def __init__(self, *arguments: str) -> None:
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> Self:
        port = self.url.rpartition(":")[2] or "0"
        command = [sys.executable, "-m", "tests.support.ollama_server", "--port", port]
        self._process = subprocess.Popen(
            [*command, *self._arguments],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        return self

    def kill(self) -> None:
        """kill -9. `start` brings it back on the same port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def log(self) -> dict[str, Any]:
        """What `GET /debug/log` says: loads, aborted_loads, loaded, requests."""
        with urlopen(f"{self.url}/debug/log") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.kill()


@pytest.fixture
def ollama_server() -> Iterator[OllamaServer]:
    """A well-behaved Ollama with `phi3:mini`, in this process."""
    with OllamaServer() as server:
        yield server


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=11434)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="normal")
    parser.add_argument("--text", help="what it replies")
    parser.add_argument("--model", action="append", help="a pulled model; may be repeated")
    parser.add_argument("--words-per-second", type=float)
    parser.add_argument("--first-token-s", type=float)
    parser.add_argument("--after-words", type=int)
    parser.add_argument("--load-s", type=float, default=0.0)
    parser.add_argument("--prompt-s-per-word", type=float, default=0.0)
    arguments = parser.parse_args()
    fields = ("text", "words_per_second", "first_token_s", "after_words")
    overrides = {name: value for name in fields if (value := getattr(arguments, name)) is not None}
    server = OllamaServer(
        arguments.port,
        arguments.scenario,
        models=arguments.model or (DEFAULT_MODEL,),
        load_s=arguments.load_s,
        prompt_s_per_word=arguments.prompt_s_per_word,
        **overrides,
    )
    server.serve_forever(lambda: print(f"listening on {server.url}", flush=True))


if __name__ == "__main__":
    main()
