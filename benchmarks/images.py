"""MNIST by kernels shared over all positions: 5000 digits to train, the official test images.

    python benchmarks/images.py [SEEDS]

Nothing is tuned: 100 kernels of 7 x 7 pixels, mean states in 4 x 4 regions, ridge. An image is held
for three steps before memristors, one step of 3.2 us before VO2 films, in which they fire, and one
step before nodes without memory. VO2 takes a quarter of an hour a seed. Reads the file
``mnist_5k.csv.gz`` and the test images from ``mnist`` of the data folder, keeps rows in
docs/results/images.csv, and `scores.py --page` shows them.
"""

import sys
import time

import numpy as np
import pandas as pd
from pages import DOCS, record

from mottle.datasets import data_home, load
from mottle.pipelines.rules import FIRING
from mottle.reservoir import MemristorReservoir, RidgeReadout, StaticReservoir, VO2Reservoir

KEPT = DOCS / "results/images.csv"
KERNELS, FIELD, REGIONS = 100, 7, 4
NODES = {
    "memristors": (MemristorReservoir, {}, 3),
    "VO2 films": (
        VO2Reservoir, {"regime": "excitable", "dt_device": FIRING, "dtype": "float32"}, 1
    ),
    "static, ReLU": (StaticReservoir, {}, 1),
    "static, linear": (StaticReservoir, {"activation": "identity"}, 1),
    "pixels": (None, {}, 1),
}  # fmt: skip


def training():
    """Return the 5000 digits to train on, and their labels."""
    table = pd.read_csv(data_home() / "mnist/mnist_5k.csv.gz", header=None).to_numpy()
    return table[:, :-1] / 255.0, table[:, -1]


def main():
    """Measure what is not kept yet."""
    n_seeds = int(sys.argv[1]) if sys.argv[1:] else 5
    (images, labels), (test, target, _) = training(), load("mnist", part="test")
    test = np.stack([np.asarray(one).ravel() for one in test["sight"]]).astype(np.float64)
    rows = pd.read_csv(KEPT).to_dict("records") if KEPT.exists() else []
    known = {(row["nodes"], row["seed"]) for row in rows}
    for seed in range(n_seeds):
        for name, (kind, options, steps) in NODES.items():
            if (name, seed) in known or (kind is None and seed):
                continue
            begin = time.process_time()
            train, other = images, test
            if kind is not None:
                reservoir = kind(
                    KERNELS * REGIONS**2, wiring="convolution", input_shape=(28, 28, 1),
                    field=FIELD, regions=REGIONS, pool="mean", random_state=seed, **options,
                )  # fmt: skip
                train = reservoir.fit_transform(np.repeat(images[:, np.newaxis], steps, axis=1))
                other = reservoir.transform(np.repeat(test[:, np.newaxis], steps, axis=1))
            score = RidgeReadout(task="classification").fit(train, labels).score(other, target)
            rows.append({"nodes": name, "seed": seed, "accuracy": round(score, 4),
                         "cpu_s": round(time.process_time() - begin, 1)})  # fmt: skip
            pd.DataFrame(rows).to_csv(KEPT, index=False)
            print(name, seed, f"{100 * score:.2f} %", flush=True)
    record("images")


if __name__ == "__main__":
    main()
