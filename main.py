"""Starts Parley: the window, or one of its commands (`python main.py --help`)."""

import multiprocessing
import sys

from app.commandline import main

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a packaged Parley a child process starts here too
    sys.exit(main())
