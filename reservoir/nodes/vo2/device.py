"""VO2 thermal neuristors: constants in SI units."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_number, check_positive, choose, names_arguments
from mottle.reservoir.family import Family, Trace, micro_steps, positive
from mottle.reservoir.nodes.vo2 import kernel
from mottle.reservoir.nodes.vo2.figure import neuristor


class VO2Neuristor(NamedTuple):
    """Constants of one VO2 film with its load; equations in ``kernel.py``.

    Examples
    --------
    >>> from mottle.reservoir import devices
    >>> cool = VO2Neuristor(t_0=320.0)
    >>> [devices.simulate(film, 12.0, 1e-8, duration=2e-5).spike_time.size
    ...  for film in (VO2Neuristor(), cool)]
    [6, 0]
    >>> f"{cool.time_scale:.3g}"
    '1.74e-06'
    """

    r_0: float = 5.35882879e-3  # ohm
    e_a: float = 5220.47417  # K
    r_metallic: float = 262.5 * 4.90025335  # ohm, a fitted factor on a measured 262.5
    t_c: float = 332.805839  # K
    width: float = 7.19357064  # K
    beta: float = 0.252796285  # 1/K
    gamma: float = 0.956269682
    capacitance: float = 145.34619293e-12  # F
    c_th: float = 49.62776831e-12  # J/K
    s_th: float = 0.20558726e-3  # W/K
    r_load: float = 12e3  # ohm
    t_0: float = 325.0  # K
    i_spike: float = 1.5e-3  # A
    window: tuple[float, float] = (10.005, 15.496)  # V, where one device oscillates
    source: str = "Zhang et al. (2024), arXiv:2312.12899"
    provisional: str = ""

    @property
    def time_scale(self) -> float:
        """Time in s to charge the parasitic capacitor through the load."""
        return self.r_load * self.capacitance

    @property
    def r_series(self) -> float:
        """Load resistor in ohm."""
        return self.r_load


VO2_NEURISTORS = {
    "vo2_neuristor": VO2Neuristor(),
    # the heat capacity of the published MNIST reservoir: 0.15 of the device's
    "vo2_neuristor_fast": VO2Neuristor(c_th=0.15 * 49.62776831e-12, window=(9.933, 18.297)),
}


def check_neuristor(device: str | VO2Neuristor) -> VO2Neuristor:
    """Return the constants of a preset, or check given ones.

    Examples
    --------
    >>> check_neuristor("vo2_neuristor").r_load
    12000.0
    """
    if not isinstance(device, VO2Neuristor):
        return choose(device, VO2_NEURISTORS, "device")
    positive(device, ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load", "beta"))
    why = ": without hysteresis between heating and cooling no node can oscillate"
    check_positive("device.width", device.width, "K", why=why)
    return device


def longest_step(device: VO2Neuristor) -> float:
    """Return the longest integration step in s: up to it, Heun's period is within 0.5 % (measured).

    Examples
    --------
    >>> round(longest_step(VO2Neuristor()) * 1e9)
    28
    """
    return 0.3 * min(device.c_th / device.s_th, 0.5 * device.r_metallic * device.capacitance)


def check_step(dt_inner: float, held: float, device: VO2Neuristor) -> None:
    """Raise if an integration step is too long for the film's thermal time constant."""
    check_positive("dt_device", held, "s")
    why = f", for a film with a thermal time constant of {device.c_th / device.s_th:.3g} s"
    check_number("dt_inner", dt_inner, "s", above=0, most=longest_step(device), why=why)


def trace(
    device: VO2Neuristor,
    drive: NDArray,
    dt: float,
    key: int,
    *,
    method: str = "heun",
    dt_inner: float = 1e-8,
    temperature_noise: float = 0.0,
) -> Trace:
    """Simulate one film from rest under a supply in V.

    ``method`` is "heun" or "rk4", ``dt_inner`` the longest integration step in s and
    ``temperature_noise`` that of the temperature in K per square root of second.
    """
    fourth = choose(method, {"heun": False, "rk4": True}, "method")
    check_step(dt_inner, dt, device)
    check_number("temperature_noise", temperature_noise, "K/sqrt(s)", least=0)
    names = (name for name in kernel.Neuristors._fields if name != "kappa")
    nodes = kernel.Neuristors(kappa=0.0, **{name: getattr(device, name) for name in names})
    n_micro = micro_steps(dt_inner, dt)
    (v, t, r), spikes, energies = kernel.trace(
        drive, nodes, float(temperature_noise), np.uint64(key), dt / n_micro, n_micro, fourth
    )
    return Trace(
        {
            "device_voltage": (v, "V"),
            "current": (v / r, "A"),
            "temperature": (t, "K"),
            "resistance": (r, "ohm"),
        },
        spikes,
        dict(zip(("device", "resistor", "supply"), energies, strict=True)),
    )


@names_arguments
def film_resistance(device: str | VO2Neuristor, temperature: ArrayLike) -> NDArray[np.float64]:
    """Return the resistance of a VO2 film along a path of temperatures.

    The film starts on the heating branch; each turn of the path begins a minor loop.

    Parameters
    ----------
    device : str or VO2Neuristor
        Device constants: a key of ``VO2_NEURISTORS``, or your own.
    temperature : array-like of shape (n_steps,)
        Temperature of the film in K.

    Returns
    -------
    resistance : ndarray of shape (n_steps,)
        Resistance in ohm.

    Raises
    ------
    ValueError
        For an unknown device, impossible constants, or temperatures that are not positive numbers.

    References
    ----------
    L. A. de Almeida et al., Opt. Eng. 41 (2002) 2582, doi:10.1117/1.1501095 (form of the loop).

    Examples
    --------
    >>> film_resistance("vo2_neuristor", [325.0, 330.0, 335.0]).round(3).tolist()
    [51843.351, 39543.388, 22329.628]
    """
    film = check_neuristor(device)
    path = np.asarray(temperature, dtype=np.float64)
    if path.ndim != 1 or path.size == 0:
        raise ValueError(f"temperature has shape {path.shape}; expected (n_steps,).")
    if not (np.isfinite(path) & (path > 0)).all():
        place = int(np.argmin(np.isfinite(path) & (path > 0)))
        raise ValueError(
            f"temperature holds {path[place]} K at step {place}; every value must be a finite "
            "number of kelvin above 0."
        )
    resistance: NDArray[np.float64] = kernel.sweep(
        path, film.r_0, film.r_metallic, film.t_c, film.e_a, film.width, film.beta, film.gamma
    )
    return resistance


FAMILY = Family(
    VO2Neuristor,
    "oscillator",
    VO2_NEURISTORS,
    check_neuristor,
    trace,
    neuristor,
    fine=lambda device: {"dt_inner": longest_step(device) / 12},
)
