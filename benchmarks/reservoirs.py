"""Write docs/results/reservoirs.md and its numbers: python benchmarks/reservoirs.py [NAME ...].

The event digits need MOTTLE_DATA (see the data set list); all else runs anywhere.
"""

import sys

import numpy as np
import pandas as pd
from pages import DOCS, record
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mottle import datasets
from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    NoReservoir,
    OscillatorMemory,
    OscillatorReservoir,
    RidgeReadout,
    VO2Reservoir,
    devices,
)
from mottle.sensors import EventRate

SEEDS = range(5)
ALPHAS = np.geomspace(1e-6, 1e4, 21)


def error(X, y, n_train, skip=100):
    """NRMSE on what follows the first ``n_train`` steps; alpha by leave-one-out on those."""
    readout = make_pipeline(StandardScaler(), RidgeCV(ALPHAS))
    readout.fit(X[skip:n_train], y[skip:n_train])
    late = y[n_train:]
    return float(np.sqrt(np.mean((readout.predict(X[n_train:]) - late) ** 2) / late.var()))


def lags(u, n):
    """Columns of the last ``n`` inputs."""
    return np.column_stack([np.r_[np.zeros(k), u[: len(u) - k, 0]] for k in range(n)])


def henon(seed, n=3100):
    """Return the map x[k + 1] = 1 - 1.4 x[k]^2 + 0.3 x[k - 1]; its attractor lies within 1.3."""
    x = list(np.random.default_rng(seed).uniform(-0.1, 0.1, 2))
    while len(x) < n + 101:
        x.append(1 - 1.4 * x[-1] ** 2 + 0.3 * x[-2])
    return np.array(x[100:]).reshape(-1, 1) / 1.3


def time_series():
    """NARMA-10 and the Henon map, one step ahead: every reservoir beside linear lags."""
    tiox = {"device": "tiox_zhong2021", "n_masks": 4}
    published = dict(tiox, wiring="one_to_one", observable="current", tau=None, spread=0.1)
    makers = {
        "linear, 1 lag": lambda n, seed: 1,
        "linear, 2 lags": lambda n, seed: 2,
        "linear, 20 lags": lambda n, seed: 20,
        "echo state": lambda n, seed: EchoStateReservoir(n, random_state=seed),
        "VO2": lambda n, seed: VO2Reservoir(n, regime="oscillating", random_state=seed),
        "oscillators": lambda n, seed: OscillatorReservoir(
            n, regime="oscillating", random_state=seed
        ),
        "WOx": lambda n, seed: MemristorReservoir(n, random_state=seed),
        "WOx, 20 taps": lambda n, seed: MemristorReservoir(
            n, tau=(0.003, 0.03), n_taps=20, random_state=seed
        ),
        "TiOx, 4 masks": lambda n, seed: MemristorReservoir(n, **tiox, random_state=seed),
        "WOx, coupled": lambda n, seed: MemristorReservoir(
            n, spectral_radius=0.9, random_state=seed
        ),
        "TiOx, coupled": lambda n, seed: MemristorReservoir(
            n, device="tiox_zhong2021", tau=None, spectral_radius=0.9, random_state=seed
        ),
        "TiOx as published": lambda n, seed: MemristorReservoir(n, **published, random_state=seed),
        "TiOx, 0.5 % read noise": lambda n, seed: MemristorReservoir(
            n, **tiox, read_noise=0.005, random_state=seed
        ),
        "Ag": lambda n, seed: MemristorReservoir(n, device="ag_pulse", random_state=seed),
        "Ag, fast model": lambda n, seed: MemristorReservoir(
            n, device="ag_fast", random_state=seed
        ),
    }
    rows = []
    for task in ("NARMA-10", "Henon"):
        n = 252 if task == "NARMA-10" else 100
        for name, make in makers.items():
            errors = []
            for seed in SEEDS:
                if task == "NARMA-10":
                    u, y = datasets.narma(3000, random_state=seed)
                    u, y = 4 * np.reshape(u, (-1, 1)) - 1, np.ravel(y)
                else:
                    x = henon(seed)
                    u, y = x[:-1], x[1:, 0]
                node = make(n, seed)
                X = lags(u, node) if isinstance(node, int) else node.fit_transform(u)
                errors.append(error(X, y, 2000))
            rows.append((task, name, np.median(errors), min(errors), max(errors)))
            print(rows[-1], flush=True)
    return pd.DataFrame(rows, columns=["task", "states", "NRMSE", "lowest", "highest"])


def event_digits():
    """N-MNIST excerpt: event memristors beside the same readout on rates and an echo state."""
    table, y, _ = datasets.load_nmnist()
    X, common = table.iloc[:, 0], {"sensor_size": (34, 34), "duration": 0.31}
    pooled = {"pool": "mean", "n_segments": 6}
    rates = {"n_steps": 12, "on_drop": "ignore", **common}
    slow = devices.get("stm_event")._replace(tau=0.1)
    makers = {
        "no reservoir": lambda seed: [EventRate(**rates), NoReservoir(**pooled)],
        "echo state": lambda seed: [
            EventRate(**rates),
            EchoStateReservoir(578, leak=0.5, fan_in=16, random_state=seed, **pooled),
        ],
        "event memristors": lambda seed: [
            EventMemristorReservoir(
                slow, n_steps=6, cell=2, spread=0.1, on_drop="ignore", random_state=seed,
                **common, **pooled,
            )
        ],
    }  # fmt: skip
    rows = []
    for name, make in makers.items():
        scores = []
        for seed in SEEDS:
            hits = 0
            for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(X, y):
                model = make_pipeline(*make(seed), RidgeReadout()).fit(X.iloc[train], y[train])
                hits += (model.predict(X.iloc[test]) == y[test]).sum()
            scores.append(100 * hits / len(y))
        rows.append((name, np.median(scores), min(scores), max(scores)))
        print(rows[-1], flush=True)
    return pd.DataFrame(rows, columns=["states", "accuracy (%)", "lowest", "highest"])


def recall():
    """Overlap of recalled with stored patterns: oscillators beside Hopfield's network."""
    rows = []
    for n, n_patterns in ((30, 2), (60, 3), (60, 6)):
        for share in (0.1, 0.2, 0.3):
            mine, theirs = [], []
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                stored = rng.choice([-1.0, 1.0], (n_patterns, n))
                asked = stored.copy()
                for row in asked:
                    row[rng.choice(n, round(share * n), replace=False)] *= -1
                memory = OscillatorMemory().fit(stored)
                mine.append((memory.transform(asked) * stored).mean())
                for _ in range(20):
                    asked = np.where(asked @ memory.weights_ > 0, 1.0, -1.0)
                theirs.append((asked * stored).mean())
            rows.append(
                (n, n_patterns, f"{share:.0%}", np.median(mine), min(mine), max(mine),
                 np.median(theirs))
            )  # fmt: skip
            print(rows[-1], flush=True)
    names = ["elements", "patterns", "inverted", "overlap", "lowest", "highest", "Hopfield"]
    return pd.DataFrame(rows, columns=names)


TABLES = {"time-series": time_series, "event-digits": event_digits, "recall": recall}


PAGE = """# Comparison of the reservoirs

Written by `benchmarks/reservoirs.py`; the numbers are in `docs/results/*.csv`. Median and range of
five seeds; the scores on sensor recordings are in [results](recordings.md).

## Time series

One-step prediction, 3000 steps, trained on the first 2000; ridge on standardised states, penalty
by leave-one-out on these. 252 states for NARMA-10, 100 for the Henon map. Default parameters
unless stated; "TiOx as published" has 25 devices with 4 masks, -0.8 to 2.5 V, and currents as
states (Zhong et al., Nat. Commun. 12 (2021) 408, whose hardware reached 0.046 on the Henon map).

{time_series}

Masked devices in parallel have a short memory, so on NARMA-10 twenty linear lags have a lower error
than all of them except WOx devices with delay taps (`n_taps=20`). Devices with recurrence
(`spectral_radius=0.9`; TiOx with `tau=None`) receive the states of other devices at the previous
step, and come close to an echo state network of the same size. The Henon map needs two steps and a
square: any smooth device provides both, and read noise of 0.5 %, or a recurrence that adds older
steps, increases the error by two orders of magnitude.

Thermal neuristors and Ag filaments switch instead of responding gradually: they suit short
recordings and events, not these tasks. The residue of an Ag device also drifts while it is driven,
so that weights learnt early are not valid later.

## Event digits

The first 1000 recordings of N-MNIST, five stratified folds; the same ridge on six time bins of
17 x 17 x 2 cells: the rates alone, an echo state network of 578 nodes on them, and 578 event
memristors (`stm_event`, tau 0.1 s, 10 % device-to-device variation) driven by the events. The time
constant was chosen from three on these recordings.

{event_digits}

Event memristors do not mix inputs and are comparable with the rates: their fading memory adds one
and a half points. The echo state network mixes inputs and adds one more.

## Oscillators as a memory

Random patterns with a fraction of inverted elements, recalled by `OscillatorMemory` with default
parameters (30 settling cycles) and by Hopfield's network with the same Hebbian weights; the
overlap is 1 for the stored pattern and 0 for an unrelated one.

{recall}
"""


def markdown(name: str) -> str:
    """Return a written table as markdown."""
    table = pd.read_csv(DOCS / "results" / f"{name}.csv", dtype=str)
    lines = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def page() -> str:
    """Return the page, from the kept numbers."""
    return PAGE.format(**{name.replace("-", "_"): markdown(name) for name in TABLES})


def main() -> None:
    """Measure what is named ("page": nothing), or everything, and write the page."""
    for name in sys.argv[1:] or TABLES:
        if name != "page":
            table = TABLES[name]()
            table.to_csv(DOCS / "results" / f"{name}.csv", index=False, float_format="%.4g")
    (DOCS / "results/reservoirs.md").write_text(page(), encoding="utf-8")
    if sys.argv[1:] != ["page"]:
        record("reservoirs")


if __name__ == "__main__":
    main()
