"""EventMemristorReservoir: one volatile memristor a pixel, touched only by its events."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from mottle.checks import choose
from mottle.reservoir.compiled.threads import share
from mottle.reservoir.nodes.event import kernel
from mottle.reservoir.nodes.event.device import PRESETS, EventMemristor, check_event
from mottle.reservoir.nodes.event.streams import Events, TakesEvents, as_event_streams
from mottle.reservoir.nodes.front import BLOCK_BYTES, Reservoir, ReservoirState
from mottle.reservoir.nodes.wiring import draw_spread

DTYPES = dict.fromkeys(("float64", "float32"))


class EventMemristorReservoir(TakesEvents, Reservoir):
    r"""Map event streams to the states of volatile memristors, one or more a pixel.

    .. math::
        G \leftarrow G e^{-\Delta t / \tau}, \quad \text{on an event} \quad
        G \leftarrow G + p_c (1 - G)

    Nothing is computed between events, and an event touches its own pixel only.

    Parameters
    ----------
    device : str or EventMemristor, default="stm_event"
        Device constants, or your own.
    tau : float, tuple of float or None, default=None
        Decay times in second: each pixel has one device for each. None: the device's.
    n_steps : int, default=10
        Steps of equal length into which a recording is cut; states are shown at their ends.
    duration : float or None, default=None
        Time of a recording in second, from its first event. None takes the longest in training.
    sensor_size : (int, int) or None, default=None
        Width and height in pixels. None takes the largest coordinates in training.
    cell : int, default=1
        A device listens to ``cell`` x ``cell`` pixels.
    polarity : {"split", "sum"}, default="split"
        Devices of their own for off and on events, or one for both.
    on_drop : {"warn", "ignore", "raise"}, default="warn"
        What ``transform`` does about events outside the sensor or after the end.
    dt_device : float, default=1e-3
        Length of a step in second where a drive comes in instead of events.
    noise : float, default=0.0
        Relative noise of ``p_c``, drawn anew at each event.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device spread of ``tau`` and ``p_c``, or of those named: lognormal, or
        ("normal", number).
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None gives states.
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
    n_features_in_ : int
        Number of inputs, rows * columns * polarities.
    input_shape_ : (int, int, int)
        Rows, columns and polarities (events only).
    duration_ : float
        Time of a recording in second (events only).

    Notes
    -----
    A drive (recording, step, input) is taken, too: the size of a value is the number of events at
    the beginning of the step, one input a device.

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

    def __init__(self, device="stm_event", *, tau=None, n_steps=10, duration=None,
                 sensor_size=None, cell=1, polarity="split", on_drop="warn", dt_device=1e-3,
                 noise=0.0, spread=0.0, pool=None, n_segments=1,
                 dtype="float64", random_state=None):  # fmt: skip
        self.device, self.tau = device, tau
        self.n_steps, self.duration, self.sensor_size = n_steps, duration, sensor_size
        self.cell, self.polarity, self.on_drop = cell, polarity, on_drop
        self.dt_device, self.noise, self.spread = dt_device, noise, spread
        self.pool, self.n_segments = pool, n_segments
        self.dtype, self.random_state = dtype, random_state

    @property
    def n_nodes(self):
        """Number of devices, known after ``fit``."""
        check_is_fitted(self)
        return self.n_nodes_

    def describe(self):
        """Say what made the states; see ``Reservoir.describe``."""
        step = self.duration_ / self.n_steps if hasattr(self, "duration_") else self.dt_device
        return super().describe() | {"dt_device": step}

    def fit(self, X, y=None):
        """Learn sensor size and duration, and draw the devices.

        Parameters
        ----------
        X : Series, list, object array, one-column DataFrame of event streams, or one lone stream
            Structured arrays with t (microseconds, not decreasing), x, y and p (0 or 1); or a
            drive, as for the other reservoirs.
        y : ignored
            Present for the sake of pipelines.

        Returns
        -------
        self : EventMemristorReservoir
            The fitted reservoir.
        """
        self._check_parameters()
        recordings, _ = self._check_drive(X, reset=True)
        if isinstance(recordings[0], Events):
            self._learn(recordings)
        else:
            self.__dict__.pop("duration_", None)
        rng = check_random_state(self.random_state)
        device = self._preset()
        taus = np.atleast_1d(device.tau if self.tau is None else self.tau).astype(float)
        if taus.ndim != 1 or not (taus > 0).all():
            raise ValueError(f"tau={self.tau} s must be positive.")
        self.n_nodes_ = self.n_features_in_ * taus.size
        drawn = draw_spread(rng, device, ("tau", "p_c"), self.spread, self.n_nodes_)
        drawn["tau"] *= np.repeat(taus, self.n_features_in_) / device.tau
        self.devices_ = drawn | {"p_c": np.minimum(drawn["p_c"], 1.0)}
        self.noise_seed_ = int(rng.randint(2**31))
        self._n_features_out = self.n_nodes_ * max(1, len(self._statistics()) * self.n_segments)
        return self

    def advance(self, state, X, n_steps=1):
        """Carry live runs on; see ``Reservoir.advance``.

        Parameters
        ----------
        state : ReservoirState
            From ``start`` or the call before; it is not changed.
        X : list of event streams, or ndarray of shape (n_recordings, n_steps, n_inputs)
            The events of every run in the next ``n_steps`` steps, times counted from the start of
            the run; or a chunk of drive.
        n_steps : int, default=1
            Number of steps, ``duration_ / n_steps`` long each, that the events cover.

        Returns
        -------
        state : ReservoirState
            Where the runs stand now.
        states : ndarray of shape (n_recordings, n_steps, n_nodes)
            What the nodes showed.
        """
        check_is_fitted(self)
        if not hasattr(self, "duration_"):
            return super().advance(state, X)
        recordings = [
            Events(stream, r, may_be_empty=True, as_is=True) for r, stream in enumerate(X)
        ]
        if len(recordings) != state.keys.size:
            raise ValueError(f"{len(recordings)} streams came in for {state.keys.size} runs.")
        dt = self.duration_ / self.n_steps
        begin, end = (first_microsecond(dt * k) for k in (state.step, state.step + n_steps))
        for r, events in enumerate(recordings):
            outside = events.t[(events.t < begin) | (events.t >= end)]
            if outside.size:
                raise ValueError(
                    f"run {r} has an event at {outside[0]} us; steps {state.step} to "
                    f"{state.step + n_steps} hold {begin} to {end} us."
                )
        new = self._go_on(state)
        out, _, _ = self._run_events(recordings, new, n_steps, np.zeros(len(recordings), np.int64))
        new.step += n_steps
        return new, out

    def _preset(self) -> EventMemristor:
        if isinstance(self.device, EventMemristor):
            return self.device
        return choose(self.device, PRESETS, "device")

    def _check_parameters(self):
        check_event(self._preset())
        choose(self.dtype, DTYPES, "dtype")
        self._check_sensor()
        if not (isinstance(self.n_steps, int | np.integer) and self.n_steps >= 1):
            raise ValueError(f"n_steps={self.n_steps!r} must be a whole number, at least 1.")
        if not self.dt_device > 0:
            raise ValueError(f"dt_device={self.dt_device} s must be positive.")
        if not 0 <= self.noise < 1:
            raise ValueError(f"noise={self.noise} is relative to p_c and must lie in [0, 1).")
        self._statistics()

    def _check_drive(self, X: Any, reset: bool) -> tuple[list[Any], str]:
        streams, one = as_event_streams(X)
        if streams is None:
            if not reset and hasattr(self, "duration_"):
                raise ValueError("this reservoir was fitted on event streams, a drive came in.")
            drives, kind = super()._check_drive(X, reset)
            if reset:
                n_devices = 1 if self.tau is None else np.size(self.tau)
                eye = sparse.eye_array(self.n_features_in_)
                self.input_weights_ = sparse.csr_array(sparse.vstack([eye] * n_devices))
            return drives, kind
        if not reset and not hasattr(self, "duration_"):
            raise ValueError("this reservoir was fitted on a drive, event streams came in.")
        # in transform the kernel looks at the events
        recordings = [Events(stream, i, as_is=not reset) for i, stream in enumerate(streams)]
        return recordings, "one" if one else "array"

    @property
    def _inputs_stay_inside(self):
        return hasattr(self, "duration_")

    def _n_steps(self, recording):
        return self.n_steps if isinstance(recording, Events) else super()._n_steps(recording)

    def _blocks(self, drives, keys=None, *, width=None, spent=None):
        if not isinstance(drives[0], Events):
            yield from super()._blocks(drives, keys, width=width)
            return
        if width is None:
            width = int(max(1, BLOCK_BYTES // (8 * self.n_steps * self.n_nodes_)))
        account = np.zeros((len(drives), 2), dtype=np.int64)
        for first in range(0, len(drives), width):
            chosen = drives[first : first + width]
            if keys is not None:
                ids = list(keys)[first : first + width]
            else:
                ids = [e.content() if self.noise > 0 else 0 for e in chosen]
            values = np.repeat(self._rest()[np.newaxis], len(chosen), axis=0)
            state = ReservoirState(values, self._noise_keys(ids))
            origin = np.array([0 if e.absent else e.t[0] for e in chosen])
            out, *dropped = self._run_events(chosen, state, self.n_steps, origin)
            account[first : first + width] = np.transpose(dropped)
            yield first, out, np.array([0 if e.absent else self.n_steps for e in chosen])
        self._report(account, sum(e.t.size for e in drives))

    def _run_events(self, recordings, state, n_steps, origin):
        """Run a block; returns states, and the events outside the sensor and after the end."""
        (width, height), (_, n_columns, n_polarities) = self.sensor_size_, self.input_shape_
        columns = np.arange(width) // self.cell * n_polarities
        rows = np.arange(height) // self.cell * (n_columns * n_polarities)
        dt, noise = self.duration_ / self.n_steps, float(self.noise)
        tau, p_c = (by_device(self.devices_[name], self.n_features_in_) for name in ("tau", "p_c"))
        out = np.empty((len(recordings), n_steps, self.n_nodes_), self.dtype)
        dropped = np.zeros((2, len(recordings)), dtype=np.int64)

        def run(first, last):
            for r in range(first, last):
                e = recordings[r]
                if e.absent:
                    continue
                dropped[:, r] = kernel.run_events(
                    e.t, e.x, e.y, e.p, origin[r], columns, rows, n_polarities - 1,
                    state.values[r], state.keys[r], state.step, dt, tau, p_c, noise, out[r],
                )  # fmt: skip
                if dropped[0, r] == kernel.FAULT:
                    e.check()

        share(run, [1 + e.t.size for e in recordings])
        return out, *dropped

    def _owner(self):
        return super()._owner() + (" of events" if hasattr(self, "duration_") else "")

    def _rest(self):
        return np.zeros((1, self.n_nodes_), self.dtype)

    def _gain_and_bias(self):
        return 1.0, 0.0

    def _draw(self, rng):
        """Do nothing: ``fit`` draws."""

    def _run(self, v_in, lengths, state):
        out = np.zeros(v_in.shape, state.values.dtype)
        rest = (
            v_in, lengths, state.values, state.keys, state.step, float(self.dt_device),
            self.devices_["tau"], self.devices_["p_c"], float(self.noise), out,
        )  # fmt: skip
        share(lambda begin, end: kernel.run_counts(begin, end, *rest), lengths)
        return out


def first_microsecond(moment: float) -> int:
    """Return the first whole microsecond that is not before a moment in s, as kernels compare.

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
    """Lay a constant of all nodes out as (device, input); (device, 1) where inputs agree.

    Examples
    --------
    >>> by_device(np.array([1.0, 1.0, 2.0, 2.0]), 2)
    array([[1.],
           [2.]])
    """
    table: NDArray[np.float64] = values.reshape(-1, n_inputs)
    return table[:, :1].copy() if (table == table[:, :1]).all() else table
