"""StaticReservoir: nodes without memory, the control that shows what memory adds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, choose
from mottle.reservoir.nodes.fading import Fading
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, project

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0.0, out=x),
    "tanh": lambda x: np.tanh(x, out=x),
    "identity": lambda x: x,
}


def check(p: Any) -> None:
    """Check the parameters."""
    choose(p.activation, ACTIVATIONS, "activation")
    check_number("input_scaling", p.input_scaling)
    check_number("bias", p.bias)


def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
    """Return the activations of the node inputs of each step."""
    return choose(p.activation, ACTIVATIONS, "activation")(project(p, block, lengths))


def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
    """Count arithmetic operations; there are no devices."""
    products = steps * sparse.csr_array(p.input_weights_).nnz
    return {"multiply_accumulates": products, "weights": products, "activations": steps * p.n_nodes}


STATIC = Node(
    check=check,
    draw=lambda p, rng: {},
    rest=lambda p: np.zeros((1, p.n_nodes)),
    run=run,
    scale=lambda p: (p.input_scaling, p.bias),
    fading=lambda p: Fading(True, "nodes keep no state"),
    operations=operations,
    converters=False,
)


class StaticReservoir(Reservoir):
    r"""Map each step of a drive to the states of nodes without memory.

    .. math:: x = f(W_{in} u + b)

    The control for every wiring: what a reservoir scores beyond it, is due to its memory; what it
    scores beyond ``activation="identity"``, to a nonlinearity.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of nodes.
    activation : {"relu", "tanh", "identity"}, default="relu"
        The function f.
    input_scaling, bias : float, default=1.0 and 0.0
        Node input, dimensionless: ``bias + input_scaling * input_weights_ @ x``.
    wiring : {"random", "local", "one_to_one", "dilated", "convolution"}, default="random"
        As in `EchoStateReservoir`; "dilated" nodes see earlier steps, but keep no state.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring`` "local" and "convolution".
    field : int, default=5
        Side of a receptive field in cells, for ``wiring`` "local" and "convolution".
    regions : int, default=4
        Regions along a side of the frame over which ``wiring="convolution"`` averages.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws the weights.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights.
    shifts_ : ndarray of shape (n_nodes,)
        Added to the input sums; only with ``wiring`` "dilated" (whose ``input_weights_`` have a
        column for each lag and input) and "convolution" (a row for each kernel).
    nodes_ : reservoir
        The nodes that get these sums, one each; only with the same.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Not used: the nodes have no noise.

    Examples
    --------
    >>> import numpy as np
    >>> nodes = StaticReservoir(1, wiring="one_to_one").fit(np.zeros((3, 1)))
    >>> nodes.transform(np.array([[-1.0], [0.0], [2.0]])).ravel().tolist()
    [0.0, 0.0, 2.0]
    """

    _kind = STATIC

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        activation: str = "relu",
        input_scaling: float = 1.0,
        bias: float = 0.0,
        wiring: str = "random",
        fan_in: Any = 4,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.activation = n_nodes, activation
        self.input_scaling, self.bias = input_scaling, bias
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.regions = regions
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state
