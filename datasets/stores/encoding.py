"""How recordings become drives: encoders are fitted, recordings read, encoded and hashed."""

import re
import warnings
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.base import BaseEstimator, clone

from mottle.checks import suggest
from mottle.datasets.listing import Listing
from mottle.datasets.stores.prepared import Row, Sense
from mottle.datasets.stores.states import check_attrs
from mottle.events import FIELDS, is_absent, is_event_stream, read_stream
from mottle.sensors.files import EventFile
from mottle.sensors.streams import label_frame

FIT_LIMIT = 1000
WAY_OUT = (
    " (What was done so far is kept: correct the recording, or the options it is read with, and "
    "run again; or skip bad ones with on_bad='skip'.)"
)


def fit_encoders(
    listing: Listing,
    encoders: Mapping[str, BaseEstimator] | None,
    fit_on: str | Sequence[str] | None,
    fit_limit: int = FIT_LIMIT,
    on_bad: str = "raise",
) -> tuple[dict[str, BaseEstimator] | None, dict[int, str]]:
    """Fit encoders on the groups they may learn from; None where nothing is encoded.

    Also returns the digests of the recordings they learnt from, as they were before each was read.
    """
    if encoders is None:
        return None, {}
    if not encoders:
        raise ValueError("name at least one sense to encode.")
    groups = None if listing.groups is None else np.asarray(listing.groups).astype(str)
    if fit_on is None:
        if groups is None or "train" not in groups:
            raise ValueError(
                "encoders learn scales, so name what they may learn from: fit_on='all' if there is "
                "no test part, or a list of groups"
                + ("." if groups is None else f" out of {', '.join(sorted(set(groups))[:10])}.")
            )
        fit_on = ["train"]
    if fit_on == "all":
        rows = np.arange(len(listing.names))
    else:
        wanted = [fit_on] if isinstance(fit_on, str) else [str(group) for group in fit_on]
        for group in wanted:
            if groups is None or group not in groups:
                known = "none" if groups is None else ", ".join(sorted(set(groups))[:10])
                hint = suggest(group, [] if groups is None else groups.tolist())
                raise ValueError(f"fit_on: there is no group {group!r}{hint} There are {known}.")
        rows = np.flatnonzero(np.isin(np.asarray(groups), wanted))
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(fit_limit, len(rows))).astype(int))]
    streams: dict[str, list[Any]] = {sense: [] for sense in encoders}
    learnt_rows: dict[str, list[int]] = {sense: [] for sense in encoders}
    fitted = {sense: clone(encoder) for sense, encoder in encoders.items()}
    learnt_from: dict[int, str] = {}
    for row in rows:
        try:
            digest = listing.digest(int(row))
            found = listing.read(int(row))
        except ValueError as error:
            if on_bad == "raise":
                raise ValueError(f"{listing.names[row]}: {error}{WAY_OUT}") from error
            continue
        learnt_from[int(row)] = digest
        for sense in encoders:
            if sense not in found:
                raise ValueError(
                    f"there is no sense {sense!r}{suggest(sense, found)} The recordings have "
                    f"{', '.join(found)}."
                )
            stream = read_stream(found[sense])
            if isinstance(stream, EventFile):
                _take_size(fitted[sense], stream)
                stream = stream.events
            if not is_absent(stream):
                streams[sense].append(stream)
                learnt_rows[sense].append(int(row))
    for sense, encoder in fitted.items():
        if not streams[sense]:
            raise ValueError(f"no recording with {sense!r} was good enough to learn from.")
        try:
            encoder.fit(streams[sense])
        except (ValueError, TypeError) as error:
            text = name_recordings(str(error), [listing.names[row] for row in learnt_rows[sense]])
            raise type(error)(f"{sense}: {text}") from error
    return fitted, learnt_from


def name_recordings(message: str, names: Sequence[str]) -> str:
    """Return the message of an encoder with the names of recordings in place of their numbers.

    Examples
    --------
    >>> name_recordings("recording 1 of the input is empty.", ["a.npy", "b.npy"])
    'b.npy is empty.'
    """
    return re.sub(r"recording (\d+) of the input", lambda found: names[int(found[1])], message)


def _take_size(encoder: BaseEstimator, file: EventFile) -> None:
    """Give an encoder the sensor's size from the file, if it has none."""
    if file.sensor_size is not None and encoder.get_params().get("sensor_size", 0) is None:
        encoder.set_params(sensor_size=file.sensor_size)


def describe(
    how: Mapping[str, Any], fitted: Mapping[str, BaseEstimator] | None, dtype: str
) -> dict[str, Any]:
    """Return what decides the bytes, as JSON values: how recordings are read and encoded."""
    recipe: dict[str, Any] = {"mottle": version("mottle"), "read": dict(how), "encoders": {}}
    if fitted is None:
        return check_attrs(recipe)
    parts = recipe["encoders"]
    for sense, encoder in sorted(fitted.items()):
        learnt = sha256()
        for name, value in sorted(vars(encoder).items()):
            learnt.update(name.encode())
            array = _as_array(value)
            learnt.update(repr(value).encode() if array.dtype == object else array.tobytes())
        parts[sense] = {
            "kind": type(encoder).__name__,
            "parameters": getattr(encoder, "plain_parameters", encoder.get_params)(),
            "learnt": learnt.hexdigest(),
        }
    return check_attrs({**recipe, "dtype": dtype})


def _as_array(value: Any) -> np.ndarray:
    """Return a value as an array; of objects where it is a list of unequal things."""
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(0, dtype=object)


def hashes(listing: Listing, rows: Sequence[int]) -> list[str]:
    """Return the digests of some recordings; of one that cannot be read, that of the reason."""
    found = []
    for row in rows:
        try:
            found.append(listing.digest(row))
        except (ValueError, OSError) as error:
            found.append(sha256(f"{listing.names[row]}: {error}".encode()).hexdigest())
    return found


def encode_rows(
    listing: Listing, fitted: Mapping[str, BaseEstimator] | None, dtype: str, rows: Sequence[int]
) -> list[Row | str]:
    """Read and encode some recordings: each a row, or the reason why it could not be used."""
    done: list[Row | str] = []
    names = {
        sense: list(map(str, e.get_feature_names_out())) for sense, e in (fitted or {}).items()
    }
    for row in rows:
        try:
            done.append(encode_streams(listing.read(row), fitted, names, dtype))
        except (ValueError, OSError) as error:
            done.append(f"{error}")
    return done


def encode_block(
    listing: Listing, fitted: Mapping[str, BaseEstimator] | None, dtype: str,
    task: tuple[Sequence[int], Sequence[str]],
) -> list[Row | str]:  # fmt: skip
    """Read and encode some recordings whose digests are known; one that changed is bad.

    The digest is taken again after reading: what is stored under a digest was read from those
    bytes.
    """
    rows, digests = task
    done = encode_rows(listing, fitted, dtype, rows)
    for at, now in enumerate(hashes(listing, rows)):
        if now != digests[at] and not isinstance(done[at], str):
            done[at] = "it changed while it was read; run again once nothing writes it any more."
    return done


def encode_streams(
    streams: Mapping[str, Any], fitted: Mapping[str, BaseEstimator] | None,
    names: Mapping[str, list[str]], dtype: str,
) -> Row:  # fmt: skip
    """Return one recording as it is stored."""
    senses: dict[str, Sense | None] = {}
    repairs: dict[str, int] = {}
    for sense in streams if fitted is None else fitted:
        stream = read_stream(streams[sense])
        size = None
        if isinstance(stream, EventFile):
            repaired, size, stream = stream.repairs, stream.sensor_size, stream.events
        else:
            repaired = dict(getattr(stream, "attrs", {}).get("repairs", {}))
        for reason, count in repaired.items():
            repairs[reason] = repairs.get(reason, 0) + int(count)
        if is_absent(stream):
            senses[sense] = None
        elif fitted is None:
            senses[sense] = raw_sense(stream, size)
        else:
            encoder = fitted[sense]
            wanted = encoder.get_params().get("sensor_size")
            if size is not None and wanted is not None and tuple(wanted[:2]) != tuple(size):
                raise ValueError(
                    f"its sensor has {size[0]} x {size[1]} pixels, the encoder expects "
                    f"{wanted[0]} x {wanted[1]}."
                )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # events dropped; counted below
                found = encoder.transform([stream])[0]
            if is_event_stream(found):  # transformed, not encoded
                senses[sense] = raw_sense(found, None)
                continue
            drive = np.asarray(found)
            if hasattr(encoder, "count"):
                lost = encoder.count([stream]).iloc[0]
                for reason in ("outside", "late"):
                    if lost[reason]:
                        repairs[f"events {reason}"] = int(lost[reason])
            about = {"names": names[sense], "units": "1"}
            senses[sense] = Sense("drive", {"drive": drive.astype(dtype)}, about)
    return Row(senses, repairs)


def raw_sense(stream: Any, size: tuple[int, int] | None) -> Sense:
    """Return a stream as columns."""
    if is_event_stream(stream):
        if not len(stream):
            raise ValueError("it holds no event.")
        sensor = {} if size is None else {"sensor_size": [int(side) for side in size]}
        columns = {name: np.ascontiguousarray(stream[name]) for name in FIELDS}
        return Sense("events", columns, sensor)
    if isinstance(stream, pd.DataFrame):
        stream = label_frame(stream)
        if "time" not in stream.coords:
            stream = stream.assign_coords(time=np.arange(len(stream), dtype=np.float64))
    if not isinstance(stream, xr.DataArray):
        values = np.asarray(stream)
        stream = xr.DataArray(
            values, dims=("time", "channel"),
            coords={"time": np.arange(len(values), dtype=float), "channel": range(values.shape[1])},
        )  # fmt: skip
    about: dict[str, Any] = {
        "names": [str(name) for name in stream["channel"].to_numpy()],
        "units": str(stream.attrs.get("units", "1")),
    }
    if "unit" in stream.coords:
        about["unit"] = [str(unit) for unit in stream["unit"].to_numpy()]
    columns = {
        "time": stream["time"].to_numpy().astype(np.float64),
        "values": np.ascontiguousarray(stream.transpose("time", "channel").to_numpy()),
    }
    return Sense("samples", columns, about)
