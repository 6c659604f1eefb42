"""The settings page: a table of rows, and a control for each kind."""
