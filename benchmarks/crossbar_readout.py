"""Write docs/how-to/crossbar-readout.md, weights in cells and their ageing: run it with python."""

from functools import partial
from warnings import filterwarnings

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pages import DOCS, record
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from mottle.datasets import load_icub_grasp
from mottle.pipelines.figures import COLOURS
from mottle.reservoir import (
    EchoStateReservoir,
    MemristorReservoir,
    NoReservoir,
    RidgeReadout,
    VO2Reservoir,
)
from mottle.reservoir.nonvolatile import (
    Crossbar,
    CrossbarReadout,
    age,
    draw_robustness,
    measure_levels,
    robustness,
    write,
)
from mottle.reservoir.nonvolatile.cells import conductance_range, retention_of
from mottle.sensors import TaxelDrive

SEEDS, DAY = range(5), 86_400.0
STATISTICS = ("milo2021", "wan2022_day", "cmo_hfox", "cmo_hfox_fine", "pcm")
PULSED = ("reram_es", "reram_sb", "reram_om", "reram_hfo2", "ecram", "gokmen_vlasov")
WRITTEN = (*STATISTICS, *PULSED, "memdiode_hfo2")
PAGE = """# Readouts in nonvolatile crossbars

Written by `benchmarks/crossbar_readout.py`; the numbers are in `docs/results/crossbar-*.csv`.

```python
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split

from mottle.reservoir import RidgeReadout
from mottle.reservoir.nonvolatile import Crossbar, CrossbarReadout, draw_robustness, robustness

X_train, X_test, y_train, y_test = train_test_split(*load_iris(return_X_y=True), random_state=0)
tile = Crossbar((40, 25), device="cmo_hfox", wire_resistance=2.0)
readout = CrossbarReadout(RidgeReadout(), tile, n_levels=64).fit(X_train, y_train)
readout.score(X_test, y_test), readout.score_float(X_test, y_test)
readout.age(86_400).compare(X_test, y_test)
draw_robustness(robustness(readout, X_test, y_test))
```

Features are converted to voltages (8 bits, +-0.2 V, ranges from the training data) and weights to
differential pairs of cells; column currents are converted with 8 bits, tile by tile. Each output
of a tile has a digital gain and offset, fitted to training data right after writing
(`compensate`). Device "ideal" has no errors. The largest weight of a tile is mapped to the full
range. Outputs with much smaller weights have large errors: `fit` warns of them, `compare` names
the worst (`worst_output`), and `scale="column"` maps each output to the full range.
`readout.written_` lists pulses, energy and yield of every tile. `Crossbar.program` and `age` write
and age an array without a readout, `write` and `age` single cells.

## Distinguishable levels

Columns are the numbers of levels written, evenly spaced over the range; entries count those whose
means +- 2 standard deviations over 200 cells do not overlap. `published` is the limit that the
statistics give for optimally placed levels (`devices.levels`), fresh and, where retention was
published, after a day. Pulse-response models are written by write-verify to a quarter of a step.

{levels}

- **Most published statistics do not give 32 to 128 levels**: of 128 written levels, {milo}
  ("milo2021"), {wan} ("wan2022_day") or {cmo} ("cmo_hfox") are distinguishable when fresh; of the
  last {cmo_second} after a second, {cmo_day} after a day. Only "cmo_hfox_fine", with a ten times
  smaller tolerance, has {fine} when fresh: {fine_second} after a second, {fine_day} after a day.
- **The pulse-response models appear to have 128 levels**: write-verify continues until the
  tolerance is met, and no retention was published with them, nor with "milo2021". Numbers after a
  day would equal the fresh ones and are left out. `age`, `measure_levels` and `robustness` warn of
  this and report it in the attribute `retention` of their results. Read noise of 1 % in the
  verification reduces the number of levels (column "1 % reads").
- **Open loop** (pulse numbers from the mean curve, without reads) gives {blind_least} to
  {blind_most} levels of 128.
- **The memdiode of the published SPICE card is volatile**: at 0 V its state decays with 132 s.

![levels](crossbar/levels.png)

## Cost of writing

64 levels, 2000 cells starting at their lowest conductance; the energy is that of pulses of 1.5 V
and reads of 0.2 V for 0.1 us (memdiode: ramps of 1 us pulses from 2 V), which are assumed
voltages. `yield` is the fraction of cells within a quarter of a step.

{writing}

Stuck cells ("reram_om" 13 %, "reram_hfo2" 10 %, as published) use the maximum number of pulses
without effect. The memdiode's energy is large because the card has no current compliance:
milliamperes flow for a microsecond at every pulse.

## Ageing

![ageing](crossbar/ageing.png)

Each cell ages along one random path, so that its conductances at different times are consistent.
RRAM relaxes with the logarithm of time, phase-change memory and the interface device with a power
of time, the memdiode by its equation of state. Relaxation of RRAM was published from 1 s after
writing: before 1 s cells have their written conductance, and at 1 s there is a step ("cmo_hfox":
from 49 levels to 31).

## A 40 by 25 array

Touch and joints of the iCub hand (60 taxels and 9 joints, ten objects, 200 grasps that ship with
the package), each through 10 VO2 neuristors whose currents are averaged in two halves: 40
features; ten objects in pairs of lines, five lines unused. The size is that of a published array;
the task is different, so the scores cannot be compared with its 94 %. Blocked folds (five sets of
neighbouring trials), five seeds for reservoir and cells: median and range of the accuracy in %.
Wires of 2 ohm per segment, 64 levels and 8 bits, chosen by hand. The task was chosen after seeing
scores: the first one, touch alone through 20 WOx memristors, had lower scores (55.5 %, and 84.0 %
for its raw input).

{baselines}

{demo}

Arrays with a tenth of their cells stuck ("reram_om", "reram_hfo2") need differential pairs for
these scores: the other cell of a pair compensates a stuck one, as far as its range allows
(`repair`).

An offset column instead of pairs takes 11 lines of the 25:

{mappings}

![robustness](crossbar/robustness.png)

Scores over draws of the cells on one fold, 20 draws per point (`robustness`), other settings as
above; one of the 40 grasps in the fold is 2.5 points.

## Compensation by gains

Each output of a tile has a gain and an offset, fitted by least squares between the products as
written and the exact ones, on at most 256 rows of training data. They take one multiplication per
output and tile (included in `count_operations`), and do not change while cells age, until
`recalibrate`. "128 x 60" is a synthetic regression (600 rows of noise features, a third held out,
targets linear in their tanh) in the default tile, score R2 in %; the others are the array above
on its first fold, fresh, "cmo_hfox", accuracy in %. Scores on test data, median and range over
five seeds; the error is the root mean square error of the decision, relative to the decision's
standard deviation.

{gains}

The mapping assumes currents proportional to voltages. For cells with a selector or `v_sinh`, which
are nonlinear, `CrossbarReadout` warns: a gain corrects the mean slope, not the curvature. With the
sinh selector gains recover most of the loss, except for ten points.

## Device-aware training

`aware=seconds` estimates the errors of cells by writing some, and injects them in the fit
(`fit_aware`). Errors and scores are those after a day, or of fresh cells if no retention was
published (column `age`). "small" is the array above; "large" has 64 neuristors per sense, pooled
in four segments, 512 features in tiles of 128 by 128, without wires and on the first fold only,
where one of 40 grasps is 2.5 points. Median and range over five seeds, accuracy in %.

{aware}

{outcome} If the plain readout has no loss, there is nothing to gain.

## Against floating point

No noise, no wires, 128 levels: worst error of a decision in units of the decisions' range, and
fraction of equal labels, on held-out data within the ranges of the training data.

{reference}

A pair of cells with 128 levels rounds every weight by up to 1/254 of the largest: this dominates
the error, not the converters. Two cells per weight and sign ("sliced") have errors below a
thousandth.

## Cost

{cost}

The energy is that of cells and wires only, with the actual features applied for 0.1 us. Converters
and drivers are counted by `count_operations`; `energy_report` adds their energies.
"""


def table_of(frame: pd.DataFrame) -> str:
    """Return a table with numbers of three digits."""
    text = frame.map(lambda v: f"{v:.3g}" if isinstance(v, float) else str(v))
    lines = [list(map(str, text.columns)), ["---"] * text.shape[1], *text.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def span(values: list[float]) -> str:
    """Median and range."""
    return f"{np.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


def levels() -> pd.DataFrame:
    """Return the number of distinguishable levels for each device and write method."""
    rows = []
    for name in WRITTEN:
        many = {"n_cells": 100} if name == "memdiode_hfo2" else {}
        retained = retention_of(name) == "published"
        times = [0.0, 1.0, DAY] if retained else [0.0]
        run = measure_levels(name, times=times, random_state=0, **many)
        row = {"device": name, "published": ""}
        if "published" in run:
            ends = run.published.values[[0, -1] if retained else [0]]
            row["published"] = " / ".join(f"{v:.0f}" for v in ends)
        fresh = run.distinguishable[0]
        row |= {f"{n}": int(fresh.sel(n_levels=n)) for n in run.n_levels.values}
        pulsed = name in PULSED
        later = run.distinguishable.sel(n_levels=128)
        row["128, a second"] = int(later[1]) if retained else ""
        row["128, a day"] = int(later[2]) if retained else ""
        if pulsed:
            noisy = measure_levels(name, 128, 0.0, read_noise=0.01, random_state=0)
            blind = measure_levels(name, 128, 0.0, method="open", random_state=0)
            row["128, 1 % reads"] = int(noisy.distinguishable[0, 0])
            row["128, open loop"] = int(blind.distinguishable[0, 0])
        else:
            row["128, 1 % reads"], row["128, open loop"] = "", ""
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def writing() -> pd.DataFrame:
    """Pulses, energy and yield of writing 64 levels."""
    rows = []
    for name in WRITTEN:
        low, high = conductance_range(name)
        goals = low + (high - low) * np.random.default_rng(0).integers(0, 64, 2000) / 63
        run = write(name, goals, tolerance=(high - low) / 63 / 4, random_state=0)
        known = not np.isnan(run.pulses).any()
        rows.append({
            "device": name, "range (uS)": f"{low * 1e6:.3g} to {high * 1e6:.3g}",
            "pulses, median": float(run.pulses.median()) if known else "not known",
            "pulses, 95 %": float(run.pulses.quantile(0.95)) if known else "",
            "energy (pJ), median": float(run.energy.median()) * 1e12 if known else "",
            "yield": run.attrs["yield"], "stuck": float(run.stuck.mean()),
        })  # fmt: skip
    return pd.DataFrame(rows)


def features(make):
    """Features of touch and joints side by side, of every seed and fold: (seed, X, y, X, y)."""
    table, y, groups = load_icub_grasp()
    parts = []
    for seed in SEEDS:
        for train, test in GroupKFold(5).split(table, y, (groups - 1) // 4):
            both = []
            for k, sense in enumerate(("touch", "joints")):
                model = make_pipeline(TaxelDrive(n_steps=12), make(2 * seed + k))
                stream = table[sense]
                first = model.fit_transform(stream.iloc[train], y[train])
                both.append((first, model.transform(stream.iloc[test])))
            A, B = (np.hstack(side) for side in zip(*both, strict=True))
            parts.append((seed, A, y[train], B, y[test]))
    return parts


def neuristors(seed, n_nodes=10, n_segments=2):
    """VO2 neuristors as in the recipe of the demo."""
    return VO2Reservoir(
        n_nodes, regime="oscillating",
            observable="current", dt_device=1e-6, dt_inner=2e-8, pool="mean",
        n_segments=n_segments, random_state=seed,
    )  # fmt: skip


def memristors(seed, n_nodes=10, n_segments=2):
    """WOx memristors as in the recipe of the demo."""
    return MemristorReservoir(n_nodes, pool="mean", n_segments=n_segments, random_state=seed)


def over_seeds(parts, score):
    """Mean of a score (or scores) over the folds, one a seed, in %."""
    found = [(seed, score(*rest, seed)) for seed, *rest in parts]
    return [100 * np.mean([s for k, s in found if k == seed], axis=0) for seed in SEEDS]


def float_score(A, a, B, b, seed):
    return RidgeReadout().fit(A, a).score(B, b)


def cell_scores(A, a, B, b, seed, device, **options):
    """Accuracy fresh and, where retention is known, after an hour and after a day."""
    tile = Crossbar((40, 25), device=device, wire_resistance=2.0)
    readout = CrossbarReadout(RidgeReadout(), tile, random_state=seed, **options).fit(A, a)
    times = (0.0, 3600.0, DAY) if retention_of(device) != "not published" else (0.0,)
    return [readout.age(t).score(B, b) for t in times]


def demo(parts):
    """Accuracies of the 40 by 25 array with every device."""
    exact = over_seeds(parts, float_score)
    rows = [{"cells": "floating point", "fresh": span(exact), "an hour": "", "a day": ""}]
    stuck = [(name, False) for name in ("reram_om", "reram_hfo2")]
    for name, repair in [(name, True) for name in ("ideal", *WRITTEN)] + stuck:
        found = np.array(over_seeds(parts, partial(cell_scores, device=name, repair=repair)))
        label = "ideal (no errors)" if name == "ideal" else name
        label = label if repair else f"{name}, not repaired"
        row = {"cells": label, "fresh": span(found[:, 0])}
        retained = retention_of(name) != "not published"
        for k, when in ((1, "an hour"), (2, "a day")):
            row[when] = span(found[:, k]) if retained else "not published"
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def mappings(parts):
    """Accuracies by mapping, with the same cells."""
    rows = []
    for name, lines in (("differential", 20), ("offset", 11)):
        found = np.array(over_seeds(parts, partial(cell_scores, device="cmo_hfox", mapping=name)))
        rows.append({"mapping": name, "lines": lines, "fresh": span(found[:, 0]),
                     "a day": span(found[:, 2])})  # fmt: skip
    return pd.DataFrame(rows)


def gains(parts):
    """Scores and errors with and without gains of outputs."""
    wired = {"device": "cmo_hfox", "wire_resistance": 2.0}
    kinds = {
        "128 x 60, wires of 1 ohm": None,
        "40 x 25, wires of 2 ohm": {},
        "40 x 25, sinh selector": {"topology": "passive", "selector": "sinh"},
        "40 x 25, own sinh, 0.1 V": {"v_sinh": 0.1},
    }
    rows = []
    for name, cell in kinds.items():
        tile = None if cell is None else Crossbar((40, 25), **wired, **cell)
        model = Ridge() if cell is None else RidgeReadout()
        cases = [regression(seed) for seed in SEEDS] if cell is None else parts[::5]
        row = {"array": name}
        for word, on in (("none", False), ("gains", True)):
            runs = [CrossbarReadout(model, tile, compensate=on, random_state=seed).fit(A, a)
                    .compare(B, b) for seed, A, a, B, b in cases]  # fmt: skip
            results = pd.DataFrame(runs)
            row["score, floating point"] = span(list(100 * results.score_float))
            row[f"score, {word}"] = span(list(100 * results.score))
            row[f"error, {word}"] = float(results.decision_error.median())
        rows.append(row)
        print(row, flush=True)
    return pd.DataFrame(rows)


def regression(seed):
    """128 features, 60 targets: (seed, X, Y, X, Y)."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(600, 128))
    B = np.tanh(A) @ rng.normal(size=(128, 60))
    B += 0.1 * B.std() * rng.normal(size=B.shape)
    return seed, A[:400], B[:400], A[400:], B[400:]


def baselines(parts):
    """Floating point: raw input, an echo state network, memristors and neuristors."""
    pooled = {"pool": "mean", "n_segments": 2}
    raw = features(lambda seed: NoReservoir(**pooled))
    echo = features(lambda seed: EchoStateReservoir(10, random_state=seed, **pooled))
    rows = [
        (name, these[0][1].shape[1], span(over_seeds(these, float_score)))
        for name, these in (
            ("raw input, averaged alike", raw),
            ("echo state network, 10 nodes a sense", echo),
            ("WOx memristors, 10 a sense", features(memristors)),
            ("VO2 neuristors, 10 a sense", parts),
        )
    ]
    return pd.DataFrame(rows, columns=["features", "number", "accuracy in floating point (%)"])


def aware_scores(A, a, B, b, seed, model, shape, device):
    """Accuracy in floating point, fitted plainly, and against the errors, at the device's age."""
    tile = Crossbar(shape, device=device, wire_resistance=0.0 if shape[0] > 40 else 2.0)
    later = DAY if retention_of(device) == "published" else 0.0
    plain = CrossbarReadout(model, tile, random_state=seed).fit(A, a)
    aware = CrossbarReadout(model, tile, aware=later, random_state=seed).fit(A, a)
    return [plain.score_float(B, b), plain.age(later).score(B, b), aware.age(later).score(B, b),
            aware.score_float(B, b)]  # fmt: skip


def aware(small, large):
    """Whether fitting against the errors helps, by model, size and device."""
    models = {
        "RidgeReadout": RidgeReadout(),
        "LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)),
        "LinearSVC": make_pipeline(StandardScaler(), LinearSVC(max_iter=300, random_state=0)),
    }
    rows = []
    for size, parts, shape in (("small", small, (40, 25)), ("large", large, (128, 128))):
        for device in ("cmo_hfox", "milo2021", "wan2022_day", "reram_om"):
            for name, model in models.items():
                score = partial(aware_scores, model=model, shape=shape, device=device)
                found = np.array(over_seeds(parts, score))
                gain = np.round(found[:, 2] - found[:, 1], 6)  # no gain is exactly none
                rows.append({
                    "size": size, "cells": device,
                    "age": "a day" if retention_of(device) == "published" else "fresh",
                    "model": name,
                    "floating point": span(found[:, 0]), "plain": span(found[:, 1]),
                    "aware": span(found[:, 2]), "aware, floating point": span(found[:, 3]),
                    "gain": float(np.median(gain)),
                    "least gain": float(gain.min()), "most gain": float(gain.max()),
                })  # fmt: skip
                print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def outcome(scores):
    """Say in words where it helped."""
    better = scores[scores["least gain"] > 0]
    worse = scores[scores["most gain"] < 0]
    mixed = len(scores) - len(better) - len(worse)
    best = scores.loc[scores["gain"].idxmax()]
    least = scores.loc[scores["gain"].idxmin()]
    return (
        f"Of {len(scores)} cases ({int((scores['age'] == 'a day').sum())} after a day, "
        f"{int((scores['age'] == 'fresh').sum())} fresh) it helped in all five seeds in "
        f"{len(better)}, hurt in all five in {len(worse)}, and was mixed in {mixed}; the median "
        f"gain was positive in "
        f"{int((scores['gain'] > 0).sum())} and negative in "
        f"{int((scores['gain'] < 0).sum())}. Most "
        f'was gained by {best["model"]} on {best["size"]} "{best["cells"]}" ({best["gain"]:+.1f} '
        f'points), least by {least["model"]} on {least["size"]} "{least["cells"]}" '
        f"({least['gain']:+.1f})."
    )


def reference(parts):
    """Worst error of a decision against floating point, by mapping and bits."""
    _, A, a, B, _ = parts[0]
    held = np.clip(B, A.min(axis=0), A.max(axis=0))
    rows = []
    for mapping in ("differential", "sliced"):
        for bits in (8, 10, 12, 14):
            tile = Crossbar((40, 40), device="ideal", wire_resistance=0.0)
            analog = CrossbarReadout(RidgeReadout(), tile, n_levels=128, mapping=mapping,
                                   dac_bits=bits, adc_bits=bits).fit(A, a)  # fmt: skip
            exact = analog.readout_.decision_function(held)
            error = np.abs(analog.decision_function(held) - exact).max() / np.ptp(exact)
            same = np.mean(analog.predict(held) == analog.readout_.predict(held))
            rows.append({"mapping": mapping, "bits": bits, "worst error": float(error),
                         "equal labels": float(same)})  # fmt: skip
    return pd.DataFrame(rows)


def cost(small, large):
    """Operations and energy of one inference."""
    rows = []
    for name, parts, shape in (("small", small, (40, 25)), ("large", large, (128, 128))):
        _, A, a, B, _ = parts[0]
        tile = Crossbar(shape, device="cmo_hfox", wire_resistance=2.0)
        readout = CrossbarReadout(RidgeReadout(), tile, random_state=0).fit(A, a)
        counts = readout.count_operations(B[:1])
        energy = readout.energy(B).mean()
        rows.append({
            "array": name, **{k: int(counts[k]) for k in ("tiles", "cells", "cells_unused", "dac",
                                                         "drivers", "adc", "reads", "mac")},
            "energy (pJ)": float(energy.supply) * 1e12, "in wires (pJ)": float(energy.wire) * 1e12,
        })  # fmt: skip
    return pd.DataFrame(rows)


def draw_levels(counts):
    figure = Figure(figsize=(8.5, 3.4), layout="constrained")
    axis = figure.subplots()
    counts = [2, 4, 8, 16, 32, 64, 128]
    names = (*STATISTICS, "reram_om", "reram_hfo2")
    for k, name in enumerate(names):
        row = counts[counts.device == name].iloc[0]
        found, line = [row[str(n)] for n in counts], ".-" if k < len(COLOURS) else ".--"
        axis.plot(counts, found, line, label=name, lw=1.2, color=COLOURS[k % len(COLOURS)])
    axis.plot(counts, counts, color="0.4", ls=":", label="all of them")
    axis.set(xscale="log", yscale="log", xlabel="levels written", ylabel="distinguishable, fresh")
    axis.set_xticks(counts, counts)
    axis.set_yticks(counts, counts)
    axis.minorticks_off()
    figure.legend(loc="outside right upper", fontsize="small")
    figure.savefig(DOCS / "how-to/crossbar" / "levels.png", dpi=70)


def draw_ageing():
    figure = Figure(figsize=(10, 2.8), layout="constrained")
    panels = figure.subplots(1, 4)
    times = np.r_[0.0, np.logspace(0, 6, 25)]
    names = ("cmo_hfox", "pcm", "nbsto_interface", "memdiode_hfo2")
    for panel, name in zip(panels, names, strict=True):
        low, high = conductance_range(name)
        for k, fraction in enumerate((0.25, 0.5, 0.9)):
            g = np.full(12, low + fraction * (high - low))
            paths = age(name, g, times, random_state=k).conductance * 1e6
            panel.plot(np.maximum(times, 0.5), paths, color=COLOURS[k], lw=0.6)
        panel.set(xscale="log", xlabel="time (s)", title=name)
    panels[0].set(ylabel="conductance (uS)")
    figure.savefig(DOCS / "how-to/crossbar" / "ageing.png", dpi=70)


def draw_scores(parts):
    _, A, a, B, b = parts[0]
    tile = Crossbar((40, 25), device="cmo_hfox", wire_resistance=2.0)
    readout = CrossbarReadout(RidgeReadout(), tile, random_state=0).fit(A, a)
    scores = robustness(readout, B, b)
    draw_robustness(scores).savefig(DOCS / "how-to/crossbar" / "robustness.png", dpi=70)
    frame = scores[["median_score", "low", "worst"]].to_dataframe().reset_index(drop=True)
    frame.to_csv(DOCS / "results" / "crossbar-robustness.csv", index=False)


def main() -> None:
    """Measure, draw and write."""
    filterwarnings("ignore", category=ConvergenceWarning)
    filterwarnings("ignore", "the cells of crossbar=.* are not linear")
    (DOCS / "how-to/crossbar").mkdir(exist_ok=True)
    small = features(neuristors)
    large = features(partial(neuristors, n_nodes=64, n_segments=4))
    draw_ageing()
    draw_scores(small)
    makers = {
        "levels": levels, "writing": writing, "baselines": partial(baselines, small),
        "demo": partial(demo, small), "gains": partial(gains, small),
        "mappings": partial(mappings, small),
        "reference": partial(reference, small), "cost": partial(cost, small, large),
        "aware": partial(aware, small, large[::5]),
    }  # fmt: skip
    parts = {}
    for name, make in makers.items():
        parts[name] = make()
        parts[name].to_csv(DOCS / "results" / f"crossbar-{name}.csv", index=False)
    counts, learnt = parts["levels"], parts["aware"]
    draw_levels(counts)
    texts = {name: table_of(frame) for name, frame in parts.items()}
    by = counts.set_index("device")
    named = {"milo": "milo2021", "wan": "wan2022_day", "cmo": "cmo_hfox", "fine": "cmo_hfox_fine"}
    texts |= {key: by.loc[name, "128"] for key, name in named.items()}
    blind = [n for n in counts["128, open loop"] if n != ""]
    texts |= {"blind_least": min(blind), "blind_most": max(blind)}
    for when in ("second", "day"):
        texts |= {f"{key}_{when}": by.loc[name, f"128, a {when}"] for key, name in named.items()}
    page = PAGE.format(**texts, outcome=outcome(learnt))
    (DOCS / "how-to/crossbar-readout.md").write_text(page, encoding="utf-8")
    record("crossbar_readout")


if __name__ == "__main__":
    main()
