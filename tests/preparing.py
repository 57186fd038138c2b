"""Functions that the tests of `prepare` run, also in processes that they kill."""

import os

from mottle.datasets import list_files, prepare
from mottle.datasets.downloads.fetch import fetch_files
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


def begin_and_make(folder, out, begun):
    begun.set()
    make(folder, out)


def fetch_one(home, remote, begun):
    os.environ["MOTTLE_DATA"] = home
    begun.set()
    fetch_files([remote], licence="CC0", progress=False)
