"""Recordings in, tables of streams out; and the store for reservoir states."""

if "." not in __name__:
    raise ImportError("import mottle.datasets instead", name=__name__)

from mottle.datasets.biotac_slide import load_biotac_slide
from mottle.datasets.catalogue import catalogue, load
from mottle.datasets.demo import load_demo
from mottle.datasets.ev_objects import load_ev_objects
from mottle.datasets.generators import narma
from mottle.datasets.home import data_home
from mottle.datasets.icub_grasp import load_icub_grasp
from mottle.datasets.listing import Listing, list_files, list_table
from mottle.datasets.nmnist import load_nmnist, load_nmnist_100
from mottle.datasets.preparation import Plan, Prepared, plan, prepare
from mottle.datasets.prepared import open_prepared, store_info, verify_prepared
from mottle.datasets.smellnet import load_smellnet, load_smellnet_10
from mottle.datasets.store import StatesWriter, open_states
from mottle.datasets.table import PAIRED, Recordings, label_paired, make_table

__all__ = [
    "PAIRED",
    "Listing",
    "Plan",
    "Prepared",
    "Recordings",
    "StatesWriter",
    "catalogue",
    "data_home",
    "label_paired",
    "list_files",
    "list_table",
    "load",
    "load_biotac_slide",
    "load_demo",
    "load_ev_objects",
    "load_icub_grasp",
    "load_nmnist",
    "load_nmnist_100",
    "load_smellnet",
    "load_smellnet_10",
    "make_table",
    "narma",
    "open_prepared",
    "open_states",
    "plan",
    "prepare",
    "store_info",
    "verify_prepared",
]
