"""Reading `pytorch_model.bin` without torch, beside torch, and what a stranger may put into one."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.providers.torch_file import OldTorchFile, TorchFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pytorch_model.bin"


def rebuilt(path: Path, change: Callable[[str, bytes], bytes], **how: int) -> None:
    """Write a file of torch anew with other contents."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    with zipfile.ZipFile(path, "w", **how) as new:
        for name, content in parts.items():
            new.writestr(name, change(name, content))


def test_all_tensors_are_those_that_torch_reads(path: Path) -> None:
    import torch

    torch.manual_seed(3)
    shared = torch.randn(6, 4)
    tensors = OrderedDict(
        whole=torch.randn(3, 4),
        half=torch.randn(5).half(),
        brain=torch.randn(2, 3).bfloat16(),
        double=torch.randn(2).double(),
        counts=torch.arange(7),
        turned=shared.t(),
        part=shared[2:4],
        parameter=torch.nn.Parameter(torch.randn(3)),
        single=torch.tensor(2.5),
    )
    tensors._metadata = {"": {"version": 1}}  # type: ignore[attr-defined]  # as in a state_dict
    torch.save(tensors, path)
    expected = torch.load(path)
    with TorchFile(path) as read:
        assert read.names == set(tensors)
        for name, tensor in expected.items():
            wanted = tensor.detach().float() if name == "brain" else tensor.detach()
            np.testing.assert_array_equal(read(name), wanted.numpy())
            assert read(name).dtype == wanted.numpy().dtype


class Harmful:
    """Runs a command where it is unpickled."""

    def __init__(self, command: str) -> None:
        self._command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self._command,)


def test_a_pickle_that_runs_a_command_is_refused(path: Path) -> None:
    import torch

    trace = path.with_name("trace")
    torch.save({"a": torch.ones(2), "b": Harmful(f"touch {trace}")}, path)
    with pytest.raises(pickle.UnpicklingError, match="system"):
        TorchFile(path)
    assert not trace.exists()
    torch.load(path, weights_only=False)
    assert trace.exists(), "the file does what it is said to do"


@pytest.mark.parametrize(
    "name", [b"cbuiltins\neval\n", b"ctorch\nload\n", b"ctorch._utils\n_rebuild_tensor\n"]
)
def test_no_name_is_known_but_those_of_weights(path: Path, name: bytes) -> None:
    import torch

    torch.save({"a": torch.ones(2)}, path)
    rebuilt(path, lambda part, old: name + b"." if part.endswith(".pkl") else old)
    with pytest.raises(pickle.UnpicklingError, match="weights need no"):
        TorchFile(path)


def test_a_shape_beyond_its_numbers_is_refused(path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(3, 4)}, path)
    shape, larger = b"K\x03K\x04\x86", b"K\x7fK\x7f\x86"
    rebuilt(path, lambda part, old: old.replace(shape, larger) if "pkl" in part else old)
    with TorchFile(path) as read, pytest.raises((TypeError, ValueError)):
        read("a")


def test_an_offset_before_its_numbers_is_refused(path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(3, 4)}, path)
    offset, negative = b"QK\x00K\x03K\x04", b"QJ\xf0\xff\xff\xffK\x03K\x04"
    rebuilt(path, lambda part, old: old.replace(offset, negative) if "pkl" in part else old)
    with TorchFile(path) as read, pytest.raises((TypeError, ValueError)):
        read("a")


def test_changed_numbers_are_noticed(path: Path) -> None:
    import torch

    torch.save({"a": torch.full((64,), 1.5)}, path)
    content = path.read_bytes()
    number = np.float32(1.5).tobytes()
    path.write_bytes(content.replace(number * 64, number * 63 + b"abcd"))
    with TorchFile(path) as read, pytest.raises(zipfile.BadZipFile):
        read("a")


def test_a_file_that_grows_when_it_is_read_is_refused(path: Path) -> None:
    import torch

    torch.save({"a": torch.zeros(1000)}, path)
    rebuilt(path, lambda part, old: old, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ValueError, match="compressed"):
        TorchFile(path)


def test_the_other_byte_order_is_refused(path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(2)}, path)
    rebuilt(path, lambda part, old: b"big" if part.endswith("byteorder") else old)
    with pytest.raises(ValueError, match="byte order"):
        TorchFile(path)


def test_a_file_of_an_old_torch_is_called_so(path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(OldTorchFile):
        TorchFile(path)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_what_is_no_such_file_at_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(zipfile.BadZipFile):
        TorchFile(path)


def test_a_file_cut_short(path: Path) -> None:
    import torch

    torch.save({"a": torch.ones(2000)}, path)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(zipfile.BadZipFile):
        TorchFile(path)
