"""ST-MNIST: digits written on an event-driven skin."""

from mottle.datasets.folders import load_folder
from mottle.datasets.record import DataSet, FolderLayout
from mottle.datasets.table import Recordings
from mottle.sensors.files import read_events


def load_stmnist() -> Recordings:
    """Load ST-MNIST: digits written on a neuromorphic skin of 10 x 10 taxels.

    Read from ``st-mnist`` in the data folder: a folder a digit with ``.mat`` files. The set is
    behind a form, so it cannot be fetched.

    Returns
    -------
    Recordings
        Column ``touch``: event streams of 10 x 10 taxels. ``target``: digit. ``groups``: the file
        name without its number, which stands for the writer.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    H. H. See et al., arXiv:2005.04319 (2020).

    Examples
    --------
    >>> table, target, groups = load_stmnist()  # doctest: +SKIP
    >>> events = table["touch"].iloc[0]  # doctest: +SKIP
    """
    return load_folder(DATA_SET)


DATA_SET = DataSet(
    name="st-mnist",
    load=load_stmnist,
    senses=("touch",),
    n_recordings=6953,
    licence="CC BY 4.0, as its authors state",
    citation=(
        "H. H. See et al., ST-MNIST: The Spiking Tactile MNIST Neuromorphic Dataset, "
        "arXiv:2005.04319 (2020)"
    ),
    split="groups are writers: test on writers that are not in training",
    source="https://www.benjamintee.com/stmnist.html (a form)",
    layout=FolderLayout(
        pattern=r"(?:^|/)(?P<target>[0-9])/(?P<group>[^/]+?)(?:_?\d+)?\.mat$",
        read=lambda path: read_events(path, format="stmnist").events,
        target=lambda match: int(match["target"]),
        group=lambda match: match["group"],
    ),
    attrs={"sensor_size": [10, 10]},
)
