"""What a pipeline costs: device, resistor and supply from the kernels, the rest by stated figures.

The kernels sum the integral of V I; converters, drivers and digital arithmetic are counted, and
each count is multiplied by one published or assumed figure that stands in the same row.
"""

from collections.abc import Iterator
from copy import copy
from math import ceil
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_samples, check_is_fitted

from mottle.checks import is_number
from mottle.reservoir.catalogue import get, simulate
from mottle.reservoir.nodes.echo_state.node import EchoStateReservoir
from mottle.reservoir.nodes.event.node import EventMemristorReservoir
from mottle.reservoir.nodes.event.streams import as_event_streams, is_absent
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.no_reservoir import NoReservoir
from mottle.reservoir.nodes.oscillator.device import ThresholdSwitch
from mottle.reservoir.nodes.spiking.node import SpikingReservoir
from mottle.reservoir.nodes.vo2.device import VO2Neuristor, longest_step
from mottle.reservoir.nonvolatile.linear import before_last
from mottle.reservoir.nonvolatile.readout import CrossbarReadout
from mottle.reservoir.plasticity.stdp_layer import STDPLayer

HOROWITZ = "M. Horowitz, ISSCC (2014) 10, doi:10.1109/ISSCC.2014.6757323 (45 nm, 0.9 V)"
SENECA = "Tang et al., SENECA, PMC10326429, table 3"
LEVELS = ("device", "resistor", "capacitor", "driver", "converter", "digital")
COLUMNS = ["stage", "part", "level", "count", "energy_each", "energy", "assumption", "source"]
# where a wrapper keeps what it predicts with
WRAPPED = ("best_estimator_", "readout_", "estimator_", "regressor_")
KERNEL = "V I summed in the kernel"
CIRCUIT = "V I of the solved circuit"
# what a stage may count: part, level and figure in the report
OPERATIONS = {
    "dac": ("inputs", "converter", "dac"),
    "drivers": ("word lines", "driver", "line"),
    "adc": ("column currents", "converter", "adc"),
    "mac": ("scales and sums", "digital", "mac"),
    "synaptic_operations": ("synapses", "device", "synapse"),
    "output_spikes": ("spikes counted", "digital", "add"),
}


class Figure(NamedTuple):
    """Energy of one operation in J, what it stands for, and who says so."""

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
        "dac": Figure(1e-12, "8-bit conversion, 1 pJ (provisional)", "of our own"),
        "line": Figure(1e-12, "a line of 1 pF charged to 1 V once a step, times the bias squared "
                       "(provisional)", "of our own"),
        "synapse": Figure(2e-14, "a read of 50 uS at 0.2 V for 10 ns (provisional)", "of our own"),
        "event": Figure(1e-12, "a pulse of 1 V and 1 us on 1 S, times the largest conductance: an "
                        "upper bound (provisional)", "of our own"),
    }
)  # fmt: skip

# J for one synaptic operation
CHIPS = {
    "TrueNorth": 2.5e-12, "Tianjic": 1.54e-12, "SENECA": 2.8e-12, "ReckOn": 5.3e-12,
    "SpiNNaker2": 10e-12, "ODIN": 12.7e-12, "NeuronFlow": 20e-12, "Loihi": 23.6e-12,
    "uBrain": 26e-12, "SpiNNaker": 45e-12, "Loihi 2": np.nan,
}  # fmt: skip


def energy_report(pipeline, X, *, figures=None):
    """Account for the energy of a fitted pipeline, part by part.

    Parameters
    ----------
    pipeline : estimator
        Fitted: a Pipeline, ColumnTransformer, FeatureUnion, vote, search, reservoir or readout, in
        each other at will.
    X : table or drive
        Recordings, as the pipeline takes them. Those that are absent cost nothing and do not count;
        where one of several senses is, the recording does.
    figures : dict of str to Figure, default=None
        Replaces entries of ``FIGURES``, the energies of single operations.

    Returns
    -------
    report : pandas.DataFrame
        A row a part: stage, part, level ("device", "resistor", "capacitor", "driver", "converter"
        or "digital"), count a recording, energy_each in J, energy in J a recording, assumption and
        source. Device, resistor and capacitor add up to what the supply gave. ``attrs`` holds
        n_recordings (rows, where a readout alone is given them), node_steps, readout_macs and
        spikes a recording (NaN if nothing spikes) and not_counted, what is left out.

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
        whole = isinstance(figure, tuple) and len(figure) == 3 and is_number(figure[0])
        if name not in known or not whole or not 0 < figure[0] < np.inf:
            raise ValueError(
                f"figures[{name!r}]={figure!r}: expected one of {', '.join(known)} with a positive "
                "and finite energy in J, Figure(energy, assumption, source)."
            )
        known[name] = Figure(*figure)
    check_is_fitted(pipeline)
    there, n_recordings = present(X)
    account = Account(known, n_recordings)
    for name, stage, given in walk(pipeline, there, ""):
        account.add(name, stage, given)
    return account.table(pipeline)


def energy_summary(report):
    """Sum a report up: device alone, with resistors and drivers, with converters and arithmetic.

    Parameters
    ----------
    report : pandas.DataFrame
        From ``energy_report``.

    Returns
    -------
    summary : pandas.DataFrame
        Rows "device", "+ resistors, capacitors, drivers", "+ converters, digital"; columns
        per_inference, per_node_step and per_spike in J (NaN where nothing spikes).
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


def chip_ratios(report):
    """Set the cost of a readout operation beside the synaptic operation of neuromorphic chips.

    Like stands beside like: on our side all energy of the pipeline for each multiply-accumulate of
    its linear readouts, on theirs the published energy of a synaptic operation.

    Parameters
    ----------
    report : pandas.DataFrame
        From ``energy_report``.

    Returns
    -------
    ratios : pandas.DataFrame
        Indexed by chip: its J for a synaptic operation, ours, and the ratio (above 1: ours takes
        less). No figure of Loihi 2 is published, so that its ratio cannot be formed. ``attrs``
        names the source of the chips' figures.
    """
    operations = report.attrs["readout_macs"]
    if not operations:
        raise ValueError("the report has no linear readout: there is no operation to compare.")
    ours = float(report["energy"].sum() / operations)
    chips = pd.Series(CHIPS, name="chip_per_operation").rename_axis("chip")
    ratios = pd.DataFrame(
        {"chip_per_operation": chips, "ours_per_operation": ours, "ratio": chips / ours}
    )
    ratios.attrs["source"] = SENECA
    return ratios


def spike_energy(device="vo2_pwl", voltage=None, *, capacitance=None):
    """Measure what one spike of an oscillator costs, over whole cycles.

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
        ``device``, ``resistor`` and ``supply`` in J a spike, ``period`` in s, ``swing`` of the
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
    if not isinstance(preset, ThresholdSwitch | VO2Neuristor):
        raise ValueError(f"device={device!r} is no oscillator: nothing to take a cycle of.")
    if capacitance is not None:
        if not capacitance > 0:
            raise ValueError(f"capacitance={capacitance} F must be positive.")
        preset = preset._replace(capacitance=float(capacitance))
    low, high = preset.window
    volts = 0.6 * low + 0.4 * high if voltage is None else float(voltage)
    options: dict[str, Any] = {}
    load: float = getattr(preset, "r_load", 0.0)
    if isinstance(preset, ThresholdSwitch):
        load = preset.r_series
    else:  # so fine that supply = device + resistor to 1e-5
        options = {"dt_inner": longest_step(preset) / 12}
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
    # whole cycles, from half-way between two spikes, where nothing changes fast
    for name, spike in (("begin", first), ("end", last)):
        n_steps = ceil((spike + 0.5 * period) / dt)
        run = simulate(preset, volts, dt, duration=n_steps * dt, **options)
        late = n_steps * dt - spike - 0.5 * period
        power[name] = energies_at_end(run, volts, load, late)
    spent = {key: (power["end"][key] - power["begin"][key]) / n for key in power["end"]}
    shown = run.device_voltage[run.time.values >= first]
    return pd.Series(
        spent | {"period": period, "swing": float(shown.max() - shown.min()),
                 "capacitance": preset.capacitance, "voltage": volts}
    )  # fmt: skip


def energies_at_end(
    run: xr.Dataset, volts: float, r_series: float, late: float
) -> dict[str, float]:
    """Energies in J of a run ``late`` s before it ends, by the powers at its end."""
    v, i = float(run.device_voltage[-1]), float(run.current[-1])
    over = (volts - v) / r_series
    powers = {"device": v * i, "resistor": (volts - v) * over, "supply": volts * over}
    return {name: run.attrs[f"energy_{name}"] - late * power for name, power in powers.items()}


class Account:
    """Rows of a report as they come in."""

    def __init__(self, figures: dict[str, Figure], n_recordings: int | None):
        self.figures = figures
        self.rows: list[tuple] = []
        self.n_recordings = n_recordings  # None until a stage tells
        self.node_steps = self.readout_macs = 0.0
        self.spikes: float | None = None
        self.not_counted: list[str] = []

    def table(self, pipeline: Any) -> pd.DataFrame:
        """Return the report, per recording."""
        if not self.rows:
            raise ValueError(
                f"{type(pipeline).__name__} holds no reservoir, layer or readout that is known "
                "here: there is nothing to account for."
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

    def count(
        self, stage: str, part: str, level: str, count: float, name: str, times: float = 1.0
    ) -> None:
        """Add operations of one kind, each ``times`` its figure."""
        energy, assumption, source = self.figures[name]
        each = energy * times
        self.rows.append((stage, part, level, count, each, count * each, assumption, source))

    def measure(
        self, stage: str, part: str, level: str, energy: float, source: str, how: str = KERNEL
    ) -> None:
        """Add an energy that was simulated."""
        self.rows.append((stage, part, level, np.nan, np.nan, energy, how, source))

    def add(self, name: str, stage: Any, X: Any) -> None:
        """Account for one stage that is given ``X``."""
        if isinstance(stage, Reservoir):
            self._reservoir(name, stage, X)
        elif hasattr(stage, "count_operations"):
            self._operations(name, stage, X)
        elif hasattr(stage, "coef_"):
            self._told(_num_samples(X))
            macs = float(np.size(stage.coef_) * _num_samples(X))
            self.readout_macs += macs
            self.count(name, "multiply-accumulate", "digital", macs, "mac")
            self.count(name, "weights", "digital", macs, "fetch")
        else:
            self.not_counted.append(name)

    def _told(self, n_recordings: int) -> None:
        """Take the number of recordings from a stage, where nothing told it before."""
        if self.n_recordings is None:
            self.n_recordings = n_recordings

    def _there(self, name: str, recordings: list[Any]) -> list[Any]:
        """Return the recordings that are there for a stage."""
        there = [recording for recording in recordings if not is_absent(recording)]
        if not there:
            self.not_counted.append(f"{name}: absent in all recordings")
        else:
            self._told(len(there))
        return there

    def _reservoir(self, name: str, stage: Reservoir, X: Any) -> None:
        every, _ = stage._check_drive(X, reset=False)
        recordings = self._there(name, every)
        if not recordings:
            return
        if len(recordings) < len(every) and not isinstance(stage, EventMemristorReservoir):
            X = recordings
        steps = float(sum(stage._n_steps(recording) for recording in recordings))
        states = steps * stage.n_nodes
        if isinstance(stage, NoReservoir):
            self.not_counted.append(name)
            return
        self.node_steps += states
        counted = False
        if isinstance(stage, EventMemristorReservoir):
            events = sum(r.t.size if hasattr(r, "t") else np.abs(r).sum() for r in recordings)
            self.count(name, "events", "device", float(events), "event", stage._preset().g_max)
        elif isinstance(stage, EchoStateReservoir):
            macs = steps * (stage.input_weights_.nnz + stage.weights_.nnz)
            self.count(name, "multiply-accumulate", "digital", macs, "mac")
            self.count(name, "weights", "digital", macs, "fetch")
            self.count(name, "activation, one look-up", "digital", states, "fetch")
        elif isinstance(stage, SpikingReservoir):
            self._spiking(name, stage, X, steps)
        else:
            counted = self._devices(name, stage, X, steps)
        if not isinstance(stage, EchoStateReservoir | SpikingReservoir) and not counted:
            self.count(name, "states read", "converter", states, "adc")
        pooled = len(stage._statistics())
        if pooled:
            self.count(name, "pooling", "digital", states * pooled, "add")

    def _spiking(self, name: str, stage: SpikingReservoir, X: Any, steps: float) -> None:
        """Account for neurons in arithmetic: their device has no circuit that could be solved."""
        shown = copy(stage).set_params(observable="spikes").states(X)["states"]
        spikes = shown.sum(("recording", "step")).to_numpy()
        self.spikes = (self.spikes or 0.0) + float(spikes.sum())
        jumps = float(spikes @ np.diff(sparse.csc_array(stage.weights_).indptr))
        inputs = steps * stage.input_weights_.nnz + steps * stage.n_inner * stage.n_nodes
        self.count(name, "inputs and leaks", "digital", inputs, "mac")
        self.count(name, "jumps of synapses", "digital", jumps, "add")
        self.count(name, "weights", "digital", jumps + steps * stage.input_weights_.nnz, "fetch")

    def _devices(self, name: str, stage: Reservoir, X: Any, steps: float) -> bool:
        """Account for simulated devices; return whether their states are counts of spikes."""
        spent = stage.energy(X).sum("recording")
        source = str(getattr(stage, "device", type(stage).__name__))
        device, resistor, supply = (float(spent[k]) for k in ("device", "resistor", "supply"))
        self.measure(name, "devices", "device", device, source)
        if resistor > 0:
            self.measure(name, "resistors in series", "resistor", resistor, source)
            self.measure(
                name, "left in capacitors", "capacitor", supply - device - resistor, source
            )
        weights, bias = stage.input_weights_, stage._gain_and_bias()[1]
        held = steps * weights.shape[0]
        self.count(name, "input lines", "driver", held, "line", bias**2)
        self.count(name, "inputs", "converter", held, "dac")
        if not sparse.linalg.norm(weights - _ones(weights)) < 1e-12:
            self.count(name, "input weights", "digital", steps * weights.nnz, "mac")
        if getattr(stage, "coupling", 0) > 0 and hasattr(stage, "weights_"):
            self.count(name, "recurrent weights", "digital", steps * stage.weights_.nnz, "mac")
        if "spikes" not in spent:
            return False
        self.spikes = (self.spikes or 0.0) + float(spent["spikes"])
        if getattr(stage, "observable", "") not in ("spikes", "frequency", "phase"):
            return False
        self.count(name, "spikes counted", "digital", float(spent["spikes"]), "add")
        return True

    def _operations(self, name: str, stage: Any, X: Any) -> None:
        """Account for a stage that counts for itself: a layer, a readout in crossbars."""
        if isinstance(stage, STDPLayer) and not self._there(
            name, stage._recordings(X, reset=False)[0]
        ):
            return
        self._told(_num_samples(X))
        counts, volts = stage.count_operations(X), 1.0
        if isinstance(stage, CrossbarReadout):
            self._crossbars(name, stage, X)
            self.readout_macs += float(counts["products"])
            volts = stage._tile().v_read
        if isinstance(stage, STDPLayer):
            self.spikes = (self.spikes or 0.0) + counts["output_spikes"]
            self.not_counted.append(f"{name}: membranes and thresholds of its neurons")
            if counts["weight_updates"] > 0:
                learnt = f"{counts['weight_updates']:.0f} updates of weights in learning"
                self.not_counted.append(f"{name}: {learnt}")
        for operation, (part, level, figure) in OPERATIONS.items():
            if counts.get(operation, 0.0) > 0:
                times = volts**2 if operation == "drivers" else 1.0
                self.count(name, part, level, float(counts[operation]), figure, times)

    def _crossbars(self, name: str, stage: CrossbarReadout, X: Any) -> None:
        """Account for the arrays of a readout; its cells are written once and for all."""
        spent = stage.energy(X).sum("sample")
        source = "voltages held for 0.1 us (provisional)"
        self.measure(name, "cells", "device", float(spent["device"]), source, CIRCUIT)
        if stage._tile().r_transistor > 0:
            energy = float(spent["transistor"])
            self.measure(name, "transistors", "resistor", energy, source, CIRCUIT)
        rest = float(spent["wire"] + spent["selector"])
        self.measure(name, "wires and selectors", "resistor", rest, source, CIRCUIT)
        self.not_counted.append(f"{name}: writing of its cells (see written_)")


def _ones(weights: sparse.csr_array) -> sparse.csr_array:
    """Return the same pattern with weights of 1, which need no multiplication."""
    ones = weights.copy()
    ones.data = np.ones_like(ones.data)
    return ones


def present(X: Any) -> tuple[Any, int | None]:
    """Return the recordings of ``X`` that are there, and how many; None where X does not tell.

    Examples
    --------
    >>> present([None, np.zeros((3, 2)), np.full((4, 2), np.nan)])[1]
    1
    """
    if as_event_streams(X)[1]:
        return X, 1
    given = X.to_numpy() if hasattr(X, "dims") else X
    if isinstance(given, pd.DataFrame):
        rows = list(given.itertuples(index=False, name=None))
    elif isinstance(given, pd.Series | list | tuple | np.ndarray):
        rows = [(cell,) for cell in given]
    else:
        return X, None
    least = 1 if isinstance(given, pd.DataFrame | pd.Series) else 2  # a list of rows is one drive

    def holds(cell: Any) -> bool:
        events = getattr(getattr(cell, "dtype", None), "names", None)
        return bool(events) or getattr(cell, "ndim", 0) >= least or cell is None

    if not any(holds(cell) for row in rows for cell in row):
        return X, None
    there = [k for k, row in enumerate(rows) if not all(is_absent(cell) for cell in row)]
    if not there:
        raise ValueError(f"all {len(rows)} recordings of X are absent: nothing costs anything.")
    return (X if len(there) == len(rows) else _safe_indexing(given, there)), len(there)


def walk(model: Any, X: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, fitted stage, what it is given) down to the stages that hold no others."""
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
    elif isinstance(model, CrossbarReadout):
        Z = X
        for part in before_last(model.readout_):
            yield from walk(part, Z, name)
            Z = part.transform(Z)
        yield name or "crossbarreadout", model, X
    elif hasattr(model, "coef_") or hasattr(model, "count_operations"):
        yield name or type(model).__name__.lower(), model, X
    elif hasattr(model, "named_estimators_"):
        for key, part in model.named_estimators_.items():
            yield from walk(part, X, inner + key)
        if hasattr(model, "final_estimator_"):
            yield from walk(model.final_estimator_, model.transform(X), inner + "final")
    else:
        yield from unwrap(model, X, name)


def unwrap(model: Any, X: Any, name: str) -> Iterator[tuple[str, Any, Any]]:
    """Walk into what a wrapper predicts with, one model or many; else yield it as it is."""
    held = [key for key in WRAPPED if hasattr(model, key)] if hasattr(model, "predict") else []
    if hasattr(model, "predict") and hasattr(model, "estimators_"):
        several = np.ravel(np.asarray(model.estimators_, dtype=object))
        columns = getattr(model, "estimators_features_", [slice(None)] * len(several))
        for k, (part, own) in enumerate(zip(several, columns, strict=True)):
            yield from walk(part, _safe_indexing(X, own, axis=1), f"{name}.{k}" if name else str(k))
    elif held:
        yield from walk(getattr(model, held[0]), X, name)
    else:
        yield name or type(model).__name__.lower(), model, X
