"""Write docs/explanations/energy.md with its figure and numbers: python benchmarks/energy.py."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, markdown, record

from mottle.pipelines import read_recipe
from mottle.pipelines.account import account_recipe
from mottle.pipelines.figures import COLOURS
from mottle.reservoir.devices import get
from mottle.reservoir.energy import LEVELS, chip_ratios, energy_summary, spike_energy

# pJ, of independent integrations by DOP853 and in closed form
REFERENCES = {
    ("vo2_neuristor", 10.5): (8044, 20837), ("vo2_neuristor", 12.0): (7397, 23397),
    ("vo2_neuristor", 14.0): (7158, 28636), ("vo2_neuristor_fast", 12.0): (5745, 15991),
    ("vo2_pwl", 2.5): (272.729, 431.713), ("vo2_pwl", 5.0): (184.255, 620.022),
    ("vo2_pwl", 12.0): (238.857, 1975.25),
}  # fmt: skip
PAGE = """# Energy

Written by `benchmarks/energy.py`; the numbers are in `docs/results/energy-*.csv`.

The kernels integrate V I with the stages of their integrator: in the devices, in the resistors in
series and between nodes, and from the supply. The rest of the supply's energy is stored in
capacitors. Operations of drivers, converters and arithmetic are counted and multiplied by an
energy per operation, which the report gives with its source.

```python
import numpy as np
from sklearn.pipeline import make_pipeline

from mottle.reservoir import RidgeReadout, VO2Reservoir
from mottle.reservoir.energy import chip_ratios, energy_report, energy_summary, spike_energy

X, y = np.random.default_rng(0).uniform(-1, 1, (6, 20, 3)), [0, 1] * 3
pipeline = make_pipeline(VO2Reservoir(50, regime="oscillating",
    pool="mean", random_state=0), RidgeReadout()).fit(X, y)
report = energy_report(pipeline, X)  # fitted pipeline, recordings; a row per part
energy_summary(report)  # device, + resistors and drivers, + converters and arithmetic
chip_ratios(report)  # compared with the synaptic operations of neuromorphic chips
pipeline[0].energy(X)  # xarray: device, resistor, supply in J and spikes, for each recording
spike_energy("vo2_pwl", 5.0, capacitance=1e-13)  # one spike, over whole cycles
```

Absent recordings are not counted; `report.attrs["not_counted"]` lists the parts that are left out
(encoders, scalers, the writing of crossbars, the training of an STDP layer). `mottle energy
demo-grasp` prints the report for each reservoir of a recipe. A live run sums its energies with
`state = reservoir.start(1, meter=True)`, in `state.spent`.

## One spike

{spikes}

The reference columns are solutions of the same equations by other methods (DOP853 from reversal to
reversal, and closed forms); here the thermal neuristors are integrated by Heun's method.

## "Below one picojoule per spike"

This does not hold for published devices of micrometre size, which take nanojoules. At constant
resistances and thresholds, the energy per spike is proportional to the capacitance (for a thermal
neuristor to electric and thermal capacitance), so that it is one picojoule at

{limits}

A neuristor would have to be scaled to the femtofarads of the last row, and to femtojoules per
kelvin. The energy to switch a film once (a few fJ in nanogaps, arXiv:2403.13530) is a different
quantity: it does not include the charge of the capacitor, which is released at every spike.

![energy of a spike against capacitance](energy/capacitance.png)

## A grasp of the demo

`mottle energy demo-grasp`: touch and joints, 64 nodes each, 12 steps, middle fusion. Mean of twenty
recordings.

{account}

Distribution over recordings of the total. The power of a WOx memristor depends on the sinh of its
voltage, so that a few strong drives dominate, and the mean is twice the median:

{spread}

![where the energy goes](energy/account.png)

The energy is determined by the time for which a device is held, and by its voltage. A WOx memristor
is held for 10 ms per step, since its time constant is 50 ms; a neuristor for a microsecond, but at
12 V and a milliampere. Converters and arithmetic are three orders of magnitude lower. An echo state
network of the same size in 8-bit arithmetic takes less than both: these devices would have to be
much smaller to be competitive in energy.

Encoders, control, clock and cooling are not counted.

## "Forty times below Loihi 2"

This ratio cannot be computed: no energy of a synaptic operation of Loihi 2 has been published. A
ratio to Loihi (2018), 23.6 pJ, needs comparable operations: a synaptic operation is one weighted
input of a neuron; here it corresponds to a multiply-accumulate of the readout, to which the total
energy of the pipeline is assigned. `chip_ratios(report)` computes this; above 1, the pipeline takes
less. The chips' figures are those of SENECA's authors (PMC10326429, table 3).

{chips}

A ratio of 40 to Loihi would require 0.59 pJ per operation, all included. A ratio that counts the
film only, and a spike as an operation, compares different quantities.
"""


def spikes() -> pd.DataFrame:
    """Return the energy of a spike of each device beside its reference."""
    rows = []
    for (name, volts), (device, supply) in REFERENCES.items():
        e = spike_energy(name, volts)
        rows.append(
            (name, volts, e.capacitance * 1e12, e.swing, e.period * 1e9, e.device * 1e12, device,
             e.resistor * 1e12, e.supply * 1e12, supply)
        )  # fmt: skip
    columns = ("device", "supply (V)", "C (pF)", "swing (V)", "period (ns)", "device (pJ)",
               "reference", "resistor (pJ)", "from supply (pJ)", "reference ")  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def scaled(name: str, share: float) -> object:
    """Return a device whose capacities, electric and thermal, are ``share`` of the preset's."""
    preset = get(name)
    changed = {"capacitance": share * preset.capacitance}
    if hasattr(preset, "c_th"):
        changed["c_th"] = share * preset.c_th
    return preset._replace(**changed)


def capacities() -> pd.DataFrame:
    """Return the energy of a spike against the capacitance, all else of the circuit as it is."""
    rows = []
    for name, volts in (("vo2_pwl", 2.5), ("vo2_pwl", 5.0), ("vo2_neuristor", 12.0)):
        for share in np.geomspace(1e-5, 1, 11):
            e = spike_energy(scaled(name, share), volts)
            rows.append((name, volts, e.capacitance, e.swing, e.device, e.supply))
    columns = ("device", "supply (V)", "C (F)", "swing (V)", "device (J)", "from supply (J)")
    return pd.DataFrame(rows, columns=columns)


def limits(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the capacitance at which a spike costs one picojoule."""
    rows = []
    for (name, volts), part in curve.groupby(["device", "supply (V)"], sort=False):
        c = [
            np.exp(np.interp(np.log(1e-12), np.log(part[what]), np.log(part["C (F)"])))
            for what in ("device (J)", "from supply (J)")
        ]
        swing = part["swing (V)"].median()
        rows.append((name, volts, swing, c[0] * 1e12, c[1] * 1e12))
    columns = (
        "circuit",
        "supply (V)",
        "swing (V)",
        "device alone: C (pF)",
        "all of the supply: C (pF)",
    )
    return pd.DataFrame(rows, columns=columns)


def draw_capacities(curve: pd.DataFrame) -> Figure:
    """Draw energies against capacitance, with the picojoule."""
    figure = Figure(figsize=(5.5, 3.4), layout="constrained")
    axis = figure.subplots()
    groups = curve.groupby(["device", "supply (V)"], sort=False)
    for colour, ((name, volts), part) in zip(COLOURS, groups, strict=False):
        label = f"{name}, {volts:g} V"
        axis.loglog(
            part["C (F)"] * 1e12, part["device (J)"], color=colour, label=f"{label}: device"
        )
        axis.loglog(part["C (F)"] * 1e12, part["from supply (J)"], "--", color=colour)
    axis.axhline(1e-12, color="0.4", ls=":", label="1 pJ")
    axis.set(xlabel="capacitance (pF)", ylabel="energy of a spike (J)", title="dashed: from supply")
    axis.legend(fontsize="small")
    return figure


def draw_account(reports: dict[str, pd.DataFrame]) -> Figure:
    """Draw where a recording's energy goes."""
    figure = Figure(figsize=(6.5, 3.2), layout="constrained")
    axis = figure.subplots()
    width = 0.8 / len(reports)
    for k, (name, report) in enumerate(reports.items()):
        sums = report.groupby("level")["energy"].sum().reindex(list(LEVELS))
        axis.bar(np.arange(len(LEVELS)) + k * width, sums, width, label=name, color=COLOURS[k])
    axis.set_xticks(np.arange(len(LEVELS)) + 0.3, LEVELS)
    axis.set(yscale="log", ylabel="energy of a recording (J)")
    axis.legend()
    return figure


def main() -> None:
    """Measure, draw and write."""
    (DOCS / "explanations/energy").mkdir(exist_ok=True)
    table, curve = spikes(), capacities()
    limit = limits(curve)
    reports = account_recipe(read_recipe("demo-grasp")[0])
    sums = pd.concat({name: energy_summary(report) for name, report in reports.items()})
    sums = (sums * 1e9).rename_axis(["reservoir", "counted"]).reset_index()
    sums.columns = [
        "reservoir",
        "counted",
        "per recording (nJ)",
        "per node and step (nJ)",
        "per spike (nJ)",
    ]
    spread = pd.DataFrame(
        [(name, np.mean(e), np.median(e), min(e), max(e))
         for name, e in ((k, 1e9 * np.array(r.attrs["energies"])) for k, r in reports.items())],
        columns=["reservoir", "mean (nJ)", "median (nJ)", "least (nJ)", "most (nJ)"],
    )  # fmt: skip
    chips = pd.DataFrame({"chip": chip_ratios(reports["vo2"]).index})
    chips["energy per operation (pJ)"] = (
        chip_ratios(reports["vo2"]).chip_per_operation.to_numpy() * 1e12
    )
    for name in ("vo2", "memristor", "echo"):
        chips[f"ratio to {name}"] = chip_ratios(reports[name]).ratio.to_numpy()
    table.to_csv(DOCS / "results" / "energy-spikes.csv", index=False)
    curve.to_csv(DOCS / "results" / "energy-capacitance.csv", index=False)
    spread.to_csv(DOCS / "results" / "energy-spread.csv", index=False)
    sums.to_csv(DOCS / "results" / "energy-account.csv", index=False)
    draw_capacities(curve).savefig(DOCS / "explanations/energy" / "capacitance.png", dpi=70)
    draw_account(reports).savefig(DOCS / "explanations/energy" / "account.png", dpi=70)
    page = PAGE.format(
        spikes=markdown(table, 4), limits=markdown(limit), account=markdown(sums),
        spread=markdown(spread), chips=markdown(chips),
    )  # fmt: skip
    (DOCS / "explanations/energy.md").write_text(page, encoding="utf-8")
    record("energy")


if __name__ == "__main__":
    main()
