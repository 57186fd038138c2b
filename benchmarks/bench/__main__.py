"""Time mottle, other libraries and plain C, and write docs/results/performance.md.

Each file in rows/ is one subject: its function ``rows()`` yields one ``timing.Row`` after another,
so that the memory of a row is freed before the next. Each subject runs in its own process, with one
thread in every pool; a row may set more threads for numba (and its clock to "wall").
Results are saved as docs/results/bench/MACHINE/SUBJECT.json; the page is written from all of these
files. With --avx2, a processor with AVX-512 does not use it.
"""

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]  # for page, timing, rows; for pages
PEERS = ("tonic", "reservoirpy", "rclib")
TORCH_PEERS = ("resdag",)  # only where torch is installed already, because of the size of torch
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")


def install() -> None:
    """Install the missing libraries; print which ones cannot be installed, and why."""
    for name in (*PEERS, *TORCH_PEERS):
        if find_spec(name) is not None:
            continue
        if name in TORCH_PEERS and find_spec("torch") is None:
            print(f"skipped: {name} needs torch, which is not installed", flush=True)
            continue
        command = [sys.executable, "-m", "pip", "install", "--quiet", name]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"skipped: {name} cannot be installed ({reason})", flush=True)


def run(subject: str) -> None:
    """Time one subject in this process."""
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))
    import numba
    from page import save
    from timing import measure

    numba.set_num_threads(1)
    save(subject, [measure(row) for row in import_module(f"rows.{subject}").rows()])


def without_avx512() -> dict[str, str]:
    """Return variables with which mottle, C and BLAS do not use AVX-512."""
    from llvmlite.binding import get_host_cpu_features, get_host_cpu_name

    features = [
        f"{'+' if has and not name.startswith('avx512') else '-'}{name}"
        for name, has in get_host_cpu_features().items()
    ]
    name = "znver3" if get_host_cpu_name().startswith("znver") else "haswell"
    return {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": ",".join(features),
            "OPENBLAS_CORETYPE": "Haswell"}  # fmt: skip


def main() -> None:
    """Run the named subjects, or all."""
    known = sorted(path.stem for path in (HERE / "rows").glob("[!_]*.py"))
    if sys.argv[1:2] == ["--one"]:
        run(sys.argv[2])
        return
    limits = without_avx512() if "--avx2" in sys.argv else {}
    subjects = [name for name in sys.argv[1:] if name != "--avx2"] or known
    for subject in subjects:
        if subject not in known:
            sys.exit(f"no subject named {subject!r}; the subjects are {', '.join(known)}.")
    install()
    failed = [
        subject
        for subject in subjects
        if subprocess.run(
            [sys.executable, str(HERE), "--one", subject], env=os.environ | limits
        ).returncode
    ]
    from page import page
    from pages import DOCS, record

    (DOCS / "results/performance.md").write_text(page(), encoding="utf-8")
    record("bench")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
