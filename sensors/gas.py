"""Gas sensors: change against clean air, and how fast it comes."""

from math import exp
from pathlib import Path
from typing import Any
from warnings import warn

import numpy as np

from mottle.checks import (
    check_bool,
    check_names,
    check_number,
    check_option,
    check_positive,
    suggest,
)
from mottle.embedded import template
from mottle.events import FAR, warn_if_far
from mottle.sensors.align import time_edges, times_to_steps
from mottle.sensors.base import check_n_steps
from mottle.sensors.kernels.gas import leaky_rate
from mottle.sensors.sampled import SampledEncoder, tell_stretching
from mottle.sensors.streams import OPENING

KERNELS = Path(__file__).with_name("kernels")
CODES = {"difference": 0, "log_ratio": 1, "ratio": 2}  # in C
BASELINE, SMOOTH = 10.0, 5.0  # s, the defaults
N_STEPS = 60  # the default, which gives way to dt
RARE = 0.05  # of the rows, up to which values below 0 may be faults of a channel
RESPONSES = ("log_ratio", "ratio", "difference")


class GasDrive(SampledEncoder):
    r"""Turn the slow channels of an electronic nose into a drive.

    With x a channel and :math:`x_0` its baseline, the mean of the recording's first seconds:
    log(x / x0) (``"log_ratio"``), x / x0 - 1 (``"ratio"``) or x - x0 (``"difference"``); beside it
    the derivative of its leaky mean m, where dm/dt = (response - m) / smooth.

    Parameters
    ----------
    n_steps : int, default=60
        Steps every recording is cut into, whatever its length. None: see ``dt``.
    dt : float, default=None
        Length of a step in second, in place of the default of ``n_steps``; the number of steps then
        follows from the length of the recording. With ``n_steps=None`` and no ``dt`` the sensor's
        own rows are kept.
    baseline : float or None, default=10.0
        Length of the baseline in second; at least the first row. A window that `cut_windows` or a
        loader has cut is compared with the begin of its recording, of which it carries the first
        minute. None takes the channel's mean over
        all training recordings, which keeps the absolute level (and with it the session).
    response : str or dict, default="log_ratio"
        One of "log_ratio", "ratio" and "difference" for all channels, or a dict from channel name
        to one of them; channels not named have "log_ratio". See Notes for values of 0 and below.
    derivative : bool, default=True
        Add the smoothed time derivative of each response as an input of its own.
    smooth : float, default=5.0
        Time constant of the derivative, in second.
    duration : float, default=None
        Use only the first seconds of each recording: where its length depends on what was recorded,
        ``n_steps`` steps would reveal the label.
    channels : list of str or int, default=None
        Channels to keep, by name or number; None keeps all.
    drop : tuple of str, default=()
        Names of channels to leave out; names a stream does not have are ignored.
    scale : {"channel", "global", None}, default="channel"
        Learnt in fit: divide every input by its root mean square over the training steps, at least
        5 % of the median over the moving inputs of its kind (same response, or derivative of such).
    clip : float, default=3.0
        Scaled drives are cut at -clip and clip.

    Attributes
    ----------
    channels_ : list of str
        Channels kept.
    responses_ : list of str
        Response used for every channel.
    zero_ : ndarray of shape (channel,)
        What a value of 0 is read as in a ratio, in units of the sensor: the smallest positive
        training value.
    center_ : ndarray of shape (channel,)
        Training mean of every channel, in units of the sensor.
    scale_ : ndarray of shape (input,)
        What the inputs are divided by.
    n_steps_, input_shape_, n_features_out_ :
        As in `TaxelDrive`; ``input_shape_`` is (1, channels, 2 with derivative).

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a channel holds a NaN, inf or an overflowed counter, if
        channels differ or time goes back, or if a value below 0 meets a ratio asked for by name or
        learnt from positive values; by ``fit``, if a stream is None.

    Notes
    -----
    A ratio needs values above 0. What is done about others, by channel, is decided in fit:

    * A channel with values below 0 in training (altitude, degrees Celsius) has no zero to take
      ratios from: its response is "difference", unless ``response`` names it, which is an error.
      ``fit`` warns where at most 5 % of the rows are below 0, which may be faults.
    * A channel with values of 0 but not below (the count of a MOX sensor in clean air) keeps its
      ratio, and 0 is read as the smallest positive training value: one count, the resolution.

    SmellNet's NO2, C2H5OH, VOC, CO, Alcohol, LPG, Temperature, Pressure, Humidity, Gas_Resistance
    and Altitude thus all work as they are (Benzene overflows: ``drop=("Benzene",)``); Alcohol and
    LPG keep log ratios, Altitude becomes a difference in metres. Temperature, pressure and altitude
    depend on the room rather than on the smell; leave them out with ``drop``.

    Examples
    --------
    >>> gas = np.array([[100.0], [100.0], [200.0], [200.0]])
    >>> nose = GasDrive(2, baseline=2.0, derivative=False, scale=None)
    >>> nose.fit_transform(gas).round(3)
    array([[0.   ],
           [0.693]])
    """

    of_whole_recordings = ("n_steps", "dt", "duration")

    def _level(self, samples):
        if self.baseline is None:
            return None
        begin = samples.beginning
        return self._baseline(begin.values, begin.time)

    def __init__(
        self,
        n_steps: int | None = N_STEPS,
        *,
        dt: float | None = None,
        baseline: Any = BASELINE,
        response: Any = "log_ratio",
        derivative: bool = True,
        smooth: float = SMOOTH,
        duration: float | None = None,
        channels: Any = None,
        drop: Any = (),
        scale: Any = "channel",
        clip: float = 3.0,
    ) -> None:
        self.n_steps, self.dt, self.baseline, self.response = n_steps, dt, baseline, response
        self.derivative, self.smooth, self.duration = derivative, smooth, duration
        self.channels, self.drop, self.scale, self.clip = channels, drop, scale, clip

    def _check_parameters(self):
        super()._check_parameters()
        if self.n_steps is not None:
            check_n_steps(self.n_steps)
            if self.dt is not None and self.n_steps != N_STEPS:
                raise ValueError(
                    f"n_steps={self.n_steps} and dt={self.dt} s both set the steps; for steps of "
                    "dt pass n_steps=None."
                )
        for name in ("dt", "duration"):
            if getattr(self, name) is not None:
                check_positive(name, getattr(self, name), "s")
        if self.baseline is not None:
            check_number("baseline", self.baseline, "s", least=0)
        check_positive("smooth", self.smooth, "s")
        check_bool("derivative", self.derivative)
        if not isinstance(self.drop, str) and len(np.atleast_1d(self.drop)):
            check_names("drop", self.drop)
        named = self.response if isinstance(self.response, dict) else {"": self.response}
        for response in named.values():
            check_option("response", response, RESPONSES)

    def _choose(self, known):
        drop = (self.drop,) if isinstance(self.drop, str) else tuple(self.drop)
        if not drop:
            return self.channels
        kept = range(len(known)) if self.channels is None else self.channels
        names = [key if isinstance(key, str) else known[key] for key in kept]
        return [name for name in names if name not in drop]

    def _labels(self):
        return ["", "_rate"] if self.derivative else [""]

    def _kinds(self):
        kinds = [RESPONSES.index(response) for response in self.responses_]
        if self.derivative:
            kinds = [kind + offset for kind in kinds for offset in (0, len(RESPONSES))]
        return np.array(kinds)

    @property
    def learns_levels(self) -> bool:
        """Whether anything that `adapt` learns anew enters the drive."""
        return self.scale is not None or self.baseline is None

    def _learn(self, cells):
        rows = np.concatenate([self._cut(samples).values for samples in cells])
        least = rows.min(axis=0)
        self._warn_of_faults(rows)
        self.responses_ = [
            self._respond(name, low) for name, low in zip(self.channels_, least, strict=True)
        ]
        super()._learn(cells)

    def _learn_levels(self, cells):
        rows = np.concatenate([self._cut(samples).values for samples in cells])
        self.zero_ = np.min(rows, axis=0, where=rows > 0, initial=np.inf)
        self.zero_[np.isinf(self.zero_)] = 1.0  # never above 0: any constant gives a ratio of 1
        self.center_ = rows.mean(axis=0)

    def _warn_of_faults(self, rows):
        """Warn of channels whose response becomes a difference for a few values below 0."""
        below = (rows < 0).sum(axis=0)
        for name, count in zip(self.channels_, below, strict=True):
            named = isinstance(self.response, dict)
            if (named and name in self.response) or (not named and self.response == "difference"):
                continue
            if 0 < count <= max(1, RARE * len(rows)):
                wanted = "log_ratio" if named else self.response
                warn(
                    f"channel {name!r} holds values below 0 in {count} of {len(rows)} training "
                    f"rows, so that its response is 'difference' in place of {wanted!r} for all "
                    f"recordings: repair these rows, or pass response={{{name!r}: 'difference'}}.",
                    UserWarning, stacklevel=4,
                )  # fmt: skip

    def _check_units(self, cells):
        tell_stretching(self._steps(), [self._cut(samples) for samples in cells])
        longest = max(
            float(max(np.ptp(samples.time), np.ptp(samples.beginning.time))) for samples in cells
        )
        recordings = f"the longest training recording lasts {longest:g} s"
        least = FAR * longest if self.baseline == BASELINE else longest
        if longest > 0 and self.baseline is not None and self.baseline > least:
            warn(
                f"baseline={self.baseline:g} s covers every recording whole, {recordings}: each is "
                "compared with its own mean. Is baseline in seconds? (Without times a row lasts "
                "1 s.)",
                UserWarning, stacklevel=3,
            )  # fmt: skip
        if longest > 0 and self.dt is not None and self.dt > longest:
            warn(
                f"dt={self.dt:g} s, and {recordings}: each is one step. Is dt in seconds?",
                UserWarning, stacklevel=3,
            )  # fmt: skip
        warn_if_far("duration", self.duration, longest, "nothing is cut off")
        if self.smooth != SMOOTH:
            warn_if_far("smooth", self.smooth, longest, "the derivative hardly follows")

    def _respond(self, name, least):
        if isinstance(self.response, dict):
            wanted, explicit = self.response.get(name, "log_ratio"), name in self.response
            unknown = [key for key in self.response if key not in self.channels_]
            if unknown:
                raise ValueError(
                    f"response names the channel '{unknown[0]}', which is not kept"
                    f"{suggest(unknown[0], self.channels_)} Kept are {', '.join(self.channels_)}."
                )
        else:
            wanted, explicit = self.response, False
        if least >= 0 or wanted == "difference":
            return wanted
        if explicit:
            raise ValueError(
                f"channel '{name}' holds {least:g} and response asks for its {wanted}, which needs "
                "values of 0 or more; use 'difference' for it."
            )
        return "difference"

    def _cut(self, samples):
        if self.duration is None:
            return samples
        rows = max(1, int(np.searchsorted(samples.time, samples.time[0] + self.duration)))
        return samples._replace(values=samples.values[:rows], time=samples.time[:rows])

    def _check_causal(self):
        super()._check_causal()
        if self.baseline not in (None, 0):
            raise ValueError(
                f"baseline={self.baseline} s is the mean of rows that come later than the first "
                "step: use baseline=0 (the first row) or None in a live run."
            )

    def _rest(self, n_recordings):
        shape = n_recordings, len(self.channels_)
        values = {name: np.zeros(shape) for name in ("baseline", "mean", "rate")}
        return {**values, "time": np.zeros((n_recordings, 1))}

    def _go_on(self, samples, past, step, place):
        values, time = self._positive(samples.values, place), samples.time
        if step == 0:
            past["baseline"][:] = self._begin_level(samples, place)
            past["time"][:] = time[0]
        elif time[0] < past["time"]:
            raise ValueError(
                f"time goes back in {place}: {time[0]:g} s comes after {past['time'][0]:g} s."
            )
        response = self._response(values, past["baseline"])
        if step == 0:
            past["mean"][:] = response[0]
        drive = self._join(response, time, past["time"][0], past["mean"], past["rate"])
        past["time"][:] = time[-1]
        return drive

    def _embed(self, dt):
        n, first = len(self.channels_), self.baseline is not None
        text = template(
            KERNELS / "gas.c", first=first, scaled=self.scale is not None,
            derivative=self.derivative,
        )  # fmt: skip
        codes = [CODES[response] for response in self.responses_]
        tables = {"responses": np.array(codes, np.uint8), "zero": self.zero_}
        if not first:
            tables["baseline"] = self._baseline(None, None)
        kept = ("baseline",) * first + ("mean", "rate") * self.derivative
        numbers = {"dt": dt, "fraction": 1.0 - exp(-dt / float(self.smooth))}
        state = {name: np.zeros(n) for name in kept}
        return self._embedded(text, {"N_LABELS": len(self._labels())}, numbers, tables, state)

    def _encode(self, samples, place):
        cut = self._cut(samples)
        values, time = self._positive(cut.values, place), cut.time
        response = self._response(values, self._begin_level(cut, place))
        both = self._join(response, time, time[0], response[0].copy(), np.zeros(values.shape[1]))
        n_steps = self._steps()
        if n_steps is None and self.dt is None:
            return both
        return times_to_steps(both, time, time_edges(time, n_steps, self.dt))

    def _begins(self, samples):
        time = self._cut(samples).time
        n_steps = self._steps()
        if n_steps is None and self.dt is None:
            return time
        return time_edges(time, n_steps, self.dt)[:-1]

    def _steps(self):
        """Return the number of steps; None where their length or the rows decide."""
        return None if self.dt is not None else self.n_steps

    def _join(self, response, time, now, mean, rate):
        """Return responses and, beside each, its rate; ``mean`` and ``rate`` go on in place."""
        parts = [response]
        if self.derivative:
            parts.append(leaky_rate(response, time, float(self.smooth), float(now), mean, rate))
        return np.stack(parts, axis=2).reshape(len(response), -1)

    def _ratios(self):
        """Return which channels have a ratio as their response."""
        return np.array([response != "difference" for response in self.responses_])

    def _positive(self, values, place):
        """Return values of which ratios can be taken, or raise."""
        ratio = self._ratios()
        low = np.argwhere((values < 0) & ratio)
        if low.size:
            row, channel = low[0]
            name = self.channels_[channel]
            raise ValueError(
                f"channel '{name}' of {place} holds {values[row, channel]:g} at row {row}, and it "
                f"was never below 0 in training, so that its {self.responses_[channel]} was "
                f"learnt; repair the row, or pass response={{'{name}': 'difference'}}."
            )
        return np.where((values == 0) & ratio, self.zero_, values)

    def _begin_level(self, samples, place):
        """Return what each channel of a recording, or of a window of it, is compared with."""
        begin = samples.beginning
        if samples.opening is not None and self.baseline is not None and self.baseline > OPENING:
            raise ValueError(
                f"baseline={self.baseline:g} s, and windows carry the first {OPENING:g} s of their "
                "recording: take a shorter baseline."
            )
        return self._baseline(self._positive(begin.values, place), begin.time)

    def _baseline(self, values, time):
        """Return what each channel is compared with."""
        if self.baseline is None:
            return np.where((self.center_ == 0) & self._ratios(), self.zero_, self.center_)
        rows = max(1, int(np.searchsorted(time, time[0] + self.baseline)))
        # from the first row, so that a channel which never moves is 0 to the last bit
        return values[0] + np.mean(values[:rows] - values[0], axis=0)

    def _response(self, values, baseline):
        """Return the responses (row, channel), without the rates."""
        response = values - baseline
        for channel in np.flatnonzero(self._ratios()):
            ratio = values[:, channel] / baseline[channel]
            log = self.responses_[channel] == "log_ratio"
            response[:, channel] = np.log(ratio) if log else ratio - 1.0
        return response
