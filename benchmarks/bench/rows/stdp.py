"""A layer that learns by spike times: an epoch of training, and spike counts, on drawn events."""

from collections.abc import Iterator

import numpy as np
from references import bind, compile_c
from timing import Row

from mottle.reservoir.plasticity import STDPLayer
from mottle.sensors import EVENT_DTYPE

N_RECORDINGS, N_EVENTS, SIDE, SECONDS, N_NEURONS = 200, 4000, 34, 0.3, 100
NOTE = "C takes the spikes as they are laid out already; mottle checks and lays out the events."
ROUNDS, GOAL = 8, 30.0  # of the calibration of thresholds, and its spikes of a neuron


def rows() -> Iterator[Row]:
    """Yield training and transform; C has the spikes laid out already, and one rule alone."""
    streams = [draw(np.random.default_rng(k)) for k in range(N_RECORDINGS)]
    layer = STDPLayer(
        N_NEURONS, sensor_size=(SIDE, SIDE), duration=SECONDS, cell=2, verbose=False, random_state=0
    ).fit(streams)  # fmt: skip
    twin = Twin(layer, streams)
    others = {"C": twin.count} if twin.library else {}
    equal = ""
    if others:
        same = (twin.count() == layer.transform(streams)).mean()
        equal = f"{same:.2%} of the counts equal C's"
    work = float(twin.spikes.t.size)
    name = f"{N_NEURONS} neurons, {N_RECORDINGS} recordings of {N_EVENTS} events"
    yield Row(f"transform, {name}", work, "events", {"mottle": lambda: layer.transform(streams)}
              | others, None, (1.0, ("C",)), accuracy=equal, notes=[NOTE])  # fmt: skip
    others = {"C": twin.train} if twin.library else {}
    yield Row(f"partial_fit, {name}", work, "events", {"mottle": lambda: layer.partial_fit(streams)}
              | others, None, (1.0, ("C",)), notes=[NOTE])  # fmt: skip


def draw(rng: np.random.Generator) -> np.ndarray:
    """Return the events of an outline that moves back and forth, as of digits and a camera."""
    events = np.zeros(N_EVENTS, EVENT_DTYPE)
    events["t"] = np.sort(rng.integers(0, round(SECONDS * 1e6), N_EVENTS))
    turn = rng.uniform(0, 2 * np.pi, N_EVENTS)
    shake = 2 * np.sin(2 * np.pi * events["t"] * 1e-6 / 0.1)
    width, height = rng.uniform(4, 12, 2)
    events["x"] = (SIDE / 2 + width * np.cos(turn) + shake + rng.normal(0, 0.5, N_EVENTS)) % SIDE
    events["y"] = (SIDE / 2 + height * np.sin(turn) + rng.normal(0, 0.5, N_EVENTS)) % SIDE
    events["p"] = np.cos(turn) * np.cos(2 * np.pi * events["t"] * 1e-6 / 0.1) > 0
    return events


class Twin:
    """The layer in plain C: overlapping pulses, soft bounds, one field."""

    def __init__(self, layer, streams):
        self.library, self.layer = compile_c("stdp"), layer
        self.spikes = layer._all(layer._recordings(streams, reset=False)[0])
        self.sizes = N_RECORDINGS, layer.n_features_in_, N_NEURONS
        self.place = self.spikes.place.astype(np.int64)
        self.weights, self.thresholds = layer.weights_.copy(), layer.thresholds_.copy()
        self.response = layer.response_thresholds_.copy()

    def count(self, n_recordings=N_RECORDINGS):
        """Return the spikes of each neuron (recording, neuron) with fixed weights."""
        out = np.zeros((n_recordings, N_NEURONS))
        means = np.ascontiguousarray(self.weights.mean(axis=1))
        bind(
            self.library.respond, n_recordings, *self.sizes[1:], self.spikes.ends, self.spikes.t,
            self.place, self.weights, means, self.response, self.layer.tau, out,
        )()  # fmt: skip
        return out

    def train(self):
        """Train once on all recordings, then set thresholds on the first hundred."""
        rule, layer = self.layer._rule, self.layer
        bind(
            self.library.learn, *self.sizes, self.spikes.ends, self.spikes.t, self.place, layer.tau,
            layer.homeostasis, layer._target, rule.window, rule.rate, rule.forget, len(rule.up),
            np.ascontiguousarray(rule.up[:, 0]), self.weights, self.thresholds,
        )()  # fmt: skip
        self.response = self.thresholds.copy()
        for _ in range(ROUNDS):
            step = (self.count(100).mean(axis=0) + 0.1 * GOAL) / (1.1 * GOAL)
            self.response *= np.clip(step, 0.1, 4.0) ** 0.9
