"""The `mottle` command; what it needs is imported when a subcommand runs."""

import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from signal import SIGINT, default_int_handler, getsignal, signal
from threading import current_thread, main_thread
from typing import Any

import click


class Stoppable(click.Group):
    """Commands that end with exit code 130 on Ctrl-C, wherever it comes.

    Click's own code is 1; and where Ctrl-C falls into the import of a compiled module or into a
    worker, another error arrives than the `KeyboardInterrupt`.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was typed."""
        stops: list[int] = []

        def stop(number: int, frame: Any) -> None:
            stops.append(number)
            raise KeyboardInterrupt

        usual = getsignal(SIGINT) is default_int_handler and current_thread() is main_thread()
        if usual:  # not where Ctrl-C is to be ignored, as behind nohup
            signal(SIGINT, stop)
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("stopped; the same command goes on with what is done", err=True)
            sys.exit(130)
        except SystemExit as ended:
            sys.exit(130 if stops and ended.code == 1 else ended.code)
        except Exception:
            if not stops:
                raise
            sys.exit(130)
        finally:
            if usual:
                signal(SIGINT, default_int_handler)


@click.group(cls=Stoppable, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mottle")
def main() -> None:
    """Reservoir computing and sensor fusion on simulated VO2 oscillators and memristors.

    Exit codes: 0 done; 1 the input or the recipe is at fault, or a result was not reproduced; 2 the
    command line is at fault; 3 done but recordings were skipped; 130 stopped by Ctrl-C.
    """


FOLDER = click.Path(path_type=Path)
TYPED = {
    "on_bad='skip'": "--on-bad skip", "fit_on='all'": "fit.on = 'all'", "fit_on": "fit.on",
    "fit_limit": "fit.limit", "include= takes": "--include takes",
}  # fmt: skip
"""Words of messages for those who call functions, and what is typed in their place."""


@main.command()
@click.option(
    "--out",
    type=FOLDER,
    default=Path("mottle-demo"),
    show_default=True,
    help="Folder for report, scores and states.",
)
def demo(out: Path) -> None:
    """See, touch and smell through VO2 and memristor reservoirs, on recordings that ship."""
    from shutil import rmtree

    names, states = ["demo-grasp", "demo-senses"], out / "states.zarr"
    for name in names:
        if (states / name).exists():  # the demo's own, perhaps of an older version
            rmtree(states / name)
    _run(names, out, states, as_json=False)


MODEL = click.argument("model", type=FOLDER)
TRUST = click.option(
    "--trust", multiple=True, metavar="TYPE",
    help="A type of another package that the model may hold; may be repeated.",
)  # fmt: skip


@main.command()
@click.argument("config")
@click.option(
    "--out",
    type=FOLDER,
    default=Path("mottle-runs"),
    show_default=True,
    help="Folder for report and scores.",
)
@click.option("--states", type=FOLDER, help="Write all states here.")
@click.option(
    "--save", type=FOLDER, help="Fit one model on all training recordings; write it here."
)
@click.option("--row", metavar="RESERVOIR/INPUTS", default="",
              help="Which one, with --save; default: that with the best score.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def run(
    config: str, out: Path, states: Path | None, save: Path | None, row: str, as_json: bool
) -> None:
    """Run the recipe CONFIG: a TOML file, or the name of a shipped recipe.

    Writes NAME.result.json, which `mottle reproduce` runs again, scores (csv, json), the recipe
    (toml) and a report. A run that was stopped, even by kill -9, goes on with the folds, reservoirs
    and seeds that are done when it is started again.

    --save writes one file for `mottle predict`: the model of one row of the scores, first seed,
    fitted on the training part of a published split, or else on all recordings.
    """
    if row and save is None:
        raise click.UsageError("--row goes with --save: it names the model to save.")
    _run([config], out, states, as_json, save, row)


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
@TRUST
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(
    model: Path, sources: tuple[str, ...], out: Path | None, pattern: str | None, kind: str | None,
    time_unit: str | None, on_bad: str, trust: tuple[str, ...], as_json: bool,
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
    with _exits(errors):
        saved = open_model(model)
        with _bars(errors) as move:
            found = predict_files(
                saved, sources, trusted=trust, on_bad=on_bad, pattern=pattern, kind=kind,
                time_unit=time_unit, progress=partial(move, "reading"),
            )  # fmt: skip
        if out is not None:
            write_text(out, found.table.to_csv(index=False))
    if as_json:
        click.echo(found.table.to_json(orient="records", double_precision=15))
    elif out is None:
        click.echo(found.table.to_csv(index=False, float_format="%.6g"), nl=False)
    for name, reason in found.skipped.items():
        errors.print(f"skipped: {_plain(name)}: {_plain(reason)}", soft_wrap=True)
    sys.exit(3 if found.skipped else 0)


@main.group("model")
def saved_model() -> None:
    """Inspect and verify a model of `mottle run --save` or `save_model`."""


@saved_model.command("info")
@MODEL
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info_model(model: Path, as_json: bool) -> None:
    """Print what MODEL holds and where it comes from; the model itself is not built."""
    from json import dumps

    from mottle.pipelines.saved.model import open_model

    saved = _or_exit(open_model, model)
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_model(model: Path, trust: tuple[str, ...], as_json: bool) -> None:
    """Check every byte of MODEL against its hash, and its sample output against a new one.

    Exits with 1 where labels differ, or numbers: by more than a millionth of the largest where
    versions or processor are other than when it was saved, else at all.
    """
    from json import dumps

    from mottle.pipelines.saved.model import SAME, open_model

    saved = _or_exit(open_model, model)
    found = _or_exit(saved.verify, trust)
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

    with _exits(Console(stderr=True)):
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
    Each prediction is a line of JSON. What was lost and how long answers took is said at the end.
    """
    from rich.console import Console

    errors = Console(stderr=True)
    with _exits(errors):
        from mottle.pipelines.live.serve import senses_taken, sensor_of, serve
        from mottle.pipelines.live.sources import open_source
        from mottle.pipelines.saved.model import load_model

        fitted = load_model(model, trusted=trust)
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
            source = open_source(
                spec if named else given, sense, senses[sense], speed, sensor_of(fitted, sense)
            )
            opened.append(source)
        serve(
            fitted, opened, to=to, proba=proba, window=window, silent=silent, queue=queue,
            state=state, say=lambda text: errors.print(_plain(text), soft_wrap=True),
        )  # fmt: skip


@main.command()
@click.argument("result", type=FOLDER)
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def reproduce(result: Path, as_json: bool) -> None:
    """Run the recipe of RESULT (NAME.result.json) again and compare to the digit.

    Exits with 0 where scores, predictions and hashes agree, otherwise with 1 and a table of what
    differs.
    """
    from json import dumps

    from rich.console import Console

    from mottle.pipelines.engine.reproduction import reproduce as run_again
    from mottle.pipelines.engine.result import read_result

    screen, errors = Console(), Console(stderr=True)
    with _exits(errors):
        before = read_result(result)
        with _bars(errors) as move:
            move(before.title, 0, 1)
            found = run_again(before, progress=lambda done, of: move(before.title, done, of))
    if as_json:
        differences = found.differences.astype(object).where(found.differences.notna(), None)
        report = {
            "path": str(result), "agrees": found.agrees, "notes": found.causes(),
            "differences": differences.to_dict("records"),
        }  # fmt: skip
        click.echo(dumps(report))
        sys.exit(0 if found.agrees else 1)
    for note in found.causes():
        screen.print(note, markup=False, soft_wrap=True)
    if found.agrees:
        n_runs = found.after.predictions.shape[1]
        click.echo(f"{result}: scores, predictions and hashes of {n_runs} runs agree to the digit")
        return
    screen.print(_differences_table(found))
    sys.exit(1)


@main.command()
@click.argument("config")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True,
              help="Recordings of the first test fold over which is averaged.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def energy(config: str, limit: int, as_json: bool) -> None:
    """Account for the energy of the recipe CONFIG, part by part, for each of its reservoirs."""
    from json import dumps

    from rich.console import Console

    from mottle.pipelines.account import account_recipe, as_records, energy_tables
    from mottle.pipelines.recipe import read_recipe

    reports = _or_exit(lambda name: account_recipe(read_recipe(name)[0], limit), config)
    if as_json:
        records = {name: as_records(report) for name, report in reports.items()}
        click.echo(dumps(records, allow_nan=False))
        return
    screen = Console()
    for name, report in reports.items():
        sums, parts, notes = energy_tables(name, report)
        screen.print(sums, parts)
        screen.print("\n".join(notes), markup=False, style="dim", soft_wrap=True)


@main.command("init")
@click.argument("path", type=FOLDER, metavar="FOLDER|FILE")
@click.option("--out", type=FOLDER, help="Recipe to write; default: NAME.toml in this folder.")
@click.option("--force", is_flag=True, help="Write over a recipe that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def init_recipe(path: Path, out: Path | None, force: bool, as_json: bool) -> None:
    """Look at recordings, show what is there, and write a recipe for `mottle run`.

    FOLDER holds files of recordings; a FILE is a table that lists files, a table of samples with
    columns of labels, a .ts or .npz file, or a store. Classes, groups and senses are found in the
    names of files and folders or in columns; every choice stands as a comment in the recipe.
    Exits with 3 where something must be settled before the recipe runs.
    """
    from dataclasses import asdict
    from json import dumps

    from rich.console import Console

    from mottle.pipelines.init import draft_recipe, found_table, write_recipe

    screen, errors = Console(), Console(stderr=True)
    place = out or Path(f"{path.resolve().stem}.toml")
    with _exits(errors):
        if place.exists() and not force:
            raise ValueError(f"{place} is there already; --force writes over it.")
        with _bars(errors) as move:
            found = draft_recipe(path, out=place, progress=partial(move, "looking"))
        wrong = [*found.doubts, *write_recipe(place, found.text, force=force)]
    seen = found.survey
    if as_json:
        click.echo(dumps({**asdict(seen), "recipe": str(place), "doubts": wrong}, default=str))
        sys.exit(3 if wrong else 0)
    screen.print(found_table(seen))
    click.echo(f"recordings   {seen.n_recordings}")
    for name, counts in (("classes", seen.target), ("groups", seen.groups)):
        some = ", ".join(f"{label} ({n})" for label, n in list(counts.items())[:12])
        more = f" and {len(counts) - 12} more" if len(counts) > 12 else ""
        measured = "numbers" if name == "classes" and seen.numeric_target else "none found"
        click.echo(f"{name:12} {some + more if counts else measured}")
    for name, reason in list(seen.unreadable.items())[:10]:
        click.echo(f"unreadable   {name}: {reason}")
    for note in seen.notes:
        click.echo(f"note         {note}")
    for doubt in wrong:
        click.echo(f"to settle    {doubt}")
    click.echo(f"recipe       {place}" + ("" if wrong else f"; now: mottle run {place}"))
    sys.exit(3 if wrong else 0)


@main.group(invoke_without_command=True)
@click.pass_context
def recipes(ctx: click.Context) -> None:
    """List the recipes that ship with mottle; show one, check a file, explain the keys."""
    from mottle.pipelines.recipe import read_recipe, shipped

    if ctx.invoked_subcommand is None:
        for name in shipped():
            click.echo(f"{name:16} {read_recipe(name)[0].title}")


@recipes.command("show")
@click.argument("name")
def show_recipe(name: str) -> None:
    """Print the recipe NAME, a shipped one or a file."""
    from mottle.pipelines.recipe import read_recipe

    click.echo(_or_exit(lambda one: read_recipe(one)[1], name), nl=False)


@recipes.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def check_recipes(files: tuple[str, ...]) -> None:
    """Say all that is wrong with recipes, without loading a recording.

    Exits with 1 where something is.
    """
    from mottle.pipelines.reference import mistakes_of

    wrong = [f"{file}: {line}" for file in files for line in mistakes_of(file)]
    click.echo("\n".join(wrong) if wrong else f"{', '.join(files)}: no mistake found")
    sys.exit(1 if wrong else 0)


@recipes.command("keys")
@click.option("--schema", is_flag=True, help="Print the JSON schema, for editors.")
def explain_keys(schema: bool) -> None:
    """Print every key of a recipe with type, default and meaning."""
    from json import dumps

    from mottle.pipelines.reference import json_schema, key_lines

    click.echo(dumps(json_schema(), indent=1) if schema else "\n".join(key_lines()))


@main.group()
def datasets() -> None:
    """Show the data sets that mottle knows."""


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@datasets.command("list")
@AS_JSON
def list_datasets(as_json: bool) -> None:
    """List the data sets: senses, number of recordings, licence, where they are."""
    from json import dumps

    from rich.console import Console
    from rich.table import Table

    from mottle.datasets import catalogue

    rows = catalogue()
    if as_json:
        click.echo(dumps(rows.reset_index().to_dict("records")))
        return
    table = Table("name", "senses", "recordings", "licence", "where")
    for name, row in rows.iterrows():
        table.add_row(str(name), row.senses, str(row.n_recordings), row.licence, row["where"])
    Console().print(table)


@datasets.command("info")
@click.argument("name")
@AS_JSON
def info_dataset(name: str, as_json: bool) -> None:
    """Print what is known of the data set NAME, and where it lies or comes from."""
    from json import dumps

    from mottle.datasets import data_home
    from mottle.datasets.registry import entry
    from mottle.datasets.tonic import describe_tonic, is_tonic

    if is_tonic(name):
        facts = _or_exit(describe_tonic, name)
        lines = (f"{key:12} {value}" for key, value in facts.items())
        click.echo(dumps(facts) if as_json else "\n".join(lines))
        return
    known = _or_exit(entry, name)
    doc = (known.load.__doc__ or "").split("\n\n")[0].strip()
    facts = {
        "name": name, "about": doc, "senses": ", ".join(known.senses),
        "recordings": known.n_recordings, "licence": known.licence, "citation": known.citation,
        "split": known.split, "where": known.where, "loader": known.import_path,
        "data folder": str(data_home()),
        "files": [f"{remote.url} ({remote.hash or 'no hash published'})" for remote in known.files],
    }  # fmt: skip
    if as_json:
        click.echo(dumps(facts))
        return
    for key, value in facts.items():
        click.echo(f"{key:12} {value if key != 'files' else ''}".rstrip())
    for line in facts["files"]:
        click.echo(f"  {line}")


@datasets.command("fetch")
@click.argument("name")
def fetch_dataset(name: str) -> None:
    """Download the data set NAME into the data folder, if it is not there."""
    from rich.console import Console

    from mottle.datasets import fetch

    stopped = "stopped; the same command goes on where the download broke off"
    with _exits(Console(stderr=True), stopped):
        paths = fetch(name, load=False)
    click.echo("\n".join(map(str, paths)) or f"{name} is here; there is nothing to fetch")


@main.command()
@click.argument("sources", nargs=-1, metavar="[NAME|RECIPE|PATH...]")
@click.option("--out", type=FOLDER, required=True, help="Store to write, such as digits.zarr.")
@click.option("--encode", type=FOLDER, help="TOML file; without it streams are stored as they are.")
@click.option(
    "--on-bad", type=click.Choice(["raise", "skip"]), default="raise", show_default=True,
    help="Stop at a recording that cannot be used, or leave it out and exit with 3.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1), help="Take the first recordings only.")
@click.option(
    "--kind", type=click.Choice(["events", "samples"]),
    help="What the files hold; without it what they show, or what the encoder takes.",
)  # fmt: skip
@click.option(
    "--time-unit", type=click.Choice(["s", "ms", "us", "ns", "min", "h", "d"]),
    help="Unit of the times in files; without it what they state, else as the documentation says.",
)  # fmt: skip
@click.option(
    "--include", multiple=True, metavar="PATTERN",
    help="Of files in folders only these, such as '*.aedat4'; may be repeated.",
)  # fmt: skip
@click.option(
    "--exclude", multiple=True, metavar="PATTERN",
    help="None of these files in folders, such as 'old/*'; may be repeated.",
)  # fmt: skip
@click.option(
    "--jobs", type=click.IntRange(0), default=1, show_default=True,
    help="Processes; 0 is one a core.",
)  # fmt: skip
@click.option("--dask", metavar="ADDRESS", help="Work on a dask cluster, such as tcp://host:8786.")
@click.option("--dry-run", is_flag=True, help="Try ten recordings; print shape, size and time.")
@AS_JSON
def prepare(
    sources: tuple[str, ...], out: Path, encode: Path | None, on_bad: str, limit: int | None,
    kind: str | None, time_unit: str | None, include: tuple[str, ...], exclude: tuple[str, ...],
    jobs: int, dask: str | None, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Turn recordings into one store, OUT: a data set by NAME, files, or those of a RECIPE.

    Without any, those that [data] of --encode names. Of a RECIPE only [data] is taken, and the
    recordings are stored whole: run cuts windows.

    tonic:NAME is a data set of tonic, such as tonic:NMNIST (pip install mottle[tonic]).

    A run that was stopped, even by kill -9, goes on where it was when it is started again; the
    store appears under its name when it is whole. Recordings that did not change are not done
    again. OUT.skipped.csv gives the reason for each recording that was skipped.
    """
    from json import dumps

    from rich.console import Console

    from mottle.datasets import plan
    from mottle.datasets import prepare as run_prepare
    from mottle.datasets.stores.preparation import check_place
    from mottle.pipelines.prepare import find_recordings, read_config, workers

    errors = Console(stderr=True)
    with _exits(errors, "stopped; the same command goes on where this one was"):
        config = read_config(encode)
        listing = find_recordings(sources, config, time_unit, include, exclude, kind)
        if listing.left_out:
            some = ", ".join(listing.left_out[:5])
            errors.print(f"left out: {len(listing.left_out)} files of the folders: {_plain(some)}")
        listing = listing.first(limit) if limit else listing
        check_place(listing, out)
        options: dict = {
            "encoders": config.make_encoders(), "fit_on": config.fit.on,
            "fit_limit": config.fit.limit, "on_bad": on_bad, "dtype": config.store.dtype,
        }  # fmt: skip
        if dry_run:
            planned = plan(listing, **options)
            click.echo(
                dumps(planned._asdict()) if as_json else
                f"{planned.n_recordings} recordings\n"
                + "".join(f"{sense}: {text}\n" for sense, text in planned.senses.items())
                + f"about {planned.n_bytes / 1e6:.3g} MB before compression, "
                f"{planned.seconds:.3g} s"
            )  # fmt: skip
            return
        work, close = workers(jobs, dask)
        try:
            with _bars(errors) as move:
                done = run_prepare(
                    listing, out, block=config.store.block, run=work, progress=move, **options
                )
        finally:
            close()
    _print_prepared(out, done, listing.target is not None, as_json)
    sys.exit(3 if done.skipped else 0)


@contextmanager
def _exits(errors: Any, stopped: str = "stopped") -> Iterator[None]:
    """Exit with 1 and a message where something is wrong, with 130 on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        errors.print(stopped)
        sys.exit(130)
    except (ValueError, TypeError, OSError, RuntimeError, ImportError, MemoryError) as error:
        errors.print(f"[bold red]error:[/] {_plain(as_typed(str(error)))}", soft_wrap=True)
        sys.exit(1)


def as_typed(message: str) -> str:
    """Return a message in the words of the command line; parts of paths and names are left.

    Examples
    --------
    >>> as_typed("/data/fit_on/a.npy: 0 bytes; skip bad ones with on_bad='skip'")
    '/data/fit_on/a.npy: 0 bytes; skip bad ones with --on-bad skip'
    >>> as_typed("time_unit= names it: time_unit='ms'")
    '--time-unit names it: --time-unit ms'
    """
    for in_python, typed in TYPED.items():
        message = re.sub(rf"(?<![\w/\\.-]){re.escape(in_python)}(?![\w/\\-])", typed, message)
    for name in ("kind", "time_unit"):  # options of readers that are typed
        option = f"--{name.replace('_', '-')}"
        message = re.sub(rf"(?<![\w/\\.-]){name}='(\w+)'", rf"{option} \1", message)
        message = re.sub(rf"(?<![\w/\\.-]){name}=", option, message)
    of_files = r"[data] options = {names = \1}"
    return re.sub(r"(?<![\w/\\.-])names=(\[[^\]]*\])", of_files, message)


@contextmanager
def _bars(console: Any) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each piece of work; yield a function (what, done, of) that moves it."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )  # fmt: skip
    bars, tasks = Progress(*columns, console=console), dict[str, Any]()

    def move(what: str, done: int, of: int) -> None:
        bars.start()  # not before: an error that comes first stands in a line of its own
        if what not in tasks:
            tasks[what] = bars.add_task(what, total=of)
        bars.update(tasks[what], completed=done, total=of)

    try:
        yield move
    except BaseException:
        if not any(task.completed for task in bars.tasks):
            bars.live.transient = True  # nothing was done: the error alone remains
        raise
    finally:
        if bars.live.transient:
            bars.live.stop()
        elif tasks:
            bars.stop()


def _print_prepared(out: Path, done: Any, labelled: bool, as_json: bool) -> None:
    """Print what was done and stored; write beside the store why recordings were skipped."""
    from json import dumps

    report = out.with_name(f"{out.name}.skipped.csv")
    if done.skipped:
        import pandas as pd

        from mottle.disk import write_whole

        cells = {_cell(name): _cell(reason) for name, reason in done.skipped.items()}
        text = pd.Series(cells, name="reason").rename_axis("recording").to_csv()
        write_whole(report, lambda file: file.write(text.encode()))
    else:
        report.unlink(missing_ok=True)
    if as_json:
        click.echo(dumps({**done._asdict(), "path": str(done.path)}))
    else:
        click.echo(
            f"{out}: {done.n_recordings} recordings, {done.n_encoded} of them done now, "
            f"{len(done.skipped)} skipped, {done.seconds:.1f} s"
        )
        for sense, kind in done.senses.items():
            click.echo(f"{sense}: {kind}")
        if not labelled:
            click.echo("no labels: [data] pattern takes them from the names of the files")
        for reason, count in done.repairs.items():
            click.echo(f"repaired: {reason}: {count}")
        if done.skipped:
            click.echo(f"skipped: see {report}")


def _cell(text: str) -> str:
    """Return text for a csv file, with a ' in front where a spreadsheet would compute it."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@main.group()
def store() -> None:
    """Inspect and verify a store of `mottle prepare`."""


@store.command("info")
@click.argument("path", type=FOLDER, metavar="STORE")
@AS_JSON
def info_store(path: Path, as_json: bool) -> None:
    """Print what STORE holds."""
    from json import dumps

    from mottle.datasets import store_info

    found = _or_exit(store_info, path)
    if as_json:
        click.echo(dumps(found))
        return
    click.echo(f"{path}: {found['recordings']} recordings, {found['bytes'] / 1e6:.3g} MB on disk")
    for label in ("classes", "groups"):
        click.echo(f"{label:12} {found[label] or 'none given'}")
    for name, sense in found["senses"].items():
        span = f"{sense['shortest']} to {sense['longest']}"
        columns = ", ".join(f"{key} {text}" for key, text in sense["columns"].items())
        click.echo(f"{name:12} {sense['kind']}, {span} rows, {columns}, {sense['absent']} absent")
    for sense, part in found["recipe"]["encoders"].items():
        given = ", ".join(f"{key}={value}" for key, value in part["parameters"].items())
        click.echo(f"{'encoder':12} {sense}: {part['kind']}({given})")
    click.echo(f"{'skipped':12} {len(found['skipped'])}")
    click.echo(f"{'content':12} {found['content_hash']}")


@store.command("verify")
@click.argument("path", type=FOLDER, metavar="STORE")
@AS_JSON
def verify_store(path: Path, as_json: bool) -> None:
    """Check every byte of STORE, of `prepare` or of states, against the hashes written with it."""
    from json import dumps

    from mottle.datasets.stores.prepared import verify_store as verify

    wrong = _or_exit(verify, path)
    if as_json:
        click.echo(dumps({"path": str(path), "wrong": wrong}))
    else:
        click.echo("\n".join(wrong) if wrong else f"{path}: every byte is as it was written")
    sys.exit(1 if wrong else 0)


@main.group()
def devices() -> None:
    """Show the simulated devices."""


@devices.command("list")
def list_devices() -> None:
    """List the devices: kind, time scale, what is provisional, source."""
    from rich.console import Console
    from rich.table import Table

    from mottle.reservoir import devices as known

    table = Table("name", "kind", "time scale", "provisional", "source")
    for name, row in known.list().iterrows():
        table.add_row(
            str(name), row.kind, f"{row.time_scale:.2g} s", row.provisional or "-", row.source
        )
    Console().print(table)


@devices.command()
@click.argument("name")
@click.option("--plot", type=FOLDER, help="Draw the device into this file, such as FILE.png.")
def show(name: str, plot: Path | None) -> None:
    """Print the constants of the device NAME, or of a file of `mottle devices fit`, in SI units."""
    from mottle.reservoir import devices as known
    from mottle.reservoir.catalogue import kind_of

    try:
        preset = known.get(name)
        for field, value in preset._asdict().items():
            click.echo(f"{field:14} {value}")
        kind, scale = kind_of(preset), getattr(preset, "time_scale", math.nan)
        click.echo(f"{'kind':14} {kind}\n{'time_scale':14} {scale:.3g} s")
        if plot is not None:
            known.draw(name).savefig(plot, dpi=120)
            click.echo(f"figure: {plot}")
    except (ValueError, OSError, MemoryError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


@devices.command("fit")
@click.argument("data", type=FOLDER)
@click.option("--family", required=True,
              help="wox, tiox, ag, oscillator, vo2, pulsed, a preset of one, or auto.")  # fmt: skip
@click.option("--out", type=FOLDER, required=True, help="File to write, such as NAME.toml.")
@click.option("--measured", multiple=True,
              help="Quantity to fit, where the table holds several; may be repeated.")  # fmt: skip
@click.option("--fixed", multiple=True, metavar="NAME=VALUE",
              help="A constant that is known, in SI units; may be repeated.")  # fmt: skip
@click.option("--noise", type=click.Choice(["trace", "reading"]), default="trace",
              show_default=True,
              help="Noise of a sample: as of its whole trace, or in proportion to it.")  # fmt: skip
@click.option("--protocol", default="", help="What was measured, in words, for the file.")
@click.option("--plot", type=FOLDER, help="Draw data, model and residuals, such as FILE.png.")
@AS_JSON
def fit_device(
    data: Path, family: str, out: Path, measured: tuple[str, ...], fixed: tuple[str, ...],
    noise: str, protocol: str, plot: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Fit the constants of a device to the measurements in DATA, a CSV or Parquet table.

    Columns: t (s), v (V), and i (A), g (S) or v_out (V); other units in brackets, such as "i (mA)";
    optional columns device, trace and cycle. Constants that the data do not determine are named.
    """
    from json import dumps
    from warnings import catch_warnings, simplefilter

    from rich.console import Console

    from mottle.reservoir import devices as known

    with _exits(Console(stderr=True)):
        values = {}
        for text in fixed:
            name, _, value = text.partition("=")
            try:
                values[name.strip()] = float(value)
            except ValueError:
                raise ValueError(f"--fixed {text!r}: expected NAME=VALUE, a number.") from None
        if out.suffix != ".toml":
            raise ValueError(f"--out '{out}' must end in .toml.")
        with catch_warnings():
            simplefilter("ignore", UserWarning)  # problems are printed with the summary
            found = known.fit(
                family, data, measured=measured or None, fixed=values, noise=noise,
                protocol=protocol,
            )  # fmt: skip
        found.save(out)
        if plot is not None:
            found.plot().savefig(plot, dpi=120)
    if as_json:
        click.echo(dumps(found.settings() | {"path": str(out)}))
        return
    if found.comparison is not None:
        click.echo(found.comparison.to_string(float_format=lambda one: f"{one:.3g}"))
    click.echo(f"{found.summary()}\nwritten: {out}")
    if plot is not None:
        click.echo(f"figure: {plot}")


@main.command("warm")
@click.argument("names", nargs=-1)
def compile_kernels(names: tuple[str, ...]) -> None:
    """Compile the kernels of reservoirs, all or those NAMES, so that first calls need not.

    They are kept where NUMBA_CACHE_DIR says, else beside the installed package, else in the user's
    cache, and compiled anew after an update of mottle.
    """
    from mottle.pipelines.warm import warm

    try:
        for name, seconds in warm(names):
            click.echo(f"{name:16} {seconds:5.1f} s")
    except ValueError as error:
        raise click.UsageError(str(error)) from None


@main.group()
def notebooks() -> None:
    """List the notebooks that come with mottle, and copy them to work on."""


@notebooks.command("list")
def list_them() -> None:
    """List the notebooks: name and title."""
    from mottle.pipelines.notebooks import list_notebooks

    for name, title in list_notebooks().items():
        click.echo(f"{name:22} {title}")


@notebooks.command()
@click.argument("folder", type=FOLDER)
@click.argument("names", nargs=-1)
@click.option("--text", "as_text", is_flag=True, help="Markdown text instead of .ipynb files.")
def copy(folder: Path, names: tuple[str, ...], as_text: bool) -> None:
    """Copy notebooks, all or those NAMES, into FOLDER, which Jupyter then opens.

    Files that are there already are left as they are.
    """
    from mottle.pipelines.notebooks import copy_notebooks

    written = _or_exit(lambda path: copy_notebooks(path, names, as_text=as_text), folder)
    click.echo(f"{len(written)} notebooks in {folder}. Open them: jupyter lab {folder}")


def _or_exit(work: Callable[[Any], Any], path: Any) -> Any:
    """Return what a call returns; print what is wrong and exit with 1 where it raises."""
    try:
        return work(path)
    except (ValueError, OSError, ImportError, MemoryError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _run(
    configs: list[str], out: Path, states: Path | None, as_json: bool, save: Path | None = None,
    row: str = "",
) -> None:  # fmt: skip
    """Run recipes with a progress bar on standard error; print and write what came out."""
    from json import dumps
    from shutil import rmtree

    from rich.console import Console

    from mottle.datasets.disk import only_writer
    from mottle.pipelines.engine.final import check_row, fit_row
    from mottle.pipelines.engine.recordings import check_data
    from mottle.pipelines.engine.run import run_recipe
    from mottle.pipelines.output import check_states_places, write_all, write_scores, write_states
    from mottle.pipelines.recipe import read_recipe
    from mottle.pipelines.saved.model import save_model

    screen, errors = Console(), Console(stderr=True)
    results = {}
    stopped = "stopped; the same command goes on with the folds and seeds that are done"
    with _exits(errors, stopped), ExitStack() as locks:
        recipes = {Path(config).stem: (config, *read_recipe(config)) for config in configs}
        _check_folder("--out", out)
        for name, (_, recipe, _) in recipes.items():
            check_data(recipe)
            if states is not None:
                _check_folder("--states", states)
                check_states_places(states / name, recipe)
            if save is not None:
                _check_model(save)
                check_row(recipe, row)
        parts = {name: out / f".{name}.parts" for name in recipes}
        if not out.exists():
            locks.callback(_drop_empty, out)
        for folder in parts.values():
            locks.enter_context(only_writer(folder))
        with _bars(errors) as move:
            for name, (config, recipe, _) in recipes.items():
                move(recipe.title, 0, 1)
                results[name] = run_recipe(
                    config, progress=partial(move, recipe.title), parts=parts[name]
                )
            report = write_all(out, results)
            if states is not None:
                for k, (name, (_, recipe, text)) in enumerate(recipes.items()):
                    write_states(states / name, recipe, text)
                    move("states", k + 1, len(recipes))
            if save is not None:
                for name, (_, recipe, _) in recipes.items():
                    move("model", 0, 1)
                    model, table, about = fit_row(recipe, results[name], row)
                    save.parent.mkdir(parents=True, exist_ok=True)
                    save_model(model, save, table, about=about)
                    move("model", 1, 1)
        for folder in parts.values():
            rmtree(folder, ignore_errors=True)
    for name, result in results.items():
        if as_json:
            click.echo(dumps(write_scores(out, name, result)))
        else:
            _show_result(screen, result)
    errors.print(f"report: {report.resolve().as_uri()}", soft_wrap=True)
    if states is not None:
        errors.print(f"states: {states}", soft_wrap=True)
    if save is not None:
        chosen = f"{about['reservoir']}/{about['inputs']}"
        errors.print(f"model: {save}, {chosen}, seed {about['seed']}", soft_wrap=True)


def _show_result(screen: Any, result: Any) -> None:
    """Print the scores of a recipe and what is to be known of them."""
    from mottle.pipelines.scores import scores_table

    for metric in result.metrics:
        screen.print(scores_table(result, metric))
    screen.print(result.description, style="dim")
    for note in result.notes:
        screen.print(f"- {note}")
    screen.print(f"[dim]{result.seconds:.0f} s[/]\n")


def _check_model(path: Path) -> None:
    """Refuse a place where no model can be written."""
    _check_folder("--save", path.parent)
    if path.is_dir():
        raise ValueError(f"--save '{path}' is a folder; name a file in it.")


def _check_folder(option: str, path: Path) -> None:
    """Refuse a folder to write into that is a file, or lies below one."""
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            below = "" if place == path else f" lies below '{place}', which"
            raise ValueError(f"{option} '{path}'{below} is a file; name a folder.")


def _drop_empty(folder: Path) -> None:
    """Remove a folder that was made for a lock and into which nothing was written."""
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _differences_table(found: Any, most: int = 20) -> Any:
    """Lay out the first differences of a reproduction."""
    from rich.markup import escape
    from rich.table import Table

    rows = found.differences
    hidden = len(rows) - most
    table = Table(
        title="what differs", caption=f"and {hidden} more; --json lists all" if hidden > 0 else None
    )
    for column in rows.columns:
        table.add_column(str(column), overflow="fold")
    for row in rows.head(most).itertuples(index=False):
        table.add_row(*(escape(str(value)) for value in row))
    return table


def _plain(error: Exception | str) -> str:
    """Return the text of an error with rich's markup escaped."""
    from rich.markup import escape

    return escape(str(error))
