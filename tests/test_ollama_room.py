"""The room for Ollama's models: told only where it is known where they are."""

from __future__ import annotations

import shutil

import pytest

from app.assembly import _ollama_room


def test_a_folder_that_was_named_is_believed_before_it_is_there(tmp_path):
    room = _ollama_room({"OLLAMA_MODELS": str(tmp_path / "models")})
    assert room == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)


def test_without_the_usual_folder_nobody_knows(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert _ollama_room({}) is None
    (tmp_path / ".ollama" / "models").mkdir(parents=True)
    assert _ollama_room({})


def test_a_folder_that_cannot_be_looked_at_is_not_known(tmp_path):
    assert _ollama_room({"OLLAMA_MODELS": str(tmp_path / ("x" * 5000))}) is None
