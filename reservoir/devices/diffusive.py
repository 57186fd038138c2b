"""Diffusive Ag memristors: volatile switches with a random delay."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.reservoir.devices.trace import Trace, micro_steps, positive
from mottle.reservoir.kernels import diffusive as kernel


class AgMemristor(NamedTuple):
    """Constants of one Ag device and its series resistor; see its module in ``kernels``.

    The device starts with a residue drawn evenly from ``residue``.
    """

    r_on: float = 4e4  # ohm
    r_off: float = 1e9  # ohm
    mu: float = 100.0  # 1/(V s)
    gamma_1: float = 800.0  # 1/s, the filament dissolves
    gamma_2: float = 10.0  # 1/s, the residue dissolves
    alpha: float = 0.01
    beta: float = 80.0  # 1/s, filament turns to residue
    lam: float = 0.1
    r_series: float = 22e3  # ohm
    noise: float = 10.0  # relative noise of gamma_1 per unit of filament
    t_noise: float = 1e-5  # s: the published step, here the correlation time of the noise
    residue: tuple[float, float] = (0.3, 0.5)
    source: str = "residue and filament model of J. J. Yang's laboratory (DiffusiveMemristor)"
    provisional: str = "thickening of a closed filament is left out"

    @property
    def time_scale(self) -> float:
        """Time in s in which an open filament dissolves."""
        return 1 / (self.gamma_1 + self.beta)


PRESETS = {"ag_pulse": AgMemristor()}


def trace(
    device: AgMemristor, drive: NDArray, dt: float, key: int, *, dt_inner: float = 1e-5
) -> Trace:
    """Follow one device under a voltage; ``dt_inner`` is the longest step in s."""
    positive(
        device, ("r_on", "r_off", "mu", "gamma_1", "gamma_2", "alpha", "beta", "lam", "t_noise")
    )
    low, high = device.residue
    if not 0 <= low <= high <= 1:
        raise ValueError(f"device.residue={device.residue} must be (low, high) within 0 to 1.")
    limit = 0.1 * device.time_scale
    if not 0 < dt_inner <= limit:
        raise ValueError(
            f"dt_inner={dt_inner} s is too coarse for a filament that dissolves in "
            f"{device.time_scale:.3g} s; use dt_inner <= {limit:.2g} s."
        )
    names = device._fields[: device._fields.index("residue")]
    constants: dict[str, Any] = {name: getattr(device, name) for name in names}
    start = np.random.default_rng(key).uniform(*device.residue)
    n_micro = micro_steps(dt_inner, dt)
    f, r, current = kernel.trace(
        drive, dt, 0.0, start, **constants, n_micro=n_micro, key=np.uint64(key)
    )
    return Trace({"current": (current, "A"), "filament": (f, "1"), "residue": (r, "1")})
