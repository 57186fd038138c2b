"""Statistics of programmed conductances: write deviation, relaxation, drift, endurance."""

from math import log
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mottle.checks import (
    check_fraction,
    check_number,
    check_positive,
    choose,
    names_arguments,
)
from mottle.reservoir.family import SECOND, SIEMENS, Bound, Cell, Family, check_bounds
from mottle.reservoir.nonvolatile.devices.programming.figure import written_cells

if TYPE_CHECKING:
    import xarray as xr

DAY = 86_400.0  # s


class Programming(NamedTuple):
    r"""Statistics of conductances after write-verify; all polynomials are in uS.

    ``strength`` links endurance and retention: cells that are programmed harder keep their state
    longer and fail earlier. Times after writing pass more slowly by the factor ``strength**hold``,
    and the cycle of failure is multiplied by ``strength**-wear``. At 1 both are as published.

    Notes
    -----
    For thermally activated switching, endurance goes with the first to third power of the write
    time, here the inverse of the strength (D. B. Strukov, "Endurance-write-speed tradeoffs in
    nonvolatile memories", Appl. Phys. A 122 (2016) 302). The exchange of endurance for retention
    was measured over several materials by C. Nail et al., IEDM (2016); no exponent is taken from
    there, and ``hold`` is an assumption.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> cell = Programming(g_min=10e-6, g_max=90e-6, write=(1.0,))  # written to 1 uS
    >>> round(devices.levels(cell))
    21
    >>> devices.program(cell, [20e-6, 80e-6], random_state=0).conductance.shape
    (1, 2)
    """

    g_min: float  # S
    g_max: float  # S
    write: tuple[float, ...]  # uS: coefficients of the write deviation, constant first
    relax_mean: float = 0.0  # uS per e-fold of the time in s
    relax_deviation: tuple[float, float] = (0.0, 0.0)  # uS: constant, and per e-fold
    drift: bool = False  # G (t / t_0)^-nu, as in phase-change memory
    day: tuple[float, ...] = ()  # uS: coefficients of the total deviation a day after writing
    t_0: float = 1.0  # s after writing at which the write deviation was measured
    source: str = ""
    provisional: str = ""
    strength: float = 1.0  # of programming, relative to the published one
    wear: float = 2.0  # exponent of endurance, 1 to 3: the published range for oxides and flash
    hold: float = 1.0  # exponent of retention, assumed

    @property
    def time_scale(self) -> float:
        """Time in s after writing at which relaxation begins."""
        return self.t_0 * self.strength**self.hold

    @property
    def kind(self) -> str:
        """Return "programming": statistics, not a circuit element."""
        return "programming"


PRESETS = {
    "milo2021": Programming(
        50e-6, 225e-6, (4.7823, -0.009107), source="Milo et al. (2021), HfO2 1T1R, IGVVA-100",
        provisional="no retention published with it",
    ),
    "wan2022": Programming(
        0.0, 39e-6, (1.053, 0.2374, -0.01167, 1.536e-4),
        source="Wan et al., Nature 608 (2022) 504, one second after writing",
        provisional="later times are left out: no retention, see wan2022_day",
    ),
    "wan2022_day": Programming(
        0.0, 40e-6, (0.348, 16.030 / 40, -43.853 / 40**2, 45.393 / 40**3, -16.815 / 40**4),
        day=(0.701, 22.086 / 40, -50.773 / 40**2, 47.095 / 40**3, -16.458 / 40**4),
        source="Wan et al., Nature 608 (2022) 504, one second and one day, as fitted in aihwkit",
        provisional="between and beyond: the square of the deviation goes with log t",
    ),
    "cmo_hfox": Programming(
        9e-6, 88e-6, (0.01122, 0.01129), -0.0890, (0.4118, 0.0420),
        source="CMO/HfOx, verified to 2 %, as fitted in aihwkit", provisional="range of G",
    ),
    "cmo_hfox_fine": Programming(
        9e-6, 88e-6, (0.000811, 0.001069), -0.0890, (0.4118, 0.0420),
        source="CMO/HfOx, verified to 0.2 %, as fitted in aihwkit", provisional="range of G",
    ),
    "pcm": Programming(
        0.0, 25e-6, (0.26348, 1.9650 / 25, -1.1731 / 25**2), drift=True, t_0=20.0,
        source="phase-change memory, as fitted in aihwkit",
    ),
}  # fmt: skip


BOUNDS = {
    "g_min": Bound("S", 0.0, 1e3),
    "g_max": SIEMENS,
    "write": Bound("uS", -1e9, 1e9),
    "relax_mean": Bound("uS", -1e9, 1e9),
    "relax_deviation": Bound("uS", -1e9, 1e9),
    "day": Bound("uS", -1e9, 1e9),
    "t_0": SECOND,
    "strength": Bound("", 1e-2, 1e2),
    "wear": Bound("", 1.0, 3.0),
    "hold": Bound("", 0.0, 3.0),
}


def get_programming(device: str | Programming) -> Programming:
    """Return statistics, given by name or constants; raise for an empty range.

    Examples
    --------
    >>> get_programming("milo2021").g_max
    0.000225
    """
    preset = choose(device, PRESETS, "device") if isinstance(device, str) else device
    check_bounds(preset, BOUNDS)
    if not preset.g_min < preset.g_max:
        raise ValueError(f"device.g_min={preset.g_min} S must lie in [0, g_max={preset.g_max} S).")
    return preset


def retention(preset: Programming) -> str:
    """Return whether retention was published: "published", "not published" or "ideal".

    Examples
    --------
    >>> [retention(PRESETS[name]) for name in ("pcm", "milo2021")]
    ['published', 'not published']
    """
    if preset.drift or preset.day or preset.relax_mean or any(preset.relax_deviation):
        return "published"
    return "not published" if any(preset.write) else "ideal"


def write_deviation(preset: Programming, g: NDArray) -> NDArray[np.float64]:
    """Return the standard deviation in S of conductances (S) right after writing."""
    deviation: NDArray = np.polynomial.polynomial.polyval(g * 1e6, preset.write)
    at_least_0: NDArray[np.float64] = np.maximum(deviation, 0.0) * 1e-6
    return at_least_0


def drift_exponents(preset: Programming, g: NDArray) -> tuple[NDArray, NDArray]:
    """Return mean and standard deviation of the drift exponent of phase-change memory."""
    log_ratio = np.log(np.clip(g / preset.g_max, 1e-6, None))
    mean = np.clip(-0.0155 * log_ratio + 0.0244, 0.049, 0.1)
    return mean, np.clip(-0.0125 * log_ratio - 0.0059, 0.008, 0.045)


def age_moments(preset: Programming, g: NDArray, age: float) -> tuple[NDArray, NDArray]:
    """Return mean change of conductances and its standard deviation, in S, ``age`` s after writing.

    Relaxation was published from 1 s after writing and grows with the logarithm of time: there is
    none before 1 s, and a step at 1 s. All times are those of the published strength of
    programming; with another one they pass more slowly or faster.
    """
    g, age = np.asarray(g, dtype=np.float64), age / preset.strength**preset.hold
    if preset.drift:
        decades = max(log(age / preset.t_0), 0.0) if age > 0 else 0.0
        nu, deviation = drift_exponents(preset, g)
        left = g * np.exp(-nu * decades)
        return left - g, left * decades * deviation
    if preset.day and age > preset.t_0:
        variance = np.polynomial.polynomial.polyval(g * 1e6, preset.day) ** 2 * 1e-12
        added = np.maximum(variance - write_deviation(preset, g) ** 2, 0.0)
        return np.zeros_like(g), np.sqrt(added * log(age / preset.t_0) / log(DAY / preset.t_0))
    if age < preset.t_0 or preset.relax_deviation == (0.0, 0.0):
        return np.zeros_like(g), np.zeros_like(g)
    constant, per_fold = preset.relax_deviation
    ones = np.ones_like(g) * 1e-6
    return preset.relax_mean * log(age) * ones, (constant + per_fold * log(age)) * ones


@names_arguments
def program(
    device: str | Programming,
    targets: ArrayLike,
    age: float | ArrayLike = 0.0,
    *,
    random_state: Any = None,
) -> "xr.Dataset":
    """Write conductances and age them.

    Parameters
    ----------
    device : str or Programming
        "milo2021", "wan2022", "wan2022_day", "cmo_hfox", "cmo_hfox_fine", "pcm", or your own
        statistics.
    targets : array-like of shape (n_devices,)
        Conductances to be written, in S.
    age : float or array-like of shape (n_times,), default=0.0
        Times after writing in s, increasing.
    random_state : int, Generator or None, default=None
        Draws the errors. A device has one draw for all times, along which it relaxes from 1 s
        after writing, as published.

    Returns
    -------
    dataset : xarray.Dataset
        ``target`` (device,) and ``conductance`` (age, device), both in S. Attribute ``retention``:
        "not published" if devices are taken to keep their conductance.

    Raises
    ------
    ValueError
        For targets outside the device's range, or times that are negative, infinite or decreasing.

    Examples
    --------
    >>> run = program("cmo_hfox", [20e-6, 80e-6], [0, 86400.0], random_state=0)
    >>> run.conductance.shape
    (2, 2)
    """
    import xarray as xr

    preset = get_programming(device)
    goal = np.atleast_1d(np.asarray(targets, dtype=np.float64))
    outside = ~((goal >= preset.g_min) & (goal <= preset.g_max))
    if outside.any():
        place = int(np.argmax(outside))
        raise ValueError(
            f"target {place} is {goal[place]} S; the range of this device is "
            f"{preset.g_min:.3g} to {preset.g_max:.3g} S."
        )
    ages = np.atleast_1d(np.asarray(age, dtype=np.float64))
    if not (np.isfinite(ages) & (ages >= 0)).all() or (np.diff(ages) < 0).any():
        raise ValueError(f"age={age!r} s must be finite, not negative and not decreasing.")
    rng = np.random.default_rng(random_state)
    first, later = rng.normal(size=(2, *goal.shape))
    written = np.maximum(goal + write_deviation(preset, goal) * first, 0.0)
    out = np.empty((ages.size, *goal.shape))
    for k, t in enumerate(ages):
        mean, deviation = age_moments(preset, written, float(t))
        out[k] = np.maximum(written + mean + deviation * later, 0.0)
    return xr.Dataset(
        {
            "target": ("device", goal, {"units": "S"}),
            "conductance": (("age", "device"), out, {"units": "S"}),
        },
        coords={"age": ("age", ages, {"units": "s"})},
        attrs={
            "source": preset.source,
            "provisional": preset.provisional,
            "retention": retention(preset),
        },
    )


@names_arguments
def levels(device: str | Programming, age: float = 0.0) -> float:
    r"""Return the number of distinguishable levels, whose mean +- 2 deviations do not overlap.

    .. math:: 1 + \int_{g_{min}}^{g_{max}} dG / (4 \sigma(G))

    Statistics without retention ("milo2021", "wan2022") give the same number at any age. Relaxation
    was published from 1 s after writing: at 1 s the number drops ("cmo_hfox" from 49 to 31).

    Parameters
    ----------
    device : str or Programming
        As in ``program``.
    age : float, default=0.0
        Time after writing in s.

    Returns
    -------
    levels : float
        Number of levels.

    Examples
    --------
    >>> [round(levels("cmo_hfox", age)) for age in (0.0, 86400.0)]
    [49, 20]
    """
    preset = get_programming(device)
    check_number("age", age, "s", least=0)
    g = np.linspace(preset.g_min, preset.g_max, 20_001)
    deviation = np.hypot(write_deviation(preset, g), age_moments(preset, g, age)[1])
    return float(1 + np.trapezoid(1 / (4 * deviation), g))


def cycles_to_failure(device: Any, n_fail: float) -> float:
    """Return the median cycle of failure at a device's strength of programming.

    Examples
    --------
    >>> hard = PRESETS["cmo_hfox"]._replace(strength=10.0)
    >>> f"{cycles_to_failure(hard, 1e8):.0e}", f"{cycles_to_failure(PRESETS['pcm'], 1e8):.0e}"
    ('1e+06', '1e+08')
    """
    if not isinstance(device, Programming):
        return n_fail
    return n_fail * device.strength**-device.wear


@names_arguments
def endurance(
    cycles: ArrayLike,
    n_devices: int = 100,
    *,
    n_fail: float = 1e8,
    spread: float = 1.0,
    stuck_on: float = 0.5,
    device: str | Programming | None = None,
    random_state: Any = None,
) -> pd.DataFrame:
    """Simulate the switching window of devices over write cycles.

    A device has its full window until it fails, at a lognormal number of cycles. After that the
    window shrinks by a factor of e for each further such number, towards the stuck state.

    Parameters
    ----------
    cycles : array-like of shape (n_points,)
        Numbers of write cycles.
    n_devices : int, default=100
        Number of devices.
    n_fail : float, default=1e8
        Median cycle of failure; published ones lie at 1e6 to 1e9.
    spread : float, default=1.0
        Standard deviation of the logarithm of the cycle of failure.
    stuck_on : float, default=0.5
        Fraction of devices that are stuck in the on state.
    device : str or Programming, default=None
        Statistics whose ``strength`` of programming multiplies ``n_fail`` by ``strength**-wear``.
    random_state : int, Generator or None, default=None
        Draws the devices.

    Returns
    -------
    window : pandas.DataFrame of shape (n_points * n_devices, 4)
        Columns cycles, device, off and on: the remaining end states, initially 0 and 1.

    Examples
    --------
    >>> worn = endurance([1.0, 1e12], n_devices=3, random_state=0)
    >>> (worn.on - worn.off).round(3).tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    >>> gentle = PRESETS["cmo_hfox"]._replace(strength=0.1)
    >>> worn = endurance([1e9], n_devices=3, device=gentle, random_state=0)
    >>> (worn.on - worn.off).round(3).tolist()
    [1.0, 1.0, 1.0]
    """
    counts = np.atleast_1d(np.asarray(cycles, dtype=np.float64))
    if not (counts >= 0).all():
        raise ValueError(f"cycles={cycles!r} must not be negative.")
    check_positive("n_fail", n_fail, "cycles")
    check_number("spread", spread, least=0)
    check_fraction("stuck_on", stuck_on)
    if device is not None:
        n_fail = cycles_to_failure(get_programming(device), n_fail)
    rng = np.random.default_rng(random_state)
    fails = n_fail * np.exp(spread * rng.normal(size=n_devices))
    on = rng.uniform(size=n_devices) < stuck_on
    window = np.exp(-np.maximum(counts[:, np.newaxis] / fails - 1, 0.0))
    return pd.DataFrame(
        {
            "cycles": np.repeat(counts, n_devices),
            "device": np.tile(np.arange(n_devices), counts.size),
            "off": np.where(on, 1 - window, 0.0).ravel(),
            "on": np.where(on, 1.0, window).ravel(),
        }
    )


def refuse_trace(device: Programming, drive: NDArray, dt: float, key: int) -> Any:
    """Raise, since statistics have no circuit to simulate."""
    raise ValueError(
        "this preset holds write statistics, not a circuit: see devices.program and devices.levels."
    )


def write(cell, order, defects, rng):
    """Write cells with the published deviation."""
    if not order.verify:
        raise ValueError("method='open' needs a model of a pulse; this device has statistics only.")
    deviation = write_deviation(cell, order.goal)
    g = np.maximum(order.goal + deviation * rng.normal(size=order.goal.size), 0.0)
    span = cell.g_max - cell.g_min
    worn = (defects.low > 0) | (defects.high < 1)  # other cells may be outside the range
    window = cell.g_min + defects.low * span, cell.g_min + defects.high * span
    g = np.where(worn, np.clip(g, *window), g)
    g = np.where(defects.stuck, cell.g_min + defects.place * span, g)
    unknown = np.full(g.size, np.nan)
    return g, unknown, unknown.copy(), unknown.copy()


def age(cell: Programming, written: NDArray, path: NDArray, seconds: float) -> NDArray[np.float64]:
    """Return conductances in S, ``seconds`` after they were ``written``, as published."""
    mean, deviation = age_moments(cell, written, seconds)
    return np.asarray(np.maximum(written + mean + deviation * path, 0.0))


FAMILY = Family(
    Programming,
    "programming",
    PRESETS,
    get_programming,
    refuse_trace,
    written_cells,
    cell=Cell(
        lambda cell: (cell.g_min, cell.g_max),
        retention,
        age,
        write,
        deviation=lambda cell, g: float(write_deviation(cell, np.array(g))),
        levels=lambda cell, seconds: levels(cell, seconds) if any(cell.write) else None,
    ),
)
