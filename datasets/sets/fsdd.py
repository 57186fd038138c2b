"""Free Spoken Digit Dataset: ten digits spoken by six people."""

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.folders import load_folder
from mottle.datasets.record import DataSet, FolderLayout, fetching
from mottle.datasets.table import Recordings
from mottle.sensors.files import read_samples

N_TEST_TAKES = 5  # of every digit and speaker, as published


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

    Examples
    --------
    >>> table, target, groups = load_fsdd()  # doctest: +SKIP
    >>> len(table), int((groups == "test").sum())  # doctest: +SKIP
    (3000, 300)
    >>> sorted(set(table.attrs["speaker"]))[:3]  # doctest: +SKIP
    ['george', 'jackson', 'lucas']
    """
    return load_folder(DATA_SET)


DATA_SET = DataSet(
    name="fsdd",
    load=load_fsdd,
    senses=("sound",),
    n_recordings=3000,
    licence="CC BY-SA 4.0",
    citation="Z. Jackson et al., Free Spoken Digit Dataset, doi:10.5281/zenodo.1342401",
    split="as published: takes 0 to 4 are 'test'; or by speaker, attrs['speaker']",
    source="https://github.com/Jakobovski/free-spoken-digit-dataset",
    files=(
        Remote(
            "fsdd/v1.0.10.zip",
            "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.zip",
            None, "fsdd/recordings",
        ),
    ),
    layout=FolderLayout(
        pattern=r"(?:^|/)(?P<target>\d)_(?P<speaker>[a-z]+)_(?P<take>\d+)\.wav$",
        read=lambda path: read_samples(path).rename("sound"),
        target=lambda match: int(match["target"]),
        group=lambda match: "test" if int(match["take"]) < N_TEST_TAKES else "train",
        also=("speaker",),
    ),
)  # fmt: skip
fetch_fsdd = fetching(DATA_SET)
