"""Gas sensors under dynamic gas mixtures: two runs of twelve hours with their concentrations."""

import numpy as np
import pandas as pd

from mottle.arrays import FLOATS
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.downloads.home import find_within
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table, sampled

GASES = ("CO", "methane")
N_SENSORS = 16


def load_dynamic_mixtures() -> Recordings:
    """Load UCI gas sensors under dynamic mixtures: two runs of twelve hours at 100 Hz.

    Read from ``dynamic-mixtures/ethylene_CO.txt`` and ``ethylene_methane.txt`` in the data folder.

    Returns
    -------
    Recordings
        Two rows. Column ``smell``: `DataArray` (time, channel 16), in the units of the files.
        Column ``concentration``: (time, channel 2) in ppm, what is to be predicted. ``target``: the
        second gas, "CO" or "methane"; ``groups``: 0, 1. Rows whose time does not rise are left out.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If one has other columns.

    References
    ----------
    J. Fonollosa et al., Reservoir computing compensates slow response of chemosensor arrays exposed
    to fast varying gas concentrations, Sensors and Actuators B 215 (2015) 618; doi:10.24432/C5WP4C.

    Examples
    --------
    >>> table, target, groups = load_dynamic_mixtures()  # doctest: +SKIP
    >>> smell, ppm = table["smell"].iloc[0], table["concentration"].iloc[0]  # doctest: +SKIP
    """
    folder = DATA_SET.find()
    smell, levels = [], []
    for gas in GASES:
        path = find_within(folder, f"ethylene_{gas}.txt")
        raw = pd.read_csv(path, sep=r"\s+", skiprows=1, header=None, **FLOATS).to_numpy(
            dtype=np.float64
        )
        if raw.shape[1] != 3 + N_SENSORS:
            raise ValueError(f"{path} has {raw.shape[1]} columns, expected {3 + N_SENSORS}.")
        raw = raw[np.concatenate([[True], np.diff(raw[:, 0]) > 0])]
        time, names = raw[:, 0], [f"sensor{k:02d}" for k in range(1, 1 + N_SENSORS)]
        smell.append(sampled(raw[:, 3:], time, names, units="1", name="smell"))
        level = sampled(raw[:, 1:3], time, [gas, "ethylene"], units="ppm", name="concentration")
        levels.append(level)
    table = make_table(index=GASES, smell=smell, concentration=levels)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(GASES), np.arange(len(GASES)))


DATA_SET = DataSet(
    name="dynamic-mixtures",
    load=load_dynamic_mixtures,
    senses=("smell", "concentration"),
    n_recordings=2,
    licence="CC BY 4.0",
    citation="J. Fonollosa et al., Sensors and Actuators B 215 (2015) 618",
    split="two long runs: split each in time",
    source="https://archive.ics.uci.edu/dataset/322",
    files=(
        Remote(
            "dynamic-mixtures/322.zip",
            "https://archive.ics.uci.edu/static/public/322/"
            "gas+sensor+array+under+dynamic+gas+mixtures.zip",
            "sha1:12dd9c43e621d56b53f2f8894dddd6e410283d47", "dynamic-mixtures/data",
        ),
    ),
)  # fmt: skip
fetch_dynamic_mixtures = fetching(DATA_SET)
