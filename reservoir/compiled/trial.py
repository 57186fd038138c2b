"""Whether this version of numba compiles what rests on internals of llvmlite."""

from typing import Any
from warnings import warn

import numba

TRIED = (0, 68)  # numba, the newest whose tests ran: no trial is needed up to it
refused: list[str] = []  # one warning a process is enough


def is_newer():
    """Return whether this numba is newer than those tried."""
    return tuple(map(int, numba.__version__.split(".")[:2])) > TRIED


def compiles(trial: Any, *arguments: Any) -> bool:
    """Return whether a function compiles and returns True; otherwise warn that plain loops run."""
    try:
        if trial(*arguments):
            return True
        reason = "wrong sums"
    except Exception as error:  # of any type: the compiler of another version is not known
        reason = f"{type(error).__name__}: {str(error).strip().splitlines()[-1:]}"
    if not refused:
        warn(
            "the instructions of mottle's fast kernels do not compile with this numba and llvmlite "
            f"({reason}): plain loops take their place, slower. Install the versions that "
            "mottle's constraints name, or report this one.",
            RuntimeWarning,
            stacklevel=2,
        )
    refused.append(reason)
    return False
