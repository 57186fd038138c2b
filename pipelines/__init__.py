"""The only room that uses all others: fusion, experiments, reports, the command line."""

if "." not in __name__:
    raise ImportError("import mottle.pipelines instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.pipelines.adaptation import adapt
    from mottle.pipelines.augmented import AugmentedModel
    from mottle.pipelines.engine.leakage import Leak, find_leaks
    from mottle.pipelines.engine.reproduction import Reproduction, reproduce
    from mottle.pipelines.engine.result import Result, read_result
    from mottle.pipelines.engine.run import run_recipe
    from mottle.pipelines.export.folder import Exported, export_c
    from mottle.pipelines.fusion import make_fusion_pipeline
    from mottle.pipelines.init import Draft, draft_recipe
    from mottle.pipelines.late import LateReadout
    from mottle.pipelines.masked import MaskedReadout
    from mottle.pipelines.measured import compare_states
    from mottle.pipelines.metrics import Metric, find_metric
    from mottle.pipelines.recipe import read_recipe
    from mottle.pipelines.saved.model import SavedModel, load_model, open_model, save_model
    from mottle.pipelines.senses import SenseCheck
    from mottle.pipelines.sensor_models import SensorClassifier, SensorRegressor
    from mottle.pipelines.stream_figures import plot

__all__ = [
    "AugmentedModel",
    "Draft",
    "Exported",
    "LateReadout",
    "Leak",
    "MaskedReadout",
    "Metric",
    "Reproduction",
    "Result",
    "SavedModel",
    "SenseCheck",
    "SensorClassifier",
    "SensorRegressor",
    "adapt",
    "compare_states",
    "draft_recipe",
    "export_c",
    "find_leaks",
    "find_metric",
    "load_model",
    "make_fusion_pipeline",
    "open_model",
    "plot",
    "read_recipe",
    "read_result",
    "reproduce",
    "run_recipe",
    "save_model",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
