"""Exported C gives what Python gives: states by the byte, decisions, and refusals by name."""

import platform
import re
from pathlib import Path
from typing import NamedTuple

import in_c
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from click.testing import CliRunner
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from mottle import reservoir as rooms
from mottle import sensors
from mottle.embedded import CStage, NotInC
from mottle.pipelines import SensorClassifier, export_c, make_fusion_pipeline, save_model
from mottle.pipelines.cli import main
from mottle.pipelines.export.folder import learnt_interval
from mottle.pipelines.export.tree import LINEAR, SCALERS
from mottle.pipelines.parts import ENCODERS, RESERVOIRS
from mottle.reservoir import (
    Crossbar,
    CrossbarReadout,
    DeviceReservoir,
    EchoStateReservoir,
    EventMemristorReservoir,
    MemristorReservoir,
    NoReservoir,
    NVARReservoir,
    OscillatorReservoir,
    RidgeReadout,
    SpikingReservoir,
    VO2Reservoir,
    device_node,
)
from mottle.sensors import EVENT_DTYPE, EventRate, GasDrive, LevelCrossing, TaxelDrive, TimeMask
from mottle.sensors.base import Encoder

compiled = pytest.mark.skipif(bool(in_c.missing("gcc", "make")), reason=in_c.missing("gcc", "make"))
cpu = Path("/proc/cpuinfo")
FUSED = platform.machine() == "x86_64" and cpu.exists() and " fma " in cpu.read_text()
X = np.random.default_rng(0).uniform(-1, 1, (150, 3))
LABELS = np.array(["low", "mid", "high"])[np.digitize(X[:, 0], [-0.3, 0.3])]
SMALL = {"random_state": 0}
EVERY = ("mean", "last", "max", "std", "ppv4")


def same(found, expected):
    """By the byte where the processor fuses multiply-adds, as C and kernels then both do."""
    if FUSED:
        assert_array_equal(found, expected)
    scale = np.abs(expected).max()
    assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * scale)


@compiled
@pytest.mark.parametrize(
    "reservoir",
    [
        pytest.param(MemristorReservoir(11, **SMALL), marks=pytest.mark.slow),
        MemristorReservoir(
            12,
            n_masks=2,
            n_taps=3,
            spectral_radius=0.8,
            read_noise=0.01,
            write_noise=0.1,
            observable="current",
            **SMALL,
        ),
        pytest.param(
            MemristorReservoir(9, observable="conductance", wiring="one_to_one", **SMALL),
            marks=pytest.mark.slow,
        ),
        MemristorReservoir(7, device="tiox_zhong2021", spectral_radius=0.5, **SMALL),
        MemristorReservoir(7, device="ag_pulse", **SMALL),
        pytest.param(
            MemristorReservoir(7, device="ag_dc", observable="current", **SMALL),
            marks=pytest.mark.slow,
        ),
        MemristorReservoir(8, wiring="dilated", **SMALL),
        EchoStateReservoir(19, bias_scaling=0.2, **SMALL),
        VO2Reservoir(5, **SMALL),
        pytest.param(
            VO2Reservoir(
                5, regime="oscillating", observable="spikes", temperature_noise=1e2, **SMALL
            ),
            marks=pytest.mark.slow,
        ),
        VO2Reservoir(2, regime="pulsed", observable="current", **SMALL),
        pytest.param(OscillatorReservoir(7, **SMALL), marks=pytest.mark.slow),
        pytest.param(
            OscillatorReservoir(7, regime="oscillating", observable="spikes", **SMALL),
            marks=pytest.mark.slow,
        ),
        OscillatorReservoir(7, regime="oscillating", threshold_noise=0.01, **SMALL),
        OscillatorReservoir(7, regime="recurrent", **SMALL),
        pytest.param(OscillatorReservoir(7, regime="pulsed", **SMALL), marks=pytest.mark.slow),
        pytest.param(SpikingReservoir(20, **SMALL), marks=pytest.mark.slow),
        SpikingReservoir(20, regime="firing", n_inner=2, voltage_noise=1e-3, **SMALL),
        EventMemristorReservoir(tau=(1e-3, 1e-2), spread=0.1, **SMALL),
    ],
    ids=lambda reservoir: re.sub(r"\W+", "-", repr(reservoir))[:60],
)
@pytest.mark.filterwarnings("ignore:.*node voltages lie outside")
def test_states_are_those_of_python(tmp_path, reservoir):
    drive = np.round(3 * X[:60]) if isinstance(reservoir, EventMemristorReservoir) else X[:60]
    reservoir.fit(drive)
    exported = export_c(reservoir, tmp_path / "model", sample=drive)
    same(in_c.Library(exported).run(drive), reservoir.advance(reservoir.start(), drive[None])[1][0])


@compiled
@pytest.mark.parametrize("n_segments", [1, 4])
def test_pooled_features_are_those_of_whole_recordings(tmp_path, n_segments):
    recordings = X[:143].reshape(11, 13, 3)
    reservoir = MemristorReservoir(6, pool=EVERY, n_segments=n_segments, **SMALL).fit(recordings)
    exported = export_c(reservoir, tmp_path / "model", sample=recordings[0], n_steps=13)
    found = in_c.Library(exported).run(X[:143], every=13, last=True)
    same(found, reservoir.transform(recordings))


def readouts():
    tile = Crossbar((8, 8), wire_resistance=0)
    echo = EchoStateReservoir(10, **SMALL)
    return {
        "ridge": make_pipeline(echo, StandardScaler(), RidgeReadout()),
        "logistic": make_pipeline(echo, MinMaxScaler(), LogisticRegression()),
        "classifier": make_pipeline(echo, RobustScaler(), RidgeClassifier()),
        "crossbar": make_pipeline(
            echo, CrossbarReadout(make_pipeline(StandardScaler(), RidgeClassifier()), tile, **SMALL)
        ),
        "union": make_pipeline(
            FeatureUnion([("a", echo), ("b", MemristorReservoir(5, **SMALL))]), RidgeReadout()
        ),
        "columns": make_pipeline(
            ColumnTransformer([("a", StandardScaler(), [2, 0]), ("b", echo, slice(0, 2))]),
            NoReservoir(),
            RidgeReadout(),
        ),
    }


@compiled
@pytest.mark.parametrize("name", readouts())
def test_decisions_are_those_of_python(tmp_path, name):
    model = readouts()[name].fit(X, LABELS)
    exported = export_c(model, tmp_path / "model", sample=X)
    found = in_c.Library(exported).run(X)
    assert_allclose(found, model.decision_function(X), rtol=0, atol=1e-12)
    assert_array_equal(np.array(exported.classes)[found.argmax(axis=1)], model.predict(X))


@compiled
def test_two_classes_have_one_decision_and_numbers_several(tmp_path):
    echo = EchoStateReservoir(10, **SMALL)
    two = make_pipeline(echo, RidgeReadout()).fit(X, X[:, 0] > 0)
    exported = export_c(two, tmp_path / "two", sample=X)
    assert (exported.n_outputs, exported.classes) == (1, ["False", "True"])
    assert "0 wrong" in in_c.by_makefile(exported)  # the test compares classes too
    many = make_pipeline(echo, Ridge()).fit(X, X[:, :2])
    exported = export_c(many, tmp_path / "many", sample=X)
    assert_allclose(in_c.Library(exported).run(X), many.predict(X), rtol=0, atol=1e-12)


@compiled
@pytest.mark.parametrize(
    ("encoder", "dt"),
    [
        (TaxelDrive(statistics=("mean", "diff", "last")), 1.0),
        (TaxelDrive(baseline="training", channels=[2, 0], scale=None), 1.0),
        (GasDrive(None, baseline=0, smooth=3.0), 0.5),
        (GasDrive(None, baseline=None, response="ratio", derivative=False), 1.0),
        (LevelCrossing(), 1.0),
    ],
)
def test_drives_are_those_of_live_encoders(tmp_path, encoder, dt):
    import xarray as xr

    rows = 2.0 + X
    encoder.fit(rows)
    exported = export_c(encoder, tmp_path / "model", sample=rows, tick=dt)
    timed = xr.DataArray(rows, dims=("time", "channel"), coords={"time": dt * np.arange(len(rows))})
    expected = encoder.advance(encoder.start(), [timed])[1][0]
    assert_allclose(in_c.Library(exported).run(rows), expected, rtol=1e-11, atol=1e-13)


@compiled
@pytest.mark.parametrize("fusion", ["early", "middle", "late"])
def test_fused_senses_decide_as_in_python(tmp_path, fusion):
    rng = np.random.default_rng(1)
    touch, smell = ([rng.uniform(1, 2, (12, n)) for _ in range(9)] for n in (4, 2))
    table = pd.DataFrame({"touch": touch, "smell": smell}, dtype=object)
    target = np.array(["a", "b", "c"] * 3)
    encoders = {"touch": TaxelDrive(), "smell": GasDrive(None, baseline=0)}
    reservoir = MemristorReservoir(6, pool=("mean", "last"), **SMALL)
    model = make_fusion_pipeline(encoders, reservoir, fusion=fusion, readout=RidgeReadout(1.0))
    model.fit(table, target)
    rows = [np.hstack(pair) for pair in zip(touch, smell, strict=True)]
    exported = export_c(model, tmp_path / "model", sample=rows[0])
    found = in_c.Library(exported).run(np.concatenate(rows), every=12, last=True)
    assert_array_equal(np.array(exported.classes)[found.argmax(axis=1)], model.predict(table))
    if fusion == "late":
        assert_allclose(found, model.predict_proba(table), rtol=0, atol=1e-12)


def events(n, rng):
    """Return a stream of 0.3 s on 8 x 6 pixels."""
    stream = np.zeros(n, EVENT_DTYPE)
    stream["t"] = np.sort(rng.integers(0, 300_000, n))
    stream["x"], stream["y"] = rng.integers(0, 8, n), rng.integers(0, 6, n)
    stream["p"] = rng.integers(0, 2, n)
    return stream


@compiled
@pytest.mark.parametrize(
    "stage",
    [
        EventRate(30, cell=3),
        EventRate(7, polarity="signed", compress="log"),
        EventRate(7, compress="anscombe"),
        EventMemristorReservoir(n_steps=30),
        EventMemristorReservoir(n_steps=30, tau=(0.01, 0.05), write_noise=0.1, cell=2, **SMALL),
    ],
)
def test_events_give_what_they_give_in_python(tmp_path, stage):
    stream = events(800, np.random.default_rng(0))
    stage.fit([stream])
    exported = export_c(stage, tmp_path / "model", events=stream, n_ticks=stage.n_steps)
    found = in_c.by_makefile(exported)  # its own test has what live runs in Python give
    assert f"{stage.n_steps} predictions" in found
    assert float(re.search(r"largest error (\S+),", found)[1]) <= (0.0 if FUSED else 1e-12)


@compiled
def test_single_precision_decides_alike(tmp_path):
    model = make_pipeline(MemristorReservoir(30, **SMALL), StandardScaler(), RidgeReadout())
    model.fit(X, LABELS)
    exported = export_c(model, tmp_path / "model", sample=X, float32=True)
    found = in_c.Library(exported, float32=True).run(X)
    assert found.dtype == np.float32
    assert np.abs(found - model.decision_function(X)).max() < 1e-3
    assert np.mean(np.array(exported.classes)[found.argmax(axis=1)] == model.predict(X)) > 0.99
    assert "double" not in (exported.folder / "model.h").read_text()


@compiled
def test_films_of_float32_have_relative_temperatures_in_c(tmp_path):
    films = VO2Reservoir(
        6, regime="oscillating", observable="temperature", dtype="float32", dt_device=1e-7, **SMALL
    ).fit(X)
    exported = export_c(films, tmp_path / "model", sample=X[:60], float32=True)
    found = in_c.Library(exported, float32=True).run(X[:60])
    states = films.advance(films.start(), X[None, :60])[1][0]
    assert_allclose(found, states, rtol=0, atol=2e-2)
    assert np.ptp(states) > 10


class Leaky(NamedTuple):
    tau: float = 1e-3  # s


def leaky_step(x, v, dt, c):
    return x + (v - x) * dt / c.tau


def leaky_in_c(preset, drawn, dt, v_read):
    text = """
/* x <- x + (v - x) dt / tau */
static void @hold(@state *restrict s, real *restrict y)
{
    for (int i = 0; i < @N_DEVICES; i++) {
        s->x[i] += (s->volts[i] - s->x[i]) * @dt / @tau[i];
        y[i] = s->x[i];
    }
}
"""
    n = drawn["tau"].size
    return CStage(text, n, n, numbers={"dt": dt}, tables={"tau": drawn["tau"]},
                  state={"x": np.zeros(n)})  # fmt: skip


@pytest.mark.slow  # numba compiles the device for a quarter of a minute
@compiled
def test_a_device_of_ones_own_brings_its_template(tmp_path):
    device_node("leaky_in_c", Leaky(), state={"x": 0.0}, step=leaky_step, dt_device=1e-4,
                times=("tau",), embed=leaky_in_c)  # fmt: skip
    reservoir = DeviceReservoir(5, device="leaky_in_c", tau=None, spread=0.3, **SMALL).fit(X)
    exported = export_c(reservoir, tmp_path / "model", sample=X)
    expected = reservoir.advance(reservoir.start(), X[None])[1][0]
    assert_allclose(in_c.Library(exported).run(X), expected, rtol=1e-12, atol=1e-15)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A model with an encoder, devices with noise, pooling and a readout."""
    recordings = (2.0 + X[:140]).reshape(14, 10, 3)
    model = make_pipeline(
        TaxelDrive(),
        MemristorReservoir(10, pool=EVERY, write_noise=0.1, **SMALL),
        StandardScaler(),
        RidgeReadout(),
    )
    model.fit(list(recordings), np.array([0, 1] * 7))
    return export_c(model, tmp_path_factory.mktemp("c") / "touch", sample=recordings[0])


@compiled
def test_the_test_counts_its_memory_and_finds_an_output_that_differs(exported, tmp_path):
    assert f"state {exported.state} bytes" in in_c.by_makefile(exported)
    for file in exported.folder.iterdir():
        if file.suffix in (".c", ".h") or file.name == "Makefile":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    test = tmp_path / "test_touch.c"
    text = test.read_text()
    begin = text.index("outputs[")
    first = re.search(r"\{\n\s+(-?[\d.]+)", text[begin:])
    test.write_text(text[:begin] + text[begin:].replace(first[1], f"{float(first[1]) + 0.1}", 1))
    with pytest.raises(RuntimeError, match=r"largest error 0\.\d+, 1 wrong"):
        in_c.by_makefile(exported._replace(folder=tmp_path))


@compiled
def test_no_sanitiser_objects(exported):
    assert "0 wrong" in in_c.sanitised(exported)


@pytest.mark.skipif(bool(in_c.missing("clang")), reason=in_c.missing("clang"))
def test_clang_gives_the_same(exported):
    assert "0 wrong" in in_c.by_makefile(exported, "clang")


ARM = "arm-none-eabi-gcc", "arm-none-eabi-size", "qemu-system-arm"


@pytest.mark.skipif(bool(in_c.missing(*ARM)), reason=in_c.missing(*ARM))
@pytest.mark.parametrize("core", in_c.CORES)
def test_a_cortex_decides_alike(exported, core):
    printed, sizes = in_c.on_cortex(exported, core)
    assert "0 wrong" in printed
    assert sizes["data"] == sizes["bss"] == 0  # no variables outside the state
    assert sizes["text"] > exported.constants


ARM64 = "aarch64-linux-gnu-gcc", "qemu-aarch64"


@pytest.mark.skipif(bool(in_c.missing(*ARM64)), reason=in_c.missing(*ARM64))
def test_a_64_bit_arm_decides_alike(exported):
    assert "0 wrong" in in_c.on_aarch64(exported)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (make_pipeline(EchoStateReservoir(5), PCA(2)), "PCA (stage 'pca') has no form in C"),
        (MemristorReservoir(5, device="ag_fast"), "device='ag_fast' has no template in C"),
        (NVARReservoir(), "NVARReservoir has no template in C"),
        (VO2Reservoir(4, thermal_coupling=0.1), "thermal_coupling=0.1, which is not exported"),
        (OscillatorReservoir(4, c_coupling=1e-12), "coupled nodes, which are not exported"),
        (
            OscillatorReservoir(4, regime="oscillating", observable="order"),
            "observable='order', which is not exported: take 'phase'",
        ),
        (MemristorReservoir(5, pool="mean", n_segments=3), "pass n_steps"),
        (EchoStateReservoir(5, dtype="float32"), "has dtype='float32'"),
        (VO2Reservoir(5, dtype="float32"), "has dtype='float32'"),
        (
            make_pipeline(EchoStateReservoir(5, pool="mean"), EchoStateReservoir(5, pool="mean")),
            "goes step by step, and a stage before it pools",
        ),
        (TimeMask(**SMALL), "TimeMask has no template in C: leave the encoder out"),
        (TaxelDrive(10), "n_steps=10 refers to whole recordings"),
        (TaxelDrive(baseline="mean"), "baseline='mean' needs rows that come later"),
        (
            make_pipeline(MinMaxScaler(clip=True), RidgeReadout(task="regression")),
            "clip=True, which is not exported",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
@pytest.mark.filterwarnings("ignore")
def test_what_has_no_form_in_c_is_named_and_nothing_written(tmp_path, model, message):
    model.fit(X, X[:, 0])
    with pytest.raises(ValueError, match=re.escape(message)):
        export_c(model, tmp_path / "new" / "model", sample=X)
    assert not list(tmp_path.iterdir())


def test_noise_at_each_read_of_a_crossbar_is_refused(tmp_path):
    readout = CrossbarReadout(RidgeClassifier(), read_noise=0.01, **SMALL).fit(X, LABELS)
    with pytest.raises(NotInC, match=r"read_noise=0\.01: noise at each read is of the simulation"):
        export_c(readout, tmp_path / "model", sample=X)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "the model takes 3 inputs: pass sample="),
        ({"sample": X[:, :2]}, "the sample has shape (150, 2); expected (ticks, 3)"),
        ({"sample": np.where(X[4, 1] == X, np.nan, X)}, "the sample holds nan at tick 4, input 1"),
        ({"sample": X, "name": "2nd"}, "name='2nd' must be a name in C"),
        ({"sample": X, "name": "union"}, "name='union' must be a name in C"),
        ({"sample": X, "n_steps": 0}, "n_steps=0"),
        ({"sample": X, "tick": 0.0}, "tick=0.0 s"),
        ({"sample": X, "float32": "yes"}, "float32='yes'"),
        ({"sample": X, "events": events(5, np.random.default_rng(0))}, "no stage of the model"),
    ],
)
def test_wrong_arguments_are_refused_before_anything_is_written(tmp_path, arguments, message):
    model = EchoStateReservoir(5, **SMALL).fit(X)
    with pytest.raises(ValueError, match=re.escape(message)):
        export_c(model, tmp_path / "model", **arguments)
    assert not list(tmp_path.iterdir())


def test_a_folder_with_files_is_left_as_it_is(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="is there and not empty"):
        export_c(EchoStateReservoir(5, **SMALL).fit(X), tmp_path, sample=X)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_nothing_is_left_of_a_folder_that_cannot_be_written(tmp_path, monkeypatch):
    write = Path.write_text

    def full(path, *args, **options):
        if path.name.startswith("test_"):
            raise OSError("disk full")
        return write(path, *args, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="disk full"):
        export_c(EchoStateReservoir(5, **SMALL).fit(X), tmp_path / "model", sample=X)
    assert not list(tmp_path.iterdir())


def test_the_page_names_what_is_not_exported():
    page = (Path(__file__).parents[2] / "docs/how-to/export.md").read_text("utf-8")
    (table,) = re.findall(r"## What is exported\n(.*?)\n## ", page, re.DOTALL)
    without = [
        name for name in ENCODERS if getattr(sensors, name, Encoder)._embed is Encoder._embed
    ]
    without += [name for name in RESERVOIRS if getattr(rooms, name)._kind.embed is None]
    names = [name for name in without if name != "TonicTransformer"]
    assert names
    assert not [name for name in names if f"`{name}`" not in table]
    exported = [one.__name__ for one in (*SCALERS, *LINEAR[1:]) if not one.__name__.endswith("CV")]
    assert not [name for name in exported if f"`{name}`" not in table]


class Halved(StandardScaler):
    """A scaler that transforms in its own way."""

    def transform(self, X, copy=None):
        return super().transform(X) / 2


class Louder(TaxelDrive):
    """An encoder that encodes in its own way."""

    def _encode(self, samples, place):
        return 2 * super()._encode(samples, place)


class Shifted(EchoStateReservoir):
    """A reservoir whose states are other than its base's."""

    def transform(self, X):
        return super().transform(X) + 1


def test_classes_derived_from_ours_are_refused_by_name(tmp_path):
    for stage in (Louder(None, baseline="training"), Shifted(5, **SMALL)):
        with pytest.raises(NotInC, match=rf"{type(stage).__name__} .* no form in C"):
            export_c(make_pipeline(stage.fit(X)), tmp_path / "wrong", sample=X)


def test_what_would_be_exported_wrongly_is_refused(tmp_path):
    union = FeatureUnion(
        [("a", EchoStateReservoir(5, **SMALL)), ("b", NoReservoir())], transformer_weights={"b": 2}
    )
    several = (X[:, :2] > 0).astype(int)
    for stage, y, text in (
        (union, X[:, 0], "transformer_weights"), (Halved(), X[:, 0], "Halved .* no form in C"),
        (StandardScaler(), several, "several labels a row"),
    ):  # fmt: skip
        readout = RidgeClassifier() if y is several else RidgeReadout()
        with pytest.raises(NotInC, match=text):
            export_c(make_pipeline(stage, readout).fit(X, y), tmp_path / "wrong", sample=X)
    assert not (tmp_path / "wrong").exists()


def test_a_model_that_chooses_its_pipeline_is_exported(tmp_path):
    rows = np.random.default_rng(0).normal(size=(12, 25, 2)).cumsum(axis=1)
    model = SensorClassifier("echo", size=80, random_state=0).fit(rows, np.arange(12) % 2)
    exported = export_c(model, tmp_path / "model", sample=rows[0])
    assert "predictions" in in_c.by_makefile(exported)


def test_a_saved_model_is_exported_from_the_command_line(tmp_path):
    rows = np.random.default_rng(0).normal(size=(8, 25, 3)).cumsum(axis=1)
    model = make_pipeline(
        TaxelDrive(None, baseline="training"), MemristorReservoir(9, pool="mean", **SMALL),
        RidgeReadout(),
    ).fit(rows, np.arange(8) % 2)  # fmt: skip
    save_model(model, tmp_path / "touch.mottle", rows)
    call = ["export", str(tmp_path / "touch.mottle"), "--out", str(tmp_path / "touch")]
    found = CliRunner().invoke(main, call)
    assert found.exit_code == 0, found.stderr
    assert "3 inputs, 1 outputs" in found.stdout
    header = (tmp_path / "touch/touch.h").read_text()
    assert "TOUCH_N_INPUTS" in header
    np.savetxt(tmp_path / "other.csv", rows[3] + 1, delimiter=",", header="a,b,c", comments="")
    other = [*call[:3], str(tmp_path / "other"), "--data", str(tmp_path / "other.csv")]
    assert CliRunner().invoke(main, other).exit_code == 0
    assert (tmp_path / "other/test_other.c").read_text() != (
        tmp_path / "touch/test_touch.c"
    ).read_text()
    save_model(model, tmp_path / "bare.mottle")
    bare = CliRunner().invoke(main, ["export", str(tmp_path / "bare.mottle"), "--out", "x"])
    assert bare.exit_code == 1
    assert "holds no sample of its input" in bare.stderr.replace("\n", " ")


def test_the_tick_is_that_of_the_sample_or_of_training(tmp_path):
    rows = np.exp(np.random.default_rng(0).normal(size=(40, 1)).cumsum(axis=0) / 10)
    timed = xr.DataArray(rows, dims=("time", "channel"), coords={"time": np.arange(40) * 0.1})
    model = make_pipeline(GasDrive(None, baseline=0, smooth=0.3), NoReservoir()).fit(timed)
    texts = []
    for name, sample, given in (
        ("a", timed, {}), ("b", rows, {}), ("c", rows, {"tick": 0.1}), ("d", rows, {"tick": 1.0}),
    ):  # fmt: skip
        export_c(model, tmp_path / name, sample=sample, name="m", n_ticks=40, **given)
        texts.append((tmp_path / name / "m.c").read_text())
    assert texts[0] == texts[1] == texts[2] != texts[3]
    drive = xr.DataArray(rows, dims=("step", "input"))
    export_c(NoReservoir().fit(rows), tmp_path / "drive", sample=drive)  # without times
    chosen = SensorClassifier(NoReservoir(pool="mean")).fit([timed, timed[:30]] * 4, [0, 1] * 4)
    assert learnt_interval(chosen) == 0.1
    with pytest.raises(ValueError, match=r"tick=1 s, and the rows of the sample are 0.1 s apart"):
        export_c(model, tmp_path / "e", sample=timed, tick=1.0)
