"""Saved models: one checked file each, from which nothing is unpickled."""
