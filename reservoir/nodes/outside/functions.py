"""Functions of a device defined outside mottle: checked, and their errors in words."""

import inspect
import re
from collections import namedtuple
from collections.abc import Callable
from functools import wraps
from typing import Any

from numba import njit
from numba.core.dispatcher import Dispatcher
from numba.core.errors import NumbaError

from mottle.checks import is_number
from mottle.reservoir.nodes.outside.source import Equations

WAY = "Functions take and return numbers; what they call must be compiled with numba.njit"
PLACE = re.compile(r'File "(?:.*[\\/])?([^"\\/]+)", line (\d+)')
NOISE = ("Failed in ", "During:", "File ", "- ", "def ", "@")


def check_functions(equations: Equations) -> None:
    """Raise for what is no Python function, and for another number of arguments."""
    for role, function in equations.functions.items():
        plain = function.py_func if isinstance(function, Dispatcher) else function
        if not inspect.isfunction(plain):
            raise ValueError(
                f"device {equations.name!r}: {role}={function!r} must be a function of Python."
            )
        expected = (*equations.states, "v", *(["dt"] if role == "step" else []), "c")
        try:
            inspect.signature(plain).bind(*expected)
        except TypeError:
            given = ", ".join(inspect.signature(plain).parameters)
            raise ValueError(
                f"device {equations.name!r}: {role} takes ({given}), expected "
                f"({', '.join(expected)})."
            ) from None


def explained(
    equations: Equations, kernel: Callable[..., Any], failed: Callable[[str], None]
) -> Callable[..., Any]:
    """Return a kernel that names the function which numba cannot compile.

    ``failed`` is called with the reason: the device is then no longer among the known ones.
    """

    @wraps(kernel, updated=())
    def run(*args: Any) -> Any:
        try:
            return kernel(*args)
        except (NumbaError, AttributeError) as error:  # numba lets those of a module through
            reason = explain(equations, error)
            failed(reason)
            raise ValueError(reason) from error

    return run


def explain(equations: Equations, error: Exception) -> str:
    """Return which function of a device cannot be compiled, and why."""
    reason, role = useful_line(str(error)), " or ".join(equations.functions)
    for name, function in equations.functions.items():
        found = _try_alone(equations, name, function)
        if found:
            reason, role = found, name
            break
    constants = ", ".join(equations.constants) or "none"
    return (
        f"device {equations.name!r}: {role} cannot be compiled: {reason.rstrip('.')}. {WAY}; c has "
        f"the constants {constants}."
    )


def _try_alone(equations: Equations, role: str, function: Callable[..., Any]) -> str:
    """Return why a function cannot be compiled alone, or what it returns that it should not."""
    names = equations.constants
    kind: Any = namedtuple("Constants", names)  # type: ignore[misc]
    constants = kind(*[1.0] * len(names))
    n = len(equations.states)
    times = (1e-3,) if role == "step" else ()
    compiled = function if isinstance(function, Dispatcher) else njit(error_model="numpy")(function)
    try:
        result = compiled(*[0.5] * n, 0.5, *times, constants)
    except NumbaError as error:
        return useful_line(str(error))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    wanted = n if role in ("step", "derivative") else 1
    parts = result if wanted > 1 and isinstance(result, tuple) else (result,)
    if len(parts) == wanted and all(map(is_number, parts)):
        return ""
    numbers = f"a tuple of {wanted} numbers" if wanted > 1 else "a number"
    return f"it returns {result!r}, expected {numbers}"


def useful_line(message: str) -> str:
    r"""Return the line of numba's message that gives the reason, with its place.

    Examples
    --------
    >>> useful_line('Failed in nopython mode\nUnknown attribute a\nFile "b/c.py", line 7:')
    'Unknown attribute a (c.py, line 7)'
    """
    lines = [line.strip() for line in message.splitlines()]
    useful = [line for line in lines if line and not line.startswith(NOISE)]
    first = useful[0] if useful else message.strip()
    if first.endswith(":") and len(useful) > 1:
        first += " " + useful[1].removeprefix(">>> ")
    places = PLACE.findall(message)
    return f"{first} ({places[0][0]}, line {places[0][1]})" if places else first
