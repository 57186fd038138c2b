"""Parts of a report's section: scores, differences, errors, cost, advice, recordings, recipe."""

from collections.abc import Callable
from html import escape
from math import isnan
from typing import Any

import pandas as pd

from mottle.pipelines import figures
from mottle.pipelines.account import joule
from mottle.pipelines.advice import advise
from mottle.pipelines.engine.differences import FEWEST, adjust
from mottle.pipelines.engine.result import Result, medians
from mottle.pipelines.engine.search import write_settings
from mottle.pipelines.glossary import (
    BASELINES,
    CHANCE,
    explain_inputs,
    explain_metric,
    explain_reservoirs,
    first_of_kind,
)
from mottle.pipelines.metrics import Metric
from mottle.pipelines.page import Pictures, bullets, details, table, terms
from mottle.pipelines.scores import row_label, score_rows, write_ends
from mottle.pipelines.stream_figures import plot
from mottle.reservoir.energy import energy_summary

Part = Callable[[Result, Pictures], str]


def parts_of(result: Result) -> dict[str, Part]:
    """Return the parts of a section that this result has something for, by title."""
    found: dict[str, Part] = {"Scores": scores_part}
    if (result.scores["missing"] != "").any():
        found["Missing modalities"] = missing_part
    found["Differences"] = differences_part
    found["Errors"] = errors_part
    if not result.fits.empty or result.energy:
        found["Cost"] = cost_part
    found["What to try next"] = advice_part
    if result.notes:
        found["Notes"] = notes_part
    if result.examples or result.states:
        found["One recording"] = recording_part
    if result.chosen:
        found["Settings chosen by the search"] = chosen_part
    found["Recipe"] = recipe_part
    return found


def best_line(result: Result) -> str:
    """Return the best reservoir and inputs with their score."""
    metric, (name, inputs) = result.metrics[0], result.best
    score = medians(result.scores_of())[name, inputs]
    return f"best {metric.write(score)}{percent(metric)} {metric.name} ({name}, {inputs})"


def percent(metric: Metric) -> str:
    """Return what is written behind a score."""
    return " %" if metric.percent else ""


def key_lines(result: Result) -> str:
    """Return the outcome in three sentences: the best, and how it differs from the baselines."""
    name, inputs = result.best
    lines = [f"{best_line(result).capitalize()}; {chance_line(result)}."]
    for kind, what in zip(
        BASELINES, ("without a reservoir", "with an echo state network"), strict=True
    ):
        against = first_of_kind(result.recipe, kind)
        if against and against != name:
            frame = result.differences(against)
            row = frame[(frame["reservoir"] == name) & (frame["inputs"] == inputs)]
            if len(row):
                lines.append(compared(row.iloc[0], result.metrics[0], f"{what} ({against})"))
    if name == first_of_kind(result.recipe, BASELINES[0]):
        lines.append("The best is the baseline without a reservoir: no reservoir improves on it.")
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def chance_line(result: Result) -> str:
    """Return what a constant prediction scores, by metric."""
    several = [
        f"{metric.write(result.chance[metric.name])}{percent(metric)} ({metric.name})"
        for metric in result.metrics
    ]
    return f"chance, {CHANCE}, is {', '.join(several)}"


def compared(row: pd.Series, metric: Metric, what: str) -> str:
    """Return a sentence on one difference."""
    unit = " percentage points" if metric.percent else ""
    amount = f"{signed(metric, row['difference'])}{unit}"
    start = f"Beside the same inputs {what}: {amount}, better in {row['n_better']} of "
    start += f"{row['n_folds']} folds"
    if row["n_folds"] < FEWEST:
        return f"{start}; too few folds to tell a difference from noise."
    if isnan(row["p"]):
        return f"{start}; the same in all folds, so that nothing can be tested."
    low, high = signed(metric, row["low"]), signed(metric, row["high"])
    outcome = "" if row["p"] < 0.05 else ", which is no evidence of a difference"
    return f"{start}; 95 % interval {low} to {high}, p = {write_p(row['p'])}{outcome}."


def signed(metric: Metric, value: float) -> str:
    """Return a difference with its sign.

    Examples
    --------
    >>> from mottle.pipelines.metrics import find_metric
    >>> signed(find_metric("accuracy"), 0.02), signed(find_metric("nrmse"), -0.031)
    ('+2.0', '-0.031')
    """
    text = metric.write(value)
    return text if text.startswith("-") else f"+{text}"


def write_p(p: float) -> str:
    """Return a p-value.

    Examples
    --------
    >>> write_p(0.0004), write_p(0.0412), write_p(float("nan"))
    ('< 0.001', '0.041', '-')
    """
    return "-" if isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def facts(result: Result) -> str:
    """Return numbers of recordings, folds and seeds, and how training and test were kept apart."""
    n_classes = f", {len(result.labels)} classes" if len(result.labels) else ""
    said = {
        "recordings": f"{result.n_recordings}{n_classes}; {', '.join(result.senses)}",
        "split": result.split,
        "seeds": f"{len(result.seeds)} (of random weights and devices)",
    }
    if result.seconds:
        said["duration"] = f"{result.seconds:.0f} s for all folds, reservoirs and seeds"
    return terms(said)


def scores_part(result: Result, pictures: Pictures) -> str:
    """Return tables and figures of all metrics, and what their words mean."""
    parts = []
    for metric in result.metrics:
        parts.append(html_table(result, metric))
        scores = result.scores_of(metric)
        folds = fold_scores_of(result, metric)
        chance = result.chance[metric.name]
        points = figures.score_points(scores[scores["missing"] == ""], folds, metric, chance)
        caption = (
            f"{metric.label()}: points are medians over {seeds_of(result)}, bars their "
            "range, ticks the folds (means over seeds)"
        )
        if not figures.near(chance, folds["score"].min(), folds["score"].max()):
            caption += f"; chance, {metric.write(chance)}{percent(metric)}, is outside"
        parts.append(pictures.add(points, f"scores {metric.name}", sentence(caption)))
    scores = result.scores_of()
    words = (
        explain_inputs(list(scores["inputs"].unique()), result.senses)
        | explain_reservoirs(list(scores["reservoir"].unique()), result.recipe)
        | {metric.name: explain_metric(metric) for metric in result.metrics}
        | {
            "modality": "a kind of sensor (sense): a column of the table of recordings",
            "fold": "one division into training and test part; every score is of a test part",
            "seed": "draws random weights and device-to-device variation anew",
            "chance": CHANCE,
        }
    )
    parts.append(f"<h4>What the words mean</h4>{terms(words)}")
    return "".join(parts)


def fold_scores_of(result: Result, metric: Metric) -> pd.DataFrame:
    """Return the scores of one metric by fold, all senses present."""
    frame = result.fold_scores
    return frame[(frame["metric"] == metric.name) & (frame["missing"] == "")]


def html_table(result: Result, metric: Metric, missing: bool = False) -> str:
    """Return the scores of one metric as an HTML table: all present, or one sense missing."""
    scores = result.scores_of(metric)
    names = [str(name) for name in scores["reservoir"].unique()]
    by_fold: Any = (
        fold_scores_of(result, metric).groupby(["reservoir", "inputs", "fold"])["score"].mean()
    )
    rows: list[list[str]] = []
    best: list[tuple[int, int]] = []
    known = {key[:2] for key in by_fold.index}
    for inputs, lost, cells in score_rows(scores, metric):
        if bool(lost) != missing:
            continue
        row = [escape(row_label(inputs, lost))]
        for column, (name, (text, top)) in enumerate(zip(names, cells, strict=True), start=1):
            folds = ""
            if not missing and (name, inputs) in known:
                own = by_fold[name, inputs]
                ends = write_ends(metric, own.min(), own.max())
                folds = f"<br><span class='range'>folds {ends}</span>"
            row.append(
                escape(text).replace(" [", " <span class='range'>[").replace("]", "]</span>")
                + folds
            )
            if top:
                best.append((len(rows), column))
        rows.append(row)
    n_folds = result.fold_scores["fold"].nunique()
    caption = f"{sentence(metric.label())}. Each cell: median over {seeds_of(result)} of "
    caption += f"the mean over {n_folds} folds, in brackets lowest to highest seed"
    caption += "" if missing else "; below, lowest to highest fold (means over the seeds)"
    return table(f"{caption}. Shaded: best of the row.", ["inputs", *names], rows, best)


def seeds_of(result: Result) -> str:
    """Return how many seeds there are."""
    n = len(result.seeds)
    return f"{n} seed{'s' if n > 1 else ''}"


def sentence(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return f"{text[:1].upper()}{text[1:]}"


def missing_part(result: Result, pictures: Pictures) -> str:
    """Return the scores where one sense was absent in the test part."""
    text = (
        "<p>One modality is absent in the test part alone. In middle and late fusion it is left "
        "out of the readout; in early fusion its input is silent.</p>"
    )
    tables = [html_table(result, metric, missing=True) for metric in result.metrics]
    return text + "".join(tables)


TEST = (
    "Scores of the same fold are subtracted after averaging over seeds. Interval (95 %) and p are "
    "of the corrected resampled t-test over folds, which takes into account that training parts of "
    "folds overlap (C. Nadeau, Y. Bengio, Inference for the Generalization Error, Machine Learning "
    "52 (2003) 239, doi:10.1023/A:1024068626366); p (Holm) is p corrected for the number of "
    "comparisons in the table. They say what other training parts of the same recordings would "
    "give, and nothing about other sensors or days."
)


def differences_part(result: Result, pictures: Pictures) -> str:
    """Return how reservoirs differ from none, and from the echo state network."""
    metric = result.metrics[0]
    parts = []
    for kind, what in zip(BASELINES, ("no reservoir", "an echo state network"), strict=True):
        against = first_of_kind(result.recipe, kind)
        if not against:
            parts.append(f"<p>There is no comparison with {what}: the recipe has no {kind}.</p>")
            continue
        frame = result.differences(against, metric)
        if frame.empty:
            continue
        if frame["n_folds"].max() < FEWEST:
            parts.append(
                f"<p>Compared with {what}: {frame['n_folds'].max()} folds are too few to tell "
                "differences from noise; the differences are given without a test.</p>"
            )
        shown = frame[frame["inputs"].isin(main_inputs(result))]
        parts.append(differences_table(shown, against, metric))
        if not shown["low"].isna().all():
            points = figures.difference_points(shown.dropna(subset=["low"]), against, metric)
            better = "right" if metric.higher_is_better else "left"
            here = f", {shown['inputs'].iloc[0]}" if len(set(shown["inputs"])) == 1 else ""
            caption = f"Difference from {against}{here}, 95 % interval; to the {better} is better"
            parts.append(pictures.add(points, f"difference from {against}", caption))
        rest = frame[~frame["inputs"].isin(main_inputs(result))]
        if len(rest):
            more = differences_table(rest, against, metric)
            parts.append(details(f"All other inputs beside {against}", more))
    return "".join(parts) + f"<p><span class='range'>{escape(TEST)}</span></p>"


def main_inputs(result: Result) -> list[str]:
    """Return the inputs that are compared first: a fusion of all, or the only modality."""
    inputs = list(result.scores_of()["inputs"].unique())
    return [result.best[1]] if len(inputs) > 1 else inputs


def differences_table(frame: pd.DataFrame, against: str, metric: Metric) -> str:
    """Return differences from one reservoir as an HTML table."""
    adjusted = adjust(frame["p"].to_numpy(dtype=float))
    rows = []
    for row, holm in zip(frame.to_dict("records"), adjusted, strict=True):
        interval = "-"
        if not isnan(row["low"]):
            interval = f"{signed(metric, row['low'])} to {signed(metric, row['high'])}"
        rows.append([
            escape(f"{row['reservoir']}, {row['inputs']}"), signed(metric, row["difference"]),
            interval, escape(write_p(row["p"])), escape(write_p(float(holm))),
            f"{row['n_better']} of {row['n_folds']}",
        ])  # fmt: skip
    unit = ", percentage points" if metric.percent else ""
    head = ["reservoir, inputs", "difference", "95 % interval", "p", "p (Holm)", "folds better"]
    better = "above" if metric.higher_is_better else "below"
    caption = f"{sentence(metric.name)} minus that of {against}{unit}; better is {better} 0."
    return table(caption, head, rows)


def errors_part(result: Result, pictures: Pictures) -> str:
    """Return a figure of the predictions of the best reservoir and inputs, first seed."""
    reservoir, inputs = result.best
    of = f"{reservoir}, {inputs}, seed {result.seeds[0]}, test parts of all folds"
    if result.task == "classification":
        matrix = figures.confusion(result.confusion, [str(label) for label in result.labels])
        return pictures.add(matrix, "confusion", f"Confusion matrix of {of}")
    predicted = result.predictions[reservoir, inputs, "", result.seeds[0]].to_numpy()
    truth = result.truth["target"].to_numpy()
    unit = str(result.recipe.get("data", {}).get("target") or "unit of the target")
    drawn = figures.agreement(truth, predicted, unit)
    return pictures.add(drawn, "agreement", f"Predicted against true values of {of}")


def cost_part(result: Result, pictures: Pictures) -> str:
    """Return what fits and predictions took, and the energy of simulated devices."""
    parts = []
    if not result.fits.empty:
        inputs = main_inputs(result)
        here = result.fits["inputs"].isin(inputs)
        parts.append(cost_table(result, result.fits[here]))
        if not here.all():
            parts.append(
                details("Cost of all other inputs", cost_table(result, result.fits[~here]))
            )
    if result.energy:
        rows = []
        for name, report in result.energy.items():
            summary = energy_summary(report).iloc[:, 0]
            cells = [joule(float(value)) for value in summary]
            rows.append([escape(name), *cells])
        head = ["reservoir", "device", "+ resistors, capacitors, drivers", "+ converters, digital"]
        n = int(next(iter(result.energy.values())).attrs["n_recordings"])
        caption = (
            f"Energy of one recording in the simulated circuit, mean of {n}, with middle fusion; "
            "each column includes those before it. Assumptions and sources: mottle energy CONFIG."
        )
        parts.append(table(caption, head, rows))
    return "".join(parts)


def cost_table(result: Result, fits: pd.DataFrame) -> str:
    """Return what fits and predictions took as an HTML table."""
    n_test = result.truth.groupby("fold")["recording"].nunique()
    rows = []
    for (name, inputs), own in fits.groupby(["reservoir", "inputs"], sort=False):
        each = own["fold"].map(n_test).astype(float)
        middle = own[["encode_wall", "fit_wall", "fit_cpu", "predict_wall", "predict_cpu"]].median()
        rows.append([
            escape(f"{name}, {inputs}"), *(write_seconds(float(value)) for value in middle),
            write_seconds(float((own["predict_wall"] / each).median())),
        ])  # fmt: skip
    head = [
        "reservoir, inputs", "encoders", "fit", "fit, processor", "predict", "predict, processor",
        "predict, a recording",
    ]  # fmt: skip
    caption = (
        "Time of the simulation on this computer, median over folds and seeds: encoders on "
        "training and test part, fit of reservoir and readout on a training part, prediction of a "
        "test part; by the clock and, where stated, by the processor (all threads together)."
    )
    return table(caption, head, rows)


def write_seconds(seconds: float) -> str:
    """Return a duration with its unit.

    Examples
    --------
    >>> [write_seconds(value) for value in (0.0, 2.5e-5, 0.0123, 1.5, 83.0, 7200.0)]
    ['0 s', '25 µs', '12.3 ms', '1.5 s', '83 s', '2 h']
    """
    for size, unit in ((3600.0, "h"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def advice_part(result: Result, pictures: Pictures) -> str:
    """Return what to try next."""
    advice = advise(result)
    return bullets(advice) if advice else "<p>No rule of this report applies.</p>"


def notes_part(result: Result, pictures: Pictures) -> str:
    """Return the notes."""
    return bullets(result.notes)


def recording_part(result: Result, pictures: Pictures) -> str:
    """Return figures of one raw recording of each sense, and of states."""
    drawn = []
    for sense, stream in result.examples.items():
        if stream is None:
            continue
        figure = plot(stream, sensor_size=result.sensor_size, width=figures.WIDTH)
        drawn.append(pictures.add(figure, f"raw {sense}", f"{sense}, the first recording, raw"))
    for name, states in result.states.items():
        ahead = result.speedup.get(name, "")
        caption = (
            f"States of {name} for the first training recording{f'; {ahead}' if ahead else ''}"
        )
        drawn.append(pictures.add(figures.state_raster(states), f"states {name}", caption))
    return f"<div class='figures'>{''.join(drawn)}</div>"


def chosen_part(result: Result, pictures: Pictures) -> str:
    """Return the settings that a search chose, a row for each fold and reservoir."""
    rows = [
        [
            f"{one['fold']}, {escape(one['reservoir'])}", escape(write_settings(one["settings"])),
            "" if one["score"] is None else format(one["score"], ".3g"),
        ]
        for one in result.chosen
    ]  # fmt: skip
    head = ["fold, reservoir", "settings", "mean score of inner folds"]
    return table("Chosen inside the training part of each fold.", head, rows)


def recipe_part(result: Result, pictures: Pictures) -> str:
    """Return the recipe and the versions of packages."""
    versions = ", ".join(f"{name} {number}" for name, number in result.versions.items())
    recipe = details("Show the recipe", f"<pre tabindex='0'>{escape(result.settings)}</pre>")
    return f"{recipe}<p>Versions: {escape(versions)}.</p>"
