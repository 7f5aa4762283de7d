"""`recover`: ends one process by hand without losing a job, by the same machine that rules use."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.logs import Level, begin_logging
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.order_options import DryRunOption, ForceOption, ReasonOption, overruled, with_arguments
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.cli.ordering import Wish


@with_arguments("recover_process")
def recover(
    process: Annotated[
        str, typer.Argument(metavar="PROCESS", help="Its identity as `status` shows it, its pid, or its systemd unit.", show_default=False)
    ],
    *,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
    force: ForceOption = None,
    written: Mapping[str, str],
) -> int:
    """
    End a process of this host without losing a job: what `recover_process` does, ordered by hand.

    The agent carries it out, whatever its mode; where none runs, one is begun for it. All guards are asked; what they say can be overruled by name (`--force`), but never those that
    keep it from being done blindly, twice or to another process. Whoever starts the process again is not its business: see `restart`. Ctrl-C takes it back as long as that is possible.
    Ends with 0 once a new process beats in its place, with 1 if it was refused, was not done, or none does.
    """
    from watchdog.cli.ordering import wish

    wished = wish("recover_process", written, reason=reason, overruled=overruled(force), dry_run=dry_run, as_json=as_json)
    import asyncio

    stay()
    begin_logging(Level.WARNING, sys.stderr)
    return asyncio.run(_recover(config, process, wished))


async def _recover(config: Path, process: str, wished: "Wish") -> Exit:
    from watchdog.cli.desk import open_desk
    from watchdog.cli.order_following import Interrupts
    from watchdog.cli.order_targets import one_process
    from watchdog.cli.ordering import carry_out, order_for

    async with open_desk(config) as desk:
        order = order_for(wished, one_process(await desk.picture(), process))
        return Exit.FINE if await carry_out(desk, order, as_json=wished.as_json, interrupts=Interrupts()) else Exit.FINDINGS
