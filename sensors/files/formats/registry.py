"""The event formats, and how the one of a file is found."""

from functools import cache
from pathlib import Path

from mottle.plugins import find_records
from mottle.sensors.files.formats.aedat2 import AEDAT2
from mottle.sensors.files.formats.aedat3 import AEDAT3
from mottle.sensors.files.formats.aedat4 import AEDAT4
from mottle.sensors.files.formats.event_stream import EVENT_STREAM
from mottle.sensors.files.formats.hdf5 import HDF5
from mottle.sensors.files.formats.nmnist import NMNIST
from mottle.sensors.files.formats.npy import NPY, NPZ
from mottle.sensors.files.formats.prophesee import DAT, EVT2, EVT3, EVT21
from mottle.sensors.files.formats.record import EventFormat
from mottle.sensors.files.formats.rosbag import ROSBAG
from mottle.sensors.files.formats.stmnist import STMNIST
from mottle.sensors.files.formats.table import TABLE

GROUP = "mottle.formats"  # of entry points: other packages' formats
FORMATS: tuple[EventFormat, ...] = (  # the first that matches is taken
    EVT2, EVT21, EVT3, DAT, EVENT_STREAM, AEDAT2, AEDAT3, AEDAT4, NPY, NPZ, HDF5, STMNIST,
    ROSBAG, NMNIST, TABLE,
)  # fmt: skip


@cache
def event_formats() -> dict[str, EventFormat]:
    """Return the formats by name: our own, then those that other packages add.

    Examples
    --------
    >>> list(event_formats())[:3]
    ['evt2', 'evt2.1', 'evt3']
    """
    own = {known.name: known for known in FORMATS}
    return own | find_records(GROUP, EventFormat, own)


def by_content(head: bytes) -> EventFormat | None:
    """Return the format of a file that begins with these bytes.

    Examples
    --------
    >>> by_content(b"% evt 3.0 ").name
    'evt3'
    """
    return next((known for known in event_formats().values() if known.matches(head)), None)


def by_name(path: Path) -> EventFormat | None:
    """Return the format of a file by the end of its name.

    Examples
    --------
    >>> by_name(Path("00042.bin")).name
    'nmnist'
    """
    suffix = path.suffix.lower()
    return next((known for known in event_formats().values() if suffix in known.suffixes), None)


def of_folder(path: Path) -> EventFormat:
    """Return the format of a recording that is a folder."""
    known = [kind for kind in event_formats().values() if kind.folder_file]
    for kind in known:
        if (path / kind.folder_file).is_file():
            return kind
    files = ", ".join(f"{kind.folder_file} ({kind.name})" for kind in known)
    raise ValueError(
        f"{path} is a folder, and without {files} no recording: name one of its files; list_files "
        "and mottle prepare take whole folders."
    )
