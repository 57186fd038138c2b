"""Plain loops where the written-out instructions do not compile: the same results."""

import os
import subprocess
import sys
import textwrap

import numba
import numpy as np
import pytest
from numba.extending import intrinsic

RUN = """
import sys, warnings
import numba, numpy as np
numba.__version__ = '99.0'  # newer than any that was tried
{breakage}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from mottle.reservoir import EchoStateReservoir, SpikingReservoir
    X = np.random.default_rng(0).uniform(-1, 1, (70, 12, 3))
    made = [EchoStateReservoir(35, density=d, dtype=t, random_state=0)
            for d, t in ((0.3, "float64"), (1.0, "float32"))]
    made.append(SpikingReservoir(20, regime="firing", random_state=0))
    states = [m.fit(X).transform(x) for m in made for x in (X, X[:1])]
for warning in caught:
    print(warning.category.__name__, warning.message, file=sys.stderr)
from mottle.reservoir.compiled import vectors
print(type(vectors.gather_sums).__name__, file=sys.stderr)
np.savez(sys.argv[1], *states)
"""
BROKEN = {
    "as it is": "",
    "a module that is gone": "sys.modules['mottle.reservoir.compiled.intrinsics'] = None",
    "instructions that raise": """
from llvmlite import ir
def refuse(*arguments, **named): raise TypeError("no such vector")
import numba
ir.VectorType = refuse
""",
    "instructions with other results": """
import numba
from llvmlite import ir
load = ir.IRBuilder.load
def wrong(self, pointer, name="", align=None, **named):
    made = load(self, pointer, name, align, **named)
    return self.fneg(made) if isinstance(made.type, ir.VectorType) and align == 1 else made
ir.IRBuilder.load = wrong
""",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):

    found = {}
    for name, breakage in BROKEN.items():
        folder = tmp_path_factory.mktemp("cache")
        code = RUN.format(breakage=textwrap.dedent(breakage))
        done = subprocess.run(
            [sys.executable, "-c", code, str(folder / "states.npz")],
            env=os.environ | {"NUMBA_CACHE_DIR": str(folder)},
            capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stderr}"
        found[name] = (dict(np.load(folder / "states.npz")), done.stderr)
    return found


@pytest.mark.slow  # every kernel is compiled anew for each breakage
@pytest.mark.parametrize("name", BROKEN)
def test_broken_instructions_give_one_warning_and_the_same_states(results, name):

    states, log = results[name]
    assert log.count("plain loops take their place") == (name != "as it is")
    assert log.splitlines()[-1] == ("_Intrinsic" if name == "as it is" else "CPUDispatcher")
    for key, expected in results["as it is"][0].items():
        # equal to the byte where the processor multiplies and adds in one instruction
        atol = 1e-12 if expected.dtype == np.float64 else 1e-5
        np.testing.assert_allclose(states[key], expected, atol=atol, rtol=0)


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="written for the compiler")
@pytest.mark.parametrize("places", ["uint16", "uint32"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_places_read_one_by_one_give_the_bytes_of_gathers(dtype, places, monkeypatch):
    from mottle.reservoir.compiled import intrinsics
    from mottle.reservoir.compiled.lanes import SLICE

    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=70).astype(dtype), rng.normal(size=(9, SLICE)).astype(dtype)
    columns, found = rng.integers(0, 70, (9, SLICE)).astype(places), []
    for gathers in (True, False):
        monkeypatch.setattr(intrinsics, "GATHERS", gathers)
        add = intrinsic(intrinsics._gather_sums)
        sums = np.ones(SLICE, dtype)
        numba.njit(lambda sums, add=add: add(sums, 0, weights, columns, 1, 9, x))(sums)
        found.append(sums)
    assert found[0].tobytes() == found[1].tobytes()
    expected = 1 + (weights[1:].astype(float) * x[columns[1:]]).sum(axis=0)
    np.testing.assert_allclose(found[0], expected, atol=1e-14 if dtype == "float64" else 1e-5)
