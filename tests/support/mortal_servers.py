"""Model servers that are killed with SIGKILL in the middle of a reply, each a process of its own.

One launcher process, started with its own interpreter, forks a server whenever it is asked for
one, which takes milliseconds::

    with MortalServers() as servers:
        ollama = servers.start("ollama")
        ollama.kill()
        ollama = servers.start("ollama", ollama)

What a server replies is decided by the question, which is a `Plan`, so that nothing has to be set
up and a run can be repeated from its seed: a text of `TEXTS`, in pieces of any size that cut words,
lines and characters, and the byte after which the server kills itself, if it does. A server that
is asked to go on with a text that broke off does so as models do: from the place that it was
shown, or it says the last words, the last sentence or all of it again.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from app.core.continuation import REQUEST
from tests.support.http_server import Exchange, Scenario
from tests.support.ollama_server import FOREVER_S, OllamaServer
from tests.support.openai_server import OpenAiServer

TEXTS = (
    "He had had enough, and that that was so was very, very clear. No, no, no: call 555 555 0199, "
    "not 555 0199. They're 7, 7, 7 and 7; it isn't 7.5, it's 7.25. Round and round and round it "
    "goes, and where it stops nobody knows. He said that he'd had it. He'd had it.",
    "谢谢你，谢谢。我们讨论讨论吧，看看，想想。巴黎是法国的首都，也是法国最大的城市。哈哈哈，对对对。"
    "你说是不是？是，是。那么，谢谢谢谢，再见。",
    "Here is how you count, step by step:\n\n```python\nfor i in range(3):\n    print(i, i)\n"
    "    print(i, i + 1)\n\nfor i in range(3):\n    print(i)\n```\n\nRun it, and it prints 0, 0, "
    "0, 1 and so on. Don't run it twice, don't.",
    "Nous nous sommes vus à l'été 1999, l'été où nous nous étions promis de vous revoir. Vous vous "
    "en souvenez ? C'est ça, c'est ça ! Où ça, où ? Là, là-bas, là où le café était si bon.",
    "ええ、ええ、パリです。パリはフランスの首都で、フランスで一番大きい町です 🙂🙂。"
    "人口は約210万人、210万人です。「パリ、パリ」と言いますね。",
    "Three things:\n\n1. **Bread** and more bread\n2. **Butter**, butter, butter\n3. Bread\n\n"
    'That\'s it, that\'s all. "Bread and butter," he said, "bread and butter."',
)

WAYS = ("exactly", "dots", "words", "sentence", "all")
"""How a model goes on with a text: from there on, or from the last words, the last sentence or
everything on."""

_TOKEN = re.compile(r"[\u2e80-\u9fff]|[^\s\u2e80-\u9fff]+")
_SENTENCE = re.compile(r"(?:^|(?<=[.!?])\s+|(?<=[。！？])|\n+)(?=[^\s.!?。！？])")


@dataclass(frozen=True)
class Plan:
    """One question, which says how each server answers it."""

    seed: int
    text: int = 0
    """Index in `TEXTS`."""
    ways: Mapping[str, str] = field(default_factory=dict)
    """By the server's name, one of `WAYS`."""
    dies: Mapping[str, float] = field(default_factory=dict)
    """By the server's name, after which share of the bytes of its reply it kills itself."""

    @property
    def question(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, messages: Sequence[Mapping[str, Any]]) -> Self:
        return cls(**json.loads(messages[0]["content"]))


@dataclass(frozen=True)
class Mortal:
    """A server that runs."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """kill -9. It may be dead already: nobody else gets its id before it is replaced."""
        os.kill(self.pid, signal.SIGKILL)


class MortalServers:
    """Starts servers, and ends all that still run when it is left. A context manager."""

    def __init__(self) -> None:
        self._launcher: subprocess.Popen[str] | None = None

    def start(self, name: str, instead_of: Mortal | None = None) -> Mortal:
        """A new server: "ollama" speaks Ollama's language, every other name OpenAI's.

        Args:
            instead_of: a server to end, if it still runs, and whose port to take.
        """
        assert self._launcher is not None
        assert self._launcher.stdin is not None
        assert self._launcher.stdout is not None
        old = instead_of or Mortal(port=0, pid=0)
        self._launcher.stdin.write(f"{name} {old.port} {old.pid}\n")
        self._launcher.stdin.flush()
        return Mortal(**json.loads(self._launcher.stdout.readline()))

    def __enter__(self) -> Self:
        self._launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.support.mortal_servers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        return self

    def __exit__(self, *exc_info: object) -> None:
        assert self._launcher is not None
        self._launcher.communicate(timeout=10)


# --- in the processes ---------------------------------------------------------------------


def continuation(text: str, shown: str, way: str, chance: random.Random) -> str:
    """What a model says that is asked to go on with `shown`.

    Raises:
        ValueError: the text does not begin like that, so something was doubled or lost.
    """
    if not text.startswith(shown):
        raise ValueError(f"not the beginning of the text: {shown!r}")
    tokens = [token.start() for token in _TOKEN.finditer(shown)]
    sentences = [found.end() for found in _SENTENCE.finditer(shown)]
    begin = len(shown)
    match way:
        case "words":
            begin = chance.choice(tokens[-6:])
        case "sentence":
            begin = sentences[-1]
        case "all":
            begin = 0
        case "dots":
            return chance.choice(["…", "... "]) + text[begin:].lstrip()
    return text[begin:].lstrip()


def reply_of(name: str, messages: Sequence[Mapping[str, Any]]) -> tuple[str, Plan, random.Random]:
    """What the server of that name says to this conversation."""
    plan = Plan.read(messages)
    chance = random.Random(f"{plan.seed} {name} {len(messages)}")
    text = TEXTS[plan.text]
    if messages[-1]["content"] == REQUEST:
        way = plan.ways.get(name, "exactly")
        text = continuation(text, messages[-2]["content"], way, chance)
    return text, plan, chance


def deltas(text: str, chance: random.Random) -> list[str]:
    """The text in pieces of 1 to 9 characters, as if tokens were cut at random."""
    found, at = [], 0
    while at < len(text):
        size = chance.randint(1, 9)
        found.append(text[at : at + size])
        at += size
    return found


async def drip(exchange: Exchange, lines: Sequence[bytes], dies: float | None, chance: Any) -> None:
    """Send the lines as one stream of bytes, in pieces that know nothing of lines."""
    data = b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines)
    last = len(data) if dies is None else int(dies * len(data))
    at = 0
    while at < last:
        size = min(chance.choice((1, 7, 60, 120, 300)), last - at)
        exchange.send(data[at : at + size])
        at += size
        await asyncio.sleep(chance.choice((0, 0.001, 0.002)))
    if dies is not None:
        os.kill(os.getpid(), signal.SIGKILL)


def as_lines(parts: Sequence[Mapping[str, Any]], frame: bytes) -> list[bytes]:
    """As bytes, with characters as they are and not escaped, so that they too can be cut."""
    return [frame % json.dumps(part, ensure_ascii=False).encode() for part in parts]


class MortalOllama(OllamaServer):
    """Answers a `Plan` in Ollama's language."""

    async def _speak(
        self,
        exchange: Exchange,
        prompts: Sequence[str],
        line_of: Callable[[str, str], dict[str, Any]],
    ) -> None:
        del prompts
        body = exchange.request.body
        text, plan, chance = reply_of("ollama", body["messages"])
        model = self._known(body)
        async with self._one_at_a_time():
            await self._load(model, body, FOREVER_S)
            parts = [line_of(model, delta) for delta in deltas(text, chance)]
            parts.append(line_of(model, "") | {"done": True, "done_reason": "stop"})
            exchange.start_stream("application/x-ndjson")
            await drip(exchange, as_lines(parts, b"%s\n"), plan.dies.get("ollama"), chance)
            exchange.end_stream()


class MortalOpenAi(OpenAiServer):
    """Answers a `Plan` in OpenAI's language."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(port)
        self._name = name

    async def _complete(self, exchange: Exchange, scenario: Scenario) -> None:
        del scenario
        text, plan, chance = reply_of(self._name, exchange.request.body["messages"])
        parts = [_choice({"content": delta}) for delta in deltas(text, chance)]
        lines = as_lines([*parts, _choice({}, "stop")], b"data: %s\n\n")
        exchange.start_stream("text/event-stream")
        await drip(exchange, [*lines, b"data: [DONE]\n\n"], plan.dies.get(self._name), chance)
        exchange.end_stream()


def _choice(delta: Mapping[str, str], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}


def serve(name: str, port: int) -> None:
    """Serve until killed; says where on stdout."""
    server = MortalOllama(port) if name == "ollama" else MortalOpenAi(name, port)

    def tell() -> None:
        os.write(1, json.dumps({"port": server.port, "pid": os.getpid()}).encode() + b"\n")

    server.serve_forever(tell)


def main() -> None:
    """Fork a server for each line: its name, its port, and the process that it replaces. The end
    of the input ends them all."""
    children: set[int] = set()
    while wanted := sys.stdin.readline().split():
        name, port, replaced = wanted[0], int(wanted[1]), int(wanted[2])
        if replaced in children:
            children.remove(replaced)
            end(replaced)
        pid = os.fork()
        if pid == 0:
            os.close(0)
            serve(name, port)
        children.add(pid)
    for pid in children:
        end(pid)


def end(child: int) -> None:
    """Kill it, which may be dead already, and wait until its port is free."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


if __name__ == "__main__":
    main()
