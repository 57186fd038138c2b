"""A row that compares two threads with one by wall time, beside what C gains from two."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import Any

import numba
import numpy as np
from timing import Row, by_vectors

from mottle.reservoir.nodes.front import Reservoir

ROUNDS = 9


def two_threads(
    name: str, node: Reservoir, X: np.ndarray, work: int, unit: str,
    halves: Sequence[Callable[[], Any]] = (),
) -> Row:  # fmt: skip
    """Transform ``X`` on two threads and on one; ``halves`` do the same in C, half of it each."""

    def run(n_threads: int) -> np.ndarray:
        numba.set_num_threads(n_threads)
        out = node.transform(X)
        numba.set_num_threads(1)
        return out

    def cpu(n_threads: int) -> float:
        times = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            run(n_threads)
            times.append(time.process_time() - begin)
        return median(times)

    runs: dict[str, Callable[[], Any]] = {"mottle": lambda: run(2), "one thread": lambda: run(1)}
    same = runs["mottle"]().tobytes() == runs["one thread"]().tobytes()
    accuracy = (
        f"{'same' if same else 'OTHER'} bytes; CPU time {cpu(2) / cpu(1):.2f} of one thread's"
    )
    if halves:
        pool = ThreadPoolExecutor(2)
        runs["C, two threads"] = lambda: list(pool.map(lambda half: half(), halves))
        runs["C"] = lambda: [half() for half in halves]
        names = ("one thread", "mottle"), ("C", "C, two threads")
        own, other = gains([(runs[one], runs[two]) for one, two in names])
        accuracy += f"; two threads gain {own:.2f}, in C {other:.2f}: {own / other:.2f} of it"
    note = (
        "Two threads reach a smaller ratio when other programs use the cores; their CPU time shows "
        "the overhead alone. In C each of two threads does half of the recordings, or of the nodes "
        "of a single one; the gain wanted is 0.9 of that in C."
    )
    return Row(
        f"{name} on two threads (wall time)", work, unit, runs,
        (by_vectors(1.4, 1.6), ("one thread",)), (by_vectors(1.7, 1.8), ("one thread",)),
        accuracy, clock="wall", notes=[note],
    )  # fmt: skip


def gains(pairs: list[tuple[Callable[[], Any], Callable[[], Any]]]) -> list[float]:
    """Return how many times as long as the second of each pair the first takes, all in turns."""
    ratios: list[list[float]] = [[] for _ in pairs]
    for _ in range(ROUNDS):
        for found, pair in zip(ratios, pairs, strict=True):
            times = []
            for call in pair:
                begin = time.perf_counter()
                call()
                times.append(time.perf_counter() - begin)
            found.append(times[0] / times[1])
    return [median(found) for found in ratios]
