"""Compare the quality measures with those of other packages on the same states.

    python benchmarks/agreement.py [--environments FOLDER] [--keep]

Makes states with mottle, measures them with rcbench, openprc, resdag and reservoirpy, each in a
virtual environment of its own, and writes the section of docs/how-to/quality.md. Five minutes and
3 GB of disk, most of it torch; --environments keeps the environments in a folder for the next run,
and --keep writes the page from the kept results. Fails if a number differs by more than stated.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from agreement_peers import MAX_DELAY, MAX_LAG, TRAIN
from numpy.typing import NDArray
from pages import DOCS, fill, markdown, record

from mottle.datasets.generated.lorenz import lorenz63
from mottle.datasets.generated.narma import narma
from mottle.pipelines.metrics import normalized_error
from mottle.reservoir import (
    EchoStateReservoir,
    MemristorReservoir,
    NVARReservoir,
    quality,
    valid_time,
)

PEERS = {
    "rcbench": ["rcbench==1.0.10"],
    "openprc": ["openprc==0.1.1", "torch==2.13.0"],  # its tasks import torch, unasked for
    "resdag": ["resdag==6.0.0", "torch==2.13.0"],
    "reservoirpy": ["reservoirpy==0.4.2"],
}
N_NODES, N_STEPS = 50, MAX_LAG + TRAIN + 2000
READ_NOISE = 1e-3
CHANCE = 2 / 2000  # twice the mean squared correlation of unrelated steps of the test
NAMES = {"echo": "echo state", "wox": "WOx", "line": "delay line"}
MOST = ", the lag that differs most"
KEPT = DOCS / "results/agreement.csv"
SKIPPED = DOCS / "results/agreement-skipped.csv"
PAGE = DOCS / "how-to/quality.md"


@dataclass
class Row:
    """One number of another package beside that of mottle, and how far they may differ."""

    package: str
    measure: str
    states: str
    theirs: float
    mottle: float
    difference: float
    within: float  # NaN: the definitions differ, and no agreement is expected
    why: str = ""


def make_states(network: EchoStateReservoir) -> dict[str, NDArray]:
    """Return states, inputs and forecasts that all packages measure; seeds 0 and 1."""
    rng, noise = np.random.default_rng(0), np.random.default_rng(1)
    u = rng.uniform(-1, 1, N_STEPS)
    drive = u[:, np.newaxis]
    out: dict[str, NDArray] = {"u": u}
    runs = {
        "echo": network.fit_transform(drive),
        "wox": MemristorReservoir(N_NODES, random_state=0).fit_transform(drive),
        "line": NVARReservoir(n_taps=10, degree=1).fit_transform(drive),
    }
    for name, x in runs.items():
        size = 0.0 if name == "line" else READ_NOISE
        out[name] = x + size * x.std(axis=0) * noise.normal(size=x.shape)
    out["products"] = np.stack([np.roll(u, 1) * np.roll(u, 2) * np.roll(u, 3), np.roll(u, 1)], 1)
    unlike = rng.uniform(-1, 1, (200, 50, 1))
    alike = unlike.copy()
    alike[:, -20:] = alike[:1, -20:]
    out["unlike"], out["alike"] = (network.transform(x)[:, -1] for x in (unlike, alike))
    left, _ = np.linalg.qr(rng.normal(size=(60, 4)))
    right, _ = np.linalg.qr(rng.normal(size=(12, 4)))
    out["known"] = left @ np.diag([1, 1e-1, 1e-2, 1e-4]) @ right.T
    out["weights"] = network.weights_.toarray()
    out["input_weights"] = network.input_scaling * network.input_weights_.toarray()
    out["leak"] = np.array(network.leak)
    narma_u, out["narma"] = narma(3000, random_state=0)
    out["narma_u"] = narma_u[:, 0]
    truth = lorenz63(6000, random_state=0).reshape(6, 1000, 3)
    growth = np.minimum(1e-3 * np.exp(0.9056 * 0.02 * np.arange(1000)), 1.0)[:, np.newaxis]
    forecast = truth + growth * truth.std(axis=(0, 1)) * rng.normal(size=truth.shape)
    out |= {"truths": truth[1:], "forecasts": forecast[1:]}
    out |= {"truth": truth[0], "forecast": forecast[0]}
    return out


def measure_with(package: str, folder: Path, environments: Path) -> str:
    """Let a package measure the states in a folder; return why not, or nothing."""
    place = environments / package
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    script = Path(__file__).with_name("agreement_peers.py")
    steps = {"run": [str(python), str(script), package, str(folder)]}
    if not python.exists():
        steps = {
            "have an environment": [sys.executable, "-m", "venv", str(place)],
            "be installed": [str(python), "-m", "pip", "install", "-q", *PEERS[package]],
            **steps,
        }
    for what, command in steps.items():
        print("  " + " ".join(command[1:]), flush=True)
        if subprocess.run(command).returncode:
            if what == "run":  # installed, and used wrongly
                sys.exit(f"{package} failed; see above.")
            shutil.rmtree(place, ignore_errors=True)  # the next run begins anew
            return f"{PEERS[package][0]} could not {what} here."
    return ""


def by_lag(
    package: str,
    measure: str,
    states: str,
    theirs: Any,
    ours: Any,
    within: float,
    why: str = "",
    within_lag: float | None = None,
) -> Iterator[Row]:
    """Return the total over lags, and the lag that differs most."""
    theirs, ours = np.asarray(theirs), np.asarray(ours)
    yield one(package, measure, states, theirs.sum(), ours.sum(), within, why)
    k = int(np.abs(theirs - ours).argmax())
    most = f"{measure}{MOST}"
    yield one(package, most, states, theirs[k], ours[k], within_lag or within, why)


def one(package: str, measure: str, states: str, theirs: Any, ours: Any, within: float,
        why: str = "") -> Row:  # fmt: skip
    """Return the row of one number."""
    theirs, ours = float(theirs), float(ours)
    return Row(package, measure, states, theirs, ours, abs(theirs - ours), within, why)


def rcbench(data: Any, found: Any, arrays: Any, network: Any) -> Iterator[Row]:
    """Compare with rcbench."""
    u, name = data["u"], "rcbench"
    same = {"max_lag": MAX_LAG, "washout": 0, "test": 0.2, "gap": 0}
    for key, states in NAMES.items():
        x = data[key]
        for label, alpha, text in (
            ("linear", 0.0, "memory capacity, least squares"),
            ("ridge", 1.0, "memory capacity, penalty 1"),
            ("defaults", 1.0, "memory capacity, its defaults"),
        ):
            ours = quality.memory_capacity(
                x[:, found[f"{key} columns {label}"]], u, alpha=alpha, **same
            ).r2
            why = "10 nodes chosen by a principal component" if label == "defaults" else ""
            yield from by_lag(name, text, states, found[f"{key} lags {label}"], ours, 1e-8, why)
        ours = quality.memory_capacity(x, u, max_lag=MAX_LAG, test=0.2).memory_capacity
        yield one(
            name, "memory capacity, mottle's defaults", states, found[f"{key} memory linear"],
            ours, MAX_LAG * CHANCE,
            "no threshold: each lag that is not held adds 1 / (steps of the test)"
            + "; closed form: 9" * (key == "line"),
        )  # fmt: skip
        information = {"max_degree": 2, "max_delay": MAX_DELAY, "min_delay": 1}
        ours = quality.information_capacity(
            x, u, **information, washout=0, test=0.2, chance="none"
        ).by_degree.values
        for degree in (1, 2):
            yield one(
                name, f"information capacity, degree {degree}", states,
                found[f"{key} degrees"][degree - 1], ours[degree - 1], 1e-8,
            )  # fmt: skip
        own = quality.information_capacity(x, u, **information, patience=MAX_DELAY)
        yield one(
            name, "information capacity, mottle's defaults", states, sum(found[f"{key} degrees"]),
            own.total, 65 * (x.shape[1] / N_STEPS + 1 / 2000),
            "held-out steps without a threshold, against the steps of the fit with one; each "
            "target by at most (nodes) / (steps) + 1 / (steps of the test)"
            + "; closed form: 9" * (key == "line"),
        )  # fmt: skip
        ranks = quality.kernel_rank(x, threshold=1e-3)
        yield one(
            name, "kernel rank", states, found[f"{key} rank"], ranks["rank"][0], 0,
            "its threshold of 1e-6 is on squares: 1e-3 in mottle",
        )  # fmt: skip
        theirs, ours = np.array(found[f"{key} singular"]), ranks.singular_values[0].values
        k = int(np.abs(theirs - ours).argmax())
        yield one(name, "singular value that differs most", states, theirs[k], ours[k], 1e-9)
    last = "last states of 200 inputs"
    for key, text in (("unlike", "rank of unlike inputs"), ("alike", "generalisation rank")):
        ours = quality.kernel_rank(data[key], threshold=1e-3)["rank"][0]
        why = "relative to the largest of the alike inputs" if key == "alike" else ""
        yield one(name, text, last, found[f"{key} rank"], ours, 0, why)
    known = "directions of size 1, 0.1, 0.01, 1e-4"
    ours = quality.kernel_rank(data["known"], threshold=1e-3)["rank"][0]
    for key in ("kernel", "generalisation"):
        yield one(
            name, f"{key} rank, threshold 1e-3", known, found[f"known rank, {key}"], ours,
            np.nan if key == "kernel" else 0,
            "known: 3. Its two ranks count to different sizes at one threshold: give the kernel "
            "rank the square" if key == "kernel" else "known: 3",
        )  # fmt: skip
    ours = quality.information_capacity(
        data["products"], u, max_degree=3, max_delay=3, min_delay=1, washout=0, test=0.2,
        chance="none",
    ).by_degree[2]  # fmt: skip
    yield one(
        name, "information capacity, degree 3", "u(t-1) u(t-2) u(t-3)", found["products degree 3"],
        ours, np.nan, "closed form: 1, and 0.01 of chance. It has products of two delays at most",
    )  # fmt: skip
    ours = normalized_error(data["truth"][:, 0], data["forecast"][:, 0])
    yield one(name, "NRMSE", "forecast of Lorenz x", found["error"], ours, 1e-12)
    ours = np.sqrt(np.mean(data["narma"][500:] ** 2))
    yield one(
        name, "root mean square of the NARMA-10 target", "input of mottle", found["narma"], ours,
        np.nan, "it sums y(t-10) to y(t-1) and takes u(t-10), where the definition has y(t-9) to "
        "y(t) and u(t-9); and scales u to its extremes",
    )  # fmt: skip


def explained(x: NDArray, targets: NDArray, alpha: float) -> NDArray:
    """Return 1 - (squared error) / (variance) of ridge regression on held-out steps."""
    z = x - x[:TRAIN].mean(axis=0)
    y = targets - targets[:TRAIN].mean(axis=0)
    square = z[:TRAIN].T @ z[:TRAIN] + alpha * np.eye(x.shape[1])
    predicted = z[TRAIN:] @ np.linalg.solve(square, z[:TRAIN].T @ y[:TRAIN])
    error = ((y[TRAIN:] - predicted) ** 2).sum(axis=0)
    fraction: NDArray = 1 - error / ((y[TRAIN:] - y[TRAIN:].mean(axis=0)) ** 2).sum(axis=0)
    return np.maximum(fraction, 0)


def openprc(data: Any, found: Any, arrays: Any, network: Any) -> Iterator[Row]:
    """Compare with openprc."""
    u, name = data["u"], "openprc"
    for key, states in NAMES.items():
        x = (data[key] - data[key].mean(axis=0)) / data[key].std(axis=0)
        train = x[MAX_LAG : MAX_LAG + TRAIN]
        alpha = 1e-6 * (TRAIN + (train**2).sum()) / (x.shape[1] + 1)
        theirs = np.zeros(MAX_LAG + 1)
        theirs[found[f"{key} order"]] = found[f"{key} lags"]
        ours = quality.memory_capacity(
            x, u, max_lag=MAX_LAG, min_lag=0, washout=MAX_LAG, test=0.2, gap=0, alpha=alpha
        ).r2.values
        lags = np.stack([np.roll(u, lag) for lag in range(MAX_LAG + 1)], axis=1)[MAX_LAG:]
        again = explained(x[MAX_LAG:], lags, alpha).sum()
        if abs(again - theirs.sum()) > 1e-2:  # it computes in single precision
            sys.exit(f"openprc on {key}: {theirs.sum()}, its formula as stated here: {again}")
        yield from by_lag(
            name, "memory capacity, same penalty", states, theirs, ours, (MAX_LAG + 1) * CHANCE,
            "1 - error / variance, 0 for a lag that is not held, against a squared correlation; "
            f"in double precision, its formula gives {again:.4f} in all"
            + "; closed form: 10" * (key == "line"), 6 * CHANCE,
        )  # fmt: skip
        ours = quality.information_capacity(
            x, u, bounds=(u.min(), u.max()), max_degree=2, max_delay=MAX_DELAY, washout=MAX_LAG,
            test=0.2, alpha=alpha, chance="none",
        )  # fmt: skip
        for degree, n_targets in ((1, 11), (2, 66)):
            yield one(
                name, f"information capacity, degree {degree}, same penalty", states,
                found[f"{key} degrees"][degree - 1], ours.by_degree[degree - 1],
                n_targets * CHANCE, "as for the memory capacity",
            )  # fmt: skip
        singular = quality.kernel_rank(x).singular_values[0].values
        power = singular**2 / (singular**2).sum()
        yield one(
            name, "effective rank, entropy", states, found[f"{key} effective rank"],
            np.exp(-(power * np.log(power)).sum()), 1e-9,
            "from `singular_values` of `kernel_rank` of standardised states",
        )  # fmt: skip
        yield one(
            name, "effective rank, mottle's definition", states, found[f"{key} effective rank"],
            quality.kernel_rank(x).effective_rank[0], np.nan,
            "exponential of the entropy, against the participation ratio, which is never larger",
        )  # fmt: skip
        yield one(
            name, "decades of the condition number", states,
            np.log10(found[f"{key} condition"]), -2 * np.log10(singular[-1]), 1e-8,
        )  # fmt: skip
    ours = np.sqrt(np.mean(data["narma"][499:-1] ** 2))
    row = one(name, "root mean square of the NARMA-10 target", "input of mottle", found["narma"],
              ours, 1e-12)  # fmt: skip
    apart = np.abs(arrays["narma"][1:] - data["narma"][:-1]).max()
    yield replace(row, difference=float(apart), why="largest difference of a step")


def same_states(name: str, states: NDArray, network: Any, data: Any) -> Row:
    """Compare the states of a network of equal weights."""
    ours = network.transform(data["u"][: len(states), np.newaxis])
    row = one(name, "root mean square state", "echo state, its own run",
              np.sqrt((states**2).mean()), np.sqrt((ours**2).mean()), 1e-12)  # fmt: skip
    apart = float(np.abs(states - ours).max())
    return replace(row, difference=apart, why="equal weights; largest difference of a state")


def resdag(data: Any, found: Any, arrays: Any, network: Any) -> Iterator[Row]:
    """Compare with resdag, which runs the network of mottle's weights itself."""
    name, states = "resdag", "echo state, its own run"
    yield same_states(name, arrays["states"], network, data)
    start = 200 + MAX_LAG
    drives = [arrays["train_u"], arrays["test_u"]]
    u = np.concatenate(drives)
    x = np.concatenate([network.transform(drive[:, np.newaxis]) for drive in drives])
    for label, alpha, text in (
        ("linear", 0.0, "memory capacity, least squares"),
        ("defaults", 1e-8, "memory capacity, its defaults"),
    ):
        ours = quality.memory_capacity(
            x, u, max_lag=MAX_LAG, washout=start, gap=start, test=0.25, alpha=alpha
        ).r2
        yield from by_lag(name, text, states, found[f"lags {label}"], ours, 1e-8)
    u = data["u"][:3000]
    drive = np.concatenate([u, u, u[:1000]])
    for method in ("tangent", "twin"):
        ours = quality.conditional_lyapunov(network, drive, method=method, washout=4000)
        yield one(
            name, f"conditional exponent, {method}", states, found["exponent"], ours.exponent,
            3 / 3000, "first difference drawn at random: of the order of 1 / (3000 steps)",
        )  # fmt: skip
    yield one(
        name, "logarithm of the effective spectral radius", states, np.log(found["radius"]),
        ours.exponent, np.nan,
        "mean radius of the Jacobians of single steps: no rate, because their axes turn",
    )  # fmt: skip
    begin = network.start(4)
    values = np.asarray(arrays["starts"])[:, np.newaxis, :].reshape(begin.values.shape)
    runs = np.repeat(u[np.newaxis, :400, np.newaxis], 4, axis=0)
    _, moved = network.advance(replace(begin, values=values.astype(begin.values.dtype)), runs)
    _, rest = network.advance(network.start(), runs[:1])
    far = np.linalg.norm(moved - rest, axis=2)
    ours = quality.forgetting(np.concatenate([rest, moved])).worst.values
    steps = slice(50, 151)
    rates = [np.polyfit(np.arange(101), np.log(d[steps]), 1)[0]
             for d in (arrays["distances"].mean(axis=0), ours)]  # fmt: skip
    yield one(
        name, "rate of forgetting per step", "echo state, its random starts", *rates, 5e-3,
        "distances in raw units and from rest, against standard deviations and the worst pair; "
        f"its distances are those of mottle's states within "
        f"{np.abs(far - arrays['distances']).max():.0e}",
    )  # fmt: skip
    truth, forecast = data["truth"], data["forecast"]
    ours = normalized_error(truth[:, 0], forecast[:, 0])
    yield one(name, "NRMSE", "forecast of Lorenz x", found["error"], ours, 1e-12)
    yield one(
        name, "NRMSE of three outputs", "forecast of Lorenz", found["error of all"],
        normalized_error(truth, forecast), 1e-2 * ours,
        "root of the mean square over outputs, against the mean over outputs",
    )  # fmt: skip
    for threshold in (0.2, 0.4):
        yield one(
            name, f"valid time in steps, threshold {threshold}", "forecast of Lorenz",
            found[f"valid time {threshold}"], valid_time(truth, forecast, threshold=threshold), 0,
        )  # fmt: skip
    ours = np.median(valid_time(data["truths"], data["forecasts"], threshold=0.4))
    yield one(
        name, "valid time in steps, five forecasts", "forecasts of Lorenz",
        found["valid time of runs"], ours, np.nan,
        "valid time of the median error, against the median of the valid times",
    )  # fmt: skip


def reservoirpy(data: Any, found: Any, arrays: Any, network: Any) -> Iterator[Row]:
    """Compare with reservoirpy, which runs the network of mottle's weights itself."""
    name, states = "reservoirpy", "echo state, its own run"
    yield same_states(name, arrays["states"], network, data)
    u = data["u"][MAX_LAG:]
    x = network.transform(u[:, np.newaxis])
    test = 2000 / (len(u) - MAX_LAG)
    for label, alpha, text in (
        ("linear", 0.0, "memory capacity, least squares"),
        ("ridge", 1e-4, "memory capacity, penalty 1e-4"),
    ):
        ours = quality.memory_capacity(
            x, u, max_lag=MAX_LAG, washout=MAX_LAG, gap=0, test=test, alpha=alpha
        )
        assert ours.attrs["n_test"] == 2000
        yield from by_lag(name, text, states, found[f"lags {label}"], ours.r2, 1e-8)
    for label in ("spectral radius", "spectral radius, sparse"):
        yield one(name, label, "weights", found[label], network.spectral_radius, 1e-9)
    still = 1e-9 * data["u"][:4000]
    ours = quality.conditional_lyapunov(network, still, method="tangent", washout=1000)
    yield one(
        name, "effective spectral radius", "weights", found["effective radius"],
        np.exp(ours.exponent), 2e-3, "exponential of the exponent at rest, over 3000 steps",
    )  # fmt: skip
    truth, forecast = data["truth"][:, :1], data["forecast"][:, :1]
    ours = normalized_error(truth, forecast)
    forecasts = "forecast of Lorenz x"
    yield one(name, "NRMSE, norm_value the deviation", forecasts, found["error sd"], ours, 1e-12)
    yield one(name, "NRMSE, its default", forecasts, found["error minmax"], ours, np.nan,
              "relative to the range, against the standard deviation")  # fmt: skip
    yield one(
        name, 'NRMSE, norm="var", of the mean as forecast', "10 times Lorenz x",
        found["error of the mean, times 10"],
        normalized_error(10 * truth, np.full_like(truth, 10 * truth.mean())), np.nan,
        "closed form: 1. It divides by the variance, not its root, so that the number has a unit",
    )  # fmt: skip
    yield one(name, "R2", forecasts, found["r2"], 1 - ours**2, 1e-12, "1 - NRMSE squared")


def measure(environments: Path) -> tuple[pd.DataFrame, list[str]]:
    """Return all rows, and a sentence for each package that was left out."""
    network = EchoStateReservoir(N_NODES, random_state=0)
    data = make_states(network)
    rows, skipped = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "states.npz", **data)
        for package in PEERS:
            why_not = measure_with(package, folder, environments)
            if why_not:
                skipped.append(why_not)
                continue
            found = json.loads((folder / f"{package}.json").read_text(encoding="utf-8"))
            with np.load(folder / f"{package}.npz") as arrays:
                compare = globals()[package]
                rows += [asdict(row) for row in compare(data, found, dict(arrays), network)]
    table = pd.DataFrame(rows)
    versions = {name: given[0].replace("==", " ") for name, given in PEERS.items()}
    return table.assign(package=table["package"].map(versions)), skipped


def text() -> str:
    """Return the section of the page from the kept results."""
    kept = pd.read_csv(KEPT, keep_default_na=False, na_values=[""])
    groups = kept.groupby(["package", "measure"], sort=False)
    by_lag = kept["measure"].str.endswith(MOST)
    worst = ~by_lag & (groups["difference"].transform("max") == kept["difference"])
    shown = kept[worst].drop_duplicates(["package", "measure"])
    shown = shown.assign(
        theirs=[f"{value:.6g}" for value in shown["theirs"]],
        mottle=[f"{value:.6g}" for value in shown["mottle"]],
        difference=[f"{value:.1g}" for value in shown["difference"]],
        within=["differs" if value != value else f"{value:.1g}" for value in shown["within"]],
        why=shown["why"].fillna(""),
    ).rename(columns={"why": "why they differ"})
    skipped = SKIPPED.read_text(encoding="utf-8").splitlines() if SKIPPED.exists() else []
    return "\n\n".join([*skipped, markdown(shown)])


def main() -> None:
    """Measure, keep and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, help="folder that keeps the environments")
    parser.add_argument("--keep", action="store_true", help="write the page from kept results")
    given = parser.parse_args()
    if not given.keep:
        with tempfile.TemporaryDirectory() as name:
            kept, skipped = measure(given.environments or Path(name))
        kept.to_csv(KEPT, index=False, float_format="%.10g")
        SKIPPED.unlink(missing_ok=True)
        if skipped:
            SKIPPED.write_text("\n".join(skipped) + "\n", encoding="utf-8")
        record("agreement")
    fill(PAGE, "agreement", text())
    kept = pd.read_csv(KEPT)
    apart = kept[kept["difference"] > kept["within"]]
    if len(apart):
        sys.exit(f"differ by more than stated:\n{apart.to_string()}")


if __name__ == "__main__":
    main()
