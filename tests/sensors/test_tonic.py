"""`TonicTransformer` and our encoders against the real transforms of tonic."""

import re
import sys

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator
from tonic_sets import draw as columns
from tonic_sets import write_ncars

from mottle.datasets import load
from mottle.reservoir import EchoStateReservoir, MemristorReservoir
from mottle.sensors import EVENT_DTYPE, EventRate, TimeSurface, TonicTransformer
from mottle.sensors import tonic as tonic_step

tonic = pytest.importorskip("tonic", reason="tonic is not installed: pip install mottle[tonic]")
transforms = tonic.transforms
SIZE = (34, 20)
FRAMES = ("ToFrame", {"n_time_bins": 5})
NMNIST = np.dtype([("x", int), ("y", int), ("t", int), ("p", int)])


def draw(seed=0, n=400, duration=100_000, size=SIZE):
    events = np.zeros(n, dtype=EVENT_DTYPE)
    events["t"], events["x"], events["y"], events["p"] = columns(seed, n, size, duration)
    return events


def theirs(events, dtype=NMNIST):
    """Return events as tonic's data sets have them."""
    found = np.empty(len(events), dtype=dtype)
    for name in dtype.names:
        found[name] = events[name]
    return found


def flat(frames):
    """Return frames (time, polarity, row, column) as drives have them."""
    return frames.transpose(0, 2, 3, 1).reshape(len(frames), -1)


RECORDINGS = [draw(k) for k in range(3)]

# our encoders


@pytest.mark.parametrize("window", [5000, 7001, 20_000])
def test_event_rate_counts_as_to_frame_by_time_window(window):
    n = 100_000 // window
    ours = EventRate(
        n, cell=1, duration=n * window * 1e-6, sensor_size=SIZE, compress=None, scale=None,
        on_drop="ignore",
    )  # fmt: skip
    for events in RECORDINGS:
        span = np.append(events, np.array([(10**6, 0, 0, 0)], EVENT_DTYPE))  # no window is cut
        frames = transforms.ToFrame((*SIZE, 2), time_window=window)(theirs(span))[:n]
        np.testing.assert_array_equal(ours.fit_transform(events), flat(frames))


def test_event_rate_with_merged_polarities_is_their_sum():
    options = {"cell": 1, "sensor_size": SIZE, "compress": None, "scale": None, "duration": 0.1}
    ours = EventRate(10, polarity="sum", **options).fit_transform(RECORDINGS[0])
    merged = transforms.MergePolarities()(theirs(RECORDINGS[0]))
    frames = transforms.ToFrame((*SIZE, 1), time_window=10_000, include_incomplete=True)(merged)
    np.testing.assert_array_equal(ours, flat(frames))
    signed = EventRate(10, polarity="signed", **options).fit_transform(RECORDINGS[0])
    both = transforms.ToFrame((*SIZE, 2), time_window=10_000, include_incomplete=True)(
        theirs(RECORDINGS[0])
    )
    np.testing.assert_array_equal(signed, flat((both[:, 1:] - both[:, :1]).astype(float)))


@pytest.mark.parametrize(("dt", "tau"), [(10_000, 5000), (4000, 30_000)])
def test_time_surface_is_to_timesurface(dt, tau):
    n = 80_000 // dt
    ours = TimeSurface(
        n, tau=tau * 1e-6, cell=1, duration=n * dt * 1e-6, sensor_size=SIZE, on_drop="ignore"
    )
    for events in RECORDINGS:
        surfaces = transforms.ToTimesurface((*SIZE, 2), dt=dt, tau=tau)(theirs(events))[:n]
        np.testing.assert_allclose(ours.fit_transform(events), flat(surfaces), atol=1e-12)


# the step

CHAINS = {
    "window": [("ToFrame", {"time_window": 10_000, "include_incomplete": True})],
    "count": [("ToFrame", {"event_count": 100})],
    "bins": [FRAMES],
    "voxels": [("ToVoxelGrid", {"n_time_bins": 4})],
    "surface": [("ToTimesurface", {"dt": 10_000, "tau": 5000})],
    "bits": [("ToFrame", {"n_time_bins": 16}), ("ToBinaRep", {"n_frames": 2, "n_bits": 8})],
    "crop": [("CenterCrop", {"size": (20, 10)}), ("Denoise", {"filter_time": 90_000}), FRAMES],
}


def in_tonic(chain, events, size):
    """Run a chain with tonic alone, the sensor's size given by hand."""
    for name, parameters in chain:
        cls = getattr(transforms, name)
        more = {"sensor_size": (*size, 2)} if "sensor_size" in cls.__annotations__ else {}
        events = cls(**more, **parameters)(events)
        size = parameters.get("size", size)
    return events


@pytest.mark.parametrize("chain", CHAINS.values(), ids=CHAINS)
def test_a_chain_gives_what_tonic_gives_as_labelled_arrays(chain):
    step = TonicTransformer(chain, sensor_size=SIZE, on_drop="ignore")
    drives = step.fit_transform(RECORDINGS)
    for events, drive in zip(RECORDINGS, drives, strict=True):
        expected = flat(in_tonic(chain, theirs(events), SIZE))
        np.testing.assert_array_equal(drive.to_numpy(), expected)
        assert drive.dims == ("time", "channel")
        assert drive.attrs["time_unit"] == "us"
        width, height = (20, 10) if chain[0][0] == "CenterCrop" else SIZE
        assert drive.attrs["sensor_size"] == [width, height]
        assert list(drive["channel"].to_numpy()) == list(step.get_feature_names_out())
    assert step.input_shape_ == (height, width, 1 if chain[0][0] == "ToVoxelGrid" else 2)


def test_frames_have_the_times_at_which_they_begin():
    events = RECORDINGS[0]
    t = events["t"]
    step = TonicTransformer([("ToFrame", {"time_window": 30_000})], on_drop="ignore")
    assert step.fit_transform(events)["time"].to_numpy().tolist() == [0, 30_000, 60_000]
    assert step.transform(events)["time"].attrs["units"] == "us"
    step.set_params(transforms=[("ToFrame", {"event_count": 100})])
    assert step.fit_transform(events)["time"].to_numpy().tolist() == t[::100].tolist()


@pytest.mark.parametrize("reservoir", [EchoStateReservoir(20), MemristorReservoir(20)])
def test_reservoirs_take_the_frames(reservoir):
    model = make_pipeline(
        TonicTransformer([FRAMES], on_drop="ignore"), reservoir.set_params(pool="mean")
    )
    assert model.fit_transform(RECORDINGS).shape == (3, 20)
    counts = model[0].transform(RECORDINGS)
    expected = (
        clone(reservoir).set_params(random_state=1).fit_transform([np.asarray(c) for c in counts])
    )
    ours = clone(reservoir).set_params(random_state=1).fit_transform(counts)
    np.testing.assert_array_equal(ours, expected)


def test_transformed_events_go_on_to_an_encoder():
    chain = [("Denoise", {"filter_time": 90_000}), ("CenterCrop", {"size": 10})]
    rate = EventRate(5, cell=1, duration=0.1, compress=None, scale=None)
    step = TonicTransformer(chain, sensor_size=SIZE, encoder=rate)
    drives = step.fit_transform(RECORDINGS)
    assert drives.shape == (3, 5, 200)
    expected = in_tonic([chain[0], ("CenterCrop", {"size": [10, 10]})], theirs(RECORDINGS[1]), SIZE)
    assert drives[1].sum() == len(expected)
    assert step.encoder_.sensor_size_ == (10, 10)
    plain = TonicTransformer(chain, sensor_size=SIZE).fit_transform(RECORDINGS)
    assert plain[1].dtype == EVENT_DTYPE
    for name in EVENT_DTYPE.names:
        np.testing.assert_array_equal(plain[1][name], expected[name])
    with pytest.raises(ValueError, match="needs events, but ToFrame gives frames"):
        TonicTransformer([FRAMES], encoder=rate).fit(RECORDINGS)


@pytest.mark.parametrize(
    "given",
    [
        ["ToImage"],
        [("ToImage", {})],
        [{"name": "ToImage"}],
        [transforms.ToImage((*SIZE, 2))],
        transforms.ToImage((*SIZE, 2)),
        [lambda events: transforms.ToFrame((*SIZE, 2), event_count=len(events))(events)],
    ],
)
def test_a_transform_may_be_given_in_every_form(given):
    image = TonicTransformer(given, sensor_size=SIZE).fit_transform(RECORDINGS[0])
    assert image.shape == (1, 20 * 34 * 2)
    assert image.sum() == 400


# the contract of scikit-learn


def test_scikit_learn_accepts_the_step():
    step = TonicTransformer([FRAMES], sensor_size=SIZE)
    results = check_estimator(step, on_fail=None, on_skip=None)
    wanted = re.compile(
        "clon|get_params|set_params|no_attributes|parameters_default|mutable|tags|docstring|repr"
    )
    looked = [one for one in results if wanted.search(one["check_name"])]
    assert len(looked) >= 5
    assert [one["check_name"] for one in looked if one["status"] not in ("passed", "skipped")] == []


def test_it_clones_sets_parameters_and_ignores_the_output_container():
    step = TonicTransformer([FRAMES], sensor_size=SIZE, on_drop="ignore")
    other = clone(step).set_params(transforms=[("ToFrame", {"n_time_bins": 3})])
    assert (len(step.fit_transform(RECORDINGS[0])), len(other.fit_transform(RECORDINGS[0]))) == (
        5,
        3,
    )
    rate = TonicTransformer([("Denoise", {"filter_time": 9e4})], encoder=EventRate(5))
    assert rate.set_params(encoder__n_steps=7).fit_transform(RECORDINGS).shape[1] == 7
    with pytest.raises(ValueError, match=r"'transfroms'.*did you mean 'transforms'\?"):
        step.set_params(transfroms=[])
    with config_context(transform_output="pandas"):
        assert step.fit(RECORDINGS).transform(RECORDINGS)[0].dims == ("time", "channel")
    assert step.set_output(transform="pandas") is step


def test_absent_recordings_are_masked_and_refused_in_fit():
    step = TonicTransformer([FRAMES], sensor_size=SIZE, on_drop="ignore").fit(RECORDINGS)
    gappy = step.transform([RECORDINGS[0], None])
    assert gappy[1].shape == (5, 1360)
    assert np.isnan(gappy[1]).all()
    with pytest.raises(ValueError, match="recording 1 of the input is absent"):
        step.fit([RECORDINGS[0], None])


def test_random_transforms_depend_on_seed_and_recording_alone():
    def run(X, seed):
        step = TonicTransformer([("DropEvent", {"p": 0.5})], random_state=seed)
        return step.fit(RECORDINGS).transform(X)

    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, again = run(RECORDINGS, 0), run(RECORDINGS[::-1], 0)[::-1]
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(first[0], run(RECORDINGS, 1)[0])
    assert not np.array_equal(run(RECORDINGS, None)[0], run(RECORDINGS, None)[0])
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


# what is wrong is refused or reported


def test_events_after_the_last_frame_are_reported():
    step = TonicTransformer([("ToFrame", {"time_window": 30_000})], sensor_size=SIZE)
    lost = int((RECORDINGS[0]["t"] >= 90_000).sum())
    assert lost > 10
    with pytest.warns(UserWarning, match=f"{lost} of 400 events come after the last frame"):
        frames = step.fit(RECORDINGS[0]).transform(RECORDINGS[0])
    assert frames.sum() == 400 - lost
    assert step.count(RECORDINGS[:1]).iloc[0].tolist() == [400, 400 - lost, 0, lost]
    with pytest.raises(ValueError, match="come after the last frame"):
        step.set_params(on_drop="raise").transform(RECORDINGS[0])


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (["Denoiser"], r"transforms\[0\]='Denoiser' is not known; did you mean 'Denoise'\?"),
        (["__import__"], "is not known"),
        ([("Denoise", {"filter_tme": 3})], r"no parameter 'filter_tme'; did you mean 'filter_ti"),
        (["ToImage", "Denoise"], r"transforms\[1\]: Denoise needs filter_time"),
        (["ToSparseTensor"], "sparse tensor of PyTorch; take ToFrame"),
        (["ToOneHotEncoding"], "is for targets"),
        ([{"filter_time": 3}], "has no 'name'"),
    ],
)
def test_an_unknown_transform_or_parameter_is_named(chain, message):
    with pytest.raises(ValueError, match=message):
        TonicTransformer(chain).fit(RECORDINGS)
    with pytest.raises(TypeError, match=r"transforms\[0\] is a int"):
        TonicTransformer([3]).fit(RECORDINGS)


def test_a_transform_that_fails_names_the_recording():
    step = TonicTransformer([("ToFrame", {"time_window": 10_000, "event_count": 3})])
    with pytest.raises(ValueError, match="recording 0 of the input: ToFrame of tonic fails"):
        step.fit(RECORDINGS)
    short = TonicTransformer([("CropTime", {"min": 0.1, "max": 0.2})])
    with pytest.raises(ValueError, match=r"left after CropTime; .* in us: min=0\.1, max=0\.2\.$"):
        short.fit(RECORDINGS)
    crop = [("CropTime", {"min": 50_000}), FRAMES]
    step = TonicTransformer(crop, sensor_size=SIZE, on_drop="ignore").fit(RECORDINGS)
    early = RECORDINGS[1][RECORDINGS[1]["t"] < 40_000]
    with pytest.raises(ValueError, match="recording 1 of the input has no event left after CropT"):
        step.transform([RECORDINGS[0], early])
    outside = np.array([(0, 40, 1, 1)], EVENT_DTYPE)
    with pytest.raises(ValueError, match="recording 0 of the input has an event at x=40, outside"):
        step.transform([outside])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "ToFrame",
            {"time_window": 1e-9},
            r"a longer time_window\).* are in us: time_window=1e-09",
        ),
        ("ToTimesurface", {"dt": 1e-9, "tau": 0.1}, r"a longer dt\).* in us: dt=1e-09, tau=0.1"),
        ("ToFrame", {"n_time_bins": 10**12}, r"take a smaller n_time_bins\)\.$"),
        ("ToVoxelGrid", {"n_time_bins": 10**12}, r"take a smaller n_time_bins\)\.$"),
    ],
)
def test_frames_beyond_the_memory_name_recording_transform_and_unit(name, parameters, message):
    step = TonicTransformer([(name, parameters)])
    with pytest.raises(
        MemoryError, match=f"^recording 0 of the input: {name} of tonic fails .*{message}"
    ):
        step.fit(RECORDINGS).transform(RECORDINGS)


@pytest.mark.parametrize(
    ("error", "kind"), [(MemoryError(), MemoryError), (IndexError("x"), ValueError)]
)
@pytest.mark.parametrize("where", ["build", "account_frames", "as_drive"])
def test_an_error_anywhere_in_a_transform_names_the_recording(error, kind, where, monkeypatch):
    def fail(*args):
        raise error

    owner = tonic_step.Step if where == "build" else tonic_step
    monkeypatch.setattr(owner, where, fail)
    with pytest.raises(kind, match=r"recording 0 of the input: ToFrame of tonic fails \("):
        TonicTransformer([FRAMES]).fit(RECORDINGS).transform(RECORDINGS)


def test_counts_that_overflow_in_tonic_are_refused():
    events = np.zeros(40_000, EVENT_DTYPE)
    events["t"] = np.arange(40_000)
    assert transforms.ToImage((1, 1, 2))(theirs(events)).sum() == -25_536
    with pytest.raises(ValueError, match="a pixel has more than 32767 events in a frame"):
        TonicTransformer(["ToImage"]).fit(events)
    with pytest.raises(ValueError, match="a pixel has more than 32767 events in a frame"):
        TonicTransformer([("ToFrame", {"n_event_bins": 1})]).fit(events)
    step = TonicTransformer([("ToFrame", {"n_event_bins": 2})]).fit(events)
    assert step.transform(events).sum() == 40_000


def test_voxel_grids_have_both_polarities_for_every_type_of_field():
    narrow = np.dtype([("t", "<i8"), ("x", "<u2"), ("y", "<u2"), ("p", bool)])
    events = RECORDINGS[0].astype(narrow)
    wrong = transforms.ToVoxelGrid((*SIZE, 2), n_time_bins=4)(theirs(events, narrow))
    right = transforms.ToVoxelGrid((*SIZE, 2), n_time_bins=4)(theirs(events))
    step = TonicTransformer([("ToVoxelGrid", {"n_time_bins": 4})], sensor_size=SIZE)
    np.testing.assert_array_equal(step.fit_transform(events), flat(right))
    assert wrong.sum() > 300 > 100 > right.sum()
    with pytest.raises(ValueError, match="all events are at 7 us"):
        step.transform(np.array([(7, 0, 0, 1)] * 3, EVENT_DTYPE))


def test_the_end_of_the_first_recording_does_not_cut_the_others():
    short, long = RECORDINGS[0][:40], RECORDINGS[1]
    whole = [t[t["t"] >= 0] for t in (short, long)]
    shared = transforms.CropTime()
    shared(theirs(short))
    assert len(shared(theirs(long))) < 60
    for chain in (["CropTime"], [transforms.CropTime()]):
        found = TonicTransformer(chain, sensor_size=SIZE).fit([short]).transform([short, long])
        assert list(map(len, found)) == list(map(len, whole))


def test_streams_and_tonics_objects_stay_as_they_are():
    events, crop = RECORDINGS[0].copy(), transforms.CenterCrop((*SIZE, 2), 10)
    TonicTransformer([crop], sensor_size=SIZE).fit_transform([events])
    np.testing.assert_array_equal(events, RECORDINGS[0])
    assert crop.size == 10


def test_without_tonic_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "tonic", None)
    monkeypatch.setitem(sys.modules, "tonic.transforms", None)
    with pytest.raises(ImportError, match=r"pip install mottle\[tonic\]"):
        TonicTransformer([FRAMES]).fit(RECORDINGS)


def test_cars_that_mottle_reads_go_through_transforms_of_tonic(tmp_path, monkeypatch):
    write_ncars(tmp_path / "n-cars")
    monkeypatch.setenv("MOTTLE_DATA", str(tmp_path))
    table, target, groups = load("n-cars")
    step = TonicTransformer(
        [("ToAveragedTimesurface", {"cell_size": 10, "surface_size": 5})], sensor_size=(120, 100)
    )
    hats = step.fit_transform(table["sight"])
    assert sorted(set(target)) == ["background", "cars"]
    assert sorted(set(groups)) == ["test", "train"]
    events = theirs(table["sight"].iloc[0])
    cells = transforms.ToAveragedTimesurface((120, 100, 2), 5, 10)(events)
    assert hats[0].shape == (1, cells.size)
    assert hats[0].sum() == pytest.approx(cells.sum())


# docs/how-to/tonic.md names these; where one is gone, the page is to be changed

MANY = draw(0, 10_000, 300_000, (34, 34))
WHOLE = (34, 34, 2)


def uniform(**fields):
    events = theirs(MANY)
    for name, value in fields.items():
        events[name] = value
    return events


def drops_by_area():
    cut = transforms.DropEventByArea(WHOLE, (0.1, 0.3))
    return max(1 - len(cut(theirs(MANY))) / 10_000 for _ in range(60))


def difference_of_surfaces(events, other):
    surface = transforms.ToAveragedTimesurface((20, 20, 2), time_window=1000, tau=100)
    return np.abs(surface(events) - surface(other)).max()


FEW = theirs(draw(0, 300, 3000, (20, 20)))
LATER = FEW.copy()
LATER["t"] += 3_600_000_000
UNSIGNED = FEW.astype([("x", "u2"), ("y", "u2"), ("t", "i8"), ("p", "i8")])
TWO = np.array([(3, 3, 500, 1), (20, 20, 50_000, 1)], NMNIST)
DIAGONAL = np.array([(3, 3, 50_000, 1), (4, 4, 50_100, 1)], NMNIST)


def flipped():
    flip = transforms.RandomFlipPolarity(0.5)
    return {float((flip(theirs(MANY))["p"] != MANY["p"]).mean()) for _ in range(30)}


def late_drops():
    late = uniform(t=theirs(MANY)["t"] + 10**9)
    return sum(len(transforms.DropEventByTime(0.2)(late)) < 10_000 for _ in range(50))


def raises(make, kind):
    try:
        make()
    except kind:
        return True
    return False


def frame(**given):
    return transforms.ToFrame(WHOLE, **given)(theirs(MANY)).sum()


FAULTS = {
    "windows that are not full": lambda: 9600 < frame(time_window=10_000) < 9700,
    "the last event": lambda: frame(n_time_bins=30) == 10_000 - 1,
    "empty": lambda: transforms.ToFrame((34, 20, 2), time_window=9)(FEW[:0]).shape[2:] == (34, 20),
    "uint8": lambda: raises(
        lambda: transforms.ToVoxelGrid(WHOLE, 5)(MANY.copy()), OverflowError
    ),
    "weights of voxels": lambda: 8900 < transforms.ToVoxelGrid(WHOLE, 5)(uniform(p=1)).sum() < 9100,
    "float32 times": lambda: difference_of_surfaces(FEW, LATER) > 0.01,
    "unsigned pixels": lambda: difference_of_surfaces(FEW, UNSIGNED) > 0.01,
    "lone first events": lambda: transforms.Denoise(1000)(TWO)["t"].tolist() == [500],
    "diagonal neighbours": lambda: len(transforms.Denoise(1000)(DIAGONAL)) == 0,
    "refractory": lambda: len(transforms.RefractoryPeriod(9)(np.zeros(1, NMNIST))) == 0,
    "area": lambda: drops_by_area() > 0.3,
    "late": lambda: late_drops() == 0,
    "flip": lambda: flipped() <= {0.0, 1.0},
    "jitter": lambda: (np.diff(transforms.TimeJitter(1000)(theirs(MANY))["t"]) < 0).any(),
    "downsampling": lambda: raises(
        lambda: transforms.EventDownsampling(WHOLE, (17, 17), "integrator", dt=0.5)(theirs(MANY)),
        AssertionError,
    ),
    "pixels": lambda: raises(lambda: transforms.DropPixel()(theirs(MANY)), TypeError),
    "compose": lambda: transforms.Compose(
        [transforms.CropTime(10**9), transforms.ToImage(WHOLE)]
    )(theirs(MANY)).ndim == 1,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_on_the_page_is_still_there(fault):
    assert fault()
