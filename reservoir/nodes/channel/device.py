"""NbO2 channels: constants in SI units, static curve, window of oscillation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_number
from mottle.reservoir.family import FARAD, OHM, Bound, Family, Trace, check_bounds
from mottle.reservoir.nodes.channel import kernel
from mottle.reservoir.nodes.channel.figure import channel

HOTTEST = 0.98  # relative radius of the core up to which supplies are computed
MOST_STEPS = 20_000_000  # integration steps of a simulation: some seconds
GRID = 4000  # points of the static curve from which the window is found


class MottChannel(NamedTuple):
    r"""A cylindrical channel with a metallic core, heated by its current, behind a resistor.

    Core and shell conduct in parallel, the boundary between them is at the temperature of the
    transition, and heat flows through the shell to the surroundings:

    .. math::
        R = \frac{\rho_i L / \pi r^2}{1 + (\rho_i / \rho_m - 1) u^2}, \quad
        \Gamma = \frac{2 \pi L k}{\ln(1/u)}, \quad
        H = \pi r^2 L \left[c_p \Delta T \frac{1 - u^2}{2 \ln(1/u)} + \Delta h\, u^2\right], \quad
        \dot H = i^2 R - \Gamma \Delta T

    where u is the radius of the core relative to that of the channel. The voltage over the device
    falls where its current rises, from ``v_threshold`` down to ``v_hold``. A spike is a
    switching from the branch below that region to the one above it.

    Examples
    --------
    >>> device = MottChannel()
    >>> round(device.v_threshold, 3), round(device.v_hold, 3)
    (1.855, 1.271)
    >>> [round(float(edge), 2) for edge in device.window]
    [2.52, 5.4]
    """

    rho_insulating: float = 1e-2  # ohm m
    rho_metallic: float = 3e-4  # ohm m
    radius: float = 30e-9  # m, of the channel
    length: float = 20e-9  # m, the thickness of the oxide
    conductivity: float = 1.5  # W/(m K), of heat through the shell
    heat_capacity: float = 2.6e6  # J/(m^3 K)
    latent_heat: float = 1.6e8  # J/m^3
    delta_t: float = 784.0  # K, transition above the surroundings
    r_series: float = 20e3  # ohm
    capacitance: float = 1e-12  # F, parallel to the channel
    source: str = (
        "Pickett and Williams, Nanotechnology 23 (2012) 215202, doi:10.1088/0957-4484/23/21/215202"
    )
    provisional: str = (
        "equations and constants of the channel: from memory of the paper; r_series, capacitance: "
        "an example"
    )

    @property
    def time_scale(self) -> float:
        """Time in s to charge the capacitor through the resistor."""
        return self.r_series * self.capacitance

    @property
    def v_threshold(self) -> float:
        """Largest voltage in V over the channel before it switches on.

        Examples
        --------
        >>> round(MottChannel(delta_t=400.0).v_threshold, 3)
        1.325
        """
        return float(turns(self)[0])

    @property
    def v_hold(self) -> float:
        """Smallest voltage in V over the channel that keeps it on.

        Examples
        --------
        >>> round(MottChannel(delta_t=400.0).v_hold, 3)
        0.908
        """
        return float(turns(self)[1])

    @property
    def window(self) -> tuple[float, float]:
        """Supplies in V between which no steady state is stable: the circuit oscillates.

        From the eigenvalues of the linearised equations along the static curve, within 0.2 %; NaN
        if there are none. In the last percents below the upper edge the cycles are too small to
        switch the channel, and give no spikes.

        Examples
        --------
        >>> MottChannel(capacitance=1e-14).window
        (nan, nan)
        """
        return find_window(self)

    def static(self, n_points: int = 200) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the static curve: voltages over the channel in V and currents in A.

        Parameters
        ----------
        n_points : int, default=200
            Number of points, from a cold channel to a core of 0.98 of its radius.

        Returns
        -------
        volts, amperes : ndarray of shape (n_points,)
            Voltage and current, along the curve: the voltage is no function that has an inverse.

        Examples
        --------
        >>> volts, amperes = MottChannel().static()
        >>> bool((np.diff(amperes) > 0).all()), bool((np.diff(volts) > 0).all())
        (True, False)
        """
        y = positions(n_points)
        ohm = ohms(self, y)
        volts: NDArray[np.float64] = np.sqrt(ohm * constants(self).loss * y)
        return volts, volts / ohm


def constants(device: MottChannel) -> kernel.Channel:
    """Return what the kernel takes."""
    volume = np.pi * device.radius**2 * device.length
    return kernel.Channel(
        r_cold=device.rho_insulating * device.length / (np.pi * device.radius**2),
        ratio=device.rho_insulating / device.rho_metallic - 1,
        loss=2 * np.pi * device.length * device.conductivity * device.delta_t,
        heat=volume * device.heat_capacity * device.delta_t,
        latent=volume * device.latent_heat,
        r_series=float(device.r_series),
        capacitance=float(device.capacitance),
    )


def positions(n_points: int) -> NDArray[np.float64]:
    """Return states 1 / ln(1/u), from next to nothing to a core that almost fills the channel."""
    found: NDArray[np.float64] = np.geomspace(1e-2, -1 / np.log(HOTTEST), n_points)
    return found


def ohms(device: MottChannel, y: NDArray) -> NDArray[np.float64]:
    """Return resistances in ohm."""
    c = constants(device)
    found: NDArray[np.float64] = c.r_cold / (1 + c.ratio * np.exp(-2 / y))
    return found


def turns(device: MottChannel) -> tuple[float, float, float, float]:
    """Return threshold and hold voltage in V, and 1 / ln(1/u) at each; NaN if there are none."""
    y = positions(GRID)
    volts, _ = device.static(GRID)
    falls = np.flatnonzero(np.diff(volts) < 0)
    if not falls.size:
        return np.nan, np.nan, np.nan, np.nan
    first, last = falls[0], falls[-1] + 1
    return float(volts[first]), float(volts[last]), float(y[first]), float(y[last])


def find_window(device: MottChannel) -> tuple[float, float]:
    """Return the supplies in V between which no steady state of the circuit is stable."""
    c, y = constants(device), positions(GRID)
    volts, amperes = device.static(GRID)
    ohm, u_squared = volts / amperes, np.exp(-2 / y)
    slope = -2 * c.ratio * c.r_cold * u_squared / (y * (1 + c.ratio * u_squared)) ** 2  # dR/dy
    held = np.array([kernel.capacity(value, c) for value in y])
    leak, heating = 1 / ohm + 1 / c.r_series, volts**2 * slope / ohm**2
    own = -(heating + c.loss) / held  # growth rates in 1/s, of y and of the voltage
    fast = -leak / c.capacitance
    cross = 2 * volts / ohm / held * (volts * slope / ohm**2 / c.capacitance)
    stable = (own + fast < 0) & (own * fast - cross > 0)
    supplies = volts + c.r_series * amperes
    if stable.all() or not stable[0]:
        return np.nan, np.nan
    first = int(np.argmin(stable))
    hot = np.flatnonzero(~stable)[-1] + 1  # the last stable branch begins here
    high = supplies[hot] if hot < GRID else supplies[-1]
    cold = supplies[first - 1]
    return (float(cold), float(high)) if cold < high else (np.nan, np.nan)


BOUNDS = {
    "rho_insulating": Bound("ohm m", 1e-9, 1e6),
    "rho_metallic": Bound("ohm m", 1e-9, 1e6),
    "radius": Bound("m", 1e-10, 1e-3),
    "length": Bound("m", 1e-10, 1e-3),
    "conductivity": Bound("W/(m K)", 1e-4, 1e5),
    "heat_capacity": Bound("J/(m^3 K)", 1e3, 1e9),
    "latent_heat": Bound("J/m^3", 0.0, 1e12),
    "delta_t": Bound("K", 1.0, 5e3),
    "r_series": OHM,
    "capacitance": FARAD,
}


def check(device: MottChannel) -> None:
    """Check the constants.

    Examples
    --------
    >>> check(MottChannel(rho_metallic=1.0))
    Traceback (most recent call last):
    ValueError: device.rho_metallic=1.0 ohm m must be below device.rho_insulating=0.01 ohm m.
    """
    check_bounds(device, BOUNDS)
    if not device.rho_metallic < device.rho_insulating:
        raise ValueError(
            f"device.rho_metallic={device.rho_metallic} ohm m must be below "
            f"device.rho_insulating={device.rho_insulating} ohm m."
        )


def highest_supply(device: MottChannel) -> float:
    """Return the supply in V at which the core fills the channel but for 2 % of its radius.

    Examples
    --------
    >>> round(highest_supply(MottChannel()), 1)
    40.4
    """
    volts, amperes = device.static()
    return float(volts[-1] + device.r_series * amperes[-1])


def trace(device: MottChannel, drive: NDArray, dt: float, key: int, *, rtol: float = 1e-8) -> Trace:
    """Simulate a cold channel under a supply in V.

    ``rtol`` is the relative error that a step may have, of voltage and thermal conductance.
    """
    rtol = check_number("rtol", rtol, least=1e-12, most=1e-3)
    c = constants(device)
    threshold, hold, *ends = turns(device)
    y_spike = float(np.sqrt(ends[0] * ends[1])) if threshold > hold else np.inf
    most = 1024
    while True:
        v, y, spikes, n_spikes, used, lost, burnt, supplied, n_steps = kernel.trace(
            drive, c, dt, y_spike, rtol, most, MOST_STEPS
        )
        if n_steps > MOST_STEPS:
            raise ValueError(
                f"{drive.size} steps of dt={dt:.3g} s take more than {MOST_STEPS:.0e} integration "
                f"steps: the circuit changes within {min(device.time_scale, c.heat / c.loss):.2g} "
                "s; simulate a shorter time, or take a larger rtol."
            )
        if n_spikes <= most:
            break
        most = n_spikes
    ohm = np.array([kernel.resistance(kernel.core(value), c) for value in y])
    return Trace(
        {
            "device_voltage": (v, "V"),
            "current": (v / ohm, "A"),
            "core": (np.array([kernel.core(value) for value in y]), "1"),
            "resistance": (ohm, "ohm"),
            "enthalpy": (np.array([kernel.enthalpy(value, c) for value in y]), "J"),
        },
        spikes[:n_spikes],
        {"device": used, "resistor": burnt, "supply": supplied, "surroundings": lost},
    )


FAMILY = Family(
    MottChannel,
    "oscillator",
    {"nbo2_channel": MottChannel()},
    check,
    trace,
    channel,
    most=highest_supply,
)
