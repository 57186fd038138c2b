"""Devices from outside, as in tests/outside, beside the built-in WOx memristors."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from timing import Row

from mottle.reservoir import DeviceReservoir, MemristorReservoir

N_NODES, N_STEPS, N_INPUTS = 1000, 2000, 64
PACKAGE = Path(__file__).parents[3] / "tests/outside"
NOTE = (
    "Devices described with device_node: VTEAM has one state, the other two, both by Heun's method "
    "with one step of it in each of the drive. WOx has one state and an exact step. 'd2d' varies "
    "every constant by 10 % from device to device."
)


def rows() -> Iterator[Row]:
    """Both devices, alike and with variation."""
    sys.path.insert(0, str(PACKAGE))
    from two_memristors import second_order, vteam

    X = np.random.default_rng(0).uniform(-1, 1, (N_STEPS, N_INPUTS))
    wox = MemristorReservoir(N_NODES, random_state=0).fit(X[:2])
    for node in (vteam.NODE, second_order.NODE):
        name = next(iter(node.presets))
        for spread in (0.0, 0.1):
            one = DeviceReservoir(N_NODES, device=name, spread=spread, random_state=0).fit(X[:2])
            runs = {
                "mottle": lambda one=one: one.transform(X),
                "WOx": lambda: wox.transform(X),
            }
            what = (
                f"{name}{', d2d' if spread else ''}, {N_NODES} nodes, {N_INPUTS} inputs, 4 a node"
            )
            yield Row(what, N_STEPS * N_NODES, "node steps", runs, (0.5, ("WOx",)), (0.8, ("WOx",)),
                      notes=[NOTE])  # fmt: skip
