"""Ten foods of SmellNet, which ship with the package."""

from collections.abc import Sequence

import numpy as np

from mottle.datasets.downloads.archive import read_shipped
from mottle.datasets.record import DataSet
from mottle.datasets.sets import smellnet
from mottle.datasets.sets.smellnet import pick_channels, to_recordings
from mottle.datasets.table import Recordings


def load_smellnet_10(
    window: float | None = None, *, channels: str | Sequence[str] = "all"
) -> Recordings:
    """Load the cut of SmellNet that ships with the package: ten foods, five recordings each.

    Two foods of each of five kinds (nut, spice, herb, fruit, vegetable), the first by name among
    those in whose recordings no sensor was stuck; whole recordings, Benzene dropped.

    Parameters
    ----------
    window, channels
        As in `load_smellnet`.

    Returns
    -------
    Recordings
        As of `load_smellnet`, 50 rows; ``groups`` are 0 to 49.

    Examples
    --------
    >>> table, target, groups = load_smellnet_10(channels="gas", window=100)
    >>> table["smell"].iloc[0].shape, len(set(target))
    ((100, 6), 10)
    """
    raw = read_shipped("smellnet_10.npz")
    ends = np.cumsum(raw["n"])
    header = raw["channel"].tolist()
    values = raw["hundredths"].T / 100.0  # kept as whole hundredths, as precise as the CSV
    streams = [
        pick_channels(values[start:stop], header, channels)
        for start, stop in zip(ends - raw["n"], ends, strict=True)
    ]
    foods = raw["food"].tolist()
    return to_recordings(DATA_SET, raw["name"].tolist(), foods, streams, window, [])


DATA_SET = DataSet(
    name="smellnet-10",
    load=load_smellnet_10,
    senses=("smell",),
    n_recordings=50,
    licence=smellnet.DATA_SET.licence,
    citation=smellnet.DATA_SET.citation,
    split="groups keep windows of a recording together",
    source=smellnet.DATA_SET.source,
    shipped=True,
    attrs=smellnet.DATA_SET.attrs,
)
