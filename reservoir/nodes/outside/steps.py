"""Whether the integration steps of a device are short enough for its constants.

Limits of states hide an integration that diverges: its states are finite, and wrong. A few steps of
the input are therefore integrated once more in much shorter steps, with the same kernel.
"""

from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.nodes.placed.placing import MOST_ROWS, evenly, sample
from mottle.reservoir.nodes.supply import WARNED

ROWS = 6  # of the input that are looked at
MOST_HELD = 16  # integration steps for which each is held
SHORTER = 4, 512  # times: far beyond the limit of stability, a few times as short still diverges
MOST_UPDATES = 1 << 21  # of nodes, about 10 ms
TOLERANCE = 0.1  # of the states, rms: steps that are coarse, but stable, stay below
PROBED: ContextVar[int] = ContextVar("PROBED", default=0)
"""How many times as short the integration steps are while they are checked; 0: nothing is."""


def probed(n_micro: int, h: float) -> tuple[int, float]:
    """Return number and length in s of the integration steps of a held step.

    Examples
    --------
    >>> probed(20, 1e-3)
    (20, 0.001)
    >>> before = PROBED.set(4)
    >>> probed(20, 1e-3), PROBED.reset(before)
    ((64, 0.00025), None)
    """
    shorter = PROBED.get()
    return (min(n_micro, MOST_HELD) * shorter, h / shorter) if shorter else (n_micro, h)


def warn_long_steps(label: str, dt_inner: float, n: int, run: Callable[[], NDArray]) -> None:
    """Warn where outputs of ``n`` devices, returned by ``run``, change in shorter steps.

    Numbers that are not finite, and equations that cannot be compiled, are left to the run itself,
    which names the place.
    """
    least, most = SHORTER
    shorter = max(least, min(most, MOST_UPDATES // (ROWS * MOST_HELD * n)))
    with suppress(ValueError):
        coarse, fine = (_in_steps(factor, run) for factor in (1, shorter))
        gap, scale = (np.sqrt(np.mean(x * x)) for x in (coarse - fine, fine))
        if gap > TOLERANCE * scale:
            warn(
                f"{label}: dt_inner={dt_inner:.6g} s is too long for the constants and voltages in "
                f"use. In integration steps {shorter} times as short, states differ by "
                f"{gap / scale:.0%} (rms). Take a smaller dt_inner (of device_node, or of "
                "simulate).",
                stacklevel=5,
            )


def _in_steps(shorter: int, run: Callable[[], NDArray]) -> NDArray:
    """Return outputs in steps so many times as short; the run itself warns of clipped voltages."""
    probe, silent = PROBED.set(shorter), WARNED.set({"clipped"})
    try:
        return run()
    finally:
        PROBED.reset(probe)
        WARNED.reset(silent)


def rows_of(size: NDArray) -> NDArray[np.int64]:
    """Return rows evenly taken, with the largest.

    Examples
    --------
    >>> rows_of(np.array([0.0, 1.0, 0.0, -3.0, 0.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0])).tolist()
    [0, 2, 3, 5, 8, 10]
    """
    return np.union1d(evenly(size.size, ROWS - 1), np.abs(size).argmax())


def check_reservoir(p: Any, family: Any, drives: Any) -> None:
    """Warn if the devices of a fitted reservoir need shorter steps under the drive of ``fit``."""
    if family.node.dt_inner is None:
        return
    few = sample(drives, ROWS).recordings
    rows = np.concatenate([one[evenly(len(one), MOST_ROWS // ROWS)] for one in few])
    rows = rows[rows_of(np.abs(rows).sum(axis=1))]
    block, lengths = np.ascontiguousarray(rows[np.newaxis], np.float64), np.array([len(rows)])
    label = f"device={p.device!r}" if isinstance(p.device, str) else "the device"
    warn_long_steps(
        label, family.node.dt_inner, p._node.rest(p).shape[1],
        lambda: p._run_block(block, lengths, p.start()),
    )  # fmt: skip
