"""FillGaps: short gaps of sampled streams filled and counted, and where they were."""

from typing import Any, Self

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from mottle.arrays import as_numbers
from mottle.checks import check_bool, check_option, check_whole
from mottle.events import as_streams, is_absent
from mottle.sensors.base import Encoder, pack
from mottle.sensors.streams import label_frame, shape_of_samples


class FillGaps(Encoder):
    """Fill short gaps (NaN) of sampled streams, in front of an encoder.

    Parameters
    ----------
    longest : int, default=5
        Rows of the longest gap of a channel that is filled; longer ones are refused.
    how : {"hold", "linear"}, default="hold"
        The last value, or the line over time between the values on both sides. At the beginning of
        a recording, and for "linear" at its end, the nearest value.
    mask : bool, default=False
        Whether to append a channel to each, which is 1 where it was filled.

    Attributes
    ----------
    n_features_in_, n_features_out_ : int
        Number of channels, without and with those of the mask.

    Raises
    ------
    ValueError
        For a gap that is too long, a channel without any value, and other numbers of channels than
        in ``fit``; names the channel, the row and the way out.

    Notes
    -----
    ``count`` says how much of each recording is filled. "hold" depends on earlier rows only, but
    for a gap at the beginning; live runs refuse NaN.

    Examples
    --------
    >>> rows = np.array([[1.0, 5.0], [np.nan, 6.0], [3.0, 7.0]])
    >>> FillGaps(how="linear", mask=True).fit_transform(rows).tolist()
    [[1.0, 5.0, 0.0, 0.0], [2.0, 6.0, 1.0, 0.0], [3.0, 7.0, 0.0, 0.0]]
    """

    def __init__(self, longest: int = 5, *, how: str = "hold", mask: bool = False) -> None:
        self.longest, self.how, self.mask = longest, how, mask

    def fit(self, X: Any, y: Any = None) -> Self:
        """Take the channels; nothing is learnt.

        Parameters
        ----------
        X : Series, list, 3-D array or one lone stream
            Sampled streams.
        y : ignored
            Present for scikit-learn.

        Returns
        -------
        self
        """
        check_whole("longest", self.longest)
        check_option("how", self.how, ("hold", "linear"))
        check_bool("mask", self.mask)
        streams = as_streams(X)
        first = next((cell for cell in streams.cells if not is_absent(cell)), None)
        if first is None:
            raise ValueError("there is no stream to fit: every recording is absent (None).")
        self.n_features_in_ = shape_of_samples(first, streams.place(0))[1]
        self.n_features_out_ = self.n_features_in_ * (1 + self.mask)
        return self

    def transform(self, X: Any) -> Any:
        """Return the streams without gaps.

        Parameters
        ----------
        X : as in ``fit``
            Sampled streams, None where the sense is absent.

        Returns
        -------
        ndarray (recording, time, channel), list of DataArray or None, or a lone stream
            As they came; tables as DataArrays.
        """
        found = [stream for stream, _ in self._filled(X)]
        one = as_streams(X, lazy=True).one
        plain = all(isinstance(stream, np.ndarray) for stream in found)
        return pack(found, one) if plain else found[0] if one else found

    def count(self, X: Any) -> pd.DataFrame:
        """Return how much of each recording is filled.

        Parameters
        ----------
        X : as in ``fit``
            Sampled streams.

        Returns
        -------
        DataFrame
            One row a recording: ``values``, ``filled`` of these, and ``longest`` gap in rows.

        Examples
        --------
        >>> rows = np.array([[1.0], [np.nan], [np.nan]])
        >>> FillGaps().fit(rows).count([rows]).iloc[0].to_dict()
        {'values': 3, 'filled': 2, 'longest': 2}
        """
        rows = [
            (gaps.size, int(gaps.sum()), max((longest_run(one)[1] for one in gaps.T), default=0))
            for _, gaps in self._filled(X)
        ]
        return pd.DataFrame(rows, columns=["values", "filled", "longest"])

    def _check_causal(self):
        raise ValueError(
            "FillGaps does not run live: a live run refuses NaN, and None masks an absent sense."
        )

    def advance(self, state: Any, X: Any) -> Any:
        """Refuse live runs, as ``start`` does."""
        self._check_causal()

    def _names_out(self):
        names = [f"channel{k}" for k in range(self.n_features_in_)]
        return names + [f"{name} filled" for name in names] * bool(self.mask)

    def _filled(self, X):
        """Return each stream without gaps, and where they were."""
        check_is_fitted(self)
        streams = as_streams(X)
        return [
            (None, np.zeros((0, 0), dtype=bool)) if is_absent(cell)
            else self._fill(cell, streams.place(k))
            for k, cell in enumerate(streams.cells)
        ]  # fmt: skip

    def _fill(self, cell: Any, place: str) -> tuple[Any, NDArray[np.bool_]]:
        if isinstance(cell, pd.DataFrame):
            cell = label_frame(cell, place)
        names, n_channels = shape_of_samples(cell, place)
        if n_channels != self.n_features_in_:
            raise ValueError(
                f"{place} has {n_channels} channels, the streams of fit had {self.n_features_in_}."
            )
        labelled = isinstance(cell, xr.DataArray)
        if labelled:
            cell = cell.transpose("time", "channel")
        values = as_numbers(cell, place).copy()
        gaps = np.isnan(values)
        timed = labelled and "time" in cell.coords and cell["time"].dtype.kind in "iuf"
        rows = np.asarray(cell["time"].values if timed else np.arange(len(values)), np.float64)
        for channel in np.flatnonzero(gaps.any(axis=0)):
            name = repr(names[channel]) if names is not None else str(channel)
            begin, length = longest_run(gaps[:, channel])
            if gaps[:, channel].all():
                raise ValueError(f"channel {name} of {place} holds no value: drop it (channels=).")
            if length > self.longest:
                raise ValueError(
                    f"channel {name} of {place} has a gap of {length} rows from row {begin} on, "
                    f"longest={self.longest}: cut the recording there, drop the channel, or take "
                    "a larger longest."
                )
            values[:, channel] = fill(values[:, channel], gaps[:, channel], self.how, rows)
        if self.mask:
            values = np.concatenate([values, gaps.astype(np.float64)], axis=1)
        if not labelled:
            return values, gaps
        known = [str(name) for name in cell["channel"].values] if names is not None else [
            f"channel{k}" for k in range(n_channels)
        ]  # fmt: skip
        known += [f"{name} filled" for name in known] * bool(self.mask)
        found = xr.DataArray(values, dims=("time", "channel"), attrs=dict(cell.attrs))
        found = found.assign_coords(channel=known)
        if "unit" in cell.coords:  # of the channels
            units = [*cell["unit"].values.tolist(), *[""] * (len(known) - n_channels)]
            found = found.assign_coords(unit=("channel", units))
        return (found.assign_coords(time=cell["time"]) if "time" in cell.coords else found), gaps


def longest_run(flags: NDArray[np.bool_]) -> tuple[int, int]:
    """Return where the longest run of True begins, and its length.

    Examples
    --------
    >>> longest_run(np.array([True, False, True, True]))
    (2, 2)
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    if not lengths.size:
        return 0, 0
    place = int(np.argmax(lengths))
    return int(begins[place]), int(lengths[place])


def fill(
    values: NDArray[np.float64], gaps: NDArray[np.bool_], how: str, time: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a channel without gaps.

    Examples
    --------
    >>> channel, gaps = np.array([np.nan, 1.0, np.nan, 4.0]), np.array([True, False, True, False])
    >>> fill(channel, gaps, "linear", np.array([0.0, 1.0, 3.0, 4.0])).tolist()
    [1.0, 1.0, 3.0, 4.0]
    """
    known = np.flatnonzero(~gaps)
    if how == "linear":
        return np.interp(time, time[known], values[known])
    before = np.maximum.accumulate(np.where(gaps, -1, np.arange(values.size)))
    return values[np.where(before < 0, known[0], before)]
