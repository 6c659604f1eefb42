"""Write a network as an ONNX model, in memory, for onnxruntime.

ONNX is a protobuf, and Parley needs a handful of its messages: too little to bring along the
`onnx` package for. The field numbers are those of the standard's `onnx.proto`.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET = 17
"""Every onnxruntime since 1.12 knows it."""
IR_VERSION = 8
"""The file format that belongs to the operator set."""

FLOAT, INT32, INT64 = 1, 6, 7
"""Element types."""
_ELEMENT_TYPES = {"float32": FLOAT, "int32": INT32, "int64": INT64}

Value = str
"""Something computed, or given: ONNX knows values by name."""

Attribute = int | float | str | Sequence[int]


class Graph:
    """Grows node by node; every operator comes after what it takes."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._names = (f"v{number}" for number in itertools.count())

    def input(self, name: str, kind: int, rank: int) -> Value:
        """Something given anew at each run; all of its dimensions may differ from run to run."""
        dimensions = [_text(2, f"{name}_{axis}") for axis in range(rank)]
        self._inputs.append(_value_info(name, kind, dimensions))
        return name

    def constant(self, values: NDArray[Any] | float | Sequence[int]) -> Value:
        """Weights and other numbers that stay. A float is a float32, whole numbers are int64."""
        if isinstance(values, float):
            array: NDArray[Any] = np.asarray(values, np.float32)
        elif isinstance(values, np.ndarray):
            array = values
        else:
            array = np.asarray(values, np.int64)
        name = next(self._names)
        # TensorProto: dims, data_type, name, raw_data (little-endian)
        fields = [_number(1, size) for size in array.shape]
        fields += [_number(2, _ELEMENT_TYPES[array.dtype.name]), _text(8, name)]
        raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        self._constants.append(b"".join([*fields, _bytes(9, raw)]))
        return name

    def node(self, operator: str, *inputs: Value, **attributes: Attribute) -> Value:
        """The one result of an operator. An input named "" is left out."""
        return self.nodes(operator, 1, *inputs, **attributes)[0]

    def nodes(
        self, operator: str, results: int, *inputs: Value, **attributes: Attribute
    ) -> tuple[Value, ...]:
        """The results of an operator that has several."""
        outputs = tuple(itertools.islice(self._names, results))
        # NodeProto: input, output, op_type, attribute
        fields = [_text(1, value) for value in inputs]
        fields += [_text(2, value) for value in outputs]
        fields.append(_text(4, operator))
        fields += [_bytes(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(b"".join(fields))
        return outputs

    def model(self, *outputs: Value) -> bytes:
        """The finished model, whose results are these, in this order, as float32."""
        # GraphProto: node, name, initializer, input, output
        fields = [_bytes(1, node) for node in self._nodes]
        fields.append(_text(2, "parley"))
        fields += [_bytes(5, constant) for constant in self._constants]
        fields += [_bytes(11, given) for given in self._inputs]
        fields += [_bytes(12, _value_info(value, FLOAT, None)) for value in outputs]
        # ModelProto: ir_version, graph, opset_import {version}
        return b"".join(
            [_number(1, IR_VERSION), _bytes(7, b"".join(fields)), _bytes(8, _number(2, OPSET))]
        )


def _value_info(name: str, kind: int, dimensions: Sequence[bytes] | None) -> bytes:
    """ValueInfoProto: name, type {tensor_type {elem_type, shape {dim}}}."""
    tensor = _number(1, kind)
    if dimensions is not None:
        tensor += _bytes(2, b"".join(_bytes(1, dimension) for dimension in dimensions))
    return _text(1, name) + _bytes(2, _bytes(1, tensor))


def _attribute(name: str, value: Attribute) -> bytes:
    """AttributeProto: name, then f, i, s or ints, and which of them it is."""
    if isinstance(value, float):
        return _text(1, name) + _key(2, 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, 3)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, 7)


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _number(field: int, value: int) -> bytes:
    return _key(field, 0) + _varint(value)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _key(field, 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits at a time, lowest first; negative numbers as 64-bit two's complement."""
    value &= (1 << 64) - 1
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
