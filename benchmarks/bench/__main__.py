"""Time mottle beside its peers and plain C, and write docs/performance.md: make bench [ROWS=echo].

Each file in rows/ is one subject: its function ``rows()`` yields one ``timing.Row`` after another,
so that what a row needs is gone before the next. It runs in a process of its own, one thread in
every pool; a row may set more for numba (and its clock to "wall").
Results are kept as docs/results/bench/SUBJECT.json; the page is written from all that are there.
"""

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
PEERS = ("tonic", "reservoirpy", "rclib")  # torch-based ones are taken only where they are there
ONE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def install() -> None:
    """Install the peers that are not there; say which ones do not install, and why."""
    for name in PEERS:
        if find_spec(name) is not None:
            continue
        command = [sys.executable, "-m", "pip", "install", "--quiet", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"skipped: {name} does not install ({reason})", flush=True)


def run(subject: str) -> None:
    """Time one subject in this process."""
    sys.path.insert(0, str(HERE))
    os.environ.update(dict.fromkeys(ONE, "1"))
    import numba
    from page import keep
    from timing import measure

    numba.set_num_threads(1)
    keep(subject, [measure(row) for row in import_module(f"rows.{subject}").rows()])


def main() -> None:
    """Run the subjects named, or all."""
    known = sorted(path.stem for path in (HERE / "rows").glob("[!_]*.py"))
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2])
        return
    subjects = sys.argv[1:] or known
    for subject in subjects:
        if subject not in known:
            sys.exit(f"no rows named {subject!r}; there are {', '.join(known)}.")
    install()
    failed = [
        subject
        for subject in subjects
        if subprocess.run([sys.executable, str(HERE), "--one", subject]).returncode
    ]
    sys.path.insert(0, str(HERE))
    from page import write

    write()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
