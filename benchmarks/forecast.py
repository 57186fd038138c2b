"""Forecast chaotic signals in closed loop, and write docs/how-to/forecast.md.

    python benchmarks/forecast.py [--seeds N] [--only TEXT] [--speed-only]

Forty minutes on two cores with ten seeds; ``--only`` measures the rows anew whose task and
reservoir hold a text. Results are kept in docs/results/forecast.csv and
docs/results/forecast-speed.csv. Speed is compared with reservoirpy where it is installed:
pip install reservoirpy==0.4.2.
"""

import argparse
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from time import perf_counter
from typing import Any

import numba
import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record

from mottle.datasets.generated.kuramoto_sivashinsky import kuramoto_sivashinsky
from mottle.datasets.generated.lorenz import lorenz63
from mottle.datasets.generated.mackey_glass import mackey_glass
from mottle.reservoir import (
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    NVARReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
    valid_time,
)

FIRST_SEED = 100  # settings were chosen with seeds below 10, of reservoirs and of signals
N_STARTS, THRESHOLD = 20, 0.4
KEPT, SPEED = DOCS / "results/forecast.csv", DOCS / "results/forecast-speed.csv"
WARMUP = 500  # steps before each forecast


def echo_state(n: int, scaling: float, radius: float, leak: float, fan_in: Any) -> Any:
    """Return an echo state network with ten links a node."""
    return EchoStateReservoir(
        n, input_scaling=scaling, bias_scaling=0.3, leak=leak, spectral_radius=radius,
        density=10 / n, fan_in=fan_in,
    )  # fmt: skip


def wox(gain: float, bias: float, taps: int = 1) -> Any:
    """Return 400 WOx memristors with decay times of 1 to 100 ms."""
    return MemristorReservoir(
        400, v_gain=gain, v_bias=bias, tau=(1e-3, 0.1), n_taps=taps,
        fan_in=None if taps == 1 else 4,
    )  # fmt: skip


# task: signal of a seed, training steps, horizon of the choice, Lyapunov exponent, dt
Task = tuple[Callable[[int], Any], int, int, float, float]
TASKS: dict[str, Task] = {
    "Mackey-Glass": (lambda seed: mackey_glass(8000, random_state=seed), 5000, 200, 0.0, 1.0),
    "Lorenz": (lambda seed: lorenz63(12000, random_state=seed), 5000, 800, 0.9056, 0.02),
    "Kuramoto-Sivashinsky": (
        lambda seed: kuramoto_sivashinsky(14000, random_state=seed), 10000, 300, 0.043, 0.25,
    ),
}  # fmt: skip
STEPS = {"Mackey-Glass": 84, "Lorenz": 1500, "Kuramoto-Sivashinsky": 1500}
MOST_SEEDS = {"Kuramoto-Sivashinsky": 3}
ROWS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("Mackey-Glass", "echo state, 1000 nodes", echo_state(1000, 0.3, 1.0, 1.0, 4), {}),
    ("Mackey-Glass", "echo state, 400 nodes", echo_state(400, 0.2, 1.0, 1.0, 4), {}),
    ("Mackey-Glass", "WOx, 400 nodes, 20 taps", wox(0.3, 1.0, 20), {"squares": "all"}),
    ("Mackey-Glass", "WOx, 400 nodes", wox(0.2, 1.1), {"squares": None}),
    ("Mackey-Glass", "TiOx, 400 nodes, 20 taps",
     MemristorReservoir(400, device="tiox_zhong2021", n_taps=20), {"squares": "all"}),
    ("Mackey-Glass", "VO2, 400 nodes", VO2Reservoir(400), {"squares": "all"}),
    ("Mackey-Glass", "oscillators, 400 nodes", OscillatorReservoir(400), {"squares": "all"}),
    ("Mackey-Glass", "NVAR, 20 taps, degree 2", NVARReservoir(n_taps=20), {"squares": None}),
    ("Mackey-Glass", "linear lags, 400 taps", NVARReservoir(n_taps=400, degree=1),
     {"squares": None}),
    ("Lorenz", "echo state, 1000 nodes", echo_state(1000, 0.2, 0.52, 0.8, None), {}),
    ("Lorenz", "echo state, 400 nodes", echo_state(400, 0.2, 0.52, 0.8, None), {}),
    ("Lorenz", "WOx, 400 nodes", wox(0.2, 1.0), {"squares": "all"}),
    ("Lorenz", "TiOx, 400 nodes", MemristorReservoir(400, device="tiox_zhong2021", fan_in=None),
     {"squares": "all"}),
    ("Lorenz", "NVAR, 4 taps, degree 3", NVARReservoir(n_taps=4, degree=3), {"squares": None}),
    ("Lorenz", "linear lags, 100 taps", NVARReservoir(n_taps=100, degree=1), {"squares": None}),
    ("Kuramoto-Sivashinsky", "echo state, 1000 nodes, local", EchoStateReservoir(
        1000, input_scaling=0.5, bias_scaling=0.5, leak=1.0, spectral_radius=0.3, density=0.01,
        wiring="local", input_shape=(1, 64, 1), fan_in=7, field=7), {"squares": "all"}),
    ("Kuramoto-Sivashinsky", "linear lags, 20 taps", NVARReservoir(n_taps=20, degree=1),
     {"squares": None}),
]  # fmt: skip


def forecast(task: str, reservoir: Any, seed: int, options: dict[str, Any]) -> tuple[float, bool]:
    """Return the error or valid time of one seed, median of all starts, and if one diverged."""
    make, n_train, horizon, exponent, dt = TASKS[task]
    signal = make(FIRST_SEED + seed)
    if "random_state" in reservoir.get_params():
        reservoir.set_params(random_state=FIRST_SEED + seed)
    forecaster = Forecaster(reservoir, washout=WARMUP, horizon=horizon, **options)
    forecaster.fit(signal[:n_train])
    n_steps = STEPS[task]
    starts = np.linspace(n_train + WARMUP, len(signal) - n_steps, N_STARTS).astype(int)
    warmup = np.stack([signal[s - WARMUP : s] for s in starts])
    truth = np.stack([signal[s : s + n_steps] for s in starts])
    found = forecaster.predict(n_steps, warmup=warmup, diverged="nan")
    diverged = bool(np.isnan(found).any())
    scale = signal.std(axis=0)
    if task == "Mackey-Glass":
        error = (found[:, -1, 0] - truth[:, -1, 0]) / scale[0]
        error = np.where(np.isnan(error), 2**0.5, error)  # as far off as a random value
        return float(np.sqrt(np.mean(error**2))), diverged
    time = valid_time(
        truth, found, dt=dt, lyapunov_exponent=exponent, threshold=THRESHOLD, scale=scale
    )
    return float(np.median(time)), diverged


def measure(n_seeds: int, only: str) -> pd.DataFrame:
    """Return one row for each task, reservoir and seed; those not measured are the kept ones."""
    rows = []
    kept = pd.read_csv(KEPT) if only else pd.DataFrame(columns=["task", "reservoir"])
    for task, name, reservoir, options in ROWS:
        if only not in f"{task} {name}":
            old = kept[(kept.task == task) & (kept.reservoir == name)]
            rows += old.to_dict("records")
            continue
        for seed in range(min(n_seeds, MOST_SEEDS.get(task, n_seeds))):
            start = perf_counter()
            value, diverged = forecast(task, reservoir, seed, options)
            row = {"task": task, "reservoir": name, "seed": FIRST_SEED + seed, "value": value,
                   "diverged": diverged, "seconds": perf_counter() - start}  # fmt: skip
            rows.append(row)
        values = [row["value"] for row in rows if (row["task"], row["reservoir"]) == (task, name)]
        print(task, name, np.median(values), flush=True)
    return pd.DataFrame(rows)


def table(kept: pd.DataFrame, task: str) -> str:
    """Return the table of a task."""
    own = kept[kept.task == task]
    shown = own.groupby("reservoir", sort=False).agg(
        median=("value", "median"), lowest=("value", "min"), highest=("value", "max"),
        diverged=("diverged", "sum"), seeds=("seed", "size"), seconds=("seconds", "median"),
    )  # fmt: skip
    shown["diverged"] = [
        f"in {n} of {m} seeds" for n, m in zip(shown.diverged, shown.seeds, strict=True)
    ]
    shown["seconds"] = shown["seconds"].round(1)
    return markdown(shown.drop(columns="seeds").reset_index(), 2)


def median_times(*runs: Callable[[], object], n: int = 15) -> list[float]:
    """Return medians of several times in s, after a first run; in turns, as the load changes."""
    times = np.empty((n + 1, len(runs)))
    for row in times:
        for k, run in enumerate(runs):
            start = perf_counter()
            run()
            row[k] = perf_counter() - start
    return [float(median) for median in np.median(times[1:], axis=0)]


SPEEDS: list[tuple[str, Any, int]] = [  # name, reservoir, steps
    ("echo state, 100 nodes", echo_state(100, 0.3, 0.9, 1.0, 4), 5000),
    ("echo state, 1000 nodes", echo_state(1000, 0.3, 0.9, 1.0, 4), 5000),
    ("WOx, 400 nodes", wox(0.3, 1.0), 5000),
    ("WOx, 400 nodes, 20 taps", wox(0.3, 1.0, 20), 5000),
    ("TiOx, 400 nodes", MemristorReservoir(400, device="tiox_zhong2021"), 5000),
    ("Ag films, 400 nodes", MemristorReservoir(400, device="ag_pulse"), 500),
    ("Ag delays, 400 nodes", MemristorReservoir(400, device="ag_fast"), 2000),
    ("oscillators, 400 nodes", OscillatorReservoir(400), 5000),
    ("oscillators with noise, 400 nodes",
     OscillatorReservoir(400, regime="oscillating", threshold_noise=0.01), 2000),
    ("oscillators, pulsed, 400 nodes", OscillatorReservoir(400, regime="pulsed"), 2000),
    ("oscillators, recurrent, 400 nodes", OscillatorReservoir(400, regime="recurrent"), 1000),
    ("oscillators, coupled, 20 nodes",
     OscillatorReservoir(20, regime="oscillating", c_coupling=1e-12), 50),
    ("VO2, 400 nodes", VO2Reservoir(400), 200),
    ("VO2 with noise, 400 nodes", VO2Reservoir(400, temperature_noise=133.0), 200),
    ("VO2, coupled, 400 nodes", VO2Reservoir(400, thermal_coupling=0.02), 200),
    ("spiking, 400 nodes", SpikingReservoir(400), 5000),
]  # fmt: skip


def speed() -> pd.DataFrame:
    """Return microseconds of a step, open and closed, and of reservoirpy's closed loop.

    On one thread: a closed loop of one run has no other.
    """
    numba.set_num_threads(1)
    signal = mackey_glass(5000, random_state=0)
    rows = []
    for name, reservoir, n in SPEEDS:
        reservoir.set_params(random_state=0)
        n_train = min(3000, 6 * n) if n < 200 else 3000
        forecaster = Forecaster(reservoir, alphas=1e-3, washout=min(WARMUP, n_train // 2))
        forecaster.fit(signal[:n_train])
        member, weights = forecaster.members_[0], np.ones(reservoir.n_nodes)
        drive = np.ascontiguousarray(signal[:n] - 0.9)

        def open_loop(member=member, drive=drive, weights=weights):
            states = member.transform(drive)
            states[:, 1::2] **= 2
            return states @ weights

        def closed_loop(forecaster=forecaster, n=n):
            return forecaster.predict(n, diverged="nan")

        opened, closed = (time / n * 1e6 for time in median_times(open_loop, closed_loop))
        row = {"reservoir": name, "open": opened, "closed": closed, "ratio": closed / opened}
        if name.startswith("echo state") and find_spec("reservoirpy"):
            peer = reservoirpy_loop(reservoir.n_nodes, signal, 1000)
            row["reservoirpy"] = median_times(peer, n=3)[0] / 1000 * 1e6
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def reservoirpy_loop(n: int, signal: Any, n_steps: int) -> Callable[[], object]:
    """Return reservoirpy's closed loop: its documented way, a step at a time."""
    from reservoirpy.nodes import Reservoir, Ridge

    model = Reservoir(n, sr=0.9, lr=1.0, rc_connectivity=10 / n, seed=0) >> Ridge(ridge=1e-6)
    model.fit(signal[:2999], signal[1:3000], warmup=WARMUP)

    def run() -> object:
        model.run(signal[2500:3000])
        y = signal[3000:3001]
        for _ in range(n_steps):
            y = np.asarray(model.run(y)).reshape(1, -1)
        return y

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", default="")
    parser.add_argument("--speed-only", action="store_true")
    given = parser.parse_args()
    page = DOCS / "how-to/forecast.md"
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "[0-9]+% of the node voltages")
        if not given.speed_only:
            measure(given.seeds, given.only).to_csv(KEPT, index=False, float_format="%.6g")
        speed().to_csv(SPEED, index=False, float_format="%.3g")
    kept = pd.read_csv(KEPT)
    for task in TASKS:
        fill(page, task.lower(), table(kept, task))
    fill(page, "speed", markdown(pd.read_csv(SPEED), 3))
    record("forecast")


if __name__ == "__main__":
    main()
