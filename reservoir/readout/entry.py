"""Where streams enter a live run: events wait for their step to end, late samples are counted."""

from dataclasses import dataclass, field, replace
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import variable_of
from mottle.events import EVENT_DTYPE
from mottle.times import UNITS, name_unit

MOST_STEPS = 100_000  # without an event, or longest gaps, after which the clock must have jumped
LEAST_JUMP = 60.0  # s, of samples
MOST_WAITING = 10_000_000  # events of a step that has not ended
MOST_AHEAD = 10_000  # steps of a sense that wait for those of another
GAP = 1.9  # times the longest usual time between samples of training: some did not come
APART = 1.5  # times, of rates that are others than in training
EARLY = 10  # samples after which their rate is checked


class Absent:
    """Stands for a sense that is absent for now."""


ABSENT = Absent()


@dataclass(frozen=True)
class Entry:
    """State of an encoder in a live run.

    Attributes
    ----------
    state : EncoderState
        Of the encoder itself.
    waiting : ndarray or None
        Events whose step has not ended, times from the beginning of the run.
    origin : int or None
        Time in us that counts as 0, None before the first event.
    last, gap : float
        Time of the last sample, and the longest from one sample to the next, in s.
    late, repeated, outside : int
        Events of steps that had ended and samples before the last one; samples of its very time;
        events beyond the sensor.
    gaps : int
        Times between samples of more than `GAP` times those of training.
    early : ndarray
        Times of the first samples, of which the rate is checked.
    """

    state: Any
    waiting: NDArray | None = None
    origin: int | None = None
    last: float = -np.inf
    gap: float = 0.0
    late: int = 0
    repeated: int = 0
    outside: int = 0
    gaps: int = 0
    early: NDArray = field(default_factory=lambda: np.empty(0))

    @property
    def counts(self) -> dict[str, int]:
        """What was left out, and what never came."""
        return {
            "late": self.late, "repeated": self.repeated, "outside": self.outside,
            "gaps": self.gaps,
        }  # fmt: skip


@dataclass(frozen=True)
class Pooled:
    """State of a reservoir that pools: its own, and the latest states, at most ``window`` steps.

    ``sums`` are those of the states so far, None where they have to be formed anew. ``states`` are
    a view of ``room``, in which they end at step ``end``.
    """

    state: Any
    states: NDArray  # (recording, step, node)
    window: int
    sums: NDArray | None = None  # (recording, row, node)
    room: "Room | None" = field(default=None, metadata={"kept": False})
    end: int = field(default=0, metadata={"kept": False})


class Room:
    """Memory of states (recording, step, node) of which ``used`` steps are taken."""

    def __init__(self, states: NDArray, n_steps: int) -> None:
        self.used = states.shape[1]
        self.array = np.empty((len(states), n_steps, states.shape[2]), states.dtype)
        self.array[:, : self.used] = states


def append(
    states: NDArray, more: NDArray, room: Room | None, end: int, most: int
) -> tuple[NDArray, Room, int]:
    """Return the latest ``most`` states with more behind them, their memory, and where they end.

    The memory is that of the states before as long as there is room: a step more costs a step, not
    all of them. A second continuation of the same states gets memory of its own.

    Examples
    --------
    >>> first, room, end = append(np.empty((1, 0, 1)), np.array([[[1.0]]]), None, 0, 9)
    >>> one, *_ = append(first, np.array([[[2.0]]]), room, end, 9)
    >>> other, *_ = append(first, np.array([[[3.0]]]), room, end, 1)
    >>> one.ravel().tolist(), other.ravel().tolist(), np.shares_memory(first, one)
    ([1.0, 2.0], [3.0], True)
    """
    n, n_more = states.shape[1], more.shape[1]
    if room is None or room.used != end or end + n_more > room.array.shape[1]:
        room, end = Room(states, max(2 * (n + n_more), 16)), n
    room.array[:, end : end + n_more] = more
    room.used = end = end + n_more
    return room.array[:, end - min(n + n_more, most) : end], room, end


@dataclass(frozen=True)
class Drives:
    """States of the encoders of several senses, and drives that wait for those of the others.

    ``absent`` senses have zeros until samples of them come again.
    """

    senses: dict[str, Any]
    waiting: dict[str, NDArray | None]
    absent: list[str] = field(default_factory=list)


def enter(encoder: Any, entry: Entry, X: Any, until: Any) -> tuple[Entry, Any]:
    """Encode what came of a sense; return the state and the drive of the steps that are complete.

    Parameters
    ----------
    encoder : encoder
        Fitted.
    entry : Entry
        Where the sense stands.
    X : ndarray or DataArray, or None
        Events, rows, or nothing.
    until : float or None
        Time in s, on the clock of the events, up to which all of them have come.
    """
    if X is ABSENT:
        return replace(entry, waiting=None), ABSENT
    if encoder.takes_events:
        return enter_events(encoder, entry, X, until)
    if X is None:
        return entry, None
    if "time" in getattr(X, "coords", ()):
        entry, X = in_time(encoder, entry, X)
        if not X.sizes["time"]:
            return entry, None
        X = [X]
    elif not np.shape(X)[-2]:
        return entry, None
    state, drive = encoder.advance(entry.state, X)
    return replace(entry, state=state), drive if drive.shape[1] else None


def in_time(encoder: Any, entry: Entry, rows: Any) -> tuple[Entry, Any]:
    """Return rows in order of time without those that are late or repeated, which are counted.

    Where the encoder knows the time between samples of training, gaps are counted, and another rate
    is warned of.
    """
    known = variable_of(rows, "time")
    time = np.asarray(known.values)
    stated = str(known.attrs.get("units", known.attrs.get("unit", "s")))
    unit = name_unit(stated.split(" since ")[0])
    if time.dtype.kind not in "iuf" or not unit:  # which the encoder refuses with the reason
        return entry, rows
    if unit != "s":
        time = time * (UNITS[unit] / UNITS["s"])
    if not np.isfinite(time).all():
        raise ValueError(f"a sample has the time {time[~np.isfinite(time)][0]}; expected s.")
    before = np.maximum.accumulate(np.concatenate([[entry.last], time[:-1]]))
    new, same = time > before, time == before
    gaps = np.where(new & np.isfinite(before), time - before, 0.0)
    usual = np.maximum.accumulate(np.concatenate([[entry.gap], gaps]))
    jumps = (gaps > np.maximum(MOST_STEPS * usual[:-1], LEAST_JUMP)) & (usual[:-1] > 0)
    if jumps.any():
        place = int(np.argmax(jumps))
        raise ValueError(
            f"a sample comes at {time[place]} s, {gaps[place]:.6g} s after the one before, and the "
            f"longest gap was {usual[place]:.6g} s: its clock jumped. Begin anew with restart()."
        )
    steps = getattr(encoder, "steps_of_training", None)  # of one in a stack unknown
    entry = replace(
        entry, last=float(max(entry.last, time.max(initial=-np.inf))), gap=float(usual[-1]),
        repeated=entry.repeated + int(same.sum()),
        late=entry.late + int((time < before).sum()),
        gaps=entry.gaps + (0 if steps is None else int((gaps > GAP * steps[1]).sum())),
    )  # fmt: skip
    if steps is not None and len(entry.early) < EARLY:
        entry = replace(entry, early=np.concatenate([entry.early, time[new]])[:EARLY])
        check_rate(entry.early, *steps)
    return entry, rows if new.all() else rows[new]


def check_rate(early: NDArray, least: float, most: float) -> None:
    """Warn if the first samples come at another rate than in training, ``least`` to ``most`` s.

    Examples
    --------
    >>> check_rate(0.01 * np.arange(10), 0.01, 0.02)
    """
    if len(early) < EARLY:
        return
    step = float(np.median(np.diff(early)))
    if not least / APART <= step <= most * APART:
        usual = " to ".join(dict.fromkeys(f"{one:g}" for one in (least, most)))
        warn(
            f"samples come every {step:g} s, and in training every {usual} s: the reservoir "
            "gets its signals faster or slower than it learns them. Are their times in s? Else "
            "bring them to the rate of training.",
            stacklevel=6,
        )


def enter_events(encoder: Any, entry: Entry, X: Any, until: Any) -> tuple[Entry, Any]:
    """Encode the events of the steps that are complete; others wait."""
    events = np.asarray([] if X is None else X)
    if entry.origin is None and encoder.origin != "first":
        entry = replace(entry, origin=0)
    if X is None or not events.size:
        events = entry.waiting if entry.waiting is not None else events
    else:
        if events.dtype.names is None or "t" not in events.dtype.names:
            raise ValueError(
                f"events are {events.dtype}: expected a structured array with t (us), x, y and p."
            )
        if entry.origin is None:
            entry = replace(entry, origin=int(events["t"].min()))
        events = events.copy()
        events["t"] -= entry.origin
        begin = encoder.step_begins(entry.state.step)
        width, height = encoder.sensor_size_
        late = events["t"] < begin
        inside = (events["x"] >= 0) & (events["x"] < width)
        inside &= (events["y"] >= 0) & (events["y"] < height)
        entry = replace(
            entry, late=entry.late + int(late.sum()),
            outside=entry.outside + int((~inside & ~late).sum()),
        )  # fmt: skip
        events = events[~late & inside]
        if entry.waiting is not None and entry.waiting.size:
            events = np.concatenate([entry.waiting, events])
        events = events[np.argsort(events["t"], kind="stable")]
    reached = int(events["t"][-1]) if events.size else 0
    if until is not None and entry.origin is not None:
        reached = max(reached, round(until * 1e6) - entry.origin)
    step = encoder.steps_within(reached)
    n_steps = step - entry.state.step
    if n_steps <= 0:
        if events.size > MOST_WAITING:
            raise ValueError(
                f"{events.size} events wait for their step to end, at most {MOST_WAITING} can: "
                "their times do not advance. Begin anew with restart()."
            )
        return replace(entry, waiting=events if events.size else None), None
    if n_steps > MOST_STEPS:
        raise ValueError(
            f"the stream goes on at {reached} us, {n_steps} steps after the last one, which is "
            f"more than {MOST_STEPS}: its clock jumped, or its times are not us since the "
            "beginning of the run. Begin anew with restart()."
        )
    cut = np.searchsorted(events["t"], encoder.step_begins(step)) if events.size else 0
    ready = [events[:cut]] if events.size else [np.empty(0, dtype=EVENT_DTYPE)]
    state, drive = encoder.advance(entry.state, ready, n_steps=n_steps)
    rest = events[cut:]
    return replace(entry, state=state, waiting=rest if rest.size else None), drive


def together(
    waiting: dict[str, NDArray | None], found: dict[str, Any], absent: list[str],
    widths: dict[str, int],
) -> tuple[dict[str, NDArray | None], Any]:  # fmt: skip
    """Return drives side by side for the steps that all senses have, and what waits.

    An absent sense has zeros, as in ``transform``; where all are absent there is no step.
    """
    have: dict[str, NDArray | None] = {}
    for name, new in found.items():
        parts = [one for one in (waiting[name], new) if one is not None and one is not ABSENT]
        have[name] = None if name in absent or not parts else np.concatenate(parts, axis=1)
    present = {name: one for name, one in have.items() if name not in absent}
    steps = {name: 0 if one is None else one.shape[1] for name, one in present.items()}
    least = min(steps.values(), default=0)
    ahead = max(steps, key=lambda name: steps[name]) if steps else ""
    if steps and steps[ahead] - least > MOST_AHEAD:
        behind = min(steps, key=lambda name: steps[name])
        raise ValueError(
            f"{ahead!r} is {steps[ahead] - least} steps ahead of {behind!r}, at most {MOST_AHEAD} "
            f"wait: pass {{{behind!r}: None}} where a sense is silent."
        )
    left: dict[str, NDArray | None] = {
        name: None if one is None or one.shape[1] == least else one[:, least:]
        for name, one in have.items()
    }
    if not least:
        return left, None
    n = next(one for one in present.values() if one is not None).shape[0]
    sides = [
        np.zeros((n, least, widths[name])) if one is None else one[:, :least]
        for name, one in have.items()
    ]
    return left, np.concatenate(sides, axis=2)
