"""MNIST: handwritten digits, scanned row by row."""

import numpy as np

from mottle.checks import check_option
from mottle.datasets.downloads.fetch import Remote
from mottle.datasets.record import DataSet, fetching
from mottle.datasets.table import Recordings, make_table
from mottle.sensors.files import read_idx

ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
HASHES = {
    "train-images-idx3": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1": "ec29112dd5afa0611ce80d1b7f02629c",
}


def load_mnist(part: str = "test") -> Recordings:
    """Load MNIST digits, each scanned row by row: 28 steps of 28 pixels.

    Read from ``mnist/train-images-idx3-ubyte.gz`` and so on in the data folder.

    Parameters
    ----------
    part : {"test", "train", "all"}, default="test"
        10000, 60000 or 70000 digits.

    Returns
    -------
    Recordings
        Column ``sight``: float32 arrays (28, 28), 0 to 1, rows are time. ``target``: digit.
        ``groups``: "train" or "test", as published.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If ``part`` is unknown or a file damaged.

    References
    ----------
    Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Proc. IEEE 86 (1998) 2278, doi:10.1109/5.726791.

    Examples
    --------
    >>> table, target, groups = load_mnist("test")  # doctest: +SKIP
    >>> table.shape, table["sight"].iloc[0].shape, int(target[0])  # doctest: +SKIP
    ((10000, 1), (28, 28), 7)
    """
    check_option("part", part, ("test", "train", "all"))
    cells, target, groups = [], [], []
    for name, short in (("train", "train"), ("test", "t10k")):
        if part not in (name, "all"):
            continue
        images, labels = (
            read_idx(DATA_SET.find(f"{short}-{kind}-ubyte.gz"))
            for kind in ("images-idx3", "labels-idx1")
        )
        if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
            raise ValueError(f"mnist {name}: images {images.shape}, labels {labels.shape}.")
        cells += list(images.astype(np.float32) / 255)
        target += labels.tolist()
        groups += [name] * len(labels)
    table = make_table(sight=cells)
    table.attrs = DATA_SET.attributes()
    return Recordings(table, np.array(target), np.array(groups))


DATA_SET = DataSet(
    name="mnist",
    load=load_mnist,
    senses=("sight",),
    n_recordings=70000,
    licence="CC BY-SA 3.0, as usually stated",
    citation="Y. LeCun et al., Proc. IEEE 86 (1998) 2278",
    split="as published: 'train' and 'test'",
    source=ADDRESS,
    files=tuple(
        Remote(f"mnist/{name}-ubyte.gz", f"{ADDRESS}{name}-ubyte.gz", f"md5:{known}")
        for name, known in HASHES.items()
    ),
    attrs={"split": "as published"},
)
fetch_mnist = fetching(DATA_SET)
