"""Energy of a pipeline: devices, resistors and supply simulated, other parts by operation counts.

Kernels integrate V I. Operations of converters, drivers and digital arithmetic are counted, and
each count is multiplied by one published or assumed energy, given in the same row of the report.
"""

from collections.abc import Iterator
from inspect import signature
from math import ceil
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_is_fitted

from mottle.arrays import order_dims
from mottle.checks import check_positive, choose, is_number, names_arguments
from mottle.events import as_event_streams
from mottle.reservoir.catalogue import family_of, get, kind_of, simulate
from mottle.reservoir.nodes.drives import is_absent

HOROWITZ = "M. Horowitz, ISSCC (2014) 10, doi:10.1109/ISSCC.2014.6757323 (45 nm, 0.9 V)"
SENECA = "Tang et al., SENECA, PMC10326429, table 3"
LEVELS = ("device", "resistor", "capacitor", "driver", "converter", "digital")
COLUMNS = ["stage", "part", "level", "count", "energy_each", "energy", "assumption", "source"]
# attributes in which a wrapper keeps the fitted model it predicts with
WRAPPED = ("best_estimator_", "readout_", "estimator_", "regressor_")
KERNEL = "V I summed in the kernel"
# operations that a stage may count: part, level and figure in the report, in this order
OPERATIONS = {
    "input_lines": ("input lines", "driver", "line"),
    "inputs": ("inputs", "converter", "dac"),
    "input_weights": ("input weights", "digital", "mac"),
    "recurrent_weights": ("recurrent weights", "digital", "mac"),
    "events": ("events", "device", "event"),
    "multiply_accumulates": ("multiply-accumulate", "digital", "mac"),
    "leaks": ("inputs and leaks", "digital", "mac"),
    "jumps": ("jumps of synapses", "digital", "add"),
    "weights": ("weights", "digital", "fetch"),
    "activations": ("activation, one look-up", "digital", "fetch"),
    "dac": ("inputs", "converter", "dac"),
    "drivers": ("word lines", "driver", "line"),
    "adc": ("column currents", "converter", "adc"),
    "mac": ("scales and sums", "digital", "mac"),
    "synaptic_operations": ("synapses", "device", "synapse"),
    "output_spikes": ("spikes counted", "digital", "add"),
    "states_read": ("states read", "converter", "adc"),
    "pooling": ("pooling", "digital", "add"),
}


class Figure(NamedTuple):
    """Energy of one operation in J, the assumption behind it, and its source."""

    energy: float
    assumption: str
    source: str


FIGURES = MappingProxyType(
    {
        "mac": Figure(0.23e-12, "8-bit multiply 0.2 pJ and add 0.03 pJ", HOROWITZ),
        "fetch": Figure(1.25e-12, "a byte out of a 64-bit word of 8 KiB SRAM, 10 pJ", HOROWITZ),
        "add": Figure(0.03e-12, "8-bit add", HOROWITZ),
        "adc": Figure(5.1e-12, "8 bit at 20 fJ a conversion step (provisional)",
                      "order of the median of B. Murmann's ADC survey"),
        "dac": Figure(1e-12, "8-bit conversion, 1 pJ (provisional)", "assumption"),
        "line": Figure(1e-12, "a line of 1 pF charged to 1 V once a step, times the bias squared "
                       "(provisional)", "assumption"),
        "synapse": Figure(2e-14, "a read of 50 uS at 0.2 V for 10 ns (provisional)", "assumption"),
        "event": Figure(1e-12, "a pulse of 1 V and 1 us on 1 S, times the largest conductance: an "
                        "upper bound (provisional)", "assumption"),
    }
)  # fmt: skip

# J for one synaptic operation
CHIPS = {
    "TrueNorth": 2.5e-12, "Tianjic": 1.54e-12, "SENECA": 2.8e-12, "ReckOn": 5.3e-12,
    "SpiNNaker2": 10e-12, "ODIN": 12.7e-12, "NeuronFlow": 20e-12, "Loihi": 23.6e-12,
    "uBrain": 26e-12, "SpiNNaker": 45e-12, "Loihi 2": np.nan,
}  # fmt: skip


@names_arguments
def energy_report(pipeline: Any, X: Any, *, figures: Any = None) -> Any:
    """Report the energy of a fitted pipeline, part by part.

    Parameters
    ----------
    pipeline : estimator
        Fitted Pipeline, ColumnTransformer, FeatureUnion, vote, search, reservoir or readout, nested
        in any way.
    X : table or drive
        Recordings, as the pipeline takes them. Absent recordings are not counted; a recording in
        which only some senses are absent is.
    figures : dict of str to Figure, default=None
        Replaces entries of ``FIGURES``, the energies of single operations.

    Returns
    -------
    report : pandas.DataFrame
        A row per part: stage, part, level ("device", "resistor", "capacitor", "driver", "converter"
        or "digital"), count per recording, energy_each in J, energy in J per recording, assumption
        and source. Device, resistor and capacitor add up to the energy of the supply. ``attrs``
        holds n_recordings (number of rows for a readout alone), node_steps, readout_macs and spikes
        per recording (NaN if nothing spikes) and not_counted, the parts that are left out.

    Raises
    ------
    ValueError
        For an unknown figure, or one that is not a positive number; for recordings that are all
        absent.

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir
    >>> X = np.random.default_rng(0).uniform(-1, 1, (4, 10, 2))
    >>> report = energy_report(MemristorReservoir(20, pool="mean", random_state=0).fit(X), X)
    >>> report.level.tolist()[:2]
    ['device', 'driver']
    """
    known = dict(FIGURES)
    for name, figure in (figures or {}).items():
        choose(name, known, "figure")
        complete = isinstance(figure, tuple) and len(figure) == 3 and is_number(figure[0])
        if not complete or not 0 < figure[0] < np.inf:
            raise ValueError(
                f"figures[{name!r}]={figure!r}: expected Figure(energy, assumption, source) with a "
                "positive and finite energy in J."
            )
        known[name] = Figure(*figure)
    check_is_fitted(pipeline)
    present_X, n_recordings = present(X)
    account = Account(known, n_recordings)
    for name, stage, stage_input in walk(pipeline, present_X, ""):
        account.add(name, stage, stage_input)
    return account.table(pipeline)


@names_arguments
def energy_summary(report: Any) -> Any:
    """Sum up a report: devices alone, with resistors and drivers, with converters and arithmetic.

    Parameters
    ----------
    report : pandas.DataFrame
        From ``energy_report``.

    Returns
    -------
    summary : pandas.DataFrame
        Rows "device", "+ resistors, capacitors, drivers", "+ converters, digital"; columns
        per_inference, per_node_step and per_spike in J (NaN where nothing spikes).

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir
    >>> X = np.random.default_rng(0).uniform(-1, 1, (4, 10, 2))
    >>> report = energy_report(MemristorReservoir(20, pool="mean", random_state=0).fit(X), X)
    >>> summary = energy_summary(report)
    >>> summary.index.tolist()
    ['device', '+ resistors, capacitors, drivers', '+ converters, digital']
    >>> bool(summary.per_inference.is_monotonic_increasing)
    True
    """
    totals = report.groupby("level")["energy"].sum().reindex(LEVELS, fill_value=0.0)
    steps = {
        "device": totals["device"],
        "+ resistors, capacitors, drivers": totals[list(LEVELS[:4])].sum(),
        "+ converters, digital": totals.sum(),
    }
    per_inference = pd.Series(steps)
    return pd.DataFrame(
        {
            "per_inference": per_inference,
            "per_node_step": per_inference / (report.attrs["node_steps"] or np.nan),
            "per_spike": per_inference / (report.attrs["spikes"] or np.nan),
        }
    )


@names_arguments
def chip_ratios(report: Any) -> Any:
    """Compare the energy per readout operation with the synaptic operation of neuromorphic chips.

    The pipeline's total energy is divided by the number of multiply-accumulates of its linear
    readouts; a chip's figure is the published energy of a synaptic operation.

    Parameters
    ----------
    report : pandas.DataFrame
        From ``energy_report``.

    Returns
    -------
    ratios : pandas.DataFrame
        Indexed by chip: ``chip_per_operation`` and ``pipeline_per_operation`` in J and their
        ``ratio`` (above 1: the pipeline takes less). No figure is published for Loihi 2: its ratio
        is NaN. ``attrs`` names the source of the chips' figures.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from mottle.reservoir import MemristorReservoir, RidgeReadout
    >>> X = np.random.default_rng(0).uniform(-1, 1, (8, 10, 2))
    >>> pipeline = make_pipeline(MemristorReservoir(20, pool="mean"), RidgeReadout())
    >>> ratios = chip_ratios(energy_report(pipeline.fit(X, X.mean(axis=(1, 2))), X))
    >>> ratios.columns.tolist()
    ['chip_per_operation', 'pipeline_per_operation', 'ratio']
    """
    operations = report.attrs["readout_macs"]
    if not operations:
        raise ValueError("the report has no linear readout: there is no operation to compare.")
    energy_each = float(report["energy"].sum() / operations)
    chips = pd.Series(CHIPS, name="chip_per_operation").rename_axis("chip")
    ratios = pd.DataFrame(
        {
            "chip_per_operation": chips,
            "pipeline_per_operation": energy_each,
            "ratio": chips / energy_each,
        }
    )
    ratios.attrs["source"] = SENECA
    return ratios


@names_arguments
def spike_energy(
    device: Any = "vo2_pwl", voltage: float | None = None, *, capacitance: float | None = None
) -> Any:
    """Measure the energy per spike of an oscillator over whole cycles.

    Parameters
    ----------
    device : str, ThresholdSwitch or VO2Neuristor, default="vo2_pwl"
        Oscillating device.
    voltage : float, default=None
        Supply in V; by default two fifths into the window of oscillation.
    capacitance : float, default=None
        Capacitance in F in place of the device's.

    Returns
    -------
    energy : pandas.Series
        ``device``, ``resistor`` and ``supply`` in J per spike, ``period`` in s, ``swing`` of the
        voltage over the device in V, ``capacitance`` in F and ``voltage`` in V.

    Raises
    ------
    ValueError
        For a device that does not oscillate at that supply.

    Examples
    --------
    >>> (spike_energy("vo2_pwl", 5.0)[["device", "supply"]] * 1e12).round(1).tolist()
    [184.3, 620.0]
    """
    preset = get(device) if isinstance(device, str) else device
    family = family_of(preset)
    if kind_of(preset) != "oscillator" and family.kind != "oscillator":
        raise ValueError(f"device={device!r} is not an oscillator: it has no cycle to measure.")
    family.check(preset)
    if capacitance is not None:
        preset = preset._replace(capacitance=check_positive("capacitance", capacitance, "F"))
    low, high = preset.window
    volts = 0.6 * low + 0.4 * high if voltage is None else float(voltage)
    options = family.fine(preset)
    span, spikes = 40 * preset.time_scale, np.empty(0)
    while spikes.size < 12 and span < 5000 * preset.time_scale:
        spikes = simulate(preset, volts, span / 4000, duration=span, **options).spike_time.values
        span *= 4
    if spikes.size < 12:
        raise ValueError(f"voltage={volts} V lies outside {low} to {high} V: no oscillation.")
    n = spikes.size // 2
    first, last = spikes[-2 - n], spikes[-2]
    period = (last - first) / n
    dt, power = period / 1000, {}
    # whole cycles, from half-way between two spikes, where the voltage changes slowly
    for name, spike in (("begin", first), ("end", last)):
        n_steps = ceil((spike + 0.5 * period) / dt)
        run = simulate(preset, volts, dt, duration=n_steps * dt, **options)
        late = n_steps * dt - spike - 0.5 * period
        power[name] = energies_at_end(run, volts, preset.r_series, late)
    spent = {key: (power["end"][key] - power["begin"][key]) / n for key in power["end"]}
    cycle_voltage = run.device_voltage[run.time.values >= first]
    return pd.Series(
        spent | {"period": period, "swing": float(cycle_voltage.max() - cycle_voltage.min()),
                 "capacitance": preset.capacitance, "voltage": volts}
    )  # fmt: skip


def energies_at_end(
    run: xr.Dataset, volts: float, r_series: float, late: float
) -> dict[str, float]:
    """Return energies in J of a run up to ``late`` s before its end, from the powers at its end."""
    v, i = float(run.device_voltage[-1]), float(run.current[-1])
    over = (volts - v) / r_series
    powers = {"device": v * i, "resistor": (volts - v) * over, "supply": volts * over}
    return {name: run.attrs[f"energy_{name}"] - late * power for name, power in powers.items()}


class Account:
    """Rows of a report, collected stage by stage."""

    def __init__(self, figures: dict[str, Figure], n_recordings: int | None):
        self.figures = figures
        self.rows: list[tuple] = []
        self.n_recordings = n_recordings  # None until a stage counts them
        self.node_steps = self.readout_macs = 0.0
        self.spikes: float | None = None
        self.not_counted: list[str] = []

    def table(self, pipeline: Any) -> pd.DataFrame:
        """Return the report, per recording."""
        if not self.rows:
            raise ValueError(
                f"{type(pipeline).__name__} holds no reservoir, layer or readout whose "
                "energy can be counted."
            )
        n = self.n_recordings or 1
        report = pd.DataFrame(self.rows, columns=COLUMNS)
        report[["count", "energy"]] /= n
        report.attrs = {
            "n_recordings": n,
            "node_steps": self.node_steps / n,
            "spikes": np.nan if self.spikes is None else self.spikes / n,
            "readout_macs": self.readout_macs / n,
            "not_counted": self.not_counted,
        }
        return report

    def add(self, name: str, stage: Any, X: Any) -> None:
        """Add the rows of one stage with input ``X``."""
        spent = stage.energy(X) if hasattr(stage, "energy") else None
        if hasattr(stage, "coef_") and not hasattr(stage, "count_operations"):
            counts = count_linear(stage, X)
        elif not hasattr(stage, "count_operations"):
            self.not_counted.append(name)
            return
        elif spent is not None and "energy" in signature(stage.count_operations).parameters:
            counts = dict(stage.count_operations(X, energy=spent))
        else:
            counts = dict(stage.count_operations(X))
        n_recordings = int(counts.get("recordings", _num_samples(X)))
        if n_recordings == 0:
            self.not_counted.append(f"{name}: absent in all recordings")
            return
        if not set(counts) & set(OPERATIONS):
            self.not_counted.append(name)
            return
        if self.n_recordings is None:
            self.n_recordings = n_recordings
        self.node_steps += counts.get("node_steps", 0.0)
        self.readout_macs += counts.get("products", 0.0)
        fired = counts.get("spikes", counts.get("output_spikes"))
        if fired is not None:
            self.spikes = (self.spikes or 0.0) + fired
        if spent is not None:
            self._measured(name, spent)
        self._counted(name, counts, getattr(stage, "energy_scales_", {}))
        self.not_counted += [f"{name}: {what}" for what in getattr(stage, "costs_left_out_", ())]

    def _measured(self, name: str, spent: xr.Dataset) -> None:
        """Add simulated energies: variables with a level, summed by part."""
        how, source = spent.attrs.get("method", KERNEL), spent.attrs["source"]
        sums: dict[tuple[str, str], float] = {}
        for variable in spent.data_vars.values():
            if "level" in variable.attrs:
                key = variable.attrs["long_name"], variable.attrs["level"]
                sums[key] = sums.get(key, 0.0) + float(variable.sum())
        left = spent["supply"].attrs.get("rest") if "supply" in spent else None
        if left is not None and any(sums[key] > 0 for key in sums if key[1] == "resistor"):
            sums[left, "capacitor"] = float(spent["supply"].sum()) - sum(sums.values())
        for (part, level), energy in sums.items():
            if energy > 0 or level != "resistor":
                self.rows.append((name, part, level, np.nan, np.nan, energy, how, source))

    def _counted(self, name: str, counts: dict[str, float], scales: dict[str, float]) -> None:
        """Add counted operations, each times its figure and the stage's scale factor."""
        for operation, (part, level, figure) in OPERATIONS.items():
            count = float(counts.get(operation, 0.0))
            if count > 0:
                energy, assumption, source = self.figures[figure]
                each = energy * scales.get(operation, 1.0)
                self.rows.append((name, part, level, count, each, count * each, assumption, source))


def count_linear(model: Any, X: Any) -> dict[str, float]:
    """Count the operations of a linear model's prediction, as ``count_operations`` does.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> count_linear(Ridge().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]), [[1.0, 1.0]])["products"]
    2.0
    """
    macs = float(np.size(model.coef_) * _num_samples(X))
    return {"products": macs, "multiply_accumulates": macs, "weights": macs}


def present(X: Any) -> tuple[Any, int | None]:
    """Return the present recordings of ``X`` and their number, None where it is not known.

    Examples
    --------
    >>> present([None, np.zeros((3, 2)), np.full((4, 2), np.nan)])[1]
    1
    """
    X = order_dims(X)
    streams = as_event_streams(X)
    if streams is not None and streams.one:
        return X, 1
    table = X.to_numpy() if hasattr(X, "dims") else X
    if isinstance(table, pd.DataFrame):
        rows = list(table.itertuples(index=False, name=None))
    elif isinstance(table, pd.Series | list | tuple | np.ndarray):
        rows = [(cell,) for cell in table]
    else:
        return X, None
    least = 1 if isinstance(table, pd.DataFrame | pd.Series) else 2  # a list of rows is one drive

    def is_recording(cell: Any) -> bool:
        events = getattr(getattr(cell, "dtype", None), "names", None)
        return bool(events) or getattr(cell, "ndim", 0) >= least or cell is None

    if not any(is_recording(cell) for row in rows for cell in row):
        return X, None
    kept = [k for k, row in enumerate(rows) if not all(is_absent(cell) for cell in row)]
    if not kept:
        raise ValueError(f"all {len(rows)} recordings of X are absent: no energy can be counted.")
    return (X if len(kept) == len(rows) else _safe_indexing(table, kept)), len(kept)


def walk(model: Any, X: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, fitted stage, its input) for every stage that holds no other stages."""
    inner = f"{name}." if name else ""
    if isinstance(model, Pipeline):
        for key, step in model.steps:
            if step is None or step == "passthrough":
                continue
            yield from walk(step, X, inner + key)
            if step is not model.steps[-1][1]:
                X = step.transform(X)
    elif isinstance(model, ColumnTransformer):
        for key, part, columns in model.transformers_:
            if part not in ("drop", "passthrough") and np.size(columns) > 0:
                yield from walk(part, _safe_indexing(X, columns, axis=1), inner + key)
    elif isinstance(model, FeatureUnion):
        for key, part in model.transformer_list:
            if part not in ("drop", "passthrough"):
                yield from walk(part, X, inner + key)
    elif hasattr(model, "coef_") or hasattr(model, "count_operations"):
        Z = X
        for part in getattr(model, "steps_before_", ()):
            yield from walk(part, Z, name)
            Z = part.transform(Z)
        yield name or type(model).__name__.lower(), model, X
    elif hasattr(model, "named_estimators_"):
        for key, part in model.named_estimators_.items():
            yield from walk(part, X, inner + key)
        if hasattr(model, "final_estimator_"):
            yield from walk(model.final_estimator_, model.transform(X), inner + "final")
    else:
        yield from unwrap(model, X, name)


def unwrap(model: Any, X: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Walk into the models that a wrapper predicts with; yield a model that wraps none."""
    held = [key for key in WRAPPED if hasattr(model, key)] if hasattr(model, "predict") else []
    if hasattr(model, "predict") and hasattr(model, "estimators_"):
        several = np.ravel(np.asarray(model.estimators_, dtype=object))
        columns = getattr(model, "estimators_features_", [slice(None)] * len(several))
        for k, (part, own) in enumerate(zip(several, columns, strict=True)):
            yield from walk(part, _safe_indexing(X, own, axis=1), f"{name}.{k}" if name else str(k))
    elif held:
        X = model.rows(X) if hasattr(model, "rows") else X  # of SequenceReadout
        yield from walk(getattr(model, held[0]), X, name)
    else:
        yield name or type(model).__name__.lower(), model, X
