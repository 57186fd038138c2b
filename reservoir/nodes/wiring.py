"""Random draws: input and recurrent weights, receptive fields, neighbours, device variation."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from mottle.arrays import check_memory
from mottle.checks import choose, is_number, is_whole

WIRINGS = ("random", "local", "one_to_one")
TOPOLOGIES = ("all", "grid", "ring")
Spread = float | tuple[str, float]


def draw_input_weights(
    rng: np.random.RandomState,
    n_nodes: int,
    n_inputs: int,
    wiring: str,
    fan_in: int | None,
    input_shape: tuple[int, int, int] | None,
    field: int,
) -> sparse.csr_array:
    """Draw input weights of shape (n_nodes, n_inputs).

    ``random`` and ``local`` weights are uniform with unit variance of the sum for independent
    inputs of unit variance; ``one_to_one`` weights are 1.
    """
    choose(wiring, dict.fromkeys(WIRINGS), "wiring")
    if wiring == "one_to_one":
        if n_nodes % n_inputs:
            raise ValueError(
                f"wiring='one_to_one' needs n_nodes to be a multiple of the {n_inputs} inputs, got "
                f"n_nodes={n_nodes}; take {max(1, round(n_nodes / n_inputs)) * n_inputs}, for "
                "example."
            )
        eye = sparse.eye_array(n_inputs)
        return sparse.csr_array(sparse.vstack([eye] * (n_nodes // n_inputs)))
    if wiring == "random":
        pools = [np.arange(n_inputs)] * n_nodes
    else:
        pools = receptive_fields(n_nodes, n_inputs, input_shape, field)
    rows, columns, values = [], [], []
    for node, pool in enumerate(pools):
        k = pool.size if fan_in is None else min(fan_in, pool.size)
        rows.append(np.full(k, node))
        columns.append(rng.choice(pool, k, replace=False))
        values.append(rng.uniform(-1, 1, k) * np.sqrt(3 / k))
    index = (np.concatenate(rows), np.concatenate(columns))
    return sparse.csr_array((np.concatenate(values), index), shape=(n_nodes, n_inputs))


def receptive_fields(
    n_nodes: int, n_inputs: int, input_shape: tuple[int, int, int] | None, field: int
) -> list[NDArray]:
    """List, for nodes placed evenly on a frame, the inputs in a ``field`` x ``field`` window."""
    if input_shape is None or int(np.prod(input_shape)) != n_inputs:
        raise ValueError(
            f"wiring='local' needs input_shape=(height, width, channels) with product {n_inputs}, "
            f"the number of inputs; got input_shape={input_shape}. Fitted encoders have it as "
            "input_shape_."
        )
    height, width, channels = input_shape
    rows, columns = near_square(n_nodes)
    index = np.arange(n_inputs).reshape(height, width, channels)
    side_y, side_x = min(field, height), min(field, width)
    fields = []
    for node in range(n_nodes):
        row, column = divmod(node, columns)
        y = round((height - side_y) * (row / max(rows - 1, 1)))
        x = round((width - side_x) * (column / max(columns - 1, 1)))
        fields.append(index[y : y + side_y, x : x + side_x].ravel())
    return fields


def near_square(n: int) -> tuple[int, int]:
    """Return rows and columns of the most nearly square grid of exactly ``n`` places.

    Examples
    --------
    >>> near_square(400), near_square(12), near_square(7)
    ((20, 20), (3, 4), (1, 7))
    """
    rows = next(k for k in range(isqrt(n), 0, -1) if n % k == 0)
    return rows, n // rows


def grid_neighbours(n_nodes: int) -> NDArray[np.int64]:
    """Return four neighbours of each node on a near-square grid; at an edge, the node itself."""
    rows, columns = near_square(n_nodes)
    padded = np.pad(np.arange(n_nodes).reshape(rows, columns), 1, mode="edge")
    sides = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    return np.stack([side.ravel() for side in sides], axis=1)


def adjacency(n_nodes: int, topology: Any) -> NDArray[np.float64]:
    """Return the coupling of each pair of nodes, relative to the coupling parameter.

    ``topology`` is "grid" (four neighbours on a near-square grid), "ring", "all", or a symmetric
    (n_nodes, n_nodes) array.

    Examples
    --------
    >>> adjacency(4, "ring").astype(int).tolist()
    [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    """
    _check_pairs(n_nodes)
    check_topology(topology, n_nodes)
    links: NDArray[np.float64] = np.zeros((n_nodes, n_nodes))
    if isinstance(topology, str):
        if topology == "grid":
            links[np.arange(n_nodes)[:, np.newaxis], grid_neighbours(n_nodes)] = 1.0
        elif topology == "ring":
            links += np.roll(np.eye(n_nodes), 1, axis=1)
        else:
            links += 1.0
        links = np.maximum(links, links.T)
        np.fill_diagonal(links, 0.0)
        return links
    links = np.asarray(topology, dtype=np.float64)
    if (links != links.T).any() or (links < 0).any() or np.diag(links).any():
        raise ValueError("topology must be symmetric, without negative values, 0 on its diagonal.")
    return links


def draw_recurrent_weights(
    rng: np.random.RandomState, n_nodes: int, density: float, spectral_radius: float
) -> sparse.csr_array:
    """Draw sparse normal weights, rescaled to a spectral radius computed from all eigenvalues."""
    n_kept = max(1, round(density * n_nodes))
    _check_pairs(n_nodes)
    weights = np.zeros((n_nodes, n_nodes))
    for row in weights:
        row[rng.choice(n_nodes, n_kept, replace=False)] = rng.normal(size=n_kept)
    # dense eigenvalues: power iteration misses complex pairs, and ARPACK may not converge
    radius = np.abs(linalg.eigvals(weights)).max()
    # rounded, so that threads in LAPACK do not change the last digit
    scale = float(f"{spectral_radius / radius:.12g}") if radius > 0 else 0.0
    return sparse.csr_array(weights * scale)


def draw_spread(
    rng: np.random.RandomState,
    device: Any,
    names: tuple[str, ...],
    spread: Spread | dict[str, Spread],
    n_nodes: int,
) -> dict[str, NDArray]:
    """Draw device constants of each node about the preset's (device-to-device variation).

    ``spread`` is a relative standard deviation for all ``names``, or a dict with one for some of
    them. A number means a lognormal distribution, ``("normal", number)`` a normal one.
    """
    chosen = check_spread(spread, names)
    drawn = {}
    for name in names:  # a draw for every name, so that draws do not depend on which names vary
        z = rng.normal(size=n_nodes)
        kind, width = chosen[name]
        if kind == "normal":
            factor = 1 + width * z
            if factor.min() <= 0:
                raise ValueError(
                    f"spread of {name}, normal with {width}, gives node {factor.argmin()} a "
                    "negative value; a lognormal spread of that width does not."
                )
        else:
            factor = np.exp(np.sqrt(np.log1p(width**2)) * z)
        drawn[name] = getattr(device, name) * factor
    return drawn


def check_spread(spread: Any, names: tuple[str, ...]) -> dict[str, tuple[str, float]]:
    """Return distribution and width of the spread of each constant, or raise.

    Examples
    --------
    >>> check_spread({"tau": ("normal", 0.1)}, ("tau", "rate"))
    {'tau': ('normal', 0.1), 'rate': ('lognormal', 0.0)}
    """
    chosen = spread if isinstance(spread, dict) else dict.fromkeys(names, spread)
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        raise ValueError(f"spread has no constant {unknown[0]!r}; choose from {', '.join(names)}.")
    known = {}
    for name in names:
        kind, width = "lognormal", chosen.get(name, 0.0)
        if isinstance(width, tuple | list) and len(width) == 2:
            kind, width = width
        named = isinstance(kind, str) and kind in ("lognormal", "normal")
        if not named or not is_number(width) or not 0 <= width < 1:
            raise ValueError(
                f"spread of {name} is {chosen[name]!r}: expected a relative standard deviation in "
                "[0, 1), or ('normal', deviation)."
            )
        known[name] = (kind, width)
    return known


def check_shape(input_shape: Any) -> None:
    """Raise if an input shape is not three whole numbers.

    Examples
    --------
    >>> check_shape((34, 34))
    Traceback (most recent call last):
    ValueError: input_shape=(34, 34) must be (height, width, channels), three whole numbers above 0.
    """
    several = isinstance(input_shape, list | tuple | np.ndarray) and len(input_shape) == 3
    if not several or not all(is_whole(side) and side > 0 for side in input_shape):
        raise ValueError(
            f"input_shape={input_shape!r} must be (height, width, channels), three whole numbers "
            "above 0."
        )


def check_topology(topology: Any, n_nodes: int) -> None:
    """Raise if a topology is neither a known name nor an array of numbers (n_nodes, n_nodes)."""
    if isinstance(topology, str) and topology in TOPOLOGIES:
        return
    links = None if isinstance(topology, str) else np.asarray(topology)
    if links is None or links.dtype.kind not in "biuf" or links.ndim != 2:
        shown = repr(topology) if links is None or links.size < 9 else f"an array {links.shape}"
        raise ValueError(
            f"topology={shown} is not known; choose from {', '.join(TOPOLOGIES)}, or give a "
            "symmetric array (n_nodes, n_nodes)."
        )
    if links.shape != (n_nodes, n_nodes):
        raise ValueError(f"topology has shape {links.shape}, expected ({n_nodes}, {n_nodes}).")


def draw_masks(
    rng: np.random.RandomState, weights: sparse.csr_array, n_masks: int
) -> sparse.csr_array:
    """Repeat the input weights ``n_masks`` times with random signs; rows are mask after mask."""
    if n_masks == 1:
        return weights
    signs = rng.choice([-1.0, 1.0], (n_masks, weights.shape[0]))
    return sparse.csr_array(sparse.vstack([sparse.diags_array(row) @ weights for row in signs]))


def _check_pairs(n_nodes: int) -> None:
    """Refuse an array (node, node) that does not fit into memory."""
    check_memory(
        float(n_nodes) ** 2, f"an array of {n_nodes} x {n_nodes} nodes", "take fewer nodes"
    )
