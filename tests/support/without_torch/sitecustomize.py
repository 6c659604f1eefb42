"""Makes torch and transformers look as if they were not installed, as in Parley's packages.

Python imports a module of this name by itself when it starts; it finds this one when the folder is
on PYTHONPATH (`tests/end_to_end/test_without_torch.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MISSING = ("torch", "transformers")


class Without(PathFinder):
    """Finds every module but those."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in MISSING:
            return None
        return super().find_spec(fullname, path, target)


sys.meta_path[:] = [Without if finder is PathFinder else finder for finder in sys.meta_path]
