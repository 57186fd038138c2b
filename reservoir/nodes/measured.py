"""MeasuredReservoir: states that were recorded, in place of simulated ones."""

from typing import Any

from mottle.checks import check_text
from mottle.reservoir.nodes.fading import Fading
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.no_reservoir import NONE

MEASURED = NONE._replace(
    check=lambda p: _check(p),
    fading=lambda p: Fading(
        None, "the states were measured: quality.forgetting compares runs of the same input"
    ),
)


def _check(p: Any) -> None:
    """Refuse a column that is no name."""
    check_text("column", p.column)


class MeasuredReservoir(Reservoir):
    """Pass measured states through, pooled as a reservoir pools its states.

    In a recipe it stands beside simulated reservoirs: ``run_recipe`` gives it the states of each
    recording, from a column of the table, in place of the drive.

    Parameters
    ----------
    column : str, default="states"
        Column of the table of recordings that holds states (step, node); of recipes alone.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None returns the states unchanged.
    n_segments : int, default=1
        Segments of equal length in which to pool.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_features_in_, n_features_in_)
        The identity.
    n_features_in_ : int
        Number of nodes.
    noise_seed_ : int
        Unused.

    Examples
    --------
    >>> import numpy as np
    >>> MeasuredReservoir(pool="last").fit_transform(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.]])
    """

    _kind = MEASURED
    random_state = 0  # nothing here is random

    def __init__(self, *, column: str = "states", pool: Any = None, n_segments: int = 1) -> None:
        self.column, self.pool, self.n_segments = column, pool, n_segments

    @property
    def n_nodes(self) -> Any:
        """Number of nodes; 1 before ``fit``."""
        return getattr(self, "n_features_in_", 1)
