"""Probabilistic bits: diffusive devices that switch at random within a pulse."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mottle.checks import check_positive, check_whole, choose, names_arguments
from mottle.reservoir.compiled.threads import split
from mottle.reservoir.family import check_held, micro_steps
from mottle.reservoir.nodes.diffusive import kernel
from mottle.reservoir.nodes.diffusive.device import PRESETS, AgMemristor, check_ag, inner_step

R_SWITCH = 2.5  # in units of r_on: a device below counts as on


class PBit(NamedTuple):
    """A device with its measured probability of switching within a pulse.

    Examples
    --------
    >>> voltage, probability = np.array([0.6, 0.8, 1.0]), np.array([0.1, 0.5, 0.9])
    >>> pbit = PBit(AgMemristor(), 1e-3, voltage, probability, n_devices=50)
    >>> pbit.logit.round(2).tolist()
    [-2.2, 0.0, 2.2]
    """

    device: AgMemristor
    duration: float  # s, of a pulse
    voltage: NDArray[np.float64]  # V
    probability: NDArray[np.float64]  # measured fraction of devices that switched
    n_devices: int  # per voltage

    @property
    def logit(self) -> NDArray[np.float64]:
        """Logarithm of the odds, made monotonic; fractions 0 and 1 count as half a device."""
        half = 0.5 / self.n_devices
        p = np.maximum.accumulate(np.clip(self.probability, half, 1 - half))
        odds: NDArray[np.float64] = np.log(p / (1 - p)) + 1e-9 * np.arange(p.size)
        return odds


@names_arguments
def calibrate_pbit(
    device: str | AgMemristor = "ag_pulse",
    voltage: ArrayLike | None = None,
    *,
    duration: float = 0.02,
    n_devices: int = 2000,
    random_state: int = 0,
) -> PBit:
    """Measure the probability that a fresh device switches within a pulse, for each voltage.

    Parameters
    ----------
    device : str or AgMemristor, default="ag_pulse"
        Device constants.
    voltage : array-like of shape (n_voltages,), default=None
        Heights of the pulse in V, rising; 0.45 to 1.1 V in 27 values by default.
    duration : float, default=0.02
        Length of the pulse in s.
    n_devices : int, default=2000
        Devices per voltage, with evenly spaced residues and independent noise.
    random_state : int, default=0
        Seed.

    Returns
    -------
    pbit : PBit
        With ``voltage`` and ``probability``, for ``sample_pbits``.

    Examples
    --------
    >>> pbit = calibrate_pbit(voltage=[0.4, 1.4], n_devices=50)
    >>> pbit.probability.tolist()
    [0.0, 1.0]
    """
    if not isinstance(device, AgMemristor):
        known = {name: d for name, d in PRESETS.items() if isinstance(d, AgMemristor)}
        device = choose(device, known, "device")
    check_ag(device)
    volts = np.linspace(0.45, 1.1, 27) if voltage is None else np.asarray(voltage, dtype=np.float64)
    if volts.ndim != 1 or volts.size < 2 or not (np.diff(volts) > 0).all():
        raise ValueError(f"voltage={voltage!r} V must be a rising sequence of at least two values.")
    duration = check_positive("duration", duration, "s")
    n_devices = check_whole("n_devices", n_devices)
    rng = np.random.default_rng(random_state)
    low, high = device.residue
    residues = low + (high - low) * (np.arange(n_devices) + 0.5) / n_devices
    key = np.uint64(rng.integers(2**63))
    counts = np.zeros(volts.size, dtype=np.int64)
    args = (volts, residues, *_pulse(device, duration), key, counts)
    split(lambda begin, end: kernel.count_switched(begin, end, *args), np.ones(volts.size))
    return PBit(device, duration, volts, counts / n_devices, n_devices)


@names_arguments
def sample_pbits(
    weights: ArrayLike,
    bias: ArrayLike,
    *,
    n_sweeps: int = 1000,
    beta: float = 1.0,
    clamp: dict[int, int] | None = None,
    pbit: PBit | None = None,
    random_state: int = 0,
) -> NDArray[np.int8]:
    r"""Sample a Boltzmann machine in which every update is a pulse on a diffusive device.

    Bit i becomes 1 if its device switches. The height of the pulse is taken from the calibration,
    such that

    .. math:: P(m_i = 1) = 1 / (1 + e^{-2 \beta (h_i + \sum_j W_{ij} m_j)}).

    Parameters
    ----------
    weights : array-like of shape (n_bits, n_bits)
        Symmetric couplings, 0 on the diagonal.
    bias : array-like of shape (n_bits,)
        Field h of each bit.
    n_sweeps : int, default=1000
        Sweeps over all bits, one sample each.
    beta : float, default=1.0
        Inverse temperature.
    clamp : dict of int to {-1, 1}, default=None
        Bits held at a value.
    pbit : PBit, default=None
        From ``calibrate_pbit``, which takes some seconds. By default that of "ag_pulse".
    random_state : int, default=0
        Seed.

    Returns
    -------
    samples : ndarray of int8 of shape (n_sweeps, n_bits)
        States, -1 or 1.

    References
    ----------
    Invertible logic on volatile memristors: Nat. Commun. (2022),
    doi:10.1038/s41467-022-33455-x.

    Examples
    --------
    >>> pbit = calibrate_pbit(n_devices=100)
    >>> spins = sample_pbits([[0, 1], [1, 0]], [0, 0], n_sweeps=300, pbit=pbit)
    >>> bool((spins[:, 0] == spins[:, 1]).mean() > 0.7)  # coupled bits tend to agree
    True
    """
    w, h = np.asarray(weights, dtype=np.float64), np.asarray(bias, dtype=np.float64)
    if w.ndim != 2 or w.shape != (h.size, h.size) or (w != w.T).any() or np.diag(w).any():
        raise ValueError(
            f"weights of shape {w.shape} must be symmetric, ({h.size}, {h.size}) like the bias, "
            "and 0 on the diagonal."
        )
    held = {} if clamp is None else clamp
    if not (set(held) <= set(range(h.size)) and set(held.values()) <= {-1, 1}):
        raise ValueError(f"clamp={held} must map bits 0 to {h.size - 1} to -1 or 1.")
    pbit = calibrate_pbit() if pbit is None else pbit
    rng = np.random.default_rng(random_state)
    m = rng.choice([-1.0, 1.0], h.size)
    free = np.ones(h.size, dtype=bool)
    for bit, value in held.items():
        m[bit], free[bit] = value, False
    samples: NDArray[np.int8] = kernel.gibbs(
        m, free, beta * w, beta * h, pbit.voltage, pbit.logit, *pbit.device.residue,
        *_pulse(pbit.device, pbit.duration), check_whole("n_sweeps", n_sweeps),
        np.uint64(rng.integers(2**63)),
    )  # fmt: skip
    return samples


def _pulse(device: AgMemristor, duration: float) -> tuple[Any, float, int, float]:
    """Return constants, integration step in s, number of steps, and switching resistance."""
    n_micro = micro_steps(inner_step(device, None), duration)
    check_held(duration, n_micro, "t_noise", "duration")
    names = kernel.AgDevices._fields
    constants: dict[str, Any] = {name: getattr(device, name) for name in names}
    return kernel.AgDevices(**constants), duration / n_micro, n_micro, R_SWITCH * device.r_on
