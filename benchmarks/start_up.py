"""Start-up, in numbers: python benchmarks/start_up.py.

CPU time of a process beside that of a bare one in the same round, medians; and of the first
``fit_transform`` of each reservoir, before and after its kernels are in the cache. The tables go
into docs/how-to/streaming.md, between the marks "start", "first" and "install": there the wall time
from an empty environment to the demo's scores.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from shutil import copytree, ignore_patterns
from statistics import median
from tempfile import TemporaryDirectory

from pages import record
from stream import write

ROUNDS = 9
ROOT = Path(__file__).parents[1]
MOTTLE = str(Path(sys.executable).parent / "mottle")
PAIRS = [  # command, bare one, seconds more that are allowed
    ("import mottle", "pass", 0.1),
    ("mottle --help", "import click", 0.2),
    ("import mottle.datasets", "import pandas", 0.2),
    ("from mottle.datasets import Recordings", "import pandas", 0.4),
    ("import mottle.reservoir", "import sklearn.base", 0.4),
    ("from mottle.reservoir import RidgeReadout", "import sklearn.base", 0.4),
    ("from mottle.reservoir import EchoStateReservoir", "import sklearn.base", 0.4),
]


def seconds(command):
    """CPU time of a process, user and system."""
    arguments = (
        [MOTTLE, "--help"] if command == "mottle --help" else [sys.executable, "-c", command]
    )
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command!r} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


FIRST = """
import resource
import numpy as np
from mottle.reservoir import *  # noqa: F403
made = {made}
before = resource.getrusage(resource.RUSAGE_SELF)
made.fit_transform(np.zeros((4, 8, 3)))
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
"""
RESERVOIRS = [
    "EchoStateReservoir(50)", "VO2Reservoir(50, regime='oscillating')",
    "VO2Reservoir(50, regime='oscillating', thermal_coupling=0.02, temperature_noise=100.0)",
    "OscillatorReservoir(50, regime='oscillating')",
    "OscillatorReservoir(20, regime='oscillating', r_coupling=1e5)", "MemristorReservoir(50)",
    "MemristorReservoir(50, device='tiox_zhong2021')", "MemristorReservoir(50, device='ag_pulse')",
    "SpikingReservoir(50, regime='firing')", "EventMemristorReservoir()",
]  # fmt: skip


def first_calls():
    """Seconds of CPU of the first call: in an empty cache, and in the next process."""
    rows = [["reservoir", "first call after install, s", "in later processes, s"]]
    for made in RESERVOIRS:
        with TemporaryDirectory() as cache:
            command = [sys.executable, "-W", "ignore", "-c", FIRST.format(made=made)]
            environment = os.environ | {"NUMBA_CACHE_DIR": cache}
            runs = [
                subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                for _ in range(2)
            ]
        rows.append([f"`{made}`", *(f"{float(run.stdout):.1f}" for run in runs)])
    return rows


def from_install():
    """Wall time from an empty environment to the answers of `mottle demo`, without any cache."""
    rows = [["", "s"]]
    with TemporaryDirectory() as place:
        place = Path(place)
        unwanted = ignore_patterns(".*", "build", "_build", "mottle-runs", "__pycache__")
        copytree(ROOT, place / "mottle", ignore=unwanted)
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "venv", place / "env"], check=True)
        rows.append(["an environment", f"{time.perf_counter() - begin:.0f}"])
        begin = time.perf_counter()
        binaries = Path(MOTTLE).relative_to(sys.prefix).parent
        pip = [place / "env" / binaries / "python", "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, place / "mottle"], check=True)
        rows.append(["`pip install`", f"{time.perf_counter() - begin:.0f}"])
        kept = ("NUMBA_CACHE_DIR", "PYTHONPATH", "XDG_CACHE_HOME")
        bare = {name: value for name, value in os.environ.items() if name not in kept}
        begin = time.perf_counter()
        demo = subprocess.Popen(
            [place / "env" / binaries / "mottle", "demo"], cwd=place, text=True, encoding="utf-8",
            env=bare | {"HOME": str(place)}, stdout=subprocess.PIPE,
        )  # fmt: skip
        demo.stdout.readline()  # the title of the first table
        rows.append(["`mottle demo`, first table", f"{time.perf_counter() - begin:.0f}"])
        demo.communicate()
        rows.append(["`mottle demo`, all", f"{time.perf_counter() - begin:.0f}"])
    if demo.returncode:
        raise RuntimeError(f"mottle demo ended with {demo.returncode}")
    return rows


def main():
    """Measure all in turn and write the tables."""
    commands = {command for pair in PAIRS for command in pair[:2]}
    times = {command: [] for command in commands}
    for _ in range(ROUNDS + 1):  # the first fills caches
        for command in sorted(commands):
            times[command].append(seconds(command))
    rows = [["", "CPU s", "beside", "CPU s", "more", "at most"]]
    for command, bare, allowed in PAIRS:
        own, other = (median(times[name][1:]) for name in (command, bare))
        cells = (f"{own:.2f}", f"`{bare}`", f"{other:.2f}", f"{own - other:.2f}", f"{allowed}")
        rows.append([f"`{command}`", *cells])
    write("start", rows)
    write("first", first_calls())
    write("install", from_install())
    record("start_up")


if __name__ == "__main__":
    main()
