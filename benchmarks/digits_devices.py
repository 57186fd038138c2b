"""Write docs/results/device-pipeline.md: event digits through devices only (needs MOTTLE_DATA).

python benchmarks/digits_devices.py runs all, half an hour; python benchmarks/digits_devices.py page
writes the page from the numbers that are there.
"""

import sys

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, markdown, record
from tqdm import tqdm

from mottle.pipelines import read_recipe, run_recipe
from mottle.pipelines.account import account_recipe
from mottle.pipelines.figures import COLOURS
from mottle.reservoir.energy import energy_summary

RESULTS = DOCS / "results"
STAGES = {
    "none": "event rates (1734 features)",
    "echo": "echo state network (1200)",
    "vo2": "578 VO2 neuristors (1734)",
    "drawn": "neuristors, 400 STDP neurons, as drawn (1200)",
    "stdp": "neuristors, 400 STDP neurons, learnt (1200)",
}
AGES = {"sight": "float", "sight on crossbars, fresh": "64 levels, fresh",
        "sight on crossbars, 1 d": "64 levels, a day old"}  # fmt: skip
PAGE = """# Event digits through devices only

Written by `benchmarks/digits_devices.py`; the numbers are in `docs/results/digits-devices*.csv`.
`mottle run digits-devices` runs the recipe, `mottle energy digits-devices` reports its energy.

Event rates of 17 x 17 x 2 cells in 30 steps each drive one VO2 neuristor, biased at 8.5 V, below
the 10 V at which it oscillates: a neuristor fires at high event rates only. Its spikes are the
input of 400 neurons with receptive fields of 9 x 9 cells, trained by STDP without labels. A ridge
readout on their spike counts in three segments is written to 1T1R cells ("cmo_hfox", differential
pairs, 64 levels, tiles of 128 x 128, wires of 1 ohm per segment, 8-bit converters, no compensation
of the IR drop), and evaluated fresh and after a day.

There are two time scales. Neuristors have time constants of microseconds: a step is held for 3 us
and a digit for 90 us, 3400 times faster than the recording of the camera. The layer learns in real
time, with steps of 10.3 ms and pulses of 5 to 100 ms. Between them spike counts are buffered step
by step in a memory that is not counted below. Neuristors driven in real time would fire, and use
energy, 3400 times as much.

1000 recordings of N-MNIST, five stratified folds, five seeds (devices, layer, readout's cells).
Accuracy in %, median (lowest to highest); the same readout behind every row:

{scores}

![accuracy at each stage](device-pipeline/accuracy.png)

{reading}

Settings were tuned by hand on the first fold: bias and gain of the neuristors from two candidates,
the layer's fields, time constant and forgetting from five.

## In a recipe

A table `then` in that of a reservoir adds an STDP layer after it; a table `crossbar` writes every
readout (of each sense, and of early, middle and late fusion) to crossbars and scores it at each
age. Its keys are those of `Crossbar` and `CrossbarReadout`:

```toml
[reservoirs.stdp]
kind = "VO2Reservoir"
observable = "spikes"
then = {{ kind = "STDPLayer", n_neurons = 400, dt = 0.01033, n_segments = 3 }}

[crossbar]
shape = [128, 128]
device = "cmo_hfox"
n_levels = 64
ages = [0.0, 86400.0]  # s
```

## Energy per digit

Mean of twenty digits of the first fold; the readout is that in crossbars.

{energy}

Nearly all of it is dissipated in the neuristors and their resistors, which draw current whether
they fire or not: at 8.5 V a film of 52 kOhm behind 12 kOhm takes 1.1 mW for 90 us per digit, 578
times. Layer and readout together take {share:.1e} of that. Membranes and thresholds of the layer's
neurons are not counted; the energies of a synapse read and of a conversion are assumptions, given
in the report ([energy](../explanations/energy.md)).
"""


def spread(scores: pd.Series) -> str:
    """Median and range in percent."""
    low, middle, high = 100 * scores.min(), 100 * scores.median(), 100 * scores.max()
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def stages(scores: pd.DataFrame) -> pd.DataFrame:
    """Lay scores out: a row a stage, a column a readout."""
    rows = []
    for name, label in STAGES.items():
        own = scores[scores.reservoir == name].groupby("inputs")["score"]
        rows.append((label, *(spread(own.get_group(inputs)) for inputs in AGES)))
    return pd.DataFrame(rows, columns=["features", *AGES.values()])


def compare(scores: pd.DataFrame) -> str:
    """Say in a sentence each what learning, and the crossbar, change seed by seed."""
    wide = 100 * scores.pivot_table("score", "seed", ["reservoir", "inputs"])
    fronts = [f"{text} {spread(gain / 100)} points" for text, gain in (
        ("over the same layer as drawn", wide["stdp", "sight"] - wide["drawn", "sight"]),
        ("over the neuristors' own spike counts", wide["stdp", "sight"] - wide["vo2", "sight"]),
        ("over event rates", wide["stdp", "sight"] - wide["none", "sight"]),
    )]  # fmt: skip
    lost = wide["stdp", "sight"] - wide["stdp", "sight on crossbars, 1 d"]
    return (
        f"Seed by seed, the learnt layer gains {', '.join(fronts)}. Sixty-four levels, wires, "
        f"converters and a day cost it {spread(lost / 100)} points. The folds are the same for all "
        "seeds, so that ranges show devices and draws, not recordings."
    )


def draw(scores: pd.DataFrame) -> Figure:
    """Draw accuracy by stage and readout."""
    figure = Figure(figsize=(7, 3.4), layout="constrained")
    axis = figure.subplots()
    for k, (inputs, label) in enumerate(AGES.items()):
        own = scores[scores.inputs == inputs].groupby("reservoir")["score"]
        middle = 100 * own.median()[list(STAGES)]
        reach = np.abs(
            100 * np.array([own.min()[list(STAGES)], own.max()[list(STAGES)]]) - [*[middle] * 2]
        )
        place = np.arange(len(STAGES)) + 0.27 * (k - 1)
        axis.errorbar(place, middle, reach, fmt="o", capsize=3, color=COLOURS[k], label=label)
    names = [text.replace(", ", "\n").replace(" (", "\n(") for text in STAGES.values()]
    axis.set_xticks(range(len(STAGES)), names, fontsize="small")
    axis.set(ylabel="accuracy (%)", title="median and range of five seeds")
    axis.grid(axis="y", alpha=0.3)
    axis.legend(ncols=3, fontsize="small", loc="lower right")
    return figure


def energies(reports: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Sum the accounts up in nJ a digit."""
    rows = []
    for name, report in reports.items():
        sums = energy_summary(report).per_inference * 1e9
        readout = report[report.stage == "readout"]["energy"].sum() * 1e9
        layer = report[report.stage.str.endswith("stdplayer")]["energy"].sum() * 1e9
        rows.append((STAGES[name], *sums, layer, readout, report.attrs["spikes"]))
    columns = ["features", "devices (nJ)", "+ resistors, drivers (nJ)",
               "+ converters, digital (nJ)", "of these the layer (nJ)", "and the readout (nJ)",
               "spikes with the layer's"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def measure() -> None:
    """Run the recipe and the account, and keep their numbers."""
    with tqdm(desc="folds, stages and seeds") as bar:
        scores = run_recipe("digits-devices", progress=lambda done, of: bar.update(1)).scores
    scores.to_csv(RESULTS / "digits-devices.csv", index=False)
    account = energies(account_recipe(read_recipe("digits-devices")[0]))
    account.to_csv(RESULTS / "digits-devices-energy.csv", index=False)


def page() -> str:
    """Return the page, from the kept numbers."""
    scores = pd.read_csv(RESULTS / "digits-devices.csv")
    account = pd.read_csv(RESULTS / "digits-devices-energy.csv")
    account["features"] = list(STAGES.values())
    learnt = account.iloc[-1]
    share = learnt.filter(like="of these the layer").sum() + learnt.filter(like="the readout").sum()
    return PAGE.format(
        scores=markdown(stages(scores)), reading=compare(scores), energy=markdown(account),
        share=share / learnt.filter(like="converters").sum(),
    )  # fmt: skip


def main() -> None:
    """Measure, unless the argument is "page"; draw and write."""
    if sys.argv[1:] != ["page"]:
        measure()
        record("digits_devices")
    (DOCS / "results" / "device-pipeline").mkdir(exist_ok=True)
    scores = pd.read_csv(RESULTS / "digits-devices.csv")
    draw(scores).savefig(DOCS / "results" / "device-pipeline" / "accuracy.png", dpi=70)
    (DOCS / "results/device-pipeline.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
