"""Records that describe a family of devices, and the result of simulating a device."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number


class Bound(NamedTuple):
    """Unit of a constant, and the range outside which it makes no physical sense."""

    unit: str
    least: float
    most: float


OHM = Bound("ohm", 1e-6, 1e18)
FARAD = Bound("F", 1e-21, 1e3)
SECOND = Bound("s", 1e-15, 1e12)
RATE = Bound("1/s", 1e-12, 1e15)
VOLT = Bound("V", 1e-6, 1e4)
PER_VOLT = Bound("1/V", 1e-6, 200.0)  # exponents at 3 V, the limit of supplies, do not overflow
AMPERE = Bound("A", 1e-18, 100.0)
SIEMENS = Bound("S", 1e-18, 1e3)
LARGEST = 690.0  # exponent of functions that compute with the exponential of a voltage


class Trace(NamedTuple):
    """Values at the end of each step, each with its unit; spike times in s; energies in J."""

    variables: dict[str, tuple[NDArray, str]]
    spikes: NDArray | None = None
    energies: dict[str, float] | None = None


class DrivenSynapse(NamedTuple):
    """A synapse driven by the voltage of its neurons' overlapping pulses."""

    follow: Callable[[Any, NDArray, float, float], float]  # device, V (step,), s, state: state
    fading: Callable[[Any], tuple[float, float]]  # time constant in s at 0 V, and state at rest


class PulsedSynapse(NamedTuple):
    """A synapse programmed by graded pulses."""

    rule: Callable[[Any], Any]  # device: constants of the kernel that gives one pulse


class Cell(NamedTuple):
    """Functions that a crossbar needs of its devices; the first argument is the device."""

    conductances: Callable[[Any], tuple[float, float]]  # lowest and highest in S
    retention: Callable[[Any], str]  # "published", "not published", "ideal"
    age: Callable[[Any, NDArray, NDArray, float], NDArray]  # written S, drift path, s: aged S
    write: Callable[..., Any] | None = None  # order, defects, rng: S, pulses, reads, J
    most_pulses: Callable[[Any], int] = lambda device: 200
    deviation: Callable[[Any, float], float] | None = (
        None  # S: standard deviation of a write to a conductance in S
    )
    levels: Callable[[Any, float], float | None] = lambda device, age: None  # published, after s


class Fitting(NamedTuple):
    """What fitting the constants of a family to measurements needs."""

    name: str  # of the family, such as "wox"
    bounds: Mapping[str, Bound]
    measured: Mapping[str, float]  # quantities that the model gives: largest plausible value
    protocols: Mapping[str, str]  # constant: the measurement that determines it
    scales: Mapping[str, int] = {}  # constants by whose power +1 or -1 the measured values scale
    circuit: tuple[str, ...] = ()  # constants known from the circuit: held first
    held: tuple[str, ...] = ()  # constants that traces of this kind are not fitted with
    pairs: tuple[str, ...] = ()  # constants that are (potentiating, depressing)
    within: Mapping[str, Callable[[Any], Bound]] = {}  # bounds that depend on the device
    step: str = ""  # constant that equals the step of the measurement: one sample is one pulse
    unused: Callable[[Any], tuple[str, ...]] = lambda device: ()  # constants of another rule
    still: Callable[[Any], Any] = lambda device: device  # the device without its noise
    options: Callable[[Any, float], dict[str, Any]] = lambda device, dt: {}  # of trace
    guess: Callable[[Any, list[Any]], Any] | None = None  # device, traces: first estimate
    narrow: tuple[str, ...] = ()  # constants that this estimate gives within some percent
    draws: int = 60  # random starts whose misfit is compared
    grows: bool = False  # fit the begin of traces first: the phase of an oscillation


class Family(NamedTuple):
    """Devices that share one model."""

    device: type  # of the constants, a NamedTuple
    kind: str  # "oscillator", "neuron", "volatile", "nonvolatile", "programming"
    presets: Mapping[str, Any]
    check: Callable[[Any], Any]  # refuses impossible constants
    trace: Callable[..., Trace]  # device, drive (step,), dt, key, options
    figure: Callable[[Any, Callable[..., Any]], Any]  # device, simulate: matplotlib figure
    drive: tuple[str, str] = ("voltage", "V")  # name and unit of the input
    node: Any = None  # record of a reservoir node
    synapse: DrivenSynapse | PulsedSynapse | None = None
    cell: Cell | None = None
    pulse: Callable[[Any, float, float, float], float] | None = None
    # device, state above rest, V, s: state above rest after a pulse
    fine: Callable[[Any], dict[str, Any]] = lambda device: {}
    # options of trace under which energies balance to 1e-5
    definition: Any = None  # of a device defined by device_node
    circuit: Any = None  # record of a two-terminal device behind a resistor and a current limit
    most: Callable[[Any], float] = lambda device: VOLT.most  # input beyond which it is not computed
    fitting: Fitting | None = None

    def __reduce__(self) -> Any:
        """Pickle by name, or by the definition of a device that other processes may not know."""
        if self.definition is not None:
            from mottle.reservoir.nodes.outside.carried import restore

            return restore, (self.definition,)
        return known_family, (next(iter(self.presets)),)

    def __deepcopy__(self, memo: Any) -> "Family":
        """Return the same family: nothing in it changes."""
        return self

    def __repr__(self) -> str:
        """Return one line: names, kind and constants."""
        names = ", ".join(map(repr, self.presets))
        fields = ", ".join(getattr(self.device, "_fields", ()))
        return f"<{self.kind} device {names}: {self.device.__name__}({fields})>"


def known_family(name: str) -> Family:
    """Return the family of a preset.

    Examples
    --------
    >>> known_family("hp").kind
    'nonvolatile'
    """
    from mottle.reservoir import catalogue

    return catalogue.family_of(catalogue.get(name))


def check_bounds(device: Any, bounds: Mapping[str, Bound]) -> None:
    """Raise if a constant is no number within its bounds; of a pair, each value.

    Examples
    --------
    >>> from mottle.reservoir.devices import VO2Neuristor
    >>> check_bounds(VO2Neuristor(r_load=-1.0), {"r_load": OHM})
    Traceback (most recent call last):
    ValueError: device.r_load=-1.0 ohm must be a finite number, at least 1e-06 and at most 1e+18.
    """
    for name, (unit, least, most) in bounds.items():
        value = getattr(device, name)
        for one in value if isinstance(value, tuple) else (value,):
            check_number(f"device.{name}", one, unit, least=least, most=most)


MOST_STEPS = 1_000_000_000  # integration steps of a simulation: minutes
MOST_HELD = 1_000_000  # integration steps of a node in one step of a drive


def whole_steps(duration: float, dt: float) -> tuple[int, float]:
    """Return the number and length in s of equal steps that end at ``duration``, none above dt.

    Examples
    --------
    >>> whole_steps(1e-5, 1e-6), whole_steps(1.0, 0.4)
    ((10, 1e-06), (3, 0.3333333333333333))
    """
    n = round(duration / dt)
    if n and abs(n * dt - duration) <= 1e-9 * duration:
        return n, dt
    n = ceil(duration / dt)
    return n, duration / n


def check_steps(n_steps: int, dt: float, n_inner: float, unit: str = "integration steps") -> None:
    """Raise if a run of ``n_steps`` of ``dt`` s, each of ``n_inner`` parts, would take too long.

    Examples
    --------
    >>> check_steps(2000, 10.0, 1e9)
    Traceback (most recent call last):
    ValueError: 2e+04 s take 2e+12 integration steps of 1e-08 s, more than 1e+09: simulate at most 10 s.
    """  # noqa: E501
    total = n_steps * n_inner
    if total > MOST_STEPS:
        each = dt / n_inner
        raise ValueError(
            f"{n_steps * dt:.3g} s take {total:.3g} {unit} of {each:.3g} s, more than "
            f"{MOST_STEPS:.0e}: simulate at most {MOST_STEPS * each:.3g} s."
        )


def check_held(dt: float, n_inner: int, inner: str = "dt_inner", name: str = "dt_device") -> None:
    """Raise if a node would take too many integration steps within a held step or pulse.

    Examples
    --------
    >>> check_held(10.0, 10**9)
    Traceback (most recent call last):
    ValueError: dt_device=10 s takes 1e+09 integration steps for each device and step, more than 1e+06: take at most 0.01 s, or a longer dt_inner.
    """  # noqa: E501
    if n_inner > MOST_HELD:
        raise ValueError(
            f"{name}={dt:.6g} s takes {n_inner:.3g} integration steps for each device and step, "
            f"more than {MOST_HELD:.0e}: take at most {dt * MOST_HELD / n_inner:.3g} s, or a "
            f"longer {inner}."
        )


def check_drive(family: Family, device: Any, drive: NDArray) -> None:
    """Raise if a value of the input lies beyond what the equations of a device can compute."""
    name, unit = family.drive
    limit, place = family.most(device), int(np.abs(drive).argmax())
    if abs(drive[place]) > limit:
        raise ValueError(
            f"{name}={drive[place]:.6g} {unit} at step {place} is beyond {limit:.3g} {unit}, up to "
            "which the equations of this device can be computed."
        )


def check_finite(family: Family, device: Any, drive: NDArray, trace: Trace) -> None:
    """Raise if a simulation gave numbers that are none, with the first input that did."""
    name, unit = family.drive
    for variable, (values, _) in trace.variables.items():
        wrong = np.flatnonzero(~np.isfinite(values))
        if wrong.size:
            step = int(wrong[0])
            fine = np.abs(drive[:step]).max(initial=0.0)
            raise ValueError(
                f"{variable} is {values[step]} at step {step}, {name}={drive[step]:.6g} {unit}: "
                "the equations of this device hold no longer there; up to "
                f"{fine:.6g} {unit} they did."
            )


def micro_steps(dt: float, held: float) -> int:
    """Return the number of equal integration steps, none longer than ``dt``, in a held step.

    Examples
    --------
    >>> micro_steps(1e-8, 1e-6), micro_steps(1e-8, 1.1e-8)
    (100, 2)
    """
    return max(1, ceil(held / dt * (1 - 1e-9)))
