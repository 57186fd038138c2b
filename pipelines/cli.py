"""The `mottle` command; what it needs is imported when a subcommand runs."""

import sys
from pathlib import Path

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mottle")
def main() -> None:
    """Reservoir computing and sensor fusion on simulated VO2 oscillators and memristors.

    Exit codes: 0 done, 1 the input or the recipe is at fault, 2 the command line is.
    """


FOLDER = click.Path(path_type=Path)


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
@click.option("--states", type=FOLDER, help="Write all states here; a killed run resumes.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def run(config: str, out: Path, states: Path | None, as_json: bool) -> None:
    """Run the recipe CONFIG: a TOML file, or the name of a shipped recipe."""
    _run([config], out, states, as_json)


@main.command()
def recipes() -> None:
    """List the recipes that ship with mottle."""
    from mottle.pipelines.recipe import read_recipe, shipped

    for name in shipped():
        click.echo(f"{name:16} {read_recipe(name)[0].title}")


@main.command()
def datasets() -> None:
    """List the data sets that mottle knows."""
    from mottle.datasets import catalogue

    click.echo(catalogue().to_string())


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
    """Print the constants of the device NAME, in SI units."""
    from mottle.reservoir import devices as known

    try:
        preset = known.get(name)
        for field, value in preset._asdict().items():
            click.echo(f"{field:14} {value}")
        kind = str(known.list().loc[name, "kind"])
        click.echo(f"{'kind':14} {kind}\n{'time_scale':14} {preset.time_scale:.3g} s")
        if plot is not None:
            from mottle.pipelines.device_figures import device_figure

            device_figure(name).savefig(plot, dpi=120)
            click.echo(f"figure: {plot}")
    except (ValueError, OSError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def _run(configs: list[str], out: Path, states: Path | None, as_json: bool) -> None:
    """Run recipes with a progress bar on standard error; print, write, and say where."""
    from json import dumps

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from mottle.pipelines.experiment import run_recipe
    from mottle.pipelines.output import write_all, write_scores, write_states
    from mottle.pipelines.recipe import read_recipe
    from mottle.pipelines.report import scores_table

    screen, errors = Console(), Console(stderr=True)
    results = {}
    try:
        read = {Path(config).stem: read_recipe(config) for config in configs}
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=errors) as bars:
            for name, (recipe, text) in read.items():
                bar = bars.add_task(recipe.title, total=None)

                def move(done: int, of: int, bar: TaskID = bar) -> None:
                    bars.update(bar, completed=done, total=of)

                results[name] = run_recipe(recipe, text, move)
            report = write_all(out, results)
            if states is not None:
                bar = bars.add_task("states", total=len(read))
                for name, (recipe, text) in read.items():
                    write_states(states / name, recipe, text)
                    bars.advance(bar)
    except (ValueError, TypeError, OSError, RuntimeError) as error:
        errors.print(f"[bold red]error:[/] {_plain(error)}")
        sys.exit(1)
    for name, result in results.items():
        if as_json:
            click.echo(dumps(write_scores(out, name, result)))
            continue
        screen.print(scores_table(result))
        screen.print(result.description, style="dim")
        for note in result.notes:
            screen.print(f"- {note}")
        screen.print(f"[dim]{result.seconds:.0f} s[/]\n")
    errors.print(f"report: {report.resolve().as_uri()}", soft_wrap=True)
    if states is not None:
        errors.print(f"states: {states}", soft_wrap=True)


def _plain(error: Exception) -> str:
    """Text of an error with rich's markup escaped."""
    from rich.markup import escape

    return escape(str(error))
