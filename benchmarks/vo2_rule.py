"""Which regime VO2 films take in `SensorClassifier`, by cross-validation within training parts.

    MOTTLE_DATA=folder python benchmarks/vo2_rule.py

Three folds of the training part of four sets of `scores.py`, two seeds, the wiring of the rules, so
that no test recording is seen. Keeps docs/results/vo2-rule.csv, where rows that are there are not
measured again, and `scores.py --page` shows it. About a quarter of an hour.
"""

import warnings
from time import process_time
from typing import Any

import numpy as np
import pandas as pd
from pages import DOCS, record
from scores import SETS, Plain
from sklearn.model_selection import StratifiedKFold

import mottle.reservoir
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.parts import RESERVOIRS
from mottle.pipelines.rules import FIRING, reservoir_of
from mottle.pipelines.sensor_models import build
from mottle.reservoir import RidgeReadout

KEPT = DOCS / "results/vo2-rule.csv"
USED, N_SEEDS, N_FOLDS = ("vowels", "pickup", "lp1", "gunpoint"), 2, 3
FAST = {"dtype": "float32"}
TRIED: dict[str, tuple[str, dict[str, Any]]] = {
    "relaxing, 1 us": ("VO2Reservoir", FAST | {"regime": "relaxing", "dt_device": 1e-6}),
    "excitable, 1 us": ("VO2Reservoir", FAST | {"dt_device": 1e-6}),
    "excitable, 3.2 us": ("VO2Reservoir", FAST),
    "the same in float64": ("VO2Reservoir", {"dtype": "float64"}),
    "excitable, 5 us": ("VO2Reservoir", FAST | {"dt_device": 5e-6}),
    "excitable, 3.2 us, coupled 0.02": ("VO2Reservoir", FAST | {"thermal_coupling": 0.02}),
    "excitable, 3.2 us, coupled 0.1": ("VO2Reservoir", FAST | {"thermal_coupling": 0.1}),
    "oscillating, 3.2 us": ("VO2Reservoir", FAST | {"regime": "oscillating"}),
    "memristors": ("MemristorReservoir", {}),
    "echo state": ("EchoStateReservoir", {}),
}


def model_of(table: pd.DataFrame, kind: str, given: dict[str, Any], seed: int) -> Any:
    """Return the pipeline of the rules with another regime."""
    encoders, reservoirs = {}, {}
    for sense, (facts, parameters, encoder) in Plain().encoders(table).items():
        own, _ = reservoir_of(facts, parameters, kind)
        reservoirs[sense] = build(own | given, mottle.reservoir, RESERVOIRS)
        reservoirs[sense].set_params(random_state=seed)
        encoders[sense] = encoder
    readout = RidgeReadout(task="classification")
    return make_fusion_pipeline(encoders, reservoirs, readout=readout)


def main() -> None:
    """Measure all, and write the table."""
    assert FIRING == 3.2e-6, "the names of this script say 3.2 us"
    warnings.filterwarnings("ignore", category=UserWarning)  # of penalties at the edge
    rows = pd.read_csv(KEPT).to_dict("records") if KEPT.exists() else []
    known = {(row["set"], row["nodes"]) for row in rows}
    for name in USED:
        recordings = SETS[name].load()
        _, train, _ = SETS[name].split(recordings)[0]
        table, y = recordings.table.iloc[train], np.asarray(recordings.target)[train]
        folds = list(StratifiedKFold(N_FOLDS, shuffle=True, random_state=0).split(y, y))
        for label, (kind, given) in TRIED.items():
            if (name, label) in known:
                continue
            begin, found = process_time(), []
            for seed in range(N_SEEDS):
                for fit, score in folds:
                    model = model_of(table.iloc[fit], kind, given, seed)
                    model.fit(table.iloc[fit], y[fit])
                    found.append(np.mean(model.predict(table.iloc[score]) == y[score]))
            rows.append({"set": name, "nodes": label, "accuracy": round(float(np.mean(found)), 4),
                         "cpu_s": round(process_time() - begin, 1)})  # fmt: skip
            print(rows[-1], flush=True)
            place = [(USED.index(row["set"]), list(TRIED).index(row["nodes"])) for row in rows]
            rows = [row for _, row in sorted(zip(place, rows, strict=True), key=lambda one: one[0])]
            pd.DataFrame(rows).to_csv(KEPT, index=False)
    record("vo2_rule")


if __name__ == "__main__":
    main()
