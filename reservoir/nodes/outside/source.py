"""Source of the kernel of a device defined outside mottle, in a file that numba can cache.

A kernel that takes functions as arguments is compiled again in every process, since numba cannot
identify them in its cache. One that imports them by name, from a file of its own, is compiled once.
The name of the file contains a digest of all source that the kernel depends on.
"""

import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import ModuleType
from typing import Any, NamedTuple

from numba.core.dispatcher import Dispatcher

from mottle import __version__

TEMPLATE = '''"""Kernel of the device {name!r}, written from the functions of {module!r}."""

import numpy as np
from numba import njit

from mottle.reservoir.compiled.blocks import LANES, make_blocks
from mottle.reservoir.compiled.closed import close
from mottle.reservoir.compiled.constants import field, pick
from mottle.reservoir.compiled.functions import VECTOR, clip, flush, widen
from mottle.reservoir.compiled.inputs import make_buffers, make_volts, sum_volts, tile_size

{functions}

# fields of a block: states, constants that vary from node to node, voltage, observable
V, OBSERVED, N_FIELDS = {last} * LANES, {last} * LANES + LANES, {last} + 2


@njit(**INLINE)
def advance({states}, v, h, c):
    """Advance a device by ``h`` s at ``v`` V."""
{advance}


{observed}


@njit(**VECTOR)
def hold(
    w, n, volts, lo, n_steps, nodes, h, n_micro, v_read, observable, out, at, n_devices, spent
):  # fmt: skip
    """Advance the ``n`` devices of a block by a tile of steps; return the number not finite.

    ``w`` holds the block's fields; volts (mask, step, device), the block's from ``lo``; ``out``
    (step, node), the block's from ``at``. Energies in J are added to ``spent`` unless it is empty.
    """
    widen()
    first, faults = np.uint64(lo), 0
    for step in range(n_steps):
        for mask in range(volts.shape[0]):
            here = np.uint64(mask * n_devices + at)
            for i in range(n):
                w[V + i] = volts[mask, step, first + np.uint64(i)]
            for _ in range(n_micro):
                used = 0.0
                if spent.size > 0:
                    used = power(w, n, nodes)
                for i in range(LANES):
                    c = Constants({own})
                    {items} = advance({items}, w[V + i], h, c)
                if spent.size > 0:
                    used = 0.5 * h * (used + power(w, n, nodes))
                    spent[0] += used
                    spent[2] += used
            if observable == 0:
                for i in range(LANES):
                    c = Constants({own})
                    w[OBSERVED + i] = output({items}, w[V + i], c)
            else:
                write_observable(w, nodes, v_read, observable)
            for i in range(n):
                x = w[OBSERVED + i]
                out[step, here + np.uint64(i)] = x
                faults += 0 if x - x == 0.0 else 1
    return faults


@njit(cache=True)
def load(state, nodes, first, last):
    """Copy states and constants of devices to blocks; unused lanes repeat the last device."""
    blocks = make_blocks(last - first, N_FIELDS)
    for lane in range(blocks.shape[0] * LANES):
        node, b, i = min(first + lane, last - 1), lane // LANES, lane % LANES
{loaded}
    return blocks


@njit(cache=True)
def store(blocks, state, first, last):
    """Copy the states of all blocks back to ``state``."""
    for node in range(first, last):
        b, i = (node - first) // LANES, (node - first) % LANES
        for k in range(state.shape[0]):
            state[k, node] = blocks[b, k * LANES + i]


@njit(cache=True, nogil=True)
def run(
    begin, end, width, drive, lengths, state, keys, first_step, wiring, supply, n_masks, nodes, h,
    n_micro, v_read, observable, faults, n_clipped, out, spent,
):  # fmt: skip
    """Run devices; see ``threads.run_nodes``. Each of ``n_masks`` inputs is held ``n_micro`` steps.

    Shapes: drive (recording, step, input), state (recording, variable, device), out (recording,
    step, mask * device); (recording, group) of devices, ``n_clipped`` counts voltages clipped to
    the supply and ``faults`` states that are not finite.
    """
    n_devices = state.shape[2]
    n_parts = (n_devices + width - 1) // width
    loop, n_inputs, nothing = supply.loop, drive.shape[2], np.empty(0)
    buffers = make_buffers(wiring, supply.rows, n_inputs, n_masks, min(width, n_devices))
    for part in range(begin, end):
        r, first = part // n_parts, part % n_parts * width
        last = min(first + width, n_devices)
        volts = make_volts(supply, n_masks, lengths[r], last - first)
        blocks = load(state[r], nodes, first, last)
        size = tile_size(supply)
        for tile in range(0, lengths[r], size):
            n_steps, row = min(size, lengths[r] - tile), min(tile, out.shape[1] - 1)
            n_clipped[r, first // LANES] += sum_volts(
                drive[r, : lengths[r]], tile, wiring, r, first, n_devices, n_steps, supply, buffers,
                spent, volts,
            )  # fmt: skip
            for b in range(blocks.shape[0]):
                at = first + b * LANES
                used = nothing
                if spent is not None and spent.shape[1] > 0:
                    used = spent[r, at // LANES]
                faults[r, at // LANES] += hold(
                    blocks[b], min(LANES, last - at), volts, at - first, n_steps, nodes, h,
                    n_micro, v_read, observable, out[r, row : row + n_steps], at, n_devices, used,
                )
            if spent is not None and size == 1:
                close(loop, out[r, row], drive[r], tile)
        store(blocks, state[r], first, last)


@njit(cache=True)
def trace(v, h, n_micro, rest, c):
    """Simulate one device under voltages (step,), each held for ``n_micro`` steps of ``h`` s.

    Returns states (variable, step), output and current (step,), and the energy of the device in J.
    """
    states, outputs, currents = np.empty((rest.size, v.size)), np.empty(v.size), np.empty(v.size)
    s, used = rest.copy(), 0.0
    for step in range(v.size):
        for _ in range(n_micro):
            before = {current_one}
            {ones} = advance({ones}, v[step], h, c)
            used += 0.5 * (before + {current_one}) * v[step] * h
        for k in range(s.size):
            states[k, step] = s[k]
        outputs[step] = output({ones}, v[step], c)
        currents[step] = {current_one}
    return states, outputs, currents, used
'''

OBSERVED = """@njit(**VECTOR)
def power(w, n, nodes):
    \"\"\"Return the power in W that the first ``n`` devices of a block take.\"\"\"
    watts = 0.0
    for i in range(n):
        c = Constants({own})
        watts += w[V + i] * current({items}, w[V + i], c)
    return watts


@njit(**VECTOR)
def write_observable(w, nodes, v_read, observable):
    \"\"\"Fill a field with conductances in S at ``v_read`` V (1), or currents in A (2).\"\"\"
    widen()
    for i in range(LANES):
        c = Constants({own})
        if observable == 1:
            w[OBSERVED + i] = current({items}, v_read, c) / v_read
        else:
            w[OBSERVED + i] = current({items}, w[V + i], c)"""
NOTHING = """@njit(**VECTOR)
def power(w, n, nodes):
    \"\"\"Return 0: this device has no current.\"\"\"
    return 0.0


@njit(**VECTOR)
def write_observable(w, nodes, v_read, observable):
    \"\"\"Do nothing: this device has no current.\"\"\""""


class Equations(NamedTuple):
    """Functions of a device, with its states and constants, for the source of its kernel."""

    name: str
    device: type  # of the constants
    states: tuple[str, ...]
    constants: tuple[str, ...]  # fields that are numbers
    limits: tuple[tuple[float, float], ...]  # of the states
    step: Callable[..., Any] | None
    derivative: Callable[..., Any] | None
    output: Callable[..., Any] | None
    current: Callable[..., Any] | None

    @property
    def functions(self) -> dict[str, Callable[..., Any]]:
        """The given functions, by role."""
        roles = ("step", "derivative", "output", "current")
        return {role: getattr(self, role) for role in roles if getattr(self, role) is not None}


def load_kernel(equations: Equations) -> Any:
    """Return the module of a device's kernel, from the user's cache where possible."""
    module = importable(equations)
    text = write_source(equations, module)
    if module is None:
        return in_memory(equations, text)
    name = f"mottle_node_{digest(equations, text)}"
    if name in sys.modules:
        return sys.modules[name]
    try:
        path = save(name, text)
    except OSError:  # no directory to write to: compile in this process only
        return in_memory(equations, text)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def importable(equations: Equations) -> str | None:
    """Return the module from which other processes can import all functions, else None."""
    modules = {function.__module__ for function in equations.functions.values()}
    if len(modules) != 1:
        return None
    (name,) = modules
    module = sys.modules.get(name)
    if name == "__main__" or not getattr(module, "__file__", None):
        return None
    for function in equations.functions.values():
        if getattr(module, function.__name__, None) is not function:
            return None
    return name


def variables(equations: Equations) -> tuple[str, ...]:
    """Return names of the states in the source that clash with no others."""
    return tuple(f"x{k}" for k in range(len(equations.states)))


def write_source(equations: Equations, module: str | None) -> str:
    """Return the kernel's source with the functions filled in."""
    states, constants, n = variables(equations), equations.constants, len(equations.states)
    own = ", ".join(
        f"pick(nodes.{name}, w, {n + k} * LANES + i)" for k, name in enumerate(constants)
    )
    items = ", ".join(f"w[{k} * LANES + i]" for k in range(n))
    ones = ", ".join(f"s[{k}]" for k in range(n))
    loaded = [f"blocks[b, {k} * LANES + i] = state[{k}, node]" for k in range(n)]
    loaded += [
        f"blocks[b, {n + k} * LANES + i] = field(nodes.{name}, node)"
        for k, name in enumerate(constants)
    ]
    has_current = equations.current is not None
    return TEMPLATE.format(
        name=equations.name,
        module=module or "a running session",
        functions=_functions(equations, module),
        last=n + len(constants),
        states=", ".join(states),
        advance=_advance(equations),
        own=own,
        items=items,
        observed=OBSERVED.format(own=own, items=items) if has_current else NOTHING,
        current_one=f"current({ones}, v[step], c)" if has_current else "0.0",
        loaded="\n".join(f"        {line}" for line in loaded),
        ones=ones,
    )


def _functions(equations: Equations, module: str | None) -> str:
    """Return the lines that import the functions and compile them for loops over nodes."""
    fields = ", ".join(f'("{name}", float)' for name in equations.constants)
    lines = [
        "from typing import Any, NamedTuple",
        "",
        "from numba.core.dispatcher import Dispatcher",
    ]
    names = {role: function.__name__ for role, function in equations.functions.items()}
    if module is not None:
        lines += [f"from {module} import {name} as _{role}" for role, name in names.items()]
    fast = '{"contract", "nsz", "arcp"}'  # divisions by constants become multiplications
    lines += ["", f'INLINE = {{"error_model": "numpy", "fastmath": {fast}, "forceinline": True}}']
    lines += [f'Constants = NamedTuple("Constants", [{fields}])']
    lines += [f'Nodes = NamedTuple("Nodes", [{fields.replace("float", "Any")}])']
    for role in names:
        lines.append(
            f"{role} = _{role} if isinstance(_{role}, Dispatcher) else njit(**INLINE)(_{role})"
        )
    if "output" not in names:
        arguments = ", ".join(variables(equations))
        lines += ["", "", "@njit(**INLINE)", f"def output({arguments}, v, c):",
                  '    """Return the first state."""', "    return x0"]  # fmt: skip
    return "\n".join(lines)


def _advance(equations: Equations) -> str:
    """Return the body of a step: the device's own, or Heun's method on its derivative."""
    names, limits = variables(equations), equations.limits
    if equations.step is not None:
        new = [f"n_{name}" for name in names]
        lines = [f"{', '.join(new)} = step({', '.join(names)}, v, h, c)"]
    else:
        first, guess = ([f"{letter}_{name}" for name in names] for letter in "ag")
        second, new = ([f"{letter}_{name}" for name in names] for letter in "bn")
        lines = [f"{', '.join(first)} = derivative({', '.join(names)}, v, c)"]
        for k, name in enumerate(names):
            lines.append(f"{guess[k]} = {_clipped(f'{name} + h * {first[k]}', limits[k])}")
        lines.append(f"{', '.join(second)} = derivative({', '.join(guess)}, v, c)")
        for k, name in enumerate(names):
            lines.append(f"{new[k]} = {name} + 0.5 * h * ({first[k]} + {second[k]})")
    kept = [_clipped(name, limit) for name, limit in zip(new, limits, strict=True)]
    back = ", ".join(f"flush({value})" for value in kept)  # denormal numbers are slow
    return "\n".join(f"    {line}" for line in [*lines, f"return {back}"])


def _clipped(value: str, limits: tuple[float, float]) -> str:
    low, high = (f"{limit!r}" if abs(limit) < float("inf") else "" for limit in limits)
    if low and high:
        return f"clip({value}, {low}, {high})"
    if low:
        return f"max({value}, {low})"
    return f"min({value}, {high})" if high else value


def digest(equations: Equations, text: str) -> str:
    """Hash the source, that of all functions it calls, and the constants that these use."""
    state = blake2b(f"{__version__}\n{text}".encode(), digest_size=12)
    for part in reachable(equations.functions.values()):
        state.update(part.encode())
    return state.hexdigest()


def reachable(functions: Any, done: set[int] | None = None) -> Iterator[str]:
    """Yield the source of functions and of those they call, and their global constants."""
    done = set() if done is None else done
    for function in functions:
        plain = function.py_func if isinstance(function, Dispatcher) else function
        if id(plain) in done or plain.__module__.startswith("mottle."):
            continue
        done.add(id(plain))
        yield inspect.getsource(plain)
        names = [name for name in plain.__code__.co_names if name in plain.__globals__]
        used = [plain.__globals__[name] for name in names]
        for name, value in zip(names, used, strict=True):
            if isinstance(value, int | float | tuple):
                yield f"{name} = {value!r}"
        called = [
            value for value in used if isinstance(value, Dispatcher) or inspect.isfunction(value)
        ]
        yield from reachable(called, done)


def cache_folder() -> Path:
    """Return the user's cache folder for kernels of devices defined outside mottle."""
    cache = os.environ.get("XDG_CACHE_HOME")
    if cache:
        return Path(cache).expanduser() / "mottle" / "nodes"
    return Path.home() / ".cache" / "mottle" / "nodes"


def save(name: str, text: str) -> Path:
    """Return the file with a kernel's source; write it unless it has the same content."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{name}.py"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        with NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    return path


def in_memory(equations: Equations, text: str) -> Any:
    """Return a module that exists in this process only, for functions of a notebook."""
    module = ModuleType(f"mottle_node_of_{equations.name}")
    for role, function in equations.functions.items():
        setattr(module, f"_{role}", function)
    text = text.replace("cache=True", "cache=False")
    text = text.replace("**VECTOR", '**(VECTOR | {"cache": False})')
    exec(compile(text, f"<kernel of {equations.name}>", "exec"), vars(module))
    return module
