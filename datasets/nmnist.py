"""N-MNIST: handwritten digits seen by an event camera in three saccades."""

import csv
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mottle.datasets.archive import read_shipped
from mottle.datasets.folders import DIGITS, list_folder, read_all
from mottle.datasets.home import find_recordings
from mottle.datasets.table import Recordings, make_table
from mottle.sensors import EVENT_DTYPE
from mottle.sensors.files import read_events

CITATION = (
    "G. Orchard, A. Jayawant, G. Cohen, N. Thakor, Converting Static Image Datasets to Spiking "
    "Neuromorphic Datasets Using Saccades, Front. Neurosci. 9 (2015) 437"
)
ATTRS = {
    "licence": "CC BY-SA 4.0",
    "citation": CITATION,
    "sensor_size": [34, 34],
}


def load_nmnist(path: str | Path | None = None) -> Recordings:
    """Load N-MNIST recordings from a folder of ``.bin`` files.

    Parameters
    ----------
    path : path, optional
        Folder as published (``Train/7/00042.bin``, ``Test/...``), or with ``train.csv`` (columns
        ``file``, ``label``) and ``train/*.bin``; default ``nmnist`` in the data folder
        (`data_home`).

    Returns
    -------
    Recordings
        One row a file in the order of the paths, or a line of ``train.csv`` and in its order.
        Column ``sight``: event streams of 34 x 34 pixels, time in microseconds, about 300 ms.
        ``target``: digits, int. ``groups``: "train" or "test" as published; with ``train.csv`` row
        numbers, each recording is its own group.

    Raises
    ------
    FileNotFoundError
        If the folder or a recording is not there.
    ValueError
        If a file name is not a plain one, or a label not a digit.

    References
    ----------
    G. Orchard et al., Front. Neurosci. 9 (2015) 437, doi:10.3389/fnins.2015.00437;
    CC BY-SA 4.0.
    """
    if path is None:
        path = find_recordings(
            "nmnist",
            source="https://doi.org/10.17632/468j46mzdv.1",
            licence=str(ATTRS["licence"]),
        )
    folder = Path(path)
    listed = folder / "train.csv"
    if not listed.is_file() and (folder / "Train").is_dir():
        return read_all(list_folder(DIGITS, folder))
    if not listed.is_file():
        raise FileNotFoundError(
            f"{listed} is missing: it lists the recordings (columns file, label)"
        )
    events, target, names = [], [], []
    with listed.open(newline="", encoding="utf-8") as file:
        for line, row in enumerate(csv.DictReader(file), start=2):
            name, label = row.get("file") or "", row.get("label") or ""
            if not re.fullmatch(r"\w[\w.-]*\.bin", name):  # no separators: stays in the folder
                raise ValueError(
                    f"line {line} of {listed} names the file {name!r}, expected a plain name such "
                    "as '17.bin'"
                )
            if not re.fullmatch(r"[0-9]", label):
                raise ValueError(f"line {line} of {listed} has label {label!r}, expected a digit")
            events.append(read_events(folder / "train" / name, format="nmnist").events)
            target.append(int(label))
            names.append(name.removesuffix(".bin"))
    table = make_table(index=names, sight=events)
    table.attrs.update(ATTRS, name="nmnist")
    return Recordings(table, np.array(target), np.arange(len(target)))


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
    table.attrs.update(ATTRS, name="nmnist-100")
    return Recordings(table, raw["label"].astype(int), np.arange(len(events)))


def _events(x: NDArray, y: NDArray, p: NDArray, t: NDArray) -> NDArray[np.void]:
    events = np.empty(len(t), dtype=EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["p"] = t, x, y, p
    return events
