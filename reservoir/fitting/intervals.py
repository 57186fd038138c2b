"""Which constants the measurements determine, and intervals by profile likelihood.

With Gaussian noise of unknown size the profile of a constant, the smallest sum of squares S at each
of its values, gives the interval S <= S_min (1 + t^2 / (n - p)), t being Student's quantile; unlike
a covariance it follows the curvature of the model (Bates and Watts, Nonlinear Regression Analysis
and Its Applications, 1988, section 6.1).
"""

from collections.abc import Callable
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from mottle.reservoir.fitting.search import Misfit, cost_of, descend
from mottle.reservoir.fitting.space import Axis, ends

LOOSE = 0.5  # standard error on the scale of the search, of e-folds, beyond which none is given
LEAST_NOISE = 1e-6  # of the scale of a trace; less cannot be distinguished from rounding
FLAT = 1e-8  # smallest over largest singular value where a combination has no effect at all
WORSE = 12.0  # increase of the sum of squares, in units of the noise, that contradicts a default
TOGETHER = 0.3  # part of the largest component that makes a constant part of a combination
EXCLUDED = 4.0  # standard errors from a default at which a good fit there is a contradiction
PLAIN = 0.1  # distance from a default, on the scale of the search, that is checked
RELATED = 0.9  # correlation of constants that are moved together
GAIN = 1e-3  # relative decrease of the sum of squares by which a fit is better than another
CLOSE = 0.03  # relative error of an end of an interval, in units of its distance


def noise_of(misfit: Misfit, x: NDArray) -> float:
    """Return the standard deviation of the residuals, relative to their scales."""
    left = max(1, misfit.size - x.size)
    return float(np.sqrt(cost_of(misfit(x)) / left))


def directions(misfit: Misfit, x: NDArray) -> tuple[NDArray, NDArray]:
    """Return the directions of constants, (direction, constant), and their standard errors."""
    slopes = misfit.slopes(x)
    _, sizes, rows = np.linalg.svd(slopes, full_matrices=False)
    noise = max(noise_of(misfit, x), LEAST_NOISE)
    return rows, noise / np.maximum(sizes, 1e-30)


def loosest(misfit: Misfit, x: NDArray, circuit: tuple[str, ...]) -> tuple[int, list[str]] | None:
    """Return the constant to hold, and those it cannot be distinguished from; None if all stand."""
    rows, errors = directions(misfit, x)
    errors_of = np.sqrt((rows**2 * errors[:, np.newaxis] ** 2).sum(axis=0))
    if errors_of.max(initial=0.0) <= LOOSE:
        return None
    row = np.abs(rows[int(errors.argmax())])
    part = np.flatnonzero(row >= TOGETHER * row.max())
    names = [misfit.axes[k].name for k in part]
    known = [name for name in circuit if name in names]
    place = misfit.axes[int(row.argmax())].name if not known else known[0]
    index = next(k for k, axis in enumerate(misfit.axes) if axis.name == place)
    return index, [name for name in names if name != place]


def drop_gauges(
    misfit: Misfit, starts: list[NDArray], circuit: tuple[str, ...]
) -> tuple[Misfit, list[NDArray], dict[str, list[str]]]:
    """Hold constants of the circuit that no data of this kind could tell from others.

    They show before the search: at the best start the model does not change along a direction.
    """
    held: dict[str, list[str]] = {}
    while True:
        best = min(starts, key=lambda x: cost_of(misfit(x)))
        _, sizes, rows = np.linalg.svd(misfit.slopes(best), full_matrices=False)
        row = np.abs(rows[-1])
        part = [misfit.axes[k].name for k in np.flatnonzero(row >= TOGETHER * row.max())]
        known = [name for name in circuit if name in part]
        if not known or len(part) < 2 or sizes[-1] > FLAT * sizes[0]:
            return misfit, starts, held
        index = next(k for k, axis in enumerate(misfit.axes) if axis.name == known[0])
        axes = [axis for k, axis in enumerate(misfit.axes) if k != index]
        misfit = misfit.with_axes(misfit.device, axes)
        starts = [np.delete(x, index) for x in starts]
        held[known[0]] = [name for name in part if name != known[0]]


def drop_undetermined(
    misfit: Misfit, x: NDArray, circuit: tuple[str, ...], defaults: dict[str, float],
    move: Callable[[], Any], always: bool = False,
) -> tuple[Misfit, NDArray, dict[str, list[str]]]:  # fmt: skip
    """Hold constants that the data leave open at their defaults, one by one, and fit the others.

    A default that the data contradict is not taken, except with ``always``.
    Returns misfit and vector of those that remain, and for each held one the constants with which
    the data determine it in combination only.
    """
    held: dict[str, list[str]] = {}
    while x.size:
        found = loosest(misfit, x, circuit) or not_excluded(misfit, x, defaults)
        if found is None:
            break
        index, others = found
        axis = misfit.axes[index]
        goal = axis.to_scale(defaults[axis.name])
        rows, errors = directions(misfit, x)
        row = rows[int(errors.argmax())]
        start = x + row * (goal - x[index]) / row[index] if others else x.copy()
        start = np.clip(start, *ends(misfit.axes))
        start[index] = goal
        device = misfit.device_at(start)
        axes: list[Axis] = [one for k, one in enumerate(misfit.axes) if k != index]
        narrower = misfit.with_axes(device, axes)
        tried = [
            np.delete(start, index),
            np.delete(x, index),
            *bound_to(misfit, x, index, defaults),
        ]
        tried = [descend(narrower, one, most=200) for one in tried]
        best = min(tried, key=lambda one: cost_of(narrower(one)))
        before = max(cost_of(misfit(x)), LEAST_NOISE**2 * misfit.size)
        if not always and cost_of(narrower(best)) > before * (
            1 + WORSE / max(1, misfit.size - x.size)
        ):
            narrower = misfit.with_axes(misfit.device_at(x), axes)  # the default contradicts data
            best = np.delete(x, index)
        misfit, x, held[axis.name] = narrower, best, others
        move()
    return misfit, x, held


def conditions(
    misfit: Misfit, x: NDArray, held: dict[str, Any], axes: list[Axis]
) -> dict[str, list[str]]:
    """Return for each constant the held ones on whose values it depends.

    It does if doubling a held one would move it by more than its standard error.
    """
    slopes = misfit.slopes(x)
    errors = max(noise_of(misfit, x), LEAST_NOISE) * np.sqrt(
        np.diag(np.linalg.pinv(slopes.T @ slopes))
    )
    found: dict[str, list[str]] = {}
    for axis in axes:
        if axis.name not in held or not x.size:
            continue
        wider = misfit.with_axes(misfit.device_at(x), [*misfit.axes, axis])
        value = getattr(wider.device, axis.field)
        one = axis.to_scale(float(value if axis.side is None else value[axis.side]))
        slope = wider.slopes(np.append(x, one))[:, -1]
        moved = np.abs(np.linalg.lstsq(slopes, slope, rcond=None)[0]) * log(2)
        for k, other in enumerate(misfit.axes):
            if moved[k] > errors[k]:
                found.setdefault(other.name, []).append(axis.name)
    return found


def not_excluded(
    misfit: Misfit, x: NDArray, defaults: dict[str, float]
) -> tuple[int, list[str]] | None:
    """Return a constant whose default fits as well, though its standard error excludes it.

    So is a constant on a plateau of the misfit, as of a state that may or may not have saturated.
    """
    slopes = misfit.slopes(x)
    covariance = np.linalg.pinv(slopes.T @ slopes)
    noise = max(noise_of(misfit, x), LEAST_NOISE)
    errors = noise * np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    least, found = cost_of(misfit(x)), []
    for k, axis in enumerate(misfit.axes):
        goal = axis.to_scale(defaults[axis.name])
        if abs(goal - x[k]) < max(EXCLUDED * errors[k], PLAIN):
            continue
        along = x + covariance[k] / covariance[k, k] * (goal - x[k])
        part = misfit.with_axes(
            misfit.device_at(np.where(np.arange(x.size) == k, goal, x)),
            [one for j, one in enumerate(misfit.axes) if j != k],
        )
        for start in (along, x):
            rest = descend(part, np.delete(start, k), most=100)
            worse = (cost_of(part(rest)) - least) / noise**2
            if worse < WORSE:
                moved = np.abs(rest - np.delete(x, k)) > np.delete(errors, k) * EXCLUDED
                names = [one.name for one, far in zip(part.axes, moved, strict=True) if far]
                found.append((worse, k, names))
                break
    return min(found)[1:] if found else None


def bound_to(misfit: Misfit, x: NDArray, index: int, defaults: dict[str, float]) -> list[NDArray]:
    """Return a start with the default of each constant that goes with the one to be held."""
    slopes = misfit.slopes(x)
    covariance = np.linalg.pinv(slopes.T @ slopes)
    size = np.sqrt(np.maximum(np.diag(covariance), 1e-300))
    related = np.abs(covariance[index]) >= RELATED * size * size[index]
    related[index] = False
    if not related.any():
        return []
    start = x.copy()
    for k in np.flatnonzero(related):
        axis = misfit.axes[k]
        start[k] = axis.to_scale(defaults[axis.name])
    return [np.delete(start, index)]


class LowerFit(Exception):
    """A profile passed through a vector that fits better than the minimum it began at."""

    def __init__(self, x: NDArray) -> None:
        super().__init__()
        self.x = x


def profile(
    misfit: Misfit, x: NDArray, level: float, move: Callable[[], Any], *, settled: bool = False
) -> dict[str, tuple[float, float]]:
    """Return the interval of each constant, in its unit.

    Raises
    ------
    LowerFit
        If ``x`` is no minimum, with the vector that fits better; not where ``settled``.
    """
    left = max(1, misfit.size - x.size)
    least = cost_of(misfit(x))
    noise = float(np.sqrt(least / left))
    goal = float(student.ppf(0.5 + level / 2, left))
    slopes = misfit.slopes(x)
    covariance = np.linalg.pinv(slopes.T @ slopes)
    found = {}
    for k, axis in enumerate(misfit.axes):
        error = noise * float(np.sqrt(max(covariance[k, k], 0.0)))
        along = covariance[k] / covariance[k, k] if covariance[k, k] > 0 else np.zeros(x.size)
        low, high = (
            edge(misfit, x, k, side * goal * error, along, least, noise, goal, settled)
            for side in (-1, 1)
        )
        pair = axis.to_value(float(low)), axis.to_value(float(high))
        found[axis.name] = (min(pair), max(pair))
        move()
    return found


def edge(
    misfit: Misfit, x: NDArray, k: int, reach: float, along: NDArray, least: float, noise: float,
    goal: float, settled: bool,
) -> float:  # fmt: skip
    """Return where the profile of constant ``k`` leaves the interval; begins at ``reach``."""
    lower, upper = ends(misfit.axes)
    if noise <= 1e-10 or reach == 0.0:
        return float(x[k] + reach)
    others = [axis for j, axis in enumerate(misfit.axes) if j != k]
    step = reach
    for _ in range(4):
        place = float(np.clip(x[k] + step, lower[k], upper[k]))
        start = x + along * (place - x[k])
        start[k] = place
        start = np.clip(start, lower, upper)
        part = misfit.with_axes(misfit.device_at(start), others)
        rest = descend(part, np.delete(start, k), most=15) if others else np.delete(start, k)
        excess = cost_of(part(rest)) - least
        if excess < -GAIN * least and not settled:
            raise LowerFit(np.insert(rest, k, place))
        excess = max(excess, 0.0)
        reached = float(np.sqrt(excess)) / noise
        if abs(reached - goal) <= CLOSE * goal or place in (lower[k], upper[k]):
            return place
        step *= float(np.clip(goal / max(reached, 1e-3), 0.2, 3.0))
    return float(np.clip(x[k] + step, lower[k], upper[k]))
