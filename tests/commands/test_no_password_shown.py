"""A password in a server's address: it is used, and nobody gets to see it."""

from __future__ import annotations

import argparse
import asyncio
import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from keyring.backends.fail import Keyring as NoKeyring

from app import logs
from app.commands import doctor
from app.core.ports import LlmProvider
from app.diagnosis import parts
from app.errors import AssistantError
from app.paths import Paths
from app.providers.llm.check import check
from app.providers.llm.ollama import OllamaLlm
from app.providers.llm.ollama_models import OllamaModels
from app.providers.llm.openai import OpenAiLlm
from app.secrets import Secrets
from app.settings import CloudSettings, OllamaSettings, Settings
from tests.providers.llm.replies import QUESTION, collect, run
from tests.support.fake_ollama import free_port
from tests.support.http_server import DEFAULT_TEXT
from tests.support.ollama_server import OllamaServer
from tests.support.openai_server import OpenAiServer

PASSWORD = "Xyzzy-19-plugh"
STAND_INS = {
    "stt": {"provider": "pocketsphinx"},
    "tts": {"provider": "espeak"},
    "endpointing": {"vad": "energy"},
}


def with_password(url: str) -> str:
    return url.replace("://", f"://somebody:{PASSWORD}@")


class Seen:
    """Everything a user, a log or a bug report can get to see."""

    def __init__(self, paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
        self._paths = paths
        self._capsys = capsys
        self.texts: list[str] = []

    def everything(self) -> str:
        streams = self._capsys.readouterr()
        files = [path.read_text() for path in self._paths.log_file.parent.iterdir()]
        return "\n".join([*self.texts, streams.out, streams.err, *files])


@pytest.fixture
def seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Seen]:
    """With every library as talkative in the log as it can be."""
    import keyring

    monkeypatch.setattr(keyring, "get_keyring", NoKeyring)
    paths = Paths.under(tmp_path)
    paths.create()
    files = logs.set_up(paths, verbose=True)
    root = logging.getLogger()
    root.setLevel(logging.DEBUG)
    for handler in root.handlers:
        handler.setLevel(logging.DEBUG)
    quiet = [logging.getLogger(name) for name in logs._QUIET]
    for logger in quiet:
        logger.setLevel(logging.DEBUG)
    yield Seen(paths, capsys)
    files.close()
    for logger in quiet:
        logger.setLevel(logging.WARNING)


async def fail(llm: LlmProvider, seen: Seen) -> None:
    """All that is ever asked of a model, and what each of it says."""
    prefills: Any = llm
    for ask in (llm.ensure_warm, lambda: prefills.prefill(QUESTION, "en")):
        try:
            await ask()
        except AssistantError as exc:
            _report(exc, seen)
    error = (await collect(llm)).error
    assert error is not None
    _report(error, seen)
    seen.texts += [(await check(llm)).line, repr(llm), repr(llm.engine), str(vars(llm).keys())]


def _report(exc: AssistantError, seen: Seen) -> None:
    logging.getLogger("app.test").error("it failed", exc_info=exc)
    seen.texts += [repr(exc), exc.title, exc.hint, "".join(traceback.format_exception(exc))]


@pytest.mark.parametrize(
    "scenario", ["500", "503", "404", "html", "garbage", "dies", "dies_first", "error_line"]
)
def test_ollama_that_fails(seen: Seen, scenario: str) -> None:
    with OllamaServer(login=f"somebody:{PASSWORD}") as server:
        server.scenario(scenario, after_words=1)
        llm = OllamaLlm(OllamaSettings(host=with_password(server.url)))
        run(llm, lambda: fail(llm, seen))
        assert server.chats, "the password was right"
    assert "it failed" in seen.everything()
    assert PASSWORD not in seen.everything()


def test_ollama_that_lets_nobody_in_or_is_not_there(seen: Seen) -> None:
    with OllamaServer(login="somebody:else") as server:
        url = with_password(server.url)
        refused = OllamaLlm(OllamaSettings(host=url))
        run(refused, lambda: fail(refused, seen))
    gone = OllamaLlm(OllamaSettings(host=url))
    run(gone, lambda: fail(gone, seen))
    elsewhere = OllamaLlm(
        OllamaSettings(host=with_password("http://192.0.2.1:1"), connect_timeout_s=0.1)
    )
    run(elsewhere, lambda: fail(elsewhere, seen))
    shown = seen.everything()
    assert "asks for a password" in shown
    assert "http://192.0.2.1:1" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize(
    "host",
    [
        with_password("ftp://box:1"),
        with_password("http://box:99999"),
        f"http://some/body:{PASSWORD}@box:1",
        f"http://somebody:{PASSWORD}/1@box:1",
        f"http://[somebody:{PASSWORD}@",
        f"somebody:{PASSWORD}@box:99999",
    ],
)
def test_an_address_that_cannot_be_used(seen: Seen, host: str) -> None:
    for llm in (
        OllamaLlm(OllamaSettings(host=host)),
        OpenAiLlm(CloudSettings(model="m", base_url=host), "sk-test-0123456789abcdef"),
    ):
        run(llm, lambda llm=llm: fail(llm, seen))  # type: ignore[misc]
    shown = seen.everything()
    assert "cannot be used" in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("scenario", ["401", "404", "500", "html", "garbage", "dies_first"])
def test_a_server_that_speaks_openais_language(seen: Seen, scenario: str) -> None:
    with OpenAiServer(scenario=scenario) as server:
        llm = OpenAiLlm(CloudSettings(model="m", base_url=with_password(server.url) + "/v1"))
        run(llm, lambda: fail(llm, seen))
        given = server.chats[-1].headers["authorization"]
        assert given.startswith("Basic "), "the password is what it wants"
        seen.texts.append(llm.address)
    gone = OpenAiLlm(CloudSettings(model="m", base_url=with_password(server.url) + "/v1"))
    run(gone, lambda: fail(gone, seen))
    shown = seen.everything()
    assert urlsplit(server.url).netloc in shown
    assert PASSWORD not in shown


@pytest.mark.parametrize("words", [[], ["--json"]])
@pytest.mark.parametrize("state", ["stopped", "wrong password", "broken", "well"])
def test_doctor(
    seen: Seen, tmp_path: Path, state: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the other parts know no address, and take their time
    every_part = parts.of_everything
    monkeypatch.setattr(
        doctor,
        "of_everything",
        lambda *given: [p for p in every_part(*given) if p.name in ("settings", "language model")],
    )
    settings_file = Paths.under(tmp_path).settings_file
    settings_file.write_text(f'[llm.ollama]\nhost = ["{with_password("http://box:1")}"]\n')
    with OllamaServer(login=f"somebody:{PASSWORD}") as server:
        url = server.url
        if state == "stopped":
            url = f"http://127.0.0.1:{free_port()}"
        elif state == "wrong password":
            server.login = "somebody:else"
        elif state == "broken":
            server.show_fails = (500, f"cannot serve {with_password(url)}")
        chosen = Settings.model_validate(
            STAND_INS
            | {
                "llm": {
                    "order": ["ollama", "openai"],
                    "ollama": {"host": with_password(url)},
                    "openai": {"model": "m", "base_url": with_password(url)},
                }
            }
        )
        parser = argparse.ArgumentParser()
        doctor.add_arguments(parser)
        doctor.run(parser.parse_args(words), chosen, Paths.under(tmp_path), Secrets({}))
    shown = seen.everything()
    assert "language model" in shown
    assert PASSWORD not in shown


def test_the_models_of_a_server_behind_a_password(seen: Seen) -> None:
    with OllamaServer(login=f"somebody:{PASSWORD}") as server:
        models = OllamaModels(OllamaSettings(host=with_password(server.url)))

        async def use() -> None:
            assert (await models.describe()).pulled
            await models.delete("phi3:mini")
            async for _ in models.pull("llama3.2:3b"):
                pass
            try:
                async for _ in models.pull("nope"):
                    pass
            except AssistantError as exc:
                _report(exc, seen)
            await models.close()

        asyncio.run(use())
        seen.texts.append(models.url)
        assert server.models == ["llama3.2:3b"]
    assert PASSWORD not in seen.everything()


def test_the_password_opens_the_door() -> None:
    with OllamaServer(login="me:a b/c@d") as server:
        url = server.url.replace("://", "://me:a%20b%2Fc%40d@")
        llm = OllamaLlm(OllamaSettings(host=url))
        assert run(llm, lambda: collect(llm)).text == DEFAULT_TEXT
        assert llm.engine.local
