"""A row of the benchmark and its timing: alternating runs in several rounds, medians."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from mottle.reservoir.compiled.lanes import REGISTERS

ROUNDS = 7
SHORTEST = 0.05  # s, shorter runs are repeated within a round
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass
class Row:
    """Timed functions ``runs`` by name, "mottle" first, each doing the same ``work``.

    ``must`` and ``aim`` are ratios of the speed of mottle to that of a reference; of several
    references the fastest available one counts.
    """

    name: str
    work: float  # in ``unit``, so that work / time is a speed
    unit: str
    runs: dict[str, Callable[[], Any]]
    must: tuple[float, tuple[str, ...]] | None
    aim: tuple[float, tuple[str, ...]] | None = None
    accuracy: str = ""  # accuracy of the results, printed beside the time
    clock: str = "cpu"  # "wall" for rows of several threads
    rounds: int = ROUNDS
    notes: list[str] = field(default_factory=list)


def by_vectors(avx2: float, avx512: float) -> float:
    """Return the ratio for the vectors for which kernels are compiled."""
    return avx512 if REGISTERS.size == 64 else avx2


def measure(row: Row) -> dict[str, Any]:
    """Time a row: every run once to warm up, then all alternately."""
    clock = CLOCKS[row.clock]
    repeats, times = {}, {name: [] for name in row.runs}
    for name, run in row.runs.items():
        run()
        begin = clock()
        run()
        repeats[name] = max(1, int(SHORTEST / max(clock() - begin, 1e-6)))
    for _ in range(row.rounds):
        for name, run in row.runs.items():
            begin = clock()
            for _ in range(repeats[name]):
                run()
            times[name].append((clock() - begin) / repeats[name])
    result = {
        "name": row.name,
        "unit": row.unit,
        "clock": row.clock,
        "speeds": {name: row.work / median(values) for name, values in times.items()},
        "must": compare(times, row.must) if row.must else None,
        "aim": compare(times, row.aim) if row.aim else None,
        "accuracy": row.accuracy,
        "notes": row.notes,
    }
    print(line(result), flush=True)
    return result


def compare(times: dict[str, list[float]], goal: tuple[float, tuple[str, ...]]) -> dict[str, Any]:
    """Return the median and range over rounds of the fastest reference's time over mottle's."""
    factor, references = goal
    available = [name for name in references if name in times]
    if not available:
        return {"factor": factor, "reference": " / ".join(references), "ratio": None}
    best = min(available, key=lambda name: median(times[name]))
    ratios = [reference / own for reference, own in zip(times[best], times["mottle"], strict=True)]
    return {"factor": factor, "reference": best, "ratio": median(ratios),
            "range": [min(ratios), max(ratios)]}  # fmt: skip


def line(result: dict[str, Any]) -> str:
    """Return the result as one line for the terminal."""
    speeds = ", ".join(f"{name} {speed:.3g}" for name, speed in result["speeds"].items())
    must, ratios = result["must"], ""
    if must:
        ratio = "not installed" if must["ratio"] is None else f"{must['ratio']:.2f}"
        ratios = f"{ratio} x {must['reference']} (required {must['factor']:g}); "
    return f"{result['name']}: {speeds} {result['unit']}/s; {ratios}{result['accuracy']}"
