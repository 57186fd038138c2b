"""A row that compares two threads with one by wall time, and gives their CPU time."""

import time
from statistics import median

import numba
import numpy as np
from timing import Row

from mottle.reservoir.nodes.front import Reservoir


def two_threads(name: str, node: Reservoir, X: np.ndarray, work: int, unit: str) -> Row:
    """Transform ``X`` on two threads and on one."""

    def run(n_threads: int) -> np.ndarray:
        numba.set_num_threads(n_threads)
        out = node.transform(X)
        numba.set_num_threads(1)
        return out

    def cpu(n_threads: int) -> float:
        times = []
        for _ in range(7):
            begin = time.process_time()
            run(n_threads)
            times.append(time.process_time() - begin)
        return median(times)

    runs = {"mottle": lambda: run(2), "one thread": lambda: run(1)}
    same = runs["mottle"]().tobytes() == runs["one thread"]().tobytes()
    accuracy = (
        f"{'same' if same else 'OTHER'} bytes; CPU time {cpu(2) / cpu(1):.2f} of one thread's"
    )
    note = (
        "Two threads reach a smaller ratio when other programs use the cores; their CPU time shows "
        "the overhead alone."
    )
    return Row(
        f"{name} on two threads (wall time)", work, unit, runs, (1.8, ("one thread",)), None,
        accuracy, clock="wall", notes=[note],
    )  # fmt: skip
