"""A finger that touches, lifts, loses and releases an object, with the truth of every step."""

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_fraction, check_number, check_whole
from mottle.datasets.table import Recordings, make_table, sampled

RATE_HZ = 1000
N_SIDE, PITCH_M, RADIUS_M = 4, 3e-3, 8e-3  # taxels along a side; of the fingertip
SHEAR_M_N = 0.4e-3  # by which the pressure moves, a newton of tangential force
COUNT_KPA = 0.05  # one count of the skin
GRAVITY = 9.81  # m/s^2
REACTS_S = (0.04, 0.12)  # after which the grip answers a slip
TRUTH = {"contact": "1", "slip": "1", "normal": "N", "tangential": "N", "speed": "m/s"}


def make_grasp(
    n_recordings: int = 40,
    *,
    n_materials: int = 8,
    duration: float = 4.0,
    slips: float = 0.5,
    noise: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Recordings:
    r"""Generate grasps by one finger against a support: touch, lift, a pull, setting down, release.

    The finger closes until it touches, and presses with a force that holds the object. Lifting
    loads it tangentially, and so does a pull while it is held. Where the load exceeds
    :math:`\mu F_n`, the object slips: :math:`m \dot v = F - \mu_k F_n`, with :math:`\mu_k = 0.8
    \mu`, until the grip, 40 to 120 ms later, presses harder. Then the load is taken off and the
    finger opens.

    *Skin*: 4 x 4 taxels on an elastic bed, :math:`F_n = \pi k R d^2` at depth d; tangential force
    moves the pressure along a side. *Vibration*: a decaying oscillation of 180 Hz at the touch,
    noise of the arm while it moves, and noise between 60 and 300 Hz that grows with roughness and
    speed of a slip.

    Parameters
    ----------
    n_recordings : int, default=40
        Recordings; materials take turns. More recordings leave the first ones as they are.
    n_materials : int, default=8
        Materials, each with friction, stiffness and roughness of its own.
    duration : float, default=4.0
        Length in second, at least 3.5.
    slips : float, default=0.5
        Fraction of the pulls, on average, that are strong enough for a slip.
    noise : float, default=1.0
        Scales the noise of skin (0.3 kPa), vibration and arm. 0 leaves none.
    random_state : int, RandomState instance or None, default=None
        Draws everything.

    Returns
    -------
    Recordings
        Columns ``skin`` (`DataArray` (time, channel 16) in kPa) and ``vibration`` ((time, channel
        1) in m/s^2), both at 1 kHz on one clock. ``target``: material, "material 1" and so on.
        ``groups``: number of the material. ``table.attrs["truth"]``: lists of one value a
        recording: ``steps``, a `DataArray` (time, channel) of contact and slip (0 or 1), normal and
        tangential force in N and speed of the slip in m/s; times of touch, lift, pull, first slip
        (NaN without) and release in s; ``friction`` and ``mass`` (kg).

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Elastic bed: K. L. Johnson, Contact Mechanics (1985), ch. 4.3.

    Examples
    --------
    >>> table, target, groups = make_grasp(4, random_state=0)
    >>> table["skin"].iloc[0].shape, table["vibration"].iloc[0].shape
    ((4000, 16), (4000, 1))
    >>> steps = table.attrs["truth"]["steps"][0]
    >>> bool(steps.sel(channel="normal")[0] == 0), bool(steps.sel(channel="contact")[2000] == 1)
    (True, True)
    """
    check_whole("n_recordings", n_recordings)
    check_whole("n_materials", n_materials)
    check_number("duration", duration, "s", least=3.5, why=": touch, lift, pull, release")
    check_fraction("slips", slips)
    check_number("noise", noise, least=0)
    seed = int(check_random_state(random_state).randint(2**31))
    time = np.arange(round(duration * RATE_HZ)) / RATE_HZ
    cells: dict[str, list[Any]] = {"skin": [], "vibration": []}
    truth: dict[str, list[Any]] = {}
    for row in range(n_recordings):
        rng = np.random.default_rng([seed, 0, row])
        material = np.random.default_rng([seed, 1, row % n_materials])
        facts: dict[str, Any] = {
            "friction": material.uniform(0.4, 0.9), "stiffness": material.uniform(15.0, 40.0),
            "roughness": material.uniform(2.0, 8.0), "mass": rng.uniform(0.1, 0.3),
            "touch": rng.uniform(0.3, 0.8), "lift": rng.uniform(1.2, 1.5),
            "pull": rng.uniform(1.9, 2.3), "release": duration - rng.uniform(0.3, 0.6),
            "strong": rng.uniform() < slips,
        }  # fmt: skip
        steps = move(time, facts, rng)
        cells["skin"].append(press(time, steps, facts, noise, rng))
        cells["vibration"].append(shake(time, steps, facts, noise, rng))
        slipping = np.flatnonzero(steps[:, 1])
        facts["slip"] = time[slipping[0]] if slipping.size else np.nan
        names = list(TRUTH)
        facts["steps"] = sampled(steps, time, names, units=list(TRUTH.values()), name="truth")
        for name in ("steps", "touch", "lift", "pull", "slip", "release", "friction", "mass"):
            truth.setdefault(name, []).append(facts[name])
    groups = np.arange(n_recordings) % n_materials
    table = make_table(**cells)
    table.attrs = {"name": "grasp", "licence": "generated, not recorded", "truth": truth}
    return Recordings(table, np.array([f"material {k + 1}" for k in groups]), groups)


def ramp(time: NDArray[np.float64], begin: float, length: float) -> NDArray[np.float64]:
    """Return a smooth rise from 0 to 1.

    Examples
    --------
    >>> ramp(np.array([0.0, 1.0, 1.5, 3.0]), 1.0, 1.0).tolist()
    [0.0, 0.0, 0.5, 1.0]
    """
    x = np.clip((time - begin) / length, 0.0, 1.0)
    return x * x * (3 - 2 * x)


def move(
    time: NDArray[np.float64], facts: dict[str, Any], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the truth of every step, in the order of `TRUTH`."""
    weight = facts["mass"] * GRAVITY / 2  # the other half is on the support
    hold = rng.uniform(1.3, 1.7) * weight / facts["friction"]
    pull = (rng.uniform(1.5, 2.0) if facts["strong"] else rng.uniform(0.1, 0.3)) * weight
    down = facts["release"] - 0.5
    load = weight * (ramp(time, facts["lift"], 0.3) - ramp(time, down, 0.3))
    load += pull * (ramp(time, facts["pull"], 0.1) - ramp(time, facts["pull"] + 0.4, 0.2))
    closing = ramp(time, facts["touch"], rng.uniform(0.2, 0.4))
    opening = ramp(time, facts["release"] - 0.15, 0.15)
    grip, speed, since, reacts = hold, 0.0, np.inf, rng.uniform(*REACTS_S)
    out = np.zeros((len(time), len(TRUTH)))
    for k in range(len(time)):
        normal = grip * closing[k] * (1 - opening[k])
        slipping = speed > 0 or load[k] > facts["friction"] * normal > 0
        if slipping:
            since = min(since, time[k])
            drag = 0.8 * facts["friction"] * normal
            speed = max(0.0, speed + (load[k] - drag) / facts["mass"] / RATE_HZ)
        if time[k] - since > reacts:
            grip += (1.6 * (weight + pull) / facts["friction"] - grip) / (0.03 * RATE_HZ)
        slips = slipping and speed > 0
        tangential = 0.8 * facts["friction"] * normal if slips else load[k] * (normal > 0)
        out[k] = normal > 0, slips, normal, tangential, speed if slips else 0.0
    return out


def press(
    time: NDArray[np.float64], steps: NDArray[np.float64], facts: dict[str, Any], noise: float,
    rng: np.random.Generator,
) -> xr.DataArray:  # fmt: skip
    """Return the pressure on every taxel, kPa."""
    normal, tangential = steps[:, 2:3], steps[:, 3:4]
    stiffness = 1e6 * facts["stiffness"]  # Pa a m
    depth = np.sqrt(normal / (np.pi * stiffness * RADIUS_M))
    at = (np.arange(N_SIDE) - (N_SIDE - 1) / 2) * PITCH_M
    x, y = (side.ravel() for side in np.meshgrid(at, at))
    gap = (x**2 + (y - SHEAR_M_N * tangential) ** 2) / (2 * RADIUS_M)
    pressure = 1e-3 * stiffness * np.maximum(depth - gap, 0)
    pressure += 0.3 * noise * rng.standard_normal(pressure.shape)
    counted = COUNT_KPA * np.round(pressure / COUNT_KPA)
    names = [f"taxel{k:02d}" for k in range(N_SIDE**2)]
    return sampled(counted, time, names, units="kPa", name="skin")


def shake(
    time: NDArray[np.float64], steps: NDArray[np.float64], facts: dict[str, Any], noise: float,
    rng: np.random.Generator,
) -> xr.DataArray:  # fmt: skip
    """Return the vibration, m/s^2."""
    from scipy.signal import butter, sosfilt

    since = time - facts["touch"]
    ring = np.exp(-np.maximum(since, 0) / 0.015) * np.sin(2 * np.pi * 180 * since)
    band = sosfilt(
        butter(2, (60, 300), "bandpass", fs=RATE_HZ, output="sos"), rng.standard_normal(len(time))
    )
    moves = ((time >= facts["lift"]) & (time < facts["lift"] + 0.3)) | (
        (time >= facts["release"] - 0.5) & (time < facts["release"] - 0.2)
    )
    value = rng.uniform(0.5, 1.5) * ring * (since >= 0)
    value += facts["roughness"] * steps[:, 4] * band
    value += noise * (0.02 + 0.1 * moves) * rng.standard_normal(len(time))
    return sampled(value[:, np.newaxis], time, ["acceleration"], units="m/s^2", name="vibration")
