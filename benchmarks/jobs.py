"""Whole jobs beside what users would take instead, and docs/results/jobs.md.

    MOTTLE_DATA=folder python benchmarks/jobs.py [--sets road,vowels] [--environment FOLDER]

Fit and predict on one thread, from recordings in memory to classes, with the same recordings and
parts of the split: `SensorClassifier`, MiniRocket and ridge (aeon), and an echo state network of
reservoirpy before ridge of scikit-learn; events become frames by tonic, sounds mel cepstra by
librosa. The peers are installed into an environment of their own (2 GB), which --environment keeps.

One row of docs/results/jobs.csv for each set, part, model and seed; a job that is there is not
measured again. ``--page`` writes the page from the kept rows.
"""

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, NamedTuple
from warnings import catch_warnings, simplefilter

import numpy as np
import pandas as pd
from pages import DOCS, cores, markdown, processor, record
from scores import SETS as SCORED
from scores import warm_up
from sklearn.base import clone

from mottle.datasets import Recordings
from mottle.events import read_stream
from mottle.pipelines import SensorClassifier
from mottle.reservoir import LiveRun

PAGE, KEPT = DOCS / "results/jobs.md", DOCS / "results/jobs.csv"
PEERS_SCRIPT = Path(__file__).with_name("jobs_peers.py")
ENVIRONMENT = Path("build/jobs-peers")
PEERS = ("aeon", "reservoirpy", "scikit-learn", "tonic", "librosa")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
N_SINGLE, N_TICKS = 30, 20  # as in jobs_peers.py


class Job(NamedTuple):
    """A set of `scores`: how peers encode it, and how many seeds."""

    kind: str
    seeds: int


JOBS = {
    "road": Job("rows", 3), "vowels": Job("rows", 3), "digits": Job("events", 1),
    "fsdd": Job("sound", 1), "smell": Job("rows", 3),
}  # fmt: skip
OWN: dict[str, Any] = {"memristors": SensorClassifier(), "echo": SensorClassifier("echo")}
MODELS = {
    "memristors": "mottle, memristors", "echo": "mottle, echo state", "minirocket": "MiniRocket",
    "reservoirpy": "reservoirpy",
}  # fmt: skip


def is_kept(name: str, model: str, seed: int) -> bool:
    """Return whether a job was measured."""
    if not KEPT.exists():
        return False
    rows = pd.read_csv(KEPT)
    return bool(((rows["set"] == name) & (rows["model"] == model) & (rows["seed"] == seed)).any())


def python_of(environment: Path) -> str:
    """Return the Python of the peers, which are installed first where they are not."""
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PEERS], check=True)
    return str(python)


def versions_of(python: str, packages: tuple[str, ...]) -> str:
    """Return the versions of packages, as text."""
    code = "import sys; from importlib.metadata import version as of; "
    code += "print(', '.join(f'{name} {of(name)}' for name in sys.argv[1:]))"
    done = subprocess.run(
        [python, "-c", code, *packages], stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout.strip()


def write_recordings(name: str, recordings: Recordings, folds: Any, folder: Path) -> None:
    """Write recordings and the parts of the split for the peers: arrays, nothing pickled."""
    (sense,) = recordings.table.columns
    raw = [np.asarray(read_stream(cell)) for cell in recordings.table[sense]]
    parts = {}
    for number, (_, train, test) in enumerate(folds):
        parts |= {f"train_{number}": train, f"test_{number}": test}
    np.savez(
        folder / "recordings.npz", kind=JOBS[name].kind, values=np.concatenate(raw),
        lengths=[len(one) for one in raw], y=np.asarray(recordings.target), n_folds=len(folds),
        **parts,
    )  # fmt: skip


def measure_own(name: str, model: str, seed: int) -> None:
    """Print the results of `SensorClassifier` as the peers print theirs."""
    item = SCORED[name]
    recordings = item.load()
    table, y = recordings.table, np.asarray(recordings.target)
    (sense,) = table.columns
    warm_up(OWN[model], recordings)
    for number, (_, train, test) in enumerate(item.split(recordings)):
        gc.collect()  # that of before would fall into one of the times
        begin = process_time()
        fitted = clone(OWN[model]).set_params(random_state=seed)
        fitted.fit(table.iloc[train], y[train])
        fit_s = process_time() - begin
        gc.collect()
        begin = process_time()
        found = fitted.predict(table.iloc[test])
        predict_s = process_time() - begin
        times = []
        for k in np.resize(test, N_SINGLE):
            begin = process_time()
            fitted.predict(table.iloc[k : k + 1])
            times.append(process_time() - begin)
        row = {
            "fold": number, "accuracy": float(np.mean(found == y[test])), "fit_s": fit_s,
            "predict_s": predict_s, "one_s": median(times),
            "tick_s": tick(fitted, table[sense].iloc[test[0]]) if is_rows(name) else None,
        }  # fmt: skip
        print(json.dumps(row), flush=True)


def is_rows(name: str) -> bool:
    """Return whether recordings are rows of samples, which come one by one."""
    return JOBS[name].kind == "rows"


def tick(model: Any, recording: Any) -> float:
    """Return the median CPU seconds from one of the last rows of a recording to an answer.

    Rows are arrays, as the peers get them.
    """
    run, times = LiveRun(model), []
    with catch_warnings():
        simplefilter("ignore")  # rows of a window have no baseline before them
        for row in np.asarray(read_stream(recording)):
            begin = process_time()
            run.advance(row)
            times.append(process_time() - begin)
    return median(times[-N_TICKS:])


def results(command: list[str]) -> Iterator[dict[str, Any]]:
    """Run a job on one thread and yield what it prints."""
    done = subprocess.run(
        command, env=os.environ | dict.fromkeys(THREADS, "1"), stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    yield from map(json.loads, done.stdout.splitlines())


def run(name: str, models: list[str], environment: Path, n_seeds: int | None) -> None:
    """Append the rows of a set that are not kept yet."""
    jobs = [(seed, model) for seed in range(n_seeds or JOBS[name].seeds) for model in models]
    missing = [(seed, model) for seed, model in jobs if not is_kept(name, model, seed)]
    if not missing:
        return
    recordings = SCORED[name].load()
    folds = SCORED[name].split(recordings)
    with TemporaryDirectory() as folder:
        write_recordings(name, recordings, folds, Path(folder))
        for seed, model in missing:
            command = [sys.executable, __file__, "--one", name, model, str(seed)]
            if model not in OWN:
                command = [python_of(environment), str(PEERS_SCRIPT), model, folder, str(seed)]
            rows = pd.DataFrame(results(command))
            rows.insert(0, "set", name)
            rows.insert(1, "model", model)
            rows.insert(2, "seed", seed)
            rows["machine"] = f"{processor()}, {cores()} cores"
            python = sys.executable if model in OWN else python_of(environment)
            rows["versions"] = versions_of(python, ("mottle", "numba") if model in OWN else PEERS)
            rows["n_train"] = [len(folds[k][1]) for k in rows["fold"]]
            rows["n_test"] = [len(folds[k][2]) for k in rows["fold"]]
            rows.to_csv(
                KEPT, mode="a", header=not KEPT.exists(), index=False, float_format="%.6g"
            )  # fmt: skip
            print(
                f"{name:8} {model:12} seed {seed}: {100 * rows['accuracy'].mean():.2f} %, "
                f"{rows['fit_s'].mean():.2f} + {rows['predict_s'].mean():.2f} s, one "
                f"{1e3 * rows['one_s'].median():.2f} ms", flush=True,
            )  # fmt: skip


HEAD = """# Whole jobs

Written by `benchmarks/jobs.py`; the numbers are in `docs/results/jobs.csv`. From recordings in
memory to classes on one thread, with the same recordings and parts of the split as in
[scores](scores.md), none of it tuned to a set:

- **mottle, memristors** and **mottle, echo state**: `SensorClassifier()` and
  `SensorClassifier("echo")`.
- **MiniRocket**: `MiniRocketClassifier` of aeon with its defaults (about 10,000 kernels and
  `RidgeClassifierCV`); short recordings are filled up with zeros.
- **reservoirpy**: a `Reservoir` of 500 units (leak 0.3, spectral radius 0.9, input scaling 0.5 and
  connectivity 0.1) run over each standardised recording; mean and last states go to
  `RidgeClassifierCV` of scikit-learn.

Peers get samples as they are, events as 30 frames of 2 x 2 pixels by tonic's `ToFrame`, and sounds
as 13 mel cepstra by librosa; encoding is part of every time. Compilation is not: each job first
runs on 24 recordings. The settings of reservoirpy are common ones and not tuned: others may do
better. Scores beside the raw input and an echo state network of equal size are those of the page
[scores](scores.md).

"""
TIMES = """## CPU time and accuracy

Fit and predict: CPU seconds, mean over the parts of the split and seeds. "Slower" is the sum of
both divided by that of mottle with memristors. Accuracy: mean over parts and seeds. Seeds: {seeds}.

"""
SINGLE = """## One prediction

Median CPU time in ms. "A recording" is `predict` on one whole recording that is there. "A row" is
from one more row of samples to the class of the recording so far: `LiveRun` and the network of
reservoirpy keep their states; MiniRocket computes all of the recording so far anew.

"""
HONEST = """## Where mottle is slower or less accurate

"""


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return means over parts and seeds, by set and model, in the order of `JOBS` and `MODELS`."""
    rows = rows.assign(total_s=rows["fit_s"] + rows["predict_s"])
    columns = ["accuracy", "fit_s", "predict_s", "total_s", "one_s", "tick_s"]
    found = rows.groupby(["set", "model"])[columns].mean()
    order = [(name, model) for name in JOBS for model in MODELS if (name, model) in found.index]
    return found.loc[order]


def times_table(found: pd.DataFrame) -> str:
    """Return the table of times and accuracies."""
    lines = []
    for (name, model), row in found.iterrows():
        own = found.loc[(name, "memristors"), "total_s"]
        lines.append({
            "set": f"`{name}`: {SCORED[name].title}", "model": MODELS[model],
            "accuracy (%)": f"{100 * row['accuracy']:.1f}", "fit (s)": row["fit_s"],
            "predict (s)": row["predict_s"], "slower": f"{row['total_s'] / own:.2f}",
        })  # fmt: skip
    return markdown(pd.DataFrame(lines))


def single_table(found: pd.DataFrame) -> str:
    """Return the table of single predictions."""
    lines = []
    for (name, model), row in found.iterrows():
        lines.append({
            "set": f"`{name}`", "model": MODELS[model], "a recording (ms)": 1e3 * row["one_s"],
            "a row (ms)": 1e3 * row["tick_s"],
        })  # fmt: skip
    return markdown(pd.DataFrame(lines))


def honest_list(found: pd.DataFrame) -> str:
    """Return where the memristors are behind a peer, in which respect and by how much."""
    lines = []
    for name in dict.fromkeys(found.index.get_level_values("set")):
        own = found.loc[(name, "memristors")]
        for model in ("minirocket", "reservoirpy"):
            if (name, model) not in found.index:
                continue
            other, parts = found.loc[(name, model)], []
            for column, what in (
                ("total_s", "the CPU time of both"), ("one_s", "the time of a recording"),
                ("tick_s", "the time of a row"),
            ):  # fmt: skip
                if own[column] > other[column]:
                    parts.append(f"{own[column] / other[column]:.1f} times {what}")
            if round(other["accuracy"] - own["accuracy"], 4) > 0:
                parts.append(f"{100 * (other['accuracy'] - own['accuracy']):.1f} points less")
            if parts:
                lines.append(f"- `{name}`, beside {MODELS[model]}: {', '.join(parts)}.")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page, from the kept rows."""
    rows = pd.read_csv(KEPT)
    found = means(rows)
    where = "; ".join([*rows["machine"].unique(), *rows["versions"].unique()])
    seeds = rows.groupby("set", sort=False)["seed"].nunique()
    stated = ", ".join(f"`{name}` {n}" for name, n in seeds.items())
    return "".join([
        HEAD, TIMES.format(seeds=stated), times_table(found), "\n\n", SINGLE, single_table(found),
        "\n\n", HONEST, honest_list(found), f"\n({where}.)\n",
    ])  # fmt: skip


def main() -> None:
    """Measure the sets named, or all, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", default=",".join(JOBS), help="names, with commas")
    parser.add_argument("--models", default=",".join(MODELS), help="names, with commas")
    parser.add_argument("--seeds", type=int, help="instead of those of the set")
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="of the peers")
    parser.add_argument("--page", action="store_true", help="write the page alone")
    parser.add_argument("--one", nargs=3, metavar=("SET", "MODEL", "SEED"), help="measure a job")
    given = parser.parse_args()
    if given.one:
        measure_own(given.one[0], given.one[1], int(given.one[2]))
        return
    for name in [] if given.page else given.sets.split(","):
        run(name, given.models.split(","), given.environment, given.seeds)
    PAGE.write_text(page(), encoding="utf-8")
    record("jobs")


if __name__ == "__main__":
    main()
