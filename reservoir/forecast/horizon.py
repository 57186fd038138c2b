"""How long a forecast of a chaotic signal stays near the truth."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import as_numbers
from mottle.checks import check_positive


def valid_time(
    truth: Any,
    forecast: Any,
    *,
    dt: float = 1.0,
    lyapunov_exponent: float = 1.0,
    threshold: float = 0.4,
    scale: Any = None,
) -> NDArray[np.float64]:
    r"""Return the time for which a forecast stays near the truth, in Lyapunov times.

    The error of a step is :math:`\sqrt{\langle ((y - \hat y) / \sigma)^2 \rangle}`, with the mean
    over outputs; the valid time ends with the first step at which it exceeds ``threshold``.

    Parameters
    ----------
    truth, forecast : array-like of shape (n_steps,), (n_steps, n_outputs) or with runs before
        The signal, and what was forecast: (n_runs, n_steps, n_outputs) for several forecasts. A
        forecast that is NaN has diverged.
    dt : float, default=1.0
        Time between steps.
    lyapunov_exponent : float, default=1.0
        Largest Lyapunov exponent of the signal, inverse to the unit of ``dt``. 1 gives the valid
        time in the unit of ``dt``.
    threshold : float, default=0.4
        Largest error.
    scale : array-like of shape (n_outputs,), default=None
        Standard deviation of each output; that of a long signal is better than that of short
        stretches. None: of all steps of ``truth``.

    Returns
    -------
    time : ndarray of shape (n_runs,), or float
        Valid time; that of all steps if the error never exceeds the threshold.

    References
    ----------
    P. R. Vlachas et al., Neural Networks 126 (2020) 191, doi:10.1016/j.neunet.2020.02.016.

    Examples
    --------
    >>> truth = np.sin(np.arange(100.0))
    >>> float(valid_time(truth, truth + np.where(np.arange(100) < 30, 0.1, 1.0)))
    30.0
    """
    dt = check_positive("dt", dt)
    rate = check_positive("lyapunov_exponent", lyapunov_exponent)
    threshold = check_positive("threshold", threshold)
    truth, forecast = in_order(truth), in_order(forecast)
    outputs = [names for names in map(outputs_of, (truth, forecast)) if names is not None]
    if len(outputs) > 1 and outputs[0] != outputs[1]:
        raise ValueError(
            f"truth has the outputs {outputs[0]} and forecast {outputs[1]}: put them in one order."
        )
    known = as_numbers(truth, "truth")
    found = np.asarray(forecast, np.float64)
    if known.shape != found.shape or known.ndim not in (1, 2, 3):
        raise ValueError(
            f"truth has shape {known.shape} and forecast {found.shape}: expected equal shapes of "
            "one to three dims."
        )
    many = known.ndim == 3
    if not many:
        known, found = (x.reshape(1, len(x), -1) for x in (known, found))
    if not np.isfinite(known).all():
        raise ValueError("truth has values that are not finite.")
    sigma = known.std(axis=(0, 1)) if scale is None else np.asarray(scale, np.float64)
    if scale is not None and sigma.shape not in ((), (known.shape[2],)):
        raise ValueError(
            f"scale has shape {sigma.shape}, expected ({known.shape[2]},): one value an output."
        )
    if not (sigma > 0).all():
        raise ValueError(f"scale={sigma.tolist()} must be positive: a constant output has none.")
    error = np.sqrt(np.mean(((known - found) / sigma) ** 2, axis=2))
    over = ~(error <= threshold)
    n_steps = np.where(over.any(axis=1), over.argmax(axis=1), over.shape[1])
    time = n_steps * dt * rate
    return time if many else time[0]


def in_order(values: Any) -> Any:
    """Return a DataArray with its dims as (run, step, output), by their names.

    Examples
    --------
    >>> import xarray as xr
    >>> in_order(xr.DataArray(np.zeros((2, 5)), dims=("output", "step"))).dims
    ('step', 'output')
    """
    dims = [str(dim) for dim in getattr(values, "dims", ())]
    if not set(dims) & {"step", "time"}:
        return values
    axes = {"run": 0, "recording": 0, "case": 0, "step": 1, "time": 1}
    return values.transpose(*sorted(dims, key=lambda dim: axes.get(dim, 2)))


def outputs_of(values: Any) -> list[Any] | None:
    """Return the names of outputs, the last axis, if a frame or a DataArray in order has them."""
    if hasattr(values, "columns"):
        return list(values.columns)
    dims: Any = getattr(values, "dims", ())
    named = len(dims) > 1 and dims[-1] in values.coords
    return list(values[dims[-1]].values) if named else None
