"""The only QThreads: one worker each, one owner for everything mutable.

A worker is a `Worker` moved to its thread by `Threads`. It takes commands in its `handle`
slot and tells what happened through its one signal, `event`.
"""
