"""Least squares of a device model against traces, on the simulator itself, from several starts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from mottle.reservoir.family import Family
from mottle.reservoir.fitting.space import Axis, ends, write
from mottle.reservoir.fitting.table import Measured

STEP = 1e-6  # of a central difference, on the scales of the search
FLOOR = 1e-4  # of the largest value of a trace: least noise of a reading that is weighted by itself
FAR = 1e6  # residual of constants with which the model cannot be computed
REACH = {"log": 1.5, "logit": 1.5, "linear": 0.5}  # standard deviation of random starts
NARROW = 0.03  # the same of constants that are known well before the search
PULL = 0.3  # weight of the start while only the begin of a trace is fitted
PER_VOLT = 0.4  # the same of exponents, in whose exponential all errors grow
MET = 3  # starts that reach the same minimum, which ends the search
GROWTH = (0.15, 0.3, 0.55)  # parts of oscillation traces that are fitted before the whole


def simulate(family: Family, device: Any, trace: Measured, names: Any = None) -> dict[str, NDArray]:
    """Return what the model gives for the samples of a trace, by measured quantity."""
    fitting: Any = family.fitting
    if fitting.step:
        device = device._replace(**{fitting.step: trace.dt})
    run = family.trace(
        device, trace.drive, trace.dt, 0, **fitting.options(device, trace.dt)
    ).variables
    found = {}
    for name in trace.values if names is None else names:
        if name == "conductance":
            volts = trace.drive[trace.pick]
            with np.errstate(divide="ignore", invalid="ignore"):
                found[name] = np.where(volts != 0, run["current"][0][trace.pick] / volts, np.nan)
        else:
            found[name] = run[name][0][trace.pick]
    return found


class Misfit:
    """Residuals of traces under a device whose free constants are a vector.

    ``noise`` is "trace", the same at every sample of a trace and in proportion to its largest
    value, or "reading", in proportion to each value.
    """

    def __init__(
        self, family: Family, device: Any, axes: list[Axis], traces: list[Measured], noise: str
    ) -> None:
        self.family, self.device, self.axes = family, family.fitting.still(device), axes  # type: ignore[union-attr]
        self.traces, self.noise = traces, noise
        self.n_calls = 0
        self.measured = [
            (k, name, y) for k, trace in enumerate(traces) for name, y in trace.values.items()
        ]
        self.used = []
        for k, name, y in self.measured:
            fine = np.isfinite(y)
            if name == "conductance":
                fine &= traces[k].drive[traces[k].pick] != 0
            self.used.append(np.flatnonzero(fine))
        self.size = sum(rows.size for rows in self.used)
        self.set_scales([y for _, _, y in self.measured])

    def set_scales(self, levels: list[NDArray]) -> None:
        """Take the noise of each sample relative to the others, from the values themselves."""
        self.scales = []
        for (_, _, y), level, rows in zip(self.measured, levels, self.used, strict=True):
            most = np.abs(y[rows]).max(initial=0.0)
            if self.noise == "reading":
                self.scales.append(np.hypot(level[rows], FLOOR * most))
            else:
                self.scales.append(np.full(rows.size, most))

    def with_axes(self, device: Any, axes: list[Axis]) -> "Misfit":
        """Return the misfit of the same samples under other free constants."""
        other = Misfit(self.family, device, axes, self.traces, self.noise)
        other.scales = self.scales
        return other

    def device_at(self, x: NDArray) -> Any:
        """Return the device of a vector."""
        return write(self.axes, self.device, x)

    def predict(self, x: NDArray) -> list[NDArray] | None:
        """Return what the model gives for each measured quantity; None where it gives nothing."""
        self.n_calls += 1
        device = self.device_at(x)
        try:
            self.family.check(device)
            with np.errstate(all="ignore"):
                runs = [simulate(self.family, device, trace) for trace in self.traces]
        except (ValueError, OverflowError, ZeroDivisionError):
            return None
        return [runs[k][name] for k, name, _ in self.measured]

    def parts(self, x: NDArray) -> list[NDArray] | None:
        """Return the residuals of each measured quantity of each trace, relative to its scale."""
        levels = self.predict(x)
        if levels is None:
            return None
        return [
            (level[rows] - y[rows]) / scale
            for (_, _, y), level, rows, scale in zip(
                self.measured, levels, self.used, self.scales, strict=True
            )
        ]

    def __call__(self, x: NDArray) -> NDArray[np.float64]:
        """Return all residuals; large ones where the model cannot be computed."""
        found = self.parts(x)
        if found is None:
            return np.full(self.size, FAR)
        whole = np.concatenate(found)
        return np.clip(np.where(np.isfinite(whole), whole, FAR), -FAR, FAR)

    def slopes(self, x: NDArray) -> NDArray[np.float64]:
        """Return the derivatives of the residuals, (sample, constant), by central differences."""
        lower, upper = ends(self.axes)
        columns = []
        for k in range(x.size):
            up, down = x.copy(), x.copy()
            up[k], down[k] = min(x[k] + STEP, upper[k]), max(x[k] - STEP, lower[k])
            columns.append((self(up) - self(down)) / (up[k] - down[k]))
        return np.column_stack(columns) if columns else np.empty((self.size, 0))


def cost_of(residuals: NDArray) -> float:
    """Return the sum of squares."""
    return float(residuals @ residuals)


def descend(
    misfit: Misfit, x: NDArray, *, fine: bool = False, most: int = 60, pull: float = 0.0
) -> NDArray:
    """Return the vector of a local minimum of the sum of squares; ``pull`` holds it near ``x``."""
    lower, upper = ends(misfit.axes)
    x = np.clip(x, lower, upper)
    if not x.size:
        return x
    tolerance = 1e-14 if fine else 1e-8
    start, identity = x.copy(), pull * np.eye(x.size)

    def residuals(x: NDArray) -> NDArray:
        return np.concatenate([misfit(x), pull * (x - start)]) if pull else misfit(x)

    def slopes(x: NDArray) -> NDArray:
        return np.vstack([misfit.slopes(x), identity]) if pull else misfit.slopes(x)

    found = least_squares(
        residuals, x, slopes, (lower, upper), method="trf", x_scale="jac",
        ftol=tolerance, xtol=tolerance, gtol=None if fine else 1e-10, max_nfev=most,
    )  # fmt: skip
    return np.asarray(found.x)


def reach_of(misfit: Misfit, width: float) -> NDArray[np.float64]:
    """Return standard deviations of random starts, by ``width`` of the usual ones."""
    fitting: Any = misfit.family.fitting
    reach = width * np.array([
        PER_VOLT if axis.bound.unit == "1/V" else REACH[axis.kind] for axis in misfit.axes
    ])  # fmt: skip
    if fitting.guess is not None:
        reach[[axis.name in fitting.narrow for axis in misfit.axes]] = NARROW
    return reach


def draw_starts(
    misfit: Misfit, x: NDArray, width: float, rng: np.random.Generator
) -> list[NDArray]:
    """Return random vectors about one, those of the least misfit first."""
    reach, drawn = reach_of(misfit, width), []
    lower, upper = ends(misfit.axes)
    for _ in range(misfit.family.fitting.draws):  # type: ignore[union-attr]
        one = match_amplitude(misfit, x + reach * rng.normal(size=x.size))
        one = np.clip(one, lower, upper)
        drawn.append((cost_of(misfit(one)), one))
    drawn.sort(key=lambda pair: pair[0])
    return [one for _, one in drawn]


def match_amplitude(misfit: Misfit, x: NDArray) -> NDArray:
    """Return a vector with the constants that scale the result set to the measured amplitude."""
    powers: Any = misfit.family.fitting.scales  # type: ignore[union-attr]
    places = [(k, powers[axis.name]) for k, axis in enumerate(misfit.axes) if axis.name in powers]
    levels = misfit.predict(x) if places else None
    if levels is None:
        return x
    above = below = 0.0
    for (_, _, y), level, rows, scale in zip(
        misfit.measured, levels, misfit.used, misfit.scales, strict=True
    ):
        m, target = level[rows] / scale, y[rows] / scale
        above, below = above + float(m @ target), below + float(m @ m)
    if not (np.isfinite(above) and np.isfinite(below) and above > 0 and below > 0):
        return x
    x = x.copy()
    for k, power in places:
        axis = misfit.axes[k]
        x[k] = axis.to_scale(axis.to_value(float(x[k])) * (above / below) ** power)
    return x


def search(
    misfit: Misfit,
    starts: list[NDArray],
    width: float,
    n_starts: int,
    seed: int,
    move: Callable[[], Any],
) -> tuple[NDArray, int]:
    """Return the best minimum of several starts, and the number of starts that reached it.

    Random ones are drawn about the last of ``starts``, by ``width`` of the usual range.
    """
    drawn = draw_starts(misfit, starts[-1], width, np.random.default_rng(seed))
    found = []
    for x in [*starts[::-1], *drawn][: max(n_starts, len(starts))]:
        x = grow(misfit, np.clip(match_amplitude(misfit, x), *ends(misfit.axes)))
        found.append((cost_of(misfit(x)), x))
        move()
        costs = sorted(cost for cost, _ in found)
        if len(found) >= MET and costs[MET - 1] - costs[0] <= 1e-4 * costs[0] + 1e-12 * misfit.size:
            break  # further starts would find the same
    best, x = min(found, key=lambda one: one[0])
    reached = sum(cost <= best * (1 + 1e-3) + 1e-10 * misfit.size for cost, _ in found)
    return x, reached


def grow(misfit: Misfit, x: NDArray) -> NDArray:
    """Return a local minimum; of an oscillation after those of the begin of its traces."""
    if not misfit.family.fitting.grows:  # type: ignore[union-attr]
        return descend(misfit, x)
    for part in GROWTH:
        traces = [first(trace, part) for trace in misfit.traces]
        begin = Misfit(misfit.family, misfit.device, misfit.axes, traces, misfit.noise)
        if min(rows.size for rows in begin.used) > 4 * len(misfit.axes):
            x = descend(begin, x, most=30, pull=PULL)
    return descend(misfit, x)


def first(trace: Measured, part: float) -> Measured:
    """Return the begin of a trace."""
    n = max(3, round(part * trace.pick.size))
    return trace._replace(
        drive=trace.drive[: trace.pick[n - 1] + 1],
        pick=trace.pick[:n],
        values={name: y[:n] for name, y in trace.values.items()},
    )
