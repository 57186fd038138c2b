"""How near the main kernels come to what the processor can do."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from operations import operations
from references import bind, compile_c
from rows import echo, memristor, oscillator, vo2
from timing import Row

from mottle.reservoir.nodes.echo_state import kernel as echo_kernel
from mottle.reservoir.nodes.oscillator import kernel as oscillator_kernel
from mottle.reservoir.nodes.vo2 import kernel as vo2_kernel
from mottle.reservoir.nodes.wox import kernel as wox_kernel

NOTE = (
    "Limits: the sums, products and divisions of a node step are counted in the kernels' source "
    "(comparisons, selections, conversions and whole numbers are not); C does as many "
    "multiply-adds (one for a sum and a product) or divisions in registers, or reads or writes as "
    "many bytes. "
    "The ratio is the fraction of the slowest of them that is reached."
)
# a pass over a block of lanes, as the last lines of `hold` order them
PASSES = """
import json, sys
import numpy as np
from mottle.reservoir import OscillatorReservoir
from mottle.reservoir.nodes.oscillator import kernel
counts = {}
def counting(name, inner):
    def run(*arguments):
        counts[name] = counts.get(name, 0) + 1
        return inner(*arguments)
    return run
for name in ("switch", "finish", "may_switch", "may_repeat", "repeat", "hold"):
    setattr(kernel, name, counting(name, getattr(kernel, name)))
node = OscillatorReservoir(64, regime="oscillating", wiring="one_to_one", spread=0.02,
    observable="frequency", dt_device=2e-7, random_state=0)
node.fit_transform(np.random.default_rng(0).uniform(-1, 1, (60, 64)))
print(json.dumps({name: n / counts["hold"] for name, n in counts.items() if name != "hold"}))
"""


class Work(NamedTuple):
    """What one node step costs: arithmetic, and bytes of new output."""

    arithmetic: Counter[str]
    written: int = 0
    weights: int = 0  # bytes of all nodes' weights, which are read at each step
    single: bool = False
    beside: str = ""  # what takes time beside the arithmetic


def rows() -> Iterator[Row]:
    """WOx, VO2 in both precisions, oscillators, echo state networks."""
    for fan_in in (4, None):
        own = operations(wox_kernel.hold) + products(fan_in or memristor.N_INPUTS)
        beside = "loads of inputs one by one" if fan_in else "bounds, and new pages for the states"
        work = Work(own, written=8, beside=beside)
        yield limited(memristor.compared("wox_du2017", fan_in, 2000), work)
    k = vo2_kernel
    parts = (k.locate, k.conduct, k.locate, k.conduct, k.predict, k.correct)
    step = sum(map(operations, parts), Counter[str]())
    beside = "bounds, selections and exponents put together of bits"
    yield limited(vo2.compared(0.0, 0.0), Work(step, beside=beside))
    yield limited(vo2.single(0.0, 0.0), Work(step, single=True, beside=beside))
    work = Work(
        passes(), written=8, beside="selections, and passes over blocks for a few that switch"
    )
    yield limited(oscillator.compared(2e-7, 0.0, "frequency"), work)
    update = operations(echo_kernel.update)
    for density in (0.1, 1.0):
        n = echo.fitted(1000, density, 1).weights_.nnz // 1000
        each = 10 if density < 1 else 8  # a weight, and its column where they are sparse
        beside = "loads of states one by one" if density < 1 else "weights from the third cache"
        work = Work(update + products(n + 1), written=8, weights=1000 * n * each, beside=beside)
        yield limited(echo.one_stream(1000, density), work, unit=1000)
    work = Work(update + products(1003), written=8, beside="weights spread over lanes")
    yield limited(echo.batch(1000, 1.0, "float64"), work, unit=1000)


def products(n: int) -> Counter[str]:
    """Return the operations of a weighted sum, with gain and bias."""
    return Counter(products=n + 1, sums=n + 1)


def passes() -> Counter[str]:
    """Return the operations of an oscillator's step: passes over blocks, counted in Python."""
    found = subprocess.check_output(
        [sys.executable, "-c", PASSES], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, text=True
    )
    counts: Counter[str] = Counter()
    for name, n in json.loads(found).items():
        for kind, each in operations(getattr(oscillator_kernel, name)).items():
            counts[kind] += n * each
    return counts


def limited(row: Row, work: Work, unit: int = 1) -> Row:
    """Return a row of a kernel beside its limits; its work is in ``unit`` node steps."""
    steps, library = row.work * unit, compile_c("limits", "-fno-reciprocal-math", "-mno-recip")
    own, runs = row.runs["mottle"], {}
    suffix = "_single" if work.single else ""
    fused = (work.arithmetic["sums"] + work.arithmetic["products"]) / 2
    for name, each in (("multiply_adds", fused), ("divisions", work.arithmetic["divisions"])):
        if library and each:
            call = bind(getattr(library, name + suffix), round(steps * each))
            runs[name.replace("_", "-")] = call
    if library and work.written:
        n = round(steps * work.written / 8)
        runs["bytes written"] = bind(library.writes, n, shape=(n,))
    if library and work.weights:
        n = work.weights // 8
        runs["bytes read"] = bind(library.reads, aligned(np.ones(n + 8)), n, round(row.work))
    slowest = max(runs, key=lambda name: seconds(runs[name]), default="multiply-adds")
    counted = ", ".join(f"{n:.0f} {kind}" for kind, n in work.arithmetic.items() if n)
    return Row(
        f"limits: {row.name}", steps, "node steps", {"mottle": own} | runs, None,
        (1.0, (slowest,)), f"{counted} a node step; beside them {work.beside}", clock=row.clock,
        notes=[NOTE],
    )  # fmt: skip


def aligned(numbers: np.ndarray) -> np.ndarray:
    """Return the numbers from the first whole cache line."""
    return numbers[(-numbers.ctypes.data // 8) % 8 :]


def seconds(run: Callable[[], Any]) -> float:
    """Return the CPU time of a run."""
    run()
    begin = time.process_time()
    run()
    return time.process_time() - begin
