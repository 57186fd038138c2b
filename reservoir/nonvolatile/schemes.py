r"""Bias schemes of unselected lines: sneak conductance and write power in closed form.

Wires are ideal; all other cells are on, with resistance R, which their selectors multiply by the
selectivity K. With floating lines, sneak paths consist of three cells in series, many of them in
parallel:

.. math:: R_{sneak} = K R \left(\frac{2}{n - 1} + \frac{1}{(n - 1)^2}\right)

References
----------
A. Flocke, T. G. Noll, Fundamental analysis of resistive nano-crossbars, Proc. ESSCIRC (2007) 328.
"""

import numpy as np
import xarray as xr

from mottle.checks import check_number, check_whole, choose, names_arguments

SCHEMES = {"floating": None, "V/2": (0.5, 0.5), "V/3": (1 / 3, 2 / 3)}  # unselected word, bit line


def check_square(n: int, selectivity: float) -> None:
    """Check the number of rows and columns, and the selectivity."""
    check_whole("n", n)
    check_number("selectivity", selectivity, least=1)


@names_arguments
def sneak_conductance(n: int, selectivity: float = 1.0, scheme: str = "floating") -> float:
    """Return the sneak current relative to the current of a cell that is on.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        Ratio of a cell's resistance at the voltage of a sneak path to that at the read voltage.
    scheme : {"floating", "V/2", "V/3"}, default="floating"
        Bias of the unselected lines.

    Returns
    -------
    ratio : float
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


@names_arguments
def write_power(n: int, selectivity: float = 1.0, scheme: str = "V/2") -> float:
    """Return the power of an array while one cell is written, relative to that of the cell.

    Parameters
    ----------
    n : int
        Rows and columns.
    selectivity : float, default=1.0
        Ratio of a cell's resistance at a half or a third of the voltage to that at full voltage.
    scheme : {"V/2", "V/3"}, default="V/2"
        With V/2 the cells of two lines are half-selected; with V/3 all cells have a third of the
        voltage.

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


def swing(read_on: float, read_off: float, g_load: float) -> float:
    """Return the voltage between on and off over a load, relative to the read voltage.

    Examples
    --------
    >>> round(swing(1e-4, 1e-6, 1e-4), 3)
    0.49
    """
    return float(read_on / (read_on + g_load) - read_off / (read_off + g_load))


def margin(read_on: float, read_off: float, g_load: float) -> xr.Dataset:
    """Compare the conductances in S as read of an on and an off cell.

    Examples
    --------
    >>> float(margin(2e-4, 1e-4, 1e-4).on_off)
    2.0
    """
    siemens = {"units": "S"}
    return xr.Dataset(
        {
            "read_on": ((), read_on, siemens),
            "read_off": ((), read_off, siemens),
            "on_off": ((), read_on / read_off if read_off > 0 else np.inf),
            "swing": ((), swing(read_on, read_off, g_load)),
        }
    )
