"""Selectors: devices in series with a memristor that block current at low voltages."""

from typing import NamedTuple

from mottle.checks import check_positive, choose
from mottle.reservoir.nonvolatile import kernel


class SinhSelector(NamedTuple):
    """A selector whose current grows as a sinh: I = i_0 sinh(V / v_0).

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir.nonvolatile import Crossbar
    >>> crossbar = Crossbar((8, 8), topology="passive", selector=SinhSelector(v_0=0.02))
    >>> read = crossbar.set_conductances(np.full((8, 8), 1e-4)).read(0, 0)
    >>> bool(read.sneak_current < read.cell_current)  # else three times as large
    True
    """

    i_0: float = 1e-9  # A
    v_0: float = 0.015  # V
    source: str = "I-V of tunnelling and hopping selectors, a sinh"
    provisional: str = "both constants: they open the selector well below a read of 0.2 V"


class ThresholdSelector(NamedTuple):
    """A selector that turns on if the voltage across its cell exceeds a threshold.

    The logarithm of its resistance falls from ``r_off`` to ``r_on`` as a logistic of the voltage.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir.nonvolatile import Crossbar
    >>> crossbar = Crossbar((8, 8), topology="passive", selector=ThresholdSelector())
    >>> read = crossbar.set_conductances(np.full((8, 8), 1e-4)).read(0, 0)
    >>> bool(read.sneak_current < 1e-6 * read.cell_current)
    True
    """

    r_on: float = 100.0  # ohm
    r_off: float = 1e12  # ohm
    v_threshold: float = 0.15  # V
    v_width: float = 1e-3  # V
    source: str = "Ag/HfO2, on/off ratio 1e10: Midya et al. (2017), doi:10.1002/adma.201604457"
    provisional: str = "all but the ratio; the threshold suits a read of 0.2 V"


Selector = SinhSelector | ThresholdSelector
SELECTORS: dict[str, Selector] = {"sinh": SinhSelector(), "threshold": ThresholdSelector()}


def get_selector(selector: str | Selector) -> Selector:
    """Return a selector, given by name or constants; check the constants.

    Examples
    --------
    >>> get_selector("threshold").r_off
    1000000000000.0
    """
    preset = choose(selector, SELECTORS, "selector") if isinstance(selector, str) else selector
    if not isinstance(preset, Selector):
        raise TypeError(
            f"selector={selector!r} must be None, one of {', '.join(SELECTORS)}, or a selector."
        )
    for name in preset._fields[:-2]:
        check_positive(f"selector.{name}", getattr(preset, name))
    if isinstance(preset, ThresholdSelector) and not preset.r_on < preset.r_off:
        raise ValueError(
            f"selector.r_on={preset.r_on} ohm must lie below r_off={preset.r_off} ohm. "
            "Are the two swapped?"
        )
    return preset


def make_cell(
    selector: Selector | None, r_transistor: float = 0.0, v_sinh: float | None = None
) -> kernel.Cell:
    """Return the constants of a cell for the kernel.

    Examples
    --------
    >>> make_cell(SinhSelector(i_0=1e-9, v_0=0.02)).v_0
    0.02
    """
    cell = kernel.Cell(float(r_transistor), float("inf") if v_sinh is None else float(v_sinh))
    if isinstance(selector, SinhSelector):
        return cell._replace(selector=kernel.SINH, i_0=float(selector.i_0), v_0=float(selector.v_0))
    if isinstance(selector, ThresholdSelector):
        constants = {name: float(getattr(selector, name)) for name in selector._fields[:4]}
        return cell._replace(selector=kernel.THRESHOLD, **constants)
    return cell
