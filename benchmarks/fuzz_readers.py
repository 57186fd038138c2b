"""Feed damaged files to the readers: python benchmarks/fuzz_readers.py [N [FORMAT ...]].

Each format gets N (by default 100,000) mutations of a small written file. Prints what came out, and
ends with an error if anything but data or a ValueError did, if one file took over five seconds, or
if memory went over a GiB.
"""

import gzip
import resource
import signal
import sys
import tempfile
import time
import warnings
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from rosbags.rosbag1 import Writer
from scipy.io import savemat, wavfile

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import event_writers as events

from mottle.sensors import files

IN_BAG = np.split(events.draw(30, width=240, height=180), [20])
VALUES = np.arange(60.0).reshape(20, 3)


def hdf5(path):
    """Write events as a group and as a table, and samples, one of them compressed."""
    with h5py.File(path, "w") as file:
        for name in "txyp":
            file[f"events/{name}"] = events.sample("hdf5", n=60)[name]
        file["CD/events"] = events.sample("hdf5", n=60)
        file["t_offset"], file["imu/accel"] = 1000, VALUES
        file.create_dataset("gas", data=VALUES, chunks=(5, 3), compression="gzip", shuffle=True)


def spikes(path):
    """Write three recordings, with speakers and names of classes."""
    events.write_spikes(path, [[0.1, 0.2], [], [0.3, 0.5]], [[1, 2], [], [3, 4]])
    with h5py.File(path, "a") as file:
        file["extra/speaker"], file["extra/keys"] = [0, 0, 4], np.array([b"zero", b"null"])


def spiketrain(path):
    """Write a recording of ST-MNIST, compressed as published ones are."""
    train = np.zeros((101, 40))
    train[np.arange(40), np.arange(40)], train[100] = 1, np.linspace(0, 1, 40)
    savemat(path, {"spiketrain": train}, do_compression=True)


def bag_2(path, plugin):
    """Write the one file of a rosbag 2."""
    with tempfile.TemporaryDirectory() as place:
        events.write_bag_2(Path(place) / "bag", map(events.cdr, IN_BAG), plugin)
        inside = next(file for file in (Path(place) / "bag").iterdir() if file.suffix != ".yaml")
        path.write_bytes(inside.read_bytes())


def bag_1(path, compression):
    """Write a rosbag 1 with a compressed chunk of packets."""
    bag = Writer(path)
    if compression:
        bag.set_compression(Writer.CompressionFormat[compression])
    with bag:
        kind = "event_camera_msgs/msg/EventPacket"
        connection = bag.add_connection("/events", kind, msgdef="int32 any", md5sum="0")
        for k, part in enumerate(IN_BAG):
            data = events.cdr(part, "evt3")[4:]
            packed = data[:8] + b"\3\0\0\0cam" + data[16:40] + b"\4\0\0\0evt3\0" + data[52:]
            bag.write(connection, k, bytes(4) + packed)


def text(path, head, line, n=6):
    """Write lines."""
    path.write_text(head + line * n)


DRIFT = "3;50.0 " + " ".join(f"{k}:{k / 8}" for k in range(1, 129)) + "\n"
TS = "@problemName x\n@dimensions 2\n@classLabel true a b\n@data\n"
OTHERS = {  # by format: what writes the file, how its name ends, what reads it
    "hdf5": (hdf5, ".h5", files.read_events),
    "hdf5 samples": (hdf5, ".h5", partial(files.read_samples, key="gas")),
    "hdf5 table": (hdf5, ".h5", partial(files.read_samples, key="imu/accel")),
    "spikes": (spikes, ".h5", files.read_spikes),
    "spikes 2": (spikes, ".h5", partial(files.read_events, key=2)),
    "stmnist": (spiketrain, ".mat", files.read_events),
    "npy": (lambda path: np.save(path, events.sample("npy", n=60)), ".npy", files.read_events),
    "npy samples": (lambda path: np.save(path, VALUES), ".npy", files.read_samples),
    "npz": (lambda path: np.savez_compressed(path, a=VALUES, b=VALUES), ".npz",
            partial(files.read_samples, key="b")),
    "wav": (lambda path: wavfile.write(path, 8000, VALUES.astype("i2")), ".wav",
            files.read_samples),
    "idx": (lambda path: path.write_bytes(b"\0\0\x08\2\0\0\0\6\0\0\0\7" + bytes(42)), ".idx",
            lambda path, on_bad: files.read_idx(path)),
    "idx.gz": (lambda path: path.write_bytes(
        gzip.compress(b"\0\0\x08\2\0\0\0\6\0\0\0\7" + bytes(range(42)))), ".gz",
            lambda path, on_bad: files.read_idx(path)),
    "table": (partial(text, head="t,x,y,p\n", line="10,3,4,1\n"), ".csv", files.read_events),
    "table samples": (lambda path: path.write_text(
        "time,CO,NO2\n" + "".join(f"{k / 4},1.5,{k}\n" for k in range(12))), ".csv",
                      files.read_samples),
    "ts": (partial(text, head=TS, line="1,2.5,3:4,5,-6e1:a\n"), ".ts", files.read_ts),
    "drift": (partial(text, head="", line=DRIFT, n=2), ".dat",
              lambda path, on_bad: files.read_drift(path)),
    "rosbag": (partial(events.write_bag, messages=IN_BAG), ".bag", files.read_events),
    "rosbag packets": (partial(bag_1, compression=""), ".bag", files.read_events),
    "rosbag lz4": (partial(bag_1, compression="LZ4"), ".bag", files.read_events),
    "rosbag bz2": (partial(bag_1, compression="BZ2"), ".bag", files.read_events),
    "rosbag db3": (partial(bag_2, plugin="SQLITE3"), ".db3", files.read_events),
    "rosbag mcap": (partial(bag_2, plugin="MCAP"), ".mcap", files.read_events),
}  # fmt: skip


def written(name: str, place: Path):
    """Return the bytes of a whole file, the end of its name, and its reader."""
    if name in events.WRITERS:
        writer, suffix = events.WRITERS[name]
        return writer(events.sample(name, n=60)), suffix, files.read_events
    writer, suffix, reader = OTHERS[name]
    path = place / f"whole{suffix}"
    writer(path)
    return path.read_bytes(), suffix, reader


def main() -> None:
    """Mutate, read, count."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    warnings.simplefilter("ignore")  # scipy warns of what it cannot read in sound
    for name in sys.argv[2:] or (*events.WRITERS, *OTHERS):
        rng, outcomes, slowest = np.random.default_rng(0), {"read": 0, "refused": 0}, 0.0
        with tempfile.TemporaryDirectory(dir=folder) as place:
            whole, suffix, reader = written(name, Path(place))
            path = Path(place) / f"fuzz{suffix}"
            path.write_bytes(whole)
            reader(path, on_bad="raise")
            for k in range(n):
                path.write_bytes(events.mutate(whole, rng))
                signal.alarm(60)  # ends the run where a library hangs
                begin = time.perf_counter()
                try:
                    reader(path, on_bad=("raise", "drop", "repair")[k % 3])
                except ValueError:
                    outcomes["refused"] += 1
                else:
                    outcomes["read"] += 1
                slowest = max(slowest, time.perf_counter() - begin)
        signal.alarm(0)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name}: {outcomes}, slowest {slowest:.2f} s, peak memory {memory:.0f} MiB", flush=True
        )
        if slowest > 5 or memory > 1024:
            raise SystemExit(f"{name} took {slowest:.1f} s for one file, or {memory:.0f} MiB")


if __name__ == "__main__":
    main()
