"""wiring="dilated": each node sees some channels at evenly spaced earlier steps."""

from typing import Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.reservoir.compiled.threads import empty_states, split
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.placed import kernel
from mottle.reservoir.nodes.placed.inner import behind, fit_nodes, inner, seeded
from mottle.reservoir.nodes.placed.placing import MOST_ROWS, evenly, place, some
from mottle.reservoir.nodes.state import recall

MOST_CHANNELS = 9  # of a node, if fan_in does not say less
LONG = 20  # steps, from which a node has more taps
TAPS = (5, 9)  # taps of a node, of short and of long recordings
LEVELS = 0.3  # of the nodes, which see the level too


def draw_taps(
    rng: np.random.RandomState, n_nodes: int, n_inputs: int, n_steps: int, fan_in: int | None
) -> sparse.csr_array:
    """Draw weights (node, lag * input) of dilated taps.

    A node has 9 taps (5 of recordings below 20 steps), ``2**u`` steps apart, of up to ``fan_in``
    channels. Its weights are normal; for seven nodes of ten they have a mean of 0 over the taps of
    a channel, so that a level gives nothing once it fills the taps. Dilations are drawn as in
    ROCKET (Dempster et al., 2020, doi:10.1007/s10618-020-00701-z), up to an eighth of a recording.

    Examples
    --------
    >>> weights = draw_taps(np.random.RandomState(0), 3, 2, 50, None)
    >>> weights.shape[0], np.diff(weights.indptr).tolist()
    (3, [9, 18, 18])
    """
    n_taps = min(TAPS[n_steps >= LONG], n_steps)
    most = min(n_inputs, MOST_CHANNELS, n_inputs if fan_in is None else fan_in)
    longest = max(1.0, (n_steps - 1) / (TAPS[1] - 1))
    dilations = (2 ** rng.uniform(0, np.log2(longest), n_nodes)).astype(int)
    reach = int(dilations.max()) * (n_taps - 1)
    rows, columns, values = [], [], []
    for node, dilation in enumerate(dilations):
        n_channels = min(most, int(2 ** rng.uniform(0, np.log2(most + 1))))
        channels = rng.choice(n_inputs, n_channels, replace=False)
        weights = rng.normal(size=(n_taps, n_channels))
        if rng.uniform() >= LEVELS and n_taps > 1:
            weights -= weights.mean(axis=0)
        lags = dilation * np.arange(n_taps)
        columns.append((lags[:, np.newaxis] * n_inputs + channels).ravel())
        rows.append(np.full(weights.size, node))
        values.append(weights.ravel())
    index = np.concatenate(rows), np.concatenate(columns)
    shape = n_nodes, (reach + 1) * n_inputs
    return sparse.csr_array((np.concatenate(values), index), shape=shape)


def reach(p: Any) -> int:
    """Return the number of earlier steps that nodes see."""
    return int(p.input_weights_.shape[1]) // int(p.n_features_in_) - 1


KEPT: dict[int, tuple[ref[NDArray], int, bytes, tuple[NDArray, NDArray]]] = {}


def lags_of(columns: NDArray, n_inputs: int) -> tuple[NDArray, NDArray]:
    """Return lag and input of columns of the weights, kept as long as these live.

    A live run needs them at every step, and the divisions take longer than its sums.

    Examples
    --------
    >>> columns = np.array([0, 4, 5])
    >>> lags_of(columns, 3)[0].tolist(), lags_of(columns, 3) is lags_of(columns, 3)
    ([0, 1, 1], True)
    """
    key, now = id(columns), columns.tobytes()
    if key in KEPT:
        of, n, then, found = KEPT[key]
        if of() is columns and n == n_inputs and then == now:
            return found
    found = np.divmod(columns.astype(np.int64), n_inputs)
    KEPT[key] = ref(columns, lambda _: KEPT.pop(key, None)), n_inputs, now, found
    return found


def sums(p: Any, whole: NDArray, lengths: NDArray, n_steps: int) -> NDArray:
    """Return the placed sums (recording, step, node) of steps with those before them."""
    weights = p.input_weights_  # of any format, if put in place after fit
    if not isinstance(weights, sparse.csr_array):
        weights = sparse.csr_array(weights)
    if not weights.has_sorted_indices:
        weights = weights.sorted_indices()
    lags, inputs = lags_of(weights.indices, p.n_features_in_)
    out = empty_states(lengths, n_steps, weights.shape[0])
    values = np.ascontiguousarray(weights.data, np.float64)
    args = (np.ascontiguousarray(whole), reach(p), lengths, weights.indptr.astype(np.int64), lags,
            inputs, values, p.shifts_, out)  # fmt: skip
    split(lambda first, last: kernel.sum_taps(first, last, *args), lengths)
    return out


def rows_of(p: Any, drives: Any) -> NDArray:
    """Return sums (row, node) of training steps, at most as many as ``place`` looks at.

    Recordings are summed one by one: memory that was never touched costs more than the sums.
    """
    padded, lengths = some(drives, p.n_nodes)
    ends = np.cumsum(lengths)
    taken = evenly(ends[-1], MOST_ROWS)
    rows = np.empty((len(taken), p.n_nodes))
    whole = np.pad(padded, ((0, 0), (reach(p), 0), (0, 0)))
    for r, end in enumerate(ends):
        here = slice(*np.searchsorted(taken, (end - lengths[r], end)))
        found = sums(p, whole[r : r + 1], lengths[r : r + 1], int(lengths[r]))
        rows[here] = found[0, taken[here] - (end - lengths[r])]
    return rows


def dilated(node: Node) -> Node:
    """Return the record of nodes behind dilated taps."""

    def learn(p: Any, drives: Any, rng: np.random.RandomState) -> dict[str, Any]:
        rng = seeded(rng)
        fitted = fit_nodes(p, node, p.n_nodes, rng)
        n_steps = int(np.median(drives.sizes))
        weights = draw_taps(rng, p.n_nodes, p.n_features_in_, n_steps, p.fan_in)
        p.input_weights_, p.shifts_ = weights, np.zeros(p.n_nodes)
        shifts, scale = place(rows_of(p, drives), rng)
        scaled = sparse.csr_array(sparse.diags_array(scale) @ weights)
        scaled.sort_indices()  # once, not at every live step
        return {**fitted, "input_weights_": scaled, "shifts_": shifts}

    def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
        whole = recall(block, lengths, state, reach(p))
        return node.run(inner(p), sums(p, whole, lengths, block.shape[1]), lengths, state)

    def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
        counts = node.operations(inner(p), drives, steps)
        products = steps * sparse.csr_array(p.input_weights_).nnz
        return counts | {"input_weights": counts.get("input_weights", 0.0) + products}

    return behind(node, learn=learn, run=run, reach=reach, operations=operations)
