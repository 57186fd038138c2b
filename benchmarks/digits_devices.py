"""Write docs/device-pipeline.md: event digits through devices only (about 25 minutes, MOTTLE_DATA).

python benchmarks/digits_devices.py
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, markdown
from tqdm import tqdm

from mottle.pipelines.account import account_recipe
from mottle.pipelines.experiment import run_recipe
from mottle.pipelines.figures import COLOURS
from mottle.pipelines.recipe import read_recipe
from mottle.reservoir.energy import energy_summary

STAGES = {
    "none": "event rates",
    "echo": "echo state network, 400 nodes",
    "vo2": "578 VO2 neuristors",
    "drawn": "neuristors, 400 STDP neurons as drawn",
    "stdp": "neuristors, 400 STDP neurons, learnt",
}
AGES = {"sight": "float", "sight on crossbars, fresh": "64 levels, fresh",
        "sight on crossbars, 1 d": "64 levels, a day old"}  # fmt: skip
PAGE = """# Event digits through devices only

Written by `benchmarks/digits_devices.py`; the numbers are in `docs/results/digits-devices*.csv`.
`mottle run digits-devices` runs the recipe, `mottle energy digits-devices` the account.

Event rates of 17 x 17 x 2 cells in 30 steps drive one VO2 neuristor each, biased at 8.5 V, below
the 10 V at which it oscillates: a neuristor fires where there are events, and rests elsewhere. Its
spikes reach 400 neurons with receptive fields of 9 x 9 cells, which learn by spike times and
without labels. A ridge readout on their spike counts in three segments is written into 1T1R cells
("cmo_hfox", pairs, 64 levels, tiles of 128 x 128, wires of 1 ohm a segment, 8-bit converters),
read fresh and after a day.

1000 recordings of N-MNIST, five stratified folds, five seeds (devices, layer, readout's cells).
Accuracy in %, median (lowest to highest); the same readout behind every row:

{scores}

![accuracy at each stage](device-pipeline/accuracy.png)

{reading}

Settings were set by hand, while looking at the first fold: the bias and gain of the neuristors
among two, the layer's fields, time constant and forgetting among five.

## Energy of a digit

Mean of twenty digits of the first fold; the readout is that in crossbars.

{energy}

Nearly all of it is spent in the neuristors and their resistors, which take current whether they
fire or not: at 8.5 V a film of 52 kOhm behind 12 kOhm takes 1.1 mW, for 90 us a digit, 578 times.
Layer and crossbar together take thousandths of that. What a read of a synapse and a conversion
cost is assumed, and said so in the report ([energy](energy.md)).
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
        axis.bar(place, middle, 0.25, yerr=reach, capsize=2, color=COLOURS[k], label=label)
    axis.set_xticks(range(len(STAGES)), [text.replace(", ", "\n") for text in STAGES.values()],
                    fontsize="small")  # fmt: skip
    axis.set(ylabel="accuracy (%)", ylim=(80, 96))
    axis.legend(ncols=3, fontsize="small")
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
               "spikes"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def main() -> None:
    """Run, account, draw and write."""
    recipe, text = read_recipe("digits-devices")
    with tqdm(desc="folds, stages and seeds") as bar:
        scores = run_recipe(recipe, text, lambda done, of: bar.update(1)).scores
    (DOCS / "device-pipeline").mkdir(exist_ok=True)
    scores.to_csv(DOCS / "results" / "digits-devices.csv", index=False)
    account = energies(account_recipe(recipe))
    account.to_csv(DOCS / "results" / "digits-devices-energy.csv", index=False)
    draw(scores).savefig(DOCS / "device-pipeline" / "accuracy.png", dpi=70)
    page = PAGE.format(
        scores=markdown(stages(scores)), reading=compare(scores), energy=markdown(account)
    )
    (DOCS / "device-pipeline.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
