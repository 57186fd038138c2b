"""The recordings that mottle knows, by name."""

import functools
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NamedTuple

import pandas as pd

from mottle.datasets import biotac_slide, ev_objects, folders, gas, icub_grasp, nmnist, smellnet
from mottle.datasets.demo import load_demo
from mottle.datasets.fetching import Remote, fetch_files
from mottle.datasets.home import data_home
from mottle.datasets.listing import Listing, list_table
from mottle.datasets.series import (
    load_japanese_vowels,
    load_mnist,
    load_santafe_laser,
    load_shd,
)
from mottle.datasets.table import Recordings


class Entry(NamedTuple):
    """One set: its loader, senses (the columns), number of recordings, terms, paper and place.

    ``files`` are what `fetch` downloads; ``lists`` the form of a set of files, which can be listed
    before it is read.
    """

    loader: Callable[..., Any]
    senses: str
    n_recordings: int
    licence: str
    citation: str
    where: str
    files: tuple[Remote, ...] = ()
    lists: folders.FolderSet | None = None


SHIPPED = "ships with mottle"
BY_HAND = "by hand"
MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files/"
UCI = "https://archive.ics.uci.edu/static/public/"
MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
VOWELS = "https://www.timeseriesclassification.com/aeon-toolkit/"
SMELLNET = "https://huggingface.co/datasets/DeweiFeng/smell-net/resolve/main/data/"
TACTILE = "https://raw.githubusercontent.com/clear-nus/TactileSGNet/master/datasets/"


def _folder_set(form: folders.FolderSet, loader: Any, n: int, *files: Remote) -> Entry:
    where = "fetched" if files else BY_HAND
    return Entry(loader, form.sense, n, form.licence, form.citation, where, files, form)


CATALOGUE = {
    "demo": Entry(load_demo, "sight, touch, smell", 100, "see its parts", "see its parts", SHIPPED),
    "icub-grasp": Entry(
        icub_grasp.load_icub_grasp, "touch, joints", 200, "free, keep the copyright text",
        icub_grasp.CITATION, SHIPPED,
    ),
    "nmnist-100": Entry(
        nmnist.load_nmnist_100, "sight", 100, "CC BY-SA 4.0", nmnist.CITATION, SHIPPED
    ),
    "smellnet-10": Entry(
        smellnet.load_smellnet_10, "smell", 50, "CC BY 4.0", smellnet.CITATION, SHIPPED
    ),
    "nmnist": _folder_set(
        folders.DIGITS, nmnist.load_nmnist, 70000,
        Remote(
            "nmnist/train.zip", f"{MENDELEY}39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
            "md5:20959b8e626244a1b502305a9e6e2031", "nmnist/Train",
        ),
        Remote(
            "nmnist/test.zip", f"{MENDELEY}05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
            "md5:69ca8762b2fe404d9b9bad1103e97832", "nmnist/Test",
        ),
    ),
    "dvs-gesture": _folder_set(
        folders.DVS_GESTURE, folders.load_dvs_gesture, 1341,
        Remote(
            "dvs-gesture/ibmGestureTrain.tar.gz", "https://figshare.com/ndownloader/files/38022171",
            "md5:3a8f0d4120a166bac7591f77409cb105", "dvs-gesture/ibmGestureTrain",
        ),
        Remote(
            "dvs-gesture/ibmGestureTest.tar.gz", "https://figshare.com/ndownloader/files/38020584",
            "md5:56070e45dadaa85fff82e0fbfbc06de5", "dvs-gesture/ibmGestureTest",
        ),
    ),
    "n-cars": _folder_set(folders.N_CARS, folders.load_ncars, 24029),
    "st-mnist": _folder_set(folders.ST_MNIST, folders.load_stmnist, 6953),
    "fsdd": _folder_set(
        folders.FSDD, folders.load_fsdd, 3000,
        Remote(
            "fsdd/v1.0.10.zip",
            "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.zip",
            None, "fsdd/recordings",
        ),
    ),
    "twin-arrays": _folder_set(
        folders.TWIN_ARRAYS, folders.load_twin_arrays, 640,
        Remote(
            "twin-arrays/361.zip", f"{UCI}361/twin+gas+sensor+arrays.zip",
            "sha1:a235ab3cf55685fc8346eafea3f18e080adb77a3", "twin-arrays/data",
        ),
    ),
    "smellnet": Entry(
        smellnet.load_smellnet, "smell", 250, "CC BY 4.0", smellnet.CITATION, "fetched",
        tuple(
            Remote(f"smellnet/{name}.zip", f"{SMELLNET}{name}.zip", f"sha256:{known}")
            for name, known in (
                (
                    "offline_training",
                    "5ccd81e60a5ada6a61c56efd784d08ccd061ce40121fe6ac02a2fd9eaeea946a",
                ),
                (
                    "offline_testing",
                    "8d45a06371582c4eef3bfcb91ed9517f7e9680f5d25bcc17a67fe671e1b5e289",
                ),
            )
        ),
    ),
    "biotac-slide": Entry(
        biotac_slide.load_biotac_slide,
        "pressure, vibration, temperature, electrodes, wrench, velocity", 200, "none stated",
        biotac_slide.CITATION, BY_HAND,
    ),
    "ev-objects": Entry(
        ev_objects.load_ev_objects, "touch", 720, "none stated", ev_objects.CITATION, "fetched",
        (Remote("ev-objects/Ev-Objects.zip", f"{TACTILE}Ev-Objects.zip"),),
    ),
    "ev-containers": Entry(
        ev_objects.load_ev_containers, "touch", 300, "none stated", ev_objects.CITATION, "fetched",
        (Remote("ev-containers/Ev-Containers.zip", f"{TACTILE}Ev-Containers.zip"),),
    ),
    "uci-gas-drift": Entry(
        gas.load_gas_drift, "smell", 13910, gas.CC_BY,
        "A. Vergara et al., Sensors and Actuators B 166 (2012) 320", "fetched",
        (
            Remote(
                "uci-gas-drift/270.zip",
                f"{UCI}270/gas+sensor+array+drift+dataset+at+different+concentrations.zip",
                "sha1:385190f8143902b279d8592fa60d50126ccf9d7c", "uci-gas-drift/data",
            ),
        ),
    ),
    "dynamic-mixtures": Entry(
        gas.load_dynamic_mixtures, "smell, concentration", 2, gas.CC_BY,
        "J. Fonollosa et al., Sensors and Actuators B 215 (2015) 618", "fetched",
        (
            Remote(
                "dynamic-mixtures/322.zip",
                f"{UCI}322/gas+sensor+array+under+dynamic+gas+mixtures.zip",
                "sha1:12dd9c43e621d56b53f2f8894dddd6e410283d47", "dynamic-mixtures/data",
            ),
        ),
    ),
    "home-activity": Entry(
        gas.load_home_activity, "smell", 100, gas.CC_BY,
        "R. Huerta et al., Chemom. Intell. Lab. Syst. 157 (2016) 169", "fetched",
        (
            Remote(
                "home-activity/362.zip", f"{UCI}362/gas+sensors+for+home+activity+monitoring.zip",
                "sha1:34101ca24e556dc14a6ee1e2910111ed49c0e6ce", "home-activity/data",
            ),
        ),
    ),
    "multimodal-gas": Entry(
        gas.load_multimodal_gas, "smell", 160, gas.CC_BY,
        "P. Narkhede et al., Data 7 (2022) 112", BY_HAND,
    ),
    "japanese-vowels": Entry(
        load_japanese_vowels, "sound", 640, "CC BY 4.0",
        "M. Kudo et al., Pattern Recognition Letters 20 (1999) 1103", "fetched",
        (Remote("japanese-vowels/JapaneseVowels.zip", f"{VOWELS}JapaneseVowels.zip", None,
                "japanese-vowels/data"),),
    ),
    "santafe-laser": Entry(
        load_santafe_laser, "one series", 1, "none stated",
        "A. S. Weigend, N. A. Gershenfeld (eds.), Time Series Prediction (1994)", BY_HAND,
    ),
    "mnist": Entry(
        load_mnist, "sight", 70000, "CC BY-SA 3.0, as usually stated",
        "Y. LeCun et al., Proc. IEEE 86 (1998) 2278", "fetched",
        tuple(
            Remote(f"mnist/{name}-ubyte.gz", f"{MNIST}{name}-ubyte.gz", f"md5:{known}")
            for name, known in (
                ("train-images-idx3", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
                ("train-labels-idx1", "d53e105ee54ea40749a09fcbcd1e9432"),
                ("t10k-images-idx3", "9fb629c4189551a2d022fa330f9573f3"),
                ("t10k-labels-idx1", "ec29112dd5afa0611ce80d1b7f02629c"),
            )
        ),
    ),
    "shd": Entry(
        load_shd, "sound", 10420, "CC BY 4.0", "B. Cramer et al., IEEE TNNLS 33 (2022) 2744",
        "fetched",
        tuple(
            Remote(
                f"shd/shd_{part}.h5.zip", f"https://zenkelab.org/datasets/shd_{part}.h5.zip",
                f"md5:{known}", f"shd/{part}",
            )
            for part, known in (
                ("train", "f3252aeb598ac776c1b526422d90eecb"),
                ("test", "1503a5064faa34311c398fb0a1ed0a6f"),
            )
        ),
    ),
}  # fmt: skip


def entry(name: str) -> Entry:
    """Return what is known of a set; underscores in its name do as well."""
    found = CATALOGUE.get(str(name).replace("_", "-"))
    if found is None:
        near = get_close_matches(str(name), CATALOGUE, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no data set {name!r}: {hint}There are {', '.join(CATALOGUE)}")
    return found


def fetch(name: str, *, load: bool = True, progress: bool = True, **options: Any) -> Any:
    """Download a set into the data folder if it is not there, and load it.

    Parameters
    ----------
    name : str
        A name of the `catalogue`, such as ``"dvs-gesture"``; underscores do as well.
    load : bool, default=True
        Load it too. False returns the paths.
    progress : bool, default=True
        Show a progress bar on standard error.
    **options
        Handed to the loader.

    Returns
    -------
    Recordings, or list of Path if not ``load``
        As of the loader; what is there is not downloaded again.

    Raises
    ------
    ConnectionError
        If a file cannot be had: says where to put it by hand.
    ValueError
        If the name is unknown, or a download has another hash than published.
    FileNotFoundError
        If the set is not there and has no address to fetch it from.

    Examples
    --------
    >>> fetch("smellnet-10", window=100).table.shape[1]
    1
    """
    known = entry(name)
    if load:
        return _load_or_fetch(known, progress, **options)
    if not known.files:
        known.loader(**options)  # says what to do where it is not there
    return fetch_files(known.files, licence=known.licence, progress=progress)


def _load_or_fetch(known: Entry, progress: bool, *args: Any, **options: Any) -> Any:
    """Load a set in whatever form it is there, after a download where it is not."""
    try:
        return known.loader(*args, **options)
    except FileNotFoundError:
        if not known.files:
            raise
    fetch_files(known.files, licence=known.licence, progress=progress)
    return known.loader(*args, **options)


def list_dataset(name: str, **options: Any) -> Listing:
    """List the recordings of a set, to prepare them.

    Parameters
    ----------
    name : str
        A name of the `catalogue`.
    **options
        Handed to the loader, if the set is not one file a recording.

    Returns
    -------
    Listing
        Sets of one file a recording are not read yet; others are in memory.

    Raises
    ------
    ValueError
        If the name is unknown, or the set no table.
    FileNotFoundError
        If it is not on this machine.

    Examples
    --------
    >>> len(list_dataset("nmnist-100").names)
    100
    """
    known = entry(name)
    if known.lists is not None and not options:
        try:
            return folders.list_folder(known.lists)
        except ValueError:  # there in another form, which the loader may know
            if known.loader is not nmnist.load_nmnist:
                raise
    found = known.loader(**options)
    if not isinstance(found, Recordings):
        raise ValueError(f"{name!r} is one series, no table of recordings: save it to a file.")
    return list_table(found)


def load(name: str, **options: Any) -> Any:
    """Load a set of the catalogue.

    Parameters
    ----------
    name : str
        A name of the `catalogue`, such as ``"icub-grasp"``; underscores do as well.
    **options
        Handed to the loader.

    Returns
    -------
    Recordings
        Table, target and groups.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> table, target, groups = load("smellnet-10", window=100)
    >>> list(table.columns)
    ['smell']
    """
    return entry(name).loader(**options)


def catalogue() -> pd.DataFrame:
    """Return the known sets, one row each.

    Returns
    -------
    DataFrame
        Index: name. Columns: loader, senses, n_recordings, licence, citation, where ("ships with
        mottle", "fetched": `fetch` downloads it, or "by hand"), here (whether its folder is in the
        data folder, or it ships).

    Examples
    --------
    >>> catalogue().loc["icub-grasp", "senses"]
    'touch, joints'
    """
    rows = {
        name: {
            "loader": known.loader.__name__,
            **{key: getattr(known, key) for key in Entry._fields[1:6]},
            "here": known.where == SHIPPED or (data_home() / name).exists()
            or (data_home() / f"{name}-sensors").exists(),
        }
        for name, known in CATALOGUE.items()
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def _fetching(name: str) -> Callable[..., Recordings]:
    """Return ``fetch_...`` for a set: its loader, after a download where one is needed."""
    known = CATALOGUE[name]
    loader = known.loader

    @functools.wraps(loader)
    def fetch_it(*args: Any, **options: Any) -> Any:
        return _load_or_fetch(known, True, *args, **options)

    fetch_it.__name__ = fetch_it.__qualname__ = loader.__name__.replace("load_", "fetch_")
    title, _, rest = (loader.__doc__ or "").partition("\n")
    fetch_it.__doc__ = f"{title.replace('Load', 'Download if need be and load', 1)}\n{rest}"
    return fetch_it


fetch_nmnist = _fetching("nmnist")
fetch_dvs_gesture = _fetching("dvs-gesture")
fetch_fsdd = _fetching("fsdd")
fetch_twin_arrays = _fetching("twin-arrays")
fetch_smellnet = _fetching("smellnet")
fetch_ev_objects = _fetching("ev-objects")
fetch_ev_containers = _fetching("ev-containers")
fetch_gas_drift = _fetching("uci-gas-drift")
fetch_dynamic_mixtures = _fetching("dynamic-mixtures")
fetch_home_activity = _fetching("home-activity")
fetch_japanese_vowels = _fetching("japanese-vowels")
fetch_mnist = _fetching("mnist")
fetch_shd = _fetching("shd")
