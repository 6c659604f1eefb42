"""HiFi-GAN: from latents to samples."""

from __future__ import annotations

import numpy as np

from app.providers.tts.vits_networks.graph import FLOAT, INT64, Graph, Value
from app.providers.tts.vits_networks.layers import Layers, Weights
from app.providers.tts.vits_shape import VitsShape


def build(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `latents`, and as `cuts` what `DecoderReach.cuts` says; gives the samples (1, 1, 1,
    samples).
    """
    graph = Graph()
    layers = Layers(graph, weights)
    latents, cuts = graph.input("latents", FLOAT, 4), graph.input("cuts", INT64, 2)
    places = iter(range(2 * len(shape.upsample_rates) + 2))

    def cut(hidden: Value) -> Value:
        pair = graph.node("Gather", cuts, graph.constant(np.array(next(places), np.int64)))
        start, stop = layers.parts(pair, [1, 1], axis=0)
        return graph.node("Slice", hidden, start, stop, graph.constant((3,)))

    hidden = cut(layers.convolution("decoder.conv_pre", latents))
    blocks = len(shape.resblock_kernel_sizes)
    for stage, (rate, kernel) in enumerate(
        zip(shape.upsample_rates, shape.upsample_kernel_sizes, strict=True)
    ):
        hidden = graph.node("LeakyRelu", hidden, alpha=shape.leaky_relu_slope)
        hidden = cut(layers.upsampling(f"decoder.upsampler.{stage}", hidden, rate, kernel))
        made = [
            _residual_block(
                layers, f"decoder.resblocks.{stage * blocks + block}", hidden, shape, block
            )
            for block in range(blocks)
        ]
        hidden = cut(graph.node("Mean", *made))
    hidden = graph.node("LeakyRelu", hidden, alpha=0.01)
    samples = graph.node("Tanh", layers.convolution("decoder.conv_post", hidden, bias=False))
    # onnxruntime's Tanh goes a rounding error beyond 1
    samples = graph.node("Clip", samples, graph.constant(-1.0), graph.constant(1.0))
    return graph.model(cut(samples))


def _residual_block(
    layers: Layers, name: str, hidden: Value, shape: VitsShape, block: int
) -> Value:
    graph, slope = layers.graph, shape.leaky_relu_slope
    for number, dilation in enumerate(shape.resblock_dilation_sizes[block]):
        made = graph.node("LeakyRelu", hidden, alpha=slope)
        made = layers.convolution(f"{name}.convs1.{number}", made, dilation=dilation)
        made = graph.node("LeakyRelu", made, alpha=slope)
        made = layers.convolution(f"{name}.convs2.{number}", made)
        hidden = graph.node("Add", hidden, made)
    return hidden
