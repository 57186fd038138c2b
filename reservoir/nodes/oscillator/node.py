"""OscillatorReservoir: piecewise-linear relaxation oscillators."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_bool, check_number, check_positive, names_arguments
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, device_operations, project
from mottle.reservoir.nodes.oscillator import kernel
from mottle.reservoir.nodes.oscillator.device import (
    check_stiffness,
    couple,
    draw_oscillators,
    get_oscillator,
)
from mottle.reservoir.nodes.supply import within_supply
from mottle.reservoir.nodes.wiring import adjacency, check_spread, check_topology

OBSERVABLES = {"voltage": "V", "current": "A", "spikes": "1", "frequency": "Hz", "phase": "1",
               "order": "1"}  # fmt: skip


def check(p: Any) -> None:
    """Check the parameters, and the bias if ``oscillating``."""
    check_number("v_bias", p.v_bias, "V")
    check_number("v_gain", p.v_gain, "V")
    get_oscillator(p.device, p.v_bias, check_bool("oscillating", p.oscillating))
    check_positive("dt_device", p.dt_device, "s")
    check_spread(p.spread, kernel.Oscillators._fields)
    check_number("threshold_noise", p.threshold_noise, least=0)
    check_topology(p.topology, p.n_nodes)
    check_number("c_coupling", p.c_coupling, "F", least=0)
    if p.r_coupling is not None:
        check_positive("r_coupling", p.r_coupling, "ohm", why=", or None for none")


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the oscillators, and build the circuit that couples them."""
    device = get_oscillator(p.device, p.v_bias, p.oscillating)
    drawn = draw_oscillators(rng, device, p.spread, p.threshold_noise, p.n_nodes)
    circuit, near = None, np.ones((p.n_nodes, p.n_nodes))
    if p.c_coupling > 0 or p.r_coupling is not None:
        links = adjacency(p.n_nodes, p.topology)
        g_link = 0 * links if p.r_coupling is None else links / p.r_coupling
        circuit = couple(drawn, p.c_coupling * links, g_link)
        check_stiffness(circuit, p.dt_device)
        near = (links + np.eye(p.n_nodes) > 0).astype(np.float64)
    return {"devices_": drawn, "_circuit": circuit, "_near": near}


def rest(p: Any) -> NDArray:
    """Return the state of discharged oscillators, each with its first threshold."""
    state = np.zeros((kernel.N_STATE, p.n_nodes))
    state[kernel.THRESHOLD] = p.devices_["v_high"]
    return state


def run(p: Any, block: NDArray, lengths: NDArray, state: Any) -> NDArray:
    """Run oscillators under node inputs, from switching to switching."""
    nodes, v = kernel.Oscillators(**p.devices_), within_supply(project(p, block, lengths))
    noise, dt = float(p.threshold_noise), float(p.dt_device)
    ordered = p.observable == "order"
    what = kernel.OBSERVABLES.index("phase" if ordered else p.observable)
    if p._circuit is None:
        out = run_nodes(kernel.run, v, lengths, state, nodes, noise, dt, what)
    else:
        out = run_nodes(
            kernel.run_coupled, v, lengths, state, nodes, p._circuit, noise, dt, what,
            updates=100, apart=False,
        )  # fmt: skip
    if not ordered:
        return out
    turned = np.einsum("rsn,mn->rsm", np.exp(2j * np.pi * out), p._near)
    order: NDArray = np.abs(turned) / p._near.sum(axis=1)
    return order


OSCILLATOR = Node(
    check=check,
    draw=draw,
    rest=rest,
    run=run,
    scale=lambda p: (p.v_gain, p.v_bias),
    observables=lambda p: OBSERVABLES,
    noisy=lambda p: p.threshold_noise > 0,
    metered=lambda p: True,
    spikes=True,
    times=lambda p: {"dt_device": p.dt_device},
    operations=device_operations,
    energy_scales=lambda p: {"input_lines": p.v_bias**2},
)


class OscillatorReservoir(Reservoir):
    r"""Map a drive to the states of relaxation oscillators built from threshold switches.

    .. math::
        C \dot v = (V_{in} - v) / R_{series} - v / R

    where the resistance R turns metallic at ``v_high`` and insulating again at ``v_low``. Between
    two switchings the equation is solved exactly, so a drive step may have any length. Identical
    oscillators settle in anti-phase if coupled by a capacitor, and in phase if by a resistor.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of oscillators.
    device : str or ThresholdSwitch, default="vo2_pwl"
        Device constants: "vo2_pwl", "vo2_haptic", or your own.
    v_bias, v_gain : float, default=5.0 and 1.0
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``, within 0 to 25 V.
    dt_device : float, default=2e-6
        Device time in second for which one step of the drive is held.
    observable : str, default="frequency"
        Quantity returned as state. "voltage" and "current": mean over the step in V or A.
        "spikes": number in the step. "frequency": inverse of the last interval between spikes in
        Hz. "phase": fraction of that interval passed since the last spike (0 to 1). Both are 0
        before a node's second spike. "order": order parameter of the phases of a node and the
        nodes coupled to it (of all nodes without coupling), 1 in phase, 0 evenly distributed.
    threshold_noise : float, default=0.0
        Relative cycle-to-cycle variation of ``v_high``, drawn once per cycle; at most a fifth of
        the gap to ``v_low``.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of all constants, or of those named: lognormal, or
        ("normal", number).
    c_coupling : float, default=0.0
        Capacitance in F between coupled nodes. Coupled nodes are integrated together by a Taylor
        series of order 12 from switching to switching; this takes a few hundred times as long as
        for uncoupled nodes.
    r_coupling : float or None, default=None
        Resistance in ohm between coupled nodes; None for none.
    topology : {"grid", "ring", "all"} or array of shape (n_nodes, n_nodes), default="grid"
        Which nodes are coupled: four neighbours on a near-square grid, two on a ring, all, or a
        symmetric array of strengths that multiply ``c_coupling`` and ``1 / r_coupling``.
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
        Constants of each node, SI units.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    Raises
    ------
    ValueError
        By ``fit``: for a bias outside the oscillation window, or thresholds that cross.

    References
    ----------
    P. Maffezzoni et al., IEEE Trans. Circuits Syst. I 62 (2015) 2207.
    A. Parihar, N. Shukla, S. Datta, A. Raychowdhury, arXiv:1408.2582 (coupling).

    Examples
    --------
    >>> import numpy as np
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> OscillatorReservoir(n_nodes=5, random_state=0).fit_transform(X).shape
    (50, 5)
    """

    _node = OSCILLATOR

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "vo2_pwl",
        v_bias: float = 5.0,
        v_gain: float = 1.0,
        dt_device: float = 2e-6,
        observable: Any = "frequency",
        threshold_noise: float = 0.0,
        spread: Any = 0.0,
        c_coupling: float = 0.0,
        r_coupling: Any = None,
        topology: Any = "grid",
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
        self.dt_device, self.observable = dt_device, observable
        self.threshold_noise, self.spread = threshold_noise, spread
        self.c_coupling, self.r_coupling, self.topology = c_coupling, r_coupling, topology
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.pool, self.n_segments = pool, n_segments
        self.oscillating, self.random_state = oscillating, random_state


@names_arguments
def order_parameter(phase: ArrayLike) -> NDArray[np.float64]:
    r"""Return the synchrony of the nodes, :math:`|\sum_k e^{2 \pi i \phi_k}| / N`.

    Parameters
    ----------
    phase : array-like of shape (..., n_nodes)
        Phases in cycles, the states of ``OscillatorReservoir(observable="phase")``.

    Returns
    -------
    order : ndarray of shape (...)
        1 if all nodes are in phase, near 0 if their phases are evenly distributed.

    Examples
    --------
    >>> order_parameter([[0.2, 0.2], [0.0, 0.5]]).round(6).tolist()
    [1.0, 0.0]
    """
    order: NDArray[np.float64] = np.abs(np.exp(2j * np.pi * np.asarray(phase)).mean(axis=-1))
    return order
