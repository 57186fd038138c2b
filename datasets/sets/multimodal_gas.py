"""MultimodalGasData, its gas half: seven MQ sensors in four kinds of air."""

import numpy as np
import pandas as pd

from mottle.arrays import FLOATS
from mottle.checks import check_whole
from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings, make_table, sampled

MQ = ["MQ2", "MQ3", "MQ5", "MQ6", "MQ7", "MQ8", "MQ135"]
STEP_S = 2.0  # from row to row
N_PARTS = 10  # of a class's time


def load_multimodal_gas(window: int = 40) -> Recordings:
    """Load the gas half of MultimodalGasData: seven MQ sensors in four kinds of air.

    Read from ``multimodalgas-sensors/Gas_Sensors_Measurements.csv`` in the data folder: 1600 rows a
    class, in order of time, one every two seconds. They are one long recording a class: windows
    next to each other are nearly the same, so a random split tests on what was trained on.

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

    Examples
    --------
    >>> table, target, groups = load_multimodal_gas(window=40)  # doctest: +SKIP
    >>> table.shape, table["smell"].iloc[0].shape, sorted(set(target.tolist()))  # doctest: +SKIP
    ((160, 1), (40, 7), ['Mixture', 'NoGas', 'Perfume', 'Smoke'])
    """
    check_whole("window", window)
    path = DATA_SET.find("Gas_Sensors_Measurements.csv")
    frame = pd.read_csv(path, **FLOATS)
    if not {*MQ, "Gas"} <= set(frame.columns):
        raise ValueError(f"{path} has the columns {list(frame.columns)}, expected {[*MQ, 'Gas']}.")
    time = STEP_S * np.arange(window)
    cells, target, groups = [], [], []
    for gas, part in frame.groupby("Gas", sort=False):
        values = part[MQ].to_numpy(dtype=np.float64)
        for tenth, rows in enumerate(np.array_split(np.arange(len(values)), N_PARTS)):
            if window > len(rows):
                raise ValueError(
                    f"window={window} rows must be at most {len(rows)}, a tenth of a run."
                )
            for begin in range(0, len(rows) - window + 1, window):
                cut = values[rows[begin : begin + window]]
                cells.append(sampled(cut, time, MQ, units="1", name="smell"))
                target.append(str(gas))
                groups.append(tenth)
    table = make_table(smell=cells)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(target), np.array(groups))


DATA_SET = DataSet(
    name="multimodal-gas",
    load=load_multimodal_gas,
    senses=("smell",),
    n_recordings=160,
    licence="CC BY 4.0",
    citation="P. Narkhede et al., Data 7 (2022) 112",
    split="groups are tenths of a class's time: test on tenths that are not in training",
    source="https://doi.org/10.17632/zkwgkjkjn9.2",
    folder="multimodalgas-sensors",
    attrs={"trap": "one long run a class: split by group (time), never at random"},
)
