"""Measure states through a simulated bench, and write docs/how-to/measured-reservoir.md.

    python benchmarks/measured.py

Minutes on one core. Results are kept in docs/results/measured.csv; ``--page`` writes the table
from them.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, fill, markdown, record

from mottle.datasets import read_states
from mottle.datasets.measured.alignment import correlate, innovations, principal, threshold
from mottle.reservoir import MemristorReservoir, VO2Reservoir, quality

PAGE, KEPT = DOCS / "how-to/measured-reservoir.md", DOCS / "results/measured.csv"
FIGURE = DOCS / "how-to/measured-reservoir/delay.png"
N_RUNS, N_STEPS, N_NODES, MAX_LAG = 20, 3000, 30, 15
DEVICES = {"WOx": MemristorReservoir, "VO2": VO2Reservoir}
GRADES = ((1e-3, 16), (1e-3, 12), (1e-3, 8), (1e-2, 12))  # noise, bits
DELAYS = (-31, 0, 7, 60)  # samples


def digitise(states, noise, bits, delay, rng):
    """Return recorded states, deviation of noise and quantisation of each channel, and range."""
    rest = np.repeat(states[:1], max(delay, 0), axis=0)
    x = np.concatenate([rest, states[max(-delay, 0) :]])
    deviation = noise * states.std(axis=0)
    x = x + deviation * rng.normal(size=x.shape)
    low, high = x.min() - 0.1 * np.ptp(x), x.max() + 0.1 * np.ptp(x)
    step = (high - low) / (2**bits - 1)
    codes = low + step * np.round((x - low) / step)
    return codes, np.hypot(deviation, step / np.sqrt(12)), (low, high)


def measure() -> pd.DataFrame:
    """Return one row a device and grade of the bench."""
    rows = []
    for name, kind in DEVICES.items():
        for noise, bits in GRADES:
            found, capacities = 0, []
            for run in range(N_RUNS):
                rng = np.random.default_rng(run)
                u = rng.uniform(-1, 1, N_STEPS)
                states = kind(N_NODES, random_state=run).fit_transform(u[:, np.newaxis])
                delay = DELAYS[run % len(DELAYS)]
                x, deviation, scale = digitise(states, noise, bits, delay, rng)
                with TemporaryDirectory() as folder:
                    np.save(Path(folder) / "run.npy", x)
                    measured = read_states(Path(folder) / "run.npy", u=u, full_scale=scale)
                found += int(measured.delay[0]) == delay
                noisy = states + deviation * rng.normal(size=states.shape)
                capacities.append([
                    float(quality.memory_capacity(one, v, max_lag=MAX_LAG).memory_capacity)
                    for one, v in ((measured, None), (noisy, u), (states, u))
                ])  # fmt: skip
            values = np.array(capacities)
            mean = values.mean(axis=0)
            apart = np.abs(values[:, 0] - values[:, 1]).max()
            rows.append((name, f"{100 * noise:g} %", bits, f"{found} of {N_RUNS}", *mean, apart))
            print(*rows[-1], flush=True)
    columns = ["device", "noise", "bits", "delays found", "measured", "same noise", "no noise",
               "largest difference"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def table(kept: pd.DataFrame) -> str:
    """Return the table of the page."""
    return markdown(kept, 2)


def draw() -> Figure:
    """Return correlation against delay, and memory by lag, of WOx memristors on the bench."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, N_STEPS)
    states = MemristorReservoir(N_NODES, random_state=0).fit_transform(u[:, np.newaxis])
    x, deviation, _ = digitise(states, 1e-3, 12, 23, rng)
    delays, steps = np.arange(-10, 61), np.arange(100, N_STEPS - 100)
    scores, new = principal(x, 32), innovations(u[:, np.newaxis])[0]
    explained = correlate(scores, new, steps, delays, 1)
    limit = threshold(steps.size, scores.shape[1], delays.size * new.shape[1])
    figure = Figure(figsize=(8, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(delays, np.sqrt(explained), ".-", ms=4)
    left.axhline(np.sqrt(limit), color="grey", ls="--", label="chance")
    left.axvline(23, color="C1", lw=1, label="true delay")
    left.set(xlabel="delay / samples", ylabel="multiple correlation", ylim=(0, 1))
    left.legend(frameon=False)
    noisy = states + deviation * rng.normal(size=states.shape)
    for label, one, mark in (
        ("measured", x[23:], "o"), ("simulated, same noise", noisy, "+"),
        ("simulated, no noise", states, "-"),
    ):  # fmt: skip
        memory = quality.memory_capacity(one, u, max_lag=MAX_LAG)
        right.plot(memory.lag, memory.r2, mark, label=label)
    right.set(xlabel="lag / steps", ylabel="squared correlation", ylim=(0, 1))
    right.legend(frameon=False)
    return figure


def main() -> None:
    """Measure unless only the page is wanted; write the page."""
    if "--page" not in sys.argv:
        measure().to_csv(KEPT, index=False)
        FIGURE.parent.mkdir(exist_ok=True)
        draw().savefig(FIGURE, dpi=70)
        record("measured")
    fill(PAGE, "bench", table(pd.read_csv(KEPT)))


if __name__ == "__main__":
    main()
