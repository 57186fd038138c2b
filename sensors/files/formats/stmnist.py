"""ST-MNIST: spike trains of a square skin in MATLAB 5 files."""

from collections.abc import Iterator

import numpy as np

from mottle.sensors.files.faults import Fields
from mottle.sensors.files.formats.record import EventFormat, Source
from mottle.sensors.files.mat import read_matrix
from mottle.sensors.files.spikes import LATEST

SIDE = 10  # taxels of the square sensor
TAXELS = SIDE * SIDE


def read_stmnist(source: Source) -> Iterator[Fields]:
    """Yield t, x, y, p of the whole file."""
    train = read_matrix(source.path, "spiketrain", source.max_bytes)
    if train.shape[0] != TAXELS + 1:
        raise ValueError(
            f"'spiketrain' of {source.path} has shape {train.shape}; expected {TAXELS} rows of "
            "taxels and one of times."
        )
    if not (np.abs(train[TAXELS]) < LATEST).all() or np.isnan(train).any():
        raise ValueError(f"'spiketrain' of {source.path} holds NaN, infinity, or no times.")
    source.sensor_size = source.sensor_size or (SIDE, SIDE)
    column, taxel = np.nonzero(train[:TAXELS].T)
    t = np.round(train[TAXELS, column] * 1e6).astype(np.int64)
    p = (train[taxel, column] > 0).astype(np.int64)
    yield t, taxel % SIDE, taxel // SIDE, p


STMNIST = EventFormat(name="stmnist", read=read_stmnist, begins=(b"MATLAB 5.0",))
