"""N-CARS: cars and background before an event camera."""

from mottle.datasets.folders import load_folder, published_part
from mottle.datasets.record import DataSet, FolderLayout
from mottle.datasets.table import Recordings
from mottle.sensors.files import read_events


def load_ncars() -> Recordings:
    """Load N-CARS: cars and background recorded by an ATIS camera for 100 ms.

    Read from ``n-cars`` in the data folder, as unpacked (``train/cars/*.dat`` and so on).

    Returns
    -------
    Recordings
        Column ``sight``: event streams, rows and columns as in the files. ``target``: "cars" or
        "background". ``groups``: "train" or "test" as published.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    A. Sironi et al., HATS, CVPR 2018.

    Examples
    --------
    >>> recordings = load_ncars()  # doctest: +SKIP
    >>> train = recordings.take(recordings.groups == "train")  # doctest: +SKIP
    """
    return load_folder(DATA_SET)


DATA_SET = DataSet(
    name="n-cars",
    load=load_ncars,
    senses=("sight",),
    n_recordings=24029,
    licence="as stated by Prophesee: research only",
    citation=(
        "A. Sironi et al., HATS: Histograms of Averaged Time Surfaces for Robust Event-Based "
        "Object Classification, CVPR 2018"
    ),
    split="as published: 'train' and 'test'",
    source="https://www.prophesee.ai/dataset-n-cars/",
    layout=FolderLayout(
        pattern=r"(?P<group>train|test)/(?P<target>cars|background)/[^/]+\.dat$",
        read=lambda path: read_events(path, format="dat").events,
        target=lambda match: match["target"],
        group=published_part,
    ),
)
