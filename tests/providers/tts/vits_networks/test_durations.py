"""The spline of the durations beside the library's own, inside its bounds, on them and outside."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from app.providers.tts.vits_networks.durations import inverse_spline
from app.providers.tts.vits_networks.graph import FLOAT, Graph
from app.providers.tts.vits_networks.layers import Layers
from app.providers.tts.vits_shape import VitsShape


@pytest.mark.parametrize("strength", [0.1, 3.0])
def test_the_spline_is_the_librarys(strength: float) -> None:
    import torch
    from transformers.models.vits.modeling_vits import _unconstrained_rational_quadratic_spline

    random = np.random.default_rng(0)
    given = np.linspace(-6, 6, 241, dtype=np.float32)[:, None]
    given[[20, 220], 0] = -5, 5
    widths, heights, slopes = (
        random.normal(scale=strength, size=(len(given), 1, size)).astype(np.float32)
        for size in (10, 10, 9)
    )
    expected, _ = _unconstrained_rational_quadratic_spline(
        torch.from_numpy(given), *map(torch.from_numpy, (widths, heights, slopes)), reverse=True
    )

    graph = Graph()
    inputs = [graph.input("given", FLOAT, 2)]
    inputs += [graph.input(name, FLOAT, 3) for name in ("widths", "heights", "slopes")]
    layers = Layers(graph, lambda name: np.zeros(0, np.float32))
    x, wide, high, steep = inputs
    model = graph.model(inverse_spline(layers, x, wide, high, steep, VitsShape()))
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (got,) = session.run(
        None, {"given": given, "widths": widths, "heights": heights, "slopes": slopes}
    )
    np.testing.assert_allclose(got, expected.numpy(), atol=2e-4)
    np.testing.assert_array_equal(got[:20], given[:20])
    np.testing.assert_array_equal(got[221:], given[221:])
