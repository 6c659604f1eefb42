"""From drawn latents to those the decoder knows."""

from __future__ import annotations

from app.providers.tts.vits_networks.graph import FLOAT, Graph, Value
from app.providers.tts.vits_networks.layers import Layers, Weights
from app.providers.tts.vits_shape import VitsShape


def build(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `prior`; gives as many frames."""
    graph = Graph()
    layers = Layers(graph, weights)
    latents = graph.input("prior", FLOAT, 4)
    for number in reversed(range(shape.prior_encoder_num_flows)):
        name = f"flow.flows.{number}"
        latents = layers.flipped(latents, shape.flow_size, axis=1)
        first, second = layers.halves(latents, axis=1)
        made = layers.convolution(f"{name}.conv_pre", first)
        made = _wavenet(layers, f"{name}.wavenet", made, shape)
        made = layers.convolution(f"{name}.conv_post", made)
        latents = graph.node("Concat", first, graph.node("Sub", second, made), axis=1)
    return graph.model(latents)


def _wavenet(layers: Layers, name: str, hidden: Value, shape: VitsShape) -> Value:
    """Gated convolutions, each of which adds to the result and to what the next is given."""
    graph, last = layers.graph, shape.prior_encoder_num_wavenet_layers - 1
    result: Value | None = None
    for number in range(last + 1):
        made = layers.convolution(
            f"{name}.in_layers.{number}", hidden, dilation=shape.wavenet_dilation_rate**number
        )
        signal, gate = layers.halves(made, axis=1)
        gated = graph.node("Mul", graph.node("Tanh", signal), graph.node("Sigmoid", gate))
        made = layers.convolution(f"{name}.res_skip_layers.{number}", gated)
        if number < last:
            passed_on, made = layers.halves(made, axis=1)
            hidden = graph.node("Add", hidden, passed_on)
        result = made if result is None else graph.node("Add", result, made)
    assert result is not None
    return result
