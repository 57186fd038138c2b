"""Japanese Vowels: nine speakers, one vowel pair, as cepstral coefficients."""

import numpy as np

from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.downloads.home import find_within
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.files import read_ts


def load_japanese_vowels() -> Recordings:
    """Load Japanese Vowels: nine speakers say /ae/, 12 cepstral coefficients, 7 to 29 steps.

    Read from ``japanese-vowels/JapaneseVowels_TRAIN.ts`` and ``_TEST.ts`` in the data folder.

    Returns
    -------
    Recordings
        Column ``sound``: `DataArray` (time, channel 12), time in frames. ``target``: speaker "1" to
        "9". ``groups``: "train" (270) or "test" (370), as published.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If they cannot be read.

    References
    ----------
    M. Kudo, J. Toyama, M. Shimbo, Pattern Recognition Letters 20 (1999) 1103. CC BY 4.0.

    Examples
    --------
    >>> table, target, groups = load_japanese_vowels()  # doctest: +SKIP
    >>> table.shape, table["sound"].iloc[0].shape, int((groups == "train").sum())  # doctest: +SKIP
    ((640, 1), (20, 12), 270)
    """
    cells, target, groups = [], [], []
    for part in ("train", "test"):
        path = find_within(DATA_SET.find(), f"JapaneseVowels_{part.upper()}.ts")
        streams, labels = read_ts(path)
        cells += [stream.rename("sound") for stream in streams]
        target += labels.tolist()
        groups += [part] * len(streams)
    table = make_table(sound=cells)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(target), np.array(groups))


DATA_SET = DataSet(
    name="japanese-vowels",
    load=load_japanese_vowels,
    senses=("sound",),
    n_recordings=640,
    licence="CC BY 4.0",
    citation="M. Kudo et al., Pattern Recognition Letters 20 (1999) 1103",
    split="as published: 'train' and 'test'",
    source="https://www.timeseriesclassification.com/description.php?Dataset=JapaneseVowels",
    files=(
        Remote(
            "japanese-vowels/JapaneseVowels.zip",
            "https://www.timeseriesclassification.com/aeon-toolkit/JapaneseVowels.zip",
            None, "japanese-vowels/data",
        ),
    ),
    attrs={"split": "as published"},
)  # fmt: skip
fetch_japanese_vowels = fetching(DATA_SET)
