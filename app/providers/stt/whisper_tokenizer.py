"""The tokenizer of a Whisper checkpoint, from its files.

Newer checkpoints hold one whole `tokenizer.json`, older ones its parts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer

FILE = "tokenizer.json"
CONFIG = "tokenizer_config.json"

SINGLE = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
MANY = "additional_special_tokens"

END_OF_TEXT = "<|endoftext|>"
DEFAULTS = {"bos_token": END_OF_TEXT, "eos_token": END_OF_TEXT, "unk_token": END_OF_TEXT}
"""What a configuration may leave out."""

NO_LANGUAGE = frozenset(
    {
        END_OF_TEXT,
        "<|startoftranscript|>",
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nocaptions|>",
        "<|notimestamps|>",
    }
)
"""The special tokens of Whisper's paper; CTranslate2 takes all others for languages."""

TIMESTAMP_S = 0.02
"""From one timestamp token to the next: what one position of the encoder hears."""


class WhisperTokenizer:
    """A tokenizer and which of its tokens are special.

    Raises:
        OSError: a file is missing.
        Exception: a file is damaged: what json and tokenizers raise.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._config = _json(checkpoint / CONFIG)
        if "added_tokens_decoder" not in self._config:
            special = _json(checkpoint / "special_tokens_map.json")
            both = [*_contents(self._config.get(MANY)), *_contents(special.get(MANY))]
            self._config = {**self._config, **special, MANY: list(dict.fromkeys(both))}
        self._config = {**DEFAULTS, **self._config}
        whole = checkpoint / FILE
        self._tokenizer = _whole(whole) if whole.is_file() else _from_parts(checkpoint)
        self._tokenizer.add_tokens(list(self._missing(_json(checkpoint / "added_tokens.json"))))

    def save(self, folder: Path) -> None:
        self._tokenizer.save(str(folder / FILE))

    def tokens(self, size: int) -> list[str]:
        """The text of each token of a model with this many; timestamps follow the tokenizer's."""
        known = self._tokenizer.get_vocab(with_added_tokens=True)
        tokens = sorted(known, key=known.__getitem__)[:size]
        rest = range(size - len(tokens))
        return [*tokens, *(f"<|{index * TIMESTAMP_S:.2f}|>" for index in rest)]

    def languages(self) -> list[int]:
        """The special tokens that CTranslate2 takes for languages, for a checkpoint that does
        not say which are."""
        names = [name for name in _contents(self._config.get(MANY)) if name not in NO_LANGUAGE]
        numbers = [self._tokenizer.token_to_id(name) for name in names]
        return [number for number in numbers if number is not None]

    def _missing(self, numbers: Mapping[str, int]) -> Iterator[AddedToken]:
        """Tokens that only the files beside the tokenizer tell of, in the order of their numbers.

        Args:
            numbers: of the added tokens, in older checkpoints.
        """
        from tokenizers import AddedToken

        # the library compares tokens by their text alone
        known = {repr(token) for token in self._tokenizer.get_added_tokens_decoder().values()}
        names = {token.content for token in self._tokenizer.get_added_tokens_decoder().values()}
        special = [name for key in SINGLE for name in _contents(self._config.get(key))]
        special += _contents(self._config.get(MANY))
        added: dict[int, AddedToken] = {
            int(number): AddedToken(**token)
            for number, token in self._config.get("added_tokens_decoder", {}).items()
        } or {
            number: AddedToken(name, normalized=name not in special, special=name in special)
            for name, number in numbers.items()
            if name not in names
        }
        for _, token in sorted(added.items()):
            if repr(token) not in known:
                token.special = token.special or token.content in special
                names.add(token.content)
                yield token
        for name in special:
            if name not in names:
                names.add(name)
                yield AddedToken(name, normalized=False, special=True)


def _whole(path: Path) -> Tokenizer:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(path))


def _from_parts(checkpoint: Path) -> Tokenizer:
    """A byte-level BPE, as all Whispers have it.

    Without the template that puts special tokens around a text: Whisper's prompts are put
    together token by token.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = json.loads((checkpoint / "vocab.json").read_text("utf-8"))
    lines = (checkpoint / "merges.txt").read_text("utf-8").split("\n")[1:-1]
    merges = [(left, right) for left, right in (line.split() for line in lines)]
    tokenizer = Tokenizer(
        models.BPE(
            vocab=vocabulary,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix="",
            fuse_unk=False,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _contents(tokens: Any) -> list[str]:
    """The text of tokens, which come as text or with their properties, one or many or none."""
    if tokens is None:
        return []
    many = tokens if isinstance(tokens, list) else [tokens]
    return [each["content"] if isinstance(each, dict) else each for each in many]


def _json(path: Path) -> dict[str, Any]:
    """Empty when there is no such file."""
    if not path.is_file():
        return {}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
