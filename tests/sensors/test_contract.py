"""The contract of every encoder with scikit-learn and with the other rooms."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from mottle.sensors import (
    EVENT_DTYPE,
    EventLatency,
    EventRate,
    GasDrive,
    LevelCrossing,
    TaxelDrive,
    TimeMask,
    TimeSurface,
)
from mottle.sensors.files import read_events

ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time: another order is another recording",
    "check_methods_subset_invariance": "rows are time: a subset has another baseline",
}


def rows_are_time(estimator):
    return {} if isinstance(estimator, TimeMask) else ROWS_ARE_TIME


# with the sensor's own rows, as the checks want one output row for each input row
@pytest.mark.filterwarnings("ignore:Skipping check:sklearn.exceptions.SkipTestWarning")
@parametrize_with_checks(
    [TaxelDrive(), GasDrive(n_steps=None), LevelCrossing(), TimeMask(length=1, random_state=0)],
    expected_failed_checks=rows_are_time,
)
def test_scikit_learn_accepts_the_encoder(estimator, check):
    check(estimator)


def draw_sight(n=3):
    rng = np.random.default_rng(0)
    sight = []
    for _ in range(n):
        events = np.zeros(30, dtype=EVENT_DTYPE)
        events["t"] = np.sort(rng.integers(0, 1000, 30))
        events["x"], events["y"], events["p"] = rng.integers(0, 2, (3, 30))
        sight.append(events)
    return pd.Series(sight, name="sense")


def draw_samples(n=3):
    rng = np.random.default_rng(0)
    return pd.Series([rng.uniform(1, 9, (20 + i, 2)) for i in range(n)], name="sense")


EVERY = [
    (EventRate(5), draw_sight),
    (TimeSurface(5), draw_sight),
    (EventLatency(5), draw_sight),
    (TaxelDrive(5), draw_samples),
    (GasDrive(5), draw_samples),
    (LevelCrossing(5), draw_samples),
]
every_encoder = pytest.mark.parametrize(
    ("encoder", "draw"), EVERY, ids=[type(encoder).__name__ for encoder, _ in EVERY]
)


@every_encoder
def test_drives_of_a_table_are_three_dimensional_and_named(encoder, draw):
    X = draw()
    encoder = clone(encoder).fit(X)
    drive = encoder.transform(X)
    assert drive.dtype == np.float64
    assert drive.shape == (3, 5, encoder.n_features_out_)
    names = encoder.get_feature_names_out()
    assert len(set(names)) == len(names) == np.prod(encoder.input_shape_)


@every_encoder
def test_a_lone_stream_gives_the_drive_without_the_recording_axis(encoder, draw):
    X = draw()
    encoder = clone(encoder).fit(X)
    assert_array_equal(encoder.transform(X[0]), encoder.transform(X)[0])
    assert_array_equal(encoder.transform(X.to_frame()), encoder.transform(list(X)))


@every_encoder
def test_absent_recordings_are_nan_and_refused_in_fit(encoder, draw):
    X = draw()
    encoder = clone(encoder).fit(X)
    gappy = X.copy()
    gappy[1] = None
    drive = encoder.transform(gappy)
    assert np.isnan(drive[1]).all()
    assert_array_equal(drive[[0, 2]], encoder.transform(X)[[0, 2]])
    with pytest.raises(ValueError, match="recording 1 of 'sense' is absent"):
        clone(encoder).fit(gappy)


@every_encoder
def test_a_pipeline_is_cross_validated_on_a_column_of_streams(encoder, draw):
    flatten = FunctionTransformer(lambda drive: drive.reshape(len(drive), -1))
    if hasattr(encoder, "on_drop"):
        encoder = clone(encoder).set_params(on_drop="ignore", sensor_size=(2, 2))
    pipeline = make_pipeline(encoder, flatten, Ridge())
    scores = cross_val_score(pipeline, draw(6), np.arange(6.0), cv=3, error_score="raise")
    assert np.isfinite(scores).all()


@every_encoder
def test_pickled_encoders_give_the_same_bytes(encoder, draw):
    X = draw()
    encoder = clone(encoder).fit(X)
    again = pickle.loads(pickle.dumps(encoder))
    assert again.transform(X).tobytes() == encoder.transform(X).tobytes()


@every_encoder
def test_set_output_changes_nothing(encoder, draw):
    encoder = clone(encoder)
    assert encoder.set_output(transform="pandas") is encoder
    assert isinstance(encoder.fit_transform(draw()), np.ndarray)


@every_encoder
def test_misspelt_parameters_and_unfitted_use_are_refused(encoder, draw):
    with pytest.raises(ValueError, match="Invalid parameter 'n_step'"):
        clone(encoder).set_params(n_step=3)
    with pytest.raises(NotFittedError):
        clone(encoder).transform(draw())
    with pytest.raises(NotFittedError):
        clone(encoder).get_feature_names_out()


@every_encoder
def test_read_only_streams_are_left_alone(encoder, draw):
    X = draw()
    for stream in X:
        stream.flags.writeable = False
    before = [stream.copy() for stream in X]
    clone(encoder).fit_transform(X)
    for stream, kept in zip(X, before, strict=True):
        assert_array_equal(stream, kept)


LOST = {
    "masked": (
        np.ma.masked_greater(np.random.default_rng(0).random((20, 2)), 0.5),
        "masked values",
    ),
    "complex": (np.ones((20, 2)) + 1j, "complex numbers"),
    "times": (np.arange(40).astype("datetime64[s]").reshape(20, 2), "holds times"),
    "text": (np.array([["1", "2"]] * 5), "holds text"),
}


@pytest.mark.parametrize("encoder", [TaxelDrive(n_steps=4), GasDrive(4), LevelCrossing(4)])
@pytest.mark.parametrize("kind", LOST)
def test_samples_that_would_lose_their_meaning_are_refused(encoder, kind):
    samples, message = LOST[kind]
    with pytest.raises(ValueError, match=message):
        clone(encoder).fit([samples])


@pytest.mark.parametrize("encoder", [EventRate(4), TimeSurface(4), TaxelDrive(4), GasDrive(4)])
@pytest.mark.parametrize("wrap", [lambda file: file, lambda file: [file, None]])
def test_a_file_in_place_of_its_events_is_refused_with_a_sentence(encoder, wrap, tmp_path):
    np.save(tmp_path / "a.npy", np.array([(0, 0, 0, 1), (9, 1, 1, 0)], EVENT_DTYPE))
    file = read_events(tmp_path / "a.npy")
    with pytest.raises(TypeError, match=r"is an EventFile.*pass its events, X(\[0\])?\.events"):
        clone(encoder).fit(wrap(file))


@pytest.mark.parametrize("cls", [EventRate, TimeSurface, TaxelDrive, GasDrive, LevelCrossing])
def test_absurd_numbers_of_steps_are_refused_before_memory_is_taken(cls):
    events = np.array([(0, 0, 0, 1), (9, 1, 1, 0)], EVENT_DTYPE)
    with pytest.raises(MemoryError, match=r"a drive of 1000000000000 steps would take 8000 GB"):
        cls(n_steps=10**12).fit([events if cls in (EventRate, TimeSurface) else np.ones((5, 2))])
