"""Starts Parley: the window, or one of its commands (`python main.py --help`)."""

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a packaged Parley a child process starts here too

    from app.commandline import main  # a child process, which loads this file too, needs none of it

    sys.exit(main())
