"""The same bytes from every reservoir, however the work is split."""

import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numba
import numpy as np
import pytest
import same_bytes
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

RESERVOIRS = same_bytes.reservoirs()
NAMES = list(RESERVOIRS)
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def _always_split(monkeypatch):
    """Use threads even for little work."""
    monkeypatch.setattr("mottle.reservoir.compiled.threads.LEAST_UPDATES", 0)
    monkeypatch.setattr("mottle.reservoir.nodes.front.LEAST_UPDATES", 0)
    before = numba.get_num_threads()
    yield
    numba.set_num_threads(before)


def on_threads(n_threads, reservoir, X):
    numba.set_num_threads(n_threads)
    state, out = reservoir.advance(reservoir.start(len(X), meter=True), X)
    return out, state.values, state.spent


@every
@pytest.mark.parametrize("n_recordings", [1, 3], ids=["nodes", "recordings"])
@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one processor only")
def test_states_and_energies_are_those_of_one_thread(name, n_recordings):
    X = same_bytes.drive(n_recordings)
    reservoir = clone(RESERVOIRS[name]).fit(X)
    one, two = (on_threads(n, reservoir, X) for n in (1, 2))
    for alone, shared in zip(one, two, strict=True):
        assert alone.tobytes() == shared.tobytes()
    assert np.ptp(one[0]) > 0
    assert (one[2][:, 0] > 0).all()


@every
def test_states_are_those_of_the_recording_alone(name, monkeypatch):
    X = same_bytes.drive()
    reservoir = clone(RESERVOIRS[name]).fit(X)
    whole = reservoir.transform(X)
    assert_array_equal(reservoir.transform(X[::-1])[::-1], whole)
    assert_array_equal(reservoir.transform(X[1]), whole[1])
    ragged = [x[: 20 + i] for i, x in enumerate(X)]
    assert_array_equal(reservoir.transform(ragged)[1], reservoir.transform(ragged[1]))
    monkeypatch.setattr("mottle.reservoir.nodes.front.BLOCK_BYTES", 1)  # one recording per block
    assert_array_equal(reservoir.transform(X), whole)


@every
@pytest.mark.parametrize("chunk", [1, 7, 33])
def test_chunks_are_parts_of_the_whole(name, chunk):
    X = same_bytes.drive()
    reservoir = clone(RESERVOIRS[name]).fit(X)
    whole = reservoir.states(X, keys=range(len(X)))["states"].to_numpy()
    state, parts = reservoir.start(len(X)), []
    for begin in range(0, X.shape[1], chunk):
        state, states = reservoir.advance(state, X[:, begin : begin + chunk])
        parts.append(states)
    assert np.concatenate(parts, axis=1).tobytes() == whole.tobytes()


def test_processes_give_the_bytes_of_this_one():
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        got = dict(zip(NAMES, pool.map(same_bytes.digest, NAMES), strict=True))
    assert got == {name: same_bytes.digest(name) for name in NAMES}


def elsewhere(*arguments, **environment):
    """Run the script in another process; return its output."""
    done = subprocess.run(
        [sys.executable, same_bytes.__file__, *arguments], text=True, check=True,
        capture_output=True, env=os.environ | environment,
    )  # fmt: skip
    return done.stdout


@pytest.mark.slow  # compiles every kernel again
def test_blocks_of_another_size_give_the_same_bytes(tmp_path):
    got = elsewhere("32", NUMBA_CACHE_DIR=str(tmp_path))
    assert dict(line.split() for line in got.splitlines()) == {
        name: same_bytes.digest(name) for name in NAMES
    }


@pytest.mark.slow
def test_plain_python_agrees_to_rounding(tmp_path):
    elsewhere("", str(tmp_path / "plain.npz"), NUMBA_DISABLE_JIT="1")
    plain, X = np.load(tmp_path / "plain.npz"), same_bytes.drive(2, 4)
    for name, reservoir in same_bytes.reservoirs(6).items():
        single = plain[name].dtype == np.float32
        rtol, atol = (1e-5, 0.0) if single else (1e-9, 1e-12)
        assert_allclose(plain[name], same_bytes.run(reservoir, X), rtol=rtol, atol=atol)
