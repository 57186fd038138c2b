"""Damaged and forged model files: bytes, arrays, schema and manifest, with hashes made to fit."""

import json
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np
from event_writers import mutate as mutate_bytes

from mottle.pipelines.saved import archive
from mottle.pipelines.saved.schema import nodes

LOADERS = (
    "DictNode", "DefaultDictNode", "ListNode", "SetNode", "TupleNode", "BytesNode", "BytearrayNode",
    "SliceNode", "FunctionNode", "MethodNode", "PartialNode", "TypeNode", "ObjectNode", "JsonNode",
    "ConstructorFromReduceNode", "OperatorFuncNode", "NdArrayNode", "MaskedArrayNode", "DTypeNode",
    "RandomStateNode", "RandomGeneratorNode", "SparseMatrixNode", "LossNode", "TreeNode",
    "CachedNode", "QuantileForestNode", "NoSuchNode", "",
)  # fmt: skip
TYPES = (
    "builtins.eval", "builtins.exec", "builtins.dict", "builtins.list", "builtins.tuple",
    "builtins.str", "builtins.bytearray", "builtins.range", "os.system", "subprocess.Popen",
    "operator.methodcaller", "functools.partial", "numpy.ndarray", "numpy.float64", "numpy.void",
    "numpy.load", "numpy.memmap", "numpy.random.mtrand.RandomState", "numpy.dtype",
    "numpy.random._generator.Generator", "pathlib.Path", "joblib.memory.Memory",
    "sklearn.pipeline.Pipeline", "sklearn.tree._tree.Tree", "sklearn.base.BaseEstimator",
    "sklearn.preprocessing._function_transformer.FunctionTransformer",
    "sklearn._loss._loss.CyHalfSquaredError", "scipy.sparse._csr.csr_array", "pickle.loads",
    "mottle.reservoir.MemristorReservoir", "mottle.reservoir.Crossbar", "mottle.pipelines.cli.main",
    "mottle.pipelines.run_recipe", "mottle.datasets.fetch", "mottle.datasets.disk.Lock",
    "mottle.reservoir.devices.WOxMemristor", "mottle.reservoir.family.Family",
    "mottle.reservoir.nodes.outside.definition.Lost", "mottle.pipelines.recipe.Recipe",
    "mottle..x", "mottle.no.Such", ".", "a", "é.b", "x" * 5000 + ".y",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 10**30, 1e308, float("nan"), "", "x", [], {}, [[]], "[" * 3000,
    "../../etc/passwd", "manifest.json", "schema.json", "arrays/0.npy", "numpy", "json",
    '"' + "a" * 1000 + '"', "1e999", {"a": 1}, [None] * 50,
)  # fmt: skip
HEAD = "{{'descr': {!r}, 'fortran_order': {}, 'shape': {}, }}"
DTYPES = ("<f8", "|O", "<U1000000", "|V0", "|V99", ">i2", "<M8[ns]", "|b1")
SHAPES = ((), (0,), (10**12,), (2, 10**9), (0, 10**18), (-1,), (1,) * 40, (3, 2))


def content_of(whole: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return manifest and members of a valid file."""
    with ZipFile(BytesIO(whole)) as parts:
        members = {name: parts.read(name) for name in parts.namelist()}
    return json.loads(members.pop(archive.MANIFEST)), members


def reseal(info: dict[str, Any], members: dict[str, bytes]) -> bytes:
    """Return a file whose hashes fit its content."""
    own = {key: one for key, one in info.items() if key not in ("hashes", "format")}
    return archive.pack(members, own)


def pick(several: Any, rng: np.random.Generator) -> Any:
    """Return one of several."""
    return several[int(rng.integers(len(several)))]


def mutate(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a damaged or forged copy of a model file."""
    kind = rng.integers(6)
    if kind == 0:
        return mutate_bytes(whole, rng)
    info, members = content_of(whole)
    if kind == 1:  # bytes of a member
        name = pick(list(members), rng)
        members[name] = mutate_bytes(members[name], rng)
    elif kind == 2:  # the header of an array
        name = pick([name for name in members if name != archive.SCHEMA] or list(members), rng)
        text = HEAD.format(pick(DTYPES, rng), bool(rng.integers(2)), pick(SHAPES, rng))
        begin = b"\x93NUMPY\x01\x00v\x00" + text.encode().ljust(117) + b"\n"
        members[name] = begin + members[name][128:]
    elif kind == 3:  # members exchanged, or gone
        one, two = pick(list(members), rng), pick(list(members), rng)
        members[one], members[two] = members[two], members[one]
        if rng.integers(2):
            del members[one]
    elif kind == 4:
        change(info, rng)
    else:
        schema = json.loads(members[archive.SCHEMA])
        for _ in range(int(rng.integers(1, 4))):
            forge(schema, rng)
        members[archive.SCHEMA] = json.dumps(schema).encode()
    return reseal(info, members)


def forge(schema: Any, rng: np.random.Generator) -> None:
    """Change one node of a schema: its type, its loader, its content, or another's in its place."""
    several: dict[str, list[Any]] = {}
    for node, _ in nodes(schema):
        several.setdefault(str(node["__loader__"]), []).append(node)
    if not several:
        return
    node, other = (pick(several[pick(list(several), rng)], rng) for _ in range(2))
    kind = rng.integers(5)
    if kind == 0:
        node["__module__"], _, node["__class__"] = pick(TYPES, rng).rpartition(".")
    elif kind == 1:
        node["__loader__"] = pick(LOADERS, rng)
    elif kind == 2:
        node["__loader__"] = pick(LOADERS, rng)
        node["__module__"], _, node["__class__"] = pick(TYPES, rng).rpartition(".")
    elif kind == 3:
        change(node, rng)
    else:
        copied = json.loads(json.dumps(other))
        node.clear()
        node.update(copied)


def change(found: dict[str, Any], rng: np.random.Generator) -> None:
    """Put another value under a key somewhere, or remove it."""
    while True:
        key = pick(list(found), rng)
        if isinstance(found[key], dict) and found[key] and rng.integers(3):
            found = found[key]
            continue
        if rng.integers(4):
            found[key] = pick(VALUES, rng)
        else:
            del found[key]
        return
