"""Valid files with known content, from writers that are not ours where there is one.

Each entry writes a file of random content to a folder and returns what is read and what must come.
"""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import event_writers as events
import numpy as np
import pandas as pd
from scipy.io import savemat, wavfile

from mottle.sensors import files

Pair = tuple[Any, Any]
Check = Callable[[np.random.Generator, Path], Pair]


def draw(rng: np.random.Generator, width: int, height: int, step: int = 200) -> Any:
    """Return between 1 and 400 events of random places and times, many at the same time."""
    n = int(rng.integers(1, 400))
    cells = np.zeros(n, events.EVENT_DTYPE)
    cells["t"] = np.cumsum(rng.integers(0, int(rng.integers(1, step)), n))
    cells["x"], cells["y"] = rng.integers(0, width, n), rng.integers(0, height, n)
    cells["p"] = rng.integers(0, 2, n)
    return cells


def encoded(name: str) -> Check:
    """Return a check of one of the second encoders, of any length and chunk."""

    def check(rng: np.random.Generator, folder: Path) -> Pair:
        size = (34, 34) if name == "nmnist" else (300, 200)
        cells = draw(rng, *size)
        writer, suffix = events.WRITERS[name]
        path = folder / f"a{suffix}"
        path.write_bytes(writer(cells))
        chunk = int(rng.choice([64, 1000, 1 << 20]))
        return np.concatenate(list(files.EventReader(path, chunk_bytes=chunk))), cells

    return check


def chip(rng: np.random.Generator, folder: Path) -> Pair:
    """Check AEDAT 2 of every chip, as jAER writes it or as v2e does, without a chip."""
    names = {"DVS128": (128, 128), "DAVIS240C": (240, 180), "Davis346red": (346, 260)}
    name = str(rng.choice(list(names)))
    cells = draw(rng, *names[name])
    t, x, y, p = events.fields(cells)
    address = y << 8 | x << 1 | p if name == "DVS128" else y << 22 | x << 12 | p << 11
    stated = rng.random() < 0.5
    head = f"#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.{name}\r\n" if stated else (
        "#!AER-DAT2.0\r\n# created by AEDat2Output in v2e\r\n# Timestamps tick is 1 us\r\n"
    )  # fmt: skip
    head += "#End Of ASCII Header\r\n" * int(rng.integers(2))
    path = folder / "a.aedat"
    path.write_bytes(head.encode() + np.stack([address, t], 1).astype(">u4").tobytes())
    size = None if stated else names[name]
    return files.read_events(path, sensor_size=size).events, cells


def faery(suffix: str, **options: Any) -> Check:
    """Return a check of what faery writes."""

    def check(rng: np.random.Generator, folder: Path) -> Pair:
        import faery

        cells = draw(rng, 300, 200)
        theirs = np.zeros(cells.size, faery.EVENTS_DTYPE)
        for own, other in zip("txyp", ("t", "x", "y", "on"), strict=True):
            theirs[other] = cells[own]
        path = folder / f"a{suffix}"
        faery.events_stream_from_array(theirs, (300, 200)).to_file(path, **options)
        read = files.read_events(path).events
        cells["t"] -= cells["t"][0] - read["t"][0]  # faery writes some formats from zero on
        return read, cells

    return check


def dv(rng: np.random.Generator, folder: Path) -> Pair:
    """Check what dv-processing writes, in every compression."""
    import dv_processing

    cells = draw(rng, 300, 200)
    store = dv_processing.EventStore()
    for t, x, y, p in cells.tolist():
        store.push_back(t, x, y, bool(p))
    kinds = list(dv_processing.CompressionType.__members__.values())
    config = dv_processing.io.MonoCameraWriter.Config("cam", kinds[int(rng.integers(len(kinds)))])
    config.addEventStream((300, 200))
    path = folder / "a.aedat4"
    writer = dv_processing.io.MonoCameraWriter(str(path), config)
    writer.writeEvents(store)
    del writer  # closes the file
    return files.read_events(path).events, cells


def layout(rng: np.random.Generator, folder: Path) -> Pair:
    """Check every layout of HDF5, as h5py stores it: whole, in chunks, compressed."""
    import h5py

    cells = draw(rng, 346, 260)
    t, x, y, p = events.fields(cells)
    how: dict[str, Any] = [{}, {"chunks": True}, {"compression": "gzip", "shuffle": True}][
        int(rng.integers(3))
    ]
    kind = int(rng.integers(5))
    with h5py.File(folder / "a.h5", "w") as file:
        if kind == 0:
            rows = np.stack([t, x, y, p], 1).astype(rng.choice(["u4", "i8"]))
            file.create_dataset("events", data=rows, **how)
        elif kind == 1:
            rows = np.stack([x, y, t / 1e6, 2 * p - 1], 1)
            file.create_dataset(f"davis/{rng.choice(['left', 'right'])}/events", data=rows, **how)
        elif kind == 2:
            file.create_dataset("CD/events", data=cells[["x", "y", "p", "t"]], **how)
        else:
            names = "txyp" if kind == 3 else ("ts", "xs", "ys", "ps")
            values = (t, x, y, p) if kind == 3 else (t / 1e6, x, y, p.astype(bool))
            for name, value in zip(names, values, strict=True):
                file.create_dataset(f"events/{name}", data=value, **how)
    return files.read(folder / "a.h5").events, cells


def arrays(rng: np.random.Generator, folder: Path) -> Pair:
    """Check .npy and .npz as numpy stores them."""
    cells = draw(rng, 300, 200)
    t, x, y, p = events.fields(cells)
    kind = int(rng.integers(5))
    path = folder / ("a.npy" if kind < 3 else "a.npz")
    if kind == 0:
        np.save(path, cells)
    elif kind < 3:
        np.save(path, np.asarray(np.stack([t, x, y, p], 1), order="CF"[kind - 1]))
    elif kind == 3:
        np.savez(path, t=t, x=x.astype("u2"), y=y, p=p.astype(bool))
    else:
        np.savez_compressed(path, recording=cells, label=np.array(3))
    chunk = int(rng.choice([64, 1000, 1 << 20]))
    return np.concatenate(list(files.EventReader(path, chunk_bytes=chunk))), cells


def table(rng: np.random.Generator, folder: Path) -> Pair:
    """Check tables as pandas writes them."""
    cells = draw(rng, 300, 200)
    frame = pd.DataFrame({name: cells[name].astype(np.int64) for name in "txyp"})
    frame = frame[rng.permutation(["t", "x", "y", "p"])]
    path = folder / "a.csv"
    frame.to_csv(path, index=False, sep=str(rng.choice([",", ";", "\t"])))
    return files.read(path).events, cells


def bag(rng: np.random.Generator, folder: Path) -> Pair:
    """Check both kinds of bags as rosbags writes them, every encoding and compression."""
    cells = draw(rng, 240, 180)
    parts = np.split(cells, np.sort(rng.integers(0, cells.size, 2)))
    if rng.random() < 0.3:
        path = folder / "a.bag"
        path.unlink(missing_ok=True)
        events.write_bag(path, parts)
    else:
        encoding = str(rng.choice(["", "evt2", "evt3", "mono"]))
        plugin = str(rng.choice(["SQLITE3", "MCAP"]))
        path = folder / f"bag{len(list(folder.iterdir()))}"
        parts = [part for part in parts if part.size or not encoding]
        messages = [events.cdr(part, encoding) for part in parts]
        packed = plugin == "MCAP" and rng.random() < 0.5
        events.write_bag_2(path, messages, plugin, encoding, compressed=packed)
    return files.read_events(path).events, cells


def spikes(rng: np.random.Generator, folder: Path) -> Pair:
    """Check recordings of spikes, in every storage of h5py."""
    times = [np.sort(rng.random(int(n))).astype(np.float16) for n in rng.integers(0, 40, 3)]
    units = [rng.integers(0, 700, len(t)).astype(np.uint16) for t in times]
    how: dict[str, Any] = [{}, {"chunks": (2,)}, {"compression": "gzip"}][int(rng.integers(3))]
    events.write_spikes(folder / "a.h5", times, units, **how)
    got = [e[["t", "x"]].tolist() for e in files.read_spikes(folder / "a.h5").events]
    return got, [
        [(round(float(s) * 1e6), int(u)) for s, u in zip(t, x, strict=True)]
        for t, x in zip(times, units, strict=True)
    ]


def spiketrain(rng: np.random.Generator, folder: Path) -> Pair:
    """Check recordings of ST-MNIST, as scipy writes MATLAB files."""
    n = int(rng.integers(1, 60))
    train = np.zeros((101, n))
    train[:100] = rng.choice([-1, 0, 0, 0, 1], (100, n))
    train[0, 0], train[100] = 1, np.cumsum(rng.integers(0, 1000, n)) / 1e6
    savemat(folder / "a.mat", {"spiketrain": train}, do_compression=rng.random() < 0.5)
    expected = [
        (round(train[100, k] * 1e6), taxel % 10, taxel // 10, int(train[taxel, k] > 0))
        for k in range(n)
        for taxel in range(100)
        if train[taxel, k]
    ]
    return files.read_events(folder / "a.mat").events.tolist(), expected


def sound(rng: np.random.Generator, folder: Path) -> Pair:
    """Check sound as soundfile writes it, or scipy where that is not installed."""
    wave = rng.uniform(-1, 1, (int(rng.integers(1, 300)), int(rng.integers(1, 5))))
    path = folder / "a.wav"
    try:
        import soundfile
    except ImportError:
        whole = np.round(wave * 2**15).clip(-(2**15), 2**15 - 1).astype("i2")
        wavfile.write(path, 8000, whole)
        return files.read_samples(path).values, whole / 2**15
    kind = str(rng.choice(["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"]))
    container = str(rng.choice(["WAV", "WAVEX", "RF64"]))
    soundfile.write(path, wave, 8000, subtype=kind, format=container)
    return files.read(path).values, soundfile.read(path, dtype="float64", always_2d=True)[0]


def samples(rng: np.random.Generator, folder: Path) -> Pair:
    """Check samples as numpy, h5py and pandas store them."""
    import h5py

    values = rng.normal(size=(int(rng.integers(1, 50)), int(rng.integers(1, 6))))
    kind = int(rng.integers(4))
    if kind == 0:
        path, key = folder / "s.npy", None
        np.save(path, np.asarray(values, order=rng.choice(["C", "F"])))
    elif kind == 1:
        path, key = folder / "s.npz", str(rng.choice(["one", "two"]))
        np.savez_compressed(path, one=values, two=values)
    elif kind == 2:
        path, key = folder / "s.h5", "imu/accel"
        with h5py.File(path, "w") as file:
            file.create_dataset(key, data=values, compression=rng.choice([None, "gzip"]))
    else:
        path, key = folder / "s.csv", None
        names = [f"c{k}" for k in range(values.shape[1])]
        pd.DataFrame(values, columns=names).to_csv(path, index=False)
    return files.read(path, **({"key": key} if key else {})).values, values


def idx(rng: np.random.Generator, folder: Path) -> Pair:
    """Check arrays of MNIST's format, packed or not."""
    array = rng.integers(0, 256, tuple(rng.integers(1, 6, int(rng.integers(1, 5)))), np.uint8)
    data = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()
    path = folder / "a.idx"
    path.write_bytes(gzip.compress(data) if rng.random() < 0.5 else data)
    return files.read_idx(path), array


def series(rng: np.random.Generator, folder: Path) -> Pair:
    """Check labelled series."""
    n, channels = int(rng.integers(1, 6)), int(rng.integers(1, 4))
    cases = [rng.normal(size=(channels, int(rng.integers(1, 9)))) for _ in range(n)]
    labels = rng.choice(["a", "b"], n).tolist()
    lines = ["@problemName x", f"@dimensions {channels}", "@classLabel true a b", "@data"]
    for case, label in zip(cases, labels, strict=True):
        lines.append(":".join([*(",".join(map(repr, row.tolist())) for row in case), label]))
    (folder / "a.ts").write_text("\n".join(lines) + "\n")
    streams, found = files.read_ts(folder / "a.ts")
    return [s.values.T.tolist() for s in streams] + found.tolist(), [
        *(case.tolist() for case in cases), *labels
    ]  # fmt: skip


def drift(rng: np.random.Generator, folder: Path) -> Pair:
    """Check features of gases."""
    rows = rng.normal(size=(int(rng.integers(1, 5)), 128))
    lines = [
        "2;10.5 " + " ".join(f"{k}:{v!r}" for k, v in enumerate(row, 1)) for row in rows.tolist()
    ]
    (folder / "a.dat").write_text("\n".join(lines) + "\n")
    return files.read_drift(folder / "a.dat")[0], rows


VALID: dict[str, Check] = {
    **{name: encoded(name) for name in events.WRITERS},
    "aedat2 chips": chip, "aedat4 dv": dv, "hdf5": layout, "npy and npz": arrays, "table": table,
    "rosbag": bag, "spikes": spikes, "stmnist": spiketrain, "wav": sound, "samples": samples,
    "idx": idx, "ts": series, "drift": drift,
    **{f"faery {suffix}": faery(f".{suffix}") for suffix in ("aedat4", "es", "dat")},
    "faery evt2": faery(".raw", version="evt2"), "faery evt3": faery(".raw", version="evt3"),
}  # fmt: skip


def equal(found: Any, expected: Any) -> bool:
    """Return whether what was read is what was written, to the last bit."""
    if isinstance(expected, list):
        return bool(found == expected)
    return found.shape == expected.shape and bool((np.asarray(found) == expected).all())
