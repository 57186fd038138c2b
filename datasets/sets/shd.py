"""Spiking Heidelberg Digits: spoken digits as the spikes of an artificial cochlea."""

import numpy as np

from mottle.checks import check_option
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.downloads.home import find_within
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.files import read_spikes

ADDRESS = "https://zenkelab.org/datasets/"
HASHES = {
    "train": "f3252aeb598ac776c1b526422d90eecb",
    "test": "1503a5064faa34311c398fb0a1ed0a6f",
}


def load_shd(part: str = "all") -> Recordings:
    """Load the Spiking Heidelberg Digits: spoken digits in two languages as 700 spike trains.

    Read from ``shd/shd_train.h5`` and ``shd_test.h5`` in the data folder; needs
    ``mottle[hdf5]``.

    Parameters
    ----------
    part : {"all", "train", "test"}, default="all"
        8156 recordings, 2264, or both.

    Returns
    -------
    Recordings
        Column ``sound``: event streams, x the unit 0 to 699. ``target``: class 0 to 19 (zero to
        nine in English, then in German). ``groups``: "train" or "test" as published;
        ``table.attrs["speaker"]`` is the speaker's number: two speakers are in the test part only.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If ``part`` is unknown or a file damaged.

    References
    ----------
    B. Cramer et al., IEEE TNNLS 33 (2022) 2744, doi:10.1109/TNNLS.2020.3044364. CC BY 4.0.

    Examples
    --------
    >>> recordings = load_shd("test")  # doctest: +SKIP
    >>> english = recordings.take(recordings.target < 10)  # doctest: +SKIP
    """
    check_option("part", part, ("all", "train", "test"))
    cells, target, groups = [], [], []
    speakers: list[int] = []
    for name in HASHES:
        if part not in (name, "all"):
            continue
        spikes = read_spikes(find_within(DATA_SET.find(), f"shd_{name}.h5"))
        cells += spikes.events
        target += spikes.labels.tolist()
        groups += [name] * len(spikes.events)
        speakers += [] if spikes.speakers is None else spikes.speakers.tolist()
    table = make_table(sound=cells)
    table.attrs = DATA_SET.attributes(speaker=speakers)
    return Recordings(table, np.array(target), np.array(groups))


DATA_SET = DataSet(
    name="shd",
    load=load_shd,
    senses=("sound",),
    n_recordings=10420,
    licence="CC BY 4.0",
    citation="B. Cramer et al., IEEE TNNLS 33 (2022) 2744",
    split="as published: two speakers are in 'test' only; or by speaker, attrs['speaker']",
    source=ADDRESS,
    files=tuple(
        Remote(
            f"shd/shd_{part}.h5.zip", f"{ADDRESS}shd_{part}.h5.zip", f"md5:{known}", f"shd/{part}"
        )
        for part, known in HASHES.items()
    ),
    attrs={"sensor_size": [700, 1]},
)
fetch_shd = fetching(DATA_SET)
