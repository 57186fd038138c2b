"""Event formats, one file each: how a file of the format begins, and how its events are read."""
