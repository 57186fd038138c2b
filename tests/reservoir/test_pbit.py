"""Probabilistic bits: P(V), and an invertible AND gate against Boltzmann's distribution."""

from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mottle.reservoir import devices

WEIGHTS = np.array([[0.0, -1.0, 2.0], [-1.0, 0.0, 2.0], [2.0, 2.0, 0.0]])
BIAS = np.array([1.0, 1.0, -2.0])
STATES = np.array(list(product((-1, 1), repeat=3)))


@pytest.fixture(scope="module")
def pbit():
    return devices.calibrate_pbit(n_devices=1000)


def test_switching_is_a_sigmoid_of_the_voltage(pbit):
    # of 60 published-style devices 0, 11, 35, 59, 60 switched at 0.4, 0.6, 0.8, 1.0, 1.2 V
    at = np.interp([0.4, 0.6, 0.8, 1.0, 1.2], pbit.voltage, pbit.probability)
    reference = np.array([0, 11, 35, 59, 60]) / 60
    assert (np.abs(at - reference) < 3 * np.sqrt(0.25 / 60 + 1e-3)).all()
    assert (np.diff(pbit.probability) > -0.03).all()
    assert pbit.probability[0] == 0
    assert pbit.probability[-1] == 1
    assert (np.diff(pbit.logit) > 0).all()


def test_a_single_bit_follows_its_field(pbit):
    for field in (-0.8, 0.0, 0.5):
        samples = devices.sample_pbits([[0.0]], [field], n_sweeps=3000, pbit=pbit)
        p = 1 / (1 + np.exp(-2 * field))
        assert_allclose((samples == 1).mean(), p, atol=0.05)


@pytest.mark.parametrize("clamp", [
    None, {2: 1}, *(pytest.param(one, marks=pytest.mark.slow)
                    for one in ({2: -1}, {0: 1, 1: 1}, {0: 1, 1: -1})),
])  # fmt: skip
def test_and_gate_runs_forwards_and_backwards_with_boltzmann_probabilities(pbit, clamp):
    samples = devices.sample_pbits(
        WEIGHTS, BIAS, beta=0.5, n_sweeps=6000, clamp=clamp, pbit=pbit, random_state=1
    )
    energy = -(np.einsum("si,ij,sj->s", STATES, WEIGHTS, STATES) / 2 + STATES @ BIAS)
    allowed = [all(s[k] == m for k, m in (clamp or {}).items()) for s in STATES]
    expected = np.exp(-0.5 * energy) * allowed
    expected /= expected.sum()
    got = [(samples == s).all(axis=1).mean() for s in STATES]
    assert 0.5 * np.abs(got - expected).sum() < 0.06
    assert_allclose(got, expected, atol=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: devices.calibrate_pbit(voltage=[1.0, 0.5]), "must be a rising sequence"),
        (lambda: devices.calibrate_pbit("ag_fast"), "device='ag_fast' is not known"),
        (lambda: devices.calibrate_pbit(duration=0.0), "duration=0.0 s must be .* above 0"),
        (lambda: devices.sample_pbits([[1.0]], [0.0]), "0 on the diagonal"),
        (lambda: devices.sample_pbits([[0.0]], [0.0], clamp={1: 1}), "must map bits 0 to 0"),
        (lambda: devices.sample_pbits([[0.0]], [0.0], clamp={0: 2}), "must map bits 0 to 0"),
    ],
)
def test_impossible_bits_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
