"""Kernel rank, generalisation rank and separation: whether unlike inputs give unlike states."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import as_numbers
from mottle.checks import check_number
from mottle.reservoir.quality.read import Floats, read_states, refuse_missing
from mottle.reservoir.quality.runs import last_states, rows_of_recordings


def kernel_rank(states: Any, alike: Any = None, *, threshold: float = 0.01) -> Any:
    """Return the kernel rank of states, and the generalisation rank.

    Both are ranks of final states, one row for each input: of inputs that differ throughout (the
    kernel rank, which should be high), and of inputs that differ in noise or in their early steps
    alone (the generalisation rank, which should be low). Singular values above ``threshold`` times
    the largest of the unlike inputs are counted in both.

    Parameters
    ----------
    states : array-like of shape (n_inputs, n_nodes)
        Final states for inputs that differ; a dataset of several runs gives that of each run.
    alike : array-like of shape (n_inputs, n_nodes), default=None
        Final states for inputs that are alike. None: no generalisation rank.
    threshold : float, default=0.01
        Smallest singular value that counts, relative to the largest.

    Returns
    -------
    dataset : xarray.Dataset
        ``singular_values`` (set, order), relative to the largest of "unlike"; ``rank`` (set);
        ``effective_rank`` (set), the participation ratio of the squared singular values;
        ``difference`` of the two ranks, if there are both.

    References
    ----------
    R. Legenstein, W. Maass, Neural Netw. 20 (2007) 323, doi:10.1016/j.neunet.2007.04.017.
    L. Buesing, B. Schrauwen, R. Legenstein, Neural Comput. 22 (2010) 1272,
    doi:10.1162/neco.2009.01-09-947.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> unlike = rng.normal(size=(100, 3)) @ rng.normal(size=(3, 20))
    >>> alike = np.ones((100, 20)) + 1e-4 * rng.normal(size=(100, 20))
    >>> found = kernel_rank(unlike, alike)
    >>> found["rank"].values.tolist(), int(found.difference)
    ([3, 1], 2)
    """
    import xarray as xr

    check_number("threshold", threshold, above=0, below=1)
    sets = {"unlike": read_states(last_states(states))}
    if alike is not None:
        sets["alike"] = read_states(last_states(alike), "alike")
        if sets["alike"].shape != sets["unlike"].shape:
            raise ValueError(
                f"alike has shape {sets['alike'].shape}, states {sets['unlike'].shape}: ranks "
                "compare equal numbers of inputs and nodes."
            )
    singular = np.stack([np.linalg.svd(x, compute_uv=False) for x in sets.values()])
    if not singular[0, 0]:
        raise ValueError("all states are 0: the inputs do not reach the nodes; raise the gain.")
    singular /= singular[0, 0]
    rank = (singular > threshold).sum(axis=1)
    power = singular**2
    with np.errstate(invalid="ignore"):
        effective = power.sum(axis=1) ** 2 / (power**2).sum(axis=1)
    dataset = xr.Dataset(
        {
            "singular_values": (("set", "order"), singular, {"units": "1"}),
            "rank": ("set", rank, {"long_name": "rank"}),
            "effective_rank": ("set", effective, {"long_name": "participation ratio"}),
        },
        coords={"set": list(sets), "order": np.arange(1, singular.shape[1] + 1)},
        attrs={"threshold": threshold, "n_inputs": len(sets["unlike"])},
    )
    if alike is not None:
        dataset["difference"] = int(rank[0] - rank[1])
    return dataset


def separation(states: Any, inputs: Any, *, labels: Any = None) -> Any:
    """Return distances of states against distances of the inputs that led to them.

    Both are root mean squares over columns, divided by the standard deviation of a column over
    recordings, so that unrelated inputs, and unrelated states, are about 1.4 apart.

    Parameters
    ----------
    states : array-like of shape (n_recordings, n_nodes)
        Final states, or features; a dataset of several runs gives the final states of each.
    inputs : array-like of shape (n_recordings, ...)
        The recordings; steps and inputs are compared one by one.
    labels : array-like of shape (n_recordings,), default=None
        Classes. None: no ratio of classes.

    Returns
    -------
    dataset : xarray.Dataset
        ``input_distance`` and ``state_distance`` (pair); ``separation``, the mean distance of
        states; ``slope`` of state over input distances through 0; ``correlation`` of the two; with
        labels ``class_ratio``, the distance between means of classes over the mean distance to
        one's own class's mean.

    References
    ----------
    W. Maass, T. Natschlaeger, H. Markram, Neural Comput. 14 (2002) 2531,
    doi:10.1162/089976602760407955.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(30, 5))
    >>> found = separation(X, X)
    >>> float(found.slope.round(6)), float(found.correlation.round(6))
    (1.0, 1.0)
    """
    import xarray as xr

    x = read_states(last_states(states))
    drive = as_numbers(rows_of_recordings(inputs), "inputs")
    if len(drive) != len(x) or len(x) < 3:
        raise ValueError(
            f"states has {len(x)} rows and inputs {len(drive)}: expected the same, at least 3."
        )
    drive = drive.reshape(len(drive), -1)
    refuse_missing(drive, "inputs", ("recording", "value"))
    a, b = _scaled(drive, "inputs"), _scaled(x, "states")
    first, second = np.triu_indices(len(x), 1)
    distances = [np.sqrt(((s[first] - s[second]) ** 2).mean(axis=1)) for s in (a, b)]
    dataset = xr.Dataset(
        {
            "input_distance": ("pair", distances[0], {"long_name": "distance of inputs"}),
            "state_distance": ("pair", distances[1], {"long_name": "distance of states"}),
            "separation": ((), distances[1].mean(), {"long_name": "mean distance of states"}),
            "slope": ((), float(distances[0] @ distances[1] / (distances[0] @ distances[0]))),
            "correlation": ((), float(np.corrcoef(*distances)[0, 1])),
        },
        coords={"first": ("pair", first), "second": ("pair", second)},
    )
    if labels is not None:
        dataset["class_ratio"] = _class_ratio(b, np.asarray(labels))
    return dataset


def _scaled(x: Floats, what: str) -> Floats:
    """Return columns of unit standard deviation; constant ones are left out."""
    sd = x.std(axis=0)
    moves = sd > 1e-12 * np.abs(x).max(axis=0)
    if not moves.any():
        raise ValueError(f"all rows of {what} are equal: nothing can be separated.")
    scaled: Floats = (x[:, moves] - x[:, moves].mean(axis=0)) / sd[moves]
    return scaled


def _class_ratio(x: Floats, labels: NDArray) -> float:
    """Return the mean distance between means of classes over that to one's own mean."""
    classes, index = np.unique(labels, return_inverse=True)
    if labels.shape != (len(x),) or classes.size < 2:
        raise ValueError(
            f"labels has shape {labels.shape} and {classes.size} classes: expected ({len(x)},) "
            "with at least two."
        )
    means = np.stack([x[index == k].mean(axis=0) for k in range(classes.size)])
    within = np.sqrt(((x - means[index]) ** 2).mean(axis=1)).mean()
    first, second = np.triu_indices(classes.size, 1)
    between = np.sqrt(((means[first] - means[second]) ** 2).mean(axis=1)).mean()
    return float(between / within) if within else np.inf
