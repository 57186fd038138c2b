"""Altered copies of training recordings, and a search inside fit: from training recordings only."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline

from mottle.datasets import make_table
from mottle.pipelines import AugmentedModel, SensorClassifier, SensorRegressor
from mottle.pipelines.rules import variants_of
from mottle.pipelines.sensor_models import as_table, folds_of
from mottle.reservoir import EchoStateReservoir, LiveRun, RidgeReadout
from mottle.sensors import EVENT_DTYPE, EventRate, ReverseTime, TaxelDrive

RNG = np.random.default_rng(0)
LABELS = np.arange(16) % 2
WAVES = [np.sin((0.3 + 0.2 * k) * np.arange(40.0) + RNG.uniform(0, 6))[:, np.newaxis]
         for k in LABELS]  # fmt: skip
EVENTS = np.zeros(30, EVENT_DTYPE)
EVENTS["t"], EVENTS["x"], EVENTS["y"] = np.arange(30) * 100, np.arange(30) % 6, np.arange(30) % 5


class Remembers(RidgeReadout):
    """Keeps what it was fitted to."""

    def fit(self, X, y):
        self.given_, self.target_ = list(X), np.asarray(y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


def copies_of(streams, **options):
    model = AugmentedModel(Remembers(), random_state=0, **options)
    fitted = model.fit(streams, np.arange(len(streams)))
    return fitted.model_


def test_originals_come_first_and_copies_have_their_targets():
    found = copies_of(WAVES, copies=2, jitter=0.1)
    assert len(found.given_) == 48
    assert found.target_.tolist() == list(range(16)) * 3
    for k in range(16):
        assert found.given_[k] is WAVES[k]
        noise = (found.given_[16 + k] - WAVES[k]) / np.std(np.concatenate(WAVES))
        assert 0.05 < noise.std() < 0.15


def test_rows_are_shifted_and_the_ends_held():
    rows = np.arange(20.0)[:, np.newaxis]
    found = copies_of([rows] * 60, shift=3).given_[60:]
    shifts = [int(one[10, 0] - rows[10, 0]) for one in found]
    assert set(shifts) == set(range(-3, 4))
    for one, by in zip(found, shifts, strict=True):
        np.testing.assert_array_equal(one[:, 0], np.clip(np.arange(20) + by, 0, 19))


def test_channels_drop_out_to_their_mean():
    rows = RNG.normal(size=(30, 200))
    one = copies_of([rows] * 2, dropout=0.25).given_[2]
    still = (one == one[:1]).all(axis=0)
    assert 0.15 < still.mean() < 0.35
    np.testing.assert_allclose(one[0, still], rows[:, still].mean(axis=0))
    np.testing.assert_array_equal(one[:, ~still], rows[:, ~still])


def test_events_are_shifted_within_the_sensor_thinned_and_in_order():
    found = copies_of([EVENTS] * 40, shift=2, jitter=2e-4, dropout=0.5).given_[40:]
    for one in found:
        assert one["x"].min() >= 0
        assert one["x"].max() <= 5
        assert (np.diff(one["t"]) >= 0).all()
    assert 0.2 < np.mean([len(one) for one in found]) / 30 < 0.5
    assert EVENTS["x"].max() == 5  # the originals are as they were


def test_windows_keep_their_opening_and_labels():
    wave = xr.DataArray(
        RNG.normal(size=(40, 2)), dims=("time", "channel"),
        coords={"time": 0.1 * np.arange(40), "channel": ["a", "b"]},
    )  # fmt: skip
    found = copies_of([wave] * 2, shift=2).given_[2]
    assert found.coords.equals(wave.coords)
    assert found.dims == wave.dims


def test_noise_belongs_to_channels_by_name():
    levels = pd.Series({"x": 1.0, "y": 100.0, "z": 1e4})
    frames = [pd.DataFrame(RNG.normal(size=(200, 3)), columns=list(levels.index)) * levels
              for _ in range(12)]  # fmt: skip
    turned = [frame[["z", "x", "y"]] if k % 2 else frame for k, frame in enumerate(frames)]
    given = copies_of(turned, jitter=0.1).given_
    noise = np.stack([np.asarray(copy.sel(channel=levels.index) - frame)
                      for frame, copy in zip(frames, given[12:], strict=True)])  # fmt: skip
    assert_allclose(noise.std(axis=(0, 1)), 0.1 * levels, rtol=0.1)


def test_a_sense_that_is_absent_everywhere_is_named():
    with pytest.raises(ValueError, match="sense 'b' is absent in every recording"):
        AugmentedModel(SensorClassifier(), shift=2).fit({"a": WAVES, "b": [None] * 16}, LABELS)


def test_only_training_recordings_are_copied(monkeypatch):
    seen = []
    real = AugmentedModel._alter
    monkeypatch.setattr(
        AugmentedModel, "_alter",
        lambda self, cells, *rest: (seen.append(len(cells)), real(self, cells, *rest))[1],
    )  # fmt: skip
    readout = make_pipeline(
        TaxelDrive(None, baseline="training"),
        EchoStateReservoir(10, pool="mean", random_state=0), RidgeReadout(),
    )  # fmt: skip
    model = AugmentedModel(readout, shift=3, random_state=0)
    scores = cross_val_score(model, np.stack(WAVES), LABELS, cv=4)
    assert seen == [12] * 4
    assert scores.mean() > 0.6


def test_a_recording_and_its_copies_stay_together_where_a_penalty_is_chosen():
    noise = [np.random.default_rng(k).normal(size=(30, 2)) for k in range(40)]
    labels = np.random.default_rng(9).permutation(np.arange(40) % 2)
    plain = SensorClassifier("echo", size=60, search=2, random_state=0)
    copied = AugmentedModel(plain, jitter=0.01, random_state=0).fit(noise, labels).model_
    assert max(copied.search_["score"]) < 0.65
    fused = copied.pipeline_[-1].readout_
    assert fused.alpha_ >= 100 * RidgeReadout().fit(
        copied.pipeline_[:-1].transform(as_table(noise + noise)), np.tile(labels, 2)
    ).alpha_  # fmt: skip


@pytest.mark.parametrize("wrap", [lambda model: model, lambda model: make_pipeline(model)])
def test_searches_that_part_copies_are_refused_with_the_way_out(wrap):
    for model in (GridSearchCV(RidgeReadout(), {"task": ["auto"]}), RidgeClassifierCV()):
        with pytest.raises(ValueError, match=r"CV chooses its settings .* inside the search"):
            AugmentedModel(wrap(model), shift=1).fit(WAVES, LABELS)


def test_several_senses_are_altered_each():
    table = make_table(touch=WAVES, vision=[EVENTS] * 16)
    model = AugmentedModel(
        SensorClassifier(size=60, random_state=0), jitter=0.01, random_state=0
    ).fit(table, LABELS)
    assert model.n_recordings_ == 32
    assert model.predict_proba(table).shape == (16, 2)


@pytest.mark.parametrize(("options", "text"), [
    ({}, "alter nothing"), ({"shift": -1}, "shift"), ({"dropout": 1.0}, "dropout"),
    ({"copies": 0, "shift": 1}, "copies"), ({"jitter": -0.1}, "jitter"),
])  # fmt: skip
def test_alterations_out_of_range_are_named(options, text):
    with pytest.raises(ValueError, match=text):
        AugmentedModel(RidgeReadout(), **options).fit(WAVES, LABELS)


def test_a_search_is_reproducible_and_takes_the_best_setting():
    model = SensorClassifier("echo", size=60, search=3, random_state=0).fit(WAVES, LABELS)
    again = SensorClassifier("echo", size=60, search=3, random_state=0).fit(WAVES, LABELS)
    assert model.search_["setting"][0] == "by the rules"
    assert len(model.search_["setting"]) == 3
    assert model.search_["score"] == again.search_["score"]
    best = model.search_["setting"][int(np.argmax(model.search_["score"]))]
    assert model.choices_["stream"][-1] == f"searched: {best}, of 3 settings"
    np.testing.assert_array_equal(model.predict_proba(WAVES), again.predict_proba(WAVES))
    assert not hasattr(SensorRegressor(size=60).fit(WAVES, LABELS * 1.0), "search_")


def test_folds_of_a_search_keep_groups_together():
    groups = np.repeat(np.arange(8), 2)
    for train, test in folds_of(LABELS, groups):
        assert not set(groups[train]) & set(groups[test])
    with pytest.raises(ValueError, match="two recordings of each class"):
        folds_of(np.array(["a", "b", "b"]), None)


def test_variants_differ_from_the_rules_and_can_be_built():
    encoder = {"kind": "EventRate", "n_steps": 24}
    own = {"kind": "MemristorReservoir", "wiring": "dilated", "n_nodes": 9, "tau": [0.01, 1.0],
           "pool": ["mean"], "fan_in": "none"}  # fmt: skip
    found = variants_of(encoder, own)
    assert len({words for words, *_ in found}) == len(found) >= 5
    assert all((one, other) != (encoder, own) for _, one, other in found)


def test_both_directions_stand_side_by_side_and_are_refused_live():
    drives = RNG.uniform(-1, 1, (6, 12, 3))
    forward = EchoStateReservoir(5, pool="last", random_state=0)
    backward = make_pipeline(ReverseTime(), EchoStateReservoir(5, pool="last", random_state=0))
    both = FeatureUnion([("forward", forward), ("backward", backward)]).fit(drives)
    expected = [forward.fit_transform(drives), forward.transform(drives[:, ::-1])]
    np.testing.assert_array_equal(both.transform(drives), np.hstack(expected))
    ragged = [drives[0], drives[1, :7]]
    np.testing.assert_array_equal(ReverseTime().fit(ragged).transform(ragged)[1], ragged[1][::-1])
    with pytest.raises(ValueError, match="ReverseTime begins at the end of a recording"):
        LiveRun(both)


def test_counts_are_compressed_by_anscombe():
    events = np.zeros(10, EVENT_DTYPE)
    events["t"] = np.arange(10)
    drive = EventRate(1, sensor_size=(1, 1), duration=1e-5, compress="anscombe", scale=None,
                      polarity="sum", cell=1).fit_transform(events)  # fmt: skip
    assert drive[0, 0] == pytest.approx(2 * np.sqrt(10.375) - 2 * np.sqrt(0.375))
