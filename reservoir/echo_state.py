"""EchoStateReservoir: the baseline everyone knows."""

import numpy as np

from mottle.reservoir.base import Reservoir
from mottle.reservoir.kernels import echo_state
from mottle.reservoir.wiring import draw_recurrent_weights


class EchoStateReservoir(Reservoir):
    r"""Map a drive to the states of a leaky tanh network.

    .. math:: x \leftarrow (1 - a) x + a \tanh(W_{in} u + W x)

    Parameters
    ----------
    n_nodes : int, default=100
        Number of nodes.
    spectral_radius : float, default=0.9
        Largest eigenvalue magnitude of the recurrent weights.
    leak : float, default=0.3
        Share of the new state in every step, above 0 and at most 1.
    density : float, default=0.1
        Share of recurrent weights that are not zero.
    gain, bias : float, default=0.5 and 0.0
        Node input: ``bias + gain * input_weights_ @ x``.
    wiring : {"random", "local", "one_to_one"}, default="random"
        Which inputs a node listens to: any, those in a receptive field, or one.
    fan_in : int or None, default=4
        Number of inputs of a node; None takes all it may have.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring="local"``.
    field : int, default=5
        Side of a receptive field in cells, for ``wiring="local"``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws the weights.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights.
    weights_ : scipy.sparse.csr_array of shape (n_nodes, n_nodes)
        Recurrent weights.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Unused: these nodes have no noise.

    References
    ----------
    H. Jaeger, "The echo state approach to analysing and training recurrent neural networks", GMD
    report 148 (2001).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> EchoStateReservoir(n_nodes=5, random_state=0).fit_transform(X).shape
    (50, 5)
    """

    def __init__(self, n_nodes=100, *, spectral_radius=0.9, leak=0.3, density=0.1, gain=0.5,
                 bias=0.0, wiring="random", fan_in=4, input_shape=None, field=5, pool=None,
                 n_segments=1, random_state=None):  # fmt: skip
        self.n_nodes, self.spectral_radius, self.leak = n_nodes, spectral_radius, leak
        self.density, self.gain, self.bias = density, gain, bias
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state

    def _draw(self, rng):
        if not 0 < self.leak <= 1:
            raise ValueError(f"leak={self.leak} must lie above 0 and at most at 1.")
        if not 0 < self.density <= 1:
            raise ValueError(f"density={self.density} must lie above 0 and at most at 1.")
        if self.spectral_radius < 0:
            raise ValueError(f"spectral_radius={self.spectral_radius} must not be negative.")
        self.weights_ = draw_recurrent_weights(
            rng, self.n_nodes, self.density, self.spectral_radius
        )

    def _rest(self):
        return np.zeros((1, self.n_nodes))

    def _gain_and_bias(self):
        return self.gain, self.bias

    def _run(self, v_in, lengths, state):
        w = self.weights_
        return echo_state.run(
            v_in, lengths, state.values, w.indptr, w.indices, w.data, float(self.leak)
        )
