"""When kernels are compiled, and the line about one that is compiled for its first use."""

import logging
import time
from pathlib import Path

import numba
import numpy as np
import pytest
from numba import njit

from mottle import compiled_cache
from mottle.reservoir.compiled import notice
from mottle.reservoir.nodes.event import kernel as event_kernel
from mottle.reservoir.nodes.wox import kernel as wox_kernel
from mottle.reservoir.nonvolatile.devices.drift import kernel as drift_kernel


class Slow:
    """A kernel whose compilation takes as long as stated."""

    def __init__(self, compiling, running):
        self.signatures, self.compiling, self.running = [], compiling, running
        self.py_func = notice.announced

    def __call__(self):
        time.sleep(self.compiling)
        self.signatures.append("()")
        time.sleep(self.running)


@pytest.mark.parametrize(
    ("compiling", "running", "lines"), [(0.3, 0.0, 1), (0.0, 0.3, 0), (0.0, 0.0, 0)]
)
def test_only_a_compilation_that_takes_long_gives_a_line(
    monkeypatch, caplog, compiling, running, lines
):
    monkeypatch.setattr(notice, "SECONDS", 0.1)
    kernel = Slow(compiling, running)
    with caplog.at_level(logging.WARNING, logger="mottle"):
        for _ in range(2):
            with notice.announced(kernel):
                kernel()
    assert len(caplog.messages) == lines
    assert all("compiling mottle.reservoir.compiled.notice" in line for line in caplog.messages)


def test_a_kernel_of_numba_is_known_to_be_compiled_after_its_first_call():
    @njit
    def double(x):
        return 2.0 * x

    assert not double.signatures
    with notice.announced(double):
        assert double(np.float64(2.0)) == 4.0
    assert double.signatures


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_kernels_are_compiled_anew_after_an_edit_of_a_helper(monkeypatch):
    locator = wox_kernel.run._cache._impl.locator
    before = locator.get_source_stamp()
    sources = {Path(path).name for path in compiled_cache._sources(wox_kernel.__file__)}
    assert {"kernel.py", "inputs.py", "vectors.py", "intrinsics.py", "lanes.py"} <= sources
    assert compiled_cache._sources(drift_kernel.__file__) == {drift_kernel.__file__}
    sources = {Path(path).name for path in compiled_cache._sources(event_kernel.__file__)}
    assert {"kernel.py", "kernel_events.py", "noise.py"} <= sources
    digest = compiled_cache._digest
    monkeypatch.setattr(
        compiled_cache, "_digest",
        lambda path: b"edited" if path.endswith("lanes.py") else digest(path),
    )  # fmt: skip
    assert locator.get_source_stamp() != before
