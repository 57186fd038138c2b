"""Figures of streams: events as frames and rates, samples as traces with units and as heat maps."""

from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mottle.arrays import as_numbers, order_dims
from mottle.checks import check_option, check_positive, check_whole, names_arguments
from mottle.datasets import Recordings
from mottle.events import check_events, is_absent, is_event_stream, read_stream
from mottle.times import are_row_numbers

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito
KINDS = ("auto", "events", "traces", "heatmap")
MANY_CHANNELS = 12  # from here on a heat map shows more than lines
MOST_LINES, MOST_NAMES, MOST_ROWS, MOST_PANELS = 6, 20, 4000, 8
N_BINS, FRAMES_A_ROW = 60, 3
PLAIN_UNITS = ("", "1", "dimensionless")


class Samples(NamedTuple):
    """A sampled stream as plain arrays: values (row, channel), times, names and units."""

    values: NDArray[np.float64]
    time: NDArray[np.float64]
    time_label: str
    names: list[str]
    units: list[str]


class NotebookFigure(Figure):
    """A figure that a notebook shows although pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        """Return the figure as a picture."""
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


class Drawing(NamedTuple):
    """How a stream is drawn: the height it needs in inch, and what draws it into a figure."""

    height: float
    draw: Callable[[Any], None]


@names_arguments
def plot(
    stream: Any, *, kind: str = "auto", title: str = "", n_frames: int = 6,
    sensor_size: Sequence[int] | None = None, width: float = 7.0,
) -> Figure:  # fmt: skip
    """Draw a stream, or all streams of one recording.

    Parameters
    ----------
    stream : stream, Series, Recordings or DataFrame
        An event stream; a `DataArray` of dims (time, channel), a numeric array (row, channel) or
        numeric DataFrame; a row of a table of streams (``table.iloc[0]``), or `Recordings` or a
        table with one recording (``recordings.take([0])``): a panel for each sense (modality).
    kind : {"auto", "events", "traces", "heatmap"}, default="auto"
        Events are drawn as frames and rates; samples as traces, a panel for each unit; samples of
        12 channels or more, as of tactile arrays, as a heat map over time with the channels that
        change most as lines.
    title : str, default=""
        Text above the figure.
    n_frames : int, default=6
        Frames of events, in which on and off events are subtracted.
    sensor_size : (int, int) or None, default=None
        Columns and rows of an event camera; None takes the table's, or what the events show.
    width : float, default=7.0
        Width of the figure in inch.

    Returns
    -------
    figure : matplotlib.figure.Figure
        Notebooks show it; ``figure.savefig("stream.svg")`` writes it. Drawn without pyplot.

    Raises
    ------
    TypeError
        For what is no stream.
    ValueError
        For an absent stream, a table of several recordings, or a kind that the stream is not.

    Examples
    --------
    >>> from mottle.datasets import load_demo
    >>> recordings = load_demo("senses")
    >>> [axis.get_xlabel() for axis in plot(recordings.table["smell"].iloc[0]).axes]
    ['time (s)']
    >>> len(plot(recordings.take([0])).subfigs)  # sight, touch and smell
    3
    """
    check_option("kind", kind, KINDS)
    check_whole("n_frames", n_frames)
    check_positive("width", width, "inch")
    if sensor_size is not None and np.shape(sensor_size) != (2,):
        raise ValueError(f"sensor_size={sensor_size!r}: expected (width, height) in pixels.")
    panels, size = as_panels(stream)
    if sensor_size is not None:
        size = [check_whole("sensor_size", one) for one in sensor_size]
    drawings = [choose_drawing(cell, kind, name, n_frames, size) for name, cell in panels.items()]
    heights = [drawing.height for drawing in drawings]
    room = 0.4 if title else 0.0
    figure = NotebookFigure(figsize=(width, sum(heights) + room), layout="constrained")
    parts: list[Any] = [figure]
    if title or len(panels) > 1:
        several: Any = figure.subfigures(len(panels), 1, height_ratios=heights)
        parts = list(np.atleast_1d(several))
    for part, drawing in zip(parts, drawings, strict=True):
        drawing.draw(part)
    if title:
        figure.suptitle(title)
    return figure


def as_panels(stream: Any) -> tuple[dict[str, Any], Sequence[int] | None]:
    """Return the streams of one recording by sense, and the sensor size that their table states."""
    if isinstance(stream, Recordings):
        stream = stream.table
    attrs = getattr(stream, "attrs", {})
    size = attrs.get("sensor_size")
    for own in attrs.get("senses", {}).values() if isinstance(attrs.get("senses"), dict) else ():
        size = size or own.get("sensor_size")
    if isinstance(stream, pd.DataFrame) and any(map(pd.api.types.is_object_dtype, stream.dtypes)):
        if len(stream) != 1:
            raise ValueError(
                f"the table has {len(stream)} recordings; take one: plot(recordings.take([0])), or "
                "plot(table.iloc[0])."
            )
        stream = stream.iloc[0]
    if isinstance(stream, pd.Series) and stream.dtype == object:
        cells = {str(name): cell for name, cell in stream.items() if not is_absent(cell)}
        if not cells:
            raise ValueError("this recording has no stream: every sense is absent.")
        if len(cells) > MOST_PANELS:
            raise ValueError(
                f"a Series of {len(cells)} streams is too many for one figure; take a row of the "
                "table, table.iloc[0], or one stream."
            )
        return cells, size
    return {"": stream}, size


def choose_drawing(
    cell: Any, kind: str = "auto", name: str = "", n_frames: int = 6,
    sensor_size: Sequence[int] | None = None,
) -> Drawing:  # fmt: skip
    """Return how one stream is drawn into a figure or a part of one."""
    if is_absent(cell):
        raise ValueError("there is nothing to draw: the stream is absent (None).")
    stream = read_stream(cell)
    if is_event_stream(stream):
        if kind not in ("auto", "events"):
            raise ValueError(f"kind={kind!r} is for samples, and this is an event stream.")
        height = 1.6 * -(-n_frames // FRAMES_A_ROW) + 1.9
        return Drawing(height, partial(draw_events, events=stream, name=name, n_frames=n_frames,
                                       sensor_size=sensor_size))  # fmt: skip
    if kind == "events":
        raise ValueError(
            "kind='events' is for event streams, arrays with fields t, x, y and p; see make_events."
        )
    samples = as_samples(stream)
    if kind == "auto":
        kind = "heatmap" if samples.values.shape[1] >= MANY_CHANNELS else "traces"
    if kind == "heatmap" and len(samples.time) > 1:
        return Drawing(5.2, partial(draw_heatmap, samples=samples, name=name))
    height = 0.4 + 2.4 * len(dict.fromkeys(samples.units))
    return Drawing(height, partial(draw_traces, samples=samples, name=name))


def as_samples(stream: Any) -> Samples:
    """Return a sampled stream as plain arrays.

    Examples
    --------
    >>> as_samples(np.zeros((3, 2))).names, as_samples(np.zeros((3, 2))).time_label
    (['channel 0', 'channel 1'], 'row')
    """
    stream = order_dims(stream, "the stream")
    values = as_numbers(stream, "the stream")
    if values.ndim == 1:
        values = values[:, np.newaxis]
    if values.ndim != 2 or not values.size:
        raise TypeError(
            f"plot draws one stream, rows of time and columns of channels, and got shape "
            f"{values.shape}; take one recording."
        )
    n_rows, n_channels = values.shape
    time, label = np.arange(n_rows, dtype=float), "row"
    names, units = [f"channel {k}" for k in range(n_channels)], [""] * n_channels
    if isinstance(stream, xr.DataArray):
        units = [str(stream.attrs.get("units", ""))] * n_channels
        if "unit" in stream.coords:
            units = [str(unit) for unit in stream["unit"].to_numpy()]
        if "channel" in stream.coords:
            names = [str(one) for one in stream["channel"].to_numpy()]
        if "time" in stream.coords:
            own = stream["time"]
            label = "row" if are_row_numbers(stream) else f"time ({own.attrs.get('units', 's')})"
            time = np.asarray(own, dtype=float)
    elif isinstance(stream, pd.DataFrame):
        names = [str(name) for name in stream.columns]
    return Samples(values, time, label, names, units)


def with_unit(what: str, unit: str) -> str:
    """Return a label with its unit.

    Examples
    --------
    >>> with_unit("value", "kOhm"), with_unit("value", "1"), with_unit("value", "")
    ('value (kOhm)', 'value (dimensionless)', 'value (no unit stated)')
    """
    if unit in PLAIN_UNITS:
        return f"{what} ({'dimensionless' if unit else 'no unit stated'})"
    return f"{what} ({unit})"


def draw_events(
    figure: Any, events: NDArray, name: str = "", n_frames: int = 6,
    sensor_size: Sequence[int] | None = None,
) -> None:  # fmt: skip
    """Draw events as frames, on minus off, and below them the rates of both polarities."""
    fields = check_events(events)
    t, x, y, on = fields["t"], fields["x"], fields["y"], fields["p"] > 0
    seconds = (t - t[0]) * 1e-6
    span = max(float(seconds[-1]), 1e-6)
    scale, unit = (1e3, "ms") if span < 2 else (1.0, "s")
    columns, rows = sensor_size or (int(x.max()) + 1, int(y.max()) + 1)
    n_columns = min(n_frames, FRAMES_A_ROW)
    n_rows = -(-n_frames // n_columns)
    grid = figure.add_gridspec(n_rows + 1, n_columns, height_ratios=[*[1.0] * n_rows, 1.0])
    edges = np.linspace(0, span, n_frames + 1)
    number = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, n_frames - 1)
    here = (x >= 0) & (x < columns) & (y >= 0) & (y < rows)
    frames = np.zeros((n_frames, rows, columns))
    np.add.at(frames, (number[here], y[here], x[here]), np.where(on[here], 1.0, -1.0))
    reach = max(1.0, float(np.percentile(np.abs(frames[frames != 0]), 99))) if frames.any() else 1.0
    axes = []
    for k, frame in enumerate(frames):
        axis = figure.add_subplot(grid[k // n_columns, k % n_columns])
        image = axis.imshow(frame, cmap="coolwarm", vmin=-reach, vmax=reach)
        low, high = edges[k] * scale, edges[k + 1] * scale
        axis.set_title(f"{low:.3g} to {high:.3g} {unit}", fontsize="small")
        axis.set(xticks=[0, columns - 1] if k == 0 else [], yticks=[0, rows - 1] if k == 0 else [])
        axes.append(axis)
    axes[0].set(xlabel="x (pixel)", ylabel="y (pixel)")
    figure.colorbar(image, ax=axes, label="on - off events")
    below = figure.add_subplot(grid[n_rows, :])
    n_bins = int(min(N_BINS, max(1, len(t) // 4)))
    bins = np.linspace(0, span, n_bins + 1)
    for some, label, colour in ((on, "on", COLOURS[1]), (~on, "off", COLOURS[0])):
        rates = np.histogram(seconds[some], bins)[0] / np.diff(bins)
        below.stairs(rates, bins * scale, color=colour, label=label, lw=1.5)
    below.set(xlabel=f"time ({unit})", ylabel="events/s", ylim=(0, None))
    legend_outside(below)
    if name:
        figure.suptitle(name, fontsize="medium")


def draw_traces(figure: Any, samples: Samples, name: str = "") -> None:
    """Draw samples as lines: a panel for each unit, in it the channels that move most."""
    units = list(dict.fromkeys(samples.units))
    axes = np.atleast_1d(figure.subplots(len(units), 1, sharex=True, squeeze=False)[:, 0])
    for axis, unit in zip(axes, units, strict=True):
        own = [k for k, one in enumerate(samples.units) if one == unit]
        if len(samples.time) == 1:  # nothing moves: one value a channel
            axis.plot(own, samples.values[0, own], ".", color=COLOURS[0])
            axis.set_ylabel(with_unit("value", unit))
            continue
        shown = draw_lines(axis, samples, own)
        axis.set_ylabel(with_unit("value", unit))
        if shown < len(own):
            axis.set_title(f"{shown} of {len(own)} channels, those that change most",
                           fontsize="small", loc="left")  # fmt: skip
        legend_outside(axis)
    axes[-1].set_xlabel("channel" if len(samples.time) == 1 else samples.time_label)
    if name:
        figure.suptitle(name, fontsize="medium")


def draw_lines(axis: Any, samples: Samples, own: list[int]) -> int:
    """Draw the channels that move most as lines; return how many."""
    moves = np.array([float(np.nanstd(samples.values[:, k])) for k in own])
    chosen = sorted(own[k] for k in np.argsort(-moves, kind="stable")[:MOST_LINES])
    every = -(-len(samples.time) // MOST_ROWS)
    mark = "." if len(samples.time) <= 10 else ""
    for colour, k in zip(COLOURS, chosen, strict=False):
        axis.plot(
            samples.time[::every], samples.values[::every, k], color=colour, lw=1.2, marker=mark,
            label=samples.names[k],
        )  # fmt: skip
    return len(chosen)


def draw_heatmap(figure: Any, samples: Samples, name: str = "") -> None:
    """Draw all channels as a heat map of their change since the start, and below it some as lines.

    Channels of several units are each divided by their standard deviation.
    """
    units = list(dict.fromkeys(samples.units))
    image, lines = figure.subplots(2, 1, sharex=True)
    every = -(-len(samples.time) // MOST_ROWS)
    change = samples.values[::every] - samples.values[0]
    label = with_unit("change since start\n", units[0])
    if len(units) > 1:
        spread = np.nanstd(samples.values, axis=0)
        change = change / np.where(spread > 0, spread, 1.0)
        label = "change since start\n(standard deviations)"
    finite = np.abs(change[np.isfinite(change)])
    reach = float(np.percentile(finite, 99.5)) if finite.size else 0.0
    reach = reach if reach > 0 else 1.0
    mesh = image.pcolormesh(
        samples.time[::every], np.arange(change.shape[1]), change.T, cmap="coolwarm", vmin=-reach,
        vmax=reach, shading="nearest", rasterized=True,
    )  # fmt: skip
    figure.colorbar(mesh, ax=image, label=label, extend="both")
    image.set_ylabel("channel")
    image.invert_yaxis()
    if len(samples.names) <= MOST_NAMES:
        image.set_yticks(range(len(samples.names)), samples.names, fontsize="small")
    own = [k for k, unit in enumerate(samples.units) if unit == units[0]]
    shown = draw_lines(lines, samples, own)
    lines.set(xlabel=samples.time_label, ylabel=with_unit("value", units[0]))
    if shown < len(samples.names):
        lines.set_title(f"{shown} of {len(samples.names)} channels, those that change most",
                        fontsize="small", loc="left")  # fmt: skip
    legend_outside(lines)
    if name:
        figure.suptitle(name, fontsize="medium")


def legend_outside(axis: Any) -> None:
    """Put a legend to the right of its axes, where it hides nothing."""
    axis.legend(
        fontsize="small", frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2, handlelength=1.2,
    )  # fmt: skip
