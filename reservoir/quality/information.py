"""Information processing capacity: which products of past inputs states hold."""

from collections.abc import Iterator
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import eval_legendre
from sklearn.utils import check_random_state
from tqdm import tqdm

from mottle.checks import check_number, check_option, check_whole
from mottle.reservoir.quality.memory import readout, squared_correlation
from mottle.reservoir.quality.read import RCOND, basis, check_rcond, read_input, read_states
from mottle.reservoir.quality.runs import of_each_run

CHUNK = 256  # targets projected at once
CHANCE = ("shuffled", "none")
UNIFORM_P = 1e-6  # below this probability an input is not uniform


@of_each_run
def information_capacity(
    states: Any,
    u: Any = None,
    *,
    bounds: tuple[float, float] = (-1.0, 1.0),
    max_degree: int = 4,
    max_delay: int = 100,
    min_delay: int = 0,
    max_terms: int = 5000,
    patience: int = 3,
    washout: int = 200,
    test: float = 0.0,
    alpha: float = 0.0,
    chance: str = "shuffled",
    n_shuffles: int = 200,
    rcond: float = RCOND,
    random_state: Any = 0,
) -> Any:
    r"""Return the information processing capacity of states, by degree and delay.

    Targets are products of Legendre polynomials of delayed inputs, normalised to unit variance:
    :math:`z = \prod_k \sqrt{2 d_k + 1}\, P_{d_k}(u(t - k))` of degree :math:`\sum d_k`. They are
    orthogonal for uniform independent input; the capacity of one is the fraction of its variance
    that a linear readout of the states explains. The total of a reservoir that forgets its past
    approaches the rank of its states. Targets are taken degree by degree with growing largest
    delay, until ``patience`` delays in a row add nothing, or the budget is spent; delays up to the
    first with linear capacity, as of a dead time, count for nothing. Each costs one
    product of the states with a vector: 10,000 steps of 50 nodes take about a second per 1,000
    targets.

    Parameters
    ----------
    states : array-like of shape (n_steps, n_nodes)
        States of one run, simulated or measured; datasets may hold several runs.
    u : array-like of shape (n_steps,), or list, default=None
        Input of the run, independent and uniform within ``bounds``; a list has one a run. None: the
        variable ``u`` of the dataset.
    bounds : tuple of float, default=(-1, 1)
        Smallest and largest input.
    max_degree : int, default=4
        Largest degree.
    max_delay, min_delay : int, default=100 and 0
        Largest and smallest delay in steps; 0 is the present input.
    max_terms : int, default=5000
        Largest number of targets of a degree.
    patience : int, default=3
        Delays without capacity after which a degree ends. Products of inputs further apart than
        this are missed; ``searched`` tells how far a degree went.
    washout : int, default=200
        Steps left out at the beginning; at least ``max_delay`` are.
    test : float, default=0.0
        Fraction of the steps, the last ones, on which squared correlations with the targets are
        computed, by readouts fitted on the steps before. 0: variance explained on the steps of the
        fit, as in the reference; chance then adds (number of nodes) / (number of steps) to each
        target, and the threshold takes it into account.
    alpha : float, default=0.0
        Penalty of ridge regression, as in `memory_capacity`; only with ``test``.
    chance : {"shuffled", "none"}, default="shuffled"
        Threshold: from shuffled targets, or none, as in other packages. Without one, thousands of
        targets that the states do not hold add up to a capacity of their own.
    n_shuffles : int, default=200
        Number of shuffled targets of each degree that state what is chance.
    rcond : float, default=1e-10
        Directions of the states below this size, relative to the largest, are left out as rounding.
    random_state : int, RandomState instance or None, default=0
        Draws the shuffled targets.

    Returns
    -------
    dataset : xarray.Dataset
        ``capacity`` (degree, delay), summed over targets of that largest delay, each of them 0
        where it is below ``chance`` (degree): mean and five standard deviations of shuffled
        targets, or 0; ``n_terms`` (degree, delay); ``by_degree`` (degree); ``total``; ``rank`` of
        the states; ``complete`` (degree), whether the budget sufficed; ``searched`` (degree), the
        largest delay of the targets. With the dim ``recording`` for several runs.

    Raises
    ------
    ValueError
        For an input that is not uniform within its bounds, missing values, and too few steps.

    References
    ----------
    J. Dambre, D. Verstraeten, B. Schrauwen, S. Massar, Sci. Rep. 2 (2012) 514,
    doi:10.1038/srep00514.

    Examples
    --------
    States that hold one input and one product of two hold a capacity of 1 in degrees 1 and 2:

    >>> import numpy as np
    >>> u = np.random.default_rng(0).uniform(-1, 1, 5000)
    >>> states = np.stack([np.roll(u, 1), u * np.roll(u, 2)], axis=1)
    >>> found = information_capacity(states, u, max_degree=3)
    >>> found.by_degree.round(2).values.tolist(), int(found["rank"])
    ([1.0, 1.0, 0.0], 2)
    """
    import xarray as xr

    x = read_states(states)
    series = read_input(u, len(x))
    if series.shape[1] > 1:
        raise ValueError(f"u has {series.shape[1]} inputs: drive the reservoir with one.")
    max_degree, max_delay = (
        check_whole("max_degree", max_degree),
        check_whole("max_delay", max_delay),
    )
    min_delay = check_whole("min_delay", min_delay, 0, most=max_delay)
    test = check_number("test", test, least=0, below=1)
    alpha = check_number("alpha", alpha, least=0)
    check_option("chance", chance, CHANCE)
    if alpha and not test:
        raise ValueError(
            f"alpha={alpha:g} needs steps that are held out, because a penalty lowers what is "
            "explained on the steps of the fit: set test=0.2, or alpha=0."
        )
    max_terms, patience = check_whole("max_terms", max_terms), check_whole("patience", patience)
    begin = max(check_whole("washout", washout, 0), max_delay)
    n_steps = len(x) - begin
    if n_steps < 10 * x.shape[1]:
        raise ValueError(
            f"{len(x)} steps are too few for {x.shape[1]} nodes: {max(n_steps, 0)} remain after "
            f"{begin}; take at least {begin + 10 * x.shape[1]}, or a smaller max_delay or washout."
        )
    low, high = bounds
    scaled = _uniform(series[:, 0], check_number("bounds", low), check_number("bounds", high))
    q, rank = basis(x[begin:], check_rcond(rcond))
    n_test = int(test * n_steps)
    n_train = n_steps - n_test
    if test and (n_train < 2 * x.shape[1] or n_test < 50):
        raise ValueError(
            f"{len(x)} steps are too few for {x.shape[1]} nodes and test={test:g}: {n_train} would "
            f"train and {n_test} test. At least {2 * x.shape[1]} and 50 are needed: record more, "
            "or set another test."
        )
    fit = readout(x[begin : begin + n_train], rcond, alpha) if test else None
    rng = check_random_state(random_state)
    orders = np.arange(max_degree + 1)[:, np.newaxis]
    powers = np.sqrt(2 * orders + 1) * eval_legendre(orders, scaled)

    def explained(z: NDArray) -> NDArray:
        if fit is None:
            return _explained(z, q)
        return squared_correlation(fit(z[:, :n_train].T, x[begin + n_train :]), z[:, n_train:].T)

    def targets(terms: list[dict[int, int]]) -> NDArray:
        return np.stack([_product(term, powers, begin) for term in terms])

    capacity, n_terms = np.zeros((2, max_degree, max_delay + 1))
    threshold, complete = np.zeros(max_degree), np.ones(max_degree, bool)
    searched, first = np.full(max_degree, min_delay), min_delay
    with tqdm(total=max_degree * max_terms, unit="target", delay=2, disable=None) as bar:
        for row, degree in enumerate(range(1, max_degree + 1)):
            if chance == "shuffled":
                sample = targets(_terms(degree, min(max_delay, min_delay + 1), min_delay)[:1])[0]
                null = explained(np.stack([rng.permutation(sample) for _ in range(n_shuffles)]))
                threshold[row] = null.mean() + 5 * null.std()
            spent, still = 0, 0
            for delay in range(min_delay, max_delay + 1):
                terms = _terms(degree, delay, min_delay)
                if spent + len(terms) > max_terms:
                    complete[row] = False
                    break
                found = np.concatenate([explained(targets(chunk)) for chunk in _chunks(terms)])
                spent += len(terms)
                bar.update(len(terms))
                capacity[row, delay] = found[found > threshold[row]].sum()
                n_terms[row, delay] = len(terms)
                searched[row] = delay
                if degree == 1 and not capacity[0].any():
                    first = delay + 1
                still = 0 if capacity[row, delay] or delay < first else still + 1
                if still >= patience:
                    break
            first = first if capacity[0].any() else min_delay
            bar.update(max_terms - spent)
    dims = ("degree", "delay")
    return xr.Dataset(
        {
            "capacity": (dims, capacity, {"long_name": "capacity", "units": "1"}),
            "n_terms": (dims, n_terms.astype(int), {"long_name": "number of targets"}),
            "by_degree": ("degree", capacity.sum(axis=1), {"long_name": "capacity", "units": "1"}),
            "total": ((), capacity.sum(), {"long_name": "total capacity", "units": "1"}),
            "rank": ((), rank, {"long_name": "rank of the states"}),
            "chance": ("degree", threshold, {"long_name": "threshold of chance", "units": "1"}),
            "complete": ("degree", complete, {"long_name": "whether the budget sufficed"}),
            "searched": ("degree", searched, {"long_name": "largest delay of targets"}),
        },
        coords={
            "degree": np.arange(1, max_degree + 1),
            "delay": ("delay", np.arange(max_delay + 1), {"units": "step"}),
        },
        attrs={"n_steps": n_steps, "n_test": n_test, "max_terms": max_terms, "n_nodes": x.shape[1]},
    )


def _uniform(u: NDArray, low: float, high: float) -> NDArray:
    """Return the input scaled to -1 to 1; refuse one that is not uniform."""
    if not low <= u.min() <= u.max() <= high:
        raise ValueError(
            f"u reaches from {u.min():g} to {u.max():g}, beyond bounds=({low:g}, {high:g}): state "
            "the bounds of its distribution."
        )
    if stats.kstest(u, "uniform", (low, high - low)).pvalue < UNIFORM_P:
        raise ValueError(
            f"u is not uniform from {low:g} to {high:g} (Kolmogorov-Smirnov), so that Legendre "
            "polynomials of it are not orthogonal: draw it uniformly, or state its bounds."
        )
    scaled: NDArray = (2 * u - low - high) / (high - low)
    return scaled


def _terms(degree: int, delay: int, least: int = 0) -> list[dict[int, int]]:
    """Return all products of a degree with that largest delay, as {delay: order}.

    Examples
    --------
    >>> _terms(2, 1)
    [{1: 1, 0: 1}, {1: 2}]
    """
    out = []
    for others in combinations_with_replacement(range(least, delay + 1), degree - 1):
        term = {delay: 1}
        for k in others:
            term[k] = term.get(k, 0) + 1
        out.append(term)
    return out


def _product(term: dict[int, int], powers: NDArray, begin: int) -> NDArray:
    """Return the product of delayed polynomials from step ``begin`` on."""
    n = powers.shape[1]
    factors = [powers[order, begin - delay : n - delay] for delay, order in term.items()]
    product: NDArray = np.prod(factors, axis=0)
    return product


def _explained(targets: NDArray, q: NDArray) -> NDArray:
    """Return the fraction of each target's variance within the span of the states."""
    centred = targets - targets.mean(axis=1, keepdims=True)
    inside: NDArray = ((centred @ q) ** 2).sum(axis=1)
    return inside / (centred**2).sum(axis=1)


def _chunks(terms: list[dict[int, int]]) -> Iterator[list[dict[int, int]]]:
    for first in range(0, len(terms), CHUNK):
        yield terms[first : first + CHUNK]
