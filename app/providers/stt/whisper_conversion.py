"""From a Hugging Face checkpoint of Whisper to a model that CTranslate2 loads.

CTranslate2's own converter has transformers and torch read the checkpoint; here that is done with
numpy and tokenizers, and CTranslate2's specification of a Whisper writes the model. The files are
the same to the byte; a checkpoint that lacks weights is refused instead of filled with noise.
"""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from app.providers import weights
from app.providers.stt.whisper_tokenizer import WhisperTokenizer
from app.providers.weights import Tensor, Tensors

CONFIG = "config.json"
GENERATION = "generation_config.json"
COPIED = "preprocessor_config.json"

BEGIN_SUPPRESSED = (220, 50256)
"""What transformers takes for `begin_suppress_tokens` where a checkpoint says nothing: a space
and the end of the text."""


def convert(checkpoint: Path, folder: Path, quantization: str = "float16") -> Iterator[None]:
    """Write the model into an empty folder; yields between two steps, where it may be stopped.

    Args:
        quantization: what CTranslate2 calls the numbers the weights are kept in.

    Raises:
        OSError: a file cannot be read or written.
        Exception: the checkpoint is damaged or no Whisper: what the readers of its files raise.
    """
    from ctranslate2.specs import WhisperSpec

    shape = WhisperShape.read(checkpoint)
    tokenizer = WhisperTokenizer(checkpoint)
    yield
    spec = WhisperSpec(
        shape.encoder_layers, shape.encoder_heads, shape.decoder_layers, shape.decoder_heads
    )
    with weights.opened(checkpoint) as tensors:
        yield from _fill(spec, shape, _Source(tensors))
    _configure(spec.config, checkpoint, shape, tokenizer)
    spec.register_vocabulary(tokenizer.tokens(shape.tokens))
    spec.validate()
    yield
    spec.optimize(quantization)
    yield
    spec.save(str(folder))
    tokenizer.save(folder)
    if (checkpoint / COPIED).is_file():
        shutil.copy(checkpoint / COPIED, folder)


@dataclass(frozen=True, slots=True)
class WhisperShape:
    """How large a Whisper is, as its checkpoint says."""

    width: int
    mel_bands: int
    encoder_layers: int
    encoder_heads: int
    encoder_inner: int
    encoder_positions: int
    decoder_layers: int
    decoder_heads: int
    decoder_inner: int
    decoder_positions: int
    tokens: int

    @classmethod
    def read(cls, checkpoint: Path) -> Self:
        """
        Raises:
            OSError: there is no configuration.
            ValueError: it is another model's.
            KeyError: it leaves something out.
        """
        config = json.loads((checkpoint / CONFIG).read_text("utf-8"))
        if config["model_type"] != "whisper":
            raise ValueError(f"{checkpoint} holds a {config['model_type']}, not a whisper")
        return cls(
            width=config["d_model"],
            mel_bands=config["num_mel_bins"],
            encoder_layers=config["encoder_layers"],
            encoder_heads=config["encoder_attention_heads"],
            encoder_inner=config["encoder_ffn_dim"],
            encoder_positions=config["max_source_positions"],
            decoder_layers=config["decoder_layers"],
            decoder_heads=config["decoder_attention_heads"],
            decoder_inner=config["decoder_ffn_dim"],
            decoder_positions=config["max_target_positions"],
            tokens=config["vocab_size"],
        )


class _Source:
    """The tensors of a checkpoint. Call it with a name and the shape that it must have."""

    def __init__(self, tensors: Mapping[str, Tensors]) -> None:
        self._tensors = tensors
        whole = any(name.startswith("model.") for name in tensors)
        self._root = "model." if whole else ""  # checkpoints without a head have no such prefix

    def __call__(self, name: str, *shape: int) -> Tensor:
        """
        Raises:
            KeyError: the checkpoint lacks it.
            ValueError: it is of another shape.
        """
        name = self._root + name
        tensor = self._tensors[name](name)
        if tensor.shape != shape:
            raise ValueError(f"{name} is {tensor.shape}, not {shape}")
        return tensor


def _fill(spec: Any, shape: WhisperShape, read: _Source) -> Iterator[None]:
    """Give a specification its weights; yields after each layer."""
    width, inner = shape.width, shape.encoder_inner
    encoder, decoder = spec.encoder, spec.decoder

    encoder.conv1.weight = read("encoder.conv1.weight", width, shape.mel_bands, 3)
    encoder.conv1.bias = read("encoder.conv1.bias", width)
    encoder.conv2.weight = read("encoder.conv2.weight", width, width, 3)
    encoder.conv2.bias = read("encoder.conv2.bias", width)
    _ends(encoder, read, "encoder", shape.encoder_positions, width)
    yield
    for index, layer in enumerate(encoder.layer):
        name = f"encoder.layers.{index}"
        _self_attention(layer.self_attention, read, f"{name}.self_attn", width)
        _forward(layer.ffn, read, name, width, inner)
        yield

    decoder.embeddings.weight = read("decoder.embed_tokens.weight", shape.tokens, width)
    # the same array: the head is tied to the embeddings, and written once
    decoder.projection.weight = decoder.embeddings.weight
    _ends(decoder, read, "decoder", shape.decoder_positions, width)
    yield
    for index, layer in enumerate(decoder.layer):
        name = f"decoder.layers.{index}"
        _self_attention(layer.self_attention, read, f"{name}.self_attn", width)
        _cross_attention(layer.attention, read, f"{name}.encoder_attn", width)
        _forward(layer.ffn, read, name, width, shape.decoder_inner)
        yield


def _ends(spec: Any, read: _Source, name: str, positions: int, width: int) -> None:
    """What stands before and behind the layers."""
    spec.position_encodings.encodings = read(f"{name}.embed_positions.weight", positions, width)
    _norm(spec.layer_norm, read, f"{name}.layer_norm", width)


def _self_attention(spec: Any, read: _Source, name: str, width: int) -> None:
    """Queries, keys and values in one matrix."""
    _join(spec.linear[0], *_projections(read, name, width))
    _linear(spec.linear[1], read, f"{name}.out_proj", width, width)
    _norm(spec.layer_norm, read, f"{name}_layer_norm", width)


def _cross_attention(spec: Any, read: _Source, name: str, width: int) -> None:
    """Keys and values, which come from the encoder, in one matrix."""
    queries, keys, values = _projections(read, name, width)
    _join(spec.linear[0], queries)
    _join(spec.linear[1], keys, values)
    _linear(spec.linear[2], read, f"{name}.out_proj", width, width)
    _norm(spec.layer_norm, read, f"{name}_layer_norm", width)


def _projections(read: _Source, name: str, width: int) -> list[tuple[Tensor, Tensor]]:
    """Weight and bias of queries, keys and values. Whisper's keys have no bias."""
    biases = {"q": read(f"{name}.q_proj.bias", width), "v": read(f"{name}.v_proj.bias", width)}
    biases["k"] = np.zeros_like(biases["q"])
    return [(read(f"{name}.{each}_proj.weight", width, width), biases[each]) for each in "qkv"]


def _join(spec: Any, *parts: tuple[Tensor, Tensor]) -> None:
    spec.weight = np.concatenate([weight for weight, _ in parts])
    spec.bias = np.concatenate([bias for _, bias in parts])


def _forward(spec: Any, read: _Source, name: str, width: int, inner: int) -> None:
    _linear(spec.linear_0, read, f"{name}.fc1", inner, width)
    _linear(spec.linear_1, read, f"{name}.fc2", width, inner)
    _norm(spec.layer_norm, read, f"{name}.final_layer_norm", width)


def _linear(spec: Any, read: _Source, name: str, outputs: int, inputs: int) -> None:
    spec.weight = read(f"{name}.weight", outputs, inputs)
    spec.bias = read(f"{name}.bias", outputs)


def _norm(spec: Any, read: _Source, name: str, width: int) -> None:
    spec.gamma = read(f"{name}.weight", width)
    spec.beta = read(f"{name}.bias", width)


def _configure(
    config: Any, checkpoint: Path, shape: WhisperShape, tokenizer: WhisperTokenizer
) -> None:
    """What is never to be written, which tokens are languages, which heads know the time."""
    told = _generation(checkpoint)
    config.suppress_ids = told.get("suppress_tokens")
    config.suppress_ids_begin = told.get("begin_suppress_tokens")
    languages, heads = told.get("lang_to_id"), told.get("alignment_heads")
    config.lang_ids = tokenizer.languages() if languages is None else sorted(languages.values())
    if heads is None:  # the upper half of the layers, as CTranslate2 does
        upper = range(shape.decoder_layers // 2, shape.decoder_layers)
        heads = list(itertools.product(upper, range(shape.decoder_heads)))
    config.alignment_heads = heads


def _generation(checkpoint: Path) -> Mapping[str, Any]:
    """What the checkpoint says about writing, as transformers understands it.

    Where it was copied from the model's configuration, only the suppressed tokens count.
    """
    path = checkpoint / GENERATION
    if path.is_file():
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if not told.get("_from_model_config"):
            return told
    else:
        told = json.loads((checkpoint / CONFIG).read_text("utf-8"))
        told.setdefault("begin_suppress_tokens", list(BEGIN_SUPPRESSED))
    return {key: told.get(key) for key in ("suppress_tokens", "begin_suppress_tokens")}
