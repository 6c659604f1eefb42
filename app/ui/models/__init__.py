"""What can be downloaded: the models page and the first minute."""
