"""The scripts of `packaging/` are run as files, so their folder is where they import from."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

if str(ROOT / "packaging") not in sys.path:
    sys.path.append(str(ROOT / "packaging"))
