"""Load damaged and forged model files: python benchmarks/fuzz_models.py [N] [SECONDS].

The kept models of tests/models get N (by default 100,000) mutations: bytes of the file; and, with
hashes made to fit, bytes and headers of arrays, the manifest, and types, loaders and values of the
schema. Ends with an error if anything but a model or a ValueError came out, if code was run, if one
file took over five seconds or ended the process, or if memory went over a GiB. Writes its line into
docs/how-to/saved-models.md. SECONDS end it before.
"""

import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import warnings
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from model_mutations import mutate
from pages import DOCS, fill, record, stamp

from mottle.pipelines import load_model

MODELS = Path(__file__).parents[1] / "tests/models"
MOST_SECONDS, MOST_MEMORY = 5, 1 << 30  # for one file; of the process, in bytes
FORBIDDEN = (
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "subprocess.Popen", "socket.connect",
    "pickle.find_class", "os.remove", "os.rename", "shutil.rmtree",
)  # fmt: skip
FOLDER = "/dev/shm" if Path("/dev/shm").is_dir() else None
BATCHES = 50


def watch(event: str, args: Any) -> None:
    """End the process where a file makes something run, or unpickles."""
    if event in FORBIDDEN:
        print(f"{event} {args}", flush=True)
        os._exit(3)


def batch(found: SimpleQueue, n: int, seed: int) -> None:
    """Mutate, load, count."""
    rng, outcomes, slowest = np.random.default_rng(seed), {"read": 0, "refused": 0}, 0.0
    wholes = [file.read_bytes() for file in sorted(MODELS.rglob("*.mottle"))]
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(dir=FOLDER) as place:
        path = Path(place) / "fuzz.mottle"
        path.write_bytes(wholes[0])
        load_model(path)
        armed = [True]
        sys.addaudithook(lambda event, args: watch(event, args) if armed else None)
        for k in range(n):
            path.write_bytes(mutate(wholes[k % len(wholes)], rng))
            signal.alarm(60)  # ends the process where a library hangs
            begin = time.perf_counter()
            try:
                load_model(path)
            except ValueError:
                outcomes["refused"] += 1
            else:
                outcomes["read"] += 1
            took = time.perf_counter() - begin
            slowest = max(slowest, took)
            if took > MOST_SECONDS:
                raise SystemExit(f"seed {seed}: file {k} took {took:.1f} s")
        armed.clear()
    signal.alarm(0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if memory > MOST_MEMORY:
        raise SystemExit(f"seed {seed} took {memory >> 20} MiB")
    found.put((outcomes["read"], outcomes["refused"], slowest, memory >> 20))


def main() -> None:
    """Run batches in processes of their own, so that one that ends is noticed."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else float("inf")
    start = time.perf_counter()
    rows, context = [], multiprocessing.get_context("fork")
    found = context.SimpleQueue()
    for seed in range(BATCHES):
        process = context.Process(target=batch, args=(found, n // BATCHES, seed))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"seed {seed}: exit code {process.exitcode}")
        rows.append(found.get())
        print(seed, *rows[-1], flush=True)
        if time.perf_counter() - start > seconds:
            break
    read, refused, slowest, memory = zip(*rows, strict=True)
    text = (
        f"Of {sum(read) + sum(refused):,} mutated model files {sum(refused):,} were refused with "
        f"an error that names the file, and {sum(read):,} loaded, as only data was "
        f"changed. No code was run, nothing was unpickled; a file took {max(slowest):.1f} s at "
        f"most, a process {max(memory)} MiB. {stamp('skops', 'numpy', 'scikit-learn')}"
    )
    print(text)
    if n >= 100_000:
        fill(DOCS / "how-to/saved-models.md", "fuzz", text)
        record("fuzz_models")


if __name__ == "__main__":
    main()
