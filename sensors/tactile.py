"""Taxels, joints and other sampled sensors whose change since the start matters."""

from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np

from mottle.checks import check_names, check_option, check_whole, is_whole
from mottle.embedded import template
from mottle.sensors.align import bin_mean, row_bounds, rows_begin, rows_to_steps
from mottle.sensors.base import check_n_steps
from mottle.sensors.sampled import SampledEncoder, tell_stretching

KERNELS = Path(__file__).with_name("kernels")
STATISTICS = ("mean", "std", "diff", "last")


class TaxelDrive(SampledEncoder):
    """Turn the frames of taxels, joint encoders or other sampled sensors into a drive.

    A baseline is subtracted from every channel, rows are gathered into steps, and every channel is
    divided by its training spread.

    Parameters
    ----------
    n_steps : int, default=None
        Steps for every recording, whatever its length: rows are split evenly, or interpolated
        linearly where they are fewer than the steps. None keeps the sensor's own rows, so that
        drives differ in length where recordings do.
    baseline : {"first", "mean", "training", None} or int, default="first"
        Subtracted from every channel: the recording's first row; the mean of its first k rows for a
        number k (of a window that was cut from a recording, these are the recording's); its own
        mean, which looks ahead; the channel's mean over the training recordings; or nothing, for
        sensors whose rest is 0.
    statistics : tuple of {"mean", "std", "diff", "last"}, default=("mean",)
        What is kept of the rows of a step: mean, standard deviation, mean absolute difference from
        row to row, last row. Each is an input of its own.
    channels : list of str or int, default=None
        Channels to keep, by name or number; None keeps all.
    scale : {"channel", "global", None}, default="channel"
        Learnt in fit: divide each channel by its root mean square over the training steps, at least
        5 % of the median over the channels that move; or all by a common one; or nothing.
    clip : float, default=3.0
        Scaled drives are cut at -clip and clip.
    max_rows : int, default=None
        Use only the first rows. Where the length of a recording depends on what was recorded, as it
        often does, ``n_steps`` stretches it by an amount which reveals the label: choose the
        length of the shortest recording.

    Attributes
    ----------
    channels_ : list of str
        Channels kept.
    scale_ : ndarray of shape (input,)
        What the inputs are divided by, in units of the sensor.
    center_ : ndarray of shape (channel,)
        Training mean of every channel, in units of the sensor.
    n_steps_ : int
        Steps of the longest training drive; an absent recording is given as many.
    input_shape_ : (int, int, int)
        (1, channels, statistics): input = channel * n_statistics + statistic.
    n_features_out_ : int
        Number of inputs.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a channel holds a NaN, inf or an overflowed counter, if
        channels differ or time goes back; by ``fit``, if a stream is None.

    Notes
    -----
    Absolute values depend on the session more than on the object in many hands and arrays; so the
    default baseline is the first row. Rows count, their times do not.

    Examples
    --------
    >>> frames = np.array([[255.0, 40.0], [250.0, 41.0], [245.0, 40.0], [235.0, 43.0]])
    >>> TaxelDrive(2, scale=None).fit_transform(frames)
    array([[ -2.5,   0.5],
           [-15. ,   1.5]])
    """

    of_whole_recordings = ("n_steps", "max_rows")
    keeps_level = ("baseline", "training")

    def _level(self, samples):
        of_recording = self.baseline not in (None, "training")
        return self._baseline(samples) if of_recording else None

    def __init__(
        self,
        n_steps: int | None = None,
        *,
        baseline: Any = "first",
        statistics: Any = ("mean",),
        channels: Any = None,
        scale: Any = "channel",
        clip: float = 3.0,
        max_rows: int | None = None,
    ) -> None:
        self.n_steps, self.baseline, self.statistics = n_steps, baseline, statistics
        self.channels, self.scale, self.clip = channels, scale, clip
        self.max_rows = max_rows

    def _check_parameters(self):
        super()._check_parameters()
        if self.n_steps is not None:
            check_n_steps(self.n_steps)
        if self.max_rows is not None:
            check_whole("max_rows", self.max_rows)
        if not is_whole(self.baseline) or self.baseline < 1:
            check_option(
                "baseline",
                self.baseline,
                (None, "first", "mean", "training", "a whole number of rows"),
            )
        if not isinstance(self.statistics, str):
            check_names("statistics", self.statistics)
        wanted = self._statistics()
        wrong = [name for name in wanted if name not in STATISTICS]
        if wrong or not wanted or len(set(wanted)) < len(wanted):
            raise ValueError(
                f"statistics={self.statistics!r}: expected some of {', '.join(STATISTICS)}, each "
                "once"
            )
        if self.n_steps is None and "std" in wanted:
            raise ValueError(
                "statistics has 'std', the spread of the rows within a step, and with n_steps=None "
                "every step is one row; set n_steps"
            )

    def _statistics(self):
        return (self.statistics,) if isinstance(self.statistics, str) else tuple(self.statistics)

    def _labels(self):
        wanted = self._statistics()
        return [""] if wanted == ("mean",) else [f"_{name}" for name in wanted]

    @property
    def learns_levels(self) -> bool:
        """Whether anything that `adapt` learns anew enters the drive."""
        return self.scale is not None or self.baseline == "training"

    def _learn_levels(self, cells):
        rows = np.concatenate([samples.values[: self.max_rows] for samples in cells])
        self.center_ = rows.mean(axis=0)

    def _check_units(self, cells):
        tell_stretching(self.n_steps, cells)
        rows = max(
            max(len(one.values[: self.max_rows]), len(one.beginning.values)) for one in cells
        )
        if is_whole(self.baseline) and self.baseline >= rows > 1:
            warn(
                f"baseline={self.baseline} rows cover every recording whole, the longest training "
                f"recording has {rows}: each is compared with its own mean.",
                UserWarning, stacklevel=3,
            )  # fmt: skip

    def _check_causal(self):
        super()._check_causal()
        if self.baseline not in (None, "first", "training", 1):
            raise ValueError(
                f"baseline={self.baseline!r} needs rows that come later than the first step: use "
                "'first', 'training' or None in a live run."
            )

    def _rest(self, n_recordings):
        shape = n_recordings, len(self.channels_)
        return {"baseline": np.zeros(shape), "before": np.zeros(shape)}

    def _go_on(self, samples, past, step, place):
        if step == 0:
            past["baseline"][:] = self._baseline(samples)
        values = samples.values - past["baseline"]
        drive = self._gather(values, values[0] if step == 0 else past["before"])
        past["before"][:] = values[-1]
        return drive

    def _begins(self, samples):
        return rows_begin(samples.time[: self.max_rows], self.n_steps)

    def _encode(self, samples, place):
        values = samples.values[: self.max_rows]
        values = values - self._baseline(samples)
        return self._gather(values, values[0])

    def _embed(self, dt):
        self._check_causal()
        forms = {"diff": "fabs(value - before)"}
        wanted, n = self._statistics(), len(self.channels_)
        lines = [
            f"        y[i * {len(wanted)} + {k}] = {forms.get(name, 'value')};"
            for k, name in enumerate(wanted)
        ]
        first = self.baseline in ("first", 1)
        text = template(
            KERNELS / "taxels.c", first=first, scaled=self.scale is not None, diff="diff" in wanted
        )
        baseline = self.center_ if self.baseline == "training" else np.zeros(n)
        state = {"baseline": np.zeros(n)} if first else {}
        state |= {"before": np.zeros(n)} if "diff" in wanted else {}
        text = text.replace("@statistics", "\n".join(lines))
        return self._embedded(text, {}, {}, {"baseline": baseline}, state)

    def _gather(self, values, before):
        """Return the statistics of every step, side by side."""
        kept = [_steps(values, self.n_steps, statistic, before) for statistic in self._statistics()]
        return np.stack(kept, axis=2).reshape(len(kept[0]), -1)

    def _baseline(self, samples):
        if self.baseline is None:
            return 0.0
        if self.baseline == "training":
            return self.center_
        own = self.baseline == "mean"
        values = (samples if own else samples.beginning).values[: self.max_rows]
        rows = {"first": 1, "mean": None}.get(self.baseline, self.baseline)
        if samples.opening is not None and rows is not None and rows > len(values):
            raise ValueError(
                f"baseline={rows} rows, and windows carry the first {len(values)} rows of their "
                "recording: take fewer."
            )
        # from the first row, so that a channel which never moves is 0 to the last bit
        return values[0] + np.mean(values[:rows] - values[0], axis=0)


def _steps(values, n_steps, statistic, before):
    """Return one statistic of the rows of every step, (step, channel); ``before`` is a row."""
    if statistic == "diff":
        values = np.abs(np.diff(values, axis=0, prepend=before[np.newaxis]))
    if n_steps is None:
        return values
    rows = len(values)
    if statistic in ("mean", "diff") or rows < n_steps:
        steps = rows_to_steps(values, n_steps)
        return np.zeros_like(steps) if statistic == "std" else steps
    bounds = row_bounds(rows, n_steps)
    if statistic == "last":
        return values[bounds[1:] - 1]
    mean = np.repeat(bin_mean(values, bounds), np.diff(bounds), axis=0)
    return np.sqrt(bin_mean((values - mean) ** 2, bounds))
