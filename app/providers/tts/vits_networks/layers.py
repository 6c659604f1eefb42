"""Layers with weights, and the small operations around them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.providers.tts.vits_networks.graph import Graph, Value

Weights = Callable[[str], NDArray[np.float32]]
"""A tensor of the voice by the name that `transformers` gives it."""


class Layers:
    """Adds to a graph.

    Networks of text work on arrays of (tokens, channels), networks of sound on (1, channels, 1,
    frames): as pictures a pixel high, since onnxruntime's convolutions of pictures take 0.85 of
    the time of those of sequences.
    """

    def __init__(self, graph: Graph, weights: Weights) -> None:
        self.graph = graph
        self.weights = weights

    def linear(self, name: str, hidden: Value) -> Value:
        """Of (tokens, channels). A convolution of one tap is the same."""
        weight = self.weights(f"{name}.weight")
        matrix = self.graph.constant(weight.reshape(weight.shape[:2]).T)
        made = self.graph.node("MatMul", hidden, matrix)
        return self.graph.node("Add", made, self._bias(name))

    def norm(self, name: str, hidden: Value, epsilon: float) -> Value:
        """Layer norm over the channels of (tokens, channels)."""
        gain = self.graph.constant(self.weights(f"{name}.weight"))
        return self.graph.node(
            "LayerNormalization", hidden, gain, self._bias(name), axis=-1, epsilon=epsilon
        )

    def gelu(self, hidden: Value) -> Value:
        node, constant = self.graph.node, self.graph.constant
        bell = node("Erf", node("Div", hidden, constant(math.sqrt(2))))
        return node(
            "Mul",
            node("Mul", hidden, node("Add", bell, constant(1.0))),
            constant(0.5),
        )

    def convolution(
        self, name: str, hidden: Value, *, dilation: int = 1, bias: bool = True, even: bool = False
    ) -> Value:
        """Of (1, channels, 1, frames), as long as what it is given. An `even` kernel has its
        longer side to the right."""
        weight = self.weights(f"{name}.weight")[:, :, None]
        around = (weight.shape[3] - 1) * dilation
        left = around // 2
        inputs = [hidden, self.graph.constant(weight)] + ([self._bias(name)] if bias else [])
        right = around - left if even else left
        return self.graph.node("Conv", *inputs, pads=(0, left, 0, right), dilations=(1, dilation))

    def within_channels(self, name: str, hidden: Value, kernel: int, dilation: int) -> Value:
        """A convolution of each channel with itself, of (tokens, channels)."""
        weight = self.weights(f"{name}.weight")
        around = self.graph.constant(((kernel - 1) // 2 * dilation, 0) * 2)
        given = self.graph.node("Pad", hidden, around)
        made = self._bias(name)
        for tap in range(kernel):
            start, stop = tap * dilation, (tap - kernel + 1) * dilation
            shifted = self._rows(given, start, stop)
            weighted = self.graph.node("Mul", shifted, self.graph.constant(weight[:, 0, tap]))
            made = self.graph.node("Add", weighted, made)
        return made

    def upsampling(self, name: str, hidden: Value, rate: int, kernel: int) -> Value:
        padding = (kernel - rate) // 2
        weight = self.graph.constant(self.weights(f"{name}.weight")[:, :, None])
        return self.graph.node(
            "ConvTranspose",
            hidden,
            weight,
            self._bias(name),
            strides=(1, rate),
            pads=(0, padding, 0, padding),
        )

    def flipped(self, values: Value, size: int, axis: int) -> Value:
        return self.graph.node("Gather", values, self.graph.constant(range(size)[::-1]), axis=axis)

    def halves(self, values: Value, axis: int) -> tuple[Value, Value]:
        first, second = self.graph.nodes("Split", 2, values, axis=axis)
        return first, second

    def parts(self, values: Value, sizes: list[int], axis: int) -> tuple[Value, ...]:
        return self.graph.nodes("Split", len(sizes), values, self.graph.constant(sizes), axis=axis)

    def reshaped(self, values: Value, *sizes: int) -> Value:
        return self.graph.node("Reshape", values, self.graph.constant(sizes))

    def as_sequence(self, hidden: Value) -> Value:
        """(tokens, channels) as (1, channels, 1, tokens)."""
        turned = self.graph.node("Transpose", hidden, perm=(1, 0))
        return self.graph.node("Unsqueeze", turned, self.graph.constant((0, 2)))

    def as_tokens(self, hidden: Value) -> Value:
        """(1, channels, 1, tokens) as (tokens, channels)."""
        one = self.graph.node("Squeeze", hidden, self.graph.constant((0, 2)))
        return self.graph.node("Transpose", one, perm=(1, 0))

    def padded(self, values: Value, left: int, right: int, value: float = 0.0) -> Value:
        """Longer at the ends of its last of three axes."""
        around = self.graph.constant((0, 0, left, 0, 0, right))
        return self.graph.node("Pad", values, around, self.graph.constant(value))

    def _rows(self, values: Value, start: int, stop: int) -> Value:
        """From `start` to `stop` rows before the end (which is negative, or 0 for the end)."""
        end = stop or np.iinfo(np.int64).max
        node, constant = self.graph.node, self.graph.constant
        return node("Slice", values, constant((start,)), constant((int(end),)), constant((0,)))

    def _bias(self, name: str) -> Value:
        return self.graph.constant(self.weights(f"{name}.bias"))
