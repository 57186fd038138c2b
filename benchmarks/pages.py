"""Run the scripts that write pages, and what these scripts share.

    python benchmarks/pages.py [SCRIPT ...]

Without names all of them, one after the other, which takes most of a day; a script whose recordings
or peers are not there stops, and the others go on. When a script has written its page, day and
machine are kept in docs/results/runs.csv and shown in docs/results/index.md.
"""

import os
import platform
import re
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pandas as pd

DOCS = Path(__file__).parents[1] / "docs"
RUNS, INDEX = DOCS / "results/runs.csv", DOCS / "results/index.md"
# script: (its arguments when all is measured anew, the pages it writes, below docs/)
SCRIPTS = {
    "formats_and_faults": ([], ["reference/formats-and-faults"]),
    "parameters": ([], ["reference/parameters"]),
    "recipe_keys": ([], ["reference/recipes"]),
    "leaks": ([], ["how-to/own-data"]),
    "devices": ([], ["reference/devices"]),
    "fit_device": ([], ["how-to/own-device"]),
    "energy": ([], ["explanations/energy"]),
    "regimes": ([], ["explanations/regimes"]),
    "agreement": ([], ["how-to/quality"]),
    "measured": ([], ["how-to/measured-reservoir"]),
    "hostile_packets": ([], ["how-to/live"]),
    "forecast": ([], ["how-to/forecast"]),
    "reservoir_map": ([], ["results/map"]),
    "topologies": ([], ["how-to/topologies"]),
    "stochastic": ([], ["results/stochastic"]),
    "crossbar": ([], ["how-to/crossbar"]),
    "crossbar_readout": ([], ["how-to/crossbar-readout"]),
    "road": ([], ["how-to/road"]),
    "touch": ([], ["how-to/touch"]),
    "plasticity": ([], ["how-to/plasticity"]),
    "reservoirs": ([], ["results/reservoirs"]),
    "results": ([], ["results/recordings"]),
    "images": ([], ["results/scores"]),
    "scores": ([], ["results/scores"]),
    "vo2_rule": ([], ["results/scores"]),
    "jobs": ([], ["results/jobs"]),
    "choice": (
        ["demo-grasp", "biotac-slide", "ev-objects", "nmnist", "smellnet"], ["start/when-to-use"]
    ),
    "digits_devices": ([], ["results/device-pipeline"]),
    "tutorial": ([], ["how-to/tutorial"]),
    "notebooks": ([], ["notebooks/index"]),
    "store_rows": ([], ["how-to/prepare"]),
    "stream": ([], ["how-to/streaming"]),
    "live": ([], ["how-to/streaming"]),
    "online": ([], ["how-to/online"]),
    "export": ([], ["how-to/export"]),
    "start_up": ([], ["how-to/streaming"]),
    "readers": ([], ["results/files"]),
    "fuzz_readers": (["--seconds", "60"], ["results/files"]),
    "fuzz_models": ([], ["how-to/saved-models"]),
    "reliability": ([], ["results/reliability"]),
    "bench": ([], ["results/performance"]),
    "quotes": ([], []),  # sentences on other pages, checked by a test
}  # fmt: skip


def markdown(table: pd.DataFrame, digits: int = 3) -> str:
    """Return a table in Markdown, its numbers with so many digits, without its index."""

    def cell(value: object) -> str:
        if not isinstance(value, float):
            return str(value)
        return "-" if value != value else f"{value:.{digits}g}"

    text = table.map(cell)
    lines = [list(text.columns), ["---"] * text.shape[1], *text.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def fill(page: Path, mark: str, text: str) -> None:
    """Put a text between the marks of this name on a page."""
    old = page.read_text(encoding="utf-8")
    new, count = re.subn(
        rf"<!-- {mark} -->.*?<!-- end -->",
        lambda _: f"<!-- {mark} -->\n{text}\n<!-- end -->",
        old,
        flags=re.DOTALL,
    )
    if count != 1:
        raise ValueError(f"{page} has the mark {mark!r} {count} times, expected once.")
    page.write_text(new, encoding="utf-8")


def processor() -> str:
    """Return the name of this machine's processor."""
    try:
        known = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("model name", 1)[1]
        return known.split(":", 1)[1].split("\n", 1)[0].strip()
    except (OSError, IndexError):
        return platform.processor()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stamp(*packages: str) -> str:
    """Return day, machine and versions of some packages, as a line below a table."""
    parts = [f"{date.today()}, {processor()}, {cores()} cores", platform.python_version()]
    for package in packages:
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return "(" + ", ".join([parts[0], f"Python {parts[1]}", *parts[2:]]) + ")"


def record(script: str) -> None:
    """Keep that a script has now written its pages on this machine."""
    kept = pd.read_csv(RUNS, index_col=0, dtype=str) if RUNS.exists() else pd.DataFrame()
    machine = f"{processor()}, {cores()} cores"
    row = pd.DataFrame({"date": str(date.today()), "machine": machine}, [script])
    kept = pd.concat([kept.drop(script, errors="ignore"), row]).loc[
        lambda rows: rows.index.isin(SCRIPTS)
    ]
    kept.sort_index().to_csv(RUNS, index_label="script")
    lines = ["| page | script | measured | machine |", "|---|---|---|---|"]
    for name, (_, pages) in SCRIPTS.items():
        if name in kept.index:
            links = ", ".join(f"[{page}](../{page}.md)" for page in pages)
            lines.append(f"| {links} | `{name}` | {' | '.join(kept.loc[name])} |")
    fill(INDEX, "runs", "\n".join(lines))


def main() -> None:
    """Run the scripts named, or all."""
    unknown = set(sys.argv[1:]) - set(SCRIPTS)
    if unknown:
        sys.exit(f"no script {', '.join(sorted(unknown))}; there are {', '.join(SCRIPTS)}.")
    failed = []
    for name in sys.argv[1:] or SCRIPTS:
        path = Path(__file__).with_name(f"{name}.py")
        path = path if path.exists() else path.with_suffix("")
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, str(path), *SCRIPTS[name][0]]).returncode:
            failed.append(name)
    if failed:
        sys.exit(f"failed, their pages are as before: {', '.join(failed)}")


if __name__ == "__main__":
    main()
