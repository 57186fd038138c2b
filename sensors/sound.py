"""Sound and vibration: energies in gammatone bands, compressed, and their onsets."""

from collections.abc import Sequence
from math import exp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.checks import check_bool, check_number, check_positive, check_whole
from mottle.restored import check_array
from mottle.sensors.kernels.sound import add_energies, onsets
from mottle.sensors.sampled import LEVEL, SampledEncoder, are_enough, explained
from mottle.sensors.streams import check_samples

TAU_ONSET = 0.05  # s, of the mean above which an onset rises
HIGHEST = 0.45  # of the sampling rate: the default of f_max
LEAST_SPAN, MOST_OFF = 1.0, 0.05  # s of a live run, after which its rate may be so far off
FLOOR = 1e-3  # of the median energy of a band in training, added before the logarithm


class SoundDrive(SampledEncoder):
    r"""Turn sound, or another fast vibration, into a drive of levels in frequency bands.

    Each channel passes gammatone filters, whose energies are averaged over steps of ``dt`` and
    compressed: :math:`\log(E + E_0)` less its training mean, with :math:`E_0` a thousandth of the
    median energy of the band in training.

    Parameters
    ----------
    n_bands : int, default=24
        Number of filters, spaced evenly on the scale of equivalent rectangular bandwidths (ERB).
    dt : float, default=0.01
        Length of a step in second.
    f_min : float, default=80.0
        Centre of the lowest band in Hz.
    f_max : float or None, default=None
        Centre of the highest band in Hz; None: 0.45 of the sampling rate.
    onset : bool, default=True
        Add, for every band, how far the level lies above its mean over the last 50 ms; without
        loudness, the mean over the bands alone.
    loudness : bool, default=True
        Whether levels hold how loud a sound is. False: the mean over the bands is subtracted from
        them at every step. What is left is the shape of the spectrum, which the distance of a
        microphone and the voice of a speaker change less.
    channels : list of str or int, default=None
        Channels to keep, by name or number; None keeps all.
    scale : {"channel", "global", None}, default="channel"
        Learnt in fit: divide every input by its root mean square over the training steps.
    clip : float, default=3.0
        Scaled drives are cut at -clip and clip.

    Attributes
    ----------
    frequencies_ : ndarray of shape (n_bands,)
        Centres of the bands in Hz.
    rate_ : float
        Sampling rate of the training recordings in Hz.
    floor_ : ndarray of shape (channel * n_bands,)
        What is added to energies.
    center_ : ndarray of shape (channel * n_bands,)
        Mean training level.
    channels_, scale_, n_steps_, input_shape_, n_features_out_ :
        As in `TaxelDrive`; ``input_shape_`` is (1, channels, inputs of a channel).

    Raises
    ------
    ValueError
        By ``fit``, if ``f_max`` is above half of the sampling rate, or recordings lack times; by
        ``fit`` and ``transform``, if sampling rates differ by more than 1 %.

    Notes
    -----
    A drive depends on earlier samples only. Samples that are left at the end of a recording are
    added to its last step; in a live run, which has no known end, they begin a further step. Rows
    without times come at the sampling rate of training there.

    References
    ----------
    V. Hohmann, Acta Acust. united Acust. 88 (2002) 433; bandwidths of B. Glasberg and B. Moore,
    Hear. Res. 47 (1990) 103, doi:10.1016/0378-5955(90)90170-T.

    Examples
    --------
    >>> import xarray as xr
    >>> time = np.arange(1600) / 8000
    >>> tone = np.sin(2 * np.pi * 440 * time)[:, np.newaxis]
    >>> sound = xr.DataArray(tone, dims=("time", "channel"), coords={"time": time})
    >>> encoder = SoundDrive(16, onset=False).fit(sound)
    >>> levels = encoder.transform(sound)
    >>> levels.shape, round(float(encoder.frequencies_[encoder.center_.argmax()]))
    ((20, 16), 486)
    """

    learns_levels = True  # the mean of each band
    keeps_level = ("loudness", True)

    def _level(self, samples):
        return loudness_of(samples.values) if not self.loudness else None

    def __init__(
        self,
        n_bands: int = 24,
        *,
        dt: float = 0.01,
        f_min: float = 80.0,
        f_max: float | None = None,
        onset: bool = True,
        loudness: bool = True,
        channels: Any = None,
        scale: Any = "channel",
        clip: float = 3.0,
    ) -> None:
        self.n_bands, self.dt, self.f_min, self.f_max = n_bands, dt, f_min, f_max
        self.onset, self.loudness = onset, loudness
        self.channels, self.scale, self.clip = channels, scale, clip

    def _check_parameters(self):
        super()._check_parameters()
        check_whole("n_bands", self.n_bands)
        check_positive("dt", self.dt, "s")
        check_positive("f_min", self.f_min, "Hz")
        if self.f_max is not None:
            check_number("f_max", self.f_max, "Hz", above=self.f_min)
        check_bool("onset", self.onset)
        check_bool("loudness", self.loudness)

    def _labels(self):
        levels = [f"_{frequency:.0f}Hz" for frequency in self.frequencies_]
        rises = [f"{label}_onset" for label in levels] if self.loudness else ["_onset"]
        return levels + rises if self.onset else levels

    def _learn(self, cells):
        self.rate_ = float(np.median([sampling_rate(samples) for samples in cells]))
        half = self.rate_ / 2
        highest = HIGHEST * self.rate_ if self.f_max is None else float(self.f_max)
        if not self.f_min < highest <= half:
            raise ValueError(
                f"bands from f_min={self.f_min:g} to {highest:g} Hz do not fit the sampling rate "
                f"of {self.rate_:g} Hz, which carries up to {half:g} Hz (rows without times are "
                "1 s apart): give the streams a time in s, or set f_min and f_max."
            )
        self.frequencies_ = erb_spaced(float(self.f_min), highest, self.n_bands)
        super()._learn(cells)

    def _learn_levels(self, cells):
        energies = np.concatenate(
            [self._energies(samples, f"recording {i}") for i, samples in enumerate(cells)]
        )
        typical = np.median(energies, axis=0)
        most = float(energies.max())
        self.floor_ = FLOOR * np.where(typical > 0, typical, most if most > 0 else 1.0)
        self.center_ = np.log(energies + self.floor_).mean(axis=0)

    def _energies(self, samples, place):
        """Return the mean squares (step, channel * band) of one recording."""
        rate = sampling_rate(samples)
        if abs(rate - self.rate_) > 0.01 * self.rate_:
            raise ValueError(
                f"{place} has {rate:g} samples a second, the training recordings {self.rate_:g}: "
                "resample it."
            )
        edges = step_edges(len(samples.values), self.dt * self.rate_)
        past = {name: value[0] for name, value in self._rest(1).items()}
        return self._sum(samples.values, edges, past) / n_samples(edges)

    def _sum(self, values, edges, past):
        """Return the sums of squares (step, channel * band) between edges; the past goes on."""
        n_channels, widths = values.shape[1], 1.019 * bandwidths(self.frequencies_)
        out = np.empty((n_channels, len(edges) - 1, self.n_bands))
        for channel, energies in enumerate(out):
            wave = np.ascontiguousarray(values[:, channel])
            add_energies(
                wave, self.rate_, self.frequencies_, widths, edges, past["filters"][channel],
                past["energy"][channel], energies,
            )  # fmt: skip
        return out.transpose(1, 0, 2).reshape(len(edges) - 1, -1)

    def _encode(self, samples, place):
        levels = np.log(self._energies(samples, place) + self.floor_)
        return self._drive(levels, levels[0].copy())

    def _drive(self, levels, mean):
        """Return levels less their training mean, and onsets, channel by channel."""
        shape = len(levels), len(self.channels_), self.n_bands
        parts = [(levels - self.center_).reshape(shape)]
        if self.onset:
            rises = np.empty_like(levels)
            onsets(levels, 1.0 - exp(-self.dt / TAU_ONSET), mean, rises)
            parts.append(rises.reshape(shape))
        if not self.loudness:
            whole, *rises = (part.mean(axis=2, keepdims=True) for part in parts)
            parts = [parts[0] - whole, *rises]
        return np.concatenate(parts, axis=2).reshape(len(levels), self.n_features_out_)

    def _begins(self, samples):
        edges = step_edges(len(samples.values), self.dt * self.rate_)
        return samples.time[np.minimum(edges[:-1], len(samples.time) - 1)]

    def _kinds(self):
        kinds = np.arange(len(self._labels())) // self.n_bands
        return np.tile(kinds, len(self.channels_))

    def _check_causal(self):
        if self.dt * self.rate_ < 1:
            raise ValueError(
                f"dt={self.dt:g} s is shorter than a sample at {self.rate_:g} Hz: a live run needs "
                f"steps of at least {1 / self.rate_:g} s."
            )

    def _check_restored(self):
        super()._check_restored()
        if hasattr(self, "frequencies_"):
            check_array("frequencies_", self.frequencies_, (self.n_bands,))
            for name in ("floor_", "center_"):
                check_array(name, getattr(self, name), (len(self.channels_) * self.n_bands,))

    def _rest(self, n_recordings):
        n, n_channels = self.n_bands, len(self.channels_)
        return {
            "filters": np.zeros((n_recordings, n_channels, n, 4, 2)),
            "energy": np.zeros((n_recordings, n_channels, n)),  # of the step that has begun
            "mean": np.zeros((n_recordings, n_channels * n)),
            "first": np.zeros((n_recordings, 1)),  # time in s
        }

    def _go_on(self, samples, past, step, place):
        self._check_live_rate(samples.time, past, step)
        length, n = self.dt * self.rate_, len(samples.values)
        first, last = (steps_within(rows, length) for rows in (step, step + n))
        begins = np.round(np.arange(first, last + 1) * length).astype(np.int64)
        edges = np.concatenate([[0], begins[1:] - step, [n]])
        sums = self._sum(samples.values, edges, past)
        past["energy"][:] = sums[-1].reshape(past["energy"].shape)
        levels = np.log(sums[:-1] / n_samples(begins) + self.floor_)
        if first == 0 and last > 0:
            past["mean"][:] = levels[0]
        return self._drive(levels, past["mean"])

    def _check_live_rate(self, time, past, step):
        """Refuse a run of another sampling rate than that of training, if rows have times."""
        n_before = step + len(time) - 1
        if step == 0:
            past["first"][:] = time[0]
        span = time[-1] - float(past["first"][0])
        if time[-1] == n_before or span < LEAST_SPAN:
            return  # rows without times are numbered
        rate = n_before / span
        if abs(rate - self.rate_) > MOST_OFF * self.rate_:
            raise ValueError(
                f"{rate:.6g} samples a second came in the {span:.6g} s since the run began, and "
                f"the training recordings have {self.rate_:g}: resample the stream, or begin anew "
                "where samples were lost."
            )


def loudness_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the mean square of each channel, without its mean.

    Examples
    --------
    >>> loudness_of(np.array([[1.0, 0.0], [-1.0, 0.0]])).round(3).tolist()
    [0.0, -708.396]
    """
    power = values.var(axis=0)
    return np.log(np.maximum(power, np.finfo(float).tiny))


def loudness_explains(recordings: Sequence[Any], target: NDArray[Any]) -> bool:
    """Return whether loudness alone tells classes apart, or follows a number.

    Parameters
    ----------
    recordings : list of streams
        As `SoundDrive` takes them.
    target : ndarray of shape (recording,)
        Classes, or numbers of type float.

    Examples
    --------
    >>> wave = np.random.default_rng(0).normal(size=(12, 50, 1))
    >>> loudness_explains(list(wave), np.arange(12) % 2)
    False
    >>> loudness_explains([one * (1 + k % 2) for k, one in enumerate(wave)], np.arange(12) % 2)
    True
    """
    levels = np.stack([loudness_of(check_samples(one).values) for one in recordings])
    if target.ndim != 1 or len(target) < 3:
        return False
    if target.dtype.kind == "f":
        moving = np.ptp(levels, axis=0) > 0
        if not moving.any() or not np.ptp(target):
            return False
        found = np.corrcoef(levels[:, moving].T, target)[-1, :-1] ** 2
    else:
        codes = np.unique(target.astype(str), return_inverse=True)[1]
        found = explained(levels, codes) if are_enough(codes) else np.zeros(1)
    return bool(found.max() >= LEVEL)


def sampling_rate(samples: Any) -> float:
    """Return the samples a second of a recording.

    Examples
    --------
    >>> from mottle.sensors.streams import Samples
    >>> sampling_rate(Samples(np.zeros((3, 1)), np.array([0.0, 0.5, 1.0]), None))
    2.0
    """
    if len(samples.time) < 2 or samples.time[-1] <= samples.time[0]:
        return 1.0
    return float((len(samples.time) - 1) / (samples.time[-1] - samples.time[0]))


def step_edges(n_samples: int, length: float) -> NDArray[np.int64]:
    """Return the first samples of steps of ``length`` samples, and the end; none is lost.

    Examples
    --------
    >>> step_edges(10, 4.0).tolist(), step_edges(3, 4.0).tolist()
    ([0, 4, 10], [0, 3])
    """
    n_steps = max(1, int(n_samples / length))
    edges = np.round(np.arange(n_steps + 1) * length).astype(np.int64)
    edges[-1] = n_samples
    return edges


def n_samples(edges: NDArray) -> NDArray[np.int64]:
    """Return the numbers of samples between edges, at least 1, as a column."""
    return np.maximum(np.diff(edges), 1)[:, np.newaxis]


def steps_within(n: int, length: float) -> int:
    """Return how many steps of ``length`` samples are complete after so many.

    Examples
    --------
    >>> [steps_within(n, 2.5) for n in (1, 2, 4, 5)]  # they end with samples 2, 5, 8, 10
    [0, 1, 1, 2]
    """
    steps = int(n / length) + 1
    return steps if round(steps * length) <= n else steps - 1


def bandwidths(frequencies: NDArray) -> NDArray[np.float64]:
    """Return equivalent rectangular bandwidths in Hz (Glasberg and Moore 1990).

    Examples
    --------
    >>> bandwidths(np.array([1000.0])).round(1).tolist()
    [132.6]
    """
    return 24.7 * (4.37e-3 * np.asarray(frequencies, dtype=np.float64) + 1)


def erb_spaced(low: float, high: float, n: int) -> NDArray[np.float64]:
    """Return ``n`` frequencies in Hz from ``low`` to ``high``, evenly spaced on the ERB scale.

    Examples
    --------
    >>> erb_spaced(100.0, 1000.0, 3).round().tolist()
    [100.0, 407.0, 1000.0]
    """
    ends = np.log(4.37e-3 * np.array([low, high]) + 1)
    return (np.exp(np.linspace(ends[0], ends[1], n)) - 1) / 4.37e-3
