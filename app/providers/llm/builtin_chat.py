"""A chat model in this process, loaded by transformers and run by torch. Used by one thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.core.ports import Message, Usage
from app.errors import ProviderRefused, ProviderUnavailable
from app.providers.llm import builtin_files
from app.settings import BuiltinSettings

PIECE_TOKENS = {"cpu": 128, "cuda": 512}
"""How much of a prompt is read between two looks at whether it is still wanted. Smaller pieces
are slower: with the default model's shape, on two busy cores, 226 tokens took 0.70 s in pieces of
64, 0.60 s in these, and 0.52 s at once."""


class ChatModel:
    """A loaded model and what it has read of the conversation.

    The keys and values of everything it has read are kept, so a prompt that begins as the last
    one (with its reply) costs only what is new in it.

    Attributes:
        evaluated: how many tokens it has computed so far, of prompts and of replies.

    Raises:
        ProviderUnavailable: a library or a file is missing or damaged.
    """

    def __init__(self, folder: Path, options: BuiltinSettings) -> None:
        builtin_files.check(folder)
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as exc:
            raise builtin_files.no_libraries() from exc
        self.device = options.device
        if options.device == "auto":
            self.device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = "auto" if self.device == "cuda" else _quicker_on_this_cpu()
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            model, found = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, dtype=dtype, output_loading_info=True
            )
            self._model: Any = model.to(self.device).eval()
        # libraries read a stranger's files here and raise whatever their parsers raise
        except Exception as exc:
            raise ProviderUnavailable(
                f"The language model in {folder} cannot be loaded.",
                "Download it again, or choose another model in Parley's settings, under Models.",
            ) from exc
        # transformers fills missing weights with noise and only warns
        if found["missing_keys"]:
            raise ProviderUnavailable(
                f"The language model in {folder} lacks {len(found['missing_keys'])} weights.",
                "Download it again, or choose another model in Parley's settings, under Models.",
            )
        if not self._tokenizer.chat_template:
            raise ProviderUnavailable(
                f"The language model in {folder} was not made for conversations.",
                "Choose one whose name ends in “Instruct” or “Chat”.",
            )
        self._options = options
        self._context = min(
            options.context_tokens,
            getattr(model.config, "max_position_embeddings", None) or options.context_tokens,
        )
        self._read: list[int] = []
        self._cache: Any = None
        self.evaluated = 0

    def warm_up(self) -> None:
        """Run once, so that the first question finds everything allocated."""
        self.reply([Message("user", "Hi")], _drop, threading.Event(), longest=1)

    def reply(
        self,
        messages: Sequence[Message],
        say: Callable[[str], None],
        stop: threading.Event,
        longest: int | None = None,
    ) -> tuple[Usage, bool]:
        """Generate a reply and say it as it comes; blocks.

        Args:
            say: takes each piece of text.
            stop: ends the reply at the next token when it is set, from any thread.

        Returns:
            What it took, and whether the reply was cut at its longest.

        Raises:
            ProviderRefused: the prompt and a reply do not fit the context.
            RuntimeError: torch failed: out of memory, or a device that went away.
        """
        import torch
        from transformers import StoppingCriteriaList

        prompt = self._encode(messages)
        longest = longest or self._options.max_tokens
        if len(prompt) + longest > self._context:
            raise ProviderRefused(
                f"The question is too long for {self._options.model}.", "Ask a shorter one."
            )
        # the last token's turn comes with the first of the reply, which is chosen by it
        if not self._take_in(prompt[:-1], stop):
            return Usage(len(prompt), 0), False
        cache, self._cache = self._cache, None  # not known for sure until this one has ended
        self._read = []
        ids = torch.tensor([prompt], device=self.device)
        options: dict[str, Any] = {"do_sample": False, "temperature": None, "top_p": None}
        if self._options.temperature:
            options = {"do_sample": True, "temperature": self._options.temperature, "top_p": 0.9}
        with torch.inference_mode():
            done = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=cache,
                max_new_tokens=longest,
                streamer=_streamer(self._tokenizer, say),
                stopping_criteria=StoppingCriteriaList([_stop_when(stop)]),
                pad_token_id=self._tokenizer.pad_token_id or 0,
                top_k=None,
                **options,
            )
        tokens: list[int] = done[0].tolist()
        # the last token was chosen, not read
        self._read, self._cache = tokens[: cache.get_seq_length()], cache
        self.evaluated += len(self._read) - len(prompt) + 1
        written = len(tokens) - len(prompt)
        cut = written >= longest and not self._ends(tokens[-1])
        return Usage(len(prompt), written), cut

    def prefill(self, messages: Sequence[Message], stop: threading.Event) -> None:
        """Read a prompt as far as a reply to it would, and keep that; blocks.

        What was read when `stop` is set is kept too.

        Raises:
            RuntimeError: torch failed: out of memory, or a device that went away.
        """
        prompt = self._encode(messages)
        if len(prompt) < self._context:  # a longer one will be refused
            self._take_in(prompt[:-1], stop)

    def _take_in(self, tokens: Sequence[int], stop: threading.Event) -> bool:
        """Have exactly the beginning of these tokens in the cache, all of them unless stopped;
        whether it is all of them."""
        if stop.is_set():  # waited in vain, and must not cost others what was read for them
            return False
        import torch

        cache = self._known_of(tokens)
        known: int = cache.get_seq_length()
        self._read, self._cache = [], None  # as long as the library may fail in the middle
        size = PIECE_TOKENS[self.device]
        with torch.inference_mode():
            while known < len(tokens) and not stop.is_set():
                piece = tokens[known : known + size]
                # without the head, whose choice of a next word nobody wants here
                self._model.base_model(
                    torch.tensor([piece], device=self.device),
                    past_key_values=cache,
                    use_cache=True,
                )
                known += len(piece)
                self.evaluated += len(piece)
        self._read, self._cache = list(tokens[:known]), cache
        return known == len(tokens)

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        chat = [{"role": message.role, "content": message.for_model} for message in messages]
        return list(
            self._tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=True)
        )

    def _known_of(self, tokens: Sequence[int]) -> Any:
        """The cache, cut to what it has in common with these tokens."""
        from transformers import DynamicCache

        same = 0
        for ours, theirs in zip(tokens, self._read, strict=False):
            if ours != theirs:
                break
            same += 1
        if self._cache is None or not same:
            return DynamicCache(config=self._model.config)
        try:
            self._cache.crop(same)
        except ValueError:  # a model that forgets what lies further back cannot be set back
            return DynamicCache(config=self._model.config)
        return self._cache

    def _ends(self, token: int) -> bool:
        ends = self._model.generation_config.eos_token_id
        return token in (ends if isinstance(ends, list) else [ends])


def _quicker_on_this_cpu() -> Any:
    """The numbers to compute with: tried, because it depends on the CPU, and by a lot.

    With AVX-512 BF16 a model of 0.5 billion parameters made a token in 0.06 s with 16-bit numbers
    and in 0.2 s with 32-bit ones (two cores); a CPU without it is slower with the 16-bit ones.
    """
    import torch

    def seconds(dtype: Any) -> float:
        weights = torch.ones(1024, 1024, dtype=dtype)
        best = float("inf")
        for _ in range(5):
            started = time.perf_counter()
            for rows in (1, 1, 1, 1, 32):  # a token, and a piece of a prompt
                torch.nn.functional.linear(torch.ones(rows, 1024, dtype=dtype), weights)
            best = min(best, time.perf_counter() - started)
        return best

    with torch.inference_mode():
        return min((torch.float32, torch.bfloat16), key=seconds)


def _streamer(tokenizer: Any, say: Callable[[str], None]) -> Any:
    from transformers.generation.streamers import BaseStreamer

    class Streamer(BaseStreamer):  # type: ignore[misc]
        """Says each token at once; those that are half a character wait for the other half."""

        def __init__(self) -> None:
            self._tokens: list[int] | None = None  # None until the prompt has gone by
            self._said = 0

        def put(self, value: Any) -> None:
            if self._tokens is None:
                self._tokens = []
                return
            self._tokens.extend(value.tolist())
            self._say_all_but("\ufffd")

        def end(self) -> None:
            self._say_all_but("")

        def _say_all_but(self, unfinished: str) -> None:
            # the whole reply anew, because a token's text may depend on those before it
            text = tokenizer.decode(
                self._tokens or [],
                skip_special_tokens=True,
                # Cleaning up would take back a space that is said already.
                clean_up_tokenization_spaces=False,
            )
            if len(text) > self._said and not (unfinished and text.endswith(unfinished)):
                say(text[self._said :])
                self._said = len(text)

    return Streamer()


def _stop_when(stop: threading.Event) -> Any:
    import torch
    from transformers import StoppingCriteria

    class Stopped(StoppingCriteria):  # type: ignore[misc]
        def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
            del scores, kwargs
            return torch.full((input_ids.shape[0],), stop.is_set(), device=input_ids.device)

    return Stopped()


def _drop(text: str) -> None:
    """For words that nobody is to hear."""
