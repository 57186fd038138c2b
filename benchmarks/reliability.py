"""What `mottle prepare` stands, in numbers: python benchmarks/reliability.py [kills|damage|speed].

Without an argument all three. Tables go into docs/reliability.md, between the marks of that name.
Recordings are N-MNIST, Ev-Objects, SmellNet and spoken digits from the folder MOTTLE_DATA where
they are there; else those that ship.
"""

import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mottle.datasets import data_home, list_dataset, prepare, verify_prepared
from mottle.sensors import EventRate, GasDrive

PAGE = Path(__file__).parents[1] / "docs" / "reliability.md"
N_KILLS, N_FLIPS = 100, 200
CONFIG = """
[fit]
on = "all"
[store]
block = 16
[encoders]
sight = { kind = "EventRate", n_steps = 12, sensor_size = [34, 34], duration = 0.31, \
on_drop = "ignore" }
"""


def tree(folder):
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def digits():
    """Name the event digits that are here, and how many."""
    return ("nmnist", 1000) if (data_home() / "nmnist").exists() else ("nmnist-100", 100)


def kills():
    """Kill the real command at random moments until it has died 100 times; compare the bytes."""
    rng = np.random.default_rng(0)
    name, n = digits()
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        (place / "encode.toml").write_text(CONFIG)

        def command(out):
            run = [str(Path(sys.executable).parent / "mottle"), "prepare", name, "--encode",
                   str(place / "encode.toml"), "--out", str(out)]  # fmt: skip
            return subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        begin = time.perf_counter()
        assert command(place / "quiet.zarr").wait() == 0
        took = time.perf_counter() - begin
        expected = tree(place / "quiet.zarr")
        path = place / "store.zarr"
        killed = runs = finished = wrong = kept = 0
        while killed < N_KILLS:
            child = command(path)
            runs += 1
            try:
                assert child.wait(rng.uniform(0.4, 1.0) * took) == 0, "a run failed by itself"
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.wait()
                killed += 1
            kept += (path.parent / f".{path.name}.parts").exists()
            if path.exists():
                wrong += tree(path) != expected
                finished += 1
                shutil.rmtree(path)
        assert command(path).wait() == 0
        same = tree(path) == expected
        left = sorted(p.name for p in place.iterdir())
    return [
        ("recordings", f"{name}, {n}"),
        ("one run left alone", f"{took:.1f} s"),
        ("runs, of them killed", f"{runs}, {killed}"),
        ("killed with work done, which the next run took up", kept),
        ("stores seen whole, of them with other bytes", f"{finished}, {wrong}"),
        ("the last run's bytes equal to the quiet run's", "yes" if same else "NO"),
        ("left beside the store", ", ".join(set(left) - {"encode.toml", "quiet.zarr", "store.zarr"})
         or "nothing"),
    ]  # fmt: skip


def damage():
    """Flip single bits anywhere in a store; count what `verify` finds."""
    rng = np.random.default_rng(1)
    found = 0
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "s.zarr"
        prepare(list_dataset("nmnist-100"), path)
        files = [file for file in sorted(path.rglob("*")) if file.is_file()]
        for _ in range(N_FLIPS):
            file = files[rng.integers(len(files))]
            good = file.read_bytes()
            bad = bytearray(good)
            bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
            file.write_bytes(bad)
            try:
                found += bool(verify_prepared(path))
            except ValueError:
                found += 1
            file.write_bytes(good)
        assert verify_prepared(path) == []
    return [("single bits turned over", N_FLIPS), ("found by mottle store verify", found)]


def speed():
    """Time preparing beside reading the same files alone, three times each."""
    rows = []
    jobs = {
        digits()[0]: {"sight": EventRate(12, sensor_size=(34, 34), duration=0.31,
                                         on_drop="ignore")},
        "fsdd": None,
        "smellnet": {"smell": GasDrive(60, drop=("Benzene",))},
        "ev-objects": None,
    }  # fmt: skip
    for name, encoders in jobs.items():
        folder = data_home() / name
        if not folder.exists() and name not in ("nmnist-100",):
            continue
        n_bytes = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
        reading, all_of_it = [], []
        n = 0
        for _ in range(3):
            with tempfile.TemporaryDirectory() as place:
                begin = time.perf_counter()
                listing = list_dataset(name)
                for row in range(len(listing.names)):
                    listing.read(row)
                reading.append(time.perf_counter() - begin)
                begin = time.perf_counter()
                n = prepare(
                    list_dataset(name), Path(place) / "s.zarr", encoders=encoders, fit_on="all"
                ).n_recordings
                all_of_it.append(time.perf_counter() - begin)
        read, whole = np.median(reading), np.median(all_of_it)
        what = "streams as they are" if encoders is None else "drives"
        rows.append((
            f"{name}, {what}", f"{n / read:.0f}", f"{n / whole:.0f}", f"{n_bytes / read / 1e6:.1f}",
            f"{n_bytes / whole / 1e6:.1f}", f"{whole / read:.2f}",
        ))  # fmt: skip
    return rows


HEADS = {
    "kills": ("what", "result"),
    "damage": ("what", "result"),
    "speed": ("set", "read only, recordings/s", "prepare, recordings/s", "read only, MB/s",
              "prepare, MB/s", "time, ratio"),
}  # fmt: skip


def main() -> None:
    """Measure what is asked for and write it into the page."""
    for name in sys.argv[1:] or HEADS:
        rows = [HEADS[name], ["---"] * len(HEADS[name]), *globals()[name]()]
        table = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
        print(table)
        machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, " + ", ".join(
            f"{package} {version(package)}" for package in ("numpy", "zarr", "xarray")
        )
        text = PAGE.read_text(encoding="utf-8")
        new = f"<!-- {name} -->\n{table}\n\n({machine})\n<!-- end -->"
        text, n = re.subn(
            rf"<!-- {name} -->.*?<!-- end -->", lambda _, new=new: new, text, flags=re.S
        )
        assert n == 1, name
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
