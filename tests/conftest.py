"""What every test may use."""

from __future__ import annotations

import os

from app.commandline import NO_REPORTS

# Qt without a screen; tests that need one start their own (tests.support.virtual_screen).
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Nothing here may look for a model on the network.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Nor report to anybody that it runs.
os.environ.update(NO_REPORTS)
