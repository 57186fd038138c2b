"""Commands of experiments: demo, init, recipes, run, reproduce, energy."""

import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import click

from mottle.pipelines.cli.shared import AS_JSON, FOLDER, bars, check_folder, exits, main, or_exit


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
    with exits(errors):
        before = read_result(result)
        with bars(errors) as move:
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
@AS_JSON
def energy(config: str, limit: int, as_json: bool) -> None:
    """Account for the energy of the recipe CONFIG, part by part, for each of its reservoirs."""
    from json import dumps

    from rich.console import Console

    from mottle.pipelines.account import account_recipe, as_records, energy_tables
    from mottle.pipelines.recipe import read_recipe

    reports = or_exit(lambda name: account_recipe(read_recipe(name)[0], limit), config)
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
    with exits(errors):
        if place.exists() and not force:
            raise ValueError(f"{place} is there already; --force writes over it.")
        with bars(errors) as move:
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

    click.echo(or_exit(lambda one: read_recipe(one)[1], name), nl=False)


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


def _run(
    configs: list[str], out: Path, states: Path | None, as_json: bool, save: Path | None = None,
    row: str = "",
) -> None:  # fmt: skip
    """Run recipes with a progress bar on standard error; print and write what came out."""
    from json import dumps
    from shutil import rmtree

    from rich.console import Console

    from mottle.datasets.disk import only_writer
    from mottle.pipelines.engine.final import check_row
    from mottle.pipelines.engine.recordings import check_data
    from mottle.pipelines.engine.run import run_recipe
    from mottle.pipelines.output import check_states_places, write_all, write_scores, write_states
    from mottle.pipelines.recipe import read_recipe

    screen, errors = Console(), Console(stderr=True)
    results = {}
    stopped = "stopped; the same command goes on with the folds and seeds that are done"
    with exits(errors, stopped), ExitStack() as locks:
        recipes = {Path(config).stem: (config, *read_recipe(config)) for config in configs}
        check_folder("--out", out)
        for name, (_, recipe, _) in recipes.items():
            check_data(recipe)
            if states is not None:
                check_folder("--states", states)
                check_states_places(states / name, recipe)
            if save is not None:
                _check_model(save)
                check_row(recipe, row)
        parts = {name: out / f".{name}.parts" for name in recipes}
        if not out.exists():
            locks.callback(_drop_empty, out)
        for folder in parts.values():
            locks.enter_context(only_writer(folder))
        for name, (config, recipe, _) in recipes.items():
            with bars(errors) as move:
                move(recipe.title, 0, 1)
                results[name] = run_recipe(
                    config, progress=partial(move, recipe.title), parts=parts[name]
                )
            if not as_json:
                _show_result(screen, results[name])
        with bars(errors) as move:
            report = write_all(out, results)
            if save is not None:
                ((name, (_, recipe, _)),) = recipes.items()
                move("model", 0, 1)
                about = _save_row(recipe, results[name], row, save)
                move("model", 1, 1)
            if states is not None:
                for k, (name, (_, recipe, text)) in enumerate(recipes.items()):
                    write_states(states / name, recipe, text)
                    move("states", k + 1, len(recipes))
        for folder in parts.values():
            rmtree(folder, ignore_errors=True)
    if as_json:
        for name, result in results.items():
            click.echo(dumps(write_scores(out, name, result)))
    errors.print(f"report: {report.resolve().as_uri()}", soft_wrap=True)
    if states is not None:
        errors.print(f"states: {states}", soft_wrap=True)
    if save is not None:
        chosen = f"{about['reservoir']}/{about['inputs']}"
        errors.print(f"model: {save}, {chosen}, seed {about['seed']}", soft_wrap=True)


def _save_row(recipe: Any, result: Any, row: str, path: Path) -> Any:
    """Fit a row of the scores to all recordings, save the model, and return what it is."""
    from mottle.pipelines.engine.final import fit_row
    from mottle.pipelines.saved.model import save_model

    model, table, about = fit_row(recipe, result, row)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_model(model, path, table, about=about)
    return about


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
    check_folder("--save", path.parent)
    if path.is_dir():
        raise ValueError(f"--save '{path}' is a folder; name a file in it.")


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
