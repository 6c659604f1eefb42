"""The transformer over the letters."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from app.providers.tts.vits_networks.graph import INT32, INT64, Graph, Value
from app.providers.tts.vits_networks.layers import Layers, Weights
from app.providers.tts.vits_shape import VitsShape


def build(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `ids` (tokens), and what `neighbours` says of so many tokens. Gives the hidden states,
    and the means and logarithmic variances from which each token's latents are drawn.
    """
    graph = Graph()
    layers = Layers(graph, weights)
    ids = graph.input("ids", INT64, 1)
    near = [graph.input(name, INT32, 3) for name in ("distances", "neighbours")]
    table = weights("text_encoder.embed_tokens.weight")
    hidden = graph.node("Gather", graph.constant(table * np.sqrt(np.float32(table.shape[1]))), ids)
    for number in range(shape.num_hidden_layers):
        layer = f"text_encoder.encoder.layers.{number}"
        attended = _attention(layers, f"{layer}.attention", hidden, near, shape)
        hidden = graph.node("Add", hidden, attended)
        hidden = layers.norm(f"{layer}.layer_norm", hidden, shape.layer_norm_eps)
        fed = layers.as_sequence(hidden)
        fed = layers.convolution(f"{layer}.feed_forward.conv_1", fed, even=True)
        fed = graph.node("Relu", fed)
        fed = layers.convolution(f"{layer}.feed_forward.conv_2", fed, even=True)
        fed = layers.as_tokens(fed)
        hidden = graph.node("Add", hidden, fed)
        hidden = layers.norm(f"{layer}.final_layer_norm", hidden, shape.layer_norm_eps)
    statistics = layers.linear("text_encoder.project", hidden)
    means, log_variances = layers.halves(statistics, axis=1)
    return graph.model(hidden, means, log_variances)


def neighbours(tokens: int, shape: VitsShape) -> dict[str, NDArray[np.int32]]:
    """Where the attention finds what it knows of near tokens.

    `distances[head, i, j]` is the place of j seen from i among the relative positions, of which
    the first and the last stand for everything farther; `neighbours[head, i, d]` is the token at
    the d-th relative position from i, or the number of tokens where there is none.
    """
    reach = shape.window_size or 0
    places = np.arange(tokens, dtype=np.int32)
    apart = places[None, :] - places[:, None]
    near = places[:, None] + np.arange(-reach, reach + 1, dtype=np.int32)[None, :]
    near[(near < 0) | (near >= tokens)] = tokens
    heads = (shape.num_attention_heads, 1, 1)
    return {
        "distances": np.tile(np.clip(apart, -reach - 1, reach + 1) + reach + 1, heads),
        "neighbours": np.tile(near, heads),
    }


def _attention(
    layers: Layers, name: str, hidden: Value, near: list[Value], shape: VitsShape
) -> Value:
    """Self-attention that also knows how far apart two near tokens are."""
    graph, heads, weights = layers.graph, shape.num_attention_heads, layers.weights
    width = shape.hidden_size // heads
    distances, neighbours = near

    def split(projected: Value, *order: int) -> Value:
        """The heads of (tokens, channels), its axes in the order given."""
        return graph.node("Transpose", layers.reshaped(projected, -1, heads, width), perm=order)

    scale = graph.constant(1 / math.sqrt(width))
    queries = split(graph.node("Mul", layers.linear(f"{name}.q_proj", hidden), scale), 1, 0, 2)
    keys = split(layers.linear(f"{name}.k_proj", hidden), 1, 2, 0)
    values = split(layers.linear(f"{name}.v_proj", hidden), 1, 0, 2)
    scores = graph.node("MatMul", queries, keys)
    if shape.window_size is not None:
        of_near = graph.constant(weights(f"{name}.emb_rel_k")[0].T)
        bias = layers.padded(graph.node("MatMul", queries, of_near), 1, 1)
        bias = graph.node("GatherElements", bias, distances, axis=2)
        scores = graph.node("Add", scores, bias)
    shares = graph.node("Softmax", scores, axis=-1)
    attended = graph.node("MatMul", shares, values)
    if shape.window_size is not None:
        near_shares = layers.padded(shares, 0, 1)
        near_shares = graph.node("GatherElements", near_shares, neighbours, axis=2)
        of_near = graph.constant(weights(f"{name}.emb_rel_v")[0])
        attended = graph.node("Add", attended, graph.node("MatMul", near_shares, of_near))
    together = graph.node("Transpose", attended, perm=(1, 0, 2))
    return layers.linear(f"{name}.out_proj", layers.reshaped(together, -1, shape.hidden_size))
