"""SpikingReservoir: leaky integrate-and-fire neurons that excite and inhibit each other."""

from typing import Any

import numpy as np
from scipy import sparse

from mottle.checks import choose
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.threads import empty_states, share
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.spiking import kernel
from mottle.reservoir.nodes.spiking.device import get_neuron
from mottle.reservoir.nodes.wiring import draw_spread

OBSERVABLES = {"spikes": "1", "voltage": "V", "rate": "Hz"}
INHIBITORY = 0.2  # share of neurons, as in cortex and in liquid state machines


class SpikingReservoir(Reservoir):
    r"""Map a drive to what a network of leaky integrate-and-fire neurons shows.

    .. math::
        \tau \dot v = g u + s - v, \quad \tau_s \dot s = -s

    solved exactly from step to step. A neuron at its threshold at the end of a step fires: it is
    reset and waits, and the synaptic voltage s of each of its targets jumps. A fifth of the neurons
    inhibit, with weights that balance those of the others. Spikes alone are carried on, so silent
    neurons cost next to nothing.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of neurons.
    device : str or LIF, default="lif"
        Device constants: "lif" (a membrane), "ts_lif" (a threshold switch that each spike empties),
        or your own (``devices.LIF``).
    v_bias, v_gain : float or None, default=None
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``. None: 1.2 and 0.5 times the
        weakest input that makes the device fire.
    dt_device : float or None, default=None
        Device time in second for which one step of the drive is held. None: a tenth of tau.
    n_inner : int, default=1
        Steps of the network within one of the drive; a spike takes one of them to arrive.
    coupling : float, default=1.0
        Strength of the recurrence: how far, in thresholds, all sources of a neuron together would
        lift it if each fired once and none inhibited.
    density : float, default=0.1
        Share of the neurons that a neuron listens to.
    observable : {"spikes", "voltage", "rate"}, default="rate"
        What a state is: the number of spikes in the step, the voltage in V at its end, or the rate
        of spikes in Hz, averaged over the last ``tau_rate``.
    tau_rate : float or None, default=None
        Time in second over which a rate fades. None: that of the device, tau.
    noise : float, default=0.0
        Noise of the voltage in V: the spread of a neuron that is left alone.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device spread of ``tau`` and ``v_threshold``, or of those named:
        lognormal, or ("normal", number).
    wiring : {"random", "local", "one_to_one"}, default="random"
        Which inputs a node listens to: any, those in a receptive field, or one.
    fan_in : int or None, default=4
        Number of inputs of a node; None takes all it may have.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring="local"``.
    field : int, default=5
        Side of a receptive field in cells, for ``wiring="local"``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights, dimensionless.
    weights_ : scipy.sparse.csr_array of shape (n_nodes, n_nodes)
        Jumps in V that a column's spikes give to the rows.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        ``tau`` in s and ``v_threshold`` in V of each neuron.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    Raises
    ------
    ValueError
        By ``fit``, for impossible constants.

    References
    ----------
    W. Maass, T. Natschläger, H. Markram, Neural Comput. 14 (2002) 2531,
    doi:10.1162/089976602760407955.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> SpikingReservoir(n_nodes=5, random_state=0).fit_transform(X).shape
    (50, 5)
    """

    _inputs_stay_inside = True

    def __init__(self, n_nodes=100, *, device="lif", v_bias=None, v_gain=None, dt_device=None,
                 n_inner=1, coupling=1.0, density=0.1, observable="rate", tau_rate=None, noise=0.0,
                 spread=0.0, wiring="random", fan_in=4, input_shape=None, field=5, pool=None,
                 n_segments=1, random_state=None):  # fmt: skip
        self.n_nodes, self.device, self.v_bias, self.v_gain = n_nodes, device, v_bias, v_gain
        self.dt_device, self.n_inner = dt_device, n_inner
        self.coupling, self.density = coupling, density
        self.observable, self.tau_rate = observable, tau_rate
        self.noise, self.spread = noise, spread
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state

    @property
    def units(self):
        """Unit of a state."""
        return OBSERVABLES[self.observable]

    def describe(self):
        """Say what made the states; see ``Reservoir.describe``."""
        return super().describe() | {"dt_device": self._dt_device()}

    def _dt_device(self) -> float:
        return get_neuron(self.device).tau / 10 if self.dt_device is None else float(self.dt_device)

    def _draw(self, rng):
        device = get_neuron(self.device)
        choose(self.observable, OBSERVABLES, "observable")
        if not (isinstance(self.n_inner, int | np.integer) and self.n_inner >= 1):
            raise ValueError(f"n_inner={self.n_inner!r} must be a whole number, at least 1.")
        for name in ("dt_device", "tau_rate"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name}={value} s must be positive.")
        if not 0 < self.density <= 1:
            raise ValueError(f"density={self.density} must lie above 0 and at most at 1.")
        if not 0 <= self.coupling < np.inf:
            raise ValueError(f"coupling={self.coupling} thresholds must be 0 or more.")
        if not 0 <= self.noise < device.v_threshold:
            raise ValueError(
                f"noise={self.noise} V must lie in [0, {device.v_threshold:g}), the threshold."
            )
        self.devices_ = draw_spread(rng, device, ("tau", "v_threshold"), self.spread, self.n_nodes)
        low = np.flatnonzero(self.devices_["v_threshold"] <= device.v_reset)
        if low.size:
            raise ValueError(
                f"spread={self.spread} gave node {low[0]} a threshold of "
                f"{self.devices_['v_threshold'][low[0]]:.3g} V, not above v_reset="
                f"{device.v_reset} V; take a smaller spread."
            )
        jump = self.coupling * device.v_threshold * device.tau / device.tau_synapse
        self.weights_ = draw_balanced_weights(rng, self.n_nodes, self.density, jump)
        self._laid_out = self._lay_out()

    def _rest(self):
        return np.zeros((kernel.N_STATE, self.n_nodes))

    def _gain_and_bias(self):
        rheobase = get_neuron(self.device).v_rheobase
        gain = 0.5 * rheobase if self.v_gain is None else self.v_gain
        return gain, 1.2 * rheobase if self.v_bias is None else self.v_bias

    def _run(self, v_in, lengths, state):
        raise NotImplementedError("inputs are summed in the kernel, see _run_block")

    def _run_block(self, padded, lengths, state):
        out = empty_states(lengths, padded.shape[1], self.n_nodes)
        observable = kernel.OBSERVABLES.index(self.observable)
        rest = (
            np.ascontiguousarray(padded), lengths, state.values, state.keys, state.step,
            self._neurons(), int(self.n_inner), observable, out,
        )  # fmt: skip
        share(lambda first, last: kernel.run(first, last, *rest), lengths)
        return out

    def _lay_out(self) -> Any:
        """Weights as the kernel needs them, beside those they were made of."""
        w = sparse.csr_array(self.input_weights_).sorted_indices()
        inputs = layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.float64)
        by_source = sparse.csc_array(self.weights_)
        by_source.sort_indices()
        targets = kernel.place_of(by_source.indices.astype(np.int64)).astype(np.uint32)
        laid = *inputs, by_source.indptr.astype(np.int64), targets, by_source.data
        return self.input_weights_, self.weights_, laid

    def _neurons(self):
        laid: Any = self._laid_out
        device, drawn = get_neuron(self.device), self.devices_
        if laid[0] is not self.input_weights_ or laid[1] is not self.weights_:
            laid = self._lay_out()  # weights were put in place after fit
        dt = self._dt_device() / self.n_inner
        keep, keep_s = np.exp(-dt / drawn["tau"]), float(np.exp(-dt / device.tau_synapse))
        ratio = device.tau_synapse / drawn["tau"]
        even = np.isclose(ratio, 1, rtol=1e-6, atol=0)  # where the two decays cannot be told apart
        push = np.where(
            even, dt / drawn["tau"] * keep, (keep_s - keep) * ratio / np.where(even, 1, ratio - 1)
        )
        keep_rate = float(np.exp(-dt / (device.tau if self.tau_rate is None else self.tau_rate)))
        v_gain, v_bias = self._gain_and_bias()
        constants = (
            keep, push, drawn["v_threshold"], float(device.gain * v_gain),
            float(device.gain * v_bias), float(device.v_reset), keep_s, keep_rate,
            (1 - keep_rate) / dt, float(np.ceil(device.t_refractory / dt - 1e-9)),
            float(self.noise),
        )  # fmt: skip
        return kernel.Neurons._make((*laid[2], *constants))


def draw_balanced_weights(
    rng: np.random.RandomState, n_nodes: int, density: float, jump: float
) -> sparse.csr_array:
    """Draw weights of sources that excite or inhibit all their targets, balanced on average.

    Sizes are uniform within half of their mean; those that excite add up to ``jump`` in a row
    without inhibition.

    Examples
    --------
    >>> w = draw_balanced_weights(np.random.RandomState(0), 50, 0.2, 1.0)
    >>> w.shape, int((w.toarray() != 0).sum(axis=1)[0])
    ((50, 50), 10)
    """
    n_kept = max(1, round(density * n_nodes))
    inhibits = rng.permutation(n_nodes) < round(INHIBITORY * n_nodes)
    size = np.where(inhibits, -(1 - INHIBITORY) / INHIBITORY, 1.0) * jump / n_kept
    columns = np.concatenate([rng.choice(n_nodes, n_kept, replace=False) for _ in range(n_nodes)])
    values = size[columns] * rng.uniform(0.5, 1.5, columns.size)
    begin = np.arange(0, columns.size + 1, n_kept)
    weights = sparse.csr_array((values, columns, begin), shape=(n_nodes, n_nodes))
    weights.sort_indices()
    return weights
