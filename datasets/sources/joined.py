"""Senses of one recording that lie in files of other lengths: joined by time."""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mottle.datasets.listing import Listing
from mottle.datasets.sources.windows import Pieces, span
from mottle.events import read_stream
from mottle.sensors.files import EventFile


def join_by_time(listings: Mapping[str, Listing]) -> Listing:
    """List the recordings of the first sense, with what the files of the others hold in that time.

    Times are those of the files: dates, or numbers on one clock. Of a file that reaches further,
    the part during the recording is taken; a sense of which no file covers half of the recording is
    absent. Files of other groups are never joined.

    Parameters
    ----------
    listings : dict of str to Listing
        Each of one sense; names, labels and groups are those of the first.

    Returns
    -------
    Listing
        A row a recording of the first sense; times count from its begin.

    Raises
    ------
    ValueError
        If some files have dates and others not, or no file of a sense covers any recording.

    Examples
    --------
    >>> from mottle.datasets import Recordings, list_table, make_table
    >>> from mottle.datasets.table import sampled
    >>> def stream(begin, n):
    ...     return sampled(np.ones((n, 1)), begin + np.arange(n), ["a"], units="V", name="a")
    >>> touch = make_table(touch=[stream(0, 5), stream(10, 5)])
    >>> smell = make_table(smell=[stream(0, 100)])
    >>> joined = join_by_time({
    ...     "touch": list_table(Recordings(touch, np.array(["a", "b"]), np.zeros(2))),
    ...     "smell": list_table(Recordings(smell, np.array(["", ""])[:1], np.zeros(1))),
    ... })
    >>> joined.read(1)["smell"]["time"].values.tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    first, *others = listings
    spans = {sense: spans_of(listing, sense) for sense, listing in listings.items()}
    dated = {sense: {has_date for *_, has_date in found} for sense, found in spans.items()}
    if len(set().union(*dated.values())) > 1:
        kinds = ", ".join(f"{s} {'some' if len(d) > 1 else 'dates' if True in d else 'numbers'}"
                          for s, d in dated.items())  # fmt: skip
        raise ValueError(
            f"join = 'time' needs dates in all files or one clock for all; times are: {kinds}."
        )
    for one, other in pairwise(sorted(spans[first])):
        if other[0] < one[1] - 1e-9:
            raise ValueError(
                f"join = 'time' needs one clock for all files, and recordings of {first!r} "
                f"overlap: one lasts from {one[0]:g} s to {one[1]:g} s, another from "
                f"{other[0]:g} s. Where every file begins at 0, join = 'name' pairs files by "
                "their names."
            )
    partner = {
        sense: [best_partner(one, spans[sense], listings[first].groups, row, listings[sense].groups)
                for row, one in enumerate(spans[first])]
        for sense in others
    }  # fmt: skip
    for sense, found in partner.items():
        if all(one is None for one in found):
            low, high, _ = spans[first][0]
            least, most, _ = spans[sense][0]
            raise ValueError(
                f"no file of {sense!r} covers half of a recording of {first!r}: "
                f"{listings[first].names[0]!r} lasts from {low:g} s to {high:g} s, "
                f"{listings[sense].names[0]!r} from {least:g} s to {most:g} s. Are the clocks "
                "others?"
            )

    def read_row(row: int) -> dict[str, Any]:
        begin, end, _ = spans[first][row]
        streams: dict[str, Any] = {
            first: during(listings[first].read(row)[first], spans[first][row], begin, end)
        }
        for sense in others:
            at = partner[sense][row]
            streams[sense] = None if at is None else during(
                listings[sense].read(at)[sense], spans[sense][at], begin, end
            )  # fmt: skip
        return streams

    def digest(row: int) -> str:
        parts = [listings[first].digest(row)]
        parts += ["" if (at := partner[s][row]) is None else listings[s].digest(at) for s in others]
        return " ".join(parts)

    lead = listings[first]
    return Listing(
        lead.names, lead.target, lead.groups, read_row, digest, lead.attrs,
        {"join": "time", **{sense: listing.how for sense, listing in listings.items()}},
        lead.folders, tuple(listings),
        tuple(set(lead.left_out).intersection(*(one.left_out for one in listings.values()))),
    )  # fmt: skip


def spans_of(listing: Listing, sense: str) -> list[tuple[float, float, bool]]:
    """Return begin and end of every stream in s, and whether they are dates."""
    found = []
    for row in range(len(listing.names)):
        stream = plain_stream(listing.read(row)[sense])
        begin, end = span(stream)
        start = getattr(stream, "attrs", {}).get("time_start") if isinstance(
            stream, xr.DataArray) else None  # fmt: skip
        shift = 0.0 if start is None else datetime.fromisoformat(start).timestamp()
        found.append((begin + shift, end + shift, start is not None))
    return found


def best_partner(
    own: tuple[float, float, bool],
    spans: list[tuple[float, float, bool]],
    groups: NDArray[Any] | None,
    row: int,
    other_groups: NDArray[Any] | None,
) -> int | None:
    """Return which of the other files covers most of a recording, None below a half."""
    best, most = None, 0.5 * (own[1] - own[0])
    for at, (begin, end, _) in enumerate(spans):
        if groups is not None and other_groups is not None and groups[row] != other_groups[at]:
            continue
        common = min(own[1], end) - max(own[0], begin)
        if best is not None and abs(common - most) <= 1e-9:
            raise ValueError(
                f"two files cover the recording from {own[0]:g} s to {own[1]:g} s equally: their "
                "times are not of one clock; join = 'name' pairs files by their names."
            )
        if common >= most:
            best, most = at, common
    return best


def during(stream: Any, own: tuple[float, float, bool], begin: float, end: float) -> Any:
    """Return the part of a stream between two times on the clock of all files.

    Its times count from ``begin``, also where the stream begins later.

    Examples
    --------
    >>> from mottle.datasets.table import sampled
    >>> late = sampled(np.ones((4, 1)), [2.0, 3, 4, 5], ["a"], units="V", name="a")
    >>> during(late, (2.0, 6.0, False), 0.0, 5.0)["time"].values.tolist()
    [2.0, 3.0, 4.0]
    """
    stream = plain_stream(stream)
    low, high = span(stream)
    shift = own[0] - low  # of the stream's own clock
    at = max(begin - shift, low)
    piece = Pieces(stream).cut(at, min(end - shift, high) - at)
    late = at - (begin - shift)
    if not isinstance(piece, xr.DataArray):
        if piece.dtype.names is not None:
            piece["t"] += round(late * 1e6)
        return piece
    piece.attrs = {key: value for key, value in piece.attrs.items() if key != "time_start"}
    return piece.assign_coords(time=("time", piece["time"].values + late, piece["time"].attrs))


def plain_stream(cell: Any) -> Any:
    """Return a stream in memory; of an event file its events."""
    stream = read_stream(cell)
    return stream.events if isinstance(stream, EventFile) else np.asarray(stream) if not isinstance(
        stream, xr.DataArray) else stream  # fmt: skip
