"""Fit the constants of a device model to measurements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student
from tqdm import tqdm

from mottle.checks import (
    check_bool,
    check_mapping,
    check_number,
    check_option,
    check_text,
    check_whole,
    names_arguments,
    suggest,
)
from mottle.reservoir.family import Family, check_drive
from mottle.reservoir.fitting.intervals import (
    LEAST_NOISE,
    LOOSE,
    LowerFit,
    conditions,
    drop_gauges,
    drop_undetermined,
    noise_of,
    profile,
)
from mottle.reservoir.fitting.own import FORM, build, families_by_name
from mottle.reservoir.fitting.residuals import DOUBT, LEAST_SAMPLES, count_runs, lack_of_fit
from mottle.reservoir.fitting.search import Misfit, cost_of, descend, search
from mottle.reservoir.fitting.space import SIDES, Axis, find_axes, outside, read, values_of
from mottle.reservoir.fitting.space import ends as limits
from mottle.reservoir.fitting.table import UNITS, Measured, choose_measured, cut, read_table
from mottle.reservoir.fitting.units import describe_sampling, find_foreign
from mottle.reservoir.nodes.driven import DrivenNode
from mottle.toml import write_toml

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODES = ("trace", "reading")
Fits = list[tuple[Misfit, NDArray]]  # of the devices: misfit, and the vector of its minimum
MOST_NOISE = 0.5  # relative residual beyond which no instrument is assumed
MOST_LOWER = 4  # better fits that are taken on the way along profiles
UNLIKE = 3.0  # times the median of devices, at which the residual of one is reported


@dataclass(frozen=True, repr=False)
class DeviceFit:
    """Constants fitted to measurements, and how far they can be relied on.

    Attributes
    ----------
    family : str
        Name of the family, such as "wox".
    preset : NamedTuple
        Fitted constants in SI units, for ``device=`` of reservoirs and ``devices.simulate``; its
        ``source`` names the measurements.
    constants : pandas.DataFrame
        Indexed by constant: value, unit, low and high (ends of the interval; NaN if held), status:
        "fitted", "given", "held" (not determined by the data), "zero" (in the start preset), "step
        of the data" or "convention", and depends_on: held constants without whose values the
        interval does not hold.
    undetermined : dict
        Constants that the data do not determine, held at the values of the start preset: why, and
        the measurement that would determine them.
    samples : pandas.DataFrame
        A row for each sample and measured quantity: device, trace, cycle, time in s, voltage in V,
        quantity, measured and model in SI units, residual relative to the scale of the noise. Of
        several devices the model has the constants of each.
    residual_error : float
        Root mean square of the residuals, relative to the largest value of each trace, or to each
        value with ``noise="reading"``; of several devices under the constants of each.
    held_out_error : float or None
        The same for traces left out of the fit, one after another; None with one trace.
    held_out : dict
        The same by trace.
    spread : dict
        Device-to-device variation of each constant, a relative standard deviation; empty with one
        device.
    node_spread : dict
        The part of ``spread`` that a reservoir of these devices takes as ``spread=``: constants
        that its nodes hold one by one, such as rate and tau of WOx.
    cycle_to_cycle : dict
        Relative standard deviation of each constant between repeats; empty without repeats.
    problems : tuple of str
        What speaks against the fit: residuals that are not noise, constants at a bound or orders of
        magnitude from those of presets, starts of the search that did not meet, steps without a
        row.
    provenance : dict
        File and its SHA-256, date, version of mottle, protocol, measured quantities, noise, numbers
        of traces, samples and starts.
    comparison : pandas.DataFrame or None
        With ``family="auto"``: held-out error of each family, or why it was left out.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> volts = np.tile(devices.pulse_train([1.5, -0.5, 1.2, 0.4], 2e-3, 8e-3, 1e-3), 5)
    >>> run = devices.simulate("wox_du2017", volts, 1e-3)
    >>> found = devices.fit("wox", {"t": run.time, "v": run.voltage, "i": run.current})
    >>> sorted(found.undetermined), f"{found.preset.tau:.6g}"
    (['alpha', 'w_min'], '0.05')
    """

    family: str
    preset: Any
    constants: pd.DataFrame
    undetermined: dict[str, str]
    samples: pd.DataFrame
    residual_error: float
    held_out_error: float | None
    held_out: dict[str, float]
    spread: dict[str, float]
    cycle_to_cycle: dict[str, float]
    problems: tuple[str, ...]
    provenance: dict[str, Any]
    comparison: pd.DataFrame | None = field(default=None)

    def __repr__(self) -> str:
        """Return the summary."""
        return self.summary()

    @property
    def node_spread(self) -> dict[str, float]:
        """Variation of the constants that nodes of a reservoir hold one by one."""
        family = families_by_name()[self.family]
        if family.kind == "nonvolatile":
            return {}
        if not isinstance(family.node, DrivenNode):
            return dict(self.spread)
        node, found = family.node, {}
        for name in node.rates + node.times + node.others:
            slopes = {one: slope_of(self.preset, name, one) for one in self.spread}
            if any(slopes.values()):
                widths = [slope * self.spread[one] for one, slope in slopes.items()]
                found[name] = float(np.sqrt(np.sum(np.square(widths))))
        return found

    def summary(self) -> str:
        """Return constants, errors and problems as text.

        Returns
        -------
        text : str
            One line for each constant, then errors, what is not determined, and problems.
        """
        level = self.provenance["level"]
        lines = [f"{self.family}: {self.provenance['n_samples']} samples of "
                 f"{self.provenance['n_traces']} traces, residuals {self.residual_error:.3g}"
                 + ("" if self.held_out_error is None else
                    f", of traces left out {self.held_out_error:.3g}")]  # fmt: skip
        for name, row in self.constants.iterrows():
            ends = f"{100 * level:g} % {row.low:.4g} to {row.high:.4g}"
            ends += f", given {row.depends_on}" if row.depends_on else ""
            ends = ends if np.isfinite(row.low) else str(row.status)
            lines.append(f"  {name:14} {row.value:.6g} {row.unit}".ljust(36) + ends)
        for title, found in (("between devices", self.spread), ("between cycles",
                                                                self.cycle_to_cycle)):  # fmt: skip
            if found:
                parts = ", ".join(f"{name} {100 * value:.2g} %" for name, value in found.items())
                lines.append(f"variation {title}: {parts}")
        lines += [f"not determined: {name}: {text}" for name, text in self.undetermined.items()]
        lines += [f"problem: {text}" for text in self.problems]
        return "\n".join(lines)

    def settings(self) -> dict[str, Any]:
        """Return what ``save`` writes.

        Returns
        -------
        settings : dict
            Tables and keys of the TOML file.
        """
        fitted = self.constants[np.isfinite(self.constants.low)]
        fit = dict(self.provenance, residual_error=self.residual_error)
        if self.held_out_error is not None:
            fit["held_out_error"] = self.held_out_error
        plain = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in self.preset._asdict().items()
        }
        found = {
            "format": FORM,
            "family": self.family,
            "constants": plain,
            "units": {str(name): row.unit for name, row in self.constants.iterrows()},
            "intervals": {str(name): [row.low, row.high] for name, row in fitted.iterrows()},
            "depends_on": {
                str(name): row.depends_on for name, row in fitted.iterrows() if row.depends_on
            },
            "undetermined": self.undetermined,
            "fit": fit,
            "spread": self.spread,
            "cycle_to_cycle": self.cycle_to_cycle,
            "problems": {str(k + 1): text for k, text in enumerate(self.problems)},
        }
        return {name: value for name, value in found.items() if value or name == "constants"}

    def save(self, path: str | Path) -> None:
        """Write the preset with its provenance as TOML, for ``devices.load`` and recipes.

        Parameters
        ----------
        path : str or Path
            File to write, such as "own.toml"; an existing one is replaced.
        """
        file = Path(path)
        if file.suffix != ".toml":
            raise ValueError(f"path='{path}' must end in .toml, by which devices are recognised.")
        settings = self.settings()
        build(settings, f"'{path}'")  # what is written can be read
        file.write_text(write_toml(settings), encoding="utf-8")

    def plot(self, most: int = 4) -> "Figure":
        """Draw measurement and model, and the residuals, of some traces.

        Parameters
        ----------
        most : int, default=4
            Number of traces: those with the largest residuals.

        Returns
        -------
        figure : matplotlib.figure.Figure
            A column for each trace: above the values over time, below the residuals.
        """
        from mottle.reservoir.fitting.figure import draw_fit

        return draw_fit(self.samples, check_whole("most", most), self.family)


@names_arguments
def fit(
    family: str | Any,
    data: Any,
    *,
    measured: str | tuple[str, ...] | None = None,
    fixed: Mapping[str, float] | None = None,
    noise: str = "trace",
    level: float = 0.95,
    n_starts: int = 6,
    hold_out: bool = True,
    protocol: str = "",
    random_state: int = 0,
) -> DeviceFit:
    """Fit the constants of a device to measurements, on the simulator that reservoirs use.

    Constants that the data do not determine are held at those of the start preset and named, with
    the measurement that would determine them. Least squares begin at several starts; the intervals
    are those of the profile likelihood. A UserWarning says where residuals are not noise, as those
    of a wrong family.

    Parameters
    ----------
    family : str or preset
        "wox", "tiox", "ag", "oscillator", "vo2" or "pulsed"; a preset, by name or as constants,
        from which the search starts; or "auto", the family that predicts best the traces left out.
    data : path, DataFrame or dict
        A row a sample, in the order of time: "time" or "t" in s; "voltage", "v", "v_in" or "supply"
        in V, held since the previous sample; and what was measured: "current" or "i" in A,
        "conductance" or "g" in S, or "device_voltage", "node_voltage" or "v_out" in V, the voltage
        over the switch of an oscillator. Other units stand in brackets: "i (mA)". Optional columns
        "device", "trace" and "cycle" (repeats of a trace) are names; each combination is one
        recording that began at rest. A blank or NaN among the measured values is a sample without
        a reading: its voltage drives the device, and the fit does not compare it. Files: .csv,
        .txt, .tsv, .parquet.
    measured : str, tuple of str or None, default=None
        Quantities to fit, of "current", "conductance" and "device_voltage". None: the only one of
        the table.
    fixed : dict or None, default=None
        Constants that are known, in SI units, such as ``{"r_series": 22e3}``.
    noise : {"trace", "reading"}, default="trace"
        Noise of a sample: the same throughout a trace, in proportion to its largest value; or in
        proportion to each value, at least 1e-4 of the largest.
    level : float, default=0.95
        Coverage of the intervals, 0.5 to 0.999.
    n_starts : int, default=6
        Most starts of the search, 1 to 100; it ends when three meet.
    hold_out : bool, default=True
        Leave out one trace after another, and predict it.
    protocol : str, default=""
        What was measured, in words, for the file.
    random_state : int, default=0
        Seed of the random starts.

    Returns
    -------
    found : DeviceFit
        Preset, intervals, what is not determined, errors, problems; ``save`` and ``plot``.

    Raises
    ------
    ValueError
        For an unknown family, column, unit or constant, an empty trace, values that are no numbers,
        time that does not increase, no voltage, or values far outside those of the family.

    Warns
    -----
    UserWarning
        If residuals are not noise, a constant lies at a bound or orders of magnitude from those of
        the presets, only one start reached it, or steps have no row.

    References
    ----------
    D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications, Wiley (1988),
    section 6.1 (profile likelihood).

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> own = devices.get("vo2_pwl")._replace(v_low=0.8)
    >>> run = devices.simulate(own, np.full(400, 5.0), 1e-8)
    >>> table = {"t": run.time, "v": run.voltage, "v_out": run.device_voltage}
    >>> found = devices.fit("oscillator", table, fixed={"r_series": 20e3})
    >>> f"{found.preset.v_low:.6g} V, {found.preset.capacitance:.6g} F"
    '0.8 V, 1e-10 F'
    """
    check_option("noise", noise, MODES)
    level = check_number("level", level, least=0.5, most=0.999)
    n_starts = check_whole("n_starts", n_starts, most=100)
    hold_out = check_bool("hold_out", hold_out)
    random_state = check_whole("random_state", random_state, 0)
    known = check_mapping("fixed", fixed or {}, "a dict of constants that are known")
    table, path = read_table(data)
    origin = {"file": Path(path).name or "a table in memory", "sha256": hash_of(table, path),
              "protocol": check_text("protocol", protocol)}  # fmt: skip
    chosen: dict[str, Any] = {
        "measured": measured, "fixed": known, "noise": noise, "level": level,
        "n_starts": n_starts, "hold_out": hold_out, "seed": random_state, "origin": origin,
    }  # fmt: skip
    if isinstance(family, str) and family == "auto":
        return compare(table, chosen)
    one, start = find_start(family)
    found = fit_one(one, start, table, **chosen)
    for problem in found.problems:
        warn(problem, stacklevel=3)
    return found


def find_start(family: Any) -> tuple[Family, Any]:
    """Return a family that can be fitted and the preset to start from."""
    from mottle.reservoir import catalogue

    names = families_by_name()
    if isinstance(family, str) and family in names:
        return names[family], next(iter(names[family].presets.values()))
    presets = {name: one for known in names.values() for name, one in known.presets.items()}
    if isinstance(family, str):
        if family in catalogue.presets() and family not in presets:
            kind = catalogue.get(family)
            raise ValueError(
                f"family={family!r}: devices of the type {type(kind).__name__} cannot be fitted. "
                f"Families: {', '.join(names)}."
            )
        choices = [*names, "auto", *presets]
        if family not in presets:
            raise ValueError(
                f"family={family!r} is not known{suggest(family, choices)} Families: "
                f"{', '.join(names)}, auto; or a preset of one of them."
            )
        family = presets[family]
    one = catalogue.family_of(family)
    if one.fitting is None:
        raise ValueError(
            f"family: devices of the type {type(family).__name__} cannot be fitted. Families: "
            f"{', '.join(names)}."
        )
    one.check(family)
    return one, family


def hash_of(table: pd.DataFrame, path: str) -> str:
    """Return the SHA-256 of a file, or of the values of a table."""
    if path:
        return sha256(Path(path).read_bytes()).hexdigest()
    return sha256(table.to_csv(index=False).encode()).hexdigest()


def check_values(family: Family, device: Any, traces: list[Measured]) -> None:
    """Raise if values lie far outside those of a family, as of another unit."""
    fitting: Any = family.fitting
    for trace in traces:
        try:
            check_drive(family, device, trace.drive)
        except ValueError as error:
            raise ValueError(f"{trace.label}: {error} Is it in mV?") from None
        for name, y in trace.values.items():
            unit, most = UNITS[name], fitting.measured[name]
            k = int(np.nanargmax(np.abs(y)))
            if abs(y[k]) > most:
                raise ValueError(
                    f"{trace.label}: {name}={y[k]:.4g} {unit} at sample {k} is outside of what "
                    f"family {fitting.name!r} stands for, at most {most:g} {unit}: is it in "
                    f"m{unit} or u{unit}? State it in the heading: '{name} (m{unit})'."
                )
        there = np.isfinite(trace.values.get("conductance", np.empty(0)))
        if there.size and not trace.drive[trace.pick[there]].any():
            raise ValueError(f"{trace.label}: conductance needs samples at a voltage.")


def known_constants(
    fitting: Any, start: Any, fixed: Mapping[str, float]
) -> tuple[Any, list[Axis], dict[str, str]]:
    """Return the start with the given constants, axes of the others, and the status of each."""
    axes, zeros = find_axes(fitting, start)
    status = dict.fromkeys(zeros, "zero")
    names = [axis.name for axis in axes] + list(zeros) + list(fitting.held) + [fitting.step]
    for name, value in fixed.items():
        field_, side = name, None
        for k, ending in enumerate(SIDES):
            if name.removesuffix(f"_{ending}") in fitting.pairs:
                field_, side = name.removesuffix(f"_{ending}"), k
        if name not in names and field_ not in fitting.bounds:
            raise ValueError(f"fixed has no constant {name!r}{suggest(name, names)}")
        if field_ in fitting.pairs and side is not None:
            pair = list(getattr(start, field_))
            pair[side] = float(value)
            start = start._replace(**{field_: tuple(pair)})
        else:
            start = start._replace(**{field_: value})
        status[name] = "given"
    given = {name for name, what in status.items() if what == "given"}
    axes = [axis for axis in axes if axis.name not in given and axis.field not in given]
    return start, axes, status


def fit_one(
    family: Family, start: Any, table: pd.DataFrame, *, measured: Any, fixed: Mapping[str, float],
    noise: str, level: float, n_starts: int, hold_out: bool, seed: int, origin: dict[str, Any],
    with_ends: bool = True,
) -> DeviceFit:  # fmt: skip
    """Fit one family."""
    fitting: Any = family.fitting
    names = choose_measured(table, measured, fitting.measured)
    traces = cut(table, names)
    presets = [*family.presets.values(), start]
    start, axes, status = known_constants(fitting, start, fixed)
    if fitting.step:
        start = start._replace(**{fitting.step: traces[0].dt})
        status[fitting.step] = "step of the data"
    family.check(start)
    check_values(family, start, traces)
    sampling = describe_sampling(fitting, [*presets, start], traces)
    if sampling and fitting.grows:  # the search would count millions of cycles between samples
        raise ValueError(sampling)
    devices = list(dict.fromkeys(trace.device for trace in traces))
    labels = list(dict.fromkeys((trace.device, trace.trace) for trace in traces))
    total = (n_starts + 2 * len(axes)) * len(devices)
    total += len(labels) * (hold_out and len(labels) > 1)
    with tqdm(
        total=total, desc=f"fit {fitting.name}", delay=2, disable=None, miniters=0, mininterval=1
    ) as bar:
        misfit = Misfit(with_clock(family, bar), start, axes, traces, noise)
        starts = first_estimates(misfit, start, axes, traces)
        misfit, starts, gauge = drop_gauges(misfit, starts, fitting.circuit)
        defaults = {axis.name: axis.to_value(float(one)) for axis, one in
                    zip(axes, read(axes, start), strict=True)}  # fmt: skip
        own, misfit, open_, (reached, tried) = fit_devices(
            misfit, starts, fitting, defaults, devices, n_starts, seed, bar.update
        )
        held = gauge | open_
        depends: dict[str, list[str]] = {}
        for part, x in own:
            depends |= conditions(part, x, held, axes)
        if len(devices) == 1:
            misfit, x = own[0]  # with the scales of the refined fit
        ends: dict[str, tuple[float, float]] = {}
        if with_ends and len(devices) == 1:
            x, ends = intervals_of(misfit, x, level, bar.update)
            own = [(misfit, x)]
        spread: dict[str, float] = {}
        if len(devices) > 1:
            x, ends, spread = across(misfit, own, level)
        cycles = between_cycles(misfit, own)
        out = leave_out(misfit, x, labels, bar.update) if hold_out and len(labels) > 1 else {}
        bar.update(max(0, bar.total - bar.n))
    device = device_of(misfit, x, start, axes, held)
    undetermined = explain(fitting, held, status, device, start)
    rows = tabulate(fitting, device, ends, depends, status)
    problems = find_problems(misfit, x, own, reached, tried)
    problems += [sampling] if sampling else []
    fits = not any(one.startswith("residuals") for one in problems)
    problems += find_foreign(rows, fitting, presets, fits)
    origin = origin | {
        "date": str(date.today()), "mottle": version("mottle"), "measured": list(names),
        "noise": noise, "level": level, "n_traces": len(traces), "n_devices": len(devices),
        "n_samples": misfit.size, "n_starts": tried, "n_starts_met": reached,
    }  # fmt: skip
    note = ", ".join(undetermined)
    device = device._replace(
        source=f"fitted to {origin['file']} (sha256 {origin['sha256'][:12]}), {origin['date']}",
        provisional="; ".join(
            ([f"not determined by the data: {note}"] if note else [])
            + (["residuals are not noise"] if any("not noise" in one for one in problems) else [])
        ),
    )
    errors = out.values()
    return DeviceFit(
        family=fitting.name, preset=device, constants=rows, undetermined=undetermined,
        samples=pd.concat([samples_of(*one) for one in own], ignore_index=True),
        residual_error=rms(np.concatenate([part(one) for part, one in own])),
        held_out_error=float(np.sqrt(np.mean(np.square(list(errors))))) if out else None,
        held_out=out, spread=spread, cycle_to_cycle=cycles, problems=tuple(problems),
        provenance=origin,
    )  # fmt: skip


def device_of(
    misfit: Misfit, x: NDArray, start: Any, axes: list[Axis], held: dict[str, list[str]]
) -> Any:
    """Return the fitted device, with the constants of ``start`` that were held."""
    fitting: Any = misfit.family.fitting
    names = [name for name in fitting.held if name in type(start)._fields]
    device = misfit.device_at(x)._replace(**{name: getattr(start, name) for name in names})
    return exactly(device, start, axes, held)


def with_clock(family: Family, bar: Any) -> Family:
    """Return a family whose simulations show the bar's time: a start may take minutes."""

    def trace(*args: Any, **options: Any) -> Any:
        bar.update(0)
        return family.trace(*args, **options)

    return family._replace(trace=trace)


def slope_of(device: Any, name: str, constant: str) -> float:
    """Return by how many percent a property of a device changes with one percent of a constant.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> tiox = devices.get("tiox_zhong2021")  # of which tau is -t_pulse / log(keep)
    >>> round(slope_of(tiox, "alpha", "alpha"), 6), round(slope_of(tiox, "tau", "keep"), 2)
    (1.0, 99.5)
    """
    if name in type(device)._fields:
        return float(name == constant)
    h = 1e-6
    up, down = (
        getattr(device._replace(**{constant: getattr(device, constant) * (1 + side * h)}), name)
        for side in (1, -1)
    )
    return float((up - down) / (2 * h * getattr(device, name)))


def exactly(device: Any, start: Any, axes: list[Axis], held: Mapping[str, Any]) -> Any:
    """Return a device whose held constants are those of the start to the last digit."""
    changed = {}
    for axis in axes:
        if axis.name not in held:
            continue
        value, default = getattr(device, axis.field), getattr(start, axis.field)
        if np.allclose(value, default, rtol=1e-9, atol=0):
            changed[axis.field] = default
    return device._replace(**changed)


def rms(residuals: NDArray) -> float:
    """Return the root mean square."""
    return float(np.sqrt(np.mean(residuals**2))) if residuals.size else 0.0


def first_estimates(
    misfit: Misfit, start: Any, axes: list[Axis], traces: list[Measured]
) -> list[NDArray]:
    """Return the start preset, and an estimate from the data if the family gives one."""
    fitting: Any = misfit.family.fitting
    starts = [read(axes, start)]
    if fitting.guess is not None:
        starts.append(read(axes, fitting.guess(start, traces)))
    return [np.clip(x, *limits(axes)) for x in starts]


def first_fit(
    misfit: Misfit, starts: list[NDArray], n_starts: int, seed: int, move: Callable[[], Any]
) -> tuple[NDArray, int, int]:
    """Return the best of several starts, the number that met there, and the number tried."""
    width = 1.0 if len(starts) == 1 else 0.15 if misfit.family.fitting.grows else 0.5  # type: ignore[union-attr]
    tried = 0

    def count() -> None:
        nonlocal tried
        tried += 1
        move()

    x, reached = search(misfit, starts, width, n_starts, seed, count)
    for wider in (2.5, 5.0):  # where starts did not meet and what they found is no good fit
        parts = misfit.parts(x)
        if reached > 1 or parts is None or count_runs(parts).p > DOUBT or n_starts == 1:
            break
        if rms(np.concatenate(parts)) < LEAST_NOISE:
            break
        other, met = search(misfit, starts, wider * width, n_starts, seed + 1, count)
        if rms(misfit(other)) < rms(misfit(x)):
            x, reached = other, met
    return x, reached, tried


def hold_in_all(most: Misfit, typical: NDArray, own: Fits, circuit: tuple[str, ...]) -> Fits:
    """Return fits in which all devices hold what the one held that determines ``most`` constants.

    What others leave open in addition is held, for them only, at the value of that one.
    """
    values = values_of(most.axes, typical)
    begins = [read(most.axes, part.device_at(x)) for part, x in own]
    found = []
    for (part, _), begin in zip(own, begins, strict=True):
        narrow = part.with_axes(most.device, most.axes)
        tried = [descend(narrow, one) for one in (begin, typical)]
        best = tried[int(np.argmin([cost_of(narrow(one)) for one in tried]))]
        found.append(drop_undetermined(narrow, best, circuit, values, lambda: None, True)[:2])
    return found


def fit_devices(
    misfit: Misfit, starts: list[NDArray], fitting: Any, defaults: dict[str, float],
    devices: list[str], n_starts: int, seed: int, move: Callable[[], Any],
) -> tuple[Fits, Misfit, dict[str, list[str]], tuple[int, int]]:  # fmt: skip
    """Fit every device by itself; free are the constants that the best measured one determines.

    Returns the fits of the devices, the misfit of all with these constants free, the constants that
    are held, and how many starts met of how many tried.
    """
    alone: list[tuple[Misfit, NDArray, dict[str, list[str]]]] = []
    reached, tried = n_starts, 0
    for name in devices:
        part = of_device(misfit, name)
        earlier = [read(part.axes, one.device_at(x)) for one, x, _ in alone]
        begins = [*starts, *([np.mean(earlier, axis=0)] if earlier else [])]
        x, met, n_tried = first_fit(part, begins, n_starts, seed, move)
        if part.predict(x) is None:
            raise ValueError(
                f"family {fitting.name!r} cannot be computed for these traces, from any start: "
                "its devices are much faster or slower than the samples, or the constants "
                "contradict."
            )
        alone.append(drop_undetermined(part, x, fitting.circuit, defaults, move))
        reached, tried = min(reached, met), max(tried, n_tried)
    most, x, open_ = min(alone, key=lambda one: len(one[2]))
    own = [(part, one) for part, one, _ in alone]
    if any(set(other) != set(open_) for _, _, other in alone):
        own = hold_in_all(most, x, own, fitting.circuit)
    own = [(part, refine(part, one)) for part, one in own]
    return own, misfit.with_axes(most.device, most.axes), open_, (reached, tried)


def intervals_of(
    misfit: Misfit, x: NDArray, level: float, move: Callable[[], Any]
) -> tuple[NDArray, dict[str, tuple[float, float]]]:
    """Return the fit and the intervals of its constants; a better fit on the way is taken."""
    for _ in range(MOST_LOWER):
        try:
            return x, profile(misfit, x, level, move)
        except LowerFit as found:
            x = refine(misfit, found.x)
    return x, profile(misfit, x, level, move, settled=True)


def refine(misfit: Misfit, x: NDArray) -> NDArray:
    """Return the minimum to rounding; where noise follows the readings, it is that of the model."""
    x = descend(misfit, x, fine=True)
    if misfit.noise == "reading":
        for _ in range(3):
            levels = misfit.predict(x)
            if levels is None:
                break
            misfit.set_scales(levels)
            x = descend(misfit, x, fine=True)
    return x


def subset(misfit: Misfit, keep: Callable[[Measured], bool]) -> Misfit:
    """Return the misfit of some traces."""
    chosen = [k for k, trace in enumerate(misfit.traces) if keep(trace)]
    part = Misfit(
        misfit.family, misfit.device, misfit.axes, [misfit.traces[k] for k in chosen], misfit.noise
    )
    part.scales = [
        scale
        for (k, _, _), scale in zip(misfit.measured, misfit.scales, strict=True)
        if k in chosen
    ]
    return part


def of_device(misfit: Misfit, name: str) -> Misfit:
    """Return the misfit of the traces of one device."""
    return subset(misfit, lambda trace: trace.device == name)


def logs_of(misfit: Misfit, x: NDArray, axes: list[Axis]) -> tuple[NDArray, NDArray]:
    """Return logarithms of constants of a fit, and their standard errors; NaN for held ones."""
    slopes = misfit.slopes(x)
    errors = noise_of(misfit, x) * np.sqrt(np.diag(np.linalg.pinv(slopes.T @ slopes)))
    values = np.array([axis.to_value(float(one)) for axis, one in zip(misfit.axes, x, strict=True)])
    h = 1e-4
    turned = np.array([
        (axis.to_value(float(one) + h) - axis.to_value(float(one) - h)) / (2 * h)
        for axis, one in zip(misfit.axes, x, strict=True)
    ])  # fmt: skip
    size = np.where(values == 0, 1.0, np.abs(values))
    return spread_out(misfit, np.log(size), axes), spread_out(
        misfit, errors * np.abs(turned) / size, axes
    )


def spread_out(misfit: Misfit, values: NDArray, axes: list[Axis]) -> NDArray[np.float64]:
    """Return values of the free constants of a misfit at their places among ``axes``, else NaN."""
    by_name = {axis.name: one for axis, one in zip(misfit.axes, values, strict=True)}
    return np.array([by_name.get(axis.name, np.nan) for axis in axes])


def variation(groups: list[list[tuple[NDArray, NDArray]]], names: list[str]) -> dict[str, float]:
    """Return the relative standard deviation of constants within groups, less that of the fits."""
    found = {}
    for k, name in enumerate(names):
        values = [np.array([one[0][k] for one in group]) for group in groups]
        values = [v[np.isfinite(v)] for v in values]
        errors = np.array([one[1][k] for group in groups for one in group])
        errors = errors[np.isfinite(errors)]
        left = sum(max(0, v.size - 1) for v in values)
        if left < 1 or errors.max() > LOOSE:
            continue
        scatter = sum(float(((v - np.mean(v)) ** 2).sum()) for v in values if v.size) / left
        variance = max(scatter - float(np.mean(errors**2)), 0.0)
        found[name] = float(np.sqrt(np.expm1(variance)))
    return found


def across(
    misfit: Misfit, own: Fits, level: float
) -> tuple[NDArray, dict[str, tuple[float, float]], dict[str, float]]:
    """Return the typical device, intervals of its constants, and the variation between devices."""
    axes = misfit.axes
    block = np.array([spread_out(part, x, axes) for part, x in own])
    mean, ends = np.nanmean(block, axis=0), {}
    for k, axis in enumerate(axes):
        values = block[np.isfinite(block[:, k]), k]
        if values.size > 1:
            error = values.std(ddof=1) / np.sqrt(values.size)
            reach = float(student.ppf(0.5 + level / 2, values.size - 1) * error)
            pair = axis.to_value(float(mean[k]) - reach), axis.to_value(float(mean[k]) + reach)
            ends[axis.name] = (min(pair), max(pair))
        else:  # determined by one device only
            part, x = next(one for one, v in zip(own, block[:, k], strict=True) if np.isfinite(v))
            ends[axis.name] = intervals_of(part, x, level, lambda: None)[1][axis.name]
    logs = [logs_of(part, x, axes) for part, x in own]
    return mean, ends, variation([logs], [axis.name for axis in axes])


def between_cycles(misfit: Misfit, own: Fits) -> dict[str, float]:
    """Return the variation of constants between repeats on the same device."""
    groups = []
    for part, x in own:
        cycles = list(dict.fromkeys(trace.cycle for trace in part.traces))
        if len(cycles) < 2:
            continue
        repeats = [subset(part, lambda trace, c=cycle: trace.cycle == c) for cycle in cycles]  # type: ignore[misc]
        groups.append([logs_of(one, descend(one, x), misfit.axes) for one in repeats])
    return variation(groups, [axis.name for axis in misfit.axes]) if groups else {}


def leave_out(
    misfit: Misfit, x: NDArray, labels: list[tuple[str, str]], move: Callable[[], Any]
) -> dict[str, float]:
    """Return the relative error of each trace, with all its repeats, under a fit of the others."""
    found = {}
    for label in labels:
        rest = subset(misfit, lambda t, label=label: (t.device, t.trace) != label)  # type: ignore[misc]
        part = subset(misfit, lambda t, label=label: (t.device, t.trace) == label)  # type: ignore[misc]
        name = part.traces[0]._replace(cycle="").label
        found[name] = rms(part(descend(rest, x)))
        move()
    return found


def find_problems(misfit: Misfit, x: NDArray, own: Fits, reached: int, tried: int) -> list[str]:
    """Return what speaks against a fit, as sentences; ``own`` are the fits of the devices."""
    problems: list[str] = []
    errors = [rms(part(one)) for part, one in own]
    parts = [one for part, best in own for one in part.parts(best) or []]
    labels = [part.traces[k].label for part, _ in own for k, _, _ in part.measured]
    if max(errors) > LEAST_NOISE:
        text = (
            "The family is wrong or lacks an effect of this device, the device varies within "
            "a trace, or a trace did not begin at rest."
        )
        runs = count_runs([part for part in parts if part.size > 1])
        place = ""
        for part, label in zip(parts, labels, strict=True):
            one = count_runs([part]) if part.size >= LEAST_SAMPLES else runs
            if runs.p >= DOUBT and one.p * len(parts) < DOUBT:
                runs, place = one, f" of {label}"
        if runs.p < DOUBT:
            what = (
                f"{runs.n_runs} runs of sign where {runs.expected:.0f} are expected"
                if runs.n_runs < runs.expected
                else "they have one sign throughout each trace"
            )
            problems.append(
                f"residuals{place} are not noise: {what} (p={runs.p:.1g}), correlation of "
                f"neighbours {runs.correlation:.2f}. {text}"
            )
        groups = repeats_of(misfit, x)
        lack = lack_of_fit(groups, x.size) if groups and len(own) == 1 else None
        if lack is not None and lack[1] < DOUBT:
            problems.append(
                f"residuals are not noise: their variance is {lack[0]:.3g} times that of repeats "
                f"of the same drive (p={lack[1]:.1g}), which scatter by {lack[2]:.2g} of the scale."
            )
    k = int(np.argmax(errors))
    usual = float(np.median(errors))
    if errors[k] > MOST_NOISE or (errors[k] > UNLIKE * usual and errors[k] > LEAST_NOISE):
        which = f"of device {own[k][0].traces[0].device} " if len(own) > 1 else ""
        beside = f", those of the median device {100 * usual:.3g} %" if len(own) > 1 else ""
        problems.append(
            f"residuals {which}are {100 * errors[k]:.3g} % of the scale{beside}: too large for "
            "noise. The search ended in another minimum (start from a preset that is closer), the "
            "family is wrong, or noise='reading' meets readings below the instrument's noise."
        )
    for axis, one in zip(misfit.axes, x, strict=True):
        value = axis.to_value(float(one))
        if outside(value, axis.bound) and axis.kind != "linear":
            problems.append(
                f"{axis.name}={value:.4g} {axis.bound.unit} lies at its bound, "
                f"{axis.bound.least:g} to {axis.bound.most:g}: are the units those of the headings?"
            )
    if tried > 2 and reached == 1 and problems:
        problems.append(
            f"only one of {tried} starts reached the best fit: there may be a better one; raise "
            "n_starts, or start from a preset that is closer."
        )
    gaps = [trace.gap for trace in misfit.traces if trace.gap]
    if gaps:
        others = f" {len(gaps) - 1} more traces have gaps." if len(gaps) > 1 else ""
        problems.append(gaps[0] + others)
    return problems


def repeats_of(misfit: Misfit, x: NDArray) -> list[list[NDArray]]:
    """Return the residuals of repeats of the same drive, at the samples read in all of them."""
    repeated: dict[Any, list[tuple[NDArray, NDArray]]] = {}
    for (k, name, _), rows, part in zip(
        misfit.measured, misfit.used, misfit.parts(x) or [], strict=False
    ):
        trace = misfit.traces[k]
        key = (trace.device, trace.trace, name, trace.drive.tobytes(), trace.pick.tobytes())
        repeated.setdefault(key, []).append((rows, part))
    groups = []
    for several in repeated.values():
        common = reduce(np.intersect1d, [rows for rows, _ in several])
        if len(several) > 1 and common.size:
            groups.append([part[np.isin(rows, common)] for rows, part in several])
    return groups


def explain(
    fitting: Any, held: dict[str, list[str]], status: dict[str, str], device: Any, start: Any
) -> dict[str, str]:  # fmt: skip
    """Return for each constant that the data leave open why, and what would determine it."""
    found = {}
    unused = fitting.unused(start)
    for name, others in held.items():
        field_ = name if name in fitting.protocols else name.rpartition("_")[0]
        value, default = getattr(device, field_), getattr(start, field_)
        if field_ != name:
            side = SIDES.index(name.rpartition("_")[2])
            value, default = value[side], default[side]
        own = abs(value - default) > 1e-6 * abs(default)
        why = f"only in combination with {', '.join(others)}" if others else "no influence"
        unit = fitting.bounds[field_].unit
        found[name] = (
            f"{why}; held at {value:.6g} {unit}".rstrip()
            + (f", as the data contradict {default:.6g}" if own else "")
            + f". Would determine it: {fitting.protocols[field_]}."
        )
    for name in (*fitting.held, *(one for one, what in status.items() if what == "zero")):
        text = fitting.protocols[name if name in fitting.protocols else name.rpartition("_")[0]]
        if "convention" in text or name in found or name in unused or status.get(name) == "given":
            continue
        why = (
            "0 in the start preset" if status.get(name) == "zero" else "held as in the start preset"
        )
        found[name] = f"{why}. Would determine it: {text}."
    return found


def tabulate(
    fitting: Any, device: Any, ends: dict[str, tuple[float, float]],
    depends: Mapping[str, list[str]], status: dict[str, str],
) -> pd.DataFrame:  # fmt: skip
    """Return the table of constants."""
    rows = {}
    for field_, bound in fitting.bounds.items():
        if field_ in fitting.unused(device):
            continue
        value = getattr(device, field_)
        pair = isinstance(value, tuple)
        for side in range(2) if pair else (None,):
            name = field_ if side is None else f"{field_}_{SIDES[side]}"
            low, high = ends.get(name, (np.nan, np.nan))
            what = "fitted" if name in ends else status.get(name, status.get(field_, "held"))
            if "convention" in fitting.protocols[field_]:
                what = "convention"
            rows[name] = {
                "value": value if side is None else value[side], "unit": bound.unit,
                "low": low, "high": high, "status": what,
                "depends_on": ", ".join(depends.get(name, ())),
            }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("constant")


def samples_of(misfit: Misfit, x: NDArray) -> pd.DataFrame:
    """Return measured and modelled values and residuals, a row for each sample."""
    frames = []
    levels, parts = misfit.predict(x) or [], misfit.parts(x) or []
    for (k, name, y), rows, level, part in zip(
        misfit.measured, misfit.used, levels, parts, strict=True
    ):
        trace = misfit.traces[k]
        frames.append(
            pd.DataFrame(
                {
                    "device": trace.device, "trace": trace.trace, "cycle": trace.cycle,
                    "time": (trace.pick[rows] + 1) * trace.dt,
                    "voltage": trace.drive[trace.pick[rows]], "quantity": name,
                    "measured": y[rows], "model": level[rows], "residual": part,
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def compare(table: pd.DataFrame, chosen: dict[str, Any]) -> DeviceFit:
    """Fit every family that gives what was measured; return the best by the traces left out."""
    labels = table[[name for name in ("device", "trace") if name in table]].drop_duplicates()
    if len(labels) < 2:
        raise ValueError(
            "family='auto' compares families by traces that were left out of the fit, and the "
            "table has one: give two or more, in a column 'trace', or name the family."
        )
    found, rows = {}, {}
    quick = {
        **chosen, "hold_out": True, "with_ends": False, "n_starts": min(3, chosen["n_starts"])
    }  # fmt: skip
    for name, family in families_by_name().items():
        start = next(iter(family.presets.values()))
        try:
            found[name] = fit_one(family, start, table, **quick)
        except ValueError as error:
            rows[name] = {"held_out_error": np.nan, "residual_error": np.nan, "note": str(error)}
            continue
        one = found[name]
        rows[name] = {
            "held_out_error": one.held_out_error, "residual_error": one.residual_error,
            "note": one.problems[0] if one.problems else "",
        }  # fmt: skip
    if not found:
        reasons = "; ".join(f"{name}: {row['note']}" for name, row in rows.items())
        raise ValueError(f"family='auto': no family can be fitted. {reasons}")
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("family")
    frame = frame.sort_values("held_out_error")
    family = families_by_name()[str(frame.index[0])]
    best = fit_one(family, next(iter(family.presets.values())), table, **chosen)
    best = replace(best, comparison=frame)
    for problem in best.problems:
        warn(problem, stacklevel=4)
    return best
