"""The letters' numbers beside the library's own tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import ProviderUnavailable
from app.providers.tts.vits_tokens import VitsTokens
from tests.support.tiny_vits import make_tiny_vits


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_vits(tmp_path_factory.mktemp("voice"))


@pytest.mark.parametrize("text", ["a", "hello there", "don't stop-gap", "  Two  words ", ""])
def test_the_numbers_are_the_librarys(folder: Path, text: str) -> None:
    from transformers import VitsTokenizer

    library = VitsTokenizer.from_pretrained(folder)
    expected = library(" ".join(text.split())).input_ids if text else []
    assert list(VitsTokens(folder).numbers(text)) == expected


def test_a_voice_without_blanks(folder: Path, tmp_path: Path) -> None:
    for name in ("vocab.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    config = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config | {"add_blank": False}))
    vocabulary = json.loads((tmp_path / "vocab.json").read_text("utf-8"))
    assert list(VitsTokens(tmp_path).numbers("abc")) == [vocabulary[letter] for letter in "abc"]


def test_a_voice_of_phonemes_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_bytes((folder / "vocab.json").read_bytes())
    (tmp_path / "tokenizer_config.json").write_text('{"phonemize": true}')
    with pytest.raises(ProviderUnavailable, match="phonemes"):
        VitsTokens(tmp_path)
