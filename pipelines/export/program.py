"""The step of a whole model in C: calls of its stages, and the arrays between them."""

from re import search, sub
from typing import Any, NamedTuple

from mottle.embedded import NotInC
from mottle.pipelines.export.tree import Leaf, Parallel, Series


class Program(NamedTuple):
    """What the step of a model does; filled by `compose`."""

    leaves: list[Leaf]
    buffers: dict[str, int]  # arrays in the state: name, number of values
    columns: dict[str, list[int]]  # tables of columns
    tick: list[str]  # lines for every step
    predict: list[str]  # lines for a prediction


def compose(model: Any) -> Program:
    """Return the program of a tree of stages.

    Raises
    ------
    NotInC
        If a stage that goes step by step follows one that pools.
    """
    program = Program([], {}, {}, [], [])
    add(program, model, "in", "out", model.keeps)
    if any(search(r"\bout\b", line) for line in program.tick):  # computed, wanted or not
        program.buffers["y"] = model.n_out
        for lines in (program.tick, program.predict):
            lines[:] = [sub(r"\bout\b", "s->y", line) for line in lines]
        program.predict.append(copied("s->y", "out", model.n_out))
    return program


def add(program: Program, part: Any, source: str, target: str, early: bool) -> list[str]:
    """Add a part that reads ``source`` and writes ``target``; return the lines that write it.

    What does not go step by step is computed for a prediction only, unless ``early``.
    """
    if isinstance(part, Series):
        return add_series(program, part, source, target, early)
    if isinstance(part, Parallel):
        return add_parallel(program, part, source, target, early)
    program.leaves.append(part)
    name, state = part.name, f"&s->{part.name}"
    if part.stage.pools:
        program.tick.append(f"{name}_add({state}, {source});")
        program.predict.append(f"{name}_features({state}, {target});")
        return program.predict
    lines = program.tick if early else program.predict
    args = [state, source, target] if part.stage.state else [source, target]
    lines.append(f"{name}_step({', '.join(args)});")
    return lines


def add_series(program: Program, part: Series, source: str, target: str, early: bool) -> list[str]:
    """Add stages one after another."""
    keeping = [k for k, one in enumerate(part.parts) if one.keeps]
    last = keeping[-1] if keeping and early else -1
    lines = program.tick if early else program.predict
    for k, one in enumerate(part.parts):
        here = target
        if k + 1 < len(part.parts):
            name = buffer_name(one)
            program.buffers[name] = one.n_out
            here = f"s->{name}"
        pooled = lines is program.predict
        if one.keeps and pooled and early:
            raise NotInC(
                f"stage {buffer_name(one)!r} goes step by step, and a stage before it pools: "
                "leave pooling to the last reservoir of a row of stages."
            )
        lines = add(program, one, source, here, early and k <= last and not pooled)
        source = here
    return lines


def add_parallel(
    program: Program, part: Parallel, source: str, target: str, early: bool
) -> list[str]:
    """Add stages side by side, each with its columns."""
    begin, lines = 0, program.tick
    all_early = early and part.keeps
    for one, taken in zip(part.parts, part.columns, strict=True):
        own = f"{source} + {taken[0]}" if taken and taken[0] else source
        if taken and taken != list(range(taken[0], taken[0] + len(taken))):
            name = f"{buffer_name(one)}_in"
            program.buffers[name], program.columns[name] = len(taken), taken
            own = f"s->{name}"
            gather = copied(source, own, len(taken), f"{name}[i]")
            (program.tick if all_early else program.predict).append(gather)
        here = f"{target} + {begin}" if begin else target
        wrote = add(program, one, own, here, all_early)
        lines = program.predict if wrote is program.predict else lines
        begin += one.n_out
    return lines


def buffer_name(part: Any) -> str:
    """Return the name of the array that a part writes to."""
    if isinstance(part, Leaf):
        return f"{part.name}_y"
    return part.name + "_y" if isinstance(part, Parallel) else buffer_name(part.parts[-1])


def copied(source: str, target: str, n: int, place: str = "i") -> str:
    """Return a loop that copies values, those of ``place``."""
    return f"for (int i = 0; i < {n}; i++)\n        {target}[i] = {source}[{place}];"
