"""Dilated taps and shared receptive fields: plain twins, placing, live runs, pooled fractions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from mottle.datasets import load_nmnist_100
from mottle.reservoir import (
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    NoReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
)
from mottle.reservoir.nodes.placed import convolution

CLASSES = [EchoStateReservoir, MemristorReservoir, OscillatorReservoir, SpikingReservoir,
           VO2Reservoir]  # fmt: skip
FRAME = (9, 8, 2)
DILATED = {"wiring": "dilated", "fan_in": None}
SHARED = {"wiring": "convolution", "input_shape": FRAME, "regions": 2}


def waves(n=12, n_inputs=3, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(rng.integers(25, 40), n_inputs)).cumsum(axis=0) for _ in range(n)]


def frames(n=5, n_steps=8, density=0.03, seed=0):
    rng = np.random.default_rng(seed)
    return list((rng.random((n, n_steps, int(np.prod(FRAME)))) < density) * 1.0)


def drawn(kind, wiring, **parameters):
    """Return a reservoir of few nodes and recordings that suit its wiring."""
    given = waves() if wiring is DILATED else frames()
    n_nodes = 12 if wiring is DILATED else 3 * 4
    return kind(n_nodes, **wiring, **parameters, random_state=1).fit(given), given


def node_inputs(reservoir, drive):
    """Sum the taps of every node by plain loops; 0 before the beginning."""
    weights = sparse.csr_array(reservoir.input_weights_).toarray()
    n_inputs = drive.shape[1]
    out = np.tile(reservoir.shifts_, (len(drive), 1))
    for step in range(len(drive)):
        for lag in range(min(step + 1, weights.shape[1] // n_inputs)):
            out[step] += weights[:, lag * n_inputs :][:, :n_inputs] @ drive[step - lag]
    return out


def field_inputs(reservoir, drive):
    """Sum the fields of every position by plain loops: (row, column, step, kernel)."""
    height, width, _ = FRAME
    weights = sparse.csr_array(reservoir.input_weights_).toarray()
    cells = drive.reshape(-1, *FRAME)
    rows, columns = height - 4, width - 4
    out = np.empty((rows, columns, len(drive), len(weights)))
    for row in range(rows):
        for column in range(columns):
            patch = cells[:, row : row + 5, column : column + 5].reshape(len(drive), -1)
            out[row, column] = reservoir.shifts_ + patch @ weights.T
    return out


@pytest.mark.parametrize("kind", CLASSES)
def test_dilated_states_are_those_of_nodes_driven_by_plain_sums(kind):
    reservoir, given = drawn(kind, DILATED)
    for drive in given[:2]:
        expected = reservoir.nodes_.transform(node_inputs(reservoir, drive))
        assert_allclose(reservoir.transform(drive), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", CLASSES)
def test_shared_fields_give_means_over_regions_of_every_position(kind):
    reservoir, given = drawn(kind, SHARED)
    sums = field_inputs(reservoir, given[0])
    rows, columns = sums.shape[:2]
    states = reservoir.nodes_.transform(sums.reshape(rows * columns, *sums.shape[2:]))
    states = states.reshape(sums.shape)
    found = reservoir.transform(given[0]).reshape(len(given[0]), 2, 2, 3)
    for i in range(2):
        for j in range(2):
            inside = [
                states[row, column]
                for row in range(rows)
                for column in range(columns)
                if (row * 2 // rows, column * 2 // columns) == (i, j)
            ]
            assert_allclose(found[:, i, j], np.mean(inside, axis=0), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("wiring", [DILATED, SHARED], ids=["dilated", "convolution"])
@pytest.mark.parametrize("kind", CLASSES)
def test_chunks_of_a_live_run_give_the_bytes_of_the_whole(kind, wiring):
    noise = {"read_noise": 0.01} if kind is MemristorReservoir else {}
    reservoir, given = drawn(kind, wiring, **noise)
    drive = given[0][np.newaxis]
    state = reservoir.start(1, [7])
    whole = reservoir.advance(reservoir.start(1, [7]), drive)[1]
    parts = []
    for first, last in ((0, 3), (3, 4), (4, drive.shape[1])):
        state, part = reservoir.advance(state, drive[:, first:last])
        parts.append(part)
    assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("wiring", [DILATED, SHARED], ids=["dilated", "convolution"])
def test_recordings_do_not_mix_and_their_order_does_not_matter(wiring):
    reservoir, given = drawn(MemristorReservoir, wiring, pool=("mean", "ppv"), read_noise=0.01)
    together = reservoir.transform(given)
    assert_array_equal(reservoir.transform(given[::-1]), together[::-1])
    assert_array_equal(reservoir.transform([given[1]]), together[1:2])


@pytest.mark.parametrize("kind", [EchoStateReservoir, VO2Reservoir])
def test_parts_of_the_positions_do_not_change_the_sums(kind, monkeypatch):
    reservoir, given = drawn(kind, SHARED)
    whole = reservoir.transform(given)
    monkeypatch.setattr(convolution, "BLOCK_BYTES", 8 * 8 * 3 * 7)  # seven positions a part
    parts = reservoir.transform(given)
    for one, other in zip(whole, parts, strict=True):
        assert_array_equal(one, other)


def test_every_node_has_unit_spread_and_a_quantile_of_training_at_its_bias():
    reservoir, given = drawn(EchoStateReservoir, DILATED)
    rows = np.concatenate([node_inputs(reservoir, drive) for drive in given])
    assert_allclose(rows.std(axis=0), 1, rtol=1e-9)
    above = (rows > 0).mean(axis=0)
    assert above.min() > 0.03
    assert above.max() < 0.72
    assert np.ptp(above) > 0.2


def test_placing_is_learnt_from_training_recordings_alone():
    reservoir, given = drawn(MemristorReservoir, DILATED, pool="ppv4")
    shifts, thresholds = reservoir.shifts_.copy(), reservoir.thresholds_.copy()
    reservoir.transform([-drive for drive in given])
    assert_array_equal(reservoir.shifts_, shifts)
    assert_array_equal(reservoir.thresholds_, thresholds)


def test_silent_positions_cost_nothing_and_change_nothing():
    reservoir, _ = drawn(VO2Reservoir, SHARED)
    drive = np.zeros((8, *FRAME))
    drive[3, 2, 2, 0] = 1.0
    drive = drive.reshape(8, -1)
    states = reservoir.transform(drive)
    state, live = reservoir.advance(reservoir.start(), drive[np.newaxis, :2])
    rest = reservoir.advance(state, drive[np.newaxis, 2:])[1]
    assert_array_equal(np.concatenate([live, rest], axis=1)[0], states)


def test_energies_are_those_of_all_virtual_nodes():
    reservoir, given = drawn(MemristorReservoir, SHARED)
    sums = field_inputs(reservoir, given[0])
    patches = sums.reshape(-1, *sums.shape[2:])
    expected = float(reservoir.nodes_.energy(patches).supply.sum())
    assert_allclose(float(reservoir.energy([given[0]]).supply[0]), expected, rtol=1e-9)


@pytest.mark.parametrize("n_segments", [1, 3])
def test_pooled_fractions_count_steps_above_quantiles_of_training(n_segments):
    train, test = waves(seed=1), waves(seed=2)
    pooled = NoReservoir(pool=("mean", "ppv", "ppv4", "ppv7"), n_segments=n_segments).fit(train)
    rows = np.concatenate(train)
    cuts = np.quantile(rows, [0.5, 0.2, 0.4, 0.6, 0.8, 0.07], axis=0)
    assert_allclose(pooled.thresholds_, cuts)
    found = pooled.transform(test).reshape(len(test), 7, n_segments, 3)
    for r, drive in enumerate(test):
        n = len(drive)
        for segment in range(n_segments):
            part = drive[segment * n // n_segments : (segment + 1) * n // n_segments]
            assert_allclose(found[r, 0, segment], part.mean(axis=0))
            for k, cut in enumerate(cuts):
                assert_allclose(found[r, 1 + k, segment], (part > cut).mean(axis=0))
    names = pooled.get_feature_names_out()
    assert len(names) == found[0].size
    assert names[3 * n_segments] == "noreservoir_ppv50_0_0"


def test_event_streams_are_pooled_by_thresholds_of_training_too():
    digits = list(load_nmnist_100().table["sight"][:6])
    pixels = EventMemristorReservoir(n_steps=5, sensor_size=(34, 34))
    states = pixels.fit(digits).transform(digits)
    pooled = clone(pixels).set_params(pool="ppv60").fit(digits)
    cuts = np.quantile(states.reshape(30, -1), 0.6, axis=0)
    assert_allclose(pooled.thresholds_[0], cuts)
    assert_allclose(pooled.transform(digits), (states > cuts).mean(axis=1))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"wiring": "convolution"}, "needs input_shape"),
        (SHARED | {"regions": 3}, r"n_nodes=12 .* multiple of regions\*\*2=9; take 9"),
        (SHARED | {"regions": 6, "field": 4}, "multiple of"),
        (SHARED | {"n_nodes": 36, "regions": 6}, "regions=6, .* only 4 positions"),
        (SHARED | {"input_shape": (9, 8, 3)}, "has 216 cells, the drive 144 inputs"),
        (DILATED | {"n_taps": 2}, "n_taps=2 needs wiring='random'"),
        (DILATED | {"n_masks": 2}, "n_masks=2 has no effect with wiring='dilated'"),
        (DILATED | {"regions": 2}, "regions=2 has no effect with wiring='dilated'"),
        (DILATED | {"pool": "ppv0"}, "pool"),
        (DILATED | {"pool": "ppv100"}, "pool"),
    ],
)
def test_what_cannot_be_wired_is_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        MemristorReservoir(**{"n_nodes": 12} | parameters).fit(frames())


def test_constant_channels_and_single_steps_are_taken():
    constant = [np.ones((6, 2)) for _ in range(4)]
    states = MemristorReservoir(8, **DILATED, random_state=0).fit(constant).transform(constant)
    assert np.isfinite(states).all()
    short = [np.full((1, 2), float(k)) for k in range(4)]
    pooled = EchoStateReservoir(8, **DILATED, pool="mean", random_state=0).fit_transform(short)
    assert pooled.shape == (4, 8)
    assert np.ptp(pooled, axis=0).max() > 0
    quiet = [np.zeros((5, int(np.prod(FRAME))))] * 3
    assert np.isfinite(drawn(EchoStateReservoir, SHARED)[0].fit(quiet).transform(quiet)).all()


def test_channels_that_rounding_alone_moves_have_sane_weights():
    given = [np.column_stack([wave[:, 0], 1e-15 * np.ones(len(wave))]) for wave in waves()]
    reservoir = EchoStateReservoir(40, **DILATED, random_state=0).fit(given)
    assert np.abs(reservoir.input_weights_.data).max() < 1e3


def test_parameters_set_after_fit_hold_or_are_refused():
    reservoir, given = drawn(MemristorReservoir, DILATED, pool=("mean", "ppv"))
    biased, _ = drawn(MemristorReservoir, DILATED, pool=("mean", "ppv"), v_bias=0.7)
    states = reservoir.set_params(v_bias=0.7, pool=None).transform(given)
    assert_array_equal(states[0], biased.set_params(pool=None).transform(given)[0])
    for parameters in ({"pool": "ppv4"}, {"pool": "ppv25"}, {"wiring": "random"}):
        with pytest.raises(ValueError, match="was set after fit; call fit again"):
            reservoir.set_params(**parameters).transform(given)
        reservoir.set_params(pool=None, wiring="dilated")
    shared, cells = drawn(EchoStateReservoir, SHARED, dtype="float32")
    assert shared.transform(cells[0]).dtype == np.float32
    with pytest.raises(ValueError, match="field=3 was set after fit"):
        shared.set_params(field=3).transform(cells)
