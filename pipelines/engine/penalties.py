"""Whether a readout took its penalty from an end of the grid it was given."""

from collections.abc import Iterator
from typing import Any

import numpy as np


def penalty_edge(model: Any) -> str:
    """Return "lowest" or "highest" where a readout's penalty is the end of its grid, or "".

    Parameters
    ----------
    model : estimator
        A fitted `MaskedReadout`, or a `LateReadout` of several; of several the first at an end.

    Examples
    --------
    >>> from mottle.pipelines import MaskedReadout
    >>> from mottle.reservoir import RidgeReadout
    >>> X, y = np.eye(4).repeat(3, axis=0), np.arange(4).repeat(3)
    >>> penalty_edge(MaskedReadout(RidgeReadout(alphas=[1e3, 1e4])).fit(X, y))
    'lowest'
    >>> penalty_edge(MaskedReadout(RidgeReadout(alphas=1.0)).fit(X, y))
    ''
    """
    for readout in _readouts(model):
        grid = np.unique(np.atleast_1d(getattr(readout, "alphas", ())))
        chosen = getattr(readout, "alpha_", None)
        if grid.size < 2 or chosen is None:
            continue
        if chosen == grid[0]:
            return "lowest"
        if chosen == grid[-1]:
            return "highest"
    return ""


def _readouts(model: Any) -> Iterator[Any]:
    """Yield the fitted readouts of a model."""
    if hasattr(model, "members_"):
        for _, member in model.members_:
            yield from _readouts(member[-1])
    else:
        yield getattr(model, "readout_", model)
