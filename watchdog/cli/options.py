"""Options that several commands have, written once."""

from pathlib import Path
from typing import Annotated, Final

import typer

DEFAULT_CONFIG: Final = Path("/etc/sidekiq-watchdog/config.yml")
MOST: Final = 1_000_000
"""So many lines can be asked for."""

ConfigOption = Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The config file.", show_default=True)]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="WHEN", help="Only from then on: how long ago (2h), or a time (2026-03-01T02:00:00Z).")
]
BeforeOption = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="Only from before then, said in the same way.")]
RuleOption = Annotated[str | None, typer.Option("--rule", metavar="RULE", help="Only of this rule.")]
TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="TARGET", help="Only of this target: a unit, or a name of a process that outlasts it.")
]
EntityOption = Annotated[str | None, typer.Option("--entity", metavar="ENTITY", help="Only of this entity: a queue, a process, a job.")]
LimitOption = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, max=MOST, help="Only so many: the newest, or those after --after.")
]
