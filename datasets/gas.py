"""Gas sensor arrays of the UCI repository, and seven MQ sensors in four kinds of air."""

import re
from typing import Any

import numpy as np
import pandas as pd

from mottle.datasets.home import find_recordings, find_within
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.files import read_drift

UCI = "https://archive.ics.uci.edu/dataset/"
CC_BY = "CC BY 4.0"
MQ = ("MQ2", "MQ3", "MQ5", "MQ6", "MQ7", "MQ8", "MQ135")


def load_gas_drift() -> Recordings:
    """Load the UCI gas sensor array drift set: 16 sensors, 6 gases, ten batches in 36 months.

    Read from ``uci-gas-drift/batch*.dat`` in the data folder. These are features, not series: each
    cell has one row.

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time 1, channel 128), eight features of each sensor.
        ``target``: gas. ``groups``: batch 1 to 10, in order of time: train on early ones, test on
        late ones. ``table.attrs["ppm"]``: concentrations.

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
    """
    folder = find_recordings("uci-gas-drift", source=f"{UCI}270", licence=CC_BY)
    files = {
        int(match[1]): path
        for path in folder.rglob("batch*.dat")
        if (match := re.fullmatch(r"batch(\d+)\.dat", path.name))
    }
    if not files:
        raise FileNotFoundError(f"{folder} has no batch1.dat and so on.")
    channels = [f"sensor{s:02d}_{feature}" for s in range(1, 17) for feature in range(1, 9)]
    cells, gases, groups, ppm = [], [], [], []
    for batch in sorted(files):
        values, labels, level = read_drift(files[batch])
        cells += [sampled(row[None], [0.0], channels, units="1", name="smell") for row in values]
        gases += labels.tolist()
        groups += [batch] * len(values)
        ppm += level.tolist()
    table = make_table(smell=cells)
    table.attrs = {
        "name": "uci-gas-drift", "licence": CC_BY, "ppm": ppm,
        "citation": "A. Vergara et al., Sensors and Actuators B 166 (2012) 320",
    }  # fmt: skip
    return Recordings(table, np.array(gases), np.array(groups))


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
    """
    folder = find_recordings("dynamic-mixtures", source=f"{UCI}322", licence=CC_BY)
    smell, levels, found = [], [], []
    for gas in ("CO", "methane"):
        path = find_within(folder, f"ethylene_{gas}.txt")
        raw = pd.read_csv(path, sep=r"\s+", skiprows=1, header=None).to_numpy(dtype=np.float64)
        if raw.shape[1] != 19:
            raise ValueError(f"{path} has {raw.shape[1]} columns, expected 19.")
        raw = raw[np.concatenate([[True], np.diff(raw[:, 0]) > 0])]
        time, names = raw[:, 0], [f"sensor{k:02d}" for k in range(1, 17)]
        smell.append(sampled(raw[:, 3:], time, names, units="1", name="smell"))
        level = sampled(raw[:, 1:3], time, [gas, "ethylene"], units="ppm", name="concentration")
        levels.append(level)
        found.append(gas)
    table = make_table(index=found, smell=smell, concentration=levels)
    table.attrs = {
        "name": "dynamic-mixtures", "licence": CC_BY,
        "citation": "J. Fonollosa et al., Sensors and Actuators B 215 (2015) 618",
    }  # fmt: skip
    return Recordings(table, np.array(found), np.arange(len(found)))


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
    """
    folder = find_recordings("home-activity", source=f"{UCI}362", licence=CC_BY)
    about, data = (
        pd.read_csv(find_within(folder, f"HT_Sensor_{kind}.dat"), sep=r"\s+")
        for kind in ("metadata", "dataset")
    )
    channels = [f"R{k}" for k in range(1, 9)] + ["Temp.", "Humidity"]
    for frame, needed in ((about, ["id", "date", "class"]), (data, ["id", "time", *channels])):
        if not set(needed) <= set(frame.columns):
            raise ValueError(f"{folder}: columns {list(frame.columns)}, expected {needed}.")
    units = ["kOhm"] * 8 + ["degC", "%"]
    cells, names, target, days = [], [], [], []
    parts: Any = dict(list(data.groupby("id")))
    for _, row in about.iterrows():
        part = parts.get(row["id"])
        if part is None:  # a few inductions are listed without data
            continue
        part = part.sort_values("time", kind="stable").drop_duplicates("time")
        hours = part["time"].to_numpy(dtype=np.float64)
        values = part[channels].to_numpy(dtype=np.float64)
        cells.append(sampled(values, hours * 3600.0, channels, units=units, name="smell"))
        names.append(str(row["id"]))
        target.append(str(row["class"]))
        days.append(str(row["date"]))
    table = make_table(index=names, smell=cells)
    table.attrs = {
        "name": "home-activity", "licence": CC_BY,
        "citation": "R. Huerta et al., Chemom. Intell. Lab. Syst. 157 (2016) 169",
    }  # fmt: skip
    return Recordings(table, np.array(target), np.array(days))


def load_multimodal_gas(window: int = 40) -> Recordings:
    """Load the gas half of MultimodalGasData: seven MQ sensors in four kinds of air.

    Read from ``multimodalgas-sensors/Gas_Sensors_Measurements.csv`` in the data folder: 1600 rows a
    class, in order of time, one every two seconds. They are one long recording a class: windows
    next to each other are nearly the same, so a random split says nothing.

    Parameters
    ----------
    window : int, default=40
        Rows a recording is cut into.

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time, channel 7), ADC counts. ``target``: "NoGas", "Smoke",
        "Perfume" or "Mixture". ``groups``: tenth of the class's time, 0 to 9.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If it has other columns, or ``window`` is longer than a tenth.

    References
    ----------
    P. Narkhede et al., Data 7 (2022) 112; doi:10.17632/zkwgkjkjn9.2. CC BY 4.0.
    """
    path = find_recordings(
        "multimodalgas-sensors/Gas_Sensors_Measurements.csv",
        source="https://doi.org/10.17632/zkwgkjkjn9.2",
        licence=CC_BY,
    )
    frame = pd.read_csv(path)
    if not {*MQ, "Gas"} <= set(frame.columns):
        raise ValueError(f"{path} has the columns {list(frame.columns)}, expected {[*MQ, 'Gas']}.")
    cells, target, groups = [], [], []
    for gas, part in frame.groupby("Gas", sort=False):
        values = part[list(MQ)].to_numpy(dtype=np.float64)
        for tenth, rows in enumerate(np.array_split(np.arange(len(values)), 10)):
            if not 1 <= window <= len(rows):
                raise ValueError(
                    f"window={window} rows must be 1 to {len(rows)}, a tenth of a run."
                )
            for begin in range(0, len(rows) - window + 1, window):
                cut = values[rows[begin : begin + window]]
                time = 2.0 * np.arange(window)
                cells.append(sampled(cut, time, list(MQ), units="1", name="smell"))
                target.append(str(gas))
                groups.append(tenth)
    table = make_table(smell=cells)
    table.attrs = {
        "name": "multimodal-gas", "licence": CC_BY,
        "citation": "P. Narkhede et al., Data 7 (2022) 112",
        "trap": "one long run a class: split by group (time), never at random",
    }  # fmt: skip
    return Recordings(table, np.array(target), np.array(groups))
