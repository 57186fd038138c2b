"""What scikit-learn's ``set_output`` does to estimators of recordings."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config

from mottle.checks import check_option

CONTAINERS = (None, "default", "pandas", "polars")


class ArrayOutput:
    """Mixin of stages that return drives or tables: ``set_output`` has no effect on them."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Switch off scikit-learn's wrapping, in subclasses as well."""
        super().__init_subclass__(**{**options, "auto_wrap_output_keys": None})

    def set_output(self, *, transform: str | None = None) -> Any:
        """Return self: neither drives, which have three axes, nor tables are wrapped.

        Parameters
        ----------
        transform : {None, "default", "pandas", "polars"}
            Ignored.

        Returns
        -------
        self : estimator
            The same estimator.
        """
        return self


class FrameOutput:
    """Mixin of stages whose two-dimensional results become frames where scikit-learn is so set.

    States of many recordings, (recording, step, node) or a list, remain as they are.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        """Wrap ``transform`` here instead of in scikit-learn, which takes two axes for granted."""
        super().__init_subclass__(**{**options, "auto_wrap_output_keys": None})
        if "transform" in cls.__dict__:
            cls.transform = _framed(cls.__dict__["transform"])  # type: ignore[attr-defined]

    def set_output(self, *, transform: str | None = None) -> Any:
        """Choose the container of two-dimensional results, as scikit-learn's ``set_output``.

        Parameters
        ----------
        transform : {None, "default", "pandas", "polars"}
            None leaves the choice as it is; "default" gives arrays.

        Returns
        -------
        self : estimator
            The same estimator.
        """
        check_option("transform", transform, CONTAINERS)
        if transform is not None:
            self._sklearn_output_config = {"transform": transform}  # `clone` copies it
        return self


def _framed(transform: Callable[..., Any]) -> Callable[..., Any]:
    """Return a ``transform`` that names the columns of two-dimensional results, if asked to."""

    @wraps(transform)
    def wrapped(self: Any, X: Any, *args: Any, **options: Any) -> Any:
        result = transform(self, X, *args, **options)
        own = getattr(self, "_sklearn_output_config", {}).get("transform")
        container = own or get_config()["transform_output"]
        if container == "default" or not (isinstance(result, np.ndarray) and result.ndim == 2):
            return result
        names = self.get_feature_names_out()
        if container == "polars":
            import polars

            return polars.DataFrame(result, schema=list(names), orient="row")
        rows = X.index if isinstance(X, pd.DataFrame) and len(X) == len(result) else None
        return pd.DataFrame(result, index=rows, columns=names)

    return wrapped
