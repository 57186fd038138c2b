"""N-MNIST: handwritten digits before an event camera that makes three saccades."""

import csv
import re
from pathlib import Path

import numpy as np

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.folders import load_folder, published_part
from mottle.datasets.record import DataSet, FolderLayout, fetching
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.files import read_events

MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
SENSOR_SIZE = (34, 34)


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

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> folder = Path(mkdtemp())
    >>> (folder / "Train/7").mkdir(parents=True)
    >>> _ = (folder / "Train/7/00042.bin").write_bytes(bytes([3, 4, 0x80, 0, 10]))  # one event
    >>> table, target, groups = load_nmnist(folder)
    >>> table["sight"].iloc[0].tolist(), target.tolist(), groups.tolist()
    ([(10, 3, 4, 1)], [7], ['train'])
    """
    folder = DATA_SET.find() if path is None else Path(path)
    listed = folder / "train.csv"
    if not listed.is_file() and (folder / "Train").is_dir():
        return load_folder(DATA_SET, folder)
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
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(target), np.arange(len(target)))


DATA_SET = DataSet(
    name="nmnist",
    load=load_nmnist,
    senses=("sight",),
    n_recordings=70000,
    licence="CC BY-SA 4.0",
    citation=(
        "G. Orchard, A. Jayawant, G. Cohen, N. Thakor, Converting Static Image Datasets to Spiking "
        "Neuromorphic Datasets Using Saccades, Front. Neurosci. 9 (2015) 437"
    ),
    split="as published: 'train' and 'test'",
    source="https://doi.org/10.17632/468j46mzdv.1",
    files=(
        Remote(
            "nmnist/train.zip", f"{MENDELEY}39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
            "md5:20959b8e626244a1b502305a9e6e2031", "nmnist/Train",
        ),
        Remote(
            "nmnist/test.zip", f"{MENDELEY}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
            "md5:69ca8762b2fe404d9b9bad1103e97832", "nmnist/Test",
        ),
    ),
    layout=FolderLayout(
        pattern=r"^(?P<group>Train|Test)/(?:Train/|Test/)?(?P<target>[0-9])/\d+\.bin$",
        read=lambda path: read_events(path, format="nmnist", sensor_size=SENSOR_SIZE).events,
        target=lambda match: int(match["target"]),
        group=published_part,
    ),
    attrs={"sensor_size": list(SENSOR_SIZE)},
)  # fmt: skip
fetch_nmnist = fetching(DATA_SET)
