"""Writing, ageing, levels and mapping of cells, against plain loops, scipy and closed forms."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from naive.writing import memdiode_current, pulsed, ramped
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir import devices
from mottle.reservoir.nonvolatile import (
    Crossbar,
    WriteCircuit,
    age,
    map_weights,
    measure_levels,
    unmap,
    write,
)
from mottle.reservoir.nonvolatile.cells import IDEAL, conductance_range
from mottle.reservoir.nonvolatile.devices.pulsed import kernel
from mottle.reservoir.nonvolatile.devices.pulsed.device import pulse_rule
from mottle.reservoir.nonvolatile.levels import most_distinct

QUIET = {"noise": 0.0, "write_noise": 0.0, "spread": 0.0, "stuck": 0.0}
STILL = WriteCircuit(ramp_spread=0.0, ramp_noise=0.0, t_read=0.0)
DAY = 86_400.0
kept = pytest.mark.filterwarnings("ignore:no retention was published")
wraps = pytest.mark.filterwarnings("ignore:overflow encountered")  # keys of noise, uncompiled


def quiet(name, **changes):
    return devices.get(name)._replace(**(QUIET | changes))


@pytest.mark.kernel
@wraps
@pytest.mark.parametrize("name", ["neurosim_nl", "ecram", "reram_sb", "reram_om"])
def test_write_verify_by_pulses_equals_a_plain_loop(name):
    device = quiet(name)
    targets = np.linspace(device.g_min, device.g_max, 9)[1:-1]
    tolerance = 0.03 * (device.g_max - device.g_min)
    run = write(device, targets, tolerance=tolerance, max_pulses=300, random_state=0)
    g, counts, charge = pulsed(device, targets, tolerance, 300)
    assert_allclose(run.conductance, g, rtol=1e-9)
    assert_array_equal(run.pulses, counts)
    silent = write(
        device, targets, tolerance=tolerance, max_pulses=300, random_state=0,
        circuit=WriteCircuit(v_write=2.0, v_read=0.0),
    )  # fmt: skip
    assert_allclose(silent.energy, 2.0**2 * charge * device.t_pulse, rtol=1e-9)


@pytest.mark.kernel
@wraps
@pytest.mark.parametrize(("fraction", "slack"), [(0.02, 1e-2), (0.6, 1e-3)])
def test_write_verify_of_a_memdiode_equals_scipy(fraction, slack):
    low, high = conductance_range("memdiode_hfo2")
    target, tolerance = low + fraction * (high - low), slack * (high - low)
    run = write("memdiode_hfo2", [target], tolerance=tolerance, circuit=STILL, random_state=0)
    g, count, energy = ramped(target, tolerance, 2.0, 0.02, (3.5, 4.5), 1e-6, 200)
    assert count > 10
    assert_array_equal(run.pulses, [count])
    assert_allclose(run.conductance, g, rtol=1e-6)
    assert_allclose(run.energy, energy, rtol=1e-5)


@pytest.mark.kernel
@wraps
def test_a_cell_does_not_depend_on_the_others():
    device, n = devices.get("reram_sb"), 20
    rng = np.random.default_rng(0)
    goal, w, ones = rng.uniform(-0.5, 1.0, n), np.full(n, -0.75), np.ones(n)

    def run(cells):
        return kernel.pulse_cells(
            goal[cells], 0.02, np.ones(n, dtype=np.int64)[cells], w[cells], -0.75 * ones[cells],
            1.25 * ones[cells], ones[cells], pulse_rule(device), device.noise, device.write_noise,
            0.01, 0.8, 400, np.uint64(7),
        )  # fmt: skip

    for few, all_ in zip(run(slice(0, 6)), run(slice(None)), strict=True):
        assert_array_equal(few, all_[:6])


def test_open_loop_counts_the_pulses_of_the_mean_curve():
    device = quiet("neurosim_nl")
    up = devices.simulate(device._replace(w_0=0.0), np.ones(64), 1e-7).weight.to_numpy()
    curve = device.g_min + np.r_[0.0, up] * (device.g_max - device.g_min)
    targets = curve[[0, 5, 17, 40]]
    run = write(device, targets, method="open", random_state=0)
    assert_array_equal(run.pulses, [0, 5, 17, 40])
    assert_allclose(run.conductance, targets, rtol=1e-9)
    assert_array_equal(run.reads, 0)
    down = write(device, targets[:1], method="open", start=targets[2], random_state=0)
    assert float(down.pulses[0]) > 5  # the curve downwards is different
    assert_allclose(down.conductance, targets[0], atol=0.02 * device.g_max)


def test_open_loop_has_errors_of_device_variation_and_verification_does_not():
    low, high = conductance_range("ecram")
    targets = np.tile(np.linspace(low, high, 21)[1:-1], 50)
    rms = {
        method: np.sqrt(np.mean((run.conductance - run.target) ** 2)) / (high - low)
        for method in ("open", "verify")
        for run in [write("ecram", targets, method=method, random_state=0)]
    }
    assert rms["verify"] < 0.0101 < 0.03 < rms["open"]


@pytest.mark.parametrize("name", ["reram_es", "reram_om", "memdiode_hfo2"])
def test_a_cell_gets_no_pulses_after_it_is_reached_and_otherwise_all(name):
    low, high = conductance_range(name)
    run = write(name, np.linspace(low, high, 300), max_pulses=40, random_state=1)
    error = np.abs(run.conductance - run.target).to_numpy()
    assert_array_equal(error <= run.attrs["tolerance"] * (1 + 1e-9), run.reached)
    assert_array_equal(run.pulses.to_numpy()[~run.reached], 40)
    assert_array_equal(run.reads, run.pulses + 1)
    assert 0.1 < run.attrs["yield"] == run.reached.mean() < 1.0
    assert (run.energy >= 0).all()


def test_read_noise_causes_errors_of_its_magnitude():
    device = quiet("idealized", w_0=0.0)
    target = np.full(4000, 0.8 * device.g_max)
    span = device.g_max - device.g_min
    sure = write(device, target, tolerance=1e-3 * span, random_state=0)
    unsure = write(device, target, tolerance=1e-3 * span, read_noise=0.02, random_state=0)
    assert sure.attrs["yield"] == 1.0 > unsure.attrs["yield"]
    error = (unsure.conductance / target - 1).to_numpy()
    assert 0.005 < np.sqrt(np.mean(error**2)) < 0.08


def test_statistics_write_with_their_published_deviation():
    run = write("milo2021", np.full((100, 100), 100e-6), random_state=0)
    assert run.conductance.dims == ("row", "column")
    assert_allclose(run.conductance.mean(), 100e-6, rtol=2e-3)
    assert_allclose(run.conductance.std() * 1e6, 4.7823 - 0.009107 * 100, rtol=0.02)
    assert np.isnan(run.energy).all()
    wider = write("milo2021", np.full((100, 100), 100e-6), spread=0.1, random_state=0)
    assert_allclose(wider.conductance.std() * 1e6, np.hypot(3.8716, 10.0), rtol=0.03)


@kept
@pytest.mark.parametrize("name", ["ecram", "cmo_hfox", "memdiode_hfo2"])
def test_stuck_cells_are_anywhere_in_the_range_and_do_not_age(name):
    low, high = conductance_range(name)
    target = np.full(400, low + 0.5 * (high - low))
    run = write(name, target, stuck=0.25, max_pulses=100, random_state=0)
    stuck = run.stuck.to_numpy()
    assert 0.17 < stuck.mean() < 0.33
    place = run.conductance.to_numpy()[stuck]
    assert place.min() < low + 0.1 * (high - low)
    assert place.max() > high - 0.1 * (high - low)
    old = age(name, run, DAY).conductance.to_numpy()[0]
    assert_array_equal(old[stuck], place)


def test_worn_cells_have_a_smaller_range():
    high = conductance_range("ecram")[1]
    target = np.full(2000, high * 0.99)
    fresh = write("ecram", target, cycles=1e3, n_fail=1e6, max_pulses=2500, random_state=0)
    worn = write("ecram", target, cycles=3e6, n_fail=1e6, max_pulses=2500, random_state=0)
    assert fresh.attrs["yield"] > 0.95
    assert worn.attrs["yield"] < 0.75
    gone = write("cmo_hfox", np.full(2000, 5e-5), cycles=1e12, n_fail=1e6, random_state=0)
    assert set(np.round(gone.conductance.values * 1e6, 3)) == {9.0, 88.0}


def test_a_cell_ages_along_one_path_whatever_the_steps():
    run = write("cmo_hfox", np.full((5, 6), 40e-6), random_state=0)
    both = age("cmo_hfox", run, [0.0, 3600.0, DAY]).conductance
    assert_array_equal(both[0], run.conductance)
    assert_array_equal(both[2], age("cmo_hfox", run, DAY).conductance[0])
    paths = both.stack(cell=("row", "column"))
    assert np.corrcoef(paths[1] - paths[0], paths[2] - paths[0])[0, 1] > 0.999
    crossbar = Crossbar((5, 6))
    written = crossbar.program(np.full((5, 6), 40e-6), random_state=0)
    crossbar.age(60.0).age(DAY)
    assert_array_equal(crossbar.conductances, age("cmo_hfox", written, DAY).conductance[0])


@kept
@pytest.mark.parametrize("name", ["cmo_hfox", "pcm", "ecram", "ideal"])
def test_conductances_in_another_unit_do_not_age(name):
    low, high = conductance_range(name)
    for g in ([1e6 * high, 1e6 * low], *([[1e-3 * low, 0.0]] if low else [])):
        with pytest.raises(ValueError, match=r"conductance \(0,\) is .* S, .* another unit"):
            age(name, g, 60.0)
    beyond = np.array([0.0, 0.5 * low, 2 * high])  # as of stuck, noisy and aged cells
    assert_array_equal(age(name, beyond, 0.0).conductance[0], beyond)


def test_cells_age_as_the_device_that_was_written():
    own = devices.get("cmo_hfox")._replace(g_max=80e-6)
    for device in ("cmo_hfox", own):
        cells = write(device, np.full(5, 2e-5), random_state=0)
        for other in ("pcm", own._replace(g_max=85e-6)):
            with pytest.raises(ValueError, match=r"cells were written as .*, and cannot age as"):
                age(other, cells, 60.0)
        expected = age(device, cells, 60.0).conductance
        without = cells.copy()
        del without.attrs["device"]
        assert_array_equal(age(device, without, 60.0).conductance, expected)
        assert age("pcm", cells["conductance"], 60.0).conductance.shape == (1, 5)


@kept
def test_every_family_ages_by_its_model():
    g = np.full(4000, 10e-6)
    pcm = age("pcm", g, [20.0, 2e4], random_state=0).conductance
    assert_allclose(np.median(np.log(pcm[0] / pcm[1])) / np.log(1e3), 0.049, rtol=0.05)
    low, high = conductance_range("nbsto_interface")
    half = np.full(4000, low + 0.5 * (high - low))
    old = age("nbsto_interface", half, [1.0, 1e4], random_state=0).conductance
    fraction = np.log((old - low) / (half - low))
    assert_allclose(np.median(fraction, axis=1), -0.1 * np.log1p(np.array([1e2, 1e6])), rtol=0.01)
    x = 0.6
    g = memdiode_current(0.2, x) / 0.2
    rest = (1 / 1.796e6) / (1 / 1.796e6 + 1 / 132)
    later = rest + (x - rest) * np.exp(-100 * (1 / 1.796e6 + 1 / 132))
    aged = age("memdiode_hfo2", [g], 100.0).conductance[0]
    assert_allclose(aged, memdiode_current(0.2, later) / 0.2, rtol=1e-5)
    assert_array_equal(age("reram_sb", [2e-6], DAY).conductance[0], [2e-6])  # none published


@pytest.mark.parametrize("name", ["reram_sb", "milo2021", "wan2022", "own"])
def test_a_warning_names_cells_whose_retention_is_not_published(name):
    device = devices.Programming(1e-6, 2e-6, (0.01,)) if name == "own" else name
    label = "this device" if name == "own" else repr(name)
    high = conductance_range(device)[1]
    crossbar = Crossbar((2, 2), device=device)
    assert crossbar.program(np.full((2, 2), high), random_state=0).retention == "not published"
    calls = [
        lambda: age(device, [high], [0.0, DAY]),
        lambda: measure_levels(device, [2, 4], [0.0, 60.0, DAY], n_cells=5),
        lambda: crossbar.age(DAY),
    ]
    for call in calls:
        with pytest.warns(UserWarning, match=f"no retention was published for {label}") as caught:
            result = call()
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert getattr(result, "retention", "not published") == "not published"
    assert age(device, [high], 0.0).retention == "not published"  # fresh: nothing to warn of
    assert name == "own" or "retention" in devices.get(name).provisional


def test_ideal_cells_have_a_name_and_keep_their_conductance():
    run = write("ideal", [2e-6, 5e-5])
    assert_array_equal(run.conductance, run.target)
    old = age("ideal", run, DAY)
    assert_array_equal(old.conductance[0], run.target)
    assert old.retention == "ideal"
    assert age("pcm", [1e-5], DAY).retention == "published"


def test_levels_of_wan_are_seven_fresh_and_four_after_a_day():
    found = [devices.levels("wan2022_day", t) for t in (1.0, DAY)]
    assert_allclose(found, [7, 4], atol=0.5)
    g = np.linspace(5e-6, 40e-6, 8)  # two days were published too: an extrapolation, not a fit
    two = np.polynomial.polynomial.polyval(g / 40e-6, [0.782, 20.274, -43.507, 37.062, -11.934])
    preset = devices.get("wan2022_day")
    aged = age(preset, np.tile(g[:, None], 4000), [2 * DAY], random_state=0).conductance[0]
    fresh = np.polynomial.polynomial.polyval(g * 1e6, preset.write)
    assert_allclose(np.hypot(fresh, aged.std("column") * 1e6), two, rtol=0.06)


@kept
@pytest.mark.parametrize("name", ["milo2021", "wan2022_day", "cmo_hfox"])
def test_distinguishable_levels_are_close_to_those_of_the_statistics(name):
    run = measure_levels(name, [4, 512], [1.0, DAY], n_cells=400, random_state=0)
    assert_allclose(run.distinguishable.sel(n_levels=512), run.published, rtol=0.1, atol=1)
    assert (run.distinguishable.sel(n_levels=4) <= 4).all()
    assert (run.misread.sel(n_levels=512) > run.misread.sel(n_levels=4)).all()


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), min_size=1, max_size=7))
@settings(deadline=None)
def test_no_larger_set_of_levels_is_distinguishable(levels):
    mean, deviation = np.array(levels, dtype=float).T
    low, high = mean - 2 * deviation, mean + 2 * deviation

    def apart(chosen):
        return all(high[a] <= low[b] or high[b] <= low[a] for a, b in combinations(chosen, 2))

    sets = (c for n in range(len(mean) + 1) for c in combinations(range(len(mean)), n) if apart(c))
    assert most_distinct(mean, deviation) == max(map(len, sets))


@given(
    mapping=st.sampled_from(["differential", "offset"]), scale=st.sampled_from(["tile", "column"]),
    seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(deadline=None)
def test_mapping_has_an_exact_inverse(mapping, scale, seed):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=rng.integers(1, 9, 2)) * 10.0 ** rng.uniform(-3, 3)
    targets, combine = map_weights(w, "milo2021", mapping=mapping, scale=scale)
    low, high = conductance_range("milo2021")
    assert targets.min() >= low * (1 - 1e-12)
    assert targets.max() <= high * (1 + 1e-12)
    assert_allclose(unmap(targets, combine), w, rtol=1e-9, atol=1e-9 * np.abs(w).max())


@pytest.mark.parametrize("n_slices", [1, 2, 3])
@pytest.mark.parametrize("n_levels", [2, 5, 16])
def test_sliced_weights_are_rounded_to_all_their_digits(n_levels, n_slices):
    w = np.random.default_rng(0).normal(size=(6, 4))
    targets, combine = map_weights(
        w, IDEAL, n_levels=n_levels, mapping="sliced", n_slices=n_slices, scale="column"
    )
    most = np.abs(w).max(axis=0)
    steps = n_levels**n_slices - 1
    assert_allclose(unmap(targets, combine), np.round(w / most * steps) / steps * most, atol=1e-12)
    fraction = (targets - 1e-6) / 99e-6 * (n_levels - 1)
    assert_allclose(fraction, np.round(fraction), atol=1e-9)


def test_weights_of_zero_are_pairs_of_equal_cells():
    targets, combine = map_weights(np.zeros((3, 2)), "cmo_hfox", n_levels=8)
    assert_allclose(targets, 9e-6)
    assert_allclose(unmap(targets, combine), 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: write("cmo_hfox", [-1e-6]), r"target \(0,\) is -1e-06 S; the range .* 9e-06"),
        (lambda: write("cmo_hfox", [[2e-5, np.nan]]), r"target \(0, 1\) is nan S"),
        (lambda: write("cmo_hfx", [2e-5]), "did you mean 'cmo_hfox'"),
        (lambda: write("vo2_pwl", [2e-5]), "device='vo2_pwl' is not known"),
        (lambda: write(devices.get("vo2_pwl"), [2e-5]), "cannot be a cell of an array"),
        (lambda: write("cmo_hfox", [2e-5], method="open"), "has statistics only"),
        (lambda: write("nbsto_interface", [2e-5]), "'nbsto_interface' can age but not be written"),
        (lambda: write("ecram", []), "is empty; give at least one conductance"),
        (lambda: write("nbsto_interfac", [2e-5]), "Known: capacitor, cmo_hfox, cmo_hfox_fine, ecr"),
        (lambda: measure_levels("ecram", n_cells=0), "n_cells=0 must be a whole number"),
        (lambda: age("cmo_hfox", [2e-5], "1d"), "times='1d' must be numbers, in s"),
        (lambda: map_weights([[1.0]], n_levels=4, mapping="sliced", n_slices=0), "n_slices=0"),
        (lambda: write("ecram", [2e-6], method="opne"), "did you mean 'open'"),
        (lambda: write("ecram", [2e-6], tolerance=0.0), "tolerance=0.0 S must be .* above 0"),
        (lambda: write("ecram", [2e-6], stuck=1.5), "stuck=1.5 must be .* a fraction"),
        (lambda: write("ecram", [2e-6], start=1.0), "start=1.0 must be one conductance"),
        (lambda: write("ecram", [2e-6, 2e-6], method="open", start=[2e-6, 3e-6]), "give a number"),
        (lambda: write("ecram", [2e-6], read_noise=-0.1), "read_noise=-0.1 must be .* at least 0"),
        (lambda: age("cmo_hfox", [2e-5], -1.0), r"times=-1.0 s must be finite, not negative"),
        (lambda: age("cmo_hfox", [2e-5], [np.inf]), r"times=\[inf\] s must be finite"),
        (lambda: age("cmo_hfox", [2e-5], []), r"times=\[\] s holds no time"),
        (lambda: measure_levels("cmo_hfox", times=np.inf), "times=inf s must be finite"),
        (lambda: map_weights([[1e305]]), r"weight of 1e\+305 is too large"),
        (lambda: Crossbar((2, 2), v_read="a"), "v_read='a' must be a finite number of V, above 0"),
        (lambda: Crossbar((2, 2), v_sinh=True), "v_sinh=True must be a finite number of V"),
        (lambda: Crossbar((2, 2), r_transistor="a"), "r_transistor='a' must be a finite number of"),
        (lambda: age("cmo_hfox", [2e-5], [2.0, 1.0]), "not negative and not decreasing"),
        (lambda: age("cmo_hfox", [-2e-5], 1.0), "conductances must be finite and not negative"),
        (lambda: measure_levels("cmo_hfox", 1), "n_levels=1 must be whole numbers, at least 2"),
        (lambda: measure_levels("cmo_hfox", 2.5), "n_levels=2.5 must be whole numbers"),
        (lambda: map_weights([[1.0, np.inf]]), r"weight \(0, 1\) is inf \(1 such of 2\)"),
        (lambda: map_weights([[1.0]], n_levels=1), "n_levels=1 must be a whole number, at least 2"),
        (lambda: map_weights([[1.0]], mapping="sliced"), "needs n_levels"),
        (lambda: map_weights([[1.0]], n_levels=2, mapping="offset"), "at least 3"),
        (lambda: map_weights([1.0]), r"weights have shape \(1,\)"),
        (lambda: Crossbar((2, 2)).age(1.0), "only cells written by program"),
        (lambda: Crossbar((2, 2)).program([[1.0]]), r"shape \(1, 1\), this crossbar \(2, 2\)"),
    ],
)  # fmt: skip
def test_impossible_requests_are_refused_with_the_way_out(call, message):
    with pytest.raises(ValueError, match=message):
        call()
