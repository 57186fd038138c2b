"""Start-up, in numbers: python benchmarks/start_up.py.

CPU time of a process beside that of a bare one in the same round, medians. The table goes into
docs/streaming.md, between the marks "start".
"""

import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from stream import write

ROUNDS = 9
MOTTLE = str(Path(sys.executable).parent / "mottle")
PAIRS = [  # command, bare one, seconds more that are allowed
    ("import mottle", "pass", 0.1),
    ("mottle --help", "import click", 0.2),
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


def main():
    """Measure all in turn and write the table."""
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


if __name__ == "__main__":
    main()
