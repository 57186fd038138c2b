"""Result: what an experiment found, kept as one JSON file that contains its own hash."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from json import JSONDecodeError, dumps, loads
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from mottle.checks import choose, names_arguments
from mottle.disk import write_whole
from mottle.pipelines.engine.differences import paired_differences
from mottle.pipelines.metrics import Metric

FORMAT = "mottle result"
VERSION = 1
RUN = ("reservoir", "inputs", "missing", "seed")  # identifies one run
FITS = (
    "reservoir", "inputs", "seed", "fold", "encode_wall", "encode_cpu", "fit_wall", "fit_cpu",
    "predict_wall", "predict_cpu", "penalty",
)  # fmt: skip
CONSTANT = ("majority",)  # baselines that differ from everything by being a constant
PLAIN = (
    "title", "description", "split", "task", "senses", "seeds", "n_recordings", "chance", "recipe",
    "settings", "source", "chosen", "hashes", "versions", "notes", "speedup", "n_train",
)  # fmt: skip


@dataclass
class Result:
    """What an experiment found.

    Attributes
    ----------
    title, description : str
        As in the recipe.
    split : str
        How training and test were kept apart, in words.
    task : str
        "classification" or "regression".
    senses : list of str
        Modalities, as columns of the table.
    seeds : list of int
        Of reservoirs and crossbars.
    n_recordings : int
        How many there were.
    metrics : list of Metric
        What scores mean, with the better direction; the first counts.
    chance : dict of str to float
        By metric, the score of the best constant prediction.
    scores : DataFrame
        Columns reservoir, inputs, missing (the sense without which the test part was predicted, or
        ""), seed, metric, score: the mean over the folds.
    fold_scores : DataFrame
        The same with a column fold.
    truth : DataFrame
        One row a predicted value: fold, recording (row number), step (of targets of steps), output
        (of several targets), target.
    predictions : DataFrame
        Rows as of ``truth``; a column for each (reservoir, inputs, missing, seed).
    labels : ndarray
        Classes; empty in a regression.
    recipe : dict
        All settings, defaults too, as `run_recipe` takes them.
    settings : str
        The recipe as TOML text.
    source : str
        Where recordings came from: "data" (the recipe's), or "memory".
    chosen : list of dict
        For each fold and reservoir what a search chose: fold, reservoir, settings, score and tried,
        a list of [settings, score].
    hashes : dict
        sha256 of "recordings"; of "drives" by "fold/reservoir/sense"; of "features" by
        "fold/reservoir/seed/inputs".
    versions : dict of str to str
        Of packages.
    n_train : list of int
        Recordings of the training part, by fold; empty in files of before this was kept.
    notes : list of str
        What to keep in mind when reading the scores.
    speedup : dict of str to str
        How far device time is ahead of the sensor's, by reservoir and sense.
    seconds : float
        How long it took, in s; not saved, so that a run twice gives the same file.
    fits : DataFrame
        What each reservoir, inputs, seed and fold took in s: ``encode_wall`` (encoders, training
        and test part), ``fit_wall`` and ``predict_wall`` (reservoir and readout) by the clock,
        ``..._cpu`` by the processor, all threads together; and ``penalty``, "lowest" or "highest"
        where the readout's is at an end of its grid. Not saved: times are never the same twice;
        `mottle run` writes them to ``NAME.fits.csv``.
    energy : dict of str to DataFrame
        Energy of a recording by reservoir, as of ``account_recipe``; empty where it was not
        accounted for; not saved.
    examples : dict of str to stream
        One recording, by sense; not saved.
    sensor_size : (int, int) or None
        Columns and rows of the event camera; not saved.
    states : dict of str to Dataset
        States of one recording, by reservoir and sense; not saved.

    Examples
    --------
    >>> from mottle.pipelines import run_recipe
    >>> recipe = {
    ...     "title": "touch alone",
    ...     "seeds": [0],
    ...     "data": {"name": "demo", "options": {"task": "grasp"}},
    ...     "split": {"kind": "blocked", "n_splits": 2},
    ...     "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 6}},
    ...     "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    ... }
    >>> result = run_recipe(recipe)
    >>> result.best, bool(result.scores_of("accuracy")["score"].iloc[0] > 0.7)
    (('none', 'touch'), True)
    >>> result.confusion.shape, result.predictions.shape
    ((10, 10), (200, 1))
    """

    title: str
    description: str
    split: str
    task: str
    senses: list[str]
    seeds: list[int]
    n_recordings: int
    metrics: list[Metric]
    chance: dict[str, float]
    scores: pd.DataFrame
    fold_scores: pd.DataFrame
    truth: pd.DataFrame
    predictions: pd.DataFrame
    labels: NDArray
    recipe: dict[str, Any]
    settings: str
    source: str
    chosen: list[dict[str, Any]]
    hashes: dict[str, Any]
    versions: dict[str, str]
    n_train: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    speedup: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    fits: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(FITS)))
    energy: dict[str, pd.DataFrame] = field(default_factory=dict)
    examples: dict[str, Any] = field(default_factory=dict)
    sensor_size: tuple[int, int] | None = None
    states: dict[str, xr.Dataset] = field(default_factory=dict)

    def scores_of(self, metric: str | Metric = "") -> pd.DataFrame:
        """Return the rows of one metric, by default the first."""
        name = metric.name if isinstance(metric, Metric) else metric or self.metrics[0].name
        choose(name, {one.name: one for one in self.metrics}, "metric")
        return self.scores[self.scores["metric"] == name].drop(columns="metric")

    @property
    def best(self) -> tuple[str, str]:
        """Reservoir and inputs of the best median over seeds, by the first metric."""
        scores = self.scores_of()
        return best_of(scores[scores["reservoir"].isin(self.recipe["reservoirs"])], self.metrics[0])

    @property
    def confusion(self) -> NDArray:
        """How often each class (row) was predicted as each (column), of `best`, first seed."""
        reservoir, inputs = self.best
        predicted = self.predictions[reservoir, inputs, "", self.seeds[0]]
        truth, guess = (
            _Codes(self.labels).write(part) for part in (self.truth["target"], predicted)
        )
        return np.asarray(confusion_matrix(truth, guess, labels=range(len(self.labels))))

    def differences(self, against: str, metric: str | Metric = "") -> pd.DataFrame:
        """Return how every reservoir differs from one of them on the same folds.

        Parameters
        ----------
        against : str
            Name of a reservoir, such as that without one.
        metric : str or Metric, optional
            By default the first.

        Returns
        -------
        DataFrame
            Columns reservoir, inputs, difference (mean over folds of the mean over seeds), low and
            high (95 % interval), p, n_folds and n_better (folds in which the reservoir was better).
            Interval and p are of the corrected resampled t-test over folds (C. Nadeau, Y. Bengio,
            Machine Learning 52 (2003) 239, doi:10.1023/A:1024068626366), NaN for fewer than three
            folds.

        Raises
        ------
        ValueError
            If there is no such reservoir or metric.
        """
        name = metric.name if isinstance(metric, Metric) else metric or self.metrics[0].name
        own = {one.name: one for one in self.metrics}
        better = choose(name, own, "metric").higher_is_better
        frame = self.fold_scores
        choose(against, dict.fromkeys(frame["reservoir"].unique()), "against")
        here = frame[(frame["metric"] == name) & (frame["missing"] == "")]
        here = here[~here["reservoir"].isin(CONSTANT)]
        return paired_differences(here, against, self.test_ratio, higher_is_better=better)

    @property
    def test_ratio(self) -> float:
        """Recordings of the test part over those of the training part, mean of the folds."""
        n_test = self.truth.groupby("fold")["recording"].nunique()
        n_train = self.n_recordings - n_test.to_numpy()
        if self.n_train:
            n_train = np.array(self.n_train)[n_test.index.to_numpy(int)]
        return float(np.mean(n_test.to_numpy() / np.maximum(n_train, 1)))

    def save(self, path: str | Path) -> Path:
        """Write one JSON file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file; its folder is created.

        Returns
        -------
        Path
            The file.
        """
        path = Path(path)
        content: dict[str, Any] = {name: getattr(self, name) for name in PLAIN}
        content["metrics"] = [metric.describe() for metric in self.metrics]
        content["fold_scores"] = _columns(self.fold_scores)
        content["labels"] = self.labels.tolist()
        coded = _Codes(self.labels)
        content["truth"] = {
            name: coded.write(column) if name == "target" else column.tolist()
            for name, column in self.truth.items()
        }
        content["predictions"] = [
            [*run, coded.write(self.predictions[run])] for run in self.predictions.columns
        ]
        text = dumps(content, allow_nan=False, default=_number)
        whole = {"format": FORMAT, "version": VERSION, "sha256": _hash(text), "content": content}
        data = dumps(whole, allow_nan=False, default=_number, indent=None) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, lambda file: file.write(data.encode()))
        return path


@names_arguments
def read_result(path: str | Path) -> Result:
    """Read what `Result.save` wrote.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Result
        Without examples and states, which are not saved.

    Raises
    ------
    ValueError
        If the file is no result, one of a newer version, or not as it was written.

    Examples
    --------
    >>> from mottle.pipelines import run_recipe
    >>> recipe = {
    ...     "title": "touch alone",
    ...     "seeds": [0],
    ...     "data": {"name": "demo", "options": {"task": "grasp"}},
    ...     "split": {"kind": "blocked", "n_splits": 2},
    ...     "encoders": {"touch": {"kind": "TaxelDrive", "n_steps": 6}},
    ...     "reservoirs": {"none": {"kind": "NoReservoir", "pool": "mean"}},
    ... }
    >>> from tempfile import mkdtemp
    >>> path = run_recipe(recipe).save(Path(mkdtemp()) / "touch.json")
    >>> read_result(path).title
    'touch alone'
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {str(path)!r}; mottle run writes NAME.result.json.")
    try:
        whole = loads(path.read_text(encoding="utf-8"))
    except (JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is not JSON ({error}): it is damaged, or no result of mottle's."
        ) from None
    if not isinstance(whole, dict) or whole.get("format") != FORMAT:
        raise ValueError(f"{path} is no result of mottle's; mottle run writes NAME.result.json.")
    if whole.get("version") != VERSION:
        raise ValueError(
            f"{path} is a result of version {whole.get('version')!r}, and this mottle reads "
            f"version {VERSION}; read it with the mottle that wrote it."
        )
    content = whole.get("content")
    if not isinstance(content, dict) or _hash(dumps(content)) != whole.get("sha256"):
        raise ValueError(
            f"{path} is not as it was written (its sha256 differs): it is damaged or was edited; "
            "run its recipe again."
        )
    content.setdefault("n_train", [])
    labels = np.array(content["labels"])
    coded = _Codes(labels)
    fold_scores = pd.DataFrame(content["fold_scores"])
    truth = pd.DataFrame(content["truth"])
    truth["target"] = coded.read(content["truth"]["target"])
    columns = {tuple(run): coded.read(values) for *run, values in content["predictions"]}
    return Result(
        **{name: content[name] for name in PLAIN},
        metrics=[Metric(_unknown, **given) for given in content["metrics"]],
        fold_scores=fold_scores,
        scores=mean_over_folds(fold_scores),
        truth=truth,
        predictions=frame_of_runs(columns),
        labels=labels,
    )


def mean_over_folds(fold_scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores with the mean over the folds in place of each fold."""
    keys = [*RUN, "metric"]
    return fold_scores.groupby(keys, sort=False)["score"].mean().reset_index()


def frame_of_runs(columns: Mapping[tuple, NDArray]) -> pd.DataFrame:
    """Return predictions with a column for each run (reservoir, inputs, missing, seed)."""
    index = pd.MultiIndex.from_tuples(list(columns), names=RUN)
    frame = pd.DataFrame(dict(enumerate(columns.values())))
    frame.columns = index
    return frame


def medians(scores: pd.DataFrame) -> pd.Series:
    """Return the median over seeds by (reservoir, inputs), nothing missing."""
    whole = scores[scores["missing"] == ""]
    return whole.groupby(["reservoir", "inputs"], sort=False)["score"].median()


def best_of(scores: pd.DataFrame, metric: Metric) -> tuple[str, str]:
    """Return reservoir and inputs of the best median over seeds."""
    middle: Any = medians(scores)
    found = middle.idxmax() if metric.higher_is_better else middle.idxmin()
    return str(found[0]), str(found[1])


class _Codes:
    """Labels as their numbers, where there are labels; numbers as they are."""

    def __init__(self, labels: NDArray):
        self.labels = labels

    def write(self, column: pd.Series) -> list[Any]:
        """Return plain values."""
        values = column.to_numpy()
        if self.labels.size:
            codes: list = np.searchsorted(self.labels, values.astype(self.labels.dtype)).tolist()
            return codes
        return [float(value) if isfinite(value) else str(float(value)) for value in values]

    def read(self, values: list[Any]) -> NDArray:
        """Return labels or numbers."""
        return self.labels[values] if self.labels.size else np.array(values, dtype=float)


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns of a frame as plain values."""
    return {str(name): column.tolist() for name, column in frame.items()}


def _number(value: Any) -> Any:
    """Return a number or array of numpy's as a plain value."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot be saved in a result.")


def _hash(text: str) -> str:
    """Return the sha256 of a text."""
    return sha256(text.encode()).hexdigest()


def _unknown(*_: Any) -> float:
    """Stand for the function of a metric that was read from a file."""
    raise ValueError("a metric of a result that was read has a name only; find_metric(name).")
