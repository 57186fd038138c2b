"""TODO."""

if "." not in __name__:
    raise ImportError("import mottle.reservoir instead", name=__name__)
