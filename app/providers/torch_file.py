"""Weights as `torch.save` writes them (`pytorch_model.bin`), read without torch.

Such a file is a zip: a pickle that names the tensors, and their numbers in a file for each. A
pickle may call whatever it names, so none of it is trusted: the few names that weights need mean
something harmless here, and any other ends the reading.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

BFLOAT16 = "BFloat16Storage"

NUMBERS: Mapping[str, str] = {
    BFLOAT16: "<u2",
    "HalfStorage": "<f2",
    "FloatStorage": "<f4",
    "DoubleStorage": "<f8",
    "IntStorage": "<i4",
    "LongStorage": "<i8",
}
"""How the numbers of each kind of storage lie in their file."""


class OldTorchFile(ValueError):
    """Written by torch before version 1.6 (2020): a pickle with the numbers inside it."""


def from_bfloat16(bits: NDArray[Any]) -> NDArray[np.float32]:
    """The numbers that these 16 bits each stand for: they are the upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


class TorchFile:
    """An open file of weights. Call it with a name.

    Raises:
        OSError: it cannot be opened.
        OldTorchFile: it is too old.
        Exception: it is damaged, or holds something else than weights: what zipfile, pickle and
            numpy raise.
    """

    def __init__(self, path: Path) -> None:
        if not zipfile.is_zipfile(path) and _begins_like_a_pickle(path):
            raise OldTorchFile(f"{path} is no zip")
        self._zip = zipfile.ZipFile(path)
        try:
            (index,) = [each for each in self._zip.namelist() if each.endswith("/data.pkl")]
            self._root = index.removesuffix("data.pkl")
            if f"{self._root}byteorder" in self._zip.namelist():
                order = self._read("byteorder")
                if order != b"little":
                    raise ValueError(f"{path} has the byte order {order!r}")
            found = _Index(BytesIO(self._read("data.pkl"))).load()
            self._tensors = {
                name: each for name, each in dict(found).items() if isinstance(each, _Tensor)
            }
        except BaseException:
            self._zip.close()
            raise
        self.names = frozenset(self._tensors)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def __call__(self, name: str) -> NDArray[Any]:
        tensor = self._tensors[name]
        dtype = np.dtype(NUMBERS[tensor.storage.kind])
        # numpy refuses a shape or strides that reach beyond the buffer
        numbers: NDArray[Any] = np.ndarray(
            tensor.shape,
            dtype,
            buffer=bytearray(self._read(f"data/{tensor.storage.key}")),  # may be written to
            offset=tensor.offset * dtype.itemsize,
            strides=tuple(stride * dtype.itemsize for stride in tensor.strides),
        )
        return from_bfloat16(numbers) if tensor.storage.kind == BFLOAT16 else numbers

    def _read(self, name: str) -> bytes:
        """A file of the zip, its checksum compared."""
        entry = self._zip.getinfo(self._root + name)
        if entry.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{name} is compressed, which torch never does")
        return self._zip.read(entry)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The type of a storage; calling it is of no use to a pickle."""

    name: str


@dataclass(frozen=True, slots=True)
class _Storage:
    """The file that numbers lie in."""

    kind: str
    key: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    """Where a tensor lies in its storage: offset and strides in numbers."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Index(pickle.Unpickler):
    """Reads which tensors there are; knows no other names than those in `_KNOWN`."""

    def find_class(self, module: str, name: str) -> Any:
        if module == "torch" and name in NUMBERS:
            return _Kind(name)
        try:
            return _KNOWN[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"weights need no {module}.{name}") from None

    def persistent_load(self, pid: Any) -> _Storage:
        tag, kind, key, *_ = pid
        if tag != "storage" or not isinstance(kind, _Kind):
            raise pickle.UnpicklingError("no storage of numbers")
        return _Storage(kind.name, str(key))


def _tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Tensor:
    """In place of torch's function of four and more arguments."""
    return _Tensor(storage, offset, shape, strides)


def _parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


_KNOWN: Mapping[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
}


def _begins_like_a_pickle(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == pickle.PROTO
