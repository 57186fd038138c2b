"""Read margin with sneak paths, and the largest readable array; closed form or with wires."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from mottle.checks import check_number, check_whole, names_arguments
from mottle.reservoir.nonvolatile.crossbar import Crossbar
from mottle.reservoir.nonvolatile.schemes import margin, sneak_conductance

G_ON, G_OFF = 1e-4, 1e-6  # S: 10 kohm and 1 Mohm


@names_arguments
def sneak_margin(
    n: int,
    selectivity: float = 1.0,
    *,
    scheme: str = "floating",
    g_on: float = G_ON,
    g_off: float = G_OFF,
    wire_resistance: float = 0.0,
) -> xr.Dataset:
    """Read the worst cell of an n by n array with all other cells on.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        Ratio of a cell's resistance at the voltage of a sneak path to that at the read voltage.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        Bias of the unselected lines.
    g_on, g_off : float, default=1e-4 and 1e-6
        Conductances of on and off cells in S.
    wire_resistance : float, default=0.0
        Resistance in ohm per segment. 0: closed form; otherwise the circuit is solved.

    Returns
    -------
    dataset : xarray.Dataset
        ``read_on`` and ``read_off``, conductances as read, in S; ``on_off``, their ratio;
        ``swing``, the voltage difference over a load of 1 / g_on, relative to the read voltage.

    Examples
    --------
    >>> float(sneak_margin(128, 1e4, scheme="V/2").on_off.round(1))
    61.6
    """
    if not 0 <= g_off < g_on < np.inf:
        raise ValueError(f"g_off={g_off} S must lie in [0, g_on={g_on} S).")
    sneak = sneak_conductance(n, selectivity, scheme) * g_on
    if wire_resistance == 0:
        return margin(g_on + sneak, g_off + sneak, g_on)
    array = Crossbar((n, n), topology="passive", wire_resistance=wire_resistance, scheme=scheme)
    g = np.full((n, n), g_on / selectivity)

    def read(selected: float) -> float:
        g[0, -1] = selected  # the cell farthest from driver and sense amplifier
        return float(array.set_conductances(g).read(0, n - 1).conductance)

    return margin(read(g_on), read(g_off), g_on)


@names_arguments
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
    """Return the size of the largest square array whose worst swing meets a criterion.

    Parameters
    ----------
    selectivity : float, default=1.0
        Ratio of a cell's resistance at the voltage of a sneak path to that at the read voltage.
    criterion : float, default=0.1
        Least swing over a load of 1 / g_on, relative to the read voltage.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        Bias of the unselected lines.
    g_on, g_off : float, default=1e-4 and 1e-6
        Conductances of on and off cells in S.
    wire_resistance : float, default=0.0
        Resistance in ohm per segment.
    most : int, default=None
        Largest size of the search; by default 512 with wires, whose circuits are solved, and 2**40
        without.

    Returns
    -------
    n : int
        Rows and columns; 0 if a single cell fails the criterion.

    Examples
    --------
    >>> [largest_array(K) ** 2 for K in (1.0, 10.0, 100.0)]
    [16, 1225, 113569]
    """
    check_number("criterion", criterion, above=0, below=1, why=": a fraction of the read voltage")
    if most is not None:
        check_whole("most", most)

    def is_readable(n: int) -> bool:
        result = sneak_margin(
            n, selectivity, scheme=scheme, g_on=g_on, g_off=g_off, wire_resistance=wire_resistance
        )
        return bool(result.swing >= criterion)

    end = (512 if wire_resistance else 2**40) if most is None else most
    return last_true(is_readable, end)


def last_true(holds: Callable[[int], bool], most: int) -> int:
    """Return the largest n from 1 to ``most`` for which a monotonic condition holds, or 0.

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
