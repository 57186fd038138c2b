"""Figures of streams: what is drawn, in which units, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from numpy.testing import assert_allclose, assert_array_equal

import mottle
from mottle.datasets import load_demo
from mottle.events import EVENT_DTYPE, LazyStream
from mottle.pipelines import plot

EVENTS = np.array(
    [(0, 0, 0, 1), (10, 0, 0, 1), (500_000, 1, 0, 0), (1_000_000, 2, 1, 1)], dtype=EVENT_DTYPE
)


def samples(n_channels, units="V", n_rows=20):
    values = np.cumsum(np.random.default_rng(0).normal(size=(n_rows, n_channels)), axis=0)
    coords = {"time": ("time", 0.1 * np.arange(n_rows), {"units": "s"}),
              "channel": [f"c{k}" for k in range(n_channels)]}  # fmt: skip
    return xr.DataArray(values, dims=("time", "channel"), coords=coords, attrs={"units": units})


def images(figure):
    return [axis.images[0].get_array() for axis in figure.axes if axis.images]


def labels(figure):
    return [axis.get_ylabel() for axis in figure.axes]


def test_the_umbrella_has_the_same_function():
    assert mottle.plot is plot
    assert "plot" in dir(mottle)


def test_frames_hold_on_minus_off_and_rates_every_event():
    figure = plot(EVENTS, n_frames=2, sensor_size=(3, 2))
    first, second = images(figure)
    assert_array_equal(first, [[2, 0, 0], [0, 0, 0]])
    assert_array_equal(second, [[0, -1, 0], [0, 0, 1]])
    below = next(axis for axis in figure.axes if axis.get_ylabel() == "events/s")
    assert below.get_xlabel() == "time (ms)"
    counts = [
        float(np.sum(patch.get_data().values * np.diff(patch.get_data().edges) * 1e-3))
        for patch in below.patches
    ]
    assert_allclose(counts, [3, 1])
    assert "on - off events" in labels(figure)


def test_seconds_are_the_unit_of_long_streams():
    long = EVENTS.copy()
    long["t"] *= 10
    assert "time (s)" in [axis.get_xlabel() for axis in plot(long).axes]


def test_traces_have_units_and_legends_that_hide_nothing():
    stream = samples(3, units="kOhm")
    figure = plot(stream)
    (axis,) = figure.axes
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("time (s)", "value (kOhm)")
    for k, line in enumerate(axis.lines):
        assert_array_equal(line.get_ydata(), stream.to_numpy()[:, k])
        assert_array_equal(line.get_xdata(), stream["time"].to_numpy())
    figure.canvas.draw()
    assert axis.get_legend().get_window_extent().x0 >= axis.get_window_extent().x1


def test_channels_of_different_units_get_panels_of_their_own():
    stream = samples(3).assign_coords(unit=("channel", ["V", "kOhm", "V"]))
    figure = plot(stream)
    assert labels(figure) == ["value (V)", "value (kOhm)"]
    assert [len(axis.lines) for axis in figure.axes] == [2, 1]


def test_many_channels_are_a_heat_map_of_their_change_with_a_colour_bar():
    stream = samples(15, units="N")
    image, lines, bar = plot(stream).axes
    drawn = image.collections[0].get_array()
    assert_allclose(drawn, (stream - stream[0]).to_numpy().T)
    assert bar.get_ylabel() == "change since start\n (N)" or "(N)" in bar.get_ylabel()
    moves = stream.std("time").to_numpy()
    most = sorted(np.argsort(-moves)[:6])
    assert [line.get_label() for line in lines.lines] == [f"c{k}" for k in most]
    assert len(plot(stream, kind="traces").axes) == 1
    assert len(plot(samples(3), kind="heatmap").axes) == 3


def test_arrays_tables_lazy_cells_and_single_rows_are_drawn():
    class Stored(LazyStream):
        def read(self):
            return np.arange(6.0).reshape(3, 2)

    assert plot(Stored()).axes[0].get_xlabel() == "row"
    assert plot(np.zeros((4, 2))).axes[0].get_ylabel() == "value (no unit stated)"
    frame = pd.DataFrame({"CO": [1.0, 2.0], "NO2": [0.0, 1.0]})
    assert [line.get_label() for line in plot(frame).axes[0].lines] == ["CO", "NO2"]
    assert plot(samples(30, n_rows=1)).axes[0].get_xlabel() == "channel"


def test_a_row_a_table_and_recordings_are_drawn_alike_with_a_panel_a_sense():
    recordings = load_demo("senses").take([3])
    for given in (recordings, recordings.table, recordings.table.iloc[0]):
        figure = plot(given, title="one")
        assert len(figure.subfigs) == 3
        assert len(images(figure.subfigs[0])) == 6
    assert figure.get_suptitle() == "one"
    first = images(plot(recordings).subfigs[0])[0]
    assert first.shape == (34, 34)  # the sensor size that the table states


def test_a_notebook_can_show_the_figure():
    assert plot(samples(2))._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("stream", "options", "error", "message"),
    [
        (None, {}, ValueError, "is absent"),
        (EVENTS, {"kind": "heatmap"}, ValueError, "this is an event stream"),
        (samples(2), {"kind": "events"}, ValueError, "kind='events' is for event streams"),
        (samples(2), {"kind": "trace"}, ValueError, "did you mean 'traces'"),
        (EVENTS[:0], {}, ValueError, "empty|no events"),
        (EVENTS, {"n_frames": 0}, ValueError, "n_frames=0"),
        (EVENTS, {"width": -1.0}, ValueError, "width=-1.0"),
        (EVENTS, {"sensor_size": (3,)}, ValueError, "sensor_size"),
        (np.zeros((2, 3, 4)), {}, TypeError, "one stream"),
        (np.array(["a"]), {}, ValueError, "holds text"),
        (load_demo("grasp"), {}, ValueError, "has 200 recordings; take one"),
        (load_demo("grasp").table["touch"], {}, ValueError, "a Series of 200 streams"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_the_way_out(stream, options, error, message):
    with pytest.raises(error, match=message):
        plot(stream, **options)


def test_a_misspelt_option_is_named():
    with pytest.raises(TypeError, match="did you mean 'n_frames'"):
        plot(EVENTS, frames=3)
