"""The language model: ten short messages, our overhead, and one cold start."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.bench.bare_read import BareReader, can_be_read, catch
from app.bench.budgets import Budget
from app.bench.plan import MESSAGES, Plan, Progress
from app.bench.report import NotMeasured, Section, Table
from app.bench.statistics import Summary, median
from app.bench.subjects import Subject
from app.core.ports import FindsPlace, LlmProvider, Message
from app.core.prompt import Prompt
from app.errors import STAY, AssistantError, ProviderBroke, ProviderError
from app.providers import registry
from app.providers.llm.addresses import http_options
from app.providers.llm.ollama import OllamaLlm, server_url
from app.settings import LlmSettings

log = logging.getLogger(__name__)

LANGUAGE = "en"

OVERHEAD_QUESTION = "Count from one to five."

OVERHEAD_AT_MOST_S = 60.0
"""A slow model gets fewer pairs; never fewer than two."""

PAUSES = 3

UNLOADED_WITHIN_S = 10.0
"""A server lets a model go at once unless it is still answering somebody."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One message, answered."""

    message: str
    ttft_ms: float
    total_ms: float
    characters: int


@dataclass(frozen=True, slots=True)
class Overhead:
    """Our first token beside a bare read's, in milliseconds, pair by pair."""

    ours_ms: Sequence[float]
    bare_ms: Sequence[float]

    @property
    def added_ms(self) -> float:
        """Of the medians."""
        return median(self.ours_ms) - median(self.bare_ms)


@dataclass(frozen=True, slots=True)
class Pauses:
    """First tokens of the same question in milliseconds, pair by pair."""

    after_pause_ms: Sequence[float]
    """Asked when nobody had asked anything for a while."""
    at_once_ms: Sequence[float]
    """Asked again right after that."""

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return median(self.after_pause_ms) / median(self.at_once_ms)


@dataclass(frozen=True, slots=True)
class ColdStart:
    """A model that was unloaded, and how it came back; milliseconds."""

    load_ms: float
    recovered_in_ms: float
    """From asking for warmth until it is there: the load and the questions about it."""
    ttft_after_ms: float
    """First token of the first reply after it."""


def measure(settings: LlmSettings, key: str | None, plan: Plan, progress: Progress) -> Section:
    """The chosen provider, or the skills when it cannot answer."""
    return asyncio.run(_Bench(settings, key, plan, progress).section())


class _Bench:
    """One run, in one asyncio loop."""

    def __init__(
        self, settings: LlmSettings, key: str | None, plan: Plan, progress: Progress
    ) -> None:
        self._settings = settings
        self._key = key
        self._plan = plan
        self._progress = progress
        self._notes: list[str] = []

    async def section(self) -> Section:
        self._progress(f"Language model: is {self._settings.first_choice} there?")
        provider, reason = await answering(self._settings, self._key)
        try:
            return await self._measured(provider, reason)
        finally:
            await provider.close()

    async def _measured(self, provider: LlmProvider, reason: str) -> Section:
        subject = Subject(provider.engine)
        replies = await self._replies(provider)
        overhead = await self._overhead(provider)
        pauses = await self._pauses(provider)
        cold = await self._cold_start(provider)
        notes = [reason, *self._notes] if reason else self._notes
        tables = [_reply_table(subject, replies, notes)]
        if overhead:
            tables.append(_overhead_table(subject, overhead))
        if pauses:
            tables.append(_pause_table(subject, pauses, self._plan.pause_s))
        if cold:
            tables.append(_cold_table(subject, cold, replies))
        data = {
            "engine": subject.as_data(),
            "reason": reason,
            "notes": self._notes,
            "replies": [_reply_data(reply) for reply in replies],
            "ttft_ms": Summary.of([r.ttft_ms for r in replies]).as_data() if replies else None,
            "total_ms": Summary.of([r.total_ms for r in replies]).as_data() if replies else None,
            "overhead": _overhead_data(overhead) if overhead else None,
            "pauses": _pause_data(pauses, self._plan.pause_s) if pauses else None,
            "cold_start": _cold_data(cold) if cold else None,
        }
        budgets = []
        if overhead:
            basis = f"{subject.label}; {len(overhead.ours_ms)} pairs"
            budgets.append(Budget("llm_overhead", overhead.added_ms, basis))
        if pauses:
            basis = f"{subject.label}; {len(pauses.at_once_ms)} pauses of {self._plan.pause_s:g} s"
            budgets.append(Budget("ttft_after_pause", pauses.ratio, basis))
        measured = {budget.span for budget in budgets}
        why = reason or next(iter(self._notes), "The model is no server on this computer.")
        missing = [
            NotMeasured(span, why)
            for span in ("llm_overhead", "ttft_after_pause")
            if span not in measured
        ]
        return Section("llm", tables, data, budgets, missing)

    async def _replies(self, provider: LlmProvider) -> list[Reply]:
        """Every message once, warm; one that fails is left out and noted."""
        replies: list[Reply] = []
        try:
            await ask(provider, self._messages("Hello."))  # the prompt's prefix, once
        except ProviderError as exc:
            self._notes.append(f"The first reply failed: {exc}")
        for number, message in enumerate(MESSAGES, 1):
            self._progress(f"Language model: message {number} of {len(MESSAGES)}")
            try:
                replies.append(await ask(provider, self._messages(message)))
            except ProviderError as exc:
                self._notes.append(f"“{message}” failed: {exc}")
        return replies

    async def _overhead(self, provider: LlmProvider) -> Overhead | None:
        """Pairs of the same request, ours first and last in turn."""
        if not can_be_read(provider):
            return None
        self._progress("Language model: our overhead")
        messages = self._messages(OVERHEAD_QUESTION)
        ours: list[float] = []
        bare: list[float] = []
        try:
            request = await catch(self._settings, self._key, messages)
            async with BareReader(request) as reader:
                await reader.first_token_ms()  # opens the connection
                started = time.perf_counter()
                for pair in range(self._plan.pairs):
                    if pair >= 2 and time.perf_counter() - started > OVERHEAD_AT_MOST_S:
                        break
                    if pair % 2:
                        bare.append(await reader.first_token_ms())
                    ours.append((await ask(provider, messages)).ttft_ms)
                    if not pair % 2:
                        bare.append(await reader.first_token_ms())
        except ProviderError as exc:
            self._notes.append(f"The overhead was not measured: {exc}")
            return None
        return Overhead(ours, bare)

    async def _pauses(self, provider: LlmProvider) -> Pauses | None:
        """The same question after a pause, and again at once."""
        if not can_be_read(provider):
            return None
        messages = self._messages(OVERHEAD_QUESTION)
        after_pause: list[float] = []
        at_once: list[float] = []
        try:
            await ask(provider, messages)
            for number in range(1, PAUSES + 1):
                self._progress(f"Language model: pause {number} of {PAUSES}")
                await asyncio.sleep(self._plan.pause_s)
                after_pause.append((await ask(provider, messages)).ttft_ms)
                at_once.append((await ask(provider, messages)).ttft_ms)
        except ProviderError as exc:
            self._notes.append(f"The first token after a pause was not measured: {exc}")
            return None
        return Pauses(after_pause, at_once)

    async def _cold_start(self, provider: LlmProvider) -> ColdStart | None:
        """Unload the model, have it loaded again, and ask."""
        if not isinstance(provider, OllamaLlm) or not provider.engine.local:
            return None
        self._progress("Language model: one cold start")
        try:
            await self._unload(provider)
            started = time.perf_counter()
            warmth = await provider.ensure_warm()
            recovered_in_ms = (time.perf_counter() - started) * 1000
            after = await ask(provider, self._messages(MESSAGES[0]))
        except AssistantError as exc:
            self._notes.append(f"The cold start was not measured: {exc}")
            return None
        return ColdStart(warmth.load_ms, recovered_in_ms, after.ttft_ms)

    async def _unload(self, provider: OllamaLlm) -> None:
        """
        Raises:
            ProviderError: the server is gone, or keeps the model.
        """
        import httpx
        import ollama

        options = self._settings.ollama
        url = server_url(options.host)
        client = ollama.AsyncClient(url, **http_options(url))
        try:
            await client.generate(model=options.model, keep_alive=0)
        except (httpx.HTTPError, ollama.ResponseError, ConnectionError) as exc:
            raise ProviderBroke("Ollama did not let the model go.") from exc
        finally:
            await client.close()  # type: ignore[no-untyped-call]
        deadline = time.monotonic() + UNLOADED_WITHIN_S
        while (await provider.describe()).loaded:
            if time.monotonic() > deadline:
                raise ProviderBroke("Ollama keeps the model loaded for somebody else.")
            await asyncio.sleep(0.05)

    def _messages(self, question: str) -> list[Message]:
        """As the conversation sends the first question of a session."""
        prompt = Prompt(persona=self._settings.persona, mode=self._settings.mode)
        return list(prompt.ask(prompt.question(question)).messages)


async def answering(settings: LlmSettings, key: str | None) -> tuple[LlmProvider, str]:
    """The chosen provider, warm; or the skills, and the reason why."""
    provider = registry.build_llm(settings.first_choice, settings, key)
    try:
        if isinstance(provider, FindsPlace):
            await provider.find_place()
        if settings.local_only and not provider.engine.local:
            raise ProviderError(f"Not asked, because {STAY} is on.")
        await provider.ensure_warm()
    except ProviderError as exc:
        log.info("the skills stand in: %s", exc)
        await provider.close()
        skills = registry.build_llm("skills", settings, None)
        await skills.ensure_warm()
        return skills, f"{settings.first_choice}: {exc.title} The built-in skills stand in."
    return provider, ""


async def ask(provider: LlmProvider, messages: Sequence[Message]) -> Reply:
    """One reply, timed.

    Raises:
        ProviderError: it failed, or the reply was empty.
    """
    first_at: float | None = None
    characters = 0
    started = time.perf_counter()
    async for delta in provider.reply(messages, LANGUAGE):
        if first_at is None:
            first_at = time.perf_counter()
        characters += len(delta)
    ended = time.perf_counter()
    if first_at is None:
        raise ProviderBroke("The reply was empty.")
    first_ms, total_ms = (first_at - started) * 1000, (ended - started) * 1000
    return Reply(messages[-1].text, first_ms, total_ms, characters)


def _reply_table(subject: Subject, replies: Sequence[Reply], notes: Sequence[str]) -> Table:
    title = f"Language model, warm: {subject.label}"
    if not replies:
        return Table(title, (), (), [*notes, "No message was answered."])
    rows: list[tuple[str, float, float, float | None]] = [
        (reply.message, reply.ttft_ms, reply.total_ms, reply.characters) for reply in replies
    ]
    first = Summary.of([reply.ttft_ms for reply in replies])
    total = Summary.of([reply.total_ms for reply in replies])
    rows += [
        ("average", first.average, total.average, None),
        ("p50", first.p50, total.p50, None),
        ("p95", first.p95, total.p95, None),
        (
            "under 200 ms, %",
            100 * first.share_under_200_ms,
            100 * total.share_under_200_ms,
            None,
        ),
    ]
    return Table(title, ("message", "first token ms", "whole reply ms", "characters"), rows, notes)


def _overhead_table(subject: Subject, overhead: Overhead) -> Table:
    row = (median(overhead.ours_ms), median(overhead.bare_ms), overhead.added_ms)
    return Table(
        f"Language model, our overhead: {subject.label}",
        ("our first token ms", "bare httpx read ms", "added ms"),
        [row],
        [f"Medians of {len(overhead.ours_ms)} pairs of the same request, taken in turn."],
    )


def _pause_table(subject: Subject, pauses: Pauses, pause_s: float) -> Table:
    row = (median(pauses.after_pause_ms), median(pauses.at_once_ms), pauses.ratio)
    return Table(
        f"Language model, after a pause: {subject.label}",
        ("first token ms", "again at once ms", "ratio"),
        [row],
        [f"Medians of {len(pauses.at_once_ms)} pauses of {pause_s:g} s."],
    )


def _cold_table(subject: Subject, cold: ColdStart, replies: Sequence[Reply]) -> Table:
    warm = median([reply.ttft_ms for reply in replies]) if replies else None
    return Table(
        f"Language model, one cold start: {subject.label}",
        ("load ms", "recovered in ms", "first token after it ms", "first token warm ms"),
        [(cold.load_ms, cold.recovered_in_ms, cold.ttft_after_ms, warm)],
    )


def _reply_data(reply: Reply) -> Mapping[str, object]:
    return {
        "message": reply.message,
        "ttft_ms": reply.ttft_ms,
        "total_ms": reply.total_ms,
        "characters": reply.characters,
    }


def _overhead_data(overhead: Overhead) -> Mapping[str, object]:
    return {
        "ours_ms": list(overhead.ours_ms),
        "bare_ms": list(overhead.bare_ms),
        "ours_p50_ms": median(overhead.ours_ms),
        "bare_p50_ms": median(overhead.bare_ms),
        "added_ms": overhead.added_ms,
    }


def _pause_data(pauses: Pauses, pause_s: float) -> Mapping[str, object]:
    return {
        "pause_s": pause_s,
        "after_pause_ms": list(pauses.after_pause_ms),
        "at_once_ms": list(pauses.at_once_ms),
        "ratio": pauses.ratio,
    }


def _cold_data(cold: ColdStart) -> Mapping[str, object]:
    return {
        "load_ms": cold.load_ms,
        "recovered_in_ms": cold.recovered_in_ms,
        "ttft_after_ms": cold.ttft_after_ms,
    }
