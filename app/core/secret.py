"""Text that may travel and must not be seen."""

from __future__ import annotations


class Secret:
    """An API key on its way between threads.

    Neither `repr`, `str`, a format string, `json` nor `dataclasses.asdict` shows it: whoever
    wants the text says `reveal`.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str:
        raise TypeError("a secret does not leave the process")
