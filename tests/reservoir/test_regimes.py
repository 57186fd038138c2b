"""Regimes: computed windows, defaults that forget and remember, pulses, fed-back states."""

import numpy as np
import pytest

from mottle.reservoir import (
    EchoStateReservoir,
    MemristorReservoir,
    OscillatorReservoir,
    SpikingReservoir,
    VO2Reservoir,
    devices,
    quality,
)
from mottle.reservoir.nodes.vo2.device import VO2Neuristor, longest_step

U = np.random.default_rng(2).uniform(-1, 1, (200, 1))
# steps within which the worst of six pairs of pasts stays within 1e-6 of chance, and memory
# capacity over lags 1 to 40 with 0.1 % read noise
DEMANDS = {
    "VO2": (VO2Reservoir(50), 300, 6.0),
    "VO2 pulsed": (VO2Reservoir(50, regime="pulsed"), 100, 2.5),
    "oscillator": (OscillatorReservoir(50), 200, 6.0),
    "oscillator pulsed": (OscillatorReservoir(50, regime="pulsed"), 100, 3.0),
    "oscillator recurrent": (OscillatorReservoir(50, regime="recurrent"), 200, 10.0),
    "spiking": (SpikingReservoir(50), 1000, 1.0),
    "echo state": (EchoStateReservoir(50), 300, 6.0),
    "WOx": (MemristorReservoir(50), 1000, 3.5),
    "TiOx": (MemristorReservoir(50, device="tiox_zhong2021"), 1000, 2.5),
}


EVERY_RUN = ("VO2", "oscillator", "spiking")  # the others with `make test-all`


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in EVERY_RUN else pytest.mark.slow) for name in DEMANDS],
)
def test_reservoirs_forget_and_remember(name):
    reservoir, steps, memory = DEMANDS[name]
    options = {"n_seeds": 3, "baselines": False}
    forgot = quality.measure(reservoir, "forgetting", n_steps=1100, **options)
    assert (forgot.steps_to.sel(level=1e-6) <= steps).all()
    held = quality.measure(reservoir, n_steps=3000, read_noise=1e-3, **options)
    assert float(held.memory_capacity.median()) >= memory


@pytest.mark.parametrize("kind", [VO2Reservoir, OscillatorReservoir])
def test_a_free_oscillator_does_not_forget(kind):
    reservoir = kind(20, regime="oscillating", observable="voltage")
    found = quality.measure(reservoir, "forgetting", n_steps=600, n_seeds=2, baselines=False)
    assert np.isnan(found.steps_to).all()
    assert float(found.left.min()) > 0.05


def changed(seed):
    rng = np.random.default_rng(seed)
    names = ("r_0", "r_metallic", "capacitance", "c_th", "s_th", "r_load")
    nominal = VO2Neuristor()
    factors = {name: getattr(nominal, name) * np.exp(0.15 * rng.normal()) for name in names}
    return nominal._replace(t_0=325 + rng.uniform(-8, 1), **factors)


@pytest.mark.filterwarnings("ignore:voltage=")
@pytest.mark.parametrize("seed", range(3))
def test_windows_of_any_constants_agree_with_simulations(seed):
    device = changed(seed)
    low, high = device.window
    length = 240 * max(device.time_scale, device.c_th / device.s_th)

    def fires(volts):
        dt = length / np.ceil(length / (longest_step(device) / 6))
        run = devices.simulate(device, volts, dt, duration=length)
        return (run.spike_time > length / 2).sum() > 1

    if np.isnan(low):
        assert not any(fires(volts) for volts in np.linspace(2, 25, 24))
        return
    assert fires(low + 0.05)
    assert not fires(low - 0.05)
    assert fires(high - 0.05)
    assert high == 25 or not fires(high + 0.05)


def test_the_window_follows_the_constants():
    nominal = VO2Neuristor()
    np.testing.assert_allclose(nominal.window, (10.005, 15.496), atol=3e-3)
    assert nominal._replace(r_load=18e3).window[1] > 17
    VO2Reservoir(3, regime="oscillating", device=nominal._replace(r_load=18e3), v_bias=17.0).fit(U)
    with pytest.raises(ValueError, match=r"v_bias=13.0 V lies outside 16.39"):
        VO2Reservoir(3, regime="oscillating", ambient=310.0, v_bias=13.0).fit(U)


@pytest.mark.filterwarnings("ignore:.*of the nodes do not oscillate")
def test_dead_nodes_are_counted():
    apart = VO2Reservoir(60, regime="oscillating", spread=0.2, random_state=0).fit(U)
    fractions = apart.regime_of_nodes()["fractions"]
    assert 0.05 < 1 - fractions["oscillating"] < 0.5
    assert sum(fractions.values()) == pytest.approx(1)
    latched = OscillatorReservoir(9, regime=None, v_bias=22.0).fit(U).regime_of_nodes()
    assert latched["fractions"] == {"oscillating": 0.0, "latched": 1.0, "resting": 0.0}


def test_dead_nodes_are_warned_of_with_the_bias_that_would_help():
    with pytest.warns(
        UserWarning, match=r"% of the nodes do not oscillate at v_bias=14 .* with v_bias=1"
    ):
        VO2Reservoir(60, regime="oscillating", v_bias=14.0, spread=0.2, random_state=0).fit(U)
    with pytest.warns(UserWarning, match="100% of the nodes .* take a smaller spread or thermal"):
        VO2Reservoir(25, regime="oscillating", thermal_coupling=0.1).fit(U)
    with pytest.warns(UserWarning, match=r"nodes do not oscillate at v_bias=2.5 V .* with v_bias"):
        OscillatorReservoir(40, regime="oscillating", v_bias=2.5, spread=0.2).fit(U)


def test_constants_of_ones_own_are_not_replaced():
    own = VO2Neuristor(t_0=300.0)
    assert VO2Reservoir(3, device=own).fit(U).start().values[0, 1].tolist() == [300.0] * 3
    assert VO2Reservoir(3).fit(U).start().values[0, 1].tolist() == [295.0] * 3
    with pytest.raises(ValueError, match="take regime='oscillating'"):
        VO2Reservoir(3, device=VO2Neuristor()).fit(U)  # 12 V at 325 K oscillates


@pytest.mark.parametrize("device", ["vo2_pwl", "vo2_haptic", "ts_lif"])
@pytest.mark.parametrize("regime", ["relaxing", "excitable"])
def test_biases_follow_the_window_of_the_device(device, regime):
    p = OscillatorReservoir(20, device=device, regime=regime, random_state=0)
    found = p.fit(U).regime_of_nodes()
    assert 0.7 < found["v_bias"] / found["window"][0] < 0.95
    assert found["fractions"]["resting"] == 1.0


@pytest.mark.parametrize("device", ["vo2_neuristor", "vo2_neuristor_fast"])
@pytest.mark.parametrize("regime", ["relaxing", "excitable", "oscillating"])
def test_defaults_of_films_suit_their_regime(device, regime):
    fractions = VO2Reservoir(9, device=device, regime=regime).fit(U).regime_of_nodes()["fractions"]
    assert fractions["oscillating" if regime == "oscillating" else "resting"] == 1.0


VARIANTS = [
    VO2Reservoir(9, regime="pulsed", random_state=0),
    VO2Reservoir(9, v_gain=2.0, spectral_radius=0.5, temperature_noise=100.0, random_state=0),
    OscillatorReservoir(9, regime="recurrent", random_state=0),
    OscillatorReservoir(9, regime="pulsed", threshold_noise=0.02, random_state=0),
]


@pytest.mark.parametrize("reservoir", VARIANTS, ids=lambda p: f"{type(p).__name__}-{p.regime}")
def test_chunks_and_neighbours_give_the_same_bytes(reservoir):
    X = np.random.default_rng(0).uniform(-1, 1, (2, 40, 1))
    reservoir.fit(X)
    whole = reservoir.states(X, keys=[3, 4]).states.values
    state = reservoir.start(2, keys=[3, 4])
    parts = []
    for first, last in ((0, 1), (1, 17), (17, 40)):
        state, out = reservoir.advance(state, X[:, first:last])
        parts.append(out)
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)
    unequal = reservoir.transform([X[0], X[1, :23]])
    alone = reservoir.transform(X[1, :23])
    np.testing.assert_array_equal(unequal[1], alone)


def test_pulses_equal_a_drive_with_pauses():
    """A step of 4 us with 2 us at 0 V equals three steps of 2 us, the last at 0 V."""
    base = {"v_gain": 1.0, "random_state": 0, "regime": "pulsed", "spectral_radius": 0.0}
    pulsed = VO2Reservoir(6, dt_device=4e-6, t_off=2e-6, **base).fit(U)
    plain = VO2Reservoir(6, dt_device=2e-6, t_off=0.0, **base).fit(U)
    weights = pulsed.input_weights_.toarray()[:, 0]
    volts = 12.0 + np.outer(U[:20, 0], weights)
    fine = np.repeat(volts, 3, axis=0)
    fine[2::3] = 0.0
    direct = VO2Reservoir(
        6, dt_device=2e-6, t_off=0.0, wiring="one_to_one", **base | {"v_gain": 1.0}
    )
    direct.fit(np.zeros((2, 6)))
    signs = direct.input_weights_.toarray()
    states = direct.transform((fine - 12.0) @ np.linalg.inv(signs).T)
    expected = states.reshape(20, 3, 6)[:, :2].mean(axis=1)
    np.testing.assert_allclose(pulsed.transform(U[:20]), expected, rtol=1e-9)
    assert plain.transform(U[:20]).shape == (20, 6)


def test_fed_back_states_equal_a_loop():
    """Each step by hand: scaled states of the last step are added to the node voltages."""
    p = OscillatorReservoir(7, regime="recurrent", random_state=1).fit(U)
    states = p.transform(U[:30])
    mean, deviation = p.reference_
    still = OscillatorReservoir(
        7, regime="recurrent", spectral_radius=0.0, wiring="one_to_one", random_state=1
    ).fit(np.zeros((2, 7)))
    signs = still.input_weights_.toarray()
    back = np.zeros(7)
    state = still.start()
    for step in range(30):
        drive = p.input_weights_.toarray() @ U[step] + p.weights_ @ back
        state, out = still.advance(state, np.linalg.solve(signs, drive)[np.newaxis, np.newaxis])
        np.testing.assert_allclose(out[0, 0], states[step], rtol=1e-9)
        back = np.clip((out[0, 0] - mean) / deviation, -2, 2)


@pytest.mark.parametrize(
    ("reservoir", "message"),
    [
        (VO2Reservoir(3, regime="oscilating"), "oscillating"),
        (VO2Reservoir(3, regime="excitable", v_bias=12.0), "take regime='oscillating'"),
        (VO2Reservoir(3, v_bias=23.0), "lies within 21.5"),
        (VO2Reservoir(3, ambient=340.0), "ambient=340.0 K"),
        (VO2Reservoir(3, t_off=-1e-6), "t_off=-1e-06 s"),
        (VO2Reservoir(3, t_off=1.234567e-6), "no common part"),
        (VO2Reservoir(3, capacitance=(2e-12, 1e-12)), "capacitance="),
        (OscillatorReservoir(3, v_bias=5.0), "take regime='oscillating'"),
        (OscillatorReservoir(3, regime="recurrent", v_bias=1.0), "lies outside 2.388"),
    ],
)
def test_what_does_not_suit_the_regime_is_refused(reservoir, message):
    with pytest.raises(ValueError, match=message):
        reservoir.fit(U)
