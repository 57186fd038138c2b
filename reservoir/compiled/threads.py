"""Work split between threads; kernels are serial, since numba caches only these."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from mottle.reservoir.compiled.notice import announced

GROUP = 64  # nodes whose energies are summed together; a part consists of whole groups
PARTS = 4  # of the work per thread, to balance the load
LEAST_UPDATES = 1 << 16  # of nodes, about 0.2 ms; for fewer, starting a thread takes longer


def split(work: Callable[[int, int], object], costs: ArrayLike) -> None:
    """Call ``work(first, last)`` on several threads, for ranges that cover all items once.

    Parameters
    ----------
    work : callable
        Runs items ``first`` to ``last``; a compiled function that releases the interpreter lock
        (``nogil=True``).
    costs : array-like of shape (n_items,)
        Relative run time of each item; the ranges take about equal time.

    Examples
    --------
    >>> done = []
    >>> split(lambda first, last: done.extend(range(first, last)), [1, 1, 4])
    >>> sorted(done)
    [0, 1, 2]
    """
    costs = np.asarray(costs, dtype=np.float64)
    n_threads = min(numba.get_num_threads(), costs.size)
    if n_threads <= 1:
        work(0, costs.size)
        return
    n_parts = min(PARTS * n_threads, costs.size)
    passed = np.cumsum(costs) - costs / 2
    edges = np.searchsorted(passed, costs.sum() / n_parts * np.arange(1, n_parts))
    parts = iter([*pairwise(np.unique([0, *edges, costs.size]).tolist())])

    def run() -> None:
        for part in parts:  # an idle thread takes the next part
            work(*part)

    with ThreadPoolExecutor(n_threads - 1) as pool:
        futures = [pool.submit(run) for _ in range(n_threads - 1)]
        run()  # in this thread too: if it only waited, a core would be idle
        for future in futures:
            future.result()


def run_nodes(
    kernel: Callable[..., None], drive: NDArray, lengths: NDArray, state: Any, *arguments: Any,
    n_out: int = 0, n_rows: int | None = None, updates: int = 1, apart: bool = True,
    plain: bool = False,
) -> NDArray:  # fmt: skip
    """Run a kernel on several threads, which take recordings, or parts of a few recordings.

    A node's states do not depend on the part it is in, and energies are summed by group in a fixed
    order: any number of threads gives the same bytes.

    Parameters
    ----------
    kernel : callable
        Called as ``kernel(begin, end, width, drive, lengths, values, keys, step, *arguments, out,
        spent)`` for the parts ``begin`` to ``end`` of all recordings, where a part is ``width``
        nodes of a recording; ``spent`` is (recording, group of nodes, 4), or has no groups if
        energies are not metered.
    drive : ndarray of shape (n_recordings, n_steps, n)
        The drive, of which the kernel computes node inputs, or the node inputs.
    lengths : ndarray of shape (n_recordings,)
        Steps of each recording.
    state : ReservoirState
        Changed in place.
    *arguments : object
        Further arguments of the kernel.
    n_out : int, default=0
        Values per recording and step; 0 for one per node.
    n_rows : int or None, default=None
        Steps that ``out`` holds; None for all, 1 for the last one in a closed loop, whose states
        only the kernel needs.
    updates : int, default=1
        Integration steps of a node per step of the drive.
    apart : bool, default=True
        Whether the nodes of a recording may run in different parts.
    plain : bool, default=False
        Whether there is nothing beside the states to compute: ``spent`` is None then, for which a
        kernel is compiled without what it does not need.

    Returns
    -------
    out : ndarray of shape (n_recordings, n_rows, n_out)
        States of the nodes, in the precision of ``state``; 0 after the end of a recording.
    """
    (n_recordings, n_steps), n_nodes = drive.shape[:2], state.values.shape[2]
    n_groups = count_groups(n_nodes)
    n_rows = n_steps if n_rows is None else n_rows
    out = empty_states(lengths, n_rows, n_out or n_nodes, state.values.dtype)
    energies = np.zeros((n_recordings, 0 if state.spent is None else n_groups, 4))
    spent = None if plain else energies
    args = (state.values, state.keys, state.step, *compiled_for(arguments), out, spent)
    with announced(kernel):
        n_updates = n_recordings * n_steps * out.shape[2] * updates
        _run_parts(kernel, drive, lengths, args, n_updates, apart)
    for group in range(energies.shape[1]):
        state.spent += energies[:, group]
    return out


def run_abreast(
    kernel: Callable[..., None], drive: NDArray, lengths: NDArray, state: Any, nodes: Any,
    *arguments: Any, **options: Any,
) -> NDArray:  # fmt: skip
    """Run as `run_nodes` does, but the nodes of several recordings side by side.

    A kernel takes nodes by the block: of a few nodes a recording, most of a block would be empty.
    For uncoupled nodes without noise, whose energies are not metered, with constants ``nodes``, a
    named tuple of numbers and of arrays with a value a node.
    """
    (n_recordings, _, n_nodes), values = drive.shape, state.values
    several = n_abreast(n_nodes, _block(values))
    if several < 2 or n_recordings < 2 or (lengths != lengths[0]).any():
        return run_nodes(kernel, drive, lengths, state, nodes, *arguments, **options)
    several = min(several, n_recordings)
    whole = n_recordings // several * several
    out = np.empty(drive.shape, values.dtype)
    for part in (slice(0, whole), slice(whole, n_recordings)):
        n = min(several, part.stop - part.start)
        if not n:
            continue
        wide = type(state)(_beside(values[part], n), state.keys[part][::n], state.step)
        tiled = [np.tile(one, n) if isinstance(one, np.ndarray) else one for one in nodes]
        found = run_nodes(
            kernel, _beside(drive[part], n), lengths[part][::n], wide, type(nodes)(*tiled),
            *arguments, **options,
        )  # fmt: skip
        out[part], values[part] = _apart(found, n), _apart(wide.values, n)
    return out


def n_abreast(n_nodes: int, block: int) -> int:
    """Return how many recordings of ``n_nodes`` fill blocks well, 1 if a single one does.

    Examples
    --------
    >>> n_abreast(8, 64), n_abreast(100, 64), n_abreast(640, 64)
    (64, 5, 1)
    """
    several = max(1, 8 * block // n_nodes)
    alone, together = -(-n_nodes // block), -(-several * n_nodes // block) / several
    return several if alone > 1.1 * together else 1


def _beside(rows: NDArray, n: int) -> NDArray:
    """Return (recording, row, node) with the nodes of ``n`` recordings each in one."""
    _, n_rows, n_nodes = rows.shape
    return rows.reshape(-1, n, n_rows, n_nodes).swapaxes(1, 2).reshape(-1, n_rows, n * n_nodes)


def _apart(rows: NDArray, n: int) -> NDArray:
    """Undo `_beside`."""
    n_groups, n_rows, width = rows.shape
    return rows.reshape(n_groups, n_rows, n, -1).swapaxes(1, 2).reshape(-1, n_rows, width // n)


def _block(values: NDArray) -> int:
    """Return how many nodes kernels take together; those of float32 twice as many."""
    return GROUP * 8 // values.itemsize


def _run_parts(
    kernel: Callable[..., None], drive: NDArray, lengths: NDArray, args: tuple[Any, ...],
    n_updates: int, apart: bool,
) -> None:  # fmt: skip
    """Run a kernel on all parts of the work, on one thread if there is little."""
    n_recordings, n_threads = len(drive), numba.get_num_threads()
    block = _block(args[0])
    n_blocks = -(-args[0].shape[2] // block)
    if n_threads == 1 or n_updates < LEAST_UPDATES:
        kernel(0, n_recordings, n_blocks * block, drive, lengths, *args)
    else:
        n_parts = min(n_blocks, -(-4 * n_threads // n_recordings)) if apart else 1
        width = -(-n_blocks // n_parts) * block
        costs = np.repeat(lengths, -(-args[0].shape[2] // width))
        split(lambda begin, end: kernel(begin, end, width, drive, lengths, *args), costs)


class _Alias:
    """The memory of an array, as the array interface describes it, open for writing."""

    def __init__(self, array: NDArray):
        self.array = array  # keeps the memory
        self.__array_interface__ = array.__array_interface__ | {"data": (array.ctypes.data, False)}


def compiled_for(value: Any) -> Any:
    """Return constants, arrays and tuples of them, in the types that kernels are compiled for.

    To the compiler a read-only array, as of a fitted estimator that is mapped from a file, is of
    another type, for which a kernel would be compiled anew. No kernel writes to its constants.

    Examples
    --------
    >>> weights = np.zeros(3)
    >>> weights.flags.writeable = False
    >>> compiled_for((weights, 2.0))[0].flags.writeable
    True
    """
    if not is_frozen(value):  # nearly always
        return value
    if isinstance(value, np.ndarray):
        return np.asarray(_Alias(value)) if value.flags.aligned else value.copy()
    parts = [compiled_for(part) for part in value]
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def is_frozen(value: Any) -> bool:
    """Return whether a value is a read-only array, or a tuple with one in it.

    Examples
    --------
    >>> is_frozen((2.0, np.zeros(3), (1, np.broadcast_to(1.0, 3))))
    True
    """
    if isinstance(value, np.ndarray):
        return not value.flags.writeable
    if isinstance(value, tuple):
        for part in value:
            if is_frozen(part):
                return True
    return False


def count_groups(n_nodes: int) -> int:
    """Return the number of groups of nodes for the sums of energies."""
    return -(-n_nodes // GROUP)


def empty_states(
    lengths: NDArray, n_steps: int, n_nodes: int, dtype: DTypeLike = np.float64
) -> NDArray:
    """Return an uninitialised array (recording, step, node) with 0 after the end of recordings.

    Examples
    --------
    >>> empty_states(np.array([1]), 3, 2)[0, 1:].tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    out = np.empty((len(lengths), n_steps, n_nodes), dtype)
    for r, n in enumerate(lengths.tolist()):  # for a single recording, faster than a search
        if n < n_steps:
            out[r, n:] = 0.0
    return out
