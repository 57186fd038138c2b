"""Work split between threads; kernels are serial, since numba caches only these."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

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
) -> NDArray[np.float64]:  # fmt: skip
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
        States of the nodes; 0 after the end of a recording.
    """
    (n_recordings, n_steps), n_nodes = drive.shape[:2], state.values.shape[2]
    n_groups = count_groups(n_nodes)
    out = empty_states(lengths, n_steps if n_rows is None else n_rows, n_out or n_nodes)
    energies = np.zeros((n_recordings, 0 if state.spent is None else n_groups, 4))
    spent = None if plain else energies
    args = (state.values, state.keys, state.step, *compiled_for(arguments), out, spent)
    with announced(kernel):
        n_updates = n_recordings * n_steps * out.shape[2] * updates
        _run_parts(kernel, drive, lengths, args, n_groups, n_updates, apart)
    for group in range(energies.shape[1]):
        state.spent += energies[:, group]
    return out


def _run_parts(
    kernel: Callable[..., None], drive: NDArray, lengths: NDArray, args: tuple[Any, ...],
    n_groups: int, n_updates: int, apart: bool,
) -> None:  # fmt: skip
    """Run a kernel on all parts of the work, on one thread if there is little."""
    n_recordings, n_threads = len(drive), numba.get_num_threads()
    if n_threads == 1 or n_updates < LEAST_UPDATES:
        kernel(0, n_recordings, n_groups * GROUP, drive, lengths, *args)
    else:
        n_parts = min(n_groups, -(-4 * n_threads // n_recordings)) if apart else 1
        width = -(-n_groups // n_parts) * GROUP
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
    if isinstance(value, np.ndarray):
        if value.flags.writeable:
            return value
        return np.asarray(_Alias(value)) if value.flags.aligned else value.copy()
    if isinstance(value, tuple):
        parts = [compiled_for(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def count_groups(n_nodes: int) -> int:
    """Return the number of groups of nodes for the sums of energies."""
    return -(-n_nodes // GROUP)


def empty_states(lengths: NDArray, n_steps: int, n_nodes: int) -> NDArray[np.float64]:
    """Return an uninitialised array (recording, step, node) with 0 after the end of recordings.

    Examples
    --------
    >>> empty_states(np.array([1]), 3, 2)[0, 1:].tolist()
    [[0.0, 0.0], [0.0, 0.0]]
    """
    out = np.empty((len(lengths), n_steps, n_nodes))
    for r in np.flatnonzero(lengths < n_steps):
        out[r, lengths[r] :] = 0.0
    return out
