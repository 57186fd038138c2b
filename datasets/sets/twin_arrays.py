"""Twin gas sensor arrays: five units of one design smell the same gases."""

from pathlib import Path

import numpy as np
import xarray as xr

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.folders import load_folder
from mottle.datasets.record import DataSet, FolderLayout, fetching
from mottle.datasets.table import Recordings, sampled

GASES = {"GCO": "CO", "GEa": "ethanol", "GEy": "ethylene", "GMe": "methane"}
N_SENSORS = 8


def load_twin_arrays() -> Recordings:
    """Load UCI twin gas sensor arrays: four gases, ten levels, five units of one design.

    Read from ``twin-arrays`` in the data folder (``B1_GEa_F010_R1.txt`` and so on).

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time, channel 8) at 100 Hz, 600 s. ``target``: gas.
        ``groups``: unit "B1" to "B5", so that `GroupKFold` tests on a unit that is not in training;
        ``table.attrs["level"]``: the level of each row, in tenths of the highest but one digit, as
        in the file names.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    J. Fonollosa et al., Sensors and Actuators B 236 (2016) 1044; doi:10.24432/C5MW3K. CC BY 4.0.

    Examples
    --------
    >>> recordings = load_twin_arrays()  # doctest: +SKIP
    >>> other_unit = recordings.take(recordings.groups == "B5")  # doctest: +SKIP
    """
    return load_folder(DATA_SET)


def read_array(path: Path) -> xr.DataArray:
    """Read one recording: time in second, then eight sensors, separated by tabs or spaces."""
    raw = np.loadtxt(path, ndmin=2)
    if raw.shape[1] != 1 + N_SENSORS:
        raise ValueError(f"{path} has {raw.shape[1]} columns, expected time and 8 sensors.")
    rises = np.concatenate([[True], np.diff(raw[:, 0]) > 0])
    raw = raw[rises & np.isfinite(raw).all(axis=1)]
    names = [f"sensor{k}" for k in range(1, 1 + N_SENSORS)]
    return sampled(raw[:, 1:], raw[:, 0], names, units="kOhm", name="smell")


DATA_SET = DataSet(
    name="twin-arrays",
    load=load_twin_arrays,
    senses=("smell",),
    n_recordings=640,
    licence="CC BY 4.0",
    citation=(
        "J. Fonollosa, L. Fernandez, A. Gutierrez-Galvez, R. Huerta, S. Marco, Calibration "
        "transfer and drift counteraction in chemical sensor arrays using Direct Standardization, "
        "Sensors and Actuators B 236 (2016) 1044"
    ),
    split="groups are units B1 to B5: test on a unit that is not in training",
    source="https://archive.ics.uci.edu/dataset/361",
    files=(
        Remote(
            "twin-arrays/361.zip",
            "https://archive.ics.uci.edu/static/public/361/twin+gas+sensor+arrays.zip",
            "sha1:a235ab3cf55685fc8346eafea3f18e080adb77a3", "twin-arrays/data",
        ),
    ),
    layout=FolderLayout(
        pattern=r"(?P<group>B[1-5])_(?P<target>GCO|GEa|GEy|GMe)_F(?P<level>\d+)_R\d+\.txt$",
        read=read_array,
        target=lambda match: GASES[match["target"]],
        group=lambda match: match["group"],
        also=("level",),
    ),
)  # fmt: skip
fetch_twin_arrays = fetching(DATA_SET)
