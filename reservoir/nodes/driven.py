"""Voltage-driven devices as nodes: memristors, and devices of other packages."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, check_positive
from mottle.embedded import CStage, NotInC, template
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.closed import NO_LOOP, Loop
from mottle.reservoir.compiled.inputs import NO_ROWS, Supply, sum_sources
from mottle.reservoir.compiled.noise import disturb
from mottle.reservoir.compiled.threads import compiled_for, count_groups, run_nodes
from mottle.reservoir.family import check_held
from mottle.reservoir.nodes.embedding import HERE, input_sums, keys, run_key, sparse_rows
from mottle.reservoir.nodes.fading import DECAYS, Fading, with_recurrence
from mottle.reservoir.nodes.node import KEPT, Node, device_operations, wiring
from mottle.reservoir.nodes.regime import log_spaced
from mottle.reservoir.nodes.state import ReservoirState
from mottle.reservoir.nodes.supply import CLIPPED_MANY, warn_clipped
from mottle.reservoir.nodes.topologies import check_topology, draw_recurrent_weights
from mottle.reservoir.nodes.wiring import check_spread, draw_spread

OBSERVABLES = {"state": "1", "conductance": "S", "current": "A"}
VOLTS = dict.fromkeys(("gain", "bias", "v_limit", "volts", "feedback"), "V")
V_COMPLIANCE = 3.0  # V: limit of the voltage source, for both signs


class DrivenNode(NamedTuple):
    """Functions and defaults that turn the devices of a family into nodes.

    The first argument of each function is the device.
    """

    v_bias: float  # V
    v_gain: float  # V
    dt_device: float  # s, held for each mask
    compiled: Callable[..., tuple[Any, tuple[Any, ...], int]]
    # device, drawn constants, s per mask, read V, observable: kernel, its arguments, its steps
    rest: Callable[[Any, dict[str, NDArray], int], NDArray]  # drawn, number: (variable, device)
    rates: tuple[str, ...] = ()  # constants inversely proportional to the time constant
    times: tuple[str, ...] = ()  # constants proportional to the time constant
    others: tuple[str, ...] = ()  # further constants with device-to-device variation
    observables: dict[str, str] = OBSERVABLES
    draw: Callable[[Any, np.random.RandomState, int], dict[str, NDArray]] = lambda *_: {}
    switched: Callable[[Any, NDArray], NDArray] = lambda device, values: values[:, 0]
    # device, values (recording, variable, device): switched fraction, 0 to 1
    noisy: Callable[[Any], bool] = lambda device: False
    v_compliance: float = V_COMPLIANCE
    metered: bool = True  # whether the kernel sums energies
    dt_inner: float | None = None  # s, longest integration step, if the model integrates
    bounded: bool = True  # whether the model's limits keep states finite
    fading: Fading = DECAYS  # whether the states forget, without recurrence
    span: tuple[float, float] = (0.2, 10.0)  # of "log" time constants, in units of the device's
    placed: tuple[float, float] | None = None  # v_bias and v_gain in V where inputs are placed
    varies: bool = False  # whether the kernel takes a variation from write to write
    embed: Callable[..., CStage] | None = None
    # device, drawn constants, s per mask, read V, variation from write to write: devices in C


def check_write_noise(value: Any) -> float:
    """Return a relative variation from write to write, checked."""
    return check_number("write_noise", value, least=0, below=1, why=": it is relative to a rate")


def constants(kind: Any, device: Any, drawn: dict[str, Any] | None = None) -> Any:
    """Fill a kernel's record with the constants of a device; drawn constants take precedence."""
    values = {name: getattr(device, name, None) for name in kind._fields}
    return kind(**values | {k: v for k, v in (drawn or {}).items() if k in values})


def driven(
    find: Callable[[Any], tuple[Any, Any]],
    find_fitted: Callable[[Any], tuple[Any, Any]] | None = None,
) -> Node:
    """Return the node record for devices that ``find(p.device)`` looks up with their family.

    Where names can change their meaning, ``find_fitted(p)`` returns what ``p`` was fitted to.
    """

    def of(p: Any) -> tuple[Any, DrivenNode]:
        device, family = find(p.device) if find_fitted is None else find_fitted(p)
        return device, family.node

    def check(p: Any) -> None:
        device, family = find(p.device)
        family.check(device)
        node = family.node
        check_parameters(p, node)
        check_spread(p.spread, node.rates + node.times + node.others)
        if not (node.rates or node.times) and p.tau is not None:
            raise ValueError(
                f"tau={p.tau!r} needs a device whose description lists the constants that are "
                "rates or times; leave it at None."
            )
        relative_time_constants(p.tau, device, node, np.arange(1))

    def draw(p: Any, rng: np.random.RandomState) -> dict[str, Any]:
        device, node = of(p)
        n_devices = p.n_nodes // p.n_masks
        names = node.rates + node.times + node.others
        drawn = draw_spread(rng, device, names, p.spread, n_devices)
        ratio = relative_time_constants(p.tau, device, node, rng.permutation(n_devices))
        for name in node.rates:
            drawn[name] = drawn[name] / ratio
        for name in node.times:
            drawn[name] = drawn[name] * ratio
        drawn |= node.draw(device, rng, n_devices)
        result: dict[str, Any] = {"devices_": drawn}
        if find_fitted is not None:
            result[KEPT] = (p.device, find(p.device)[1])
        if p.spectral_radius == 0:
            return result
        weights = draw_recurrent_weights(rng, p, n_devices, p.spectral_radius)
        return result | {"weights_": weights, "_laid_out": lay_out(weights, n_devices)}

    def restore(p: Any) -> dict[str, Any]:
        if not hasattr(p, "weights_"):
            return {}
        return {"_laid_out": lay_out(p.weights_, p.n_nodes // p.n_masks)}

    def rest(p: Any) -> NDArray:
        device, node = of(p)
        return node.rest(device, p.devices_, p.n_nodes // p.n_masks)

    def scale(p: Any) -> tuple[float, float]:
        node = of(p)[1]
        gain = node.v_gain if p.v_gain is None else p.v_gain
        return gain, node.v_bias if p.v_bias is None else p.v_bias

    def run(p: Any, block: NDArray, lengths: NDArray, state: Any, loop: Loop = NO_LOOP) -> NDArray:
        device, node = of(p)
        return run_devices(p, device, node, block, lengths, state, loop)

    def embed(p: Any) -> CStage:
        device, node = of(p)
        return embed_devices(p, device, node)

    def fading(p: Any) -> Fading:
        return with_recurrence(p.spectral_radius, of(p)[1].fading)

    return Node(
        check=check,
        draw=draw,
        rest=rest,
        run=run,
        scale=scale,
        fading=fading,
        observables=lambda p: of(p)[1].observables,
        noisy=lambda p: (
            p.read_noise > 0 or getattr(p, "write_noise", 0.0) > 0 or of(p)[1].noisy(of(p)[0])
        ),
        metered=lambda p: of(p)[1].metered,
        left_out=lambda p: () if of(p)[1].metered else ("devices, which give no current",),
        sums_inputs=lambda p: True,
        closes=lambda p: p.spectral_radius == 0 and p.read_noise == 0,
        times=lambda p: {"dt_device": held(p, of(p)[1]) * p.n_masks},
        family=lambda p: f" of {type(of(p)[0]).__name__}",
        operations=device_operations,
        energy_scales=lambda p: {"input_lines": scale(p)[1] ** 2},
        placed=lambda p: dict(
            zip(("v_bias", "v_gain"), find(p.device)[1].node.placed or (None, None), strict=True)
        ),
        embed=embed,
        restore=restore,
    )


def check_parameters(p: Any, node: DrivenNode) -> None:
    """Check the parameters that all devices have."""
    for name in ("v_bias", "v_gain"):
        if getattr(p, name) is not None:
            check_number(name, getattr(p, name), "V")
    if p.dt_device is not None:
        check_positive("dt_device", p.dt_device, "s")
    check_number("v_read", p.v_read, "V")
    if p.observable == "conductance" and p.v_read == 0:
        raise ValueError(
            "v_read=0 V: a conductance cannot be read at 0 V; take 0.2 V, for example."
        )
    check_number(
        "read_noise", p.read_noise, least=0, below=1, why=": it is relative to a state"
    )  # fmt: skip
    if p.spectral_radius is not None:
        check_number("spectral_radius", p.spectral_radius, least=0)
    noise = check_write_noise(getattr(p, "write_noise", 0.0))
    if noise > 0 and not node.varies:
        raise ValueError(
            f"write_noise={noise} is for WOx and TiOx; the delays of Ag devices are drawn anew at "
            "each switching anyway."
        )
    check_topology(p, p.n_nodes // p.n_masks, p.spectral_radius)


def held(p: Any, node: DrivenNode) -> float:
    """Return the device time in s for which one mask is held."""
    return node.dt_device if p.dt_device is None else float(p.dt_device / p.n_masks)


def relative_time_constants(
    tau: Any, device: Any, node: DrivenNode, order: NDArray
) -> NDArray[np.float64]:
    """Return each device's time constant relative to that of its preset."""
    preset_tau = None if tau is None else device.time_scale
    return log_spaced("tau", tau, preset_tau, "s", order, node.span)


def run_devices(
    p: Any, device: Any, node: DrivenNode, block: NDArray, lengths: NDArray, state: Any,
    loop: Loop = NO_LOOP,
) -> NDArray:  # fmt: skip
    """Run devices; the kernel sums their inputs, step by step where they are coupled."""
    low, high = -node.v_compliance, node.v_compliance
    n_clipped = np.zeros((len(block), count_groups(state.values.shape[2])), dtype=np.int64)
    nonfinite = () if node.bounded else (np.zeros_like(n_clipped),)  # counts of states
    code = list(node.observables).index(p.observable)
    kernel, args, updates = node.compiled(device, p.devices_, held(p, node), float(p.v_read), code)
    check_held(held(p, node), updates)
    if node.varies:
        args = (*args, float(getattr(p, "write_noise", 0.0)))
    noisy = getattr(p, "write_noise", 0.0) > 0
    plain = code == 0 and state.spent is None and loop is NO_LOOP and not noisy
    weights, rows, n_rows = wiring(p, sparse_only=loop is not NO_LOOP), NO_ROWS, None
    if loop is not NO_LOOP:
        n_rows = 1 if node.bounded else None  # else the states say where they are not finite
        n_inputs = p.input_weights_.shape[1]
        rows = layouts.slices(*weights[:3], n_inputs, np.float64)

    def run(drive: NDArray, lengths: NDArray, state: Any, feedback: NDArray) -> NDArray:
        return run_nodes(
            kernel, np.ascontiguousarray(drive), lengths, state, weights,
            Supply(low, high, feedback, loop, rows), p.n_masks, *args, *nonfinite, n_clipped,
            n_out=p.n_nodes, n_rows=n_rows, updates=updates * p.n_masks, apart=loop is NO_LOOP,
            plain=plain,
        )  # fmt: skip

    if p.spectral_radius != 0:
        out, feedback = feed_back(
            p, lambda values: node.switched(device, values), run, block, lengths, state
        )
    else:
        out, feedback = run(block, lengths, state, np.empty((0, 0))), np.zeros(1)
    if loop is NO_LOOP and n_clipped.sum() > CLIPPED_MANY * out.size:
        warn_clipped(lambda: wanted_volts(p, block, lengths) + feedback, low, high)
    if nonfinite and nonfinite[0].any():
        r, step, which = np.argwhere(~np.isfinite(out))[0]
        label = repr(p.device) if isinstance(p.device, str) else "the device"
        raise ValueError(
            f"{label} gives {out[r, step, which]} in recording {r} of a block, step "
            f"{state.step + step}, node {which}: check its equations at that voltage, or take a "
            "smaller dt_inner, v_gain or spread."
        )
    if p.read_noise > 0:
        disturb(0, len(out), out, lengths, state.keys, state.step, float(p.read_noise))
    return out


def wanted_volts(p: Any, block: NDArray, lengths: NDArray) -> NDArray[np.float64]:
    """Return node voltages as they would be without limits; 0 after the end of a recording.

    A live run needs them once, in a step for which nothing should be compiled.
    """
    gain, bias = p._node.scale(p)
    sums = sparse.csr_array(p.input_weights_) @ block.reshape(-1, block.shape[2]).T
    volts = np.asarray(bias + gain * sums.T).reshape(*block.shape[:2], -1)
    volts[np.arange(block.shape[1]) >= lengths[:, np.newaxis]] = 0.0
    return volts


def feed_back(
    p: Any, switched: Callable[[NDArray], NDArray], run: Callable[..., NDArray], block: NDArray,
    lengths: NDArray, state: Any,
) -> tuple[NDArray, NDArray]:  # fmt: skip
    """Run step by step; return the states, and the voltages fed back to the nodes."""
    feedback, out = (np.empty((*block.shape[:2], p.n_nodes)) for _ in range(2))
    weights, gain = compiled_for(sources(p)), p._node.scale(p)[0]
    for step in range(block.shape[1]):
        volts = gain * sum_sources(weights, np.ascontiguousarray(switched(state.values)))
        feedback[:, step] = np.tile(volts, p.n_masks)
        now = ReservoirState(state.values, state.keys, state.step + step, spent=state.spent)
        active = (step < lengths).astype(lengths.dtype)
        out[:, step] = run(block[:, step : step + 1], active, now, volts)[:, 0]
    return out, feedback


def sources(p: Any) -> Any:
    """Return the recurrent weights in the kernel's layout."""
    if not hasattr(p, "weights_"):
        raise ValueError(f"spectral_radius={p.spectral_radius} was set after fit; call fit again.")
    cached: Any = p._laid_out
    if cached[0] is not p.weights_:  # weights_ was replaced after fit
        cached = lay_out(p.weights_, p.n_nodes // p.n_masks)
    return cached[1]


def lay_out(weights: Any, n_devices: int) -> Any:
    """Return recurrent weights as given, and in the kernel's layout."""
    if weights.shape != (n_devices, n_devices):
        raise ValueError(
            f"weights_ has shape {weights.shape}; expected ({n_devices}, {n_devices})."
        )
    w = sparse.csr_array(weights).sorted_indices()
    return weights, layouts.slices(w.indptr, w.indices, w.data, w.shape[1], np.float64)


def embed_devices(p: Any, device: Any, node: DrivenNode) -> CStage:
    """Return the step of devices in C: input sums, recurrence, noise, and the devices' own text."""
    if node.embed is None:
        raise NotInC(
            f"{type(p).__name__}: device={p.device!r} has no template in C: a family is exported "
            "through the field `embed` of its DrivenNode."
        )
    n_devices, write_noise = p.n_nodes // p.n_masks, float(getattr(p, "write_noise", 0.0))
    own = node.embed(device, p.devices_, held(p, node), float(p.v_read), write_noise)
    gain, bias = p._node.scale(p)
    flags = {"feedback": p.spectral_radius != 0, "read_noise": p.read_noise > 0}
    sums, key = input_sums(p), run_key(p)
    tables: dict[str, NDArray] = {**sums.tables, **own.tables}
    state: dict[str, Any] = {"volts": np.zeros(n_devices), **own.state}
    if flags["feedback"]:
        sources(p)  # raises if it was set after fit
        tables |= sparse_rows("", p.weights_)
        state |= {"before": np.zeros(n_devices), "feedback": np.zeros(n_devices)}
    if write_noise > 0:
        tables["write_keys"], state["n_writes"] = keys(key, n_devices), np.uint64(0)
    if node.noisy(device):
        tables["noise_keys"] = keys(key, n_devices)
    if flags["read_noise"]:
        tables["read_keys"], state["n_steps"] = keys(~key, p.n_nodes), np.uint64(0)
    text = sums.text + "\n" + own.text.replace("@observe(", f"@{p.observable}_of(")
    sizes = {"N_DEVICES": n_devices, "N_MASKS": p.n_masks, **sums.sizes, **own.sizes}
    numbers = {"gain": gain, "bias": bias, "v_limit": node.v_compliance}
    numbers |= {"read_noise": p.read_noise, "write_noise": write_noise, **own.numbers}
    return CStage(
        text + "\n" + template(HERE / "driven.c", **flags), sums.n_in, p.n_nodes, sizes, numbers,
        tables, state, {**VOLTS, **own.units},
    )  # fmt: skip
