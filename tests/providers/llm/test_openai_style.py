"""The cloud clients: refusals, keys that stay secret, limits of patience."""

from __future__ import annotations

import email.utils
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers.llm.cerebras import CerebrasLlm
from app.providers.llm.groq import GroqLlm
from app.providers.llm.openai import OpenAiLlm
from app.providers.llm.openai_style import OpenAiStyleLlm, retry_after_s
from app.settings import CloudSettings
from tests.providers.llm.replies import Reply, ask, collect, run
from tests.support.http_server import DEFAULT_TEXT
from tests.support.openai_server import OpenAiServer

KEY = "sk-0123456789abcdef-secret"
KINDS = [OpenAiLlm, GroqLlm, CerebrasLlm]
VARIABLES = [
    f"{name}_{what}" for name in ("OPENAI", "GROQ", "CEREBRAS") for what in ("API_KEY", "BASE_URL")
]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.service.name)
def kind(request: pytest.FixtureRequest) -> type[OpenAiStyleLlm]:
    found: type[OpenAiStyleLlm] = request.param
    return found


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer(key=KEY) as running:
        yield running


def make(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, key: str | None = KEY, **options: Any
) -> OpenAiStyleLlm:
    settings = {"model": "m", "base_url": server.url, "timeout_s": 5.0, **options}
    return kind(CloudSettings(**settings), key)


# --- refusals -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("400", "maximum context length"),
        ("401", "does not accept the key"),
        ("403", "not supported"),
        ("404", "no model m"),
        ("429", "7 s"),
        ("500", "500"),
        ("503", "503"),
    ],
)
def test_each_refusal_says_what_it_is(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, status: str, words: str
) -> None:
    server.scenario(status)
    error = ask(make(kind, server)).error
    assert type(error) is ProviderRefused
    assert words in error.title


def test_the_wait_that_was_asked_for_is_passed_on(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    server.scenario("429", retry_after="12")
    error = ask(make(kind, server)).error
    assert isinstance(error, ProviderRefused)
    assert error.retry_after_s == 12.0


def test_a_limit_without_a_wait(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    server.scenario("429", retry_after="")
    error = ask(make(kind, server)).error
    assert isinstance(error, ProviderRefused)
    assert error.retry_after_s is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3.0), ("0.25", 0.25), ("-5", 0.0), ("", None), ("soon", None), ("nan", None)],
)
def test_waits_as_numbers(value: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": value}) == seconds


def test_a_wait_as_a_date() -> None:
    in_a_minute = email.utils.formatdate(time.time() + 60, usegmt=True)
    seconds = retry_after_s({"retry-after": in_a_minute})
    assert seconds is not None
    assert 50 < seconds <= 61


# --- streams ------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", ["cut", "no_finish", "error_event", "dies", "garbage"])
def test_a_reply_without_its_end_is_broken(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, scenario: str
) -> None:
    server.scenario(scenario, after_words=4)
    reply = ask(make(kind, server))
    assert type(reply.error) is ProviderBroke
    assert reply.text == "The capital of France"


def test_the_words_of_an_error_event_are_passed_on(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    server.scenario("error_event", message="The model is overloaded.")
    error = ask(make(kind, server)).error
    assert error is not None
    assert "The model is overloaded." in error.title


@pytest.mark.parametrize("scenario", ["no_done_marker", "hang_end", "sparse"])
def test_a_finished_reply_is_complete_whatever_follows(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, scenario: str
) -> None:
    server.scenario(scenario)
    assert ask(make(kind, server)) == Reply(
        tuple(f" {word}" if i else word for i, word in enumerate(DEFAULT_TEXT.split())), None
    )


def test_silence_ends_after_the_time_out(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    server.scenario("hang_first")
    error = ask(make(kind, server, timeout_s=0.3)).error
    assert type(error) is ProviderBroke
    assert "0.3 s" in error.title


@pytest.mark.parametrize("kind", [OpenAiLlm, GroqLlm])
def test_the_connection_serves_the_next_question_too(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    # not for Cerebras, whose client drops the connection at the end marker
    llm = make(kind, server)

    async def twice() -> None:
        await collect(llm)
        await collect(llm)

    run(llm, twice)
    assert len(server.chats) == 2
    assert server.connections_made == 1


def test_options_are_sent(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    ask(make(kind, server, max_tokens=40, temperature=0.2))
    body = server.chats[-1].body
    assert body["model"] == "m"
    assert body["temperature"] == 0.2
    # servers that imitate OpenAI know the older name of the limit
    assert body["max_tokens" if kind is OpenAiLlm else "max_completion_tokens"] == 40


# --- keys ---------------------------------------------------------------------------------


def test_the_key_is_sent(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    assert ask(make(kind, server, f"  {KEY}\n")).text == DEFAULT_TEXT


@pytest.mark.parametrize("key", [None, "", "  "])
def test_without_a_key_nothing_is_sent_and_the_hint_says_where_to_put_it(
    kind: type[OpenAiStyleLlm], key: str | None
) -> None:
    llm = kind(CloudSettings(model="m", base_url="http://192.0.2.1/v1"), key)
    with pytest.raises(ProviderUnavailable) as caught:
        run(llm, llm.ensure_warm)
    assert "needs a key" in caught.value.title
    assert f"parley keys set {kind.service.name}" in caught.value.hint
    assert type(ask(llm).error) is ProviderUnavailable


def test_a_server_on_this_computer_needs_no_key(
    kind: type[OpenAiStyleLlm], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, "http://192.0.2.1/from-the-environment")
    with OpenAiServer() as server:
        assert ask(make(kind, server, None)).text == DEFAULT_TEXT
        sent = server.chats[-1].headers["authorization"]
    assert sent == "Bearer none", "a key in the environment is not ours to send"


@pytest.mark.parametrize("key", ["sk-se\ncret", "sk-sécret", "sk-se cret", "sk-secret\x00"])
def test_a_key_with_odd_characters_is_named_without_being_shown(
    kind: type[OpenAiStyleLlm], server: OpenAiServer, key: str
) -> None:
    error = ask(make(kind, server, key)).error
    assert type(error) is ProviderUnavailable
    assert "cret" not in "".join(traceback.format_exception(error))
    assert server.requests == []


@pytest.mark.parametrize("scenario", ["400", "401", "403", "429", "500", "error_event"])
def test_the_key_is_in_no_message_traceback_or_log(
    kind: type[OpenAiStyleLlm],
    server: OpenAiServer,
    scenario: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    server.scenario(scenario, message=f"Incorrect API key provided: {KEY}.")
    llm = make(kind, server)
    error = ask(llm).error
    assert error is not None
    assert KEY not in "".join(traceback.format_exception(error))
    assert KEY not in repr(error)
    assert KEY not in repr(llm)
    assert KEY not in caplog.text


# --- warmth and place ---------------------------------------------------------------------


def test_warming_asks_the_service_nothing(kind: type[OpenAiStyleLlm], server: OpenAiServer) -> None:
    llm = make(kind, server)
    assert run(llm, llm.ensure_warm).was_warm
    assert server.connections_made == 0


def test_a_service_elsewhere_is_not_local(kind: type[OpenAiStyleLlm]) -> None:
    assert not kind(CloudSettings(model="m"), KEY).engine.local


@pytest.mark.parametrize("address", ["ftp://x", "nonsense", "http://[", "http://x:99999"])
def test_an_address_that_is_none(kind: type[OpenAiStyleLlm], address: str) -> None:
    error = ask(kind(CloudSettings(model="m", base_url=address), KEY)).error
    assert type(error) is ProviderUnavailable
    assert address in error.title


def test_a_server_of_ones_own_is_called_by_its_address(server: OpenAiServer) -> None:
    server.scenario("500")
    error = ask(make(OpenAiLlm, server)).error
    assert error is not None
    assert error.title.startswith(f"The server at 127.0.0.1:{server.port}")


def test_a_reply_cut_at_its_longest_shows_it(
    kind: type[OpenAiStyleLlm], server: OpenAiServer
) -> None:
    server.scenario("length", text="It lies on")
    reply = ask(make(kind, server))
    assert reply.error is None
    assert reply.text == "It lies on…"
