"""The transformer over the letters, in two networks: its last layer can be run for some of the
tokens alone, since nothing but the clause's own statistics comes after it. The layers before it
cannot, since attention looks at every token.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.providers.tts.vits_networks.graph import FLOAT, INT32, INT64, Graph, Value
from app.providers.tts.vits_networks.layers import Layers, Weights
from app.providers.tts.vits_shape import VitsShape


def build(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `ids` (tokens), and what `neighbours` says of all of them. Gives what the last layer
    is given, (tokens, channels).
    """
    graph = Graph()
    layers = Layers(graph, weights)
    ids = graph.input("ids", INT64, 1)
    near = _near(graph)
    table = weights("text_encoder.embed_tokens.weight")
    hidden = graph.node("Gather", graph.constant(table * np.sqrt(np.float32(table.shape[1]))), ids)
    for number in range(shape.num_hidden_layers - 1):
        hidden = _layer(layers, number, hidden, hidden, near, shape)
    return graph.model(hidden)


def build_last(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `everywhere`, which is what `build` gives, `here`, which is a stretch of it, and what
    `neighbours` says of that stretch. Gives the hidden states of the stretch, and the means and
    logarithmic variances from which each of its tokens' latents are drawn. Where the clause goes
    on, `VitsShape.feed_forward_reach` tokens at that end are not to be believed.
    """
    graph = Graph()
    layers = Layers(graph, weights)
    everywhere, here = (graph.input(name, FLOAT, 2) for name in ("everywhere", "here"))
    number = shape.num_hidden_layers - 1
    hidden = _layer(layers, number, everywhere, here, _near(graph), shape)
    statistics = layers.linear("text_encoder.project", hidden)
    means, log_variances = layers.halves(statistics, axis=1)
    return graph.model(hidden, means, log_variances)


def neighbours(start: int, stop: int, tokens: int, shape: VitsShape) -> dict[str, NDArray[Any]]:
    """Where the attention finds what it knows of the tokens near those from `start` to `stop`.

    `neighbours[head, i, d]` is the token at the d-th relative position from the i-th of them, or
    any where there is none; `present[0, i, d]` is 1 or, where there is none, 0.
    """
    reach = shape.window_size or 0
    places = np.arange(start, stop, dtype=np.int32)
    near = places[:, None] + np.arange(-reach, reach + 1, dtype=np.int32)[None, :]
    inside = np.clip(near, 0, tokens - 1)
    return {
        "neighbours": np.tile(inside, (shape.num_attention_heads, 1, 1)),
        "present": (near == inside)[None].astype(np.float32),
    }


def _near(graph: Graph) -> tuple[Value, Value]:
    return graph.input("neighbours", INT32, 3), graph.input("present", FLOAT, 3)


def _layer(
    layers: Layers,
    number: int,
    everywhere: Value,
    here: Value,
    near: tuple[Value, Value],
    shape: VitsShape,
) -> Value:
    """What becomes of the tokens `here`, which look at those `everywhere`."""
    graph, layer = layers.graph, f"text_encoder.encoder.layers.{number}"
    attended = _attention(layers, f"{layer}.attention", everywhere, here, near, shape)
    hidden = graph.node("Add", here, attended)
    hidden = layers.norm(f"{layer}.layer_norm", hidden, shape.layer_norm_eps)
    fed = layers.as_sequence(hidden)
    fed = layers.convolution(f"{layer}.feed_forward.conv_1", fed, even=True)
    fed = graph.node("Relu", fed)
    fed = layers.convolution(f"{layer}.feed_forward.conv_2", fed, even=True)
    hidden = graph.node("Add", hidden, layers.as_tokens(fed))
    return layers.norm(f"{layer}.final_layer_norm", hidden, shape.layer_norm_eps)


def _attention(
    layers: Layers,
    name: str,
    everywhere: Value,
    here: Value,
    near: tuple[Value, Value],
    shape: VitsShape,
) -> Value:
    """Attention that also knows how far apart two near tokens are."""
    graph, heads, weights = layers.graph, shape.num_attention_heads, layers.weights
    width = shape.hidden_size // heads
    neighbours, present = near

    def split(projected: Value, *order: int) -> Value:
        """The heads of (tokens, channels), its axes in the order given."""
        return graph.node("Transpose", layers.reshaped(projected, -1, heads, width), perm=order)

    scale = graph.constant(1 / math.sqrt(width))
    queries = split(graph.node("Mul", layers.linear(f"{name}.q_proj", here), scale), 1, 0, 2)
    keys = split(layers.linear(f"{name}.k_proj", everywhere), 1, 2, 0)
    values = split(layers.linear(f"{name}.v_proj", everywhere), 1, 0, 2)
    scores = graph.node("MatMul", queries, keys)
    if shape.window_size is not None:
        of_near = graph.constant(weights(f"{name}.emb_rel_k")[0].T)
        bias = graph.node("Mul", graph.node("MatMul", queries, of_near), present)
        scores = graph.node("ScatterElements", scores, neighbours, bias, axis=2, reduction="add")
    shares = graph.node("Softmax", scores, axis=-1)
    attended = graph.node("MatMul", shares, values)
    if shape.window_size is not None:
        near_shares = graph.node("GatherElements", shares, neighbours, axis=2)
        near_shares = graph.node("Mul", near_shares, present)
        of_near = graph.constant(weights(f"{name}.emb_rel_v")[0])
        attended = graph.node("Add", attended, graph.node("MatMul", near_shares, of_near))
    together = graph.node("Transpose", attended, perm=(1, 0, 2))
    return layers.linear(f"{name}.out_proj", layers.reshaped(together, -1, shape.hidden_size))
