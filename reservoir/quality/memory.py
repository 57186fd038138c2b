"""Linear memory capacity: how well past input can be read out of present states."""

from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, stats
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_option, check_whole
from mottle.reservoir.quality.read import RCOND, check_rcond, read_input, read_states
from mottle.reservoir.quality.runs import of_each_run

CHANCE = ("exact", "shuffled")
ALPHA = 0.01  # probability that at least one lag passes by chance


@of_each_run
def memory_capacity(
    states: Any,
    u: Any = None,
    *,
    max_lag: int = 40,
    min_lag: int = 1,
    washout: int = 100,
    test: float = 0.3,
    gap: int | None = None,
    alpha: float = 0.0,
    chance: str = "exact",
    n_shuffles: int = 20,
    rcond: float = RCOND,
    random_state: Any = 0,
) -> Any:
    r"""Return the linear memory capacity of states, by lag and in all.

    .. math:: MC = \sum_k r^2\left(u(t - k), \hat u_k(t)\right)

    where :math:`\hat u_k` is the least-squares readout of the states for lag k, fitted on the first
    steps and correlated on later ones. A lag whose correlation could be chance counts as 0. States
    of n nodes hold at most n.

    Parameters
    ----------
    states : array-like of shape (n_steps, n_nodes)
        States of one run, simulated or measured: an array, a DataArray, or what
        ``Reservoir.states`` or ``read_states`` returned, of several runs too.
    u : array-like of shape (n_steps,) or (n_steps, n_inputs), or list, default=None
        Input of the run, drawn independently from step to step; a list has one a run. None: the
        variable ``u`` of the dataset.
    max_lag, min_lag : int, default=40 and 1
        Largest and smallest lag in steps; 0 is the present input.
    washout : int, default=100
        Steps left out at the beginning.
    test : float, default=0.3
        Fraction of the steps, the last ones, on which correlations are computed.
    gap : int or None, default=None
        Steps between the two parts that are used for neither. None: ``max_lag``, so that no input
        is a target of both; other packages leave out none.
    alpha : float, default=0.0
        Penalty of ridge regression, added to the diagonal of the sums of squares of the centred
        states as they are. 0: least squares, in which the unit of a state does not matter.
    chance : {"exact", "shuffled"}, default="exact"
        Threshold of a lag: "exact", the value that independent samples pass on any lag in 1 of 100
        runs (beta distribution); "shuffled", the largest over ``n_shuffles`` inputs shuffled in
        time, for inputs that are not independent.
    n_shuffles : int, default=20
        Number of shuffled inputs.
    rcond : float, default=1e-10
        Directions of the states below this size, relative to the largest, are left out as rounding.
    random_state : int, RandomState instance or None, default=0
        Draws the shuffled inputs.

    Returns
    -------
    dataset : xarray.Dataset
        ``r2`` (lag, input), squared correlation on held-out steps; ``capacity``, the same or 0
        where it is below ``chance``; ``memory_capacity`` (input), the sum over lags in steps.
        Without the dim ``input`` for a 1-D ``u``; with the dim ``recording`` for several runs,
        each with readouts of its own: ``.mean("recording")`` averages.

    Raises
    ------
    ValueError
        For missing values, a constant input, a single column of states, and too few steps.

    Warns
    -----
    UserWarning
        If the input is correlated from step to step: lags then share what they hold.

    References
    ----------
    H. Jaeger, "Short term memory in echo state networks", GMD report 152 (2001).
    J. Dambre et al., Sci. Rep. 2 (2012) 514, doi:10.1038/srep00514 (threshold).

    Examples
    --------
    A delay line of 5 taps holds 5 steps:

    >>> import numpy as np
    >>> u = np.random.default_rng(0).uniform(-1, 1, 2000)
    >>> line = np.stack([np.roll(u, lag) for lag in range(1, 6)], axis=1)
    >>> memory = memory_capacity(line, u)
    >>> float(memory.memory_capacity.round(6)), memory.capacity.values[3:7].round(3).tolist()
    (5.0, [1.0, 1.0, 0.0, 0.0])
    """
    import xarray as xr

    x = read_states(states)
    series = read_input(u, len(x))
    max_lag = check_whole("max_lag", max_lag)
    min_lag = check_whole("min_lag", min_lag, 0, most=max_lag)
    washout = check_whole("washout", washout, 0)
    check_number("test", test, above=0, below=1)
    check_option("chance", chance, CHANCE)
    gap = max_lag if gap is None else check_whole("gap", gap, 0)
    begin = max(washout, max_lag)
    n_test = int(test * (len(x) - begin))
    n_train = len(x) - begin - n_test - gap
    if n_train < 2 * x.shape[1] or n_test < 50:
        needed = begin + gap + int(np.ceil(max(2 * x.shape[1] / (1 - test), 50 / test))) + 1
        raise ValueError(
            f"{len(x)} steps are too few for {x.shape[1]} nodes, {max_lag} lags and a washout of "
            f"{washout}: {max(n_train, 0)} would train and {max(n_test, 0)} test. Take at least "
            f"{needed} steps, or a smaller max_lag, washout or gap."
        )
    warn_correlated(series)
    train, held_out = slice(begin, begin + n_train), slice(len(x) - n_test, len(x))
    alpha = check_number("alpha", alpha, least=0)
    fit, readings = readout(x[train], check_rcond(rcond), alpha), x[held_out]
    lags = np.arange(min_lag, max_lag + 1)

    def correlate(series: NDArray) -> NDArray:
        targets = _delayed(series, lags)
        return squared_correlation(fit(targets[train], readings), targets[held_out])

    r2 = correlate(series).reshape(lags.size, -1)
    if chance == "exact":
        threshold = float(stats.beta.ppf(1 - ALPHA / lags.size, 0.5, n_test / 2 - 1))
    else:
        rng = check_random_state(random_state)
        n_shuffles = check_whole("n_shuffles", n_shuffles)
        threshold = max(
            float(correlate(series[rng.permutation(len(series))]).max()) for _ in range(n_shuffles)
        )
    capacity = np.where(r2 > threshold, r2, 0.0)
    dims = ("lag", "input")
    attrs = {"long_name": "squared correlation on held-out steps", "units": "1"}
    dataset = xr.Dataset(
        {
            "r2": (dims, r2, attrs),
            "capacity": (dims, capacity, attrs | {"long_name": "capacity, 0 below chance"}),
            "memory_capacity": (
                "input", capacity.sum(axis=0), {"long_name": "memory capacity", "units": "step"},
            ),
            "chance": ((), threshold, {"long_name": "threshold of chance", "units": "1"}),
        },
        coords={"lag": ("lag", lags, {"units": "step"}), "input": np.arange(series.shape[1])},
        attrs={"n_train": n_train, "n_test": n_test, "n_nodes": x.shape[1], "chance": chance},
    )  # fmt: skip
    return dataset.isel(input=0, drop=True) if np.ndim(u) == 1 else dataset


def warn_correlated(series: NDArray) -> None:
    """Warn if an input is correlated from step to step."""
    centred = series - series.mean(axis=0)
    r = (centred[1:] * centred[:-1]).sum(axis=0) / (centred**2).sum(axis=0)
    worst = int(np.argmax(np.abs(r)))
    if abs(r[worst]) > 5 / np.sqrt(len(series)):
        warn(
            f"u is correlated from step to step (r = {r[worst]:.2f} in input {worst}): lags share "
            "what they hold, and their sum overstates the memory. Draw u independently.",
            stacklevel=4,
        )


def _delayed(series: NDArray, lags: NDArray) -> NDArray:
    """Return the input at each lag, (step, lag * input)."""
    return np.concatenate([np.roll(series, lag, axis=0) for lag in lags], axis=1)


def readout(x: NDArray, rcond: float, alpha: float) -> Any:
    """Return a function that fits targets on states ``x`` and predicts from others."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    moves = scale > RCOND * np.abs(x).max(axis=0)
    if not moves.any():
        raise ValueError(
            f"all {x.shape[1]} nodes are constant: the input does not reach them; raise the gain, "
            "or choose another bias."
        )
    mean, scale = mean[moves], scale[moves] if alpha == 0 else np.ones(moves.sum())
    left, singular, right = linalg.svd((x[:, moves] - mean) / scale, full_matrices=False)
    keep = singular > rcond * singular[0]
    back = right[keep].T / (singular[keep] + alpha / singular[keep])

    def fit(targets: NDArray, others: NDArray) -> NDArray:
        weights = back @ (left[:, keep].T @ (targets - targets.mean(axis=0)))
        predicted: NDArray = ((others[:, moves] - mean) / scale) @ weights
        return predicted

    return fit


def squared_correlation(a: NDArray, b: NDArray) -> NDArray:
    """Return the squared correlation of columns, 0 for a constant one."""
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    product = (a * a).sum(axis=0) * (b * b).sum(axis=0)
    shared: NDArray = (a * b).sum(axis=0) ** 2
    return np.divide(shared, product, out=np.zeros_like(shared), where=product > 0)
