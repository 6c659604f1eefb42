"""Starts Parley: the window, or one of its commands (`python main.py --help`)."""

import sys

from app.commandline import main

if __name__ == "__main__":
    sys.exit(main())
