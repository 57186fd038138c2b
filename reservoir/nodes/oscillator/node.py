"""OscillatorReservoir: piecewise-linear relaxation oscillators."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_number, check_positive, names_arguments
from mottle.embedded import CStage, NotInC, template
from mottle.reservoir.compiled.blocks import LANES
from mottle.reservoir.compiled.feeding import Feed
from mottle.reservoir.compiled.threads import run_nodes
from mottle.reservoir.family import check_held
from mottle.reservoir.nodes.embedding import keys, run_key
from mottle.reservoir.nodes.fading import Fading, with_recurrence
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, device_operations
from mottle.reservoir.nodes.oscillator import kernel, kernel_closed
from mottle.reservoir.nodes.oscillator.device import (
    check_oscillators,
    check_stiffness,
    couple,
    draw_oscillators,
    get_oscillator,
)
from mottle.reservoir.nodes.regime import (
    SATURATION,
    check_regime,
    durations,
    embed_in_regime,
    parts,
    run_in_regime,
    setting,
    settle,
    space_capacitances,
)
from mottle.reservoir.nodes.supply import check_bias
from mottle.reservoir.nodes.topologies import adjacency
from mottle.reservoir.nodes.wiring import check_spread
from mottle.restored import check_array

OBSERVABLES = {"voltage": "V", "current": "A", "spikes": "1", "frequency": "Hz", "phase": "1",
               "order": "1"}  # fmt: skip
FIELDS = {  # of the kernel's blocks, constants in C
    "v_high": kernel.V_HIGH, "v_low": kernel.GOAL_DOWN, "ratio_up": kernel.RATIO_UP,
    "ratio_down": kernel.RATIO_DOWN, "tau_up": kernel.TAU_UP, "tau_down": kernel.TAU_DOWN,
}  # fmt: skip
UNITS = {
    "v_high": "V", "v_low": "V", "tau_up": "s, insulating", "tau_down": "s, metallic", "dt": "s",
    "never": "s", "v": "V", "since": "s since the last spike", "interval": "s between spikes",
    "threshold": "V", "r_insulating": "ohm", "r_metallic": "ohm",
}  # fmt: skip


BELOW = ("relaxing", "excitable")  # voltages relative to the lower edge of the window, else V
REGIMES: dict[str, dict[str, Any]] = {
    "relaxing": {
        "v_bias": 0.75, "v_gain": 0.125, "dt_device": 2e-6, "observable": "voltage",
        "capacitance": "log", "t_off": 0.0, "spectral_radius": 0.0,
    },
    "oscillating": {
        "v_bias": 5.0, "v_gain": 1.0, "dt_device": 2e-6, "observable": "frequency",
        "capacitance": None, "t_off": 0.0, "spectral_radius": 0.0,
    },
    "excitable": {
        "v_bias": 0.92, "v_gain": 0.42, "dt_device": 2e-6, "observable": "voltage",
        "capacitance": None, "t_off": 0.0, "spectral_radius": 0.0,
    },
    "pulsed": {
        "v_bias": 3.0, "v_gain": 1.0, "dt_device": 2e-6, "observable": "voltage",
        "capacitance": "log", "t_off": 4e-6, "spectral_radius": 0.0,
    },
    "recurrent": {
        "v_bias": 5.0, "v_gain": 0.2, "dt_device": 6e-6, "observable": "frequency",
        "capacitance": None, "t_off": 0.0, "spectral_radius": 0.85,
    },
}  # fmt: skip


def scale(p: Any) -> tuple[float, float]:
    """Return gain and bias in V."""
    unit = get_oscillator(p.device).window[0] if p.regime in BELOW else 1.0
    gain, bias = (
        setting(p, REGIMES, name) * (unit if getattr(p, name) is None else 1.0)
        for name in ("v_gain", "v_bias")
    )
    return float(gain), float(bias)


def bias(p: Any) -> float:
    """Return the bias in V."""
    return scale(p)[1]


def observed(p: Any) -> str:
    """Return the quantity that is the state."""
    return str(setting(p, REGIMES, "observable"))


def check(p: Any) -> None:
    """Check the parameters, and the bias against the regime."""
    device = get_oscillator(p.device)
    check_regime(p, REGIMES, device.capacitance)
    check_bias(bias(p), device, p.regime)
    check_spread(p.spread, kernel.Oscillators._fields)
    check_number("threshold_noise", p.threshold_noise, least=0)
    low, high = device.window
    if p.threshold_noise > 0 and low < bias(p) < high:  # each cycle is then simulated
        dt = setting(p, REGIMES, "dt_device")
        check_held(dt, round(dt / device.period(bias(p))), "time constant, or no threshold_noise")
    check_number("c_coupling", p.c_coupling, "F", least=0)
    if p.r_coupling is not None:
        check_positive("r_coupling", p.r_coupling, "ohm", why=", or None for none")


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the oscillators, and build the circuit that couples them."""
    device = get_oscillator(p.device)
    drawn = draw_oscillators(rng, device, p.spread, p.threshold_noise, p.n_nodes)
    drawn["capacitance"] = drawn["capacitance"] * space_capacitances(
        p, REGIMES, device.capacitance, rng
    )
    circuit, near = None, np.ones((p.n_nodes, p.n_nodes))
    if p.c_coupling > 0 or p.r_coupling is not None:
        links = adjacency(rng, p.n_nodes, p.topology, p.density, p.rewiring)
        g_link = 0 * links if p.r_coupling is None else links / p.r_coupling
        circuit = couple(drawn, p.c_coupling * links, g_link)
        check_stiffness(circuit, setting(p, REGIMES, "dt_device"))
        near = (links + np.eye(p.n_nodes) > 0).astype(np.float64)
    return {"devices_": drawn, "_circuit": circuit, "_near": near}


def rest(p: Any) -> NDArray:
    """Return the state of discharged oscillators, each with its first threshold."""
    state = np.zeros((kernel.N_STATE, p.n_nodes))
    state[kernel.THRESHOLD] = p.devices_["v_high"]
    return state


def restore(p: Any) -> dict[str, Any]:
    """Check the oscillators of a model from a file, and the circuit that couples them."""
    check_oscillators(p.devices_, p._circuit, p.n_nodes)
    check_array("_near", p._near, (p.n_nodes, p.n_nodes))
    return {}


def rest_of(p: Any) -> NDArray:
    """Return the state at rest, and the fed-back states if there are any."""
    fed_back = setting(p, REGIMES, "spectral_radius") > 0
    return np.vstack([rest(p), np.zeros(p.n_nodes)]) if fed_back else rest(p)


def simulate(
    p: Any, v_in: NDArray, lengths: NDArray, state: Any, dt: float, feed: Feed | None = None
) -> NDArray:
    """Run oscillators under node voltages held for ``dt``, from switching to switching.

    With ``feed`` the drive takes the place of the voltages, and a readout writes it.
    """
    ordered = observed(p) == "order"
    what = kernel.OBSERVABLES.index("phase" if ordered else observed(p))
    args: tuple[Any, ...] = (kernel.Oscillators(**p.devices_),)
    needs_areas = what < 2 or state.spent is not None  # voltages, currents, energies
    noise = float(p.threshold_noise)
    runs, size = kernel if feed is None else kernel_closed, {}
    if feed is not None:
        args, size = (feed, *args), {"n_out": p.n_nodes, "n_rows": 1, "apart": False}
    if p._circuit is not None:
        args, size = (*args, p._circuit), size | {"updates": 100, "apart": False}
    run = runs.run if p._circuit is None else runs.run_coupled
    if p._circuit is None:  # None leaves code out
        areas = True if needs_areas else None
        args = (*args, noise if noise > 0 else None, dt, what, areas)
        size |= {"plain": state.spent is None}
    else:
        args = (*args, noise, dt, what)
    out = run_nodes(run, v_in, lengths, state, *args, **size)
    if not ordered:
        return out
    turned = np.einsum("rsn,mn->rsm", np.exp(2j * np.pi * out), p._near)
    order: NDArray = np.abs(turned) / p._near.sum(axis=1)
    return order


def embed(p: Any) -> CStage:
    """Return oscillators in C."""
    if p._circuit is not None:
        raise NotInC(
            f"{type(p).__name__} has coupled nodes, which are not exported: take c_coupling=0 and "
            "r_coupling=None."
        )
    if observed(p) == "order":
        raise NotInC(
            f"{type(p).__name__} has observable='order', which is not exported: take 'phase'."
        )
    n, noise = p.n_nodes, float(p.threshold_noise)
    blocks = kernel.load(rest(p), 0, n, kernel.Oscillators(**p.devices_))
    tables = {
        name: blocks[:, place : place + LANES].reshape(-1)[:n].copy()
        for name, place in FIELDS.items()
    }
    tables |= {name: p.devices_[name] for name in ("r_insulating", "r_metallic")}
    state = {name: np.zeros(n) for name in ("v", "since", "interval", "spikes")}
    state |= {"threshold": p.devices_["v_high"], "metallic": np.zeros(n, np.uint8)}
    if noise > 0:
        tables["noise_keys"] = keys(run_key(p), n)
    chosen = {name: name == observed(p) for name in kernel.OBSERVABLES}
    text = template(Path(__file__).with_name("template.c"), noisy=noise > 0, **chosen)
    numbers = {"dt": parts(*durations(p, REGIMES))[0], "never": kernel.NEVER, "noise": noise}
    return embed_in_regime(p, REGIMES, CStage(text, n, n, {}, numbers, tables, state, UNITS))


def edges(p: Any) -> tuple[NDArray, NDArray]:
    """Return the supplies in V between which each node oscillates."""
    d = p.devices_
    low: NDArray = d["v_high"] * (1 + d["r_series"] / d["r_insulating"])
    high: NDArray = d["v_low"] * (1 + d["r_series"] / d["r_metallic"])
    return low, high


def periods(d: Any, volts: NDArray) -> NDArray[np.float64]:
    """Return the period in s of each node at its supply in V, infinite if it does not oscillate."""
    total = np.zeros(volts.shape)
    for r, begin, end in (
        (d["r_insulating"], d["v_low"], d["v_high"]),
        (d["r_metallic"], d["v_high"], d["v_low"]),
    ):
        ratio = r / (r + d["r_series"])
        rise = volts * ratio
        left = (rise - begin) / np.where(rise == end, np.nan, rise - end)
        tau = d["capacitance"] * d["r_series"] * ratio
        total += np.where(left > 1, tau * np.log(np.maximum(left, 1.0)), np.inf)
    return total


def describe(p: Any, volts: float | None = None) -> dict[str, Any]:
    """Describe what the nodes do at the bias, or at ``volts``, without input and coupling."""
    volts = bias(p) if volts is None else volts
    low, high = edges(p)
    resting = volts <= low
    latched = ~resting & (volts >= high)
    return {
        "window": get_oscillator(p.device).window,
        "v_bias": float(volts),
        "fractions": {
            "oscillating": float((~resting & ~latched).mean()),
            "latched": float(latched.mean()),
            "resting": float(resting.mean()),
        },
    }


def fading(p: Any) -> Fading:
    """Return whether the states forget, from the bias, the pauses and what is observed."""
    d, (gain, volts) = p.devices_, scale(p)
    if setting(p, REGIMES, "t_off") > 0:
        return Fading(True, "each pause at 0 V discharges the capacitors")
    low, high = edges(p)
    if not ((low < volts) & (volts < high)).any():
        return Fading(True, "outside the window nothing but capacitors holds the past")
    instead = "regime='relaxing' or 'pulsed', or 'recurrent', which reads frequencies"
    if observed(p) != "frequency":
        ground = f"free oscillators keep their phase, on which the {observed(p)} depends"
        return Fading(False, ground, instead)
    reach = gain * np.abs(p.input_weights_).sum(axis=1)  # V, for a drive from -1 to 1
    radius = setting(p, REGIMES, "spectral_radius")
    if radius and hasattr(p, "weights_"):  # else it was set after fit, which a run refuses
        reach = reach + gain * SATURATION * np.abs(p.weights_).sum(axis=1)
    slowest = np.maximum(periods(d, volts - reach), periods(d, volts + reach)).max()
    if not 2 * slowest <= setting(p, REGIMES, "dt_device") or p._circuit is not None:
        return Fading(
            False,
            "free oscillators keep their phase, and frequencies depend on it where a step is "
            "shorter than two periods or nodes are coupled",
            f"{instead}, or a longer dt_device",
        )
    alone = Fading(True, "two periods fit into a step, and frequencies then forget the phase")
    return with_recurrence(radius, alone)


OSCILLATOR = Node(
    check=check,
    draw=draw,
    settle=lambda p, rng: settle(p, REGIMES, partial(simulate, p), rest(p), rng),
    observed=observed,
    operate=describe,
    fading=fading,
    embed=embed,
    restore=restore,
    rest=rest_of,
    run=lambda p, *args: run_in_regime(p, REGIMES, partial(simulate, p), *args),
    scale=scale,
    observables=lambda p: OBSERVABLES,
    noisy=lambda p: p.threshold_noise > 0,
    metered=lambda p: True,
    spikes=True,
    closes=lambda p: observed(p) != "order",  # computed from the phases of all nodes, outside
    times=lambda p: {"dt_device": setting(p, REGIMES, "dt_device")},
    operations=device_operations,
    energy_scales=lambda p: {"input_lines": bias(p) ** 2},
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
    regime : str or None, default="relaxing"
        What the nodes do at the bias, and the defaults of the parameters that are None. "relaxing":
        switches below their window, which stay insulating; the states forget the past and remember
        the last steps. "oscillating": a bias outside the window is refused; phases are never
        forgotten, and frequencies remember one step. "excitable": below the window, the drive
        lifts nodes over it. "pulsed": each step is a pulse followed by a pause. "recurrent":
        oscillating, with frequencies fed back; forgets, and remembers most. None: any bias, with
        the defaults of "oscillating".
    v_bias, v_gain : float, default=None
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``, within 0 to 25 V. None: 5
        and 1 V oscillating, 3 and 1 V pulsed, 5 and 0.2 V recurrent; of the lower edge of the
        window 0.75 and 0.125 relaxing, 0.92 and 0.42 excitable.
    dt_device : float, default=None
        Device time in second for which one step of the drive is held. None: 2 us, recurrent 6 us.
    capacitance : "log", tuple of float or None, default=None
        Smallest and largest capacitance in F; those of the nodes are spaced logarithmically between
        them, in random order. "log": 0.1 to 10 times the device's. None: "log" relaxing and
        pulsed, else the device's.
    t_off : float or None, default=None
        Time in second at 0 V after each step. None: 4 us pulsed, else 0.
    observable : str or None, default=None
        Quantity returned as state; None: "frequency" oscillating and recurrent, else "voltage".
        "voltage" and "current": mean over the step in V or A.
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
    spectral_radius : float or None, default=None
        Recurrence: spectral radius of the weights by which states of the previous step are added
        to the inputs of other nodes, each scaled to the deviation of the input that would cause
        it. None: 0.85 recurrent, else 0. The nodes then run step by step.
    density : float, default=0.1
        Fraction of the nodes that are linked to a node, at random or in a small world.
    c_coupling : float, default=0.0
        Capacitance in F between coupled nodes. Coupled nodes are integrated together by a Taylor
        series of order 12 from switching to switching; this takes a few hundred times as long as
        for uncoupled nodes.
    r_coupling : float or None, default=None
        Resistance in ohm between coupled nodes; None for none.
    topology : str, matrix, connectome or None, default=None
        Which nodes are linked, by coupling and by recurrence. None: neighbours on a lattice are
        coupled, recurrence is random. "random"; "ring", coupled both ways, recurrence from each
        node to the next with equal weights; "lattice", four neighbours on the squarest grid (a
        chain for a prime number of nodes); "small_world", a ring of ``density * n_nodes`` nearest
        neighbours with rewired links; "all". Or your own matrix (n_nodes, n_nodes), or what
        `read_connectome` returns: weights of recurrence, whose rows are targets, and, if it is
        symmetric, strengths that multiply ``c_coupling`` and ``1 / r_coupling``.
    rewiring : float, default=0.1
        Fraction of the links of a small world that lead to any other node.
    wiring : {"random", "local", "one_to_one", "dilated", "convolution"}, default="random"
        Inputs of a node: drawn from all; drawn from a receptive field; a single one; channels at
        evenly spaced earlier steps; or a receptive field shared by all positions, whose states are
        averaged over regions. The last two scale and shift them by training recordings.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
    input_shape : tuple of int or None, default=None
        (height, width, channels) of the drive, for ``wiring`` "local" and "convolution".
    field : int, default=5
        Side of a receptive field in cells, for ``wiring`` "local" and "convolution".
    regions : int, default=4
        Regions along a side of the frame over which ``wiring="convolution"`` averages; ``n_nodes``
        is the number of kernels times ``regions**2``, node ``region * kernels + kernel``.
    pool : str, tuple of str or None, default=None
        Statistics over time: "mean", "last", "max", "std"; "ppv", the fraction of steps above
        the training median of a node, "ppv25", above its lower quartile and so on, "ppv4", above
        its quintiles. None gives states.
    n_segments : int, default=1
        Segments of equal length in which to pool.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights, dimensionless.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        Constants of each node, SI units.
    weights_ : scipy.sparse.csr_array of shape (n_nodes, n_nodes)
        Recurrent weights, dimensionless; only with recurrence.
    reference_ : ndarray of shape (2, n_nodes)
        Mean of each state, and its deviation per input; only with recurrence.
    shifts_ : ndarray of shape (n_nodes,)
        Added to the input sums; only with ``wiring`` "dilated" (whose ``input_weights_`` have a
        column for each lag and input) and "convolution" (a row for each kernel).
    nodes_ : reservoir
        The nodes that get these sums, one each; only with the same.
    thresholds_ : ndarray of shape (n_thresholds, n_nodes)
        Quantiles of training states; only with "ppv" in ``pool``.
    n_features_in_ : int
        Number of inputs.
    noise_seed_ : int
        Seed of the noise.

    Raises
    ------
    ValueError
        By ``fit``: for a bias that does not suit the regime, or thresholds that cross.

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

    _kind = OSCILLATOR

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "vo2_pwl",
        regime: Any = "relaxing",
        v_bias: Any = None,
        v_gain: Any = None,
        dt_device: Any = None,
        capacitance: Any = None,
        t_off: Any = None,
        observable: Any = None,
        threshold_noise: float = 0.0,
        spread: Any = 0.0,
        spectral_radius: Any = None,
        density: float = 0.1,
        c_coupling: float = 0.0,
        r_coupling: Any = None,
        topology: Any = None,
        rewiring: float = 0.1,
        wiring: str = "random",
        fan_in: Any = 4,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.device, self.regime = n_nodes, device, regime
        self.v_bias, self.v_gain = v_bias, v_gain
        self.capacitance, self.t_off = capacitance, t_off
        self.spectral_radius, self.density = spectral_radius, density
        self.dt_device, self.observable = dt_device, observable
        self.threshold_noise, self.spread = threshold_noise, spread
        self.c_coupling, self.r_coupling, self.topology = c_coupling, r_coupling, topology
        self.rewiring = rewiring
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.regions = regions
        self.pool, self.n_segments = pool, n_segments
        self.random_state = random_state


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
