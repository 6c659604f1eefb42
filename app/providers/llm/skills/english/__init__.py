"""English: how people ask Parley, and how it answers."""
