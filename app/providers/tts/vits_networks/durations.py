"""How long each token lasts."""

from __future__ import annotations

import math

import numpy as np

from app.providers.tts.vits_networks.graph import FLOAT, INT64, Graph, Value
from app.providers.tts.vits_networks.layers import Layers, Weights
from app.providers.tts.vits_shape import VitsShape

NORM_EPS = 1e-5
"""Of the norms between convolutions; not in the configuration."""

SMALLEST_BIN = 1e-3
"""Width, height and slope of a spline's bin are at least this; not in the configuration."""


def build(shape: VitsShape, weights: Weights) -> bytes:
    """Takes `hidden` and, if lengths are drawn, `noise` (tokens, 2), already scaled. Gives the
    logarithm of the frames per token, (tokens, 1).
    """
    graph = Graph()
    layers = Layers(graph, weights)
    hidden = graph.input("hidden", FLOAT, 2)
    if not shape.use_stochastic_duration_prediction:
        return graph.model(_fixed_durations(layers, hidden, shape))
    name = "duration_predictor"
    letters = layers.linear(f"{name}.conv_pre", hidden)
    letters = _separable(layers, f"{name}.conv_dds", letters, shape)
    letters = layers.linear(f"{name}.conv_proj", letters)
    latents = graph.input("noise", FLOAT, 2)
    # the flow of training, backwards; its second step does nothing when speaking
    for number in (*range(shape.duration_predictor_num_flows, 1, -1), 0):
        flow = f"{name}.flows.{number}"
        latents = layers.flipped(latents, shape.depth_separable_channels, axis=1)
        if number:
            latents = _spline_flow(layers, flow, latents, letters, shape)
        else:
            shift = graph.constant(weights(f"{flow}.translate").T)
            scale = graph.constant(np.exp(-weights(f"{flow}.log_scale").T))
            latents = graph.node("Mul", graph.node("Sub", latents, shift), scale)
    return graph.model(layers.halves(latents, axis=1)[0])


def _fixed_durations(layers: Layers, hidden: Value, shape: VitsShape) -> Value:
    """The plainer network of voices whose lengths are not drawn."""
    name = "duration_predictor"
    for number in (1, 2):
        hidden = layers.convolution(f"{name}.conv_{number}", layers.as_sequence(hidden))
        hidden = layers.as_tokens(layers.graph.node("Relu", hidden))
        hidden = layers.norm(f"{name}.norm_{number}", hidden, shape.layer_norm_eps)
    return layers.linear(f"{name}.proj", hidden)


def _separable(layers: Layers, name: str, hidden: Value, shape: VitsShape) -> Value:
    """Convolutions within each channel, ever wider apart, each followed by one across them."""
    graph, kernel = layers.graph, shape.duration_predictor_kernel_size
    for number in range(shape.depth_separable_num_layers):
        made = layers.within_channels(
            f"{name}.convs_dilated.{number}", hidden, kernel, kernel**number
        )
        made = layers.gelu(layers.norm(f"{name}.norms_1.{number}", made, NORM_EPS))
        made = layers.linear(f"{name}.convs_pointwise.{number}", made)
        made = layers.gelu(layers.norm(f"{name}.norms_2.{number}", made, NORM_EPS))
        hidden = graph.node("Add", hidden, made)
    return hidden


def _spline_flow(
    layers: Layers, name: str, latents: Value, letters: Value, shape: VitsShape
) -> Value:
    """One half of the channels bends the other along a spline of its own."""
    graph, bins = layers.graph, shape.duration_predictor_flow_bins
    first, second = layers.halves(latents, axis=1)
    made = graph.node("Add", layers.linear(f"{name}.conv_pre", first), letters)
    made = _separable(layers, f"{name}.conv_dds", made, shape)
    made = layers.linear(f"{name}.conv_proj", made)
    made = layers.reshaped(made, -1, shape.depth_separable_channels // 2, 3 * bins - 1)
    widths, heights, slopes = layers.parts(made, [bins, bins, bins - 1], axis=2)
    evener = graph.constant(1 / math.sqrt(shape.hidden_size))
    bent = inverse_spline(
        layers,
        second,
        graph.node("Mul", widths, evener),
        graph.node("Mul", heights, evener),
        slopes,
        shape,
    )
    return graph.node("Concat", first, bent, axis=1)


def inverse_spline(
    layers: Layers, given: Value, widths: Value, heights: Value, slopes: Value, shape: VitsShape
) -> Value:
    """Where a monotonic rational-quadratic spline comes to the given values.

    Between -bound and bound it has as many pieces as there are bins; outside it is the identity.
    The formulas are those of "Neural Spline Flows" (Durkan et al. 2019), appendix A.1.
    """
    node, constant = layers.graph.node, layers.graph.constant
    bins = shape.duration_predictor_flow_bins
    low = constant(-shape.duration_predictor_tail_bound)
    high = constant(shape.duration_predictor_tail_bound)
    x_begins, x_sizes, _ = _bins(layers, widths, shape)
    y_begins, y_sizes, y_corners = _bins(layers, heights, shape)
    slopes = node("Add", node("Softplus", slopes), constant(SMALLEST_BIN))
    slopes = layers.padded(slopes, 1, 1, value=1.0)
    slopes_before, _ = layers.parts(slopes, [bins, 1], axis=2)
    _, slopes_after = layers.parts(slopes, [1, bins], axis=2)

    inside = node("Min", node("Max", given, low), high)
    value = node("Unsqueeze", inside, constant((2,)))
    passed = node("Cast", node("GreaterOrEqual", value, y_corners), to=INT64)
    place = node("ReduceSum", passed, constant((2,)))

    def of_bin(values: Value) -> Value:
        return node("GatherElements", values, place, axis=2)

    width, height = of_bin(x_sizes), of_bin(y_sizes)
    before, after = of_bin(slopes_before), of_bin(slopes_after)
    slope = node("Div", height, width)
    above = node("Sub", value, of_bin(y_begins))
    bend = node("Sub", node("Add", before, after), node("Add", slope, slope))
    bent = node("Mul", above, bend)
    a = node("Add", node("Mul", height, node("Sub", slope, before)), bent)
    b = node("Sub", node("Mul", height, before), bent)
    c = node("Neg", node("Mul", slope, above))
    under_root = node("Sub", node("Mul", b, b), node("Mul", constant(4.0), node("Mul", a, c)))
    root = node("Sqrt", node("Max", under_root, constant(0.0)))
    share = node("Div", node("Add", c, c), node("Neg", node("Add", b, root)))
    found = node("Add", node("Mul", share, width), of_bin(x_begins))
    found = node("Squeeze", found, constant((2,)))
    return node("Where", node("Equal", inside, given), found, given)


def _bins(layers: Layers, raw: Value, shape: VitsShape) -> tuple[Value, Value, Value]:
    """Beginnings and sizes of the bins along one axis of a spline, and the corners between."""
    node, constant = layers.graph.node, layers.graph.constant
    bins, bound = shape.duration_predictor_flow_bins, shape.duration_predictor_tail_bound
    shares = node("Mul", node("Softmax", raw, axis=-1), constant(1 - SMALLEST_BIN * bins))
    shares = node("Add", shares, constant(SMALLEST_BIN))
    ends = node("CumSum", shares, constant(np.array(2, np.int64)))
    ends = node("Sub", node("Mul", ends, constant(2 * bound)), constant(bound))
    corners, _ = layers.parts(ends, [bins - 1, 1], axis=2)
    begins = layers.padded(corners, 1, 0, value=-bound)
    sizes = node("Sub", layers.padded(corners, 0, 1, value=bound), begins)
    return begins, sizes, corners
