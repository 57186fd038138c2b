"""A row of the benchmark, and how it is timed: in turn, round by round, medians."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

ROUNDS = 7
SHORTEST = 0.05  # s, shorter runs are repeated within a round
CLOCKS = {"cpu": time.process_time, "wall": time.perf_counter}


@dataclass
class Row:
    """What is timed: ``runs`` by name, ours first as "mottle", each doing the same ``work``.

    ``must`` and ``aim`` say how many times faster than a reference mottle has to be; of several
    references the fastest that is there counts.
    """

    name: str
    work: float  # in ``unit``, so that work / time is a speed
    unit: str
    runs: dict[str, Callable[[], Any]]
    must: tuple[float, tuple[str, ...]] | None
    aim: tuple[float, tuple[str, ...]] | None = None
    accuracy: str = ""  # what the numbers are worth, said beside the time
    clock: str = "cpu"  # "wall" for rows of several threads
    rounds: int = ROUNDS
    notes: list[str] = field(default_factory=list)


def measure(row: Row) -> dict[str, Any]:
    """Time a row: every run once to warm up, then all in turn."""
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
    print(tell(result), flush=True)
    return result


def compare(times: dict[str, list[float]], goal: tuple[float, tuple[str, ...]]) -> dict[str, Any]:
    """Ratio, by round, of the fastest reference's time to ours."""
    factor, references = goal
    there = [name for name in references if name in times]
    if not there:
        return {"factor": factor, "reference": " / ".join(references), "ratio": None}
    best = min(there, key=lambda name: median(times[name]))
    ratios = [theirs / ours for theirs, ours in zip(times[best], times["mottle"], strict=True)]
    return {"factor": factor, "reference": best, "ratio": median(ratios),
            "range": [min(ratios), max(ratios)]}  # fmt: skip


def tell(result: dict[str, Any]) -> str:
    """One line for the terminal."""
    speeds = ", ".join(f"{name} {speed:.3g}" for name, speed in result["speeds"].items())
    must, beside = result["must"], ""
    if must:
        ratio = "none there" if must["ratio"] is None else f"{must['ratio']:.2f}"
        beside = f"{ratio} x {must['reference']} (must {must['factor']:g}); "
    return f"{result['name']}: {speeds} {result['unit']}/s; {beside}{result['accuracy']}"
