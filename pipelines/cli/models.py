"""Commands of saved models: predict, model, live, export."""

import gc
import math
import sys
from functools import partial
from pathlib import Path

import click

from mottle.pipelines.cli.shared import (
    AS_JSON,
    FOLDER,
    MODEL,
    TRUST,
    bars,
    exits,
    main,
    or_exit,
    plain,
)


@main.command()
@MODEL
@click.argument("sources", nargs=-1, required=True, metavar="PATH...")
@click.option("--out", type=FOLDER, help="Write the predictions here, as CSV.")
@click.option("--pattern", help="Regular expression that finds sense and recording in paths.")
@click.option("--kind", type=click.Choice(["events", "samples"]), help="What the files hold.")
@click.option(
    "--time-unit", type=click.Choice(["s", "ms", "us", "ns", "min", "h", "d"]),
    help="Unit of the times in files; without it that of the training files, or what they state.",
)  # fmt: skip
@click.option(
    "--on-bad", type=click.Choice(["raise", "skip"]), default="raise", show_default=True,
    help="Stop at a file that cannot be read, or leave it out and exit with 3.",
)  # fmt: skip
@click.option(
    "--adapt", is_flag=True,
    help="Learn levels and scales of the sensors anew from these recordings, without labels.",
)  # fmt: skip
@TRUST
@AS_JSON
def predict(
    model: Path, sources: tuple[str, ...], out: Path | None, pattern: str | None, kind: str | None,
    time_unit: str | None, on_bad: str, adapt: bool, trust: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Predict the recordings in files or folders, PATH, with a saved MODEL.

    Files are read as those that the model was trained on, by the keys of [data] in its recipe.
    PATH may also be a store of `mottle prepare`, or the name of a data set.
    """
    from rich.console import Console

    from mottle.pipelines.output import write_text
    from mottle.pipelines.predictions import predict_files
    from mottle.pipelines.saved.model import open_model

    errors = Console(stderr=True)
    with exits(errors):
        saved = open_model(model)
        with bars(errors) as move:
            found = predict_files(
                saved, sources, trusted=trust, on_bad=on_bad, adapted=adapt, pattern=pattern,
                kind=kind, time_unit=time_unit, progress=partial(move, "reading"),
            )  # fmt: skip
        if out is not None:
            write_text(out, found.table.to_csv(index=False))
    if as_json:
        click.echo(found.table.to_json(orient="records", double_precision=15))
    elif out is None:
        click.echo(found.table.to_csv(index=False, float_format="%.6g"), nl=False)
    for note in found.notes:
        errors.print(f"note: {plain(note)}", soft_wrap=True)
    for name, reason in found.skipped.items():
        errors.print(f"skipped: {plain(name)}: {plain(reason)}", soft_wrap=True)
    sys.exit(3 if found.skipped else 0)


@main.group("model")
def saved_model() -> None:
    """Inspect and verify a model of `mottle run --save` or `save_model`."""


@saved_model.command("info")
@MODEL
@AS_JSON
def info_model(model: Path, as_json: bool) -> None:
    """Print what MODEL holds and where it comes from; the model itself is not built."""
    from json import dumps

    from mottle.pipelines.saved.model import open_model

    saved = or_exit(open_model, model)
    if as_json:
        click.echo(dumps(saved.info))
        return
    info, about = saved.info, saved.info["about"]
    click.echo(f"{model}: {info['model']}, format {info['format_version']}")
    click.echo(f"{'hash':16} {info['hash']}")
    for title in ("versions", "arithmetic"):
        parts = {key: one for key, one in info[title].items() if key != "features"}
        click.echo(f"{title:16} " + ", ".join(f"{key} {one}" for key, one in parts.items()))
    kept = ", ".join(saved.output) or "none kept"
    click.echo(f"{'sample output':16} {kept}")
    for key, value in about.items():
        if key != "recipe":
            click.echo(f"{key:16} {value}")
    if "recipe" in about:
        click.echo(f"recipe\n{about['recipe']}")


@saved_model.command("verify")
@MODEL
@TRUST
@AS_JSON
def verify_model(model: Path, trust: tuple[str, ...], as_json: bool) -> None:
    """Check every byte of MODEL against its hash, and its sample output against a new one.

    Exits with 1 where labels differ, or numbers: by more than a millionth of the largest where
    versions or processor are other than when it was saved, else at all.
    """
    from json import dumps

    from mottle.pipelines.saved.model import SAME, open_model

    saved = or_exit(open_model, model)
    found = or_exit(saved.verify, trust)
    changed = saved.changed()
    wrong = any(value > (SAME if changed else 0) for value in found.values())
    if as_json:
        differences = {key: one if math.isfinite(one) else str(one) for key, one in found.items()}
        click.echo(dumps({"path": str(model), "hash": saved.info["hash"],
                          "differences": differences, "changed": changed,
                          "agrees": not wrong}))  # fmt: skip
        sys.exit(1 if wrong else 0)
    click.echo(f"{model}: every byte is as it was written, {saved.info['hash']}")
    for method, value in found.items():
        text = f"differs by {value:.2g} of its largest value" if value else "is the same to the bit"
        click.echo(f"{method} of the sample {text}")
    if any(found.values()):
        click.echo(f"other than when it was saved: {', '.join(changed) or 'nothing'}")
    sys.exit(1 if wrong else 0)


@main.command("export")
@MODEL
@click.option("--out", type=FOLDER, required=True, help="Folder to write, new or empty.")
@click.option("--float32", is_flag=True, help="Compute in single precision.")
@click.option("--data", type=FOLDER, help="Recording for the test. Default: the sample in MODEL.")
@click.option("--name", help="Prefix of the names in C. Default: the name of the folder.")
@click.option(
    "--steps",
    type=click.IntRange(1),
    help="Steps of every recording, where reservoirs pool in segments.",
)
@click.option(
    "--ticks",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Steps that the test holds, at most.",
)
@TRUST
def export_model(
    model: Path, out: Path, float32: bool, data: Path | None, name: str | None, steps: int | None,
    ticks: int, trust: tuple[str, ...],
) -> None:  # fmt: skip
    """Write MODEL, a file that `mottle run --save` or save_model wrote, as C99 into a folder.

    One header, one source, a test with recorded input and Python's output, a Makefile.
    """
    from rich.console import Console

    with exits(Console(stderr=True)):
        from mottle.pipelines.export.folder import export_c
        from mottle.pipelines.export.given import input_of
        from mottle.pipelines.saved.model import open_model
        from mottle.sensors.files import read

        saved = open_model(model)
        fitted = saved.load(trust)
        given = input_of(fitted, saved.X if data is None else [read(data)])
        done = export_c(
            fitted, out, **given, n_steps=steps, n_ticks=ticks, name=name, float32=float32
        )
    click.echo(
        f"{done.folder}: {done.n_inputs} inputs, {done.n_outputs} outputs; {done.state} bytes of "
        f"RAM, {done.constants} bytes of constants. make -C {done.folder} runs the test."
    )


@main.command("live")
@MODEL
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="[SENSE=]SOURCE",
    help="Where streams come from; several are read side by side. Default: standard input.",
)
@click.option(
    "--to",
    default="-",
    show_default=True,
    metavar="-|udp:HOST:PORT|tcp:HOST:PORT",
    help="Where predictions go.",
)
@click.option("--proba", is_flag=True, help="Write the probabilities of all classes.")
@click.option("--window", type=click.IntRange(1), help="Latest steps that reservoirs pool.")
@click.option(
    "--silent",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="After so long without samples a sense is masked.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Of replayed recordings, relative to their own.",
)
@click.option(
    "--queue",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Lines that may wait; the oldest are lost, and counted.",
)
@click.option("--state", type=FOLDER, help="File of the state: go on from it, and keep it there.")
@TRUST
def run_live(
    model: Path, sources: tuple[str, ...], to: str, proba: bool, window: int | None,
    silent: float | None, speed: float, queue: int, state: Path | None, trust: tuple[str, ...],
) -> None:  # fmt: skip
    """Predict from streams with MODEL, a file that `mottle run --save` or save_model wrote.

    SOURCE is "-" (standard input), udp:HOST:PORT, tcp:HOST:PORT, serial:DEVICE@BAUD,
    faery:HOST:PORT (events in packets of faery), replay:PATH (a recording at its own speed) or
    follow:PATH (events of a raw file that grows). Lines are JSON by sense,
    {"t": 0.01, "touch": [0.1, 0.2]}, {"camera": [[t, x, y, p]], "until": 0.5}, {"touch": null} or
    {"restart": true}; a model of one sense also takes rows of numbers.
    Each prediction is a line of JSON. What was lost and how long answers took is said at the end;
    the exit code is 1 where nothing could be used of all that came.
    """
    from rich.console import Console

    errors = Console(stderr=True)
    with exits(errors):
        from mottle.pipelines.live.serve import senses_taken, sensor_of, serve
        from mottle.pipelines.live.sources import open_source
        from mottle.pipelines.predictions import streams_in
        from mottle.pipelines.saved.model import open_model

        saved = open_model(model)
        fitted = saved.load(trust)
        senses = senses_taken(fitted)
        opened = []
        for given in sources or ("-",):
            name, sign, spec = given.partition("=")
            named = bool(sign) and ":" not in name
            if named and name not in senses:
                raise ValueError(f"--source {given}: the model has the senses {', '.join(senses)}.")
            files = (spec if named else given).startswith(("replay:", "follow:", "faery:"))
            if files and not named and len(senses) > 1:
                raise ValueError(
                    f"--source {given}: name the sense, one of {', '.join(senses)}, as in "
                    f"{next(iter(senses))}={given}."
                )
            sense = name if named else next(iter(senses))
            read = partial(streams_in, saved, fitted, sense, alone=len(sources) < 2)
            source = open_source(
                spec if named else given,
                sense,
                senses[sense],
                speed,
                sensor_of(fitted, sense),
                read,
            )
            opened.append(source)
        gc.collect()
        gc.freeze()  # a search for garbage in all that was imported would take up to 30 ms
        account = serve(
            fitted, opened, to=to, proba=proba, window=window, silent=silent, queue=queue,
            state=state, say=lambda text: errors.print(plain(text), soft_wrap=True),
        )  # fmt: skip
    if account["came"] and not account["used"]:
        sys.exit(1)
