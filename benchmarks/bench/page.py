"""Results on disk, a JSON file per machine and subject, and docs/results/performance.md of them."""

import json
import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pages import DOCS, cores, processor

RESULTS = DOCS / "results" / "bench"
PACKAGES = ("mottle", "numpy", "numba", "llvmlite", "scipy", "scikit-learn", "reservoirpy", "rclib",
            "tonic", "torch", "resdag")  # fmt: skip
PAGE = """# Performance

Written by `make bench`; the numbers are in `docs/results/bench/MACHINE/*.json`. `make bench
ROWS=echo` runs one subject and writes this page anew; results of other machines stay. `make bench
ROWS="--avx2 echo"` leaves AVX-512 unused, in mottle, in C and in BLAS, and fills another column.

The implementations in a row are timed alternately, in several rounds, in one process after a
warm-up; the table gives medians. Each thread pool has one thread and times are CPU times, unless a
row states otherwise. A ratio is the speed of mottle divided by that of the reference (the fastest
installed one of those named), with the lowest and highest of the rounds; in front of it stands the
ratio that is required, behind it the one aimed at, which differ between processors. Whole calls are
timed, including their checks of the input. C is compiled by `gcc {flags}`
with the vector libm. Libraries that cannot be installed are skipped. A required ratio that is not
reached is **bold**; the notes below the table give the reason. Shapes of vectors are chosen by the
processor; those for ARM (NEON) were not run.
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
    return {"processor": processor(), "vectors": vectors(), "cores": cores(),
            "system": platform.platform(), "python": platform.python_version(),
            "gcc": gcc.stdout.strip(), "versions": versions}  # fmt: skip


def vectors() -> str:
    """Return the vector instructions for which kernels are compiled."""
    from mottle.reservoir.compiled.lanes import REGISTERS

    name = {64: "AVX-512", 32: "AVX2"}.get(REGISTERS.size, "128 bit")
    return f"limited to {name}" if os.environ.get("NUMBA_CPU_FEATURES") else name


def save(subject: str, rows: list[dict[str, Any]]) -> None:
    """Write the results of one subject on this machine."""
    host = machine()
    name = f"{host['processor']} {host['vectors']}".lower()
    folder = RESULTS / re.sub(r"[^a-z0-9]+", "-", name).strip("-")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{subject}.json").write_text(
        json.dumps({"machine": host, "rows": rows}, indent=1) + "\n"
    )


def compared(ratio: dict[str, Any], must: bool) -> str:
    """Return a ratio beside the one that is required or aimed at; bold if it must be reached."""
    wanted = f"{ratio['factor']:g} × {ratio['reference']}"
    if ratio["ratio"] is None:
        return f"{wanted}: not installed"
    low, high = ratio["range"]
    reached = f"{ratio['ratio']:.2f}"
    if must and ratio["ratio"] < ratio["factor"]:
        reached = f"**{reached}**"
    return f"{wanted}: {reached} ({low:.2f} to {high:.2f})"


def cell(row: dict[str, Any] | None) -> str:
    """Return the speed of a row and what it is compared with."""
    if row is None:
        return ""
    parts = [f"{row['speeds']['mottle']:.3g} {row['unit']}/s"]
    must, aim = row["must"], row["aim"]
    if must is not None:
        parts.append(compared(must, True))
    if aim is not None and must is not None and aim["reference"] == must["reference"]:
        parts.append(f"aim {aim['factor']:g}")
    elif aim is not None:
        parts.append(f"aim {compared(aim, False)}")
    return "; ".join(parts)


def page() -> str:
    """Return the page, from the kept results of all subjects and machines."""
    from references import FLAGS

    parts = [PAGE.format(flags=" ".join(FLAGS))]
    files = sorted(RESULTS.glob("*/*.json"))
    for subject in sorted({path.stem for path in files}):
        results = [json.loads(path.read_text()) for path in files if path.stem == subject]
        hosts = [result["machine"] for result in results]
        labels = [f"{host['processor']}, {host['vectors']}" for host in hosts]
        by_name = [{row["name"]: row for row in result["rows"]} for result in results]
        names = list(dict.fromkeys(name for rows in by_name for name in rows))
        parts.append(f"\n## {subject}\n\n| work | {' | '.join(labels)} | accuracy |\n")
        parts.append("|---" * (len(labels) + 2) + "|\n")
        for name in names:
            rows = [known.get(name) for known in by_name]
            accuracy = next(row["accuracy"] for row in rows if row)
            parts.append(f"| {' | '.join([name, *map(cell, rows), accuracy])} |\n")
        for label, host, result in zip(labels, hosts, results, strict=True):
            parts.append(f"\nAll speeds, per second, {label}:\n\n")
            for row in result["rows"]:
                speeds = ", ".join(f"{name} {speed:.3g}" for name, speed in row["speeds"].items())
                parts.append(f"- {row['name']} ({row['unit']}): {speeds}\n")
            notes = dict.fromkeys(note for row in result["rows"] for note in row["notes"])
            parts += [f"\n{note}\n" for note in notes]
            versions = ", ".join(f"{name} {number}" for name, number in host["versions"].items())
            parts.append(
                f"\n{label}, {host['cores']} cores, Python {host['python']}, gcc "
                f"{host['gcc']}; {versions}.\n"
            )
    return "".join(parts)
