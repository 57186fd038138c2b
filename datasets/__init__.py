"""TODO."""

if "." not in __name__:
    raise ImportError("import mottle.datasets instead", name=__name__)
