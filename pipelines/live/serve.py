"""The loop of `mottle live`: what arrives goes into a model, what it predicts goes out."""

import json
import os
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.events import EVENT_DTYPE
from mottle.pipelines.live.arrivals import ONE, Arrival, parse_line
from mottle.pipelines.live.sources import Source, address_of
from mottle.reservoir import LiveRun
from mottle.reservoir.readout import chain
from mottle.reservoir.readout.live import senses_of

QUEUE = 1000  # lines that wait, above which the oldest are lost
SHOWN = 5  # complaints that are printed
KEEP_EVERY = 10.0  # s, between states that are written
LEAST, MOST, BINS = 1e-6, 1e3, 1800  # s, of the histogram of latencies: 1.2 % a bin
LEFT_OUT = ("late", "repeated", "outside")  # of the counts of a run


class Latencies:
    """A histogram of times, of fixed size.

    Examples
    --------
    >>> times = Latencies()
    >>> for k in range(100):
    ...     times.add(1e-3 * (k + 1))
    >>> round(times.quantile(0.5), 3), times.most
    (0.05, 0.1)
    """

    def __init__(self) -> None:
        self.counts, self.most = np.zeros(BINS, dtype=np.int64), 0.0

    def add(self, seconds: float) -> None:
        """Count a time."""
        span = np.log(MOST / LEAST)
        place = int(BINS * np.log(max(seconds, LEAST) / LEAST) / span)
        self.counts[min(place, BINS - 1)] += 1
        self.most = max(self.most, seconds)

    def quantile(self, share: float) -> float:
        """Return a quantile in s, NaN of no times."""
        total = int(self.counts.sum())
        if not total:
            return float("nan")
        place = int(np.searchsorted(self.counts.cumsum(), share * total))
        return float(LEAST * (MOST / LEAST) ** ((place + 0.5) / BINS))


class Inbox:
    """Items of all sources in order of arrival, a bounded number; the oldest are lost."""

    def __init__(self, most: int = QUEUE) -> None:
        self.most, self.lost = most, Counter[str]()
        self._items: deque[tuple[float, Any]] = deque()
        self._changed, self._open = Condition(), 0

    def start(self, source: Source, stop: Event) -> Thread:
        """Fill the inbox from a source, in a thread."""

        def fill() -> None:
            try:
                for item in source(stop, self.lose):
                    self.put(item)
            except (ValueError, OSError) as error:
                self.put(error)
            finally:
                with self._changed:
                    self._open -= 1
                    self._changed.notify()

        self._open += 1
        thread = Thread(target=fill, daemon=True)
        thread.start()
        return thread

    def lose(self, why: str, n: int = 1) -> None:
        """Count losses."""
        self.lost[why] += n

    def put(self, item: Any) -> None:
        """Append an item; where there is no room, the oldest is lost."""
        with self._changed:
            if len(self._items) >= self.most:
                self._items.popleft()
                self.lost["overrun"] += 1
            self._items.append((time.monotonic(), item))
            self._changed.notify()

    def take(self, wait: float) -> tuple[float, Any] | None:
        """Return when an item came and the item; None where none comes in time.

        Raises
        ------
        EOFError
            Where all sources have ended and nothing is left.
        """
        with self._changed:
            if not self._items:
                if not self._open:
                    raise EOFError
                self._changed.wait(wait)
            return self._items.popleft() if self._items else None


class Answers:
    """Where predictions go: lines on standard output, or to a socket."""

    def __init__(self, spec: str = "-") -> None:
        self.lost, self._rest = 0, b""
        self._socket: Any = None
        if spec == "-":
            return
        kind = spec.partition(":")[0]
        if kind not in ("udp", "tcp"):
            raise ValueError(f"--to {spec!r}: expected '-', udp:HOST:PORT or tcp:HOST:PORT.")
        address = address_of(spec)
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        try:
            made.settimeout(5.0)
            made.connect(address)
        except OSError as error:
            made.close()
            raise ValueError(f"--to {spec}: {error.strerror or error}") from None
        made.setblocking(False)
        self._socket = made

    def write(self, line: str) -> None:
        """Write a line; one that a slow reader has no room for is lost and counted."""
        if self._socket is None:
            try:
                sys.stdout.write(line + "\n")
                sys.stdout.flush()
            except BrokenPipeError:  # what is in the buffer has nowhere to go
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                raise
            return
        new = b"" if len(self._rest) else line.encode() + b"\n"
        self.lost += not new
        try:
            whole = self._rest + new
            self._rest = whole[self._socket.send(whole) :]
        except BlockingIOError:
            self.lost += bool(new)
        except ConnectionRefusedError:  # of UDP: nobody took the line before, and this one waits
            self.lost += 1
            try:
                self._socket.send(new)
            except OSError:
                self.lost += bool(new)
        except ConnectionError:  # of TCP: nobody reads any more
            self.lost += bool(new)
            raise BrokenPipeError from None

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self.lost += bool(self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
            self._socket.close()


def senses_taken(model: Any) -> dict[str, bool]:
    """Return the senses of a fitted model, and whether each takes events.

    Examples
    --------
    >>> from mottle.sensors import TaxelDrive
    >>> from mottle.reservoir import MemristorReservoir
    >>> from sklearn.pipeline import make_pipeline
    >>> model = make_pipeline(TaxelDrive(n_steps=None), MemristorReservoir(5)).fit(np.eye(4))
    >>> senses_taken(model)
    {'stream': False}
    """
    stage, _ = chain.split_off_readout(model)
    named = senses_of(stage) or [(ONE, stage)]
    return {
        name: any(getattr(leaf, "takes_events", False) for leaf in chain.leaves(part))
        for name, part in named
    }


def sensor_of(model: Any, sense: str) -> tuple[int, int]:
    """Return width and height of the sensor of a sense of events; (1, 1) of others."""
    stage, _ = chain.split_off_readout(model)
    part = dict(senses_of(stage)).get(sense, stage)
    sizes = [leaf.sensor_size_ for leaf in chain.leaves(part) if hasattr(leaf, "sensor_size_")]
    return (int(sizes[0][0]), int(sizes[0][1])) if sizes else (1, 1)


def serve(
    model: Any, sources: Sequence[Source], *, to: str = "-", proba: bool = False,
    window: int | None = None, silent: float | None = None, queue: int = QUEUE,
    state: Path | None = None, say: Callable[[str], Any] = print,
) -> dict[str, Any]:  # fmt: skip
    """Predict from sources until they end, or Ctrl-C.

    Parameters
    ----------
    model : fitted model
        As `LiveRun` takes it.
    sources : sequence of source
        From `open_source`.
    to : str, default="-"
        Standard output, or "udp:HOST:PORT", "tcp:HOST:PORT".
    proba : bool, default=False
        Whether answers hold the probabilities of all classes.
    window : int, default=None
        As of `LiveRun`.
    silent : float, default=None
        Seconds without a sample after which a sense counts as absent. None: never.
    queue : int, default=1000
        Lines that may wait; the oldest are lost.
    state : Path, default=None
        File of the state: where it is there, the run goes on from it; it is written every ten
        seconds and at the end.
    say : callable
        Takes sentences on what was lost and how long answers took.

    Returns
    -------
    account : dict
        Numbers of answers, of lines that were lost or refused, by reason, of all that "came" and of
        those "used", and latencies in s.
    """
    work = Work(model, to=to, proba=proba, window=window, silent=silent, state=state, say=say)
    inbox, stop = Inbox(queue), Event()
    say("ready")
    threads = [inbox.start(source, stop) for source in sources]
    try:
        while True:
            found = inbox.take(0.1 if silent is None else min(0.1, silent))
            work.mask_silent()
            if found is not None:
                work.do(*found)
    except EOFError:  # all sources have ended
        pass
    except BrokenPipeError:
        work.refuse("ended", "nobody reads the predictions any more")
    finally:
        stop.set()
        for thread in threads:
            thread.join(0.5)
        account = work.end(inbox.lost)
    return account


class Work:
    """One run: arrivals in, answers out, everything that is lost counted."""

    def __init__(
        self, model: Any, *, to: str, proba: bool, window: int | None, silent: float | None,
        state: Path | None, say: Callable[[str], Any],
    ) -> None:  # fmt: skip
        self.senses, self.silent, self.say = senses_taken(model), silent, say
        self.run = LiveRun(model, method="predict_proba" if proba else "predict", window=window)
        self.labels = getattr(self.run.readout, "classes_", None) if proba else None
        self.named = bool(senses_of(self.run.reservoir))
        self.answers, self.latencies = Answers(to), Latencies()
        self.counts: Counter[str] = Counter()
        self.before_restart: Counter[str] = Counter()  # what runs left out that have ended
        self.came = self.used = 0  # lines or chunks
        self.seen: dict[str, float] = {}
        self.state, self.kept_at = state, time.monotonic()
        if state is not None and not state.absolute().parent.is_dir():
            raise ValueError(f"--state {state}: there is no folder {state.absolute().parent}.")
        if state is not None and state.exists():
            self.run.resume(state)
            say(f"goes on from {state}; without that file, or after a restart, a run begins anew")
        self.warm()

    def warm(self) -> None:
        """Compile what a prediction needs before the first sample comes."""
        trial = LiveRun(self.run.reservoir, self.run.readout, window=self.run.window)
        cells: dict[str, Any] = {}
        for name, events in self.senses.items():
            first = next(
                leaf for leaf in chain.leaves(dict(senses_of(trial.reservoir)).get(
                    name, trial.reservoir)) if events or hasattr(leaf, "n_features_in_")
            )  # fmt: skip
            cells[name] = np.zeros(1, EVENT_DTYPE) if events else np.ones((1, first.n_features_in_))
        with suppress(ValueError, RuntimeError):  # of ones there may be nothing to predict
            trial.advance(cells if self.named else cells[ONE])
            trial.advance(until=1.0)

    def do(self, came: float, item: Any) -> None:
        """Take one item: a line, a chunk, or the error at which a source ended."""
        self.came += 1
        if isinstance(item, Exception):
            self.refuse("ended sources", str(item))
            return
        try:
            arrival = item if isinstance(item, Arrival) else parse_line(item, self.senses)
        except ValueError as error:
            self.refuse("malformed", str(error))
            return
        if arrival.restart:
            self.before_restart += self.account_of_run()
            self.run.restart()
            self.used += 1
        self.seen |= {name: came for name, cell in arrival.cells.items() if cell is not None}
        if arrival.cells or arrival.until is not None:
            self.answer(arrival, came)
        if self.state is not None and came - self.kept_at > KEEP_EVERY:
            self.run.save(self.state)
            self.kept_at = came

    def answer(self, arrival: Arrival, came: float) -> None:
        """Advance the run, and write what it predicts."""
        X: Any = arrival.cells if self.named else arrival.cells.get(ONE)
        until = arrival.until
        if isinstance(until, dict) and not self.named:
            until = until.get(ONE)
        before = self.left_out()
        try:
            found = self.run.advance(X, until=until)
        except (ValueError, TypeError) as error:
            self.refuse("refused", str(error))
            return
        cells = arrival.cells.values()
        masked = any(cell is None for cell in cells)
        n_came = 0 if masked else sum(map(len, cells))
        nothing_new = 0 < n_came <= self.left_out() - before
        self.used += not nothing_new
        if found is None or (nothing_new and until is None):  # the answer before still holds
            return
        for one in self.steps(found):
            self.counts["answers"] += 1
            latency = time.monotonic() - came
            self.answers.write(json.dumps({
                "n": self.counts["answers"], "t": arrival.time, **self.said(one),
                "latency_ms": round(1e3 * latency, 3),
            }))  # fmt: skip
            self.latencies.add(time.monotonic() - came)

    def account_of_run(self) -> Counter[str]:
        """Return what was left out of the run, and its gaps, by sense and reason."""
        return Counter({
            f"{sense}: {what}": n
            for sense, counts in self.run.counts.items() for what, n in counts.items() if n
        })  # fmt: skip

    def left_out(self) -> int:
        """Return how many samples and events were left out so far."""
        return sum(sum(one[what] for what in LEFT_OUT) for one in self.run.counts.values())

    def steps(self, found: Any) -> list[Any]:
        """Return the prediction of each step of a chunk, or the one of the recording so far."""
        return [found] if self.run.pools else list(found)

    def said(self, found: Any) -> dict[str, Any]:
        """Return a prediction as JSON holds it."""
        if self.labels is not None:
            best = self.labels[int(np.argmax(found))]
            return {
                "prediction": plain(best),
                "probabilities": {
                    str(label): round(float(p), 6)
                    for label, p in zip(self.labels, found, strict=True)
                },
            }
        return {"prediction": plain(found)}

    def refuse(self, what: str, why: str) -> None:
        """Count what is left out; say why the first times."""
        self.counts[what] += 1
        if self.counts[what] <= SHOWN:
            self.say(f"{what}: {why}")

    def mask_silent(self) -> None:
        """Mask the senses from which nothing has come for too long."""
        if self.silent is None or not self.named:
            return
        now = time.monotonic()
        for name, last in list(self.seen.items()):
            if now - last > self.silent:
                del self.seen[name]
                self.counts[f"{name} fell silent"] += 1
                self.answer(Arrival({name: None}), now)

    def end(self, lost: Mapping[str, int]) -> dict[str, Any]:
        """Write the state; return and say what was answered, lost and how fast."""
        if self.state is not None:
            self.run.save(self.state)
        self.answers.close()
        account: dict[str, Any] = dict(self.counts) | dict(lost)
        account["answers"] = self.counts["answers"]
        if self.answers.lost:
            account["answers lost"] = self.answers.lost
        account |= self.before_restart + self.account_of_run()
        times = {"p50": self.latencies.quantile(0.5), "p99": self.latencies.quantile(0.99),
                 "max": self.latencies.most}  # fmt: skip
        account["latency"] = times
        numbers = ", ".join(f"{name} {n}" for name, n in account.items() if name != "latency")
        account["came"], account["used"] = self.came, self.used
        took = ", ".join(f"{name} {1e3 * one:.3g} ms" for name, one in times.items())
        self.say(f"{numbers}; from arrival to answer: {took}")
        return account


def plain(value: Any) -> Any:
    """Return a number, label or array as JSON holds it; NaN is null."""
    found: NDArray[Any] = np.asarray(value)
    if found.dtype.kind == "f":
        found = np.asarray(found.astype(object))
        found[~np.isfinite(np.asarray(value))] = None
    return found.tolist()
