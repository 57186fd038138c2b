"""The paths of the echo state kernel: other layouts and threads, the same bytes."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numba
import numpy as np
import pytest
from naive.reservoirs import echo_states
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from mottle.reservoir import EchoStateReservoir
from mottle.reservoir.compiled import sparse as layouts
from mottle.reservoir.compiled.functions import tanh
from mottle.reservoir.compiled.threads import split
from mottle.reservoir.compiled.vectors import SLICE, n_lanes
from mottle.reservoir.nodes.echo_state.node import arrange

COMPILED = not numba.config.DISABLE_JIT


def drive(n_recordings, n_steps=25, n_inputs=3, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (n_recordings, n_steps, n_inputs))


@pytest.mark.kernel
@pytest.mark.parametrize(("dtype", "atol"), [("float64", 1e-14), ("float32", 2e-6)])
@pytest.mark.parametrize("density", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("n_recordings", [1, 40])
def test_states_equal_the_plain_recurrence(dtype, atol, density, n_recordings):
    X = drive(n_recordings)
    esn = EchoStateReservoir(35, input_scaling=0.7, bias=0.1, leak=0.4, density=density,
                             dtype=dtype, random_state=0).fit(X)  # fmt: skip
    states = esn.transform(X)
    assert states.dtype == dtype
    w_in, w = esn.input_weights_.toarray(), esn.weights_.toarray()
    for got, x in zip(states, X, strict=True):
        assert_allclose(got, echo_states(x, w_in, w, 0.7, 0.1, 0.4), atol=atol)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n_nodes", [1, SLICE, 50, 300])
def test_recordings_in_lanes_give_the_bytes_of_each_alone(dtype, n_nodes):
    X = drive(n_lanes(dtype) + 20)
    esn = EchoStateReservoir(n_nodes, dtype=dtype, random_state=0).fit(X)
    assert esn.transform(X).tobytes() == np.stack([esn.transform(x) for x in X]).tobytes()


@pytest.mark.kernel
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("n_nodes", [SLICE * 3, SLICE * 4, SLICE * 5 + 3, SLICE * 9])
def test_full_networks_are_summed_in_groups_of_slices_to_the_same_bytes(dtype, n_nodes):
    X = drive(n_lanes(dtype) // 2 + 1, n_steps=4)
    esn = EchoStateReservoir(n_nodes, density=1.0, dtype=dtype, random_state=0).fit(X)
    states = esn.transform(X)  # in lanes
    assert states.tobytes() == np.stack([esn.transform(x) for x in X]).tobytes()
    weights = esn.weights_.copy()
    weights.data[5] = 0.0
    weights.eliminate_zeros()
    esn.weights_ = weights  # no longer full
    alone = esn.transform(X[0])
    weights = weights.tolil()
    weights[0, 5] = 1e-300  # full again
    esn.weights_ = weights.tocsr()
    assert esn.transform(X[0]).tobytes() == alone.tobytes()


def test_ragged_recordings_in_groups_end_where_they_should(monkeypatch):
    lengths = np.random.default_rng(0).integers(1, 60, 50)
    X = [x[:n] for x, n in zip(drive(50, 60), lengths, strict=True)]
    esn = EchoStateReservoir(40, random_state=0).fit(X)
    alone = [esn.transform(x) for x in X]
    for got, expected in zip(esn.transform(X), alone, strict=True):
        assert got.tobytes() == expected.tobytes()
    pooled = EchoStateReservoir(40, random_state=0, pool="last").fit(X).transform(X)
    assert_array_equal(pooled, [x[-1] for x in alone])
    monkeypatch.setattr("mottle.reservoir.nodes.front.BLOCK_BYTES", 8 * 60 * 40 * 35)
    for got, expected in zip(esn.transform(X[::-1]), alone[::-1], strict=True):
        assert got.tobytes() == expected.tobytes()


def test_parallel_live_runs_continue_from_their_state():
    X = drive(40, 60)
    esn = EchoStateReservoir(40, random_state=0).fit(X)
    state, parts = esn.start(40), []
    for begin, end in ((0, 1), (1, 40), (40, 60)):
        state, states = esn.advance(state, X[:, begin:end])
        parts.append(states)
    assert np.concatenate(parts, axis=1).tobytes() == esn.transform(X).tobytes()


@pytest.mark.skipif(not COMPILED, reason="two processes of plain Python test nothing more")
def test_a_pool_of_processes_gives_the_same_bytes():
    X = drive(40)
    esn = EchoStateReservoir(60, random_state=0).fit(X)
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        parts = list(pool.map(esn.transform, (X[:33], X[33:])))
    assert np.concatenate(parts).tobytes() == esn.transform(X).tobytes()


def test_weights_replaced_after_fit_are_used():
    X = drive(1)[0]
    esn = EchoStateReservoir(20, random_state=0).fit(X)
    esn.weights_ = esn.weights_ * 0.0
    w_in = esn.input_weights_.toarray()
    assert_allclose(esn.transform(X), echo_states(X, w_in, np.zeros((20, 20)), 0.5, 0, 0.3))


@pytest.mark.kernel
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 2e-15), (np.float32, 6e-7)])
def test_tanh_is_odd_and_has_the_documented_error(dtype, rtol):
    x = np.concatenate([np.linspace(-25, 25, 2001), np.geomspace(1e-30, 1, 300)]).astype(dtype)
    got = np.array([tanh(value, dtype) for value in x])
    assert_allclose(got, np.tanh(x.astype(np.longdouble)).astype(float), rtol=rtol)
    assert_array_equal([tanh(-value, dtype) for value in x], -got)
    assert np.abs(got).max() == 1


@pytest.mark.parametrize("shape", [(1, 1), (40, 7), (33, 90)])
def test_layouts_hold_the_matrix(shape):
    w = sparse.random_array(shape, density=0.3, rng=np.random.default_rng(0), format="csr")
    w.sort_indices()
    laid = layouts.slices(w.indptr, w.indices, w.data, shape[1], np.float64)
    blocked = layouts.blocks(w, np.float64, 16)
    first, second = np.zeros(shape), np.zeros(shape)
    for row in range(shape[0]):
        terms = slice(laid.begin[row // SLICE], laid.begin[row // SLICE + 1])
        np.add.at(first[row], laid.columns[terms, row % SLICE], laid.weights[terms, row % SLICE])
        for block in range(blocked.begin.shape[0]):
            terms = slice(*blocked.begin[block, row : row + 2])
            assert (blocked.columns[terms] // 16 == block).all()
            second[row, blocked.columns[terms]] = blocked.weights[terms]
    assert_array_equal(first, w.toarray())
    assert_array_equal(second, w.toarray())


def test_groups_take_every_recording_once():
    lengths = np.random.default_rng(0).integers(0, 100, 77)
    groups, alone = arrange(lengths, 32, 17)
    taken = np.concatenate([groups[groups >= 0], alone])
    assert_array_equal(np.sort(taken), np.flatnonzero(lengths))
    assert (np.diff(lengths[groups[0]]) <= 0).all()
    assert (
        arrange(np.ones(77, int), 32, 17)[0].size == 0
    )  # too little work for the layout to be faster


@pytest.mark.parametrize("costs", [[], [3.0], [0.0, 0.0], [1.0] * 7, [9.0, 1.0, 1.0]])
def test_ranges_of_threads_cover_all_items_once(costs):
    done = []
    split(lambda first, last: done.extend(range(first, last)), costs)
    assert sorted(done) == list(range(len(costs)))


def test_an_error_in_a_thread_is_not_lost():
    def fail(first, last):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        split(fail, [1, 1])


def test_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="dtype='float16' is not known; did you mean"):
        EchoStateReservoir(3, dtype="float16").fit(np.zeros((3, 1)))


def test_weights_changed_in_place_are_those_of_fit_and_read_nothing_beyond():
    X = drive(1)
    esn = EchoStateReservoir(64, topology="all", random_state=0).fit(X)  # no node feeds itself
    before = esn.transform(X)
    esn.weights_.setdiag(0.1)
    assert esn.transform(X).tobytes() == before.tobytes()
