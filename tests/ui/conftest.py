from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.bench import Bench


@pytest.fixture
def bench(qtbot: QtBot) -> Bench:
    return Bench(qtbot)
