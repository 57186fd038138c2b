"""Results on disk: one JSON file a subject, and docs/performance.md written from all of them."""

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
KEPT = DOCS / "results" / "bench"
PACKAGES = ("mottle", "numpy", "numba", "llvmlite", "scipy", "scikit-learn", "reservoirpy", "rclib",
            "tonic", "torch", "resdag")  # fmt: skip
PAGE = """# Performance

Written by `make bench`; the numbers are in `docs/results/bench/*.json`. `make bench ROWS=echo` runs
one subject and writes this page anew.

Every run of a row is timed in turn, round by round, in one process, after a warm-up; shown are
medians. One thread in every pool and CPU time, unless a row says otherwise. A ratio says how many
times faster mottle is than the reference (the fastest of those named that is installed), with the
lowest and highest of the rounds. Whole calls are timed, with their checks. C is compiled by
`gcc {flags}` with the vector libm. Peers that do not install are skipped. What must be reached and
is not is **bold**; the notes under a table say why.
"""


def machine() -> dict[str, Any]:
    """Where and with what a subject was timed."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    try:
        told = Path("/proc/cpuinfo").read_text().split("model name", 1)[1]
        processor = told.split(":", 1)[1].split("\n", 1)[0].strip()
    except (OSError, IndexError):
        processor = platform.processor()
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True)
    return {"processor": processor, "cores": len_cores(), "system": platform.platform(),
            "python": platform.python_version(), "gcc": gcc.stdout.strip(),
            "versions": versions}  # fmt: skip


def len_cores() -> int:
    """Cores this process may use."""
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep(subject: str, rows: list[dict[str, Any]]) -> None:
    """Write one subject's results."""
    KEPT.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "rows": rows}
    (KEPT / f"{subject}.json").write_text(json.dumps(result, indent=1) + "\n")


def goal(told: dict[str, Any] | None, must: bool = False) -> tuple[str, str]:
    """What was wanted, and what was reached: bold if it ``must`` have been and was not."""
    if told is None:
        return "", ""
    wanted = f"{told['factor']:g} × {told['reference']}"
    if told["ratio"] is None:
        return wanted, "reference not there"
    low, high = told["range"]
    reached = f"{told['ratio']:.2f} ({low:.2f} to {high:.2f})"
    return wanted, f"**{reached}**" if must and told["ratio"] < told["factor"] else reached


def write() -> None:
    """Write the page from all subjects that are there."""
    from references import FLAGS

    parts = [PAGE.format(flags=" ".join(FLAGS))]
    for path in sorted(KEPT.glob("*.json")):
        told = json.loads(path.read_text())
        where = told["machine"]
        parts.append(f"\n## {path.stem}\n")
        parts.append("\n| work | mottle | must reach | measured | aim | measured | accuracy |")
        parts.append("\n|---|---|---|---|---|---|---|\n")
        for row in told["rows"]:
            speed = f"{row['speeds']['mottle']:.3g} {row['unit']}/s"
            cells = [
                row["name"],
                speed,
                *goal(row["must"], True),
                *goal(row["aim"]),
                row["accuracy"],
            ]
            parts.append("| " + " | ".join(cells) + " |\n")
        parts.append("\nAll speeds, per second:\n\n")
        for row in told["rows"]:
            speeds = ", ".join(f"{name} {speed:.3g}" for name, speed in row["speeds"].items())
            parts.append(f"- {row['name']} ({row['unit']}): {speeds}\n")
        parts += [
            f"\n{note}\n" for note in dict.fromkeys(n for r in told["rows"] for n in r["notes"])
        ]
        versions = ", ".join(f"{name} {number}" for name, number in where["versions"].items())
        parts.append(
            f"\n{where['processor']}, {where['cores']} cores, Python {where['python']}, gcc "
            f"{where['gcc']}; {versions}.\n"
        )
    (DOCS / "performance.md").write_text("".join(parts))
