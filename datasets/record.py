"""What is known of a data set, in one record: loader, files, terms, paper, senses, split."""

import functools
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from mottle.checks import NamesArguments, check_bool, check_whole
from mottle.datasets.downloads.fetch import MAX_BYTES, Remote, fetch_files
from mottle.datasets.downloads.home import data_home, find_recordings

SHIPPED, FETCHED, BY_HAND = "ships with mottle", "fetched", "by hand"


class FolderLayout(NamedTuple):
    r"""How a set of one file a recording lies in its folder, and what the names of files mean.

    Attributes
    ----------
    pattern : str
        Regular expression, searched in the path of a file below the folder. Files that it does not
        match are left alone.
    read : callable
        Path of a file to its stream.
    target, group : callable
        Match of the pattern to the label of a recording, and to what must not be split.
    also : tuple of str
        Further groups of the pattern; they become lists in the table's attributes.

    Examples
    --------
    >>> import numpy as np
    >>> layout = FolderLayout(
    ...     pattern=r"(?P<group>train|test)/(?P<target>[a-z]+)_(?P<take>[0-9]+)\.npy$",
    ...     read=np.load,
    ...     target=lambda match: match["target"],
    ...     group=lambda match: match["group"],
    ...     also=("take",),
    ... )
    >>> match = re.search(layout.pattern, "test/banana_03.npy")
    >>> layout.target(match), layout.group(match), [match[name] for name in layout.also]
    ('banana', 'test', ['03'])
    """

    pattern: str
    read: Callable[[Path], Any]
    target: Callable[[re.Match[str]], Any]
    group: Callable[[re.Match[str]], Any]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DataSet(NamesArguments):
    """What is known of a data set; each file in ``datasets/sets/`` ends in one.

    Other packages add sets by naming such a record as an entry point of the group
    ``mottle.datasets``, under the name of the set.

    Parameters
    ----------
    name : str
        Lower-case words joined by hyphens, such as "gas-drift".
    load : callable
        Returns `Recordings`; raises `FileNotFoundError` where the files are not on this machine.
    senses : tuple of str
        Columns of the table: the senses (modalities) recorded.
    n_recordings : int
        Number of recordings.
    licence, citation : str
        Terms of use, or "none stated"; and the paper.
    split : str
        What ``groups`` are, and the split to use.
    source : str, default=""
        Page of the publishers, for those who fetch the files by hand.
    files : tuple of Remote, default=()
        Files that `fetch` downloads: addresses and hashes.
    folder : str, default=""
        Where the files lie below the data folder, by default ``name``.
    shipped : bool, default=False
        Whether the recordings come with the package.
    layout : FolderLayout, optional
        How the set lies on disk, where it is one file a recording.
    attrs : mapping, optional
        Further attributes of the table, such as the sensor's size; plain JSON values.

    Raises
    ------
    TypeError
        For a misspelt field, or a loader that is no function.
    ValueError
        If the name is no such name, or terms, paper or senses are missing.

    Examples
    --------
    >>> known = DataSet(
    ...     name="two-clicks", load=list, senses=("sound",), n_recordings=2, licence="CC0",
    ...     citation="none", split="each recording is its own group", shipped=True,
    ... )
    >>> known.where, known.attributes(rate=8000)["rate"]
    ('ships with mottle', 8000)
    """

    name: str
    load: Callable[..., Any]
    senses: tuple[str, ...]
    n_recordings: int
    licence: str
    citation: str
    split: str
    source: str = ""
    files: tuple[Remote, ...] = ()
    folder: str = ""
    shipped: bool = False
    layout: FolderLayout | None = None
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", str(self.name)):
            raise ValueError(
                f"name={self.name!r}: expected lower-case words joined by hyphens, such as "
                "'gas-drift'."
            )
        if not callable(self.load):
            raise TypeError(f"load={self.load!r} of the data set {self.name!r} is no function.")
        check_whole("n_recordings", self.n_recordings)
        check_bool("shipped", self.shipped)
        for part in ("senses", "licence", "citation", "split"):
            if not getattr(self, part):
                raise ValueError(f"{part} of the data set {self.name!r} is empty; state it.")

    @property
    def where(self) -> str:
        """Where the recordings come from: "ships with mottle", "fetched" or "by hand"."""
        return SHIPPED if self.shipped else FETCHED if self.files else BY_HAND

    @property
    def here(self) -> bool:
        """Whether the set ships with its package, or its folder is in the data folder."""
        return self.shipped or (data_home() / (self.folder or self.name)).exists()

    @property
    def import_path(self) -> str:
        """The loader as Python imports it, from `mottle.datasets` where it is public there."""
        room, module, name = __package__, self.load.__module__, self.load.__name__
        public = module.startswith(f"{room}.") and name in import_module(room).__all__
        return f"{room if public else module}.{name}"

    def attributes(self, **more: Any) -> dict[Any, Any]:
        """Return the attributes of the set's table: name, licence, citation and further ones."""
        own = {"name": self.name, "licence": self.licence, "citation": self.citation}
        return {**own, **deepcopy(dict(self.attrs)), **more}

    def find(self, relative: str = "") -> Path:
        """Return the set's folder in the data folder, or a file in it, or raise."""
        place = "/".join(part for part in (self.folder or self.name, relative) if part)
        return find_recordings(place, source=self.source, licence=self.licence)

    def fetch_files(self, progress: bool = True, max_bytes: int = MAX_BYTES) -> list[Path]:
        """Download and unpack the files that are not in the data folder yet; return the paths."""
        check_bool("progress", progress)
        return fetch_files(self.files, licence=self.licence, progress=progress, max_bytes=max_bytes)

    def fetch(
        self, *args: Any, progress: bool = True, max_bytes: int = MAX_BYTES, **options: Any
    ) -> Any:
        """Load the set in whatever form it is here, after a download where it is not."""
        check_bool("progress", progress)
        try:
            return self.load(*args, **options)
        except FileNotFoundError:
            if not self.files:
                raise
        self.fetch_files(progress, max_bytes)
        return self.load(*args, **options)


def fetching(known: DataSet) -> Callable[..., Any]:
    """Return the function ``fetch_...`` of a set: its loader, after a download where needed."""

    @functools.wraps(known.load)
    def fetch_it(*args: Any, **options: Any) -> Any:
        return known.fetch(*args, **options)

    fetch_it.__name__ = fetch_it.__qualname__ = known.load.__name__.replace("load_", "fetch_")
    title, _, rest = (known.load.__doc__ or "").partition("\n")
    rest = rest.replace(f"{known.load.__name__}(", f"{fetch_it.__name__}(")  # in examples
    fetch_it.__doc__ = f"{title.replace('Load', 'Download if need be and load', 1)}\n{rest}"
    return fetch_it
