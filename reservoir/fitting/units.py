"""Whether measurements or given constants look as if they were in another unit."""

from math import log10
from typing import Any

import pandas as pd

from mottle.reservoir.fitting.space import SIDES
from mottle.reservoir.fitting.table import Measured

FAR_FITTED = 500.0  # times the values of presets: the 1e3 between units, less some variation
FAR_GIVEN = 100.0  # the same of constants that were given, as 20 for 20 kohm
AMPLITUDES = ("A", "S", "A/V^3")  # of which any may be given, as one that is negligible
SPARSE = 100.0  # time scales of the slowest preset between two samples
OF_COLUMNS = {  # unit of a constant: column from which it follows, its unit, and the power
    "s": ("time", "s", 1), "F": ("time", "s", 1), "J/K": ("time", "s", 1), "1/s": ("time", "s", -1),
    "A": ("current", "A", 1), "S": ("conductance", "S", 1), "ohm": ("current", "A", -1),
    "V": ("voltage", "V", 1), "1/V": ("voltage", "V", -1),
}  # fmt: skip
SMALLER = {3: "m", 6: "u", 9: "n", 12: "p"}  # prefixes by which a number is too large
LARGER = {3: "k", 6: "M", 9: "G"}


def describe_sampling(fitting: Any, presets: list[Any], traces: list[Measured]) -> str:
    """Return a sentence on a trace whose samples lie too far apart for any preset, or ""."""
    scale = max(preset.time_scale for preset in presets)
    for trace in traces:
        if not fitting.step and trace.dt > SPARSE * scale:
            return (
                f"{trace.label}: samples are {trace.dt:.3g} s apart, {trace.dt / scale:.2g} times "
                f"the time scale of the slowest preset of family {fitting.name!r}, {scale:.2g} s: "
                "is the time in ms, us or ns? State it in the heading: 't (us)'. If the device is "
                "so slow, start from its own constants, devices.get(...)._replace(...)."
            )
    return ""


def find_foreign(rows: pd.DataFrame, fitting: Any, presets: list[Any], fits: bool) -> list[str]:
    """Return sentences on constants orders of magnitude beyond those of all ``presets``.

    ``rows`` are the constants, with value, unit and status. Fitted ones say something where the
    model ``fits``, and no given one is off, which they follow.
    """
    found: dict[bool, list[str]] = {True: [], False: []}  # by whether the constant was given
    for name, row in rows.iterrows():
        values = [value for value in (value_of(one, str(name)) for one in presets) if value > 0]
        if not row.unit or row.value <= 0 or str(name) == fitting.step or not values:
            continue
        least, most, given = min(values), max(values), row.status == "given"
        factor = row.value / min(max(row.value, least), most)  # 1 between them
        far = FAR_GIVEN if given else FAR_FITTED
        if 1 / far < factor < far or (given and row.unit in AMPLITUDES):
            continue
        ends = " to ".join(f"{value:.3g}" for value in sorted({least, most}))
        found[given].append(
            f"{name}={row.value:.4g} {row.unit} is {factor:.2g} times that of the presets of "
            f"family {fitting.name!r}, {ends} {row.unit}: {likely_unit(row.unit, factor, given)} "
            "If it is right, start from constants with such a value, "
            "devices.get(...)._replace(...)."
        )
    return found[True] or (found[False] if fits else [])


def value_of(preset: Any, name: str) -> float:
    """Return a constant of a preset, or one of a pair."""
    if name in preset._fields:
        return float(getattr(preset, name))
    field, _, side = name.rpartition("_")
    return float(getattr(preset, field)[SIDES.index(side)])


def likely_unit(unit: str, factor: float, given: bool) -> str:
    """Return the question whether a value, ``factor`` times the usual one, has another unit.

    Examples
    --------
    >>> likely_unit("F", 1e6, False), likely_unit("ohm", 2e-3, True)
    ("is the time in us? Its heading is then 'time (us)'.", 'was it given in kohm?')
    >>> likely_unit("A", 1e-3, False)
    'is the current in the unit of its heading?'
    """
    if given:
        thousands = 3 * round(log10(factor) / 3)
        prefix = SMALLER.get(thousands) or LARGER.get(-thousands)
        return f"was it given in {prefix}{unit}?" if prefix else "was it given in another unit?"
    column, unit, power = OF_COLUMNS.get(unit, ("", unit, 1))
    prefix = SMALLER.get(3 * round(log10(factor) * power / 3))
    if prefix and column:
        return (
            f"is the {column} in {prefix}{unit}? Its heading is then '{column} ({prefix}{unit})'."
        )
    return (
        f"is the {column} in the unit of its heading?"
        if column
        else ("are the units of the table those of its headings?")
    )
