"""Functions that the tests of stores run, also in processes that they kill."""

import multiprocessing
import os
import signal
import sys

import numpy as np

from mottle.datasets import list_files, prepare
from mottle.datasets.downloads.fetch import fetch_files
from mottle.datasets.stores import states
from mottle.datasets.stores.states import StatesWriter
from mottle.sensors import EventRate

# what children need is imported once, in the process that they are forked from
STORES, SHIPPED = "mottle.datasets.stores.preparation", "mottle.datasets.sets.nmnist_100"
FETCH = ["mottle.datasets.downloads.fetch", "pooch", "requests", "tqdm"]
PRELOAD = [STORES, SHIPPED, "mottle.sensors.events", "numba", *FETCH]
ENCODERS = {"sight": EventRate(6, sensor_size=(34, 34), cell=2, duration=0.32, on_drop="ignore")}


def files(folder):
    return list_files([folder], sense="sight", pattern=r"(?P<group>train|test)/(?P<target>\d)/")


def make(folder, out, **options):
    return prepare(files(folder), out, **({"encoders": ENCODERS, "block": 4} | options))


def forked():
    """Return the context of processes that are forked from one that has imported mottle."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    return context


def run_forked(function, *arguments):
    """Run a function in a forked process; return the process's exit code."""
    child = forked().Process(target=function, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def kill_before(text, count, function, *arguments):
    """Run a function; kill this process before the ``count``-th file event with ``text`` in it."""
    seen = []

    def hook(event, args):
        writes = event == "open" and str(args[1])[:1] in ("w", "x", "a")
        if event in ("os.rename", "shutil.rmtree") or writes:
            seen.extend([event] if text in f"{event} {args[0]}" else [])
            if len(seen) == count:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    function(*arguments)


NO_ROOM = 28


def on_a_full_disk(n_bytes, function, *arguments):
    """Run a function while no file may exceed ``n_bytes``; exit with NO_ROOM at an OSError."""
    import resource  # not on every system

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))
    try:
        function(*arguments)
    except OSError:
        sys.exit(NO_ROOM)


SHAPE = (10, 40, 6)
RECIPE = {
    "n_recordings": SHAPE[0],
    "n_steps": SHAPE[1],
    "n_nodes": SHAPE[2],
    "block": 4,
    "attrs": {"units": "V", "seed": 3, "reservoir": {"v_bias": 12.0, "pool": None}},
    "coords": {
        "recording": ("recording", [f"r{i}" for i in range(SHAPE[0])]),
        "target": ("recording", np.arange(SHAPE[0]) // 5),
        "step": ("step", np.arange(SHAPE[1]) * 0.01),
    },
}
STATES = np.sin(np.arange(np.prod(SHAPE), dtype=np.float64)).reshape(SHAPE)


def write_pending(path, blocks=None, **changes):
    """Write the pending blocks of states, or some; in chunks of 10 steps, a block is 4 files."""
    states.CHUNK_BYTES = 4 * 10 * SHAPE[2] * 4
    with StatesWriter(path, **(RECIPE | changes)) as writer:
        for index in writer.pending() if blocks is None else blocks:
            writer.write(index, STATES[writer.rows(index)])


def begin_and_make(folder, out, begun):
    begun.set()
    make(folder, out)


def fetch_one(home, remote, begun):
    os.environ["MOTTLE_DATA"] = home
    begun.set()
    fetch_files([remote], licence="CC0", progress=False)
