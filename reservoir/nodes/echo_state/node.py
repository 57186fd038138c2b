"""EchoStateReservoir: the baseline everyone knows."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import choose
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.threads import share
from mottle.reservoir.compiled.vectors import n_lanes
from mottle.reservoir.nodes.echo_state import kernel
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.wiring import draw_recurrent_weights

LEAST_STEPS = 500  # laying weights out for groups takes about a third of it
DTYPES = dict.fromkeys(("float64", "float32"))


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
    dtype : {"float64", "float32"}, default="float64"
        Precision of weights and states; float32 takes half the memory and up to half the time.
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

    _inputs_stay_inside = True

    def __init__(self, n_nodes=100, *, spectral_radius=0.9, leak=0.3, density=0.1, gain=0.5,
                 bias=0.0, wiring="random", fan_in=4, input_shape=None, field=5, pool=None,
                 n_segments=1, dtype="float64", random_state=None):  # fmt: skip
        self.n_nodes, self.spectral_radius, self.leak = n_nodes, spectral_radius, leak
        self.density, self.gain, self.bias = density, gain, bias
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments = pool, n_segments
        self.dtype, self.random_state = dtype, random_state

    def _draw(self, rng):
        if not 0 < self.leak <= 1:
            raise ValueError(f"leak={self.leak} must lie above 0 and at most at 1.")
        if not 0 < self.density <= 1:
            raise ValueError(f"density={self.density} must lie above 0 and at most at 1.")
        if self.spectral_radius < 0:
            raise ValueError(f"spectral_radius={self.spectral_radius} must not be negative.")
        choose(self.dtype, DTYPES, "dtype")
        self.weights_ = draw_recurrent_weights(
            rng, self.n_nodes, self.density, self.spectral_radius
        )
        self._laid_out = self._lay_out()

    def _rest(self):
        return np.zeros((1, self.n_nodes), self.dtype)

    def _gain_and_bias(self):
        return self.gain, self.bias

    @property
    def _abreast(self):
        return n_lanes(self.dtype)

    def _run(self, v_in, lengths, state):
        raise NotImplementedError("inputs are summed in the kernel, see _run_block")

    def _run_block(self, padded, lengths, state):
        real = np.dtype(self.dtype)
        network = self._network()
        drive = np.ascontiguousarray(padded, real)
        out = np.zeros((*padded.shape[:2], self.n_nodes), real)
        groups, alone = arrange(lengths, n_lanes(real))
        if len(groups):
            lanes = lay_out_lanes(self.input_weights_, self.weights_, real)
        else:
            lanes = no_lanes(real)
        rest = (drive, lengths, state.values, network, lanes, groups, alone, out)
        costs = [*lengths[groups].max(axis=1) * groups.shape[1] / 2.5, *lengths[alone]]
        share(lambda first, last: kernel.run(first, last, *rest), costs)
        return out

    def _network(self):
        """Weights laid out for a long recording, and the numbers beside them."""
        laid: Any = self._laid_out
        same = laid[0] is self.input_weights_ and laid[1] is self.weights_
        if not same or laid[2] != self.dtype:
            laid = self._lay_out()  # weights or precision were changed after fit
        real = np.dtype(self.dtype).type
        numbers = {name: real(getattr(self, name)) for name in ("gain", "bias", "leak")}
        return kernel.Network(*laid[3], **numbers)

    def _lay_out(self) -> Any:
        weights = self.input_weights_, self.weights_
        laid = [
            layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.dtype(self.dtype))
            for w in (sparse.csr_array(w).sorted_indices() for w in weights)
        ]
        return *weights, self.dtype, (*laid[0], *laid[1])


def lay_out_lanes(inputs: sparse.csr_array, recurrent: sparse.csr_array, real: np.dtype) -> Any:
    """Lay out weights for recordings beside each other."""
    inputs, recurrent = (sparse.csr_array(w).sorted_indices() for w in (inputs, recurrent))
    used, columns = np.unique(inputs.indices, return_inverse=True)
    width = max(1, layouts.BLOCK_BYTES // (n_lanes(real) * real.itemsize))
    return kernel.Lanes(
        used.astype(np.int64),
        *layouts.blocks(
            inputs.indptr, columns, inputs.data, max(used.size, 1), real, max(used.size, 1)
        ),
        *layouts.blocks(
            recurrent.indptr, recurrent.indices, recurrent.data, recurrent.shape[1], real, width
        ),
    )


@cache
def no_lanes(real: np.dtype) -> Any:
    """Stand in for the weights where no recordings run beside each other."""
    nothing = sparse.csr_array((1, 1))
    return lay_out_lanes(nothing, nothing, real)


def arrange(lengths: NDArray, width: int) -> tuple[NDArray, NDArray]:
    """Sort recordings into groups of ``width`` of similar length, and those that run alone.

    A group takes less time than half of its recordings one by one.

    Examples
    --------
    >>> groups, alone = arrange(np.full(9, 100), 4)
    >>> groups.shape, alone.tolist()
    ((2, 4), [8])
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    n_full, rest = divmod(order.size if lengths.sum() >= LEAST_STEPS else 0, width)
    n_full += 2 * rest > width
    groups = np.full((n_full, width), -1)
    n_grouped = min(n_full * width, order.size)
    groups.reshape(-1)[:n_grouped] = order[:n_grouped]
    return groups, order[n_grouped:]
