"""Devices defined by equations outside mottle, and the reservoir of such devices."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from numbers import Real
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from mottle.checks import (
    check_mapping,
    check_number,
    check_positive,
    choose,
    is_number,
    names_arguments,
)
from mottle.reservoir import catalogue
from mottle.reservoir.family import Family, Trace, check_steps, micro_steps
from mottle.reservoir.nodes.driven import V_COMPLIANCE, DrivenNode, constants, driven
from mottle.reservoir.nodes.fading import UNKNOWN
from mottle.reservoir.nodes.figures import memristor_at
from mottle.reservoir.nodes.front import Reservoir
from mottle.reservoir.nodes.node import KEPT
from mottle.reservoir.nodes.outside import carried
from mottle.reservoir.nodes.outside.definition import Definition, Lost, describe, differences
from mottle.reservoir.nodes.outside.functions import check_functions, explained
from mottle.reservoir.nodes.outside.source import Equations, load_kernel
from mottle.reservoir.nodes.outside.steps import (
    check_reservoir,
    probed,
    rows_of,
    warn_long_steps,
)

RESERVED = ("voltage", "current", "output", "time")  # variables of simulated devices
VARIATION = 0.5  # time constants shorter than this fraction of the device's take shorter steps
FINE = 20  # default number of integration steps per time scale


@names_arguments
def device_node(
    name: str,
    preset: Any,
    *,
    state: Mapping[str, float | str],
    step: Callable[..., Any] | None = None,
    derivative: Callable[..., Any] | None = None,
    output: Callable[..., Any] | None = None,
    current: Callable[..., Any] | None = None,
    dt_device: float,
    dt_inner: float | None = None,
    v_bias: float = 0.5,
    v_gain: float = 0.5,
    v_compliance: float = V_COMPLIANCE,
    limits: Mapping[str, tuple[float, float]] | None = None,
    rates: tuple[str, ...] = (),
    times: tuple[str, ...] = (),
    unit: str = "1",
    presets: Mapping[str, Any] | None = None,
    check: Callable[[Any], Any] | None = None,
    embed: Callable[..., Any] | None = None,
) -> Family:
    """Define a device by its equations, for use as a node and for simulation on its own.

    The functions are plain Python on numbers and are compiled here. Functions that they call must
    be compiled (``numba.njit``) or be taken from `mottle.reservoir.compiled.functions`, whose exp,
    log and sinh become vector instructions. With states x, y they are called as

    * ``step(x, y, v, dt, c)``: states after ``dt`` s at ``v`` V, or
    * ``derivative(x, y, v, c)``: their rates of change, integrated by Heun's method;
    * ``output(x, y, v, c)``: state of the reservoir (default: the first state);
    * ``current(x, y, v, c)``: current in A, for observables, energies and the figure,

    where ``c`` has the constants as attributes. With several states, the first two return a tuple.

    Parameters
    ----------
    name : str
        Name of the device, as in ``DeviceReservoir(device=name)`` and ``devices.get(name)``.
    preset : NamedTuple
        Constants, SI units; they may vary from node to node. Fields ``source`` and ``provisional``
        (str) give their origin, a property ``time_scale`` the device's memory time in s.
    state : mapping of str to float or str
        States and their values at rest: numbers, or names of constants.
    step, derivative : callable
        One of the two.
    output, current : callable, default=None
        Functions of the output and of the current.
    dt_device : float
        Default time in s for which one step of the drive is held.
    dt_inner : float, default=None
        Longest integration step in s. None: with ``step`` a held step is one step; with
        ``derivative`` a twentieth of ``time_scale``. Reservoirs (in ``fit``) and `devices.simulate`
        warn where it is too long for the constants and voltages in use.
    v_bias, v_gain : float, default=0.5
        Defaults of the node voltage in V: ``v_bias + v_gain * input``.
    v_compliance : float, default=3.0
        Largest node voltage in V, for both signs.
    limits : mapping of str to (float, float), default=None
        Ranges to which states are clipped.
    rates, times : tuple of str, default=()
        Constants that are inversely proportional, and proportional, to the time constants of the
        device: with them ``tau`` spaces the decay times of the nodes.
    unit : str, default="1"
        Unit of the output.
    presets : mapping of str to NamedTuple, default=None
        Further constants of the same type, by name.
    check : callable, default=None
        ``check(preset)`` raises ValueError for impossible constants.
    embed : callable, default=None
        ``embed(preset, drawn, dt, v_read)`` is the device in C, `mottle.embedded.CStage`, for
        `mottle.pipelines.export_c`; ``drawn`` are the constants of the nodes, by name. Its text has
        ``@hold(@state *s, real *y)``, which holds each device ``i`` at ``s->volts[i]`` for ``dt`` s
        and writes its state, and ``@switched(const @state *s, int i)``, the state that recurrence
        feeds back.

    Returns
    -------
    node : Family
        The device; from now on its name can be used in this process and in the workers of joblib
        that it starts (``n_jobs``). A package provides it to all processes by an entry point of
        the group ``mottle.nodes``.

    Raises
    ------
    TypeError
        For states, limits or presets that are no dict.
    ValueError
        For constants that are not a NamedTuple, unknown names, the name of a preset of mottle, or
        missing functions.

    Warns
    -----
    UserWarning
        If a device of this name is replaced by another. Reservoirs fitted before keep theirs.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Leaky(NamedTuple):
    ...     tau: float = 1e-3  # s
    >>> def derivative(x, v, c):
    ...     return (v - x) / c.tau
    >>> node = device_node("leaky", Leaky(), state={"x": 0.0}, derivative=derivative,
    ...                    dt_device=1e-4, dt_inner=1e-5, times=("tau",))
    >>> X = np.ones((20, 1))
    >>> DeviceReservoir(3, device="leaky", random_state=0).fit_transform(X).shape
    (20, 3)
    """
    check_mapping("state", state, "a dict of a state's name to its value at rest, {'x': 0.0}")
    for key, value, expected in (
        ("limits", limits, "a dict of a state's name to (low, high)"),
        ("presets", presets, "a dict of a name to constants"),
    ):
        if value is not None:
            check_mapping(key, value, expected)
    definition = describe(
        name,
        preset,
        state=state,
        step=step,
        derivative=derivative,
        output=output,
        current=current,
        dt_device=dt_device,
        dt_inner=dt_inner,
        v_bias=v_bias,
        v_gain=v_gain,
        v_compliance=v_compliance,
        limits=limits,
        rates=rates,
        times=times,
        unit=unit,
        presets=presets,
        check=check,
        embed=embed,
    )
    family = build(definition)
    earlier = catalogue.OUTSIDE.get(name)
    catalogue.register(family)
    changed = differences(earlier, definition)
    if changed:
        warn(
            f"device {name!r} is defined again, with other values of {', '.join(changed)}: "
            "reservoirs fitted before keep the earlier definition, what is fitted from now on "
            "takes this one. Give it another name to keep both.",
            stacklevel=3,
        )
    return family


def build(definition: Definition) -> Family:
    """Return the device of a definition: its kernel, its node, its trace, its figure."""
    carried.send_by_value()
    return _build(definition, definition.name, definition.preset, **definition.options)


def _build(
    definition: Definition,
    name: str,
    preset: Any,
    *,
    state: Mapping[str, float | str],
    step: Callable[..., Any] | None,
    derivative: Callable[..., Any] | None,
    output: Callable[..., Any] | None,
    current: Callable[..., Any] | None,
    dt_device: float,
    dt_inner: float | None,
    v_bias: float,
    v_gain: float,
    v_compliance: float,
    limits: Mapping[str, tuple[float, float]] | None,
    rates: tuple[str, ...],
    times: tuple[str, ...],
    unit: str,
    presets: Mapping[str, Any] | None,
    check: Callable[[Any], Any] | None,
    embed: Callable[..., Any] | None = None,
) -> Family:
    """Check the arguments of ``device_node`` and return the device."""
    numbers = _number_fields(name, preset)
    states = tuple(state)
    if not states or (step is None) == (derivative is None):
        raise ValueError(f"device {name!r} needs a state, and either step or derivative.")
    _check_states(name, numbers, state, limits or {})
    for constant in (*rates, *times):
        choose(constant, dict.fromkeys(numbers), f"device {name!r}: constant")
    check_positive("dt_device", dt_device, "s")
    check_positive("v_compliance", v_compliance, "V")
    for key, value in (("v_bias", v_bias), ("v_gain", v_gain)):
        check_number(key, value, "V")
    if dt_inner is None and derivative is not None:
        dt_inner = _time_scale(preset, dt_device) / FINE
    if dt_inner is not None:
        check_positive("dt_inner", dt_inner, "s")
    ranges = tuple((limits or {}).get(key, (-np.inf, np.inf)) for key in states)
    equations = Equations(
        name, type(preset), states, numbers, ranges, step, derivative, output, current
    )
    check_functions(equations)
    kernel = cache(lambda: load_kernel(equations))

    def rest_of(device: Any, drawn: Mapping[str, Any], n: int) -> NDArray[np.float64]:
        at_rest = np.zeros((len(states), n))
        for row, value in zip(at_rest, state.values(), strict=True):
            row[:] = drawn.get(value, getattr(device, value)) if isinstance(value, str) else value
        return at_rest

    def compiled(
        device: Any, drawn: dict[str, Any], dt: float, v_read: float, observable: int
    ) -> Any:
        nodes = constants(kernel().Nodes, device, drawn)
        nodes = nodes._make(map(_one_if_equal, nodes))
        n_micro = 1
        if longest is not None:
            n_micro = micro_steps(longest * _shortening(device, drawn, rates, times), dt)
        n_micro, h = probed(n_micro, dt / n_micro)
        return (
            explained(equations, kernel().run, forget),
            (nodes, h, n_micro, v_read, observable),
            n_micro,
        )

    longest = dt_inner

    def forget(reason: str) -> None:
        catalogue.forget(family, reason)

    def trace(
        device: Any, drive: NDArray, dt: float, key: int, *, dt_inner: float | None = None
    ) -> Trace:
        if dt_inner is not None:
            check_positive("dt_inner", dt_inner, "s")
        one = kernel().Constants._make(float(getattr(device, field)) for field in numbers)
        inner = longest if dt_inner is None else dt_inner
        n_micro = 1 if inner is None else micro_steps(inner, dt)
        check_steps(drive.size, dt, n_micro)
        simulate = explained(equations, kernel().trace, forget)
        rest = rest_of(device, {}, 1)[:, 0]
        values, outputs, currents, used = simulate(drive, dt / n_micro, n_micro, rest, one)
        if inner is not None and np.isfinite(outputs).all():
            few = drive[rows_of(drive)]

            def probe() -> NDArray:
                n, h = probed(n_micro, dt / n_micro)
                return simulate(few, h, n, rest, one)[1]

            warn_long_steps(f"device {name!r}", inner, 1, probe)
        variables = {"current": (currents, "A")} if current is not None else {}
        variables |= {key: (row, "1") for key, row in zip(states, values, strict=True)}
        if output is not None:
            variables["output"] = (outputs, unit)
        energies = {"device": used, "resistor": 0.0, "supply": used} if current else None
        return Trace(variables, None, energies)

    def embedded(device: Any, drawn: Any, dt: float, v_read: float, noise: float) -> Any:
        return None if embed is None else embed(device, drawn, dt, v_read)

    observables = {"state": unit} | ({"conductance": "S", "current": "A"} if current else {})
    node = DrivenNode(
        v_bias=v_bias,
        v_gain=v_gain,
        dt_device=dt_device,
        compiled=compiled,
        rest=rest_of,
        rates=rates,
        times=times,
        others=tuple(field for field in numbers if field not in (*rates, *times)),
        observables=observables,
        v_compliance=v_compliance,
        metered=current is not None,
        dt_inner=dt_inner,
        bounded=False,
        fading=UNKNOWN,
        embed=None if embed is None else embedded,
    )
    family = Family(
        type(preset),
        "volatile",
        {name: preset, **(presets or {})},
        _checker(name, type(preset), check),
        trace,
        memristor_at(min(v_compliance, 1.2), dt_device),
        node=node,
        definition=definition,
    )
    return family


def _number_fields(name: str, preset: Any) -> tuple[str, ...]:
    """Return the names of the constants; raise if ``preset`` is not a NamedTuple of numbers."""
    if not (isinstance(preset, tuple) and hasattr(preset, "_fields")):
        raise ValueError(f"device {name!r}: constants are a NamedTuple, not {preset!r}.")
    fields = tuple(key for key in preset._fields if isinstance(getattr(preset, key), Real))
    others = set(preset._fields) - set(fields) - {"source", "provisional"}
    if others:
        raise ValueError(
            f"device {name!r}: {sorted(others)[0]} is not a number; constants must be."
        )
    return fields


def _checker(name: str, kind: type, check: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    def checked(device: Any) -> None:
        for key in device._fields:
            if key not in ("source", "provisional"):
                check_number(f"device.{key}", getattr(device, key))
        if check is not None:
            check(device)

    return checked


def _one_if_equal(constant: Any) -> Any:
    """Return a constant as one number if it is equal for all nodes, which is faster."""
    if np.ndim(constant) and (constant != constant[0]).any():
        return np.ascontiguousarray(constant)
    return float(np.ravel(constant)[0])


def _check_states(
    name: str,
    numbers: Sequence[str],
    state: Mapping[str, float | str],
    limits: Mapping[str, tuple[float, float]],
) -> None:
    """Refuse states at rest that are no number and no constant, reserved names, and bad limits."""
    for key, value in state.items():
        if not is_number(value):
            choose(value, dict.fromkeys(numbers), f"device {name!r}: state at rest")
        if key in RESERVED:
            raise ValueError(
                f"device {name!r}: a state cannot be called {key!r}, as a result of simulate is."
            )
    for key, limit in limits.items():
        choose(key, dict.fromkeys(state), f"device {name!r}: limits of state")
        _check_limits(name, key, limit, state[key])


def _check_limits(name: str, key: str, limit: Any, rest: Any) -> None:
    """Refuse limits of a state that are not (low, high), or that exclude its value at rest."""
    pair = isinstance(limit, tuple | list) and len(limit) == 2 and all(map(is_number, limit))
    if not pair or not limit[0] < limit[1]:
        raise ValueError(f"device {name!r}: limits of {key!r} are {limit!r}; expected (low, high).")
    low, high = limit
    if is_number(rest) and not low <= rest <= high:
        raise ValueError(
            f"device {name!r}: {key!r} is {rest!r} at rest, outside its limits {low:g} to {high:g}."
        )


def _shortening(
    device: Any, drawn: Mapping[str, Any], rates: Sequence[str], times: Sequence[str]
) -> float:
    """Return by what factor the fastest node is faster than the device, or 1.

    The steps of integration are shortened by it. Device-to-device variation is left to the margin
    of the step.
    """
    # a rate of 0, by which a mechanism is left out, stays 0 for every node and is no reason to step
    times_, rates_ = (
        [key for key in keys if key in drawn and getattr(device, key) != 0]
        for keys in (times, rates)
    )
    factors = [float(np.min(drawn[key])) / getattr(device, key) for key in times_]
    factors += [getattr(device, key) / float(np.max(drawn[key])) for key in rates_]
    fastest = min(factors, default=1.0)
    return fastest if 0 < fastest < VARIATION else 1.0


def _time_scale(preset: Any, dt_device: float) -> float:
    return float(getattr(preset, "time_scale", 10 * dt_device))


def find(device: Any) -> tuple[Any, Any]:
    """Return the constants of a voltage-driven device and its family."""
    if isinstance(device, Lost):
        device = device.found()
    if isinstance(device, Family):
        family, preset = device, next(iter(device.presets.values()))
    else:
        preset = catalogue.get(device) if isinstance(device, str) else device
        family = catalogue.find_family(preset)  # type: ignore[assignment]
    if family is None and hasattr(preset, "_fields"):
        kind = type(preset).__name__
        raise ValueError(
            f"device={device!r}: no device of this process has constants of this type "
            f"{kind!r}. Call device_node with constants of the type here, too; if {kind} was "
            "defined again since (a cell of a notebook that ran twice), make the constants anew."
        )
    if family is None or not isinstance(family.node, DrivenNode):
        known = [
            name
            for other in catalogue.families()
            if isinstance(other.node, DrivenNode)
            for name in other.presets
        ]
        raise ValueError(
            f"device={device!r} is not a voltage-driven node; take one of "
            f"{', '.join(sorted(known))}, constants of such a device, or define your own with "
            "device_node."
        )
    return preset, family


def find_fitted(p: Any) -> tuple[Any, Any]:
    """Return constants and family of a reservoir's device: after ``fit``, those it was fitted to.

    A device may be defined again under its name; a fitted reservoir does not change with that.
    """
    device, family = p.__dict__.get(KEPT, (None, None))
    if family is None or not (device is p.device or device == p.device):
        return find(p.device)
    preset, family = find(family)
    if isinstance(p.device, str):
        return family.presets[p.device], family
    return (preset if isinstance(p.device, Family | Lost) else p.device), family


DEVICE = driven(find, find_fitted)._replace(
    carried=lambda p: carried.state_of(p, find),
    probe=lambda p, drives: check_reservoir(p, find(p.device)[1], drives),
)


class DeviceReservoir(Reservoir):
    """Map a drive to the states of voltage-driven devices, defined by equations of your own.

    Parameters
    ----------
    n_nodes : int, default=100
        Number of states: devices times ``n_masks``.
    device : str, preset or node, default="wox_du2017"
        A device defined with ``device_node``, here or in an installed package: its name, its
        constants, or the value returned by ``device_node``. The volatile memristors of mottle can
        be used too.
    v_bias, v_gain : float or None, default=None
        Device voltage: ``v_bias + v_gain * (input_weights_ @ x + weights_ @ s)``, with s the first
        states of the devices at the previous step if there is recurrence. None: the device's.
    dt_device : float or None, default=None
        Device time in second for which one step of the drive is held, split between its masks.
        None: the device's, for each mask.
    tau : "log", tuple of float or None, default=None
        Shortest and longest decay time in second, spaced logarithmically over the devices; only for
        devices that list their ``rates`` and ``times``. "log": from a fifth of the device's decay
        time (TiOx: a twentieth) to ten times it. None: the device's.
    n_masks : int, default=1
        Number of input masks of random sign applied to a device one after another within a step
        (time multiplexing). Each gives one virtual node; node k is device ``k % n_devices``.
    observable : {"state", "conductance", "current"}, default="state"
        Quantity returned as state: output of the device or, for devices with a current, conductance
        in S at ``v_read`` or current in A at the driving voltage.
    v_read : float, default=0.2
        Read voltage in V.
    read_noise : float, default=0.0
        Relative noise of each reading of a state, drawn at each step.
    spread : float, tuple or dict, default=0.0
        Relative device-to-device variation of all constants, or of those named: lognormal, or
        ("normal", number).
    spectral_radius : float or None, default=0.0
        Recurrence: spectral radius of the weights by which the first states of the previous step
        are added to the inputs of other devices. 0 for none; None keeps that of an own matrix.
    density : float, default=0.1
        Fraction of the devices that are sources of a device, at random or in a small world, if
        there is recurrence.
    topology : str, matrix or connectome, default="random"
        Which nodes are linked: "random"; "ring", each node to the next with equal weights;
        "lattice", four neighbours on the squarest grid (a chain for a prime number of nodes);
        "small_world", a ring of nearest neighbours (``density``) with rewired links; "all".
        Or your own weights, an array or scipy.sparse array (device, device) whose rows are
        targets, or what `read_connectome` returns.
    rewiring : float, default=0.1
        Fraction of the links of a small world that lead to any other node.
    wiring : {"random", "local", "one_to_one", "dilated", "convolution"}, default="random"
        Inputs of a node: drawn from all; drawn from a receptive field; a single one; channels at
        evenly spaced earlier steps; or a receptive field shared by all positions, whose states are
        averaged over regions. The last two scale and shift them by training recordings.
    fan_in : int or None, default=4
        Number of inputs of a node, at most all there are; None for all.
    n_taps : int, default=1
        Delay taps: nodes take the last ``n_taps`` steps of each input. Needs ``wiring="random"``;
        before the beginning the drive is 0.
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
        Draws wiring, masks, devices and the seed of the noise.

    Attributes
    ----------
    input_weights_ : scipy.sparse.csr_array of shape (n_nodes, n_taps * n_features_in_)
        Input weights, dimensionless; the inputs of lag 0 first.
    weights_ : scipy.sparse.csr_array of shape (n_nodes / n_masks, n_nodes / n_masks)
        Recurrent weights, dimensionless; only with recurrence.
    devices_ : dict of str to ndarray of shape (n_nodes / n_masks,)
        Constants of each device, SI units.
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
        By ``fit``, for an unknown device or impossible constants; by ``transform``, if the
        device's equations give NaN or infinity, with recording, step and node.

    Warns
    -----
    UserWarning
        By ``fit``, if ``dt_inner`` of `device_node` is too long for the constants and the drive.

    Examples
    --------
    >>> X = np.sin(np.linspace(0, 6, 50)).reshape(-1, 1)
    >>> DeviceReservoir(n_nodes=5, pool="mean", random_state=0).fit_transform(X).shape
    (1, 5)
    """

    _kind = DEVICE

    def __init__(
        self,
        n_nodes: int = 100,
        *,
        device: Any = "wox_du2017",
        v_bias: Any = None,
        v_gain: Any = None,
        dt_device: Any = None,
        tau: Any = None,
        n_masks: int = 1,
        observable: str = "state",
        v_read: float = 0.2,
        read_noise: float = 0.0,
        spread: Any = 0.0,
        spectral_radius: Any = 0.0,
        density: float = 0.1,
        topology: Any = "random",
        rewiring: float = 0.1,
        wiring: str = "random",
        fan_in: Any = 4,
        n_taps: int = 1,
        input_shape: Any = None,
        field: int = 5,
        regions: int = 4,
        pool: Any = None,
        n_segments: int = 1,
        random_state: Any = None,
    ) -> None:
        self.n_nodes, self.device, self.v_bias, self.v_gain = n_nodes, device, v_bias, v_gain
        self.dt_device, self.tau, self.n_masks = dt_device, tau, n_masks
        self.observable, self.v_read, self.read_noise = observable, v_read, read_noise
        self.spread, self.spectral_radius, self.density = spread, spectral_radius, density
        self.topology, self.rewiring = topology, rewiring
        self.wiring, self.fan_in, self.n_taps = wiring, fan_in, n_taps
        self.input_shape, self.field = input_shape, field
        self.regions = regions
        self.pool, self.n_segments, self.random_state = pool, n_segments, random_state
