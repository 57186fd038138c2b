"""Santa Fe laser: one series, the intensity of a chaotic laser."""

import numpy as np
import xarray as xr

from mottle.datasets.record import DataSet
from mottle.datasets.table import sampled


def load_santafe_laser() -> xr.DataArray:
    """Load the Santa Fe laser: the intensity of a chaotic NH3 laser, set A with its continuation.

    Read from ``santafe-laser/santafe_laser.npy`` in the data folder.

    Returns
    -------
    DataArray of dims (time 10093, channel 1)
        Counts 0 to 255; time counts samples. Usual: train on 100 to 3000, test on 3000 to 4000.

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If it holds something else.

    References
    ----------
    U. Huebner, N. B. Abraham, C. O. Weiss, Phys. Rev. A 40 (1989) 6354; A. S. Weigend, N. A.
    Gershenfeld (eds.), Time Series Prediction (1994). No licence stated.

    Examples
    --------
    >>> laser = load_santafe_laser()  # doctest: +SKIP
    >>> laser.shape, float(laser.max())  # doctest: +SKIP
    ((10093, 1), 255.0)
    """
    path = DATA_SET.find("santafe_laser.npy")
    values = np.load(path, allow_pickle=False)
    if values.ndim != 2 or values.shape[1] != 1:
        raise ValueError(f"{path} has shape {values.shape}, expected (n, 1).")
    laser = sampled(values, np.arange(len(values)), ["intensity"], units="1", name="laser")
    laser.attrs["licence"] = DATA_SET.licence
    return laser


DATA_SET = DataSet(
    name="santafe-laser",
    load=load_santafe_laser,
    senses=("laser",),
    n_recordings=1,
    licence="none stated",
    citation="A. S. Weigend, N. A. Gershenfeld (eds.), Time Series Prediction (1994)",
    split="one series: train on samples 100 to 3000, test on 3000 to 4000",
    source="reservoirpy's data folder",
)
