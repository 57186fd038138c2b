"""The scene obeys its own physics, sense by sense."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

from mottle.datasets import make_scene
from mottle.datasets.generated import scene
from mottle.sensors import check_events


@pytest.fixture(scope="module")
def quiet():
    return make_scene(12, noise=0.0, random_state=3)


def test_every_pixel_counts_its_contrast_up_and_down(quiet):
    for row, events in enumerate(quiet.table["sight"]):
        assert check_events(events, "scene") is not None
        assert (np.diff(events["t"]) >= 0).all()
        shape = quiet.table.attrs["truth"]["shape"][row]
        on = np.zeros((34, 34), dtype=int)
        off = np.zeros((34, 34), dtype=int)
        np.add.at(on, (events["y"], events["x"]), events["p"] == 1)
        np.add.at(off, (events["y"], events["x"]), events["p"] == 0)
        middle = on[17]  # crossed whole: floor(1.2 / 0.2) up; a level once reached is kept, so
        assert set(middle.tolist()) <= {5, 6}, shape  # down as many, or one less for rounding
        assert np.abs(on - off).max() <= 1
        first = events["t"][events["p"] == 1].min() * 1e-6
        assert first > quiet.table.attrs["truth"]["crosses"][row]


def test_a_pixel_gives_events_where_a_naive_one_does(quiet):
    kind, facts = scene.KINDS[0], {"speed": 0.05, "angle": 0.0, "crosses": 0.0}
    events = scene.camera_events(kind, facts, (34, 34), 12.0, 0.23, 0.0, np.random.default_rng(0))
    pixel, row, column = 40e-3 / 34, 16, 9
    far = 4 * kind.radius + 2 * pixel
    reference, times = 0.0, []
    for t in np.arange(0, 1.6, 1e-6 * 20):  # twenty microseconds: finer than the frames
        at = t * 0.05 - far
        x, y = (column + 0.5) * pixel - at, (row + 0.5 - 17) * pixel
        level = 1.2 * min(max(0.5 + 0.5 * (kind.radius - np.hypot(x, y)) / pixel, 0), 1)
        while abs(level - reference) >= 0.23:
            reference += 0.23 * np.sign(level - reference)
            times.append(t)
    mine = events["t"][(events["x"] == column) & (events["y"] == row)] * 1e-6
    assert len(mine) == len(times) == 10
    assert_allclose(mine, times, atol=scene.FRAME_S)  # its edges bend within a frame


def test_noise_events_come_at_their_rate():
    loud = make_scene(6, noise=10.0, sensor_size=(64, 48), random_state=0)
    late = [np.sum(e["t"] > 8e6) for e in loud.table["sight"]]
    expected = 1.0 * 64 * 48 * 4
    assert np.mean(late) == pytest.approx(expected, rel=5 / np.sqrt(6 * expected))


def test_the_force_on_a_ball_follows_the_elastic_bed(monkeypatch):
    monkeypatch.setattr(scene, "N_TAXELS", 400)
    monkeypatch.setattr(scene, "PITCH_M", 0.05e-3)
    kind = scene.KINDS[0]
    depth = np.array([0.5, 1.0, 2.0])
    force = scene.indent(kind, depth).sum(axis=1) * (0.05e-3) ** 2 * 1e3  # kPa m^2 to N
    stiffness = kind.stiffness * 1e6  # Pa/m
    assert_allclose(force, np.pi * stiffness * kind.radius * (depth * 1e-3) ** 2, rtol=1e-3)


def test_the_pressure_is_stiffness_times_depth(quiet):
    truth = quiet.table.attrs["truth"]
    for row, cell in enumerate(quiet.table["touch"]):
        peak = truth["stiffness"][row] * truth["depth"][row]
        if truth["shape"][row] == "ball":  # the four taxels in the middle are 1.4 mm off
            peak -= truth["stiffness"][row] * 2 / (2 * 8.0)
        assert float(cell.max()) == pytest.approx(peak, abs=scene.COUNT_KPA)
        assert cell.attrs["units"] == "kPa"
        before = cell.sel(time=slice(0, truth["pressed"][row]))
        assert not before.any()


def test_the_nose_follows_its_equations(quiet):
    truth, row = quiet.table.attrs["truth"], 1
    begin, level, odour = (truth[k][row] for k in ("smelt", "level", "odour"))

    def flow(t, y):
        inlet = level if begin <= t < begin + 3 else 0.0
        return [(inlet - y[0]) / 0.5, (y[0] - y[1]) / (1.0 if y[0] > y[1] else 4.0)]

    time = quiet.table["smell"].iloc[row]["time"].to_numpy()
    s = solve_ivp(flow, (0, 12), [0, 0], t_eval=time, max_step=0.005).y[1]
    expected = scene.CLEAN_OHM * (1 + scene.AFFINITY[:, odour] * s[:, None]) ** -scene.BETA
    assert_allclose(quiet.table["smell"].iloc[row], expected, rtol=3e-3)


def test_no_single_sense_distinguishes_all_kinds_and_a_seed_fixes_everything():
    kinds = scene.KINDS
    for part in (lambda k: k.shape, lambda k: k.stiffness, lambda k: k.odour):
        assert len({part(kind) for kind in kinds}) < len(kinds)
    assert len({(k.shape, k.odour) for k in kinds}) == len(kinds)
    short, long = make_scene(4, random_state=1), make_scene(7, random_state=1)
    other = make_scene(4, random_state=2)
    for row in range(4):
        assert_array_equal(short.table["sight"].iloc[row], long.table["sight"].iloc[row])
        for sense in ("touch", "smell"):
            a, b, c = (r.table[sense].iloc[row].to_numpy() for r in (short, long, other))
            assert a.tobytes() == b.tobytes() != c.tobytes()
    assert long.groups.tolist() == [0] * 6 + [1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_recordings": 0}, "n_recordings=0"), ({"n_sessions": 0}, "n_sessions=0"),
        ({"sensor_size": (2, 9)}, "width=2 must be a whole number, at least 4"),
        ({"sensor_size": 34}, "pixels"), ({"duration": 3.0}, "3.0 s must be .* at least 8"),
        ({"noise": float("nan")}, "noise=nan"), ({"n_sessions": True}, "n_sessions=True"),
        ({"threshold": 2.0}, "below 1.2, the object's contrast"), ({"noise": -1.0}, "noise=-1"),
    ],
)  # fmt: skip
def test_impossible_scenes_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        make_scene(**options)
