"""export_c: a fitted model as a folder of C."""

from importlib.metadata import version
from pathlib import Path
from re import fullmatch
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mottle.arrays import as_numbers
from mottle.checks import check_bool, check_positive, check_whole
from mottle.embedded import NotInC
from mottle.pipelines.export.given import stated_interval
from mottle.pipelines.export.program import Program, compose
from mottle.pipelines.export.reference import Recorded, outputs
from mottle.pipelines.export.text import (
    DOUBLE,
    FLOAT,
    HERE,
    Real,
    helpers,
    table,
    values_of,
    write_stage,
)
from mottle.pipelines.export.tree import Given, identifier, inner, tree
from mottle.reservoir.nodes.event.node import ends
from mottle.reservoir.readout import chain

MOST_TICKS = 10**6
ALIKE = 0.01  # relative difference of two times between steps that count as one
TOLERANCE = {DOUBLE: 1e-6, FLOAT: 1e-2}  # of outputs, relative to the larger of 1 and the output
KEYWORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if
    inline int long main real register restrict return short signed sizeof static struct switch
    typedef union unsigned void volatile while""".split()  # noqa: SIM905
)


class Exported(NamedTuple):
    """What `export_c` has written.

    Attributes
    ----------
    folder : Path
        With header, source, test and Makefile.
    name : str
        Prefix of the names in C.
    n_inputs, n_outputs : int
        Values that a step takes, and that a prediction has.
    state : int
        Memory of a run in bytes (RAM).
    constants : int
        Constant tables in bytes (flash), without the code.
    classes : list of str
        Labels, in the order of the classes; empty in regression.

    Examples
    --------
    >>> import tempfile
    >>> from mottle.reservoir import EchoStateReservoir
    >>> drive = np.ones((5, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model = EchoStateReservoir(4, random_state=0).fit(drive)
    ...     exported = export_c(model, Path(folder) / "echo", sample=drive)
    >>> exported.name, exported.n_inputs, exported.n_outputs
    ('echo', 2, 4)
    """

    folder: Path
    name: str
    n_inputs: int
    n_outputs: int
    state: int
    constants: int
    classes: list[str]


def export_c(
    model: Any,
    out: Any,
    *,
    sample: Any = None,
    events: Any = None,
    n_steps: int | None = None,
    n_ticks: int = 100,
    tick: float | None = None,
    name: str | None = None,
    float32: bool = False,
) -> Exported:
    """Write a fitted model as C99: one header, one source, a test with recorded input, a Makefile.

    The C takes one step in and gives one prediction out, without dynamic memory and with no library
    but ``math.h``. What has no form in C is refused by name, before anything is written; the folder
    is written as a whole or not at all.

    Parameters
    ----------
    model : estimator
        Fitted pipeline of encoders, reservoirs, scalers and a linear readout, or a part of one.
        Reservoirs that pool give the features of all steps since the start.
    out : path
        Folder to write, new or empty.
    sample : array-like of shape (n, n_inputs), default=None
        Recorded input of the model for the test, a row a step; of several senses, their channels
        side by side. Not needed where the model takes events only.
    events : event stream, default=None
        Recorded events for the test, if the model takes events; times in microseconds from the
        beginning of the run.
    n_steps : int, default=None
        Steps of every recording, needed where a reservoir pools in segments.
    n_ticks : int, default=100
        Steps of the sample, at most, that the test holds.
    tick : float or None, default=None
        Time in second from one step to the next, for encoders that take rates (`GasDrive`). None:
        that of the times of ``sample``, else that of the training recordings, else 1.
    name : str, default=None
        Prefix of the names in C; None takes the name of the folder.
    float32 : bool, default=False
        Compute in single precision, for processors without double precision. Outputs then agree
        to about three digits rather than to the last.

    Returns
    -------
    exported : Exported
        Folder, sizes and memory.

    Raises
    ------
    NotInC
        A ValueError, if a part of the model has no form in C.
    ValueError
        If ``tick`` is another than that of the times of ``sample``.
    FileExistsError
        If the folder is not empty.

    Notes
    -----
    Noise of devices is that of the first live run in Python, ``LiveRun(model)``: a simulated
    device varies in C as it does there. Set the noise to 0 before ``fit`` for a model without.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from mottle.reservoir import MemristorReservoir, RidgeReadout
    >>> rng = np.random.default_rng(0)
    >>> drive = rng.uniform(-1, 1, (200, 3))
    >>> model = make_pipeline(MemristorReservoir(20, random_state=0), RidgeReadout())
    >>> model = model.fit(drive, drive[:, 0])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     exported = export_c(model, Path(folder) / "follow", sample=drive)
    ...     sorted(path.name for path in exported.folder.iterdir()), exported.state
    (['Makefile', 'follow.c', 'follow.h', 'test_follow.c'], 480)
    """
    folder = Path(out)
    name = check_name(identifier(folder.name) if name is None else name)
    real = FLOAT if check_bool("float32", float32) else DOUBLE
    if n_steps is not None:
        check_whole("n_steps", n_steps)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there and not empty: name a new folder.")
    tick = tick_of(model, sample, None if tick is None else check_positive("tick", tick, "s"))
    found = tree(model, Given(n_steps, tick, {name}, float32))
    program = compose(found)
    n_ticks = min(check_whole("n_ticks", n_ticks), n_steps or MOST_TICKS)
    recorded = record(program, found.n_in, sample, events, n_ticks)
    compared, expected = outputs(
        model, recorded.rows, pools(program), Recorded(tick, recorded.stream)
    )
    labels, n_out = labels_of(model), found.n_out
    files, exported = write(name, program, real, found.n_in, n_out, labels)
    files[f"test_{name}.c"] = write_test(
        name, real, labels, recorded, compared, expected, event_functions(name, program)
    )
    exported = exported._replace(folder=folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
        whole = Path(aside) / folder.name
        whole.mkdir()
        for file, text in files.items():
            (whole / file).write_text(text, encoding="utf-8", newline="\n")
        whole.replace(folder)
    return exported


def check_name(name: Any) -> str:
    """Return the prefix of names in C, checked.

    Examples
    --------
    >>> check_name("grasp")
    'grasp'
    >>> check_name("2-grasp")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: name='2-grasp' must be a name in C: letters, digits and _, not first a digit, and...
    """
    if not isinstance(name, str) or not fullmatch(r"[A-Za-z]\w*", name, 256) or name in KEYWORDS:
        raise ValueError(
            f"name={name!r} must be a name in C: letters, digits and _, not first a digit, and no "
            "word of the language."
        )
    return name


class Sample(NamedTuple):
    """Recorded input of the test."""

    rows: NDArray[np.float64]  # (tick, input)
    stream: Any  # events of these ticks, or None
    ends: NDArray[np.uint32]  # (tick,), number of events before the end of each


def record(program: Program, n_in: int, sample: Any, events: Any, n_ticks: int) -> Sample:
    """Return the recorded input of a test, checked."""
    sources = [leaf.source for leaf in program.leaves if leaf.source is not None]
    if len(sources) > 1:
        raise NotInC(
            f"{' and '.join(type(one).__name__ for one in sources)} both take events: one sense of "
            "events is exported."
        )
    if sources and events is None:
        raise ValueError("the model takes events: pass events=, a recorded stream.")
    if events is not None and not sources:
        raise ValueError("events= is given, and no stage of the model takes events.")
    if n_in == 0:
        if sample is not None:
            raise ValueError("sample= is given, and the model takes events only: leave it out.")
        rows = np.zeros((n_ticks, 0))
    else:
        rows = check_sample(sample, n_in)[:n_ticks]
    if not sources:
        return Sample(rows, None, np.zeros(0, np.uint32))
    bounds = ends_of(sources[0], len(rows))
    t = np.asarray(events["t"])
    kept = events[(t >= 0) & (t < bounds[-1])]
    return Sample(rows, kept, np.searchsorted(kept["t"], bounds).astype(np.uint32))


def ends_of(source: Any, n_steps: int) -> list[int]:
    """Return the first whole microsecond after each step of a stage that takes events."""
    own: list[int] = source._ends(n_steps) if hasattr(source, "_ends") else ends(source, n_steps)
    return own


def tick_of(model: Any, sample: Any, tick: float | None) -> float:
    """Return the time between steps: as given, of the sample's times, or of training; else 1 s."""
    stated = stated_interval(sample)
    if stated is not None and tick is not None and abs(tick - stated) > ALIKE * stated:
        raise ValueError(
            f"tick={tick:g} s, and the rows of the sample are {stated:g} s apart: leave tick out, "
            "or pass the sample without times."
        )
    return tick or stated or learnt_interval(model) or 1.0


def learnt_interval(stage: Any) -> float | None:
    """Return the time between rows of the training recordings, as the first encoder learnt it."""
    stage = inner(stage)
    own = getattr(stage, "_interval", None)
    if own is not None:
        return float(own)
    inside = [part for part, _ in chain.parts(stage)]
    inside += [part for _, part in getattr(stage, "encoders_", ())]
    return next((found for found in map(learnt_interval, inside) if found is not None), None)


def check_sample(sample: Any, n_inputs: int) -> NDArray[np.float64]:
    """Return recorded input (tick, input), checked."""
    if sample is None:
        raise ValueError(
            f"the model takes {n_inputs} inputs: pass sample=, recorded rows of these."
        )
    X = np.asarray(as_numbers(sample, "the sample"), np.float64)
    if X.ndim != 2 or X.shape[1] != n_inputs or not len(X):
        raise ValueError(
            f"the sample has shape {X.shape}; expected (ticks, {n_inputs}): a row a step, with the "
            f"{n_inputs} inputs of the model."
        )
    if not np.isfinite(X).all():
        tick, place = np.argwhere(~np.isfinite(X))[0]
        raise ValueError(f"the sample holds {X[tick, place]} at tick {tick}, input {place}.")
    return X


def event_functions(name: str, program: Program) -> list[tuple[str, str]]:
    """Return the public functions that take events, each with its stage."""
    taking = [leaf.name for leaf in program.leaves if "@event(" in leaf.stage.text]
    return [(f"{name}_event", own) for own in taking]


def pools(program: Program) -> bool:
    """Return whether predictions are of all steps since the start."""
    return any(leaf.stage.pools for leaf in program.leaves)


def labels_of(model: Any) -> list[str]:
    """Return the labels of a classifier."""
    last = inner(model.steps[-1][1] if hasattr(model, "steps") else model)
    return [str(label) for label in getattr(last, "classes_", [])]


def write(
    name: str, program: Program, real: Real, n_in: int, n_out: int, labels: list[str]
) -> tuple[dict[str, str], Exported]:  # fmt: skip
    """Return the files by name, and their sizes."""
    stages = {leaf.name: write_stage(name, leaf.name, leaf.stage, real) for leaf in program.leaves}
    upper = name.upper()
    doubles = sum(program.buffers.values())
    kept = sorted((one for one in stages.items() if one[1].struct), key=lambda one: -one[1].aligned)
    state = sum(one.state for _, one in kept) + doubles * real.size
    widest = max((real.size, *(one.aligned for _, one in kept)))
    state = -(-state // widest) * widest  # members lie by alignment, without gaps but at the end
    constants = sum(one.constants for one in stages.values())
    members = [f"    {name}_{own}_state {own};\n" for own, one in kept if one.aligned >= real.size]
    members += [f"    {real.name} {key}[{size}];\n" for key, size in program.buffers.items()]
    members += [f"    {name}_{own}_state {own};\n" for own, one in kept if one.aligned < real.size]
    if not members:
        members, state = ["    char nothing;\n"], 1
    chain = " -> ".join(leaf.name for leaf in program.leaves)
    facts = {
        "name": name, "NAME": upper, "real": real.name, "chain": chain, "n_in": n_in,
        "n_out": n_out, "state": state, "constants": constants, "version": version("mottle"),
        "structs": "\n".join(one.struct for one in stages.values() if one.struct),
        "members": "".join(members),
    }  # fmt: skip
    facts["classes"] = CLASSES.format(**facts, n=len(labels)) if labels else ""
    takes = event_functions(name, program)
    facts["events"] = "".join(EVENT.format(name=name, function=one) for one, _ in takes)
    facts["pooled"] = POOLED if pools(program) else STEPWISE
    source = write_source(name, program, stages, real, labels, facts)
    exported = Exported(Path(), name, n_in, n_out, state, constants, labels)
    files = {
        f"{name}.h": HEADER.format(**facts),
        f"{name}.c": source,
        "Makefile": (HERE / "makefile.txt").read_text(encoding="utf-8").replace("@model", name),
    }
    return files, exported


STEPWISE = "one step in, the prediction for it out"
POOLED = "one step in, the prediction for all steps since the beginning out"
CLASSES = """
/* classes, and their labels */
#define {NAME}_N_CLASSES {n}
extern const char *const {name}_labels[{NAME}_N_CLASSES];

/* the class with the largest decision, as a place in {name}_labels */
int {name}_class(const {real} out[]);
"""
EVENT = """
/*
 * Takes an event at a pixel (x, y), of polarity p (0 or 1), t us after the beginning of the run.
 * {name}_step then ends the step: call it when the time of a step is over.
 */
void {function}({name}_state *s, int64_t t, int32_t x, int32_t y, int32_t p);
"""
HEADER = """\
/*
 * {name}: {chain}
 * written by mottle {version}
 *
 * Memory: {state} bytes of RAM for each {name}_state; {constants} bytes of constants in flash,
 * beside the code. No dynamic memory, no variables outside the state.
 */
#ifndef {NAME}_H
#define {NAME}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

#define {NAME}_N_INPUTS {n_in}
#define {NAME}_N_OUTPUTS {n_out}

{structs}
/* a run of the model; as many as wanted side by side */
typedef struct {{
{members}}} {name}_state;

/* puts a run at its beginning: all nodes at rest */
void {name}_init({name}_state *s);

/*
 * {pooled}.
 * in: {n_in} values, all finite; out: {n_out} values, or 0 where no prediction is wanted.
 */
void {name}_step({name}_state *s, const {real} in[], {real} out[]);
{events}{classes}
#ifdef __cplusplus
}}
#endif

#endif
"""


def write_source(
    name: str, program: Program, stages: dict[str, Any], real: Real, labels: list[str],
    facts: dict[str, Any],
) -> str:  # fmt: skip
    """Return the source file."""
    bodies = [one.source for one in stages.values()]
    parts = [f"/* {name}: {facts['chain']}; see {name}.h */\n#include <math.h>\n\n"]
    parts.append(f'#include "{name}.h"\n\ntypedef {real.name} real;\n')
    parts += [helpers("\n".join(bodies), real), *bodies, "/* ---- the model ---- */\n"]
    for key, columns in program.columns.items():
        parts.append(table(key, np.asarray(columns, np.uint16), real, "columns of the input"))
    lines = [f"    {own}_init(&s->{own});\n" for own, one in stages.items() if one.struct]
    lines = (
        lines or ["    s->nothing = 0;\n"] if not program.buffers else lines or ["    (void)s;\n"]
    )
    parts.append(f"void {name}_init({name}_state *s)\n{{\n{''.join(lines)}}}\n")
    tick, predict = ([f"    {line}\n" for line in some] for some in (program.tick, program.predict))
    body = "".join([*tick, "    if (!out)\n        return;\n", *predict])
    if "s->" not in body:
        body = "    (void)s;\n" + body
    parts.append(f"void {name}_step({name}_state *s, const real in[], real out[])\n{{\n{body}}}\n")
    for function, own in event_functions(name, program):
        head = f"void {function}({name}_state *s, int64_t t, int32_t x, int32_t y, int32_t p)"
        parts.append(f"{head}\n{{\n    {own}_event(&s->{own}, t, x, y, p);\n}}\n")
    if labels:
        parts.append(write_classes(name, labels, facts["n_out"]))
    return "\n".join(part for part in parts if part)


FEED = """\
        for (; event < ends[tick]; event++)
            @event(&state, events_t[event], events_x[event], events_y[event], events_p[event]);
"""


def write_classes(name: str, labels: list[str], n_out: int) -> str:
    """Return the labels, and the function that finds the class of a decision."""
    escaped = "".join(f"    {c_string(label)},\n" for label in labels)
    text = f"const char *const {name}_labels[{len(labels)}] = {{\n{escaped}}};\n\n"
    head = f"int {name}_class(const real out[])\n{{\n"
    if n_out == 1:
        return text + f"{head}    return out[0] > 0;\n}}\n"
    loop = (
        "    for (int i = 1; i < {}; i++)\n        if (out[i] > out[best])\n            best = i;\n"
    )
    return text + f"{head}    int best = 0;\n{loop.format(n_out)}    return best;\n}}\n"


def c_string(text: str) -> str:
    r"""Return a text as a string in C, other characters than ASCII by their bytes.

    Examples
    --------
    >>> print(c_string('so "naïve"\n'))
    "so \"na\303\257ve\"\012"
    """
    plain = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else
        (f"\\{chr(byte)}" if byte in b'"\\' else f"\\{byte:03o}")
        for byte in text.encode()
    )  # fmt: skip
    return f'"{plain}"'


def write_test(
    name: str, real: Real, labels: list[str], recorded: Sample, compared: NDArray,
    expected: NDArray, takes: list[tuple[str, str]],
) -> str:  # fmt: skip
    """Return the test: recorded inputs, and the outputs and classes of Python."""
    X, n_out = recorded.rows, expected.shape[1]
    parts = [table("inputs", X.ravel(), real)] if X.size else []
    parts.append(table("compared", compared, real, "ticks"))
    parts.append(table("outputs", expected.ravel(), real))
    if recorded.stream is not None:
        kept = recorded.stream
        kinds = {"t": np.int64, "x": np.int32, "y": np.int32, "p": np.uint8}
        for field, kind in kinds.items():
            values = kept[field].astype(kind) if len(kept) else np.zeros(1, kind)
            parts.append(table(f"events_{field}", values, real))
        parts.append(table("ends", recorded.ends, real, "events before the end of a tick"))
    decisions = ""
    if labels:
        best = expected.argmax(axis=1) if n_out > 1 else (expected[:, 0] > 0).astype(int)
        parts.append(table("classes", best.astype(np.uint16), real))
        decisions = f"        if ({name}_class(out) != (int)classes[next])\n            wrong++;\n"
    values = {
        "n_ticks": str(len(X)), "n_compared": str(len(compared)),
        "tables": "\n".join(parts).replace("const real", f"const {real.name}"),
        "feed": FEED.replace("@event", takes[0][0]) if takes else "",
        "event_index": "    uint32_t event = 0;\n" if takes else "",
        "rows": f"inputs + tick * {name.upper()}_N_INPUTS" if X.size else "0",
        "tolerance": f"{TOLERANCE[real]:.0e}{real.suffix}", "decisions": decisions,
        "zero": values_of(np.zeros(1), real)[0], "one": values_of(np.ones(1), real)[0],
        "fabs": f"fabs{real.suffix}", "real": real.name, "MODEL": name.upper(), "model": name,
    }  # fmt: skip
    text = (HERE / "main.c").read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@{key}", value)
    return text
