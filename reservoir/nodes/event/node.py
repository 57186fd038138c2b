"""EventMemristorReservoir: a volatile memristor per pixel, updated only at its events."""

from math import exp, log1p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from mottle.checks import check_number, check_positive, check_whole, choose
from mottle.containers import as_cells, check_container
from mottle.embedded import CStage, template
from mottle.events import as_event_streams, check_cells, check_sensor
from mottle.memory import zeros_by_page
from mottle.reservoir.compiled.threads import split
from mottle.reservoir.nodes.drives import read_chunk, read_drives
from mottle.reservoir.nodes.embedding import keys, run_key
from mottle.reservoir.nodes.event import kernel
from mottle.reservoir.nodes.event.device import PRESETS, EventMemristor, check_event
from mottle.reservoir.nodes.event.streams import EventBlock, EventRecordings, learn, read_events
from mottle.reservoir.nodes.fading import DECAYS
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.wiring import check_spread, draw_spread
from mottle.restored import check_equal

DTYPES = dict.fromkeys(("float64", "float32"))


def device_of(p: Any) -> EventMemristor:
    """Return the constants of the device."""
    if isinstance(p.device, EventMemristor):
        return p.device
    return choose(p.device, PRESETS, "device")


def on_events(p: Any) -> bool:
    """Return whether the reservoir was fitted on event streams."""
    return hasattr(p, "duration_")


def check(p: Any) -> None:
    """Check the parameters."""
    check_event(device_of(p))
    choose(p.dtype, DTYPES, "dtype")
    check_sensor(p)
    check_whole("n_steps", p.n_steps)
    check_positive("dt_device", p.dt_device, "s")
    check_spread(p.spread, ("tau", "p_c"))
    check_number("write_noise", p.write_noise, least=0, below=1, why=": it is relative to p_c")
    for tau in () if p.tau is None else np.ravel(p.tau).tolist():
        check_positive("tau", tau, "s")


def read(p: Any, X: Any, reset: bool) -> Any:
    """Return recordings of events, or of a drive; learn the sensor size if ``reset``."""
    check_container(X)
    streams = as_event_streams(X)
    if streams is None:
        X = as_cells(X)
        if not reset and on_events(p):
            raise ValueError("this reservoir was fitted on event streams, X is a drive.")
        drives = read_drives(p, X, reset)
        if reset:
            for name in ("duration_", "sensor_size_", "input_shape_"):
                vars(p).pop(name, None)
        return drives
    if not reset and not on_events(p):
        raise ValueError("this reservoir was fitted on a drive, X holds event streams.")
    # in transform the kernel checks the events
    recordings = EventRecordings(streams, read_events(streams, as_is=not reset), p.n_steps)
    if reset and not recordings.absent.any():
        learn(p, recordings.recordings)
    return recordings


def next_events(p: Any, state: Any, X: Any, n_steps: int | None) -> Any:
    """Return the next events of live runs; times count from the beginning of the run."""
    if not on_events(p):
        return read_chunk(p, state, X, n_steps)
    n_steps = check_whole("n_steps", 1 if n_steps is None else n_steps)
    streams = as_event_streams(X)
    if streams is None or len(streams.cells) != state.keys.size:
        n = 0 if streams is None else len(streams.cells)
        raise ValueError(f"{n} event streams for {state.keys.size} runs; expected one per run.")
    recordings = read_events(streams, as_is=True, may_be_empty=True)
    dt = p.duration_ / p.n_steps
    begin, end = (first_microsecond(dt * k) for k in (state.step, state.step + n_steps))
    for r, events in enumerate(recordings):
        outside = events.t[(events.t < begin) | (events.t >= end)]
        if outside.size:
            raise ValueError(
                f"run {r} has an event at {outside[0]} us; steps {state.step} to "
                f"{state.step + n_steps} hold {begin} to {end} us."
            )
    n = len(recordings)
    account = np.zeros((n, 3), np.int64)
    return EventBlock(recordings, np.zeros(n, np.int64), n_steps, account), np.full(n, n_steps)


def wire(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the devices: one or more per input."""
    device = device_of(p)
    taus = np.atleast_1d(device.tau if p.tau is None else p.tau).astype(float)
    eye = sparse.eye_array(p.n_features_in_)
    p.n_nodes_ = p.n_features_in_ * taus.size
    drawn = draw_spread(rng, device, ("tau", "p_c"), p.spread, p.n_nodes_)
    drawn["tau"] *= np.repeat(taus, p.n_features_in_) / device.tau
    return {
        "input_weights_": sparse.csr_array(sparse.vstack([eye] * taus.size)),
        "devices_": drawn | {"p_c": np.minimum(drawn["p_c"], 1.0)},
        "noise_seed_": int(rng.randint(2**31)),
    }


def run(p: Any, block: Any, lengths: NDArray, state: Any) -> NDArray:
    """Run devices under events, or under event counts at the beginning of each step."""
    if isinstance(block, EventBlock):
        return run_events(p, block, state)
    counts = np.tile(np.asarray(block, np.float64), p.n_nodes_ // p.n_features_in_)
    out = np.zeros(counts.shape, state.values.dtype)
    args = (
        counts, lengths, state.values, state.keys, state.step, float(p.dt_device),
        p.devices_["tau"], p.devices_["p_c"], float(p.write_noise), out,
    )  # fmt: skip
    split(lambda begin, end: kernel.run_counts(begin, end, *args), lengths)
    return out


def run_events(p: Any, block: EventBlock, state: Any) -> NDArray:
    """Run a block of events; count those outside the sensor and after the end."""
    (width, height), (_, n_columns, n_polarities) = p.sensor_size_, p.input_shape_
    columns = np.arange(width) // p.cell * n_polarities
    rows = np.arange(height) // p.cell * (n_columns * n_polarities)
    dt, noise = p.duration_ / p.n_steps, float(p.write_noise)
    tau, p_c = (by_device(p.devices_[name], p.n_features_in_) for name in ("tau", "p_c"))
    shape = len(block.recordings), block.n_steps, p.n_nodes_
    out = zeros_by_page(shape, p.dtype, sum(e.t.size for e in block.recordings))

    def work(first, last):
        for r in range(first, last):
            e = block.recordings[r]
            if e.absent:
                continue
            block.account[r, 1:] = kernel.run_events(
                e.t, e.x, e.y, e.p, block.origins[r], columns, rows, n_polarities - 1,
                state.values[r], state.keys[r], state.step, dt, tau, p_c, noise, out[r],
            )  # fmt: skip
            if block.account[r, 1] == kernel.FAULT:
                e.check()

    split(work, [1 + e.t.size for e in block.recordings])
    return out


def restore(p: Any) -> dict[str, Any]:
    """Check the cells of a model from a file."""
    if on_events(p):
        check_cells(p, p.n_features_in_)
        check_whole("n_steps", p.n_steps)
    check_equal("n_nodes_ % n_features_in_", p.n_nodes_ % p.n_features_in_, 0)
    return {}


def embed(p: Any) -> CStage:
    """Return devices in C, which take events, or numbers of events in steps."""
    events, noise = on_events(p), float(p.write_noise)
    tau, p_c = p.devices_["tau"], p.devices_["p_c"]
    sites, n = p.n_features_in_, p.n_nodes_
    dt = p.duration_ / p.n_steps if events else float(p.dt_device)
    same = noise == 0 and all(by_device(one, sites).shape[1] == 1 for one in (tau, p_c))
    most = 1.0 - 1e-16
    tables = {
        "tau": tau, "p_c": p_c, "fade": np.array([exp(-dt / one) for one in tau]),
        "log_left": np.array([log1p(-min(one, most)) for one in p_c.tolist()]),
    }  # fmt: skip
    sizes, state = {"N_NODES": n, "N_SITES": sites}, dict[str, Any](g=np.zeros(n))
    if events:
        (width, height), (_, columns, _) = p.sensor_size_, p.input_shape_
        sizes |= {"WIDTH": width, "HEIGHT": height, "CELL": p.cell, "COLUMNS": columns}
        state["decayed"] = np.uint32(0)
    if events or noise > 0:
        state["n_steps"] = np.uint64(0)
    if noise > 0:
        tables["noise_keys"] = keys(run_key(p), n)
    text = template(
        Path(__file__).with_name("template.c"), events=events, noisy=noise > 0, same=same,
        split=p.polarity == "split",
    )  # fmt: skip
    numbers = {"noise": noise, "most": most, "dt_exact": dt}
    units = {"tau": "s", "dt_exact": "s", "fade": "left after a step"}
    return CStage(text, 0 if events else sites, n, sizes, numbers, tables, state, units)


def ends(p: Any, n_steps: int) -> list[int]:
    """Return the first whole microsecond after each step of a run."""
    dt = p.duration_ / p.n_steps
    return [first_microsecond(dt * (k + 1)) for k in range(n_steps)]


def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
    """Count the events that pulse devices."""
    if isinstance(drives, EventRecordings):
        return {"events": float(sum(e.t.size for e in drives.recordings))}
    present = np.flatnonzero(~drives.absent)
    return {"events": float(sum(np.abs(drives.recordings[i]).sum() for i in present))}


def first_microsecond(moment: float) -> int:
    """Return the first whole microsecond not before ``moment`` in s, as kernels compare times.

    Examples
    --------
    >>> first_microsecond(0.1 / 3), first_microsecond(0.02)
    (33334, 20000)
    """
    t = round(moment * 1e6)
    while t * 1e-6 < moment:
        t += 1
    return t


def by_device(values: NDArray, n_inputs: int) -> NDArray[np.float64]:
    """Return a constant of all nodes as (device, input), or (device, 1) where inputs agree.

    Examples
    --------
    >>> by_device(np.array([1.0, 1.0, 2.0, 2.0]), 2)
    array([[1.],
           [2.]])
    """
    table: NDArray[np.float64] = values.reshape(-1, n_inputs)
    return table[:, :1].copy() if (table == table[:, :1]).all() else table


EVENT_MEMRISTOR = Node(
    check=check,
    read=read,
    read_chunk=next_events,
    wire=wire,
    draw=lambda p, rng: {},
    rest=lambda p: np.zeros((1, p.n_nodes_), p.dtype),
    run=run,
    scale=lambda p: (1.0, 0.0),
    fading=lambda p: DECAYS,
    embed=embed,
    restore=restore,
    noisy=lambda p: p.write_noise > 0,
    sums_inputs=on_events,
    times=lambda p: {"dt_device": p.duration_ / p.n_steps if on_events(p) else p.dt_device},
    family=lambda p: " of events" if on_events(p) else "",
    operations=operations,
    energy_scales=lambda p: {"events": device_of(p).g_max},
)


class EventMemristorReservoir(Reservoir):
    r"""Map event streams to the states of volatile memristors, one or more per pixel.

    .. math::
        G \leftarrow G e^{-\Delta t / \tau}, \quad \text{on an event} \quad
        G \leftarrow G + p_c (1 - G)

    Nothing is computed between events, and an event changes its own pixel only.

    Parameters
    ----------
    device : str or EventMemristor, default="stm_event"
        Device constants: a name, or your own.
    dt_device : float, default=1e-3
        Length of a step in second if the input is a drive instead of events.
    tau : float, tuple of float or None, default=None
        Decay times in second: each pixel has a device for each of them. None: the preset's.
    write_noise : float, default=0.0
        Relative cycle-to-cycle variation of ``p_c``, drawn at each event.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of ``tau`` and ``p_c``, or of those named: lognormal, or
        ("normal", number).
    n_steps : int, default=10
        Steps of equal length into which a recording is cut; states are taken at their ends.
    duration : float or None, default=None
        Time of a recording in second, from its first event. None takes the longest in training.
    sensor_size : (int, int) or None, default=None
        Width and height in pixels. None takes the largest coordinates in training.
    cell : int, default=1
        A device takes the events of ``cell`` x ``cell`` pixels.
    polarity : {"split", "sum"}, default="split"
        Separate devices for off and on events, or one for both.
    on_drop : {"warn", "ignore", "raise"}, default="warn"
        What ``transform`` does with events outside the sensor or after the end.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    dtype : {"float64", "float32"}, default="float64"
        Precision of states; float32 takes half the memory, and less time on large sensors.
    random_state : int, RandomState instance or None, default=None
        Draws devices and the seed of the noise.

    Attributes
    ----------
    devices_ : dict of str to ndarray of shape (n_nodes_,)
        ``tau`` in s and ``p_c`` of each device.
    n_nodes_ : int
        Number of devices. Node = device * inputs + (row * columns + column) * polarities +
        polarity.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
    n_features_in_ : int
        Number of inputs, rows * columns * polarities.
    input_shape_ : (int, int, int)
        Rows, columns and polarities (events only).
    duration_ : float
        Time of a recording in second (events only).

    Notes
    -----
    A drive (recording, step, input) is also accepted: the magnitude of a value is the number of
    events at the beginning of the step, with one input per device.

    References
    ----------
    RN-Net, arXiv:2303.10770.

    Examples
    --------
    >>> import numpy as np
    >>> dtype = [("t", "<i8"), ("x", "<i2"), ("y", "<i2"), ("p", "u1")]
    >>> events = np.array([(0, 0, 0, 1), (50000, 1, 0, 1), (99999, 1, 0, 1)], dtype=dtype)
    >>> EventMemristorReservoir(n_steps=2, polarity="sum").fit_transform(events).round(3)
    array([[0.11 , 0.   ],
           [0.041, 0.377]])
    """

    _kind = EVENT_MEMRISTOR

    def __init__(
        self,
        *,
        device: Any = "stm_event",
        dt_device: float = 1e-3,
        tau: Any = None,
        write_noise: float = 0.0,
        spread: Any = 0.0,
        n_steps: int = 10,
        duration: Any = None,
        sensor_size: Any = None,
        cell: int = 1,
        polarity: str = "split",
        on_drop: str = "warn",
        pool: Any = None,
        n_segments: int = 1,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.device, self.dt_device, self.tau = device, dt_device, tau
        self.write_noise, self.spread = write_noise, spread
        self.n_steps, self.duration, self.sensor_size = n_steps, duration, sensor_size
        self.cell, self.polarity, self.on_drop = cell, polarity, on_drop
        self.pool, self.n_segments = pool, n_segments
        self.dtype, self.random_state = dtype, random_state

    @property
    def n_nodes(self) -> Any:
        """Number of devices, known after ``fit``."""
        check_is_fitted(self)
        return self.n_nodes_
