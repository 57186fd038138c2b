"""Time the rows of the benchmark in two checkouts in turn, so that a change can be told from noise.

    python benchmarks/compare.py OLD NEW [--rows echo,vo2] [--rounds 9]

OLD and NEW are checkouts, each with its ``.venv``. For every row, one process of each checkout is
timed by turns; a ratio is old time over new, of medians. Peers are not timed.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import geometric_mean, median

ONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
WORKER = """
import os, sys, time, json
sys.path.insert(0, sys.argv[1])
import numba
numba.set_num_threads(1)
import references, timing
references.compile_c = lambda *a, **k: None
references.peer = lambda *a, **k: None
from importlib import import_module
say = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
module = import_module("rows." + sys.argv[2])
for row in module.rows():
    run, clock = row.runs["mottle"], timing.CLOCKS[row.clock]
    run()
    begin = clock(); run(); took = clock() - begin
    n = max(1, int(timing.SHORTEST / max(took, 1e-6)))
    say.write(json.dumps(row.name) + "\\n")
    for line in sys.stdin:
        if line.strip() == "next":
            break
        begin = clock()
        for _ in range(n):
            run()
        say.write(json.dumps((clock() - begin) / n) + "\\n")
say.write("null\\n")
"""


class Worker:
    """A process that times the rows of one subject in one checkout."""

    def __init__(self, checkout: Path, subject: str):
        python = checkout.resolve() / ".venv/bin/python"
        bench = checkout.resolve() / "benchmarks/bench"
        self.process = subprocess.Popen(
            [str(python), "-c", WORKER, str(bench), subject], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1, cwd=bench,
            env=os.environ | dict.fromkeys(ONE, "1"),
        )  # fmt: skip

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended early")
        return json.loads(line)

    def ask(self, word: str) -> None:
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()

    def time(self) -> float:
        self.ask("time")
        return self.read()


def compare(old: Path, new: Path, subject: str, rounds: int) -> dict[str, tuple[float, ...]]:
    """Return, for each row of a subject, the median ratio and the lowest and highest of rounds."""
    workers, found = [Worker(old, subject), Worker(new, subject)], {}
    while True:
        names = [worker.read() for worker in workers]
        if None in names:
            break
        times = [[], []]
        for k in range(rounds):
            for which in (0, 1) if k % 2 == 0 else (1, 0):
                times[which].append(workers[which].time())
        ratio = median(times[0]) / median(times[1])
        each = [a / b for a, b in zip(*times, strict=True)]
        found[names[1]] = (ratio, min(each), max(each))
        print(f"{ratio:.3f}  ({min(each):.2f} to {max(each):.2f})  {names[1]}", flush=True)
        for worker in workers:
            worker.ask("next")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--rows", default="")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    subjects = sorted(
        file.stem
        for file in (given.old / "benchmarks/bench/rows").glob("[!_]*.py")
        if file.stem != "cost"  # of starting processes
    )
    found = {}
    for subject in given.rows.split(",") if given.rows else subjects:
        print(f"-- {subject}", flush=True)
        try:
            found |= compare(given.old, given.new, subject, given.rounds)
        except RuntimeError as error:
            print(f"   {error}", file=sys.stderr)
    ratios = [ratio for ratio, *_ in found.values()]
    print(
        f"geometric mean {geometric_mean(ratios):.3f}, lowest {min(ratios):.3f}, {len(ratios)} rows"
    )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
