"""What is made once, beside the loop; and that every client library is."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core.ports import LlmProvider
from app.providers import registry
from app.providers.llm.once import Once
from app.settings import LlmSettings
from tests.providers.llm.replies import run

CLIENT = """
import time

time.sleep({seconds})


class Timeout:
    def __init__(self, *args, **options):
        pass


class DefaultAsyncHttpxClient(Timeout):
    pass


class Client(Timeout):
    def __init__(self, *args, **options):
        time.sleep({seconds})
        self.chat = self

    completions = "what the libraries import late"

    async def close(self):
        pass

    async def ps(self):
        raise ConnectionError


class ResponseError(Exception):
    pass


AsyncOpenAI = AsyncGroq = AsyncCerebras = AsyncClient = Client
"""

LIBRARIES = {
    "openai": "openai/__init__.py",
    "groq": "groq/__init__.py",
    "cerebras": "cerebras/cloud/sdk.py",
    "ollama": "ollama/__init__.py",
}


@contextmanager
def forgotten(library: str) -> Iterator[None]:
    """As if nobody had imported it yet."""
    known = {
        name: sys.modules.pop(name)
        for name in list(sys.modules)
        if name.partition(".")[0] == library
    }
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == library]:
            del sys.modules[name]
        sys.modules.update(known)


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_loop_goes_on_while_a_client_library_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Words of another model stream through the same loop."""
    file = tmp_path / LIBRARIES[name]
    for folder in file.relative_to(tmp_path).parents:
        (tmp_path / folder).mkdir(exist_ok=True, parents=True)
        (tmp_path / folder / "__init__.py").touch()
    file.write_text(CLIENT.format(seconds=0.3))
    monkeypatch.syspath_prepend(str(tmp_path))
    llm: LlmProvider = registry.build_llm(name, LlmSettings(), "sk-0123456789")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def warm_up() -> None:
        ticking = asyncio.create_task(tick())
        await asyncio.gather(llm.ensure_warm(), return_exceptions=True)
        ticking.cancel()

    with forgotten(name):
        run(llm, warm_up)
        assert sys.modules[_module(name)].__file__ == str(file)
    assert ticks > 10, "it stood still for most of 0.6 s"


def _module(name: str) -> str:
    return LIBRARIES[name].removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_all_who_come_get_the_same_thing() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    once = Once(make)

    async def together() -> list[object]:
        assert once.made is None
        return [*await asyncio.gather(once.get(), once.get()), await once.get(), once.made]

    assert asyncio.run(together()) == made * 4


def test_who_goes_away_leaves_it_for_the_next() -> None:
    go_on = threading.Event()
    calls = []

    def make() -> str:
        calls.append(1)
        assert go_on.wait(10)
        return "here"

    once = Once(make)

    async def leave() -> str:
        first = asyncio.create_task(once.get())
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert once.made is None
        go_on.set()
        return await once.get()

    assert asyncio.run(leave()) == "here"
    assert len(calls) == 1


def test_a_failure_is_told_to_all_who_wait_and_the_next_tries_anew() -> None:
    outcomes: list[object] = ["here", OSError("not yet")]

    def make() -> object:
        outcome = outcomes.pop()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    once = Once(make)

    async def twice() -> tuple[tuple[object, ...], object]:
        failed = await asyncio.gather(once.get(), once.get(), return_exceptions=True)
        assert once.made is None
        return failed, await once.get()

    failed, second = asyncio.run(twice())
    assert [str(each) for each in failed] == ["not yet"] * 2
    assert second == "here"


def test_what_is_forgotten_is_handed_back_and_made_anew() -> None:
    once = Once(object)

    async def again() -> bool:
        first = await once.get()
        assert once.forget() is first
        assert once.forget() is None
        return await once.get() is not first

    assert asyncio.run(again())
