"""What `parley COMMAND` does: one module per command, each with `add_arguments` and `run`."""
