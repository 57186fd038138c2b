"""NoReservoir: passes the drive through, as the baseline without a reservoir."""

from typing import Any

import numpy as np
from scipy import sparse

from mottle.embedded import CStage, template
from mottle.reservoir.nodes.embedding import HERE
from mottle.reservoir.nodes.fading import DELAYS
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, project

NONE = Node(
    wire=lambda p, rng: {
        "input_weights_": sparse.eye_array(p.n_features_in_, format="csr"),
        "noise_seed_": int(rng.randint(2**31)),
    },
    draw=lambda p, rng: {},
    rest=lambda p: np.zeros((1, p.n_nodes)),
    run=lambda p, block, lengths, state: project(p, block, lengths),
    scale=lambda p: (1.0, 0.0),
    fading=lambda p: DELAYS,
    operations=lambda p, drives, steps: {"node_steps": 0.0},
    converters=False,
    embed=lambda p: CStage(
        template(HERE / "no_reservoir.c"), p.n_nodes, p.n_nodes, {"N_NODES": p.n_nodes}
    ),
)


class NoReservoir(Reservoir):
    """Pass the drive through, pooled as a reservoir pools its states.

    Parameters
    ----------
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None returns the drive unchanged.
    n_segments : int, default=1
        Segments of equal length in which to pool.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_features_in_, n_features_in_)
        The identity.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Unused.

    Examples
    --------
    >>> import numpy as np
    >>> NoReservoir(pool="mean").fit_transform(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 3.]])
    """

    _kind = NONE
    random_state = 0  # nothing here is random

    def __init__(self, *, pool: Any = None, n_segments: int = 1) -> None:
        self.pool, self.n_segments = pool, n_segments

    @property
    def n_nodes(self) -> Any:
        """Number of inputs; 1 before ``fit``."""
        return getattr(self, "n_features_in_", 1)
