"""The timers that run, in the window."""
