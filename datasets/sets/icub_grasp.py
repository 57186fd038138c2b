"""iCub grasp: fingertip taxels and finger joints of a robot hand, recorded together."""

import numpy as np

from mottle.datasets.downloads.archive import read_shipped
from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings, make_table, sampled

FINGERS = ("thumb", "index", "middle", "ring", "little")
TAXELS = [f"{finger}{taxel:02d}" for finger in FINGERS for taxel in range(12)]
JOINTS = [f"joint{joint}" for joint in range(7, 16)]
OBJECTS = (
    "none",
    "empty_vitamin_water",
    "med_vitamin_water",
    "full_vitamin_water",
    "empty_coke",
    "med_coke",
    "blue_bear",
    "monkey_toy",
    "book",
    "lotion",
)
TRAP = (
    "Absolute values reveal the session: the first frame alone, before anything is grasped, gives "
    "98 %. Subtract the first frame, as TaxelDrive(baseline='first') does."
)


def load_icub_grasp() -> Recordings:
    """Load 200 grasps of nine objects or nothing by the hand of an iCub; ships with the package.

    Returns
    -------
    Recordings
        200 rows = 10 classes x 20 trials, sorted by class, then trial. Columns, co-recorded:

        - ``touch``: `DataArray` (time, 60 taxels), pressure as 255 minus the raw reading, so 0 is
          none and pressure counts upward; raw counts, units "1"; 12 taxels a finger, thumb first.
        - ``joints``: `DataArray` (time, 9 encoders of joints 7 to 15), degree.

        4 to 22 steps. ``target``: object names. ``groups``: trial 1 to 20, recorded one
        after another: ``(groups - 1) // 4`` are five blocks of neighbours, the harder split.

    Notes
    -----
    Absolute values reveal the session: the first frame alone, before anything is grasped, gives
    98 %. Subtract the first frame, as ``TaxelDrive(baseline="first")`` does. The authors state no
    sampling time: ``time`` counts frames, one "second" each.

    The licence asks to keep the copyright information, which is in
    ``recordings/NOTICE-icub-grasp.txt``.

    References
    ----------
    H. Soh, Y. Su, Y. Demiris, IROS 2012; H. Soh, Y. Demiris, IEEE Trans. Haptics, 2014.

    Examples
    --------
    >>> table, target, groups = load_icub_grasp()
    >>> table.shape, table["touch"].iloc[0].shape, str(target[0])
    ((200, 2), (4, 60), 'none')
    """
    raw = read_shipped("icub_grasp.npz")
    order = np.lexsort((raw["trial"], raw["label"]))
    touch, joints, names = [], [], []
    for row in order:
        n_steps = int(raw["length"][row])  # the rest is padding
        time = np.arange(n_steps, dtype=np.float64)
        pressure = 255.0 - raw["taxels"][row, :n_steps]
        angle = raw["encoders"][row, :n_steps].astype(np.float64)
        touch.append(sampled(pressure, time, TAXELS, units="1", name="touch"))
        joints.append(sampled(angle, time, JOINTS, units="degree", name="joints"))
        names.append(f"{raw['names'][raw['label'][row]]}-{raw['trial'][row]:02d}")
    table = make_table(index=names, touch=touch, joints=joints)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, raw["names"][raw["label"][order]], raw["trial"][order].astype(int))


DATA_SET = DataSet(
    name="icub-grasp",
    load=load_icub_grasp,
    senses=("touch", "joints"),
    n_recordings=200,
    licence=(
        "Copyright 2012 Harold Soh; use and distribute freely, keep the copyright information"
    ),
    citation=(
        "H. Soh, Y. Su, Y. Demiris, Online Spatio-Temporal Gaussian Process Experts with "
        "Application to Tactile Classification, IROS 2012"
    ),
    split="groups are trials in order of time; five blocks of neighbours: (groups - 1) // 4",
    source="https://github.com/clear-nus/icub_grasp_dataset",
    shipped=True,
    attrs={
        "pairing": "co-recorded",
        "trap": TRAP,
        "time": "frames; the sampling time is not stated",
    },
)
