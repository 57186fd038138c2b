"""EchoStateReservoir: a leaky tanh network, the usual baseline."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, choose
from mottle.embedded import CStage, template
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.threads import compiled_for, split
from mottle.reservoir.compiled.vectors import LANE_BYTES, SLICE, n_lanes
from mottle.reservoir.nodes.echo_state import kernel
from mottle.reservoir.nodes.embedding import input_sums, sparse_rows
from mottle.reservoir.nodes.fading import Fading, with_recurrence
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.topologies import check_topology, draw_recurrent_weights

LEAST_STEPS = 500  # below it the layout of weights for groups takes too much of the time
# of the states in a block of columns: in the first cache for random access, else in the second
COLUMNS, FULL_COLUMNS = (1 << 15) // LANE_BYTES, (1 << 17) // LANE_BYTES
DTYPES = dict.fromkeys(("float64", "float32"))


def check(p: Any) -> None:
    """Check the parameters."""
    check_number("leak", p.leak, above=0, most=1)
    if p.spectral_radius is not None:
        check_number("spectral_radius", p.spectral_radius, least=0)
    check_topology(p, p.n_nodes, p.spectral_radius, forced=True)
    check_number("input_scaling", p.input_scaling)
    check_number("bias", p.bias)
    check_number("bias_scaling", p.bias_scaling, least=0)
    choose(p.dtype, DTYPES, "dtype")


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the recurrent weights, and return all weights in the kernel's layout too."""
    weights = draw_recurrent_weights(rng, p, p.n_nodes, p.spectral_radius)
    drawn = {"weights_": weights, "_laid_out": lay_out(p.input_weights_, weights, p.dtype)}
    if p.bias_scaling:
        drawn["biases_"] = p.bias_scaling * rng.uniform(-1, 1, p.n_nodes)
    return drawn


def run(p: Any, block: NDArray, lengths: NDArray, state: Any, loop: Loop = NO_LOOP) -> NDArray:
    """Run recordings of similar length in parallel lanes, others and closed loops alone."""
    real = np.dtype(p.dtype)
    drive = np.ascontiguousarray(block, real)
    n_steps = block.shape[1] - (loop is not NO_LOOP)
    out = np.zeros((len(block), n_steps, p.n_nodes), real)
    layout, full = laid_out(p)
    # recordings one by one read all weights at each step, which takes longer than their sums
    least = 2 if full else n_lanes(real) // 2 + 1
    groups, alone = arrange(lengths, n_lanes(real), least, loop is NO_LOOP)
    lanes = lay_out_lanes(p.input_weights_, p.weights_, real, full) if len(groups) else None
    weights = compiled_for((network(p, layout, full), None if loop is NO_LOOP else loop, lanes))
    args = (drive, lengths, state.values, *weights, groups, alone, out)
    costs = [*lengths[groups].max(axis=1) * groups.shape[1] / 2.5, *lengths[alone]]
    split(lambda first, last: kernel.run(first, last, *args), costs)
    if loop is not NO_LOOP and drive is not block:  # the outputs
        block[...] = drive
    return out


def embed(p: Any) -> CStage:
    """Return the network in C."""
    sums, n = input_sums(p), p.n_nodes
    net = network(p, *laid_out(p))
    return CStage(
        sums.text + "\n" + template(Path(__file__).with_name("template.c")), sums.n_in, n,
        {"N_NODES": n, **sums.sizes},
        {"gain": net.gain, "leak": net.leak, "keep": type(net.leak)(1) - net.leak},
        {"biases": net.biases[:n], **sums.tables, **sparse_rows("", p.weights_)},
        {"x": np.zeros(n), "totals": np.zeros(n)},
    )  # fmt: skip


def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
    """Count arithmetic operations; there are no devices."""
    products = steps * (sparse.csr_array(p.input_weights_).nnz + sparse.csr_array(p.weights_).nnz)
    return {"multiply_accumulates": products, "weights": products, "activations": steps * p.n_nodes}


def laid_out(p: Any) -> Any:
    """Return weights laid out for a long recording, and whether they are full."""
    cached: Any = p._laid_out
    same = cached[0] is p.input_weights_ and cached[1] is p.weights_
    if not same or cached[2] != p.dtype or len(cached) < 5:  # changed after fit, or an older model
        cached = lay_out(p.input_weights_, p.weights_, p.dtype)
    return cached[3:]


def network(p: Any, layout: Any, full: bool) -> kernel.Network:
    """Return weights laid out for a long recording, with gain, bias and leak."""
    real = np.dtype(p.dtype).type
    biases = np.zeros(-(-p.n_nodes // SLICE) * SLICE, real)
    biases[: p.n_nodes] = p.bias + p.biases_ if p.bias_scaling else p.bias
    numbers = {"biases": biases, "gain": real(p.input_scaling), "leak": real(p.leak)}
    return kernel.Network(*layout, **{"full": full, **numbers})


def lay_out(inputs: Any, recurrent: Any, dtype: str) -> Any:
    """Return weights and their type as given, laid out, and whether they are full."""
    layout = [
        layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.dtype(dtype))
        for w in (sparse.csr_array(w).sorted_indices() for w in (inputs, recurrent))
    ]
    return inputs, recurrent, dtype, (*layout[0], *layout[1]), is_full(sparse.csr_array(recurrent))


def restore(p: Any) -> dict[str, Any]:
    """Lay out the weights of a model from a file."""
    choose(p.dtype, DTYPES, "dtype")
    return {"_laid_out": lay_out(p.input_weights_, p.weights_, p.dtype)}


def is_full(weights: sparse.csr_array) -> bool:
    """Return whether each row has each column once."""
    n_rows, n_columns = weights.shape
    if weights.nnz != n_rows * n_columns:
        return False
    columns = weights.sorted_indices().indices.reshape(n_rows, n_columns)
    return bool((weights.indptr == n_columns * np.arange(n_rows + 1)).all()
                and (columns == np.arange(n_columns)).all())  # fmt: skip


def lay_out_lanes(inputs: Any, recurrent: Any, real: np.dtype, full: bool) -> Any:
    """Lay out weights for recordings in parallel lanes."""
    inputs, recurrent = (sparse.csr_array(w).sorted_indices() for w in (inputs, recurrent))
    used, columns = np.unique(inputs.indices, return_inverse=True)
    shape, n_nodes = (inputs.shape[0], max(used.size, 1)), recurrent.shape[1]
    inputs = sparse.csr_array((inputs.data, columns, inputs.indptr), shape)
    full = full and recurrent.nnz == recurrent.shape[0] * n_nodes  # as after fit
    width = FULL_COLUMNS if full else COLUMNS
    return kernel.Lanes(
        width,
        used.astype(np.int64),
        *layouts.blocks(inputs, real, shape[1]),
        *layouts.blocks(recurrent, real, width, full),
    )


def arrange(
    lengths: NDArray, width: int, least: int, together: bool = True
) -> tuple[NDArray, NDArray]:
    """Sort recordings into groups of ``width`` with similar lengths, and those that run alone.

    A group is faster than ``least`` of its recordings one by one. All run alone if not
    ``together``.

    Examples
    --------
    >>> groups, alone = arrange(np.full(9, 100), 4, 3)
    >>> groups.shape, alone.tolist()
    ((2, 4), [8])
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[lengths[order] > 0]
    n_full, rest = divmod(order.size if together and lengths.sum() >= LEAST_STEPS else 0, width)
    n_full += rest >= least
    groups = np.full((n_full, width), -1)
    n_grouped = min(n_full * width, order.size)
    groups.reshape(-1)[:n_grouped] = order[:n_grouped]
    return groups, order[n_grouped:]


LEAK = Fading(True, "nodes leak")
ECHO_STATE = Node(
    check=check,
    draw=draw,
    rest=lambda p: np.zeros((1, p.n_nodes), p.dtype),
    run=run,
    scale=lambda p: (p.input_scaling, p.bias),
    fading=lambda p: with_recurrence(p.spectral_radius, LEAK),
    sums_inputs=lambda p: True,
    closes=lambda p: True,
    n_parallel=lambda p: n_lanes(p.dtype),
    operations=operations,
    converters=False,
    embed=embed,
    restore=restore,
)


class EchoStateReservoir(Reservoir):
    r"""Map a drive to the states of a leaky tanh network.

    .. math:: x \leftarrow (1 - a) x + a \tanh(W_{in} u + W x + b)

    Parameters
    ----------
    n_nodes : int, default=100
        Number of nodes.
    input_scaling, bias : float, default=0.5 and 0.0
        Node input, dimensionless: ``bias + biases_ + input_scaling * input_weights_ @ x``.
    bias_scaling : float, default=0.0
        Half the width of the uniform distribution of ``biases_``, about 0. A bias for each node
        lets states of a small drive differ in curvature, which forecasts need.
    leak : float, default=0.3
        Leak rate: fraction of the new state in every step, above 0 and at most 1.
    spectral_radius : float or None, default=0.9
        Largest eigenvalue magnitude of the recurrent weights, exact to 1e-10. None keeps that of
        an own matrix.
    density : float, default=0.1
        Fraction of recurrent weights that are not zero, at random or in a small world.
    topology : str, matrix or connectome, default="random"
        Which nodes are linked: "random"; "ring", each node to the next with equal weights;
        "lattice", four neighbours on the squarest grid (a chain for a prime number of nodes);
        "small_world", a ring of ``density * n_nodes`` nearest neighbours with rewired links; "all".
        Or your own weights, an array or scipy.sparse array (n_nodes, n_nodes) whose rows are
        targets, or what `read_connectome` returns.
    rewiring : float, default=0.1
        Fraction of the links of a small world that lead to any other node.
    wiring : {"random", "local", "one_to_one", "dilated", "convolution"}, default="random"
        Inputs of a node: drawn from all; drawn from a receptive field; a single one; channels at
        evenly spaced earlier steps; or a receptive field shared by all positions, whose states are
        averaged over regions. The last two scale and shift them by training recordings.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring`` "local" and "convolution".
    field : int, default=5
        Side of a receptive field in cells, for ``wiring`` "local" and "convolution".
    regions : int, default=4
        Regions along a side of the frame over which ``wiring="convolution"`` averages; ``n_nodes``
        is the number of kernels times ``regions**2``, node ``region * kernels + kernel``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
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
    biases_ : ndarray of shape (n_nodes,)
        Bias of each node, beside ``bias``; only with ``bias_scaling``.
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

    _kind = ECHO_STATE

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        input_scaling: float = 0.5,
        bias: float = 0.0,
        bias_scaling: float = 0.0,
        leak: float = 0.3,
        spectral_radius: Any = 0.9,
        density: float = 0.1,
        topology: Any = "random",
        rewiring: float = 0.1,
        wiring: str = "random",
        fan_in: Any = 4,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.input_scaling = n_nodes, input_scaling
        self.bias, self.bias_scaling = bias, bias_scaling
        self.leak, self.spectral_radius, self.density = leak, spectral_radius, density
        self.topology, self.rewiring = topology, rewiring
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.regions = regions
        self.pool, self.n_segments = pool, n_segments
        self.dtype, self.random_state = dtype, random_state
