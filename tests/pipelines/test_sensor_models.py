"""Models that choose encoders and reservoirs: containers, rules without labels, absent senses."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, cross_val_score

from mottle.datasets import load_demo, load_nmnist_100, make_table
from mottle.pipelines import SensorClassifier, SensorRegressor
from mottle.pipelines.rules import FIRING, encoder_of, reservoir_of
from mottle.reservoir import EchoStateReservoir, VO2Reservoir

SMALL = {"size": 120, "random_state": 0}


def waves(n=40, seed=0):
    """Return noisy waves of two frequencies, of different lengths and levels, and labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    streams = [
        np.sin((0.3 + 0.25 * label) * np.arange(rng.integers(50, 70)) + rng.uniform(0, 6))[:, None]
        + rng.normal(size=(1, 1))
        for label in labels
    ]
    return [stream + rng.normal(scale=0.3, size=stream.shape) for stream in streams], labels


def test_waves_are_told_apart_whatever_container_holds_them():
    streams, labels = waves()
    series = pd.Series(streams, dtype=object)
    predicted = [
        SensorClassifier(**SMALL).fit(container[:20], labels[:20]).predict(container[20:])
        for container in (streams, series, series.to_frame("stream"))
    ]
    assert np.mean(predicted[0] == labels[20:]) >= 0.9
    assert_array_equal(predicted[0], predicted[1])
    assert_array_equal(predicted[0], predicted[2])
    equal = np.stack([stream[:50] for stream in streams])
    assert (
        SensorClassifier(**SMALL).fit(equal[:20], labels[:20]).score(equal[20:], labels[20:]) > 0.8
    )


def test_labels_do_not_move_any_choice_before_the_readout():
    streams, labels = waves()
    one = SensorClassifier(**SMALL).fit(streams, labels)
    other = SensorClassifier(**SMALL).fit(streams, labels[::-1])
    assert one.choices_ == other.choices_
    features = [model.pipeline_[:-1].transform(pd.DataFrame({"stream": streams})) for model in
                (one, other)]  # fmt: skip
    assert_array_equal(*features)


def test_a_model_is_cloned_repeated_and_cross_validated_by_group():
    table, target, groups = load_demo("grasp")
    model = SensorClassifier(**SMALL)
    scores = cross_val_score(model, table, target, cv=GroupKFold(4), groups=groups)
    assert scores.mean() > 0.8
    again = cross_val_score(clone(model), table, target, cv=GroupKFold(4), groups=groups)
    assert_array_equal(scores, again)


def test_a_sense_may_be_absent_when_predicting_but_not_throughout_training():
    table, target, _ = load_demo("grasp")
    model = SensorClassifier(**SMALL).fit(table, target)
    part = table.iloc[:10].copy()
    part["touch"] = None
    with pytest.warns(UserWarning, match="sense 'touch' is missing in 10 of 10 recordings"):
        assert np.mean(model.predict(part) == target[:10]) > 0.6
    absent = table.assign(touch=None)
    with pytest.raises(ValueError, match="sense 'touch' is absent in every recording"):
        SensorClassifier(**SMALL).fit(absent, target)


def test_events_go_through_shared_kernels():
    table, target, _ = load_nmnist_100()
    model = SensorClassifier(size=240, random_state=0).fit(table.iloc[::2], target[::2])
    reservoir = model.pipeline_[1].transformers_[0][1][-1]
    assert reservoir.wiring == "convolution"
    assert reservoir.n_nodes == 5 * 16
    assert model.score(table.iloc[1::2], target[1::2]) > 0.4  # chance 0.1, of 50 recordings


def test_numbers_are_predicted_and_streams_of_other_kinds_are_refused():
    rng = np.random.default_rng(0)
    rates = rng.uniform(0.1, 0.5, 60)
    streams = [np.sin(rate * np.arange(60.0) + rng.uniform(0, 6))[:, None] for rate in rates]
    for kind in ("memristor", "vo2", "echo", "static"):
        model = SensorRegressor(kind, size=400, random_state=0).fit(streams[:45], rates[:45])
        assert model.score(streams[45:], rates[45:]) > 0.9
    mixed = [*streams[:3], np.zeros((60, 2))]
    with pytest.raises(ValueError, match="of different channels"):
        SensorRegressor(**SMALL).fit(mixed, rates[:4])
    with pytest.raises(ValueError, match=r"reservoir='memristr'.*'memristor'"):
        SensorRegressor("memristr", size=100).fit(streams, rates)


def test_rules_keep_rows_and_never_stretch():
    from mottle.datasets.sources.survey import SenseFacts

    short = SenseFacts("samples", rows=(7, 990), channels=["a"])
    assert encoder_of(short)[0]["n_steps"] == "none"
    long = SenseFacts("samples", rows=(150, 5000), channels=["a"])
    assert encoder_of(long)[0]["n_steps"] == 150
    longer = SenseFacts("samples", rows=(900, 5000), channels=["a"])
    assert encoder_of(longer)[0]["n_steps"] == 200
    skin = SenseFacts("events", rows=(5, 50), seconds=(1.0, 2.0), sensor_size=(39, 1))
    assert reservoir_of(skin, encoder_of(skin)[0])[0]["wiring"] == "dilated"
    camera = SenseFacts("events", rows=(5, 50), seconds=(1.0, 2.0), sensor_size=(128, 128))
    chosen = reservoir_of(camera, encoder_of(camera)[0])[0]
    assert chosen["input_shape"] == [32, 32, 2]
    assert reservoir_of(camera, encoder_of(camera)[0], alone=False)[0]["wiring"] == "dilated"


def test_what_is_no_table_of_streams_is_named():
    streams, labels = waves(8)
    with pytest.raises(ValueError, match="holds no recording: expected at least one"):
        SensorClassifier(**SMALL).fit([], [])
    with pytest.raises(ValueError, match="there is no recording to fit"):
        SensorClassifier(**SMALL).fit(pd.DataFrame({"a": []}, dtype=object), [])
    for wrong in (["a.csv"] * 8, [{"a": one} for one in streams], "a.csv"):
        with pytest.raises(TypeError, match=r"X is a (str|dict)"):
            SensorClassifier(**SMALL).fit(wrong, labels)
    with pytest.raises(TypeError, match=r"recording 1 of X\['b'\] is a str"):
        SensorClassifier(**SMALL).fit({"a": streams, "b": [streams[0], *"xxxxxxx"]}, labels)
    with pytest.raises(ValueError, match="recording 0 of X is the number 1"):
        SensorClassifier(**SMALL).fit([1.0] * 8, labels)
    for model in (SensorClassifier(**SMALL), SensorRegressor(**SMALL)):
        with pytest.raises(ValueError, match="there are 8 recordings and 5 targets"):
            model.fit(streams, labels[:5])
    with pytest.raises(ValueError, match="column 'a' of the table holds numbers, not streams"):
        SensorClassifier(**SMALL).fit(pd.DataFrame({"a": [1.0, 2.0]}), [0, 1])
    with pytest.raises(TypeError, match="EchoStateReservoir is a class"):
        SensorClassifier(EchoStateReservoir).fit(streams, labels)
    named = SensorClassifier(**SMALL).fit(pd.Series(streams, name="a", dtype=object), labels)
    assert_array_equal(named.predict(streams), named.predict(pd.DataFrame({"b": streams})))


def test_a_dict_of_senses_is_a_table():
    streams, labels = waves(8)
    senses = {"a": streams, "b": [2 * one for one in streams]}
    models = [SensorClassifier(**SMALL).fit(X, labels) for X in (senses, make_table(**senses))]
    assert_array_equal(*(model.predict_proba(senses) for model in models))


def test_a_reservoir_of_ones_own_keeps_its_seed():
    streams, labels = waves(8)
    own = EchoStateReservoir(20, pool="mean", random_state=5)
    models = [SensorClassifier(own).fit(streams, labels) for _ in range(2)]
    assert_array_equal(*(model.predict_proba(streams) for model in models))


@pytest.mark.parametrize(("held", "fires"), [(FIRING, True), (0.9 * FIRING, False)])
def test_a_film_fires_within_a_step_that_is_a_deviation_above_the_bias(held, fires):
    film = VO2Reservoir(
        1, regime="excitable", dt_device=held, observable="spikes", wiring="one_to_one"
    )
    spikes = film.fit(np.zeros((2, 1))).transform(np.ones((1, 1, 1)))
    assert (spikes.sum() > 0) == fires


def test_vo2_is_chosen_by_name_with_the_wiring_of_the_others():
    streams, labels = waves(12)
    model = SensorClassifier("vo2", **SMALL).fit(streams, labels)
    reservoir = model.pipeline_[1].transformers_[0][1][-1]
    assert isinstance(reservoir, VO2Reservoir)
    assert (reservoir.wiring, reservoir.regime) == ("dilated", "excitable")
    assert (reservoir.dt_device, reservoir.dtype) == (FIRING, "float32")
    assert any("fire" in reason for reason in model.choices_["stream"])
