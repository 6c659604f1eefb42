"""Engines behind the ports: one file each, one row in `registry`."""
