"""Checks of arguments: each returns the clean value, or raises an error that gives the reason.

Booleans and NaN are not numbers here. A message names the value with its unit, what was expected
and, for a misspelt name or one of another library, the name that was probably meant.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from difflib import get_close_matches
from functools import wraps
from math import inf, isfinite
from numbers import Real
from typing import Any, ParamSpec, TypeGuard, TypeVar

import numpy as np

T = TypeVar("T")
P = ParamSpec("P")

# names of parameters in other libraries and papers: names used here, in order of preference
SYNONYMS: dict[str, tuple[str, ...]] = {
    "adjacency": ("topology",),
    "alpha": ("leak", "alphas"),
    "connectivity": ("density", "fan_in"),
    "connectome": ("topology",),
    "coupling": ("thermal_coupling", "c_coupling", "recurrent_scaling", "spectral_radius"),
    "dt": ("dt_device", "dt_inner"),
    "forgetting_factor": ("forgetting",),
    "gain": ("input_scaling", "v_gain"),
    "hidden_size": ("n_nodes",),
    "in_scale": ("input_scaling", "v_gain"),
    "input_gain": ("input_scaling", "v_gain"),
    "input_scaling": ("v_gain", "input_scaling"),
    "input_connectivity": ("fan_in",),
    "kappa": ("thermal_coupling",),
    "lam": ("forgetting",),
    "leak_rate": ("leak",),
    "leakage": ("leak",),
    "leaky_rate": ("leak",),
    "leaking_rate": ("leak",),
    "learning_rate": ("step", "leak"),
    "lr": ("leak", "step"),
    "mu": ("step",),
    "n_reservoir": ("n_nodes",),
    "n_units": ("n_nodes",),
    "noise": ("read_noise", "temperature_noise", "threshold_noise", "voltage_noise", "write_noise"),
    "rc_connectivity": ("density",),
    "reservoir_size": ("n_nodes",),
    "regularization": ("alphas",),
    "rewiring_probability": ("rewiring",),
    "rho": ("spectral_radius",),
    "ridge": ("alphas",),
    "seed": ("random_state",),
    "size": ("n_nodes",),
    "sparsity": ("density",),
    "specrad": ("spectral_radius",),
    "sr": ("spectral_radius",),
    "units": ("n_nodes",),
}


def is_whole(value: Any) -> bool:
    """Return whether a value is an integer and not a boolean.

    Examples
    --------
    >>> [is_whole(value) for value in (3, 3.0, True)]
    [True, False, False]
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_number(value: Any) -> TypeGuard[float]:
    """Return whether a value is a real number and not a boolean.

    Examples
    --------
    >>> [is_number(value) for value in (3, 3.5, "3", True)]
    [True, True, False, False]
    """
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_)


def check_whole(name: str, value: Any, least: int = 1, *, most: int | None = None) -> int:
    """Return a whole number of at least ``least``, at most ``most``.

    Examples
    --------
    >>> check_whole("n_nodes", True)
    Traceback (most recent call last):
    ValueError: n_nodes=True must be a whole number, at least 1.
    """
    if not is_whole(value) or value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}={value!r} must be a whole number, {bounds}.")
    return int(value)


def check_bool(name: str, value: Any) -> bool:
    """Return True or False, or raise: text, numbers and None would count as either unnoticed.

    Examples
    --------
    >>> check_bool("standardize", np.True_)
    True
    >>> check_bool("standardize", "no")
    Traceback (most recent call last):
    ValueError: standardize='no' must be True or False.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r} must be True or False.")
    return bool(value)


def check_number(
    name: str,
    value: Any,
    unit: str = "",
    *,
    above: float = -inf,
    least: float = -inf,
    most: float = inf,
    below: float = inf,
    why: str = "",
) -> float:
    """Return a finite number within bounds, exclusive (above, below) or inclusive (least, most).

    ``why`` follows the bounds in the message: the reason, or what to do.

    Examples
    --------
    >>> check_number("v_gain", float("nan"), "V")
    Traceback (most recent call last):
    ValueError: v_gain=nan V must be a finite number.
    >>> check_number("baseline", "10 s", "s")
    Traceback (most recent call last):
    ValueError: baseline='10 s' must be a finite number of s.
    >>> check_number("leak", 1.5, above=0, most=1)
    Traceback (most recent call last):
    ValueError: leak=1.5 must be a finite number, above 0 and at most 1.
    """
    fine = is_number(value) and isfinite(value)
    if not (fine and above < value < below and least <= value <= most):
        lower = f"above {above:g}" if above > -inf else f"at least {least:g}"
        upper = f"below {below:g}" if below < inf else f"at most {most:g}"
        bounds = [lower] if max(above, least) > -inf else []
        bounds += [upper] if min(below, most) < inf else []
        number = "a finite number" if is_number(value) or not unit else f"a finite number of {unit}"
        expected = ", ".join([number, *([" and ".join(bounds)] if bounds else [])])
        with_unit = f"{value!r} {unit}".rstrip() if is_number(value) else repr(value)
        raise ValueError(f"{name}={with_unit} must be {expected}{why}.")
    return float(value)


def check_positive(name: str, value: Any, unit: str = "", *, why: str = "") -> float:
    """Return a finite number above 0.

    Examples
    --------
    >>> check_positive("dt_device", 0.0, "s")
    Traceback (most recent call last):
    ValueError: dt_device=0.0 s must be a finite number, above 0.
    """
    return check_number(name, value, unit, above=0, why=why)


def check_fraction(name: str, value: Any, *, why: str = "") -> float:
    """Return a number from 0 to 1.

    Examples
    --------
    >>> check_fraction("p_c", 1.5)
    Traceback (most recent call last):
    ValueError: p_c=1.5 must be a finite number, at least 0 and at most 1.
    """
    return check_number(name, value, least=0, most=1, why=why)


def check_text(name: str, value: Any, expected: str = "text") -> str:
    """Return a text, or raise with what was expected.

    Examples
    --------
    >>> check_text("units", 3)
    Traceback (most recent call last):
    ValueError: units=3 must be text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name}={value!r} must be {expected}.")
    return str(value)


def check_names(name: str, value: Any) -> list[str]:
    """Return some names as a list, at least one; one name alone is no list of names.

    Examples
    --------
    >>> check_names("channels", "CO")
    Traceback (most recent call last):
    TypeError: channels='CO' is one name; pass ['CO'].
    """
    if isinstance(value, str):
        raise TypeError(f"{name}={value!r} is one name; pass [{value!r}].")
    several = isinstance(value, Iterable) and not isinstance(value, Mapping)
    names = list(value) if several else []
    if not names or not all(isinstance(one, str) for one in names):
        raise ValueError(f"{name}={value!r} must be a list of names, each of them text.")
    return [str(one) for one in names]


def suggest(name: Any, known: Iterable[str]) -> str:
    """Return the end of a message that suggests a known name: "; did you mean ...?" or ".".

    Examples
    --------
    >>> suggest("leak_rate", ["leak", "density"]), suggest("colour", ["leak"])
    ("; did you mean 'leak'?", '.')
    """
    known, name = list(known), str(name)
    close = [same for same in SYNONYMS.get(name, ()) if same in known]
    if not close:  # a name with another meaning of its own must be nearly the same
        cutoff = 0.75 if name in SYNONYMS else 0.5
        close = get_close_matches(name, known, n=1, cutoff=cutoff)
    if not close and len(name) >= 4:  # a part of a name, such as "first" of "01-first-pipeline"
        close = [same for same in known if name.lower() in same.lower()]
    return f"; did you mean {close[0]!r}?" if close else "."


def choose(name: Any, known: Mapping[str, T], what: str) -> T:
    """Return ``known[name]``, or raise an error that lists the names and suggests one.

    Examples
    --------
    >>> choose("mena", {"mean": 1, "last": 2}, "pool")
    Traceback (most recent call last):
    ValueError: pool='mena' is not known; did you mean 'mean'? Known: last, mean.
    """
    if isinstance(name, str) and name in known:
        return known[name]
    names = ", ".join(sorted(known))
    if what == "device" and isinstance(name, str) and name.endswith(".toml"):
        raise ValueError(f"device={name!r} is a file: read it by devices.load({name!r}).")
    raise ValueError(f"{what}={name!r} is not known{suggest(name, known)} Known: {names}.")


def check_option(name: str, value: Any, options: Iterable[Any]) -> Any:
    """Return one of the options, which need not be text.

    Examples
    --------
    >>> check_option("compress", "sqr", (None, "sqrt", "log"))
    Traceback (most recent call last):
    ValueError: compress='sqr': expected one of None, 'sqrt', 'log'; did you mean 'sqrt'?
    """
    options = list(options)
    if not any(value is option or value == option for option in options):
        names = [option for option in options if isinstance(option, str)]
        hint = suggest(value, names) if isinstance(value, str) else "."
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, options))}{hint}")
    return value


def parameters(cls: type) -> list[str]:
    """Names of a constructor's parameters.

    Examples
    --------
    >>> class One:
    ...     def __init__(self, n_nodes=1): ...
    >>> parameters(One)
    ['n_nodes']
    """
    return [name for name in inspect.signature(cls).parameters if name != "self"]


def check_options(function: Callable[..., Any], options: Iterable[str]) -> None:
    """Refuse options which a function does not have.

    Parameters
    ----------
    function : callable
        What the options are passed on to.
    options : iterable of str
        Their names.

    Raises
    ------
    TypeError
        For an unknown option; names the one that was probably meant.

    Examples
    --------
    >>> def load_some(window=None, *, channels="all"): ...
    >>> check_options(load_some, {"windw": 3})
    Traceback (most recent call last):
    TypeError: load_some has no option 'windw'; did you mean 'window'? It has: window, channels.
    """
    known = inspect.signature(function).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return
    for name in options:
        if name not in known:
            has = f"It has: {', '.join(known)}." if known else "It has none."
            called = getattr(function, "__name__", repr(function))
            raise TypeError(f"{called} has no option {name!r}{suggest(name, known)} {has}")


def check_mapping(name: str, value: Any, expected: str) -> Mapping[Any, Any]:
    """Return a mapping, or raise with what was expected.

    Examples
    --------
    >>> check_mapping("state", ["w"], "a dict of a state's name to its value at rest")
    Traceback (most recent call last):
    TypeError: state=['w'] must be a dict of a state's name to its value at rest.
    """
    if not isinstance(value, Mapping):
        raise TypeError(f"{name}={value!r} must be {expected}.")
    return value


def names_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function: an unknown argument raises an error that suggests a known one.

    So do too many arguments by position: the error lists those that are passed by name.

    Examples
    --------
    >>> @names_arguments
    ... def pulse(width, *, height=1.0): ...
    >>> pulse(0.1, heigth=2.0)
    Traceback (most recent call last):
    TypeError: pulse has no option 'heigth'; did you mean 'height'? It has: width, height.
    """
    known = inspect.signature(function).parameters.values()
    kinds = [parameter.kind for parameter in known]
    places = [
        one.name for one in known if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    named = [one.name for one in known if one.kind is one.KEYWORD_ONLY]
    named += [f"{one.name}=..." for one in known if one.kind is one.VAR_KEYWORD]

    @wraps(function)
    def call(*args: P.args, **given: P.kwargs) -> T:
        check_options(function, given)
        if len(args) > len(places) and inspect.Parameter.VAR_POSITIONAL not in kinds:
            raise TypeError(
                f"{function.__name__} takes {', '.join(places) or 'nothing'} by position, not "
                f"{len(args)} values; by name it takes {', '.join(named) or 'nothing'}."
            )
        return function(*args, **given)

    return call


RESTORING: ContextVar[bool] = ContextVar("RESTORING", default=False)
"""Whether a model is built from a file, whose arrays nobody has seen."""


class NamesArguments:
    """Mixin: an unknown argument of the constructor raises an error that suggests a known one."""

    def __new__(cls, *args: Any, **given: Any) -> Any:
        """Refuse parameters that the constructor does not have."""
        known = parameters(cls)
        for name in given:
            if name not in known:
                raise TypeError(
                    f"{cls.__name__} has no parameter {name!r}{suggest(name, known)} "
                    f"It has: {', '.join(known)}."
                )
        return super().__new__(cls)


class NamesParameters(NamesArguments):
    """Mixin of estimators: unknown parameters raise an error in ``set_params`` as well.

    Estimators that an earlier version saved get the defaults of parameters which it had not; and
    fitted ones from the file of a model are checked for what kernels do not check.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Set the attributes of a pickle or a saved model."""
        known = inspect.signature(type(self)).parameters.values()
        new = {p.name: p.default for p in known if p.name not in state and p.default is not p.empty}
        super().__setstate__(state | new)  # type: ignore[misc]
        if RESTORING.get():
            self._check_restored()

    def _check_restored(self) -> None:
        """Raise unless the arrays of a fitted estimator fit one another."""

    def set_params(self, **given: Any) -> Any:
        """Set parameters as scikit-learn does, and suggest a name for an unknown one.

        Parameters
        ----------
        **given : dict
            Parameters of this estimator, or ``step__parameter`` of one within.

        Returns
        -------
        self : estimator
            The same estimator.
        """
        known = parameters(type(self))
        for name in given:
            if name.partition("__")[0] not in known:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}"
                    f"{suggest(name, known)} Valid parameters are: {', '.join(known)}."
                )
        return super().set_params(**given)  # type: ignore[misc]
