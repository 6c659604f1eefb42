"""Reading weights as numpy arrays, beside what torch and safetensors make of the same files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from app.providers import weights


def save(path: Path, **tensors: object) -> None:
    from safetensors.torch import save_file

    save_file(tensors, path, metadata={"format": "pt"})


@pytest.fixture(scope="module")
def tensors() -> Mapping[str, object]:
    """One of each kind of number, with infinities and the smallest."""
    import torch

    torch.manual_seed(5)
    numbers = torch.cat([torch.randn(61), torch.tensor([torch.inf, -torch.inf, 1e-40])])
    matrix = numbers.reshape(4, 16)
    return {
        "whole": matrix,
        "half": matrix.half(),
        "brain": matrix.bfloat16(),
        "double": matrix.double(),
    }


def test_every_kind_of_number_is_read(tensors: Mapping[str, object], tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save(file, **tensors)
    with weights.Safetensors(file) as read:
        assert read.names == set(tensors)
        for name, expected in tensors.items():
            if name == "brain":
                assert read(name).dtype == np.float32
                expected = expected.float()  # exact: numpy has no such numbers
            else:
                assert read(name).dtype == expected.numpy().dtype
            np.testing.assert_array_equal(read(name), expected.numpy())


@pytest.mark.parametrize("damage", ["cut", "nonsense", "longer"])
def test_a_damaged_file_is_found(tensors: Mapping[str, object], tmp_path: Path, damage: str):
    file = tmp_path / "model.safetensors"
    save(file, **tensors)
    weights.check(file)
    whole = file.read_bytes()
    file.write_bytes(
        {"cut": whole[:-1], "nonsense": b"<html>404</html>", "longer": whole + b"\0"}[damage]
    )
    with pytest.raises(ValueError):
        weights.check(file)


def test_a_checkpoint_in_several_files_is_one(
    tensors: Mapping[str, object], tmp_path: Path
) -> None:
    places = {"whole": "model-1.safetensors", "half": "model-2.safetensors"}
    for name, place in places.items():
        save(tmp_path / place, **{name: tensors[name]})
    save(tmp_path / "other.safetensors", brain=tensors["brain"])
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    with weights.opened(tmp_path) as files:
        assert set(files) == set(places), "only what the index names"
        for name in places:
            np.testing.assert_array_equal(files[name](name), tensors[name].numpy())
    (tmp_path / "model-2.safetensors").unlink()
    with pytest.raises(FileNotFoundError), weights.opened(tmp_path):
        pass


def test_an_index_leads_to_no_other_folder(tensors: Mapping[str, object], tmp_path: Path) -> None:
    save(tmp_path / "private.safetensors", whole=tensors["whole"])
    folder = tmp_path / "model"
    folder.mkdir()
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"whole": "../private.safetensors"}}))
    with pytest.raises(FileNotFoundError), weights.opened(folder):
        pass


def test_safetensors_come_before_a_pickle(tensors: Mapping[str, object], tmp_path: Path) -> None:
    save(tmp_path / "model.safetensors", whole=tensors["whole"])
    (tmp_path / "pytorch_model.bin").write_bytes(b"nothing that can be read")
    with weights.opened(tmp_path) as files:
        assert set(files) == {"whole"}


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), weights.opened(tmp_path):
        pass
