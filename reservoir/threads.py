"""Sharing a serial kernel out among threads: over recordings, and over nodes where these are few.

The kernels are compiled once and cached, which numba does not do safely for ``parallel=True``
(numba #4807), and may run beside any other threads of a program. What a node does never depends on
the share it is in, and energies are summed group by group in order: any number of threads gives the
same bytes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

GROUP = 64  # nodes whose energies are summed together; no share begins within a group
SHARES = 4  # a thread, so that none waits long for the last
LEAST_WORK = 1 << 16  # node updates, some 0.2 ms; with fewer, starting a thread costs more


def share(
    kernel: Callable[..., None], v_in: NDArray, lengths: NDArray, state: Any, *arguments: Any,
    updates: int = 1, apart: bool = True,
) -> NDArray:  # fmt: skip
    """Run node inputs through a kernel on as many threads as numba may use.

    Parameters
    ----------
    kernel : callable
        Called as ``kernel(begin, end, width, v_in, lengths, values, keys, step, *arguments, out,
        spent)`` for the parts ``begin`` to ``end`` of all recordings, where a part is ``width``
        nodes of a recording.
    v_in : ndarray of shape (n_recordings, n_steps, n_nodes)
        Node inputs in volt.
    lengths : ndarray of shape (n_recordings,)
        Steps of each recording.
    state : ReservoirState
        Changed in place.
    *arguments : object
        Further arguments of the kernel.
    updates : int, default=1
        Integration steps of a node in a step of the drive.
    apart : bool, default=True
        Whether the nodes of a recording may run apart.

    Returns
    -------
    out : ndarray of shape (n_recordings, n_steps, n_nodes)
        What the nodes showed; 0 after the end of a recording.
    """
    n_recordings, _, n_nodes = v_in.shape
    n_groups = -(-n_nodes // GROUP)
    out = np.zeros(v_in.shape)
    spent = np.zeros((n_recordings, 0 if state.spent is None else n_groups, 4))
    n_threads = numba.get_num_threads() if v_in.size * updates >= LEAST_WORK else 1
    n_parts = 1
    if apart and n_threads > 1:
        n_parts = min(n_groups, -(-SHARES * n_threads // n_recordings))
    width = -(-n_groups // n_parts) * GROUP
    n_parts = n_recordings * -(-n_nodes // width)
    told = (state.values, state.keys, state.step, *arguments, out, spent)
    if n_threads == 1:
        kernel(0, n_parts, width, v_in, lengths, *told)
    else:
        ends = np.unique(np.linspace(0, n_parts, SHARES * n_threads + 1).astype(int))
        with ThreadPoolExecutor(n_threads) as pool:
            calls = [
                pool.submit(kernel, int(begin), int(end), width, v_in, lengths, *told)
                for begin, end in zip(ends, ends[1:], strict=False)
            ]
            for call in calls:
                call.result()
    for group in range(spent.shape[1]):
        state.spent += spent[:, group]
    return out
