"""Crossbars as circuits, against badcrossbar, a naive nodal solution and closed forms."""

import copy
import pickle
from math import inf

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.crossbar import balance, by_badcrossbar, cell_current, linear_voltages, voltages
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir.nonvolatile import (
    ADC,
    DAC,
    Crossbar,
    SinhSelector,
    ThresholdSelector,
    kernel,
    largest_array,
    lossless_bits,
    nodal,
    sneak_conductance,
    sneak_margin,
    write_power,
)
from mottle.reservoir.nonvolatile.circuit import Circuit
from mottle.reservoir.nonvolatile.selector import make_cell

SINH, THRESHOLD = SinhSelector(), ThresholdSelector(v_width=0.01)
CELLS = {
    "linear": kernel.Cell(),
    "transistor": kernel.Cell(r_series=2e3),
    "own sinh": kernel.Cell(v_sinh=0.1),
    "sinh selector": make_cell(SINH),
    "threshold selector": make_cell(THRESHOLD),
    "all but a threshold": make_cell(SINH, 1e3, 0.05),
    "all": make_cell(THRESHOLD, 1e3, 0.05),
}
NONLINEAR = {name: cell for name, cell in CELLS.items() if not kernel.is_linear(cell)}
WIRES = [0.1, 1.0, 10.0, 1e4, (0.0, 2.0), (3.0, 0.0), (0.5, 20.0)]
KINDS = {
    "1T1R": {"r_transistor": 1e3},
    "passive": {"topology": "passive"},
    "own sinh": {"topology": "passive", "v_sinh": 0.1},
    "sinh": {"topology": "passive", "selector": "sinh"},
    "threshold": {"topology": "passive", "selector": "threshold"},
}
shapes = st.tuples(st.integers(1, 9), st.integers(1, 9))
seeds = st.integers(0, 2**32 - 1)
ohms = st.floats(-1, 3).map(lambda decade: 10.0**decade)


def draw(shape, seed=0):
    """Draw conductances (S) and voltages (V) in the range of published arrays."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1e-6, 100e-6, shape), rng.uniform(0.0, 0.2, shape[0])


def make(shape, seed=0, **options):
    g, v = draw(shape, seed)
    return Crossbar(shape, **options).set_conductances(g), v


def settle(v_word, v_bit, g, cell, lines):
    """Return voltages by the kernel for one set of drivers."""
    word, bit, settled = np.empty((1, *g.shape)), np.empty((1, *g.shape)), np.zeros(1, bool)
    run = kernel.run_linear if kernel.is_linear(cell) else kernel.run_nonlinear
    run(v_word[None], v_bit[None], g, cell, lines, 1e-10, word, bit, settled)
    assert settled[0]
    return np.array([word[0], bit[0]])


@pytest.mark.kernel
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (5, 1), (4, 6)], ids=str)
@pytest.mark.parametrize("wires", [(1.0, 1.0), (0.1, 300.0), (1e4, 1e4)], ids=str)
@pytest.mark.parametrize("some_float", [False, True], ids=["driven", "some float"])
def test_linear_circuits_equal_a_dense_nodal_solution(shape, wires, some_float):
    rng, (g, v_word) = np.random.default_rng(1), draw(shape)
    v_bit = rng.uniform(-0.1, 0.1, shape[1])
    driven = [np.arange(n) % 2 == 0 if some_float else np.ones(n, bool) for n in shape]
    got = settle(v_word, v_bit, g, CELLS["linear"], kernel.Lines(*(1 / r for r in wires), *driven))
    assert_allclose(got, linear_voltages(g, v_word, v_bit, *wires, *driven), rtol=0, atol=1e-11)


@pytest.mark.kernel
@pytest.mark.parametrize("name", NONLINEAR)
@pytest.mark.parametrize("wires", [(1.0, 1.0), (2e3, 5e3)], ids=str)
def test_nonlinear_circuits_equal_scipys_root(name, wires):
    cell, shape = CELLS[name], (3, 4)
    g, v_word = draw(shape)
    v_word, v_bit, driven = v_word - 0.05, np.zeros(4), (np.ones(3, bool), np.ones(4, bool))
    got = settle(v_word, v_bit, g, cell, kernel.Lines(1 / wires[0], 1 / wires[1], *driven))

    def current(u):
        return np.array(
            [[cell_current(*pair) for pair in zip(*both, strict=True)]
             for both in zip(u, laws(u, g, cell), strict=True)]
        )  # fmt: skip

    guess = np.array(np.broadcast_arrays(v_word[:, None], v_bit))
    expected = voltages(current, guess, v_word, v_bit, *wires, *driven)
    assert_allclose(got, expected, rtol=0, atol=1e-9)


def laws(u, g, cell):
    """Return voltages of the cells (row, column) as functions of the current."""

    def law(u, g):
        r = cell.r_series
        if cell.selector == kernel.THRESHOLD:
            on = 1 / (1 + np.exp(-(abs(u) - cell.v_threshold) / cell.v_width))
            r += np.exp(np.log(cell.r_off) * (1 - on) + np.log(cell.r_on) * on)

        def voltage(i):
            v = i / g if cell.v_sinh == inf else cell.v_sinh * np.arcsinh(i / (g * cell.v_sinh))
            if cell.selector == kernel.SINH:
                v += cell.v_0 * np.arcsinh(i / cell.i_0)
            return v + i * r

        return voltage

    return [[law(*pair) for pair in zip(*both, strict=True)] for both in zip(u, g, strict=True)]


@pytest.mark.kernel
@pytest.mark.parametrize("name", CELLS)
def test_a_cells_slope_is_that_of_its_current_which_grows_and_is_odd(name):
    u, h, g = np.linspace(-0.4, 0.4, 81)[np.newaxis], 1e-6, np.full((1, 81), 5e-5)
    current, slope = kernel.cells(u, g, CELLS[name])
    apart = kernel.cells(u + h, g, CELLS[name])[0] - kernel.cells(u - h, g, CELLS[name])[0]
    assert_allclose(slope, apart / (2 * h), rtol=1e-4, atol=1e-12)
    assert (np.diff(current) > 0).all()
    assert_allclose(current, -current[:, ::-1], rtol=1e-12)


@pytest.mark.kernel
@pytest.mark.parametrize("name", CELLS)
def test_currents_balance_at_every_node(name):
    g, v = draw((5, 4))
    v_bit, driven = np.array([0.0, 0.1, 0.0, -0.05]), (np.arange(5) != 2, np.arange(4) != 1)
    word, bit = settle(v, v_bit, g, CELLS[name], kernel.Lines(1 / 7.0, 1 / 3.0, *driven))
    current = kernel.cells(word - bit, g, CELLS[name])[0]
    into = balance(word, bit, current, v, v_bit, 7.0, 3.0, *driven)
    assert np.abs(into).max() < 1e-9 * np.abs(current).max()


@given(shape=shapes, r=ohms.filter(lambda r: r <= 10), seed=seeds)
@settings(max_examples=30, deadline=None)
def test_the_exact_solution_equals_badcrossbar(shape, r, seed):
    crossbar, v = make(shape, seed, wire_resistance=r)
    solved = crossbar.solve(v, "exact")
    currents, nodes = by_badcrossbar(crossbar.conductances, v, r)
    assert_allclose(solved.output_current, currents.output[0], rtol=1e-9)
    assert_allclose(solved.device_current, currents.device, rtol=1e-9)
    assert_allclose(solved.word_voltage, nodes.word_line, rtol=1e-9)
    assert_allclose(solved.bit_voltage, nodes.bit_line, rtol=1e-9)
    assert_allclose(crossbar.multiply(v), currents.output[0], rtol=1e-8)


@pytest.mark.parametrize("n", [32, 128])
@pytest.mark.parametrize("r", [0.1, 1.0, 10.0])
def test_large_arrays_equal_badcrossbar(n, r):
    crossbar, v = make((n, n), wire_resistance=r)
    expected = by_badcrossbar(crossbar.conductances, v, r)[0].output[0]
    assert_allclose(crossbar.solve(v, "exact").output_current, expected, rtol=1e-9)
    assert_allclose(crossbar.multiply(v), expected, rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wires", WIRES, ids=str)
def test_the_fast_solution_equals_the_exact_one(kind, wires):
    crossbar, v = make((13, 9), wire_resistance=wires, **KINDS[kind])
    fast, exact = crossbar.solve(v - 0.05), crossbar.solve(v - 0.05, "exact")
    for name in fast:
        largest = float(np.abs(exact[name]).max())
        assert_allclose(fast[name], exact[name], rtol=0, atol=1e-8 * largest, err_msg=name)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("wires", [(0.0, 0.0), (0.0, 5.0), (5.0, 0.0), (5.0, 2e3)], ids=str)
def test_floating_lines_settle_alike_by_iteration_and_elimination(name, wires):
    circuit, (g, v) = Circuit(CELLS[name], wires), draw((6, 5))
    lines = circuit.lines(np.arange(6) % 3 == 0, np.arange(5) == 2)
    drivers = g, v[np.newaxis], np.full((1, 5), 0.01)
    fast, exact = (np.subtract(*circuit.settle(*drivers, lines, way)) for way in ("fast", "exact"))
    currents = [circuit.currents(u, g) for u in (fast, exact)]
    assert_allclose(*currents, rtol=0, atol=1e-8 * np.abs(currents[1]).max())
    if "threshold" not in name and name != "all":  # closed, these hold a line by some 1e-12 S
        assert_allclose(fast, exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("wires", [1e3, 1e5, 1e8, (1e6, 0.0), (0.0, 1e6), (1e6, 1e-3)], ids=str)
def test_extremely_resistive_wires_still_give_the_exact_currents(wires):
    rng = np.random.default_rng(0)
    g = np.where(rng.uniform(size=(40, 40)) < 0.3, 0.0, 10 ** rng.uniform(-9, -3, (40, 40)))
    crossbar = Crossbar((40, 40), wire_resistance=wires).set_conductances(g, open_cells=True)
    v = rng.uniform(-0.2, 0.2, 40)
    expected = crossbar.solve(v, "exact").output_current.to_numpy()
    assert_allclose(crossbar.multiply(v), expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_circuits_that_do_not_converge_are_solved_exactly(monkeypatch):
    crossbar, v = make((6, 5), wire_resistance=50.0)
    expected = crossbar.multiply(v)

    def never(v_word, v_bit, g, cell, lines, tol, word, bit, settled):
        word[:], bit[:], settled[:] = np.nan, np.nan, False

    monkeypatch.setattr(kernel, "run_linear", never)
    monkeypatch.setattr(kernel, "run_nonlinear", never)
    assert_allclose(crossbar.multiply(v), expected, rtol=1e-9)
    assert_allclose(crossbar.multiply([v, 2 * v]), [expected, 2 * expected], rtol=1e-9)


def test_a_circuit_that_does_not_settle_is_an_error_and_not_a_number(monkeypatch):
    crossbar, v = make((6, 5), topology="passive", selector="threshold", wire_resistance=1e3)
    monkeypatch.setattr(nodal, "MOST_NEWTON", 1)
    with pytest.raises(RuntimeError, match="did not settle in 1 Newton steps: its voltages still"):
        crossbar.solve(v, "exact")


def test_elimination_beyond_double_precision_is_an_error():
    circuit, g = Circuit(CELLS["linear"], (1e-9, 1e-9)), np.full((4, 4), 1e-13)
    lines = circuit.lines(np.arange(4) == 0, np.arange(4) == 3)
    drivers = g, np.full((1, 4), 0.2), np.zeros((1, 4))
    word, bit = circuit.settle(*drivers, lines)
    sensed = circuit.currents(word - bit, g)[0, :, 3].sum()
    assert_allclose(sensed, 0.2e-13 * (1 + sneak_conductance(4)), rtol=1e-9)
    with pytest.raises(RuntimeError, match=r"1e\+09 S with cells down to 1e-13 S exceed"):
        circuit.settle(*drivers, lines, "exact")


@given(shape=shapes, seed=seeds)
@settings(deadline=None)
def test_ideal_wires_multiply_by_the_conductances(shape, seed):
    crossbar, v = make(shape, seed, wire_resistance=0)
    expected = v @ crossbar.conductances
    assert_allclose(crossbar.multiply(v), expected, rtol=1e-12)
    assert_allclose(crossbar.solve(v, "exact").output_current, expected, rtol=1e-12)
    nearly = Crossbar(shape, wire_resistance=1e-9).set_conductances(crossbar.conductances)
    assert_allclose(nearly.multiply(v), expected, rtol=1e-9)


def test_transistors_add_to_each_cells_resistance():
    crossbar, v = make((7, 5), wire_resistance=0, r_transistor=5e3)
    assert_allclose(crossbar.multiply(v), v @ (1 / (1 / crossbar.conductances + 5e3)), rtol=1e-12)
    solved = crossbar.solve(v)
    assert_allclose(solved.device_voltage, solved.device_current / crossbar.conductances)


@given(shape=shapes, r=ohms, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_linear_arrays_superpose(shape, r, seed):
    crossbar, v = make(shape, seed, wire_resistance=r)
    other = np.random.default_rng(seed).normal(size=shape[0])
    both = crossbar.multiply(2 * v - other)
    apart = 2 * crossbar.multiply(v) - crossbar.multiply(other)
    assert_allclose(both, apart, rtol=0, atol=1e-8 * np.abs(both).max())


@given(shape=shapes, r=ohms, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_a_driver_and_a_sense_may_change_places(shape, r, seed):
    """The array turned by its antidiagonal has bit lines for word lines."""
    crossbar, _ = make(shape, seed, wire_resistance=r)
    turned = Crossbar(shape[::-1], wire_resistance=r)
    turned.set_conductances(crossbar.conductances[::-1, ::-1].T)
    expected = turned.transfer[::-1, ::-1].T
    assert_allclose(crossbar.transfer, expected, rtol=0, atol=1e-9 * crossbar.transfer.max())


@given(shape=shapes, r=ohms, seed=seeds)
@settings(max_examples=40, deadline=None)
def test_more_resistance_in_the_wires_never_gives_more_power(shape, r, seed):
    g, v = draw(shape, seed)
    supply = [
        float(Crossbar(shape, wire_resistance=ohm).set_conductances(g).energy(v, 1.0).supply)
        for ohm in (0.0, r, 2 * r)
    ]
    assert supply[0] > supply[1] > supply[2] > 0


@pytest.mark.parametrize("wires", [(0.0, 5.0), (5.0, 0.0)], ids=["ideal words", "ideal bits"])
def test_lines_along_ideal_wires_may_be_permuted(wires):
    crossbar, v = make((6, 8), wire_resistance=wires)
    g, rng = crossbar.conductances, np.random.default_rng(2)
    expected = crossbar.multiply(v)
    rows, columns = np.arange(6), np.arange(8)
    if wires[0] == 0:
        columns = rng.permutation(8)
    else:
        rows = rng.permutation(6)
    got = crossbar.set_conductances(g[rows][:, columns]).multiply(v[rows])
    assert_allclose(got, expected[columns], rtol=1e-9)


@pytest.mark.parametrize("shape", [(5, 9), (9, 5)], ids=str)
def test_many_vectors_give_what_each_gives_alone(shape):
    crossbar, _ = make(shape, wire_resistance=30.0)
    V = np.random.default_rng(3).uniform(-0.2, 0.2, (20, shape[0]))
    alone = np.array([crossbar.multiply(v) for v in V])
    assert_allclose(crossbar.multiply(V), alone, rtol=0, atol=1e-8 * np.abs(alone).max())
    assert_allclose(V @ crossbar.transfer, crossbar.solve(V, "exact").output_current, rtol=1e-8)
    assert crossbar.multiply(V[:0]).shape == (0, shape[1])


@pytest.mark.parametrize("kind", ["passive", "sinh"])
def test_results_do_not_depend_on_blocks_of_vectors(kind, monkeypatch):
    crossbar, _ = make((6, 5), wire_resistance=30.0, **KINDS[kind])
    V = np.random.default_rng(3).uniform(0, 0.2, (7, 6))
    whole = crossbar.multiply(V), crossbar.energy(V, 1.0)
    monkeypatch.setattr("mottle.reservoir.nonvolatile.crossbar.BLOCK", 65)  # two vectors and a bit
    crossbar.set_conductances(crossbar.conductances)
    assert_array_equal(crossbar.multiply(V), whole[0])
    assert crossbar.energy(V, 1.0).identical(whole[1])


@pytest.mark.parametrize("kind", ["passive", "sinh"])
def test_any_number_of_threads_gives_the_same_bytes(kind):
    V = np.random.default_rng(3).uniform(0, 0.2, (7, 6))
    threads, found = numba.get_num_threads(), []
    try:
        for n in (1, threads):
            numba.set_num_threads(n)
            found.append(make((6, 5), wire_resistance=30.0, **KINDS[kind])[0].multiply(V))
    finally:
        numba.set_num_threads(threads)
    assert_array_equal(*found)


def test_new_conductances_replace_the_transfer_matrix():
    crossbar, v = make((4, 3), wire_resistance=10.0)
    before = crossbar.transfer, crossbar.solve(v, "exact").output_current
    crossbar.set_conductances(2e-5 * np.ones((4, 3)))
    assert_allclose(crossbar.multiply(v), crossbar.solve(v, "exact").output_current, rtol=1e-9)
    assert (np.abs(crossbar.transfer / before[0] - 1) > 0.01).any()
    with pytest.raises(ValueError, match="read-only"):
        crossbar.conductances[0, 0] = 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shape", (2, 2)), ("device", "pcm"), ("topology", "passive"), ("wire_resistance", 1e5),
        ("selector", "sinh"), ("r_transistor", 1e5), ("v_sinh", 0.02),
    ],
)  # fmt: skip
def test_what_the_circuit_was_built_with_cannot_be_set(name, value):
    crossbar = Crossbar((3, 2))
    before = getattr(crossbar, name)
    with pytest.raises(AttributeError, match=f"^{name} of a crossbar cannot be set .*Make another"):
        setattr(crossbar, name, value)
    assert getattr(crossbar, name) == before


@pytest.mark.parametrize("wires", [0.0, 5.0], ids=["ideal", "wires"])
@pytest.mark.parametrize("shape", [(3, 4), (4, 3)])
def test_arrays_that_a_crossbar_gives_out_do_not_change_it(shape, wires):
    crossbar = Crossbar(shape, wire_resistance=wires, random_state=0)
    returned = crossbar.program(np.full(shape, 5e-5))
    v = np.full((9, shape[0]), 0.1)
    currents = crossbar.multiply(v)
    for own in (crossbar, copy.deepcopy(crossbar), pickle.loads(pickle.dumps(crossbar))):
        for array in (own.transfer, own.conductances):
            with pytest.raises(ValueError, match="read-only"):
                array /= 2
        assert_array_equal(own.multiply(v), currents)
    later = copy.deepcopy(crossbar).age(86400.0).conductances
    for dataset in (returned, crossbar.written):
        dataset["conductance"] /= 2
        dataset["path"].values[:] = 0
    assert_array_equal(crossbar.age(86400.0).conductances, later)


def test_conductances_that_were_set_are_new():
    crossbar = Crossbar((2, 2), random_state=0)
    crossbar.program(np.full((2, 2), 5e-5))
    assert crossbar.age(3600.0).seconds == 3600.0
    assert crossbar.set_conductances(np.full((2, 2), 1e-5)).seconds == 0.0


def test_a_pickled_crossbar_multiplies_the_same():
    crossbar, v = make((4, 3))
    expected = crossbar.solve(v, "exact").output_current
    again = pickle.loads(pickle.dumps(crossbar))
    assert_array_equal(again.solve(v, "exact").output_current, expected)


@pytest.mark.parametrize(
    ("n", "mean", "worst"),
    [(32, -0.036, -0.047), (64, -0.120, -0.155), (128, -0.349, -0.428)],
)
def test_ir_drop_is_that_of_the_reference_arrays(n, mean, worst):
    crossbar, v = make((n, n))
    errors = crossbar.ir_drop(v)
    assert_allclose([errors.mean_error, errors.max_error], [mean, worst], atol=0.006)
    ideal = v @ crossbar.conductances
    assert_allclose(errors.output_error, crossbar.multiply(v) / ideal - 1, rtol=1e-12)
    solved = crossbar.solve(v, "exact")
    across = (solved.word_voltage - solved.bit_voltage) / v[:, np.newaxis]
    assert_allclose(errors.cell_error, across - 1, atol=1e-9)


def test_a_column_of_open_cells_has_no_error():
    errors = Crossbar((2, 2)).set_conductances([[1e-4, 0], [1e-4, 0]], open_cells=True).ir_drop()
    assert errors.output_error[0] < 0 == errors.output_error[1]


@pytest.mark.parametrize(
    ("scheme", "ratios"), [("V/2", [1.016, 2.5, 61.6]), ("V/3", [1.023, 3.3, 70.6])]
)
def test_on_off_ratios_at_128_are_those_of_the_reference(scheme, ratios):
    found = [float(sneak_margin(128, K, scheme=scheme).on_off) for K in (1, 1e2, 1e4)]
    assert_allclose(found, ratios, rtol=0.02)


def test_the_largest_array_grows_with_the_square_of_the_selectivity():
    """The first array that cannot be read: 25, 1.3e3, 1.1e5 and 1.1e9 devices."""
    sides = [largest_array(K) for K in (1, 10, 100, 1e4)]
    assert [(n + 1) ** 2 for n in sides[:3]] == [25, 1296, 114244]
    assert_allclose(sides[3] ** 2, 1.13e9, rtol=1e-3)
    for n, K in zip(sides, (1, 10, 100, 1e4), strict=True):
        assert sneak_margin(n, K).swing >= 0.1 > sneak_margin(n + 1, K).swing
    assert largest_array(1, criterion=0.6) == 0


@pytest.mark.parametrize("scheme", ["floating", "V/2", "V/3"])
@pytest.mark.parametrize("n", [1, 2, 9, 40])
@pytest.mark.parametrize("wires", [0.0, 1e-9], ids=["ideal", "nearly ideal"])
def test_circuits_without_wires_equal_the_closed_forms(scheme, n, wires):
    K, g_on = 7.0, 1e-4
    g = np.full((n, n), g_on / K)
    g[0, -1] = g_on
    array = Crossbar((n, n), topology="passive", scheme=scheme, wire_resistance=wires)
    read = array.set_conductances(g).read(0, n - 1)
    past = sneak_conductance(n, K, scheme)
    assert_allclose(read.conductance, g_on * (1 + past), rtol=1e-9)
    assert_allclose(read.sneak_current, 0.2 * g_on * past, rtol=1e-9, atol=1e-20)
    assert_allclose(read.current, read.cell_current + read.sneak_current)
    if scheme != "floating":
        power = write_power(n, K, scheme)
        assert_allclose(read.power, 0.2**2 * g_on * power, rtol=1e-9)


@pytest.mark.parametrize("scheme", ["floating", "V/2", "V/3"])
def test_wires_make_the_largest_array_smaller(scheme):
    sides = [largest_array(50, scheme=scheme, wire_resistance=r) for r in (0.0, 3.0, 30.0)]
    assert sides[0] > sides[1] > sides[2] > 10
    margins = [sneak_margin(sides[1] + k, 50, scheme=scheme, wire_resistance=3.0) for k in (0, 1)]
    assert margins[0].swing >= 0.1 > margins[1].swing


def test_a_selector_restores_the_margin_that_sneak_paths_reduce():
    margins = {}
    for selector in (None, "sinh", "threshold"):
        array = Crossbar((64, 64), topology="passive", selector=selector, scheme="floating")
        margins[selector] = float(array.sneak_margin().on_off)
    assert 1 < margins[None] < 1.1 < margins["sinh"] < 2 < 9 < margins["threshold"] < 9.8


@pytest.mark.parametrize("wires", [0.0, 1.0, 40.0, (0.0, 7.0)], ids=str)
@pytest.mark.parametrize("cell", [(3, 7), (0, 9), (11, 0)], ids=str)
def test_transistors_leave_no_sneak_path(wires, cell):
    crossbar, _ = make((12, 10), wire_resistance=wires, r_transistor=500.0)
    g = crossbar.conductances.copy()
    g[5, 7] = 0.0
    read, (row, column) = crossbar.set_conductances(g, open_cells=True).read(*cell), cell
    r_word, r_bit = crossbar.wire_resistance
    alone = 1 / g[cell] + 500 + r_word * (column + 1) + r_bit * (12 - row)
    assert_allclose(read.conductance, 1 / alone, rtol=1e-8)
    assert abs(read.sneak_current) < 1e-9 * read.current


def test_a_gate_disconnects_its_column_and_raises_the_currents_of_others():
    crossbar, v = make((12, 10), wire_resistance=20.0)
    gated = crossbar.solve(v, columns=[2, 8])
    assert (gated.output_current[[2, 8]] > crossbar.multiply(v)[[2, 8]]).all()
    closed = np.delete(np.arange(10), [2, 8])
    assert (gated.output_current[closed] == 0).all()
    exact = crossbar.solve(v, "exact", columns=[2, 8])
    assert_allclose(gated.output_current, exact.output_current, rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wires", [0.0, 2.0, 500.0])
def test_the_supplys_energy_is_the_sum_of_the_parts(kind, wires):
    crossbar, v = make((8, 6), wire_resistance=wires, **KINDS[kind])
    V = np.array([v, v - 0.1, np.zeros(8)])
    energy = crossbar.energy(V, 1e-6)
    parts = energy.device + energy.transistor + energy.selector + energy.wire
    assert_allclose(parts, energy.supply, rtol=1e-9)
    solved = crossbar.solve(V, "exact")
    supply = 1e-6 * (V * solved.input_current.to_numpy()).sum(axis=1)
    assert_allclose(energy.supply, supply, rtol=1e-8)
    device = 1e-6 * (solved.device_voltage * solved.device_current).sum(("row", "column"))
    assert_allclose(energy.device, device, rtol=1e-8)
    assert (energy.wire.sum() > 0) == (wires > 0)
    assert (energy.transistor.sum() > 0) == (kind == "1T1R")
    assert (energy.selector.sum() > 0) == (crossbar.selector is not None)


def test_energy_of_one_cell_is_that_of_ohms_law():
    crossbar = Crossbar((1, 1), wire_resistance=(100.0, 300.0), r_transistor=600.0)
    energy = crossbar.set_conductances([[1e-4]]).energy([0.22], 2e-9)
    square = (0.22 / 11e3) ** 2 * 2e-9
    assert_allclose(energy.device, 1e4 * square, rtol=1e-9)
    assert_allclose(energy.transistor, 600 * square, rtol=1e-9)
    assert_allclose(energy.wire, 400 * square, rtol=1e-9)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_converters_return_the_middle_of_the_step(bits):
    dac, x = DAC(bits, (-0.3, 0.5)), np.linspace(-0.4, 0.6, 1234)
    levels = -0.3 + (np.arange(2**bits) + 0.5) * 0.8 / 2**bits
    nearest = np.abs(x[:, np.newaxis] - levels).argmin(axis=1)
    assert_array_equal(dac.codes(x), nearest)
    assert_allclose(dac.convert(x), levels[nearest], rtol=1e-12)
    assert dac.n_converted == 2 * x.size
    assert dac.n_clipped == 2 * ((x < -0.3) | (x > 0.5)).sum()
    assert_array_equal(dac.convert(dac.convert(x)), dac.convert(x))


def test_quantisation_noise_is_a_twelfth_of_the_steps_square():
    x = np.random.default_rng(0).uniform(0, 1e-3, 200_000)
    adc = ADC(6, (0.0, 1e-3))
    assert_allclose((adc.convert(x) - x).var(), adc.step**2 / 12, rtol=0.01)


def test_calibration_clips_the_requested_fraction():
    x = np.random.default_rng(0).normal(size=100_000)
    assert ADC(8).calibrate(x).range == (x.min(), x.max())
    adc = ADC(8).calibrate(x, percentile=99)
    assert_allclose(adc.range, [-2.326, 2.326], atol=0.03)
    adc.convert(x)
    assert_allclose(adc.n_clipped / adc.n_converted, 0.02, rtol=0.01)


def test_an_adc_with_lossless_bits_is_exact():
    rng, n = np.random.default_rng(0), 16
    inputs, weights = rng.integers(0, 4, (50, n)), rng.integers(0, 8, (n, 30))
    bits = lossless_bits(2, 3, n)
    sums = inputs @ weights
    assert bits == 9
    assert_array_equal(ADC(bits, (-0.5, 2**bits - 0.5)).codes(sums), sums)


def test_figures_show_errors_and_margins():
    crossbar, _ = make((10, 8), wire_resistance=20.0)
    cells, outputs, *_ = crossbar.plot_ir_drop().axes
    errors = crossbar.ir_drop()
    assert_allclose(cells.images[0].get_array(), 100 * errors.cell_error)
    assert_allclose(outputs.lines[0].get_ydata(), 100 * errors.output_error)
    passive = Crossbar((4, 4), topology="passive", scheme="floating", wire_resistance=50.0)
    (axis,) = passive.plot_sneak([2, 4]).axes
    ideal, wired, _ = (line.get_ydata() for line in axis.lines)
    assert_allclose(wired[1], 100 * passive.sneak_margin().swing)
    assert (wired < ideal).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shape": (0, 3)}, r"shape=\(0, 3\) must be \(rows, columns\)"),
        ({"shape": 4}, "two whole numbers"),
        ({"topology": "1t1r"}, "did you mean '1T1R'"),
        ({"scheme": "V/4"}, "scheme='V/4' is not known"),
        ({"device": "cmo"}, "device='cmo' is not known"),
        ({"wire_resistance": -1.0}, r"wire_resistance=-1.0 ohm must be one finite value"),
        ({"wire_resistance": (1.0, 2.0, 3.0)}, "or two: word and bit lines"),
        ({"selector": "sinh"}, "a 1T1R cell is selected by its transistor"),
        ({"selector": "cosh", "topology": "passive"}, "did you mean 'sinh'"),
        ({"selector": SinhSelector(v_0=0.0), "topology": "passive"}, "selector.v_0=0.0 must be"),
        ({"selector": ThresholdSelector(1e9, 1e3), "topology": "passive"}, "Are the two swapped"),
        ({"r_transistor": 1e3, "topology": "passive"}, "a passive cell has no transistor"),
        ({"r_transistor": -1.0}, "r_transistor=-1.0 ohm must be .* at least 0"),
        ({"v_read": 0.0}, "v_read=0.0 V must be .* above 0"),
        ({"v_sinh": inf}, "v_sinh=inf V must be a finite number, above 0"),
    ],
)
def test_impossible_constants_of_a_crossbar_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        Crossbar(**({"shape": (2, 3)} | options))


@pytest.mark.parametrize(
    ("G", "text"),
    [
        (np.ones((3, 2)), r"G has shape \(3, 2\), this crossbar \(2, 3\).*G.T has it"),
        (np.ones(6), r"G has shape \(6,\)"),
        (
            [[1, 1, 1], [1, -2e-6, 1]],
            r"G\[1, 1\] = -2e-06 S must be finite and positive.*pair of cells",
        ),
        ([[1, 1, 1], [1, 1, 0]], r"G\[1, 2\] = 0.0 S must be finite and positive.*open_cells=True"),
        ([[1, np.nan, 1], [1, 1, 1]], r"G\[0, 1\] = nan S .*\(1 such of 6\)"),
    ],
)
def test_impossible_conductances_are_refused(G, text):
    with pytest.raises(ValueError, match=text):
        Crossbar((2, 3)).set_conductances(G)


def test_impossible_requests_are_refused():
    crossbar, passive = make((2, 3))[0], Crossbar((2, 3), topology="passive", scheme="floating")
    passive.set_conductances([[1e-5, 0, 1e-5], [1e-5, 0, 1e-5]], open_cells=True)
    sinh = Crossbar((2, 3), v_sinh=0.001).set_conductances(crossbar.conductances)
    for call, text in [
        (lambda: Crossbar((2, 3)).multiply([0, 0]), "2 by 3 cells has no conductances yet"),
        (lambda: crossbar.multiply([0.1] * 3), r"V has shape \(3,\); this crossbar takes \(2,\)"),
        (lambda: crossbar.multiply([[0.1, np.nan]]), r"V\[0, 1\] = nan V is not finite"),
        (lambda: crossbar.solve([0.1, 0.1], "quick"), "method='quick' is not known"),
        (lambda: crossbar.solve([0.1, 0.1], columns=[3]), "whole numbers from 0 to 2"),
        (lambda: passive.solve([0.1, 0.1], columns=[0]), "a passive array has no gates"),
        (lambda: crossbar.read(2, 0), "row=2 must be a whole number, from 0 to 1"),
        (lambda: crossbar.read(0, 1.5), "column=1.5 must be a whole number, from 0 to 2"),
        (lambda: passive.read(0, 0), "bit line 1 floats and all its cells are open"),
        (lambda: sinh.multiply([0.1, 0.1]), "more than 40 times v_sinh=0.001 V"),
        (lambda: sinh.read(0, 0), "0.2 V is more than 40 times v_sinh"),
        (lambda: sinh.transfer, "no transfer matrix"),
        (lambda: crossbar.ir_drop([0.1, 0.0]), "relative to 0 V"),
        (lambda: crossbar.energy([0.1, 0.1], 0.0), "duration=0.0 s must be .* above 0"),
        (lambda: crossbar.sneak_margin(1e-6, 1e-5), r"g_off=1e-05 S must lie in \[0, g_on=1e-06"),
        (lambda: sneak_margin(4, 0.5), "selectivity=0.5 must be .* at least 1"),
        (
            lambda: sneak_margin(4, 0.5, wire_resistance=1.0),
            "selectivity=0.5 must be .* at least 1",
        ),
        (lambda: sneak_margin(4, g_on=1e-6), "g_off=1e-06 S must lie in"),
        (lambda: write_power(4, 1.0, "floating"), "scheme='floating' is not known"),
        (lambda: sneak_margin(2.5), "n=2.5 must be a whole number"),
        (lambda: write_power(0), "n=0 must be a whole number, at least 1"),
        (lambda: largest_array(1e4, most=0), "most=0 must be a whole number, at least 1"),
        (lambda: largest_array(1e4, most=-3), "most=-3 must be a whole number, at least 1"),
        (lambda: largest_array(1, criterion=0), r"criterion=0 must be .* above 0 and below 1"),
        (lambda: lossless_bits(0, 4, 0), "input_bits=0 must be a whole number, at least 1"),
        (lambda: lossless_bits(4, 4, 0), "n_rows=0 must be a whole number, at least 1"),
        (lambda: ADC(True), "bits=True must be a whole number, from 1 to 32"),
        (lambda: DAC(0), "bits=0 must be a whole number, from 1 to 32"),
        (lambda: DAC(4, (1.0, 0.0)), r"range=\(1.0, 0.0\) V must be two finite values"),
        (lambda: DAC(4, (1.0, 2.0, 3.0)), r"range=\(1.0, 2.0, 3.0\) V must be two"),
        (lambda: ADC(4).convert([0.1]), "no range yet"),
        (lambda: ADC(4).calibrate([1.0, 1.0]), r"range=\(1.0, 1.0\) A"),
        (lambda: ADC(4).calibrate([]), "got 0 values"),
        (lambda: ADC(4).calibrate([0, 1], percentile=20), "percentile=20 must be .* above 50"),
        (lambda: DAC(4).convert([np.nan]), "1 values to convert are not finite"),
    ]:
        with pytest.raises(ValueError, match=text):
            call()
    with pytest.raises(TypeError, match="selector=3 must be None, one of sinh, threshold"):
        Crossbar((2, 3), topology="passive", selector=3)
