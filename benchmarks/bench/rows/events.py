"""Ten million events: counts, time surfaces, and the states of one memristor per pixel.

Uniform over the pixels, or along the outlines of discs that move, as a camera sees them.
"""

from collections.abc import Iterator

import numpy as np
from references import peer
from timing import Row

from mottle.reservoir import EventMemristorReservoir
from mottle.sensors import EVENT_DTYPE, EventRate, TimeSurface

N_EVENTS, N_STEPS, SECONDS = 10_000_000, 30, 1.0
SMALL, LARGE = (34, 34), ((346, 260), (1280, 720))
MUST = {"small": 10.0, "uniform": 6.0, "camera": 10.0}  # times the speed of tonic
REFERENCES = ("tonic ToFrame", "numpy add.at")
SAME_JOB = {"time surface": ("tonic ToTimesurface",)}  # whose time surfaces these are measured by
TAU = 0.03  # s, of time surfaces
N_DISCS = 8  # whose outlines give the events of a camera
MEMORY = (
    "Uniform events touch every part of a large sensor, and memory bandwidth is the limit: float64 "
    "counts of 30 frames of 1280 x 720 x 2 pixels have 442 MB, and filling them (see above) takes "
    "almost a tenth of tonic's time, whose counts are int16. Counts and memristors are measured "
    "against tonic's counts, time surfaces against its surfaces, too. The events of a camera are "
    "those of the outlines of moving discs; blocks of 64 inputs without events are left out, and "
    "their memory is never touched."
)


def rows() -> Iterator[Row]:
    """Yield the rows of three sensors; all runs bin the same structured array into 30 steps."""
    yield from rows_of("small", SMALL, uniform(SMALL))
    for size in LARGE:
        yield from rows_of("uniform", size, uniform(size))
        yield from rows_of("camera", size, camera(size))


def rows_of(kind: str, size: tuple[int, int], events: np.ndarray) -> Iterator[Row]:
    """Yield the rows of one sensor and kind of events."""
    others = {}
    for name, make in (("tonic ToFrame", to_frame), ("numpy add.at", add_at)):
        if run := make(events, size):
            others[name] = run
    surfaces = to_surface(events, size)
    same_job = others | ({"tonic ToTimesurface": surfaces} if surfaces else {})
    common = {"sensor_size": size, "duration": SECONDS, "on_drop": "ignore"}
    plain = {"cell": 1, "compress": None, "scale": None, **common}
    types = ("float64",) if kind == "small" else ("float64", "float32", "int32", "int16")
    for dtype in types:
        counts = EventRate(N_STEPS, dtype=dtype, **plain).fit(events[:1000])
        equal = accuracy(counts.transform(events), others)
        yield row(kind, "counts", size, counts, events, others, equal)
    rates = EventRate(N_STEPS, **common).fit(events[:1000])
    yield row(kind, "counts of 2 x 2 pixels, square roots", size, rates, events, others, "")
    for dtype in types[:2]:
        surface = TimeSurface(N_STEPS, cell=1, tau=TAU, dtype=dtype, **common).fit(events[:1000])
        yield row(kind, "time surface", size, surface, events, same_job, "")
    for dtype in ("float64", "float32"):
        node = EventMemristorReservoir(n_steps=N_STEPS, dtype=dtype, **common).fit(events[:1000])
        yield row(kind, "memristors", size, node, events, others, error_of(node, events))


def uniform(size: tuple[int, int]) -> np.ndarray:
    """Return random events, uniform over pixels and time."""
    rng = np.random.default_rng(0)
    events = empty_events(rng)
    events["x"], events["y"] = (rng.integers(0, side, N_EVENTS) for side in size)
    events["p"] = rng.integers(0, 2, N_EVENTS)
    return events


def camera(size: tuple[int, int]) -> np.ndarray:
    """Return the events of discs that move: on events in front, off events behind."""
    rng = np.random.default_rng(1)
    events = empty_events(rng)
    begin, speed = (rng.uniform(*range_, (N_DISCS, 2)) * size for range_ in ((0, 1), (-0.4, 0.4)))
    radius = rng.uniform(0.03, 0.12, N_DISCS) * size[1]
    disc, angle = rng.integers(0, N_DISCS, N_EVENTS), rng.uniform(0, 2 * np.pi, N_EVENTS)
    outward = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    centre = begin[disc] + speed[disc] * (events["t"] * 1e-6)[:, np.newaxis]
    place = centre + outward * radius[disc, np.newaxis] + rng.normal(0, 0.7, (N_EVENTS, 2))
    events["x"], events["y"] = (np.floor(place % size).astype(np.int64) % size).T
    events["p"] = (speed[disc] * outward).sum(axis=1) > 0
    return events


def empty_events(rng: np.random.Generator) -> np.ndarray:
    """Return events at random times, in order, at the origin."""
    events = np.zeros(N_EVENTS, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, round(SECONDS * 1e6), N_EVENTS))
    events["t"][0], events["t"][-1] = 0, round(SECONDS * 1e6) - 1
    return events


def activity(events: np.ndarray, size: tuple[int, int]) -> float:
    """Return the mean fraction of the pixels that have an event in a step."""
    step = events["t"] * N_STEPS // round(SECONDS * 1e6)
    seen = np.zeros((N_STEPS, size[1], size[0]), np.bool_)
    seen[step, events["y"], events["x"]] = True
    return float(seen.mean())


def row(kind, task, size, estimator, events, others, accuracy) -> Row:
    """Return the row of one estimator, the references and the filling of an array."""
    cell, dtype = getattr(estimator, "cell", 1), estimator.dtype
    shape = N_STEPS, -(-size[1] // cell), -(-size[0] // cell), 2
    runs = {"mottle": lambda: estimator.transform(events), **others}
    runs["filling of the result alone"] = lambda: np.empty(shape, dtype).fill(1)  # memory alone
    name = f"{task}, {size[0]} x {size[1]} pixels"
    if dtype != "float64":
        name = f"{task}, {dtype}, {size[0]} x {size[1]} pixels"
    if kind == "camera":
        name += f", as of a camera ({activity(events, size):.1%} of them a step)"
    must = SAME_JOB.get(task, REFERENCES[:1])
    aim = REFERENCES[:1] if task in SAME_JOB else REFERENCES[1:]
    return Row(name, N_EVENTS, "events", runs, (MUST[kind], must), (10.0, aim), accuracy, rounds=5,
               notes=[MEMORY])  # fmt: skip


def to_frame(events, size):
    """Return a run of tonic's ToFrame, or None without tonic."""
    if (tonic := peer("tonic")) is None:
        return None
    transform = tonic.transforms.ToFrame(sensor_size=(*size, 2), n_time_bins=N_STEPS)
    return lambda: transform(events)


def to_surface(events, size):
    """Return a run of tonic's ToTimesurface, or None without tonic."""
    if (tonic := peer("tonic")) is None:
        return None
    length = SECONDS * 1e6 / N_STEPS
    transform = tonic.transforms.ToTimesurface((*size, 2), dt=length, tau=TAU * 1e6)
    return lambda: transform(events)


def add_at(events, size):
    """Return a run in plain numpy: int64 counts (step, row, column, polarity)."""

    def run():
        frames = np.zeros((N_STEPS, size[1], size[0], 2), np.int64)
        step = events["t"] * N_STEPS // round(SECONDS * 1e6)
        np.add.at(frames, (step, events["y"], events["x"], events["p"]), 1)
        return frames

    return run


def accuracy(drive, others) -> str:
    """Return whether the counts equal those of numpy."""
    if "numpy add.at" not in others:
        return ""
    frames = others["numpy add.at"]()
    return "equal to numpy" if (drive == frames.reshape(drive.shape)).all() else "UNEQUAL to numpy"


def error_of(node, events) -> str:
    """Return the largest difference from a computation event by event, with exact decays."""
    few, size, g, worst = events[:2000], node.sensor_size_, {}, 0.0
    for event in few:
        t, x, y, p = (int(event[name]) for name in "txyp")
        node_number = 2 * (y * size[0] + x) + p
        before, at = g.get(node_number, (0.0, 0.0))
        value = before * np.exp((at - t * 1e-6) / 50e-3)
        g[node_number] = value + 0.3 * (1 - value), t * 1e-6
    end = 1.0 / node.n_steps
    states = node.transform(few)[0]
    for number, (value, at) in g.items():
        worst = max(worst, abs(states[number] - value * np.exp((at - end) / 50e-3)))
    return f"{worst:.0e} from event by event"
