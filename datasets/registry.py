"""The data sets by name: those in ``sets/``, and those that other packages add."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import pandas as pd

from mottle.checks import check_bool, check_options, choose
from mottle.datasets.downloads.fetch import MAX_BYTES
from mottle.datasets.folders import list_folder
from mottle.datasets.listing import Listing, list_table
from mottle.datasets.record import DataSet
from mottle.datasets.table import Recordings
from mottle.datasets.tonic import fetch_tonic, is_tonic, list_tonic, load_tonic
from mottle.plugins import find_records

GROUP = "mottle.datasets"  # of entry points: other packages' sets

# one line a set; its file in sets/ has the same name, with underscores
NAMES = (
    "demo",
    "icub-grasp",
    "nmnist-100",
    "smellnet-10",
    "nmnist",
    "dvs-gesture",
    "n-cars",
    "st-mnist",
    "fsdd",
    "twin-arrays",
    "smellnet",
    "biotac-slide",
    "ev-objects",
    "ev-containers",
    "road-anomaly",
    "uci-gas-drift",
    "dynamic-mixtures",
    "home-activity",
    "multimodal-gas",
    "japanese-vowels",
    "santafe-laser",
    "mnist",
    "shd",
)


class Catalogue(Mapping[str, DataSet]):
    """The records of all data sets by name; the file of a set is imported when it is looked up."""

    def __getitem__(self, name: str) -> DataSet:
        """Return the record of a set."""
        if name in NAMES:
            module = import_module(f"mottle.datasets.sets.{name.replace('-', '_')}")
            known: DataSet = module.DATA_SET
            return known
        return sets_of_others()[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, our own first."""
        yield from NAMES
        yield from sets_of_others()

    def __len__(self) -> int:
        """Count the sets."""
        return len(NAMES) + len(sets_of_others())


CATALOGUE = Catalogue()


@cache
def sets_of_others() -> dict[str, DataSet]:
    """Return the sets that other packages add; what is no such set is left out with a warning."""
    return find_records(GROUP, DataSet, NAMES)


def entry(name: str) -> DataSet:
    """Return what is known of a set; underscores in its name do as well.

    Examples
    --------
    >>> entry("icub_grasp").n_recordings
    200
    """
    return choose(str(name).replace("_", "-"), CATALOGUE, "data set")


def fetch(
    name: str,
    *,
    load: bool = True,
    progress: bool = True,
    max_bytes: int = MAX_BYTES,
    **options: Any,
) -> Any:
    """Download a set into the data folder if it is not there, and load it.

    Parameters
    ----------
    name : str
        A name of the `catalogue`, such as ``"dvs-gesture"``; underscores do as well. Or tonic's, as
        ``"tonic:NMNIST"``, which tonic downloads (see `load_tonic`).
    load : bool, default=True
        Load it too. False returns the paths.
    progress : bool, default=True
        Show a progress bar on standard error.
    max_bytes : int, default=16 GiB
        The most bytes that a file to download may have.
    **options
        Passed on to the loader.

    Returns
    -------
    Recordings, or list of Path if not ``load``
        As of the loader; what is there is not downloaded again.

    Raises
    ------
    ConnectionError
        If a file cannot be downloaded: names the place to put it by hand.
    ValueError
        If the name is unknown, or a download has another hash than published or too many bytes.
    TypeError
        If the loader has no such option.
    FileNotFoundError
        If the set is not there and has no address to fetch it from.

    Examples
    --------
    >>> fetch("smellnet-10", window=100).table.shape[1]
    1
    """
    check_bool("progress", progress)
    if is_tonic(name):
        if check_bool("load", load):
            return load_tonic(name, download=True, **options)
        return fetch_tonic(name, **options)
    known = entry(name)
    check_options(known.load, options)
    if check_bool("load", load):
        return known.fetch(progress=progress, max_bytes=max_bytes, **options)
    if not known.files:
        known.load(**options)  # raises with the way out where the set is not there
    return known.fetch_files(progress, max_bytes)


def list_dataset(name: str, **options: Any) -> Listing:
    """List the recordings of a set, to prepare them.

    Parameters
    ----------
    name : str
        A name of the `catalogue`, or one of tonic, as "tonic:NMNIST" (see `load_tonic`).
    **options
        Passed on to the loader, if the set is not one file a recording.

    Returns
    -------
    Listing
        Sets of one file a recording, and those of tonic, are not read yet; others are in memory.

    Raises
    ------
    ValueError
        If the name is unknown, or the set no table.
    TypeError
        If the loader has no such option.
    FileNotFoundError
        If it is not on this machine.

    Examples
    --------
    >>> len(list_dataset("nmnist-100").names)
    100
    """
    if is_tonic(name):
        return list_tonic(name, **options)
    known = entry(name)
    check_options(known.load, options)
    if known.layout is not None and not options:
        with suppress(ValueError):  # there in another form, which the loader may read
            return list_folder(known)
    found = known.load(**options)
    if not isinstance(found, Recordings):
        raise ValueError(f"{name!r} is one series, no table of recordings: save it to a file.")
    return list_table(found)


def load(name: str, **options: Any) -> Any:
    """Load a set of the catalogue.

    Parameters
    ----------
    name : str
        A name of the `catalogue`, such as ``"icub-grasp"``; underscores do as well. Or tonic's, as
        ``"tonic:NMNIST"`` (see `load_tonic`).
    **options
        Passed on to the loader.

    Returns
    -------
    Recordings
        Table, target and groups.

    Raises
    ------
    ValueError
        If the name is unknown.
    TypeError
        If the loader has no such option.

    Examples
    --------
    >>> table, target, groups = load("smellnet-10", window=100)
    >>> list(table.columns)
    ['smell']
    """
    if is_tonic(name):
        return load_tonic(name, **options)
    known = entry(name)
    check_options(known.load, options)
    return known.load(**options)


def catalogue() -> pd.DataFrame:
    """Return the known sets, one row each: our own, and those that other packages add.

    Returns
    -------
    DataFrame
        Index: name. Columns: loader, senses, n_recordings, licence, citation, where ("ships with
        mottle", "fetched": `fetch` downloads it, or "by hand"), here (whether its folder is in the
        data folder, or it ships), split (what groups are).

    Examples
    --------
    >>> catalogue().loc["icub-grasp", "senses"]
    'touch, joints'
    """
    rows = {
        name: {
            "loader": known.load.__name__,
            "senses": ", ".join(known.senses),
            "n_recordings": known.n_recordings,
            "licence": known.licence,
            "citation": known.citation,
            "where": known.where,
            "here": known.here,
            "split": known.split,
        }
        for name, known in CATALOGUE.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
