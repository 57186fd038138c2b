"""Small data sets in the forms that tonic reads, complete by its own checks of a download."""

import os
from pathlib import Path

import h5py
import numpy as np


def draw(seed, n=200, size=(34, 34), duration=300_000):
    """Return columns t, x, y, p of events in order."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.integers(0, duration, n))
    t[0] = 0
    return t, rng.integers(0, size[0], n), rng.integers(0, size[1], n), rng.integers(0, 2, n)


def length(cell):
    """Return the number of events of a recording, in whatever process."""
    return len(cell.read())


def stub(path):
    """Write what stands for the archive that tonic wants to see."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"archive")


def mnist_bytes(t, x, y, p):
    """Return events as N-MNIST has them: five bytes each."""
    words = np.empty((len(t), 5), dtype=np.uint8)
    words[:, 0], words[:, 1] = x, y
    words[:, 2] = (p << 7) | (t >> 16)
    words[:, 3], words[:, 4] = (t >> 8) & 255, t & 255
    return words.tobytes()


def write_nmnist(root, train=True, n_each=2, whole=False):
    """Write ``n_each`` digits a class; ``whole`` adds links up to the 10000 files tonic wants."""
    part = "Train" if train else "Test"
    folder = Path(root) / "NMNIST" / part
    for label in range(10):
        (folder / str(label)).mkdir(parents=True)
        for k in range(1000 if whole else n_each):
            path = folder / str(label) / f"{k:05d}.bin"
            if k < n_each:
                path.write_bytes(mnist_bytes(*draw(100 * label + k + 7 * train)))
            else:
                os.link(folder / str(label) / "00000.bin", path)
    stub(Path(root) / "NMNIST" / f"{part.lower()}.zip")


def write_shd(root, train=True, n=12):
    """Write ``n`` spoken digits of four speakers."""
    part = "train" if train else "test"
    path = Path(root) / "SHD" / f"shd_{part}.h5"
    stub(path.with_name(f"{path.name}.zip"))
    floats, units = h5py.vlen_dtype(np.float16), h5py.vlen_dtype(np.uint16)
    with h5py.File(path, "w") as file:
        times = file.create_dataset("spikes/times", n, floats)
        which = file.create_dataset("spikes/units", n, units)
        for row in range(n):
            t, x, _, _ = draw(row + 50 * train, size=(700, 1))
            times[row], which[row] = (t * 1e-6).astype(np.float16), x.astype(np.uint16)
        file["labels"] = (np.arange(n) % 3).astype(np.uint16)
        file["extra/speaker"] = (np.arange(n) // 3).astype(np.uint16)
        file["extra/keys"] = [b"zero", b"one", b"two"]


def write_gesture(root, train=True):
    """Write 110 gestures, eleven of each of five people under two lights, times in ms."""
    part = "Train" if train else "Test"
    folder = Path(root) / "DVSGesture" / f"ibmGesture{part}"
    for user in range(1, 6):
        for light in ("led", "natural"):
            place = folder / f"user{user + 20 * (not train):02d}_{light}"
            place.mkdir(parents=True)
            for label in range(11):
                t, x, y, p = draw(label + 11 * user, 60, (128, 128), 900)
                np.save(place / f"{label}.npy", np.stack([x, y, p, t], axis=1).astype(np.float64))
    stub(Path(root) / "DVSGesture" / f"ibmGesture{part}.tar.gz")


def write_poker(root, train=True, n_each=6):
    """Write symbols of cards; columns t, x, y, p."""
    part = "train" if train else "test"
    folder = Path(root) / "POKERDVS" / f"pips_{part}"
    for label, name in enumerate(("cl", "he", "di", "sp")):
        (folder / name).mkdir(parents=True)
        for k in range(n_each):
            columns = draw(k + 10 * label, 80, (35, 35), 5000)
            np.save(folder / name / f"{k}.npy", np.stack(columns, axis=1))
    stub(Path(root) / "POKERDVS" / f"pips_{part}.tar.gz")


def write_ncars(folder, n_each=3):
    """Write N-CARS as published, DAT files in n-cars_train/cars and background and so on."""
    for part in ("train", "test"):
        for name in ("cars", "background"):
            place = Path(folder) / f"n-cars_{part}" / name
            place.mkdir(parents=True)
            for k in range(n_each):
                t, x, y, p = draw(k, 90, (100, 90), 100_000)
                words = np.empty((len(t), 2), dtype="<u4")
                words[:, 0], words[:, 1] = t, x | (y << 14) | (p << 28)
                header = (
                    b"% Data file containing TD events.\n% Version 2\n% Width 120\n% Height 100\n"
                )
                (place / f"obj_{k:06d}_td.dat").write_bytes(header + b"\x0c\x08" + words.tobytes())
