"""How large an array can be read past its sneak paths, in closed form or with wires."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from mottle.checks import is_whole
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.schemes import margin, sneak_conductance

G_ON, G_OFF = 1e-4, 1e-6  # S: 10 kohm and 1 Mohm


def sneak_margin(
    n: int,
    selectivity: float = 1.0,
    *,
    scheme: str = "floating",
    g_on: float = G_ON,
    g_off: float = G_OFF,
    wire_resistance: float = 0.0,
) -> xr.Dataset:
    """Read the worst cell of an n by n array whose other cells are all on.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        How many times the resistance of a cell is larger under the voltage of a sneak path.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        What happens to the lines that are not selected.
    g_on, g_off : float, default=1e-4 and 1e-6
        Conductances of on and off cells in S.
    wire_resistance : float, default=0.0
        Ohm of a segment. 0 takes the closed form; otherwise the circuit is solved.

    Returns
    -------
    dataset : xarray.Dataset
        ``seen_on`` and ``seen_off``, the conductances a read sees in S; ``on_off``, their ratio;
        ``swing``, the share of the read voltage between them over a load of 1 / g_on.

    Examples
    --------
    >>> float(sneak_margin(128, 1e4, scheme="V/2").on_off.round(1))
    61.6
    """
    if not 0 <= g_off < g_on < np.inf:
        raise ValueError(f"g_off={g_off} S must lie in [0, g_on={g_on} S).")
    past = sneak_conductance(n, selectivity, scheme) * g_on
    if wire_resistance == 0:
        return margin(g_on + past, g_off + past, g_on)
    array = Crossbar((n, n), topology="passive", wire_resistance=wire_resistance, scheme=scheme)
    g = np.full((n, n), g_on / selectivity)

    def seen(selected: float) -> float:
        g[0, -1] = selected  # the cell farthest from driver and sense
        return float(array.set_conductances(g).read(0, n - 1).conductance)

    return margin(seen(g_on), seen(g_off), g_on)


def largest_array(
    selectivity: float = 1.0,
    *,
    criterion: float = 0.1,
    scheme: str = "floating",
    g_on: float = G_ON,
    g_off: float = G_OFF,
    wire_resistance: float = 0.0,
    most: int | None = None,
) -> int:
    """Find the largest square array whose worst read still swings enough.

    Parameters
    ----------
    selectivity : float, default=1.0
        How many times the resistance of a cell is larger under the voltage of a sneak path.
    criterion : float, default=0.1
        Least swing, a share of the read voltage over a load of 1 / g_on.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        What happens to the lines that are not selected.
    g_on, g_off : float, default=1e-4 and 1e-6
        Conductances of on and off cells in S.
    wire_resistance : float, default=0.0
        Ohm of a segment.
    most : int, default=None
        Where the search ends: 512 with wires, whose circuits are solved, 2**40 without.

    Returns
    -------
    n : int
        Rows and columns; 0 where even one cell fails.

    Examples
    --------
    >>> [largest_array(K) ** 2 for K in (1.0, 10.0, 100.0)]
    [16, 1225, 113569]
    """
    if not 0 < criterion < 1:
        raise ValueError(f"criterion={criterion} must lie in (0, 1): it is a share of a voltage.")
    if most is not None and not (is_whole(most) and most >= 1):
        raise ValueError(f"most={most!r} must be a whole number, at least 1.")

    def fine(n: int) -> bool:
        found = sneak_margin(
            n, selectivity, scheme=scheme, g_on=g_on, g_off=g_off, wire_resistance=wire_resistance
        )
        return bool(found.swing >= criterion)

    end = (512 if wire_resistance else 2**40) if most is None else most
    return last_true(fine, end)


def last_true(holds: Callable[[int], bool], most: int) -> int:
    """Largest n in 1 to ``most`` for which something holds that fails from some n on, or 0.

    Examples
    --------
    >>> last_true(lambda n: n * n < 50, 100)
    7
    """
    low, high = 0, 1
    while high <= most and holds(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
