"""Models written here, read and run by onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from app.providers.tts.vits_networks.graph import FLOAT, INT64, Graph


def run(model: bytes, **given: NDArray[Any]) -> list[NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    results: list[NDArray[np.float32]] = session.run(None, given)
    return results


def test_inputs_constants_and_results_keep_their_order() -> None:
    graph = Graph()
    left, right = graph.input("left", FLOAT, 1), graph.input("right", FLOAT, 1)
    less = graph.node("Sub", left, right)
    more = graph.node("Add", graph.node("Mul", left, graph.constant(3.0)), right)
    of = {"left": np.array([5, 7], np.float32), "right": np.array([1, 2], np.float32)}
    first, second = run(graph.model(more, less), **of)
    np.testing.assert_array_equal(first, [16, 23])
    np.testing.assert_array_equal(second, [4, 5])


def test_attributes_of_each_kind() -> None:
    graph = Graph()
    given = graph.input("given", FLOAT, 2)
    bent = graph.node("LeakyRelu", given, alpha=0.25)
    turned = graph.node("Transpose", bent, perm=(1, 0))
    shares = graph.node("Softmax", turned, axis=-1)
    (got,) = run(graph.model(shares), given=np.array([[-4, 0]], np.float32))
    np.testing.assert_array_equal(got, [[1], [1]])
    (got,) = run(graph.model(turned), given=np.array([[-4, 8]], np.float32))
    np.testing.assert_array_equal(got, [[-1], [8]])


@pytest.mark.parametrize("size", [1, 127, 128, 16_384, 3_000_000])
def test_constants_of_any_size(size: int) -> None:
    values = np.arange(size, dtype=np.float32)
    graph = Graph()
    place = graph.input("place", INT64, 1)
    model = graph.model(graph.node("Gather", graph.constant(values), place))
    (got,) = run(model, place=np.array([0, size - 1], np.int64))
    np.testing.assert_array_equal(got, [0, size - 1])


def test_a_transposed_constant_keeps_its_rows() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    graph = Graph()
    model = graph.model(
        graph.node("MatMul", graph.input("given", FLOAT, 1), graph.constant(matrix.T))
    )
    (got,) = run(model, given=np.array([1, 0, 0], np.float32))
    np.testing.assert_array_equal(got, [0, 3])


def test_negative_whole_numbers_and_several_results() -> None:
    graph = Graph()
    given = graph.input("given", FLOAT, 1)
    body, tail = graph.nodes("Split", 2, given, graph.constant([2, 1]), axis=0)
    last = graph.node(
        "Slice", given, graph.constant([-1]), graph.constant([2**63 - 1]), graph.constant([0])
    )
    results = run(graph.model(body, tail, last), given=np.array([1, 2, 3], np.float32))
    assert [list(result) for result in results] == [[1, 2], [3], [3]]
