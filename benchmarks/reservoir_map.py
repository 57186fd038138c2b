"""Put every reservoir through the same tasks and measures, and write docs/results/map.md.

    python benchmarks/reservoir_map.py [--only TEXT] [--tasks TEXT] [--draws N] [--seeds N]

About two CPU hours. What is done is kept in docs/results/map-tasks.csv and map-measures.csv, and a
run that was stopped continues there: delete rows to measure them anew. The laser needs MOTTLE_DATA.
"""

import argparse
import json
import warnings
from collections.abc import Callable
from time import process_time
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm
from pages import DOCS, fill, markdown, record
from scipy.stats import qmc

from mottle.datasets import load_santafe_laser, narma
from mottle.datasets.generated.henon import henon
from mottle.datasets.generated.lorenz import lorenz63
from mottle.datasets.generated.mackey_glass import mackey_glass
from mottle.datasets.generated.nonlinear_channel import nonlinear_channel
from mottle.datasets.generated.waveforms import sine_square
from mottle.reservoir import (
    EchoStateReservoir,
    Forecaster,
    MemristorReservoir,
    NVARReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
    quality,
    valid_time,
)
from mottle.reservoir.forecast.factor import Factor

N = 200  # states
FIRST_SEED = 100  # of the seeds that are scored; settings are chosen with seed 0
WASHOUT, N_TRAIN, N_VALID, N_TEST = 200, 2000, 1000, 2000
ALPHAS = 10.0 ** np.arange(-13, 1)
LOOP = {"alphas": 10.0 ** np.arange(-16, -3, 3), "squares": "all", "washout": WASHOUT,
        "horizon": 150, "n_starts": 8}  # fmt: skip
N_STARTS = 10
TASKS_KEPT, MEASURES_KEPT = DOCS / "results/map-tasks.csv", DOCS / "results/map-measures.csv"
PAGE, FIGURE = DOCS / "results/map.md", DOCS / "results/map.png"


class Row(NamedTuple):
    """A reservoir: its class, fixed parameters, and what the search draws."""

    kind: Any
    fixed: dict[str, Any]
    space: dict[str, tuple[str, float, float]]  # "log", "linear" or "whole", from, to
    taps: tuple[int, int] | None = None  # delay taps in front, drawn
    loop: bool = True  # whether it takes part in closed loops


TAU = {"tau_low": ("log", 0.1, 3.0), "tau_extent": ("log", 3, 100)}  # in steps; ratio
WOX = {"v_bias": ("linear", 0.6, 1.3), "v_gain": ("log", 0.05, 0.6), **TAU}
TIOX = {"v_bias": ("linear", 0.3, 1.6), "v_gain": ("log", 0.2, 2.0), **TAU}
VO2 = {"v_bias": ("linear", 8.0, 18.0), "v_gain": ("log", 1.0, 8.0)}
SWITCH = {"v_bias": ("linear", 1.2, 2.2), "v_gain": ("log", 0.05, 0.8)}
FEEDBACK = {"spectral_radius": ("linear", 0.2, 1.0)}
STEP = {None: 1e-2, "tiox_zhong2021": 4e-6}  # s, of memristors
ROWS = {
    "echo state": Row(EchoStateReservoir, {"density": 10 / N, "fan_in": None}, {
        "spectral_radius": ("linear", 0.1, 1.2), "input_scaling": ("log", 0.02, 1.5),
        "bias_scaling": ("linear", 0.0, 1.0), "leak": ("log", 0.1, 1.0)}),
    "NVAR, degree 2": Row(NVARReservoir, {}, {"n_taps": ("whole", 2, 18)}),
    "linear lags": Row(NVARReservoir, {"degree": 1}, {"n_taps": ("log", 2, 200)}),
    "WOx": Row(MemristorReservoir, {}, WOX),
    "WOx, taps": Row(MemristorReservoir, {}, WOX, (2, 25)),
    "WOx, recurrent": Row(MemristorReservoir, {}, WOX | FEEDBACK),
    "TiOx": Row(MemristorReservoir, {"device": "tiox_zhong2021"}, TIOX),
    "TiOx, taps": Row(MemristorReservoir, {"device": "tiox_zhong2021"}, TIOX, (2, 25)),
    "TiOx, 4 masks": Row(MemristorReservoir, {"device": "tiox_zhong2021", "n_masks": 4}, TIOX),
    "Ag, fast": Row(MemristorReservoir, {"device": "ag_fast", "tau": None}, {
        "v_bias": ("linear", 0.1, 0.5), "v_gain": ("log", 0.1, 0.5)}, loop=False),
    "Ag": Row(MemristorReservoir, {"device": "ag_pulse", "tau": None}, {
        "v_bias": ("linear", 0.2, 0.8), "v_gain": ("log", 0.1, 1.0)}, loop=False),
    "VO2": Row(VO2Reservoir, {}, VO2),
    "VO2, taps": Row(VO2Reservoir, {}, VO2, (2, 25), loop=False),
    "oscillators": Row(OscillatorReservoir, {}, SWITCH),
    "oscillators, taps": Row(OscillatorReservoir, {}, SWITCH, (2, 25), loop=False),
    "oscillators, recurrent": Row(OscillatorReservoir, {"regime": "recurrent"}, {
        "v_gain": ("log", 0.05, 0.6), "spectral_radius": ("linear", 0.5, 1.0)}, loop=False),
    "oscillators, recurrent, taps": Row(OscillatorReservoir, {"regime": "recurrent"}, {
        "v_gain": ("log", 0.05, 0.6)} | FEEDBACK, (2, 25), loop=False),
    "spiking": Row(SpikingReservoir, {}, {
        "v_bias": ("linear", 0.006, 0.0145), "v_gain": ("log", 0.005, 0.05)}, loop=False),
    "VO2, pulsed and recurrent": Row(VO2Reservoir, {"regime": "pulsed"}, {
        "v_bias": ("linear", 10.0, 14.0), "v_gain": ("log", 0.5, 5.0)} | FEEDBACK, loop=False),
}  # fmt: skip


class Task(NamedTuple):
    """A task: ``signal(seed, n)`` returns input, target and scale of the error."""

    signal: Callable[[int, int], tuple[Any, Any]] | None
    unit: str
    noise: float = 0.0  # of each state, relative to its standard deviation
    n_test: int = N_TEST
    loss: str = "nrmse"


def narma_of(order: int) -> Callable[[int, int], tuple[Any, Any]]:
    """Return a NARMA task; the input is scaled to -1 to 1."""

    def signal(seed: int, n: int) -> tuple[Any, Any]:
        u, y = narma(n, order, random_state=seed)
        return 4 * u - 1, y

    return signal


def next_of(x: Any) -> tuple[Any, Any]:
    """Return a signal scaled to -1 to 1 and its next value."""
    x = 2 * (x - x.min()) / np.ptp(x) - 1
    return x[:-1], x[1:, 0]


def channel(seed: int, n: int) -> tuple[Any, Any]:
    """Return a channel's output, scaled, and the symbols."""
    u, d = nonlinear_channel(n, random_state=seed)
    return u / 5, d


def waves(seed: int, n: int) -> tuple[Any, Any]:
    """Return periods of sines and squares, and -1 or 1 at each point."""
    u, y = sine_square(n // 8, random_state=seed)
    return u, 2.0 * y - 1


def laser(seed: int, n: int) -> tuple[Any, Any]:
    """Return the laser; every seed has the same signal."""
    u, y = next_of(np.asarray(load_santafe_laser(), float)[: n + 1])
    return u, y


TASKS = {
    "NARMA-10": Task(narma_of(10), "NRMSE"),
    "NARMA-20": Task(narma_of(20), "NRMSE"),
    "Henon, 0.5 % noise": Task(
        lambda seed, n: next_of(henon(n + 1, random_state=seed)), "NRMSE", noise=0.005
    ),
    "laser": Task(laser, "NRMSE"),
    "channel": Task(channel, "symbol error rate", n_test=10_000, loss="symbols"),
    "sine or square": Task(waves, "error rate", loss="sign"),
    "Mackey-Glass": Task(None, "NRMSE at 84"),
    "Lorenz": Task(None, "Lyapunov times"),
}
SYMBOLS = np.array([-3.0, -1.0, 1.0, 3.0])


def draw(row: Row, k: int) -> dict[str, Any]:
    """Return the settings of draw ``k``: the class's defaults, then a Sobol sequence."""
    names = [*row.space, *(["taps"] if row.taps else [])]
    if k == 0:
        return {"taps": 11} if row.taps else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        point = qmc.Sobol(len(names), seed=0).random(k)[-1]
    settings: dict[str, Any] = {}
    for name, x in zip(names, point, strict=True):
        how, low, high = row.space[name] if name != "taps" else ("whole", *row.taps)
        if how == "log":
            settings[name] = float(low * (high / low) ** x)
        else:
            settings[name] = float(low + (high - low) * x)
        if how == "whole" or name == "n_taps":
            settings[name] = round(settings[name])
    return settings


def build(name: str, settings: dict[str, Any], seed: int, task: str = "") -> Any:
    """Return a reservoir; in a closed loop it has the taps itself."""
    row, settings = ROWS[name], dict(settings)
    taps = settings.pop("taps", 1)
    if task == "Lorenz" and "n_taps" in settings:  # three inputs, and still at most N states
        settings["n_taps"] = min(settings["n_taps"], N // 3 if "degree" in row.fixed else 6)
    if "tau_low" in settings:
        low = settings.pop("tau_low") * STEP[row.fixed.get("device")]
        settings["tau"] = (low, low * settings.pop("tau_extent"))
    made = row.kind(**row.fixed | settings)
    if "n_nodes" in made.get_params():
        made.set_params(n_nodes=N, random_state=seed)
    if task and taps > 1:
        made.set_params(n_taps=taps)
    return made


def lags(u: Any, n: int) -> Any:
    """Return the last ``n`` values of the input at each step."""
    return NVARReservoir(n_taps=n, degree=1).fit_transform(u) if n > 1 else u


def run(name: str, settings: dict[str, Any], seed: int, task: Task, u: Any) -> Any:
    """Return states, with read noise if the task has any."""
    states = build(name, settings, seed).fit_transform(lags(u, settings.get("taps", 1)))
    if task.noise:
        rng = np.random.default_rng(seed)
        states = states + task.noise * states.std(axis=0) * rng.normal(size=states.shape)
    size = np.sqrt(np.mean((states - states.mean(axis=0)) ** 2))
    return states / (size if size > 0 else 1.0)


def loss(task: Task, found: Any, y: Any) -> float:
    """Return the error of a task."""
    if task.loss == "symbols":
        nearest = SYMBOLS[np.abs(found[:, np.newaxis] - SYMBOLS).argmin(axis=1)]
        return float(np.mean(nearest != y))
    if task.loss == "sign":
        return float(np.mean(np.sign(found) != y))
    return float(np.sqrt(np.mean((found - y) ** 2) / y.var()))


def open_loop(
    name: str, settings: dict[str, Any], seed: int, task: Task, tested: bool
) -> tuple[float, float]:
    """Return the errors on the validation and on the test part."""
    cut, end = WASHOUT + N_TRAIN, WASHOUT + N_TRAIN + N_VALID
    u, y = task.signal(seed, end + (task.n_test if tested else 0))
    states = run(name, settings, seed, task, u)
    factor = Factor(states.shape[1], 1)
    factor.add(states[WASHOUT:cut], y[WASHOUT:cut, np.newaxis])
    best, alpha = np.inf, ALPHAS[0]
    for penalty in ALPHAS:
        weights, intercept = factor.solve(penalty)
        found = states[cut:end] @ weights[0] + intercept
        # squares choose the penalty, since counts of errors are often equal
        error = float(np.mean((found - y[cut:end]) ** 2))
        if error < best:
            best, alpha, valid = error, penalty, loss(task, found, y[cut:end])
    if not tested:
        return (best / y[cut:end].var()) ** 0.5, np.nan
    factor.add(states[cut:end], y[cut:end, np.newaxis])
    weights, intercept = factor.solve(alpha)
    return valid, loss(task, states[end:] @ weights[0] + intercept, y[end:])


def closed_loop(
    name: str, settings: dict[str, Any], seed: int, task: str, tested: bool
) -> tuple[float, float]:
    """Return the validation loss, and the error 84 steps ahead or the valid time."""
    end = WASHOUT + N_TRAIN + N_VALID
    n_ahead = 84 if task == "Mackey-Glass" else 1500
    make = mackey_glass if task == "Mackey-Glass" else lorenz63
    signal = make(end + (3000 if tested else 0), random_state=seed)
    forecaster = Forecaster(build(name, settings, seed, task), **LOOP).fit(signal[:end])
    if not tested:
        chosen = list(LOOP["alphas"]).index(forecaster.alphas_[0])
        return float(forecaster.losses_[0, chosen]), np.nan
    starts = np.linspace(end + WASHOUT, len(signal) - n_ahead, N_STARTS).astype(int)
    warmup = np.stack([signal[s - WASHOUT : s] for s in starts])
    truth = np.stack([signal[s : s + n_ahead] for s in starts])
    found = forecaster.predict(n_ahead, warmup=warmup, diverged="nan")
    scale = signal.std(axis=0)
    if task == "Lorenz":
        time = valid_time(truth, found, dt=0.02, lyapunov_exponent=0.9056, scale=scale)
        return np.nan, float(np.median(time))
    error = (found[:, -1, 0] - truth[:, -1, 0]) / scale[0]
    error = np.where(np.isnan(error), 2**0.5, error)  # diverged: as far off as a random value
    return np.nan, float(np.sqrt(np.mean(error**2)))


def score(name: str, task: str, settings: dict[str, Any], seed: int, tested: bool) -> Any:
    """Return validation loss and test score; infinite and worst where settings are impossible."""
    try:
        if TASKS[task].signal is None:
            return closed_loop(name, settings, seed, task, tested)
        return open_loop(name, settings, seed, TASKS[task], tested)
    except ValueError:
        if tested:
            raise
        return np.inf, np.nan  # refused, such as a bias outside the device's range


def tune(name: str, task: str, n_draws: int) -> dict[str, Any]:
    """Return the settings with the smallest validation loss."""
    drawn = [draw(ROWS[name], k) for k in range(n_draws)]
    losses = [score(name, task, settings, 0, False)[0] for settings in drawn]
    return drawn[int(np.nanargmin(losses))]


def kept(path: Any, columns: list[str]) -> pd.DataFrame:
    """Return what was measured before."""
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=columns)


def measure_tasks(names: list[str], tasks: list[str], n_draws: int, n_seeds: int) -> None:
    """Score what is not kept; each row is written when it is done."""
    columns = ["reservoir", "task", "seed", "score", "settings", "cpu_seconds"]
    for name in names:
        for task in tasks:
            done = kept(TASKS_KEPT, columns)
            if ((done.reservoir == name) & (done.task == task)).any():
                continue
            if TASKS[task].signal is None and not ROWS[name].loop:
                continue
            begin = process_time()
            settings = tune(name, task, n_draws)
            seeds = range(FIRST_SEED, FIRST_SEED + n_seeds)
            scores = [score(name, task, settings, seed, True)[1] for seed in seeds]
            used = process_time() - begin
            rows = [
                (name, task, seed, one, json.dumps(settings), used / n_seeds)
                for seed, one in zip(seeds, scores, strict=True)
            ]
            new = pd.DataFrame(rows, columns=columns)
            table = new if done.empty else pd.concat([done, new])
            table.to_csv(TASKS_KEPT, index=False, float_format="%.5g")
            print(f"{name}, {task}: {np.median(scores):.3g}, {used:.0f} CPU s", flush=True)


def measure_qualities(names: list[str], n_seeds: int) -> None:
    """Measure the classes' defaults, as far as they are not kept."""
    columns = ["reservoir", "measure", "seed", "value"]
    for name in names:
        done = kept(MEASURES_KEPT, columns)
        if (done.reservoir == name).any():
            continue
        begin, rows = process_time(), []
        settings = draw(ROWS[name], 0)
        if settings.get("taps") or ROWS[name].kind is NVARReservoir:
            continue  # taps are a memory by construction
        made = build(name, settings, 0)
        common = {"baselines": False, "random_state": FIRST_SEED, "n_seeds": n_seeds}
        memory = quality.measure(made, n_steps=4000, read_noise=1e-3, max_lag=60, **common)
        capacity = quality.measure(
            made, "information_capacity", n_steps=6000, read_noise=1e-3, max_degree=3,
            max_delay=30, max_terms=1500, **common,
        )  # fmt: skip
        ranks = quality.measure(made, "kernel_rank", **common)
        forgot = quality.measure(made, "forgetting", n_steps=1100, **common)
        found = {
            "memory": memory.memory_capacity,
            "kernel rank": ranks["rank"].sel(set="unlike"),
            "generalisation rank": ranks["rank"].sel(set="alike"),
            "steps to 1e-6": forgot.steps_to.sel(level=1e-6),
        }
        for degree in (1, 2, 3):
            found[f"degree {degree}"] = capacity.by_degree.sel(degree=degree)
        rng = np.random.default_rng(0)
        drive = rng.uniform(-1, 1, (500, 1))
        if hasattr(made.fit(drive), "energy"):
            found["energy per step (J)"] = np.full(
                n_seeds, float(made.energy(drive).supply[0]) / 500
            )
        for measure, values in found.items():
            for seed, value in enumerate(np.ravel(values)):
                rows.append((name, measure, FIRST_SEED + seed, value))
        new = pd.DataFrame(rows, columns=columns)
        table = new if done.empty else pd.concat([done, new])
        table.to_csv(MEASURES_KEPT, index=False, float_format="%.5g")
        print(f"{name}, measures: {process_time() - begin:.0f} CPU s", flush=True)


def medians(path: Any, column: str) -> pd.DataFrame:
    """Return medians over seeds, reservoirs as rows."""
    done = pd.read_csv(path)
    value = "score" if column == "task" else "value"
    table = done.pivot_table(value, "reservoir", column, aggfunc="median")
    order = [name for name in ROWS if name in table.index]
    columns = list(TASKS) if column == "task" else list(dict.fromkeys(done[column]))
    return table.loc[order, [name for name in columns if name in table.columns]]


def with_ranges(path: Any) -> pd.DataFrame:
    """Return the scores of tasks as text, median and range over seeds."""
    done = pd.read_csv(path)

    def text(values: pd.Series) -> str:
        low, middle, high = values.min(), values.median(), values.max()
        return f"{middle:.2g} [{low:.2g}, {high:.2g}]"

    table = done.pivot_table("score", "reservoir", "task", aggfunc=text)
    order = [name for name in ROWS if name in table.index]
    return table.loc[order, [name for name in TASKS if name in table.columns]].fillna("–")


def figure() -> None:
    """Draw the scores relative to the best of each task."""
    table = medians(TASKS_KEPT, "task")
    relative = table.copy()
    for task in table:
        values = table[task].clip(lower=1e-4)
        relative[task] = values.max() / values if task == "Lorenz" else values / values.min()
    fig, ax = plt.subplots(figsize=(9, 6.5), layout="constrained")
    image = ax.imshow(
        np.ma.masked_invalid(relative), cmap="cividis_r", norm=LogNorm(1, 100), aspect="auto"
    )
    ax.set_facecolor("0.9")
    ax.set_xticks(range(table.shape[1]), [f"{t}\n{TASKS[t].unit}" for t in table], fontsize=7)
    ax.set_yticks(range(len(table)), table.index)
    for (i, j), value in np.ndenumerate(table.to_numpy()):
        if np.isfinite(value):
            dark = relative.iloc[i, j] > 10
            ax.text(j, i, f"{value:.2g}", ha="center", va="center", fontsize=7,
                    color="w" if dark else "k")  # fmt: skip
    fig.colorbar(image, ax=ax, label="error relative to the best (1)", shrink=0.6)
    fig.savefig(FIGURE, dpi=110)


def texts() -> dict[str, str]:
    """Return the tables of the page, by their marks."""
    tasks = pd.read_csv(TASKS_KEPT)
    searches = len(tasks.drop_duplicates(["reservoir", "task"]))
    hours = tasks.cpu_seconds.sum() / 3600
    return {
        "tasks": markdown(with_ranges(TASKS_KEPT).reset_index()),
        "measures": markdown(medians(MEASURES_KEPT, "measure").reset_index(), 2),
        "cost": f"The tasks took {hours:.1f} CPU hours for {searches} searches.",
    }


def write() -> None:
    """Write tables and figure of the page."""
    figure()
    for mark, text in texts().items():
        fill(PAGE, mark, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="reservoirs whose name holds this text")
    parser.add_argument("--tasks", default="", help="tasks whose name holds this text")
    parser.add_argument("--draws", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=10)
    given = parser.parse_args()
    names = [name for name in ROWS if given.only in name]
    tasks = [name for name in TASKS if given.tasks in name]
    warnings.filterwarnings("ignore", category=UserWarning)  # of settings that saturate
    measure_tasks(names, tasks, given.draws, given.seeds)
    if not given.tasks:
        measure_qualities(names, given.seeds)
    write()
    record("reservoir_map")


if __name__ == "__main__":
    main()
