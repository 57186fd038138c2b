"""Sets published as one file a recording: the label and what must not be split are in the names."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.datasets.disk import file_hash
from mottle.datasets.home import find_recordings
from mottle.datasets.listing import Listing
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.files import read_events, read_samples
from mottle.sensors.streams import EVENT_DTYPE


class FolderSet(NamedTuple):
    """How a set lies on disk: folder, pattern of its files, what a file and a name mean.

    ``pattern`` names the groups ``target`` and ``group``; ``also`` names further ones, which become
    lists in the table's attributes. ``read`` turns a path into a stream.
    """

    name: str
    folder: str
    pattern: str
    sense: str
    read: Callable[[Path], Any]
    source: str
    licence: str
    citation: str
    group: Callable[[re.Match[str]], Any]
    target: Callable[[re.Match[str]], Any]
    also: tuple[str, ...] = ()
    attrs: dict[str, Any] = {}  # noqa: RUF012 (read only)


def list_folder(form: FolderSet, folder: Path | None = None) -> Listing:
    """List the recordings of a set on disk, in the order of their paths."""
    if folder is None:
        folder = find_recordings(form.folder, source=form.source, licence=form.licence)
    names = sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*") if f.is_file())
    found = [(name, match) for name in names if (match := re.search(form.pattern, name))]
    if not found:
        raise ValueError(
            f"{folder} holds no recording of {form.name} (names like '{form.pattern}'); is it "
            "another set?"
        )
    paths = [folder / name for name, _ in found]

    def read(row: int) -> dict[str, Any]:
        return {form.sense: form.read(paths[row])}

    attrs = {"name": form.name, "licence": form.licence, "citation": form.citation, **form.attrs}
    attrs |= {key: [match[key] for _, match in found] for key in form.also}
    return Listing(
        [name for name, _ in found],
        np.array([form.target(match) for _, match in found]),
        np.array([form.group(match) for _, match in found]),
        read,
        lambda row: file_hash(paths[row]),
        attrs,
        {"set": form.name},
    )


def read_all(listing: Listing) -> Recordings:
    """Read every recording of a listing into a table."""
    rows = [listing.read(row) for row in range(len(listing.names))]
    cells: dict[str, list[Any]] = {sense: [row[sense] for row in rows] for sense in rows[0]}
    table = make_table(index=listing.names, **cells)
    table.attrs = dict[Any, Any](listing.attrs)
    n = np.arange(len(rows))
    return Recordings(
        table,
        n if listing.target is None else listing.target,
        n if listing.groups is None else listing.groups,
    )


def _part(match: re.Match[str]) -> str:
    return match["group"].lower()


def _gesture(path: Path) -> NDArray[np.void]:
    """Columns x, y, p and t, the last in milliseconds."""
    raw = np.load(path, allow_pickle=False)
    if raw.ndim != 2 or raw.shape[1] != 4:
        raise ValueError(f"{path} has shape {raw.shape}, expected (n_events, 4): x, y, p, t.")
    order = np.argsort(raw[:, 3], kind="stable")
    events = np.zeros(len(raw), dtype=EVENT_DTYPE)
    events["x"], events["y"], events["p"] = (raw[order, k] for k in range(3))
    events["t"] = np.round(raw[order, 3].astype(np.float64) * 1e3)
    return events


def _twin(path: Path) -> xr.DataArray:
    """Time in second, then eight sensors, parted by tabs or spaces."""
    raw = np.loadtxt(path, ndmin=2)
    if raw.shape[1] != 9:
        raise ValueError(f"{path} has {raw.shape[1]} columns, expected time and 8 sensors.")
    rises = np.concatenate([[True], np.diff(raw[:, 0]) > 0])
    raw = raw[rises & np.isfinite(raw).all(axis=1)]
    names = [f"sensor{k}" for k in range(1, 9)]
    return sampled(raw[:, 1:], raw[:, 0], names, units="kOhm", name="smell")


DIGITS = FolderSet(
    "nmnist", "nmnist",
    r"^(?P<group>Train|Test)/(?:Train/|Test/)?(?P<target>[0-9])/\d+\.bin$", "sight",
    lambda path: read_events(path, format="nmnist", sensor_size=(34, 34)).events,
    "https://doi.org/10.17632/468j46mzdv.1", "CC BY-SA 4.0",
    "G. Orchard, A. Jayawant, G. Cohen, N. Thakor, Converting Static Image Datasets to Spiking "
    "Neuromorphic Datasets Using Saccades, Front. Neurosci. 9 (2015) 437",
    _part, lambda match: int(match["target"]), attrs={"sensor_size": [34, 34]},
)  # fmt: skip
GESTURES = (
    "hand_clapping", "right_hand_wave", "left_hand_wave", "right_arm_clockwise",
    "right_arm_counter_clockwise", "left_arm_clockwise", "left_arm_counter_clockwise", "arm_roll",
    "air_drums", "air_guitar", "other_gestures",
)  # fmt: skip
DVS_GESTURE = FolderSet(
    "dvs-gesture", "dvs-gesture",
    r"^ibmGesture(?P<group>Train|Test)/(?:\w+/)?(?P<subject>user\d+)_(?P<light>\w+)/(?P<target>\d+)\.npy$",
    "sight", _gesture, "https://research.ibm.com/dvsgesture/", "CC BY 4.0",
    "A. Amir et al., A Low Power, Fully Event-Based Gesture Recognition System, CVPR 2017",
    _part, lambda match: GESTURES[int(match["target"])], ("subject", "light"),
    {"sensor_size": [128, 128]},
)  # fmt: skip
N_CARS = FolderSet(
    "n-cars", "n-cars", r"(?P<group>train|test)/(?P<target>cars|background)/[^/]+\.dat$", "sight",
    lambda path: read_events(path, format="dat").events,
    "https://www.prophesee.ai/dataset-n-cars/", "as stated by Prophesee: research only",
    "A. Sironi et al., HATS: Histograms of Averaged Time Surfaces for Robust Event-Based Object "
    "Classification, CVPR 2018",
    _part, lambda match: match["target"],
)  # fmt: skip
ST_MNIST = FolderSet(
    "st-mnist", "st-mnist", r"(?:^|/)(?P<target>[0-9])/(?P<group>[^/]+?)(?:_?\d+)?\.mat$", "touch",
    lambda path: read_events(path, format="stmnist").events,
    "https://www.benjamintee.com/stmnist.html (a form)", "CC BY 4.0, as its authors state",
    "H. H. See et al., ST-MNIST: The Spiking Tactile MNIST Neuromorphic Dataset, arXiv:2005.04319 "
    "(2020)",
    lambda match: match["group"], lambda match: int(match["target"]),
    attrs={"sensor_size": [10, 10]},
)  # fmt: skip
FSDD = FolderSet(
    "fsdd", "fsdd", r"(?:^|/)(?P<target>\d)_(?P<speaker>[a-z]+)_(?P<take>\d+)\.wav$", "sound",
    lambda path: read_samples(path).rename("sound"),
    "https://github.com/Jakobovski/free-spoken-digit-dataset", "CC BY-SA 4.0",
    "Z. Jackson et al., Free Spoken Digit Dataset, doi:10.5281/zenodo.1342401",
    lambda match: "test" if int(match["take"]) < 5 else "train", lambda match: int(match["target"]),
    ("speaker",),
)  # fmt: skip
GASES = {"GCO": "CO", "GEa": "ethanol", "GEy": "ethylene", "GMe": "methane"}
TWIN_ARRAYS = FolderSet(
    "twin-arrays", "twin-arrays",
    r"(?P<group>B[1-5])_(?P<target>GCO|GEa|GEy|GMe)_F(?P<level>\d+)_R\d+\.txt$", "smell", _twin,
    "https://archive.ics.uci.edu/dataset/361", "CC BY 4.0",
    "J. Fonollosa, L. Fernandez, A. Gutierrez-Galvez, R. Huerta, S. Marco, Calibration transfer "
    "and drift counteraction in chemical sensor arrays using Direct Standardization, Sensors and "
    "Actuators B 236 (2016) 1044",
    lambda match: match["group"], lambda match: GASES[match["target"]], ("level",),
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
    """
    return read_all(list_folder(DVS_GESTURE))


def load_ncars() -> Recordings:
    """Load N-CARS: cars and background seen by an ATIS camera for 100 ms.

    Read from ``n-cars`` in the data folder, as unpacked (``train/cars/*.dat`` and so on).

    Returns
    -------
    Recordings
        Column ``sight``: event streams, rows and columns as in the files. ``target``: "cars" or
        "background". ``groups``: "train" or "test" as published.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    A. Sironi et al., HATS, CVPR 2018.
    """
    return read_all(list_folder(N_CARS))


def load_stmnist() -> Recordings:
    """Load ST-MNIST: digits written on a neuromorphic skin of 10 x 10 taxels.

    Read from ``st-mnist`` in the data folder: a folder a digit with ``.mat`` files. The set is
    behind a form, so it cannot be fetched.

    Returns
    -------
    Recordings
        Column ``touch``: event streams of 10 x 10 taxels. ``target``: digit. ``groups``: the file
        name without its number, which stands for the writer.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    H. H. See et al., arXiv:2005.04319 (2020).
    """
    return read_all(list_folder(ST_MNIST))


def load_fsdd() -> Recordings:
    """Load the Free Spoken Digit Dataset: ten digits, six speakers, fifty takes, 8 kHz.

    Read from ``fsdd`` in the data folder (any subfolder with ``7_jackson_32.wav`` and so on).

    Returns
    -------
    Recordings
        Column ``sound``: `DataArray` (time, channel 1), -1 to 1. ``target``: digit. ``groups``:
        "test" for the takes 0 to 4, else "train", as published; ``table.attrs["speaker"]`` names
        who spoke: group by it to test on unknown speakers.

    Raises
    ------
    FileNotFoundError
        If the folder is not there.
    ValueError
        If a recording cannot be read.

    References
    ----------
    Z. Jackson et al., doi:10.5281/zenodo.1342401. CC BY-SA 4.0.
    """
    return read_all(list_folder(FSDD))


def load_twin_arrays() -> Recordings:
    """Load UCI twin gas sensor arrays: four gases, ten levels, five units of one design.

    Read from ``twin-arrays`` in the data folder (``B1_GEa_F010_R1.txt`` and so on).

    Returns
    -------
    Recordings
        Column ``smell``: `DataArray` (time, channel 8) at 100 Hz, 600 s. ``target``: gas.
        ``groups``: unit "B1" to "B5", so that `GroupKFold` tests on a unit not seen in training;
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
    """
    return read_all(list_folder(TWIN_ARRAYS))


def load_tonic(dataset: Sequence[Any], *, groups: Sequence[Any] | None = None) -> Recordings:
    """Make a table of any data set of tonic, or of anything that gives pairs (events, target).

    Parameters
    ----------
    dataset : sequence
        Such as ``tonic.datasets.NMNIST("folder", train=False)``: ``len()`` and ``[k]`` give
        structured events with t (microseconds), p and x, y where there are such, and a target. No
        transform may have been applied. tonic is under GPL-3.0; mottle itself does not import it.
    groups : sequence, optional
        What must not be split, one a recording; default each its own.

    Returns
    -------
    Recordings
        Column ``events``; a missing x or y is 0.

    Raises
    ------
    ValueError
        If an item is no pair, or its events lack t or p; names the item.

    Examples
    --------
    >>> events = np.array([(10, 3, 1)], dtype=[("t", int), ("x", int), ("p", int)])
    >>> load_tonic([(events, 7)]).table["events"].iloc[0].tolist()
    [(10, 3, 0, 1)]
    """
    cells, target = [], []
    for row in range(len(dataset)):
        try:
            given, label = dataset[row]
        except (TypeError, ValueError):
            raise ValueError(f"item {row} is no pair of events and target.") from None
        fields = getattr(getattr(given, "dtype", None), "names", None) or ()
        if not {"t", "p"} <= set(fields):
            raise ValueError(f"item {row} has the fields {fields}, and lacks t or p.")
        events = np.zeros(len(given), dtype=EVENT_DTYPE)
        for name in ("t", "x", "y", "p"):
            if name in fields:
                events[name] = np.where(given[name] == -1, 0, given[name]) if name == "p" else (
                    given[name]
                )  # fmt: skip
        cells.append(events[np.argsort(events["t"], kind="stable")])
        target.append(label)
    table = make_table(events=cells)
    table.attrs["name"] = type(dataset).__name__
    return Recordings(
        table, np.array(target), np.arange(len(cells)) if groups is None else np.asarray(groups)
    )
