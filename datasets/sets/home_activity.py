"""Gas sensors for home activity monitoring: wine, bananas or neither, for two years."""

from typing import Any

import numpy as np
import pandas as pd

from mottle.arrays import FLOATS
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.downloads.home import find_within
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table, sampled

CHANNELS = [*(f"R{k}" for k in range(1, 9)), "Temp.", "Humidity"]
UNITS = [*["kOhm"] * 8, "degC", "%"]


def load_home_activity() -> Recordings:
    """Load UCI home activity: wine, banana or nothing smelt in a home for two years.

    Read from ``home-activity`` in the data folder (``HT_Sensor_dataset.dat`` and
    ``HT_Sensor_metadata.dat``).

    Returns
    -------
    Recordings
        A row an induction. Column ``smell``: `DataArray` (time, channel 10): eight MOX sensors in
        kOhm, temperature in degC, humidity in %; time in second, 0 at the stimulus. ``target``:
        "wine", "banana" or "background". ``groups``: day of the recording.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If they have other columns.

    References
    ----------
    R. Huerta et al., Online decorrelation of humidity and temperature in chemical sensors for
    continuous monitoring, Chemom. Intell. Lab. Syst. 157 (2016) 169.

    Examples
    --------
    >>> table, target, groups = load_home_activity()  # doctest: +SKIP
    >>> stimulated = table["smell"].iloc[0].sel(time=slice(0, None))  # doctest: +SKIP
    """
    folder = DATA_SET.find()
    about, data = (
        pd.read_csv(find_within(folder, f"HT_Sensor_{kind}.dat"), sep=r"\s+", **FLOATS)
        for kind in ("metadata", "dataset")
    )
    for frame, needed in ((about, ["id", "date", "class"]), (data, ["id", "time", *CHANNELS])):
        if not set(needed) <= set(frame.columns):
            raise ValueError(f"{folder}: columns {list(frame.columns)}, expected {needed}.")
    cells, names, target, days = [], [], [], []
    parts: Any = dict(list(data.groupby("id")))
    for _, row in about.iterrows():
        part = parts.get(row["id"])
        if part is None:  # a few inductions are listed without data
            continue
        part = part.sort_values("time", kind="stable").drop_duplicates("time")
        hours = part["time"].to_numpy(dtype=np.float64)
        values = part[CHANNELS].to_numpy(dtype=np.float64)
        cells.append(sampled(values, hours * 3600.0, CHANNELS, units=UNITS, name="smell"))
        names.append(str(row["id"]))
        target.append(str(row["class"]))
        days.append(str(row["date"]))
    table = make_table(index=names, smell=cells)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(target), np.array(days))


DATA_SET = DataSet(
    name="home-activity",
    load=load_home_activity,
    senses=("smell",),
    n_recordings=100,
    licence="CC BY 4.0",
    citation="R. Huerta et al., Chemom. Intell. Lab. Syst. 157 (2016) 169",
    split="groups are days: test on days that are not in training",
    source="https://archive.ics.uci.edu/dataset/362",
    files=(
        Remote(
            "home-activity/362.zip",
            "https://archive.ics.uci.edu/static/public/362/"
            "gas+sensors+for+home+activity+monitoring.zip",
            "sha1:34101ca24e556dc14a6ee1e2910111ed49c0e6ce", "home-activity/data",
        ),
    ),
)  # fmt: skip
fetch_home_activity = fetching(DATA_SET)
