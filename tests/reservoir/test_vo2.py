"""VO2 thermal neuristors against published-model reference numbers, scipy and their properties."""

import numpy as np
import pytest
from naive import vo2 as naive
from numpy.testing import assert_allclose, assert_array_equal

from mottle.reservoir import VO2Reservoir, devices
from mottle.reservoir.nodes.vo2 import kernel as vo2

FACTOR = {"vo2_neuristor": 1.0, "vo2_neuristor_fast": 0.15}


def single_spikes(v_in, device, duration, dt=1e-8):
    """Spike times in ns of one device at a constant voltage, crossings interpolated."""
    node = VO2Reservoir(1, v_bias=v_in, v_gain=0, device=device, dt_device=dt, dt_inner=dt,
                        observable="current", fan_in=1, regime=None)  # fmt: skip
    held = np.zeros((round(duration / (dt * 1e9)), 1))
    current = node.fit_transform(held)[:, 0] * 1e3
    k = np.flatnonzero((current[1:] >= 1.5) & (current[:-1] < 1.5))
    return (k + (1.5 - current[k]) / (current[k + 1] - current[k])) * dt * 1e9


# first spike and steady period in ns; event-exact integration, three solvers agreeing to 1e-8
@pytest.mark.parametrize(
    ("device", "v_in", "first", "period"),
    [
        ("vo2_neuristor", 10.5, 4247.8184, 4101.04),
        ("vo2_neuristor", 12.0, 2823.7069, 3042.6470),
        ("vo2_neuristor", 12.2, 2723.1710, 2961.6185),
        ("vo2_neuristor", 14.0, 2110.8907, 2414.3585),
        ("vo2_neuristor", 15.0, 1896.0745, 2047.5787),
        ("vo2_neuristor_fast", 10.5, 3284.8248, 3069.4958),
        ("vo2_neuristor_fast", 12.0, 2208.7844, 2184.9999),
        ("vo2_neuristor_fast", 14.0, 1631.0230, 1736.4301),
        ("vo2_neuristor_fast", 15.0, 1454.5161, 1615.9819),
    ],
)
def test_spikes_come_at_the_reference_times(device, v_in, first, period):
    times = single_spikes(v_in, device, 30_000)
    assert_allclose(times[0], first, rtol=0.005)
    assert_allclose(np.diff(times)[2:].mean(), period, rtol=0.005)


def test_spike_train_follows_scipy_from_reversal_to_reversal():
    reference = naive.spike_times(12.0, 16_000)
    assert_allclose(reference, [2823.7069, 5923.1302, 8966.1104, 12008.7595, 15051.4065], rtol=1e-6)
    assert_allclose(single_spikes(12.0, "vo2_neuristor", 16_000), reference, rtol=0.005)


def spike_trains(dtype, coupling, v_bias):
    """Spike times in steps of 10 ns, within 30 us, of 130 films with variation."""
    films = VO2Reservoir(
        130, regime=None, v_bias=v_bias, v_gain=0, spread=0.01, thermal_coupling=coupling,
        observable="current", dt_device=1e-8, dtype=dtype, random_state=0,
    )  # fmt: skip
    states = films.fit_transform(np.zeros((3000, 1)))
    assert states.dtype == dtype
    for current in states.T.astype(float) * 1e3:
        k = np.flatnonzero((current[1:] >= 1.5) & (current[:-1] < 1.5))
        yield k + (1.5 - current[k]) / (current[k + 1] - current[k])


@pytest.mark.parametrize("coupling", [0.0, 0.02])
@pytest.mark.parametrize("v_bias", [10.4, 12.0, 14.0])
def test_float32_spikes_when_float64_does(coupling, v_bias):
    trains = [[*spike_trains(dtype, coupling, v_bias)] for dtype in ("float64", "float32")]
    shifts = []
    for double, single in zip(*trains, strict=True):
        assert double.size == single.size
        if double.size < 4:  # heated by its neighbours it is latched
            continue
        period = np.diff(double)[1:].mean()
        assert np.diff(single)[1:].mean() == pytest.approx(period, rel=1e-4)
        shifts.append(np.abs(single - double).max() / period)
    assert len(shifts) > 60
    assert 0 < max(shifts) < 5e-4
    assert np.median(shifts) < 2e-5


def test_error_of_the_period_falls_with_the_step():
    errors = [
        abs(np.diff(single_spikes(12.0, "vo2_neuristor", 40_000, dt))[2:].mean() - 3042.6470)
        for dt in (2e-8, 1e-8, 2.5e-9)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.001 * 3042


@pytest.mark.parametrize(
    ("device", "low", "high"),
    [("vo2_neuristor", 10.005, 15.496), ("vo2_neuristor_fast", 9.933, 18.297)],
)
def test_device_oscillates_inside_its_window_only(device, low, high):
    def keeps_spiking(v_in):
        return (single_spikes(v_in, device, 200_000) > 120_000).any()

    assert keeps_spiking(low + 0.02)
    assert keeps_spiking(high - 0.02)
    assert not keeps_spiking(low - 0.02)
    assert not keeps_spiking(high + 0.02)


# kOhm: heating branch, lower branch, and a minor loop (up to 338 K, down to 330 K, up again)
@pytest.mark.kernel
@pytest.mark.parametrize(
    ("t", "direction", "offset", "expected"),
    [
        (325.0, 1, 0.0, 51.843351),
        (330.0, 1, 0.0, 39.543388),
        (335.0, 1, 0.0, 22.329628),
        (340.0, 1, 0.0, 4.771194),
        (330.0, -1, 0.0, 17.243359),
        (335.0, -1, 0.0, 2.881122),
        (330.0, -1, -0.9032148, 21.730221),
    ],
)
def test_resistance_has_the_reference_values(t, direction, offset, expected):
    r = vo2.resistance(
        t, direction, offset, naive.R_0, naive.R_M, naive.T_C, naive.E_A, naive.WIDTH, naive.BETA
    )
    assert_allclose(r / 1e3, expected, rtol=1e-6)


@pytest.mark.kernel
def test_minor_loop_returns_through_the_reference_points():
    offset = vo2.loop_offset(330.0, 338.0, -naive.WIDTH, naive.GAMMA)
    assert_allclose(offset, -0.9032148, rtol=1e-6)
    again = naive.WIDTH + offset
    assert_allclose(again, 6.2903558, rtol=1e-6)
    at_334 = vo2.loop_offset(334.0, 330.0, again, naive.GAMMA)
    r = vo2.resistance(
        334.0, 1, at_334, naive.R_0, naive.R_M, naive.T_C, naive.E_A, naive.WIDTH, naive.BETA
    )
    assert_allclose(r / 1e3, 16.514632, rtol=1e-6)


@pytest.mark.kernel
def test_resistance_along_a_path_has_the_reference_values_on_both_branches_and_a_minor_loop():
    path = [325.0, 330.0, 335.0, 338.0, 330.0, 334.0]
    expected = [51843.351, 39543.388, 22329.628, 9718.531, 21730.221, 16514.632]
    assert_allclose(devices.film_resistance("vo2_neuristor", path), expected, rtol=1e-7)
    there_and_back = devices.film_resistance(devices.VO2Neuristor(), [325.0, 400.0, 335.0, 330.0])
    assert_allclose(there_and_back[2:], [2881.122, 17243.359], rtol=1e-6)


@pytest.mark.parametrize(
    ("temperature", "message"),
    [
        (330.0, r"shape \(\); expected \(n_steps,\)"),
        ([], r"shape \(0,\)"),
        ([330.0, np.nan], "holds nan K at step 1"),
        ([57.0, 30.0, -3.0], r"holds -3.0 K at step 2"),
    ],
)
def test_a_path_that_no_film_can_take_is_refused(temperature, message):
    with pytest.raises(ValueError, match=message):
        devices.film_resistance("vo2_neuristor", temperature)


def test_loop_offset_equals_the_published_tanh_form():
    for t, t_r, t_pr in np.random.default_rng(0).uniform([320, 320, 0.5], [360, 330, 8], (50, 3)):
        expected = naive.proximity(max(t, t_r), t_r, t_pr)
        got = vo2.loop_offset(max(t, t_r), t_r, t_pr, naive.GAMMA)
        assert_allclose(got, expected, rtol=1e-7, atol=1e-9)


def test_coupled_pair_with_equal_input_moves_as_one():
    X = np.full((40, 1), 0.3)
    kwargs = {"n_nodes": 4, "wiring": "one_to_one", "random_state": 0}
    alone = VO2Reservoir(regime="oscillating", **kwargs).fit_transform(X)
    coupled = VO2Reservoir(regime="oscillating", thermal_coupling=0.02, **kwargs).fit_transform(X)
    # equal temperatures exchange no heat, and the fraction 1 - 4 kappa is lost to the surroundings
    assert_array_equal(coupled[:, 0], coupled[:, 3])
    assert np.abs(coupled - alone).max() > 1e-3


def test_heat_from_a_hot_neighbour_makes_a_node_fire_earlier():
    X = np.zeros((30, 2))
    X[:, 1] = 2.0
    kwargs = {"n_nodes": 2, "wiring": "one_to_one", "observable": "temperature", "random_state": 0}
    alone = VO2Reservoir(regime="oscillating", **kwargs).fit_transform(X)
    coupled = VO2Reservoir(regime="oscillating", thermal_coupling=0.02, **kwargs).fit_transform(X)
    first = [np.flatnonzero(run[:, 0] > 340)[0] for run in (alone, coupled)]
    assert first[1] <= first[0]
    assert coupled[:, 0].max() > 340


def test_noise_has_the_requested_strength_for_any_step():
    X = np.zeros((1, 1))
    spreads = []
    for dt in (1e-8, 2e-9):
        node = VO2Reservoir(
            400,
            regime="oscillating",
            dt_device=1e-7,
            dt_inner=dt,
            temperature_noise=300.0,
            random_state=0,
        ).fit(X)
        state, _ = node.advance(node.start(), X[np.newaxis])
        spreads.append(state.values[0, 1].std())
    tau, t = 49.62776831e-12 / 0.20558726e-3, 1e-7  # heat loss balances the noise
    expected = 300.0 * np.sqrt(tau / 2 * (1 - np.exp(-2 * t / tau)))
    assert_allclose(spreads, expected, rtol=0.1)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"v_bias": 9.0}, r"v_bias=9.0 V lies outside 10.005 to 15.495 V"),
        ({"dt_inner": 1e-7}, r"dt_inner=1e-07 s must be .* above 0 and at most .*, for a film"),
        ({"device": "vo2_neuristr"}, r"did you mean 'vo2_neuristor'"),
        ({"observable": "curent"}, r"did you mean 'current'"),
        ({"thermal_coupling": 0.5}, r"thermal_coupling=0.5 must be .* at most 0.2"),
        ({"spread": {"r_lod": 0.1}}, r"spread has no constant 'r_lod'"),
        ({"n_nodes": 0}, r"n_nodes=0 must be a whole number"),
        ({"dtype": "float16"}, r"dtype='float16'"),
        (
            {"dtype": "float32", "dt_inner": 2e-9},
            "dtype='float32' loses by rounding .* 2e-09 s adds: .* at least 2.34e-09 s",
        ),
        (
            {"dtype": "float32", "device": devices.VO2Neuristor(beta=2.0), "regime": None},
            r"beta \* width=14.4 may be 6.9",
        ),
    ],
)
def test_impossible_parameters_are_refused_with_the_way_out(parameters, message):
    with pytest.raises(ValueError, match=message):
        VO2Reservoir(**{"regime": "oscillating"} | parameters).fit(np.zeros((5, 1)))


def test_unscaled_drive_is_clipped_with_a_warning_and_stays_finite():
    X = np.linspace(-1e6, 1e6, 50).reshape(-1, 1)
    with pytest.warns(UserWarning, match="outside 0 to 25 V"):
        states = VO2Reservoir(8, regime="oscillating", random_state=0).fit_transform(X)
    assert np.isfinite(states).all()


def test_float32_has_the_noise_of_float64_and_may_be_set_afterwards():
    X = np.zeros((1, 1))
    film = VO2Reservoir(70, dt_device=1e-7, temperature_noise=300.0, random_state=0).fit(X)
    warmer = []
    for dtype, zero in (("float64", 295.0), ("float32", 0.0)):
        film.set_params(dtype=dtype)
        state, _ = film.advance(film.start(), X[np.newaxis])
        assert state.values.dtype == dtype
        warmer.append(state.values[0, 1] - zero)
    assert warmer[0].std() > 0.05
    assert_allclose(warmer[1], warmer[0], atol=1e-4)


def fitted_film(**options):
    drive = np.random.default_rng(0).uniform(-1, 1, (10, 2))
    film = VO2Reservoir(70, regime="oscillating", v_bias=11.0, random_state=0, **options)
    return film.fit(drive), drive


def test_the_transition_varies_only_if_it_is_named():
    plain, drive = fitted_film(spread=0.05)
    assert not {"t_c", "width", "beta"} & set(plain.devices_)
    named, _ = fitted_film(spread={"t_c": 0.003, "width": ("normal", 0.1), "beta": 0.1})
    assert 0.5 < named.devices_["t_c"].std() < 1.5  # K
    assert named.devices_["width"].std() / named.devices_["width"].mean() == pytest.approx(
        0.1, rel=0.3
    )
    assert (named.devices_["r_0"] == devices.VO2Neuristor().r_0).all()
    assert not np.array_equal(named.transform(drive), fitted_film()[0].transform(drive))


@pytest.mark.parametrize("name", ["t_c", "width", "beta"])
def test_a_node_with_its_own_transition_is_a_film_with_that_constant(name):
    film, drive = fitted_film(spread={name: 0.001})
    states = film.transform(drive)
    for node in (0, 69):
        device = devices.VO2Neuristor(**{name: float(film.devices_[name][node])})
        alone, _ = fitted_film(device=device)
        np.testing.assert_allclose(alone.transform(drive)[:, node], states[:, node], rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("observable", ["voltage", "current", "temperature", "spikes"])
@pytest.mark.parametrize(("n_nodes", "n_recordings"), [(3, 200), (100, 7), (100, 2), (41, 30)])
def test_recordings_side_by_side_have_the_bytes_of_each_alone(
    dtype, observable, n_nodes, n_recordings
):
    drive = np.random.default_rng(n_nodes).normal(size=(n_recordings, 4, 2))
    reservoir = VO2Reservoir(
        n_nodes, regime="excitable", observable=observable, dtype=dtype, random_state=0
    ).fit(drive)
    together = reservoir.transform(drive)
    alone = np.concatenate([reservoir.transform(one[np.newaxis]) for one in drive])
    assert np.ptp(together) > 0
    np.testing.assert_array_equal(together, alone)
    state, first = reservoir.advance(reservoir.start(n_recordings), drive[:, :3])
    _, rest = reservoir.advance(state, drive[:, 3:])
    np.testing.assert_array_equal(np.concatenate([first, rest], axis=1), together)
