"""SmellNet: fifty foods before a board of gas and climate sensors, one row a second."""

import csv
import io
from collections.abc import Sequence
from zipfile import ZipFile

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.checks import check_number, check_option
from mottle.datasets.downloads.archive import matching_members, read_member
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.streams import opening_keys, seconds_of, with_opening

GAS = ("NO2", "C2H5OH", "VOC", "CO", "Alcohol", "LPG")
CLIMATE = ("Temperature", "Pressure", "Humidity", "Gas_Resistance", "Altitude")
UNITS = {
    **dict.fromkeys((*GAS, "Benzene"), "1"),  # counts of the sensor modules
    "Temperature": "degC",
    "Pressure": "hPa",
    "Humidity": "%",
    "Gas_Resistance": "kOhm",
    "Altitude": "m",
}
MISSPELT = {"C2H50H": "C2H5OH"}  # a zero for the letter O
LARGEST = 2**20  # bytes of one CSV; the largest of the set has 44457
TRAP = (
    "Pressure, altitude, temperature and humidity reveal the day of the recording, not the food, "
    "and the climate sensor was stuck in some foods: channels='gas' leaves them out. Benzene "
    "overflows (2**32 - 1) in a third of the rows."
)
SOURCE = "https://huggingface.co/datasets/DeweiFeng/smell-net"


def load_smellnet(
    window: float | None = None, *, channels: str | Sequence[str] = "all", part: str = "train"
) -> Recordings:
    """Load the 250 training recordings of SmellNet: 50 foods, five each; or the official test part.

    Read straight from ``smellnet/offline_training.zip`` (or ``offline_testing.zip``) in the data
    folder (`data_home`).

    Parameters
    ----------
    window : float, optional
        Cut each recording into windows of this many seconds, without overlap, each starting at
        time 0; what is left at the end is dropped.
    channels : "all", "gas" or sequence of str, default="all"
        "all" is every channel but Benzene, which overflows in a third of the rows; "gas" the six
        sensors NO2, C2H5OH, VOC, CO, Alcohol and LPG; or names, in the order wanted.
    part : {"train", "test"}, default="train"
        Which archive.

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time, channel) at 1 Hz, 517 to 808 rows, in the units of the
        coordinate ``unit`` (gas sensors: raw counts, "1"). Sorted by food, then file name.
        ``target``: food. ``groups``: recording 0 to 249, which keeps windows of one recording
        together. ``table.attrs["repaired"]``: files whose header spelt C2H5OH with a zero.

    Raises
    ------
    FileNotFoundError
        If the archive is not there.
    ValueError
        If a channel or part is unknown, a file broken, or no recording is as long as ``window``.

    Notes
    -----
    The five recordings of a food were mostly taken in one session. The means of Pressure vary (one
    standard deviation) by 6 hPa between foods and by 0.3 hPa within one, and in nine foods (and
    four recordings of angelica) the climate sensor is stuck: a classifier with these channels
    recognises the day. Use ``channels="gas"`` when the question is about smell.

    References
    ----------
    D. Feng et al., arXiv:2506.00239 (2025); CC BY 4.0.

    Examples
    --------
    >>> table, target, groups = load_smellnet(window=100, channels="gas")  # doctest: +SKIP
    >>> table["smell"].iloc[0].shape, len(set(target)), len(set(groups))  # doctest: +SKIP
    ((100, 6), 50, 250)
    """
    check_option("part", part, ("train", "test"))
    path = DATA_SET.find(f"offline_{part}ing.zip")
    foods, names, streams, repaired = [], [], [], []
    with ZipFile(path) as archive:
        members = matching_members(
            archive, rf"offline_{part}ing/(\w+)/([\w.-]+)\.csv", limit=LARGEST
        )
        for member, match in sorted(members, key=lambda found: found[0].filename):
            header, values = _read_csv(read_member(archive, member), member.filename)
            if any(name in MISSPELT for name in header):
                header = [MISSPELT.get(name, name) for name in header]
                repaired.append(member.filename)
            streams.append(pick_channels(values, header, channels))
            foods.append(match[1])
            names.append(match[2].removesuffix(".csv"))
    return to_recordings(DATA_SET, names, foods, streams, window, repaired)


def split_windows(stream: xr.DataArray, n_rows: int) -> list[xr.DataArray]:
    """Cut a stream into windows of ``n_rows`` rows, each from time 0 on; drop the rest."""
    windows, opening = [], opening_keys(stream, seconds_of(stream, "the recording"))
    for start in range(0, stream.sizes["time"] - n_rows + 1, n_rows):
        part = stream.isel(time=slice(start, start + n_rows))
        time = part["time"] - part["time"][0]
        part = part.assign_coords(time=("time", time.to_numpy(), {"units": "s"}))
        windows.append(with_opening(part, opening))
    return windows


def _read_csv(raw: bytes, name: str) -> tuple[list[str], NDArray[np.float64]]:
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    header = [cell.strip() for cell in rows[0]] if rows else []
    try:
        values = np.array(rows[1:], dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"{name} is no table of numbers: {error}") from None
    if values.ndim != 2 or values.shape[1] != len(header):
        raise ValueError(f"{name} has {len(header)} names over values of shape {values.shape}")
    return header, values


def pick_channels(
    values: NDArray[np.float64], header: Sequence[str], channels: str | Sequence[str]
) -> xr.DataArray:
    """Return the channels wanted of one recording: "all", "gas", or a list of names."""
    if isinstance(channels, str):
        check_option("channels", channels, ("all", "gas"))
        wanted = [name for name in header if name != "Benzene"] if channels == "all" else list(GAS)
    else:
        wanted = list(channels)
    for name in wanted:
        if name not in header:
            raise ValueError(f"channels: {name!r} is not there, only {', '.join(header)}")
    kept = values[:, [header.index(name) for name in wanted]]
    units = [UNITS.get(name, "unknown") for name in wanted]
    return sampled(kept, np.arange(len(kept)), wanted, units=units, name="smell")


def to_recordings(
    known: DataSet,
    names: Sequence[str],
    foods: Sequence[str],
    streams: Sequence[xr.DataArray],
    window: float | None,
    repaired: list[str],
) -> Recordings:
    """Return the table of foods, cut into windows where they are wanted."""
    rows = [(at, stream, names[at]) for at, stream in enumerate(streams)]
    if window is not None:
        check_number("window", window, "s", least=1, why=": a row is one second")
        rows = [
            (at, part, f"{names[at]}-{place}")
            for at, stream in enumerate(streams)
            for place, part in enumerate(split_windows(stream, round(window)))
        ]
        if not rows:
            longest = max(stream.sizes["time"] for stream in streams)
            raise ValueError(f"window={window} s is longer than every recording ({longest} s)")
    table = make_table(index=[row[2] for row in rows], smell=[row[1] for row in rows])
    table.attrs = known.attributes(repaired=repaired)
    groups = np.array([row[0] for row in rows])
    return Recordings(table, np.array(foods)[groups], groups)


DATA_SET = DataSet(
    name="smellnet",
    load=load_smellnet,
    senses=("smell",),
    n_recordings=250,
    licence="CC BY 4.0",
    citation=(
        "D. Feng et al., SMELLNET: A Large-scale Dataset for Real-world Smell Recognition, "
        "arXiv:2506.00239 (2025)"
    ),
    split="part='test' is the official test part; groups keep windows of a recording together",
    source=SOURCE,
    files=(
        Remote(
            "smellnet/offline_training.zip", f"{SOURCE}/resolve/main/data/offline_training.zip",
            "sha256:5ccd81e60a5ada6a61c56efd784d08ccd061ce40121fe6ac02a2fd9eaeea946a",
        ),
        Remote(
            "smellnet/offline_testing.zip", f"{SOURCE}/resolve/main/data/offline_testing.zip",
            "sha256:8d45a06371582c4eef3bfcb91ed9517f7e9680f5d25bcc17a67fe671e1b5e289",
        ),
    ),
    attrs={"trap": TRAP},
)  # fmt: skip
fetch_smellnet = fetching(DATA_SET)
