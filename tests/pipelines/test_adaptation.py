"""Models whose encoders learn levels anew, without labels."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline

from mottle.datasets import make_table
from mottle.pipelines import (
    AugmentedModel,
    SensorClassifier,
    adapt,
    load_model,
    make_fusion_pipeline,
    save_model,
)
from mottle.pipelines.cli import main
from mottle.reservoir import EchoStateReservoir, MemristorReservoir, RidgeReadout
from mottle.sensors import (
    EVENT_DTYPE,
    EventRate,
    FillGaps,
    GasDrive,
    LevelCrossing,
    SoundDrive,
    TaxelDrive,
)

N = 40
NODES = MemristorReservoir(30, pool=("mean", "last"), random_state=0)


def drawn(seed=0):
    """Return recordings of two classes that differ in level, and the labels."""
    rng = np.random.default_rng(seed)
    y = np.arange(N) % 2
    return 5 + rng.normal(size=(N, 20, 3)) + y[:, np.newaxis, np.newaxis], y


def aged(X):
    """Return what sensors with another gain and offset would measure."""
    return 40 - np.array([3.0, 0.5, 2.0]) * (10 - X)


def encoder():
    return TaxelDrive(None, baseline="training")


def table(X):
    return make_table(left=list(X), right=list(X[:, ::-1]))


MODELS = {
    "pipeline": (make_pipeline(encoder(), NODES, RidgeReadout()), np.asarray),
    "behind filled gaps": (
        make_pipeline(FillGaps(3), encoder(), NODES, RidgeReadout()), np.asarray
    ),
    "union": (
        make_pipeline(
            FeatureUnion([
                ("a", make_pipeline(encoder(), NODES)),
                ("b", make_pipeline(encoder(), EchoStateReservoir(9, pool="last", random_state=0))),
            ]),
            RidgeReadout(),
        ),
        np.asarray,
    ),
    "classifier": (SensorClassifier(size=100, random_state=0), list),
    "augmented": (
        AugmentedModel(SensorClassifier(size=100, random_state=0), jitter=0.1, random_state=0), list
    ),
    **{
        f"{fusion} fusion": (
            make_fusion_pipeline(
                {"left": TaxelDrive(20, baseline="training"),
                 "right": TaxelDrive(20, baseline="training")}, NODES, fusion=fusion,
            ),
            table,
        )
        for fusion in ("early", "middle", "late")
    },
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_sensors_of_other_gain_and_offset_give_the_predictions_of_the_young_ones(name):
    model, form = MODELS[name]
    X, y = drawn()
    model.fit(form(X), y)
    before = model.predict(form(X))
    assert (before == y).mean() > 0.9
    assert (model.predict(form(aged(X))) == y).mean() < 0.75
    adapted = adapt(model, form(aged(X)))
    assert type(adapted) is type(model)
    assert_array_equal(adapted.predict(form(aged(X))), before)
    assert_array_equal(model.predict(form(X)), before)  # which was not changed


def test_labels_play_no_part_and_a_second_adaptation_forgets_the_first():
    X, y = drawn()
    model = make_pipeline(encoder(), NODES, RidgeReadout()).fit(X, y)
    once = adapt(model, aged(X))
    twice = adapt(adapt(model, 3 * X - 100), aged(X))
    assert_array_equal(once.predict_proba(aged(X)), twice.predict_proba(aged(X)))
    assert_array_equal(
        adapt(model, X).predict_proba(X), model.predict_proba(X)
    )  # of the recordings of training


@pytest.mark.parametrize(
    "make", [encoder, lambda: GasDrive(None), lambda: LevelCrossing(threshold=0.3)]
)
def test_encoders_learn_what_fit_learns_but_channels_and_steps(make):
    X = np.abs(drawn()[0])
    own = make().fit(list(X)).adapt(list(3 * X))
    fresh = make().fit(list(3 * X))
    assert_allclose(np.stack(own.transform(list(3 * X))), np.stack(fresh.transform(list(3 * X))))
    lone = [X[0], None, X[1]]
    assert_allclose(own.adapt(lone).transform([X[0]])[0], own.adapt(lone).transform(lone)[0])
    with pytest.raises(ValueError, match="two recordings or more, and 1 came"):
        own.adapt([X[0], None])
    with pytest.raises(ValueError, match="2 channels"):
        own.adapt(list(X[:, :, :2]))


def test_what_cannot_adapt_says_so():
    X, y = drawn()
    events = np.array([(0, 0, 0, 1), (400, 3, 1, 0), (999, 3, 1, 0)], dtype=EVENT_DTYPE)
    counting = make_pipeline(EventRate(4, polarity="sum"), NODES, RidgeReadout())
    counting.fit([events] * 4, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="Pipeline has no encoder that could learn"):
        adapt(counting, [events] * 4)
    with pytest.raises(NotFittedError):
        adapt(SensorClassifier(), list(X))
    model = SensorClassifier(size=50, random_state=0).fit(list(X), y)
    with pytest.raises(ValueError, match="two recordings or more, and 1 came"):
        adapt(model, [X[0]])


def test_a_saved_model_adapts_by_the_command_line(tmp_path):
    X, y = drawn()
    model = SensorClassifier(size=100, random_state=0).fit(list(X), y)
    save_model(model, tmp_path / "young.mottle")
    folder = tmp_path / "aged"
    folder.mkdir()
    for k, one in enumerate(aged(X)):
        np.save(folder / f"{k:02d}.npy", one)
    found = {}
    for flags in ((), ("--adapt",)):
        out = tmp_path / "found.csv"
        arguments = ["predict", str(tmp_path / "young.mottle"), str(folder), "--kind", "samples"]
        result = CliRunner().invoke(main, [*arguments, "--out", str(out), *flags])
        assert result.exit_code == 0, result.output
        found[flags] = pd.read_csv(out)["predicted"].to_numpy()
    adapted = adapt(model, list(aged(X)))
    assert_array_equal(found["--adapt",], adapted.predict(list(aged(X))))
    assert (found["--adapt",] == y).mean() > 0.9 > (found[()] == y).mean()
    save_model(adapted, tmp_path / "adapted.mottle")
    kept = load_model(tmp_path / "adapted.mottle")
    assert_array_equal(kept.predict(list(aged(X))), found["--adapt",])


def test_responses_and_bands_stay_those_of_training():
    rng = np.random.default_rng(0)
    gas = list(np.exp(rng.normal(size=(30, 20, 2))))
    drive = GasDrive(None, baseline=None).fit(gas)
    below = [2 * one for one in gas]
    below[3] = below[3] - 10
    before = drive.transform(gas)
    with pytest.raises(ValueError, match="below 0"):
        drive.adapt(below)
    assert_array_equal(drive.transform(gas), before)  # unchanged by what failed
    assert drive.adapt([2 * one for one in gas]).responses_ == ["log_ratio", "log_ratio"]
    waves = [rng.normal(size=(4000, 1)) for _ in range(4)]
    hearing = SoundDrive(8).fit([sound(wave, 8000) for wave in waves])
    names = list(hearing.get_feature_names_out())
    with pytest.raises(ValueError, match="16000 samples a second"):
        hearing.adapt([sound(wave, 16000) for wave in waves])
    hearing.adapt([sound(9 * wave, 8040) for wave in waves])
    assert list(hearing.get_feature_names_out()) == names
    assert hearing.rate_ == pytest.approx(8000)


def sound(wave, rate):
    return xr.DataArray(
        wave, dims=("time", "channel"), coords={"time": np.arange(len(wave)) / rate}
    )


@pytest.mark.parametrize("make", [encoder, lambda: LevelCrossing(threshold=0.3)])
def test_what_does_not_vary_keeps_its_scale(make):
    X = drawn()[0]
    own = make().fit(list(X))
    before = own.scale_.copy(), getattr(own, "threshold_", np.zeros(3)).copy()
    still = 2 * X
    still[:, :, 1] = 7.0
    own.adapt(list(still))
    inputs = slice(1, 2) if len(own.scale_) == 3 else slice(2, 4)
    assert_array_equal(own.scale_[inputs], before[0][inputs])
    assert getattr(own, "threshold_", before[1])[1] == before[1][1]
    if isinstance(own, TaxelDrive):
        with pytest.warns(
            UserWarning, match=r"scale of 3 inputs is below 0.001 .*: channel0, channel1"
        ):
            own.adapt(list(7.0 + 1e-9 * X))


def test_one_long_stream_is_adapted_to():
    long = np.random.default_rng(0).normal(size=(400, 2))
    own = encoder().fit(long)
    assert_allclose(own.adapt(5 + 3 * long).transform(5 + 3 * long), encoder().fit_transform(long))


def test_columns_are_those_of_fit_in_whatever_order_and_form():
    X, y = drawn()
    together = table(X)
    together["right"] = [3 * one + 100 for one in together["right"]]
    turned = together[["right", "left"]]
    for columns in ((["left"], ["right"]), (slice(0, 1), slice(1, 2)), ([0], [1])):
        parts = [(f"part{k}", make_pipeline(encoder(), NODES), one)
                 for k, one in enumerate(columns)]  # fmt: skip
        model = make_pipeline(ColumnTransformer(parts), RidgeReadout()).fit(together, y)
        found = adapt(model, turned).predict_proba(turned)
        assert_array_equal(found, adapt(model, together).predict_proba(together))
        assert_array_equal(found, model.predict_proba(together))


def test_a_sense_without_recordings_keeps_its_levels_and_one_with_a_single_one_is_named():
    X, y = drawn()
    model = MODELS["middle fusion"][0].fit(table(X), y)
    other = table(aged(X))
    other["right"] = None
    with pytest.warns(UserWarning, match="right"):
        found = adapt(model, other).predict(other)
    assert (found == y).mean() > 0.9
    other["right"] = [aged(X)[0], *[None] * (N - 1)]
    with (
        pytest.warns(UserWarning, match="right"),
        pytest.raises(ValueError, match=r"right: .*two recordings or more, and 1 came"),
    ):
        adapt(model, other)
    with pytest.raises(ValueError, match="none of the senses left, right"):
        adapt(model, make_table(left=[None] * 3, right=[None] * 3))


class Wrapped(TransformerMixin, BaseEstimator):
    """A transformer around another, of a kind that `adapt` does not know."""

    def __init__(self, inner=None):
        self.inner = inner

    def fit(self, X, y=None):
        self.inner_ = clone(self.inner).fit(X, y)
        return self

    def transform(self, X):
        return self.inner_.transform(X)


def test_encoders_that_are_out_of_reach_or_learn_nothing_are_named():
    X, y = drawn()
    half = FeatureUnion([
        ("a", make_pipeline(encoder(), NODES)), ("b", Wrapped(make_pipeline(encoder(), NODES))),
    ])  # fmt: skip
    model = make_pipeline(half, RidgeReadout()).fit(list(X), y)
    with pytest.raises(ValueError, match=r"TaxelDrive.* lies within an estimator that adapt"):
        adapt(model, list(X))
    search = GridSearchCV(MODELS["pipeline"][0], {"ridgereadout__alphas": [[1.0]]}, cv=2)
    search.fit(X, y)
    with pytest.raises(ValueError, match="GridSearchCV: adapt the model within, such as best_esti"):
        adapt(search, X)
    assert_array_equal(adapt(search.best_estimator_, aged(X)).predict(aged(X)), search.predict(X))
    own = TaxelDrive(None, baseline="first", scale=None)
    plain = make_pipeline(own, NODES, RidgeReadout()).fit(list(X), y)
    with pytest.raises(ValueError, match="baseline of each recording learn nothing"):
        adapt(plain, list(X))
    with pytest.raises(ValueError, match="learns neither levels nor scales"):
        plain[0].adapt(list(X))
