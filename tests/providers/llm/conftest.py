"""Fixtures for the tests of language-model providers."""

from __future__ import annotations

from tests.support.ollama_server import ollama_server

__all__ = ["ollama_server"]
