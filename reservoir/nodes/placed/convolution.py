"""wiring="convolution": nodes whose receptive fields repeat over all positions of a frame."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_whole
from mottle.reservoir.compiled.noise import join
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.placed import kernel
from mottle.reservoir.nodes.placed.inner import behind, fit_nodes, inner, seeded
from mottle.reservoir.nodes.placed.placing import MOST_ROWS, place, some
from mottle.reservoir.nodes.state import ReservoirState

BLOCK_BYTES = 1 << 26  # of states held at once: virtual nodes are never all in memory


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
        busy = touched(p, cells[r, :n])
        taken = rng.permutation(np.flatnonzero(busy))[: MOST_ROWS // 8]
        here = np.full(busy.size, -1)
        here[taken] = np.arange(taken.size)
        out = np.empty((taken.size, n, zero.size))
        kernel.sum_fields(cells[r, :n], weights, zero, here.reshape(sides(p)[:2]), out)
        rows = out.reshape(-1, zero.size)
        rows = rows[(rows != 0).any(axis=1)]
        found.append(rows[rng.permutation(len(rows))[: MOST_ROWS // 8]])
    rows = np.concatenate(found)
    return rows if len(rows) else np.zeros((1, zero.size))


def touched(p: Any, cells: NDArray) -> NDArray[np.bool_]:
    """Return which positions have an input that is not 0 at some step."""
    rows, columns, side_y, side_x = sides(p)
    found = np.zeros((rows, columns), np.bool_)
    kernel.touched(cells, side_y, side_x, found)
    return found.ravel()


def run_one(
    p: Any, node: Node, cells: NDArray, state: Any, r: int, out: NDArray, alike: bool
) -> None:
    """Run all positions of one recording, and write means over regions to ``out`` (step, node).

    With ``alike`` positions without any input share a run. Positions are run part by part and
    added in their order, so that the parts do not change the sums.
    """
    nodes, weights, (rows, columns, _, _) = inner(p), kernels_of(p), sides(p)
    shape = len(cells), n_kernels(p)
    values = state.values[r].reshape(rows * columns, *node.rest(nodes).shape)
    busy = touched(p, cells) if alike else np.ones(rows * columns, np.bool_)
    silent = np.flatnonzero(~busy)

    def run(places: NDArray, times: int = 1) -> tuple[NDArray, NDArray]:
        here, sums = np.full(rows * columns, -1), np.empty((places.size, *shape))
        if not places.size:
            return sums, here
        here[places] = np.arange(places.size)
        kernel.sum_fields(cells, weights, p.shifts_, here.reshape(rows, columns), sums)
        keys = np.zeros(places.size, np.uint64)
        if node.noisy(nodes):
            keys = np.array([join(state.keys[r], place) for place in places], np.uint64)
        spent = None if state.spent is None else np.zeros((places.size, state.spent.shape[1]))
        own = ReservoirState(values[places], keys, state.step, spent=spent)
        states = node.run(nodes, sums, np.full(places.size, shape[0]), own)
        values[places] = own.values
        if spent is not None:
            state.spent[r] += times * spent.sum(axis=0)
        return states, here

    still = np.zeros(shape)
    if silent.size:
        still = np.array(run(silent[:1], silent.size)[0][0], np.float64)
        values[silent] = values[silent[0]]
    width = max(1, BLOCK_BYTES // (8 * shape[0] * shape[1]))
    totals = np.zeros((shape[0], p.n_nodes))
    for begin in range(0, rows * columns, width):
        end = min(begin + width, rows * columns)
        states, here = run(begin + np.flatnonzero(busy[begin:end]))
        kernel.add_regions(states, here, still, begin, end, rows, columns, int(p.regions), totals)
    out[:] = totals / np.repeat(positions_of(p), shape[1])


def positions_of(p: Any) -> NDArray[np.int64]:
    """Return the number of positions in each region."""
    rows, columns, _, _ = sides(p)
    n = int(p.regions)
    by_row, by_column = (np.bincount(np.arange(side) * n // side) for side in (rows, columns))
    return np.outer(by_row, by_column).ravel()
