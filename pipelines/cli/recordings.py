"""Commands of recordings and stores: datasets, prepare, store."""

import sys
from pathlib import Path
from typing import Any

import click

from mottle.pipelines.cli.shared import AS_JSON, FOLDER, bars, exits, main, or_exit, plain


@main.group()
def datasets() -> None:
    """Show the data sets that mottle knows."""


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
        facts = or_exit(describe_tonic, name)
        lines = (f"{key:12} {value}" for key, value in facts.items())
        click.echo(dumps(facts) if as_json else "\n".join(lines))
        return
    known = or_exit(entry, name)
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
    with exits(Console(stderr=True), stopped):
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
    with exits(errors, "stopped; the same command goes on where this one was"):
        config = read_config(encode)
        listing = find_recordings(sources, config, time_unit, include, exclude, kind)
        if listing.left_out:
            some = ", ".join(listing.left_out[:5])
            errors.print(f"left out: {len(listing.left_out)} files of the folders: {plain(some)}")
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
            with bars(errors) as move:
                done = run_prepare(
                    listing, out, block=config.store.block, run=work, progress=move, **options
                )
        finally:
            close()
    _print_prepared(out, done, listing.target is not None, as_json)
    sys.exit(3 if done.skipped else 0)


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

    found = or_exit(store_info, path)
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

    wrong = or_exit(verify, path)
    if as_json:
        click.echo(dumps({"path": str(path), "wrong": wrong}))
    else:
        click.echo("\n".join(wrong) if wrong else f"{path}: every byte is as it was written")
    sys.exit(1 if wrong else 0)
