"""EventLatency: how early in each step a cell had its first event."""

from typing import Any

from mottle.sensors.events import EventEncoder
from mottle.sensors.kernels import events as kernels


class EventLatency(EventEncoder):
    """Encode how early in each step a cell had its first event: a latency code.

    1 for an event at the beginning of a step, falling to 0 at its end; 0 without an event. The time
    within the step is kept, so that few long steps hold what counts would lose.

    Parameters
    ----------
    n_steps : int, default=30
        Steps a recording is cut into.
    cell, duration, sensor_size :
        As in `EventRate`.
    polarity : {"split", "sum", "signed"}, default="split"
        One input for off and one for on events, one for both, or one for both whose sign is that of
        the first event.
    origin, on_drop :
        As in `EventRate`.

    Attributes
    ----------
    duration_, sensor_size_, input_shape_, n_features_out_ :
        As in `EventRate`.

    Raises
    ------
    ValueError
        By ``fit`` and ``transform``, if a stream is empty or its time goes back; by ``fit``, if a
        stream is None.

    Notes
    -----
    The drive lies in 0 .. 1, with ``"signed"`` in -1 .. 1; nothing is learnt about its size. Live
    runs give the bytes of the whole.

    References
    ----------
    S. Thorpe, A. Delorme, R. Van Rullen, Neural Networks 14 (2001) 715,
    doi:10.1016/S0893-6080(01)00083-1.

    Examples
    --------
    >>> import numpy as np
    >>> from mottle.sensors import EVENT_DTYPE
    >>> events = np.array([(0, 0, 0, 1), (9_000, 0, 0, 1), (15_000, 0, 0, 1)], dtype=EVENT_DTYPE)
    >>> EventLatency(2, duration=0.02, polarity="sum").fit_transform(events)
    array([[1. ],
           [0.5]])
    """

    def __init__(
        self,
        n_steps: int = 30,
        *,
        cell: Any = 2,
        duration: Any = None,
        sensor_size: Any = None,
        polarity: str = "split",
        origin: Any = "first",
        on_drop: Any = "warn",
    ) -> None:
        self.n_steps, self.cell, self.duration = n_steps, cell, duration
        self.sensor_size, self.polarity = sensor_size, polarity
        self.origin, self.on_drop = origin, on_drop

    def _fill(self, events, start, first, drive, past):
        arguments = (*self._arguments(events, start, first), drive)
        return kernels.latency(*arguments)
