"""Wirings whose node inputs are placed by the training recordings: dilated taps, convolution."""

from functools import cache

from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.placed.convolution import convolved
from mottle.reservoir.nodes.placed.taps import dilated


@cache
def wired(node: Node, wiring: str) -> Node:
    """Return the record of nodes behind a wiring."""
    behind = {"dilated": dilated, "convolution": convolved}.get(wiring)
    return node if behind is None else behind(node)
