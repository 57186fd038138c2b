"""Encoders warn where their baseline takes away what tells the classes apart."""

import warnings

import numpy as np
import pytest

from mottle.sensors import GasDrive, TaxelDrive


def grasps(level, change, seed=0):
    """Return recordings whose level, or whose change, depends on the class, and the classes."""
    rng = np.random.default_rng(seed)
    y = np.repeat(["cup", "pen", "ball"], 8)
    code = np.repeat([1.0, 2.0, 3.0], 8)
    course = np.linspace(0, 1, 20)[:, None]
    X = [10 + level * k + change * k * course + rng.normal(0, 0.2, (20, 2)) for k in code]
    return X, y


@pytest.mark.parametrize(("encoder", "way"), [
    (TaxelDrive(5), "'first'.*baseline='training' keeps it"),
    (TaxelDrive(5, baseline=3), "3 subtracts.*baseline='training'"),
    (GasDrive(5, baseline=2.0), "2.0 subtracts.*baseline=None keeps it"),
])  # fmt: skip
def test_a_level_that_tells_the_classes_is_not_subtracted_in_silence(encoder, way):
    X, y = grasps(level=3.0, change=0.0)
    with pytest.warns(UserWarning, match=f"baseline={way}"):
        encoder.fit(X, y)


@pytest.mark.parametrize("encoder", [
    TaxelDrive(5), TaxelDrive(5, baseline="training"), TaxelDrive(5, baseline=None),
    GasDrive(5, baseline=2.0), GasDrive(5, baseline=None),
])  # fmt: skip
@pytest.mark.parametrize(("level", "change"), [(0.0, 3.0), (3.0, 3.0), (0.0, 0.0)])
def test_nothing_is_said_where_what_is_left_tells_them_too(encoder, level, change):
    X, y = grasps(level, change)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encoder.fit(X, y)


def test_labels_change_no_drive():
    X, y = grasps(level=0.0, change=3.0)
    np.testing.assert_array_equal(
        TaxelDrive(5).fit(X, y).transform(X), TaxelDrive(5).fit(X).transform(X)
    )
