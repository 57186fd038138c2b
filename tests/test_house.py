"""House rules that tests can check: packages, guards, imports, words, docstrings, doctests."""

import ast
import doctest
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pytest
from numpydoc.validate import validate
from walk import ROOMS, ROOT, modules

KERNELS = ("kernel*.py", "kernels/[!_]*.py", "compiled/[!_]*.py")
KERNEL_NAME = re.compile(r"mottle(\.\w+)*\.(kernel\w*|kernels\.\w+|compiled\.\w+)$")
MISSING, UNDOCUMENTED, UNKNOWN, DISORDERED = "GL08", "PR01", "PR02", "PR03"
# words that are not names, in these rooms; see the table of words in docs/reference/conventions.md
ROOMS_CHECKED_FOR_WORDS = ("reservoir", "sensors", "datasets", "pipelines")
WORDS = re.compile(r"(?:^|_)(told|asked|mend(?:s|ed|ing)?|judge\w*|verdict)(?:_|$)", re.IGNORECASE)


def packages_in_tree() -> set[str]:
    found = {"mottle", "mottle.notebooks"}  # the latter lies in docs/
    for room in ROOMS:
        for file in (ROOT / room).rglob("__init__.py"):
            if file.parent.name != "_root":
                found.add(".".join(("mottle", *file.parent.relative_to(ROOT).parts)))
    return found


def public_names() -> list[str]:
    rooms = {room: import_module(f"mottle.{room}") for room in ROOMS}
    names = [
        f"mottle.{room}.{name}"
        for room, module in rooms.items()
        for name in getattr(module, "__all__", ())
    ]
    return [
        name for name in names if inspect.isclass(found := load(name)) or inspect.isfunction(found)
    ]


def load(name: str):
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


def public_methods() -> list[str]:
    """List the methods that a class, or a base class in mottle, defines."""
    return [
        f"{name}.{method}"
        for name in public_names()
        if inspect.isclass(load(name))
        for method, value in inspect.getmembers(load(name), inspect.isfunction)
        if not method.startswith("_") and value.__module__.startswith("mottle.")
    ]


def faults(name: str, codes: set[str]) -> list[str]:
    return [f"{code} {text}" for code, text in validate(name)["errors"] if code in codes]


@pytest.mark.parametrize("name", modules())
def test_doctests_of_a_module_hold(name):
    result = doctest.testmod(import_module(name))
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail in {name}"


def test_every_file_of_the_rooms_is_walked():
    files = [file.relative_to(ROOT) for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    names = (".".join(("mottle", *file.with_suffix("").parts)) for file in files)
    names = (name.replace("mottle.reservoir._root", "mottle") for name in names)
    names = (name for name in names if name != "mottle.__main__")  # runs when it is imported
    assert set(modules()) == {name.removesuffix(".__init__") for name in names}


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_examples(room):
    finder = doctest.DocTestFinder(exclude_empty=True)
    names = [name for name in modules() if name.startswith(f"mottle.{room}")]
    tests = [test for name in names for test in finder.find(import_module(name))]
    assert sum(len(test.examples) for test in tests) > 0


def test_package_list_equals_the_tree():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert set(declared["packages"]) == packages_in_tree()
    assert len(declared["packages"]) == len(set(declared["packages"]))


def test_every_folder_with_modules_is_a_package():
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            assert (file.parent / "__init__.py").exists(), file.parent


@pytest.mark.parametrize("room", ROOMS)
def test_a_bare_import_from_the_root_is_refused(room):
    code = f"import {room}"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert f"ImportError: import mottle.{room} instead" in run.stderr


def test_rooms_are_imported_on_first_use_and_unknown_names_fail():
    code = (
        "import sys, mottle; assert 'mottle.sensors' not in sys.modules; "
        "assert 'numpy' not in sys.modules; mottle.sensors.EventRate; "
        "assert not hasattr(mottle, 'sensor')"
    )
    subprocess.run([sys.executable, "-P", "-c", code], cwd=ROOT, check=True)


def test_importing_a_room_is_lazy_and_a_readout_needs_no_numba():
    code = (
        "import sys, mottle.reservoir, mottle.sensors, mottle.datasets, mottle.pipelines.cli; "
        "assert not {'numpy', 'sklearn', 'numba', 'xarray'} & set(sys.modules); "
        "from mottle.reservoir import RidgeReadout; "
        "assert not {'numba', 'xarray'} & set(sys.modules); "
        "assert 'RidgeReadout' in dir(mottle.reservoir); mottle.reservoir.devices.get; "
        "assert not hasattr(mottle.reservoir, 'Readout')"
    )
    subprocess.run([sys.executable, "-P", "-c", code], cwd=ROOT, check=True)


def test_dir_of_a_room_lists_public_names_only_before_and_after_use():
    code = "".join(  # in one process, since no room uses one that comes after it
        f"import mottle.{room} as room; before = dir(room); names = room.__all__; "
        "assert before == sorted(names), before; [getattr(room, name) for name in names]; "
        f"import mottle; assert dir(room) == before and '{room}' in dir(mottle); "
        "assert not [name for name in dir(mottle) if name[0] == '_' and name != '__version__']\n"
        for room in ROOMS
    )
    subprocess.run([sys.executable, "-P", "-c", code], cwd=ROOT, check=True)


@pytest.mark.parametrize("room", ROOMS)
def test_no_name_of_a_lazy_room_is_that_of_a_module(room):
    files = {file.stem for file in (ROOT / room).iterdir()}
    assert not files & set(import_module(f"mottle.{room}").__all__)


def test_kernels_import_numpy_numba_and_other_kernels_only():
    allowed = {
        "math",
        "typing",
        "types",
        "warnings",
        "collections",
        "itertools",
        "concurrent",
        "contextlib",
        "logging",
        "threading",
        "numpy",
        "numba",
        "llvmlite",
    }
    files = [file for room in ROOMS for pattern in KERNELS for file in (ROOT / room).rglob(pattern)]
    assert len(files) > 20
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "."]
            else:
                continue
            forbidden = [
                module
                for module in modules
                if module.split(".")[0] not in allowed and not KERNEL_NAME.match(module)
            ]
            assert not forbidden, f"{file.relative_to(ROOT)}:{node.lineno} imports {forbidden}"


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and name of every variable, argument, attribute, function, class and import."""
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Name):
            yield line, node.id
        elif isinstance(node, ast.arg):
            yield line, node.arg
        elif isinstance(node, ast.keyword):
            yield line, node.arg or ""
        elif isinstance(node, ast.Attribute):
            yield line, node.attr
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield line, node.name
        elif isinstance(node, ast.alias):
            yield line, node.asname or node.name.rpartition(".")[2]


def dialect(path: Path) -> list[str]:
    """List the names in a file that contain a word of WORDS, with file and line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [f"{path}:{line} {name}" for line, name in identifiers(tree) if WORDS.search(name)]


@pytest.mark.parametrize("room", ROOMS_CHECKED_FOR_WORDS)
def test_names_are_words_of_the_field(room):
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    found = [name for file in files for name in dialect(file)]
    assert not found, "rename, see the words in docs/reference/conventions.md:\n" + "\n".join(found)


def test_the_check_of_words_finds_variables_arguments_attributes_and_functions(tmp_path):
    code = "def mend_pairs(told):\n    self.n_asked = told\n    return f(verdict=1)\n\namend = 0\n"
    (tmp_path / "module.py").write_text(code)
    found = [name.rpartition(":")[2] for name in dialect(tmp_path / "module.py")]
    assert sorted(found) == ["1 mend_pairs", "1 told", "2 n_asked", "2 told", "3 verdict"]


@pytest.mark.parametrize("name", public_names())
def test_public_docstrings_name_every_parameter_and_no_other(name):
    record = is_dataclass(load(name)) or hasattr(load(name), "_fields")  # fields are attributes
    codes = {MISSING, UNKNOWN} | (set() if record else {UNDOCUMENTED, DISORDERED})
    assert not faults(name, codes)


@pytest.mark.parametrize("name", public_methods())
def test_public_methods_have_docstrings_without_unknown_parameters(name):
    assert not faults(name, {MISSING, UNKNOWN})


@pytest.mark.parametrize("name", public_names())
def test_every_argument_and_result_of_a_public_name_is_annotated(name):
    found = load(name)
    inside = inspect.getmembers(found, inspect.isfunction) if inspect.isclass(found) else []
    functions = [value for key, value in inside if not key.startswith("_") or key == "__init__"]
    functions += [found] if inspect.isfunction(found) else []
    for function in map(inspect.unwrap, functions):
        if function.__module__.startswith("mottle."):
            signature = inspect.signature(function)
            bare = [key for key, value in signature.parameters.items()
                    if value.annotation is value.empty and key != "self"]  # fmt: skip
            assert not bare, function.__qualname__
            assert signature.return_annotation is not signature.empty, function.__qualname__


def test_the_docstring_check_detects_a_missing_parameter():
    assert UNDOCUMENTED in {code for code, _ in validate(f"{__name__}.undocumented")["errors"]}


def undocumented(value):
    """Do nothing."""


def test_a_reservoir_is_a_signature_a_docstring_and_a_node():
    from mottle import reservoir
    from mottle.reservoir.nodes.front import Reservoir

    classes = [getattr(reservoir, name) for name in reservoir.__all__ if name.endswith("Reservoir")]
    assert len(classes) == 11
    for cls in classes:
        assert cls.__mro__[1] is Reservoir
        own = {name for name in vars(cls) if not (name.startswith("__") and name != "__init__")}
        own = {name for name in own if not name.startswith("_sklearn")}
        # a class without the parameter n_nodes defines n_nodes itself
        assert own <= {"__init__", "_kind", "n_nodes", "random_state"}, (cls, own)
