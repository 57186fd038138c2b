"""DVS128 Gesture: hand and arm gestures before an event camera."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.folders import load_folder, published_part
from mottle.datasets.record import DataSet, FolderLayout, fetching
from mottle.datasets.table import Recordings
from mottle.events import EVENT_DTYPE

GESTURES = (
    "hand_clapping", "right_hand_wave", "left_hand_wave", "right_arm_clockwise",
    "right_arm_counter_clockwise", "left_arm_clockwise", "left_arm_counter_clockwise", "arm_roll",
    "air_drums", "air_guitar", "other_gestures",
)  # fmt: skip


def load_dvs_gesture() -> Recordings:
    """Load DVS128 Gesture: eleven gestures of 29 people under three lights.

    Read from ``dvs-gesture/ibmGestureTrain`` and ``ibmGestureTest`` in the data folder, as unpacked
    from the archives (one npy a gesture); `fetch` brings them.

    Returns
    -------
    Recordings
        Column ``sight``: event streams of 128 x 128 pixels. ``target``: name of the gesture.
        ``groups``: "train" or "test" as published, which are different people;
        ``table.attrs["subject"]`` names the person of each row.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    A. Amir et al., CVPR 2017. CC BY 4.0.

    Examples
    --------
    >>> recordings = load_dvs_gesture()  # doctest: +SKIP
    >>> train = recordings.take(recordings.groups == "train")  # doctest: +SKIP
    """
    return load_folder(DATA_SET)


def read_gesture(path: Path) -> NDArray[np.void]:
    """Read one gesture: columns x, y, p and t, the last in milliseconds."""
    raw = np.load(path, allow_pickle=False)
    if raw.ndim != 2 or raw.shape[1] != 4:
        raise ValueError(f"{path} has shape {raw.shape}, expected (n_events, 4): x, y, p, t.")
    order = np.argsort(raw[:, 3], kind="stable")
    events = np.zeros(len(raw), dtype=EVENT_DTYPE)
    events["x"], events["y"], events["p"] = (raw[order, k] for k in range(3))
    events["t"] = np.round(raw[order, 3].astype(np.float64) * 1e3)
    return events


DATA_SET = DataSet(
    name="dvs-gesture",
    load=load_dvs_gesture,
    senses=("sight",),
    n_recordings=1341,
    licence="CC BY 4.0",
    citation=(
        "A. Amir et al., A Low Power, Fully Event-Based Gesture Recognition System, CVPR 2017"
    ),
    split="as published: the people of 'train' and 'test' differ",
    source="https://research.ibm.com/dvsgesture/",
    files=(
        Remote(
            "dvs-gesture/ibmGestureTrain.tar.gz", "https://figshare.com/ndownloader/files/38022171",
            "md5:3a8f0d4120a166bac7591f77409cb105", "dvs-gesture/ibmGestureTrain",
        ),
        Remote(
            "dvs-gesture/ibmGestureTest.tar.gz", "https://figshare.com/ndownloader/files/38020584",
            "md5:56070e45dadaa85fff82e0fbfbc06de5", "dvs-gesture/ibmGestureTest",
        ),
    ),
    layout=FolderLayout(
        pattern=(
            r"^ibmGesture(?P<group>Train|Test)/(?:\w+/)?"
            r"(?P<subject>user\d+)_(?P<light>\w+)/(?P<target>\d+)\.npy$"
        ),
        read=read_gesture,
        target=lambda match: GESTURES[int(match["target"])],
        group=published_part,
        also=("subject", "light"),
    ),
    attrs={"sensor_size": [128, 128]},
)  # fmt: skip
fetch_dvs_gesture = fetching(DATA_SET)
