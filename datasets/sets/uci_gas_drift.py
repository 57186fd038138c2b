"""UCI gas sensor array drift: features of sixteen sensors that age for three years."""

import re

import numpy as np

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.files import read_drift

CHANNELS = [f"sensor{s:02d}_{feature}" for s in range(1, 17) for feature in range(1, 9)]


def load_gas_drift() -> Recordings:
    """Load the UCI gas sensor array drift set: 16 sensors, 6 gases, ten batches in 36 months.

    Read from ``uci-gas-drift/batch*.dat`` in the data folder. These are features, not series: each
    cell has one row.

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time 1, channel 128), eight features of each sensor.
        ``target``: gas. ``groups``: batch 1 to 10, in order of time: train on early ones, test on
        late ones. ``table.attrs["ppm"]``: concentrations; ``target = "ppm"`` in ``[data]`` of a
        recipe predicts them.

    Raises
    ------
    FileNotFoundError
        If no batch is there.
    ValueError
        If one cannot be read.

    References
    ----------
    A. Vergara et al., Sensors and Actuators B 166 (2012) 320; I. Rodriguez-Lujan et al., Chemom.
    Intell. Lab. Syst. 130 (2014) 123; doi:10.24432/C5MK6M.

    Examples
    --------
    >>> recordings = load_gas_drift()  # doctest: +SKIP
    >>> early = recordings.take(recordings.groups == 1)  # doctest: +SKIP
    >>> early.table.shape, early.table["smell"].iloc[0].shape  # doctest: +SKIP
    ((445, 1), (1, 128))
    """
    folder = DATA_SET.find()
    files = {
        int(match[1]): path
        for path in folder.rglob("batch*.dat")
        if (match := re.fullmatch(r"batch(\d+)\.dat", path.name))
    }
    if not files:
        raise FileNotFoundError(f"{folder} has no batch1.dat and so on.")
    cells, gases, groups, ppm = [], [], [], []
    for batch in sorted(files):
        values, labels, level = read_drift(files[batch])
        cells += [sampled(row[None], [0.0], CHANNELS, units="1", name="smell") for row in values]
        gases += labels.tolist()
        groups += [batch] * len(values)
        ppm += level.tolist()
    table = make_table(smell=cells)
    table.attrs = DATA_SET.attributes(ppm=ppm)
    return Recordings(table, np.array(gases), np.array(groups))


DATA_SET = DataSet(
    name="uci-gas-drift",
    load=load_gas_drift,
    senses=("smell",),
    n_recordings=13910,
    licence="CC BY 4.0",
    citation="A. Vergara et al., Sensors and Actuators B 166 (2012) 320",
    split="groups are batches in order of time: train on early ones, test on late ones",
    source="https://archive.ics.uci.edu/dataset/270",
    files=(
        Remote(
            "uci-gas-drift/270.zip",
            "https://archive.ics.uci.edu/static/public/270/"
            "gas+sensor+array+drift+dataset+at+different+concentrations.zip",
            "sha1:385190f8143902b279d8592fa60d50126ccf9d7c", "uci-gas-drift/data",
        ),
    ),
)  # fmt: skip
fetch_gas_drift = fetching(DATA_SET)
