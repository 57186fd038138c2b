"""The only room that sees all others: fusion, experiments, reports, the command line."""

if "." not in __name__:
    raise ImportError("import mottle.pipelines instead", name=__name__)

from typing import TYPE_CHECKING

from mottle import open_lazily

if TYPE_CHECKING:
    from mottle.pipelines.fusion import MaskedReadout, SenseCheck, make_fusion_pipeline

__all__ = ["MaskedReadout", "SenseCheck", "make_fusion_pipeline"]

if not TYPE_CHECKING:
    __getattr__, __dir__ = open_lazily(__name__)
