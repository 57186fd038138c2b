"""Compiled loops, one file a node model: arrays in, arrays out, numpy and numba only."""

from mottle import keep_compiled


def probe():
    """Do nothing, beside the kernels."""


keep_compiled(probe)
