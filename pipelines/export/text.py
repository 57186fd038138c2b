"""From stages to C: names, numbers, tables, functions that are used, states and their memory."""

from pathlib import Path
from re import MULTILINE, compile, findall, search, split
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.embedded import CStage

HERE = Path(__file__).parent
WIDTH = 100
TYPES = {
    "u1": "uint8_t",
    "u2": "uint16_t",
    "u4": "uint32_t",
    "u8": "uint64_t",
    "i4": "int32_t",
    "i8": "int64_t",
}
LITERAL = compile(r"(/\*.*?\*/|\"[^\"\n]*\")|(?<![\w.])(\d+\.\d*(?:[eE][+-]?\d+)?)(?![\w.])", 16)
MATH = compile(r"(?<![\w.])(fabs|exp2|exp|log1p|log2|log|sqrt|floor|fma|sinh|cos|sin)\(")


class Real(NamedTuple):
    """The type of numbers in C."""

    name: str  # of the type
    suffix: str  # of numbers, and of functions of math.h
    size: int  # bytes


DOUBLE, FLOAT = Real("double", "", 8), Real("float", "f", 4)


def in_type(text: str, real: Real) -> str:
    """Return a text with the numbers and functions of math.h of a type.

    Examples
    --------
    >>> in_type("y = exp(-0.5 * x); /* 0.5 */", FLOAT)
    'y = expf(-0.5f * x); /* 0.5 */'
    """
    text = LITERAL.sub(lambda m: m[1] or m[2] + real.suffix, text)
    return MATH.sub(rf"\1{real.suffix}(", text)


def number(value: Any, real: Real) -> str:
    """Return a number in C, exact.

    Examples
    --------
    >>> number(0.1, DOUBLE), number(1.0, FLOAT), number(np.inf, DOUBLE), number(1e-9, FLOAT)
    ('0.1', '1.0f', 'INFINITY', '1e-09f')
    """
    value = float(value)
    if np.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    with np.errstate(over="ignore"):
        text = repr(value) if real is DOUBLE else str(np.float32(value))
    if text == "inf":
        return "INFINITY"
    return (text if search(r"[.e]", text) else f"{text}.0") + real.suffix


def type_of(values: NDArray, real: Real) -> tuple[str, int]:
    """Return the type in C of values, and its size in bytes."""
    if values.dtype.kind == "f":
        return real.name, real.size
    return TYPES[f"{values.dtype.kind}{values.dtype.itemsize}"], values.dtype.itemsize


def values_of(values: NDArray, real: Real) -> list[str]:
    """Return values in C."""
    if values.dtype.kind == "f":
        return [number(value, real) for value in values.ravel().tolist()]
    large = {"u8": "UINT64_C({})", "i8": "INT64_C({})"}
    form = large.get(f"{values.dtype.kind}{values.dtype.itemsize}", "{}")
    return [form.format(value) for value in values.ravel().tolist()]


def table(name: str, values: NDArray, real: Real, comment: str = "") -> str:
    """Return a constant array in C, in lines of at most WIDTH characters.

    Examples
    --------
    >>> print(table("gain", np.array([0.5, 2.0]), FLOAT, "V"), end="")
    static const real gain[2] = { /* V */
        0.5f, 2.0f,
    };
    """
    kind = "real" if values.dtype.kind == "f" else type_of(values, real)[0]
    lines, line = [], "   "
    for text in values_of(values, real):
        if len(line) + len(text) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {text},"
    note = f" /* {comment} */" if comment else ""
    body = "\n".join([*lines, line])
    return f"static const {kind} {name}[{values.size}] = {{{note}\n{body}\n}};\n"


def functions(text: str) -> list[tuple[str, str]]:
    r"""Return the functions in a text, each with its comment: name and text.

    Examples
    --------
    >>> [name for name, _ in functions("static int @a(int x)\n{\n    return x;\n}\n")]
    ['@a']
    """
    parts = [part for part in split(r"(?<=^}\n)", text, flags=MULTILINE) if part.strip()]
    named = [(search(r"^static [^(]*?([@\w]+)\(", part, MULTILINE), part) for part in parts]
    return [(found[1], part.strip("\n") + "\n") for found, part in named if found]


def used(found: list[tuple[str, str]], roots: str) -> list[tuple[str, str]]:
    """Return the functions that a text, or one of the functions that it uses, calls."""
    kept: set[str] = set()
    texts = [roots]
    while texts:
        text = texts.pop()
        for name, part in found:
            if name not in kept and search(rf"(?<!\w){name}\(", text):
                kept.add(name)
                texts.append(part)
    return [(name, part) for name, part in found if name in kept]


def names_in(text: str) -> set[str]:
    """Return the names of a stage that its text uses.

    Examples
    --------
    >>> sorted(names_in("y[i] = @gain * @sum(i, x);"))
    ['gain', 'sum']
    """
    return set(findall(r"@(\w+)", text))


def helpers(text: str, real: Real) -> str:
    """Return the elementary functions that a text uses, those of a type first."""
    own = (
        functions((HERE / "functions_float32.c").read_text(encoding="utf-8"))
        if real is FLOAT
        else []
    )
    names = {name for name, _ in own}
    common = functions((HERE / "functions.c").read_text(encoding="utf-8"))
    found = own + [(name, part) for name, part in common if name not in names]
    kept = used(found, text)
    return "\n".join(in_type(part, real) for _, part in sort_calls(kept))


def sort_calls(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return functions so that each comes after those it calls."""
    done: list[tuple[str, str]] = []
    left = list(found)
    while left:
        names = {name for name, _ in left}
        for one in left:
            body = one[1][one[1].index("{") :]
            if not any(search(rf"\b{name}\(", body) for name in names - {one[0]}):
                done.append(one)
                left.remove(one)
                break
    return done


class Written(NamedTuple):
    """A stage in C, and its memory in bytes."""

    struct: str  # type of the state, for the header; empty without state
    source: str
    constants: int
    state: int
    aligned: int  # widest member of the state; the state is a multiple of it


def write_stage(model: str, name: str, stage: CStage, real: Real) -> Written:
    """Return a stage in C; ``model`` and ``name`` are the prefixes of its names."""
    roots = "@step( @event( @add( @features("
    kept = used(functions(stage.text), roots)
    text = "\n".join(part for _, part in kept)
    names, constants = names_in(text), 0
    parts = [f"/* ---- {name}: {stage.note or 'a stage'} ---- */\n"]
    sizes = [f"{name}_{key} = {value}" for key, value in stage.sizes.items() if key in names]
    if sizes:
        listed = f"enum {{ {', '.join(sizes)} }};\n"
        if len(listed) > WIDTH:
            listed = "enum {\n" + "".join(f"    {size},\n" for size in sizes) + "};\n"
        parts.append(listed)
    numbers = {key: value for key, value in stage.numbers.items() if key in names}
    for key, values in stage.tables.items():
        if same(values) and f"@{key}[i]" in text and not search(rf"@{key}\b(?!\[i\])", text):
            numbers[key], text = values.flat[0], text.replace(f"@{key}[i]", f"@{key}")
    lines = []
    for key, value in numbers.items():
        unit = f" /* {stage.units[key]} */" if stage.units.get(key) else ""
        kind, own = ("double", DOUBLE) if key.endswith("_exact") else ("real", real)
        lines.append(f"static const {kind} {name}_{key} = {number(value, own)};{unit}\n")
    parts += ["".join(lines)] if lines else []
    for key, values in stage.tables.items():
        if key in numbers:
            continue
        if key in names and values.size:
            parts.append(table(f"{name}_{key}", values, real, stage.units.get(key, "")))
            constants += values.size * type_of(values, real)[1]
    struct, size, aligned = "", 0, 1
    if stage.state:
        struct, begin, size, aligned, tables = state_of(model, name, stage, real)
        parts += [*tables, begin]
        constants += sum(values.size * type_of(values, real)[1] for values in varied(stage))
    constants += len(numbers) * real.size
    text = text.replace("@state ", f"{model}_{name}_state ").replace("@", f"{name}_")
    return Written(struct, "\n".join([*parts, in_type(text, real)]), constants, size, aligned)


def same(values: NDArray) -> bool:
    """Return whether all nodes have one constant, which then needs no table."""
    return values.size > 1 and values.dtype.kind == "f" and bool((values == values.flat[0]).all())


def varied(stage: CStage) -> list[NDArray]:
    """Return values of the state at rest that differ from node to node."""
    found = [np.asarray(values) for values in stage.state.values()]
    return [values for values in found if values.size and (values != values.flat[0]).any()]


def state_of(
    model: str, name: str, stage: CStage, real: Real
) -> tuple[str, str, int, int, list[str]]:
    """Return type of a state, what puts it at rest, its size and alignment in bytes, and tables."""
    members, lines, tables, size = [], [], [], 0
    arrays = {key: np.asarray(values) for key, values in stage.state.items()}
    widths = {key: type_of(values, real)[1] for key, values in arrays.items()}
    for key in sorted(arrays, key=lambda key: -widths[key]):  # without gaps between members
        values = arrays[key]
        if not values.size:
            continue
        kind, width = type_of(values, real)
        many = f"[{values.size}]" if values.ndim else ""
        unit = f" /* {stage.units[key]} */" if stage.units.get(key) else ""
        members.append(f"    {kind} {key}{many};{unit}\n")
        size += values.size * width
        if not values.ndim:
            lines.append(f"    s->{key} = {values_of(values, real)[0]};\n")
            continue
        first = values_of(values.ravel()[:1], real)[0]
        if (values != values.flat[0]).any():
            tables.append(table(f"{name}_rest_{key}", values, real, f"{key} at rest"))
            first = f"{name}_rest_{key}[i]"
        loop = f"    for (int i = 0; i < {values.size}; i++)\n        s->{key}[i] = {first};\n"
        lines.append(loop)
    struct = f"typedef struct {{\n{''.join(members)}}} {model}_{name}_state;\n"
    begin = f"static void {name}_init({model}_{name}_state *s)\n{{\n{''.join(lines)}}}\n"
    most = max(widths.values())
    return struct, begin, -(-size // most) * most, most, tables
