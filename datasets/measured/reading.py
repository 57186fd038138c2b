"""States recorded on a bench as the dataset that ``Reservoir.states`` gives."""

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from json import dumps
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.arrays import as_numbers
from mottle.checks import check_names, check_option, check_positive, check_whole, is_whole, suggest
from mottle.datasets.measured.alignment import find_delay
from mottle.datasets.measured.faults import check_full_scale, find_saturated
from mottle.datasets.measured.runs import (
    Clock,
    Run,
    check_paths,
    clock_of,
    pick,
    read_runs,
)
from mottle.sensors.files.options import SAMPLE_OPTIONS
from mottle.sensors.files.tables import OPTIONS as TABLE_OPTIONS

FORMS = ("last", "mean", "nodes")
MAX_DELAY = 100
DRIFT = 0.5  # samples by which two clocks may run apart within a run
SHOWN = 5  # faults that a warning names
OWN = ("units", "key", "max_bytes")  # options of ``read_samples`` that are named here, or not taken
OPTIONS = tuple(name for name in (*SAMPLE_OPTIONS, *TABLE_OPTIONS) if name not in OWN)
OF_STATES = (
    "u_column", "u_path", "u_key", "channels", "key", "run_column", "units", "u_units", "dt",
    "hold", "of_hold", "delay", "max_delay", "full_scale",
)  # fmt: skip
FROM_FILES = (*OPTIONS, *OF_STATES)
"""What `read_states` takes, but for an input in memory."""


class Part(NamedTuple):
    """One run, aligned."""

    run: Run
    states: NDArray[np.float64]
    u: NDArray[np.float64] | None
    saturated: NDArray[np.int64]
    clock: Clock
    delay: int
    correlation: float
    notes: list[str]


def read_states(
    paths: Any,
    *,
    u: Any = None,
    u_column: str | Sequence[str] | None = None,
    u_path: Any = None,
    u_key: str | None = None,
    channels: Sequence[str] | None = None,
    key: str | Sequence[str] | None = None,
    run_column: str | None = None,
    units: str = "1",
    u_units: str = "1",
    dt: float | None = None,
    hold: int = 1,
    of_hold: str = "last",
    delay: int | None = None,
    max_delay: int | None = None,
    full_scale: tuple[float, float] | None = None,
    **options: Any,
) -> Any:
    """Read states that were recorded on a bench, as the dataset that ``Reservoir.states`` gives.

    A channel is a node. With the input of the runs, states are moved onto it: the delay is found by
    cross-correlation, or stated.

    Parameters
    ----------
    paths : path, sequence of paths, or dict of str to path
        One file a run (rows are samples, columns channels), or one of several runs: csv and other
        tables, ``.npy``, ``.npz``, HDF5, MATLAB ``.mat``. An array of three axes is (run, step,
        channel). Runs are named after their files, or by the keys of a dict.
    u : array-like, default=None
        Input of shape (n_steps,) or (n_steps, n_inputs), the same in all runs; or a list of these,
        one a run.
    u_column : str or list of str, default=None
        Columns of the same files that hold the input.
    u_path : path, or sequence of paths, default=None
        Files of the input alone, one for all runs or one a run.
    u_key : str, default=None
        Array that holds the input: of ``u_path``, or of the same files.
    channels : list of str, default=None
        Channels that are nodes, in this order. None: all but those of ``u_column``.
    key : str or list of str, default=None
        Array of an ``.npz``, HDF5 or ``.mat`` file; several are one run each.
    run_column : str, default=None
        Column of a table whose cells name the run of each row.
    units, u_units : str, default="1"
        Units of states and of input.
    dt : float, default=None
        Time from one sample to the next in s. None: from the times of the files.
    hold : int, default=1
        Samples for which each step of the input is held.
    of_hold : {"last", "mean", "nodes"}, default="last"
        What of the samples of a step is its state: the last one, the mean, or each sample as a
        node of its own (time multiplexing).
    delay : int, default=None
        Samples from a step of the input to the first sample that depends on it; negative where
        states were recorded late. None finds it.
    max_delay : int, default=None
        Largest delay in samples, of either sign, that is looked for. None: 100, or a quarter of the
        run if that is less.
    full_scale : tuple of float, default=None
        Lowest and highest value of the converters, in ``units``: samples there are counted as
        saturated. None: channels that look cut at an extreme are.
    **options
        As of `mottle.sensors.files.read_samples`: ``rate``, ``time_unit``, ``time_column``,
        ``names``, ``separator`` and so on; ``on_bad="repair"`` interpolates missing values.

    Returns
    -------
    dataset : xarray.Dataset
        Variable ``states`` (recording, step, node), NaN after a run's end; ``row_size``
        (recording,); ``u`` (recording, step, input), if the input is given; ``saturated``
        (recording, node), samples at the limit of the converter. Coordinates: ``recording``,
        ``step``, ``node``, ``channel`` (node,), ``input``, ``time`` (step,) in s from the first
        step kept, and of each recording ``delay`` in samples, ``correlation``, the largest multiple
        correlation of the input with the states, and ``time_start`` in s on the clock of its file.
        Attributes: ``units``, ``dt``, time of a step in s, ``source``, the files, ``notes``, what
        was left out, repaired or is at fault.

    Raises
    ------
    ValueError
        Naming file, channel and step: for missing values, samples that are not equally spaced, runs
        or input with another clock, runs with other channels; for an input that is not correlated
        with the states, repeats itself within the delays, or does not reach over a run.

    Warns
    -----
    UserWarning
        Of saturated and of constant channels.

    Notes
    -----
    Before the delay states cannot depend on the part of the input that its own past does not
    predict; the delay is the smallest at which states are correlated with this part, beyond what
    chance gives in 1 of 10,000 runs. The state at a step then depends on the input up to that step,
    as in ``Reservoir.states``. A response whose beginning is below the noise is found late, by as
    many samples as it stays there.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> u = np.random.default_rng(0).uniform(-1, 1, 400)
    >>> states = np.stack([np.tanh(u), u**2 + np.roll(u, 1)], axis=1)
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "run.npy"
    ...     np.save(file, np.concatenate([np.zeros((9, 2)), states]))
    ...     found = read_states(file, u=u, units="V", dt=1e-3)
    >>> dict(found.states.sizes), int(found.delay[0]), found.attrs["dt"]
    ({'recording': 1, 'step': 400, 'node': 2}, 9, 0.001)
    """
    check_state_options(options)
    if options.get("on_bad") == "drop":
        raise ValueError(
            "on_bad='drop' would leave out steps, and states are steps of equal length: 'repair' "
            "interpolates, 'raise' refuses."
        )
    hold, _ = check_whole("hold", hold), check_option("of_hold", of_hold, FORMS)
    if delay is not None and not is_whole(delay):
        raise ValueError(f"delay={delay!r} must be a whole number of samples, or None.")
    if max_delay is not None:
        check_whole("max_delay", max_delay)
    scale = check_full_scale(full_scale)
    columns = [] if u_column is None else check_names(
        "u_column", [u_column] if isinstance(u_column, str) else u_column
    )  # fmt: skip
    given = [name for name, one in (("u", u), ("u_column", u_column), ("u_path", u_path))
             if one is not None]  # fmt: skip
    if len(given) > 1 or (u_key is not None and given not in ([], ["u_path"])):
        raise ValueError(
            f"the input is given by {' and '.join([*given, *(['u_key'] if u_key else [])])}: give "
            "one of u=, u_column=, u_path= (with u_key=) and u_key=."
        )
    if delay is not None and not given and u_key is None:
        raise ValueError(f"delay={delay} is from an input to states: give the input, such as u=.")
    if dt is not None:
        check_positive("dt", dt, "s")
        if "rate" in options:
            raise ValueError(f"dt={dt} and rate={options['rate']} state the same: leave one out.")
        options = options | {"rate": 1 / dt}
    wanted = options | ({"channels": [*channels, *columns]} if channels is not None else {})
    runs = read_runs(paths, key, run_column, wanted)
    inputs = _inputs(runs, u, columns, u_path, u_key, u_units, options)
    parts = [
        _align(run, one, hold, of_hold, delay, max_delay, scale, dt)
        for run, one in zip(_nodes(runs, columns), inputs, strict=True)
    ]
    how = {
        "hold": hold, "of_hold": of_hold, "delay": delay, "max_delay": max_delay,
        "full_scale": full_scale, "u_column": columns or None, "key": key, **options,
    }  # fmt: skip
    return _dataset(parts, hold, of_hold, units, u_units, how)


def check_state_options(options: Iterable[str], known: Sequence[str] = OPTIONS) -> None:
    """Refuse options that `read_states` does not have."""
    for name in options:
        if name not in known:
            like = suggest(name, ["u", *FROM_FILES])
            raise TypeError(f"read_states has no option {name!r}{like}")


def _nodes(runs: list[Run], columns: list[str]) -> list[Run]:
    """Return runs without the channels of the input; those of all runs must be the same."""
    found = []
    for run in runs:
        names = [str(name) for name in run.samples.channel.values]
        kept = [name for name in names if name not in columns]
        if not kept:
            raise ValueError(f"{run.place} has no channel besides the input {', '.join(columns)}.")
        found.append(run._replace(samples=pick(run.samples, kept, run.place)))
    first = [str(name) for name in found[0].samples.channel.values]
    for run in found[1:]:
        own = [str(name) for name in run.samples.channel.values]
        if sorted(own) != sorted(first):
            odd = sorted(set(own) ^ set(first)) or own
            raise ValueError(
                f"channels of {run.place} are not those of {found[0].place}: only one has "
                f"{', '.join(odd)}; name the channels of all runs with channels=."
            )
    return [run._replace(samples=pick(run.samples, first, run.place)) for run in found]


def _inputs(
    runs: list[Run], u: Any, columns: list[str], u_path: Any, u_key: str | None, u_units: str,
    options: dict[str, Any],
) -> list[Run | None]:  # fmt: skip
    """Return the input of each run as a run of its own, with a clock if it has one."""
    if columns:
        return [run._replace(samples=pick(run.samples, columns, run.place)) for run in runs]
    if u is not None:
        several = u if isinstance(u, list | tuple) and np.ndim(u[0]) else [u] * len(runs)
        if len(several) != len(runs):
            raise ValueError(f"u holds {len(several)} inputs, and there are {len(runs)} runs.")
        return [_of_array(one, run) for one, run in zip(several, runs, strict=True)]
    if u_path is None and u_key is None:
        return [None] * len(runs)
    known = {name: options[name] for name in options if name not in ("channels", "names", "rate")}
    if u_path is None:
        files = {run.path: None for run in runs}
        found = [read_runs(path, u_key, None, known) for path in files]
        by_file = dict(zip(files, found, strict=True))
        used: dict[Any, int] = {}
        inputs: list[Run | None] = []
        for run in runs:
            own, k = by_file[run.path], used.get(run.path, 0)
            used[run.path] = k + 1
            inputs.append(own[k if len(own) > 1 else 0])
        return inputs
    found_runs = read_runs(list(check_paths(u_path, "u_path").values()), u_key, None, known)
    if len(found_runs) not in (1, len(runs)):
        raise ValueError(
            f"u_path holds {len(found_runs)} inputs, and there are {len(runs)} runs: give one for "
            "all, or one a run."
        )
    return list(found_runs) if len(found_runs) > 1 else [found_runs[0]] * len(runs)


def _of_array(u: Any, run: Run) -> Run:
    """Return an array as the input of a run."""
    values = as_numbers(np.asarray(u, dtype=np.float64), "u")
    values = values[:, np.newaxis] if values.ndim == 1 else values
    if values.ndim != 2 or not np.isfinite(values).all():
        bad = "holds NaN or infinity" if values.ndim == 2 else f"has shape {values.shape}"
        raise ValueError(f"u of {run.place} {bad}: expected numbers, (n_steps, n_inputs).")
    samples = xr.DataArray(
        values, dims=("time", "channel"),
        coords={"channel": [f"u{k}" if k else "u" for k in range(values.shape[1])]},
    )  # fmt: skip
    return Run(run.name, f"u of {run.place}", samples, run.path)


def _align(
    run: Run, source: Run | None, hold: int, of_hold: str, delay: int | None,
    max_delay: int | None, scale: tuple[float, float] | None, dt: float | None,
) -> Part:  # fmt: skip
    """Return the steps of one run and of its input."""
    clock = clock_of(run)
    values = run.samples.values
    names = [str(name) for name in run.samples.channel.values]
    still = np.ptp(values, axis=0) == 0
    if still.all():
        raise ValueError(
            f"{run.place}: all {len(names)} channels are constant ({names[0]!r} is "
            f"{values[0, 0]:.6g}): nothing was recorded; is the device connected, or the "
            "converter at its limit?"
        )
    notes = [
        f"{run.place}, channel {names[k]!r} is constant ({values[0, k]:.6g})"
        for k in np.flatnonzero(still)
    ]
    repairs = run.samples.attrs.get("repairs") or {}
    notes += [f"{run.place}: {n} {what}" for what, n in repairs.items()]
    if source is None:
        used = slice(0, len(values) // hold * hold)
        states, counts = _gather(run, used, hold, of_hold, scale, notes)
        return Part(run, states, None, counts, clock, 0, np.nan, notes)
    series = source.samples.values
    if source.path == run.path and source.samples.sizes == run.samples.sizes and hold > 1:
        series = _held(series, hold, source.place) if len(series) == len(values) else series
    _check_clocks(run, clock, source, hold)
    constant = np.ptp(series, axis=0) == 0
    if constant.any():
        k = int(np.argmax(constant))
        raise ValueError(
            f"{source.place}: input {str(source.samples.channel.values[k])!r} is constant "
            f"({series[0, k]:.6g}): nothing drives the states; name another column, or leave it "
            "out."
        )
    correlation = np.nan
    if delay is None:
        most = max(1, min(MAX_DELAY, len(values) // 4)) if max_delay is None else max_delay
        found = find_delay(values, series, hold, most, run.place)
        shift, correlation = found.samples, found.correlation
    else:
        shift = int(delay)
    first = max(0, -(shift // hold))
    last = min(len(series), (len(values) - shift) // hold)
    if last - first < 1:
        raise ValueError(
            f"{run.place}: with a delay of {shift} samples, {len(values)} samples and "
            f"{len(series)} steps of input have no step in common."
        )
    begin = first * hold + shift
    used = slice(begin, begin + (last - first) * hold)
    states, counts = _gather(run, used, hold, of_hold, scale, notes)
    left = len(values) - (last - first) * hold
    if left:
        after = left - begin
        notes.append(
            f"{run.place}: {begin} samples before the input and {after} after it are left out"
        )
    if len(series) > last - first:
        notes.append(
            f"{run.place}: {first} steps of input before the samples and {len(series) - last} "
            "after them are left out"
        )
    moved = clock._replace(begin=clock.begin + begin * clock.dt)
    return Part(run, states, series[first:last], counts, moved, shift, correlation, notes)


def _held(series: NDArray[np.float64], hold: int, place: str) -> NDArray[np.float64]:
    """Return the steps of an input that was sampled with the states, each held for some samples."""
    changes = np.flatnonzero((np.diff(series, axis=0) != 0).any(axis=1)) + 1
    phases = np.bincount(changes % hold, minlength=hold)
    if phases.max() < len(changes):
        raise ValueError(
            f"{place}: the input changes within a hold of {hold} samples (at sample "
            f"{int(changes[changes % hold != np.argmax(phases)][0])}): give the input in steps, "
            "with u= or u_path=, or take hold=1."
        )
    begin = int(np.argmax(phases))
    if begin:
        raise ValueError(
            f"{place}: steps of the input begin at sample {begin}, not 0: cut {begin} samples off."
        )
    return series[: len(series) // hold * hold : hold]


def _gather(
    run: Run, used: slice, hold: int, of_hold: str, scale: tuple[float, float] | None,
    notes: list[str],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # fmt: skip
    """Return states (step, node), and how many samples of each node are saturated.

    What is saturated is added to the notes.
    """
    values = run.samples.values[used]
    saturated = find_saturated(values, scale)
    for k in np.flatnonzero(saturated.any(axis=0)):
        row = int(np.argmax(saturated[:, k]))
        notes.append(
            f"{run.place}, channel {str(run.samples.channel.values[k])!r}: "
            f"{int(saturated[:, k].sum())} of {len(values)} samples "
            f"{'look' if scale is None else 'are'} saturated, the first at "
            f"step {row // hold} ({values[row, k]:.6g}, row {row + used.start})"
        )
    n_steps = len(values) // hold
    parts = values.reshape(n_steps, hold, -1)
    counts = saturated.reshape(n_steps, hold, -1).sum(axis=0, dtype=np.int64)
    if of_hold == "last":
        return parts[:, -1], counts[-1]
    if of_hold == "mean":
        return parts.mean(axis=1), counts.sum(axis=0)
    return parts.reshape(n_steps, -1), counts.ravel()


def _check_clocks(run: Run, clock: Clock, source: Run, hold: int) -> None:
    """Raise if a step of the input does not last as long as the samples that it is held for."""
    if source.path == run.path and "time" not in source.samples.coords:
        return
    if "time" not in source.samples.coords or source.samples.sizes["time"] < 2:
        return
    own = clock_of(source)
    if np.isnan(own.dt) or np.isnan(clock.dt):
        return
    together = source.path == run.path and len(source.samples) == len(run.samples)
    step = clock.dt * (1 if together else hold)
    n_steps = min(len(source.samples), len(run.samples) * clock.dt / step)
    apart = abs(own.dt - step) / step * n_steps
    if apart > DRIFT:
        raise ValueError(
            f"{source.place}: a step of the input lasts {own.dt:.9g} s, and {hold} samples of "
            f"{run.place} {step:.9g} s: they run {apart:.3g} steps apart within the run. Correct "
            "hold=, or resample one to the clock of the other."
        )


def _dataset(
    parts: list[Part], hold: int, of_hold: str, units: str, u_units: str, how: dict[str, Any]
) -> xr.Dataset:
    """Return runs as one dataset."""
    sizes = np.array([len(part.states) for part in parts])
    n_nodes = parts[0].states.shape[1]
    clocks = np.array([part.clock.dt for part in parts])
    for part in parts[1:]:
        dt = part.clock.dt
        if np.isnan(dt) != np.isnan(clocks[0]) or abs(dt / clocks[0] - 1) * sizes.max() > DRIFT:
            raise ValueError(
                f"{part.run.place} has samples {dt:.9g} s apart, {parts[0].run.place} "
                f"{clocks[0]:.9g} s: runs of one dataset have one clock; resample, or read them "
                "one by one."
            )
    states = np.full((len(parts), sizes.max(), n_nodes), np.nan)
    for k, part in enumerate(parts):
        states[k, : sizes[k]] = part.states
    channels = [str(name) for name in parts[0].run.samples.channel.values]
    if of_hold == "nodes" and hold > 1:
        channels = [f"{name}@{k}" for k in range(hold) for name in channels]
    notes = [note for part in parts for note in part.notes]
    if len(set(sizes)) > 1:
        notes.append(
            f"runs have {sizes.min()} to {sizes.max()} steps: row_size has each, and states are "
            "NaN after the end"
        )
    variables: dict[str, Any] = {
        "states": (("recording", "step", "node"), states, {"units": units}),
        "row_size": ("recording", sizes, {"long_name": "steps of a recording"}),
        "saturated": (
            ("recording", "node"), np.stack([part.saturated for part in parts]),
            {"long_name": "samples at the limit of the converter"},
        ),
    }  # fmt: skip
    coords: dict[str, Any] = {
        "recording": [part.run.name for part in parts], "step": np.arange(sizes.max()),
        "node": np.arange(n_nodes), "channel": ("node", channels),
    }  # fmt: skip
    attrs: dict[str, Any] = {
        "reservoir": "measured", "parameters": dumps(how, default=str, sort_keys=True),
        "units": units, "versions": dumps({name: version(name) for name in ("mottle", "numpy")}),
        "source": ", ".join(dict.fromkeys(part.run.path.name for part in parts)),
    }  # fmt: skip
    series = [part.u for part in parts if part.u is not None]
    if series:
        u = np.full((len(parts), sizes.max(), series[0].shape[1]), np.nan)
        for k, one in enumerate(series):
            if one.shape[1] != u.shape[2]:
                raise ValueError(
                    f"the input of {parts[k].run.place} has {one.shape[1]} columns, that of "
                    f"{parts[0].run.place} {u.shape[2]}."
                )
            u[k, : sizes[k]] = one
        variables["u"] = (("recording", "step", "input"), u, {"units": u_units})
        coords["input"] = np.arange(u.shape[2])
        coords["delay"] = (
            "recording", np.array([part.delay for part in parts]), {"units": "sample"}
        )  # fmt: skip
        coords["correlation"] = (
            "recording", np.array([part.correlation for part in parts]),
            {"long_name": "multiple correlation of input and states", "units": "1"},
        )  # fmt: skip
        attrs["delay"] = ", ".join(str(part.delay) for part in parts)
        attrs["delay_from"] = "correlation" if how["delay"] is None else "delay="
    if not np.isnan(clocks[0]):
        step = float(clocks[0]) * hold
        attrs |= {"dt": step, "dt_device": step}
        coords["time"] = ("step", step * np.arange(sizes.max()), {"units": "s"})
        begins = np.array([part.clock.begin for part in parts])
        coords["time_start"] = ("recording", begins, {"units": "s"})
    attrs["notes"] = notes
    faults = [note for note in notes if "saturated" in note or "constant" in note]
    if faults:
        more = f"; and {len(faults) - SHOWN} more, in attrs['notes']" * (len(faults) > SHOWN)
        warn("; ".join(faults[:SHOWN]) + more + ".", stacklevel=3)
    return xr.Dataset(variables, coords=coords, attrs=attrs)
