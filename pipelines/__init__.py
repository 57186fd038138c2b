"""TODO."""

if "." not in __name__:
    raise ImportError("import mottle.pipelines instead", name=__name__)
