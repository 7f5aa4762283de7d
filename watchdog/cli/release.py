"""`quarantine release` and `quarantine drop`: jobs go back to where they came from, or are deleted."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchdog.cli.exits import Exit
from watchdog.cli.options import DEFAULT_CONFIG, ConfigOption, JsonOption
from watchdog.cli.orders import ReasonOption, opened, who, words
from watchdog.cli.output import output, say_json

if TYPE_CHECKING:
    from watchdog.recovery.quarantine import Dropped, NotReleased, Quarantine, Released

IdsArgument = Annotated[list[int], typer.Argument(metavar="ID…", help="Numbers of entries, as `list` shows them.", min=1)]


def release_jobs(ids: IdsArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Put jobs back exactly where they came from: they run again."""
    import asyncio

    return asyncio.run(_each(config, ids, as_json, lambda quarantine, id_: quarantine.release(id_, reason=words(reason), by=who())))


def drop_jobs(ids: IdsArgument, reason: ReasonOption, config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> int:
    """Delete jobs for good."""
    import asyncio

    return asyncio.run(_each(config, ids, as_json, lambda quarantine, id_: quarantine.drop(id_, reason=words(reason), by=who())))


async def _each(
    config: Path,
    ids: Sequence[int],
    as_json: bool,
    do: Callable[["Quarantine", int], Awaitable["Released | Dropped | NotReleased"]],
) -> Exit:
    from watchdog.recovery.quarantine import Dropped, NotReleased, Released
    from watchdog.sidekiq.edit.failures import EditError

    code = Exit.FINE
    async with opened(config) as (quarantine, _):
        for id_ in dict.fromkeys(ids):
            try:
                came = await do(quarantine, id_)
            except EditError as error:
                code = Exit.FINDINGS
                _say(id_, "begun", f"{error}; the agent finishes it, or the next such command", as_json=as_json, style="warn")
                continue
            match came:
                case Released():
                    _say(id_, "released", "", as_json=as_json, style="good")
                case Dropped():
                    _say(id_, "dropped", "", as_json=as_json, style="good")
                case NotReleased(why):
                    code = Exit.FINDINGS
                    _say(id_, "left", why, as_json=as_json, style="bad")
    return code


def _say(id_: int, outcome: str, why: str, *, as_json: bool, style: str) -> None:
    if as_json:
        say_json({"id": id_, "outcome": outcome, "why": why})
    else:
        output().line(f"{id_}: ", (outcome, style), f": {why}" if why else "")
