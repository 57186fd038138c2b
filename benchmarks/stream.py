"""Long streams in numbers: python benchmarks/stream.py [fit|length|sets|threads] [-p PYTHON].

Without a name all. Every run is a process of its own, with one thread but for "threads". Peers
(rclib, reservoirpy) run under the Python given by -p, by default this one; those that it lacks are
skipped. Tables go into docs/how-to/streaming.md,
between the marks of that name.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from statistics import median

from pages import DOCS, fill, record, stamp

PAGE = DOCS / "how-to/streaming.md"
ROUNDS, N_NODES, DELAY, N_TEST = 3, 500, 3, 2000
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREADS, "1")
COMMON = """
import json, resource, sys, time
import numpy as np

def peak():  # MiB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

def report(**numbers):
    print(json.dumps(numbers))
"""
FIT = (
    COMMON
    + f"""
n_nodes, delay, n_test = {N_NODES}, {DELAY}, {N_TEST}
drive = np.load(sys.argv[1], mmap_mode="r")
n = len(drive) - n_test
target = np.concatenate([drive[:1].repeat(delay), drive[:-delay, 0]]) if len(sys.argv) < 3 \
    else np.load(sys.argv[2], mmap_mode="r")
SETUP
work(2000)
before = peak()
begin = time.process_time()
work(n)
seconds = time.process_time() - begin
error = predict(drive[n:]) - target[n:]
nrmse = float(np.sqrt(np.mean(error[100:] ** 2)) / np.std(target[n + 100:]))
report(seconds=seconds, before=before, peak=peak(), nrmse=nrmse)
"""
)
SETUPS = {
    "mottle": """
from mottle.reservoir import EchoStateReservoir, RidgeReadout, fit_stream, predict_stream
reservoir = EchoStateReservoir(n_nodes, random_state=0).fit(drive[:2])
readout = RidgeReadout(ALPHAS)
def work(n):
    fit_stream(reservoir, readout, drive[:n], target[:n], washout=100)
def predict(drive):
    return predict_stream(reservoir, readout, drive)
""",
    "rclib": """
from rclib import readouts, reservoirs
from rclib.model import ESN
def work(n):
    global model
    model = ESN()
    model.add_reservoir(reservoirs.RandomSparse(n_nodes, 0.9, 0.1, leak_rate=0.3))
    model.set_readout(readouts.Ridge(1e-3, include_bias=True))
    model.fit(np.asarray(drive[:n]), np.asarray(target[:n, None]), washout_len=100)
def predict(drive):
    return model.predict(np.asarray(drive))[:, 0]
""",
    "reservoirpy": """
from reservoirpy.nodes import Reservoir, Ridge
def work(n):
    global model
    model = Reservoir(n_nodes, sr=0.9, lr=0.3, seed=0) >> Ridge(1e-3)
    model.fit(np.asarray(drive[:n]), np.asarray(target[:n, None]), warmup=100)
def predict(drive):
    return model.run(np.asarray(drive))[:, 0]
""",
}
MANY = "[10.0**k for k in range(-6, 4)]"
KINDS = {  # name: (setup, penalties)
    "mottle, one penalty": ("mottle", "1e-3"),
    'mottle, 10 penalties, "gcv"': ("mottle", f'{MANY}, cv="gcv"'),
    'mottle, 10 penalties, "loo" (runs twice)': ("mottle", MANY),
    "rclib": ("rclib", ""),
    "reservoirpy": ("reservoirpy", ""),
}
SET = (
    COMMON
    + """
from mottle.reservoir import MemristorReservoir, RidgeReadout
n = int(sys.argv[1])
X = np.random.default_rng(0).uniform(-1, 1, (n, 200, 16))
reservoir = MemristorReservoir(500, pool=("mean", "last"), random_state=0).fit(X[:2])
features = reservoir.transform(X)
report(peak=peak(), held=(X.nbytes + features.nbytes) / 2**20, states=n * 200 * 500 * 8 / 2**20)
"""
)

TWO = (
    COMMON
    + """
from statistics import median
import numba
from mottle.reservoir import (
    EchoStateReservoir, MemristorReservoir, OscillatorReservoir, RidgeReadout, VO2Reservoir,
    fit_stream,
)

X = np.random.default_rng(0).uniform(-1, 1, (64, 200, 8))
y = X[:, :, 0]
work = {}
for reservoir, n_nodes in ((EchoStateReservoir, 500), (MemristorReservoir, 500),
                           (OscillatorReservoir, 100), (VO2Reservoir, 20)):
    made = reservoir(n_nodes, random_state=0).fit(X[:2])
    work[f"{reservoir.__name__}({n_nodes}).transform"] = lambda made=made: made.transform(X)
echo = EchoStateReservoir(500, random_state=0).fit(X[:2])
work["fit_stream of EchoStateReservoir(500)"] = lambda: fit_stream(echo, RidgeReadout(1.0), X, y)
ratios = {}
for name, task in work.items():
    warm = time.perf_counter() + 1.0  # memory that no core has touched before is slow at first
    while time.perf_counter() < warm:
        task()
    ratios[name] = []
    for _ in range(7):
        seconds = []
        for n_threads in (1, 2):
            numba.set_num_threads(n_threads)
            begin = time.perf_counter()
            task()
            seconds.append(time.perf_counter() - begin)
        ratios[name].append(seconds[0] / seconds[1])
report(**{name: [median(r), min(r), max(r)] for name, r in ratios.items()})
"""
)


def run(python, code, *arguments, threads="1"):
    """Return what a process reports; None if what it needs is missing."""
    done = subprocess.run(
        [python, "-c", code, *map(str, arguments)],
        env=os.environ | ONE_THREAD | {"NUMBA_NUM_THREADS": threads},
        capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def one_fit(kind, n_steps, peers):
    """Fit one kind of model to a stream in a file."""
    import numpy as np

    setup, penalties = KINDS[kind]
    code = FIT.replace("SETUP", SETUPS[setup].replace("ALPHAS", penalties))
    with tempfile.TemporaryDirectory() as place:
        drive = np.random.default_rng(0).uniform(-1, 1, (n_steps + N_TEST, 1))
        np.save(f"{place}/drive.npy", drive)
        np.save(f"{place}/target.npy", np.roll(drive[:, 0], DELAY))
        python = sys.executable if setup == "mottle" else peers
        return run(python, code, f"{place}/drive.npy", f"{place}/target.npy")


def fit(peers):
    """100,000 steps of 500 nodes, from drive to weights, all kinds in turn."""
    rounds = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, results in rounds.items():
            result = one_fit(kind, 100_000, peers) if len(results) == _ else None
            if result:
                results.append(result)
    best = median(r["seconds"] for r in rounds["mottle, one penalty"])
    rows = [["", "CPU s", "range", "as against mottle", "peak MiB", "of it before", "NRMSE"]]
    for kind, results in rounds.items():
        if not results:
            rows.append([kind, "not installed", "", "", "", "", ""])
            continue
        seconds = [r["seconds"] for r in results]
        middle = median(seconds)
        rows.append([
            kind, f"{middle:.2f}", f"{min(seconds):.2f} to {max(seconds):.2f}",
            f"{middle / best:.2f}", f"{median(r['peak'] for r in results):.0f}",
            f"{median(r['before'] for r in results):.0f}",
            f"{results[0]['nrmse']:.2g}",
        ])  # fmt: skip
    return rows


def length(peers):
    """Time and memory against the length of the stream."""
    rows = [
        [
            "steps",
            "states would be, MiB",
            "drive and target, MiB",
            "CPU s",
            "peak MiB",
            "of it before",
        ]
    ]
    for n_steps in (10_000, 100_000, 1_000_000):
        result = one_fit("mottle, one penalty", n_steps, peers)
        states = n_steps * N_NODES * 8 / 2**20
        rows.append([
            f"{n_steps:,}", f"{states:.0f}", f"{2 * states / N_NODES:.1f}",
            f"{result['seconds']:.2f}", f"{result['peak']:.0f}", f"{result['before']:.0f}",
        ])  # fmt: skip
    return rows


def sets(_):
    """Memory of transform against the number of recordings."""
    rows = [
        ["recordings", "states would be, MiB", "input and features, MiB", "peak less these, MiB"]
    ]
    for n in (100, 1000, 10_000):
        result = run(sys.executable, SET, n)
        rest = result["peak"] - result["held"]
        rows.append([f"{n:,}", f"{result['states']:.0f}", f"{result['held']:.0f}", f"{rest:.0f}"])
    return rows


def threads(_):
    """Time on one thread as against two, over recordings."""
    rows = [["64 recordings of 200 steps", "one thread / two", "range of 7"]]
    for name, (middle, least, most) in run(sys.executable, TWO, threads="2").items():
        rows.append([name, f"{middle:.2f}", f"{least:.2f} to {most:.2f}"])
    return rows


def write(name, rows):
    """Put a table between its marks on the page."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    fill(PAGE, name, f"{table}\n\n{stamp('numpy', 'numba', 'scikit-learn')}")
    print(table)


def main():
    """Measure what was named and write it down."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    tasks = {"fit": fit, "length": length, "sets": sets, "threads": threads}
    parser.add_argument("what", nargs="*", choices=[*tasks, []])
    parser.add_argument("-p", "--peers", default=sys.executable, help="Python that has the peers")
    given = parser.parse_args()
    for name in given.what or tasks:
        write(name, tasks[name](given.peers))
    record("stream")


if __name__ == "__main__":
    main()
