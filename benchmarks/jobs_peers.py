"""Whole jobs with other packages: run by benchmarks/jobs.py with an environment of their own.

    python jobs_peers.py MODEL FOLDER SEED

Reads recordings.npz of the folder and prints a line of JSON for each part of the split: accuracy,
CPU seconds of fit and prediction, and of one prediction. Needs numpy and the packages named
below, so that mottle need not be installed beside them.
"""

import gc
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import numpy as np

N_BINS = 30  # frames of a recording of events
N_MFCC = 13
UNITS, LEAK, RADIUS, SCALING = 500, 0.3, 0.9, 0.5  # of the echo state network
LEAST_STEPS = 9  # the length of a kernel of MiniRocket
PENALTIES = np.logspace(-3, 3, 10)
N_SINGLE = 30  # predictions of one recording
N_TICKS = 20  # predictions while a recording goes on
FEW = 24  # recordings of the run before, which compiles


def frames(events: Any) -> Any:
    """Return counts (step, cell) of a recording of events, by tonic; cells are 2 x 2 pixels."""
    from tonic.transforms import ToFrame

    counts = ToFrame(sensor_size=(34, 34, 2), n_time_bins=N_BINS)(events)
    cells = counts.reshape(N_BINS, 2, 17, 2, 17, 2).sum(axis=(3, 5))
    return cells.reshape(N_BINS, -1).astype(float)


def mfcc(samples: Any) -> Any:
    """Return mel cepstra (step, coefficient) of a sound, by librosa."""
    from librosa.feature import mfcc as cepstra

    sound = np.asarray(samples, np.float32).ravel()
    return cepstra(y=sound, sr=8000, n_mfcc=N_MFCC, n_fft=256, hop_length=128, n_mels=40).T


def rows_of(one: Any) -> Any:
    """Return samples (step, channel) as they are."""
    return np.asarray(one, dtype=np.float64)


def last_rows(recording: Any) -> range:
    """Return the numbers of rows after the last ticks of a recording."""
    return range(max(1, len(recording) - N_TICKS + 1), len(recording) + 1)


def timed(work: Callable[[], Any]) -> float:
    """Return the CPU seconds that work takes."""
    begin = process_time()
    work()
    return process_time() - begin


ENCODERS: dict[str, Callable[[Any], Any]] = {"events": frames, "sound": mfcc, "rows": rows_of}


class Rocket:
    """MiniRocket and ridge of scikit-learn, with aeon's defaults; short recordings end in zeros."""

    def __init__(self, seed: int) -> None:
        from aeon.classification.convolution_based import MiniRocketClassifier

        self.model = MiniRocketClassifier(random_state=seed, n_jobs=1)

    def fit(self, recordings: list[Any], y: Any) -> None:
        self.length = max(LEAST_STEPS, *map(len, recordings))
        self.model.fit(self.padded(recordings), y)

    def predict(self, recordings: list[Any]) -> Any:
        return self.model.predict(self.padded(recordings))

    def ticks(self, recording: Any) -> list[float]:
        """Return CPU seconds from each of the last rows to an answer: all is computed anew."""
        return [timed(lambda n=n: self.predict([recording[:n]])) for n in last_rows(recording)]

    def padded(self, recordings: list[Any]) -> Any:
        out = np.zeros((len(recordings), recordings[0].shape[1], self.length), np.float32)
        for k, one in enumerate(recordings):
            out[k, :, : len(one)] = one[: self.length].T
        return out


class Network:
    """Echo state network of reservoirpy, mean and last states, and ridge of scikit-learn."""

    def __init__(self, seed: int) -> None:
        from reservoirpy.nodes import Reservoir
        from sklearn.linear_model import RidgeClassifierCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        self.nodes = Reservoir(
            units=UNITS, lr=LEAK, sr=RADIUS, input_scaling=SCALING, seed=seed,
            input_connectivity=0.1,
        )  # fmt: skip
        self.model = make_pipeline(StandardScaler(), RidgeClassifierCV(alphas=PENALTIES))

    def fit(self, recordings: list[Any], y: Any) -> None:
        rows = np.concatenate(recordings)
        self.mean, self.deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-9
        self.model.fit(self.features(recordings), y)

    def predict(self, recordings: list[Any]) -> Any:
        return self.model.predict(self.features(recordings))

    def ticks(self, recording: Any) -> list[float]:
        """Return CPU seconds from each of the last rows to an answer, states being kept."""
        rows = (recording - self.mean) / self.deviation
        self.nodes.reset()
        total, times = 0.0, []
        for n, row in enumerate(rows, 1):
            begin = process_time()
            state = np.ravel(self.nodes(row))
            total = total + state
            self.model.predict([np.concatenate([total / n, state])])
            times.append(process_time() - begin)
        return times[-N_TICKS:]

    def features(self, recordings: list[Any]) -> Any:
        out = []
        for one in recordings:
            if self.nodes.initialized:
                self.nodes.reset()
            states = self.nodes.run((one - self.mean) / self.deviation)
            out.append(np.concatenate([states.mean(axis=0), states[-1]]))
        return np.stack(out)


MODELS: dict[str, Any] = {"minirocket": Rocket, "reservoirpy": Network}


def measure(model: str, data: Any, seed: int) -> None:
    """Print the results of each part of the split."""
    encode, y = ENCODERS[str(data["kind"])], data["y"]
    ends = np.cumsum(data["lengths"])
    raw = np.split(data["values"], ends[:-1])
    few = np.unique(np.linspace(0, len(raw) - 1, FEW).astype(int))
    begun = MODELS[model](0)
    begun.fit([encode(raw[k]) for k in few], np.arange(len(few)) % 2)
    begun.predict([encode(raw[k]) for k in few[:1]])
    for fold in range(int(data["n_folds"])):
        train, test = data[f"train_{fold}"], data[f"test_{fold}"]
        gc.collect()
        begin = process_time()
        fitted = MODELS[model](seed)
        fitted.fit([encode(raw[k]) for k in train], y[train])
        fit_s = process_time() - begin
        gc.collect()
        begin = process_time()
        found = fitted.predict([encode(raw[k]) for k in test])
        predict_s = process_time() - begin
        times = [
            timed(lambda one=raw[k], model=fitted: model.predict([encode(one)]))
            for k in np.resize(test, N_SINGLE)
        ]
        ticks = [] if encode is not rows_of else fitted.ticks(raw[test[0]])
        row = {
            "fold": fold, "accuracy": float(np.mean(found == y[test])), "fit_s": fit_s,
            "predict_s": predict_s, "one_s": median(times),
            "tick_s": median(ticks) if ticks else None,
        }  # fmt: skip
        print(json.dumps(row), flush=True)


def main() -> None:
    """Measure a model on the recordings of a folder."""
    warnings.simplefilter("ignore")
    model, folder, seed = sys.argv[1:]
    measure(model, np.load(Path(folder) / "recordings.npz"), int(seed))


if __name__ == "__main__":
    main()
