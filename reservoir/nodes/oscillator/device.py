"""Piecewise-linear threshold switches: relaxation oscillators and the Hodgkin-Huxley neuristor."""

from math import log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.checks import check_number, choose
from mottle.reservoir.family import (
    FARAD,
    OHM,
    VOLT,
    Family,
    Fitting,
    Trace,
    check_bounds,
    check_steps,
    micro_steps,
)
from mottle.reservoir.nodes.oscillator import kernel_circuit as kernel
from mottle.reservoir.nodes.oscillator.figure import bursts, neuristor, switch
from mottle.reservoir.nodes.oscillator.kernel import Oscillators
from mottle.reservoir.nodes.wiring import draw_spread
from mottle.restored import check_array, check_places, check_rows


class ThresholdSwitch(NamedTuple):
    """A threshold switch with capacitor and series resistor: a relaxation oscillator.

    Examples
    --------
    >>> slow = ThresholdSwitch(capacitance=200e-12)
    >>> slow.kind, slow.window, f"{slow.period(5.0):.3e}"
    ('oscillator', (2.388, 20.79), '1.421e-06')
    """

    r_insulating: float = 100e3  # ohm
    r_metallic: float = 1e3  # ohm
    v_high: float = 1.99  # V, turns metallic
    v_low: float = 0.99  # V, turns insulating
    r_series: float = 20e3  # ohm
    capacitance: float = 100e-12  # F
    source: str = "Maffezzoni et al., IEEE TCAS-I 62 (2015) 2207"
    provisional: str = ""

    @property
    def time_scale(self) -> float:
        """Time in s to charge through the series resistor."""
        r = self.r_insulating * self.r_series / (self.r_insulating + self.r_series)
        return self.capacitance * r

    @property
    def kind(self) -> str:
        """Return "neuron" if every spike discharges the capacitor, else "oscillator"."""
        return "neuron" if self.v_low <= 0.1 * self.v_high else "oscillator"

    @property
    def window(self) -> tuple[float, float]:
        """Supply voltages in V between which the device oscillates.

        Examples
        --------
        >>> ThresholdSwitch().window
        (2.388, 20.79)
        """
        low = self.v_high * (1 + self.r_series / self.r_insulating)
        return round(low, 9), round(self.v_low * (1 + self.r_series / self.r_metallic), 9)

    def period(self, v_in: float) -> float:
        """Period in s at a supply of ``v_in`` V, in closed form.

        Examples
        --------
        >>> f"{ThresholdSwitch().period(5.0):.6e}"
        '7.106200e-07'
        """
        low, high = self.window
        if not low < v_in < high:
            raise ValueError(f"v_in={v_in} V lies outside {low} to {high} V: no oscillation.")
        total = 0.0
        for r, begin, end in (
            (self.r_insulating, self.v_low, self.v_high),
            (self.r_metallic, self.v_high, self.v_low),
        ):
            ratio = r / (r + self.r_series)
            tau, v_end = self.capacitance * self.r_series * ratio, v_in * ratio
            total += tau * log((v_end - begin) / (v_end - end))
        return total


class HHNeuristor(NamedTuple):
    """Two threshold switches between opposite rails: a neuron with all-or-nothing spikes.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> current = np.full(2000, 5e-7)  # A, each for 1 us
    >>> devices.simulate(HHNeuristor(), current, 1e-6).spike_time.size
    2
    >>> devices.simulate(HHNeuristor(), 0.1 * current, 1e-6).spike_time.size
    0
    """

    c_1: float = 3e-9  # F
    c_2: float = 2e-9  # F
    r_link: float = 100e3  # ohm, between the two nodes
    r_leak: float = 1e9  # ohm, load at the output
    v_rail: float = 0.9  # V
    v_high: float = 1.0  # V
    v_low: float = 0.5  # V
    r_insulating: float = 10e6  # ohm
    r_metallic: float = 50e3  # ohm
    source: str = "Pickett et al., Nat. Mater. 12 (2013) 114, doi:10.1038/nmat3510"
    provisional: str = "all constants: a published simulation script's, not the paper's device"

    @property
    def time_scale(self) -> float:
        """Time in s of the link between the nodes."""
        return self.c_1 * self.r_link


class BurstNeuron(NamedTuple):
    """A slow and a fast threshold switch on one supply: bursts of spikes, more at higher bias.

    The slow node raises the fast one above its threshold late in its cycle. The switches turn
    metallic at positive voltages only: under a negative supply the neuron is silent.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> [devices.simulate(BurstNeuron(), volt, 1e-6, duration=0.02).spike_time.size
    ...  for volt in (0.4, 0.8, 1.0)]
    [0, 33, 86]
    """

    c_slow: float = 10e-9  # F
    c_fast: float = 2.15e-9  # F
    r_slow: float = 100e3  # ohm, supply to slow node
    r_fast: float = 168e3  # ohm, supply to fast node
    r_link: float = 61.4e3  # ohm, between the nodes
    v_high_slow: float = 0.45  # V
    v_low_slow: float = 0.1  # V
    v_high: float = 0.475  # V
    v_low: float = 0.2  # V
    r_insulating: float = 10e6  # ohm
    r_metallic: float = 1e3  # ohm
    source: str = "bursts as in Nat. Commun. (2024), doi:10.1038/s41467-024-48399-7"
    provisional: str = "circuit and constants: of our own, found by their spikes per burst"

    @property
    def time_scale(self) -> float:
        """Time in s to charge the slow node."""
        return self.c_slow * self.r_slow


PRESETS = {
    "vo2_pwl": ThresholdSwitch(provisional="all constants: typical of published networks"),
    "vo2_haptic": ThresholdSwitch(
        r_insulating=2.66e3,
        r_metallic=500.0,
        v_high=1.4,
        v_low=1.21,
        r_series=4e3,
        capacitance=2.83e-9,
        source="fit to eight measured frequencies of a VO2 haptic neuron",
        provisional="effective constants: rms error of frequency 12 %; C stands for heat too",
    ),
    "ts_lif": ThresholdSwitch(
        r_insulating=1e6,
        r_metallic=1e3,
        v_high=1.0,
        v_low=0.05,
        r_series=100e3,
        capacitance=1e-9,
        source="leaky integrate-and-fire on a threshold switch",
        provisional="all constants: an example; a spike empties the capacitor to 5 %",
    ),
}


UNITS = {"r": OHM, "v": VOLT, "c": FARAD, "capacitance": FARAD}  # by the first part of a name


def check(device: ThresholdSwitch | HHNeuristor) -> None:
    """Check the constants.

    Examples
    --------
    >>> check(ThresholdSwitch(r_metallic=2e5))
    Traceback (most recent call last):
    ValueError: device.r_metallic=200000.0 ohm must be below device.r_insulating=100000.0 ohm.
    """
    names = (name for name in device._fields if name not in ("source", "provisional"))
    check_bounds(device, {name: UNITS[name.split("_")[0]] for name in names})
    if not device.v_low < device.v_high:
        raise ValueError(
            f"device.v_low={device.v_low} V must lie below device.v_high={device.v_high} V: "
            "without hysteresis between them a switch cannot oscillate."
        )
    if not device.r_metallic < device.r_insulating:
        raise ValueError(
            f"device.r_metallic={device.r_metallic} ohm must be below "
            f"device.r_insulating={device.r_insulating} ohm."
        )


def check_burst(device: BurstNeuron) -> None:
    """Check the constants of a bursting neuron."""
    check(device)  # type: ignore[arg-type]
    if not device.v_low_slow < device.v_high_slow:
        raise ValueError(
            f"device.v_low_slow={device.v_low_slow} V must lie below "
            f"device.v_high_slow={device.v_high_slow} V."
        )


def check_noise(name: str, noise: float, v_high: float, v_low: float) -> None:
    """Raise if noise of ``v_high`` can reach ``v_low`` within five standard deviations.

    Examples
    --------
    >>> check_noise("threshold_noise", 0.2, 1.99, 0.99)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: threshold_noise=0.2 must be a finite number, at least 0 and at most 0.100503: ...
    """
    limit = (1 - v_low / v_high) / 5
    check_number(
        name, noise, least=0, most=limit,
        why=": it is relative to v_high, and thresholds would cross",
    )  # fmt: skip


def count_cycles(device: ThresholdSwitch, drive: NDArray, dt: float) -> float:
    """Return the cycles of an oscillator under a supply in V held for ``dt`` s, without noise.

    Examples
    --------
    >>> round(count_cycles(ThresholdSwitch(), np.array([5.0, 1.0]), 1e-6), 3)
    1.407
    """
    volts, times = np.unique(np.abs(drive), return_counts=True)
    low, high = device.window
    inside = (volts > low) & (volts < high)
    return float(
        sum(n * dt / device.period(v) for v, n in zip(volts[inside], times[inside], strict=True))
    )


def trace(
    device: ThresholdSwitch,
    drive: NDArray,
    dt: float,
    key: int,
    *,
    threshold_noise: float = 0.0,
    voltage_noise: float = 0.0,
    dt_inner: float | None = None,
) -> Trace:
    """Simulate an oscillator under a supply in V.

    ``threshold_noise`` is the relative standard deviation of ``v_high``, drawn once per cycle;
    ``voltage_noise`` that of the voltage over the switch in V, an Ornstein-Uhlenbeck process
    sampled every ``dt_inner`` s (by default a hundredth of the time scale).
    """
    check_noise("threshold_noise", threshold_noise, device.v_high, device.v_low)
    voltage_noise = check_number("voltage_noise", voltage_noise, "V", least=0)
    longest = 0.1 * device.time_scale
    dt_inner = check_number(
        "dt_inner", 0.1 * longest if dt_inner is None else dt_inner, "s", above=0, most=longest,
        why=f", to detect crossings of a voltage with a time constant of {device.time_scale:.3g} s",
    )  # fmt: skip
    if voltage_noise > 0:
        check_steps(drive.size, dt, micro_steps(dt_inner, dt))
    check_steps(drive.size, dt, count_cycles(device, drive, dt) / drive.size, "cycles")
    r = (device.r_insulating, device.r_metallic)
    circuit = (r, device.r_series, device.capacitance, device.v_high, device.v_low)
    jitter, key_, most = float(threshold_noise), np.uint64(key), 1024
    while True:
        if voltage_noise > 0:
            v, metallic, spikes, n_spikes, *energies = kernel.relax_noisy(
                drive, dt, micro_steps(dt_inner, dt), *circuit, voltage_noise, jitter, key_,
                most,
            )  # fmt: skip
        else:
            v, metallic, spikes, n_spikes, *energies = kernel.relax(
                drive, dt, 0.0, False, *circuit, jitter, key_, most
            )
        if n_spikes <= most:
            break
        most = n_spikes
    return Trace(
        {
            "device_voltage": (v, "V"),
            "current": (through(device, v, metallic), "A"),
            "metallic": (metallic, "1"),
        },
        spikes,
        dict(zip(("device", "resistor", "supply"), energies, strict=True)) if energies else None,
    )


def through(device: Any, v: NDArray, metallic: NDArray) -> NDArray[np.float64]:
    """Return the current in A through a switch with ``v`` V over it."""
    ohm = np.where(metallic > 0, device.r_metallic, device.r_insulating)
    current: NDArray[np.float64] = v / ohm
    return current


def make_circuit(
    capacitance: NDArray, leak: NDArray, g: NDArray, v_low: NDArray,
    rail: NDArray | None = None, sign: NDArray | None = None,
) -> kernel.Circuit:  # fmt: skip
    """Return a circuit of switches in the form that the kernel takes.

    Parameters
    ----------
    capacitance : ndarray of shape (n, n)
        Capacitance matrix in F: own and coupling ones on the diagonal, minus the coupling off it.
    leak : ndarray of shape (n, n)
        Conductance matrix of the resistors in S, of the same form.
    g : ndarray of shape (n, 2)
        Conductances in S of the switch at each node, insulating and metallic.
    v_low : ndarray of shape (n,)
        Voltage in V at which a switch turns insulating.
    rail, sign : ndarray of shape (n,), default=None
        Voltage in V of the rail that a switch connects to its node, and sign of the voltage over
        the switch; 0 and 1 by default.

    Returns
    -------
    circuit : Circuit
        For ``run_network`` and ``run_coupled``.
    """
    n = v_low.size
    per_c = np.linalg.inv(capacitance)
    per_c[np.abs(per_c) < 1e-15 * np.abs(per_c).max()] = 0.0
    # Gershgorin: no mode decays faster than the largest conductance over the smallest capacitance
    own = np.diag(capacitance) - np.abs(capacitance - np.diag(np.diag(capacitance))).sum(axis=1)
    fastest = (own / (np.abs(leak).sum(axis=1) + g[:, 1])).min()
    first, second = sparse.csr_array(per_c), sparse.csr_array(leak)
    return kernel.Circuit(
        first.data, first.indices, first.indptr, second.data, second.indices, second.indptr,
        np.ascontiguousarray(g[:, 0]), np.ascontiguousarray(g[:, 1]),
        np.zeros(n) if rail is None else rail, np.ones(n) if sign is None else sign, v_low,
        kernel.REACH * float(fastest),
    )  # fmt: skip


MOST_STEPS = 1_000_000  # integration steps in a held step of coupled oscillators


def check_stiffness(circuit: kernel.Circuit, dt: float) -> None:
    """Raise if the circuit is so fast that a step of ``dt`` s would take too long to integrate."""
    if dt > MOST_STEPS * circuit.longest:
        raise ValueError(
            f"the coupled circuit changes within {circuit.longest / kernel.REACH:.2g} s, so that "
            f"{dt:.2g} s of device time take {dt / circuit.longest:.1e} integration steps: weaken "
            f"the coupling (a larger r_coupling), or take {MOST_STEPS * circuit.longest:.1g} s."
        )


def couple(drawn: dict[str, NDArray], c_link: NDArray, g_link: NDArray) -> kernel.Circuit:
    """Couple oscillators: ``c_link`` in F and ``g_link`` in S, both symmetric (node, node)."""
    g = np.column_stack([1 / drawn["r_insulating"], 1 / drawn["r_metallic"]])
    return make_circuit(
        np.diag(drawn["capacitance"] + c_link.sum(axis=1)) - c_link,
        np.diag(1 / drawn["r_series"] + g_link.sum(axis=1)) - g_link,
        g,
        drawn["v_low"],
    )


def draw_oscillators(
    rng: np.random.RandomState, device: ThresholdSwitch, spread: Any, noise: float, n_nodes: int
) -> dict[str, NDArray]:
    """Draw the constants of oscillators; raise if one of them could not switch."""
    drawn = draw_spread(rng, device, Oscillators._fields, spread, n_nodes)
    crossed = np.flatnonzero(drawn["v_low"] >= drawn["v_high"])
    if crossed.size:
        node = crossed[0]
        raise ValueError(
            f"spread={spread} gives node {node} v_low={drawn['v_low'][node]:.3g} V above "
            f"v_high={drawn['v_high'][node]:.3g} V, so that it cannot switch; take a smaller "
            "spread for these two."
        )
    narrowest = np.argmax(drawn["v_low"] / drawn["v_high"])
    check_noise("threshold_noise", noise, drawn["v_high"][narrowest], drawn["v_low"][narrowest])
    return drawn


def check_oscillators(drawn: dict[str, NDArray], circuit: Any, n_nodes: int) -> None:
    """Raise unless oscillators from a file can switch, and their circuit is one of all of them."""
    for name in Oscillators._fields:
        check_array(f"devices_[{name!r}]", drawn.get(name), (n_nodes,))
        if not (drawn[name] > 0).all():
            raise ValueError(f"devices_[{name!r}] has {drawn[name].min():g}; expected above 0.")
    if not (drawn["v_low"] < drawn["v_high"]).all():
        raise ValueError("devices_['v_low'] is not below 'v_high' everywhere.")
    if circuit is None:
        return
    shape = n_nodes, n_nodes
    for name in ("per_c", "leak"):
        parts = [getattr(circuit, name + part) for part in ("", "_columns", "_rows")]
        check_array(name, parts[0], (len(parts[1]),))
        check_rows(f"{name}_rows", parts[2], n_nodes, len(parts[1]))
        check_places(f"{name}_columns", parts[1], shape[1])
    for name in ("g_insulating", "g_metallic", "rail", "sign", "v_low"):
        check_array(name, getattr(circuit, name), (n_nodes,))


def get_oscillator(device: str | ThresholdSwitch) -> ThresholdSwitch:
    """Return the constants of an oscillator, and check them."""
    if not isinstance(device, ThresholdSwitch):
        device = choose(device, PRESETS, "device")
    check(device)
    return device


def follow(circuit: kernel.Circuit, inject: NDArray, dt: float, v_high: NDArray) -> tuple:
    """Run a circuit from rest: voltages, phases (both step, node), spike times and their nodes."""
    check_steps(len(inject), dt, max(1.0, dt / circuit.longest))
    n, most = v_high.size, 1024
    while True:
        v, metallic, times, nodes, n_spikes = kernel.run_network(
            inject, dt, np.zeros(n), np.zeros(n), v_high, circuit, most
        )
        if n_spikes <= most:
            return v, metallic, times, nodes
        most = n_spikes


def trace_neuristor(device: HHNeuristor, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate both nodes of a neuristor under an input current in A; node 2 is the output."""
    inject = np.zeros((drive.size, 2))
    inject[:, 0] = drive
    link, leak = 1 / device.r_link, 1 / device.r_leak
    circuit = make_circuit(
        np.diag([device.c_1, device.c_2]),
        np.array([[link, -link], [-link, link + leak]]),
        np.array([[1 / device.r_insulating, 1 / device.r_metallic]] * 2),
        np.full(2, device.v_low),
        np.array([-device.v_rail, device.v_rail]),
        np.array([1.0, -1.0]),
    )
    v, metallic, times, nodes = follow(circuit, inject, dt, np.full(2, device.v_high))
    return Trace(
        {
            "output_voltage": (v[:, 1], "V"),
            "current": (through(device, v[:, 1] - device.v_rail, metallic[:, 1]), "A"),
            "node_voltage": (v[:, 0], "V"),
            "metallic_1": (metallic[:, 0], "1"),
            "metallic_2": (metallic[:, 1], "1"),
        },
        times[nodes == 1],
    )


def trace_burst(device: BurstNeuron, drive: NDArray, dt: float, key: int) -> Trace:
    """Simulate both nodes of a bursting neuron under a supply in V; the fast one is the output."""
    slow, fast, link = 1 / device.r_slow, 1 / device.r_fast, 1 / device.r_link
    circuit = make_circuit(
        np.diag([device.c_slow, device.c_fast]),
        np.array([[slow + link, -link], [-link, fast + link]]),
        np.array([[1 / device.r_insulating, 1 / device.r_metallic]] * 2),
        np.array([device.v_low_slow, device.v_low]),
    )
    v_high = np.array([device.v_high_slow, device.v_high])
    v, metallic, times, nodes = follow(circuit, np.outer(drive, [slow, fast]), dt, v_high)
    return Trace(
        {
            "output_voltage": (v[:, 1], "V"),
            "current": (through(device, v[:, 1], metallic[:, 1]), "A"),
            "slow_voltage": (v[:, 0], "V"),
            "metallic": (metallic[:, 1], "1"),
            "metallic_slow": (metallic[:, 0], "1"),
        },
        times[nodes == 1],
    )


NEAR = 0.01  # relative error of durations that outweighs an e-fold of a resistance


def guess(device: ThresholdSwitch, traces: list[Any]) -> ThresholdSwitch:
    """Estimate the constants from node voltages: extremes, and durations in closed form.

    The time to the middle of the swing from rest, and those above and below it in a cycle, are
    proportional to the capacitance; their ratios give the resistances, searched on a grid.
    ``r_series`` is that of ``device``.
    """
    smooth = []
    for one in traces:
        if "device_voltage" not in one.values:
            continue
        v = one.values["device_voltage"]
        read = np.isfinite(v)
        v, dt = np.abs(v[read]), one.dt * np.diff(one.pick[read], prepend=-1)
        noise = np.median(np.abs(np.diff(v, 2))) / (0.6745 * np.sqrt(6))
        late = np.ptp(np.quantile(v[v.size // 3 :], (0.02, 0.98)))
        width = int(np.clip((20 * noise / max(late, 1e-12)) ** 2, 1, max(1, v.size // 60)))
        mean = np.full(width, 1 / width)
        time = np.convolve(np.cumsum(dt), mean, "valid")
        smooth.append((time, np.convolve(v, mean, "valid"), float(np.abs(one.drive).max())))
    if not smooth:
        return device
    high = max(float(np.quantile(v, 0.99)) for _, v, _ in smooth)
    low = min(float(np.quantile(v[int(np.argmax(v > 0.95 * high)) :], 0.01)) for _, v, _ in smooth)
    device = device._replace(v_high=high, v_low=min(low, 0.95 * high))
    low = device.v_low
    middle, band = 0.5 * (low + high), 0.15 * (high - low)
    insulating = device.r_series * np.geomspace(0.1, 100, 60)[:, np.newaxis]
    metallic = device.r_series * np.geomspace(1e-3, 1, 60)
    errors = []
    for time, v, source in smooth:
        turns = crossings(time, v, middle, band)
        up = [b - a for a, b in zip(turns[::2], turns[1::2], strict=False)]
        down = [b - a for a, b in zip(turns[1::2], turns[2::2], strict=False)]

        def lasts(ohm: NDArray, begin: float, end: float, source: float = source) -> NDArray:
            ratio = ohm / (ohm + device.r_series)
            with np.errstate(invalid="ignore", divide="ignore"):
                spent = np.log((source * ratio - begin) / (source * ratio - end))
            return device.r_series * ratio * spent  # s, with 1 F

        expected = (
            (turns[:1], lasts(insulating, 0.0, middle) + 0 * metallic),
            (up, lasts(insulating, middle, high) + lasts(metallic, high, middle)),
            (down, lasts(metallic, middle, low) + lasts(insulating, low, middle)),
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            errors += [np.log(model / np.median(found)) for found, model in expected if len(found)]
    if len(errors) < 3:
        return device
    block = np.array(errors)
    scatter = np.where(np.isfinite(block).all(axis=0), block.std(axis=0), np.inf)
    scatter[(insulating <= 2 * metallic)] = np.inf
    # of durations that fit equally well those nearer to the preset
    far = np.abs(np.log(insulating / device.r_insulating))
    scatter = scatter + NEAR * (far + np.abs(np.log(metallic / device.r_metallic)))
    row, column = np.unravel_index(int(np.argmin(scatter)), scatter.shape)
    if not np.isfinite(scatter[row, column]):
        return device
    return device._replace(
        r_insulating=float(insulating[row, 0]), r_metallic=float(metallic[column]),
        capacitance=float(np.exp(-block[:, row, column].mean())),
    )  # fmt: skip


def crossings(time: NDArray, v: NDArray, level: float, band: float) -> list[float]:
    """Return the times at which ``v`` passes a level, up and down in turn; noise does not count.

    Examples
    --------
    >>> crossings(np.arange(6.0), np.array([0.0, 2.0, 1.9, 0.0, 0.1, 2.0]), 1.0, 0.5)
    [0.5, 2.473684210526316, 4.473684210526316]
    """
    found, above, last = [], False, 0
    for k in range(1, v.size):
        if v[k - 1] < level <= v[k] if not above else v[k - 1] > level >= v[k]:
            last = k
        if v[k] > level + band if not above else v[k] < level - band:
            above = not above
            k0 = max(last, 1)
            part = (level - v[k0 - 1]) / (v[k0] - v[k0 - 1]) if v[k0] != v[k0 - 1] else 0.0
            found.append(float(time[k0 - 1] + part * (time[k0] - time[k0 - 1])))
    return found


FITTING = Fitting(
    "oscillator",
    {name: UNITS[name.split("_")[0]] for name in ThresholdSwitch._fields[:6]},
    {"device_voltage": 100.0, "current": 1.0},
    {
        "r_insulating": "oscillation at two supplies, one close above the lower edge",
        "r_metallic": "several samples within each discharge, or the current in it",
        "v_high": "the voltage over the switch, in steps much shorter than a period",
        "v_low": "the voltage over the switch, in steps much shorter than a discharge",
        "r_series": "its own value, by an ohmmeter; or voltage and current together",
        "capacitance": "the period, with r_series known",
    },
    circuit=("r_series", "capacitance"),
    guess=guess,
    narrow=("v_high", "v_low"),
    draws=200,
    grows=True,
)


FAMILY = Family(ThresholdSwitch, "oscillator", PRESETS, check, trace, switch, fitting=FITTING)
NEURISTOR = Family(
    HHNeuristor,
    "neuron",
    {"nbo2_hh": HHNeuristor()},
    check,
    trace_neuristor,
    neuristor,
    drive=("input_current", "A"),
)
BURST = Family(
    BurstNeuron, "neuron", {"nbo2_burst": BurstNeuron()}, check_burst, trace_burst, bursts
)
