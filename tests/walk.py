"""All modules of mottle, and all classes of a kind in them."""

import pkgutil
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("reservoir", "sensors", "datasets", "pipelines")


def modules() -> list[str]:
    """List modules room by room: in an editable install the package's path contains no rooms."""
    ground = sorted(file.stem for file in (ROOT / "reservoir/_root").glob("[!_]*.py"))
    found = ["mottle", *(f"mottle.{name}" for name in ground)]
    for room in ROOMS:
        path = import_module(f"mottle.{room}").__path__
        walked = (module.name for module in pkgutil.walk_packages(path, f"mottle.{room}."))
        found += [f"mottle.{room}", *(name for name in walked if "._root" not in name)]
    return found


def subclasses(base: type) -> list[type]:
    """List the classes of mottle that inherit from a class, by name."""
    for name in modules():
        import_module(name)
    waiting, found = [base], set()
    while waiting:
        children = waiting.pop().__subclasses__()
        waiting += children
        found |= {child for child in children if child.__module__.startswith("mottle.")}
    return sorted(found, key=lambda cls: cls.__name__)
