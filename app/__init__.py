"""Parley: hold a key, talk, and hear the answer from models on your own computer."""

__version__ = "0.1.0"
