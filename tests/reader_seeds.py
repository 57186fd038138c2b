"""Files that the readers must read: one or more for each format, and others with known content."""

import gzip
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import event_writers as events
import numpy as np
from scipy.io import savemat, wavfile

from mottle.sensors import files
from mottle.sensors.files.formats.registry import event_formats

VALUES = np.arange(60.0).reshape(20, 3)
PARTS = np.split(events.draw(30, width=240, height=180), [20])


class Seed(NamedTuple):
    """A file that is read: what writes it, how its name ends, what reads it and what comes."""

    write: Callable[[Path], None]
    suffix: str
    read: Callable[..., Any]
    covers: str  # the event format, or the name of the reader


def bare(reader: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Return a reader that has no choice of what becomes of bad values."""
    return lambda path, on_bad="raise", **more: reader(path, **options, **more)


def hdf5(path: Path, layout: str) -> None:
    """Write events in one of the layouts that are known."""
    import h5py

    cells = events.draw(60)
    t, x, y, p = events.fields(cells)
    with h5py.File(path, "w") as file:
        if layout == "dsec":
            for name in "txyp":
                file[f"events/{name}"] = cells[name]
            file["t_offset"], file["imu/accel"] = 1000, VALUES
        elif layout == "prophesee":
            file["CD/events"] = cells
            file.attrs["geometry"] = "300x200"
        elif layout == "v2e":
            rows = np.stack([t, x, y, p], 1).astype("u4")
            file.create_dataset("events", data=rows, maxshape=(None, 4), compression="gzip")
        elif layout == "mvsec":
            file["davis/left/events"] = np.stack([x, y, t / 1e6, 2 * p - 1], 1)
        else:
            for name, values in zip(("ts", "xs", "ys", "ps"), (t / 1e6, x, y, p > 0), strict=True):
                file[f"events/{name}"] = values


def hdf5_samples(path: Path) -> None:
    """Write samples, one of two datasets compressed."""
    import h5py

    with h5py.File(path, "w") as file:
        file["imu/accel"] = VALUES
        file.create_dataset("gas", data=VALUES, chunks=(5, 3), compression="gzip", shuffle=True)


def spikes(path: Path) -> None:
    """Write three recordings, with speakers and names of classes."""
    import h5py

    events.write_spikes(path, [[0.1, 0.2], [], [0.3, 0.5]], [[1, 2], [], [3, 4]])
    with h5py.File(path, "a") as file:
        file["extra/speaker"], file["extra/keys"] = [0, 0, 4], np.array([b"zero", b"null"])


def spiketrain(path: Path) -> None:
    """Write a recording of ST-MNIST, compressed as published ones are."""
    train = np.zeros((101, 40))
    train[np.arange(40), np.arange(40)], train[100] = 1, np.linspace(0, 1, 40)
    savemat(path, {"spiketrain": train}, do_compression=True)


def bag_1(path: Path, compression: str) -> None:
    """Write a rosbag 1 with packets, in a chunk that is compressed or not."""
    from rosbags.rosbag1 import Writer

    bag = Writer(path)
    if compression:
        bag.set_compression(Writer.CompressionFormat[compression])
    with bag:
        kind = "event_camera_msgs/msg/EventPacket"
        connection = bag.add_connection("/events", kind, msgdef="int32 any", md5sum="0")
        for k, part in enumerate(PARTS):
            data = events.cdr(part, "evt3")[4:]
            packed = data[:8] + b"\3\0\0\0cam" + data[16:40] + b"\4\0\0\0evt3\0" + data[52:]
            bag.write(connection, k, bytes(4) + packed)


def bag_2(path: Path, plugin: str, compressed: bool = False) -> None:
    """Write the one file of a rosbag 2."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "bag"
        events.write_bag_2(folder, map(events.cdr, PARTS), plugin, compressed=compressed)
        inside = next(file for file in folder.iterdir() if file.suffix != ".yaml")
        path.write_bytes(inside.read_bytes())


def npz_events(path: Path) -> None:
    """Write t, x, y and p."""
    np.savez_compressed(path, **{name: events.draw(60)[name] for name in "txyp"})


def text(path: Path, head: str, line: str, n: int = 6) -> None:
    """Write lines."""
    path.write_text(head + line * n, encoding="utf-8")


DRIFT = "3;50.0 " + " ".join(f"{k}:{k / 8}" for k in range(1, 129)) + "\n"
TS = "@problemName x\n@dimensions 2\n@classLabel true a b\n@data\n"
IDX = b"\0\0\x08\2\0\0\0\6\0\0\0\7" + bytes(range(42))
TABLE = "time,CO,NO2\n" + "".join(f"{k / 4},1.5,{k}\n" for k in range(12))
SAMPLES, EVENTS = files.read_samples, files.read_events


def written(name: str, path: Path) -> None:
    """Write a file of one of the second encoders."""
    path.write_bytes(events.WRITERS[name][0](events.sample(name, n=60)))


SEEDS: dict[str, Seed] = {
    **{
        name: Seed(partial(written, name), suffix, EVENTS, name)
        for name, (_, suffix) in events.WRITERS.items()
    },
    **{
        f"aedat4 {name}": Seed(
            lambda path, k=k: path.write_bytes(events.aedat4(events.draw(60), k)),
            ".aedat4", EVENTS, "aedat4",
        )
        for k, name in ((0, "none"), (3, "zstd"))
    },
    **{
        f"hdf5 {layout}": Seed(partial(hdf5, layout=layout), ".h5", EVENTS, "hdf5")
        for layout in ("dsec", "prophesee", "v2e", "mvsec", "e2vid")
    },
    "hdf5 samples": Seed(hdf5_samples, ".h5", partial(SAMPLES, key="gas"), "read_samples"),
    "hdf5 table": Seed(hdf5_samples, ".h5", partial(SAMPLES, key="imu/accel"), "read_samples"),
    "spikes": Seed(spikes, ".h5", files.read_spikes, "read_spikes"),
    "spikes 2": Seed(spikes, ".h5", partial(EVENTS, key=2), "hdf5"),
    "stmnist": Seed(spiketrain, ".mat", EVENTS, "stmnist"),
    "npy": Seed(lambda path: np.save(path, events.draw(60)), ".npy", EVENTS, "npy"),
    "npy samples": Seed(lambda path: np.save(path, VALUES), ".npy", SAMPLES, "read_samples"),
    "npz": Seed(npz_events, ".npz", EVENTS, "npz"),
    "npz samples": Seed(lambda path: np.savez_compressed(path, a=VALUES, b=VALUES), ".npz",
                        partial(SAMPLES, key="b"), "read_samples"),
    "wav 8": Seed(lambda path: wavfile.write(path, 8000, VALUES.astype("u1")), ".wav", SAMPLES,
                  "read_samples"),
    "wav 16": Seed(lambda path: wavfile.write(path, 8000, VALUES.astype("i2")), ".wav", SAMPLES,
                   "read_samples"),
    "wav float": Seed(lambda path: wavfile.write(path, 8000, VALUES), ".wav", SAMPLES,
                      "read_samples"),
    "idx": Seed(lambda path: path.write_bytes(IDX), ".idx", bare(files.read_idx), "read_idx"),
    "idx.gz": Seed(lambda path: path.write_bytes(gzip.compress(IDX)), ".gz", bare(files.read_idx),
                   "read_idx"),
    "table": Seed(partial(text, head="t,x,y,p\n", line="10,3,4,1\n"), ".csv", EVENTS, "table"),
    "table samples": Seed(lambda path: path.write_text(TABLE), ".csv", SAMPLES, "read_samples"),
    "ts": Seed(partial(text, head=TS, line="1,2.5,3:4,5,-6e1:a\n"), ".ts", files.read_ts,
               "read_ts"),
    "drift": Seed(partial(text, head="", line=DRIFT, n=2), ".dat", bare(files.read_drift),
                  "read_drift"),
    "rosbag": Seed(partial(events.write_bag, messages=PARTS), ".bag", EVENTS, "rosbag"),
    "rosbag packets": Seed(partial(bag_1, compression=""), ".bag", EVENTS, "rosbag"),
    "rosbag lz4": Seed(partial(bag_1, compression="LZ4"), ".bag", EVENTS, "rosbag"),
    "rosbag bz2": Seed(partial(bag_1, compression="BZ2"), ".bag", EVENTS, "rosbag"),
    "rosbag db3": Seed(partial(bag_2, plugin="SQLITE3"), ".db3", EVENTS, "rosbag"),
    "rosbag mcap": Seed(partial(bag_2, plugin="MCAP"), ".mcap", EVENTS, "rosbag"),
    "rosbag mcap zstd": Seed(partial(bag_2, plugin="MCAP", compressed=True), ".mcap", EVENTS,
                             "rosbag"),
    "read": Seed(npz_events, ".npz", files.read, "read"),
}  # fmt: skip


def missing() -> set[str]:
    """Return the formats and readers for which there is no seed."""
    readers = {name for name in files.__all__ if name.startswith("read")} - {"read_events"}
    return (set(event_formats()) | readers) - {seed.covers for seed in SEEDS.values()}
