"""Device presets by name, and the simulation of a single device."""

from functools import cache
from typing import TYPE_CHECKING, Any
from warnings import warn

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_positive, choose, names_arguments
from mottle.memory import check_memory
from mottle.plugins import find_plugins, load_plugin
from mottle.reservoir.family import MOST_STEPS, Family, check_drive, check_finite, whole_steps
from mottle.reservoir.fitting.own import load
from mottle.reservoir.nodes.channel import device as channel
from mottle.reservoir.nodes.compliance import exceeds, find_limits, may_exceed, run_circuit
from mottle.reservoir.nodes.diffusive import device as diffusive
from mottle.reservoir.nodes.event import device as event
from mottle.reservoir.nodes.oscillator import device as oscillator
from mottle.reservoir.nodes.tiox import device as tiox
from mottle.reservoir.nodes.vo2 import device as vo2
from mottle.reservoir.nodes.wox import device as wox
from mottle.reservoir.nonvolatile.devices.drift import device as drift
from mottle.reservoir.nonvolatile.devices.ferroelectric import device as ferroelectric
from mottle.reservoir.nonvolatile.devices.interface import device as interface
from mottle.reservoir.nonvolatile.devices.memdiode import device as memdiode
from mottle.reservoir.nonvolatile.devices.programming import device as programming
from mottle.reservoir.nonvolatile.devices.pulsed import device as pulsed
from mottle.reservoir.nonvolatile.devices.yakopcic import device as yakopcic

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

GROUP = "mottle.nodes"  # of entry points
Preset = Any  # a NamedTuple of one of the families below
FAMILIES: tuple[Family, ...] = (
    vo2.FAMILY,
    oscillator.FAMILY,
    oscillator.NEURISTOR,
    oscillator.BURST,
    wox.FAMILY,
    tiox.FAMILY,
    event.FAMILY,
    diffusive.FAMILY,
    diffusive.FAST,
    drift.FAMILY,
    yakopcic.FAMILY,
    memdiode.FAMILY,
    ferroelectric.FAMILY,
    interface.FAMILY,
    pulsed.FAMILY,
    programming.FAMILY,
    channel.FAMILY,
)


OUTSIDE: dict[str, Family] = {}  # of other packages, and of the current session
POINTS: dict[str, str] = {}  # names of entry points, and of their devices
UNUSABLE: dict[str, str] = {}  # names of devices that this process cannot use, and why


def register(family: Family) -> None:
    """Add a family of another package by the names of its presets; replace an earlier one."""
    shipped = {name for known in FAMILIES for name in known.presets}
    for name in family.presets:
        if name in shipped:
            raise ValueError(f"device {name!r} is a preset of mottle; take another name.")
    first = next(iter(family.presets))
    for other, known in OUTSIDE.items():
        if known.device is family.device and other != first:
            raise ValueError(
                f"device {first!r}: constants of the type {family.device.__name__} are those of "
                f"{other!r}; give each device a type of its own."
            )
    OUTSIDE[first] = family
    for name in family.presets:
        UNUSABLE.pop(name, None)


def forget(family: Family, reason: str) -> None:
    """Take a device out of the known ones, as its functions cannot be compiled."""
    first = next(iter(family.presets))
    if OUTSIDE.get(first) is family:
        del OUTSIDE[first]
        UNUSABLE.update(dict.fromkeys(family.presets, reason))


@cache
def load_outside() -> None:
    """Import the devices of installed packages; ``device_node`` registers each of them."""
    for name, point in find_plugins(GROUP).items():
        family = load_plugin(point)
        if isinstance(family, Family):
            OUTSIDE.setdefault(next(iter(family.presets)), family)
            POINTS[name] = next(iter(family.presets))
        elif family is not None:
            warn(f"{GROUP}: {name!r} is {family!r}, not what device_node returns.", stacklevel=2)


def families() -> tuple[Family, ...]:
    """Return the families of mottle and those of other packages."""
    load_outside()
    return (*FAMILIES, *OUTSIDE.values())


def presets() -> dict[str, Preset]:
    """Return all presets by name."""
    return {name: preset for family in families() for name, preset in family.presets.items()}


def find_family(preset: Preset) -> Family | None:
    """Return the family of a device's constants, or None."""
    known = next((family for family in FAMILIES if family.device is type(preset)), None)
    if known is not None:
        return known
    return next((family for family in families() if family.device is type(preset)), None)


def family_of(device: Preset) -> Family:
    """Return the family of a device, by its constants.

    Examples
    --------
    >>> family_of(get("hp")).kind
    'nonvolatile'
    """
    family = find_family(device)
    if family is None:
        raise ValueError(
            f"device={device!r} is neither a name in devices.list() nor a preset's constants."
        )
    return family


def kind_of(preset: Preset) -> str:
    """Return the kind of a preset: its own where its circuit differs, else that of its family."""
    kind: str = getattr(preset, "kind", family_of(preset).kind)
    return kind


def warn_outside(voltage: float, preset: Preset) -> None:
    """Warn where a constant supply lies outside the window in which a device oscillates."""
    low, high = preset.window
    if not low <= voltage <= high:
        warn(
            f"voltage={voltage} V lies outside {low} to {high} V: this device settles instead of "
            f"oscillating; {0.6 * low + 0.4 * high:.3g} V would do.",
            stacklevel=3,
        )


def list_devices() -> pd.DataFrame:
    """List the presets.

    Returns
    -------
    presets : pandas.DataFrame
        Indexed by name: kind, time_scale in s, source, and which constants are provisional (""
        for none).

    Examples
    --------
    >>> list_devices().loc["wox_du2017", "kind"]
    'volatile'
    """
    missing = {"time_scale": np.nan, "source": "", "provisional": ""}
    columns = tuple(missing)
    rows = {
        name: {"kind": kind_of(preset)} | {c: getattr(preset, c, missing[c]) for c in columns}
        for name, preset in presets().items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def get(name: str) -> Preset:
    """Return the constants of a preset.

    Parameters
    ----------
    name : str
        One of those in ``list()``, or the path of a file of ``fit(...).save``, which ends in .toml.

    Returns
    -------
    preset : NamedTuple
        Constants in SI units; ``preset._replace(tau=0.1)`` returns a changed copy.

    Examples
    --------
    >>> get("hp").r_off
    16000.0
    """
    if isinstance(name, str) and name.endswith(".toml"):
        return load(name)
    known = presets()
    if name not in known and name in POINTS:
        raise ValueError(
            f"device={name!r} is the name of an entry point, whose device has the name "
            f"{POINTS[name]!r}: use that, and give the entry point the same name."
        )
    if isinstance(name, str) and name not in known and name in UNUSABLE:
        raise ValueError(f"device={name!r} is not known here: {UNUSABLE[name]}")
    return choose(name, known, "device")


@names_arguments
def pulse_train(
    amplitude: float | ArrayLike,
    width: float,
    period: float,
    dt: float,
    n_pulses: int | None = None,
    base: float = 0.0,
) -> NDArray[np.float64]:
    """Return a waveform of rectangular pulses.

    Parameters
    ----------
    amplitude : float or array-like of shape (n_pulses,)
        Height of the pulses in V; an array sets each height, 0 leaves a pulse out.
    width, period : float
        Length of a pulse, and time from one onset to the next, in s.
    dt : float
        Step in s; ``width`` and ``period`` must be whole numbers of it.
    n_pulses : int, default=None
        Number of pulses; by default as many as there are amplitudes.
    base : float, default=0.0
        Level between pulses in V.

    Returns
    -------
    voltage : ndarray of shape (n_pulses * period / dt,)
        Waveform in V.

    Examples
    --------
    >>> pulse_train([1.5, 0, 1.5], width=1e-3, period=2e-3, dt=1e-3).tolist()
    [1.5, 0.0, 0.0, 0.0, 1.5, 0.0]
    """
    heights = np.atleast_1d(np.asarray(amplitude, dtype=np.float64))
    if n_pulses is not None:
        heights = np.broadcast_to(heights, n_pulses)
    dt = check_positive("dt", dt, "s")
    on, whole = round(width / dt), round(period / dt)
    if not (np.isclose(on * dt, width) and np.isclose(whole * dt, period) and 0 < on <= whole):
        raise ValueError(
            f"width={width} s and period={period} s must be whole numbers of dt={dt} s, "
            "width not above period."
        )
    wave = np.full((heights.size, whole), float(base))
    wave[:, :on] = np.where(heights == 0, base, heights)[:, np.newaxis]
    return wave.ravel()


def simulate(
    device: str | Preset,
    voltage: float | ArrayLike,
    dt: float,
    *,
    duration: float | None = None,
    r_series: float = 0.0,
    i_limit: float | None = None,
    random_state: int = 0,
    **options: Any,
) -> "xr.Dataset":
    """Simulate one device from rest.

    Parameters
    ----------
    device : str or preset
        A name in ``list()``, the path of a fitted device (.toml), or your own constants.
    voltage : float or array-like of shape (n_steps,)
        Supply in V, a constant or a waveform whose values are each held for ``dt``. For the neuron
        "nbo2_hh" it is an input current in A. For models that count pulses ("tiox_zhong2021", and
        those of training circuits such as "reram_sb") each step is one pulse, whatever ``dt``.
        "stm_event" receives an event at each step with a positive voltage.
    dt : float
        Step of waveform and result in s.
    duration : float, default=None
        Length in s, for a constant. If ``dt`` does not divide it, shorter equal steps are taken.
    r_series : float, default=0.0
        Resistor in ohm between source and device, for a memristor whose model has none of its own;
        the voltage over the device is then ``device_voltage``.
    i_limit : float or None, default=None
        Largest current in A that the source supplies, for the same devices: above it the source
        lowers its voltage. None: 1 mA for WOx, else no limit; ``math.inf`` for none.
    random_state : int, default=0
        Seed of the noise. Ag devices are always noisy, others where an option sets a noise.
    **options : dict
        Options of the family. VO2 neuristor: ``method`` ("heun" or "rk4"), ``dt_inner`` in s,
        ``temperature_noise`` in K per square root of second. Threshold switch:
        ``threshold_noise``, relative, and ``voltage_noise`` in V with its ``dt_inner``. NbO2
        channel: ``rtol``, the relative error of a step. Ag:
        ``dt_inner`` in s. WOx and TiOx: ``write_noise``, relative. Linear drift: ``window``
        ("none", "joglekar", "biolek"), ``power``.

    Returns
    -------
    dataset : xarray.Dataset
        Over ``time`` in s, the end of each step: the applied ``voltage``, ``current`` and every
        state variable, each with its unit. A spiking device also has ``spike_time`` (spike,) in s,
        and a device with a supply the attributes ``energy_device``, ``energy_resistor`` and
        ``energy_supply`` in J over the whole run.

    Raises
    ------
    ValueError
        For an unknown device or option, impossible constants, a step too coarse, a run of more
        than 1e9 integration steps, or a voltage at which the device's equations overflow.

    Warns
    -----
    UserWarning
        If an oscillator is driven by a constant supply at which it does not oscillate, if ``dt``
        does not divide ``duration``, and if ``dt_inner`` of a device of your own is too long.

    Examples
    --------
    >>> run = simulate("vo2_pwl", 5.0, 1e-7, duration=1e-5)
    >>> round(float(run.spike_time.diff("spike").mean()) * 1e9, 2)
    710.62
    """
    preset = get(device) if isinstance(device, str) else device
    family = family_of(preset)
    family.check(preset)
    dt = check_positive("dt", dt, "s")
    drive = np.asarray(voltage, dtype=np.float64)
    if drive.ndim == 0:
        if duration is None or not duration >= dt:
            raise ValueError(f"a constant voltage needs a duration of at least dt={dt} s.")
        if kind_of(preset) == "oscillator" and not options.get("voltage_noise"):
            warn_outside(abs(float(drive)), preset)
        drive, dt = constant_drive(float(drive), check_positive("duration", duration, "s"), dt)
    elif drive.ndim != 1 or drive.size == 0:
        raise ValueError(f"voltage has shape {drive.shape}; expected a number or (n_steps,).")
    elif duration is not None:
        raise ValueError(
            "duration applies to a constant voltage only; a waveform has its own length."
        )
    if not np.isfinite(drive).all():
        place = int(np.flatnonzero(~np.isfinite(drive))[0])
        raise ValueError(
            f"voltage holds {drive[place]} at step {place}; every value must be finite."
        )
    check_drive(family, preset, drive)
    key = int(np.random.SeedSequence(random_state).generate_state(1, np.uint64)[0])
    ohm, limit = find_limits(family.circuit, r_series, i_limit)
    circuit = family.circuit
    limited = circuit and (ohm > 0 or may_exceed(circuit, preset, drive, limit))
    if not ohm > 0:
        trace = run_alone(family, preset, drive, dt, key, options)
        limited = limited and exceeds(circuit, preset, drive, trace, limit)
    if limited:
        if options:
            raise ValueError(
                f"{next(iter(options))} has no effect behind a resistor or a current limit: leave "
                "it out, or take r_series=0 and i_limit=math.inf."
            )
        trace = run_circuit(circuit, preset, drive, dt, ohm, limit)
    check_finite(family, preset, drive, trace)
    import xarray as xr

    name, unit = family.drive
    data: dict[str, Any] = {name: ("time", drive, {"units": unit})}
    for name, (values, unit) in trace.variables.items():
        data[name] = ("time", values, {"units": unit})
    if trace.spikes is not None:
        data["spike_time"] = ("spike", trace.spikes, {"units": "s"})
    time = ("time", np.arange(1, drive.size + 1) * dt, {"units": "s"})
    attrs = {"device": device if isinstance(device, str) else repr(preset), "dt": dt}
    attrs |= {name: getattr(preset, name, "") for name in ("source", "provisional")}
    attrs |= {f"energy_{name}": value for name, value in (trace.energies or {}).items()}
    return xr.Dataset(data, coords={"time": time}, attrs=attrs)


def run_alone(
    family: Family, preset: Preset, drive: NDArray, dt: float, key: int, options: dict[str, Any]
) -> Any:
    """Simulate a device on its own; refuse options that its family does not have."""
    try:
        return family.trace(preset, drive, dt, key, **options)
    except TypeError as error:
        known = sorted(getattr(family.trace, "__kwdefaults__", None) or {})
        unknown = sorted(set(options) - set(known))
        if not unknown:
            raise
        raise ValueError(
            f"{kind_of(preset)} devices of this family have no option {unknown[0]!r}; options: "
            f"{', '.join(known) or 'none'}."
        ) from error


def constant_drive(voltage: float, duration: float, dt: float) -> tuple[NDArray, float]:
    """Return a constant over steps that end at ``duration``, and their length in s.

    Examples
    --------
    >>> drive, dt = constant_drive(5.0, 1.0, 0.25)
    >>> drive.tolist(), dt
    ([5.0, 5.0, 5.0, 5.0], 0.25)
    """
    if duration / dt > MOST_STEPS:
        raise ValueError(
            f"duration={duration:.6g} s in steps of dt={dt:.6g} s are {duration / dt:.3g} steps, "
            f"more than {MOST_STEPS:.0e}: take at most {MOST_STEPS * dt:.3g} s, or a dt of at "
            f"least {duration / MOST_STEPS:.3g} s."
        )
    n, whole = whole_steps(duration, dt)
    check_memory(6.0 * n, f"the result of {n} steps", "take a longer dt, or a shorter duration")
    if whole != dt:
        warn(
            f"dt={dt:.6g} s does not divide duration={duration:.6g} s: {n} steps of {whole:.6g} s "
            "are taken.",
            stacklevel=3,
        )
    return np.full(n, voltage), whole


def draw(name: str | Preset) -> "Figure":
    """Draw the characteristics of a preset.

    Oscillators: voltage over time and frequency against bias; thermal ones also resistance with
    minor loops. Neurons: spikes, and rate against input. Memristors: hysteresis and relaxation.

    Parameters
    ----------
    name : str or preset
        A name in ``devices.list()``, the path of a fitted device (.toml), or constants.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Two panels, three for a thermal oscillator.

    Examples
    --------
    >>> len(draw("wox_du2017").axes)
    2
    """
    preset = get(name) if isinstance(name, str) else name
    label = name if isinstance(name, str) else type(preset).__name__
    figure: Figure = family_of(preset).figure(preset, simulate)
    note = " (constants provisional)" if getattr(preset, "provisional", "") else ""
    figure.suptitle(f"{label}{note}: {getattr(preset, 'source', '')}", fontsize=9)
    return figure
