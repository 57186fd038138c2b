"""VO2 thermal neuristors: constants in SI units."""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_number, check_positive, choose, names_arguments
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.family import (
    FARAD,
    OHM,
    Bound,
    Family,
    Fitting,
    Trace,
    check_bounds,
    check_steps,
    micro_steps,
)
from mottle.reservoir.nodes.state import ReservoirState
from mottle.reservoir.nodes.supply import V_COMPLIANCE
from mottle.reservoir.nodes.vo2 import kernel
from mottle.reservoir.nodes.vo2.figure import neuristor
from mottle.reservoir.nodes.wiring import near_square

PER_NODE = (
    "r_0", "r_metallic", "t_c", "capacitance", "c_th", "s_th", "r_load", "width", "beta",
)  # fmt: skip
COMMON = ("e_a", "gamma", "t_0", "i_spike")
STEPS_SINGLE = 12  # in float32, integration steps in the longest one, at most (measured)


class VO2Neuristor(NamedTuple):
    """Constants of one VO2 film with its load; equations in ``kernel.py``.

    Examples
    --------
    >>> cool = VO2Neuristor(t_0=320.0)
    >>> [round(film.window[0], 1) for film in (VO2Neuristor(), cool)]
    [10.0, 12.4]
    >>> f"{cool.time_scale:.3g}"
    '1.74e-06'
    """

    r_0: float = 5.35882879e-3  # ohm
    e_a: float = 5220.47417  # K
    r_metallic: float = 262.5 * 4.90025335  # ohm, a fitted factor on a measured 262.5
    t_c: float = 332.805839  # K
    width: float = 7.19357064  # K
    beta: float = 0.252796285  # 1/K
    gamma: float = 0.956269682
    capacitance: float = 145.34619293e-12  # F
    c_th: float = 49.62776831e-12  # J/K
    s_th: float = 0.20558726e-3  # W/K
    r_load: float = 12e3  # ohm
    t_0: float = 325.0  # K
    i_spike: float = 1.5e-3  # A
    source: str = "Zhang et al. (2024), arXiv:2312.12899"
    provisional: str = ""

    @property
    def time_scale(self) -> float:
        """Time in s to charge the parasitic capacitor through the load."""
        return self.r_load * self.capacitance

    @property
    def r_series(self) -> float:
        """Load resistor in ohm."""
        return self.r_load

    @property
    def window(self) -> tuple[float, float]:
        """Lowest and highest supply in V at which the film goes on oscillating.

        Found by simulation from rest, within 1 mV; NaN if the film oscillates nowhere up to 25 V.

        Examples
        --------
        >>> low, high = VO2Neuristor().window
        >>> f"{low:.2f} to {high:.2f} V"
        '10.01 to 15.49 V'
        """
        return find_window(self)


VO2_NEURISTORS = {
    "vo2_neuristor": VO2Neuristor(),
    # the heat capacity of the published MNIST reservoir: 0.15 of the device's
    "vo2_neuristor_fast": VO2Neuristor(c_th=0.15 * 49.62776831e-12),
}


BOUNDS = {
    "r_0": Bound("ohm", 1e-18, 1e18),  # extrapolated to infinite temperature
    "e_a": Bound("K", 0.0, 1e5),
    "r_metallic": OHM,
    "t_c": Bound("K", 1.0, 5e3),
    "width": Bound("K", 1e-3, 500.0),
    "beta": Bound("1/K", 1e-3, 1e3),
    "gamma": Bound("", 1e-3, 100.0),
    "capacitance": FARAD,
    "c_th": Bound("J/K", 1e-21, 1e3),
    "s_th": Bound("W/K", 1e-15, 1e3),
    "r_load": OHM,
    "t_0": Bound("K", 1.0, 5e3),
    "i_spike": Bound("A", 1e-12, 100.0),
}


def check_neuristor(device: str | VO2Neuristor) -> VO2Neuristor:
    """Return the constants of a preset, or check given ones.

    Examples
    --------
    >>> check_neuristor("vo2_neuristor").r_load
    12000.0
    """
    if not isinstance(device, VO2Neuristor):
        return choose(device, VO2_NEURISTORS, "device")
    why = ": without hysteresis between heating and cooling no node can oscillate"
    check_positive("device.width", device.width, "K", why=why)
    check_bounds(device, BOUNDS)
    return device


def longest_step(device: VO2Neuristor) -> float:
    """Return the longest integration step in s: up to it, Heun's period is within 0.5 % (measured).

    Examples
    --------
    >>> round(longest_step(VO2Neuristor()) * 1e9)
    28
    """
    return 0.3 * min(device.c_th / device.s_th, 0.5 * device.r_metallic * device.capacitance)


def check_step(dt_inner: float, held: float, device: VO2Neuristor) -> None:
    """Raise if an integration step is too long for the film's thermal time constant."""
    check_positive("dt_device", held, "s")
    why = f", for a film with a thermal time constant of {device.c_th / device.s_th:.3g} s"
    check_number("dt_inner", dt_inner, "s", above=0, most=longest_step(device), why=why)


def check_single(device: VO2Neuristor, drawn: dict[str, NDArray], step: float) -> None:
    """Raise if numbers of float32 do not hold films, or lose what integration steps add."""
    least = longest_step(device) / STEPS_SINGLE
    if step < least:
        raise ValueError(
            f"dtype='float32' loses by rounding what an integration step of {step:.3g} s adds: let "
            f"dt_inner and dt_device give at least {least:.3g} s, or take dtype='float64'."
        )
    own: dict[str, Any] = {name: getattr(device, name) for name in PER_NODE} | drawn
    powers = np.log2(own["r_0"]) + kernel.LOG2_E * device.e_a / np.array([[250.0], [1000.0]])
    steep, far = np.max(own["beta"] * own["width"]), float(np.abs(powers).max())
    if steep > 6.9 or far > 60:
        raise ValueError(
            f"dtype='float32' does not hold this film: beta * width={steep:.3g} may be 6.9, and "
            f"between 250 and 1000 K the insulating phase has up to 2**{far:.0f} ohm, or one "
            "divided by it, which may be 2**60; take dtype='float64'."
        )


def operate(
    device: VO2Neuristor,
    volts: NDArray,
    drawn: dict[str, NDArray] | None = None,
    kappa: float = 0.0,
    kick: float | None = None,
    dtype: str = "float64",
) -> tuple[NDArray, NDArray]:
    """Return what films do under constant supplies: the number of late spikes, and whether hot.

    Films run from rest for 120 of the longer time constant; spikes of the second half are counted.
    A film is hot whose mean temperature at the end is above the centre of its loop. ``kick`` is 0.0
    for films with noise, which is left out, but not from the compiled kernel.
    """
    n = volts.size
    own = {name: np.full(n, getattr(device, name)) for name in PER_NODE} | (drawn or {})
    values: dict[str, Any] = own | {name: getattr(device, name) for name in COMMON}
    nodes = kernel.Neuristors(kappa=kappa, **values)
    slowest = max(float((own["r_load"] * own["capacitance"]).max()), device.c_th / device.s_th)
    n_micro = micro_steps(longest_step(device) / 3, 60 * slowest)
    dt, drive = 60 * slowest / n_micro, np.broadcast_to(volts, (1, 2, n)).copy()
    run, columns = kernel.run_coupled if kappa else kernel.run, near_square(n)[1]
    found = []
    for observable in (kernel.OBSERVABLES.index(name) for name in ("spikes", "temperature")):
        state = ReservoirState(rest(device, n, dtype)[np.newaxis], np.zeros(1, np.uint64))
        common = kernel.settings(nodes, dt, n_micro, observable, state.values)
        states = run_nodes(
            run, drive, np.array([2]), state, nodes, columns, dt, common, kick, None,
            updates=n_micro, apart=not kappa,
        )  # fmt: skip
        found.append(states[0, 1])
    return found[0], found[1] > own["t_c"]


@lru_cache(maxsize=128)
def find_window(device: VO2Neuristor) -> tuple[float, float]:
    """Return the lowest and highest supply in V at which a film goes on oscillating."""
    volts = np.linspace(0.0, V_COMPLIANCE, 129)[1:]
    fires = operate(device, volts)[0] > 1
    if not fires.any():
        return np.nan, np.nan
    first = int(np.argmax(fires))
    beyond = np.flatnonzero(~fires[first:])
    last = first + int(beyond[0]) - 1 if beyond.size else fires.size - 1
    step = volts[0]
    low, high = volts[first], volts[last]
    for _ in range(2):  # each narrows an edge to a hundredth
        below = np.linspace(low - step, low, 101)
        low = below[int(np.argmax(operate(device, below)[0] > 1))]
        if beyond.size:
            above = np.linspace(high, high + step, 101)
            high = above[int(np.argmin(operate(device, above)[0] > 1)) - 1]
        step /= 100
    return float(low), float(high)


def opening(device: VO2Neuristor, temperature: float) -> float:
    """Return by how much the heating branch lies above the cooling one, relative to the latter.

    Examples
    --------
    >>> [f"{opening(VO2Neuristor(), kelvin):.2g}" for kelvin in (295.0, 325.0)]
    ['3e-08', '0.12']
    """
    up, down = (
        1 / (1 + np.exp(2 * device.beta * (temperature - device.t_c - sign * device.width / 2)))
        for sign in (1, -1)
    )
    return float(up / down - 1)


def steady_temperature(device: VO2Neuristor, volts: float) -> float:
    """Return the temperature in K at which a cold film settles under a constant supply.

    Where none exists below the transition the film heats through it, and a temperature above
    ``t_c`` is returned.

    Examples
    --------
    >>> [round(steady_temperature(VO2Neuristor(t_0=295.0), volts), 1) for volts in (0.0, 17.0)]
    [295.0, 302.1]
    """
    kelvin = device.t_0
    for _ in range(200):  # heating only: each iterate lies above the last
        ohm = float(film_resistance(device, [kelvin])[0])
        power = (volts / (ohm + device.r_load)) ** 2 * ohm
        last, kelvin = kelvin, device.t_0 + power / device.s_th
        if kelvin > device.t_c or abs(kelvin - last) < 1e-6:
            break
    return kelvin


def rest(device: VO2Neuristor, n_nodes: int, dtype: str = "float64") -> NDArray:
    """Return the state of cold films, in float32 with temperatures relative to the surroundings."""
    state = np.zeros((kernel.N_STATE, n_nodes), dtype)
    if dtype == "float64":
        state[1] = device.t_0
    state[2] = 1.0  # a cold film heats first
    return state


def trace(
    device: VO2Neuristor,
    drive: NDArray,
    dt: float,
    key: int,
    *,
    method: str = "heun",
    dt_inner: float = 1e-8,
    temperature_noise: float = 0.0,
) -> Trace:
    """Simulate one film from rest under a supply in V.

    ``method`` is "heun" or "rk4", ``dt_inner`` the longest integration step in s and
    ``temperature_noise`` that of the temperature in K per square root of second.
    """
    fourth = choose(method, {"heun": False, "rk4": True}, "method")
    check_step(dt_inner, dt, device)
    check_number("temperature_noise", temperature_noise, "K/sqrt(s)", least=0)
    names = (name for name in kernel.Neuristors._fields if name != "kappa")
    nodes = kernel.Neuristors(kappa=0.0, **{name: getattr(device, name) for name in names})
    n_micro = micro_steps(dt_inner, dt)
    check_steps(drive.size, dt, n_micro)
    (v, t, r), spikes, energies = kernel.trace(
        drive, nodes, float(temperature_noise), np.uint64(key), dt / n_micro, n_micro, fourth
    )
    return Trace(
        {
            "device_voltage": (v, "V"),
            "current": (v / r, "A"),
            "temperature": (t, "K"),
            "resistance": (r, "ohm"),
        },
        spikes,
        dict(zip(("device", "resistor", "supply"), energies, strict=True)),
    )


@names_arguments
def film_resistance(device: str | VO2Neuristor, temperature: ArrayLike) -> NDArray[np.float64]:
    """Return the resistance of a VO2 film along a path of temperatures.

    The film starts on the heating branch; each turn of the path begins a minor loop.

    Parameters
    ----------
    device : str or VO2Neuristor
        Device constants: a key of ``VO2_NEURISTORS``, or your own.
    temperature : array-like of shape (n_steps,)
        Temperature of the film in K.

    Returns
    -------
    resistance : ndarray of shape (n_steps,)
        Resistance in ohm.

    Raises
    ------
    ValueError
        For an unknown device, impossible constants, or temperatures that are not positive numbers.

    References
    ----------
    L. A. de Almeida et al., Opt. Eng. 41 (2002) 2582, doi:10.1117/1.1501095 (form of the loop).

    Examples
    --------
    >>> film_resistance("vo2_neuristor", [325.0, 330.0, 335.0]).round(3).tolist()
    [51843.351, 39543.388, 22329.628]
    """
    film = check_neuristor(device)
    path = np.asarray(temperature, dtype=np.float64)
    if path.ndim != 1 or path.size == 0:
        raise ValueError(f"temperature has shape {path.shape}; expected (n_steps,).")
    if not (np.isfinite(path) & (path > 0)).all():
        place = int(np.argmin(np.isfinite(path) & (path > 0)))
        raise ValueError(
            f"temperature holds {path[place]} K at step {place}; every value must be a finite "
            "number of kelvin above 0."
        )
    resistance: NDArray[np.float64] = kernel.sweep(
        path, film.r_0, film.r_metallic, film.t_c, film.e_a, film.width, film.beta, film.gamma
    )
    return resistance


LOOP = "resistance against temperature, heated and cooled slowly: a loop and minor loops"
MOST_INNER = 500  # integration steps in a sample; films that need more are not tried
FITTING = Fitting(
    "vo2",
    BOUNDS,
    {"device_voltage": 100.0, "current": 1.0},
    {
        "r_0": f"{LOOP}, below the transition",
        "e_a": f"{LOOP}, below the transition",
        "r_metallic": "the current of spikes, or the resistance above the transition",
        "t_c": LOOP,
        "width": LOOP,
        "beta": LOOP,
        "gamma": f"{LOOP} (minor loops)",
        "capacitance": "the charging of the node after the supply steps up, with r_load known",
        "c_th": "oscillation at two or more supplies: the delay of switching by heating",
        "s_th": "oscillation at two or more supplies, with the period against the supply",
        "r_load": "its own value, by an ohmmeter; or voltage and current together",
        "t_0": "the thermometer of the stage",
        "i_spike": "no trace: a convention, the current above which a spike is counted",
    },
    circuit=("r_load",),
    held=("i_spike", "t_0", "r_0", "e_a", "t_c", "width", "beta", "gamma"),
    options=lambda device, dt: {"dt_inner": max(min(1e-8, longest_step(device)), dt / MOST_INNER)},
    grows=True,
)


FAMILY = Family(
    VO2Neuristor,
    "oscillator",
    VO2_NEURISTORS,
    check_neuristor,
    trace,
    neuristor,
    fine=lambda device: {"dt_inner": longest_step(device) / 12},
    fitting=FITTING,
)
