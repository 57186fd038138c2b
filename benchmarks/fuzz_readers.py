"""Feed damaged event files to the readers: python benchmarks/fuzz_readers.py [N].

Each format gets N (by default 100,000) mutations of a written file. Prints what came out, and ends
with an error if anything but events or a ValueError did, or if one file took over five seconds.
"""

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "sensors"))

from test_event_files import WRITERS, mutate, sample

from mottle.sensors.files import read_events


def main() -> None:
    """Mutate, read, count."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    for name, (writer, suffix) in WRITERS.items():
        whole, rng = writer(sample(name, n=60)), np.random.default_rng(0)
        outcomes, slowest = {"read": 0, "refused": 0}, 0.0
        with tempfile.TemporaryDirectory(dir=folder) as place:
            path = Path(place) / f"fuzz{suffix}"
            for k in range(n):
                path.write_bytes(mutate(whole, rng))
                begin = time.perf_counter()
                try:
                    read_events(path, on_bad=("raise", "drop", "repair")[k % 3])
                except ValueError:
                    outcomes["refused"] += 1
                else:
                    outcomes["read"] += 1
                slowest = max(slowest, time.perf_counter() - begin)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{name}: {outcomes}, slowest {slowest:.2f} s, peak memory {memory:.0f} MiB", flush=True
        )
        if slowest > 5:
            raise SystemExit(f"{name} took {slowest:.1f} s for one file")


if __name__ == "__main__":
    main()
