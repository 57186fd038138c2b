"""The recordings that mottle knows, by name."""

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NamedTuple

import pandas as pd

from mottle.datasets import biotac_slide, ev_objects, icub_grasp, nmnist, smellnet
from mottle.datasets.biotac_slide import load_biotac_slide
from mottle.datasets.demo import load_demo
from mottle.datasets.ev_objects import load_ev_objects
from mottle.datasets.icub_grasp import load_icub_grasp
from mottle.datasets.nmnist import load_nmnist, load_nmnist_100
from mottle.datasets.smellnet import load_smellnet, load_smellnet_10
from mottle.datasets.table import Recordings


class Entry(NamedTuple):
    """One set: its loader, senses (the columns), number of recordings, terms, paper and place."""

    loader: Callable[..., Recordings]
    senses: str
    n_recordings: int
    licence: str
    citation: str
    where: str


SHIPPED = "ships with mottle"
CATALOGUE = {
    "demo": Entry(load_demo, "sight, touch, smell", 100, "see its parts", "see its parts", SHIPPED),
    "icub-grasp": Entry(
        load_icub_grasp,
        "touch, joints",
        200,
        "free, keep the copyright text",
        icub_grasp.CITATION,
        SHIPPED,
    ),
    "nmnist-100": Entry(load_nmnist_100, "sight", 100, "CC BY-SA 4.0", nmnist.CITATION, SHIPPED),
    "smellnet-10": Entry(load_smellnet_10, "smell", 50, "CC BY 4.0", smellnet.CITATION, SHIPPED),
    "nmnist": Entry(
        load_nmnist, "sight", 1000, "CC BY-SA 4.0", nmnist.CITATION, "data folder: nmnist"
    ),
    "smellnet": Entry(
        load_smellnet, "smell", 250, "CC BY 4.0", smellnet.CITATION, "data folder: smellnet"
    ),
    "biotac-slide": Entry(
        load_biotac_slide,
        "pressure, vibration, temperature, electrodes, wrench, velocity",
        200,
        "none stated",
        biotac_slide.CITATION,
        "data folder: biotac-slide",
    ),
    "ev-objects": Entry(
        load_ev_objects, "touch", 720, "none stated", ev_objects.CITATION, "data folder: ev-objects"
    ),
}


def load(name: str, **options: Any) -> Recordings:
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
    entry = CATALOGUE.get(str(name).replace("_", "-"))
    if entry is None:
        near = get_close_matches(str(name), CATALOGUE, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ValueError(f"no data set {name!r}: {hint}There are {', '.join(CATALOGUE)}")
    return entry.loader(**options)


def catalogue() -> pd.DataFrame:
    """Return the known sets, one row each.

    Returns
    -------
    DataFrame
        Index: name. Columns: loader, senses, n_recordings, licence, citation, where.

    Examples
    --------
    >>> catalogue().loc["icub-grasp", "senses"]
    'touch, joints'
    """
    rows = {
        name: entry._replace(loader=entry.loader.__name__)._asdict()  # type: ignore[arg-type]
        for name, entry in CATALOGUE.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")
