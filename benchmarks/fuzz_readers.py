"""Feed damaged and valid files to the readers: python benchmarks/fuzz_readers.py [N] [SEED ...].

Each seed, at least one for every format and reader there is, gets N (by default 100,000) mutations.
Prints what came out, and ends with an error if anything but data or a ValueError did, if one file
took over five seconds or ended the process, or if memory went over a GiB.

Then 2000 valid files of each kind are read, with known content, from writers that are not ours
where there is one; the run ends with an error if one is not read as it was written. --valid N
reads N of them and damages none. --seconds S stops each seed and kind after S seconds, and prints
how many files it had by then. A run over all seeds, or all kinds, writes its table into
docs/results/files.md.
"""

import argparse
import multiprocessing
import resource
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import event_writers as events
from pages import DOCS, fill, markdown, record, stamp
from reader_seeds import SEEDS, missing
from valid_files import VALID, equal

N_VALID = 2000
MOST_SECONDS, MOST_MEMORY = 5, 1 << 30  # for one file; of the process, in bytes
FOLDER = "/dev/shm" if Path("/dev/shm").is_dir() else None


def damage(found: SimpleQueue, name: str, n: int, seconds: float) -> None:
    """Mutate one seed, read, count."""
    seed = SEEDS[name]
    rng, outcomes, slowest = np.random.default_rng(0), {"read": 0, "refused": 0}, 0.0
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        path = Path(place) / f"whole{seed.suffix}"
        seed.write(path)
        seed.read(path, on_bad="raise")  # the seed itself is valid
        whole = path.read_bytes()
        path = Path(place) / f"fuzz{seed.suffix}"
        for k in range(n):
            path.write_bytes(events.mutate(whole, rng))
            signal.alarm(60)  # ends the process where a library hangs
            begin = time.perf_counter()
            try:
                seed.read(path, on_bad=("raise", "drop", "repair")[k % 3])
            except ValueError:
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
            took = time.perf_counter() - begin
            slowest = max(slowest, took)
            if took > MOST_SECONDS:
                raise SystemExit(f"{name}: file {k} took {took:.1f} s")
            if time.perf_counter() - start > seconds:
                break
    signal.alarm(0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if memory > MOST_MEMORY:
        raise SystemExit(f"{name} took {memory >> 20} MiB")
    found.put((name, sum(outcomes.values()), outcomes["read"], outcomes["refused"],
               f"{slowest:.2f}", memory >> 20))  # fmt: skip


def valid(found: SimpleQueue, name: str, n: int, seconds: float) -> None:
    """Write valid files of one kind, read, compare."""
    rng, start = np.random.default_rng(0), time.perf_counter()
    k = 0
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        for k in range(1, n + 1):
            folder = Path(place) / str(k // 100)  # some kinds leave their files behind
            folder.mkdir(exist_ok=True)
            if not equal(*VALID[name](rng, folder)):
                raise SystemExit(f"{name}: file {k} was not read as it was written")
            if time.perf_counter() - start > seconds:
                break
    found.put((name, k))


TASKS = {damage: SEEDS, valid: VALID}
HEADS = {
    damage: ["seed", "files", "read", "refused", "slowest (s)", "peak of memory (MiB)"],
    valid: ["kind", "valid files, all read as written"],
}


def campaign(task: Callable[..., None], n: int, names: Sequence[str], seconds: float) -> None:
    """Run each seed or kind in a process of its own, so that one that ends is noticed."""
    rows, failed, context = [], [], multiprocessing.get_context("fork")
    found = context.SimpleQueue()
    for name in names or TASKS[task]:
        process = context.Process(target=task, args=(found, name, n, seconds))
        process.start()
        process.join()
        if process.exitcode:
            failed.append(name)
            print(f"{name}: FAILED (exit code {process.exitcode})", flush=True)
        else:
            rows.append(found.get())
            print(*rows[-1], flush=True)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")
    if not names:
        table = markdown(pd.DataFrame(rows, columns=HEADS[task]))
        most = f"At most {seconds:g} s each. " if np.isfinite(seconds) else ""
        text = f"{table}\n\n{most}{stamp('numpy', 'h5py')}"
        fill(DOCS / "results/files.md", task.__name__, text)
        record("fuzz_readers")


def main() -> None:
    """Damage files, read valid ones, or both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", nargs="?", type=int, default=100_000)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--valid", nargs="?", type=int, const=N_VALID)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    args = parser.parse_args()
    if left := missing():
        raise SystemExit(f"no seed for {', '.join(sorted(left))}: add one to tests/reader_seeds.py")
    if args.valid is None:
        campaign(damage, args.n, args.names, args.seconds)
    if args.valid is not None or not args.names:
        campaign(valid, args.valid or N_VALID, args.names, args.seconds)


if __name__ == "__main__":
    main()
