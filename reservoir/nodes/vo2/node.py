"""VO2Reservoir: thermal neuristors, coupled on a grid or not."""

from typing import Any

import numpy as np

from mottle.checks import choose
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.supply import check_bias, within_supply
from mottle.reservoir.nodes.trace import micro_steps
from mottle.reservoir.nodes.vo2 import kernel as vo2
from mottle.reservoir.nodes.vo2.device import check_neuristor, check_step
from mottle.reservoir.nodes.wiring import draw_spread, near_square

OBSERVABLES = {"voltage": "V", "current": "A", "temperature": "K", "spikes": "1"}
SPREADABLE = ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load")


class VO2Reservoir(Reservoir):
    r"""Map a drive to what VO2 thermal neuristors show.

    .. math::
        C \dot V = (V_{in} - V) / R_{load} - V / R(T), \quad
        C_{th} \dot T = V^2 / R - S_e (T - T_0) + S_c \sum (T_j - T)

    with a hysteretic :math:`R(T)`; a node fires when its film heats past the transition. Integrated
    by Heun's method.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of neuristors.
    v_bias, v_gain : float, default=12.0 and 0.8
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``, within 0 to 25 V.
    device : str or VO2Neuristor, default="vo2_neuristor"
        Device constants: a key of ``devices.VO2_NEURISTORS``, or your own.
    dt_device : float, default=1e-6
        Device time in second for which one step of the drive is held.
    dt : float, default=1e-8
        Longest integration step in second.
    observable : {"voltage", "current", "temperature", "spikes"}, default="voltage"
        What a state is: the mean over the step in V, A or K, or the number of spikes in it.
    kappa : float, default=0.0
        Thermal coupling to the four neighbours on the squarest grid, 0 to 0.2; published 0.02.
    noise : float, default=0.0
        Temperature noise in K per square root of second; the published reservoir has about 133.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device spread of all constants, or of those named: lognormal, or
        ("normal", number).
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
    oscillating : bool, default=True
        Refuse a bias at which a node does not oscillate.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights, dimensionless.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        Constants that may differ from node to node, SI units.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    Raises
    ------
    ValueError
        By ``fit``: for a bias outside the oscillation window or a ``dt`` too coarse.

    References
    ----------
    Y.-H. Zhang, C. Sipling, E. Qiu, I. K. Schuller, M. Di Ventra, "Collective dynamics and
    long-range order in thermal neuristor networks" (2024), arXiv:2312.12899.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> VO2Reservoir(n_nodes=5, random_state=0).fit_transform(X).shape
    (50, 5)
    """

    def __init__(self, n_nodes=100, *, v_bias=12.0, v_gain=0.8, device="vo2_neuristor",
                 dt_device=1e-6, dt=1e-8, observable="voltage", kappa=0.0, noise=0.0, spread=0.0,
                 wiring="random", fan_in=4, input_shape=None, field=5, pool=None, n_segments=1,
                 oscillating=True, random_state=None):  # fmt: skip
        self.n_nodes, self.v_bias, self.v_gain = n_nodes, v_bias, v_gain
        self.device, self.dt_device, self.dt = device, dt_device, dt
        self.observable, self.kappa, self.noise, self.spread = observable, kappa, noise, spread
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments = pool, n_segments
        self.oscillating, self.random_state = oscillating, random_state

    _metered = _spikes = True

    @property
    def units(self):
        """Unit of a state."""
        return OBSERVABLES[self.observable]

    def describe(self):
        """Say what made the states; see ``Reservoir.describe``."""
        return super().describe() | {"dt_device": self.dt_device, "dt": self.dt}

    def _draw(self, rng):
        choose(self.observable, OBSERVABLES, "observable")
        device = check_neuristor(self.device)
        if not 0 <= self.kappa <= 0.2:
            raise ValueError(
                f"kappa={self.kappa} must lie in [0, 0.2]: a node cannot give its neighbours more "
                "heat than it loses."
            )
        if self.noise < 0:
            raise ValueError(f"noise={self.noise} K/sqrt(s) must not be negative.")
        check_step(self.dt, self.dt_device, device)
        if self.oscillating:
            check_bias(self.v_bias, device)
        self.devices_ = draw_spread(rng, device, SPREADABLE, self.spread, self.n_nodes)

    def _rest(self):
        rest = np.zeros((vo2.N_STATE, self.n_nodes))
        rest[1] = check_neuristor(self.device).t_0
        rest[2] = 1.0  # the first thing a cold film does is heat
        return rest

    def _gain_and_bias(self):
        return self.v_gain, self.v_bias

    def _run(self, v_in, lengths, state):
        device = check_neuristor(self.device)
        names = ("e_a", "width", "beta", "gamma", "t_0", "i_spike")
        constants: dict[str, Any] = {name: getattr(device, name) for name in names}
        drawn: dict[str, Any] = self.devices_
        nodes = vo2.Neuristors(
            t_c=np.full(self.n_nodes, device.t_c),
            kappa=float(self.kappa),
            **drawn,
            **constants,
        )
        n_micro = micro_steps(self.dt, self.dt_device)
        _, columns = near_square(self.n_nodes)
        return run_nodes(
            vo2.run, within_supply(v_in), lengths, state, nodes, columns, float(self.noise),
            self.dt_device / n_micro, n_micro, vo2.OBSERVABLES.index(self.observable),
            updates=n_micro, apart=not self.kappa,
        )  # fmt: skip
