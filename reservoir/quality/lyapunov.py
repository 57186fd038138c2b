"""Conditional Lyapunov exponent: growth of a small difference under the same input."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from mottle.checks import check_option, check_positive, check_whole
from mottle.reservoir.quality.read import read_input

METHODS = ("twin", "tangent")


def conditional_lyapunov(
    reservoir: Any,
    u: Any,
    *,
    method: str = "twin",
    every: int = 10,
    size: float = 1e-7,
    washout: int = 200,
    random_state: Any = 0,
) -> Any:
    r"""Return the conditional Lyapunov exponent of a fitted reservoir.

    The mean logarithmic growth of a small difference of states per step, under the same input and
    the same noise. Below 0 the reservoir forgets, at the rate of the exponent; above 0 it never
    does. A free oscillator, whose phase is neutral, is at 0.

    Parameters
    ----------
    reservoir : Reservoir
        A fitted reservoir with state variables of real numbers.
    u : array-like of shape (n_steps,) or (n_steps, n_inputs)
        Input.
    method : {"twin", "tangent"}, default="twin"
        "twin": two runs, the second brought back to a small distance from the first after every
        ``every`` steps. "tangent": a vector is multiplied by the Jacobian of each step, for
        `EchoStateReservoir` alone.
    every : int, default=10
        Steps between two renormalisations. Smaller for reservoirs that forget within few steps.
    size : float, default=1e-7
        Distance of the twin after a renormalisation, in standard deviations of the state variables.
    washout : int, default=200
        Steps left out at the beginning.
    random_state : int, RandomState instance or None, default=0
        Draws the first difference.

    Returns
    -------
    dataset : xarray.Dataset
        ``growth`` (interval), logarithmic growth per step; ``exponent``, its mean per step;
        ``error``, the standard error over ten blocks. An exponent of minus infinity means that a
        difference falls to 0 within ``every`` steps.

    Raises
    ------
    ValueError
        For too few steps, and "tangent" for other reservoirs.

    References
    ----------
    G. Benettin, L. Galgani, A. Giorgilli, J.-M. Strelcyn, Meccanica 15 (1980) 9,
    doi:10.1007/BF02128236.

    Examples
    --------
    Without input an echo state network is linear near rest, and the exponent the logarithm of its
    spectral radius, here -0.105:

    >>> import numpy as np
    >>> from mottle.reservoir import EchoStateReservoir
    >>> u = 1e-9 * np.random.default_rng(0).uniform(-1, 1, 3000)
    >>> network = EchoStateReservoir(50, leak=1.0, spectral_radius=0.9, random_state=0)
    >>> found = conditional_lyapunov(network.fit(u[:, None]), u, method="tangent")
    >>> float(found.exponent.round(2))
    -0.11
    """
    import xarray as xr

    check_is_fitted(reservoir)
    check_option("method", method, METHODS)
    series = read_input(u, len(u))
    every, washout = check_whole("every", every), check_whole("washout", washout, 2 * every)
    check_positive("size", size)
    n_intervals = (len(series) - washout) // every
    if n_intervals < 20:
        raise ValueError(
            f"{len(series)} steps are too few: take at least {washout + 20 * every} for a washout "
            f"of {washout} and {every} steps between renormalisations."
        )
    rng = check_random_state(random_state)
    run = _twin if method == "twin" else _tangent
    growth = run(reservoir, series, every, float(size), washout, rng, n_intervals)
    blocks = np.array([block.mean() for block in np.array_split(growth, 10)])
    with np.errstate(invalid="ignore"):
        error = blocks.std(ddof=1) / np.sqrt(blocks.size)
    return xr.Dataset(
        {
            "growth": ("interval", growth, {"long_name": "growth", "units": "1/step"}),
            "exponent": ((), growth.mean(), {"units": "1/step"}),
            "error": ((), error, {"long_name": "standard error", "units": "1/step"}),
        },
        coords={"interval": washout + every * np.arange(1, n_intervals + 1)},
        attrs={"method": method, "every": every, "n_steps": n_intervals * every},
    )


def _twin(
    p: Any, u: NDArray, every: int, size: float, washout: int, rng: Any, n_intervals: int
) -> NDArray:
    """Return the growth of the distance between a run and its twin."""
    pasts = np.stack([u[:washout], u[rng.permutation(washout)]])
    state, snapshots = p.start(2, keys=[0, 0]), []
    for first in range(0, washout, every):
        state, _ = p.advance(state, pasts[:, first : min(first + every, washout)])
        snapshots.append(state.values)
    moved = np.stack(snapshots[len(snapshots) // 2 :]).astype(float)
    scale = moved.std(axis=(0, 1))  # (variable, node)
    live = scale > 1e-12 * np.abs(moved).max(axis=(0, 1))
    if not live.any():
        raise ValueError("no state variable moves under this input; raise the gain.")
    scale = np.where(live, scale, np.inf)
    growth = np.zeros(n_intervals)
    values = _approach(state.values, scale, size, rng)
    for i in range(n_intervals):
        chunk = u[washout + i * every : washout + (i + 1) * every]
        before = _apart(values, scale)
        state, _ = p.advance(replace(state, values=values), np.stack([chunk, chunk]))
        after = _apart(state.values, scale)
        with np.errstate(divide="ignore"):
            growth[i] = np.log(after / before) / every
        values = _approach(state.values, scale, size, rng)
    return growth


def _apart(values: NDArray, scale: NDArray) -> float:
    """Return the root mean square difference of two runs, in standard deviations."""
    return float(np.sqrt((((values[1] - values[0]) / scale) ** 2).mean()))


def _approach(values: NDArray, scale: NDArray, size: float, rng: Any) -> NDArray:
    """Return the values with the twin at a distance ``size`` from the first run.

    Variables in which the two differ by whole numbers, such as modes and counts, are made equal.
    """
    first = values[0].astype(float)
    difference = values[1] - first
    whole = (np.rint(difference) == difference) & (np.rint(first) == first)
    difference = np.where(whole | np.isinf(scale), 0.0, difference)
    distance = float(np.sqrt(((difference / scale) ** 2).mean()))
    if distance < 1e-3 * size:  # lost in rounding: a fresh direction
        fresh = rng.standard_normal(first.shape)
        difference = np.where(whole | np.isinf(scale), 0.0, fresh * np.where(whole, 0.0, scale))
        difference = np.where(np.isfinite(difference), difference, 0.0)
        distance = float(np.sqrt(((difference / scale) ** 2).mean()))
    out = values.copy()
    out[1] = first + difference * (size / distance)
    return out


def _tangent(
    p: Any, u: NDArray, every: int, size: float, washout: int, rng: Any, n_intervals: int
) -> NDArray:
    """Return the growth of a vector under the Jacobians of an echo state network."""
    from mottle.reservoir.nodes.echo_state.node import EchoStateReservoir

    if not isinstance(p, EchoStateReservoir):
        raise ValueError(
            f"method='tangent' knows the Jacobian of EchoStateReservoir alone, not of "
            f"{type(p).__name__}; take 'twin'."
        )
    _, states = p.advance(p.start(), u[np.newaxis])
    x = states[0].astype(float)
    before = np.vstack([np.zeros(x.shape[1]), x[:-1]])
    slope = p.leak * (1 - ((x - (1 - p.leak) * before) / p.leak) ** 2)
    weights = sparse.csr_array(p.weights_)
    vector = rng.standard_normal(x.shape[1])
    growth = np.zeros(n_intervals)
    for step in range(washout + n_intervals * every):
        vector = (1 - p.leak) * vector + slope[step] * (weights @ vector)
        if (step + 1 - washout) % every == 0:
            size_now = np.linalg.norm(vector)
            vector /= size_now
            if step >= washout:
                growth[(step - washout) // every] = np.log(size_now) / every
    return growth
