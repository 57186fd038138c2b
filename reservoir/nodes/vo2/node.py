"""VO2Reservoir: thermal neuristors, coupled on a grid or not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_bool, check_number, check_positive
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.family import micro_steps
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, device_operations, project
from mottle.reservoir.nodes.supply import check_bias, within_supply
from mottle.reservoir.nodes.vo2 import kernel
from mottle.reservoir.nodes.vo2.device import check_neuristor, check_step
from mottle.reservoir.nodes.wiring import check_spread, draw_spread, near_square

OBSERVABLES = {"voltage": "V", "current": "A", "temperature": "K", "spikes": "1"}
SPREADABLE = ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load")


def check(p: Any) -> None:
    """Check the parameters, and the bias if ``oscillating``."""
    device = check_neuristor(p.device)
    check_number("v_bias", p.v_bias, "V")
    check_number("v_gain", p.v_gain, "V")
    check_number(
        "thermal_coupling", p.thermal_coupling, least=0, most=0.2,
        why=": the heat to four neighbours cannot exceed the heat lost",
    )  # fmt: skip
    check_number("temperature_noise", p.temperature_noise, "K/sqrt(s)", least=0)
    check_positive("dt_device", p.dt_device, "s")
    check_spread(p.spread, SPREADABLE)
    check_step(p.dt_inner, p.dt_device, device)
    if check_bool("oscillating", p.oscillating):
        check_bias(p.v_bias, device)


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the constants that vary from device to device."""
    device = check_neuristor(p.device)
    return {"devices_": draw_spread(rng, device, SPREADABLE, p.spread, p.n_nodes)}


def rest(p: Any) -> NDArray:
    """Return the state of cold films."""
    state = np.zeros((kernel.N_STATE, p.n_nodes))
    state[1] = check_neuristor(p.device).t_0
    state[2] = 1.0  # a cold film heats first
    return state


def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
    """Run films under node inputs, by Heun's method."""
    device = check_neuristor(p.device)
    names = ("e_a", "width", "beta", "gamma", "t_0", "i_spike")
    constants: dict[str, Any] = {name: getattr(device, name) for name in names}
    nodes = kernel.Neuristors(
        t_c=np.full(p.n_nodes, device.t_c),
        kappa=float(p.thermal_coupling),
        **p.devices_,
        **constants,
    )
    n_micro = micro_steps(p.dt_inner, p.dt_device)
    _, columns = near_square(p.n_nodes)
    return run_nodes(
        kernel.run, within_supply(project(p, block, lengths)), lengths, state, nodes, columns,
        float(p.temperature_noise), p.dt_device / n_micro, n_micro,
        kernel.OBSERVABLES.index(p.observable), updates=n_micro, apart=not p.thermal_coupling,
    )  # fmt: skip


VO2 = Node(
    check=check,
    draw=draw,
    rest=rest,
    run=run,
    scale=lambda p: (p.v_gain, p.v_bias),
    observables=lambda p: OBSERVABLES,
    noisy=lambda p: p.temperature_noise > 0,
    metered=lambda p: True,
    spikes=True,
    times=lambda p: {"dt_device": p.dt_device, "dt_inner": p.dt_inner},
    operations=device_operations,
    energy_scales=lambda p: {"input_lines": p.v_bias**2},
)


class VO2Reservoir(Reservoir):
    r"""Map a drive to the states of VO2 thermal neuristors.

    .. math::
        C \dot V = (V_{in} - V) / R_{load} - V / R(T), \quad
        C_{th} \dot T = V^2 / R - S_e (T - T_0) + S_c \sum (T_j - T)

    with a hysteretic :math:`R(T)`; a node fires when its film heats past the transition. Integrated
    by Heun's method.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of neuristors.
    device : str or VO2Neuristor, default="vo2_neuristor"
        Device constants: a key of ``devices.VO2_NEURISTORS``, or your own.
    v_bias, v_gain : float, default=12.0 and 0.8
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``, within 0 to 25 V.
    dt_device : float, default=1e-6
        Device time in second for which one step of the drive is held.
    dt_inner : float, default=1e-8
        Longest integration step in second.
    observable : {"voltage", "current", "temperature", "spikes"}, default="voltage"
        Quantity returned as state: mean over the step in V, A or K, or number of spikes in it.
    temperature_noise : float, default=0.0
        Noise of the temperature in K per square root of second; the published reservoir has about
        133.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of all constants, or of those named: lognormal, or
        ("normal", number).
    thermal_coupling : float, default=0.0
        Fraction of a film's heat loss that goes to each of its four neighbours on the squarest
        grid, 0 to 0.2; published 0.02.
    wiring : {"random", "local", "one_to_one"}, default="random"
        Inputs of a node: drawn from all, drawn from a receptive field, or a single one.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
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
        Constants that vary from device to device, SI units.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    Raises
    ------
    ValueError
        By ``fit``: for a bias outside the oscillation window or a ``dt_inner`` too coarse.

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

    _node = VO2

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "vo2_neuristor",
        v_bias: float = 12.0,
        v_gain: float = 0.8,
        dt_device: float = 1e-6,
        dt_inner: float = 1e-8,
        observable: str = "voltage",
        temperature_noise: float = 0.0,
        spread: Any = 0.0,
        thermal_coupling: float = 0.0,
        wiring: str = "random",
        fan_in: Any = 4,
        input_shape: Any = None,
        field: int = 5,
        pool: Any = None,
        n_segments: int = 1,
        oscillating: bool = True,
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.device, self.v_bias, self.v_gain = n_nodes, device, v_bias, v_gain
        self.dt_device, self.dt_inner, self.observable = dt_device, dt_inner, observable
        self.temperature_noise, self.spread = temperature_noise, spread
        self.thermal_coupling = thermal_coupling
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments = pool, n_segments
        self.oscillating, self.random_state = oscillating, random_state
