"""Compiled loops, one file a node model: arrays in, arrays out, numpy and numba only."""
