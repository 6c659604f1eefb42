"""The built-in model, with a tiny one of the real architecture through the real libraries."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.ports import Fetchable, LlmProvider, Message, Prefills, ReportsUsage, Stage
from app.core.prompt import MODES
from app.errors import ProviderBroke, ProviderRefused, ProviderUnavailable
from app.providers import registry
from app.providers.hub_stream import PIECE_BYTES
from app.providers.llm import builtin_chat, builtin_files
from app.providers.llm.builtin import BuiltinLlm
from app.settings import BuiltinSettings, LlmSettings
from tests.providers.llm.replies import ask, collect, run
from tests.support.hub import Hub, serve_hub
from tests.support.tiny_chat_model import ANSWERS, make_tiny_chat_model, split_weights

NAME = "somebody/a-tiny-chat-model"
SYSTEM = Message("system", "Be brief.")
PARIS, COUNT, EMOJI = ANSWERS


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_chat_model(tmp_path_factory.mktemp("taught"))


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Never stops by itself."""
    return make_tiny_chat_model(tmp_path_factory.mktemp("endless"), trained=False, context=40_000)


def make(folder: Path | str, **options: Any) -> BuiltinLlm:
    wanted = {"context_tokens": 512, "max_tokens": 60, "temperature": 0, **options}
    return BuiltinLlm(BuiltinSettings(model=str(folder), **wanted))


def loaded(llm: BuiltinLlm) -> builtin_chat.ChatModel:
    assert llm._model.made is not None
    chat, _ = llm._model.made
    return chat


def model_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("builtin-model")]


# --- replies --------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ANSWERS)
def test_it_says_what_the_model_says_and_ends_where_it_ends(folder: Path, question: str) -> None:
    reply = ask(make(folder), (SYSTEM, Message("user", question)))
    assert reply.error is None
    assert reply.text == ANSWERS[question]
    assert len(reply.deltas) > 4, "it streams"
    assert "\ufffd" not in "".join(reply.deltas)


def test_words_come_while_the_rest_is_still_thought_of(endless: Path) -> None:
    llm = make(endless, context_tokens=40_000, max_tokens=20_000)

    async def first_three() -> list[str]:
        stream = aiter(llm.reply((Message("user", "hi"),), "en"))
        return [await anext(stream) for _ in range(3)]

    assert len(run(llm, first_three)) == 3


def test_the_question_is_answered_with_what_came_before_it(folder: Path) -> None:
    llm = make(folder)

    async def two_turns() -> str:
        first = (SYSTEM, Message("user", PARIS))
        answer = (await collect(llm, first)).text
        second = (*first, Message("assistant", answer), Message("user", COUNT))
        return (await collect(llm, second)).text

    assert run(llm, two_turns) == ANSWERS[COUNT]


def test_what_was_read_before_changes_no_answer(folder: Path) -> None:
    """The reused beginning gives the same text as a fresh model does."""
    conversations = [
        (SYSTEM, Message("user", PARIS)),
        (
            *(SYSTEM, Message("user", PARIS), Message("assistant", ANSWERS[PARIS])),
            Message("user", COUNT),
        ),
        (SYSTEM, Message("user", COUNT)),
        (Message("user", EMOJI),),
        (Message("user", EMOJI),),
    ]
    used = make(folder)

    async def one_after_another() -> list[str]:
        return [(await collect(used, messages)).text for messages in conversations]

    assert run(used, one_after_another) == [ask(make(folder), m).text for m in conversations]


def test_only_what_is_new_of_a_conversation_is_read(folder: Path) -> None:
    import torch

    llm = make(folder)
    first = (SYSTEM, Message("user", PARIS))
    second = (*first, Message("assistant", ANSWERS[PARIS]), Message("user", COUNT))
    read: list[int] = []

    def watch(_module: object, args: tuple[torch.Tensor, ...]) -> None:
        read.append(args[0].shape[-1])

    async def watched() -> None:
        await collect(llm, first)
        loaded(llm)._model.get_input_embeddings().register_forward_pre_hook(watch)
        await collect(llm, second)

    run(llm, watched)
    assert llm.usage is not None
    assert read[0] < llm.usage.prompt_tokens / 2
    assert set(read[1:]) == {1}


def test_usage_is_what_the_models_own_tokenizer_counts(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    llm = make(folder)
    assert isinstance(llm, ReportsUsage)
    ask(llm, (Message("user", PARIS),))
    assert llm.usage is not None
    chat = [{"role": "user", "content": PARIS}]
    assert llm.usage.prompt_tokens == len(
        tokenizer.apply_chat_template(chat, add_generation_prompt=True)
    )
    assert llm.usage.reply_tokens == len(tokenizer(ANSWERS[PARIS]).input_ids) + 1


def test_the_longest_reply_is_kept_and_the_cut_is_shown(folder: Path) -> None:
    reply = ask(make(folder, max_tokens=4), (SYSTEM, Message("user", PARIS)))
    assert reply.text.endswith("…")
    assert ANSWERS[PARIS].startswith(reply.text.removesuffix("…"))


def test_a_note_reaches_the_model(folder: Path) -> None:
    llm = make(folder)
    ask(llm, (Message("user", PARIS),))
    without = llm.usage
    ask(llm, (Message("user", PARIS, "(Answer in French.)"),))
    assert llm.usage is not None
    assert without is not None
    assert llm.usage.prompt_tokens > without.prompt_tokens


def test_a_temperature_is_taken(folder: Path) -> None:
    assert ask(make(folder, temperature=0.6), (SYSTEM, Message("user", PARIS))).text


def test_a_conversation_beyond_the_context_is_refused(folder: Path) -> None:
    reply = ask(make(folder), (Message("user", "word " * 600),))
    assert type(reply.error) is ProviderRefused
    assert "too long" in reply.error.title


def test_the_context_the_model_was_made_for_counts(folder: Path) -> None:
    reply = ask(make(folder, context_tokens=100_000), (Message("user", "word " * 600),))
    assert type(reply.error) is ProviderRefused


def test_a_failure_of_the_library_is_said_in_words(folder: Path) -> None:
    llm = make(folder)

    async def broken() -> Any:
        await llm.ensure_warm()
        loaded(llm)._model.lm_head = None  # as good as a device that went away

        def fail(*args: object, **kwargs: object) -> None:
            raise RuntimeError("CUDA error: device lost")

        loaded(llm)._model.forward = fail
        return (await collect(llm, (Message("user", PARIS),))).error

    assert type(run(llm, broken)) is ProviderBroke


# --- reading ahead --------------------------------------------------------------------------

EARLIER = (SYSTEM, Message("user", PARIS), Message("assistant", ANSWERS[PARIS]))
LONG = (*EARLIER, Message("user", COUNT))


HI = (Message("user", "Hi"),)
"""What the model reads when it is loaded, to warm up."""


async def cost(llm: BuiltinLlm, messages: tuple[Message, ...]) -> tuple[str, int]:
    """The reply, and how many tokens the model evaluated for it."""
    chat = loaded(llm)
    before = chat.evaluated
    text = (await collect(llm, messages)).text
    return text, chat.evaluated - before


def prompt_and_reply(llm: BuiltinLlm) -> int:
    assert llm.usage is not None
    # the prompt's last token comes with the first of the reply, whose own last is never read
    return llm.usage.prompt_tokens + llm.usage.reply_tokens - 1


@pytest.mark.parametrize(
    "ahead",
    [
        EARLIER,  # at the key's press: the conversation so far
        (*EARLIER, Message("user", COUNT[:10])),  # while words come
        LONG,  # when they were all there before the key came up
        (Message("user", EMOJI),),  # another conversation altogether
    ],
)
def test_a_reply_after_reading_ahead_is_the_same_and_reads_less(
    folder: Path, ahead: tuple[Message, ...]
) -> None:
    llm = make(folder)

    async def fresh_and_ahead() -> tuple[tuple[str, int], tuple[str, int]]:
        await llm.ensure_warm()
        fresh = await cost(llm, LONG)
        await llm.close()
        await llm.ensure_warm()
        usage = llm.usage
        await llm.prefill(ahead, "en")
        assert llm.usage == usage, "no reply was made"
        return fresh, await cost(llm, LONG)

    (fresh, all_tokens), (after, tokens) = run(llm, fresh_and_ahead)
    assert after == fresh == ANSWERS[COUNT]
    assert all_tokens == prompt_and_reply(llm) - _in_common(folder, HI, LONG)
    assert tokens == prompt_and_reply(llm) - _in_common(folder, ahead, LONG)


def _in_common(folder: Path, one: tuple[Message, ...], other: tuple[Message, ...]) -> int:
    """How many tokens two prompts begin with together, the last of the second left out."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    ours, theirs = (
        tokenizer.apply_chat_template(
            [{"role": m.role, "content": m.text} for m in messages], add_generation_prompt=True
        )[:-1]
        for messages in (one, other)
    )
    same = 0
    while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
        same += 1
    assert same > 0
    return same


def test_reading_ahead_loads_nothing_and_refuses_nothing(folder: Path) -> None:
    llm = make(folder)
    assert isinstance(llm, Prefills)

    async def ahead() -> None:
        await llm.prefill(LONG, "en")
        assert llm._model.made is None
        await llm.ensure_warm()
        await llm.prefill((Message("user", "word " * 600),), "en")

    run(llm, ahead)


def test_what_was_read_until_it_was_cancelled_is_kept(
    endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(builtin_chat.PIECE_TOKENS, "cpu", 8)
    llm = make(endless, context_tokens=40_000, max_tokens=2)
    question = (Message("user", "a long story " * 300),)

    async def cancel_and_ask() -> tuple[int, int]:
        await llm.ensure_warm()
        chat = loaded(llm)
        before = chat.evaluated
        ahead = asyncio.create_task(llm.prefill(question, "en"))
        while chat.evaluated - before < 100:
            await asyncio.sleep(0.001)
        ahead.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ahead
        assert llm._thread is not None
        read = await asyncio.wrap_future(llm._thread.submit(lambda: chat.evaluated - before))
        _, rest = await cost(llm, question)
        return read, rest

    read, rest = run(llm, cancel_and_ask)
    assert read + rest == prompt_and_reply(llm) - _in_common(endless, HI, question)
    assert 100 <= read < rest


def test_a_question_that_is_dropped_while_it_is_read_holds_up_nobody(
    endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(builtin_chat.PIECE_TOKENS, "cpu", 8)
    llm = make(endless, context_tokens=40_000, max_tokens=2)
    question = (Message("user", "a long story " * 300),)

    async def drop() -> tuple[int, int]:
        await llm.ensure_warm()
        chat = loaded(llm)
        before = chat.evaluated
        asking = asyncio.create_task(collect(llm, question))
        while chat.evaluated - before < 100:
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert llm._thread is not None
        read = await asyncio.wrap_future(llm._thread.submit(lambda: chat.evaluated - before))
        return read, (await cost(llm, question))[1]

    read, rest = run(llm, drop)
    assert read + rest == prompt_and_reply(llm) - _in_common(endless, HI, question)
    assert read < rest


# --- stopping -------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["cancel", "close"])
def test_stopping_a_reply_ends_the_generation(endless: Path, how: str) -> None:
    llm = make(endless, context_tokens=40_000, max_tokens=30_000)

    async def stop_and_ask_again() -> bool:
        heard = asyncio.Event()

        async def listen() -> None:
            async for _ in llm.reply((Message("user", "hi"),), "en"):
                heard.set()

        if how == "cancel":
            task = asyncio.create_task(listen())
            await asyncio.wait_for(heard.wait(), 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        else:
            stream = llm.reply((Message("user", "hi"),), "en")
            await anext(stream)
            await stream.aclose()  # type: ignore[attr-defined]
        # the one thread of the model is free again long before 30,000 tokens
        assert llm._thread is not None
        await asyncio.wait_for(asyncio.wrap_future(llm._thread.submit(lambda: None)), 5)
        return True

    assert run(llm, stop_and_ask_again)
    assert not model_threads()


def test_closing_in_the_middle_ends_the_reply_and_the_thread(endless: Path) -> None:
    llm = make(endless, context_tokens=40_000, max_tokens=30_000)

    async def close_in_the_middle() -> None:
        stream = llm.reply((Message("user", "hi"),), "en")
        await anext(stream)
        await asyncio.wait_for(llm.close(), 5)

    asyncio.run(close_in_the_middle())
    assert not model_threads()


# --- loading --------------------------------------------------------------------------------


def test_it_is_loaded_when_warmth_is_asked_for_and_once(folder: Path) -> None:
    llm = make(folder)
    assert not model_threads()

    async def twice_at_once() -> list[bool]:
        found = await asyncio.gather(llm.ensure_warm(), llm.ensure_warm())
        return [warmth.was_warm for warmth in found]

    assert run(llm, twice_at_once) == [False, False], "both waited for the one load"
    assert not model_threads()


@pytest.mark.parametrize("who", ["warm-up", "reply"])
def test_who_is_cancelled_during_the_load_leaves_it_going_for_the_next(
    folder: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """On a slow computer a load takes longer than people are patient: begun anew each time, it
    would never be done."""
    begun, go_on, loads = threading.Event(), threading.Event(), []
    find = builtin_files.find

    def slow(name: str, models_dir: Path | None) -> Path | None:
        loads.append(name)
        begun.set()
        assert go_on.wait(30)
        return find(name, models_dir)

    monkeypatch.setattr(builtin_files, "find", slow)
    llm = make(folder)
    question = (SYSTEM, Message("user", COUNT))

    async def give_up_and_ask_again() -> str:
        first: asyncio.Task[Any] = asyncio.create_task(
            llm.ensure_warm() if who == "warm-up" else collect(llm, question)
        )
        await asyncio.to_thread(begun.wait, 30)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(collect(llm, question))
        await asyncio.sleep(0.05)
        assert not second.done()
        go_on.set()
        return (await second).text

    assert run(llm, give_up_and_ask_again) == ANSWERS[COUNT]
    assert len(loads) == 1


def test_after_closing_it_can_live_in_another_loop(folder: Path) -> None:
    llm = make(folder)
    question = (SYSTEM, Message("user", COUNT))
    assert [ask(llm, question).text, ask(llm, question).text] == [ANSWERS[COUNT]] * 2
    asyncio.run(llm.close())


def test_a_model_that_is_not_here_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    llm = BuiltinLlm(BuiltinSettings(model=NAME), tmp_path)
    with pytest.raises(ProviderUnavailable, match=NAME) as caught:
        run(llm, llm.ensure_warm)
    assert "parley fetch llm" in caught.value.hint
    assert type(ask(llm).error) is ProviderUnavailable


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "nonsense"])
def test_damaged_files_are_told(copy: Path, name: str, damage: str) -> None:
    file = copy / name
    match damage:
        case "missing":
            file.unlink()
        case "cut":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "nonsense":
            file.write_bytes(b"<html>404</html>")
    llm = make(copy)
    with pytest.raises(ProviderUnavailable):
        run(llm, llm.ensure_warm)


def test_missing_weights_are_not_filled_with_noise(copy: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    weights.pop("model.layers.1.mlp.up_proj.weight")
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    llm = make(copy)
    with pytest.raises(ProviderUnavailable, match="lacks 1 weights"):
        run(llm, llm.ensure_warm)


def test_a_model_without_a_chat_template_is_none_for_us(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    llm = make(copy)
    with pytest.raises(ProviderUnavailable, match="conversations"):
        run(llm, llm.ensure_warm)


def test_the_registry_builds_it_with_the_modes_length(folder: Path) -> None:
    settings = LlmSettings.model_validate({"mode": "fast", "builtin": {"model": str(folder)}})
    llm: LlmProvider = registry.build_llm("builtin", settings, None, Path("/nowhere"))
    assert isinstance(llm, BuiltinLlm)
    assert llm._options.max_tokens == MODES["fast"].max_tokens
    assert (llm.engine.stage, llm.engine.name, llm.engine.local) == (Stage.LLM, "builtin", True)
    assert not llm.engine.stand_in


# --- getting the model ----------------------------------------------------------------------


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve_hub(monkeypatch) as hub:
        yield hub


@pytest.mark.parametrize("in_one_file", [True, False])
def test_a_model_is_downloaded_found_and_answers(
    hub: Hub, copy: Path, tmp_path: Path, in_one_file: bool
) -> None:
    if not in_one_file:
        split_weights(copy)
    (copy / "pytorch_model.bin").write_bytes(b"the same weights again")
    hub.models[NAME] = copy
    llm = BuiltinLlm(
        BuiltinSettings(model=NAME, context_tokens=512, max_tokens=60, temperature=0), tmp_path
    )
    assert isinstance(llm, Fetchable)
    lines: list[str] = []
    llm.fetch(lines.append)
    assert lines[0].startswith("Downloading a-tiny-chat-model")
    assert not any("pytorch_model.bin" in request for request, _ in hub.requests)
    assert ask(llm, (SYSTEM, Message("user", PARIS))).text == ANSWERS[PARIS]


def test_an_interrupted_download_goes_on_where_it_stopped(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    hub.models[NAME] = folder
    hub.cut_after = 100_000
    with pytest.raises(ProviderUnavailable):
        builtin_files.fetch(NAME, tmp_path, lambda line: None)
    assert builtin_files.find(NAME, tmp_path) is None
    hub.cut_after = None
    hub.requests.clear()
    builtin_files.fetch(NAME, tmp_path, lambda line: None)
    (wanted,) = [
        wanted for request, wanted in hub.requests
        if request.startswith("GET") and request.endswith("model.safetensors")
    ]  # fmt: skip
    assert wanted == f"bytes={PIECE_BYTES}-", "what came in whole pieces is kept"
    assert builtin_files.find(NAME, tmp_path) == builtin_files.home(NAME, tmp_path)


def test_a_download_that_came_damaged_is_not_taken(hub: Hub, copy: Path, tmp_path: Path) -> None:
    weights = copy / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    hub.models[NAME] = copy
    with pytest.raises(ProviderUnavailable, match=r"model\.safetensors"):
        builtin_files.fetch(NAME, tmp_path, lambda line: None)
    assert builtin_files.find(NAME, tmp_path) is None


def test_a_name_that_nobody_has_and_one_that_is_no_chat_model(hub: Hub, tmp_path: Path) -> None:
    empty = tmp_path / "published"
    empty.mkdir()
    (empty / "config.json").write_text(json.dumps({"model_type": "bert"}))
    hub.models["somebody/no-chat"] = empty
    with pytest.raises(ProviderUnavailable, match="no language model named"):
        builtin_files.fetch("nobody/nothing", tmp_path, lambda line: None)
    with pytest.raises(ProviderUnavailable, match="holds no language model"):
        builtin_files.fetch("somebody/no-chat", tmp_path, lambda line: None)
