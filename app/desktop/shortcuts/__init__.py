"""The talk key of the whole desktop: one module per way to listen for it."""
