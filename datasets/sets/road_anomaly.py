"""Road anomalies: the vertical acceleration of cars over five kinds of road."""

from typing import Any

import numpy as np

from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings, make_table, sampled

RATE_HZ = 50


def load_road_anomaly() -> Recordings:
    """Load 400 recordings of a car's vertical acceleration over bumps, potholes and plain road.

    Read from ``road-anomaly/data`` of the data folder (`data_home`): a folder a class, a csv file a
    recording.

    Returns
    -------
    Recordings
        Column ``car``: `DataArray` (time 59 to 378, channel 1), m/s^2, 50 Hz. ``target``: names of
        the folders. ``groups``: the number of the recording, since neither vehicle nor driver is
        known.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a file does not hold one column ``acc_z`` of finite numbers.

    References
    ----------
    L. C. Gonzalez, R. Moreno, H. J. Escalante, F. Martinez, M. R. Carlos, Learning Roadway Surface
    Disruption Patterns Using the Bag of Words Representation, IEEE TITS 18 (2017) 2916,
    doi:10.1109/TITS.2017.2662483. No licence stated.

    Examples
    --------
    >>> table, target, groups = load_road_anomaly()  # doctest: +SKIP
    >>> table.shape, table["car"].iloc[0].dims  # doctest: +SKIP
    ((400, 1), ('time', 'channel'))
    """
    folder = DATA_SET.find("data")
    paths = sorted(folder.glob("*/*.csv"))
    if not paths:
        raise FileNotFoundError(f"{folder} has no csv file in a folder a class; fetch it again.")
    cells = [read_acceleration(path) for path in paths]
    table = make_table(index=[path.stem for path in paths], car=cells)
    table.attrs = DATA_SET.attributes(
        trap="Vehicle and driver are not recorded: recordings of one drive may be in both parts."
    )
    return Recordings(table, np.array([path.parent.name for path in paths]), np.arange(len(paths)))


def read_acceleration(path: Any) -> Any:
    """Return the acceleration of one file."""
    head, *rows = path.read_text(encoding="utf-8").split()
    try:
        values = np.array(rows, dtype=np.float64)
    except ValueError:
        values = np.array([np.nan])
    if head != "acc_z" or not rows or not np.isfinite(values).all():
        raise ValueError(f"{path}: expected a column 'acc_z' of finite numbers, m/s^2.")
    time = np.arange(len(values)) / RATE_HZ
    return sampled(values[:, np.newaxis], time, ["acc_z"], units="m/s^2", name="car")


DATA_SET = DataSet(
    name="road-anomaly",
    load=load_road_anomaly,
    senses=("car",),
    n_recordings=400,
    licence="none stated: use it, do not pass it on",
    citation=(
        "L. C. Gonzalez et al., Learning Roadway Surface Disruption Patterns Using the Bag of "
        "Words Representation, IEEE TITS 18 (2017) 2916, doi:10.1109/TITS.2017.2662483"
    ),
    split="stratified folds: vehicle and driver are not known, so that no groups can be held out",
    source="https://www.accelerometer.xyz/datasets/",
)
