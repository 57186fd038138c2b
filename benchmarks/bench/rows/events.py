"""Ten million events: counts, time surfaces, and the states of one memristor per pixel."""

from collections.abc import Iterator

import numpy as np
from references import peer
from timing import Row

from mottle.reservoir import EventMemristorReservoir
from mottle.sensors import EVENT_DTYPE, EventRate, TimeSurface

N_EVENTS, N_STEPS, SECONDS = 10_000_000, 30, 1.0
SENSORS = ((34, 34), (346, 260), (1280, 720))
REFERENCES = ("tonic ToFrame", "numpy add.at")
MEMORY = (
    "On large sensors memory bandwidth is the limit: a drive of 30 frames of 1280 x 720 x 2 pixels "
    "has 442 MB, and filling it (see above) takes almost a tenth of tonic's time; tonic's counts "
    "are int16. The events are distributed uniformly over the pixels, which is less favourable for "
    "caches than the events of a camera."
)


def rows() -> Iterator[Row]:
    """Yield the rows of three sensors; all runs bin the same structured array into 30 steps."""
    for size in SENSORS:
        events, others = draw(size), {}
        for name, make in (("tonic ToFrame", to_frame), ("numpy add.at", add_at)):
            if run := make(events, size):
                others[name] = run
        common = {"sensor_size": size, "duration": SECONDS, "on_drop": "ignore"}
        counts = EventRate(N_STEPS, cell=1, compress=None, scale=None, **common).fit(events[:1000])
        equal = accuracy(counts.transform(events), others)
        yield row("counts", size, counts, events, others, equal)
        rates = EventRate(N_STEPS, **common).fit(events[:1000])
        yield row("counts of 2 x 2 pixels, square roots", size, rates, events, others, "")
        surface = TimeSurface(N_STEPS, cell=1, **common).fit(events[:1000])
        yield row("time surface", size, surface, events, others, "")
        node = EventMemristorReservoir(n_steps=N_STEPS, **common).fit(events[:1000])
        yield row("memristors", size, node, events, others, error_of(node, events))
        node.set_params(dtype="float32").fit(events[:1000])
        error = error_of(node, events)
        yield row("memristors, float32", size, node, events, others, error, np.float32)


def draw(size: tuple[int, int]) -> np.ndarray:
    """Return random events, uniform over pixels and time."""
    rng = np.random.default_rng(0)
    events = np.empty(N_EVENTS, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, round(SECONDS * 1e6), N_EVENTS))
    events["t"][0], events["t"][-1] = 0, round(SECONDS * 1e6) - 1
    events["x"], events["y"] = (rng.integers(0, side, N_EVENTS) for side in size)
    events["p"] = rng.integers(0, 2, N_EVENTS)
    return events


def row(task, size, estimator, events, others, accuracy, dtype=np.float64) -> Row:
    """Return the row of one estimator, the references and the filling of an array."""
    cell = getattr(estimator, "cell", 1)
    shape = N_STEPS, -(-size[1] // cell), -(-size[0] // cell), 2
    runs = {"mottle": lambda: estimator.transform(events), **others}
    runs["filling of the result alone"] = lambda: np.empty(shape, dtype).fill(1)  # memory alone
    name = f"{task}, {size[0]} x {size[1]} pixels"
    return Row(name, N_EVENTS, "events", runs, (10.0, REFERENCES[:1]),
               (10.0, REFERENCES[1:]), accuracy, rounds=5, notes=[MEMORY])  # fmt: skip


def to_frame(events, size):
    """Return a run of tonic's ToFrame, or None without tonic."""
    if (tonic := peer("tonic")) is None:
        return None
    transform = tonic.transforms.ToFrame(sensor_size=(*size, 2), n_time_bins=N_STEPS)
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
