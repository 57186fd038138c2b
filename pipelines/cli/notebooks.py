"""Commands that list and copy the notebooks."""

from pathlib import Path

import click

from mottle.pipelines.cli.shared import FOLDER, main, or_exit


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

    written = or_exit(lambda path: copy_notebooks(path, names, as_text=as_text), folder)
    click.echo(f"{len(written)} notebooks in {folder}. Open them: jupyter lab {folder}")
