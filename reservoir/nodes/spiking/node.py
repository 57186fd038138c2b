"""SpikingReservoir: leaky integrate-and-fire neurons that excite and inhibit each other."""

from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, check_positive, check_whole, choose
from mottle.embedded import CStage, template
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.threads import compiled_for, empty_states, split
from mottle.reservoir.nodes.embedding import input_sums, keys, run_key, small
from mottle.reservoir.nodes.fading import Fading
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import Node
from mottle.reservoir.nodes.regime import setting
from mottle.reservoir.nodes.spiking import kernel
from mottle.reservoir.nodes.spiking.device import get_neuron
from mottle.reservoir.nodes.topologies import check_topology, own_matrix, place_links
from mottle.reservoir.nodes.wiring import check_spread, draw_spread

OBSERVABLES = {"spikes": "1", "voltage": "V", "rate": "Hz"}
REGIMES: dict[str, dict[str, Any]] = {  # voltages in rheobases
    "excitable": {
        "v_bias": 0.7, "v_gain": 1.5, "steps_per_tau": 2.5, "observable": "voltage", "spread": 0.3,
        "recurrent_scaling": 0.05,
    },
    "firing": {
        "v_bias": 1.2, "v_gain": 0.5, "steps_per_tau": 10.0, "observable": "rate", "spread": 0.0,
        "recurrent_scaling": 1.0,
    },
}  # fmt: skip
UNITS = {
    "v_gain": "V", "v_bias": "V", "v_reset": "V", "threshold": "V", "weights": "V", "v": "V",
    "s": "V, synapses", "wait": "steps of the refractory time", "rate": "Hz", "per_spike": "Hz",
    "kick": "V",
}  # fmt: skip
STRONG = 1.0  # recurrence above which a network may stay active by itself
INHIBITORY = 0.2  # fraction of neurons, as in cortex and in liquid state machines


def check(p: Any) -> None:
    """Check the parameters."""
    device = get_neuron(p.device)
    check_whole("n_inner", p.n_inner)
    for name, unit in (("dt_device", "s"), ("tau_rate", "s")):
        if getattr(p, name) is not None:
            check_positive(name, getattr(p, name), unit)
    for name in ("v_bias", "v_gain"):
        if getattr(p, name) is not None:
            check_number(name, getattr(p, name), "V")
    choose(p.regime, REGIMES, "regime")
    check_spread(setting(p, REGIMES, "spread"), ("tau", "v_threshold"))
    check_topology(p, p.n_nodes, 1.0)
    scaling = setting(p, REGIMES, "recurrent_scaling")
    check_number("recurrent_scaling", scaling, "thresholds", least=0)
    check_number(
        "voltage_noise", p.voltage_noise, "V", least=0, below=device.v_threshold,
        why=", the threshold",
    )  # fmt: skip


def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
    """Draw the neurons and their weights; return the weights in the kernel's layout too."""
    device = get_neuron(p.device)
    spread = setting(p, REGIMES, "spread")
    drawn = draw_spread(rng, device, ("tau", "v_threshold"), spread, p.n_nodes)
    low = np.flatnonzero(drawn["v_threshold"] <= device.v_reset)
    if low.size:
        raise ValueError(
            f"spread={spread} gives node {low[0]} a threshold of "
            f"{drawn['v_threshold'][low[0]]:.3g} V, not above v_reset={device.v_reset} V; take a "
            "smaller spread."
        )
    jump = (
        setting(p, REGIMES, "recurrent_scaling")
        * device.v_threshold
        * device.tau
        / device.tau_synapse
    )
    weights = draw_balanced_weights(rng, p, p.n_nodes, jump)
    layout = lay_out(p.input_weights_, weights)
    return {"devices_": drawn, "weights_": weights, "_laid_out": layout}


def run(p: Any, block: NDArray, lengths: NDArray, state: Any, loop: Loop = NO_LOOP) -> NDArray:
    """Run recordings, each on one thread; a closed loop returns the last states."""
    out = empty_states(lengths, block.shape[1] if loop is NO_LOOP else 1, p.n_nodes)
    drive, constants = np.ascontiguousarray(block), compiled_for(neurons(p))
    noise = float(p.voltage_noise) or None  # None leaves code out
    last = noise, int(p.n_inner), kernel.OBSERVABLES.index(observed(p))

    def close(begin: int, end: int) -> None:
        for r in range(begin, end):
            kernel.run_one(
                drive[r], lengths[r], state.values[r], state.keys[r], state.step, constants, *last,
                loop, out[r],
            )  # fmt: skip

    if loop is not NO_LOOP:
        split(close, lengths)
        return out
    args = (drive, lengths, state.values, state.keys, state.step, constants, *last, out)
    split(lambda begin, end: kernel.run(begin, end, *args), lengths)
    return out


def embed(p: Any) -> CStage:
    """Return neurons in C, with the targets of each."""
    net, sums, n, noise = neurons(p), input_sums(p), p.n_nodes, float(p.voltage_noise)
    by_source = sparse.csc_array(p.weights_)
    by_source.sort_indices()
    tables = {
        **sums.tables, "begin": small(by_source.indptr), "targets": small(by_source.indices),
        "weights": by_source.data, "keep": net.keep, "push": net.push, "threshold": net.threshold,
    }  # fmt: skip
    names = "v_gain v_bias v_reset keep_s keep_rate per_spike"
    numbers = {name: getattr(net, name) for name in names.split()}
    state: dict[str, Any] = {"v": np.zeros(n), "s": np.zeros(n), "input": np.zeros(n)}
    state |= {"wait": np.zeros(n, np.uint32), "fired": np.zeros(n, np.uint8)}
    if observed(p) == "rate":
        state["rate"] = np.zeros(n)
    if noise > 0:
        tables["noise_keys"], state["n_inner"] = keys(run_key(p), n), np.uint64(0)
        tables["kick"] = noise * (np.sqrt(1.0 - net.keep * net.keep) / net.keep)
    sizes = {"N_NODES": n, "N_INNER": p.n_inner, "N_WAIT": int(net.n_wait), **sums.sizes}
    chosen = {name: name == observed(p) for name in kernel.OBSERVABLES}
    text = template(Path(__file__).with_name("template.c"), noisy=noise > 0, **chosen)
    return CStage(sums.text + "\n" + text, sums.n_in, n, sizes, numbers, tables, state, UNITS)


def observed(p: Any) -> str:
    """Return the quantity that is the state."""
    return str(setting(p, REGIMES, "observable"))


def scale(p: Any) -> tuple[float, float]:
    """Return gain and bias in V; the defaults are multiples of the rheobase."""
    rheobase, default = get_neuron(p.device).v_rheobase, REGIMES[p.regime]
    gain = default["v_gain"] * rheobase if p.v_gain is None else p.v_gain
    return gain, default["v_bias"] * rheobase if p.v_bias is None else p.v_bias


def fading(p: Any) -> Fading:
    """Return whether the network forgets, from its bias and its recurrence."""
    rheobase, bias = get_neuron(p.device).v_rheobase, scale(p)[1]
    if bias >= rheobase:
        return Fading(
            False,
            f"the bias of {bias:.3g} V is not below the rheobase of {rheobase:.3g} V, and neurons "
            "that fire all the time keep their phase",
            "regime='excitable', or v_bias below the rheobase",
        )
    scaling = setting(p, REGIMES, "recurrent_scaling")
    if scaling > STRONG:
        return Fading(
            None,
            f"recurrent_scaling={scaling:g} is strong enough for activity that keeps itself up",
            f"recurrent_scaling up to {STRONG:g}",
        )
    return Fading(True, "membranes leak, and neurons below their rheobase fall silent")


def held(p: Any) -> float:
    """Return the device time in s for which one step of the drive is held."""
    default = get_neuron(p.device).tau / REGIMES[p.regime]["steps_per_tau"]
    return float(default if p.dt_device is None else p.dt_device)


def operations(p: Any, drives: Any, steps: float) -> dict[str, float]:
    """Count arithmetic operations: these neurons have no circuit whose energy is simulated."""
    counting = copy(p).set_params(observable="spikes", pool=None, n_segments=1)
    per_node = np.zeros(p.n_nodes)
    for _, block, lengths in counting._blocks(drives):
        for states, n in zip(block, lengths, strict=True):
            per_node += states[:n].sum(axis=0)
    jumps = float(per_node @ np.diff(sparse.csc_array(p.weights_).indptr))
    arriving = steps * sparse.csr_array(p.input_weights_).nnz
    return {
        "spikes": float(per_node.sum()),
        "leaks": arriving + steps * p.n_inner * p.n_nodes,
        "jumps": jumps,
        "weights": jumps + arriving,
    }


def lay_out(inputs: Any, recurrent: Any) -> Any:
    """Return weights as given, and in the kernel's layout."""
    w = sparse.csr_array(inputs).sorted_indices()
    by_row = layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.float64)
    by_source = sparse.csc_array(recurrent)
    by_source.sort_indices()
    targets = kernel.place_of(by_source.indices.astype(np.int64)).astype(np.uint32)
    return inputs, recurrent, (*by_row, by_source.indptr.astype(np.int64), targets, by_source.data)


def restore(p: Any) -> dict[str, Any]:
    """Lay out the weights of a model from a file."""
    return {"_laid_out": lay_out(p.input_weights_, p.weights_)}


def neurons(p: Any) -> kernel.Neurons:
    """Return weights and constants of one step for the kernel."""
    cached: Any = p._laid_out
    device, drawn = get_neuron(p.device), p.devices_
    if cached[0] is not p.input_weights_ or cached[1] is not p.weights_:
        cached = lay_out(p.input_weights_, p.weights_)  # weights were replaced after fit
    dt = held(p) / p.n_inner
    keep, keep_s = np.exp(-dt / drawn["tau"]), float(np.exp(-dt / device.tau_synapse))
    ratio = device.tau_synapse / drawn["tau"]
    even = np.isclose(ratio, 1, rtol=1e-6, atol=0)  # where the two time constants are equal
    push = np.where(
        even, dt / drawn["tau"] * keep, (keep_s - keep) * ratio / np.where(even, 1, ratio - 1)
    )
    keep_rate = float(np.exp(-dt / (device.tau if p.tau_rate is None else p.tau_rate)))
    v_gain, v_bias = scale(p)
    constants = (
        keep, push, drawn["v_threshold"], float(device.gain * v_gain),
        float(device.gain * v_bias), float(device.v_reset), keep_s, keep_rate,
        (1 - keep_rate) / dt, float(np.ceil(device.t_refractory / dt - 1e-9)),
    )  # fmt: skip
    return kernel.Neurons._make((*cached[2], *constants))


def draw_balanced_weights(
    rng: np.random.RandomState, p: Any, n_nodes: int, jump: float
) -> sparse.csr_array:
    """Draw weights whose columns are all excitatory or all inhibitory, balanced on average.

    Magnitudes are uniform from 0.5 to 1.5 of their mean; a row of excitatory weights only would
    add up to ``jump`` on average. The values of an own matrix keep their signs and proportions;
    the mean of the absolute sums of its rows becomes ``jump``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> p = SimpleNamespace(topology="random", density=0.2, rewiring=0.1)
    >>> w = draw_balanced_weights(np.random.RandomState(0), p, 50, 1.0)
    >>> w.shape, int((w.toarray() != 0).sum(axis=1)[0])
    ((50, 50), 10)
    """
    if not isinstance(p.topology, str):
        weights = own_matrix(p.topology, n_nodes)
        total = float(np.abs(weights.data).sum()) / n_nodes
        return sparse.csr_array(weights * (jump / total if total > 0 else 0.0))
    inhibits = rng.permutation(n_nodes) < round(INHIBITORY * n_nodes)
    sign = np.where(inhibits, -(1 - INHIBITORY) / INHIBITORY, 1.0)
    if p.topology == "random":
        n_kept = max(1, round(p.density * n_nodes))
        columns = np.concatenate(
            [rng.choice(n_nodes, n_kept, replace=False) for _ in range(n_nodes)]
        )
        counts = np.full(n_nodes, n_kept)
    else:
        rows, columns = place_links(rng, n_nodes, p.topology, p.density, p.rewiring)
        counts = np.bincount(rows, minlength=n_nodes)
    size = sign[columns] * jump / np.repeat(counts, counts)
    values = size * rng.uniform(0.5, 1.5, columns.size)
    begin = np.concatenate([[0], np.cumsum(counts)])
    weights = sparse.csr_array((values, columns, begin), shape=(n_nodes, n_nodes))
    weights.sort_indices()
    return weights


SPIKING = Node(
    check=check,
    draw=draw,
    rest=lambda p: np.zeros((kernel.N_STATE, p.n_nodes)),
    run=run,
    scale=scale,
    fading=fading,
    embed=embed,
    restore=restore,
    observables=lambda p: OBSERVABLES,
    observed=observed,
    closes=lambda p: True,
    noisy=lambda p: p.voltage_noise > 0,
    sums_inputs=lambda p: True,
    times=lambda p: {"dt_device": held(p)},
    operations=operations,
    converters=False,
)


class SpikingReservoir(Reservoir):
    r"""Map a drive to the states of a network of leaky integrate-and-fire neurons.

    .. math::
        \tau \dot v = g u + s - v, \quad \tau_s \dot s = -s

    solved exactly from step to step. A neuron at its threshold at the end of a step fires: it is
    reset and refractory, and the synaptic voltage s of each of its targets jumps. A fifth of the
    neurons are inhibitory, with weights that balance those of the others. Only spikes are
    delivered, so silent neurons take almost no time.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of neurons.
    device : str or LIF, default="lif"
        Device constants: "lif" (a membrane), "ts_lif" (a threshold switch that a spike discharges),
        or your own (``devices.LIF``).
    regime : {"excitable", "firing"}, default="excitable"
        What the neurons do at the bias, and the defaults of the parameters that are None.
        "excitable": the bias lies below the rheobase, and a neuron fires when the drive lifts it
        over; weak recurrence. The network forgets its past. "firing": all neurons fire all the
        time and excite each other strongly; the past is never forgotten.
    v_bias, v_gain : float or None, default=None
        Node input in volt: ``v_bias + v_gain * input_weights_ @ x``. None: 0.7 and 1.5 times the
        rheobase, the smallest constant input at which the device fires; firing 1.2 and 0.5 times.
    dt_device : float or None, default=None
        Device time in second for which one step of the drive is held. None: 0.4 of tau, firing a
        tenth.
    n_inner : int, default=1
        Network steps within one step of the drive; a spike arrives after one of them.
    observable : {"spikes", "voltage", "rate"} or None, default=None
        Quantity returned as state: number of spikes in the step, voltage in V at its end, or spike
        rate in Hz, averaged with time constant ``tau_rate``. None: voltage, or rate if firing.
    tau_rate : float or None, default=None
        Time constant in second of the rate. None: that of the device, tau.
    voltage_noise : float, default=0.0
        Noise of the voltage in V: its standard deviation in a neuron without input.
    spread : float, tuple, dict or None, default=None
        Relative device-to-device variation of ``tau`` and ``v_threshold``, or of those named:
        lognormal, or ("normal", number). None: 0.3, firing 0.
    recurrent_scaling : float or None, default=None
        Strength of the recurrence: rise of a neuron's voltage, in thresholds, if all its sources
        were excitatory and fired once. None: 0.05, firing 1.
    density : float, default=0.1
        Fraction of the neurons that are sources of a neuron, at random or in a small world.
    topology : str, matrix or connectome, default="random"
        Which neurons are linked: "random"; "ring", each neuron to the next; "lattice", four
        neighbours on the squarest grid (a chain for a prime number of neurons); "small_world", a
        ring of ``density * n_nodes`` nearest neighbours with rewired links; "all". Or your own
        weights, an array or scipy.sparse array (n_nodes, n_nodes) whose rows are targets, or what
        `read_connectome` returns: they keep their signs and are scaled so that the magnitudes of a
        row add up to ``recurrent_scaling`` on average.
    rewiring : float, default=0.1
        Fraction of the links of a small world that lead to any other neuron.
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
    weights_ : scipy.sparse.csr_array of shape (n_nodes, n_nodes)
        Jumps in V of the row's synaptic voltage at a spike of the column's neuron.
    devices_ : dict of str to ndarray of shape (n_nodes,)
        ``tau`` in s and ``v_threshold`` in V of each neuron.
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

    _kind = SPIKING

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "lif",
        regime: str = "excitable",
        v_bias: Any = None,
        v_gain: Any = None,
        dt_device: Any = None,
        n_inner: int = 1,
        observable: Any = None,
        tau_rate: Any = None,
        voltage_noise: float = 0.0,
        spread: Any = None,
        recurrent_scaling: Any = None,
        density: float = 0.1,
        topology: Any = "random",
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
        self.dt_device, self.n_inner = dt_device, n_inner
        self.observable, self.tau_rate = observable, tau_rate
        self.voltage_noise, self.spread = voltage_noise, spread
        self.recurrent_scaling, self.density = recurrent_scaling, density
        self.topology, self.rewiring = topology, rewiring
        self.wiring, self.fan_in, self.input_shape, self.field = wiring, fan_in, input_shape, field
        self.regions = regions
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state
