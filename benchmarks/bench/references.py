"""What mottle is compared with: peers that may be absent, and C compiled here."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")


def peer(name: str) -> Any:
    """Return a module, or None with the reason printed."""
    try:
        return import_module(name)
    except Exception as error:  # a peer may break on import in any way
        print(f"skipped: {name} does not import ({type(error).__name__}: {error})", flush=True)
        return None


def compile_c(name: str, *more: str) -> ctypes.CDLL | None:
    """Compile c/NAME.c with gcc and its vector libm; None, with the reason printed, if it fails."""
    if shutil.which("gcc") is None:
        print("skipped: C references, since there is no gcc", flush=True)
        return None
    library = Path(tempfile.mkdtemp()) / f"{name}.so"
    source = Path(__file__).parent / "c" / f"{name}.c"
    command = ["gcc", *FLAGS, *more, str(source), "-o", str(library), "-lmvec", "-lm"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        print(f"skipped: {source.name} does not compile ({done.stderr.strip()})", flush=True)
        return None
    return ctypes.CDLL(str(library))


def bind(function: Any, *arguments: Any) -> Callable[[], Any]:
    """Return a call of a C function; arrays go as pointers, whole numbers as long."""

    def told(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return ctypes.c_void_p(value.ctypes.data)
        return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_long(value)

    passed = [told(value) for value in arguments]

    def call() -> Any:
        function(*passed)
        return arguments[-1]  # keeps the arrays alive; the last one is the result

    return call
