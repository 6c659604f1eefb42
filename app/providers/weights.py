"""The tensors of a model's files by name, as numpy arrays: torch is not needed.

Checkpoints keep them as `.safetensors`, older ones as `pytorch_model.bin` (`torch_file.py`), large
ones in several files with an index beside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from app.providers.torch_file import TorchFile, from_bfloat16

SAFETENSORS = "model.safetensors"
TORCH = "pytorch_model.bin"

Tensor = NDArray[Any]


class Tensors(Protocol):
    """An open file of weights. Call it with a name."""

    @property
    def names(self) -> frozenset[str]: ...

    def __call__(self, name: str) -> Tensor: ...


class Safetensors:
    """An open `.safetensors` file. Call it with a name.

    Raises:
        OSError: it cannot be opened.
        SafetensorError: it is damaged or cut short: its header says how long it must be.
    """

    def __init__(self, path: Path) -> None:
        from safetensors import safe_open

        file: Any = safe_open(path, framework="np")
        self._path = path
        self._file = file
        self.names = frozenset[str](file.keys())

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

    def __call__(self, name: str) -> Tensor:
        if self._file.get_slice(name).get_dtype() == "BF16":
            return self._bfloat16(name)
        tensor: Tensor = self._file.get_tensor(name)
        return tensor

    def _bfloat16(self, name: str) -> Tensor:
        """What numpy, and so the library, has no numbers for."""
        with self._path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            entry = json.loads(file.read(length))[name]
            start, end = entry["data_offsets"]
            file.seek(8 + length + start)
            bits = np.frombuffer(file.read(end - start), "<u2")
        return from_bfloat16(bits.reshape(entry["shape"]))


def check(path: Path) -> None:
    """See that a `.safetensors` file is as long as its header says.

    Raises:
        OSError: it cannot be opened.
        ValueError: it is damaged or cut short.
    """
    from safetensors import SafetensorError

    try:
        with Safetensors(path):
            pass
    except SafetensorError as exc:
        raise ValueError(str(exc)) from exc


@contextmanager
def opened(folder: Path) -> Iterator[Mapping[str, Tensors]]:
    """The open files of a checkpoint, by the tensors that are in them.

    Raises:
        FileNotFoundError: there are no weights, or not all of them.
        Exception: a file is damaged: what its reader raises.
    """
    with ExitStack() as stack:
        files: list[Tensors] = []
        for path in _files(folder):
            is_safe = path.suffix == ".safetensors"
            file: Safetensors | TorchFile = Safetensors(path) if is_safe else TorchFile(path)
            stack.enter_context(file)
            files.append(file)
        yield {name: file for file in files for name in file.names}


def _files(folder: Path) -> list[Path]:
    """One file, or those that an index names; safetensors first."""
    for name in (SAFETENSORS, TORCH):
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            parts = json.loads(index.read_text("utf-8"))["weight_map"].values()
            return [folder / Path(part).name for part in sorted(set(parts))]
    raise FileNotFoundError(f"{folder} holds neither {SAFETENSORS} nor {TORCH}")
