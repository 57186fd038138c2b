"""Compiled helpers that kernels share: vectors, functions, blocks, noise, sums, threads."""

from mottle import keep_compiled


def probe():
    """Do nothing, beside the kernels."""


keep_compiled(probe)
