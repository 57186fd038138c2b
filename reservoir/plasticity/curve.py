"""The STDP curve: what two spikes do to a synapse, against the time between them."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mottle.checks import choose
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
    """Return the change of a synapse by pairs of spikes, against the time between them.

    Parameters
    ----------
    rule : {"overlap", "pair", "triplet"} or rule, default="overlap"
        Learning rule, or its constants.
    device : str, device or None, default=None
        Device that carries it out: a pulsed one, or one whose state follows voltages of both signs.
    delta_t : array-like of shape (n_times,), default=-60 to 60 ms
        Times from a spike of the input to one of the neuron, in s.
    weight : float or None, default=None
        Weight in [0, 1] at the beginning. None: the rule itself, without bounds, device or rate:
        for "overlap" the change over the device's rate constant, in s.
    learning_rate : float, default=0.05
        Change of the weight by the largest potentiation of the rule.
    n_pairs : int, default=1
        Number of pairs.
    frequency : float, default=1.0
        Pairs per second.
    bounds : {"hard", "soft"}, default="hard"
        Without a device: weights stop at 0 and 1, or are slowed towards them.

    Returns
    -------
    change : xarray.DataArray of shape (n_times,)
        Change over ``delta_t`` in s; attributes name rule, source and, for a device driven by
        voltages, the ``amplitude`` of its pulses in V. Noise and spread of a device are left out.

    Raises
    ------
    ValueError
        For impossible constants, and devices that cannot carry the rule out.

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
        raise ValueError(f"delta_t={delta_t!r} s: expected finite times, one after another.")
    if not isinstance(n_pairs, int | np.integer) or n_pairs < 1 or not 0 < frequency < np.inf:
        raise ValueError(
            f"n_pairs={n_pairs} must be a whole number, at least 1; frequency={frequency} Hz "
            "positive and finite."
        )
    if not 0 < learning_rate <= 1:
        raise ValueError(f"learning_rate={learning_rate} must lie in (0, 1]: it is a share.")
    if weight is None and device is not None:
        weight = 0.5
    if weight is not None and not 0 <= weight <= 1:
        raise ValueError(f"weight={weight} is a share of the device's range, in [0, 1].")
    attrs: dict[str, Any] = {"rule": repr(constants), "source": constants.source, "units": "1"}
    if weight is None and isinstance(constants, OverlapRule):
        attrs["units"] = "s"
    if weight is None and isinstance(constants, OverlapRule) and n_pairs == 1:
        change = overlap_change(times, constants)
    else:
        free = weight is None  # from 0, without bounds, in the rule's own units
        choose(bounds, BOUNDS, "bounds")
        rate = peak(constants) if free else learning_rate
        ready = as_synapse(constants, device, "none" if free else bounds, rate, 0.0)
        synapse = ready.synapse._replace(noise=0.0, write_noise=0.0)
        beats, start = np.arange(n_pairs) / frequency, float(weight or 0.0)
        change = np.array([_change(beats, t, start, ready.rule, synapse) for t in times])
        if ready.amplitude is not None:
            attrs["amplitude"] = ready.amplitude
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
    """Change by one pair a beat; spikes at once reach the synapse input first."""
    at = np.concatenate([beats - min(delta, 0), beats + max(delta, 0)])
    from_pre = np.repeat([True, False], beats.size)
    order = np.argsort(at, kind="stable")
    end: float = kernel.follow(at[order], from_pre[order], weight, rule, synapse)
    return end - weight
