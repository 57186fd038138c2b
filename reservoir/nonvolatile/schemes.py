r"""What the lines that are not selected are held at, and what that costs, in closed form.

Wires without resistance; all other cells are on, of resistance R, and their selectors multiply it
by the selectivity K. Where lines float, the current past the selected cell takes three cells in a
row, of which there are many side by side:

.. math:: R_{sneak} = K R \left(\frac{2}{n - 1} + \frac{1}{(n - 1)^2}\right)

References
----------
A. Flocke, T. G. Noll, Fundamental analysis of resistive nano-crossbars, Proc. ESSCIRC (2007) 328.
"""

import numpy as np
import xarray as xr

from mottle.checks import choose, is_whole

SCHEMES = {"floating": None, "V/2": (0.5, 0.5), "V/3": (1 / 3, 2 / 3)}  # unselected word, bit line


def check_square(n: int, selectivity: float) -> None:
    """Refuse sides that are no whole number, and a selectivity below 1."""
    if not is_whole(n) or n < 1:
        raise ValueError(f"n={n!r} rows and columns: it must be a whole number, at least 1.")
    if not selectivity >= 1:
        raise ValueError(f"selectivity={selectivity} must be at least 1.")


def sneak_conductance(n: int, selectivity: float = 1.0, scheme: str = "floating") -> float:
    """Return the current past the selected cell over that through one that is on.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        How many times the resistance of a cell is larger under the voltage of a sneak path.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        What happens to the lines that are not selected.

    Returns
    -------
    share : float
        Dimensionless, for wires without resistance.

    Examples
    --------
    >>> sneak_conductance(128, 100.0, "V/2")
    0.635
    """
    choose(scheme, SCHEMES, "scheme")
    check_square(n, selectivity)
    others = n - 1
    if others == 0:
        return 0.0
    if scheme == "floating":
        return 1 / (selectivity * (2 / others + 1 / others**2))
    return others / selectivity / (2 if scheme == "V/2" else 3)


def write_power(n: int, selectivity: float = 1.0, scheme: str = "V/2") -> float:
    """Power of an array while one cell is written, over that of the cell.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        How many times the resistance of a cell is larger under a half or a third of the voltage.
    scheme : {"V/2", "V/3"}, default="V/2"
        V/2 burdens the cells of two lines with half the voltage, V/3 all cells with a third.

    Returns
    -------
    power : float
        Dimensionless, for cells that are all on and wires without resistance.

    Examples
    --------
    >>> write_power(101, 100.0, "V/2"), write_power(10, 11.0, "V/3")
    (1.5, 2.0)
    """
    choose(scheme, {"V/2": 0, "V/3": 0}, "scheme")
    check_square(n, selectivity)
    if scheme == "V/2":
        return 1 + 2 * (n - 1) / (4 * selectivity)
    return 1 + (n**2 - 1) / (9 * selectivity)


def swing(seen_on: float, seen_off: float, g_load: float) -> float:
    """Voltage between on and off over a divider with a load, as a share of the read voltage.

    Examples
    --------
    >>> round(swing(1e-4, 1e-6, 1e-4), 3)
    0.49
    """
    return float(seen_on / (seen_on + g_load) - seen_off / (seen_off + g_load))


def margin(seen_on: float, seen_off: float, g_load: float) -> xr.Dataset:
    """Compare the conductances in S that reads of an on and an off cell see.

    Examples
    --------
    >>> float(margin(2e-4, 1e-4, 1e-4).on_off)
    2.0
    """
    siemens = {"units": "S"}
    return xr.Dataset(
        {
            "seen_on": ((), seen_on, siemens),
            "seen_off": ((), seen_off, siemens),
            "on_off": ((), seen_on / seen_off if seen_off > 0 else np.inf),
            "swing": ((), swing(seen_on, seen_off, g_load)),
        }
    )
