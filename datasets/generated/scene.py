"""One object before a camera, a skin and a nose at once: a scene of three senses, truth known."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from mottle.checks import check_number, check_whole
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.events import EVENT_DTYPE


class Kind(NamedTuple):
    """A kind of object, as far as a sense depends on it."""

    name: str
    shape: str  # of camera and skin: "ball", "block" or "bar"
    radius: float  # m, half its width
    stiffness: float  # kPa a mm of indentation, of the object on the skin
    odour: int  # column of AFFINITY


KINDS = (
    Kind("soft ball, lemon", "ball", 8e-3, 10.0, 0),
    Kind("hard ball, coffee", "ball", 8e-3, 30.0, 1),
    Kind("soft block, coffee", "block", 6e-3, 10.0, 1),
    Kind("hard block, soap", "block", 6e-3, 30.0, 2),
    Kind("soft bar, soap", "bar", 4e-3, 10.0, 2),
    Kind("hard bar, lemon", "bar", 4e-3, 30.0, 0),
)
FRAME_S = 4e-3  # between two images; events lie in between
VIEW_M = 40e-3  # side of the field of view
BLUR = 1.0  # pixels over which an edge goes from dark to bright
CONTRAST = 1.2  # log intensity of the object over the background
N_TAXELS, PITCH_M = 8, 2e-3
TOUCH_HZ, SMELL_HZ = 100, 10
COUNT_KPA = 0.05  # one count of the skin
AFFINITY = np.array([  # of six sensors for three odours, a ppm
    [0.20, 0.05, 0.02], [0.05, 0.20, 0.03], [0.02, 0.04, 0.25], [0.10, 0.12, 0.02],
    [0.03, 0.10, 0.12], [0.12, 0.03, 0.10],
])  # fmt: skip
BETA = np.array([0.6, 0.7, 0.5, 0.8, 0.6, 0.7])  # power law of a metal-oxide sensor
CLEAN_OHM = np.array([20e3, 35e3, 50e3, 15e3, 80e3, 40e3])
RISE_S, FALL_S, MIX_S = 1.0, 4.0, 0.5  # adsorption, desorption, filling of the chamber


def make_scene(
    n_recordings: int = 60,
    *,
    n_sessions: int = 5,
    sensor_size: tuple[int, int] = (34, 34),
    duration: float = 12.0,
    threshold: float = 0.2,
    noise: float = 1.0,
    random_state: int | np.random.RandomState | None = None,
) -> Recordings:
    r"""Generate recordings of objects that pass a camera, are pressed by a skin, and are smelt.

    *Sight*: the object crosses the field of view. Every pixel holds a log intensity and gives an
    event each time the intensity has moved from it by its threshold, at the interpolated
    microsecond; noise events come at random.

    *Touch*: a skin of 8 x 8 taxels is pressed onto the object, on an elastic bed: the pressure is
    stiffness times how deep the skin stands in the object at that place. For a ball the force
    is :math:`\pi k R d^2` at depth d.

    *Smell*: the odour fills a chamber, and six metal-oxide sensors adsorb it with one time constant
    and desorb it with another: :math:`R = R_0 (1 + K s)^{-\beta}` with
    :math:`\dot s = (c - s) / \tau`, tau 1 s where s rises and 4 s where it falls.

    No single sense distinguishes all six kinds: three shapes, two stiffnesses, three odours.

    Parameters
    ----------
    n_recordings : int, default=60
        Recordings; kinds take turns. More recordings leave the first ones as they are.
    n_sessions : int, default=5
        Sessions, each with its own camera threshold, gain of the skin and clean-air resistances.
    sensor_size : (int, int), default=(34, 34)
        Width and height of the camera in pixels.
    duration : float, default=12.0
        Length in second, at least 8.
    threshold : float, default=0.2
        Contrast threshold of the camera, in log intensity.
    noise : float, default=1.0
        Scales all noise: 0.1 events a second and pixel, 3 % mismatch of thresholds, 0.2 kPa, 0.5 %
        of a resistance, and the differences between sessions (5, 3 and 10 %). 0 leaves none.
    random_state : int, RandomState instance or None, default=None
        Draws everything.

    Returns
    -------
    Recordings
        Columns ``sight`` (event streams), ``touch`` (`DataArray` (time, channel 64) in kPa at
        100 Hz) and ``smell`` ((time, channel 6) in Ohm at 10 Hz), on one clock. ``target``: kind.
        ``groups``: session. ``table.attrs["truth"]``: lists of shape, stiffness (kPa/mm), odour,
        speed (m/s), depth (mm), level (ppm), and the times of crossing, pressing and smelling
        (s), one value a recording.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    Camera: P. Lichtsteiner, C. Posch, T. Delbruck, IEEE JSSC 43 (2008) 566. Elastic bed: K. L.
    Johnson, Contact Mechanics (1985), ch. 4.3.

    Examples
    --------
    >>> table, target, groups = make_scene(6, random_state=0)
    >>> list(table.columns), table["touch"].iloc[0].shape, table["smell"].iloc[0].shape
    (['sight', 'touch', 'smell'], (1200, 64), (120, 6))
    """
    _check(n_recordings, n_sessions, sensor_size, duration, threshold, noise)
    seed = int(check_random_state(random_state).randint(2**31))
    cells: dict[str, list[Any]] = {"sight": [], "touch": [], "smell": []}
    truth: dict[str, list[Any]] = {}
    groups = []
    for row in range(n_recordings):
        kind, session = KINDS[row % len(KINDS)], row // len(KINDS) % n_sessions
        rng = np.random.default_rng([seed, 0, row])
        day = np.random.default_rng([seed, 1, session])
        facts = {
            "kind": kind.name, "shape": kind.shape, "stiffness": kind.stiffness,
            "odour": kind.odour, "speed": rng.uniform(0.04, 0.08), "angle": rng.uniform(-0.4, 0.4),
            "depth": rng.uniform(1.0, 2.0), "level": rng.uniform(20.0, 60.0),
            "crosses": rng.uniform(0.2, 0.8), "pressed": rng.uniform(2.5, 3.5),
            "smelt": rng.uniform(2.0, 3.0),
        }  # fmt: skip
        for name, value in facts.items():
            truth.setdefault(name, []).append(value)
        theta = threshold * np.exp(0.05 * noise * day.standard_normal())
        gain = np.exp(0.03 * noise * day.standard_normal())
        clean = CLEAN_OHM * np.exp(0.1 * noise * day.standard_normal(len(CLEAN_OHM)))
        cells["sight"].append(camera_events(kind, facts, sensor_size, duration, theta, noise, rng))
        cells["touch"].append(skin_pressure(kind, facts, duration, gain, noise, rng))
        cells["smell"].append(nose_resistance(kind, facts, duration, clean, noise, rng))
        groups.append(session)
    table = make_table(**cells)
    table.attrs = {
        "name": "scene", "licence": "generated, not recorded", "sensor_size": list(sensor_size),
        "truth": truth,
    }  # fmt: skip
    return Recordings(table, np.array(truth["kind"]), np.array(groups))


def _check(
    n_recordings: int, n_sessions: int, sensor_size: Sequence[int], duration: float,
    threshold: float, noise: float,
) -> None:  # fmt: skip
    """Refuse impossible arguments."""
    check_whole("n_recordings", n_recordings)
    check_whole("n_sessions", n_sessions)
    if np.size(sensor_size) != 2:
        raise ValueError(f"sensor_size={sensor_size!r}: expected (width, height) in pixels.")
    for name, side in zip(("width", "height"), sensor_size, strict=True):
        check_whole(f"sensor_size: {name}", side, 4)
    check_number("duration", duration, "s", least=8, why=": crossing, pressing, smelling")
    check_number("threshold", threshold, above=0, below=CONTRAST, why=", the object's contrast")
    check_number("noise", noise, least=0)


def inside(shape: str, radius: float, x: Any, y: Any) -> Any:
    """Return the signed distance in m from the outline of a shape, positive inside."""
    if shape == "ball":
        return radius - np.hypot(x, y)
    if shape == "block":
        return radius - np.maximum(np.abs(x), np.abs(y))
    return np.minimum(radius - np.abs(x), 3 * radius - np.abs(y))


def camera_events(
    kind: Kind, facts: dict[str, Any], sensor_size: tuple[int, int], duration: float, theta: float,
    noise: float, rng: np.random.Generator,
) -> NDArray[np.void]:  # fmt: skip
    """Return the events of an object that crosses the field of view."""
    width, height = sensor_size
    pixel = VIEW_M / width
    x, y = np.meshgrid((np.arange(width) + 0.5) * pixel, (np.arange(height) + 0.5) * pixel)
    y -= height * pixel / 2
    thresholds = theta * np.maximum(1 + 0.03 * noise * rng.standard_normal(x.shape), 0.1)
    far = 4 * kind.radius + 2 * pixel
    n_frames = int(np.ceil((VIEW_M + 2 * far) / facts["speed"] / FRAME_S)) + 2
    cos, sin = np.cos(facts["angle"]), np.sin(facts["angle"])
    reference = np.zeros_like(x)
    before = np.zeros_like(x)
    parts = []
    for frame in range(n_frames):
        at = frame * FRAME_S * facts["speed"] - far
        u, v = cos * (x - at) + sin * y, cos * y - sin * (x - at)
        edge = inside(kind.shape, kind.radius, u, v) / (BLUR * pixel)
        now = CONTRAST * np.clip(0.5 + 0.5 * edge, 0, 1)
        n = np.trunc((now - reference) / thresholds).astype(np.int64)
        if n.any():
            rows, columns = np.nonzero(n)
            many = np.abs(n[rows, columns])
            at_pixel = np.repeat(np.arange(rows.size), many)
            level = np.arange(at_pixel.size) - np.repeat(np.cumsum(many) - many, many) + 1
            r, c = rows[at_pixel], columns[at_pixel]
            sign = np.sign(n[r, c])
            crossed = reference[r, c] + sign * level * thresholds[r, c]
            fraction = (crossed - before[r, c]) / (now[r, c] - before[r, c])
            t = facts["crosses"] + (frame - 1 + np.clip(fraction, 0, 1)) * FRAME_S
            parts.append((t, c, r, sign > 0))
            reference += n * thresholds
        before = now
    n_noise = rng.poisson(0.1 * noise * duration * x.size)
    parts.append((
        rng.uniform(0, duration, n_noise), rng.integers(0, width, n_noise),
        rng.integers(0, height, n_noise), rng.integers(0, 2, n_noise),
    ))  # fmt: skip
    events = np.zeros(sum(len(part[0]) for part in parts), dtype=EVENT_DTYPE)
    for name, columns_of_parts in zip("txyp", zip(*parts, strict=True), strict=True):
        values = np.concatenate(columns_of_parts)
        events[name] = np.round(values * 1e6) if name == "t" else values
    events = events[events["t"] < duration * 1e6]
    return events[np.argsort(events["t"], kind="stable")]


def skin_pressure(
    kind: Kind, facts: dict[str, Any], duration: float, gain: float, noise: float,
    rng: np.random.Generator,
) -> xr.DataArray:  # fmt: skip
    """Return the pressure on every taxel, kPa: down in 0.3 s, held for 1.5 s, up in 0.3 s."""
    time = np.arange(round(duration * TOUCH_HZ)) / TOUCH_HZ
    since = time - facts["pressed"]
    depth = facts["depth"] * np.clip(np.minimum(since / 0.3, (2.1 - since) / 0.3), 0, 1)
    pressure = gain * indent(kind, depth)
    pressure += 0.2 * noise * rng.standard_normal(pressure.shape)
    counted = COUNT_KPA * np.round(pressure / COUNT_KPA)
    names = [f"taxel{k:02d}" for k in range(N_TAXELS**2)]
    return sampled(counted, time, names, units="kPa", name="touch")


def indent(kind: Kind, depth: NDArray[np.float64]) -> Any:
    """Return the pressure (step, taxel) in kPa of an elastic bed at depths in mm."""
    at = (np.arange(N_TAXELS) - (N_TAXELS - 1) / 2) * PITCH_M
    x, y = np.meshgrid(at, at)
    if kind.shape == "ball":
        gap = (x**2 + y**2) / (2 * kind.radius)
    else:  # flat, and nothing beyond its outline
        gap = np.where(inside(kind.shape, kind.radius, x, y) > 0, 0.0, np.inf)
    return kind.stiffness * np.maximum(depth[:, None] - 1e3 * gap.ravel(), 0)


def nose_resistance(
    kind: Kind, facts: dict[str, Any], duration: float, clean: NDArray[np.float64], noise: float,
    rng: np.random.Generator,
) -> xr.DataArray:  # fmt: skip
    """Return the resistances, Ohm: the odour is let in for 3 s."""
    time = np.arange(round(duration * SMELL_HZ)) / SMELL_HZ
    s = adsorbed(time, facts["smelt"], facts["level"])
    resistance = clean * (1 + AFFINITY[:, kind.odour] * s[:, None]) ** -BETA
    resistance *= 1 + 0.005 * noise * rng.standard_normal(resistance.shape)
    names = [f"mox{k}" for k in range(len(clean))]
    return sampled(resistance, time, names, units="Ohm", name="smell")


def adsorbed(time: NDArray[np.float64], begin: float, level: float) -> NDArray[np.float64]:
    """Return the adsorbed concentration, ppm: inlet, chamber, surface, in steps of 1 ms."""
    h = 1e-3
    n_sub = round((time[1] - time[0]) / h)
    out = np.zeros(len(time))
    chamber = s = 0.0
    mix, rise, fall = (1 - np.exp(-h / tau) for tau in (MIX_S, RISE_S, FALL_S))
    for k in range(1, len(time)):
        for sub in range(n_sub):
            now = time[k - 1] + sub * h
            chamber += ((level if begin <= now < begin + 3.0 else 0.0) - chamber) * mix
            s += (chamber - s) * (rise if chamber > s else fall)
        out[k] = s
    return out
