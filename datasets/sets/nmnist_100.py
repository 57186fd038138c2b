"""A hundred recordings of N-MNIST, which ship with the package."""

import numpy as np
from numpy.typing import NDArray

from mottle.datasets.downloads.archive import read_shipped
from mottle.datasets.record import DataSet
from mottle.datasets.sets import nmnist
from mottle.datasets.table import Recordings, make_table
from mottle.events import EVENT_DTYPE


def load_nmnist_100() -> Recordings:
    """Load the 100 N-MNIST recordings which ship with the package, ten a digit.

    Returns
    -------
    Recordings
        As of `load_nmnist`, sorted by digit; ``groups`` are 0 to 99. CC BY-SA 4.0; events sorted
        by time, otherwise unchanged (``recordings/NOTICE-nmnist.txt``).

    Examples
    --------
    >>> table, target, groups = load_nmnist_100()
    >>> table.shape, len(table["sight"].iloc[0])
    ((100, 1), 5028)
    """
    raw = read_shipped("nmnist_100.npz")
    polarity = np.unpackbits(raw["p"])[: len(raw["x"])]
    ends = np.cumsum(raw["n"])
    events = []
    for start, stop in zip(ends - raw["n"], ends, strict=True):
        cut = slice(start, stop)
        events.append(
            _events(raw["x"][cut], raw["y"][cut], polarity[cut], np.cumsum(raw["dt"][cut]))
        )
    table = make_table(index=[str(index) for index in raw["index"]], sight=events)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, raw["label"].astype(int), np.arange(len(events)))


def _events(x: NDArray, y: NDArray, p: NDArray, t: NDArray) -> NDArray[np.void]:
    events = np.empty(len(t), dtype=EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["p"] = t, x, y, p
    return events


DATA_SET = DataSet(
    name="nmnist-100",
    load=load_nmnist_100,
    senses=("sight",),
    n_recordings=100,
    licence=nmnist.DATA_SET.licence,
    citation=nmnist.DATA_SET.citation,
    split="each recording is its own group",
    source=nmnist.DATA_SET.source,
    shipped=True,
    attrs=nmnist.DATA_SET.attrs,
)
