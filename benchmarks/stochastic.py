"""Write docs/results/stochastic.md, noise that helps and devices that draw: run it with python."""

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, markdown, record

from mottle.pipelines.figures import COLOURS
from mottle.reservoir import devices

PAGE = """# Noise and random switching

Written by `benchmarks/stochastic.py`; the numbers are in `docs/results/*.csv`.

## Stochastic resonance

A piecewise-linear oscillator ("vo2_pwl") at 2.25 V is silent: its threshold is 2.388 V. A sine of
0.08 V at 5 kHz does not reach it either. With voltage noise (`voltage_noise`, an
Ornstein-Uhlenbeck process) it fires, and its spikes are most phase-locked to the sine at 40 to 60
mV: with less noise it misses cycles, with more it fires at any phase. Five runs of 20 ms each,
median and range.

{resonance}

![stochastic resonance](../reference/devices/stochastic_resonance.png)

The power |sum of exp(i w t)|^2 / N grows with the length of the run. A noisy crossing is detected
only at the points of `dt_inner` (here 50 ns): a finer step gives up to a fifth more spikes at the
weakest noise.

## Probabilistic bits

A diffusive device ("ag_pulse") switches within a pulse of 20 ms with a probability that grows with
the pulse height, from 0 at 0.5 V to 1 at 1.05 V. The curve is steeper at its upper end than a
logistic function, so the height of a pulse is taken from the measured curve:

```python
pbit = devices.calibrate_pbit()  # P(V) of 2000 devices at each voltage
weights = [[0, -1, 2], [-1, 0, 2], [2, 2, 0]]  # C = A AND B
samples = devices.sample_pbits(weights, [1, 1, -2], beta=0.5, pbit=pbit)
backwards = devices.sample_pbits(weights, [1, 1, -2], beta=0.5, clamp={{2: 1}}, pbit=pbit)
```

Three such bits form an AND gate that also runs backwards. Relative frequency of each state (A, B,
C) in 20,000 sweeps, and the Boltzmann distribution at the same temperature (beta 0.5):

{gate}

Half the sum of the differences is {distance:.3f} for the free gate, due to the finite calibration
and the finite number of samples.

![probabilistic bits](../reference/devices/pbits.png)
"""


def resonance() -> pd.DataFrame:
    """Power of the spikes at the frequency of the sine, against the noise."""
    t = (np.arange(20_000) + 0.5) * 1e-6
    wave = 2.25 + 0.08 * np.sin(2 * np.pi * 5e3 * t)
    rows = []
    for millivolt in (10, 15, 20, 30, 40, 60, 80, 120, 200, 300):
        noise = {"voltage_noise": millivolt * 1e-3, "dt_inner": 5e-8}
        power, spikes = [], []
        for seed in range(5):
            run = devices.simulate("vo2_pwl", wave, 1e-6, random_state=seed, **noise)
            at = run.spike_time.values
            spikes.append(at.size)
            power.append(np.abs(np.exp(2j * np.pi * 5e3 * at).sum()) ** 2 / max(at.size, 1))
        rows.append((millivolt, np.median(spikes), np.median(power), min(power), max(power)))
    return pd.DataFrame(rows, columns=["noise (mV)", "spikes", "power", "lowest", "highest"])


def gate(pbit: devices.PBit) -> pd.DataFrame:
    """Shares of the states of the AND gate, free and with a bit held, beside Boltzmann's."""
    weights = np.array([[0.0, -1.0, 2.0], [-1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
    bias, beta = np.array([1.0, 1.0, -2.0]), 0.5
    states = np.array(list(product((-1, 1), repeat=3)))
    energy = -(np.einsum("si,ij,sj->s", states, weights, states) / 2 + states @ bias)
    table = pd.DataFrame({"A B C": ["".join("1" if m > 0 else "0" for m in s) for s in states]})
    for name, clamp in (("free", {}), ("C = 1", {2: 1}), ("C = 0", {2: -1})):
        samples = devices.sample_pbits(
            weights, bias, beta=beta, n_sweeps=20_000, clamp=clamp, pbit=pbit
        )
        allowed = np.array([all(s[k] == m for k, m in clamp.items()) for s in states])
        expected = np.exp(-beta * energy) * allowed
        table[f"{name}: Boltzmann"] = expected / expected.sum()
        table[f"{name}: devices"] = [(samples == s).all(axis=1).mean() for s in states]
    return table


def main() -> None:
    """Measure, draw and write."""
    curve, pbit = resonance(), devices.calibrate_pbit()
    shares = gate(pbit)
    curve.to_csv(DOCS / "results" / "stochastic-resonance.csv", index=False)
    shares.to_csv(DOCS / "results" / "and-gate.csv", index=False)
    figure = Figure(figsize=(4.5, 3.2), layout="constrained")
    axis = figure.subplots()
    spread = np.abs(curve[["lowest", "highest"]].T.to_numpy() - curve["power"].to_numpy())
    axis.errorbar(curve["noise (mV)"], curve["power"], spread, marker=".", color=COLOURS[0])
    axis.set(xscale="log", xlabel="noise (mV)", ylabel="power at 5 kHz")
    figure.savefig(DOCS / "reference/devices" / "stochastic_resonance.png", dpi=70)
    figure = Figure(figsize=(8.5, 3.2), layout="constrained")
    axes = figure.subplots(1, 2)
    axes[0].plot(pbit.voltage, pbit.probability, ".-", color=COLOURS[0])
    axes[0].set(xlabel="pulse (V)", ylabel="share that switches", title="20 ms pulses")
    place = np.arange(8)
    for k, name in enumerate(("free: Boltzmann", "free: devices")):
        axes[1].bar(place + 0.4 * k - 0.2, shares[name], 0.4, color=COLOURS[k], label=name)
    axes[1].set(xticks=place, xticklabels=shares["A B C"], title="AND gate, states A B C")
    axes[1].legend()
    figure.savefig(DOCS / "reference/devices" / "pbits.png", dpi=70)
    distance = 0.5 * (shares["free: Boltzmann"] - shares["free: devices"]).abs().sum()
    page = PAGE.format(resonance=markdown(curve), gate=markdown(shares), distance=distance)
    (DOCS / "results/stochastic.md").write_text(page, encoding="utf-8")
    record("stochastic")


if __name__ == "__main__":
    main()
