"""VO2Reservoir: thermal neuristors, coupled on a grid or not."""

from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number, choose
from mottle.embedded import CStage, NotInC, template
from mottle.reservoir.compiled.feeding import Feed
from mottle.reservoir.compiled.threads import run_abreast, run_nodes
from mottle.reservoir.family import check_held, micro_steps
from mottle.reservoir.nodes.embedding import keys, run_key
from mottle.reservoir.nodes.fading import Fading, with_recurrence
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node, device_operations
from mottle.reservoir.nodes.regime import (
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
from mottle.reservoir.nodes.vo2 import kernel, kernel_closed
from mottle.reservoir.nodes.vo2.device import (
    COMMON,
    PER_NODE,
    VO2Neuristor,
    check_neuristor,
    check_single,
    check_step,
    opening,
    operate,
    rest,
    steady_temperature,
)
from mottle.reservoir.nodes.wiring import check_spread, draw_spread, near_square

OBSERVABLES = {"voltage": "V", "current": "A", "temperature": "K", "spikes": "1"}
SPREADABLE = ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load")
FIELDS = {  # of the kernel's blocks, constants in C
    "t_c": kernel.T_C, "steep": kernel.STEEP, "log_r_0": kernel.LOG_R_0,
    "r_metallic": kernel.R_METALLIC, "charge": kernel.CHARGE, "leak": kernel.LEAK,
    "keep": kernel.HOLD, "warm": kernel.WARM, "cool": kernel.COOL, "cold": kernel.COLD,
}  # fmt: skip
STATES = {
    "v": kernel.V, "t": kernel.T, "back": kernel.BACK, "t_reversal": kernel.T_REVERSAL,
    "offset_reversal": kernel.OFFSET_REVERSAL, "last": kernel.LAST, "centre": kernel.CENTRE,
    "per_offset": kernel.PER_OFFSET,
}  # fmt: skip
UNITS = {  # in C; those of an integration step have none
    "activation": "K, for powers of 2", "i_spike": "A", "kick": "K", "steep": "1/K, as above",
    "zero": "K, subtracted from temperatures", "low": "K", "high": "K",
    "r_metallic": "ohm", "charge": "V/A, of an integration step", "v": "V", "t": "K", "last": "A",
    "t_reversal": "K", "warm": "K/W, of an integration step", "cold": "K, of an integration step",
}  # fmt: skip
PAUSE = 4.0  # thermal time constants at 0 V after which a film has forgotten
DTYPES = dict.fromkeys(("float64", "float32"))
CLOSED = 1e-3  # opening of the loop, relative to its resistance, that leaves a past below 1e-6
BY_NAME = ("t_c", "width", "beta")  # of the transition: they vary only if they are named


REGIMES: dict[str, dict[str, Any]] = {
    "relaxing": {
        "v_bias": 12.0, "v_gain": 5.0, "dt_device": 1e-6, "ambient": 295.0, "capacitance": "log",
        "t_off": 0.0, "spectral_radius": 0.0,
    },
    "oscillating": {
        "v_bias": 12.0, "v_gain": 0.8, "dt_device": 1e-6, "ambient": None, "capacitance": None,
        "t_off": 0.0, "spectral_radius": 0.0,
    },
    "excitable": {
        "v_bias": 8.5, "v_gain": 3.0, "dt_device": 1e-6, "ambient": None, "capacitance": None,
        "t_off": 0.0, "spectral_radius": 0.0,
    },
    "pulsed": {
        "v_bias": 12.0, "v_gain": 1.0, "dt_device": 4e-6, "ambient": None, "capacitance": None,
        "t_off": 2e-6, "spectral_radius": 0.5,
    },
}  # fmt: skip


def ambient_of(p: Any) -> Any:
    """Return the ambient temperature in K, None for the device's: own constants are kept."""
    own = p.ambient is None and not isinstance(p.device, str)
    return None if own else setting(p, REGIMES, "ambient")


def film(p: Any) -> VO2Neuristor:
    """Return the constants of the nodes, at the ambient temperature of the regime."""
    device = check_neuristor(p.device)
    ambient = ambient_of(p)
    return device if ambient is None else device._replace(t_0=float(ambient))


def check(p: Any) -> None:
    """Check the parameters, and the bias against the regime."""
    device = check_neuristor(p.device)
    check_regime(p, REGIMES, device.capacitance)
    if ambient_of(p) is not None:
        check_number(
            "ambient", ambient_of(p), "K", least=250, below=device.t_c,
            why=", the centre of the hysteresis loop",
        )  # fmt: skip
    check_number(
        "thermal_coupling", p.thermal_coupling, least=0, most=0.2,
        why=": the heat to four neighbours cannot exceed the heat lost",
    )  # fmt: skip
    check_number("temperature_noise", p.temperature_noise, "K/sqrt(s)", least=0)
    check_spread(p.spread, spreadable(p))
    choose(p.dtype, DTYPES, "dtype")
    dt = setting(p, REGIMES, "dt_device")
    check_step(p.dt_inner, dt, device)
    check_held(dt, micro_steps(p.dt_inner, dt))
    given = p.v_bias is not None or p.ambient is not None or not isinstance(p.device, str)
    if given:  # the defaults suit the presets, and windows take time to find
        check_bias(setting(p, REGIMES, "v_bias"), film(p), p.regime)


def spreadable(p: Any) -> tuple[str, ...]:
    """Return the constants that may vary: those of the transition only where one is named."""
    named = isinstance(p.spread, dict) and not set(BY_NAME).isdisjoint(p.spread)
    return SPREADABLE + BY_NAME if named else SPREADABLE


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the constants that vary from device to device."""
    device = film(p)
    drawn = draw_spread(rng, device, spreadable(p), p.spread, p.n_nodes)
    drawn["capacitance"] = drawn["capacitance"] * space_capacitances(
        p, REGIMES, device.capacitance, rng
    )
    if p.dtype == "float32":
        unit = parts(*durations(p, REGIMES))[0]
        check_single(device, drawn, unit / micro_steps(p.dt_inner, unit))
    return {"devices_": drawn}


def rest_of(p: Any) -> NDArray:
    """Return the state of cold films, and of the fed-back states if there are any."""
    state = rest(film(p), p.n_nodes, p.dtype)
    fed_back = setting(p, REGIMES, "spectral_radius") > 0
    return np.vstack([state, np.zeros_like(state[:1])]) if fed_back else state


def film_nodes(p: Any) -> kernel.Neuristors:
    """Return the constants of all nodes."""
    device = film(p)
    constants: dict[str, Any] = {name: getattr(device, name) for name in COMMON}
    constants |= {name: np.full(p.n_nodes, getattr(device, name)) for name in PER_NODE}
    return kernel.Neuristors(kappa=float(p.thermal_coupling), **constants | p.devices_)


def simulate(
    p: Any, v_in: NDArray, lengths: NDArray, state: Any, dt: float, feed: Feed | None = None
) -> NDArray:
    """Run films under node voltages held for ``dt``, by Heun's method.

    With ``feed`` the drive takes the place of the voltages, and a readout writes it.
    """
    nodes = film_nodes(p)
    n_micro = micro_steps(p.dt_inner, dt)
    _, columns = near_square(p.n_nodes)
    inner, observable = dt / n_micro, kernel.OBSERVABLES.index(p.observable)
    common = kernel.settings(nodes, inner, n_micro, observable, state.values)
    kick = float(p.temperature_noise) * sqrt(inner) or None
    metered = None if state.spent is None else True
    args = (nodes, columns, inner, common, kick, metered)
    if feed is not None:
        return run_nodes(
            kernel_closed.run, v_in, lengths, state, feed, *args, n_out=p.n_nodes, n_rows=1,
            updates=n_micro, apart=False,
        )  # fmt: skip
    if nodes.kappa > 0:
        run = kernel.run_coupled
        return run_nodes(run, v_in, lengths, state, *args, updates=n_micro, apart=False)
    alike = kick is None and metered is None
    return (run_abreast if alike else run_nodes)(
        kernel.run, v_in, lengths, state, *args, updates=n_micro
    )


def embed(p: Any) -> CStage:
    """Return films in C; their constants are those of an integration step of the kernel."""
    if p.thermal_coupling > 0:
        raise NotInC(
            f"{type(p).__name__} has thermal_coupling={p.thermal_coupling}, which is not exported: "
            "take 0."
        )
    n, nodes = p.n_nodes, film_nodes(p)
    unit = parts(*durations(p, REGIMES))[0]
    n_micro = micro_steps(p.dt_inner, unit)
    dt = unit / n_micro
    start = rest_of(p)
    common = kernel.settings(nodes, dt, n_micro, 0, start)
    blocks = kernel.load(start, 0, n, nodes, near_square(n)[1], dt, common.zero)
    blocks = blocks.reshape(len(blocks), kernel.N_FIELDS, -1)

    def field(place: int) -> NDArray:
        """Return a field of the kernel's blocks, of all nodes."""
        return blocks[:, place].reshape(-1)[:n].copy()

    noise = float(p.temperature_noise)
    tables: dict[str, NDArray] = {name: field(place) for name, place in FIELDS.items()}
    state: dict[str, Any] = {name: field(place) for name, place in STATES.items()}
    if noise > 0:
        tables["noise_keys"], state["n_holds"] = keys(run_key(p), n), np.uint64(0)
    observables = dict.fromkeys(kernel.OBSERVABLES, False) | {p.observable: True}
    text = template(Path(__file__).with_name("template.c"), noisy=noise > 0, **observables)
    shared = ("gamma", "activation", "i_spike", "zero", "low", "high", "still", "n_micro")
    numbers = {name: float(getattr(common, name)) for name in shared} | {"kick": noise * sqrt(dt)}
    own = CStage(text, n, n, {"N_MICRO": n_micro}, numbers, tables, state, UNITS)
    return embed_in_regime(p, REGIMES, own)


def describe(p: Any, volts: float | None = None) -> dict[str, Any]:
    """Describe what the nodes do at the bias, or at ``volts``, without input."""
    device = film(p)
    bias = float(setting(p, REGIMES, "v_bias") if volts is None else volts)
    kappa, supply = float(p.thermal_coupling), np.full(p.n_nodes, bias)
    kick = 0.0 if p.temperature_noise else None
    spikes, hot = operate(device, supply, p.devices_, kappa, kick, p.dtype)
    firing = spikes > 1
    window = {"window": device.window} if volts is None else {}
    return window | {
        "v_bias": bias,
        "fractions": {
            "oscillating": float(firing.mean()),
            "latched": float((~firing & hot).mean()),
            "resting": float((~firing & ~hot).mean()),
        },
    }


def fading(p: Any) -> Fading:
    """Return whether films forget: in pauses, or where their loop is closed at their warmest."""
    device, instead = film(p), "regime='relaxing' or 'pulsed'"
    t_off, cooling = setting(p, REGIMES, "t_off"), device.c_th / device.s_th
    radius = setting(p, REGIMES, "spectral_radius")
    if t_off >= PAUSE * cooling:
        return with_recurrence(radius, Fading(True, "films cool down in each pause at 0 V"))
    if t_off > 0:
        ground = f"t_off={t_off:.3g} s is shorter than {PAUSE:g} thermal time constants"
        return Fading(None, ground, f"t_off of at least {PAUSE * cooling:.3g} s")
    if p.regime == "oscillating":
        return Fading(False, "free oscillators keep their phase", instead)
    gain, volts = p._node.scale(p)
    warmest = steady_temperature(device, volts + abs(gain))
    if opening(device, warmest) <= CLOSED:
        ground = f"up to {warmest:.4g} K the hysteresis loop is closed, and capacitors leak"
        return with_recurrence(radius, Fading(True, ground))
    return Fading(
        False,
        "films that a drive from -1 to 1 brings into their hysteresis loop keep the minor loop of "
        "their last reversal, and oscillating ones their phase",
        f"{instead}, or a lower ambient or v_bias",
    )


VO2 = Node(
    check=check,
    draw=draw,
    settle=lambda p, rng: settle(
        p, REGIMES, partial(simulate, p), rest(film(p), p.n_nodes, p.dtype), rng
    ),
    operate=describe,
    fading=fading,
    rest=rest_of,
    run=lambda p, *args: run_in_regime(p, REGIMES, partial(simulate, p), *args),
    scale=lambda p: (setting(p, REGIMES, "v_gain"), setting(p, REGIMES, "v_bias")),
    observables=lambda p: OBSERVABLES,
    noisy=lambda p: p.temperature_noise > 0,
    metered=lambda p: True,
    embed=embed,
    spikes=True,
    closes=lambda p: True,
    times=lambda p: {"dt_device": setting(p, REGIMES, "dt_device"), "dt_inner": p.dt_inner},
    operations=device_operations,
    energy_scales=lambda p: {"input_lines": setting(p, REGIMES, "v_bias") ** 2},
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
    regime : {"relaxing", "oscillating", "excitable", "pulsed"} or None, default="relaxing"
        What the nodes do at the bias, and the defaults of the parameters that are None. "relaxing":
        films far below the transition, which follow the drive with the time constants of their
        capacitors; the states forget the past and remember the last steps. "oscillating": films
        that fire all the time, whose phase is never forgotten; a bias outside the window is
        refused. "excitable": films below the window, which fire when the drive lifts them over it.
        "pulsed": each step is a pulse of 4 us and a pause of 2 us, in which films cool down.
        None: any bias, with the defaults of "oscillating".
    v_bias, v_gain : float, default=None
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``, within 0 to 25 V. None: 12 and
        5 V relaxing, 12 and 0.8 V oscillating, 8.5 and 3 V excitable, 12 and 1 V pulsed.
    dt_device : float, default=None
        Device time in second for which one step of the drive is held. None: 1 us, pulsed 4 us.
    ambient : float or None, default=None
        Temperature of the surroundings in K. None: 295 K for a preset that is
        relaxing, else ``t_0`` of the device.
    capacitance : "log", tuple of float or None, default=None
        Smallest and largest capacitance in F; those of the nodes are spaced logarithmically between
        them, in random order. "log": 0.1 to 10 times the device's. None: "log" relaxing, else the
        device's.
    t_off : float or None, default=None
        Time in second at 0 V after each step. None: 2 us pulsed, else 0.
    dt_inner : float, default=1e-8
        Longest integration step in second.
    observable : {"voltage", "current", "temperature", "spikes"}, default="voltage"
        Quantity returned as state: mean over the step in V, A or K, or number of spikes in it.
    temperature_noise : float, default=0.0
        Noise of the temperature in K per square root of second; the published reservoir has about
        133.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of resistances, capacitances and heat loss, or of the
        constants named: lognormal, or ("normal", number). The temperature, width and steepness of
        the transition vary only if named: ``{"t_c": 0.003, "width": 0.1, "beta": 0.1}``, 0.003
        of ``t_c`` being 1 K, as between the grains of a film.
    spectral_radius : float or None, default=None
        Recurrence: spectral radius of the weights by which states of the previous step are added
        to the inputs of other nodes, each scaled to the deviation of the input that would cause
        it. None: 0.5 pulsed, else 0. The nodes then run step by step.
    density : float, default=0.1
        Fraction of the nodes that are sources of a node, at random or in a small world, if there
        is recurrence.
    thermal_coupling : float, default=0.0
        Fraction of a film's heat loss that goes to each of its four neighbours on the squarest
        grid, 0 to 0.2; published 0.02.
    topology : str, matrix or connectome, default="random"
        Which nodes are linked by recurrence: "random"; "ring", each node to the next with equal
        weights; "lattice", four neighbours on the squarest grid (a chain for a prime number of
        nodes); "small_world", a ring of ``density * n_nodes`` nearest neighbours with rewired
        links; "all". Or your own weights, an array or scipy.sparse array (n_nodes, n_nodes) whose
        rows are targets, or what `read_connectome` returns.
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
    dtype : {"float64", "float32"}, default="float64"
        Precision of states; float32 takes about half the time from 65 nodes on. The same steps then
        give spikes within 0.05 % of a period of those of float64 after 30 us, with coupling and
        spread; steps shorter than 1/12 of the longest one are refused.
    random_state : int, RandomState instance or None, default=None
        Draws wiring, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_features_in_)
        Input weights, dimensionless.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        Constants that vary from device to device, SI units.
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
        By ``fit``: for a bias that does not suit the regime, or a ``dt_inner`` too coarse.

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

    _kind = VO2

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "vo2_neuristor",
        regime: Any = "relaxing",
        v_bias: Any = None,
        v_gain: Any = None,
        dt_device: Any = None,
        ambient: Any = None,
        capacitance: Any = None,
        t_off: Any = None,
        dt_inner: float = 1e-8,
        observable: str = "voltage",
        temperature_noise: float = 0.0,
        spread: Any = 0.0,
        spectral_radius: Any = None,
        density: float = 0.1,
        thermal_coupling: float = 0.0,
        topology: Any = "random",
        rewiring: float = 0.1,
        wiring: str = "random",
        fan_in: Any = 4,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        dtype: str = "float64",
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.device, self.regime = n_nodes, device, regime
        self.v_bias, self.v_gain = v_bias, v_gain
        self.ambient, self.capacitance, self.t_off = ambient, capacitance, t_off
        self.spectral_radius, self.density = spectral_radius, density
        self.dt_device, self.dt_inner, self.observable = dt_device, dt_inner, observable
        self.temperature_noise, self.spread = temperature_noise, spread
        self.thermal_coupling = thermal_coupling
        self.topology, self.rewiring = topology, rewiring
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.regions = regions
        self.pool, self.n_segments = pool, n_segments
        self.dtype, self.random_state = dtype, random_state
