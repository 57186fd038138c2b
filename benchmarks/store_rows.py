"""Rows of prepared stores, and additions to them: python benchmarks/store_rows.py [NAME].

Rows: CPU time a recording for reading whole arrays with zarr (bulk), all rows in order, all rows in
random order, and single rows of a store that is open. Additions: one recording to 1,500 of events,
and fifteen to 1,500 small ones. Writes docs/results/store-rows.csv and the table of
docs/how-to/prepare.md; lines of another NAME, such as "before", are kept. Recordings come from
seeds and have the size of N-MNIST's.
"""

import csv
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import zarr
from pages import DOCS, fill, record

from mottle.datasets import list_files, open_prepared, prepare
from mottle.sensors import EVENT_DTYPE, EventRate

OUT, PAGE = DOCS / "results" / "store-rows.csv", DOCS / "how-to/prepare.md"
N = 1500
TARGETS = {"in order": 1.2, "random": 2, "2 threads": 2}


def write_events(folder, n, begin=0):
    """Write recordings of about 5,000 events on 34 x 34 pixels in 0.3 s."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(begin, begin + n):
        rng = np.random.default_rng(row)
        events = np.empty(int(rng.integers(3000, 7000)), dtype=EVENT_DTYPE)
        events["t"] = np.sort(rng.integers(0, 300_000, len(events)))
        events["x"], events["y"] = np.clip(rng.normal(17, 6, (2, len(events))), 0, 33)
        events["p"] = rng.integers(0, 2, len(events))
        np.save(folder / f"{row:05d}.npy", events)


def write_small(folder, n, begin=0):
    """Write recordings of 60 x 4 values."""
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(begin, begin + n):
        values = np.random.default_rng(row).normal(size=(60, 4)).cumsum(axis=0)
        np.save(folder / f"{row:05d}.npy", values)


def cpu(work):
    """Return what a call returns, and the CPU time it took in seconds, all threads together."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def bulk(path):
    """Read all arrays of a store whole."""
    group = zarr.open_group(path, mode="r", use_consolidated=False)
    return [array[:] for _, sense in group.groups() for _, array in sense.arrays()]


def rows_of(path, rows):
    """Read rows in one call; run by threads and processes."""
    return len(open_prepared(path, rows=rows).table)


def measure_rows(path, n_single):
    """Return CPU milliseconds a recording, by way of reading."""
    bulk(path)
    random = np.random.default_rng(0).permutation(N)
    found = {"bulk": min(cpu(lambda: bulk(path))[1] for _ in range(3)) / N}
    found["in order"] = min(cpu(lambda: rows_of(path, None))[1] for _ in range(3)) / N
    found["random"] = min(cpu(lambda: rows_of(path, random))[1] for _ in range(3)) / N
    single = random[:n_single]
    found["one call a row"] = (
        cpu(lambda: [rows_of(path, [int(row)]) for row in single])[1] / n_single
    )
    halves = np.array_split(random, 2)
    with ThreadPoolExecutor(2) as pool:
        found["2 threads"] = cpu(lambda: list(pool.map(rows_of, [path] * 2, halves)))[1] / N
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(abs, range(8)))
        begin = time.perf_counter()
        list(pool.map(rows_of, [path] * 2, halves))
        found["2 processes, wall"] = (time.perf_counter() - begin) / N
    return {name: seconds * 1e3 for name, seconds in found.items()}


def main() -> None:
    """Measure, print, and write the table."""
    name = sys.argv[1] if len(sys.argv) > 1 else "now"
    lines = []

    def note(what, how, value, unit):
        lines.append([name, what, how, f"{value:.4g}", unit])
        print(*lines[-1], flush=True)

    n_single = 20 if name == "before" else 200
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        write_events(place / "events", N)
        write_small(place / "small", N)
        drives = {"sight": EventRate(12, sensor_size=(34, 34), duration=0.31, on_drop="ignore")}
        sets = {
            "events": ("events", "sight", None, write_events, 1),
            "drives": ("events", "sight", drives, write_events, 1),
            "small": ("small", "stream", None, write_small, 15),
        }
        for what, (folder, sense, encoders, _, _) in sets.items():
            path = place / f"{what}.zarr"
            options = {"encoders": encoders, "fit_on": "all" if encoders else None}
            _, seconds = cpu(
                lambda f=folder, s=sense, p=path, o=options: prepare(
                    list_files([place / f], sense=s), p, **o
                )
            )
            note(what, "prepare 1500", seconds, "CPU s")
            found = measure_rows(path, n_single)
            for how, ms in found.items():
                note(what, how, ms, "ms a recording")
            for how, target in TARGETS.items():
                ratio = found[how] / found["bulk"]
                note(what, f"{how} / bulk", ratio, f"ratio, target at most {target}")
        for what in ("events", "small"):
            folder, sense, _, write, more = sets[what]
            write(place / folder, more, N)
            _, seconds = cpu(
                lambda f=folder, s=sense, w=what: prepare(
                    list_files([place / f], sense=s), place / f"{w}.zarr"
                )
            )
            note(what, f"add {more} to 1500", seconds, "CPU s")
    kept = []
    if OUT.exists():
        with OUT.open(newline="") as file:
            kept = [line for line in list(csv.reader(file))[1:] if line[0] != name]
    with OUT.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [["when", "store", "what", "value", "unit"], *kept, *lines]
        )
    write_page([*kept, *lines])


def write_page(lines):
    """Write the table into the page: a line for each measurement, a column for each run."""
    runs = list(dict.fromkeys(line[0] for line in lines))
    cells = {}
    for run, store, what, value, unit in lines:
        cells.setdefault((store, what, unit), {})[run] = value
    rows = [["store", "what", "unit", *runs], ["---"] * (3 + len(runs))]
    rows += [[*key, *(values.get(run, "") for run in runs)] for key, values in cells.items()]
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    fill(PAGE, "rows", table)
    record("store_rows")


if __name__ == "__main__":
    main()
