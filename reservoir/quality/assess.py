"""Quality measures of a reservoir: draws the input, runs it beside baselines, over seeds."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.base import clone
from tqdm import tqdm

from mottle.checks import check_bool, check_fraction, check_number, check_whole, choose
from mottle.reservoir.nodes.echo_state.node import EchoStateReservoir
from mottle.reservoir.nodes.nvar.node import NVARReservoir
from mottle.reservoir.quality.information import information_capacity
from mottle.reservoir.quality.lyapunov import conditional_lyapunov
from mottle.reservoir.quality.memory import memory_capacity
from mottle.reservoir.quality.pasts import forgetting
from mottle.reservoir.quality.ranks import kernel_rank, separation
from mottle.reservoir.quality.replicas import consistency

PAST = 30  # steps of different pasts
N_PASTS = 4  # six pairs
N_INPUTS = 200  # recordings of which ranks and separation compare the last states
ALIKE = 20  # last steps that recordings of the generalisation rank have in common


def measure(
    reservoir: Any,
    what: str = "memory_capacity",
    *,
    n_steps: int = 3000,
    n_seeds: int = 10,
    read_noise: float = 0.0,
    baselines: bool = True,
    random_state: int = 0,
    **options: Any,
) -> Any:
    """Return a quality measure of a reservoir, over seeds and beside baselines.

    The reservoir is cloned, drawn anew with each seed, and driven by independent uniform input from
    -1 to 1. Beside it stand an equal number of delayed inputs ("lags") and an echo state network of
    default parameters and as many nodes.

    Parameters
    ----------
    reservoir : Reservoir
        A reservoir, fitted or not, without pooling.
    what : str, default="memory_capacity"
        The measure: "memory_capacity", "information_capacity", "kernel_rank", "separation",
        "forgetting", "consistency" or "conditional_lyapunov".
    n_steps : int, default=3000
        Number of input steps; of recordings of 50 steps for ranks and separation, it is not used.
    n_seeds : int, default=10
        Number of draws of reservoir and input.
    read_noise : float, default=0.0
        Noise added to each state, relative to its standard deviation; of ranks, forgetting and
        exponents it is left out.
    baselines : bool, default=True
        Whether to measure the baselines too.
    random_state : int, default=0
        The first seed.
    **options
        Options of the measure, such as ``max_lag``.

    Returns
    -------
    dataset : xarray.Dataset
        What the function of that name returns, with the further dims ``reservoir`` and ``seed``.

    Examples
    --------
    >>> from mottle.reservoir import MemristorReservoir
    >>> found = measure(MemristorReservoir(20), n_seeds=2, n_steps=1000, max_lag=10)
    >>> found.reservoir.values.tolist(), dict(found.memory_capacity.sizes)
    (['MemristorReservoir', 'lags', 'EchoStateReservoir'], {'reservoir': 3, 'seed': 2})
    """
    import xarray as xr

    run = choose(what, MEASURES, "measure")
    check_whole("n_steps", n_steps)
    n_seeds = check_whole("n_seeds", n_seeds)
    noise = check_number("read_noise", read_noise, least=0)
    first = check_whole("random_state", random_state, 0)
    if not hasattr(reservoir, "advance"):
        raise TypeError(
            f"{type(reservoir).__name__} is no reservoir of mottle: pass states and input to "
            f"mottle.reservoir.quality.{what} itself."
        )
    if reservoir.pools:
        raise ValueError(
            "pool= and n_segments= return features of recordings, and measures need the state of "
            "every step: set pool=None, n_segments=1."
        )
    found, names = [], []
    rivals = [clone(reservoir)]
    n_nodes = clone(reservoir).fit(np.zeros((2, 1))).n_nodes
    if check_bool("baselines", baselines):
        rivals += [NVARReservoir(n_taps=n_nodes, degree=1), EchoStateReservoir(n_nodes)]
    with tqdm(total=len(rivals) * n_seeds, desc=what, delay=2, disable=None) as bar:
        for rival in rivals:
            lags = isinstance(rival, NVARReservoir) and rival is not rivals[0]
            names.append("lags" if lags else type(rival).__name__)
            if what == "conditional_lyapunov" and isinstance(rival, NVARReservoir):
                names.pop()  # lags have no dynamics
                continue
            seeds = []
            for seed in range(first, first + n_seeds):
                if "random_state" in rival.get_params(deep=False):
                    rival.set_params(random_state=seed)
                rng = np.random.RandomState(seed)
                seeds.append(run(clone(rival), rng, n_steps, noise, options))
                bar.update()
            found.append(
                xr.concat(
                    seeds, xr.DataArray(np.arange(first, first + n_seeds), dims="seed", name="seed")
                )
            )
    return xr.concat(found, xr.DataArray(names, dims="reservoir", name="reservoir"))


def over_seeds(dataset: Any, level: float = 0.95) -> Any:
    """Return mean and confidence interval over seeds.

    Parameters
    ----------
    dataset : xarray.Dataset or DataArray
        A result of `measure`, with the dim ``seed``.
    level : float, default=0.95
        Level of the interval (Student's t).

    Returns
    -------
    dataset : xarray.Dataset or DataArray
        With the dim ``bound``, "mean", "low" and "high", in place of ``seed``.

    Examples
    --------
    >>> import xarray as xr
    >>> over_seeds(xr.DataArray([1.0, 2.0, 3.0], dims="seed")).round(2).values.tolist()
    [2.0, -0.48, 4.48]
    """
    import xarray as xr

    if "seed" not in dataset.dims:
        raise ValueError(f"the dims are {tuple(dataset.dims)}: expected 'seed' among them.")
    level, n = check_fraction("level", level), dataset.sizes["seed"]
    mean = dataset.mean("seed")
    half = dataset.std("seed", ddof=1) * (stats.t.ppf((1 + level) / 2, n - 1) / np.sqrt(n))
    bound = xr.DataArray(["mean", "low", "high"], dims="bound", name="bound")
    return xr.concat([mean, mean - half, mean + half], bound)


def _uniform(rng: np.random.RandomState, *shape: int) -> NDArray:
    """Return independent uniform input."""
    return rng.uniform(-1, 1, (*shape, 1))


def _run(p: Any, drive: NDArray, keys: Any = None) -> NDArray:
    """Return states (recording, step, node); ``keys`` draw the noise."""
    states: NDArray = p.states(drive, keys).states.values
    return states


def _noisy(states: NDArray, rng: np.random.RandomState, noise: float) -> NDArray:
    """Return states with read noise."""
    if not noise:
        return states
    return states + noise * states.std(axis=-2, keepdims=True) * rng.standard_normal(states.shape)


def _of_states(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the measure of a reservoir for one of states and input."""

    def run(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
        u = _uniform(rng, n_steps)
        return function(_noisy(p.fit_transform(u), rng, noise), u[:, 0], **options)

    return run


def _ranks(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
    unlike = _uniform(rng, N_INPUTS, 50)
    alike = unlike.copy()
    alike[:, -ALIKE:] = alike[:1, -ALIKE:]
    keys = np.arange(N_INPUTS)
    p.fit(unlike)
    return kernel_rank(_run(p, unlike, keys)[:, -1], _run(p, alike, keys)[:, -1], **options)


def _separation(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
    drive = _uniform(rng, N_INPUTS, 50)
    drive *= rng.uniform(0, 1, (N_INPUTS, 1, 1))  # distances of all sizes
    return separation(_run(p.fit(drive), drive)[:, -1], drive, **options)


def _forgetting(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
    pasts, common = _uniform(rng, N_PASTS, PAST), _uniform(rng, n_steps)
    drive = np.concatenate([pasts, np.repeat(common[np.newaxis], N_PASTS, axis=0)], axis=1)
    others = _uniform(rng, N_PASTS, n_steps)
    keys = np.zeros(N_PASTS, int)  # equal noise
    states = _run(p.fit(drive), drive, keys)[:, PAST:]
    return forgetting(states, _run(p, others, keys)[:, -min(1000, n_steps) :], **options)


def _consistency(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
    pasts, common = _uniform(rng, N_PASTS, PAST), _uniform(rng, n_steps)
    drive = np.concatenate([pasts, np.repeat(common[np.newaxis], N_PASTS, axis=0)], axis=1)
    states = _run(p.fit(drive), drive, rng.randint(2**31, size=N_PASTS))[:, PAST:]
    return consistency(_noisy(states, rng, noise), **options)


def _lyapunov(p: Any, rng: Any, n_steps: int, noise: float, options: dict[str, Any]) -> Any:
    u = _uniform(rng, n_steps)
    return conditional_lyapunov(p.fit(u), u, **options)


MEASURES: dict[str, Callable[..., Any]] = {
    "memory_capacity": _of_states(memory_capacity),
    "information_capacity": _of_states(information_capacity),
    "kernel_rank": _ranks,
    "separation": _separation,
    "forgetting": _forgetting,
    "consistency": _consistency,
    "conditional_lyapunov": _lyapunov,
}
