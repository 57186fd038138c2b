"""Every key of the configurations with values that it does not take.

Exit code 1, one line that names the key, nothing read or hashed, nothing written.
"""

import inspect
import json
import math
from datetime import date
from typing import Any, get_args

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import BaseModel, TypeAdapter

from mottle import reservoir, sensors
from mottle.checks import parameters
from mottle.datasets import StatesWriter
from mottle.pipelines.cli import main
from mottle.pipelines.parts import ENCODERS, LAYERS, READOUTS, RESERVOIRS
from mottle.pipelines.prepare import Config
from mottle.pipelines.recipe import Recipe

POOL = {
    "string": "zzz", "integer": -3, "number": -2.5, "boolean": True, "array": [["zzz"]],
    "object": {"zzz": 1}, "nan": math.nan, "date": date(1979, 5, 27),
}  # fmt: skip
"""A value of every kind that TOML has; as text or a number one that hardly a key takes."""
TYPES = {  # which of them a JSON schema allows, where the content is looked at elsewhere
    "string": {"string"}, "integer": {"integer"}, "number": {"integer", "number"},
    "boolean": {"boolean"}, "object": {"object"}, "null": set(), "array": set(),
}  # fmt: skip
PREPARE = {
    "data": {"sense": "smell"}, "store": {},
    "fit": {"on": "all"}, "encoders": {"smell": {"kind": "GasDrive", "n_steps": 3}},
}  # fmt: skip
RUN = {
    "title": "a title", "data": {"name": "demo", "options": {"task": "grasp"}},
    "split": {"kind": "grouped"}, "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 3}},
    "reservoirs": {"echo": {"kind": "EchoStateReservoir", "n_nodes": 9, "pool": "mean"}},
    "readout": {"kind": "RidgeReadout"},
}  # fmt: skip
SEARCH = {"parameters": {"readout.alphas": [0.1]}}
STDP = {"kind": "STDPLayer", "n_neurons": 2}
TAKEN = {  # kinds of the pool that a key does take
    "prepare": {
        "data.sense": {"string"}, "data.pattern": (), "fit.on": {"string"},
        "data.include": (), "data.exclude": (),
    },
    "run": {
        "title": {"string"}, "description": {"string"}, "seeds": (), "metric": (),
    },
}  # fmt: skip
MORE = {  # what is of the right kind, and wrong
    "prepare": {
        "data.sense": ["", "../x", "a/b", "target", "manifest", "a\nb"],
        "data.pattern": ["(", "(?P<label>a)", "a"], "data.time_unit": ["fortnight"],
        "data.include": [[3], "*.csv"], "data.exclude": [[3], "*.csv"], "fit.on": ["trainn", []],
        "fit.limit": [0], "store.block": [0], "store.dtype": ["int8", "float16"],
        "data.options": [
            {"on_bad": "sometimes"}, {"channels": "XX"}, {"rate": math.nan}, {"rate": -1},
            {"max_bytes": "1G"}, {"max_bytes": True}, {"on_badd": "drop"}, {"sense": "a"},
            {"rate": 1.0, "format": "evt3"}, {"na_values": [date(2020, 1, 1)]},
        ],
        "encoders": [{"sight": {"kind": "GasDrive"}}, {"../x": {"kind": "GasDrive"}}],
    },
    "run": {
        "task": ["regress"], "metric": [["accuracyy"], [3], ["accuracy", "accuracy"]],
        "seeds": [[], [-1], [True], [0, 0], ["a"], [0.5]], "fusion": [["earlyy"], ["late", "late"]],
        "washout": [-1], "split.kind": ["random"], "split.n_splits": [1],
        "data.name": ["dmeo"], "data.options": [{"tsk": "grasp"}, {"task": 3}, {"task": "grab"}],
        "encoders": [{}, {"early": {"kind": "TaxelDrive"}}, {"../x": {"kind": "TaxelDrive"}}],
        "reservoirs": [{}, {"../x": {"kind": "NoReservoir", "pool": "mean"}}],
        "crossbar.ages": [[], [-1.0], ["a"]],
        "search.parameters": [{}, {"readout.alpha": [1.0]}, {"readout.alphas": [-1.0]}],
        "search.method": ["bayes", "random"], "search.folds": [1], "search.seed": [-1],
        "search.budget": [0], "search.metric": ["acc"], "search.inputs": ["tuch"],
    },
}  # fmt: skip


def toml(value: Any) -> str:
    """Write a value as TOML does in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value).replace("NaN", "nan")


def model_in(annotation: Any) -> tuple[Any, bool]:
    """Return the table that an annotation holds, if it holds one, and whether by name."""
    options = [annotation, *get_args(annotation)]
    found = [one for one in options if inspect.isclass(one) and issubclass(one, BaseModel)]
    return (found[0] if found else None), annotation not in found and "dict" in str(annotation)


def keys(model: type[BaseModel], base: dict[str, Any], before: tuple[str, ...] = ()) -> Any:
    """Yield the path of every key of a form, and its annotation."""
    for name, field in model.model_fields.items():
        path = (*before, field.alias or name)
        yield path, field.annotation
        inside, named = model_in(field.annotation)
        if inside is not None:
            names = list(base.get(path[-1], {})) if named else [None]
            for one in names:
                below = base.get(path[-1], {})
                below = below.get(one, {}) if named else below
                yield from keys(inside, below, (*path, one) if named else path)


def wrong(command: str, path: tuple[str, ...], annotation: Any) -> list[Any]:
    """Return values that a key does not take."""
    schema = TypeAdapter(annotation).json_schema()
    found = [one.get("type") for one in (schema, *schema.get("anyOf", []))]
    taken = set().union(*(TYPES.get(one, set()) for one in found if one))
    if "enum" in schema or any("enum" in one for one in schema.get("anyOf", [])):
        taken -= {"string"}
    if any(one.get("minimum") is not None for one in (schema, *schema.get("anyOf", []))):
        taken -= {"integer", "number"}
    if path[-1] in ("options", "parameters", "for", "search", "crossbar", "then"):
        taken -= {"object"}  # what it holds is looked at
    if model_in(annotation)[0] is not None:
        taken |= {"object"}
    dotted = ".".join(path)
    taken |= set(TAKEN[command].get(dotted, ()))
    values = [value for kind, value in POOL.items() if kind not in taken]
    return values + MORE[command].get(dotted, [])


def with_value(settings: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return settings in which one key has another value."""
    key, *rest = path
    inside = settings.get(key, {})
    return settings | {key: with_value(inside, tuple(rest), value) if rest else value}


def base_of(command: str, path: tuple[str, ...]) -> dict[str, Any]:
    """Return settings that are right, and have the table in which the key stands."""
    if command == "prepare":
        return PREPARE
    base = RUN
    if path[0] == "search":
        base = base | {"search": SEARCH}
    if "then" in path[:-1]:
        base = with_value(base, ("reservoirs", "echo", "then"), STDP)
    return base


CASES = [
    (command, path, annotation)
    for command, model, base in (("prepare", Config, PREPARE), ("run", Recipe, RUN))
    for path, annotation in keys(model, base)
]


def never(*args: Any, **options: Any) -> Any:
    raise AssertionError("a recording was read or hashed")


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    """Return a function that runs a command on settings; reading or hashing is an error."""
    source = tmp_path / "in"
    source.mkdir()
    for k in range(3):
        (source / f"{k}.csv").write_text("time,CO\n0,1\n1,2\n2,3\n3,5\n")

    for place in (
        "mottle.datasets.sources.files.file_hash", "mottle.datasets.listing.stream_hash",
        "mottle.datasets.sources.files.read", "mottle.pipelines.engine.run.hash_recordings",
    ):  # fmt: skip
        monkeypatch.setattr(place, never)
    monkeypatch.setattr("mottle.datasets.sets.demo.load_icub_grasp", never)
    monkeypatch.setattr("mottle.pipelines.prepare.CONNECT", "1s")

    def run(command: str, settings: dict[str, Any]) -> str:
        recipe = tmp_path / "settings.toml"
        recipe.write_text("".join(f"{key} = {toml(v)}\n" for key, v in settings.items()))
        before = sorted(tmp_path.rglob("*"))
        words = ["run", recipe, "--out", tmp_path / "out", "--states", tmp_path / "states"]
        if command == "prepare":
            words = ["prepare", source, "--out", tmp_path / "a.zarr", "--encode", recipe]
        result = CliRunner().invoke(main, list(map(str, words)))
        assert result.exit_code == 1, (settings, result.output)
        assert sorted(tmp_path.rglob("*")) == before, settings
        assert result.stdout == ""
        assert isinstance(result.exception, SystemExit), (settings, result.exception)
        lines = result.stderr.splitlines()
        assert len(lines) == 1, (settings, lines)
        assert lines[0].startswith("error: "), lines
        return lines[0]

    return run


@pytest.mark.parametrize(
    ("command", "path", "annotation"), CASES, ids=[f"{c}-{'.'.join(p)}" for c, p, _ in CASES]
)
def test_a_wrong_value_is_one_line_that_names_the_key(command, path, annotation, quiet):
    for value in wrong(command, path, annotation):
        line = quiet(command, with_value(base_of(command, path), path, value))
        assert path[-1] in line, (value, line)
        parts = value if isinstance(value, dict | list) else [value]
        shown = [value, *parts, *(parts.values() if isinstance(parts, dict) else ())]
        shown = [text for one in shown for text in (repr(one), str(one))]
        assert not parts or any(text in line for text in shown), (value, line)


def test_unknown_keys_are_named_with_the_key_that_was_meant(quiet):
    for command, path in (
        ("prepare", ("filez",)), ("prepare", ("data", "sens")), ("prepare", ("store", "blck")),
        ("prepare", ("encoders", "smell", "n_step")), ("prepare", ("fit", "onn")),
        ("run", ("titlee",)), ("run", ("split", "n_split")), ("run", ("readout", "alpha")),
        ("run", ("reservoirs", "echo", "n_node")), ("run", ("encoders", "touch", "n_step")),
    ):  # fmt: skip
        base = PREPARE if command == "prepare" else RUN
        line = quiet(command, with_value(base, path, 3))
        assert path[-1] in line
        assert "; did you mean " in line


SIGNED = {"v_bias", "v_gain", "v_read", "input_scaling", "bias"}  # take negative numbers
FREE = {  # kinds of the pool that a parameter takes
    ("GasDrive", "drop"): {"string"}, ("MeasuredReservoir", "column"): {"string"},
}  # fmt: skip
PARTS = {
    "encoders": (sensors, ENCODERS), "reservoirs": (reservoir, RESERVOIRS),
    "then": (reservoir, LAYERS), "readout": (reservoir, READOUTS),
}  # fmt: skip
OF_PARTS = [
    (role, kind, name)
    for role, (room, kinds) in PARTS.items()
    for kind in kinds
    for name in parameters(getattr(room, kind))
    if name not in ("random_state",)
]
OF_PARTS += [
    ("crossbar", cls.__name__, name)
    for cls in (reservoir.Crossbar, reservoir.CrossbarReadout)
    for name in parameters(cls)
    if name not in ("random_state", "readout", "crossbar")
]
NEEDED = {
    "EventRate": {"n_steps": 3}, "TonicTransformer": {"transforms": "MergePolarities"},
    "DeviceReservoir": {"device": "wox_du2017"},
}  # fmt: skip


def settings_of(role: str, kind: str, name: str, value: Any) -> dict[str, Any]:
    part = {"kind": kind, **NEEDED.get(kind, {}), name: value}
    if role == "encoders":
        return with_value(RUN, ("encoders", "touch"), part)
    if role == "reservoirs":
        return with_value(RUN, ("reservoirs", "echo"), {"pool": "mean", **part})
    if role == "then":
        return with_value(RUN, ("reservoirs", "echo", "then"), STDP | part)
    return RUN | {role: {name: value} if role == "crossbar" else part}


@pytest.mark.parametrize(
    ("role", "kind", "name"), OF_PARTS, ids=[".".join(case) for case in OF_PARTS]
)
def test_wrong_parameters_of_parts_are_one_line(role, kind, name, quiet):
    if kind == "TonicTransformer":
        pytest.importorskip("tonic")
    default = inspect.signature(getattr(PARTS.get(role, (reservoir,))[0], kind)).parameters[name]
    for one, value in POOL.items():
        if one in FREE.get((kind, name), ()):
            continue
        if name in SIGNED and one in ("integer", "number"):
            continue
        if one == "boolean" and isinstance(default.default, bool):
            continue
        line = quiet("run", settings_of(role, kind, name, value))
        assert name in line, (value, line)


# options of the command line, by command: values that are wrong
FILE, BELOW, FOREIGN, ABSENT = "a-file", "a-file/below", "others", "absent"
OPTIONS = {
    "prepare": {
        "sources": [ABSENT, "nmnst", FILE + "/x", "tonic:NMNST"],
        "--out": [FILE, BELOW, FOREIGN, "", "/", "in/a.zarr", "in", "states-of-a-run"],
        "--encode": [ABSENT, FOREIGN, "binary"],
        "--on-bad": ["drop", "", "3"],
        "--limit": ["0", "-1", "2.5", "all"],
        "--kind": ["event", "3", ""],
        "--time-unit": ["sec", "3", ""],
        "--include": ["*.raw"],
        "--exclude": ["*"],
        "--jobs": ["-1", "two", "1.5"],
        "--dask": ["nowhere", "tcp://127.0.0.1:1"],
        "--dry-run": [],
        "--json": [],
    },
    "run": {
        "config": [ABSENT, FOREIGN, "binary", "demo-grsp"],
        "--out": [FILE, BELOW],
        "--states": [FILE, BELOW, FOREIGN],
        "--save": [],
        "--row": [],
        "--json": [],
    },
    "datasets fetch": {"name": ["nmnst", "", "tonic:NMNST"]},
    "store info": {"path": [ABSENT, FILE, BELOW, FOREIGN, "", "states-of-a-run"], "--json": []},
    "store verify": {"path": [ABSENT, FILE, BELOW, FOREIGN, ""], "--json": []},
}
RIGHT = {
    "prepare": ["in", "--out", "a.zarr"], "run": ["right.toml", "--out", "out"],
    "datasets fetch": [], "store info": [], "store verify": [],
}  # fmt: skip


def find_command(words: str) -> Any:
    command: Any = main
    for word in words.split():
        command = command.commands[word]
    return command


def test_every_option_of_these_commands_is_tried():
    for words, known in OPTIONS.items():
        names = {
            one.opts[0] if one.param_type_name == "option" else one.name
            for one in find_command(words).params
        }
        assert names == set(known), words


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """Work in a folder with recordings, a file, a folder of other things and a store of states."""
    (tmp_path / "in").mkdir()
    for k in range(3):
        (tmp_path / f"in/{k}.csv").write_text("time,CO\n0,1\n1,2\n2,3\n3,5\n")
    (tmp_path / FILE).write_text("mine")
    (tmp_path / "binary").write_bytes(bytes(range(128, 256)))
    (tmp_path / "right.toml").write_text("".join(f"{k} = {toml(v)}\n" for k, v in RUN.items()))
    for folder in (FOREIGN, f"{FOREIGN}/right/echo/touch"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "mine").write_text("mine")
    states = {"n_recordings": 1, "n_steps": 2, "n_nodes": 1, "block": 1, "attrs": {}}
    with StatesWriter(tmp_path / "states-of-a-run", **states) as writer:
        writer.write(0, np.zeros((1, 2, 1)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mottle.datasets.sources.files.file_hash", never)
    monkeypatch.setattr("mottle.datasets.sources.files.read", never)
    monkeypatch.setattr("mottle.datasets.sets.demo.load_icub_grasp", never)
    return tmp_path


WRONG_OPTIONS = [
    (words, name, value)
    for words, known in OPTIONS.items()
    for name, values in known.items()
    for value in values
]


@pytest.mark.parametrize(("words", "name", "value"), WRONG_OPTIONS)
def test_a_wrong_option_is_one_sentence_and_nothing_is_written(
    words, name, value, desk, monkeypatch
):
    monkeypatch.setattr("mottle.pipelines.prepare.CONNECT", "1s")
    if value.startswith("tonic:"):
        pytest.importorskip("tonic")
    if name == "--dask":
        pytest.importorskip("distributed")
    before = sorted(desk.rglob("*"))
    given = RIGHT[words] if name.startswith("--") else RIGHT[words][1:]
    given = [*given, name, value] if name.startswith("--") else [value, *given]
    result = CliRunner().invoke(main, [*words.split(), *given])
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert sorted(desk.rglob("*")) == before
    assert result.stdout == ""
    *usage, line = result.stderr.splitlines()
    assert usage == [] or usage[0].startswith("Usage: "), result.stderr
    assert line.lower().startswith("error: ")
    assert value.removeprefix("tonic:") in line
    assert "Errno" not in line
    assert "LocalStore" not in line
    if result.exit_code == 2:
        assert f"'{name}'" in line
