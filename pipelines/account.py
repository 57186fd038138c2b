"""The energy account of a recipe: every reservoir fitted once, and what a recording costs."""

from math import isnan
from statistics import median
from typing import Any

import pandas as pd
from rich.table import Table
from sklearn.pipeline import Pipeline

from mottle.pipelines.engine.recordings import folds_of, load_recordings
from mottle.pipelines.fusion import make_fusion_pipeline
from mottle.pipelines.recipe import Recipe
from mottle.reservoir.energy import energy_report, energy_summary

PREFIXES = ((1e-15, "fJ"), (1e-12, "pJ"), (1e-9, "nJ"), (1e-6, "µJ"), (1e-3, "mJ"), (1.0, "J"))


def account_recipe(recipe: Recipe, n_recordings: int = 20) -> dict[str, pd.DataFrame]:
    """Account for the energy of a recipe's reservoirs, with middle fusion of several senses.

    Settings are those of the recipe; a table ``search`` is left out.

    Parameters
    ----------
    recipe : Recipe
        From ``read_recipe``.
    n_recordings : int, default=20
        Recordings of the first test fold over which is averaged.

    Returns
    -------
    reports : dict of str to pandas.DataFrame
        For each reservoir, see ``energy_report``; ``attrs`` also holds ``energies``, all of a
        recording in J, one by one: some drives are much stronger than others.
    """
    if recipe.per_step:
        raise ValueError(
            f"washout={recipe.washout}: the account is of recordings, and this recipe predicts "
            "steps; take energy_report of mottle.reservoir.energy on a pipeline of your own."
        )
    recordings, target = load_recordings(recipe)
    train, test = folds_of(recipe, recordings, target)[0]
    table = recordings.table
    reports = {}
    for name in recipe.reservoirs:
        model = make_model(recipe, name).fit(table.iloc[train], target.samples(train))
        rows = test[:n_recordings]
        reports[name] = energy_report(model, table.iloc[rows])
        single = (energy_report(model, table.iloc[[k]]) for k in rows)
        reports[name].attrs["energies"] = [float(report["energy"].sum()) for report in single]
    return reports


def make_model(recipe: Recipe, name: str) -> Pipeline:
    """Return an unfitted pipeline of a recipe with one of its reservoirs, first seed.

    Where the recipe has crossbars, they carry the readout.
    """
    fronts = {
        sense: recipe.make_reservoir(name, sense, recipe.seeds[0]) for sense in recipe.encoders
    }
    readout = recipe.make_readout()
    if recipe.crossbar is not None:
        readout = recipe.make_crossbar(readout, recipe.seeds[0])
    return make_fusion_pipeline(recipe.make_encoders(), fronts, fusion="middle", readout=readout)


def joule(energy: float) -> str:
    """Write an energy with its prefix.

    Examples
    --------
    >>> joule(2.34e-11), joule(0.0), joule(float("nan"))
    ('23.4 pJ', '0 J', '-')
    """
    if isnan(energy):
        return "-"
    for size, unit in reversed(PREFIXES):
        if abs(energy) >= size:
            return f"{energy / size:.3g} {unit}"
    return f"{energy:.3g} J"


def as_records(report: pd.DataFrame) -> dict[str, Any]:
    """Return a report as plain numbers and texts, None where there is no number."""
    parts = report.astype(object).where(report.notna(), None).to_dict("records")
    attrs: dict[str, Any] = {
        str(key): None if isinstance(value, float) and isnan(value) else value
        for key, value in report.attrs.items()
    }
    return {"parts": parts, **attrs}


def energy_tables(name: str, report: pd.DataFrame) -> tuple[Table, Table, list[str]]:
    """Lay a report out for the terminal: its sums, its parts, and what each figure rests on."""
    spikes = report.attrs["spikes"]
    count = "no spikes" if isnan(spikes) else f"{spikes:.4g} spikes"
    energies = report.attrs.get("energies", [0.0])
    low, high = joule(min(energies)), joule(max(energies))
    spread = "" if low == high else f": {low} to {high}, median {joule(median(energies))}"
    sums = Table(
        title=f"{name}: a recording of {report.attrs['node_steps']:.4g} node-steps, {count}",
        caption=f"mean of {report.attrs['n_recordings']} recordings{spread}",
    )
    for column in ("", "a recording", "a node-step", "a spike"):
        sums.add_column(column, justify="right" if column else "left")
    for level, row in energy_summary(report).iterrows():
        sums.add_row(str(level), *(joule(value) for value in row))
    parts = Table("stage", "part", "count", "each", "energy", "figure")
    parts.columns[0].overflow = "fold"
    notes: dict[str, int] = {}
    for _, row in report.iterrows():
        counted = not isnan(row["count"])
        number = notes.setdefault(f"{row.assumption}; {row.source}", len(notes) + 1)
        parts.add_row(
            row.stage.removeprefix("features."), row.part, f"{row['count']:.4g}" if counted else "",
            joule(row.energy_each) if counted else "", joule(row.energy), f"[{number}]",
        )  # fmt: skip
    if report.attrs["not_counted"]:
        parts.caption = "not counted: " + ", ".join(report.attrs["not_counted"])
    return sums, parts, [f"[{number}] {note}" for note, number in notes.items()]
