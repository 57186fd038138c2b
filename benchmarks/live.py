"""Latency of live use, in numbers: python benchmarks/live.py [seconds].

A tick a millisecond for a minute, each 64 channels through a reservoir and its readout; the process
is bound to one core. The table goes into docs/how-to/streaming.md, between the marks "live".
"""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

from pages import record
from stream import ONE_THREAD, write

N_CHANNELS, PERIOD = 64, 1e-3  # s


def rss():
    """Memory in use now, MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() / 2**20


def runs():
    """Name and make each reservoir, and say how much faster its device is than the sensor."""
    from mottle.reservoir import EchoStateReservoir, MemristorReservoir, VO2Reservoir

    vo2 = {"n_nodes": 400, "random_state": 0}
    return {
        "1000 WOx memristors": (MemristorReservoir(1000, dt_device=1e-3, random_state=0), 1e-3),
        "400 VO2 neuristors, 1 us a tick": (VO2Reservoir(regime="oscillating", **vo2), 1e-6),
        "400 VO2 neuristors, 0.5 us a tick": (
            VO2Reservoir(regime="oscillating", dt_device=5e-7, **vo2),
            5e-7,
        ),
        "1000 echo state nodes": (EchoStateReservoir(1000, random_state=0), None),
    }


def measure(name, seconds):
    """Print latencies in us: median, 99 %, 99.9 %, worst, CPU median; memory before and after."""
    import numpy as np

    from mottle.reservoir import LiveRun, RidgeReadout

    reservoir, _ = runs()[name]
    rng = np.random.default_rng(0)
    train = rng.uniform(-1, 1, (1000, N_CHANNELS))
    reservoir.fit(train)
    run = LiveRun(reservoir, RidgeReadout(1.0).fit(reservoir.transform(train), train[:, 0]))
    drive = rng.uniform(-1, 1, (int(seconds / PERIOD), N_CHANNELS))
    for x in drive[:1000]:
        run.advance(x)
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[-1]})
    latency, busy = np.empty(len(drive)), np.empty(len(drive))
    before, start = rss(), time.perf_counter()
    for k, x in enumerate(drive):
        due = start + k * PERIOD
        while (wait := due - time.perf_counter()) > 0:
            time.sleep(wait if wait > 2e-4 else 0)
        begin, cpu = time.perf_counter(), time.thread_time()
        run.advance(x)
        latency[k], busy[k] = time.perf_counter() - begin, time.thread_time() - cpu
    quantiles = np.quantile(latency, [0.5, 0.99, 0.999, 1.0]) * 1e6
    own = np.quantile(busy, [0.5, 0.99]) * 1e6
    print(*(f"{value:.0f}" for value in (*quantiles, *own)), f"{rss() - before:.1f}")


def main():
    """Measure each in a process of its own and write the table."""
    if len(sys.argv) == 3:
        measure(sys.argv[1], float(sys.argv[2]))
        return
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    rows = [["", "speed-up", "p50 us", "p99 us", "p99.9 us", "worst us", "p50 us of CPU",
             "p99 us of CPU", "memory grew by, MiB"]]  # fmt: skip
    for name, (_, dt_device) in runs().items():
        done = subprocess.run(
            [sys.executable, __file__, name, seconds],
            env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True,
        )  # fmt: skip
        faster = "" if dt_device is None else f"{PERIOD / dt_device:g}"
        rows.append([name, faster, *done.stdout.split()])
    write("live", rows)
    record("live")


if __name__ == "__main__":
    main()
