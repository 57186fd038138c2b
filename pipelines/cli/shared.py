"""What commands have in common: the group, options, progress, and how errors end them."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    "method='predict_proba'": "--proba",
}  # fmt: skip
"""Words of messages for those who call functions, and what is typed in their place."""


MODEL = click.argument("model", type=FOLDER)


TRUST = click.option(
    "--trust", multiple=True, metavar="TYPE",
    help="A type of another package that the model may hold; may be repeated.",
)  # fmt: skip


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@contextmanager
def exits(errors: Any, stopped: str = "stopped") -> Iterator[None]:
    """Exit with 1 and a message where something is wrong, with 130 on Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        errors.print(stopped)
        sys.exit(130)
    except (ValueError, TypeError, OSError, RuntimeError, ImportError, MemoryError) as error:
        errors.print(f"[bold red]error:[/] {plain(as_typed(str(error)))}", soft_wrap=True)
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
def bars(console: Any) -> Iterator[Callable[[str, int, int], None]]:
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


def or_exit(work: Callable[[Any], Any], path: Any) -> Any:
    """Return what a call returns; print what is wrong and exit with 1 where it raises."""
    try:
        return work(path)
    except (ValueError, OSError, ImportError, MemoryError) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)


def check_folder(option: str, path: Path) -> None:
    """Refuse a folder to write into that is a file, or lies below one."""
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            below = "" if place == path else f" lies below '{place}', which"
            raise ValueError(f"{option} '{path}'{below} is a file; name a folder.")


def plain(error: Exception | str) -> str:
    """Return the text of an error with rich's markup escaped."""
    from rich.markup import escape

    return escape(str(error))
