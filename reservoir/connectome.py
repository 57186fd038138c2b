"""Connectomes read from files: edge lists, GraphML, Matrix Market, numpy and scipy matrices."""

import csv
import os
import re
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple
from xml.parsers import expat
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import io, sparse

from mottle.checks import names_arguments
from mottle.memory import check_memory
from mottle.reservoir.nodes.spectrum import square_matrix

SOURCES = ("source", "src", "from", "pre", "pre_id", "presynaptic", "pre_root_id", "bodyid_pre")
TARGETS = ("target", "dst", "to", "post", "post_id", "postsynaptic", "post_root_id", "bodyid_post")
WEIGHTS = ("weight", "weights", "w", "value", "syn_count", "n_synapses", "count")
WHOLE = re.compile(r"\d+", re.ASCII)
CUT_SHORT = 60  # characters of a line that a message shows


class Connectome(NamedTuple):
    """Weights of links between nodes, and the names of the nodes.

    Attributes
    ----------
    weights : scipy.sparse.csr_array of shape (n_nodes, n_nodes)
        Weight of the link from the node of the column to that of the row.
    names : tuple of str or None
        Names of the nodes in the order of rows, None if the file has none.

    Examples
    --------
    >>> worm = Connectome(sparse.csr_array([[0.0, 3.0], [1.0, 0.0]]), ("AVAL", "AVAR"))
    >>> worm.weights.shape, worm.names.index("AVAR")
    ((2, 2), 1)
    """

    weights: sparse.csr_array
    names: tuple[str, ...] | None = None


class Edge(NamedTuple):
    """A link in a file, with its place for messages."""

    source: str
    target: str
    weight: float


@names_arguments
def read_connectome(path: str | os.PathLike[str]) -> Connectome:
    r"""Read the links between nodes from a file, as the topology of a reservoir.

    Parameters
    ----------
    path : str or path
        An edge list (.csv, .tsv, .txt, .edgelist): source, target and, if there is one, weight in
        each line, separated by comma, semicolon, tab or blanks, or in columns of these names; a
        node is a name or a number, "#" begins a comment. GraphML (.graphml): the weight is the
        attribute of this name, and an undirected edge is a link both ways. Matrix Market (.mtx), a
        scipy matrix (.npz) or a numpy array (.npy): the row of a weight is its target, the column
        its source.

    Returns
    -------
    connectome : Connectome
        ``weights`` and ``names``. Links without a weight have the weight 1, and weights of repeated
        links add up. Nodes of an edge list are those that occur in it, in numerical order if all
        are whole numbers, else in the order of the file.

    Raises
    ------
    ValueError
        For other files, a line that is no link, weights that are not finite, and matrices that are
        not square; with file and line.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "worm.csv"
    >>> _ = path.write_text("source,target,weight\nAVAL,AVAR,3\nAVAR,DA1,2\n")
    >>> connectome = read_connectome(path)
    >>> connectome.names, connectome.weights.toarray()[2].tolist()
    (('AVAL', 'AVAR', 'DA1'), [0.0, 2.0, 0.0])
    >>> from mottle.reservoir import EchoStateReservoir
    >>> EchoStateReservoir(3, topology=connectome).topology.weights.nnz
    2
    """
    file = Path(path)
    kind = file.suffix.lower()
    if kind not in READERS:
        raise ValueError(
            f"{file} is of no kind that is read: expected an edge list (.csv, .tsv, .txt, "
            ".edgelist), .graphml, .mtx, .npz or .npy."
        )
    return READERS[kind](file)


def read_edges(file: Path) -> Connectome:
    """Read an edge list."""
    return from_edges(file, list(edges_of(file)))


def edges_of(file: Path) -> Iterator[Edge]:
    """Yield the links of an edge list, with checks of every line."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is no text in UTF-8 (byte {error.start}).") from error
    columns: list[int] | None = None
    for number, line in enumerate(lines, 1):
        cells = split_line(line)
        if not cells:
            continue
        place = f"{file}, line {number}"
        if columns is None:
            columns, is_header = find_columns(cells, place)
            if is_header:
                continue
        if len(cells) <= max(columns):
            raise ValueError(
                f"{place}: {line[:CUT_SHORT]!r} has {len(cells)} columns, expected at least "
                f"{max(columns) + 1}."
            )
        source, target, *text = (cells[column] for column in columns)
        if not source or not target:
            raise ValueError(f"{place}: {line[:CUT_SHORT]!r} lacks the name of a node.")
        yield Edge(source, target, read_weight(text[0], place) if text else 1.0)


def split_line(line: str) -> list[str]:
    """Return the cells of a line without its comment.

    Examples
    --------
    >>> split_line('"a b"; c; 2  # strong'), split_line("1 2")
    (['a b', 'c', '2'], ['1', '2'])
    """
    line = line.split("#", 1)[0].strip()
    if not line:
        return []
    mark = next((mark for mark in "\t;," if mark in line), None)
    if mark is None:
        return line.split()
    return [
        cell.strip() for cell in next(csv.reader([line], delimiter=mark, skipinitialspace=True))
    ]


def find_columns(cells: list[str], place: str) -> tuple[list[int], bool]:
    """Return the columns of source, target and weight, and whether the line is a header."""
    names = [cell.lower() for cell in cells]
    found = [
        next((names.index(name) for name in known if name in names), None)
        for known in (SOURCES, TARGETS, WEIGHTS)
    ]
    if found[0] is not None and found[1] is not None:
        return [column for column in found if column is not None], True
    if len(cells) not in (2, 3):
        raise ValueError(
            f"{place}: {len(cells)} columns without the names source and target: expected source, "
            "target and, if there is one, weight. A matrix is read from .npy, .npz or .mtx."
        )
    header = len(cells) == 3 and not is_number(cells[2])
    if header:
        raise ValueError(
            f"{place}: the weight {cells[2]!r} is no number; a line of names has to have 'source' "
            "and 'target'."
        )
    return list(range(len(cells))), False


def is_number(text: str) -> bool:
    """Return whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_weight(text: str, place: str) -> float:
    """Return a finite weight, or raise."""
    if not is_number(text) or not isfinite(float(text)):
        raise ValueError(f"{place}: the weight {text!r} must be a finite number.")
    return float(text)


def from_edges(file: Path, edges: list[Edge], nodes: list[str] | None = None) -> Connectome:
    """Return the matrix of links; ``nodes`` are all of them, by default those that are linked."""
    if not edges:
        raise ValueError(f"{file} holds no link.")
    if nodes is None:
        nodes = list(dict.fromkeys(name for edge in edges for name in edge[:2]))
        if all(WHOLE.fullmatch(name) for name in nodes):
            nodes.sort(key=int)
    index = {name: place for place, name in enumerate(nodes)}
    rows = [index[edge.target] for edge in edges]
    columns = [index[edge.source] for edge in edges]
    table = ([edge.weight for edge in edges], (rows, columns))
    return Connectome(
        square_matrix(sparse.coo_array(table, (len(nodes), len(nodes))), str(file)), tuple(nodes)
    )


def read_graphml(file: Path) -> Connectome:
    """Read GraphML; entities are refused, since they may expand without bound."""
    nodes: list[str] = []
    edges: list[Edge] = []
    keys: dict[str, str] = {}  # of attributes: their names
    defaults: dict[str, str] = {}
    now: dict[str, Any] = {"directed": True, "edge": None, "key": None, "text": "", "key_of": None}
    parser = expat.ParserCreate(namespace_separator=" ")

    def place() -> str:
        return f"{file}, line {parser.CurrentLineNumber}"

    def refuse(*args: Any) -> None:
        raise ValueError(f"{place()}: the file defines entities, which are not read.")

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        now["text"] = ""
        if tag == "graph":
            now["directed"] = attributes.get("edgedefault", "directed") != "undirected"
        elif tag == "key" and attributes.get("for") in ("edge", "all"):
            keys[attributes["id"]] = now["key_of"] = attributes.get("attr.name", attributes["id"])
        elif tag == "node":
            nodes.append(attributes["id"])
        elif tag == "edge":
            if not {"source", "target"} <= set(attributes):
                raise ValueError(f"{place()}: an edge lacks its source or target.")
            directed = attributes.get("directed", str(now["directed"])).lower() != "false"
            now["edge"] = [attributes["source"], attributes["target"], directed, {}]
        elif tag == "data":
            now["key"] = keys.get(attributes.get("key", ""))

    def end(name: str) -> None:
        tag, text = name.rpartition(" ")[2], now["text"].strip()
        if tag == "default" and now["key_of"]:
            defaults[now["key_of"].lower()] = text
        elif tag == "key":
            now["key_of"] = None
        elif tag == "data" and now["edge"] and now["key"]:
            now["edge"][3][now["key"].lower()] = text
        elif tag == "edge":
            source, target, directed, data = now["edge"]
            data = defaults | data
            weight = next((data[name] for name in WEIGHTS if name in data), "1")
            edges.append(Edge(source, target, read_weight(weight, place())))
            if not directed and source != target:
                edges.append(Edge(target, source, edges[-1].weight))
            now["edge"] = None

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = lambda text: now.update(text=now["text"] + text)
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(file.read_bytes(), True)
    except expat.ExpatError as error:
        raise ValueError(
            f"{file}, line {error.lineno}: no GraphML ({expat.ErrorString(error.code)})."
        ) from error
    except KeyError as error:
        raise ValueError(f"{place()}: an element lacks its {error}.") from error
    known = set(nodes)
    unknown = [name for edge in edges for name in edge[:2] if name not in known]
    if unknown:
        raise ValueError(f"{file}: an edge names the node {unknown[0]!r}, which is not defined.")
    return from_edges(file, edges, nodes)


def read_market(file: Path) -> Connectome:
    """Read a matrix in the format Matrix Market, after a look at its size."""
    try:
        rows, columns, entries, layout, *_ = io.mminfo(str(file))
        many = rows * columns if layout == "array" else 3 * entries + rows
        check_memory(float(many), f"the matrix in {file}", "it may be damaged")
        matrix = io.mmread(str(file))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{file}: no matrix in Matrix Market ({error}).") from error
    return Connectome(square_matrix(matrix, str(file)))


def read_scipy(file: Path) -> Connectome:
    """Read a sparse matrix of scipy; nothing is unpickled."""
    try:
        matrix = sparse.load_npz(file)
        if hasattr(matrix, "check_format"):  # columns beyond the matrix would be read from memory
            matrix.check_format(full_check=True)
    except (ValueError, BadZipFile, KeyError, TypeError, EOFError) as error:
        raise ValueError(
            f"{file}: no matrix written by scipy.sparse.save_npz ({error})."
        ) from error
    return Connectome(square_matrix(matrix, str(file)))


def read_numpy(file: Path) -> Connectome:
    """Read an array of numpy; nothing is unpickled."""
    try:
        matrix: NDArray = np.load(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{file}: no array of numbers ({error}).") from error
    return Connectome(square_matrix(matrix, str(file)))


READERS: dict[str, Callable[[Path], Connectome]] = {
    ".csv": read_edges,
    ".tsv": read_edges,
    ".txt": read_edges,
    ".edgelist": read_edges,
    ".graphml": read_graphml,
    ".mtx": read_market,
    ".npz": read_scipy,
    ".npy": read_numpy,
}
