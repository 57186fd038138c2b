"""The recordings of the demo: what ships with the package, joined into two tasks."""

import numpy as np
import xarray as xr

from mottle.checks import check_option
from mottle.datasets.generated.grasp import make_grasp
from mottle.datasets.record import DataSet
from mottle.datasets.sets.icub_grasp import OBJECTS, load_icub_grasp
from mottle.datasets.sets.nmnist_100 import load_nmnist_100
from mottle.datasets.sets.smellnet import split_windows
from mottle.datasets.sets.smellnet_10 import load_smellnet_10
from mottle.datasets.table import Recordings, label_paired, make_table

TASKS = ("senses", "grasp", "touch")
ESTIMATED = ("contact", "normal", "tangential", "slip")  # of a generated grasp, step by step


def load_demo(task: str = "senses") -> Recordings:
    """Load the recordings of the demo, which ship with the package.

    Parameters
    ----------
    task : {"senses", "grasp", "touch"}, default="senses"
        "grasp" is `load_icub_grasp`: touch and joints, recorded together. "senses" is sight
        (N-MNIST), touch (iCub) and smell (SmellNet, the six gas sensors), ten classes:
        label-paired, not co-recorded. "touch" is `make_grasp`: grasps that are generated, with
        the truth of every step.

    Returns
    -------
    Recordings
        "grasp": 200 rows, columns ``touch`` and ``joints``, groups are trials 1 to 20.

        "senses": 100 rows, ten a class, columns ``sight``, ``touch`` and ``smell``; five groups of
        20 rows. Digit k meets object k and food k: ``target`` reads "0 / none / allspice" and
        ``table.attrs["classes"]`` lists all ten. In group g of each class, sight are digits 2g and
        2g + 1 of its ten, touch the first two of trials 4g + 1 to 4g + 4, smell the first and the
        second half of recording g.

        "touch": 20 rows, column ``finger`` (vibration, then 16 taxels, at 1 kHz); ``target``
        (recording, time, 4) are contact, normal and tangential force in N, and slip; groups are
        five materials.

    Raises
    ------
    ValueError
        If ``task`` is none of these.

    Examples
    --------
    >>> table, target, groups = load_demo()
    >>> table.shape, table.attrs["pairing"]
    ((100, 3), 'label-paired, not co-recorded')
    """
    check_option("task", task, TASKS)
    if task == "grasp":
        return load_icub_grasp()
    if task == "touch":
        return _grasps()
    return label_paired(
        classes={"touch": OBJECTS},
        sight=load_nmnist_100(),
        touch=load_icub_grasp().senses("touch"),
        smell=_halves(load_smellnet_10(channels="gas")),
    )


def _grasps() -> Recordings:
    """Return generated grasps: the samples of a finger, and what is to be known at every step."""
    table, _, groups = make_grasp(20, n_materials=5, random_state=0)
    fingers = [xr.concat([row["vibration"], row["skin"]], "channel") for _, row in table.iterrows()]
    steps = xr.concat(table.attrs["truth"]["steps"], "recording")
    found = make_table(finger=fingers)
    found.attrs = {key: table.attrs[key] for key in ("name", "licence")}
    return Recordings(found, steps.sel(channel=list(ESTIMATED)).to_numpy(), groups)


def _halves(recordings: Recordings) -> Recordings:
    """Cut every recording into its first and its second half, which keep its group."""
    cells = [
        half
        for stream in recordings.table["smell"]
        for half in split_windows(stream, stream.sizes["time"] // 2)
    ]
    table = make_table(smell=cells)
    table.attrs = recordings.table.attrs
    return Recordings(table, np.repeat(recordings.target, 2), np.repeat(recordings.groups, 2))


DATA_SET = DataSet(
    name="demo",
    load=load_demo,
    senses=("sight", "touch", "smell"),
    n_recordings=100,
    licence="see its parts",
    citation="see its parts",
    split="five groups, no recording of any sense in two of them; by task=, 'grasp' or 'touch'",
    shipped=True,
)
