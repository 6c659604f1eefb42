"""Looking for what is wrong: what `doctor` and the window's diagnosis find, in the same words."""
