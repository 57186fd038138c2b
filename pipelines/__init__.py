"""The only room that uses all others: fusion, experiments, reports, the command line."""

if "." not in __name__:
    raise ImportError("import mottle.pipelines instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.pipelines.fusion import make_fusion_pipeline
    from mottle.pipelines.late import LateReadout
    from mottle.pipelines.masked import MaskedReadout
    from mottle.pipelines.senses import SenseCheck

__all__ = ["LateReadout", "MaskedReadout", "SenseCheck", "make_fusion_pipeline"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
