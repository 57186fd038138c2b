"""The table ``[search]`` of a recipe: which parameters are searched, and how."""

from collections.abc import Mapping
from math import inf
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from mottle.checks import check_number, check_option
from mottle.pipelines.schema import Section, hint, plain


class Span(Section):
    """A range from which a random search draws: whole numbers where both ends are whole."""

    low: int | float
    high: int | float
    log: bool = False


class Search(Section):
    """A search of settings inside the training part of each fold, for each reservoir."""

    parameters: dict[str, list[Any] | Span]
    method: Literal["grid", "random"] = "grid"
    budget: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    folds: Annotated[int, Field(ge=2)] = 3
    metric: str | None = None
    inputs: str | None = None

    @field_validator("parameters", mode="before")
    @classmethod
    def _paths(cls, given: Any) -> dict[str, Any]:
        """Return dotted path to values; tables within tables are paths, too."""
        if not isinstance(given, Mapping) or not given:
            raise ValueError(
                f"{given!r} must name at least one parameter, such as 'readout.alphas' = "
                "[0.1, 1.0, 10.0]"
            )
        return {path: check_values(path, values) for path, values in flatten(given).items()}

    @model_validator(mode="after")
    def _finite(self) -> "Search":
        if self.method == "grid":
            if spans := [path for path, v in self.parameters.items() if isinstance(v, Span)]:
                raise ValueError(
                    f"parameters.{spans[0]} is a range, and a grid needs a list of values; give "
                    "one, or set method = 'random' and a budget"
                )
        elif self.budget is None:
            raise ValueError("method='random' needs a budget: how many settings are tried")
        return self


def flatten(table: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return dotted path to value; a table with ``low`` or ``high`` is a value.

    Examples
    --------
    >>> flatten({"readout": {"alphas": [1]}, "encoders.a.n": {"low": 1, "high": 2}})
    {'readout.alphas': [1], 'encoders.a.n': {'low': 1, 'high': 2}}
    """
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not {"low", "high"} & set(value):
            found |= flatten(value, f"{before}{key}.")
        else:
            found[before + key] = value
    return found


def check_values(path: str, values: Any) -> Any:
    """Return the values of a searched parameter: a list that is not empty, or a `Span`."""
    if isinstance(values, Span):
        return values
    if isinstance(values, list | tuple) and len(values):
        return [plain(value) for value in values]
    if not isinstance(values, Mapping):
        raise ValueError(
            f"{path}={values!r}: expected a list of values, or {{low = ..., high = ...}} with log "
            "= true for a range in which each decade is as likely"
        )
    for key in values:
        if key not in Span.model_fields:
            raise ValueError(f"{path}.{key} is not known{hint(key, Span.model_fields)}")
    log = check_option(f"{path}.log", values.get("log", False), (False, True))
    low: Any = values.get("low")
    high: Any = values.get("high")
    check_number(f"{path}.low", low, above=0.0 if log else -inf)
    check_number(f"{path}.high", high, above=low)
    return Span(low=low, high=high, log=log)
