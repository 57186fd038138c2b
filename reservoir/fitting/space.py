"""Constants of a device as a vector without units: logarithms, logits, or values relative to one.

A constant that must be positive is its logarithm, a fraction its logit; any other is divided by its
value in the preset. A change of 0.01 is then about one percent for each.
"""

from math import exp, inf, log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.family import Bound, Fitting

SIDES = ("up", "down")  # of constants that are (potentiating, depressing)
EDGE = 1e-9  # distance of a fraction from 0 and 1
SMALLEST = 1e-12  # of a positive constant whose bound is 0


class Axis(NamedTuple):
    """One constant, or one of a pair, on its scale."""

    name: str  # "tau", or "step_up" of a pair
    field: str
    side: int | None
    bound: Bound
    kind: str  # "log", "logit", "linear"
    unit_size: float  # of a linear one

    def to_scale(self, value: float) -> float:
        """Return the value on the scale of the search, within the bounds."""
        if self.kind == "log":
            return log(min(max(value, self.least), self.bound.most))
        if self.kind == "logit":
            part = min(max(value / self.bound.most, EDGE), 1 - EDGE)
            return log(part / (1 - part))
        return value / self.unit_size

    def to_value(self, x: float) -> float:
        """Return the constant in its unit."""
        if self.kind == "log":
            return min(max(exp(x), self.least), self.bound.most)
        if self.kind == "logit":
            return self.bound.most / (1 + exp(-x))
        return min(max(x * self.unit_size, self.bound.least), self.bound.most)

    @property
    def least(self) -> float:
        """Smallest value of a positive constant."""
        return self.bound.least or SMALLEST

    @property
    def ends(self) -> tuple[float, float]:
        """Bounds on the scale of the search, a little inside so that rounding stays within."""
        if self.kind == "log":
            return log(self.least) + 1e-9, log(self.bound.most) - 1e-9
        if self.kind == "logit":
            edge = log((1 - EDGE) / EDGE)
            return -edge, edge
        return self.bound.least / self.unit_size, self.bound.most / self.unit_size


def find_axes(fitting: Fitting, device: Any) -> tuple[list[Axis], dict[str, float]]:
    """Return an axis for each constant that may be fitted, and those that are 0 in the preset.

    Examples
    --------
    >>> from mottle.reservoir.catalogue import family_of, get
    >>> hp = get("wox_du2017")
    >>> axes, zeros = find_axes(family_of(hp).fitting, hp)
    >>> [(axis.name, axis.kind) for axis in axes][2:4], zeros
    ([('tau', 'log'), ('w_min', 'logit')], {})
    """
    axes, zeros = [], {}
    for field, bound in fitting.bounds.items():
        if field in fitting.held or field == fitting.step:
            continue
        own = fitting.within.get(field)
        bound = bound if own is None else own(device)
        value = getattr(device, field)
        pair = field in fitting.pairs
        for side in range(2) if pair else (None,):
            one = float(value if side is None else value[side])
            name = field if side is None else f"{field}_{SIDES[side]}"
            kind = "linear"
            if own is not None:
                pass
            elif bound.least == 0.0 and bound.most <= 1.0:
                kind = "logit"
            elif bound.least >= 0.0:
                kind = "log"
            if one == 0.0 and kind == "log":
                zeros[name] = 0.0
            else:
                axes.append(Axis(name, field, side, bound, kind, abs(one) or 1.0))
    return axes, zeros


def read(axes: list[Axis], device: Any) -> NDArray[np.float64]:
    """Return the vector of a device."""
    values = [getattr(device, axis.field) for axis in axes]
    return np.array([
        axis.to_scale(float(value if axis.side is None else value[axis.side]))
        for axis, value in zip(axes, values, strict=True)
    ])  # fmt: skip


def write(axes: list[Axis], device: Any, x: NDArray) -> Any:
    """Return the device with the constants of a vector."""
    changed: dict[str, Any] = {}
    for axis, one in zip(axes, x, strict=True):
        value = axis.to_value(float(one))
        if axis.side is not None:
            pair = list(changed.get(axis.field, getattr(device, axis.field)))
            pair[axis.side] = value
            changed[axis.field] = tuple(pair)
        else:
            changed[axis.field] = value
    return device._replace(**changed)


def ends(axes: list[Axis]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper bounds of vectors."""
    if not axes:
        return np.empty(0), np.empty(0)
    lower, upper = zip(*(axis.ends for axis in axes), strict=True)
    return np.array(lower), np.array(upper)


def values_of(axes: list[Axis], x: NDArray) -> dict[str, float]:
    """Return the constants of a vector by name."""
    return {axis.name: axis.to_value(float(one)) for axis, one in zip(axes, x, strict=True)}


def outside(value: float, bound: Bound) -> bool:
    """Return whether a value lies outside its bounds, or within rounding of one."""
    near = 1 + 1e-6
    return value < bound.least * near or value > (bound.most / near if bound.most < inf else inf)
