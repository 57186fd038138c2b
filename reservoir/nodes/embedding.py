"""Reservoirs in C: what the templates beside the nodes need of a fitted reservoir."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from mottle.embedded import CStage, NotInC, template
from mottle.reservoir.compiled.noise import join
from mottle.reservoir.nodes.state import noise_keys

HERE = Path(__file__).parent
RUN = 0  # key of the live run whose noise a model in C has
VALUES = {  # of a pooled statistic, in C
    "mean": "s->mean[i]",
    "last": "s->last[i]",
    "max": "s->top[i]",
    "std": "sqrt(s->square[i] / n)",
}


def small(values: Any) -> NDArray:
    """Return whole numbers in the smallest unsigned type that holds them, for tables in flash.

    Examples
    --------
    >>> small([3, 300]).dtype, small([3]).dtype
    (dtype('uint16'), dtype('uint8'))
    """
    values = np.asarray(values, np.int64)
    most = int(values.max(initial=0))
    return values.astype(np.uint8 if most < 256 else np.uint16 if most < 65536 else np.uint32)


def sparse_rows(name: str, weights: Any) -> dict[str, NDArray]:
    """Return tables of the terms of sums: where rows begin, columns and weights.

    Examples
    --------
    >>> tables = sparse_rows("input_", np.array([[0.0, 2.0], [1.0, 0.0]]))
    >>> {name: table.tolist() for name, table in tables.items()}
    {'input_begin': [0, 1, 2], 'input_columns': [1, 0], 'input_weights': [2.0, 1.0]}
    """
    rows = sparse.csr_array(weights).sorted_indices()
    begin, columns = small(rows.indptr), small(rows.indices)
    values = rows.data.astype(np.float64)
    return {f"{name}begin": begin, f"{name}columns": columns, f"{name}weights": values}


def input_sums(p: Any) -> CStage:
    """Return the function that sums the inputs of a node, with its tables."""
    weights = sparse.csr_array(p.input_weights_)
    dense = weights.nnz == weights.shape[0] * weights.shape[1]
    tables = sparse_rows("input_", weights)
    return CStage(
        template(HERE / "sums.c", dense=dense), weights.shape[1], weights.shape[0],
        {"N_SOURCES": weights.shape[1]}, tables=tables,
    )  # fmt: skip


def run_key(p: Any) -> np.uint64:
    """Return the key of the noise of a live run, as ``start()`` gives it to the first run."""
    return np.uint64(noise_keys(p.noise_seed_, [RUN])[0])


def keys(key: np.uint64, n: int) -> NDArray[np.uint64]:
    """Return the keys of ``n`` devices or nodes, derived from that of a run.

    Examples
    --------
    >>> keys(np.uint64(1), 2).tolist()
    [10451216379200822465, 13757245211066428519]
    """
    return np.array([join(key, np.uint64(i)) for i in range(n)], np.uint64)


def delay_taps(p: Any) -> CStage:
    """Return the stage that gives nodes the inputs of earlier steps too."""
    n, past = p.n_features_in_, (p.n_taps - 1) * p.n_features_in_
    return CStage(
        template(HERE / "delay_taps.c"), n, n + past, {"N_IN": n, "N_PAST": past},
        state={"past": np.zeros(past)}, note=f"the last {p.n_taps} steps of the drive",
    )  # fmt: skip


def dilated(p: Any) -> CStage:
    """Return the stage that gives each node the placed sum of its dilated taps."""
    n, rows = p.n_features_in_, p.input_weights_.shape[1] // p.n_features_in_
    tables = sparse_rows("", p.input_weights_)
    lags, inputs = np.divmod(tables.pop("columns").astype(np.int64), n)
    tables |= {"lags": small(lags), "inputs": small(inputs), "shifts": p.shifts_}
    sizes = {"N_IN": n, "N_NODES": p.n_nodes, "N_ROWS": rows}
    return CStage(
        template(HERE / "placed/template.c"), n, p.n_nodes, sizes, tables=tables,
        state={"past": np.zeros(rows * n), "row": np.uint32(0)},
        note=f"dilated taps over the last {rows} steps",
    )  # fmt: skip


def pooling(p: Any, n_steps: int | None) -> CStage:
    """Return the stage that pools the states of a reservoir over a recording of ``n_steps``."""
    from mottle.reservoir.nodes.front import is_ppv

    statistics, n, n_segments = p._statistics(), p.n_nodes, p.n_segments
    if n_segments > 1 and n_steps is None:
        raise NotInC(
            f"{type(p).__name__} has n_segments={n_segments}, and where segments begin depends on "
            "the length of a recording: pass n_steps, the steps of every recording."
        )
    if n_steps is not None and n_steps < n_segments:
        raise NotInC(f"n_steps={n_steps} is fewer than n_segments={n_segments} of {p}.")
    fractions = [name for name in statistics if is_ppv(name)]
    total = n * n_segments
    lines: list[str] = []
    state: dict[str, Any] = {"n_steps": np.uint32(0)}
    for k, name in enumerate(statistics):
        value = VALUES.get(name)
        if value is None:
            value = f"(real)s->above[{fractions.index(name)} * @N_ALL + i] / n"
        lines.append(f"        y[{k} * @N_ALL + i] = {value};")
    moments = "mean" in statistics or "std" in statistics
    wanted = {"mean": moments, "square": "std" in statistics, "top": "max" in statistics}
    wanted["last"] = "last" in statistics
    state |= {name: np.zeros(total) for name, wants in wanted.items() if wants}
    if n_segments > 1:
        state["counts"] = np.zeros(n_segments, np.uint32)
    tables: dict[str, NDArray] = {}
    if fractions:
        state["above"] = np.zeros(len(fractions) * total, np.uint32)
        tables["thresholds"] = np.asarray(p.thresholds_, np.float64).ravel()
    numbered = n_segments > 1 or moments or bool(fractions) or "max" in statistics
    text = template(
        HERE / "pooling.c", numbered=numbered, counted="std" in statistics or bool(fractions),
        segments=n_segments > 1, moments=moments, std="std" in statistics,
        max="max" in statistics, last="last" in statistics, ppv=bool(fractions),
    )  # fmt: skip
    sizes = {"N_NODES": n, "N_SEGMENTS": n_segments, "N_ALL": total, "N_STEPS": n_steps or 0}
    sizes["N_THRESHOLDS"] = len(fractions)
    return CStage(
        text.replace("@statistics", "\n".join(lines)), n, len(statistics) * total, sizes,
        tables=tables, state=state,
        note=f"{', '.join(statistics)} of the states since the start"
        + (f", in {n_segments} segments of {n_steps} steps" if n_segments > 1 else ""),
    )  # fmt: skip


def stages(p: Any, n_steps: int | None) -> list[tuple[str, CStage]]:
    """Return the stages of a fitted reservoir in C, each with the end of its name.

    Parameters
    ----------
    p : reservoir
        Fitted on drives.
    n_steps : int or None
        Steps of every recording, for segments; None if not known.

    Raises
    ------
    NotInC
        If nodes, wiring or pooling have no form in C.
    """
    name = type(p).__name__
    p._refuse_changed()
    if p.wiring == "convolution":
        raise NotInC(
            f"{name} has wiring='convolution', which is not exported: take 'local', 'random', "
            "'one_to_one' or 'dilated'."
        )
    if p._node.embed is None:
        raise NotInC(
            f"{name} has no template in C: the nodes of a reservoir are exported through the "
            "field `embed` of their record (mottle.reservoir.nodes.node.Node)."
        )
    found = [("taps", delay_taps(p))] if p.n_taps > 1 else []
    found += [("taps", dilated(p))] if p.wiring == "dilated" else []
    found.append(("", p._node.embed(p)))
    if p.pools:
        found.append(("pool", pooling(p, n_steps)))
    return found
