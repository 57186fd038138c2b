"""Scaling of the run time with the work, and the time of the first call."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import numpy as np
from timing import Row

from mottle.reservoir import MemristorReservoir, OscillatorReservoir, VO2Reservoir
from mottle.reservoir.nodes.front import Reservoir

NODES = (64, 256, 1024, 4096, 16_384)
STEPS = (1_000, 10_000, 100_000, 1_000_000)
RECORDINGS = (1, 10, 100, 1_000, 10_000)
KINDS = {
    "VO2": lambda n, **more: VO2Reservoir(
        n, regime="oscillating", dt_device=1e-7, random_state=0, **more
    ),
    "VO2 coupled": lambda n: VO2Reservoir(
        n, regime="oscillating", dt_device=1e-7, thermal_coupling=0.02, random_state=0
    ),
    "oscillators": lambda n: OscillatorReservoir(n, regime="oscillating", random_state=0),
    "WOx": lambda n: MemristorReservoir(n, pool="mean", random_state=0),
}
FIRST = """
import sys, time, numpy as np
from mottle.reservoir import MemristorReservoir, OscillatorReservoir, VO2Reservoir
begin = time.perf_counter()
eval(sys.argv[1]).fit_transform(np.zeros((3, 4)))
print(time.perf_counter() - begin)
"""
CALLS = (
    "VO2Reservoir()", "VO2Reservoir(thermal_coupling=0.02, temperature_noise=100.0)",
    "OscillatorReservoir()",
    "OscillatorReservoir(r_coupling=1e5)", "MemristorReservoir()",
    "MemristorReservoir(device='tiox_zhong2021')", "MemristorReservoir(device='ag_pulse')",
)  # fmt: skip


def rows() -> Iterator[Row]:
    """Yield one row per reservoir, at its largest number of nodes."""
    first = first_calls()
    for kind in KINDS:
        node, X = prepared(kind, NODES[-1], 1, 100)
        yield Row(
            f"{kind}, {NODES[-1]:,} nodes, 100 steps of the drive", 100 * NODES[-1],
            "node steps of the drive", {"mottle": lambda node=node, X=X: node.transform(X)}, None,
            accuracy=exponents(kind), notes=[first],
        )  # fmt: skip


def prepared(
    kind: str, n_nodes: int, n_recordings: int, n_steps: int
) -> tuple[Reservoir, np.ndarray]:
    """Return a fitted reservoir and a random drive."""
    X = np.random.default_rng(0).uniform(-1, 1, (n_recordings, n_steps, 4))
    return KINDS[kind](n_nodes).fit(X[:1]), X


def exponents(kind: str) -> str:
    """Return the slopes of log time against log work for nodes, steps and recordings."""
    found = []
    n_micro = 10 if kind.startswith("VO2") else 1
    sweeps = {
        "nodes": (NODES, lambda n: prepared(kind, n, 1, 100)),
        "steps": (STEPS, lambda n: prepared(kind, 64, 1, n // n_micro)),
        "recordings": (RECORDINGS, lambda n: prepared(kind, 64, n, 10)),
    }
    for name, (sizes, make) in sweeps.items():
        times = [fastest(*make(size)) for size in sizes]
        slope = np.polyfit(np.log(sizes), np.log(times), 1)[0]
        last = np.log(times[-1] / times[-2]) / np.log(sizes[-1] / sizes[-2])
        found.append(f"{name} {slope:.2f} (last {last:.2f})")
    return "exponents: " + ", ".join(found)


def fastest(node: Reservoir, X: np.ndarray) -> float:
    """Return the CPU time in s of the fastest of three runs."""
    node.transform(X[:1, :2])
    times = []
    for _ in range(3):
        begin = time.process_time()
        node.transform(X)
        times.append(time.process_time() - begin)
    return min(times)


def first_calls() -> str:
    """Return the time of the first call, without compiled code and in later processes."""
    times = []
    for call in CALLS:
        with tempfile.TemporaryDirectory() as cache:
            command, variables = [sys.executable, "-c", FIRST, call], {"NUMBA_CACHE_DIR": cache}
            cold, warm = (
                float(subprocess.check_output(command, env=os.environ | variables))
                for _ in range(2)
            )
        times.append(f"{call} {cold:.1f} s, then {warm:.1f} s")
    return (
        "First call after an installation (with compilation), then first call in later processes: "
        + "; ".join(times)
        + "."
    )
