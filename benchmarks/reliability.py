"""What stores stand, in numbers: python benchmarks/reliability.py [PART...] [--n N].

Parts: kills, damage, disk, files, speed; without one, all. N is the number of random moments for
each signal and command (default 100); --commands names the commands of which kills are done anew,
the rows of others are kept. Tables go into docs/results/reliability.md, between the marks
of that name, and all figures into docs/results/reliability.json. Recordings are those that ship, so
that every machine can repeat it; speed is measured on those in the folder MOTTLE_DATA that are
there.
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from pages import DOCS, fill, record, stamp

from mottle.datasets import (
    StatesWriter,
    data_home,
    list_dataset,
    list_files,
    load_nmnist_100,
    open_prepared,
    open_states,
    prepare,
    verify_prepared,
    verify_states,
)
from mottle.datasets.downloads.fetch import Remote
from mottle.sensors import EventRate, GasDrive

PAGE, RESULTS = DOCS / "results/reliability.md", DOCS / "results/reliability.json"
N, N_FLIPS, AT_ONCE = 100, 400, 3
SIGNALS = {"SIGKILL": -signal.SIGKILL, "SIGTERM": -signal.SIGTERM, "SIGINT": 130}
ENCODERS = {"sight": EventRate(12, sensor_size=(34, 34), duration=0.31, on_drop="ignore")}
CONFIG = """
[fit]
on = "all"
[store]
block = 4
[encoders]
sight = { kind = "EventRate", n_steps = 12, sensor_size = [34, 34], duration = 0.31, \
on_drop = "ignore" }
"""
RECIPE = """
title = "Touch of a grasping hand"
seeds = [0]
[data]
name = "demo"
options = { task = "grasp" }
[split]
kind = "blocked"
n_splits = 2
[encoders]
touch = { kind = "TaxelDrive", n_steps = 12 }
[reservoirs]
echo = { kind = "EchoStateReservoir", n_nodes = 32, pool = "mean" }
"""


def tree(folder):
    """Return every file below a folder with its bytes."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def command(words, begun):
    """Run a command of mottle in a process that is there already."""
    from mottle.pipelines.cli import main

    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    with Path(os.devnull).open("w", encoding="utf-8") as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    begun.set()
    try:
        main(words)
    finally:  # a signal to what takes down this process gives 1, whatever the command did
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def fetch(home, url, begun):
    """Fetch a set of two archives from this machine."""
    from mottle.datasets.sets import nmnist

    os.environ["MOTTLE_DATA"] = home
    remotes = tuple(
        Remote(f"nmnist/{part}.zip", f"{url}{part}.zip", None, f"nmnist/{part}")
        for part in ("Train", "Test")
    )
    nmnist.DATA_SET = replace(nmnist.DATA_SET, files=remotes)
    command(["datasets", "fetch", "nmnist"], begun)


def write_states(path, begun):
    """Write 40 blocks of states."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    begun.set()
    shape = {"n_recordings": 160, "n_steps": 50, "n_nodes": 100}
    try:
        with StatesWriter(path, block=4, attrs={"units": "V"}, **shape) as writer:
            for index in writer.pending():
                states = np.random.default_rng(index).normal(size=(4, 50, 100))
                writer.write(index, states)
    except KeyboardInterrupt:
        sys.exit(130)


def serve():
    """Serve two archives, piece by piece; return the server and its address."""
    events = np.random.default_rng(0).bytes(5 * 3000)
    files = {}
    with tempfile.TemporaryDirectory() as place:
        for part in ("Train", "Test"):
            file = Path(place) / f"{part}.zip"
            with zipfile.ZipFile(file, "w") as archive:
                for row in range(60):
                    archive.writestr(f"{part}/{row % 10}/{row:05d}.bin", events)
            files[f"/{part}.zip"] = file.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            data = files[self.path]
            wanted = self.headers.get("Range", "bytes=0-")
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            if begin >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.end_headers()
                return
            self.send_response(206 if begin else 200)
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            try:
                for at in range(begin, len(data), 1 << 15):
                    self.wfile.write(data[at : min(len(data), at + (1 << 15))])
                    time.sleep(0.002)
            except OSError:  # the fetcher was killed
                pass

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/"


class Kills:
    """Commands that are killed at random moments, in processes of their own.

    Processes are forked from one that has imported everything and compiled the kernels, so that
    the moments fall into the work.
    """

    def __init__(self, place, url, until, names):
        self.place, self.until = place, until
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["warm_jobs"])
        (place / "encode.toml").write_text(CONFIG)
        (place / "recipe.toml").write_text(RECIPE)
        encode, recipe = str(place / "encode.toml"), str(place / "recipe.toml")
        words = ["prepare", "nmnist-100", "--limit", "60", "--encode", encode, "--out"]
        self.works = {
            "prepare": lambda out: (command, ([*words, str(out / "s.zarr")],)),
            "fetch": lambda out: (fetch, (str(out), url)),
            "states": lambda out: (write_states, (str(out / "s.zarr"),)),
            "run": lambda out: (command, (
                ["run", recipe, "--out", str(out / "out"), "--states", str(out / "states")],
            )),
        }  # fmt: skip
        self.works = {name: self.works[name] for name in names or self.works}
        self.took, self.expected = {}, {}
        for name in self.works:
            for quiet in ("warm", "quiet"):  # the first fills caches
                begin = time.perf_counter()
                child = self.start(name, place / f"{name}-{quiet}")
                child.join()
                assert child.exitcode == 0, (name, child.exitcode)
                self.took[name] = time.perf_counter() - begin
            self.expected[name] = results(place / f"{name}-quiet")
        self.states = {
            (name, sent): {
                "rng": np.random.default_rng(k), "longest": self.took[name],
                **dict.fromkeys(("sent", "runs", "resumed", "wrong", "odd"), 0),
            }
            for name in self.works for k, sent in enumerate(SIGNALS)
        }  # fmt: skip

    def start(self, name, out):
        """Start a command, and return when its work begins."""
        begun = self.context.Event()
        target, args = self.works[name](out)
        out.mkdir(exist_ok=True)
        child = self.context.Process(target=target, args=(*args, begun))
        child.start()
        begun.wait()
        return child

    def send(self, job, wanted):
        """Send a signal until ``wanted`` have been sent in all, or the time is up."""
        name, sent = job
        out, state = self.place / f"{name}-{sent}", self.states[job]
        while state["sent"] < wanted and time.monotonic() < self.until:
            before = out.exists() and any(out.iterdir())
            child = self.start(name, out)
            state["runs"] += 1
            child.join(state["rng"].uniform(0, state["longest"]))
            if child.exitcode is None:
                with suppress(ProcessLookupError):  # it ended after it was looked at
                    os.kill(child.pid, getattr(signal, sent))
                child.join(60)
                state["sent"] += 1
                state["longest"] *= 1.03  # so that about one run in four comes to its end
                state["resumed"] += before
                state["odd"] += child.exitcode not in (SIGNALS[sent], 0)
            else:
                state["odd"] += child.exitcode != 0
                state["longest"] *= 0.9
            if name == "prepare" and (out / "s.zarr").exists():
                state["wrong"] += results(out) != self.expected[name]  # whole, or not there
            if child.exitcode == 0:
                state["wrong"] += results(out) != self.expected[name]
                shutil.rmtree(out)

    def end(self, job):
        """Let the last run come to its end, and return the row of the table."""
        name, sent = job
        out, state = self.place / f"{name}-{sent}", self.states[job]
        child = self.start(name, out)
        child.join()
        same = child.exitcode == 0 and results(out) == self.expected[name]
        left = set(left_over(out)) - set(left_over(self.place / f"{name}-quiet"))
        row = (
            name, sent, *(state[key] for key in ("sent", "runs", "resumed", "wrong", "odd")),
            "yes" if same else "NO", ", ".join(sorted(left)) or "nothing",
        )  # fmt: skip
        print(*row, flush=True)
        return row


def kills(n, minutes, names):
    """Send each signal at n random moments to each command; compare bytes with a quiet run's.

    Three go on at once. Where the time is up, fewer are sent. Rows of commands that are not in
    ``names`` are the kept ones; without names all are done.
    """
    server, url = serve()
    with tempfile.TemporaryDirectory() as place:
        work = Kills(Path(place), url, time.monotonic() + 60 * minutes, names)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for wanted in (*range(5, n, 5), n):  # in turn, so that each gets some if time is short
                list(pool.map(lambda job, wanted=wanted: work.send(job, wanted), work.states))
            rows = list(pool.map(work.end, work.states))
    server.shutdown()
    found = {row[:2]: row for row in rows}
    kept = json.loads(RESULTS.read_text())["kills"]["rows"] if names else []
    before = [tuple(row.values()) for row in kept]
    return [found.pop(row[:2], row) for row in before] + list(found.values())


def results(out):
    """Return the files of a run, without what names the moment, the time taken or the place."""
    found = tree(out)
    return {
        name: data for name, data in found.items()
        if not re.search(r"\.(parts|building|lock|part|partial|fetching|template)\b", name)
        and not name.endswith((".html", ".json", ".sha256", ".fits.csv"))
    } | {name: data for name, data in found.items() if name.endswith("zarr.json")}  # fmt: skip


def left_over(out):
    """Return names that only unfinished runs have."""
    return [
        str(f.relative_to(out)) for f in out.rglob("*")
        if re.search(r"\.(parts|building|old|lock|part|partial|fetching|template)\b", f.name)
    ]  # fmt: skip


def damage(n):
    """Flip bits in every file of both stores: all bits of small files, some of the others."""
    rng = np.random.default_rng(1)
    rows = []
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        prepare(list_dataset("nmnist-100").first(4), place / "streams.zarr")
        prepare(
            list_dataset("nmnist-100").first(8), place / "drives.zarr", encoders=ENCODERS,
            fit_on="all",
        )  # fmt: skip
        coords = {"recording": ("recording", list("abcde")), "target": ("recording", range(5))}
        with StatesWriter(
            place / "states.zarr", n_recordings=5, n_steps=20, n_nodes=8, block=2,
            attrs={"units": "V"}, coords=coords,
        ) as writer:  # fmt: skip
            for index in writer.pending():
                rows_of = writer.rows(index)
                writer.write(index, rng.normal(size=(rows_of.stop - rows_of.start, 20, 8)))
        for name, verify in (
            ("streams", verify_prepared), ("drives", verify_prepared), ("states", verify_states),
        ):  # fmt: skip
            path = place / f"{name}.zarr"
            counts = {"metadata": [0, 0], "labels and sizes": [0, 0], "lines": [0, 0],
                      "data": [0, 0]}  # fmt: skip
            for file in [f for f in sorted(path.rglob("*")) if f.is_file()]:
                kind = kind_of(str(file.relative_to(path)))
                good = file.read_bytes()
                bits = np.arange(8 * len(good))
                if kind == "data":
                    bits = rng.choice(bits, min(N_FLIPS, len(bits)), replace=False)
                elif n < N:  # a short run
                    bits = bits[:: max(1, N // n)]
                for bit in bits:
                    bad = bytearray(good)
                    bad[bit // 8] ^= 1 << (bit % 8)
                    file.write_bytes(bad)
                    try:
                        found = bool(verify(path))
                    except ValueError:
                        found = True
                    counts[kind][0] += 1
                    counts[kind][1] += found
                file.write_bytes(good)
            lost = sum(bool(without(path, file, verify)) for file in tree(path))
            (path / "more").write_bytes(b"")
            added = bool(verify(path))
            (path / "more").unlink()
            assert verify(path) == []
            rows += [(name, f"bits of {kind}", *count) for kind, count in counts.items()]
            rows.append((name, "files taken away: opening and verify", len(tree(path)), lost))
            rows.append((name, "a file added", 1, int(added)))
            print(*rows[-6:], sep="\n", flush=True)
    return rows


def kind_of(name):
    """Return which kind of file a file of a store is."""
    if name.endswith("zarr.json"):
        return "metadata"
    if name.startswith("manifest/"):
        return "lines"
    return "data" if re.search(r"(^states|/[txyp]|/drive|/time|/values)/c/", name) else (
        "labels and sizes"
    )  # fmt: skip


def without(path, name, verify):
    """Take a file away; return whether opening the store and `verify` both notice."""
    file = path / name
    good = file.read_bytes()
    file.unlink()
    noticed = 0
    try:
        (open_states if verify is verify_states else open_prepared)(path)
    except ValueError:
        noticed += 1
    try:
        noticed += bool(verify(path))
    except ValueError:
        noticed += 1
    file.write_bytes(good)
    return noticed == 2


def write_digits(folder):
    """Write 40 recordings as files."""
    folder.mkdir(parents=True)
    for row, events in enumerate(load_nmnist_100().table["sight"].iloc[:40]):
        np.save(folder / f"{row:02d}.npy", events[:2000])


def disk(n):
    """Fill the disk, at sizes up to what a run takes; take away inodes and the right to write."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        write_digits(place / "in")
        listing = list_files([place / "in"], sense="sight")
        prepare(listing, place / "quiet.zarr", block=4)
        expected = tree(place / "quiet.zarr")
        small = place / "small"
        small.mkdir()

        def mounted(options):
            words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(small)]
            return subprocess.run(words, capture_output=True, check=False).returncode == 0

        def attempts(kind, all_options, grow):
            failed = same = 0
            for options in all_options:
                if not mounted(options):
                    return [(kind, 0, 0, "tmpfs cannot be mounted here")]
                try:
                    prepare(listing, small / "s.zarr", block=4)
                except OSError:
                    failed += 1
                assert not (small / "s.zarr").exists() or tree(small / "s.zarr") == expected
                remount = f"remount,{grow}"
                subprocess.run(["mount", "-o", remount, str(small)], check=True)
                prepare(listing, small / "s.zarr", block=4)
                same += tree(small / "s.zarr") == expected and len(list(small.iterdir())) == 1
                subprocess.run(["umount", str(small)], check=True)
            return [(kind, len(all_options), failed, f"{same} of {len(all_options)}")]

        sizes = np.linspace(16, 1900, max(2, n // 4)).astype(int)
        rows += attempts("disk full", [f"size={size}k" for size in sizes], "size=64m")
        inodes = np.linspace(4, 60, max(2, n // 4)).astype(int)
        rows += attempts("no inodes", [f"nr_inodes={i}" for i in inodes], "nr_inodes=9999")
        if mounted("size=64m"):
            shutil.copytree(place / "quiet.zarr", small / "s.zarr")
            subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
            whole = len(open_prepared(small / "s.zarr").table) == 40
            fine = whole and verify_prepared(small / "s.zarr") == []
            rows.append(("read-only: read and verified", 1, 0, "yes" if fine else "NO"))
            failed = 0
            try:
                prepare(listing, small / "s.zarr")
            except OSError:
                failed = 1
            same = tree(small / "s.zarr") == expected
            rows.append(("read-only: written", 1, failed, "1 of 1" if same else "NO"))
            subprocess.run(["umount", str(small)], check=True)
    return rows


def files(n):
    """Change and delete files at random moments of a run; compare with a run on what is there."""
    rng = np.random.default_rng(2)
    rows = []
    for kind in ("changed", "deleted"):
        caught = same = 0
        for _ in range(n):
            with tempfile.TemporaryDirectory() as place:
                place = Path(place)
                write_digits(place / "in")
                victim = place / f"in/{rng.integers(40):02d}.npy"
                after, calls = int(rng.integers(1, 24)), [0]

                def alter(what, done, of, victim=victim, after=after, calls=calls, kind=kind):
                    calls[0] += 1
                    if calls[0] == after and kind == "deleted":
                        victim.unlink()
                    elif calls[0] == after:
                        np.save(victim, np.load(victim)[:77])

                listing = list_files([place / "in"], sense="sight")
                try:
                    prepare(listing, place / "s.zarr", block=4, progress=alter)
                except (ValueError, OSError):
                    caught += 1
                listing = list_files([place / "in"], sense="sight")
                prepare(listing, place / "s.zarr", block=4)
                prepare(listing, place / "fresh.zarr", block=4)
                same += tree(place / "s.zarr") == tree(place / "fresh.zarr")
        rows.append((kind, n, caught, f"{same} of {n}"))
    return rows


def digits():
    """Name the event digits that are here, and how many."""
    return ("nmnist", 1000) if (data_home() / "nmnist").exists() else ("nmnist-100", 100)


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
    "kills": ("command", "signal", "sent", "runs", "of them resumed", "results with other bytes",
              "other exit codes", "same bytes at the end", "left over"),
    "damage": ("store", "what", "number", "found"),
    "disk": ("what", "tries", "stopped with an error", "same bytes once there is room"),
    "files": ("a file is", "runs", "stopped with an error", "right in the next run"),
    "speed": ("set", "read only, recordings/s", "prepare, recordings/s", "read only, MB/s",
              "prepare, MB/s", "time, ratio"),
}  # fmt: skip


def main() -> None:
    """Measure what the arguments name; write it into the page and the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(HEADS))
    parser.add_argument("--n", type=int, default=N)
    parser.add_argument("--minutes", type=float, default=60, help="most time for kills")
    parser.add_argument("--commands", nargs="*", default=(), help="those of kills")
    args = parser.parse_args()
    for name in args.parts or HEADS:
        part = globals()[name]
        more = {"speed": (), "kills": (args.n, args.minutes, args.commands)}
        found = part(*more.get(name, (args.n,)))
        machine = stamp("numpy", "zarr", "xarray")
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        kept[name] = {
            "machine": machine,
            "rows": [dict(zip(HEADS[name], map(plain, row), strict=True)) for row in found],
        }
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        rows = [HEADS[name], ["---"] * len(HEADS[name]), *found]
        table = "\n".join("| " + " | ".join(map(str, row)) + " |" for row in rows)
        print(table)
        fill(PAGE, name, f"{table}\n\n{machine}")
    record("reliability")


def plain(value):
    """Return a figure as JSON holds it."""
    return int(value) if isinstance(value, int | np.integer) else str(value)


if __name__ == "__main__":
    main()
