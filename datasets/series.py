"""Series and images that everybody knows: vowels, digits, a laser, spoken digits as spikes."""

import numpy as np
import xarray as xr

from mottle.datasets.home import find_recordings, find_within
from mottle.datasets.table import Recordings, make_table, sampled
from mottle.sensors.files import read_idx, read_spikes, read_ts


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
    """
    cells, target, groups = [], [], []
    for part in ("train", "test"):
        path = find_recordings(
            "japanese-vowels",
            source="https://www.timeseriesclassification.com/description.php?Dataset=JapaneseVowels",
            licence="CC BY 4.0",
        )
        streams, labels = read_ts(find_within(path, f"JapaneseVowels_{part.upper()}.ts"))
        cells += [stream.rename("sound") for stream in streams]
        target += labels.tolist()
        groups += [part] * len(streams)
    table = make_table(sound=cells)
    table.attrs = {
        "name": "japanese-vowels", "licence": "CC BY 4.0", "split": "as published",
        "citation": "M. Kudo et al., Pattern Recognition Letters 20 (1999) 1103",
    }  # fmt: skip
    return Recordings(table, np.array(target), np.array(groups))


def load_santafe_laser() -> xr.DataArray:
    """Load the Santa Fe laser: the intensity of a chaotic NH3 laser, set A with its continuation.

    Read from ``santafe-laser/santafe_laser.npy`` in the data folder.

    Returns
    -------
    DataArray of dims (time 10093, channel 1)
        Counts 0 to 255; time counts samples. Usual: train on 100 to 3000, test on 3000 to 4000.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If it holds something else.

    References
    ----------
    U. Huebner, N. B. Abraham, C. O. Weiss, Phys. Rev. A 40 (1989) 6354; A. S. Weigend, N. A.
    Gershenfeld (eds.), Time Series Prediction (1994). No licence stated.
    """
    path = find_recordings(
        "santafe-laser/santafe_laser.npy", source="reservoirpy's data folder", licence="none stated"
    )
    values = np.load(path, allow_pickle=False)
    if values.ndim != 2 or values.shape[1] != 1:
        raise ValueError(f"{path} has shape {values.shape}, expected (n, 1).")
    laser = sampled(values, np.arange(len(values)), ["intensity"], units="1", name="laser")
    laser.attrs["licence"] = "none stated"
    return laser


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
    """
    if part not in ("test", "train", "all"):
        raise ValueError(f"part={part!r} must be 'test', 'train' or 'all'.")
    cells, target, groups = [], [], []
    for name, short in (("train", "train"), ("test", "t10k")):
        if part not in (name, "all"):
            continue
        images, labels = (
            read_idx(
                find_recordings(
                    f"mnist/{short}-{kind}-ubyte.gz",
                    source="https://ossci-datasets.s3.amazonaws.com/mnist/",
                    licence="CC BY-SA 3.0, as usually stated",
                )
            )
            for kind in ("images-idx3", "labels-idx1")
        )
        if images.shape[1:] != (28, 28) or labels.shape != images.shape[:1]:
            raise ValueError(f"mnist {name}: images {images.shape}, labels {labels.shape}.")
        cells += list(images.astype(np.float32) / 255)
        target += labels.tolist()
        groups += [name] * len(labels)
    table = make_table(sight=cells)
    table.attrs = {
        "name": "mnist", "licence": "CC BY-SA 3.0, as usually stated", "split": "as published",
        "citation": "Y. LeCun et al., Proc. IEEE 86 (1998) 2278",
    }  # fmt: skip
    return Recordings(table, np.array(target), np.array(groups))


def load_shd(part: str = "all") -> Recordings:
    """Load the Spiking Heidelberg Digits: spoken digits in two languages as 700 spike trains.

    Read from ``shd/shd_train.h5`` and ``shd_test.h5`` in the data folder; needs
    ``mottle[hdf5]``.

    Parameters
    ----------
    part : {"all", "train", "test"}, default="all"
        8156 recordings, 2264, or both.

    Returns
    -------
    Recordings
        Column ``sound``: event streams, x the unit 0 to 699. ``target``: class 0 to 19 (zero to
        nine in English, then in German). ``groups``: "train" or "test" as published;
        ``table.attrs["speaker"]`` says who spoke: two speakers are in the test part only.

    Raises
    ------
    FileNotFoundError
        If the files are not there.
    ValueError
        If ``part`` is unknown or a file damaged.

    References
    ----------
    B. Cramer et al., IEEE TNNLS 33 (2022) 2744, doi:10.1109/TNNLS.2020.3044364. CC BY 4.0.
    """
    if part not in ("test", "train", "all"):
        raise ValueError(f"part={part!r} must be 'all', 'train' or 'test'.")
    cells, target, groups = [], [], []
    speakers: list[int] = []
    for name in ("train", "test"):
        if part not in (name, "all"):
            continue
        path = find_recordings("shd", source="https://zenkelab.org/datasets/", licence="CC BY 4.0")
        spikes = read_spikes(find_within(path, f"shd_{name}.h5"))
        cells += spikes.events
        target += spikes.labels.tolist()
        groups += [name] * len(spikes.events)
        speakers += [] if spikes.speakers is None else spikes.speakers.tolist()
    table = make_table(sound=cells)
    table.attrs = {
        "name": "shd", "licence": "CC BY 4.0", "speaker": speakers, "sensor_size": [700, 1],
        "citation": "B. Cramer et al., IEEE TNNLS 33 (2022) 2744",
    }  # fmt: skip
    return Recordings(table, np.array(target), np.array(groups))
