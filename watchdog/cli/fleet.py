"""The pause of the whole fleet, written into Redis and taken out again; every agent follows it by itself."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchdog.cli.exits import Exit, NothingToShowError, UnfinishedError
from watchdog.cli.output import output, say_json

if TYPE_CHECKING:
    from watchdog.sidekiq.edit.edits import Edits


async def pause_fleet(config: Path, *, by: str, reason: str, until: int, as_json: bool) -> Exit:
    """Write it, in place of the one that may be there. Raises `UnfinishedError` or `NothingToShowError`."""
    from watchdog.engine.switches import moment
    from watchdog.sidekiq.fleet_pause import FleetPause, to_pause

    async with _redis(config) as edits:
        lasts = max(1, until - time.time_ns() // 1_000_000)
        await _ask(edits, to_pause(edits.keys.pause, FleetPause(by, reason), lasts=lasts))
        where = edits.where
    return _say("paused", f"all agents of Redis at {where}, within seconds, until {moment(until)}: {reason}", as_json=as_json, until=until)


async def resume_fleet(config: Path, *, as_json: bool) -> Exit:
    """Take it out. Raises `UnfinishedError` where there was none."""
    from watchdog.sidekiq.fleet_pause import to_resume

    async with _redis(config) as edits:
        removed = await _ask(edits, to_resume(edits.keys.pause))
        where = edits.where
    if not removed:
        raise UnfinishedError(f"the fleet of Redis at {where} is not paused")
    return _say("resumed", f"all agents of Redis at {where}, but for pauses of their own", as_json=as_json)


@asynccontextmanager
async def _redis(config: Path) -> "AsyncIterator[Edits]":
    from watchdog.cli.sources import sources_of
    from watchdog.sidekiq.edit.edits import Edits
    from watchdog.sidekiq.keys import Keys
    from watchdog.sidekiq.place import place_of

    redis = sources_of(config).redis
    edits = Edits(url=place_of(redis), keys=Keys(namespace=redis.namespace))
    try:
        yield edits
    finally:
        edits.close()


async def _ask(edits: "Edits", command: Any) -> Any:
    from watchdog.sidekiq.edit.failures import EditError, refused
    from watchdog.sidekiq.failures import ServerError

    try:
        (reply,) = await edits.ask([command])
    except EditError as error:
        raise NothingToShowError(str(error)) from error
    if isinstance(reply, ServerError):
        raise UnfinishedError(str(refused(reply, edits.where)))
    return reply


def _say(outcome: str, text: str, *, as_json: bool, **more: int) -> Exit:
    if as_json:
        say_json({"outcome": outcome, "reason": text, **more})
    else:
        output().line((outcome, "good"), f": {text}")
    return Exit.FINE
