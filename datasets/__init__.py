"""Recordings in, tables of streams out; generated series; stores of recordings and of states."""

if "." not in __name__:
    raise ImportError("import mottle.datasets instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.datasets.downloads.fetch import Remote
    from mottle.datasets.downloads.home import data_home
    from mottle.datasets.generated.grasp import make_grasp
    from mottle.datasets.generated.henon import henon
    from mottle.datasets.generated.kuramoto_sivashinsky import kuramoto_sivashinsky
    from mottle.datasets.generated.lorenz import lorenz63, lorenz96
    from mottle.datasets.generated.mackey_glass import mackey_glass
    from mottle.datasets.generated.memory_task import memory_task
    from mottle.datasets.generated.narma import narma
    from mottle.datasets.generated.nonlinear_channel import nonlinear_channel
    from mottle.datasets.generated.rossler import rossler
    from mottle.datasets.generated.scene import make_scene
    from mottle.datasets.generated.waveforms import sine_square, waveform_classes
    from mottle.datasets.listing import Listing, list_table
    from mottle.datasets.measured.reading import read_states
    from mottle.datasets.measured.tables import tabulate_states
    from mottle.datasets.measured.targets import step_target
    from mottle.datasets.record import DataSet, FolderLayout
    from mottle.datasets.registry import catalogue, fetch, list_dataset, load
    from mottle.datasets.sets.biotac_slide import load_biotac_slide
    from mottle.datasets.sets.demo import load_demo
    from mottle.datasets.sets.dvs_gesture import fetch_dvs_gesture, load_dvs_gesture
    from mottle.datasets.sets.dynamic_mixtures import fetch_dynamic_mixtures, load_dynamic_mixtures
    from mottle.datasets.sets.ev_containers import fetch_ev_containers, load_ev_containers
    from mottle.datasets.sets.ev_objects import fetch_ev_objects, load_ev_objects
    from mottle.datasets.sets.fsdd import fetch_fsdd, load_fsdd
    from mottle.datasets.sets.home_activity import fetch_home_activity, load_home_activity
    from mottle.datasets.sets.icub_grasp import load_icub_grasp
    from mottle.datasets.sets.japanese_vowels import fetch_japanese_vowels, load_japanese_vowels
    from mottle.datasets.sets.mnist import fetch_mnist, load_mnist
    from mottle.datasets.sets.multimodal_gas import load_multimodal_gas
    from mottle.datasets.sets.n_cars import load_ncars
    from mottle.datasets.sets.nmnist import fetch_nmnist, load_nmnist
    from mottle.datasets.sets.nmnist_100 import load_nmnist_100
    from mottle.datasets.sets.road_anomaly import load_road_anomaly
    from mottle.datasets.sets.santafe_laser import load_santafe_laser
    from mottle.datasets.sets.shd import fetch_shd, load_shd
    from mottle.datasets.sets.smellnet import fetch_smellnet, load_smellnet
    from mottle.datasets.sets.smellnet_10 import load_smellnet_10
    from mottle.datasets.sets.st_mnist import load_stmnist
    from mottle.datasets.sets.twin_arrays import fetch_twin_arrays, load_twin_arrays
    from mottle.datasets.sets.uci_gas_drift import fetch_gas_drift, load_gas_drift
    from mottle.datasets.sources.files import list_files
    from mottle.datasets.sources.joined import join_by_time
    from mottle.datasets.sources.manifest import list_manifest
    from mottle.datasets.sources.series import load_npz, load_ts
    from mottle.datasets.sources.survey import SenseFacts, Survey, survey
    from mottle.datasets.sources.windows import cut_windows
    from mottle.datasets.split import split_table
    from mottle.datasets.stores.preparation import Plan, Prepared, plan, prepare
    from mottle.datasets.stores.prepared import open_prepared, store_info, verify_prepared
    from mottle.datasets.stores.states import StatesWriter, open_states, verify_states
    from mottle.datasets.table import PAIRED, Recordings, label_paired, make_table
    from mottle.datasets.tonic import load_tonic

__all__ = [
    "PAIRED",
    "DataSet",
    "FolderLayout",
    "Listing",
    "Plan",
    "Prepared",
    "Recordings",
    "Remote",
    "SenseFacts",
    "StatesWriter",
    "Survey",
    "catalogue",
    "cut_windows",
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
    "join_by_time",
    "kuramoto_sivashinsky",
    "label_paired",
    "list_dataset",
    "list_files",
    "list_manifest",
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
    "load_npz",
    "load_road_anomaly",
    "load_santafe_laser",
    "load_shd",
    "load_smellnet",
    "load_smellnet_10",
    "load_stmnist",
    "load_tonic",
    "load_ts",
    "load_twin_arrays",
    "lorenz63",
    "lorenz96",
    "mackey_glass",
    "make_grasp",
    "make_scene",
    "make_table",
    "memory_task",
    "narma",
    "nonlinear_channel",
    "open_prepared",
    "open_states",
    "plan",
    "prepare",
    "read_states",
    "rossler",
    "sine_square",
    "split_table",
    "step_target",
    "store_info",
    "survey",
    "tabulate_states",
    "verify_prepared",
    "verify_states",
    "waveform_classes",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
