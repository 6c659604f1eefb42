"""The turn, in pure Python: no Qt, no I/O, no clock but the stamps in events."""
