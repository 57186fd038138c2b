"""Which nodes are linked: topologies by name, own matrices, and the weights of recurrent links."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components

from mottle.blas import threads_for
from mottle.checks import check_fraction, check_number, choose
from mottle.memory import check_memory
from mottle.reservoir.connectome import Connectome
from mottle.reservoir.nodes.spectrum import DENSE, EXACT, spectral_radius, square_matrix
from mottle.reservoir.nodes.wiring import near_square

TOPOLOGIES = ("random", "ring", "lattice", "small_world", "all")
DENSITY, REWIRING = 0.1, 0.1  # defaults of the parameters
ROUNDS = 1000  # of drawing places for rewired links; after them free places are listed


def check_topology(
    p: Any, n_nodes: int, radius: Any, *, coupled: bool = False, forced: bool = False
) -> None:
    """Check topology, density and rewiring of a reservoir, and that they have an effect.

    ``radius`` is the strength of the recurrence, None where that of an own matrix is kept;
    ``coupled`` is whether it may be that of physical coupling, and None; ``forced`` is whether
    there are recurrent weights even where they are 0.
    """
    check_number("density", p.density, above=0, most=1)
    check_fraction("rewiring", p.rewiring)
    named = isinstance(p.topology, str) or p.topology is None
    if named and not (coupled and p.topology is None):
        choose(p.topology, dict.fromkeys(TOPOLOGIES), "topology")
    if not named:
        own_matrix(p.topology, n_nodes)
    default = p.topology is None or (named and p.topology == "random")
    if named and radius is None:
        raise ValueError(
            "spectral_radius=None keeps the weights of an own matrix; with "
            f"topology={p.topology!r} it must be a number, such as 0.9."
        )
    if not default and radius == 0 and not (coupled or forced):
        shown = repr(p.topology) if named else "a matrix"
        raise ValueError(
            f"topology={shown} has no effect without recurrence: set spectral_radius, to 0.9 for "
            "example, or leave topology at its default."
        )
    used = {"density": ("random", "small_world", None), "rewiring": ("small_world",)}
    for name, topologies in used.items():
        value, usual = getattr(p, name), {"density": DENSITY, "rewiring": REWIRING}[name]
        if value != usual and not (named and p.topology in topologies):
            shown = repr(p.topology) if named else "a matrix"
            raise ValueError(
                f"{name}={value!r} has no effect with topology={shown}: leave it at {usual}, or "
                f"take topology={topologies[-2 if len(topologies) > 1 else 0]!r}."
            )


def own_matrix(topology: Any, n_nodes: int) -> sparse.csr_array:
    """Return an own matrix or connectome in compressed sparse rows; raise if it does not fit."""
    matrix = topology.weights if isinstance(topology, Connectome) else topology
    if not sparse.issparse(matrix) and np.ndim(matrix) == 0:
        raise ValueError(
            f"topology={topology!r} is not known; choose from {', '.join(TOPOLOGIES)}, or give a "
            "matrix (n_nodes, n_nodes) or what read_connectome returns."
        )
    links = square_matrix(matrix, "topology")
    if links.shape != (n_nodes, n_nodes):
        raise ValueError(
            f"topology has shape {links.shape}, expected ({n_nodes}, {n_nodes}): take "
            f"{links.shape[0]} nodes (of one input mask)."
        )
    return links


def draw_recurrent_weights(
    rng: np.random.RandomState, p: Any, n_nodes: int, radius: float | None
) -> sparse.csr_array:
    """Return the recurrent weights of a reservoir, rescaled to a spectral radius.

    Links at random, on a lattice or in a small world have normal weights, those of a ring equal
    ones; an own matrix keeps its values up to the scale, and the scale too if ``radius`` is None.
    """
    topology = "random" if p.topology is None else p.topology
    if not isinstance(topology, str):
        weights = own_matrix(topology, n_nodes)
        return weights if radius is None else rescale(weights, radius)
    if topology == "random":
        return draw_random_weights(rng, n_nodes, p.density, float(radius or 0.0))
    rows, columns = place_links(rng, n_nodes, topology, p.density, p.rewiring)
    values = np.ones(rows.size) if topology == "ring" else rng.normal(size=rows.size)
    weights = sparse.csr_array((values, (rows, columns)), shape=(n_nodes, n_nodes))
    return rescale(weights, float(radius or 0.0))


def rescale(
    weights: sparse.csr_array, radius: float, found: float | None = None
) -> sparse.csr_array:
    """Rescale weights to a spectral radius; without cycles they become 0."""
    found = spectral_radius(weights) if found is None else found
    # rounded, so that threads in LAPACK do not change the last digit
    scale = float(f"{radius / found:.12g}") if found > 0 else 0.0
    scaled = sparse.csr_array(weights * scale)
    scaled.eliminate_zeros()
    scaled.sort_indices()
    return scaled


def draw_random_weights(
    rng: np.random.RandomState, n_nodes: int, density: float, radius: float
) -> sparse.csr_array:
    """Draw sparse normal weights, as many in each row, rescaled to a spectral radius."""
    n_kept = max(1, round(density * n_nodes))
    many = f"{n_kept} recurrent weights for each of {n_nodes} nodes"
    check_memory(2.0 * n_kept * n_nodes, many, "take fewer nodes, or a smaller density")
    index = np.int32 if n_kept * n_nodes < 2**31 else np.int64
    columns = np.empty((n_nodes, n_kept), index)
    values = np.empty((n_nodes, n_kept))
    for row in range(n_nodes):
        values[row] = rng.normal(size=n_kept)
        columns[row] = rng.choice(n_nodes, n_kept, replace=False)
    begin = np.arange(0, columns.size + 1, n_kept, dtype=index)
    weights = sparse.csr_array((values.ravel(), columns.ravel(), begin), (n_nodes, n_nodes))
    weights.sort_indices()
    return rescale(weights, radius, radius_of_drawn(weights))


def radius_of_drawn(weights: sparse.csr_array) -> float:
    """Return the spectral radius of drawn weights.

    Up to 1000 nodes it is that of all eigenvalues at once, whose last digits drawn reservoirs
    depend on; only where that is wrong, for nodes without cycles, that of the components.
    """
    if weights.shape[0] > DENSE:
        return spectral_radius(weights)
    with threads_for(weights.shape[0]):
        found = float(np.abs(linalg.eigvals(weights.toarray())).max())
    n, _ = connected_components(weights, connection="strong")
    if n == 1:
        return found
    exact = spectral_radius(weights)
    return found if abs(found - exact) <= EXACT * exact else exact


def place_links(
    rng: np.random.RandomState, n_nodes: int, topology: str, density: float, rewiring: float
) -> tuple[NDArray, NDArray]:
    """Return targets and sources of the links of a named topology other than "random".

    Examples
    --------
    >>> rows, columns = place_links(np.random.RandomState(0), 4, "ring", 0.1, 0.1)
    >>> rows.tolist(), columns.tolist()
    ([0, 1, 2, 3], [3, 0, 1, 2])
    """
    if topology == "ring":
        nodes = np.arange(n_nodes)
        return nodes, (nodes - 1) % n_nodes
    first, second = pair_nodes(rng, n_nodes, topology, density, rewiring)
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((columns, rows))
    return rows[order], columns[order]


def pair_nodes(
    rng: np.random.RandomState, n_nodes: int, topology: str, density: float, rewiring: float
) -> tuple[NDArray, NDArray]:
    """Return the pairs of linked nodes of a named topology, each once, the smaller node first.

    Examples
    --------
    >>> first, second = pair_nodes(np.random.RandomState(0), 4, "lattice", 0.1, 0.1)
    >>> sorted(zip(first.tolist(), second.tolist()))
    [(0, 1), (0, 2), (1, 3), (2, 3)]
    """
    nodes = np.arange(n_nodes)
    if topology == "lattice":
        grid = nodes.reshape(near_square(n_nodes))
        across, down = (grid[:, :-1], grid[:, 1:]), (grid[:-1], grid[1:])
        first, second = (
            np.concatenate([a.ravel(), b.ravel()]) for a, b in zip(across, down, strict=True)
        )
        return first, second
    if topology == "ring":
        other = (nodes + 1) % n_nodes
        both = np.unique(np.stack([np.minimum(nodes, other), np.maximum(nodes, other)]), axis=1)
        return both[0, both[0] < both[1]], both[1, both[0] < both[1]]
    if topology == "all":
        check_memory(float(n_nodes) ** 2, f"links of {n_nodes} x {n_nodes} nodes", "take fewer")
        return np.triu_indices(n_nodes, 1)
    if topology == "random":
        check_memory(float(n_nodes) ** 2, f"links of {n_nodes} x {n_nodes} nodes", "take fewer")
        first, second = np.triu_indices(n_nodes, 1)
        kept = rng.permutation(first.size) < round(density * first.size)
        return first[kept], second[kept]
    return draw_small_world(rng, n_nodes, density, rewiring)


def draw_small_world(
    rng: np.random.RandomState, n_nodes: int, density: float, rewiring: float
) -> tuple[NDArray, NDArray]:
    """Draw the pairs of a small world after Watts and Strogatz, Nature 393 (1998) 440.

    A ring on which a node is linked to its nearest ``density * n_nodes`` nodes, rounded to an even
    number of at least two; each link is moved to another node with the probability ``rewiring``.

    Examples
    --------
    >>> first, second = draw_small_world(np.random.RandomState(0), 6, 0.1, 0.0)
    >>> sorted(zip(first.tolist(), second.tolist()))
    [(0, 1), (0, 5), (1, 2), (2, 3), (3, 4), (4, 5)]
    """
    half = min(max(1, round(density * n_nodes / 2)), (n_nodes - 1) // 2)
    many = f"{2 * half} links of each of {n_nodes} nodes"
    check_memory(4.0 * n_nodes * half, many, "take a smaller density")
    from_ = np.repeat(np.arange(n_nodes), half)
    to = (from_ + np.tile(np.arange(1, half + 1), n_nodes)) % n_nodes

    def code(a: NDArray, b: NDArray) -> NDArray[np.int64]:
        return np.minimum(a, b) * n_nodes + np.maximum(a, b)

    moved = rng.uniform(size=from_.size) < rewiring
    placed = code(from_[~moved], to[~moved])
    waiting = from_[moved]
    for _ in range(ROUNDS):
        if not waiting.size:
            break
        drawn = code(waiting, other := rng.randint(n_nodes, size=waiting.size))
        _, first = np.unique(drawn, return_index=True)
        fine = np.zeros(waiting.size, bool)
        fine[first] = True
        fine &= (other != waiting) & ~np.isin(drawn, placed)
        placed = np.concatenate([placed, drawn[fine]])
        waiting = waiting[~fine]
    if waiting.size:  # nearly every pair is linked: any of the free ones
        first, second = np.triu_indices(n_nodes, 1)
        free = np.setdiff1d(code(first, second), placed)
        placed = np.concatenate([placed, rng.permutation(free)[: waiting.size]])
    return np.divmod(np.sort(placed), n_nodes)


def adjacency(
    rng: np.random.RandomState, n_nodes: int, topology: Any, density: float, rewiring: float
) -> NDArray[np.float64]:
    """Return the physical coupling of each pair of nodes, relative to the coupling parameter.

    ``topology`` is a name, None for "lattice", or a symmetric (n_nodes, n_nodes) matrix.

    Examples
    --------
    >>> adjacency(np.random.RandomState(0), 4, "ring", 0.1, 0.1).astype(int).tolist()
    [[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]]
    """
    check_memory(float(n_nodes) ** 2, f"coupling of {n_nodes} x {n_nodes} nodes", "take fewer")
    links: NDArray[np.float64] = np.zeros((n_nodes, n_nodes))
    if topology is None or isinstance(topology, str):
        first, second = pair_nodes(rng, n_nodes, topology or "lattice", density, rewiring)
        links[first, second] = links[second, first] = 1.0
        return links
    links = own_matrix(topology, n_nodes).toarray()
    if (links != links.T).any() or (links < 0).any() or np.diag(links).any():
        raise ValueError(
            "topology must be symmetric, without negative values, 0 on its diagonal: coupling acts "
            "on both nodes alike."
        )
    return links
