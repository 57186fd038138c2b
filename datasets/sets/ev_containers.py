"""Ev-Containers: a robot hand with an event-driven skin grasps containers, more or less full."""

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.sets.ev_objects import (
    ARCHIVES,
    CITATION,
    LICENCE,
    SOURCE,
    SPLIT,
    load_archive,
)
from mottle.datasets.table import Recordings


def load_ev_containers() -> Recordings:
    """Load the containers of the event-driven skin NeuTouch: how full, and which.

    Read straight from ``ev-containers/Ev-Containers.zip`` in the data folder (`data_home`).

    Returns
    -------
    Recordings
        As of `load_ev_objects`, 20 classes; the number of bins is that of the files.

    Raises
    ------
    FileNotFoundError
        If the archive is not there.
    ValueError
        If a recording has another shape.

    References
    ----------
    F. Gu, W. Sng, T. Taunyazov, H. Soh, TactileSGNet, IROS 2020. No licence stated.

    Examples
    --------
    >>> recordings = load_ev_containers()  # doctest: +SKIP
    >>> test = recordings.take(recordings.groups == "test")  # doctest: +SKIP
    """
    return load_archive(DATA_SET, "Ev-Containers", None)


DATA_SET = DataSet(
    name="ev-containers",
    load=load_ev_containers,
    senses=("touch",),
    n_recordings=300,
    licence=LICENCE,
    citation=CITATION,
    split=SPLIT,
    source=SOURCE,
    files=(Remote("ev-containers/Ev-Containers.zip", f"{ARCHIVES}Ev-Containers.zip"),),
    attrs={"split": SPLIT},
)
fetch_ev_containers = fetching(DATA_SET)
