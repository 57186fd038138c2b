"""Blocks of prepared recordings, each in a file of its own until the store is whole."""

import json
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mottle.datasets.stores.prepared import Row, Sense
from mottle.disk import write_whole


class Parts:
    """Blocks that are done, each in a file of its own until the store is whole."""

    def __init__(self, folder: Path, recipe: Mapping[str, Any]):
        self.folder = folder
        self.recipe = json.dumps(recipe, sort_keys=True)
        self.repairs: dict[str, int] = {}
        self._index: dict[int, tuple[Path, Any, list[Any]]] = {}
        self._open: tuple[Path | None, dict[str, NDArray]] = None, {}

    def _path(self, digests: Sequence[str]) -> Path:
        text = "\n".join([self.recipe, *digests])
        return self.folder / f"{sha256(text.encode()).hexdigest()[:32]}.npz"

    def find(self, rows: Sequence[int], digests: Sequence[str]) -> bool:
        """Take over a block of an earlier run; return whether there is one."""
        path = self._path(digests)
        if not path.exists():
            return False
        try:
            index, layouts = json.loads(_arrays(path)["index"].tobytes())
        except Exception:  # a damaged file raises what its reader does; the block is done again
            path.unlink()
            return False
        if len(index) != len(rows) or any(
            isinstance(entry, str) for entry in index
        ):  # perhaps they are better now
            return False
        self._index.update({row: (path, index[k], layouts) for k, row in enumerate(rows)})
        return True

    def keep(self, rows: Sequence[int], digests: Sequence[str], done: Sequence[Row | str]) -> None:
        """Write a block, whole or not at all."""
        index: list[Any] = []
        layouts: list[Any] = []
        columns: dict[str, list[NDArray]] = {}
        ends: list[int] = []
        for entry in done:
            if isinstance(entry, str):
                index.append(entry)
                continue
            places: dict[str, Any] = {}
            for sense, stored in entry.senses.items():
                places[sense] = None
                if stored is None:
                    continue
                layout = [sense, stored.layout()]
                if layout not in layouts:
                    layouts.append(layout)
                    ends.append(0)
                number = layouts.index(layout)
                size = len(next(iter(stored.columns.values())))
                places[sense] = [ends[number], size, number]
                ends[number] += size
                for name, column in stored.columns.items():
                    columns.setdefault(f"{number}-{name}", []).append(column)
            index.append({"senses": places, "repairs": entry.repairs})
        arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
        arrays["index"] = np.frombuffer(json.dumps([index, layouts]).encode(), dtype=np.uint8)
        self.folder.mkdir(exist_ok=True)
        path = self._path(digests)
        write_whole(path, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
        self._index.update({row: (path, index[k], layouts) for k, row in enumerate(rows)})

    def sort_out(
        self, names: Sequence[str], rows: Sequence[int], layouts: dict[str, list[Any]]
    ) -> tuple[set[int], dict[str, str]]:
        """Return the good rows, and for the others the reason, by name; fill in the layouts.

        The first recording with a sense decides the layout of all.
        """
        good, skipped = set(), {}
        for row in rows:
            _, entry, own = self._index[row]
            if isinstance(entry, str):
                skipped[names[row]] = entry
                continue
            mine = {
                s: own[place[2]][1] for s, place in entry["senses"].items() if place is not None
            }
            odd = [s for s, layout in mine.items() if layout != layouts.setdefault(s, layout)]
            if odd:
                was, now = layouts[odd[0]], mine[odd[0]]
                skipped[names[row]] = f"its {odd[0]} differs from the first: {_differ(was, now)}."
                continue
            good.add(row)
            for reason, count in entry["repairs"].items():
                self.repairs[reason] = self.repairs.get(reason, 0) + count
        return good, skipped

    def size(self, sense: str, row: int) -> int:
        """Return how many rows a sense of a recording has."""
        place = self._index[row][1]["senses"].get(sense)
        return 0 if place is None else place[1]

    def row(self, row: int) -> Row:
        """Return a recording of a finished block."""
        path, entry, layouts = self._index[row]
        if self._open[0] != path:
            try:
                self._open = path, _arrays(path)
            except Exception as error:  # damaged since it was found whole
                path.unlink(missing_ok=True)
                raise ValueError(
                    f"a block of recordings in '{path}' was damaged ({error}); run again, and it "
                    "is done anew."
                ) from error
        arrays = self._open[1]
        senses: dict[str, Sense | None] = {}
        for sense, place in entry["senses"].items():
            if place is None:
                senses[sense] = None
                continue
            begin, size, number = place
            kind, shapes, about = layouts[number][1]
            part = slice(begin, begin + size)
            columns = {name: arrays[f"{number}-{name}"][part] for name, *_ in shapes}
            senses[sense] = Sense(kind, columns, about)
        return Row(senses, entry["repairs"])

    def remove(self) -> None:
        """Delete the blocks, once the store holds them."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _arrays(path: Path) -> dict[str, NDArray]:
    """Return all arrays of a block, each of which has a checksum in the file."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _differ(was: Sequence[Any], now: Sequence[Any]) -> str:
    """Describe in what two layouts differ."""
    if was[0] != now[0]:
        return f"{now[0]}, not {was[0]}"
    if was[1] != now[1]:
        return f"columns {now[1]}, not {was[1]}"
    keys = [key for key in {**was[2], **now[2]} if was[2].get(key) != now[2].get(key)]
    return "; ".join(f"{k} {now[2].get(k, 'not given')}, not {was[2].get(k)}" for k in keys)
