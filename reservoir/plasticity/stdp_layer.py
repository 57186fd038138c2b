"""STDPLayer: spiking neurons with unsupervised learning of spike patterns."""

from collections.abc import Generator
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted
from tqdm import tqdm

from mottle.checks import (
    NamesParameters,
    check_bool,
    check_fraction,
    check_number,
    check_positive,
    check_whole,
    choose,
)
from mottle.containers import as_cells, check_container
from mottle.events import FIELDS, as_event_streams, check_cells, check_sensor, report_dropped
from mottle.output import FrameOutput
from mottle.reservoir import drawing
from mottle.reservoir.compiled.threads import split
from mottle.reservoir.nodes.drives import check_drive, is_absent
from mottle.reservoir.nodes.event.streams import Events, learn, read_events
from mottle.reservoir.nodes.wiring import check_shape, receptive_fields
from mottle.reservoir.plasticity import kernel
from mottle.reservoir.plasticity.curve import BOUNDS
from mottle.reservoir.plasticity.rules import check_rule
from mottle.reservoir.plasticity.synapse import Device, as_synapse, find_synapse
from mottle.restored import check_array, check_places, check_rows

RESPONSES = dict.fromkeys(("graded", "winners"))
DRAWN = (  # of which weights were drawn, and inputs laid out
    "n_neurons", "field", "n_fields", "input_shape", "sensor_size", "duration", "cell", "polarity",
)  # fmt: skip
SYNAPSES = ("rule", "device", "bounds")  # of which synapses were drawn
RATES, GOALS = ("learning_rate", "forgetting"), ("target", "n_spikes")  # may change in training
START = (0.2, 0.8)  # weights before learning, uniform
AT_ONCE = 50  # recordings per update of the progress bar
N_CALIBRATE, N_ROUNDS = 100, 8  # recordings and rounds of threshold calibration
BLOCK_SPIKES = 1 << 22  # spikes, or counts, held at once in transform
TARGET, N_SPIKES = (
    1.5,
    30.0,
)  # default spikes of a neuron per recording, in training and in transform


class STDPLayer(
    NamesParameters, FrameOutput, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):  # fmt: skip
    r"""Map spikes to the spike counts of neurons trained by spike-timing-dependent plasticity.

    Leaky neurons integrate weighted spikes, :math:`\tau \dot v = -v`, and at each time with spikes

    .. math:: v_j \leftarrow \max\Big(0, v_j + \sum_i n_i (w_{ij} - m_i)\Big),

    where input i spikes n_i times; m_i is 0 in training (see ``response``). The neuron farthest
    above its threshold fires, learns, and inhibits the others (winner takes all). Its synapses
    change with the times between spikes (``rule``), as ``device`` permits. Every spike also reduces
    all of them by ``forgetting``, so that synapses of silent inputs are depressed. Thresholds rise
    with each spike and fall with each recording, so that a neuron fires ``target`` times per
    recording on average (homeostasis).

    Parameters
    ----------
    n_neurons : int, default=100
        Number of neurons.
    rule : {"overlap", "pair", "triplet"} or rule, default="overlap"
        Learning rule: overlapping voltage pulses on a device with a threshold, traces of pairs, or
        traces of triplets; or your own constants, such as ``OverlapRule(v_th=1.2)``.
    device : str, device or None, default=None
        Device of the synapses. None: an ideal device. A ``PulseMemristor`` is programmed by graded
        pulses, with its nonlinearity, bounds, noise, device-to-device variation and stuck devices.
        A ``FerroelectricJunction``, ``Memdiode`` or other device with an equation of state is
        driven by the overlapping pulses (rule "overlap" only); ``learning_rate`` sets their
        amplitude. A ``WOxMemristor`` is volatile, and so is a ``Memdiode`` (132 s at 0 V): weights
        decay from recording to recording, and ``transform`` uses those at the end of ``fit``.
    bounds : {"soft", "hard"}, default="soft"
        Without a device: changes shrink towards 0 and 1, or weights are clipped there.
    learning_rate : float, default=0.05
        Change of a weight by the rule's largest potentiation, as a fraction of the range.
    forgetting : float, default=0.2
        Depression of all synapses of a neuron that fires, relative to the largest potentiation.
    tau : float, default=0.1
        Membrane time constant in s.
    inhibition : float, default=1.0
        Fraction of their voltage that neurons of the same field lose when one fires, in training:
        with 1 only one neuron fires, with 0 all that are above threshold.
    homeostasis : float, default=0.01
        Relative rise of a threshold with each spike in training.
    target : float or None, default=None
        Mean spikes of a neuron per recording to which homeostasis tends. None: 1.5, or fewer for
        spike counts of few steps, in each of which only one neuron of a field can fire.
    response : {"graded", "winners"}, default="graded"
        Inhibition in ``transform``. "winners": as in training. "graded": instead, an interneuron
        subtracts the mean weight m_i of a field's neurons from every spike of input i, all neurons
        above threshold fire, and ``fit`` sets thresholds for ``n_spikes``.
    n_spikes : float or None, default=None
        Mean spikes of a neuron per recording, for a graded response. None: 30, or a spike in three
        steps for spike counts with fewer steps.
    field : int or None, default=None
        Side of the receptive fields in cells; None: neurons receive all inputs.
    n_fields : int, default=1
        Number of receptive fields, evenly placed; the neurons are divided among them.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of spike counts, for ``field``; known for events.
    n_segments : int or None, default=1
        Segments of equal length in which spikes are counted. None: every step of spike counts.
    n_epochs : int, default=1
        Number of passes of ``fit`` over the shuffled recordings; 0 leaves the weights as drawn.
    dt : float, default=1e-3
        Time of a step of spike counts in s.
    sensor_size : (int, int) or None, default=None
        Width and height in pixels, for events. None takes the largest coordinates in training.
    duration : float or None, default=None
        Time of a recording of events in s. None takes the longest in training.
    cell : int, default=1
        An input is ``cell`` x ``cell`` pixels.
    polarity : {"split", "sum"}, default="split"
        Separate inputs for off and on events, or one for both.
    on_drop : {"warn", "ignore", "raise"}, default="warn"
        What to do with events outside the sensor or after the end.
    verbose : bool, default=True
        Show progress if training takes more than two seconds.
    random_state : int, RandomState instance or None, default=None
        Draws weights, devices, their noise and the order of recordings.

    Attributes
    ----------
    weights_ : ndarray of shape (n_features_in_, n_neurons)
        Weights as read, as fractions of the device's range; 0 outside the fields. Those of devices
        with ``write_noise``, such as "reram_es", are read with a programming error each, beyond 0
        and 1 as well.
    thresholds_ : ndarray of shape (n_neurons,)
        Thresholds in training.
    response_thresholds_ : ndarray of shape (n_neurons,)
        Thresholds of ``transform``, set by the last ``fit`` or ``partial_fit``.
    fields_ : list of ndarray
        Inputs of each receptive field.
    field_of_ : ndarray of shape (n_neurons,)
        Field of each neuron.
    n_features_in_ : int
        Number of inputs.
    input_shape_ : (int, int, int)
        Rows, columns and polarities (events only).
    duration_ : float
        Time of a recording in s (events only).
    amplitude_ : float or None
        Amplitude in V of the pulses on a voltage-driven device.
    n_updates_ : int
        Number of weight updates in training.

    Notes
    -----
    With the overlap rule only the last spike of input and neuron counts: a new pulse replaces the
    old one. Changes below a thousandth of the largest are neglected. ``fit`` keeps the spikes of
    all recordings in memory; use ``partial_fit`` for larger sets. Defaults that are not constants
    of a rule or a device were tuned by hand on event digits.

    References
    ----------
    P. U. Diehl, M. Cook, Front. Comput. Neurosci. 9 (2015) 99, doi:10.3389/fncom.2015.00099.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).poisson(0.5, (10, 50, 8))
    >>> STDPLayer(4, n_segments=2, random_state=0).fit_transform(X).shape
    (10, 8)
    """

    def __init__(
        self,
        n_neurons: int = 100,
        *,
        rule: Any = "overlap",
        device: Any = None,
        bounds: str = "soft",
        learning_rate: float = 0.05,
        forgetting: float = 0.2,
        tau: float = 0.1,
        inhibition: float = 1.0,
        homeostasis: float = 0.01,
        target: Any = None,
        response: str = "graded",
        n_spikes: Any = None,
        field: Any = None,
        n_fields: int = 1,
        input_shape: Any = None,
        n_segments: Any = 1,
        n_epochs: int = 1,
        dt: float = 1e-3,
        sensor_size: Any = None,
        duration: Any = None,
        cell: int = 1,
        polarity: str = "split",
        on_drop: str = "warn",
        verbose: bool = True,
        random_state: Any = None,
    ) -> None:
        self.n_neurons, self.rule, self.device, self.bounds = n_neurons, rule, device, bounds
        self.learning_rate, self.forgetting, self.tau = learning_rate, forgetting, tau
        self.inhibition, self.homeostasis, self.target = inhibition, homeostasis, target
        self.response, self.n_spikes = response, n_spikes
        self.field, self.n_fields, self.input_shape = field, n_fields, input_shape
        self.n_segments, self.n_epochs, self.dt = n_segments, n_epochs, dt
        self.sensor_size, self.duration, self.cell = sensor_size, duration, cell
        self.polarity, self.on_drop = polarity, on_drop
        self.verbose, self.random_state = verbose, random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train on recordings, from newly drawn weights.

        Parameters
        ----------
        X : spike counts or event streams
            Counts: array of shape (n_recordings, n_steps, n_inputs), a list of (n_steps, n_inputs)
            arrays, or one such array; not negative. Events: Series, list, one-column DataFrame of
            structured arrays with t (microseconds), x, y and p, or a single one.
        y : ignored
            Present for compatibility with pipelines.

        Returns
        -------
        self : STDPLayer
            The fitted layer.
        """
        self._check_parameters()
        spikes = self._all(self._recordings(X, reset=True)[0])
        rng = check_random_state(self.random_state)
        self._draw(rng, spikes)
        n = spikes.lengths.size
        order = np.array([rng.permutation(n) for _ in range(self.n_epochs)], dtype=np.int64).ravel()
        return self._learn_from(spikes, order)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Continue training on recordings, once and in the given order.

        The thresholds of a graded response are calibrated on the recordings of the last call only,
        since weights change from call to call. With fifty or more recordings per call, results
        are close to those of ``fit``; with single recordings the mean number of spikes is far from
        ``n_spikes``, and some neurons hardly fire. ``learning_rate``, ``forgetting``, ``tau``,
        ``inhibition``, ``homeostasis``, ``target`` and ``n_spikes`` may be set between calls, and
        hold from the next one on.

        Parameters
        ----------
        X : spike counts or event streams
            As in ``fit``.
        y : ignored
            Present for compatibility with pipelines.

        Returns
        -------
        self : STDPLayer
            The fitted layer.

        Raises
        ------
        ValueError
            If the first recordings hold no spike, or a parameter of which weights and synapses
            were drawn was set since.

        Examples
        --------
        >>> import numpy as np
        >>> X = np.random.default_rng(0).poisson(0.5, (100, 50, 8))
        >>> layer = STDPLayer(4, random_state=0)
        >>> for block in np.split(X, 2):
        ...     _ = layer.partial_fit(block)
        >>> layer.transform(X[:3]).shape
        (3, 4)
        """
        self._check_parameters()
        new = not hasattr(self, "weights_")
        spikes = self._all(self._recordings(X, reset=new)[0])
        if new:
            self._draw(check_random_state(self.random_state), spikes)
        else:
            self._take_changed(spikes)
            self._copy_weights()
        return self._learn_from(spikes, np.arange(spikes.lengths.size))

    def transform(self, X: Any) -> Any:
        """Count the spikes of every neuron, with fixed weights and thresholds.

        Parameters
        ----------
        X : spike counts or event streams
            As in ``fit``. A recording that is None, or NaN throughout, is absent; its result is
            NaN.

        Returns
        -------
        counts : ndarray of shape (n_recordings, n_neurons * n_segments), or list
            Ordered by segment. If ``n_segments`` is None, spikes at every step: (n_steps,
            n_neurons) for one recording, (n_recordings, n_steps, n_neurons) or a list for many.
        """
        check_is_fitted(self)
        recordings, kind = self._recordings(X, reset=False)
        counts = np.concatenate(self._respond(recordings))
        counts[[absent(recording) for recording in recordings]] = np.nan
        if self.n_segments is not None:
            return counts.reshape(len(counts), -1)
        if kind == "one":
            return counts[0]
        pairs = zip(counts, recordings, strict=True)
        return counts if kind == "array" else [c[: len(drive)] for c, drive in pairs]

    def count_operations(self, X: Any) -> Any:
        """Count the operations of ``transform``, for a report of its energy.

        Parameters
        ----------
        X : spike counts or event streams
            As in ``fit``.

        Returns
        -------
        counts : dict of str to float
            ``recordings`` that are present; ``input_spikes``; ``synaptic_operations``, input spikes
            times the neurons that receive each; ``output_spikes``; and
            ``weight_updates`` in training so far.
        """
        check_is_fitted(self)
        recordings, _ = self._recordings(X, reset=False)
        fan_out, arrived = np.zeros(self.n_features_in_), np.zeros(self.n_features_in_)
        for inputs, n in zip(self.fields_, np.bincount(self.field_of_), strict=True):
            fan_out[inputs] += n
        for spikes in self._blocks(recordings):
            arrived += np.bincount(spikes.place, spikes.amount, self.n_features_in_)
        return {
            "recordings": float(sum(not absent(recording) for recording in recordings)),
            "input_spikes": float(arrived.sum()),
            "synaptic_operations": float(arrived @ fan_out),
            "output_spikes": float(sum(block.sum() for block in self._respond(recordings))),
            "weight_updates": float(self.n_updates_),
        }

    @property
    def costs_left_out_(self) -> list[str]:
        """Parts whose energy is not counted."""
        left = ["membranes and thresholds of its neurons"]
        if self.n_updates_ > 0:
            left.append(f"{self.n_updates_:.0f} weight updates in training")
        return left

    def plot_receptive_fields(self, neurons: Any = None) -> Any:
        """Draw the weights of neurons: on minus off events, or the mean over channels.

        Parameters
        ----------
        neurons : array-like of int, default=None
            Indices of neurons; None takes the first hundred.

        Returns
        -------
        figure : matplotlib.figure.Figure
            One tile per neuron.
        """
        check_is_fitted(self)
        chosen = np.arange(self.n_neurons)[:100] if neurons is None else np.atleast_1d(neurons)
        shape = getattr(self, "input_shape_", self.input_shape) or (1, self.n_features_in_, 1)
        tiles = np.full((len(chosen), self.n_features_in_), np.nan)
        for tile, neuron in zip(tiles, chosen, strict=True):
            inputs = self.fields_[self.field_of_[neuron]]
            tile[inputs] = self.weights_[inputs, neuron]
        return drawing.receptive_fields(tiles.reshape(len(chosen), *shape), shape[2] == 2)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Name the features after segment and neuron.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Only checked against the names of the inputs in ``fit``.

        Returns
        -------
        names : ndarray of str
            One name per column of the result of ``transform``.
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        neurons = range(self.n_neurons)
        if self.n_segments is None:
            return np.array([f"stdplayer{j}" for j in neurons], dtype=object)
        segments = range(self.n_segments)
        return np.array([f"stdplayer_{s}_{j}" for s in segments for j in neurons], dtype=object)

    def __sklearn_tags__(self):
        """Return tags for scikit-learn: spike counts are not negative."""
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = True
        return tags

    def _check_parameters(self) -> None:
        check_sensor(self)
        check_rule(self.rule)
        choose(self.bounds, BOUNDS, "bounds")
        choose(self.response, RESPONSES, "response")
        check_bool("verbose", self.verbose)
        find_synapse(check_rule(self.rule), self.device)
        if self.input_shape is not None:
            check_shape(self.input_shape)
        for name in ("n_neurons", "n_fields"):
            check_whole(name, getattr(self, name))
        check_whole("n_epochs", self.n_epochs, 0)
        for name in ("n_segments", "field"):
            if getattr(self, name) is not None:
                check_whole(name, getattr(self, name))
        for name in ("tau", "dt"):
            check_positive(name, getattr(self, name), "s")
        check_number(
            "learning_rate", self.learning_rate, above=0, most=1, why=": a fraction of the range"
        )
        for name in ("forgetting", "inhibition"):
            check_fraction(name, getattr(self, name))
        check_number("homeostasis", self.homeostasis, least=0, below=1, why=": a relative rise")
        for name in ("target", "n_spikes"):
            if getattr(self, name) is not None:
                check_positive(name, getattr(self, name), "spikes")
        if self.n_fields > self.n_neurons or (self.n_fields > 1 and self.field is None):
            raise ValueError(
                f"n_fields={self.n_fields} needs field, the side of a receptive field (now "
                f"{self.field}), and at least as many neurons (now n_neurons={self.n_neurons})."
            )

    def _refuse_changed(self, names: tuple[str, ...]) -> None:
        """Raise if a parameter was set after ``fit``, which drew what depends on it."""
        for name in names:
            now, value = getattr(self, name), self._fitted_with[name]
            if now is not value and repr(now) != repr(value):
                raise ValueError(f"{name}={now!r} was set after fit; call fit again.")

    def _take_changed(self, spikes: kernel.Spikes) -> None:
        """Apply the parameters that were set since the last training, or refuse them."""
        self._refuse_changed(SYNAPSES)
        changed = [name for name in RATES + GOALS if getattr(self, name) != self._fitted_with[name]]
        if set(changed) & set(GOALS):
            self._check_reachable(spikes)
        if set(changed) & set(RATES):
            self._prepare(int(self._synapse.key))
        self._remember_parameters()

    def _remember_parameters(self) -> None:
        """Keep the parameters that training was done with, to recognise changed ones."""
        names = DRAWN + SYNAPSES + RATES + GOALS
        self._fitted_with = {name: getattr(self, name) for name in names}

    def _prepare(self, key: int) -> Device:
        """Set and return the synapses of rule and device; ``key`` is that of their noise."""
        prepared: Device = as_synapse(
            check_rule(self.rule), self.device, self.bounds, float(self.learning_rate),
            float(self.forgetting), key,
        )  # fmt: skip
        self._rule, self._synapse = prepared.rule, prepared.synapse
        self.amplitude_ = prepared.amplitude
        return prepared

    def _draw(self, rng: Any, spikes: kernel.Spikes) -> None:
        """Place the receptive fields, draw weights and devices, set the initial thresholds."""
        if not spikes.amount.any():
            raise ValueError(
                f"X holds no spike in {spikes.lengths.size} recordings of "
                f"{self.n_features_in_} inputs: thresholds and weights are learnt from spikes."
            )
        n_inputs, n = self.n_features_in_, int(self.n_neurons)
        if self.input_shape is not None and not hasattr(self, "input_shape_"):
            check_input_shape(self.input_shape, n_inputs)
        if self.field is None:
            self.fields_ = [np.arange(n_inputs)]
        else:
            shape = getattr(self, "input_shape_", self.input_shape)
            self.fields_ = receptive_fields(int(self.n_fields), n_inputs, shape, int(self.field))
        first = np.round(np.linspace(0, n, len(self.fields_) + 1)).astype(np.int64)
        self.field_of_ = np.repeat(np.arange(len(self.fields_)), np.diff(first))
        start, factor = rng.uniform(*START, (n_inputs, n)), rng.normal(size=(n_inputs, n))
        stuck = rng.uniform(size=(n_inputs, n))
        prepared = self._prepare(int(rng.randint(2**31)))
        connected = np.zeros((n_inputs, n), dtype=bool)
        for inputs, begin, end in zip(self.fields_, first, first[1:], strict=False):
            connected[inputs, begin:end] = True
        factor = np.exp(np.sqrt(np.log1p(prepared.spread**2)) * factor)
        factor *= stuck >= prepared.stuck
        real = np.where(connected, start, 0.0)
        read = real.copy() if self._synapse.write_noise > 0 else real
        self._weights = kernel.Weights(real, read, factor)
        self.weights_, self._first, self._clock, self.n_updates_ = read, first, 0, 0
        self._n_features_out = n * (self.n_segments or 1)
        begin = np.full(n, float(np.mean(START)) * spikes.amount.sum() / spikes.lengths.size)
        self._check_reachable(spikes)
        self._remember_parameters()
        self.thresholds_ = self._calibrate(spikes, begin, self._target, "winners")

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the attributes; ``weights_`` is again the array that learns, which joblib copies."""
        super().__setstate__(state)
        if hasattr(self, "_weights"):
            read = self._weights.read if self._synapse.write_noise > 0 else self._weights.real
            self._weights, self.weights_ = self._weights._replace(read=read), read
            if not hasattr(self, "_fitted_with"):  # as saved by earlier versions
                self._remember_parameters()

    def _check_restored(self) -> None:
        if not hasattr(self, "weights_"):
            return
        n_inputs = check_whole("n_features_in_", self.n_features_in_)
        n = check_whole("n_neurons", self.n_neurons)
        for name, array in {"weights_": self.weights_, **self._weights._asdict()}.items():
            check_array(name, array, (n_inputs, n))
        for field in self.fields_:
            check_places("fields_", field, n_inputs)
        check_rows("_first", self._first, len(self.fields_), n)
        check_places("field_of_", self.field_of_, len(self.fields_))
        for name in ("thresholds_", "response_thresholds_"):
            check_array(name, getattr(self, name), (n,))
        rule, n_points = self._rule, check_whole("points of _rule.up", len(self._rule.up), 2)
        for name, table in {"up": rule.up, "down": rule.down}.items():
            check_array(f"_rule.{name}", table, (n_points, *np.shape(rule.up)[1:]))
        for name in ("tau", "a"):
            check_array(f"_rule.{name}", getattr(rule, name), (4,))
        if hasattr(self, "sensor_size_"):
            check_cells(self, n_inputs)

    def _check_reachable(self, spikes: kernel.Spikes) -> None:
        """Set the mean numbers of spikes; raise if there are too few steps for them."""
        n_steps = spikes.lengths.mean() / spikes.delay if spikes.delay > 0 else np.inf
        crowd = int(np.bincount(self.field_of_).max())
        target = float(self.target or min(TARGET, n_steps / (2 * crowd)))
        n_spikes = float(self.n_spikes or min(N_SPIKES, n_steps / 3))
        if self.inhibition == 1 and target * crowd > n_steps:
            raise ValueError(
                f"target={self.target} spikes of each of the {crowd} neurons of a field: only one "
                f"of them fires per step, and a recording has {n_steps:.3g} steps. Lower target to "
                f"{n_steps / (2 * crowd):.2g}, or inhibition below 1."
            )
        if n_spikes > n_steps:
            raise ValueError(
                f"n_spikes={self.n_spikes} of each neuron: it fires at most once per step, and a "
                f"recording has {n_steps:.3g} steps. Lower n_spikes to {n_steps / 3:.2g}."
            )
        self._target, self._n_spikes = target, n_spikes

    def _learn_from(self, spikes: kernel.Spikes, order: NDArray) -> "STDPLayer":
        layer = kernel.Layer(
            float(self.tau), float(self.inhibition), float(self.homeostasis), self._target
        )
        bar = tqdm(total=order.size, unit="recording", delay=2, disable=not self.verbose)
        with bar:
            for begin in range(0, order.size, AT_ONCE):
                chunk = order[begin : begin + AT_ONCE]
                self._clock, _, n_updates = kernel.learn(
                    spikes, chunk, self._fields(), layer, self._rule, self._synapse, self._weights,
                    self.thresholds_, self._clock,
                )  # fmt: skip
                self.n_updates_ += n_updates
                bar.update(chunk.size)
        self.response_thresholds_ = self.thresholds_.copy()
        if self.response == "graded":
            self.response_thresholds_ = self._calibrate(
                spikes, self.thresholds_, self._n_spikes, "graded"
            )
        return self

    def _copy_weights(self) -> None:
        """Copy weights and thresholds before further training, since callers may hold them."""
        real, read, gain = self._weights
        self.thresholds_, self.weights_ = self.thresholds_.copy(), read.copy()
        own = self.weights_ if read is real else real.copy()
        self._weights = kernel.Weights(own, self.weights_, gain)

    def _fields(self) -> kernel.Fields:
        """Return the receptive fields as the kernel takes them, by group and by input."""
        inputs = np.concatenate(self.fields_)
        groups = np.repeat(np.arange(len(self.fields_)), [f.size for f in self.fields_])
        ends = np.cumsum([0, *(f.size for f in self.fields_)])
        by_input = np.argsort(inputs, kind="stable")
        counts = np.bincount(inputs, minlength=self.n_features_in_)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return kernel.Fields(self._first, inputs, ends, groups[by_input], starts)

    def _calibrate(
        self, spikes: kernel.Spikes, thresholds: NDArray, goal: float, response: str
    ) -> NDArray:
        """Return thresholds at which each neuron fires about ``goal`` times per recording."""
        n = spikes.lengths.size
        some = np.unique(np.linspace(0, n - 1, min(n, N_CALIBRATE)).astype(int))
        part = _pick(spikes, some)
        for _ in range(N_ROUNDS):
            mean = self._count(part, thresholds, response, 1).mean(axis=(0, 1))
            step = np.clip((mean + 0.1 * goal) / (1.1 * goal), 0.1, 4.0)
            thresholds = np.maximum(thresholds * step**0.9, 1e-9)
        return thresholds

    def _respond(self, recordings: list[Any]) -> list[NDArray]:
        """Return spike counts (recording, segment, neuron), block by block."""
        n_segments = self.n_segments or max(len(drive) for drive in recordings)
        thresholds = self.response_thresholds_
        return [
            self._count(spikes, thresholds, self.response, int(n_segments))
            for spikes in self._blocks(recordings)
        ]

    def _count(
        self, spikes: kernel.Spikes, thresholds: NDArray, response: str, n_segments: int
    ) -> NDArray:
        weights, fields = self.weights_, self._fields()
        means = np.zeros((self.n_features_in_, len(self.fields_)))
        if response == "graded":
            for g, (begin, end) in enumerate(zip(self._first, self._first[1:], strict=False)):
                if end - begin > 1:  # for a single neuron, its own weight would be subtracted
                    means[:, g] = weights[:, begin:end].mean(axis=1)
        inhibition = 0.0 if response == "graded" else float(self.inhibition)
        if n_segments == 1:
            spikes = spikes._replace(segment=np.zeros_like(spikes.segment))
        sizes = np.diff(spikes.ends)
        out: NDArray = np.zeros((sizes.size, n_segments, weights.shape[1]))
        args = (spikes, fields, weights, means, float(self.tau), inhibition, thresholds, out)
        split(lambda begin, end: kernel.respond(begin, end, *args), 1 + sizes)
        return out

    def _recordings(self, X: Any, reset: bool) -> tuple[list[Any], str]:
        """Return checked events or spike counts of each recording, and the kind of input."""
        if not reset:
            self._refuse_changed(DRAWN)
        check_container(X)
        streams = as_event_streams(X)
        on_events = hasattr(self, "duration_")
        if streams is None:
            X = as_cells(X)
            if not reset and on_events:
                raise ValueError("this layer was fitted on event streams, X holds spike counts.")
            if reset:
                for name in ("duration_", "input_shape_", "sensor_size_"):
                    self.__dict__.pop(name, None)
            drives, kind = check_drive(self, X, reset)
            for r, drive in enumerate(drives):
                if (drive < 0).any():
                    step, i = np.argwhere(drive < 0)[0]
                    raise ValueError(
                        f"Negative values in data passed to STDPLayer: recording {r} holds "
                        f"{drive[step, i]} at step {step}, input {i}; counts must be at least 0."
                    )
            return drives, kind
        if not reset and not on_events:
            raise ValueError("this layer was fitted on spike counts, X holds event streams.")
        if self.n_segments is None:
            raise ValueError("n_segments=None counts spikes at every step; events have no steps.")
        recordings = read_events(streams, as_is=True)  # of transform, checked as they are laid out
        if reset:
            for events in recordings:
                events.check()
            self.__dict__.pop("feature_names_in_", None)
            for events in recordings:
                check_present(events, events.place)
            learn(self, recordings)
        return recordings, "array"

    def _all(self, recordings: list[Any]) -> kernel.Spikes:
        """Return the spikes of training recordings; none may be absent."""
        for r, recording in enumerate(recordings):
            check_present(recording, f"recording {r}")
        return next(self._blocks(recordings, np.inf))

    def _blocks(
        self, recordings: list[Any], most: float = BLOCK_SPIKES
    ) -> Generator[kernel.Spikes]:
        """Yield the spikes of recordings in blocks of bounded memory; report dropped events."""
        sizes = np.array([r.t.size if isinstance(r, Events) else r.size for r in recordings])
        block = (np.cumsum(sizes) // most).astype(int)
        starts = [0, *(np.flatnonzero(np.diff(block)) + 1), len(recordings)]
        account = np.zeros((len(recordings), 2), dtype=np.int64)
        for begin, end in pairwise(starts):
            chosen = recordings[begin:end]
            if isinstance(chosen[0], Events):
                spikes, account[begin:end] = self._from_events(chosen)
            else:
                spikes = self._from_counts(chosen)
            if end == len(recordings) and isinstance(chosen[0], Events):
                whole = np.column_stack([sizes, account])
                report_dropped(self, lambda r: recordings[r].place, whole, stacklevel=4)
            yield spikes

    def _from_events(self, recordings: list[Events]) -> tuple[kernel.Spikes, NDArray]:
        """Return spikes, and the events outside the sensor and after the end."""
        (width, height), (_, n_columns, n_polarities) = self.sensor_size_, self.input_shape_
        columns = np.arange(width) // self.cell * n_polarities
        rows = np.arange(height) // self.cell * (n_columns * n_polarities)
        size = sum(events.t.size for events in recordings)
        t, (place, segment) = np.empty(size), np.empty((2, size), dtype=np.int64)
        ends = np.zeros(len(recordings) + 1, dtype=np.int64)
        account = np.zeros((len(recordings), 2), dtype=np.int64)
        for r, events in enumerate(recordings):
            ends[r + 1] = ends[r]
            if events.absent:
                continue
            found = kernel.lay_out(
                *(events[name] for name in FIELDS), columns, rows, n_polarities - 1, self.duration_,
                self.n_segments or 1, *(column[ends[r] :] for column in (t, place, segment)),
            )  # fmt: skip
            if found[0] == kernel.FAULT:
                events.check()
            ends[r + 1] += found[0]
            account[r] = found[1:]
        n = ends[-1]
        lengths = np.full(len(recordings), self.duration_)
        return kernel.Spikes(t[:n], place[:n], np.ones(n), segment[:n], ends, lengths, 0.0), account

    def _from_counts(self, drives: list[NDArray]) -> kernel.Spikes:
        """Return spikes at the beginning of their step; a neuron fires at its end."""
        parts, ends = [], [0]
        for drive in drives:
            step, place = np.nonzero(np.nan_to_num(drive))
            n_segments = self.n_segments or len(drive)
            begins = np.arange(n_segments) * len(drive) // n_segments
            segment = np.searchsorted(begins, step, side="right") - 1
            parts.append((step * self.dt, place, drive[step, place], segment))
            ends.append(ends[-1] + step.size)
        t, place, amount, segment = (np.concatenate(part) for part in zip(*parts, strict=True))
        lengths = np.array([len(drive) for drive in drives]) * float(self.dt)
        return kernel.Spikes(t, place, amount, segment, np.array(ends), lengths, float(self.dt))


def absent(recording: Any) -> bool:
    """Return whether a recording of events or of spike counts is absent."""
    return recording.absent if isinstance(recording, Events) else is_absent(recording)


def check_present(recording: Any, place: str) -> None:
    """Raise if a training recording is absent."""
    if absent(recording):
        raise ValueError(
            f"{place} is absent: leave it out of fit; a sense may be absent at predict time only."
        )


def check_input_shape(input_shape: Any, n_inputs: int) -> None:
    """Raise if the shape does not have the number of inputs."""
    shape = np.asarray(input_shape)
    whole = shape.shape == (3,) and shape.dtype.kind in "iu" and (shape > 0).all()
    if not whole or int(shape.prod()) != n_inputs:
        raise ValueError(
            f"input_shape={input_shape!r} must be (height, width, channels) with product "
            f"{n_inputs}, the number of inputs."
        )


def _pick(spikes: kernel.Spikes, recordings: NDArray) -> kernel.Spikes:
    """Return the spikes of some recordings."""
    begin, end = spikes.ends[recordings], spikes.ends[recordings + 1]
    rows = np.concatenate([np.arange(b, e) for b, e in zip(begin, end, strict=True)])
    t, place, amount, segment = (column[rows] for column in spikes[:4])
    ends = np.concatenate([[0], np.cumsum(end - begin)])
    lengths = spikes.lengths[recordings]
    return kernel.Spikes(t, place, amount, segment, ends, lengths, spikes.delay)
