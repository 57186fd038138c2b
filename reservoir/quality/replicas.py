"""Consistency: whether the same input gives the same states again."""

from itertools import combinations
from typing import Any

import numpy as np
from scipy import linalg

from mottle.blas import threads_for
from mottle.checks import check_whole
from mottle.reservoir.quality.read import RCOND, read_runs
from mottle.reservoir.quality.runs import refuse_other_inputs


def consistency(states: Any, *, washout: int = 100) -> Any:
    r"""Return the consistency spectrum of responses to a repeated input.

    States are transformed to principal components of unit variance, :math:`z`; the eigenvalues of
    the symmetrised correlation between two responses, :math:`\langle z z'^T \rangle`, are the
    consistencies :math:`\gamma^2` of independent directions: 1 where the input determines the
    state, 0 where noise or the past does.

    Parameters
    ----------
    states : array-like of shape (n_replicas, n_steps, n_nodes)
        Responses to the same input, from different starts and with fresh noise. `Reservoir.states`
        draws the noise from ``keys``: equal drives get equal noise without them. Measured runs of
        the same input are taken as ``read_states`` returns them.
    washout : int, default=100
        Steps left out at the beginning.

    Returns
    -------
    dataset : xarray.Dataset
        ``consistency`` (direction), sorted, mean over pairs of replicas; ``capacity``, its sum, the
        number of directions that the input determines; ``theta``, the mean squared correlation of
        a node with its replica (node); ``variance`` (direction), of principal components as a
        fraction of the whole.

    References
    ----------
    T. Lymburner, A. Khor, T. Stemler, D. C. Correa, M. Small, T. Juengling, Chaos 29 (2019) 023118,
    doi:10.1063/1.5079686. T. Juengling, T. Lymburner, M. Small, arXiv:2105.13473.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> common, noise = rng.normal(size=(500, 2)), rng.normal(size=(2, 500, 2))
    >>> states = np.concatenate([np.stack([common, common]), noise], axis=2)
    >>> (consistency(states).consistency > 0.5).values.tolist()
    [True, True, False, False]
    """
    import xarray as xr

    refuse_other_inputs(states)
    x = read_runs(states, "states")
    washout = check_whole("washout", washout, 0)
    if x.shape[1] - washout < 2 * x.shape[2]:
        raise ValueError(
            f"{x.shape[1]} steps are too few for {x.shape[2]} nodes: "
            f"{max(x.shape[1] - washout, 0)} remain after a washout of {washout}; take at least "
            f"{washout + 2 * x.shape[2]}."
        )
    x = x[:, washout:]
    scale = x.std(axis=(0, 1))
    moves = scale > RCOND * np.abs(x).max(axis=(0, 1))
    if not moves.any():
        raise ValueError(f"all {x.shape[2]} nodes are constant; raise the gain.")
    x = (x[:, :, moves] - x[:, :, moves].mean(axis=1, keepdims=True)) / scale[moves]
    n_replicas, n_steps, n_nodes = x.shape
    flat = x.reshape(-1, n_nodes)
    with threads_for(n_nodes):
        variance, axes = linalg.eigh(flat.T @ flat / len(flat))
    keep = variance > RCOND * variance[-1]
    z = x @ (axes[:, keep] / np.sqrt(variance[keep]))
    pairs = list(combinations(range(n_replicas), 2))
    spectra, theta = [], []
    for a, b in pairs:
        shared = z[a].T @ z[b] / n_steps
        with threads_for(len(shared)):
            spectra.append(linalg.eigvalsh((shared + shared.T) / 2)[::-1])
        product = (x[a] * x[b]).sum(axis=0) ** 2
        theta.append(product / ((x[a] ** 2).sum(axis=0) * (x[b] ** 2).sum(axis=0)))
    spectrum = np.mean(spectra, axis=0)
    correlation = np.full(moves.size, np.nan)
    correlation[moves] = np.mean(theta, axis=0)
    return xr.Dataset(
        {
            "consistency": ("direction", spectrum, {"long_name": "consistency", "units": "1"}),
            "capacity": ((), spectrum.sum(), {"long_name": "consistency capacity", "units": "1"}),
            "theta": ("node", correlation, {"long_name": "squared correlation of replicas"}),
            "variance": ("direction", (variance[keep] / variance.sum())[::-1], {"units": "1"}),
        },
        coords={"direction": np.arange(1, spectrum.size + 1), "node": np.arange(moves.size)},
        attrs={"n_replicas": n_replicas, "n_steps": n_steps},
    )
