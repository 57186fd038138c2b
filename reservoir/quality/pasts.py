"""Forgetting: how far apart different pasts leave the states under the same input."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number
from mottle.reservoir.quality.read import Floats, read_runs

LEVELS = (1e-3, 1e-6)
CONSTANT = 1e-9  # standard deviation of a node, relative to its size, below which it is constant


def forgetting(states: Any, unrelated: Any = None, *, levels: Any = LEVELS) -> Any:
    """Return the distance of states over time, of runs with different pasts and the same input.

    A reservoir has the echo state property if the distance falls to rounding. Distances are root
    mean squares over nodes, each in units of its own standard deviation, divided by the distance of
    states under unrelated inputs.

    Parameters
    ----------
    states : array-like of shape (n_pasts, n_steps, n_nodes)
        States from the first common step on, one run for each past.
    unrelated : array-like of shape (n_runs, n_steps, n_nodes), default=None
        States under unrelated inputs, which state what chance is. None: those of the first run at
        different steps.
    levels : tuple of float, default=(1e-3, 1e-6)
        Distances relative to chance for which the number of steps is returned.

    Returns
    -------
    dataset : xarray.Dataset
        ``worst`` and ``median`` (step), distance relative to chance, over pairs of pasts;
        ``steps_to`` (level), the step after which the worst pair stays at or below the level, NaN
        if it does not; ``left``, the worst distance at the end; ``echo_state_index``, the number of
        different responses at the end, 1 for a reservoir that forgets.

    References
    ----------
    H. Jaeger, GMD report 148 (2001). A. Ceni, P. Ashwin, L. Livi, C. Postlethwaite, Physica D 412
    (2020) 132609, doi:10.1016/j.physd.2020.132609 (echo index).

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.reservoir import EchoStateReservoir
    >>> rng = np.random.default_rng(0)
    >>> past, common = rng.uniform(-1, 1, (3, 30, 1)), rng.uniform(-1, 1, (400, 1))
    >>> drive = np.stack([np.concatenate([one, common]) for one in past])
    >>> states = EchoStateReservoir(50, random_state=0).fit_transform(drive)[:, 30:]
    >>> found = forgetting(states)
    >>> bool(found.steps_to.sel(level=1e-6) < 300), int(found.echo_state_index)
    (True, 1)
    """
    import xarray as xr

    x = read_runs(states, "states")
    reference = x[:1] if unrelated is None else read_runs(unrelated, "unrelated")
    if reference.shape[2] != x.shape[2]:
        raise ValueError(f"unrelated has {reference.shape[2]} nodes, states {x.shape[2]}.")
    wanted = np.array([check_number("levels", level, above=0) for level in np.atleast_1d(levels)])
    sd = reference.reshape(-1, x.shape[2]).std(axis=0)
    moves = sd > CONSTANT * np.abs(reference).max(axis=(0, 1))
    if not moves.any():
        raise ValueError(
            f"all {x.shape[2]} nodes are constant: the input does not reach them, so that nothing "
            "is remembered or forgotten; raise the gain."
        )
    scaled = x[:, :, moves] / sd[moves]
    pairs = list(combinations(range(len(x)), 2))
    distances = np.stack([_distance(scaled[a], scaled[b]) for a, b in pairs])
    if unrelated is None:
        chance = np.sqrt(2.0)
    else:
        others = reference[:, :, moves] / sd[moves]
        chance = float(
            np.mean(
                [_distance(others[a], others[b]) for a, b in combinations(range(len(others)), 2)]
            )
        )
    relative = distances / chance
    worst = relative.max(axis=0)
    tail = max(1, worst.size // 10)
    last = relative[:, -tail:].mean(axis=1)
    return xr.Dataset(
        {
            "worst": ("step", worst, {"long_name": "distance, worst pair", "units": "1"}),
            "median": ("step", np.median(relative, axis=0), {"long_name": "distance, median pair"}),
            "steps_to": ("level", [_stays(worst, level) for level in wanted], {"units": "step"}),
            "left": ((), worst[-1], {"long_name": "distance left", "units": "1"}),
            "echo_state_index": ((), _groups(len(x), pairs, last <= wanted.max())),
        },
        coords={"step": np.arange(1, worst.size + 1), "level": wanted},
        attrs={"n_pasts": len(x), "n_constant": int((~moves).sum())},
    )


def _distance(a: Floats, b: Floats) -> Floats:
    """Return the root mean square over nodes of a difference."""
    distance: Floats = np.sqrt(((a - b) ** 2).mean(axis=-1))
    return distance


def _stays(worst: NDArray, level: float) -> float:
    """Return the number of steps after which a distance stays at or below a level."""
    above = np.flatnonzero(worst > level)
    if not above.size:
        return 0.0
    return float(above[-1] + 1) if above[-1] + 1 < worst.size else np.nan


def _groups(n: int, pairs: list[tuple[int, int]], same: NDArray) -> int:
    """Return the number of groups of runs that ended alike."""
    group = np.arange(n)
    for (a, b), alike in zip(pairs, same, strict=True):
        if alike:
            group[group == group[b]] = group[a]
    return np.unique(group).size
