"""The generated grasp obeys friction and elasticity, and says when what happened."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mottle.datasets import make_grasp

AREA = 3e-3**2  # m^2, of a taxel


@pytest.fixture(scope="module")
def grasps():
    return make_grasp(8, slips=1.0, noise=0.0, random_state=3).table


def steps_of(table):
    return [steps.to_numpy().T for steps in table.attrs["truth"]["steps"]]


def test_friction_holds_up_to_its_limit_and_four_fifths_of_it_while_slipping(grasps):
    for (contact, slip, normal, tangential, speed), friction in zip(
        steps_of(grasps), grasps.attrs["truth"]["friction"], strict=True
    ):
        sliding = slip == 1
        assert 0.03 < sliding.mean() < 0.2  # it began, and the grip ended it
        assert_allclose(tangential[sliding], 0.8 * friction * normal[sliding])
        assert (tangential[~sliding] <= friction * normal[~sliding] + 1e-9).all()
        assert_array_equal(speed > 0, sliding)
        assert_array_equal(normal > 0, contact == 1)


def test_a_slip_speeds_up_by_the_force_that_friction_does_not_hold(grasps):
    truth = grasps.attrs["truth"]
    for (_, slip, normal, _, speed), mass, friction in zip(
        steps_of(grasps), truth["mass"], truth["friction"], strict=True
    ):
        first = int(np.argmax(slip))
        net = mass * np.diff(speed[first : first + 30]) * 1000  # N
        drag = 0.8 * friction * normal[first + 1 : first + 30]
        weight = mass * 9.81 / 2
        assert (net + drag > weight).all()
        assert (net + drag <= 3.0 * weight + 1e-9).all()  # the strongest pull


def test_the_skin_carries_the_normal_force_and_is_moved_by_the_tangential_one(grasps):
    at = (np.arange(4) - 1.5) * 3e-3
    for (_, _, normal, tangential, _), skin in zip(steps_of(grasps), grasps["skin"], strict=True):
        pressure = 1e3 * skin.to_numpy().reshape(-1, 4, 4)
        force = AREA * pressure.sum(axis=(1, 2))
        held = normal > 0.5 * normal.max()
        still = held & (tangential == 0)  # under a shear soft contacts reach over the edge
        assert_allclose(force[still], normal[still], rtol=0.2)
        place = (pressure.sum(axis=2) @ at)[held] / pressure.sum(axis=(1, 2))[held]
        assert np.corrcoef(place, tangential[held])[0, 1] > 0.9
        assert not force[normal == 0].any()


def test_times_are_those_of_the_steps_and_slips_can_be_left_out(grasps):
    truth = grasps.attrs["truth"]
    for k, (contact, slip, *_) in enumerate(steps_of(grasps)):
        assert truth["slip"][k] == pytest.approx(np.argmax(slip) / 1000)
        assert np.argmax(contact) / 1000 == pytest.approx(truth["touch"][k], abs=2e-3)
        assert truth["pull"][k] < truth["slip"][k] < truth["pull"][k] + 0.1
    safe = make_grasp(3, slips=0.0, random_state=3).table.attrs["truth"]
    assert np.isnan(safe["slip"]).all()


def test_more_grasps_leave_the_first_ones_as_they_are(grasps):
    few = make_grasp(2, slips=1.0, noise=0.0, random_state=3)
    for sense in ("skin", "vibration"):
        assert_array_equal(few.table[sense].iloc[1], grasps[sense].iloc[1])
    assert few.target.tolist() == ["material 1", "material 2"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"duration": 2.0}, "duration=2.0 s"),
        ({"slips": 1.5}, "slips=1.5"),
        ({"n_materials": 0}, "n_materials=0"),
        ({"noise": -1.0}, "noise=-1.0"),
    ],
)
def test_impossible_grasps_are_refused(options, text):
    with pytest.raises(ValueError, match=text):
        make_grasp(**options)
