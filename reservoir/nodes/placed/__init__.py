"""Wirings whose node inputs are placed by the training recordings: dilated taps, convolution."""

from functools import cache

from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.placed.convolution import convolved
from mottle.reservoir.nodes.placed.taps import dilated

PLACED = {"dilated": dilated, "convolution": convolved}


@cache
def behind(node: Node, wiring: str) -> Node:
    """Return the record of nodes behind a wiring that places their inputs."""
    return PLACED[wiring](node)


def wired(node: Node, wiring: str) -> Node:
    """Return the record of nodes behind a wiring."""
    return behind(node, wiring) if wiring in PLACED else node
