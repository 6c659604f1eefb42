"""The conversation as it is seen: turns, their words, what can be done with them."""
