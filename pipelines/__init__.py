"""The only room that sees all others: fusion, experiments, reports, the command line."""

if "." not in __name__:
    raise ImportError("import mottle.pipelines instead", name=__name__)

from mottle.pipelines.fusion import MaskedReadout, SenseCheck, make_fusion_pipeline

__all__ = ["MaskedReadout", "SenseCheck", "make_fusion_pipeline"]
