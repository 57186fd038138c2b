"""NoReservoir: the drive itself in a reservoir's place, the baseline that keeps scores honest."""

import numpy as np
from scipy import sparse

from mottle.reservoir.nodes.front import Reservoir


class NoReservoir(Reservoir):
    """Hand the drive on, pooled as a reservoir would pool its states.

    Parameters
    ----------
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None hands the drive on as it is.
    n_segments : int, default=1
        Segments of equal length in which to pool.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_features_in_, n_features_in_)
        The identity.
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

    # what the base draws from; nothing here is random
    wiring, fan_in, input_shape, field, random_state = "one_to_one", None, None, 1, 0

    def __init__(self, *, pool=None, n_segments=1):
        self.pool, self.n_segments = pool, n_segments

    @property
    def n_nodes(self):
        """As many nodes as inputs; one before ``fit``."""
        return getattr(self, "n_features_in_", 1)

    def _draw(self, rng):
        self.input_weights_ = sparse.eye_array(self.n_nodes, format="csr")

    def _rest(self):
        return np.zeros((1, self.n_nodes))

    def _gain_and_bias(self):
        return 1.0, 0.0

    def _run(self, v_in, lengths, state):
        return v_in
