"""Ev-Objects: 36 objects grasped by a robot hand with an event-driven skin."""

import io
from zipfile import ZipFile

import numpy as np

from mottle.datasets.downloads.archive import matching_members, read_member
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table, sampled

N_TAXELS = 39
BIN_S = 0.02
LARGEST = 2**19  # bytes of one npy; those of Ev-Objects have 78128
CHANNELS = [f"taxel{taxel:02d}_{sign}" for taxel in range(N_TAXELS) for sign in ("on", "off")]
SOURCE = "https://github.com/clear-nus/TactileSGNet"
ARCHIVES = "https://raw.githubusercontent.com/clear-nus/TactileSGNet/master/datasets/"
CITATION = (
    "F. Gu, W. Sng, T. Taunyazov, H. Soh, TactileSGNet: A Spiking Graph Neural Network for "
    "Event-based Tactile Object Recognition, IROS 2020"
)
LICENCE = "none stated: use it, do not pass it on"
SPLIT = "groups 'train' and 'test' as published"


def load_ev_objects() -> Recordings:
    """Load 720 grasps of 36 objects by a hand with the event-driven skin NeuTouch.

    Read straight from ``ev-objects/Ev-Objects.zip`` in the data folder (`data_home`).

    Returns
    -------
    Recordings
        720 rows, the 576 of the published training set first. Column ``touch``: `DataArray`
        (time 250, channel 78), float32 0 or 1 (an event in this bin of 20 ms, units "1"), 5 s;
        channels ``taxel00_on``, ``taxel00_off``, ``taxel01_on`` and so on. ``target``: object
        0 to 35, int. ``groups``: "train" or "test", the split as published, so that
        ``recordings.take(recordings.groups == "test")`` are the 144 to be scored.

    Raises
    ------
    FileNotFoundError
        If the archive is not there.
    ValueError
        If a recording has another shape.

    Notes
    -----
    The archive does not state which polarity is first. It is taken for "on": of the taxels that
    show both, it comes first in four of five.

    References
    ----------
    F. Gu, W. Sng, T. Taunyazov, H. Soh, TactileSGNet, IROS 2020. No licence stated.

    Examples
    --------
    >>> recordings = load_ev_objects()  # doctest: +SKIP
    >>> test = recordings.take(recordings.groups == "test")  # doctest: +SKIP
    >>> test.table.shape, test.table["touch"].iloc[0].shape  # doctest: +SKIP
    ((144, 1), (250, 78))
    """
    return load_archive(DATA_SET, "Ev-Objects", 250)


def load_archive(known: DataSet, stem: str, n_bins: int | None) -> Recordings:
    """Read a set of NeuTouch from its zip; ``n_bins`` None takes the number of the files."""
    path = known.find(f"{stem}.zip")
    pattern = stem + r"/(train|test)/sample_(\d+)_label_(\d+)\.npy"
    streams, target, groups, names = [], [], [], []
    with ZipFile(path) as archive:
        members = matching_members(archive, pattern, limit=LARGEST)
        members.sort(key=lambda found: (found[1][1] == "test", int(found[1][2])))
        for member, match in members:
            raw = np.load(io.BytesIO(read_member(archive, member)), allow_pickle=False)
            wanted = (N_TAXELS, 2, n_bins or raw.shape[-1])
            if raw.shape != wanted:
                raise ValueError(
                    f"'{member.filename}' in {path} has shape {raw.shape}, expected {wanted} "
                    "(taxel, polarity, bin)"
                )
            values = raw.transpose(2, 0, 1).reshape(raw.shape[2], -1)
            time = np.arange(len(values)) * BIN_S
            streams.append(sampled(values, time, CHANNELS, units="1", name="touch"))
            target.append(int(match[3]))
            groups.append(match[1])
            names.append(f"{match[1]}-{int(match[2]):03d}")
    table = make_table(index=names, touch=streams)
    table.attrs = known.attributes()
    return Recordings(table, np.array(target), np.array(groups))


DATA_SET = DataSet(
    name="ev-objects",
    load=load_ev_objects,
    senses=("touch",),
    n_recordings=720,
    licence=LICENCE,
    citation=CITATION,
    split=SPLIT,
    source=SOURCE,
    files=(Remote("ev-objects/Ev-Objects.zip", f"{ARCHIVES}Ev-Objects.zip"),),
    attrs={"split": SPLIT},
)
fetch_ev_objects = fetching(DATA_SET)
