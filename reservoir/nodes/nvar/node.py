"""NVARReservoir: delayed inputs and their products, a baseline without random nodes."""

from itertools import combinations_with_replacement
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_whole
from mottle.reservoir.nodes.fading import DELAYS
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node

LARGEST = 100_000  # states


def check(p: Any) -> None:
    """Check the parameters."""
    check_whole("degree", p.degree)
    check_whole("stride", p.stride)


def wire(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """List the products of each degree; refuse more than memory holds."""
    n_lags = (p.n_taps - 1) // p.stride + 1
    n_lagged = n_lags * p.n_features_in_
    n_states = sum(comb(n_lagged + d - 1, d) for d in range(1, p.degree + 1))
    if n_states > LARGEST:
        raise ValueError(
            f"n_taps={p.n_taps}, {p.n_features_in_} inputs and degree={p.degree} make {n_states} "
            "states: take fewer taps, a longer stride or a smaller degree."
        )
    columns = np.arange(p.n_features_in_ * p.n_taps).reshape(p.n_taps, -1)[:: p.stride].ravel()
    terms = [
        np.array(list(combinations_with_replacement(columns, d))) for d in range(1, p.degree + 1)
    ]
    return {
        "terms_": terms,
        "input_weights_": sparse.eye_array(p.n_features_in_, format="csr"),
        "noise_seed_": int(rng.randint(2**31)),
    }


def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
    """Return the products of delayed inputs."""
    parts = [block[:, :, term].prod(axis=3) for term in p.terms_]
    return np.ascontiguousarray(np.concatenate(parts, axis=2))


NVAR = Node(
    check=check,
    wire=wire,
    draw=lambda p, rng: {},
    rest=lambda p: np.zeros((1, p.n_nodes)),
    run=run,
    scale=lambda p: (1.0, 0.0),
    fading=lambda p: DELAYS,
    operations=lambda p, drives, steps: {
        "node_steps": 0.0,
        "multiply_accumulates": steps * sum(term.size - len(term) for term in p.terms_),
    },
    converters=False,
)


class NVARReservoir(Reservoir):
    """Return delayed inputs and their products (nonlinear vector autoregression).

    The baseline of reservoirs without nodes. ``degree=1`` gives linear lags. Before the beginning
    of a recording the inputs are 0.

    Parameters
    ----------
    n_taps : int, default=10
        Number of steps that reach back, the present one included.
    degree : int, default=2
        Largest degree of the products; all degrees from 1 on are included.
    stride : int, default=1
        Every how many steps of the ``n_taps`` are taken.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.

    Attributes
    ----------
    terms_ : list of ndarray of shape (n_products, degree)
        Columns of the delayed inputs, lag by lag, that each product of a degree multiplies.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Not used.

    References
    ----------
    D. J. Gauthier, E. Bollt, A. Griffith, W. A. S. Barbosa, Nat. Commun. 12 (2021) 5564,
    doi:10.1038/s41467-021-25801-2.

    Examples
    --------
    >>> import numpy as np
    >>> NVARReservoir(n_taps=2).fit_transform(np.array([[2.0], [3.0]]))
    array([[2., 0., 4., 0., 0.],
           [3., 2., 9., 6., 4.]])
    """

    _kind = NVAR
    random_state = 0  # nothing here is random

    def __init__(
        self, *, n_taps: int = 10, degree: int = 2, stride: int = 1, pool: Any = None,
        n_segments: int = 1,
    ) -> None:  # fmt: skip
        self.n_taps, self.degree, self.stride = n_taps, degree, stride
        self.pool, self.n_segments = pool, n_segments

    @property
    def n_nodes(self) -> Any:
        """Number of states; 1 before ``fit``."""
        return sum(map(len, self.terms_)) if hasattr(self, "terms_") else 1
