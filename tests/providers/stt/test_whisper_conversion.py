"""Our conversion of Whisper checkpoints beside that of CTranslate2 with transformers and torch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.providers.stt import whisper_conversion
from tests.support.tiny_whisper import make_checkpoint

Change = Callable[[Path], None]


@pytest.fixture(scope="module")
def multilingual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("whisper"), taught=False)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("english"), taught=False, english_only=True)


@pytest.fixture
def checkpoint(multilingual: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(multilingual, tmp_path / "checkpoint"))


def ours(checkpoint: Path, quantization: str = "float16") -> Mapping[str, bytes]:
    """The files of the converted model, by name."""
    folder = checkpoint.parent / f"ours-{quantization}"
    folder.mkdir()
    for _ in whisper_conversion.convert(checkpoint, folder, quantization):
        pass
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def theirs(checkpoint: Path, quantization: str = "float16") -> Mapping[str, bytes]:
    """The same, made by the libraries."""
    from ctranslate2.converters import TransformersConverter
    from transformers import AutoTokenizer

    folder = checkpoint.parent / f"theirs-{quantization}"
    TransformersConverter(str(checkpoint), copy_files=["preprocessor_config.json"]).convert(
        str(folder), quantization=quantization
    )
    tokenizer = AutoTokenizer.from_pretrained(str(checkpoint)).backend_tokenizer
    tokenizer.save(str(folder / "tokenizer.json"))
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def assert_same(checkpoint: Path, quantization: str = "float16") -> None:
    expected = theirs(checkpoint, quantization)
    made = ours(checkpoint, quantization)
    assert set(made) == set(expected)
    assert [name for name in expected if made[name] != expected[name]] == []


def edit(file: Path, **entries: Any) -> None:
    """Set entries of a JSON file; None takes one out."""
    content = {**json.loads(file.read_text("utf-8")), **entries}
    file.write_text(json.dumps({key: each for key, each in content.items() if each is not None}))


def convert_weights(checkpoint: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    from safetensors.torch import load_file, save_file

    file = checkpoint / "model.safetensors"
    save_file(change(load_file(file)), file, metadata={"format": "pt"})


@pytest.mark.parametrize("quantization", ["float32", "float16", "int8"])
def test_the_files_are_the_same_to_the_byte(checkpoint: Path, quantization: str) -> None:
    assert_same(checkpoint, quantization)


def test_so_are_those_of_an_english_one(english: Path, tmp_path: Path) -> None:
    assert_same(Path(shutil.copytree(english, tmp_path / "checkpoint")))


@pytest.mark.parametrize("quantization", ["float32", "float16", "int8"])
def test_so_are_those_from_a_pickle(checkpoint: Path, quantization: str) -> None:
    import torch
    from safetensors.torch import load_file

    weights = checkpoint / "model.safetensors"
    torch.save(load_file(weights), checkpoint / "pytorch_model.bin")
    weights.unlink()
    assert_same(checkpoint, quantization)


@pytest.mark.parametrize("numbers", ["float16", "bfloat16"])
def test_so_are_those_from_smaller_numbers(checkpoint: Path, numbers: str) -> None:
    import torch

    dtype = getattr(torch, numbers)
    convert_weights(checkpoint, lambda old: {name: each.to(dtype) for name, each in old.items()})
    edit(checkpoint / "config.json", dtype=numbers)
    assert_same(checkpoint)


def test_so_are_those_of_a_model_without_its_head(checkpoint: Path) -> None:
    convert_weights(
        checkpoint,
        lambda old: {name.removeprefix("model."): each for name, each in old.items()},
    )
    assert_same(checkpoint)


def with_its_own_heads(checkpoint: Path) -> None:
    edit(
        checkpoint / "generation_config.json",
        _from_model_config=None,
        alignment_heads=[[0, 1], [1, 0]],
        suppress_tokens=[1, 2, 7],
    )


def told_by_the_model(checkpoint: Path) -> None:
    (checkpoint / "generation_config.json").unlink()
    edit(checkpoint / "config.json", suppress_tokens=[3, 5])


def without_a_tokenizer_configuration(checkpoint: Path) -> None:
    (checkpoint / "tokenizer_config.json").unlink()


def with_one_more_token(checkpoint: Path) -> None:
    """A token that only the configuration beside the tokenizer knows."""
    file = checkpoint / "tokenizer_config.json"
    added = json.loads(file.read_text("utf-8"))["added_tokens_decoder"]
    number = max(map(int, added)) + 1
    last = next(iter(added.values()))
    edit(file, added_tokens_decoder={**added, str(number): {**last, "content": "<|0.00|>"}})


@pytest.mark.parametrize(
    "change",
    [
        with_its_own_heads,
        told_by_the_model,
        without_a_tokenizer_configuration,
        with_one_more_token,
    ],
)
def test_every_place_of_a_setting_is_looked_at(checkpoint: Path, change: Change) -> None:
    before = ours(checkpoint)
    shutil.rmtree(checkpoint.parent / "ours-float16")
    change(checkpoint)
    assert_same(checkpoint)
    if change is not without_a_tokenizer_configuration:
        shutil.rmtree(checkpoint.parent / "ours-float16")
        assert ours(checkpoint) != before, "the change matters"


def only_parts(checkpoint: Path) -> None:
    (checkpoint / "tokenizer.json").unlink()


def only_older_parts(checkpoint: Path) -> None:
    """As they were before the configuration listed the added tokens."""
    only_parts(checkpoint)
    file = checkpoint / "tokenizer_config.json"
    edit(file, added_tokens_decoder=None, additional_special_tokens=None)


@pytest.mark.parametrize("change", [only_parts, only_older_parts])
@pytest.mark.parametrize("kind", ["multilingual", "english"])
def test_an_older_tokenizer_is_put_together(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str, change: Change
) -> None:
    source: Path = request.getfixturevalue(kind)
    checkpoint = Path(shutil.copytree(source, tmp_path / "checkpoint"))
    change(checkpoint)
    expected, made = dict(theirs(checkpoint)), dict(ours(checkpoint))
    wanted = json.loads(expected.pop("tokenizer.json"))
    tokenizer = json.loads(made.pop("tokenizer.json"))
    assert made == expected
    # prompts are put together token by token: there is no template
    assert tokenizer == {**wanted, "post_processor": None}


def test_a_missing_weight_is_not_filled_with_noise(checkpoint: Path) -> None:
    name = "model.decoder.layers.1.fc1.weight"
    convert_weights(checkpoint, lambda old: {k: each for k, each in old.items() if k != name})
    with pytest.raises(KeyError, match=name):
        ours(checkpoint)


def test_a_weight_of_another_shape_is_refused(checkpoint: Path) -> None:
    edit(checkpoint / "config.json", encoder_ffn_dim=96)
    with pytest.raises(ValueError, match="fc1"):
        ours(checkpoint)


def test_more_tokens_than_the_model_has_room_for(checkpoint: Path) -> None:
    convert_weights(
        checkpoint,
        lambda old: {
            name: each[:50_000].clone() if "embed_tokens" in name else each
            for name, each in old.items()
        },
    )
    edit(checkpoint / "config.json", vocab_size=50_000)
    assert len(json.loads(ours(checkpoint)["vocabulary.json"])) == 50_000


def test_another_model_is_refused(checkpoint: Path) -> None:
    edit(checkpoint / "config.json", model_type="gpt2")
    with pytest.raises(ValueError, match="gpt2"):
        ours(checkpoint)
