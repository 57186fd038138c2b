"""Event readers beside faery on the same files: python benchmarks/readers.py [N].

Writes N (by default 10 million) random events in each format to memory, reads them five times with
each library in turn and prints medians, in million events a second, and the ratio.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

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
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    try:
        import faery
    except ImportError:
        faery = None
        print("faery is not installed: pip install faery")
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as place:
        events = write(Path(place), n)
        for name in ("evt2.raw", "evt3.raw", "v2.dat"):
            path = Path(place) / name
            assert (read_events(path).events == events).all()
            mine = n / clock(lambda path=path: read_events(path)) / 1e6
            text = f"{name}: mottle {mine:.0f} million events/s"
            if faery is not None:

                def theirs(path=path):
                    return faery.events_stream_from_file(path).to_array()

                other = n / clock(theirs) / 1e6
                text += f", faery {other:.0f}, ratio {mine / other:.2f}"
            print(text, flush=True)


if __name__ == "__main__":
    main()
