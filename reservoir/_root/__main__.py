"""``python -m mottle``: the command line."""

from mottle.pipelines.cli import main

main(prog_name="mottle")
