"""The conversations of other days, beside the page."""
