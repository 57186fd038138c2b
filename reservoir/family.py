"""What the rest of the room needs to know of a family of devices, and what simulating one gives."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

from numpy.typing import NDArray


class Trace(NamedTuple):
    """Values at the end of each step, each with its unit; spike times in s; energies in J."""

    variables: dict[str, tuple[NDArray, str]]
    spikes: NDArray | None = None
    energies: dict[str, float] | None = None


class DrivenSynapse(NamedTuple):
    """A synapse that sees the overlapping pulses of its neurons as voltages."""

    follow: Callable[[Any, NDArray, float, float], float]  # device, V (step,), s, state: state
    fading: Callable[[Any], tuple[float, float]]  # time constant in s at 0 V, and state at rest


class PulsedSynapse(NamedTuple):
    """A synapse that moves by graded pulses."""

    rule: Callable[[Any], Any]  # device: constants of the kernel that gives one pulse


class Cell(NamedTuple):
    """What an array asks of the devices at its crossings; the device is each first argument."""

    conductances: Callable[[Any], tuple[float, float]]  # lowest and highest in S
    retention: Callable[[Any], str]  # "published", "not published", "ideal"
    age: Callable[[Any, NDArray, NDArray, float], NDArray]  # S as written, path, s: S
    write: Callable[..., Any] | None = None  # order, defects, rng: S, pulses, reads, J
    most_pulses: Callable[[Any], int] = lambda device: 200
    deviation: Callable[[Any, float], float] | None = None  # S, of a write to a conductance in S
    levels: Callable[[Any, float], float | None] = lambda device, age: None  # published, after s


class Family(NamedTuple):
    """Devices that share one model."""

    device: type  # of their constants, a NamedTuple
    kind: str  # "oscillator", "neuron", "volatile", "nonvolatile", "programming"
    presets: Mapping[str, Any]
    check: Callable[[Any], Any]  # refuses impossible constants
    trace: Callable[..., Trace]  # device, drive (step,), dt, key, options
    figure: Callable[[Any, Callable[..., Any]], Any]  # device, simulate: matplotlib figure
    drive: tuple[str, str] = ("voltage", "V")  # what a device is driven by
    node: Any = None  # how it serves as a node of a reservoir
    synapse: DrivenSynapse | PulsedSynapse | None = None
    cell: Cell | None = None
    pulse: Callable[[Any, float, float, float], float] | None = None
    # device, how far above rest, V, s: how far above rest after a pulse
    fine: Callable[[Any], dict[str, Any]] = lambda device: {}
    # options of trace under which energies balance to 1e-5

    def __reduce__(self) -> Any:
        """Pickle by name: functions stay where they are."""
        return known_family, (next(iter(self.presets)),)


def known_family(name: str) -> Family:
    """Return the family of a preset.

    Examples
    --------
    >>> known_family("hp").kind
    'nonvolatile'
    """
    from mottle.reservoir import catalogue

    return catalogue.family_of(catalogue.get(name))


def positive(preset: NamedTuple, names: tuple[str, ...]) -> None:
    """Refuse constants that are not positive.

    Examples
    --------
    >>> from mottle.reservoir.devices import VO2Neuristor
    >>> positive(VO2Neuristor(r_load=-1.0), ("r_load",))
    Traceback (most recent call last):
    ValueError: device.r_load=-1.0 must be positive (SI units).
    """
    for name in names:
        if not getattr(preset, name) > 0:
            raise ValueError(f"device.{name}={getattr(preset, name)} must be positive (SI units).")


def micro_steps(dt: float, held: float) -> int:
    """Whole number of integration steps, none longer than ``dt``, in a held step.

    Examples
    --------
    >>> micro_steps(1e-8, 1e-6), micro_steps(1e-8, 1.1e-8)
    (100, 2)
    """
    return max(1, ceil(held / dt * (1 - 1e-9)))
