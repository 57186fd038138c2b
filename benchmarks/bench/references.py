"""References that mottle is compared with: libraries that may be missing, and compiled C."""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")
LIMITED = ("-mno-avx512f",) if os.environ.get("NUMBA_CPU_FEATURES") else ()


def peer(name: str) -> Any:
    """Return an imported module, or print why it cannot be imported and return None."""
    try:
        return import_module(name)
    except Exception as error:  # a peer may break on import in any way
        print(f"skipped: {name} cannot be imported ({type(error).__name__}: {error})", flush=True)
        return None


def compile_c(name: str, *more: str) -> ctypes.CDLL | None:
    """Compile c/NAME.c with gcc and its vector libm; print why and return None on failure."""
    if shutil.which("gcc") is None:
        print("skipped: C references, because gcc was not found", flush=True)
        return None
    library = Path(tempfile.mkdtemp()) / f"{name}.so"
    source = Path(__file__).parent / "c" / f"{name}.c"
    command = ["gcc", *FLAGS, *LIMITED, *more, str(source), "-o", str(library), "-lmvec", "-lm"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        print(f"skipped: {source.name} cannot be compiled ({result.stderr.strip()})", flush=True)
        return None
    return ctypes.CDLL(str(library))


def bind(function: Any, *arguments: Any, shape: tuple[int, ...] | None = None) -> Callable[[], Any]:
    """Return a function that calls a C function and returns its last argument, a new array.

    Without ``shape`` the C function writes to its given arguments. Arrays are passed as pointers,
    whole numbers as long.
    """

    def as_c(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return ctypes.c_void_p(value.ctypes.data)
        return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_long(value)

    passed = [as_c(value) for value in arguments]  # the call below keeps the arrays alive

    def call(arrays: Any = arguments) -> Any:
        if shape is None:
            return function(*passed)
        out = np.empty(shape)  # new in every call, as in all other implementations
        function(*passed, as_c(out))
        return out

    return call
