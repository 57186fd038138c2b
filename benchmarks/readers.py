"""Readers beside faery, or beside an older checkout: python benchmarks/readers.py [N].

Writes N (by default 10 million) random events in each format to memory, reads them five times with
each library in turn and prints medians, in million events a second, and the ratio.

Both write their table into docs/results/files.md.

--against OLD reads a file of every format, and small files, by turns in another checkout (with its
``.venv``) and in this one, one process each, and prints old time over new, of medians of nine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from pages import DOCS, fill, markdown, record, stamp

from mottle.sensors import EVENT_DTYPE
from mottle.sensors.files import read_events


def write(folder, n):
    """Write one file a format; clock words where the time changes."""
    rng = np.random.default_rng(0)
    t = np.sort(rng.integers(0, n // 4, n))
    x, y = rng.integers(0, 1280, n), rng.integers(0, 720, n)
    p = rng.integers(0, 2, n)
    events = p << 28 | (t & 63) << 22 | x << 11 | y
    new = np.flatnonzero(np.diff(t >> 6, prepend=-1))
    words = np.insert(events, new, 8 << 28 | (t >> 6)[new])
    head = b"%% evt %s.0\n%% geometry 1280x720\n%% end\n"
    (folder / "evt2.raw").write_bytes(head % b"2" + words.astype("<u4").tobytes())
    rows = np.stack([0x8000 | t >> 12 & 0xFFF, 0x6000 | t & 0xFFF, y, 0x2000 | p << 11 | x], axis=1)
    changed = np.diff(t, prepend=-1) != 0
    keep = np.stack(
        [np.diff(t >> 12, prepend=-1) != 0, changed, np.ones(n, bool), np.ones(n, bool)]
    )
    (folder / "evt3.raw").write_bytes(head % b"3" + rows[keep.T].astype("<u2").tobytes())
    pairs = np.stack([t, x | y << 14 | p << 28], axis=1).astype("<u4")
    dat = b"% Version 2\n% Width 1280\n% Height 720\n\x0c\x08"
    (folder / "v2.dat").write_bytes(dat + pairs.tobytes())
    array = np.empty(n, dtype=EVENT_DTYPE)
    array["t"], array["x"], array["y"], array["p"] = t, x, y, p
    return array


WORKER = """
import json, sys, time, warnings
from mottle.sensors import files
warnings.simplefilter("ignore")
for line in sys.stdin:
    function, path, options, repeats = json.loads(line)
    read = getattr(files, function)
    begin = time.process_time()
    try:
        for _ in range(repeats):
            read(path, **options)
        print((time.process_time() - begin) / repeats, flush=True)
    except Exception as error:
        print("null", flush=True)
"""


def every_format(folder, n):
    """Write a file of every format: yield a name, the reader, the file and its options."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    import event_writers
    import h5py
    from scipy.io import wavfile

    for size, text in ((n, f"{n} events"), (50, "50 events")):
        for name in event_writers.WRITERS:
            events = event_writers.sample(name, n=size)
            place = folder / f"{name} {size}"
            place.mkdir()
            path = event_writers.write(place, name, events)
            options = {"format": name} if name in ("nmnist", "evt2.1") else {}
            yield f"{name}, {text}", "read_events", path, options
        events = event_writers.draw(size)
        for name, save in (("npy", np.save), ("npz", lambda path, e: np.savez(path, events=e))):
            save(path := folder / f"{size}.{name}", events)
            yield f"{name}, {text}", "read_events", path, {}
        for layout in ("dsec", "prophesee"):
            with h5py.File(path := folder / f"{layout}{size}.h5", "w") as file:
                for field in "txyp" if layout == "dsec" else ():
                    file[f"events/{field}"] = events[field]
                if layout == "prophesee":
                    file["CD/events"] = events
            yield f"hdf5 of {layout}, {text}", "read_events", path, {}
        frame = pd.DataFrame({name: events[name] for name in ("t", "x", "y", "p")})
        frame.to_csv(path := folder / f"events{size}.csv", index=False)
        yield f"csv, {text}", "read_events", path, {}
        event_writers.write_bag(path := folder / f"{size}.bag", np.array_split(events, 5))
        yield f"rosbag, {text}", "read_events", path, {}
    rng = np.random.default_rng(0)
    for rows, columns in ((n // 4, 4), (20, 4), (20, 20_000)):
        values = rng.normal(size=(rows, columns)).round(4)
        frame = pd.DataFrame(values, columns=[f"channel {k}" for k in range(columns)])
        frame.insert(0, "time", np.arange(rows) / 100)
        text = f"{rows} × {columns} samples"
        frame.to_csv(path := folder / f"{rows}x{columns}.csv", index=False)
        yield f"csv, {text}", "read_samples", path, {}
        np.save(path := folder / f"{rows}x{columns}.npy", values)
        yield f"npy, {text}", "read_samples", path, {"rate": 100.0}
        if columns < 100:
            whole = (1000 * values).astype(np.int16)
            wavfile.write(path := folder / f"{rows}x{columns}.wav", 8000, whole)
            yield f"wav, {text}", "read_samples", path, {}


def against(old, n, folder):
    """Write the old checkout's time over this one's for every file."""
    rows = []
    workers = [
        subprocess.Popen([str(Path(root) / ".venv/bin/python"), "-c", WORKER], text=True,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root, bufsize=1,
                         env=os.environ | {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"})
        for root in (Path(old).resolve(), Path(__file__).parents[1])
    ]  # fmt: skip

    def ask(worker, function, path, options, repeats):
        worker.stdin.write(json.dumps([function, str(path), options, repeats]) + "\n")
        return json.loads(worker.stdout.readline())

    for name, function, path, options in every_format(folder, n):
        times = [[], []]
        repeats = 1
        for round_ in range(10):  # the first compiles, the second sets how often a round reads
            for worker, found in zip(workers, times, strict=True):
                found.append(ask(worker, function, path, options, repeats))
            if None in (times[0][-1], times[1][-1]):
                break
            if round_ < 2:
                repeats = max(1, int(0.05 / max(times[1][-1], 1e-6)))
                times = [[], []]
        else:
            before, now = (1e3 * float(np.median(found)) for found in times)
            rows.append([name, before, now, f"{before / now:.2f}"])
            print(*rows[-1], flush=True)
            continue
        which = " and ".join(w for w, f in zip(("before", "now"), times, strict=True) if None in f)
        print(f"{name}: not read {which}", flush=True)
    heads = ["file", "before (ms)", "now (ms)", "before / now"]
    write_table("against", pd.DataFrame(rows, columns=heads))


def write_table(mark, table):
    """Put a table into the page, with day and machine."""
    text = f"{markdown(table)}\n\n{stamp('numpy', 'pandas', 'h5py', 'faery')}"
    fill(DOCS / "results/files.md", mark, text)
    record("readers")


def clock(read):
    """Return the median time in s of five readings."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        read()
        times.append(time.perf_counter() - begin)
    return float(np.median(times))


def main() -> None:
    """Write, check, time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("n", nargs="?", type=int)
    parser.add_argument("--against", help="an older checkout")
    args = parser.parse_args()
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    if args.against:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            return against(args.against, args.n or 200_000, Path(place))
    n = args.n or 10_000_000
    try:
        import faery
    except ImportError:
        faery = None
        print("faery is not installed: pip install faery")
    with tempfile.TemporaryDirectory(dir=folder) as place:
        events, rows = write(Path(place), n), []
        for name in ("evt2.raw", "evt3.raw", "v2.dat"):
            path = Path(place) / name
            assert (read_events(path).events == events).all()
            mine = n / clock(lambda path=path: read_events(path)) / 1e6
            rows.append([name, f"{mine:.0f}", "-", "-"])
            if faery is not None:

                def theirs(path=path):
                    return faery.events_stream_from_file(path).to_array()

                other = n / clock(theirs) / 1e6
                rows[-1][2:] = f"{other:.0f}", f"{mine / other:.2f}"
            print(*rows[-1], flush=True)
    heads = ["file", "mottle (million events/s)", "faery (million events/s)", "ratio"]
    write_table("peers", pd.DataFrame(rows, columns=heads))


if __name__ == "__main__":
    main()
