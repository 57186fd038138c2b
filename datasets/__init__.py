"""Recordings in, tables of streams out; and the store for reservoir states."""

if "." not in __name__:
    raise ImportError("import mottle.datasets instead", name=__name__)

from mottle.datasets.biotac_slide import load_biotac_slide
from mottle.datasets.catalogue import (
    catalogue,
    fetch,
    fetch_dvs_gesture,
    fetch_dynamic_mixtures,
    fetch_ev_containers,
    fetch_ev_objects,
    fetch_fsdd,
    fetch_gas_drift,
    fetch_home_activity,
    fetch_japanese_vowels,
    fetch_mnist,
    fetch_nmnist,
    fetch_shd,
    fetch_smellnet,
    fetch_twin_arrays,
    list_dataset,
    load,
)
from mottle.datasets.demo import load_demo
from mottle.datasets.ev_objects import load_ev_containers, load_ev_objects
from mottle.datasets.folders import (
    load_dvs_gesture,
    load_fsdd,
    load_ncars,
    load_stmnist,
    load_tonic,
    load_twin_arrays,
)
from mottle.datasets.gas import (
    load_dynamic_mixtures,
    load_gas_drift,
    load_home_activity,
    load_multimodal_gas,
)
from mottle.datasets.generators import (
    henon,
    kuramoto_sivashinsky,
    lorenz63,
    lorenz96,
    mackey_glass,
    memory_task,
    narma,
    nonlinear_channel,
    rossler,
    sine_square,
    waveform_classes,
)
from mottle.datasets.home import data_home
from mottle.datasets.icub_grasp import load_icub_grasp
from mottle.datasets.listing import Listing, list_files, list_table
from mottle.datasets.nmnist import load_nmnist, load_nmnist_100
from mottle.datasets.preparation import Plan, Prepared, plan, prepare
from mottle.datasets.prepared import open_prepared, store_info, verify_prepared
from mottle.datasets.scene import make_scene
from mottle.datasets.series import (
    load_japanese_vowels,
    load_mnist,
    load_santafe_laser,
    load_shd,
)
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
    "fetch",
    "fetch_dvs_gesture",
    "fetch_dynamic_mixtures",
    "fetch_ev_containers",
    "fetch_ev_objects",
    "fetch_fsdd",
    "fetch_gas_drift",
    "fetch_home_activity",
    "fetch_japanese_vowels",
    "fetch_mnist",
    "fetch_nmnist",
    "fetch_shd",
    "fetch_smellnet",
    "fetch_twin_arrays",
    "henon",
    "kuramoto_sivashinsky",
    "label_paired",
    "list_dataset",
    "list_files",
    "list_table",
    "load",
    "load_biotac_slide",
    "load_demo",
    "load_dvs_gesture",
    "load_dynamic_mixtures",
    "load_ev_containers",
    "load_ev_objects",
    "load_fsdd",
    "load_gas_drift",
    "load_home_activity",
    "load_icub_grasp",
    "load_japanese_vowels",
    "load_mnist",
    "load_multimodal_gas",
    "load_ncars",
    "load_nmnist",
    "load_nmnist_100",
    "load_santafe_laser",
    "load_shd",
    "load_smellnet",
    "load_smellnet_10",
    "load_stmnist",
    "load_tonic",
    "load_twin_arrays",
    "lorenz63",
    "lorenz96",
    "mackey_glass",
    "make_scene",
    "make_table",
    "memory_task",
    "narma",
    "nonlinear_channel",
    "open_prepared",
    "open_states",
    "plan",
    "prepare",
    "rossler",
    "sine_square",
    "store_info",
    "verify_prepared",
    "waveform_classes",
]
