"""MemristorReservoir: WOx volatile memristors with log-spaced time constants."""

from typing import Any

import numpy as np

from mottle.reservoir.base import Reservoir
from mottle.reservoir.devices import check_memristor
from mottle.reservoir.devices.choose import choose
from mottle.reservoir.kernels import memristor
from mottle.reservoir.wiring import draw_spread

OBSERVABLES = {"state": "1", "conductance": "S", "current": "A"}
V_COMPLIANCE = 3.0  # V: a source gives no more, of either sign


class MemristorReservoir(Reservoir):
    r"""Map a drive to the states of volatile WOx memristors.

    .. math::
        \dot w = \lambda \sinh(\eta V) - (w - w_{min}) / \tau, \quad
        I = w \gamma \sinh(\delta V) + (1 - w) \alpha (1 - e^{-\beta V})

    The step under a held voltage is exact for any length.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of devices.
    v_bias, v_gain : float, default=0.9 and 0.3
        Device voltage: ``v_bias + v_gain * input_weights_ @ x``, within -3 to 3 V.
    device : str or WOxMemristor, default="wox_du2017"
        Device constants: a key of ``devices.WOX_MEMRISTORS``, or your own.
    dt_device : float, default=1e-2
        Device time in second for which one step of the drive is held.
    tau : tuple of float or None, default=(0.01, 0.5)
        Shortest and longest decay time in second; the nodes' are spaced logarithmically between
        them, in random order, and the growth rate keeps its product with tau. None: the device's.
    observable : {"state", "conductance", "current"}, default="state"
        What a state is: w (0 to 1), the conductance in S at ``v_read``, or the current in A at the
        driving voltage.
    v_read : float, default=0.2
        Read voltage in V.
    spread : float or dict, default=0.0
        Relative device-to-device spread (lognormal) of ``rate`` and ``tau``, or of those named.
    wiring : {"random", "local", "one_to_one"}, default="random"
        Which inputs a node listens to: any, those in a receptive field, or one.
    fan_in : int or None, default=4
        Number of inputs of a node; None takes all it may have.
    n_taps : int, default=1
        Delay taps: nodes listen to the last ``n_taps`` steps of each input, so that memory reaches
        as far back as wanted. Needs ``wiring="random"``; before the beginning the drive is 0.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring="local"``.
    field : int, default=5
        Side of a receptive field in cells, for ``wiring="local"``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws wiring and devices.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_taps * n_features_in_)
        Input weights, dimensionless; the inputs of lag 0 first.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        Growth rate in 1/s and decay time in s of each node.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Unused: these devices have no noise.

    References
    ----------
    C. Du et al., Nat. Commun. 8 (2017) 2204, doi:10.1038/s41467-017-02337-y.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> MemristorReservoir(n_nodes=5, pool=("mean", "last"), random_state=0).fit_transform(X).shape
    (1, 10)
    """

    def __init__(self, n_nodes=100, *, v_bias=0.9, v_gain=0.3, device="wox_du2017", dt_device=1e-2,
                 tau=(0.01, 0.5), observable="state", v_read=0.2, spread=0.0, wiring="random",
                 fan_in=4, n_taps=1, input_shape=None, field=5, pool=None, n_segments=1,
                 random_state=None):  # fmt: skip
        self.n_nodes, self.v_bias, self.v_gain = n_nodes, v_bias, v_gain
        self.device, self.dt_device, self.tau = device, dt_device, tau
        self.observable, self.v_read, self.spread = observable, v_read, spread
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.n_taps = n_taps
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state

    @property
    def units(self):
        """Unit of a state."""
        return OBSERVABLES[self.observable]

    def describe(self):
        """Say what made the states; see ``Reservoir.describe``."""
        return super().describe() | {"dt_device": self.dt_device}

    def _draw(self, rng):
        choose(self.observable, OBSERVABLES, "observable")
        device = check_memristor(self.device)
        if not self.dt_device > 0:
            raise ValueError(f"dt_device={self.dt_device} s must be positive.")
        if self.observable == "conductance" and self.v_read == 0:
            raise ValueError("v_read=0 V reads no conductance; take 0.2 V, for example.")
        drawn = draw_spread(rng, device, ("rate", "tau"), self.spread, self.n_nodes)
        order = rng.permutation(self.n_nodes)
        if self.tau is not None:
            low, high = self.tau
            if not 0 < low <= high:
                raise ValueError(f"tau={self.tau} s must be (shortest, longest), both positive.")
            factor = np.geomspace(low, high, self.n_nodes)[order] / device.tau
            drawn = {"rate": drawn["rate"] / factor, "tau": drawn["tau"] * factor}
        self.devices_ = drawn

    def _rest(self):
        return np.full((1, self.n_nodes), check_memristor(self.device).w_min)

    def _gain_and_bias(self):
        return self.v_gain, self.v_bias

    def _run(self, v_in, lengths, state):
        device = check_memristor(self.device)
        names = ("eta", "w_min", "alpha", "beta", "gamma", "delta")
        constants: dict[str, Any] = {name: getattr(device, name) for name in names}
        drawn: dict[str, Any] = self.devices_
        nodes = memristor.Memristors(**drawn, **constants)
        return memristor.run(
            np.clip(v_in, -V_COMPLIANCE, V_COMPLIANCE), lengths, state.values, nodes,
            float(self.dt_device), float(self.v_read),
            memristor.OBSERVABLES.index(self.observable),
        )  # fmt: skip
