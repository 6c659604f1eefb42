"""How Parley is present outside its window: tray, overlay, shortcuts, notifications."""
