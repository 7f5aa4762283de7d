"""Options that several commands have, written once."""

from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_CONFIG: Final = Path("/etc/sidekiq-watchdog/config.yml")

ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The config file.", show_default=True)]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]
