"""The `mottle` command; what it needs is imported when a subcommand runs."""

from mottle.pipelines.cli import devices as devices
from mottle.pipelines.cli import experiments as experiments
from mottle.pipelines.cli import models as models
from mottle.pipelines.cli import notebooks as notebooks
from mottle.pipelines.cli import recordings as recordings
from mottle.pipelines.cli.shared import Stoppable as Stoppable
from mottle.pipelines.cli.shared import main as main
