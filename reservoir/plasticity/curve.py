"""The STDP curve: weight change against the time between two spikes."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_fraction, check_number, check_positive, check_whole, choose
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.rules import (
    LearningRule,
    OverlapRule,
    check_rule,
    overlap_change,
    peak,
)
from mottle.reservoir.plasticity.synapse import as_synapse

BOUNDS = {"hard": 0, "soft": 1}
DELTA_T = np.arange(-60, 61) * 1e-3  # s


def stdp_curve(
    rule: str | LearningRule = "overlap",
    device: Any = None,
    delta_t: ArrayLike = DELTA_T,
    *,
    weight: float | None = None,
    learning_rate: float = 0.05,
    n_pairs: int = 1,
    frequency: float = 1.0,
    bounds: str = "hard",
) -> xr.DataArray:
    """Return the weight change by pairs of spikes, against the time between them.

    Parameters
    ----------
    rule : {"overlap", "pair", "triplet"} or rule, default="overlap"
        Learning rule, or its constants.
    device : str, device or None, default=None
        Device of the synapse: a pulsed one, or one with a state driven by voltages of both signs.
    delta_t : array-like of shape (n_times,), default=-60 to 60 ms
        Times from the presynaptic to the postsynaptic spike in s.
    weight : float or None, default=None
        Initial weight in [0, 1]. None: the rule itself, without bounds, device or rate; for
        "overlap" the change divided by the device's rate constant, in s.
    learning_rate : float, default=0.05
        Change of the weight by the largest potentiation of the rule.
    n_pairs : int, default=1
        Number of pairs.
    frequency : float, default=1.0
        Pairs per second.
    bounds : {"hard", "soft"}, default="hard"
        Without a device: weights are clipped to 0 and 1, or changes shrink towards them.

    Returns
    -------
    change : xarray.DataArray of shape (n_times,)
        Change over ``delta_t`` in s; attributes are rule, source and, for a voltage-driven device,
        the ``amplitude`` of its pulses in V. A device's noise and variation are left out.

    Raises
    ------
    ValueError
        For impossible constants, and devices that cannot implement the rule.

    Examples
    --------
    >>> curve = stdp_curve(delta_t=[-5e-3, 2e-3, 10e-3, 0.2])
    >>> curve.values.round(4).tolist()
    [-6.4669, 11.2632, 2.8176, 0.0]
    >>> stdp_curve("pair", "reram_sb", [10e-3], weight=0.5).values.round(4).tolist()
    [0.0243]
    """
    constants = check_rule(rule)
    times = np.atleast_1d(np.asarray(delta_t, dtype=np.float64))
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ValueError(f"delta_t={delta_t!r} s: expected a sequence of finite times.")
    check_whole("n_pairs", n_pairs)
    check_positive("frequency", frequency, "Hz")
    why = ": it is a fraction of the device's range"
    check_number("learning_rate", learning_rate, above=0, most=1, why=why)
    if weight is None and device is not None:
        weight = 0.5
    if weight is not None:
        check_fraction("weight", weight, why=why)
    attrs: dict[str, Any] = {"rule": repr(constants), "source": constants.source, "units": "1"}
    if weight is None and isinstance(constants, OverlapRule):
        attrs["units"] = "s"
    if weight is None and isinstance(constants, OverlapRule) and n_pairs == 1:
        change = overlap_change(times, constants)
    else:
        free = weight is None  # from 0, without bounds, in units of the rule
        choose(bounds, BOUNDS, "bounds")
        rate = peak(constants) if free else learning_rate
        prepared = as_synapse(constants, device, "none" if free else bounds, rate, 0.0)
        synapse = prepared.synapse._replace(noise=0.0, write_noise=0.0)
        beats, start = np.arange(n_pairs) / frequency, float(weight or 0.0)
        change = np.array([_change(beats, t, start, prepared.rule, synapse) for t in times])
        if prepared.amplitude is not None:
            attrs["amplitude"] = prepared.amplitude
    return xr.DataArray(
        change,
        dims="delta_t",
        coords={"delta_t": ("delta_t", times, {"units": "s"})},
        name="change",
        attrs=attrs,
    )


def _change(
    beats: NDArray, delta: float, weight: float, rule: kernel.Rule, synapse: kernel.Synapse
) -> float:
    """Return the change by one pair per beat; of simultaneous spikes the input's acts first."""
    at = np.concatenate([beats - min(delta, 0), beats + max(delta, 0)])
    from_pre = np.repeat([True, False], beats.size)
    order = np.argsort(at, kind="stable")
    end: float = kernel.follow(at[order], from_pre[order], weight, rule, synapse)
    return end - weight
