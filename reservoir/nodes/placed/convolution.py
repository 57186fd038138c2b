"""wiring="convolution": nodes whose receptive fields repeat over all positions of a frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.arrays import check_memory
from mottle.checks import check_whole
from mottle.reservoir.compiled.noise import join
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.placed import kernel
from mottle.reservoir.nodes.placed.inner import behind, fit_nodes, inner, seeded
from mottle.reservoir.nodes.placed.placing import MOST_ROWS, place, some
from mottle.reservoir.nodes.state import ReservoirState

BLOCK_BYTES = 1 << 26  # of sums held at once: virtual nodes are never all in memory


def check_frame(p: Any) -> None:
    """Raise unless kernels and regions fit the frame."""
    if p.input_shape is None:
        raise ValueError(
            "wiring='convolution' needs input_shape=(height, width, channels); fitted encoders "
            "have it as input_shape_."
        )
    regions = check_whole("regions", p.regions)
    if p.n_nodes % regions**2:
        fits = max(1, round(p.n_nodes / regions**2)) * regions**2
        raise ValueError(
            f"n_nodes={p.n_nodes} is kernels times regions and must be a multiple of "
            f"regions**2={regions**2}; take {fits}, for example."
        )
    height, width, _ = p.input_shape
    fewest = min(height - min(p.field, height), width - min(p.field, width)) + 1
    if regions > fewest:
        raise ValueError(
            f"regions={regions}, and fields of {p.field} x {p.field} cells have only {fewest} "
            f"positions along a side of the frame {height} x {width}: take at most {fewest}, or "
            "a smaller field."
        )


def check_inputs(p: Any) -> None:
    """Raise unless the drive has the cells of the frame."""
    n_cells = int(np.prod(p.input_shape))
    if n_cells != p.n_features_in_:
        raise ValueError(
            f"input_shape={tuple(p.input_shape)} has {n_cells} cells, the drive {p.n_features_in_} "
            "inputs; fitted encoders have the shape as input_shape_."
        )


def sides(p: Any) -> tuple[int, int, int, int]:
    """Return rows and columns of positions, and the sides of a field."""
    height, width, _ = p.input_shape
    side_y, side_x = min(p.field, height), min(p.field, width)
    return height - side_y + 1, width - side_x + 1, side_y, side_x


def n_kernels(p: Any) -> int:
    """Return the number of different nodes."""
    return int(p.n_nodes) // int(p.regions) ** 2


def frames(p: Any, block: NDArray) -> NDArray:
    """Return a drive (recording, step, input) as frames (recording, step, row, column, channel)."""
    return np.ascontiguousarray(block).reshape(*block.shape[:2], *p.input_shape)


def kernels_of(p: Any) -> NDArray:
    """Return the input weights (field_y, field_x, channel, kernel) as the kernel takes them."""
    weights = p.input_weights_
    dense = weights.toarray() if sparse.issparse(weights) else np.asarray(weights)
    _, _, side_y, side_x = sides(p)
    return np.ascontiguousarray(dense.T, np.float64).reshape(side_y, side_x, -1, dense.shape[0])


def convolved(node: Node) -> Node:
    """Return the record of nodes that are shared by all positions of a frame."""

    def check(p: Any) -> None:
        check_frame(p)
        node.check(p)

    def learn(p: Any, drives: Any, rng: np.random.RandomState) -> dict[str, Any]:
        check_inputs(p)
        rng = seeded(rng)
        fitted = fit_nodes(p, node, n_kernels(p), rng)
        _, _, side_y, side_x = sides(p)
        size = side_y * side_x * p.input_shape[2]
        weights = rng.normal(size=(n_kernels(p), size)) / np.sqrt(size)
        p.input_weights_ = sparse.csr_array(weights)
        shifts, scale = place(rows_of(p, drives, rng), rng)
        scaled = sparse.csr_array(weights * scale[:, np.newaxis])
        return {**fitted, "input_weights_": scaled, "shifts_": shifts}

    def rest(p: Any) -> NDArray:
        rows, columns, _, _ = sides(p)
        one = node.rest(inner(p))
        return np.ascontiguousarray(np.tile(one, (rows * columns, 1)))

    def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
        cells = frames(p, block)
        rows, columns, _, _ = sides(p)
        size = float(rows) * columns * block.shape[1] * n_kernels(p)
        check_memory(size, "the states of all positions of a recording", "take larger cells")
        out = np.zeros((*block.shape[:2], p.n_nodes), node.rest(inner(p)).dtype)
        alike = state.step == 0 and not node.noisy(inner(p))  # patches without input stay alike
        for r in np.flatnonzero(lengths):
            args = cells[r, : lengths[r]], state, int(r), out[r, : lengths[r]]
            run_one(p, node, *args, alike)
        return out

    def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
        rows, columns, _, _ = sides(p)
        virtual = steps * rows * columns
        counts = node.operations(inner(p), drives, virtual)
        products = virtual * sparse.csr_array(p.input_weights_).nnz
        counts |= {"node_steps": virtual * n_kernels(p)}
        return counts | {"input_weights": counts.get("input_weights", 0.0) + products}

    return behind(
        node, check=check, learn=learn, run=run, operations=operations,
        reach=lambda p: 0, rest=rest,
    )  # fmt: skip


def rows_of(p: Any, drives: Any, rng: np.random.RandomState) -> NDArray:
    """Return sums (row, kernel) of training patches that are not silent."""
    padded, lengths = some(drives, p.n_features_in_)
    cells, weights, zero = frames(p, padded), kernels_of(p), np.zeros(n_kernels(p))
    found = []
    for r, n in enumerate(lengths):
        place_of = positions(p, cells[r, :n], apart=True)[0]
        taken = rng.permutation(np.flatnonzero(place_of.ravel() > 0))[:MOST_ROWS]
        some_of = np.full(place_of.size, -1)
        some_of[taken] = np.arange(taken.size)
        out = np.empty((taken.size, n, zero.size))
        kernel.sum_fields(cells[r, :n], weights, zero, some_of.reshape(place_of.shape), out)
        rows = out.reshape(-1, zero.size)
        rows = rows[(rows != 0).any(axis=1)]
        found.append(rows[rng.permutation(len(rows))[: MOST_ROWS // 8]])
    rows = np.concatenate(found)
    return rows if len(rows) else np.zeros((1, zero.size))


def positions(p: Any, cells: NDArray, apart: bool) -> tuple[NDArray, NDArray]:
    """Return the patch of each position, and the position of each patch.

    With ``apart`` all positions without any input share patch 0.
    """
    rows, columns, side_y, side_x = sides(p)
    everywhere = np.arange(rows * columns)
    if not apart:
        return everywhere.reshape(rows, columns), everywhere
    touched = np.zeros((rows, columns), np.bool_)
    kernel.touched(cells, side_y, side_x, touched)
    busy = np.flatnonzero(touched.ravel())
    if busy.size == touched.size:
        return everywhere.reshape(rows, columns), everywhere
    place_of = np.zeros(touched.size, np.int64)
    place_of[busy] = np.arange(1, busy.size + 1)
    first = np.flatnonzero(~touched.ravel())[:1]
    return place_of.reshape(rows, columns), np.concatenate([first, busy])


def run_one(
    p: Any, node: Node, cells: NDArray, state: Any, r: int, out: NDArray, apart: bool
) -> None:
    """Run the patches of one recording, and write the means of regions to ``out`` (step, node)."""
    nodes, n_steps = inner(p), len(cells)
    place_of, of_patch = positions(p, cells, apart)
    n = of_patch.size
    values = state.values[r].reshape(place_of.size, *node.rest(nodes).shape)
    keys = np.zeros(n, np.uint64)
    if node.noisy(nodes):
        keys = np.array([join(state.keys[r], i) for i in of_patch], np.uint64)
    spent = None if state.spent is None else np.zeros((n, state.spent.shape[1]))
    states, weights = np.empty((n, n_steps, n_kernels(p))), kernels_of(p)
    ended = np.empty_like(values[of_patch])
    width = max(1, BLOCK_BYTES // (8 * n_steps * n_kernels(p)))
    for begin in range(0, n, width):
        part = slice(begin, min(begin + width, n))
        here = np.where((place_of >= begin) & (place_of < part.stop), place_of - begin, -1)
        sums = np.empty((part.stop - begin, n_steps, n_kernels(p)))
        kernel.sum_fields(cells, weights, p.shifts_, here, sums)
        own = ReservoirState(
            np.ascontiguousarray(values[of_patch[part]]), keys[part], state.step,
            spent=None if spent is None else spent[part],
        )  # fmt: skip
        states[part] = node.run(nodes, sums, np.full(len(sums), n_steps), own)
        ended[part] = own.values
    times = np.bincount(place_of.ravel(), minlength=n)
    state.values[r] = ended[place_of.ravel()].reshape(state.values[r].shape)
    if spent is not None:
        state.spent[r] += times @ spent
    kernel.pool_regions(states, place_of, int(p.regions), out)
