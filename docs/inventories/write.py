"""Write the inventories of other projects' documentation: python docs/inventories/write.py.

An inventory lists names and where they are documented; with these files the site is built, and its
links to other projects checked, without network. Each has only the names that our pages and
docstrings use. To link to another name, add it below and run this file: it imports every name from
the installed packages, so that a misspelt or removed one is an error. Addresses follow the scheme
of each site; they are compared with it when a package gets a new major version.
"""

import builtins
import zlib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

HERE = Path(__file__).parent


class Project(NamedTuple):
    """Where a project documents its names; in ``page``, {name} is the whole name."""

    address: str
    page: str
    names: tuple[str, ...]
    pages: Mapping[str, str] = MappingProxyType({})  # names that are documented elsewhere
    terms: tuple[str, ...] = ()  # lines of the inventory as they are: glossary, constants


PROJECTS = {
    "python": Project(
        "https://docs.python.org/3/",
        "library/functions.html#{name}",
        ("bool", "bytes", "dict", "float", "int", "list", "str", "tuple", "pathlib.Path",
         "ValueError", "TypeError", "KeyError", "AssertionError", "RuntimeError", "ImportError",
         "typing.NamedTuple"),
        {
            **dict.fromkeys(
                ("bytes", "dict", "list", "str", "tuple"), "library/stdtypes.html#{name}"),
            **dict.fromkeys(
                ("ValueError", "TypeError", "KeyError", "AssertionError", "RuntimeError",
                 "ImportError"), "library/exceptions.html#{name}"),
            "pathlib.Path": "library/pathlib.html#{name}",
            "typing.NamedTuple": "library/typing.html#{name}",
        },
        (
            "None py:data 1 library/constants.html#None -",
            "True py:data 1 library/constants.html#True -",
            "False py:data 1 library/constants.html#False -",
            "callable py:function 1 library/functions.html#callable -",
            "iterable std:term -1 glossary.html#term-iterable -",
            "iterator std:term -1 glossary.html#term-iterator -",
            "generator std:term -1 glossary.html#term-generator -",
            "sequence std:term -1 glossary.html#term-sequence -",
        ),
    ),
    "numpy": Project(
        "https://numpy.org/doc/stable/",
        "reference/generated/{name}.html#{name}",
        ("numpy.ndarray", "numpy.memmap", "numpy.load", "numpy.savetxt"),
        {
            "numpy.random.RandomState": "reference/random/legacy.html#{name}",
            "numpy.random.Generator": "reference/random/generator.html#{name}",
        },
        ("array_like std:term -1 glossary.html#term-array_like -",),
    ),
    "scipy": Project(
        "https://docs.scipy.org/doc/scipy/",
        "reference/generated/{name}.html#{name}",
        ("scipy.sparse.csr_array", "scipy.integrate.solve_ivp"),
    ),
    "scikit-learn": Project(
        "https://scikit-learn.org/stable/",
        "modules/generated/{name}.html#{name}",
        ("sklearn.pipeline.Pipeline", "sklearn.pipeline.FeatureUnion",
         "sklearn.pipeline.make_pipeline", "sklearn.compose.ColumnTransformer",
         "sklearn.linear_model.Ridge", "sklearn.linear_model.RidgeClassifierCV",
         "sklearn.model_selection.GroupKFold", "sklearn.model_selection.GridSearchCV",
         "sklearn.model_selection.cross_val_score", "sklearn.base.BaseEstimator"),
    ),
    "xarray": Project(
        "https://docs.xarray.dev/en/stable/",
        "generated/{name}.html#{name}",
        ("xarray.DataArray", "xarray.Dataset", "xarray.open_zarr"),
    ),
    "zarr": Project(
        "https://zarr.readthedocs.io/en/stable/",
        "api/zarr/array/#{name}",
        ("zarr.Array",),
    ),
    "pandas": Project(
        "https://pandas.pydata.org/docs/",
        "reference/api/{name}.html#{name}",
        ("pandas.DataFrame", "pandas.Series", "pandas.DatetimeIndex"),
    ),
    "matplotlib": Project(
        "https://matplotlib.org/stable/",
        "api/_as_gen/{name}.html#{name}",
        ("matplotlib.figure.Figure", "matplotlib.axes.Axes"),
    ),
}  # fmt: skip


def role(name: str) -> str:
    """Return what kind of name it is, after importing it."""
    module, _, last = name.rpartition(".")
    value = getattr(import_module(module) if module else builtins, last)
    if isinstance(value, type) and issubclass(value, BaseException):
        return "exception"
    # typing.NamedTuple is a function that stands for a class, and is documented as one
    return "class" if isinstance(value, type) or name == "typing.NamedTuple" else "function"


def inventory(name: str, project: Project) -> bytes:
    """Return the bytes of an inventory, version 2 of the format."""
    names = sorted({*project.names, *project.pages})
    lines = [
        f"{n} py:{role(n)} 1 {project.pages.get(n, project.page).format(name=n)} -\n" for n in names
    ]
    lines += [f"{line}\n" for line in project.terms]
    known = "3" if name == "python" else version(name)
    head = f"# Sphinx inventory version 2\n# Project: {name}\n# Version: {known}\n"
    head += "# The remainder of this file is compressed using zlib.\n"
    return head.encode() + zlib.compress("".join(lines).encode(), 9)


if __name__ == "__main__":
    for name, project in PROJECTS.items():
        (HERE / f"{name}.inv").write_bytes(inventory(name, project))
        print(f"{name}.inv: {len({*project.names, *project.pages, *project.terms})} names")
