"""Results on disk, one JSON file per subject; docs/results/performance.md is written from them."""

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pages import DOCS, cores, processor

RESULTS = DOCS / "results" / "bench"
PACKAGES = ("mottle", "numpy", "numba", "llvmlite", "scipy", "scikit-learn", "reservoirpy", "rclib",
            "tonic", "torch", "resdag")  # fmt: skip
PAGE = """# Performance

Written by `make bench`; the numbers are in `docs/results/bench/*.json`. `make bench ROWS=echo` runs
one subject and writes this page anew.

The implementations in a row are timed alternately, in several rounds, in one process after a
warm-up; the table gives medians. Each thread pool has one thread and times are CPU times, unless a
row states otherwise. A ratio is the speed of mottle divided by that of the reference (the fastest
installed one of those named), with the lowest and highest of the rounds. Whole calls are timed,
including their checks of the input. C is compiled by `gcc {flags}`
with the vector libm. Libraries that cannot be installed are skipped. A required ratio that is not
reached is **bold**; the notes below the table give the reason.
"""


def machine() -> dict[str, Any]:
    """Return processor, operating system and versions with which a subject was timed."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    gcc = subprocess.run(["gcc", "-dumpfullversion"], capture_output=True, text=True)
    return {"processor": processor(), "cores": cores(), "system": platform.platform(),
            "python": platform.python_version(), "gcc": gcc.stdout.strip(),
            "versions": versions}  # fmt: skip


def save(subject: str, rows: list[dict[str, Any]]) -> None:
    """Write the results of one subject."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "rows": rows}
    (RESULTS / f"{subject}.json").write_text(json.dumps(result, indent=1) + "\n")


def goal(ratio: dict[str, Any] | None, must: bool = False) -> tuple[str, str]:
    """Return required and measured ratio; bold if it ``must`` be reached and is not."""
    if ratio is None:
        return "", ""
    required = f"{ratio['factor']:g} × {ratio['reference']}"
    if ratio["ratio"] is None:
        return required, "reference not installed"
    low, high = ratio["range"]
    reached = f"{ratio['ratio']:.2f} ({low:.2f} to {high:.2f})"
    return required, f"**{reached}**" if must and ratio["ratio"] < ratio["factor"] else reached


def page() -> str:
    """Return the page, from the kept results of all subjects."""
    from references import FLAGS

    parts = [PAGE.format(flags=" ".join(FLAGS))]
    for path in sorted(RESULTS.glob("*.json")):
        results = json.loads(path.read_text())
        host = results["machine"]
        parts.append(f"\n## {path.stem}\n")
        parts.append("\n| work | mottle | required | measured | aim | measured | accuracy |")
        parts.append("\n|---|---|---|---|---|---|---|\n")
        for row in results["rows"]:
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
        for row in results["rows"]:
            speeds = ", ".join(f"{name} {speed:.3g}" for name, speed in row["speeds"].items())
            parts.append(f"- {row['name']} ({row['unit']}): {speeds}\n")
        parts += [
            f"\n{note}\n" for note in dict.fromkeys(n for r in results["rows"] for n in r["notes"])
        ]
        versions = ", ".join(f"{name} {number}" for name, number in host["versions"].items())
        parts.append(
            f"\n{host['processor']}, {host['cores']} cores, Python {host['python']}, gcc "
            f"{host['gcc']}; {versions}.\n"
        )
    return "".join(parts)
