"""Two-terminal devices behind a series resistor and a source with a current limit."""

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from mottle.checks import check_number, check_positive
from mottle.reservoir.family import Trace

CHANGE = 0.02  # largest change of a state, 0 to 1, in an integration step
SHORTEST = 1e-6  # of a held step: length of the shortest integration step


class Circuit(NamedTuple):
    """Functions of a device as a part of a circuit; its state is a number or begins with it.

    The first argument of each function is the device.
    """

    start: Callable[[Any], Any]
    advance: Callable[[Any, Any, float, float], Any]  # state, V over the device, s: state
    current: Callable[[Any, Any, float], float]  # state, V over the device: A
    i_limit: float = inf  # A, of the source of the publication
    divisible: bool = True  # whether a step may be divided; not one pulse


def find_limits(circuit: Circuit | None, r_series: Any, i_limit: Any) -> tuple[float, float]:
    """Return series resistance in ohm and current limit in A, checked; None takes the device's.

    Examples
    --------
    >>> find_limits(None, 1e3, None)
    Traceback (most recent call last):
    ValueError: r_series=1000.0 ohm: this device has its own circuit; set its constants instead.
    """
    ohm = check_number("r_series", r_series, "ohm", least=0)
    if circuit is None:
        for name, value, unit in (("r_series", ohm, "ohm"), ("i_limit", i_limit, "A")):
            if value:
                raise ValueError(
                    f"{name}={value} {unit}: this device has its own circuit; set its constants "
                    "instead."
                )
        return 0.0, inf
    if i_limit is None:
        return ohm, circuit.i_limit
    return ohm, inf if i_limit == inf else check_positive("i_limit", i_limit, "A")


def may_exceed(circuit: Circuit, device: Any, drive: NDArray, limit: float) -> bool:
    """Return whether a current can exceed the limit: it is between those of the extreme states."""
    return limit < inf and any(
        abs(circuit.current(device, state, float(volts))) > limit
        for volts in (drive.min(), drive.max())
        for state in (0.0, 1.0)
    )


def exceeds(circuit: Circuit, device: Any, drive: NDArray, trace: Trace, limit: float) -> bool:
    """Return whether a current of a run exceeds the limit at the begin or the end of a step."""
    if np.abs(trace.variables["current"][0]).max() > limit:
        return True
    states = [circuit.start(device), *trace.variables["state"][0][:-1]]
    pairs = zip(states, map(float, drive), strict=True)
    return any(abs(circuit.current(device, state, volts)) > limit for state, volts in pairs)


def over_device(
    circuit: Circuit, device: Any, state: Any, volts: float, ohm: float, limit: float
) -> tuple[float, float]:
    """Return voltage over the device in V and current in A, at a source of ``volts``."""
    sign, most = (1.0 if volts >= 0 else -1.0), abs(volts)

    def current(x: float) -> float:
        return abs(circuit.current(device, state, sign * x))

    if ohm > 0 and most > 0:
        most = float(brentq(lambda x: x + ohm * current(x) - abs(volts), 0.0, most, xtol=1e-13))
    if current(most) > limit:  # the source lowers its voltage
        most = float(brentq(lambda x: current(x) - limit, 0.0, most, xtol=1e-13))
    return sign * most, sign * current(most)


def run_circuit(
    circuit: Circuit, device: Any, drive: NDArray, dt: float, ohm: float, limit: float
) -> Trace:
    """Simulate a device under a source in V; energies balance, since the limit takes no voltage."""
    volts, states, currents = (np.empty(drive.size) for _ in range(3))
    spent = np.zeros(2)  # J, in device and resistor
    state, h = circuit.start(device), dt
    for step, source in enumerate(map(float, drive)):
        args = (source, ohm, limit)
        v, i = over_device(circuit, device, state, *args)
        left = dt
        while left > 0:
            h = min(left, 2 * h) if circuit.divisible else left
            new = circuit.advance(device, state, v, h)
            while circuit.divisible and h > SHORTEST * dt and changed(state, new) > CHANGE:
                h /= 2
                new = circuit.advance(device, state, v, h)
            state, before = new, (v, i)
            v, i = over_device(circuit, device, state, *args)
            for u, now in (before, (v, i)):
                spent += 0.5 * h * np.array([u * now, ohm * now * now])
            left = left - h if h < left else 0.0
        volts[step], states[step], currents[step] = v, np.ravel(state)[0], i
    return Trace(
        {"current": (currents, "A"), "state": (states, "1"), "device_voltage": (volts, "V")},
        None,
        {"device": spent[0], "resistor": spent[1], "supply": spent.sum()},
    )


def changed(before: Any, after: Any) -> float:
    """Return the change of a state.

    Examples
    --------
    >>> changed((0.25, 1.0), (0.5, 2.0)), changed(0.5, 0.25)
    (0.25, 0.25)
    """
    return float(abs(np.ravel(after)[0] - np.ravel(before)[0]))
