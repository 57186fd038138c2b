"""Commands of devices and of their kernels: list, show, fit; warm."""

import math
import sys
from pathlib import Path

import click

from mottle.pipelines.cli.shared import AS_JSON, FOLDER, exits, main


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
    optional columns device, trace and cycle. A row whose i, g or v_out is blank drives the device
    and is not compared. Constants that the data do not determine are named.
    """
    from json import dumps
    from warnings import catch_warnings, simplefilter

    from rich.console import Console

    from mottle.reservoir import devices as known

    with exits(Console(stderr=True)):
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
