"""The tensors of a voice's file, by the names that `transformers` gives them."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.errors import ProviderUnavailable
from app.providers.weights import Safetensors

_WEIGHT_NORM = (
    ("parametrizations.weight.original0", "parametrizations.weight.original1"),
    ("weight_g", "weight_v"),
)
"""Length and direction of a layer with weight norm, as they are called now and were called in
voices published before torch 2.1."""


class VitsWeights:
    """An open file of weights. Call it with a name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = Safetensors(path)
        self._names = self._file.names

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.__exit__(kind, error, trace)

    def __call__(self, name: str) -> NDArray[np.float32]:
        """
        Raises:
            ProviderUnavailable: the file has none of this name.
        """
        if name in self._names:
            return self._tensor(name)
        layer = name.removesuffix("weight")
        for length, direction in _WEIGHT_NORM:
            if layer + length in self._names and layer + direction in self._names:
                return _of_length(self._tensor(layer + direction), self._tensor(layer + length))
        raise ProviderUnavailable(
            f"The voice file {self._path} lacks {name}.",
            "Download it again, or choose another voice in Parley's settings, under Models.",
        )

    def _tensor(self, name: str) -> NDArray[np.float32]:
        return np.asarray(self._file(name), np.float32)


def _of_length(direction: NDArray[np.float32], length: NDArray[np.float32]) -> NDArray[np.float32]:
    """What weight norm stands for: each output channel's weights scaled to a length."""
    norms = np.sqrt(np.square(direction).sum(axis=(1, 2), keepdims=True))
    scaled: NDArray[np.float32] = direction * (length / norms)
    return scaled
