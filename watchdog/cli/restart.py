"""`restart`: restarts services of Sidekiq one after the other, without losing a job, each proven to work before the next."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit, UsageError
from watchdog.cli.logs import Level, begin_logging
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.order_options import DryRunOption, ForceOption, ReasonOption, overruled, with_arguments
from watchdog.cli.staying import stay

if TYPE_CHECKING:
    from watchdog.cli.desk import Desk
    from watchdog.cli.order_targets import Meant
    from watchdog.cli.ordering import Wish
    from watchdog.picture.picture import Picture

WITHOUT_SYSTEMD = (
    "nothing here is known to run in a service of systemd ({why}), and nobody would start again what is ended. `recover PROCESS` ends a process without losing "
    "a job, wherever something else starts it again: a container, a supervisor"
)


@with_arguments("restart_unit")
def restart(
    units: Annotated[list[str], typer.Argument(metavar="UNIT…", help="Services, by name or with `*`.", min=1, show_default=False)],
    *,
    reason: ReasonOption = "",
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
    dry_run: DryRunOption = False,
    force: ForceOption = None,
    written: Mapping[str, str],
) -> int:
    """
    Restart services of Sidekiq on this host without losing a job, one after the other: what `restart_unit` does, ordered by hand.

    Each new process must beat and work before the next service has its turn; where one does not, nothing more is restarted. The agent carries it out, whatever its mode; where
    none runs, one is begun for it. All guards are asked; what they say can be overruled by name (`--force`), but never those that keep it from being done blindly, twice or to another process.
    Ctrl-C takes back what can be taken back, and restarts nothing more. Ends with 0 if all are restarted, else with 1 and what is left.
    """
    from watchdog.cli.ordering import wish

    wished = wish("restart_unit", written, reason=reason, overruled=overruled(force), dry_run=dry_run, as_json=as_json)
    import asyncio

    stay()
    begin_logging(Level.WARNING, sys.stderr)
    return asyncio.run(_restart(config, units, wished))


async def _restart(config: Path, units: list[str], wished: "Wish") -> Exit:
    from watchdog.cli.desk import open_desk
    from watchdog.cli.order_targets import of_units

    async with open_desk(config) as desk:
        picture = await desk.picture_with_units()
        _expect_systemd(picture)
        return await _one_after_the_other(desk, of_units(picture, units), wished)


async def _one_after_the_other(desk: "Desk", wanted: "list[Meant]", wished: "Wish") -> Exit:
    from watchdog.cli.exits import UnfinishedError
    from watchdog.cli.order_following import Interrupts
    from watchdog.cli.ordering import carry_out, order_for

    interrupts = Interrupts()
    code = Exit.FINE
    for place, meant in enumerate(wanted):
        order = order_for(wished, meant)
        try:
            fine = await carry_out(desk, order, as_json=wished.as_json, interrupts=interrupts)
        except UnfinishedError as error:
            raise UnfinishedError(f"{error}{_left(wanted[place + 1 :])}") from error
        code = code if fine else Exit.FINDINGS
        # What one of them is told in a dry run keeps nobody from hearing of the others.
        is_last = (not fine and not wished.only_looks) or interrupts.count > 0
        if is_last and (left := _left(wanted[place + 1 :])):
            raise UnfinishedError(f"{meant.called} was {'restarted' if fine else 'not restarted'}{left}")
        if is_last:
            break
    return code


def _left(rest: "list[Meant]") -> str:
    return f"; left as they are: {' '.join(meant.called for meant in rest)}" if rest else ""


def _expect_systemd(picture: "Picture") -> None:
    source = picture.sources.get("systemd")
    if source is not None and source.ok:
        return
    why = picture.units_absent or ("systemd can't be read" if source is None else source.message)
    raise UsageError(WITHOUT_SYSTEMD.format(why=why))
