"""Analogue channels to spikes, one whenever a channel has moved by a threshold."""

from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np

from mottle.checks import check_positive, check_whole
from mottle.embedded import template
from mottle.restored import check_array
from mottle.sensors.align import row_bounds, rows_begin
from mottle.sensors.base import check_n_steps
from mottle.sensors.kernels.delta import crossings
from mottle.sensors.sampled import SampledEncoder, learn_spread

KERNELS = Path(__file__).with_name("kernels")
QUANTILE = 0.99


class LevelCrossing(SampledEncoder):
    """Turn every channel into up and down spikes, as send-on-delta converters do.

    A channel's reference starts at the recording's first row. When the channel has moved by one
    threshold or more, there are as many up (down) spikes as whole thresholds, and the reference
    moves by as much: up minus down, times the threshold, never differs from the channel's change
    since the start by a whole threshold.

    Parameters
    ----------
    n_steps : int, default=None
        Steps for every recording: rows are split evenly and their spikes counted; where rows
        are fewer than steps, the steps between hold none. None keeps the sensor's own rows.
    threshold : float, default=0.1
        As a fraction of the channel's training standard deviation, taken within recordings (at
        least 5 % of the median over the channels that move).
    channels : list of str or int, default=None
        Channels to keep, by name or number; None keeps all.
    scale : {"global", None}, default="global"
        One scale for all inputs, learnt in fit: the 99th percentile of the non-zero training counts
        becomes 1. None gives counts.
    clip : float, default=3.0
        Scaled drives are cut at clip.
    max_rows : int, default=None
        Use only the first rows; the reason is in `TaxelDrive`.

    Attributes
    ----------
    channels_ : list of str
        Channels kept.
    threshold_ : ndarray of shape (channel,)
        Thresholds in units of the sensor.
    scale_ : ndarray of shape (input,)
        What counts are divided by.
    n_steps_, input_shape_, n_features_out_ :
        As in `TaxelDrive`; ``input_shape_`` is (1, channels, 2), up before down.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a channel holds a NaN, inf or an overflowed counter, if
        channels differ or time goes back; by ``fit``, if a stream is None.

    References
    ----------
    M. Miskowicz, Sensors 6 (2006) 49, doi:10.3390/s6010049.

    Examples
    --------
    >>> ramp = np.array([[0.0], [1.0], [2.0], [1.0]])
    >>> spikes = LevelCrossing(threshold=1.0, scale=None).fit(ramp)
    >>> spikes.threshold_.round(2)
    array([0.71])
    >>> spikes.transform(ramp)
    array([[0., 0.],
           [1., 0.],
           [1., 0.],
           [0., 0.]])
    """

    of_whole_recordings = ("n_steps", "max_rows")
    learns_levels = True  # the threshold

    def __init__(
        self,
        n_steps: int | None = None,
        *,
        threshold: float = 0.1,
        channels: Any = None,
        scale: Any = "global",
        clip: float = 3.0,
        max_rows: int | None = None,
    ) -> None:
        self.n_steps, self.threshold, self.channels = n_steps, threshold, channels
        self.scale, self.clip, self.max_rows = scale, clip, max_rows

    def _check_parameters(self):
        super()._check_parameters()
        if self.scale == "channel":
            raise ValueError("scale='channel': spikes of all channels have one size; use 'global'.")
        check_positive("threshold", self.threshold, "training standard deviations")
        if self.n_steps is not None:
            check_n_steps(self.n_steps)
        if self.max_rows is not None:
            check_whole("max_rows", self.max_rows)

    def _labels(self):
        return ["_up", "_down"]

    def _learn_levels(self, cells):
        centred = []
        for samples in cells:
            change = samples.values[: self.max_rows] - samples.values[0]  # 0 where nothing moves
            centred.append(change - change.mean(axis=0))
        moves = np.concatenate(centred)
        self.threshold_ = self.threshold * learn_spread(moves, np.zeros(moves.shape[1]))

    def _keep_still(self, before, cells):
        moved = np.any([np.ptp(samples.values, axis=0) > 0 for samples in cells], axis=0)
        self.threshold_ = np.where(moved, self.threshold_, before.threshold_)

    def _check_units(self, cells):
        moves = np.max(
            [np.abs(samples.values - samples.values[0]).max(axis=0) for samples in cells], axis=0
        )
        if moves.any() and (moves < self.threshold_).all():
            warn(
                f"threshold={self.threshold:g} training standard deviations is crossed by no "
                "channel of the training recordings: every drive is 0. It is no value in the unit "
                "of the sensor.",
                UserWarning, stacklevel=3,
            )  # fmt: skip

    def _check_restored(self):
        super()._check_restored()
        if hasattr(self, "threshold_"):
            check_array("threshold_", self.threshold_, (len(self.channels_),))

    def _rest(self, n_recordings):
        shape = n_recordings, len(self.channels_)
        return {"start": np.zeros(shape), "level": np.zeros(shape)}

    def _go_on(self, samples, past, step, place):
        if step == 0:
            past["start"][:] = samples.values[0]
        return crossings(samples.values, self.threshold_, past["start"], past["level"])

    def _embed(self, dt):
        text = template(KERNELS / "delta.c", scaled=self.scale is not None)
        state = {name: value[0] for name, value in self._rest(1).items()}
        return self._embedded(text, {}, {}, {"threshold": self.threshold_}, state)

    def _begins(self, samples):
        return rows_begin(samples.time[: self.max_rows], self.n_steps)

    def _encode(self, samples, place):
        values = samples.values[: self.max_rows]
        spikes = crossings(values, self.threshold_, values[0], np.zeros(values.shape[1]))
        if self.n_steps is None:
            return spikes
        rows = len(spikes)
        if rows >= self.n_steps:
            return np.add.reduceat(spikes, row_bounds(rows, self.n_steps)[:-1], axis=0)
        counts = np.zeros((self.n_steps, spikes.shape[1]))
        counts[np.arange(rows) * self.n_steps // rows] = spikes
        return counts

    def _learn_scale(self, drives):
        counts = drives[drives > 0]
        scale = 1.0
        if self.scale is not None and counts.size:
            scale = float(np.quantile(counts, QUANTILE, method="inverted_cdf"))
        self.scale_ = np.full(drives.shape[1], scale)
