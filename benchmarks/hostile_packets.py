"""A million damaged and hostile lines into a live model: counted losses, nothing else.

    python benchmarks/hostile_packets.py [N]

Lines are valid ones of two senses with bytes changed, cut, doubled or swapped, JSON of the wrong
form, random bytes, and clocks that jump. Writes the sentence of docs/how-to/live.md.
"""

import json
import resource
import sys
import time
from collections import Counter

import numpy as np
from pages import DOCS, fill, record, stamp

from mottle.datasets import make_table
from mottle.events import EVENT_DTYPE
from mottle.pipelines import make_fusion_pipeline
from mottle.pipelines.live import serve
from mottle.reservoir import MemristorReservoir
from mottle.sensors import EventRate, TaxelDrive

PAGE = DOCS / "how-to/live.md"
VALUES = (
    None, True, False, 0, -1, 1e308, -1e308, 2**63, -(2**70), 0.5, "1", "", [], {}, [[]], [None],
    [[1, 2], [3]], [1, 2, 3, 4], [[1, 2, 3, 4]], [[10**12, 0, 0, 0]], [[5, 40000, 0, 0]],
    [[[1.0]]], {"t": 1}, "\x00", [1e-320] * 4, [1e300] * 4, list(range(5)),
)  # fmt: skip


def build(rng):
    """Return a fused model of touch and vision."""
    label = np.arange(24) % 2
    rows = [rng.normal(size=(20, 4)).cumsum(axis=0) + one for one in label]
    events = []
    for _ in label:
        cell = np.zeros(50, EVENT_DTYPE)
        cell["t"] = np.sort(rng.integers(0, 100_000, 50))
        cell["x"], cell["y"], cell["p"] = rng.integers(0, (8, 8, 2), (50, 3)).T
        events.append(cell)
    encoders = {
        "touch": TaxelDrive(None, baseline="training"),
        "vision": EventRate(10, sensor_size=(8, 8), duration=0.1, origin="zero"),
    }
    reservoir = MemristorReservoir(20, pool="mean", random_state=0)
    table = make_table(touch=rows, vision=events)
    return make_fusion_pipeline(encoders, reservoir).fit(table, label)


def draw_line(rng, k):
    """Return a line: valid, damaged, of the wrong form, or random."""
    kind = rng.integers(6)
    if kind == 0:
        return rng.bytes(int(rng.integers(1, 200)))
    if kind == 1:
        names = ("touch", "vision", "t", "until", "restart", "smell")
        some = rng.choice(len(names), int(rng.integers(1, 4)), replace=False)
        pick = {names[i]: VALUES[rng.integers(len(VALUES))] for i in some}
        return json.dumps(pick).encode()
    touch = {"touch": rng.normal(size=4).round(3).tolist(), "t": 0.001 * k}
    events = [[int(100 * k + j), *map(int, rng.integers(0, (8, 8, 2)))] for j in range(3)]
    line = json.dumps(touch if rng.integers(2) else {"vision": events}).encode()
    if kind == 2:
        return line
    data = bytearray(line)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(data)))
        match int(rng.integers(4)):
            case 0:
                data[place] = int(rng.integers(256))
            case 1:
                del data[place : place + int(rng.integers(1, 20))]
            case 2:
                data[place:place] = data[: int(rng.integers(1, 20))]
            case _:
                data[place : place + 1] = b"9" * int(rng.integers(1, 30))
        if not data:
            return b"{"
    return bytes(data)


def peak_mib():
    """Return the largest memory of this process so far in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    """Serve the lines, and write what became of them."""
    n = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
    rng = np.random.default_rng(14)
    said = Counter()
    work = serve.Work(
        build(rng), to="-", proba=False, window=None, silent=None, state=None,
        say=lambda text: said.update([text.partition(":")[0]]),
    )  # fmt: skip
    work.answers.write = lambda line: None
    begin, first, warm = time.process_time(), 0.0, n // 10
    for k in range(n):
        work.do(time.monotonic(), draw_line(rng, k))
        if k == warm:
            first = peak_mib()
    counts = work.counts
    text = (
        f"Of {n:,} lines, a sixth of them valid and the others damaged, of the wrong form or "
        f"random, {counts['malformed']:,} could not be read, {counts['refused']:,} were refused by "
        f"the model, and {counts['answers']:,} predictions were given; memory grew by "
        f"{peak_mib() - first:.0f} MiB over the last nine tenths, and nothing was raised "
        f"(`benchmarks/hostile_packets.py`). {stamp('mottle')}"
    )
    print(text, f"{time.process_time() - begin:.0f} s")
    if n >= 30_000:
        fill(PAGE, "hostile", text)
        record("hostile_packets")


if __name__ == "__main__":
    main()
